//! Where records live: SQLite for the gateway, a simulated disk for the tests.
//!
//! Both keep the contract of [`crate::record::contract`], and one suite proves it of both.
//! No other module knows an engine.

pub mod sqlite;
pub mod memory;
pub mod event_bell;
#[cfg(test)]
mod tests;
