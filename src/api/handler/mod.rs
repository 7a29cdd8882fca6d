//! What requests need, whatever they ask for: who calls, the body, the query string, pages, the store, the loop, and
//! how answers and refusals are written.
//!
//! What one room alone needs stands there and not here.

pub mod context;
pub mod health;
pub mod made_endpoints;
pub mod shown;
pub mod key;
pub mod auth;
pub(super) mod admitted;
pub(super) mod head;
pub(super) mod panics;
pub(super) mod accept;
pub(super) mod body;
pub(super) mod query;
pub(super) mod page;
pub(super) mod reads;
pub(super) mod ask;
pub(super) mod memory;
pub mod people;
pub(super) mod json;
pub(super) mod idempotency;
pub(super) mod time;
pub(super) mod rate_limit;
pub(super) mod kinds;
pub mod problem;
mod schema_form;
pub(super) mod endpoint;
pub(super) mod filters;
