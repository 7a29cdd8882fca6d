//! What the links say: up and down, answers, and what a doubt means.

use crate::carrier::answer;
use crate::carrier::dialect::ReceiptsAsked;
use crate::carrier::report::{Answered, News, Report, Ticket};
use crate::carrier::talk::Talk;
use crate::dispatch::command::Command;
use crate::dispatch::fact::{DoubtCause, Fact};
use crate::dispatch::failover::is_live;
use crate::dispatch::seen::Session;
use crate::dispatch::{Dice, Dispatch};
use crate::message::attempt::{Answer, Attempt, Cause};
use crate::message::body::Body;
use crate::message::id::{CarrierId, LinkId, PartKey};
use crate::message::money::Money;
use crate::message::part::{Moved, Part};
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::route::plan::{Partial, Retry, UnknownPolicy};
use crate::smpp::status::CommandStatus;
use std::time::Duration;

impl Dispatch {
    pub(super) fn hear(&mut self, link: LinkId, report: Report, dice: Dice<'_>) {
        self.note_link(link, &report);
        match report {
            Report::Up { capacity, window } => self.link_has(link, capacity, window),
            Report::Closing => self.link_has(link, 0, 0),
            Report::Lost | Report::Down => self.link_lost(link),
            Report::Answered(ticket, answered) => self.answered(link, ticket, answered, dice),
            Report::Late(ticket, answered) => self.late(link, ticket, answered, dice),
            Report::Queried(key, queried) => self.queried(link.carrier, key, queried),
            Report::Odd(_) | Report::Aside(_) | Report::PutOff(_) => (),
            Report::Inbound { tag, news } => {
                match news {
                    News::Receipt(receipt) => self.receipt(link.carrier, receipt, dice),
                    News::Mo(mo) => self.mo(Session { link, number: Talk::session(tag) }, mo, dice),
                }
                self.beat.order(Command::Confirm(link, tag));
            }
        }
    }

    fn link_has(&mut self, link: LinkId, capacity: usize, window: usize) {
        let Some(carrier) = self.carriers.get_mut(&link.carrier) else { return };
        carrier.link_has(link.bind, capacity, window);
    }

    fn link_lost(&mut self, link: LinkId) {
        let now = self.beat.now;
        if let Some(carrier) = self.carriers.get_mut(&link.carrier)
            && carrier.links.get(usize::from(link.bind)).is_some_and(|it| 0 < it.capacity)
        {
            carrier.lost_link(now);
        }
        self.link_has(link, 0, 0);
        self.answers_may_be_lost(link);
    }

    /// A link has ended for good. Mostly it has told of everything; if it was cut, it has not.
    pub(super) fn gone(&mut self, link: LinkId, dice: Dice<'_>) {
        self.link_has(link, 0, 0);
        self.link_words.remove(&link);
        self.answers_may_be_lost(link);
        self.queries.gone(link);
        for ticket in self.set.on_link(link) {
            self.answered(link, ticket, Answered::UNKNOWN, dice);
        }
    }

    fn answered(&mut self, link: LinkId, ticket: Ticket, answered: Answered, dice: Dice<'_>) {
        let key = ticket.key();
        let Some(held) = self.set.get(key.seq()) else { return };
        let destination = held.entry.body.destination;
        let message = held.entry.body.id;
        if let Some(carrier) = self.carriers.get_mut(&link.carrier) {
            carrier.freed_slot(link.bind, destination);
        }
        self.in_flight = self.in_flight.saturating_sub(1);
        self.set.unstage(key);
        let now = self.beat.now;
        let Some(held) = self.set.change(key) else { return };
        let part = &mut held.entry.parts[usize::from(key.index())];
        let Some(attempt) = part.attempt.as_mut().filter(|it| it.number == ticket.number()) else { return };
        let sent = attempt.intended_at;
        let took = answered.took;
        attempt.ends(now, took);
        let waited = attempt.waited();
        attempt.answer = Some(answered.answer);
        attempt.command_status = answered.command_status;
        let (answer, command_status, throttled) = (answered.answer, answered.command_status, answered.throttled);
        let country = self.beat.plan.country(destination);
        let phase = part.phase();
        self.note_answer(link, ticket, &answered);
        self.note_pace(link, key, sent, &answered);
        let fact = Fact::Answered { message, link, country, answer, command_status, took, waited, throttled };
        self.beat.tell(fact);
        self.note_usual(link.carrier, took, answer, throttled);
        if phase == Phase::Intended {
            self.act_on(link, key, answered, dice);
        } else {
            // A receipt of an earlier attempt has ended it meanwhile.
            self.name(key, answered);
        }
        self.go_on(key);
        self.settle_waiting(link.carrier, destination);
    }

