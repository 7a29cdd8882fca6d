//! What a carrier that took a part may still deliver: while that is so, the part does not fail, whatever others say.

use crate::dispatch::Dispatch;
use crate::message::attempt::{Answer, Attempt};
use crate::message::id::{CarrierId, PartKey};
use crate::message::part::Part;
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::message::status::Status;
use crate::message::time::Time;

impl Dispatch {
    /// Whether an attempt of a part, other than this one, was taken and has no final receipt yet.
    pub(super) fn is_pending(&self, key: PartKey, but: Option<u8>) -> bool {
        let taken = |it: &&Attempt| it.answer == Some(Answer::Taken) && Some(it.number) != but;
        let ended = |it: &Attempt| it.receipt.as_ref().is_some_and(|it| it.status.is_final());
        self.attempts_of(key).filter(taken).any(|it| !ended(it))
    }

    /// The first of the attempts of a part at a carrier, up to this one, since which none there was answered.
    pub(super) fn unanswered_since(&self, key: PartKey, carrier: CarrierId, number: u8) -> u8 {
        let mut before: Vec<&Attempt> =
            self.attempts_of(key).filter(|it| it.link.carrier == carrier && it.number < number).collect();
        before.sort_unstable_by_key(|it| std::cmp::Reverse(it.number));
        let unanswered = before.into_iter().take_while(|it| it.answer == Some(Answer::Unknown));
        unanswered.last().map_or(number, |it| it.number)
    }

    /// Whether nobody knows what became of an attempt of a part.
    fn is_doubted(&self, key: PartKey) -> bool {
        self.attempts_of(key).any(|it| it.answer == Some(Answer::Unknown))
    }

    fn attempts_of(&self, key: PartKey) -> impl Iterator<Item = &Attempt> {
        let entry = self.set.get(key.seq()).map(|it| &it.entry);
        let current = entry.and_then(|it| it.parts.get(usize::from(key.index()))?.attempt.as_ref());
        let past = entry.into_iter().flat_map(|it| &it.past).filter(move |it| it.key == key).map(|it| &it.attempt);
        current.into_iter().chain(past)
    }

    /// A carrier that a message has left has delivered it, whole: what the carrier after it wanted besides, for it
    /// cuts texts otherwise, is not waited for.
    pub(super) fn end_rest(&mut self, key: PartKey, carrier: CarrierId) {
        let Some(held) = self.set.get(key.seq()) else { return };
        let delivered = |it: &&Attempt| {
            it.link.carrier == carrier && it.receipt.as_ref().is_some_and(|it| it.status == Status::Delivered)
        };
        let has = |it: &&Part| self.attempts_of(it.key).any(|it| delivered(&it));
        let whole = self.submits_at(&held.entry.body, carrier).map(usize::from);
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

    /// A part that goes to no carrier any more ends; unless one took it before: then its receipt is waited for.
    pub(super) fn end_or_wait(&mut self, key: PartKey, end: End, reason: Reason) {
        if !self.is_pending(key, None) {
            // Nor does it fail while nobody knows what became of an attempt: a late receipt corrects that end.
            return match end {
                End::Failed if self.is_doubted(key) => {
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
}
