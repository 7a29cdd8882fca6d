//! (to come)

pub mod notify;
