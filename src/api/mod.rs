//! The HTTP listeners.

pub mod options;
