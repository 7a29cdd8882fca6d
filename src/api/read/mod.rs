//! What applications look at: their messages, orders, events, routes and money.
//!
//! Nothing here passes the loop. How a message is shown is told here for operators too.

pub(super) mod message;
pub(super) mod order;
pub(super) mod list;
pub(super) mod order_messages;
pub(super) mod message_view;
pub(super) mod attempt_view;
mod csv;
pub(super) mod events;
pub(super) mod routes;
pub(super) mod webhooks;
pub(super) mod balance;
