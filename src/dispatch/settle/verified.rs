//! What an application says of a message: whether the code in it came back.

use crate::carrier::report::Ticket;
use crate::dispatch::Dispatch;
use crate::dispatch::door::happening::{Feedback, RequestId};
use crate::dispatch::door::reply::{Denial, Noted};
use crate::message::attempt::Attempt;
use crate::message::id::{CarrierId, PartKey, Seq};
use crate::message::phase::{End, Phase};
use crate::message::reason::Reason;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::route::score::DeliveryOutcome;

impl Dispatch {
    /// An application says whether the code in a message came back. If it did, no other carrier is tried any more.
    pub(crate) fn outcome(&mut self, request: RequestId, feedback: Feedback) {
        let Feedback { account, message, verified } = feedback;
        let known = self.set.get(message.seq).map(|it| &it.entry);
        let known = known.filter(|it| it.body.id == message && it.body.account == account);
        let Some(entry) = known.filter(|_| !self.arrivals.holds(message.seq)) else {
            return self.beat.deny(request, Denial::NotFound);
        };
        if entry.status() == Status::Cancelled {
            return self.beat.deny(request, Denial::NeverLeft);
        }
        self.note_outcome(message.seq, verified);
        if verified {
            self.end_tries(message.seq);
        }
        self.beat.grant(request, Noted);
    }

    /// The code in a message came back, or did not: that is to the credit of who carried it.
    pub(crate) fn note_outcome(&mut self, seq: Seq, verified: bool) {
        let (Some(entry), Some(carrier)) = (self.set.get(seq).map(|it| &it.entry), self.credited(seq)) else { return };
        let outcome = if verified { DeliveryOutcome::Verified } else { DeliveryOutcome::NotVerified };
        self.health.note_outcome(&self.beat, &entry.body, carrier, outcome);
    }

    /// Who carried a message: of several carriers that had it, the one that delivered it; else the last.
    pub(crate) fn credited(&self, seq: Seq) -> Option<CarrierId> {
        let entry = self.set.get(seq).map(|it| &it.entry)?;
        let first = PartKey::new(seq, 0);
        let past = entry.past.iter().filter(|it| it.key == first).map(|it| &it.attempt);
        let attempts = entry.parts.iter().take(1).filter_map(|it| it.attempt.as_ref()).chain(past);
        let delivered =
            |attempt: &&Attempt| attempt.receipt.as_ref().is_some_and(|receipt| receipt.status == Status::Delivered);
        attempts.clone().find(delivered).or_else(|| attempts.clone().next()).map(|it| it.link.carrier)
    }

    /// No other attempt of a message is worth anything.
    pub(crate) fn end_tries(&mut self, seq: Seq) {
        for key in self.keys(seq, |it| !it.phase().is_final() && it.attempt.is_some()) {
            let waits = self.set.part(key).is_some_and(|it| it.phase() == Phase::Queued);
            if let Some(held) = self.set.change(key) {
                let part = &mut held.entry.parts[usize::from(key.index())];
                part.spent = Ticket::ATTEMPTS_MAX;
                part.due = if waits { part.due } else { Time::NEVER };
            }
            if waits {
                self.leave_lane(key);
                self.end_or_wait(key, End::Expired, Reason::Expired);
                self.set.unstage(key);
            }
        }
    }
}