    fn act_on(&mut self, link: LinkId, key: PartKey, answered: Answered, dice: Dice<'_>) {
        match answered.answer {
            Answer::Taken => self.taken(key, answered),
            Answer::NotSent => self.give_back(key),
            Answer::Later if answered.throttled => self.throttled(link, key, dice),
            Answer::Later => self.again_later(key, answered.reason, dice),
            Answer::Elsewhere => self.elsewhere(key, answered.reason, dice),
            Answer::Never => self.refused(key, answered.reason),
            Answer::Unknown => self.doubt(key, DoubtCause::NoAnswer),
        }
        self.follow(link, key);
    }

    /// The message has gone to another carrier while this part was on a link: it goes after it, unless it was taken and
    /// its route has the rest go alone.
    fn follow(&mut self, link: LinkId, key: PartKey) {
        let Some(route) = self.set.get(key.seq()).map(|it| it.entry.body.route) else { return };
        let whole = self.beat.plan.routes.get(&route).is_some_and(|it| it.partial == Partial::Whole);
        let goes = |it: &Moved| whole || it.cause == Cause::NoReceipt;
        let left = |it: &&Part| {
            it.phase() == Phase::Sent && it.lane.carrier() != link.carrier && it.moved.as_ref().is_some_and(goes)
        };
        // What one carrier refused for good is offered to no other, although a third may still deliver it.
        let refused = |it: &Part| it.attempt.as_ref().is_some_and(|it| it.answer == Some(Answer::Never));
        if self.set.part(key).filter(left).is_some_and(|it| !refused(it)) {
            self.give_back(key);
        }
    }

