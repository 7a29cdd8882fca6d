//! What a restored store holds until an operator says that it may go.
//!
//! A backup does not know what became of its messages after it was made: what it has queued may have been sent. So all
//! messages that it knows are held, whatever brings them back into a queue: a retry, a doubt, a receipt that does not
//! come. They end as ever, by a receipt, a cancel or their validity; only nothing of them is given to a link. What is
//! accepted after the restore goes at once.
//!
//! ```text
//!  lane   1  2  3 │ 8  9          │ is held_below: refill reads behind it, and give passes by what comes back
//! ```

use crate::dispatch::Dispatch;
use crate::message::id::{LaneId, PartKey, Seq};
use crate::record::contract::QueuedLane;

impl Dispatch {
    /// Queued parts that are held.
    pub fn held_parts(&self) -> u64 {
        self.held
    }

    /// Counts a part of a held message that enters a queue, or leaves one.
    pub(super) fn count_held(&mut self, key: PartKey, enters: bool) {
        if self.beat.holds(key.seq()) {
            self.held = if enters { self.held + 1 } else { self.held.saturating_sub(1) };
        }
    }

    /// Lets go what was held: every lane is read anew from its beginning.
    pub(super) fn release(&mut self) {
        (self.beat.out.marks.held_below, self.held) = (Seq(0), 0);
        self.read_anew();
    }

    /// Takes over what the store has queued, after something was mended there. Between two beats nothing else is queued.
    pub fn recount(&mut self, lanes: Vec<QueuedLane>) {
        for lane in self.lanes.values_mut() {
            (lane.queued, lane.delayed) = (0, 0);
        }
        for it in lanes {
            let lane = self.lanes.entry(it.lane).or_default();
            (lane.queued, lane.delayed) = (it.count, it.delayed);
        }
        self.read_anew();
    }

    fn read_anew(&mut self) {
        let lanes: Vec<LaneId> = self.lanes.iter().filter(|(_, it)| 0 < it.queued).map(|(lane, _)| *lane).collect();
        for lane in lanes {
            self.lanes.entry(lane).and_modify(|it| (it.horizon, it.backlog) = (PartKey::default(), true));
            self.offer(lane);
        }
    }
}
