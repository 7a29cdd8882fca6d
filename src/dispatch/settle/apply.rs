//! What a receipt changes at the part that it is about.

use crate::carrier::dialect::ReceiptsAsked;
use crate::carrier::reason;
use crate::dispatch::Dispatch;
use crate::dispatch::door::fact::Fate;
use crate::dispatch::tried::{attempt_of, attempts_of, is_live};
use crate::message::attempt::Attempt;
use crate::message::id::{CarrierId, PartKey};
use crate::message::part::Part;
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::message::receipt::Receipt;
use crate::message::status::Status;
use crate::message::time::Time;

impl Dispatch {
    /// Changes the part by what the receipt says of one of its attempts.
    pub(super) fn apply(&mut self, key: PartKey, number: u8, carrier: CarrierId, mut receipt: Receipt) -> Fate {
        if self.set.get(key.seq()).is_some_and(|it| !it.entry.body.destination.is_known()) {
            // It may name whom we have forgotten.
            receipt = receipt.bare().unwrap_or(receipt);
        }
        let (Some(part), Some(attempt)) = (self.set.part(key), self.attempt(key, number)) else { return Fate::Late };
        let (phase, status) = (part.phase(), receipt.status);
        let current = part.attempt.as_ref().is_some_and(|it| it.number == number);
        let before = attempt.receipt.as_ref().map(|it| it.status);
        let Some(end) = end_of(status) else {
            let news = !phase.is_final() && before.is_none_or(|it| !it.is_final());
            return match (before == Some(status), news) {
                (true, _) => Fate::Duplicate,
                (_, false) => self.write_later(key, number, receipt),
                (_, true) => {
                    self.write_receipt(key, number, receipt);
                    Fate::Matched
                }
            };
        };
        if before == Some(status) {
            return Fate::Duplicate;
        }
        // What the carrier itself has ended is not corrected by its later words.
        if matches!(before, Some(Status::Delivered | Status::Failed | Status::Expired)) {
            return self.write_later(key, number, receipt);
        }
        // A failure of an attempt that is superseded, or about to be, is history.
        let decides = match phase {
            Phase::Queued | Phase::Intended => end == End::Delivered,
            Phase::Unknown | Phase::Expired => end == End::Delivered || (current && end != End::Unknown),
            // Whoever else took it may still deliver it.
            phase => {
                let last = !self.is_pending(key, Some(number)) && (current || phase == Phase::Sent);
                end == End::Delivered || last
            }
        };
        let moves = decides && phase.after(Move::End(end)).is_some();
        let double = phase == Phase::Delivered && end == End::Delivered;
        // What comes after the end is history, and is shown: each attempt has its own receipt.
        if moves || !phase.is_final() || before.is_none_or(|it| !it.is_final()) {
            let reason = (end != End::Delivered).then(|| self.reason(carrier, &receipt, end));
            self.write_receipt(key, number, receipt);
            self.note_receipt(key, number, end == End::Delivered);
            if moves {
                self.end_by_receipt(key, end, reason, current);
            } else if current && end != End::Delivered && phase == Phase::Sent {
                // It is waited for another's receipt; this one's is not missing.
                self.set_due(&[key], Time::NEVER);
            }
            if end == End::Delivered {
                self.end_rest(key, carrier);
            }
        } else {
            self.write_later(key, number, receipt);
        }
        match phase.is_final() {
            _ if double => Fate::Double,
            true => Fate::Late,
            false => Fate::Matched,
        }
    }

    fn note_receipt(&mut self, key: PartKey, number: u8, delivered: bool) {
        let Some(entry) = self.set.get(key.seq()).map(|it| &it.entry) else { return };
        let Some(attempt) = attempt_of(entry, key, number) else { return };
        self.health.note_receipt(&mut self.beat, (&entry.body, key), attempt, delivered);
    }

    fn end_by_receipt(&mut self, key: PartKey, end: End, reason: Option<Reason>, current: bool) {
        self.end_part(key, end, reason);
        // What a carrier says that the part has left says nothing of what the one has that it went to.
        let sharing = if current { self.without_receipt(key) } else { Vec::new() };
        for sibling in sharing {
            let number = self.set.part(sibling).and_then(|it| it.attempt.as_ref()).map(|it| it.number);
            if end != End::Delivered && self.is_pending(sibling, number) {
                // Another carrier took it before, and may still deliver it; of this one no receipt is missing.
                self.set_due(&[sibling], Time::NEVER);
            } else {
                self.end_part(sibling, end, reason);
            }
        }
    }

