//! Moves of a part: its phase, its lane, and everything that counts either. What is decided elsewhere is done here.

use crate::dispatch::beat::StatusChange;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::queue::carrier::CarrierState;
use crate::dispatch::{Dispatch, tried};
use crate::message::id::{LaneId, PartKey};
use crate::message::part::Part;
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::message::time::Time;
use std::sync::Arc;
use std::time::Duration;

impl Dispatch {
    /// Puts a lane with work into its carrier's ring.
    pub(super) fn offer(&mut self, lane: LaneId) {
        let Some(queue) = self.lanes.get_mut(lane) else { return };
        let state = self.carriers.entry(lane.carrier()).or_insert_with(CarrierState::unknown);
        if queue.has_work() && !queue.in_ring {
            queue.in_ring = true;
            let weight = self.beat.plan.accounts.get(&lane.account()).map_or(1, |it| it.weight);
            state.ring.push(lane, weight);
        }
    }

    /// Moves a part: its phase, and everything that counts phases. The one place where a
    /// phase changes.
    pub(super) fn step(&mut self, key: PartKey, step: Move, reason: Option<Reason>) {
        let Some(held) = self.set.change(key) else { return };
        let part = &mut held.entry.parts[usize::from(key.index())];
        let before = part.phase();
        let after = part.step(step).expect("dispatch checks the phase before it moves a part");
        let delayed = before == Phase::Queued && part.due.known().is_some();
        part.due = Time::NEVER;
        if after.is_final() {
            (part.reason, part.done_at) = (reason, self.beat.now);
        }
        let (lane, carrier) = (part.lane, part.attempt.as_ref().map(|it| it.link.carrier));
        let (order, destination) = (held.entry.body.order, held.entry.body.destination);
        let (told, status) = (held.told, held.entry.status());
        held.told = status;
        let ended = after.is_final() && held.entry.parts.iter().all(|it| it.phase().is_final());
        let first_end = ended && !before.is_final();
        if ended
            && (held.entry.body.has_code() || self.beat.plan.erase_text.covers(held.entry.body.class))
            && let Some(body) = held.entry.body.erased()
        {
            held.entry.body = Arc::new(body);
            self.beat.out.batch.erased.push(held.entry.body.clone());
        }
        if told != status {
            self.beat.out.changes.push(StatusChange { seq: key.seq(), order, before: told, after: status });
            self.beat.tell(Fact::Status {
                message: held.entry.body.id,
                route: held.entry.body.route,
                status,
                reason,
                corrected: told.is_final(),
            });
        }
        if first_end {
            self.accounts.pay_back(&mut self.beat, &held.entry);
        }
        let queue = self.lanes.at(lane);
        match (before == Phase::Queued, after == Phase::Queued) {
            (true, false) => {
                queue.queued = queue.queued.saturating_sub(1);
                queue.delayed = queue.delayed.saturating_sub(u64::from(delayed));
            }
            (false, true) => queue.queued += 1,
            _ => (),
        }
        if (before == Phase::Queued) != (after == Phase::Queued) && self.beat.holds(key.seq()) {
            self.lanes.count_held(after == Phase::Queued);
        }
        if let Some(carrier) = carrier {
            self.owed.note_move((carrier, destination, key), before, after);
        }
        self.let_through(key);
    }

    /// A part that goes to no carrier any more ends; unless one took it before: then its receipt is waited for.
    pub(super) fn end_or_wait(&mut self, key: PartKey, end: End, reason: Reason) {
        if !self.is_pending(key, None) {
            // Nor does it fail while nobody knows what became of an attempt: a late receipt corrects that end.
            return match end {
                End::Failed if self.entry(key).is_some_and(|it| tried::is_doubted(it, key)) => {
                    self.step(key, Move::End(End::Unknown), Some(Reason::OutcomeUnknown));
                }
                end => self.step(key, Move::End(end), Some(reason)),
            };
        }
        let timeout = self.receipt_timeout(key);
        self.step(key, Move::Take, None);
        let now = self.beat.now;
        if let Some(held) = self.set.change(key) {
            let expires = held.entry.body.expires;
            let part = &mut held.entry.parts[usize::from(key.index())];
            (part.ends, part.due) = (expires.max(now) + timeout, Time::NEVER);
        }
    }

