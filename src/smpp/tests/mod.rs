//! Tests of the codec as a whole: exact octets, every operation there and back, the tables of the
//! specification.

mod explain;
mod fixtures;
mod operations;
pub(super) mod strategies;
mod tables;
