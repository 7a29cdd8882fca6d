//! What time does: delayed parts come due, waits end, old receipts are given up; and the
//! loading of what the happenings of a beat name.

use crate::carrier::id::Form;
use crate::carrier::report::{News, Report};
use crate::dispatch::Dispatch;
use crate::dispatch::happening::Happening;
use crate::message::attempt::Answer;
use crate::message::id::{PartKey, Seq};
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::contract::{Poisoned, Store};
use foldhash::fast::FixedState;
use std::collections::HashSet;
use std::time::Duration;

/// How often the sweep goes on.
const STEP: Duration = Duration::from_millis(50);
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
}

impl Sweep {
    pub(super) const fn new(now: Time) -> Self {
        // Delayed parts of an earlier run may be due at once.
        Self { after: PartKey(0), next: now, due: Time(1), again: Time::NEVER, late: Time(1) }
    }

    /// A part has been delayed until then.
    pub(super) fn due_at(&mut self, due: Time) {
        self.again = if self.again == Time::NEVER { due } else { self.again.min(due) };
        self.due = if self.due == Time::NEVER { due } else { self.due.min(due) };
    }
}

impl Sweep {
    /// A receipt is expected by then.
    pub(super) fn late_at(&mut self, due: Time) {
        self.late = if self.late == Time::NEVER { due } else { self.late.min(due) };
    }
}

impl Dispatch {
    /// Brings into memory what the happenings name.
    pub(super) fn load<S: Store>(&mut self, happenings: &[Happening], store: &mut S) -> Result<(), Poisoned> {
        let (mut seqs, mut hashes) = (Vec::new(), Vec::new());
        let named = self.about_to_be_named(happenings);
        for happening in happenings {
            match happening {
                Happening::Cancel(_, _, message) | Happening::Outcome(_, _, message, _) => seqs.push(message.seq),
                Happening::Link(_, Report::Answered(ticket, _) | Report::Late(ticket, _)) => {
                    seqs.push(ticket.key().seq());
                }
                Happening::Link(_, Report::Queried(key, _)) => seqs.push(key.seq()),
                Happening::Link(link, Report::Inbound { news: News::Receipt(news), .. }) => {
                    let forms = self.forms(link.carrier, &news.ids);
                    // Answers are decided before the receipts that came with them.
                    let soon = |form: &Form| {
                        let named = |it| named.contains(&(form.rhash(link.carrier), it));
                        // What fits only when it is converted may yet fit better what is in the store.
                        !form.converted && news.handset.is_some_and(named)
                    };
                    if !forms.iter().any(soon) && !self.is_certain(link.carrier, &forms, news.whom()) {
                        hashes.extend(forms.iter().map(|it| it.rhash(link.carrier)));
                    }
                    if let Some((handset, _)) = news.whom().pair() {
                        seqs.extend(self.doubtful_for(link.carrier, handset).take(1).map(PartKey::seq));
                    }
                }
                _ => (),
            }
        }
        seqs.retain(|it| !self.set.holds(*it));
        seqs.sort_unstable();
        seqs.dedup();
        if !seqs.is_empty() {
            store.load(&seqs)?.into_iter().for_each(|it| self.set.admit(it));
        }
        hashes.sort_unstable();
        hashes.dedup();
        if !hashes.is_empty() {
            store.by_rhash(&hashes)?.into_iter().for_each(|it| self.set.admit(it));
        }
        Ok(())
    }

    /// The names that answers among the happenings give to parts in memory, and the parts' recipients.
    fn about_to_be_named(&self, happenings: &[Happening]) -> HashSet<(u64, E164), FixedState> {
        let name = |happening: &Happening| {
            let Happening::Link(link, Report::Answered(ticket, answered)) = happening else { return None };
            let id = answered.carrier_message_id.as_ref().filter(|_| answered.answer == Answer::Taken)?;
            let attempt = self.set.part(ticket.key())?.attempt.as_ref()?;
            let destination = self.set.get(ticket.key().seq())?.entry.body.destination;
            (attempt.number == ticket.number()).then(|| (id.rhash(link.carrier), destination))
        };
        happenings.iter().filter_map(name).collect()
    }

