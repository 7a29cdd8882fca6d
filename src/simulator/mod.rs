//! A simulated carrier: an SMSC made of the same session as the gateway's links.
//!
//! ```text
//!  options ─► behaviour ─┐
//!                        ▼
//!  server: sockets ─► carrier: a lock, a timekeeper
//!                        │
//!                      smsc: every line, every account, every receipt
//!                        │
//!                        ├─► ledger: what was submitted and decided · stats: how often
//!                        └─► register: what may be asked, cancelled and replaced
//! ```
//!
//! [`smsc::Smsc`] does no input or output, reads no clock and takes its dice from a seed, so
//! that a simulation in virtual time and a server on a socket run the same carrier.

pub mod dice;
pub mod outcome;
pub mod behaviour;
pub mod identity;
pub mod receipt;
pub mod ledger;
pub mod stats;
mod account;
mod agenda;
mod line;
mod admission;
mod intake;
mod many;
mod inquiry;
mod register;
mod outbox;
pub mod smsc;
pub mod options;
pub mod carrier;
pub mod command;
pub mod server;

#[cfg(test)]
mod tests;
