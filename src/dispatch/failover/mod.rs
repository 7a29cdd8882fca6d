//! From one carrier to the next: after a refusal, for want of a receipt, or because the carrier is closed or slow.
//!
//! [`next`] reads, [`moves`] moves; everything else here says when. Here is what is known of how carriers do, and
//! nothing else of the state.

pub(super) mod next;
pub(super) mod moves;
pub(super) mod relocate;
pub(super) mod operator_moves;
pub(super) mod carrier_health;
pub(super) mod ranking;
pub(super) mod usual;
