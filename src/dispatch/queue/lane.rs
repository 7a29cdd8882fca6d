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

use crate::dispatch::door::plan::Limits;
use crate::message::id::{LaneId, PartKey};
use crate::record::contract::QueuedLane;
use std::collections::{BTreeMap, VecDeque};

/// Parts in memory over all lanes; each lane's share shrinks as more lanes have work.
const READY_MAX: usize = 50_000;
/// A lane's share never shrinks below this.
const READY_MIN: usize = 64;
const _: () = assert!(READY_MIN < READY_MAX);

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

/// All lanes.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    all: BTreeMap<LaneId, Lane>,
    /// Queued parts of messages that are held for an operator.
    held: u64,
    /// How many have work, as at the start of this beat.
    pub(crate) busy: usize,
}

impl Lanes {
    pub(crate) fn get(&self, lane: LaneId) -> Option<&Lane> {
        self.all.get(&lane)
    }

    pub(crate) fn get_mut(&mut self, lane: LaneId) -> Option<&mut Lane> {
        self.all.get_mut(&lane)
    }

    /// A lane, which comes to be where there was none.
    pub(crate) fn at(&mut self, lane: LaneId) -> &mut Lane {
        self.all.entry(lane).or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LaneId, &Lane)> {
        self.all.iter().map(|(lane, it)| (*lane, it))
    }

    /// The lanes that a question is answered with yes for.
    pub(crate) fn which(&self, wanted: impl Fn(LaneId, &Lane) -> bool) -> Vec<LaneId> {
        self.iter().filter(|(lane, it)| wanted(*lane, it)).map(|it| it.0).collect()
    }

    /// How many parts are queued in all of them.
    pub(crate) fn queued(&self) -> u64 {
        self.all.values().map(|it| it.queued).sum()
    }

    /// How many parts a lane may hold in memory.
    pub(crate) fn room(&self, limits: &Limits) -> usize {
        (READY_MAX / self.busy.max(1)).clamp(READY_MIN, limits.ready_per_lane.max(READY_MIN))
    }

    /// Queued parts that are held.
    pub(crate) const fn held(&self) -> u64 {
        self.held
    }

    /// Counts a part of a held message that enters a queue, or leaves one.
    pub(crate) const fn count_held(&mut self, enters: bool) {
        self.held = if enters { self.held + 1 } else { self.held.saturating_sub(1) };
    }

    /// So many are held.
    pub(crate) const fn hold(&mut self, count: u64) {
        self.held = count;
    }

    /// What the store has queued is this.
    pub(crate) fn recount(&mut self, queued: Vec<QueuedLane>) {
        for lane in self.all.values_mut() {
            (lane.queued, lane.delayed) = (0, 0);
        }
        for it in queued {
            let lane = self.at(it.lane);
            (lane.queued, lane.delayed) = (it.count, it.delayed);
        }
    }
}
