//! What waits for a time does not wait for longer, also where the process has started since.

use crate::simulation::world::{Coming, World};
use nuncio::message::phase::Phase;
use std::time::Duration;

/// How often that is looked at.
const EVERY: u64 = 10_000;
/// So long after its time something has been done about a part, by a process that lives for as long.
const WITHIN: Duration = Duration::from_secs(5);

impl World {
    /// A process has begun: what its predecessor waited for, it waits for.
    pub(super) fn take_over_waits(&mut self) {
        self.started = self.now;
        let awaited = self.store.parts.values().filter(|it| it.phase() == Phase::Sent && it.due.known().is_some());
        self.tally.add("receipts awaited over a start", awaited.count() as u64);
    }

    /// A receipt that is late makes its part go on, or the wait for another carrier begin anew; a part whose time is
    /// up ends, but where it is on a link: there the answer comes first.
    pub(super) fn look_for_overdue(&mut self) {
        self.post(self.now + EVERY, Coming::Look);
        let lived = self.dispatch.is_some() && !self.draining && self.started + WITHIN.as_millis() as u64 <= self.now;
        let before = self.time() - WITHIN;
        for part in self.store.parts.values().filter(|it| lived && !it.phase().is_final()) {
            let late = part.phase() == Phase::Sent && part.due.known().is_some_and(|it| it < before);
            assert!(!late, "late-receipt: nobody looks for that of {part:?}, it is {:?}", self.time());
            let over = part.phase() != Phase::Intended && part.ends < before;
            assert!(!over, "overdue: nobody ends {part:?}, it is {:?}", self.time());
        }
    }
}
