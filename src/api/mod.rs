//! The HTTP side: applications submit and read on one listener, operators look on another.
//!
//! A request is parsed, checked, routed, cut and priced here, against the immutable plan; only
//! then it is handed to the loop, which makes it durable. Reads never pass the loop: they have
//! connections of their own to the store.
//!
//! ```text
//! socket ─► server ─► router ─► submit · operate ─► handler::ask ─► Call ─► loop
//!                        │                                                  │
//!                        └─► read ─► handler::reads ─► store      202 ◄── Reply
//! ```
//!
//! Nothing is stored for a request that is refused, and a 202 is written only after the loop
//! has said that the order is durable.

pub mod server;
pub mod router;
pub mod handler;
pub mod lookup;
mod reference;
mod submit;
pub mod verify;
mod read;
mod operate;
pub mod port;
mod hook;
