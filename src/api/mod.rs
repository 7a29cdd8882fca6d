//! The HTTP side: applications submit and read on one listener, operators look on another.
//!
//! A request is parsed, checked, routed, cut and priced here, against the immutable plan; only
//! then it is handed to the loop, which makes it durable. Reads never pass the loop: they have
//! connections of their own to the store.
//!
//! ```text
//! socket ─► server ─► router ─► auth ─► request ─► quote ─► Call ─► loop
//!                        │                                          │
//!                        └─► read ─► store's readers      202 ◄── Reply
//! ```
//!
//! Nothing is stored for a request that is refused, and a 202 is written only after the loop
//! has said that the order is durable.

pub mod options;
pub mod context;
pub mod health;
pub mod server;
mod door;
pub mod places;
mod proxy;
mod caller;
mod forwarded;
mod limits;
pub mod listener;
mod connection;
mod garbled;
mod head;
pub mod router;
pub mod auth;
pub mod key;
pub mod problem;
mod problems;
mod memory;
mod body;
mod json;
mod request;
mod form;
mod registration;
mod diagnose;
mod quote;
mod recipients;
mod carriers;
pub mod lookup;
mod idempotency;
mod fingerprint;
mod submit;
mod answer;
mod read;
mod message;
mod line_ends;
mod list;
mod find;
mod story;
mod outcome;
mod events;
mod hook;
mod routes;
mod money;
mod admin;
mod suppressions;
mod operate;
mod inspect;
mod standing;
mod link;
mod dry_run;
mod moment;
