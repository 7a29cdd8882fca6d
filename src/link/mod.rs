//! The supervised life of a bind.

pub mod options;
