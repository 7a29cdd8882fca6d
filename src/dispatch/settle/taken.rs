//! A carrier took a part, and mostly named it.

use crate::carrier::report::Answered;
use crate::dispatch::Dispatch;
use crate::dispatch::door::fact::Fact;
use crate::message::attempt::Answer;
use crate::message::id::PartKey;
use crate::message::phase::Move;

impl Dispatch {
    /// The carrier took the part and, mostly, named it.
    pub(crate) fn accept_answer(&mut self, key: PartKey, answered: Answered) {
        self.step(key, Move::Take, None);
        let timeout = self.receipt_timeout(key);
        let window = self.receipt_window(key);
        if let Some(held) = self.set.change(key) {
            let expires = held.entry.body.expires;
            let part = &mut held.entry.parts[usize::from(key.index())];
            part.ends = expires.max(self.beat.now) + timeout;
            part.taken_at = part.taken_at.known().unwrap_or(self.beat.now);
            if let Some(window) = window {
                part.due = self.beat.now + window;
                self.sweep.late_at(part.due);
            }
        }
        self.name(key, answered);
    }

    /// Keeps the carrier's name and price of the current attempt, and takes up receipts that came first.
    pub(crate) fn name(&mut self, key: PartKey, answered: Answered) {
        if answered.answer != Answer::Taken {
            return;
        }
        let Some(held) = self.set.get(key.seq()) else { return };
        let carrier = self.set.part(key).and_then(|it| it.attempt.as_ref()).map(|it| it.link.carrier);
        let cost = carrier.and_then(|it| self.beat.plan.cost_at(&held.entry.body, it));
        let Some(held) = self.set.change(key) else { return };
        let Some(attempt) = held.entry.parts[usize::from(key.index())].attempt.as_mut() else { return };
        // A late answer without an id takes none away that a receipt has told.
        attempt.carrier_message_id = answered.carrier_message_id.or(attempt.carrier_message_id.take());
        // A carrier that answers twice charges once.
        let charged = cost.filter(|_| attempt.cost.is_none());
        attempt.cost = cost.or(attempt.cost);
        let (carrier, number, class) = (attempt.link.carrier, attempt.number, held.entry.body.class);
        self.beat.out.facts.extend(charged.map(|amount| Fact::Cost { carrier, class, amount }));
        let Some(id) = attempt.carrier_message_id.clone() else {
            // Its receipts will come under a name that nobody knows: no doubt may take them for its own.
            self.owed.note_unresolved((carrier, held.entry.body.destination, key, number));
            return;
        };
        self.set.note_name(id.rhash(carrier), key);
        self.unpark(key, number, carrier, &id);
    }
}
