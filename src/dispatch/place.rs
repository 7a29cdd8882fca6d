//! Where a message waits: at the best carrier of its route that is open, in as many parts as that carrier cuts it into.

use crate::carrier::sender;
use crate::carrier::submit;
use crate::dispatch::Dispatch;
use crate::dispatch::carrier::Standing;
use crate::dispatch::operated::Forced;
use crate::message::attempt::Cause;
use crate::message::body::Body;
use crate::message::id::{CarrierId, LaneId, PartKey};
use crate::message::money::Money;
use crate::message::part::Moved;
use crate::route::choose::{self, Ranking, Signals, Why};
use crate::route::score::Judged;

/// Where a new message waits.
pub(super) struct Place {
    /// Its lane.
    pub(super) lane: LaneId,
    /// In how many submits it goes.
    pub(super) submits: u8,
    /// Where it would have gone, had that carrier been open.
    pub(super) moved: Option<Moved>,
}

/// What is known of carriers, for one message.
struct Seen<'a> {
    dispatch: &'a Dispatch,
    body: &'a Body,
    /// In the order of the carriers' numbers.
    judged: &'a [Judged],
}

impl Signals for Seen<'_> {
    fn standing(&self, carrier: CarrierId) -> choose::Standing {
        let found = self.judged.binary_search_by_key(&carrier, |it| it.carrier).ok();
        found
            .map(|it| &self.judged[it])
            .map_or_else(choose::Standing::default, |it| choose::Standing { score: it.score, demoted: it.demoted })
    }

    fn cost(&self, carrier: CarrierId) -> Option<Money> {
        self.dispatch.cost_at(self.body, carrier)
    }
}

impl Dispatch {
    /// The carriers that a message may go to, best first.
    pub(super) fn ranking(&self, body: &Body) -> Ranking {
        let Some(route) = self.beat.plan.routes.get(&body.route) else { return Ranking::NONE };
        let to = self.beat.plan.networks.destination(body.destination);
        let judged = if self.is_scored(route.id) { self.health.judged(route.id, to.country) } else { &[] };
        let signals = Seen { dispatch: self, body, judged };
        // The chance in a message's own id draws: however often it is asked, the order is the same.
        choose::ranking(route, &to, &signals, body.id.token)
    }

    /// Whether a part goes to a carrier to find out how that does.
    pub(super) fn is_probe(&self, key: PartKey, carrier: CarrierId) -> bool {
        let by_breaker = self.carriers.get(&carrier).is_some_and(|it| it.standing(self.beat.now) == Standing::Probe);
        let by_score = || {
            let body = &self.set.get(key.seq())?.entry.body;
            let first = self.is_scored(body.route).then(|| self.ranking(body).first().copied())??;
            Some(first.carrier == carrier && first.why == Why::Probe)
        };
        by_breaker || by_score().unwrap_or(false)
    }

    /// Where a new message waits. Where no carrier is open, it waits for the best.
    pub(super) fn place(&self, lane: LaneId, body: &Body) -> Place {
        let ranked = self.ranking(body);
        let alone = self.beat.is_alone(body.route);
        let sayable = |it| Some((it, self.submits_at(body, it)?));
        let best = ranked.carriers().find_map(sayable);
        let chosen = ranked.carriers().filter(|it| self.is_open(*it, alone)).find_map(sayable).or(best);
        let Some((carrier, submits)) = chosen else {
            // No carrier can say it: the first will be asked, and its refusal says why.
            let first = ranked.carriers().next().unwrap_or(CarrierId(0));
            return Place { lane: lane.at(first), submits: body.submits(), moved: None };
        };
        let passed_by = best.map(|(it, _)| it).filter(|it| *it != carrier);
        let moved = passed_by.and_then(|from| Some(Moved { from, cause: self.standing(from, alone).cause()? }));
        Place { lane: lane.at(carrier), submits, moved }
    }

    /// In how many submits a carrier takes a message; `None` if it cannot be said there.
    pub(super) fn submits_at(&self, body: &Body, carrier: CarrierId) -> Option<u8> {
        let dialect = &self.beat.plan.carriers.get(&carrier)?.dialect;
        // A request is cut for the first carrier of its route: most need no other cut.
        if dialect.text == self.beat.plan.quoted(body.route)
            && !dialect.texts_only
            && sender::is_sayable(&body.source, dialect)
        {
            return Some(body.submits());
        }
        submit::count(body, dialect)
    }

    /// Whether a carrier takes messages: one alone where it is to be found out.
    pub(super) fn is_open(&self, carrier: CarrierId, alone: bool) -> bool {
        match self.standing(carrier, alone) {
            Standing::Open => true,
            Standing::Probe => self.carriers.get(&carrier).is_some_and(|it| it.ring.is_empty()),
            Standing::Closed(_) => false,
        }
    }

    /// How the carrier of a lane stands to it. One that the route does not name any more is closed to it.
    pub(super) fn lane_standing(&self, lane: LaneId) -> Standing {
        let (route, carrier) = (lane.route(), lane.carrier());
        let served = self.beat.serves(route);
        if !served.is_empty() && !served.contains(&carrier) {
            return Standing::Closed(Cause::Moved);
        }
        self.standing(carrier, served.len() < 2)
    }

    /// How a carrier stands: as an operator says, else as it does. One that is alone in its route is not left for its
    /// faults: there is nowhere to go.
    pub(super) fn standing(&self, carrier: CarrierId, alone: bool) -> Standing {
        let forced = self.operated.breaker(carrier);
        let standing = match self.beat.plan.carriers.get(&carrier) {
            None => Standing::Closed(Cause::Moved),
            Some(_) => self
                .carriers
                .get(&carrier)
                .map_or(Standing::Closed(Cause::CarrierDown), |it| it.standing(self.beat.now)),
        };
        match standing {
            _ if !self.operated.allows(carrier) => Standing::Closed(Cause::Moved),
            _ if forced == Some(Forced::Open) => Standing::Closed(Cause::BreakerOpen),
            Standing::Closed(Cause::BreakerOpen) | Standing::Probe if alone || forced.is_some() => Standing::Open,
            standing => standing,
        }
    }
}
