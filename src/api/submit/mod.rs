//! What applications send: it is read, checked, routed, cut and priced, and then handed to the loop.
//!
//! A file is what a request is judged by, or the handler of one. What was sent is looked at in
//! [`read`](crate::api::read).

pub(super) mod messages;
mod callback;
pub(super) mod endpoints;
pub(super) mod estimate;
pub(super) mod cancel;
pub(super) mod retry;
mod csv;
pub(super) mod request;
mod request_schema;
pub(super) mod diagnose;
pub(super) mod features;
pub(super) mod dlt;
pub(super) mod quote;
pub(super) mod rejection;
pub(super) mod recipients;
pub(super) mod ranking;
pub(super) mod screen;
pub(super) mod fingerprint;
pub(super) mod answer;
pub(super) mod outcome;
