//! What all running requests together may hold in memory.
//!
//! One body is bounded, and so are connections; their product is not small enough. A request
//! of 10,000 recipients also grows: each message has a copy of the text. So each request takes
//! its share of one budget before it reads and again before it is handed to the loop, and gives
//! it back with its answer. Where nothing is left, it is told to come again.

use crate::api::problem::{Kind, Problem};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Octets of bodies and texts at once: some 20 of the largest bulk requests, or 100,000 small ones.
pub(super) const OCTETS_MAX: usize = 256 << 20;

/// The budget is counted in these, so that it fits the counter.
const GRAIN: usize = 1_024;

/// A budget of octets.
pub(super) struct Memory(Semaphore);

impl Memory {
    pub(super) fn new(octets: usize) -> Self {
        Self(Semaphore::new(octets / GRAIN))
    }

    /// Takes a share, for as long as the permit lives.
    pub(super) fn hold(&self, octets: usize) -> Result<SemaphorePermit<'_>, Problem> {
        let grains = u32::try_from(octets.div_ceil(GRAIN)).unwrap_or(u32::MAX);
        self.0
            .try_acquire_many(grains)
            .map_err(|_| Problem::new(Kind::QueueFull, "Requests that are running fill the memory set aside for them."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_given_back_and_never_more_than_there_is() {
        let memory = Memory::new(4_096);
        let held = memory.hold(1_025).expect("two grains of four");
        let rest = memory.hold(2_048).expect("the other two");
        assert_eq!(memory.hold(1).map_err(|it| it.kind).err(), Some(Kind::QueueFull));
        assert!(memory.hold(0).is_ok());
        drop(held);
        assert!(memory.hold(2_049).is_err() && memory.hold(2_048).is_ok());
        drop(rest);
        assert!(memory.hold(4_096).is_ok());
    }
}
