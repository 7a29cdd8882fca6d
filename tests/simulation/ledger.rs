//! What must hold in every run: kept beside the gateway, from what it is told and what it orders.

use crate::simulation::watch::Watched;
use crate::simulation::world::EPOCH;
use nuncio::carrier::answer::spends_nothing;
use nuncio::carrier::report::{Report, Ticket};
use nuncio::dispatch::door::fact::Fact;
use nuncio::dispatch::door::happening::Happening;
use nuncio::dispatch::door::plan::Plan;
use nuncio::message::attempt::{Answer, Attempt};
use nuncio::message::id::{CarrierId, LinkId, PartKey, RouteId, Seq};
use nuncio::message::phase::Phase;
use nuncio::message::status::Status;
use nuncio::message::time::Time;
use nuncio::route::plan::UnknownPolicy;
use std::collections::{BTreeMap, BTreeSet};

/// How the last attempt of a part stands, by what the gateway has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// It is on a link.
    Given,
    /// It was answered so; or it is in doubt, and the policy says whether it may be sent again.
    Told(Answer, bool),
}

/// A bucket of our own for the pace.
struct Bucket {
    rate: Option<f64>,
    tokens: f64,
    at: u64,
}

impl Bucket {
    fn new(rate: Option<f64>, at: u64) -> Self {
        Self { rate, tokens: rate.map_or(0.0, |it| (it * 0.1).max(1.0)), at }
    }

    fn take(&mut self, now: u64) -> bool {
        let Some(rate) = self.rate else { return true };
        self.tokens = (self.tokens + (now - self.at) as f64 / 1_000.0 * rate).min((rate * 0.1).max(1.0));
        self.at = now;
        self.tokens -= 1.0;
        // Sums of fractions are not exact.
        -1e-6 <= self.tokens
    }
}

#[derive(Default)]
pub(crate) struct Ledger {
    last: BTreeMap<PartKey, Last>,
    /// Parts on a link, from the order to the answer that the loop has taken up.
    on_link: BTreeMap<PartKey, LinkId>,
    pub(crate) told: BTreeMap<Seq, Status>,
    /// How often messages of a route were told to be sent.
    sent: BTreeMap<RouteId, u64>,
    /// Doubts by our own count, and as they were reported.
    pub(crate) doubts: BTreeMap<PartKey, u64>,
    pub(crate) doubtful_facts: u64,
    /// When a carrier took a part, as far as the gateway was told, and from when on its receipt is late.
    taken: BTreeMap<(PartKey, CarrierId), (u64, Option<u64>)>,
    /// Attempts in doubt of which a receipt has shown that they were taken: no answer begins the wait for more anew.
    settled: BTreeSet<(PartKey, u8)>,
    /// How often a part was sent again because no receipt had come.
    pub(crate) unheard: BTreeMap<PartKey, u64>,
    /// Attempts of a part that used something up.
    spent: BTreeMap<PartKey, u8>,
    /// Facts that a failed commit took with it.
    pub(crate) lost_facts: u64,
    pace: BTreeMap<CarrierId, Bucket>,
    pace_of_link: BTreeMap<LinkId, Bucket>,
    /// When something last went to a carrier, or was answered.
    pub(crate) progress: BTreeMap<CarrierId, u64>,
    /// What customers hold a cancellation for.
    pub(crate) cancelled: BTreeSet<Seq>,
}

impl Ledger {
    /// The process starts, or takes up another configuration: buckets are full.
    pub(crate) fn paces(&mut self, plan: &Plan, now: u64, fresh: bool) {
        for (id, carrier) in &plan.carriers {
            if fresh || self.pace[id].rate != carrier.pace {
                self.pace.insert(*id, Bucket::new(carrier.pace, now));
            }
            for link in (0..carrier.links).map(|bind| LinkId { carrier: *id, bind }) {
                if fresh || self.pace_of_link[&link].rate != carrier.pace_per_link {
                    self.pace_of_link.insert(link, Bucket::new(carrier.pace_per_link, now));
                }
            }
        }
    }

    /// Another configuration is in force: what is still in doubt may be sent again if it says so, with the rest of its
    /// message.
    pub(crate) fn permits(&mut self, store: &Watched, plan: &Plan) {
        for (key, last) in &mut self.last {
            if let Last::Told(Answer::Unknown, again) = last {
                *again |= may_resend(store, plan, *key);
            }
        }
    }

    /// The process has gone: what was on a link is in doubt, which the plan in force judges.
    pub(crate) fn crashed(&mut self, store: &Watched, plan: &Plan) {
        self.on_link.clear();
        self.last.clear();
        self.recall(store);
        for (key, part) in &store.parts {
            let Some(attempt) = &part.attempt else { continue };
            let last = if part.phase() == Phase::Intended {
                *self.doubts.entry(*key).or_default() += 1;
                Last::Told(Answer::Unknown, may_resend(store, plan, *key))
            } else {
                Last::Told(attempt.answer.unwrap_or(Answer::Unknown), part.phase() == Phase::Queued)
            };
            self.last.insert(*key, last);
        }
        self.told = store.bodies.keys().map(|it| (*it, store.status(*it).expect("it has a body"))).collect();
    }

