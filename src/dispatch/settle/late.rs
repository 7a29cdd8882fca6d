//! Answers that come after an attempt was given up for doubtful.

use crate::carrier::report::{Answered, Ticket};
use crate::dispatch::door::fact::Fact;
use crate::dispatch::{Dice, Dispatch};
use crate::message::attempt::{Answer, Attempt};
use crate::message::id::{LinkId, PartKey};
use crate::message::part::Part;
use crate::message::phase::{End, Phase};
use crate::message::reason::Reason;

impl Dispatch {
    /// An answer to an attempt whose outcome was in doubt.
    pub(crate) fn late(&mut self, link: LinkId, ticket: Ticket, answered: Answered, dice: Dice<'_>) {
        let key = ticket.key();
        if let Some(to) = self.entry(key).map(|it| it.body.destination) {
            self.owed.note_resolved((link.carrier, to, key, ticket.number()));
        }
        let Some(part) = self.set.part(key) else { return };
        let (current, now) = (part.attempt.as_ref().is_some_and(|it| it.number == ticket.number()), self.beat.now);
        // What the route sends again is queued by now, and is in doubt nevertheless until it has gone.
        let in_doubt = matches!(part.phase(), Phase::Doubtful | Phase::Queued);
        if !current {
            self.late_past(link, ticket, answered);
        } else if answered.answer == Answer::Taken && in_doubt {
            // Taken after all: what was to be sent again need not be, and its place is here.
            self.leave_lane(key);
            if let Some(attempt) = self.current(key) {
                attempt.answer = Some(Answer::Taken);
                (attempt.command_status, attempt.answered_at) = (answered.command_status, now);
            }
            self.accept_answer(key, answered);
            self.stay_at(key, link.carrier);
        } else if answered.answer == Answer::Taken {
            self.name(key, answered);
        } else if part.phase() == Phase::Doubtful {
            if let Some(attempt) = self.current(key) {
                attempt.answer = Some(answered.answer);
                (attempt.command_status, attempt.answered_at) = (answered.command_status, now);
            }
            self.act_on(link, key, answered, dice);
        }
    }

    fn current(&mut self, key: PartKey) -> Option<&mut Attempt> {
        self.set.change(key)?.entry.parts[usize::from(key.index())].attempt.as_mut()
    }

    fn late_past(&mut self, link: LinkId, ticket: Ticket, answered: Answered) {
        let (key, number, now) = (ticket.key(), ticket.number(), self.beat.now);
        let cost = self.set.get(key.seq()).and_then(|it| self.beat.plan.cost_at(&it.entry.body, link.carrier));
        let Some(held) = self.set.change(key) else { return };
        let Some(past) = held.entry.past.iter_mut().find(|it| it.key == key && it.attempt.number == number) else {
            return;
        };
        past.attempt.answer = Some(answered.answer);
        (past.attempt.command_status, past.attempt.answered_at) = (answered.command_status, now);
        past.attempt.carrier_message_id = answered.carrier_message_id;
        let charged = cost.filter(|_| answered.answer == Answer::Taken && past.attempt.cost.is_none());
        past.attempt.cost = cost.or(past.attempt.cost).filter(|_| answered.answer == Answer::Taken);
        let (carrier, changed, class) = (past.attempt.link.carrier, past.clone(), held.entry.body.class);
        self.beat.out.facts.extend(charged.map(|amount| Fact::Cost { carrier, class, amount }));
        self.set.changed_past(changed.clone());
        if let Some(id) = changed.attempt.carrier_message_id {
            self.set.note_name(id.rhash(carrier), key);
            self.unpark(key, number, carrier, &id);
        }
        let waits = |it: &Part| it.phase() == Phase::Queued && it.lane.carrier() == carrier;
        if self.set.part(key).is_some_and(waits) && self.is_pending(key, None) {
            // It waits to be sent there once more, and need not be.
            self.leave_lane(key);
            self.end_or_wait(key, End::Expired, Reason::Expired);
        }
    }
}
