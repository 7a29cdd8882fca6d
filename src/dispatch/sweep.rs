//! What time does: delayed parts come due, waits end, old receipts are given up.

use crate::dispatch::Dispatch;
use crate::dispatch::beat::Beat;
use crate::dispatch::give::calendar;
use crate::message::era::{Ahead, Eras};
use crate::message::id::{PartKey, Seq};
use crate::message::part::Part;
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::message::time::Time;
use crate::record::contract::{Poisoned, Store};
use std::time::Duration;

/// How often the sweep goes on.
const STEP: Duration = Duration::from_millis(50);
/// When it begins anew once it has looked at everything: sooner, and a daemon that waits for one receipt would do
/// little else.
const ROUND: Duration = Duration::from_millis(250);
/// How many parts it looks at in one step: half a millisecond, and some if all have ended. Whatever comes
/// meanwhile waits for it, so that long steps show in the slowest requests.
const SPAN: usize = 1_000;
/// How many delayed parts come due in one beat.
const DUE_MAX: usize = 500;

/// Where the sweep is.
#[derive(Debug)]
pub(super) struct Sweep {
    /// The last part that it looked at.
    after: PartKey,
    /// When it goes on.
    next: Time,
    /// When the next delayed part comes due; never when none is known of.
    due: Time,
    /// When the first of those that have been put back in this beat comes due.
    again: Time,
    /// When the receipt of a part will be late; never when none is known to be.
    late: Time,
    /// How far ahead of the wall logical time was when parts that wait for a time were last looked at, and where that
    /// look goes on.
    pub(super) restated: (Ahead, Option<Time>),
}

impl Sweep {
    pub(super) fn new(now: Time, eras: &Eras) -> Self {
        let restated = calendar::begin(eras);
        // Delayed parts of an earlier run may be due at once.
        Self { after: PartKey(0), next: now, due: Time(1), again: Time::NEVER, late: Time(1), restated }
    }

    /// A part has been delayed until then.
    pub(super) fn due_at(&mut self, due: Time) {
        self.again = if self.again == Time::NEVER { due } else { self.again.min(due) };
        self.due = if self.due == Time::NEVER { due } else { self.due.min(due) };
    }
}

impl Sweep {
    /// When it goes on: with what is due, and where anything is `awaiting` with its look at everything.
    pub(super) fn next(&self, beat: &Beat, awaiting: bool) -> Option<Time> {
        let late = self.late.known().filter(|_| !beat.draining);
        let restated = self.restated.1.map(|_| beat.now);
        [self.due.known(), late, restated, awaiting.then_some(self.next)].into_iter().flatten().min()
    }

    /// A receipt is expected by then.
    pub(super) fn late_at(&mut self, due: Time) {
        self.late = if self.late == Time::NEVER { due } else { self.late.min(due) };
    }
}

impl Dispatch {
    /// Does what is due by now.
    pub(super) fn sweep<S: Store>(&mut self, store: &mut S) -> Result<(), Poisoned> {
        if self.sweep.due.known().is_some_and(|it| it <= self.beat.now) {
            let entries = store.due(self.beat.now, DUE_MAX)?;
            let more = DUE_MAX <= entries.len();
            self.sweep.again = Time::NEVER;
            for entry in entries {
                let seq = entry.body.seq();
                // Nothing of an order that is arriving may move or end: a start removes it whole.
                if !self.arrivals.holds(seq) {
                    self.set.admit(entry);
                    self.come_due(seq);
                }
            }
            let next = if more { Some(self.beat.now) } else { store.next_due(self.beat.now)? };
            // What was woken early is put back, which the store does not know yet.
            let again = std::mem::take(&mut self.sweep.again);
            self.sweep.due = next.unwrap_or(Time::NEVER);
            again.known().into_iter().for_each(|it| self.sweep.due_at(it));
        }
        self.sweep_late(store)?;
        if self.sweep.next <= self.beat.now {
            let (entries, next) = store.overdue(self.beat.now, self.sweep.after, SPAN)?;
            self.sweep.next = self.beat.now + if next.is_some() { STEP } else { ROUND };
            self.sweep.after = next.unwrap_or_default();
            for entry in entries {
                let seq = entry.body.seq();
                if !self.arrivals.holds(seq) {
                    self.set.admit(entry);
                    self.end_overdue(seq);
                }
            }
            // As seldom as the rest of the look: neither is waited for by anybody.
            self.parked.give_up_overdue(&mut self.beat);
            self.query_silent(store)?;
        }
        Ok(())
    }

    /// Tries other carriers for what got no receipt in time.
    fn sweep_late<S: Store>(&mut self, store: &mut S) -> Result<(), Poisoned> {
        // Another try could not leave any more. What is late now is late at the next start as well.
        if self.beat.draining || self.sweep.late.known().is_none_or(|it| self.beat.now < it) {
            return Ok(());
        }
        let entries = store.late(self.beat.now, DUE_MAX)?;
        let more = DUE_MAX <= entries.len();
        self.sweep.late = Time::NEVER;
        for entry in entries {
            let seq = entry.body.seq();
            self.set.admit(entry);
            self.come_late(seq);
        }
        let next = if more { Some(self.beat.now) } else { store.next_late(self.beat.now)? };
        // What waits once more, because no other carrier is open, the store does not know yet.
        next.into_iter().for_each(|it| self.sweep.late_at(it));
        Ok(())
    }

    fn come_due(&mut self, seq: Seq) {
        let (now, room) = (self.beat.now, self.room());
        for key in
            self.keys(seq, |part| part.phase() == Phase::Queued && part.due.known().is_some_and(|due| due <= now))
        {
            let tried = self.set.part(key).is_some_and(|it| it.attempt.is_some());
            // What was tried waited for its carrier, and may go to another by now. What was not waited for a time that
            // people stated: that is judged by the wall once more.
            if tried && (self.leave_late(key) || self.leave_refused(key)) {
                continue;
            }
            if !tried && self.put_back(key) {
                continue;
            }
            if let Some(held) = self.set.change(key) {
                // The patience for its carrier begins when it could first go, and does not begin anew with each try.
                if !tried {
                    held.since = now;
                }
                let part = &mut held.entry.parts[usize::from(key.index())];
                part.due = Time::NEVER;
                let queue = self.lanes.at(part.lane);
                queue.delayed = queue.delayed.saturating_sub(1);
                if room <= queue.ready.len() {
                    // It is read again from the store in its turn.
                    (queue.backlog, queue.behind_at) = (true, self.beat.number);
                    queue.horizon = queue.horizon.min(PartKey(key.0 - 1));
                    continue;
                }
            }
            self.put_first(key);
        }
    }

    fn end_overdue(&mut self, seq: Seq) {
        let now = self.beat.now;
        for key in self.keys(seq, |it| !it.phase().is_final() && it.ends <= now) {
            let (end, reason) = match self.set.part(key).map(Part::phase) {
                // A carrier that took it before may deliver it yet, although nobody else is given it any more.
                Some(Phase::Queued) => {
                    self.end_or_wait(key, End::Expired, Reason::Expired);
                    self.set.unstage(key);
                    continue;
                }
                Some(Phase::Doubtful) => (End::Unknown, Reason::OutcomeUnknown),
                Some(Phase::Sent) => (End::Unknown, Reason::NoReceipt),
                // On a link: its answer, or the lack of one, comes first.
                _ => continue,
            };
            self.step(key, Move::End(end), Some(reason));
            self.set.unstage(key);
        }
    }
}
