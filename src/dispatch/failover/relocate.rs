//! What waits for a carrier that is closed, or too slow, goes on to others: bounded in each beat, and by the room in
//! the lanes that it moves to, so that a backlog flows on as fast as the others take it.

use crate::dispatch::Dispatch;
use crate::dispatch::queue::carrier::Openness;
use crate::dispatch::queue::lane::Lane;
use crate::dispatch::queue::ring::Ring;
use crate::message::attempt::Cause;
use crate::message::id::{CarrierId, LaneId, PartKey};
use crate::message::time::Time;

/// Messages that leave one carrier in one beat: some milliseconds.
const MOVES_MAX: usize = 500;
/// Parts of closed carriers that are looked at in one beat: some milliseconds, if none can go.
const LOOKS_MAX: usize = 4_000;
/// And of one lane.
const READY_LOOKS: usize = 2_000;
/// And while it is slow: those in front have waited longest.
const HURRY_LOOKS: usize = 64;

/// Where the look at what waits for closed and slow carriers is.
#[derive(Debug)]
pub(crate) struct Relocation {
    /// More could move from closed carriers at once.
    pub(crate) more: bool,
    /// Parts of closed carriers that may still be looked at in this beat.
    looks: usize,
    /// When a part will have waited too long for its carrier; never when none does.
    overstay: Time,
}

impl Default for Relocation {
    fn default() -> Self {
        Self { more: false, looks: LOOKS_MAX, overstay: Time::NEVER }
    }
}

impl Relocation {
    /// When it goes on.
    pub(crate) fn next(&self, now: Time) -> Option<Time> {
        self.overstay.known().into_iter().chain(self.more.then_some(now)).min()
    }
}

impl Dispatch {
    /// What a closed carrier has waiting, and what waits too long for a slow one, goes on to others.
    pub(crate) fn relocate(&mut self) {
        self.relocation = Relocation::default();
        // What is moved could not go any more. The next start judges by what is open then.
        if self.beat.draining {
            return;
        }
        let carriers: Vec<CarrierId> = self.carriers.keys().copied().collect();
        for carrier in carriers {
            let lanes: Vec<LaneId> = self.carriers.get(&carrier).map(|it| it.lanes().collect()).unwrap_or_default();
            let mut left = MOVES_MAX;
            for lane in lanes {
                match self.lane_standing(lane) {
                    Openness::Closed(cause) if 0 < left => left = self.leave(lane, cause, left),
                    // The part that finds out goes first.
                    Openness::Probe | Openness::Closed(_) => (),
                    Openness::Open => left = self.hurry(lane, left),
                }
            }
        }
    }

    /// Moves what waits in the lane of a closed carrier to where there is room. Returns how many more may move.
    fn leave(&mut self, lane: LaneId, cause: Cause, mut left: usize) -> usize {
        let served = self.beat.serves(lane.route());
        let takes = |it: CarrierId| self.is_open(it, false) && self.has_place(lane.at(it));
        // Asked once for the lane: part by part the same answer would cost all the looks of this beat.
        if !served.iter().any(|it| *it != lane.carrier() && takes(*it)) {
            return left;
        }
        let keys = self.first_of(lane, self.relocation.looks.min(READY_LOOKS));
        self.relocation.looks = self.relocation.looks.saturating_sub(keys.len());
        let mut moved = false;
        // What has been everywhere stays, and does not hold up what stands behind it.
        for key in keys {
            if left == 0 {
                break;
            }
            let place = |it: CarrierId| self.has_place(lane.at(it));
            // Who was not asked yet is worth more than who has refused it.
            let next = self.next_carrier(key.seq(), place).or_else(|| self.way_back(key.seq(), place));
            // A part before it may have taken it along.
            if next.is_some_and(|it| self.waits_in(key, lane) && self.move_message(key.seq(), it, cause)) {
                (moved, left) = (true, left - 1);
            }
        }
        // More of it is in memory or in the store. What can go nowhere is no reason to look again at once.
        let more = |it: &Lane| if moved { it.has_work() } else { it.backlog && it.ready.is_empty() };
        self.relocation.more |= self.lanes.get(lane).is_some_and(more);
        left
    }

    /// Moves what has waited too long for a carrier that is open, but has no room now, to one that has.
    fn hurry(&mut self, lane: LaneId, mut left: usize) -> usize {
        let now = self.beat.now;
        let Some(most) = self.beat.plan.routes.get(&lane.route()).and_then(|it| it.max_wait) else { return left };
        // What has room now takes the head of its lane in this beat: to move it would only cost its place.
        if self.carriers.get(&lane.carrier()).is_none_or(|it| it.could_take(now)) {
            return left;
        }
        let mut moved = false;
        for key in self.first_of(lane, HURRY_LOOKS) {
            let Some(since) = self.set.get(key.seq()).map(|it| it.since).filter(|_| 0 < left) else { break };
            let late = since + most;
            if now < late {
                let before = self.relocation.overstay.known();
                self.relocation.overstay = before.map_or(late, |it| it.min(late));
                break;
            }
            // Only where it goes at once: it would wait there as well.
            let able = |id: CarrierId| {
                let idle = self.lanes.get(lane.at(id)).is_none_or(|lane| lane.ready.len() < MOVES_MAX);
                idle && self
                    .carriers
                    .get(&id)
                    .is_some_and(|carrier| carrier.could_take_another(now, self.queued_at(&carrier.ring)))
            };
            let next = self.next_carrier(key.seq(), able);
            if next.is_some_and(|it| self.waits_in(key, lane) && self.move_message(key.seq(), it, Cause::MaxWait)) {
                (moved, left) = (true, left - 1);
            }
        }
        self.relocation.more |= moved && self.lanes.get(lane).is_some_and(|it| it.has_work());
        left
    }

    /// Of the first so many parts of a lane in memory those that could go now.
    fn first_of(&self, lane: LaneId, most: usize) -> Vec<PartKey> {
        let Some(queue) = self.lanes.get(lane) else { return Vec::new() };
        queue.ready.iter().take(most).copied().filter(|it| self.waits_in(*it, lane)).collect()
    }

    /// How many parts stand ready in the lanes of a ring.
    fn queued_at(&self, ring: &Ring) -> usize {
        ring.lanes().filter_map(|it| self.lanes.get(it)).map(|it| it.ready.len()).sum()
    }
}