    /// This carrier does not take it: the next does, or none. Where a route has but one, elsewhere is the same
    /// carrier later, unless it refused the numbers themselves: then it would refuse them again.
    fn elsewhere(&mut self, key: PartKey, reason: Option<Reason>, dice: Dice<'_>) {
        let Some(held) = self.set.get(key.seq()) else { return };
        let about_numbers = reason.is_some_and(is_about_numbers);
        if self.ranking(&held.entry.body).len() < 2 {
            let for_good = about_numbers || reason == Some(Reason::ContentRefused);
            return if for_good { self.refused(key, reason) } else { self.again_later(key, reason, dice) };
        }
        // Half of a message is worth less than a wait: where no other carrier may take the rest, this one is asked again.
        if self.is_partial(&held.entry) && !about_numbers && !self.has_next(key.seq()) {
            return self.again_later(key, reason, dice);
        }
        // Two carriers that find a number bad are believed.
        let before = held.entry.past.iter().filter(|it| it.key == key).filter_map(|it| it.attempt.command_status);
        let twice = about_numbers && before.map(CommandStatus::from_u32).any(answer::is_about_numbers);
        if twice || !self.spend(key) {
            return self.refused(key, reason);
        }
        self.step(key, Move::Return, None);
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
                self.refused(key, Some(reason));
            }
        }
    }

    /// The carrier took the part and, mostly, named it.
    fn taken(&mut self, key: PartKey, answered: Answered) {
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

    /// How long a receipt is waited for before the next carrier is tried; `None` where there is no other.
    pub(super) fn receipt_window(&self, key: PartKey) -> Option<Duration> {
        let body = &self.set.get(key.seq())?.entry.body;
        let route = self.beat.plan.routes.get(&body.route)?;
        // Of who is asked for no receipt none is missing.
        let carrier = self.set.part(key)?.attempt.as_ref()?.link.carrier;
        let asked = self.beat.plan.carriers.get(&carrier).is_none_or(|it| it.dialect.receipts != ReceiptsAsked::None);
        route.receipt_window.filter(|_| asked && !self.beat.is_alone(route.id))
    }

    pub(super) fn receipt_timeout(&self, key: PartKey) -> Duration {
        let route = self.set.get(key.seq()).and_then(|it| self.beat.plan.routes.get(&it.entry.body.route));
        route.map_or(Duration::from_secs(24 * 3_600), |it| it.receipt_timeout)
    }

    /// Keeps the carrier's name and price of the current attempt, and takes up receipts that came first.
    fn name(&mut self, key: PartKey, answered: Answered) {
        if answered.answer != Answer::Taken {
            return;
        }
        let Some(held) = self.set.get(key.seq()) else { return };
        let carrier = self.set.part(key).and_then(|it| it.attempt.as_ref()).map(|it| it.link.carrier);
        let cost = carrier.and_then(|it| self.cost_at(&held.entry.body, it));
        let Some(held) = self.set.change(key) else { return };
        let Some(attempt) = held.entry.parts[usize::from(key.index())].attempt.as_mut() else { return };
        // A late answer without an id takes none away that a receipt has told.
        attempt.carrier_message_id = answered.carrier_message_id.or(attempt.carrier_message_id.take());
        // A carrier that answers twice charges once.
        let charged = cost.filter(|_| attempt.cost.is_none());
        attempt.cost = cost;
        let (carrier, number, class) = (attempt.link.carrier, attempt.number, held.entry.body.class);
        self.beat.out.facts.extend(charged.map(|amount| Fact::Cost { carrier, class, amount }));
        let Some(id) = attempt.carrier_message_id.clone() else {
            // Its receipts will come under a name that nobody knows: no doubt may take them for its own.
            self.unresolved.put((carrier, held.entry.body.destination, key, number));
            return;
        };
        self.set.named(id.rhash(carrier), key);
        self.unpark(key, number, carrier, &id);
    }

    /// What a carrier charges for one submit of a message.
    pub(super) fn cost_at(&self, body: &Body, carrier: CarrierId) -> Option<Money> {
        let each = self.beat.plan.cost(carrier, body.destination)?;
        // What a carrier cuts itself is one submit and charged by the SMS.
        Some(each.times(u64::from(body.parts / body.submits().max(1))))
    }

    /// An answer to an attempt whose outcome was in doubt.
    fn late(&mut self, link: LinkId, ticket: Ticket, answered: Answered, dice: Dice<'_>) {
        let key = ticket.key();
        self.resolved(link.carrier, key, ticket.number());
        let Some(part) = self.set.part(key) else { return };
        let (current, now) = (part.attempt.as_ref().is_some_and(|it| it.number == ticket.number()), self.beat.now);
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
            self.taken(key, answered);
            if let Some(held) = self.set.change(key) {
                let part = &mut held.entry.parts[usize::from(key.index())];
                (part.lane, part.moved) = (part.lane.at(link.carrier), None);
            }
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
        let cost = self.set.get(key.seq()).and_then(|it| self.cost_at(&it.entry.body, link.carrier));
        let Some(held) = self.set.change(key) else { return };
        let Some(past) = held.entry.past.iter_mut().find(|it| it.key == key && it.attempt.number == number) else {
            return;
        };
        past.attempt.answer = Some(answered.answer);
        (past.attempt.command_status, past.attempt.answered_at) = (answered.command_status, now);
        past.attempt.carrier_message_id = answered.carrier_message_id;
        let charged = cost.filter(|_| answered.answer == Answer::Taken && past.attempt.cost.is_none());
        past.attempt.cost = cost.filter(|_| answered.answer == Answer::Taken);
        let (carrier, changed, class) = (past.attempt.link.carrier, past.clone(), held.entry.body.class);
        self.beat.out.facts.extend(charged.map(|amount| Fact::Cost { carrier, class, amount }));
        self.set.changed_past(changed.clone());
        if let Some(id) = changed.attempt.carrier_message_id {
            self.set.named(id.rhash(carrier), key);
            self.unpark(key, number, carrier, &id);
        }
        let waits = |it: &Part| it.phase() == Phase::Queued && it.lane.carrier() == carrier;
        if self.set.part(key).is_some_and(waits) && self.is_pending(key, None) {
            // It waits to be sent there once more, and need not be.
            self.leave_lane(key);
            self.end_or_wait(key, End::Expired, Reason::Expired);
        }
    }

    /// Back to the head of its lane, at no cost but time.
    fn give_back(&mut self, key: PartKey) {
        self.step(key, Move::Return, None);
        let Some(held) = self.set.change(key) else { return };
        let expires = held.entry.body.expires;
        let part = &mut held.entry.parts[usize::from(key.index())];
        (part.ends, part.due) = (expires, crate::message::time::Time::NEVER);
        self.put_first(key);
    }

    /// Stages a queued part that may go at once, before all that are younger.
    pub(super) fn put_first(&mut self, key: PartKey) {
        let Some(lane) = self.set.part(key).map(|it| it.lane) else { return };
        if self.set.stage(key) {
            self.lanes.entry(lane).or_default().insert(key);
        }
        self.offer(lane);
    }

    /// To its lane after a wait, if its route allows another attempt.
    fn again_later(&mut self, key: PartKey, reason: Option<Reason>, dice: Dice<'_>) {
        let retry = self.retry(key);
        let Some(held) = self.set.change(key) else { return };
        let part = &mut held.entry.parts[usize::from(key.index())];
        part.spent = part.spent.saturating_add(1);
        let wait = backoff(retry, part.spent, dice());
        if self.is_spent(key) {
            self.refused(key, reason);
            return;
        }
        self.step(key, Move::Return, None);
        // The last try is another carrier's: it has not said that it is busy.
        let last = usize::from(retry.attempts) <= usize::from(self.set.part(key).map_or(0, |it| it.spent)) + 1;
        if !(last && self.fail_over(key.seq(), Cause::Failover)) {
            self.delay(key, wait);
        }
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
        self.lanes.entry(lane).or_default().delayed += 1;
        self.sweep.due_at(due);
    }

    pub(super) fn retry(&self, key: PartKey) -> Retry {
        let route = self.set.get(key.seq()).and_then(|it| self.beat.plan.routes.get(&it.entry.body.route));
        route.map_or_else(Retry::default, |it| it.retry)
    }

    fn refused(&mut self, key: PartKey, reason: Option<Reason>) {
        self.end_or_wait(key, End::Failed, reason.unwrap_or(Reason::SubmitError));
    }

    /// It was perhaps written: the route says what follows.
    pub(super) fn doubt(&mut self, key: PartKey, cause: DoubtCause) {
        let crash = cause == DoubtCause::Crash;
        let Some(held) = self.set.change(key) else { return };
        let message = held.entry.body.id;
        let policy = self.beat.plan.routes.get(&held.entry.body.route).map(|it| it.unknown);
        let part = &mut held.entry.parts[usize::from(key.index())];
        let Some(attempt) = part.attempt.as_mut() else { return };
        attempt.answer = Some(Answer::Unknown);
        let carrier = attempt.link.carrier;
        if crash {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
        self.beat.tell(Fact::Doubtful { message, carrier, cause });
        self.step(key, Move::Doubt, None);
        self.note_doubt(key);
        if self.settle_by_handset(key) {
            return;
        }
        match policy.unwrap_or(UnknownPolicy::Hold) {
            UnknownPolicy::Resend => self.resend(key),
            UnknownPolicy::Hold => (),
            UnknownPolicy::Fail if self.is_pending(key, None) => self.refused(key, Some(Reason::OutcomeUnknown)),
            UnknownPolicy::Fail => self.step(key, Move::End(End::Failed), Some(Reason::OutcomeUnknown)),
        }
    }

    pub(super) fn note_doubt(&mut self, key: PartKey) {
        let Some(held) = self.set.get(key.seq()) else { return };
        let attempt = held.entry.parts[usize::from(key.index())].attempt.as_ref();
        if let Some((carrier, number)) = attempt.map(|it| (it.link.carrier, it.number)) {
            let destination = held.entry.body.destination;
            self.doubtful.insert((carrier, destination, key));
            self.unresolved.put((carrier, destination, key, number));
        }
    }

    /// What became of a doubt has been learnt.
    pub(super) fn resolved(&mut self, carrier: CarrierId, key: PartKey, number: u8) {
        if let Some(held) = self.set.get(key.seq()) {
            self.unresolved.take((carrier, held.entry.body.destination, key, number));
        }
    }

    /// To the next carrier if there is one, else to the same.
    fn resend(&mut self, key: PartKey) {
        if !self.spend(key) {
            // Any of the attempts may have arrived: a late receipt is still welcome.
            self.step(key, Move::End(End::Unknown), Some(Reason::OutcomeUnknown));
        } else if self.set.part(key).is_some_and(|it| it.moved.is_some()) || !self.fail_over(key.seq(), Cause::Resend) {
            // Its message has gone on already, or there is nowhere to go.
            self.give_back(key);
        }
    }
}

/// Whether a refusal is about the recipient's or the sender's number.
const fn is_about_numbers(reason: Reason) -> bool {
    matches!(reason, Reason::NumberInvalid | Reason::SenderRefused)
}

/// How long to wait before the attempt after `spent` refused ones: the base doubled each time,
/// at most the maximum, of which a random half is jitter.
pub(super) fn backoff(retry: Retry, spent: u8, dice: u64) -> Duration {
    let doubled = retry.base.saturating_mul(1 << u32::from(spent.saturating_sub(1)).min(20)).min(retry.max);
    let half = doubled / 2;
    half + half.mul_f64((dice >> 11) as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_maximum_and_half_of_each_is_jitter() {
        let retry = Retry { base: Duration::from_secs(1), max: Duration::from_secs(6), attempts: 9 };
        for (spent, most) in [(1, 1), (2, 2), (3, 4), (4, 6), (100, 6)] {
            let most = Duration::from_secs(most);
            assert_eq!(backoff(retry, spent, 0), most / 2);
            assert!(backoff(retry, spent, u64::MAX) <= most);
        }
    }
}
