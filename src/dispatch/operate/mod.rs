//! What operators order, and what they are shown.
//!
//! What they are shown is read wherever it stands; what they order changes what stands here, and the rest through
//! others.

pub mod gauges;
pub(super) mod demand;
pub(super) mod standing_orders;
pub(super) mod inspect;
mod guards;
pub(super) mod tally;
pub(super) mod restored;
