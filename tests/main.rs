//! Everything that is tested from outside, as one binary: it links once.

mod rust;
mod service;
mod tidy;
