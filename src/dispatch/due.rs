//! When the next beat is due even if nothing happens: each owner says when its own is. And when none is any more.

use crate::dispatch::Dispatch;
use crate::message::time::Time;

impl Dispatch {
    /// When the next beat is due even if nothing happens.
    pub(super) fn next(&mut self) -> Option<Time> {
        let now = self.beat.now;
        let goes_on = !self.arrivals.is_empty() || !self.withdrawals.is_empty();
        let mut next = vec![goes_on.then_some(now)];
        next.push(self.sweep.next(&self.beat, self.is_awaiting()));
        next.push(self.operated.next().map(|it| it.max(now)));
        next.push(self.relocation.next(now));
        next.push(self.next_of_verifications());
        next.push(self.handsets.next(&self.beat.plan).map(|it| it.max(now)));
        if !self.beat.draining {
            next.push(self.next_of_carriers());
        }
        next.into_iter().flatten().min()
    }

    /// Nothing is on a link, nothing waits for an answer, and every order that began is whole, or taken back.
    pub fn is_quiet(&self) -> bool {
        self.owed.is_quiet() && self.arrivals.is_empty() && self.withdrawals.is_empty()
    }
}
