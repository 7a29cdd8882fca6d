//! How carriers do: what their breakers and scores learn from answers and receipts, and what is made of it.

use crate::carrier::answer;
use crate::carrier::report::{Answered, Ticket};
use crate::dispatch::Dispatch;
use crate::dispatch::command::Reply;
use crate::dispatch::fact::Fact;
use crate::dispatch::happening::RequestId;
use crate::message::attempt::{Answer, Attempt};
use crate::message::id::{AccountId, CarrierId, LinkId, MessageId, PartKey, RouteId};
use crate::message::phase::{End, Phase};
use crate::message::reason::Reason;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::route::breaker::Kind;
use crate::route::plan::Order;
use crate::route::score::{Judged, Outcome, Score};
use crate::smpp::status::CommandStatus;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often what the scores mean is worked out anew.
const JUDGED_EVERY: Duration = Duration::from_secs(1);
/// Routes times countries that are worked out each second: a millisecond.
const JUDGED_AT_ONCE: usize = 100;
/// Routes times countries of which it is worked out: what is beyond has the order of its list.
const JUDGED_MAX: usize = 2_000;

/// What was learned of carriers, and what it means for the routes that ask for it.
#[derive(Debug, Default)]
pub(super) struct Health {
    score: Score,
    judged: BTreeMap<(RouteId, Option<&'static str>), Vec<Judged>>,
    next: Time,
}

impl Health {
    /// What the carriers of a route are worth in a country.
    pub(super) fn judged(&self, route: RouteId, country: Option<&'static str>) -> &[Judged] {
        self.judged.get(&(route, country)).map_or(&[], Vec::as_slice)
    }

    /// All that is known, by route and country.
    pub(super) fn all(&self) -> impl Iterator<Item = (RouteId, Option<&'static str>, &[Judged])> {
        self.judged.iter().map(|((route, country), it)| (*route, *country, it.as_slice()))
    }
}

impl Dispatch {
    /// An answer, or its absence, says something of its carrier.
    pub(super) fn note_answer(&mut self, link: LinkId, ticket: Ticket, answered: &Answered) {
        let Some(carrier) = self.carriers.get_mut(&link.carrier) else { return };
        let status = answered.command_status.map(CommandStatus::from_u32);
        let faulty = status.is_none_or(|it| answer::is_fault(answered.answer, it));
        let unsayable = answered.reason == Some(Reason::ContentRefused);
        let kind = match answered.answer {
            // A bad number, or a text that cannot be said there, is nobody's fault.
            Answer::Elsewhere if faulty && !unsayable => Kind::Fault,
            Answer::Unknown => Kind::Fault,
            _ => Kind::NoFault,
        };
        carrier.note(self.beat.now, ticket, (answered.answer != Answer::NotSent).then_some(kind));
    }

    /// An attempt has ended so long after it was written: is its carrier as usual? What asks for a slower pace is told elsewhere.
    pub(super) fn note_usual(&mut self, carrier: CarrierId, took: Option<Duration>, answer: Answer, throttled: bool) {
        let Some(took) = took.filter(|_| answer != Answer::NotSent) else { return };
        let refused = !throttled && !matches!(answer, Answer::Taken | Answer::Unknown);
        let turns = self.usual.entry(carrier).or_default().note(self.beat.now, took, refused);
        self.beat.out.facts.extend(turns.into_iter().map(|turn| Fact::Turned { carrier, turn }));
    }

    /// What has become of a message at a carrier says something of the carrier.
    pub(super) fn note_outcome(&mut self, key: PartKey, carrier: CarrierId, outcome: Outcome) {
        let Some(held) = self.set.get(key.seq()) else { return };
        // A message counts once, however many parts it has.
        if key.index() != 0 {
            return;
        }
        let (country, route) = (self.beat.plan.country(held.entry.body.destination), held.entry.body.route);
        self.health.score.note(self.beat.now, carrier, country, outcome);
        if self.health.judged.len() < JUDGED_MAX {
            self.health.judged.entry((route, country)).or_default();
        }
    }