    /// Does what is due by now.
    pub(super) fn sweep<S: Store>(&mut self, store: &mut S) -> Result<(), Poisoned> {
        if self.sweep.due.known().is_some_and(|it| it <= self.beat.now) {
            let entries = store.due(self.beat.now, DUE_MAX)?;
            let more = DUE_MAX <= entries.len();
            self.sweep.again = Time::NEVER;
            for entry in entries {
                let seq = entry.body.seq();
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
            self.sweep.after = next.unwrap_or_default();
            self.sweep.next = self.beat.now + STEP;
            for entry in entries {
                let seq = entry.body.seq();
                if !self.arrivals.holds(seq) {
                    self.set.admit(entry);
                    self.end_overdue(seq);
                }
            }
            self.give_up_parked();
            self.query_silent(store)?;
        }
        Ok(())
    }

    /// Tries other carriers for what got no receipt in time.
    fn sweep_late<S: Store>(&mut self, store: &mut S) -> Result<(), Poisoned> {
        if self.beat.draining || self.sweep.late.known().is_none_or(|it| self.beat.now < it) {
            return Ok(());
        }
        let entries = store.late(self.beat.now, DUE_MAX)?;
        let more = DUE_MAX <= entries.len();
        for entry in entries {
            let seq = entry.body.seq();
            self.set.admit(entry);
            self.come_late(seq);
        }
        let next = if more { Some(self.beat.now) } else { store.next_late(self.beat.now)? };
        self.sweep.late = next.unwrap_or(Time::NEVER);
        Ok(())
    }

    pub(super) fn keys(&self, seq: Seq, wanted: impl Fn(&crate::message::part::Part) -> bool) -> Vec<PartKey> {
        let parts = self.set.get(seq).map(|it| it.entry.parts.as_slice()).unwrap_or_default();
        parts.iter().filter(|it| wanted(it)).map(|it| it.key).collect()
    }

    fn come_due(&mut self, seq: Seq) {
        let (now, room) = (self.beat.now, self.ready_max());
        for key in self.keys(seq, |it| it.phase() == Phase::Queued && it.due.known().is_some_and(|it| it <= now)) {
            let tried = self.set.part(key).is_some_and(|it| it.attempt.is_some());
            if tried && (self.leave_late(key) || self.leave_refused(key)) {
                continue;
            }
            if !tried && self.put_back(key) {
                continue;
            }
            if let Some(held) = self.set.change(key) {
                if !tried {
                    held.since = now;
                }
                let part = &mut held.entry.parts[usize::from(key.index())];
                part.due = Time::NEVER;
                let queue = self.lanes.entry(part.lane).or_default();
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
            let (end, reason) = match self.set.part(key).map(crate::message::part::Part::phase) {
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

    fn give_up_parked(&mut self) {
        while let Some((_, carrier, at)) = self.parked.oldest() {
            let kept = self
                .beat
                .plan
                .carriers
                .get(&carrier)
                .map_or(crate::carrier::dialect::Dialect::PARKED_FOR, |it| it.parked_for);
            if self.beat.now.since(at) < kept {
                return;
            }
            self.give_up_oldest();
        }
    }

    /// When the next beat is due even if nothing happens.
    pub(super) fn next(&mut self) -> Option<Time> {
        let now = self.beat.now;
        let mut next = vec![self.sweep.due.known(), (!self.arrivals.is_empty()).then_some(now)];
        next.push(self.operated.next().map(|it| it.max(now)));
        next.push(self.sweep.late.known().filter(|_| !self.beat.draining));
        next.push(self.overstay.known());
        next.push((self.moving || self.restated.1.is_some()).then_some(now));
        let waiting = self.queued() != 0 || self.awaiting.values().any(|it| *it != 0) || !self.doubtful.is_empty();
        next.push((waiting || self.parked.len() != 0).then_some(self.sweep.next));
        next.push(self.waiting.next().map(|it| it.max(now)));
        next.push(self.seen.next(|it| self.mo_options(it)).map(|it| it.max(now)));
        if !self.beat.draining {
            let lanes = &self.lanes;
            for carrier in self.carriers.values_mut() {
                next.push(carrier.next_at(now));
                next.push(carrier.resting.next().map(|it| it.max(now)));
                // More of the backlog can go at once.
                let starved =
                    |it: &crate::message::id::LaneId| lanes.get(it).is_some_and(|it| it.backlog && it.ready.is_empty());
                let more =
                    carrier.has_room() && carrier.pace.next_at(now).is_none() && carrier.lanes().any(|it| starved(&it));
                next.push(more.then_some(now));
            }
        }
        next.into_iter().flatten().min()
    }
}
