//! How everything stands, for operators who look: one picture of one moment, which owns all that it shows.

use crate::dispatch::Dispatch;
use crate::dispatch::closed::Closed;
use crate::dispatch::command::Reply;
use crate::dispatch::happening::RequestId;
use crate::dispatch::tally::Tally;
use crate::dispatch::usual::Minute;
use crate::message::class::Class;
use crate::message::id::{AccountId, CarrierId, LinkId, RouteId};
use crate::message::time::Time;
use crate::record::action::{Action, Target};
use crate::route::breaker;
use crate::route::score::Judged;
use std::collections::BTreeMap;
use std::time::Duration;

/// How everything stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// When.
    pub at: Time,
    /// Each carrier of the configuration.
    pub carriers: Vec<AtCarrier>,
    /// Each link that is configured, or was since the start.
    pub links: Vec<AtLink>,
    /// Each queue with something in it.
    pub queues: Vec<InQueue>,
    /// What holds routes.
    pub held_routes: Vec<(RouteId, Action)>,
}

/// A carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct AtCarrier {
    /// Which.
    pub id: CarrierId,
    /// Links that may be given parts.
    pub links_up: usize,
    /// Parts that they may hold.
    pub capacity: usize,
    /// Parts that they hold.
    pub in_use: usize,
    /// Submits a second that we allow ourselves now; `None` is unlimited.
    pub pace: Option<f64>,
    /// Parts in queues that go to it.
    pub queued: u64,
    /// Parts that wait for a receipt.
    pub awaiting: u64,
    /// Parts whose outcome is not known.
    pub doubtful: u64,
    /// What keeps parts from it, where an operator does.
    pub held: Option<Action>,
    /// Why nothing is given to it now, where nothing is.
    pub closed: Option<Closed>,
    /// Its breaker, if it has one.
    pub breaker: Option<AtBreaker>,
    /// What forces its breaker, where an operator does.
    pub forced: Option<Action>,
    /// What it is worth in countries, where routes ask.
    pub scores: Vec<Scored>,
    /// Its answers of the last minute.
    pub minute: Minute,
    /// What it has done since the start.
    pub tally: Tally,
}

/// A breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtBreaker {
    /// What it is, by what it counts.
    pub state: breaker::State,
    /// When it opens.
    pub options: breaker::Options,
    /// Faults within its window.
    pub faults: u64,
    /// Answers within its window.
    pub answers: u64,
}

/// What a carrier is worth in a country.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// For which route.
    pub route: RouteId,
    /// In which country.
    pub country: Option<&'static str>,
    /// What is known.
    pub judged: Judged,
}

/// A link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtLink {
    /// Which.
    pub id: LinkId,
    /// Parts that it may hold; 0 on a receiver.
    pub capacity: usize,
    /// Of these, how many may be at the carrier.
    pub window: usize,
    /// Parts that it holds.
    pub in_use: usize,
}

/// What a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkWord {
    /// Bound.
    Bound,
    /// Bound, and winding up.
    Draining,
    /// Not bound.
    Down,
}

impl LinkWord {
    /// Its word in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bound => "bound",
            Self::Draining => "draining",
            Self::Down => "down",
        }
    }
}

/// A queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InQueue {
    /// Of which route.
    pub route: RouteId,
    /// Of which account.
    pub account: AccountId,
    /// Of which class.
    pub class: Class,
    /// To which carrier; `None` for what an older version queued and nobody has looked at since.
    pub carrier: Option<CarrierId>,
    /// Parts, those of the store included.
    pub parts: u64,
    /// Of these, parts that wait for another attempt.
    pub delayed: u64,
    /// Of these, parts that wait because the carrier throttles what goes to their recipients.
    pub throttled: u64,
    /// The age of the one at its head; `None` where all of them wait for another attempt.
    pub oldest: Option<Duration>,
}

impl Dispatch {
    pub(super) fn inspect(&mut self, request: RequestId) {
        let snapshot = self.snapshot();
        self.beat.reply(request, Reply::Inspected(Box::new(snapshot)));
    }

    fn snapshot(&mut self) -> Snapshot {
        let breakers = self.breakers();
        let gauges = self.gauges();
        let queues = self.in_queues();
        let carriers = self.beat.plan.carriers.keys().map(|id| {
            let state = self.carriers.get(id);
            let links = state.map(|it| it.links.as_slice()).unwrap_or_default();
            let owed = gauges.carriers.get(id).copied().unwrap_or_default();
            AtCarrier {
                id: *id,
                links_up: links.iter().filter(|it| 0 < it.capacity).count(),
                capacity: links.iter().map(|it| it.capacity).sum(),
                in_use: links.iter().map(|it| it.in_use).sum(),
                pace: owed.pace,
                queued: queues.iter().filter(|it| it.carrier == Some(*id)).map(|it| it.parts).sum(),
                awaiting: owed.awaiting,
                doubtful: owed.doubtful,
                held: self.operated.flow(Target::Carrier(*id)).cloned(),
                closed: self.why_closed(*id),
                breaker: breakers.get(id).copied(),
                forced: self.operated.on_breaker(*id).cloned(),
                scores: self.scores(*id),
                minute: owed.minute,
                tally: self.tallies.of(*id),
            }
        });
        let held = |id: &RouteId| self.operated.flow(Target::Route(*id)).map(|it| (*id, it.clone()));
        Snapshot {
            at: self.beat.now,
            carriers: carriers.collect(),
            links: self.at_links(),
            held_routes: self.beat.plan.routes.keys().filter_map(held).collect(),
            queues,
        }
    }

    fn breakers(&mut self) -> BTreeMap<CarrierId, AtBreaker> {
        let (now, plan) = (self.beat.now, self.beat.plan.clone());
        let known = self.carriers.iter_mut().filter_map(|(id, state)| {
            let breaker = state.breaker.as_mut()?;
            let options = plan.carriers.get(id)?.breaker?;
            let (faults, answers) = breaker.figures(now);
            Some((*id, AtBreaker { state: breaker.state(), options, faults, answers }))
        });
        known.collect()
    }

    fn scores(&self, carrier: CarrierId) -> Vec<Scored> {
        let all = self.health.all().flat_map(|(route, country, judged)| {
            let own = judged.iter().filter(|it| it.carrier == carrier);
            own.map(move |it| Scored { route, country, judged: *it })
        });
        all.collect()
    }

    fn in_queues(&self) -> Vec<InQueue> {
        let throttled = self.throttled_in_lanes();
        let queues = self.lanes.iter().filter(|(_, lane)| 0 < lane.queued);
        let shown = queues.map(|(id, lane)| {
            let head = lane.ready.front().and_then(|it| self.set.get(it.seq()));
            InQueue {
                route: id.route(),
                account: id.account(),
                class: Class::from_number(id.class()).unwrap_or(Class::Marketing),
                carrier: (id.carrier() != CarrierId(0)).then(|| id.carrier()),
                parts: lane.queued,
                delayed: lane.delayed,
                throttled: throttled.get(&id).copied().unwrap_or(0),
                oldest: head.map(|it| self.beat.now.since(it.entry.body.created)),
            }
        });
        shown.collect()
    }

    fn at_links(&self) -> Vec<AtLink> {
        let links =
            self.carriers.iter().flat_map(|(carrier, it)| it.links.iter().zip(0_u8..).map(move |it| (*carrier, it)));
        let shown = links.map(|(carrier, (it, bind))| {
            let id = LinkId { carrier, bind };
            AtLink { id, capacity: it.capacity, window: it.window, in_use: it.in_use }
        });
        shown.collect()
    }
}