    /// A part has ended at a carrier by a receipt.
    pub(super) fn note_receipt(&mut self, key: PartKey, attempt: &Attempt, delivered: bool) {
        let taken_at = attempt.answered_at.known().unwrap_or(attempt.intended_at);
        if let Some(body) = self.set.get(key.seq()).map(|it| it.entry.body.clone())
            && let Some(status) = attempt.receipt.as_ref().map(|it| it.status)
        {
            let (country, class, after) =
                (self.beat.plan.country(body.destination), body.class, self.beat.now.since(taken_at));
            self.beat.tell(Fact::Outcome { carrier: attempt.link.carrier, country, class, status, after });
        }
        let outcome = match delivered {
            true => Outcome::Delivered { after: self.beat.now.since(taken_at) },
            false => Outcome::NotDelivered,
        };
        self.note_outcome(key, attempt.link.carrier, outcome);
    }

    /// An application says whether the code in a message came back. If it did, no other carrier is tried any more.
    pub(super) fn outcome(&mut self, request: RequestId, account: AccountId, message: MessageId, verified: bool) {
        let known = self.set.get(message.seq).map(|it| &it.entry);
        let known = known.filter(|it| it.body.id == message && it.body.account == account);
        let Some(entry) = known.filter(|_| !self.arrivals.holds(message.seq)) else {
            return self.beat.reply(request, Reply::NotFound);
        };
        if entry.status() == Status::Cancelled {
            return self.beat.reply(request, Reply::NeverLeft);
        }
        let first = PartKey::new(message.seq, 0);
        let past = entry.past.iter().filter(|it| it.key == first).map(|it| &it.attempt);
        let attempts = entry.parts.iter().take(1).filter_map(|it| it.attempt.as_ref()).chain(past);
        // Of several carriers that had it, the one that delivered it; else the last.
        let delivered = |it: &&Attempt| it.receipt.as_ref().is_some_and(|it| it.status == Status::Delivered);
        let carrier = attempts.clone().find(delivered).or_else(|| attempts.clone().next()).map(|it| it.link.carrier);
        if let Some(carrier) = carrier {
            self.note_outcome(first, carrier, if verified { Outcome::Verified } else { Outcome::NotVerified });
        }
        if verified {
            for key in self.keys(message.seq, |it| !it.phase().is_final() && it.attempt.is_some()) {
                let waits = self.set.part(key).is_some_and(|it| it.phase() == Phase::Queued);
                if let Some(held) = self.set.change(key) {
                    let part = &mut held.entry.parts[usize::from(key.index())];
                    // No other attempt is worth anything.
                    part.spent = Ticket::ATTEMPTS_MAX;
                    part.due = if waits { part.due } else { Time::NEVER };
                }
                if waits && self.is_pending(key, None) {
                    self.leave_lane(key);
                    self.end_or_wait(key, End::Expired, Reason::Expired);
                }
            }
        }
        self.beat.reply(request, Reply::Noted);
    }

    /// Works out, now and then, what the scores mean.
    pub(super) fn judge_carriers(&mut self) {
        if self.beat.now < self.health.next {
            return;
        }
        // The more there is to be worked out, the less often.
        let many = u32::try_from(self.health.judged.len() / JUDGED_AT_ONCE).unwrap_or(u32::MAX);
        self.health.next = self.beat.now + JUDGED_EVERY * (1 + many);
        let Health { score, judged, .. } = &mut self.health;
        for ((route, country), judged) in judged.iter_mut() {
            let carriers = self.beat.serves(*route);
            *judged = score.judge(self.beat.now, carriers, *country);
        }
        judged.retain(|(route, _), _| self.beat.plan.routes.contains_key(route));
    }

    /// Whether a route asks how well its carriers do.
    pub(super) fn is_scored(&self, route: RouteId) -> bool {
        self.beat.plan.routes.get(&route).is_some_and(|it| it.order == Order::Scored)
    }
}