    /// What is durable of attempts: what a process was told and did not keep, it does not know.
    fn recall(&mut self, store: &Watched) {
        self.taken.clear();
        self.settled.clear();
        self.spent.clear();
        let since = |it: Time| it.0.saturating_sub(EPOCH);
        for (key, part) in &store.parts {
            for it in store.attempts_of(*key) {
                if it.answer == Some(Answer::Taken) {
                    let late = part.due.known().filter(|_| part.phase() == Phase::Sent).map(since);
                    self.taken.insert((*key, it.link.carrier), (since(it.answered_at), late));
                }
                let vain = it.answer.is_some_and(|answer| spends_nothing(answer, it.command_status));
                *self.spent.entry(*key).or_default() += u8::from(!vain);
            }
        }
    }

    /// The gateway takes up what happened, in this order, and the beat was durable.
    pub(crate) fn took_up(
        &mut self,
        now: u64,
        happenings: &[Happening],
        before: &BTreeMap<PartKey, Phase>,
        (store, plan): (&Watched, &Plan),
    ) {
        for happening in happenings {
            match happening {
                Happening::Link(link, Report::Answered(ticket, answered)) => {
                    let key = ticket.key();
                    if answered.answer == Answer::Taken {
                        self.took(key, link.carrier, now, (store, plan));
                    }
                    if !spends_nothing(answered.answer, answered.command_status) {
                        *self.spent.entry(key).or_default() += 1;
                    }
                    assert!(self.on_link.remove(&key).is_some(), "answered-once: {key:?} is on no link");
                    if answered.answer == Answer::Unknown && before.get(&key) == Some(&Phase::Intended) {
                        *self.doubts.entry(key).or_default() += 1;
                    }
                    self.last.insert(key, Last::Told(answered.answer, may_resend(store, plan, key)));
                }
                Happening::Link(link, Report::Late(ticket, answered)) => {
                    let key = ticket.key();
                    if !store.parts.contains_key(&key) {
                        continue;
                    }
                    if answered.answer == Answer::Taken && !self.settled.contains(&(key, ticket.number())) {
                        self.took(key, link.carrier, now, (store, plan));
                    }
                    let current = store.parts[&key].attempt.as_ref().is_some_and(|it| it.number >= ticket.number());
                    if current && self.last.get(&key).is_some_and(|it| matches!(it, Last::Told(Answer::Unknown, _))) {
                        let again = answered.answer != Answer::Taken || may_resend(store, plan, key);
                        self.last.insert(key, Last::Told(answered.answer, again));
                    }
                }
                _ => (),
            }
        }
        self.settle(now, store, plan);
    }

    /// Receipts have shown of attempts in doubt that they were taken, and are waited for from then on.
    fn settle(&mut self, now: u64, store: &Watched, plan: &Plan) {
        for part in store.touched.iter().flat_map(|it| store.parts_of(*it)) {
            let in_doubt = matches!(self.last.get(&part.key), Some(Last::Told(Answer::Unknown, _)));
            let taken = part.attempt.as_ref().filter(|it| it.answer == Some(Answer::Taken) && in_doubt);
            let Some(it) = taken.filter(|_| part.phase() == Phase::Sent) else { continue };
            if self.settled.insert((part.key, it.number)) {
                self.took(part.key, it.link.carrier, now, (store, plan));
            }
        }
    }

    /// The loop carries out a submit: nothing of it may be news to the store, or too early.
    pub(crate) fn submit(
        &mut self,
        now: u64,
        (link, capacity): (LinkId, usize),
        ticket: Ticket,
        (store, plan): (&Watched, &Plan),
    ) {
        let key = ticket.key();
        let part = store.parts.get(&key).unwrap_or_else(|| panic!("commit-before-act: {key:?} is not durable"));
        let attempt = part.attempt.as_ref();
        assert!(
            part.phase() == Phase::Intended
                && attempt.is_some_and(|it| it.number == ticket.number() && it.link == link),
            "commit-before-act: attempt {} on {link:?} is ordered, durable is {part:?}",
            ticket.number()
        );
        assert!(self.on_link.insert(key, link).is_none(), "one-window: {key:?} is on two links");
        let held = self.on_link.values().filter(|it| **it == link).count();
        assert!(held <= capacity, "capacity: {link:?} is given {held} of {capacity}");
        let last = self.last.insert(key, Last::Given);
        let route = &plan.routes[&store.bodies[&key.seq()].route];
        let tale: Vec<_> = store.attempts_of(key).collect();
        match last {
            Some(Last::Told(Answer::Taken, again)) => {
                assert!(again || self.may_leave(key, now, store), "second-submit: {key:?} is sent at {now}, {tale:?}");
                *self.unheard.entry(key).or_default() += 1;
            }
            None | Some(Last::Told(Answer::NotSent | Answer::Later | Answer::Elsewhere, _) | Last::Told(_, true)) => (),
            Some(Last::Told(Answer::Unknown, _)) if was_settled(&tale, ticket) => {
                assert!(self.may_leave(key, now, store), "second-submit: {key:?} is sent early at {now}, {tale:?}");
                *self.unheard.entry(key).or_default() += 1;
            }
            Some(last) => panic!("second-submit: {key:?} is sent again after {last:?}, {tale:?}"),
        }
        // What a carrier itself has ended is nowhere any more.
        let ended = |it: &&&Attempt| {
            it.receipt.as_ref().is_some_and(|it| matches!(it.status, Status::Failed | Status::Expired))
        };
        let had = || tale.iter().filter(|it| it.link.carrier == link.carrier && it.answer == Some(Answer::Taken));
        let taken = self.taken.get(&(key, link.carrier)).filter(|_| had().any(|it| !ended(&it)));
        assert!(taken.is_none(), "two-live-attempts: {link:?} has {key:?} since {taken:?}, it is {now}, {tale:?}");
        let (spent, most) = (self.spent.get(&key).copied().unwrap_or(0), route.retry.attempts);
        assert!(spent < most, "attempts-cap: {key:?} has had {spent} of {most}, {tale:?}");
    }