    /// The parts of the same message that share the end of this one, because a receipt was asked for this one alone and
    /// none came for them.
    fn without_receipt(&self, key: PartKey) -> Vec<PartKey> {
        let Some(held) = self.set.get(key.seq()).filter(|it| 1 < it.entry.parts.len()) else { return Vec::new() };
        let carrier = |part: &Part| part.attempt.as_ref().map(|attempt| attempt.link.carrier);
        let of = held.entry.parts.get(usize::from(key.index())).and_then(carrier);
        let asked = of.and_then(|it| self.beat.plan.carriers.get(&it)).map(|it| it.dialect.receipts);
        let mut live = held.entry.parts.iter().filter(|it| is_live(it));
        let speaks = match asked {
            Some(ReceiptsAsked::First) => live.next(),
            Some(ReceiptsAsked::Last) => live.next_back(),
            _ => None,
        };
        // What a carrier says of another, because it was asked or of its own accord, is about that alone.
        if speaks.is_none_or(|it| it.key != key) {
            return Vec::new();
        }
        let heard =
            |it: &Part| it.attempt.as_ref().and_then(|it| it.receipt.as_ref()).is_some_and(|it| it.status.is_final());
        let shares = |it: &&Part| it.key != key && it.phase() == Phase::Sent && carrier(it) == of && !heard(it);
        held.entry.parts.iter().filter(shares).map(|it| it.key).collect()
    }

    fn end_part(&mut self, key: PartKey, end: End, reason: Option<Reason>) {
        let on_a_link = self.set.part(key).is_some_and(|it| it.phase() == Phase::Intended);
        self.step(key, Move::End(end), reason);
        if !on_a_link {
            self.set.unstage(key);
        }
    }

    /// Why a part ended by a receipt: the carrier's code, where the operator says what it means.
    fn reason(&self, carrier: CarrierId, receipt: &Receipt, end: End) -> Reason {
        let plan = self.beat.plan.carriers.get(&carrier);
        plan.and_then(|it| reason::of_receipt(&it.dialect, receipt)).unwrap_or_else(|| reason_of(end))
    }

    pub(crate) fn attempt(&self, key: PartKey, number: u8) -> Option<&Attempt> {
        attempt_of(&self.set.get(key.seq())?.entry, key, number)
    }

    fn write_receipt(&mut self, key: PartKey, number: u8, receipt: Receipt) {
        self.change_attempt(key, number, |attempt| {
            let later = attempt.receipt.take().map(|it| it.later).unwrap_or_default();
            attempt.receipt = Some(Box::new(Receipt { later, ..receipt }));
        });
    }

    /// What came after the end changes nothing any more, and is kept for whoever asks what the carrier said.
    fn write_later(&mut self, key: PartKey, number: u8, receipt: Receipt) -> Fate {
        let Some(attempt) = self.attempt(key, number) else { return Fate::Late };
        match attempt.receipt.as_deref() {
            None => self.write_receipt(key, number, receipt),
            Some(first) if first.later.iter().any(|it| it.says_as(&receipt)) => return Fate::Duplicate,
            Some(first) if Receipt::LATER_MAX <= first.later.len() => {}
            Some(_) => self.change_attempt(key, number, |attempt| {
                attempt.receipt.as_mut().expect("it has a receipt").later.push(receipt);
            }),
        }
        Fate::Late
    }

    fn change_attempt(&mut self, key: PartKey, number: u8, change: impl FnOnce(&mut Attempt)) {
        let Some(held) = self.set.change(key) else { return };
        let current = held.entry.parts[usize::from(key.index())].attempt.as_mut().filter(|it| it.number == number);
        if let Some(attempt) = current {
            change(attempt);
        } else if let Some(past) = held.entry.past.iter_mut().find(|it| it.key == key && it.attempt.number == number) {
            change(&mut past.attempt);
            let past = past.clone();
            self.set.changed_past(past);
        }
    }

    /// A carrier that a message has left has delivered it, whole: what the carrier after it wanted besides, for it
    /// cuts texts otherwise, is not waited for.
    fn end_rest(&mut self, key: PartKey, carrier: CarrierId) {
        let Some(held) = self.set.get(key.seq()) else { return };
        let delivered = |attempt: &&Attempt| {
            attempt.link.carrier == carrier
                && attempt.receipt.as_ref().is_some_and(|receipt| receipt.status == Status::Delivered)
        };
        let has = |part: &&Part| attempts_of(&held.entry, part.key).any(|attempt| delivered(&attempt));
        let whole = self.beat.plan.submits_at(&held.entry.body, carrier).map(usize::from);
        let rest = |it: &&Part| !it.phase().is_final() && it.lane.carrier() != carrier && !has(it);
        if whole != Some(held.entry.parts.iter().filter(has).count()) {
            return;
        }
        let rest: Vec<PartKey> = held.entry.parts.iter().filter(rest).map(|it| it.key).collect();
        for key in rest {
            let phase = self.set.part(key).map(Part::phase);
            let end = if phase == Some(Phase::Queued) { End::Cancelled } else { End::Delivered };
            self.leave_lane(key);
            self.step(key, Move::End(end), (end == End::Cancelled).then_some(Reason::Cancelled));
            if phase != Some(Phase::Intended) {
                self.set.unstage(key);
            }
        }
    }
}

/// How a part ends by a receipt of this status; `None` while more is to come.
const fn end_of(status: Status) -> Option<End> {
    match status {
        Status::Delivered => Some(End::Delivered),
        Status::Failed => Some(End::Failed),
        Status::Expired => Some(End::Expired),
        Status::Unknown => Some(End::Unknown),
        Status::Queued | Status::Sent | Status::Cancelled => None,
    }
}

const fn reason_of(end: End) -> Reason {
    match end {
        End::Expired => Reason::Expired,
        End::Unknown => Reason::OutcomeUnknown,
        _ => Reason::Undeliverable,
    }
}
