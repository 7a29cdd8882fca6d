//! A queue of its own, of which only the first parts are in memory.
//!
//! ```text
//!   ready (in memory)          horizon                 the store
//!   ┌───┬───┬───┬───┐             │  ┌───┬───┬───┬───┬──── … ──┐
//!   │ 4 │ 5 │ 6 │ 7 │             │  │ 8 │ 9 │10 │11 │         │
//!   └───┴───┴───┴───┘             │  └───┴───┴───┴───┴──── … ──┘
//! ```
//!
//! While `backlog` is set, a part that is accepted goes behind the horizon and is read from the
//! store in its turn. A part that comes back goes to the head.

use crate::message::id::PartKey;
use std::collections::VecDeque;

/// The queue of one lane.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// Staged parts, next first; some have meanwhile ended and are passed over.
    pub(crate) ready: VecDeque<PartKey>,
    /// The store may have parts above the horizon.
    pub(crate) backlog: bool,
    /// The beat in which a part last went behind the horizon: the store has it only after that beat.
    pub(crate) behind_at: u64,
    /// The last key that was read or accepted into memory.
    pub(crate) horizon: PartKey,
    /// How many parts are queued, in memory, in the store and delayed.
    pub(crate) queued: u64,
    /// Of these, how many wait for another attempt.
    pub(crate) delayed: u64,
    /// Stands in its carrier's ring.
    pub(crate) in_ring: bool,
}

impl Lane {
    /// Puts a part where it stood: what comes back or from elsewhere goes in the order in which it was accepted.
    pub(crate) fn insert(&mut self, key: PartKey) {
        match self.ready.back() {
            Some(last) if key < *last => {
                let at = self.ready.partition_point(|it| *it < key);
                self.ready.insert(at, key);
            }
            _ => self.ready.push_back(key),
        }
    }

    /// Whether there is anything to send now, in memory or in the store.
    pub(crate) fn has_work(&self) -> bool {
        self.backlog || !self.ready.is_empty()
    }
}
