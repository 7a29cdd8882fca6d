//! What applications send: read, checked, routed, cut and priced, then handed to the loop.

pub(super) mod messages;
pub(super) mod estimate;
pub(super) mod cancel;
pub(super) mod request;
pub(super) mod diagnose;
pub(super) mod features;
pub(super) mod dlt;
pub(super) mod quote;
pub(super) mod recipients;
pub(super) mod ranking;
pub(super) mod screen;
pub(super) mod fingerprint;
pub(super) mod answer;
pub(super) mod outcome;
