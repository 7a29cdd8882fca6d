//! What applications look at: their messages, orders, events, routes and money.

pub(super) mod message;
pub(super) mod order;
pub(super) mod list;
pub(super) mod message_view;
pub(super) mod events;
pub(super) mod routes;
pub(super) mod balance;
