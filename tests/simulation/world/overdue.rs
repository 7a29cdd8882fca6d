//! What waits for a time does not wait for longer, also where the process has started since.

use crate::simulation::world::{Coming, World};
use nuncio::message::id::PartKey;
use nuncio::message::phase::Phase;
use nuncio::message::time::Time;
use std::collections::BTreeMap;

/// How often that is looked at: within so much something has been done about a part, by a process that lives for as
/// long.
const EVERY: u64 = 5_000;

/// Parts whose time was up when that was looked at last, the time, and in the life of which process.
#[derive(Default)]
pub(super) struct Overdue {
    life: u32,
    late: BTreeMap<PartKey, Time>,
    over: BTreeMap<PartKey, Time>,
}

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
        let before = std::mem::take(&mut self.overdue);
        if self.dispatch.is_none() || self.draining {
            return;
        }
        let now = self.time();
        let (mut late, mut over) = (BTreeMap::new(), BTreeMap::new());
        for part in self.store.parts.values().filter(|it| !it.phase().is_final()) {
            let due = part.due.known().filter(|it| part.phase() == Phase::Sent && *it < now);
            late.extend(due.map(|it| (part.key, it)));
            let ends = (part.phase() != Phase::Intended && part.ends < now).then_some(part.ends);
            over.extend(ends.map(|it| (part.key, it)));
        }
        if before.life == self.life {
            let still = |(key, at): &(&PartKey, &Time), now: &BTreeMap<PartKey, Time>| now.get(*key) == Some(*at);
            let part = |key: &PartKey| &self.store.parts[key];
            if let Some((key, _)) = before.late.iter().find(|it| still(it, &late)) {
                panic!("late-receipt: nobody looks for that of {:?}, it is {now:?}", part(key));
            }
            if let Some((key, _)) = before.over.iter().find(|it| still(it, &over)) {
                panic!("overdue: nobody ends {:?}, it is {now:?}", part(key));
            }
            self.look_for_kept();
        }
        self.overdue = Overdue { life: self.life, late, over };
    }
}
