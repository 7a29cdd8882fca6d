//! What handsets send, and what they wish. It touches the beat, and nothing else of the state.

pub mod opt_out;
pub(super) mod handsets;
pub(super) mod assembly;
pub(super) mod seen;
