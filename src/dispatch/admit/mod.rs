//! How requests enter: judged, paid for, and queued in slices.
//!
//! Here is what accounts have and may ask for; the rest goes into the lanes and the working set.

pub mod arrive;
pub(super) mod cancel;
pub(super) mod accept;
pub(super) mod enqueue;
pub(super) mod placement;
pub(super) mod accounts;