    /// Takes a part that stands in its lane's ready window, or aside, out of it.
    pub(super) fn leave_lane(&mut self, key: PartKey) {
        let Some(part) = self.set.part(key).filter(|it| it.phase() != Phase::Intended) else { return };
        if let Some(lane) = self.lanes.get_mut(part.lane)
            && let Ok(at) = lane.ready.binary_search(&key)
        {
            lane.ready.remove(at);
            self.set.unstage(key);
        } else if let Some(to) = self.set.get(key.seq()).map(|it| it.entry.body.destination)
            && let Some(carrier) = self.carriers.get_mut(&part.lane.carrier())
            && carrier.resting.leave(to, key)
        {
            self.set.unstage(key);
        }
    }

    /// Back into its queue, unless it is there or on a link.
    pub(super) fn return_part(&mut self, key: PartKey) {
        if self.set.part(key).is_some_and(|it| matches!(it.phase(), Phase::Sent | Phase::Doubtful)) {
            self.step(key, Move::Return, None);
        }
    }

    pub(super) fn set_due(&mut self, keys: &[PartKey], due: Time) {
        for key in keys {
            if let Some(held) = self.set.change(*key) {
                held.entry.parts[usize::from(key.index())].due = due;
            }
        }
        if due != Time::NEVER {
            self.sweep.late_at(due);
        }
    }

    /// Uses one of the attempts that a part may have; false if that was the last.
    pub(super) fn spend(&mut self, key: PartKey) -> bool {
        let Some(held) = self.set.change(key) else { return false };
        let part = &mut held.entry.parts[usize::from(key.index())];
        part.spent = part.spent.saturating_add(1);
        !self.is_spent(key)
    }

    /// Stages a queued part that may go at once, before all that are younger.
    pub(super) fn put_first(&mut self, key: PartKey) {
        let Some(lane) = self.set.part(key).map(|it| it.lane) else { return };
        if self.set.stage(key) {
            self.lanes.at(lane).insert(key);
        }
        self.offer(lane);
    }

    /// Back to the head of its lane, at no cost but time.
    pub(super) fn give_back(&mut self, key: PartKey) {
        self.step(key, Move::Return, None);
        let Some(held) = self.set.change(key) else { return };
        let expires = held.entry.body.expires;
        let part = &mut held.entry.parts[usize::from(key.index())];
        (part.ends, part.due) = (expires, Time::NEVER);
        self.put_first(key);
    }

    /// A queued part that stands in no lane waits.
    pub(super) fn delay(&mut self, key: PartKey, wait: Duration) {
        let now = self.beat.now;
        // Longer than its route lets it wait for one carrier it does not wait for this one.
        let due = self.latest_wait(key).map_or(now + wait, |it| it.max(now).min(now + wait));
        let Some(held) = self.set.change(key) else { return };
        let expires = held.entry.body.expires;
        let part = &mut held.entry.parts[usize::from(key.index())];
        (part.due, part.ends) = (due, expires);
        let lane = part.lane;
        self.lanes.at(lane).delayed += 1;
        self.sweep.due_at(due);
    }

    /// Parts that stood aside come back to their lanes, each to its place.
    pub(super) fn come_back(&mut self, keys: Vec<PartKey>) {
        for key in keys {
            let waits = |it: &&Part| it.phase() == Phase::Queued && it.due.known().is_none();
            let Some(lane) = self.set.part(key).filter(waits).map(|it| it.lane) else {
                self.set.unstage(key);
                continue;
            };
            self.lanes.at(lane).insert(key);
            self.offer(lane);
        }
    }

    /// Those that stand aside for a part of a strict route come back to their lanes once it is through.
    fn let_through(&mut self, key: PartKey) {
        if self.strict.is_idle() {
            return;
        }
        let Some(entry) = self.set.get(key.seq()).map(|it| &it.entry) else { return };
        let Some(part) = entry.parts.get(usize::from(key.index())) else { return };
        for key in self.strict.free_after(&self.beat.plan, &entry.body, part) {
            let Some(lane) = self.set.part(key).map(|it| it.lane) else { continue };
            self.lanes.at(lane).insert(key);
            self.offer(lane);
        }
    }
}
