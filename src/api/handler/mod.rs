//! What every request needs, whatever it asks for: who calls, its body, the store, the loop, how an answer or a refusal is written.
//!
//! Nothing here knows a single endpoint.

pub mod context;
pub mod health;
pub mod key;
pub mod auth;
pub(super) mod admitted;
pub(super) mod head;
pub(super) mod body;
pub(super) mod reads;
pub(super) mod ask;
pub(super) mod memory;
pub(super) mod json;
pub(super) mod idempotency;
pub(super) mod time;
pub(super) mod rate_limit;
pub mod problem;
pub(super) mod problems;