    /// A carrier has taken a part.
    fn took(&mut self, key: PartKey, carrier: CarrierId, now: u64, (store, plan): (&Watched, &Plan)) {
        let window = plan.routes[&store.bodies[&key.seq()].route].receipt_window;
        self.taken.insert((key, carrier), (now, window.map(|it| now + it.as_millis() as u64)));
    }

    /// What a carrier took goes to another only if its receipt is late, or with a message of which another part is
    /// late or was not taken: the parts of a message stay together.
    fn may_leave(&self, key: PartKey, now: u64, store: &Watched) -> bool {
        let all = self.taken.range((key, CarrierId(0))..=(key, CarrierId(u16::MAX)));
        let Some(((_, carrier), _)) = all.max_by_key(|(_, it)| it.0) else { return true };
        let late = |it: &(u64, Option<u64>)| it.1.is_some_and(|it| it <= now);
        store.parts_of(key.seq()).any(|it| self.taken.get(&(it.key, *carrier)).is_none_or(late))
    }

    /// What telemetry is told.
    pub(crate) fn told(&mut self, now: u64, facts: &[Fact], store: &Watched) {
        let mut changed = BTreeSet::new();
        for fact in facts {
            match fact {
                Fact::Status { message, route, status, corrected, .. } => {
                    *self.sent.entry(*route).or_default() += u64::from(*status == Status::Sent);
                    let before = self.told.insert(message.seq, *status).unwrap_or(Status::Queued);
                    assert!(before != *status, "status-facts: {message:?} is told {status:?} twice");
                    assert!(
                        *corrected == before.is_final(),
                        "status-facts: {before:?} to {status:?} corrected {corrected}"
                    );
                    changed.insert(message.seq);
                }
                Fact::Answered { link, .. } => _ = self.progress.insert(link.carrier, now),
                Fact::Submitted { link, .. } => {
                    self.progress.insert(link.carrier, now);
                    assert!(
                        self.pace.get_mut(&link.carrier).is_none_or(|it| it.take(now)),
                        "pace: {:?} at {now}",
                        link.carrier
                    );
                    assert!(self.pace_of_link.get_mut(link).is_none_or(|it| it.take(now)), "pace: {link:?} at {now}");
                }
                Fact::Doubtful { .. } => self.doubtful_facts += 1,
                _ => (),
            }
        }
        for seq in changed.iter().chain(&store.touched) {
            let told = self.told.get(seq).copied().unwrap_or(Status::Queued);
            assert!(
                store.status(*seq) == Some(told),
                "status-facts: {seq:?} is {:?}, told {told:?}",
                store.status(*seq)
            );
        }
    }

    /// How many parts a link holds by our own count.
    pub(crate) fn on(&self, link: LinkId) -> usize {
        self.on_link.values().filter(|it| **it == link).count()
    }

    /// How often messages of each route were told to be sent.
    pub(crate) const fn sent(&self) -> &BTreeMap<RouteId, u64> {
        &self.sent
    }

    /// The parts that are on a link by our own count.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = &PartKey> {
        self.on_link.keys()
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.on_link.is_empty()
    }
}

fn may_resend(store: &Watched, plan: &Plan, key: PartKey) -> bool {
    let route = store.bodies.get(&key.seq()).and_then(|it| plan.routes.get(&it.route));
    route.is_some_and(|it| it.unknown == UnknownPolicy::Resend)
}

/// A receipt has shown that the attempt before was taken, though no answer came: it was waited for as any other.
fn was_settled(tale: &[&Attempt], ticket: Ticket) -> bool {
    let before = tale.iter().rfind(|it| it.number < ticket.number());
    before.is_some_and(|it| it.answer == Some(Answer::Taken) && it.command_status.is_none() && it.receipt.is_some())
}
