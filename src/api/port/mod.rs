//! Drop-in ports: the requests of other services, translated into what `/v1` does, and its answers into theirs.
//!
//! ```text
//!   request of their SDK ──► Basic becomes Bearer ──► their words ──► the cores of /v1/verifications
//!   their answer         ◄── their words, or their document of an error ◄──────────┘
//! ```
//!
//! A port decides nothing: what it cannot say it refuses.

pub mod kind;
pub(super) mod around;
mod name;
pub(super) mod twilio;
pub(super) mod vonage;
