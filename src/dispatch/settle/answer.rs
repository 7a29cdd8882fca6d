//! What answers mean: where a part goes that its carrier took, refused, or asks to have later.

use crate::carrier::answer;
use crate::carrier::report::{Answered, Ticket};
use crate::dispatch::door::fact::{DoubtCause, Fact};
use crate::dispatch::give::backoff::backoff;
use crate::dispatch::tried::is_live;
use crate::dispatch::{Dice, Dispatch};
use crate::message::attempt::{Answer, Cause};
use crate::message::id::{CarrierId, LinkId, PartKey};
use crate::message::part::{Moved, Part};
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::route::plan::Partial;
use crate::smpp::status::CommandStatus;

impl Dispatch {
    pub(crate) fn take_answer(&mut self, link: LinkId, ticket: Ticket, answered: Answered, dice: Dice<'_>) {
        let key = ticket.key();
        let Some(held) = self.set.get(key.seq()) else { return };
        let destination = held.entry.body.destination;
        let message = held.entry.body.id;
        // The link is rid of it, whatever becomes of the part: what it holds is counted before anything is judged.
        if let Some(carrier) = self.carriers.get_mut(&link.carrier) {
            carrier.freed_slot(link.bind, destination);
        }
        self.owed.is_back();
        self.set.unstage(key);
        let now = self.beat.now;
        let Some(held) = self.set.change(key) else { return };
        let part = &mut held.entry.parts[usize::from(key.index())];
        let Some(attempt) = part.attempt.as_mut().filter(|it| it.number == ticket.number()) else { return };
        let sent = attempt.intended_at;
        let took = answered.took;
        attempt.ends(now, took);
        let waited = attempt.queue_time();
        attempt.answer = Some(answered.answer);
        attempt.command_status = answered.command_status;
        let (answer, command_status, throttled) = (answered.answer, answered.command_status, answered.throttled);
        let country = self.beat.plan.country(destination);
        let phase = part.phase();
        self.note_answer(link, ticket, &answered);
        self.note_pace(link, key, sent, &answered);
        let fact = Fact::Answered { message, link, country, answer, command_status, took, waited, throttled };
        self.beat.tell(fact);
        self.health.note_usual(&mut self.beat, link.carrier, &answered);
        if phase == Phase::Intended {
            self.act_on(link, key, answered, dice);
        } else {
            // A receipt of an earlier attempt has ended it meanwhile.
            self.name(key, answered);
        }
        self.go_on(key);
        // Last, for only now nothing of this answer is on a link any more.
        self.settle_waiting(link.carrier, destination);
    }

    pub(super) fn act_on(&mut self, link: LinkId, key: PartKey, answered: Answered, dice: Dice<'_>) {
        match answered.answer {
            Answer::Taken => self.accept_answer(key, answered),
            // It never left, so that nothing is spent and nobody is asked to wait.
            Answer::NotSent => self.give_back(key),
            Answer::Later if answered.throttled => self.throttle(link, key, dice),
            Answer::Later => self.again_later(key, answered.reason, dice),
            Answer::Elsewhere => self.elsewhere(key, answered.reason, dice),
            Answer::Never => self.fail(key, answered.reason),
            Answer::Unknown => self.doubt(key, DoubtCause::NoAnswer),
        }
        self.follow(link, key);
    }

    /// The message has gone to another carrier while this part was on a link: it goes after it, unless it was taken and
    /// its route has the rest go alone. Then it stays, and what it waits for is of the carrier that has it.
    fn follow(&mut self, link: LinkId, key: PartKey) {
        let Some(route) = self.set.get(key.seq()).map(|it| it.entry.body.route) else { return };
        let whole = self.beat.plan.routes.get(&route).is_some_and(|it| it.partial == Partial::Whole);
        let goes = |it: &Moved| whole || it.cause == Cause::NoReceipt;
        let left = |it: &&Part| it.phase() == Phase::Sent && it.lane.carrier() != link.carrier;
        let Some(part) = self.set.part(key).filter(left) else { return };
        let Some(moved) = &part.moved else { return };
        match part.attempt.as_ref().and_then(|it| it.answer) {
            // What one carrier refused for good is offered to no other, although a third may still deliver it.
            Some(Answer::Never) => (),
            _ if goes(moved) => self.give_back(key),
            Some(Answer::Taken) => self.stay_at(key, link.carrier),
            _ => (),
        }
    }

    /// A part of a message that has gone on is with this carrier all the same.
    pub(super) fn stay_at(&mut self, key: PartKey, carrier: CarrierId) {
        if let Some(held) = self.set.change(key) {
            let part = &mut held.entry.parts[usize::from(key.index())];
            (part.lane, part.moved) = (part.lane.at(carrier), None);
        }
    }

