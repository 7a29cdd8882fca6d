//! A part was perhaps written, and nobody knows: its route says what follows.

use crate::dispatch::Dispatch;
use crate::dispatch::door::fact::{DoubtCause, Fact};
use crate::dispatch::tried::attempts_of;
use crate::message::attempt::{Answer, Attempt, Cause};
use crate::message::id::PartKey;
use crate::message::phase::{End, Move};
use crate::message::reason::Reason;
use crate::route::plan::UnknownPolicy;

impl Dispatch {
    /// It was perhaps written: the route says what follows.
    pub(crate) fn doubt(&mut self, key: PartKey, cause: DoubtCause) {
        let crash = cause == DoubtCause::Crash;
        let Some(held) = self.set.change(key) else { return };
        let message = held.entry.body.id;
        let policy = self.beat.plan.routes.get(&held.entry.body.route).map(|it| it.unknown);
        let part = &mut held.entry.parts[usize::from(key.index())];
        let Some(attempt) = part.attempt.as_mut() else { return };
        attempt.answer = Some(Answer::Unknown);
        let carrier = attempt.link.carrier;
        if crash {
            self.owed.is_back();
        }
        self.beat.tell(Fact::Doubtful { message, carrier, cause });
        self.step(key, Move::Doubt, None);
        self.note_doubt(key);
        // A receipt that waits knows what happened; the route only knows what to do for want of it.
        if self.settle_by_handset(key) {
            return;
        }
        // Of a route that is configured no more nobody says what to do: to hold sends nothing twice, and a receipt
        // still ends it.
        match policy.unwrap_or(UnknownPolicy::Hold) {
            UnknownPolicy::Resend => self.resend(key),
            UnknownPolicy::Hold => (),
            // Whoever took it before may still deliver it.
            UnknownPolicy::Fail if self.is_pending(key, None) => {
                self.end_or_wait(key, End::Failed, Reason::OutcomeUnknown);
            }
            UnknownPolicy::Fail => self.step(key, Move::End(End::Failed), Some(Reason::OutcomeUnknown)),
        }
    }

    pub(crate) fn note_doubt(&mut self, key: PartKey) {
        let Some(held) = self.set.get(key.seq()) else { return };
        let attempt = held.entry.parts[usize::from(key.index())].attempt.as_ref();
        if let Some((carrier, number)) = attempt.map(|it| (it.link.carrier, it.number)) {
            let destination = held.entry.body.destination;
            self.owed.doubt((carrier, destination, key), number);
        }
    }

    /// To the next carrier if there is one, else to the same.
    fn resend(&mut self, key: PartKey) {
        if !self.spend(key) {
            // Any of the attempts may have arrived: a late receipt is still welcome.
            self.step(key, Move::End(End::Unknown), Some(Reason::OutcomeUnknown));
        } else if self.set.part(key).is_some_and(|it| it.moved.is_some()) || !self.fail_over(key.seq(), Cause::Resend) {
            // Its message has gone on already, or there is nowhere to go. Who took an earlier attempt by now, as a late
            // answer has told, has it.
            if self.is_taken_where_it_waits(key) {
                self.end_or_wait(key, End::Unknown, Reason::OutcomeUnknown);
            } else {
                self.give_back(key);
            }
        }
    }

    fn is_taken_where_it_waits(&self, key: PartKey) -> bool {
        let waits_for = self.set.part(key).map(|it| it.lane.carrier());
        let taken = |it: &Attempt| it.answer == Some(Answer::Taken) && Some(it.link.carrier) == waits_for;
        self.is_pending(key, None) && self.entry(key).is_some_and(|it| attempts_of(it, key).any(taken))
    }
}
