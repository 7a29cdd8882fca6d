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
use crate::message::id::{PartKey, Seq};
use crate::record::contract::QueuedLane;

impl Dispatch {
    /// Queued parts that are held.
    pub fn held_parts(&self) -> u64 {
        self.lanes.held()
    }

    /// Lets go what was held: every lane is read anew from its beginning.
    pub(super) fn release(&mut self) {
        self.beat.out.marks.held_below = Seq(0);
        self.lanes.hold(0);
        self.read_anew();
    }

    /// Takes over what the store has queued, after something was mended there. Between two beats nothing else is
    /// queued.
    pub fn recount(&mut self, lanes: Vec<QueuedLane>) {
        self.lanes.recount(lanes);
        self.read_anew();
    }

    fn read_anew(&mut self) {
        for lane in self.lanes.which(|_, it| 0 < it.queued) {
            let queue = self.lanes.at(lane);
            (queue.horizon, queue.backlog) = (PartKey::default(), true);
            self.offer(lane);
        }
    }
}