    /// This carrier does not take it: the next does, or none. Where a route has but one, elsewhere is the same
    /// carrier later, unless it refused the numbers themselves: then it would refuse them again.
    fn elsewhere(&mut self, key: PartKey, reason: Option<Reason>, dice: Dice<'_>) {
        let Some(held) = self.set.get(key.seq()) else { return };
        let about_numbers = reason.is_some_and(is_about_numbers);
        if self.health.ranking(&self.beat.plan, &held.entry.body).len() < 2 {
            let for_good = about_numbers || reason == Some(Reason::ContentRefused);
            return if for_good { self.fail(key, reason) } else { self.again_later(key, reason, dice) };
        }
        // Half of a message is worth less than a wait: where no other carrier may take the rest, this one is asked
        // again.
        if self.is_partial(&held.entry) && !about_numbers && !self.has_next(key.seq()) {
            return self.again_later(key, reason, dice);
        }
        // Two carriers that find a number bad are believed.
        let before = held.entry.past.iter().filter(|it| it.key == key).filter_map(|it| it.attempt.command_status);
        let twice = about_numbers && before.map(CommandStatus::from_u32).any(answer::is_about_numbers);
        if twice || !self.spend(key) {
            return self.fail(key, reason);
        }
        self.step(key, Move::Return, None);
        // The rest of its message has gone on while this was on the link: it follows, without a choice of its own.
        if self.set.part(key).is_some_and(|it| it.moved.is_some()) {
            return self.put_first(key);
        }
        if self.next_carrier(key.seq(), |_| true).is_none() && self.has_next(key.seq()) {
            // The others are closed: as if there were none, this one is asked again.
            let spent = self.set.part(key).map_or(1, |it| it.spent);
            return self.delay(key, backoff(self.retry(key), spent, dice()));
        }
        if let Some(held) = self.set.change(key) {
            held.refused = Some(Reason::AllCarriersFailed);
        }
        self.go_on(key);
    }

    /// A message that its carrier does not take goes on to the next, or ends if there is none; where the next cuts
    /// it otherwise, not before all its parts are back. The rest of one that was taken in part is tried here once more.
    fn go_on(&mut self, key: PartKey) {
        let Some(held) = self.set.get(key.seq()) else { return };
        let Some(reason) = held.refused else { return };
        let parts = &held.entry.parts;
        let on_links = parts.iter().any(|it| it.phase() == Phase::Intended);
        let live = parts.iter().filter(|it| is_live(it)).count();
        let next = self.next_carrier(key.seq(), |_| true);
        if on_links && next.is_some_and(|(_, submits)| usize::from(submits) != live) {
            return;
        }
        let waiting: Vec<PartKey> = parts
            .iter()
            .filter(|it| it.phase() == Phase::Queued && !self.set.is_staged(it.key))
            .map(|it| it.key)
            .collect();
        if let Some(held) = self.set.change(key) {
            held.refused = None;
        }
        if next.is_some_and(|it| self.move_message(key.seq(), it, Cause::Failover)) {
            return;
        }
        let partial = self.set.get(key.seq()).is_some_and(|it| self.is_partial(&it.entry));
        for key in waiting {
            let untried = self.set.part(key).is_some_and(|it| it.spent < 2);
            if partial && untried && !self.has_next(key.seq()) {
                self.delay(key, self.retry(key).base);
            } else {
                self.fail(key, Some(reason));
            }
        }
    }

    /// To its lane after a wait, if its route allows another attempt.
    fn again_later(&mut self, key: PartKey, reason: Option<Reason>, dice: Dice<'_>) {
        let retry = self.retry(key);
        let Some(held) = self.set.change(key) else { return };
        let part = &mut held.entry.parts[usize::from(key.index())];
        part.spent = part.spent.saturating_add(1);
        let wait = backoff(retry, part.spent, dice());
        if self.is_spent(key) {
            self.fail(key, reason);
            return;
        }
        self.step(key, Move::Return, None);
        // The last try is another carrier's: it has not said that it is busy.
        let last = usize::from(retry.attempts) <= usize::from(self.set.part(key).map_or(0, |it| it.spent)) + 1;
        if !(last && self.fail_over(key.seq(), Cause::Failover)) {
            self.delay(key, wait);
        }
    }

    fn fail(&mut self, key: PartKey, reason: Option<Reason>) {
        self.end_or_wait(key, End::Failed, reason.unwrap_or(Reason::SubmitError));
    }
}

/// Whether a refusal is about the recipient's or the sender's number.
const fn is_about_numbers(reason: Reason) -> bool {
    matches!(reason, Reason::NumberInvalid | Reason::SenderRefused)
}
