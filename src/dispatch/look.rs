//! Look-ups that only read: what a part, a route or a carrier is now. Nothing here changes anything, and nothing here
//! asks what is to be done.

use crate::carrier::dialect::ReceiptsAsked;
use crate::dispatch::operate::standing_orders::Forced;
use crate::dispatch::queue::carrier::Openness;
use crate::dispatch::queue::lane::Lane;
use crate::dispatch::{Dispatch, tried};
use crate::message::attempt::Cause;
use crate::message::id::{CarrierId, LaneId, PartKey, Seq};
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::record::entry::Entry;
use crate::route::choose::RankReason;
use crate::route::plan::Retry;
use std::time::Duration;

/// Of messages and parts.
impl Dispatch {
    /// A message, if it is in memory.
    pub(super) fn entry(&self, key: PartKey) -> Option<&Entry> {
        self.set.get(key.seq()).map(|it| &it.entry)
    }

    /// The parts of a message that are so.
    pub(super) fn keys(&self, seq: Seq, wanted: impl Fn(&Part) -> bool) -> Vec<PartKey> {
        let parts = self.set.get(seq).map(|it| it.entry.parts.as_slice()).unwrap_or_default();
        parts.iter().filter(|it| wanted(it)).map(|it| it.key).collect()
    }

    /// Whether a part has had the attempts that its route allows, those included that it made because its message
    /// went over to another carrier.
    pub(super) fn is_spent(&self, key: PartKey) -> bool {
        let Some(held) = self.set.get(key.seq()) else { return true };
        let part = &held.entry.parts[usize::from(key.index())];
        usize::from(self.retry(key).attempts) <= tried::tries(&held.entry, part).max(part.spent.into())
    }

    /// Whether a part stands in a lane and could go.
    pub(super) fn waits_in(&self, key: PartKey, lane: LaneId) -> bool {
        let waits = |it: &Part| it.phase() == Phase::Queued && it.due.known().is_none() && it.lane == lane;
        self.set.part(key).is_some_and(waits)
    }

    /// Whether an attempt of a part, other than this one, was taken and has no final receipt yet.
    pub(super) fn is_pending(&self, key: PartKey, but: Option<u8>) -> bool {
        self.entry(key).is_some_and(|it| tried::is_pending(it, key, but))
    }

    /// How long a receipt is waited for before the next carrier is tried; `None` where there is no other.
    pub(super) fn receipt_window(&self, key: PartKey) -> Option<Duration> {
        let body = &self.set.get(key.seq())?.entry.body;
        let route = self.beat.plan.routes.get(&body.route)?;
        // Of who is asked for no receipt none is missing.
        let carrier = self.set.part(key)?.attempt.as_ref()?.link.carrier;
        let asked = self.beat.plan.carriers.get(&carrier).is_none_or(|it| it.dialect.receipts != ReceiptsAsked::None);
        // Where nobody follows nobody waits; but another channel may follow the only carrier of this one.
        let followed = !self.beat.is_alone(route.id) || body.has_code() && self.beat.plan.offers_behind(route.id);
        route.receipt_window.filter(|_| asked && followed)
    }

    /// How long a receipt is waited for.
    pub(super) fn receipt_timeout(&self, key: PartKey) -> Duration {
        let route = self.set.get(key.seq()).and_then(|it| self.beat.plan.routes.get(&it.entry.body.route));
        route.map_or(Duration::from_secs(24 * 3_600), |it| it.receipt_timeout)
    }

    /// How often and when a part is tried again.
    pub(super) fn retry(&self, key: PartKey) -> Retry {
        let route = self.set.get(key.seq()).and_then(|it| self.beat.plan.routes.get(&it.entry.body.route));
        route.map_or_else(Retry::default, |it| it.retry)
    }

    /// How many parts a lane may hold in memory.
    pub(super) fn room(&self) -> usize {
        self.lanes.room(&self.beat.plan.limits)
    }

    /// Whether the memory of a lane has room.
    pub(super) fn has_place(&self, lane: LaneId) -> bool {
        self.lanes.get(lane).is_none_or(|it| it.ready.len() < self.room())
    }

    /// How long the part at the head of a lane could have gone; nothing where none is in memory.
    pub(super) fn oldest(&self, lane: &Lane) -> Duration {
        let head = lane.ready.front().and_then(|it| self.entry(*it));
        head.map_or(Duration::ZERO, |it| self.beat.now.since(self.beat.begins(&it.body)))
    }

    /// Whether something waits that only time brings on: in a lane, for a receipt, or for its part.
    pub(super) fn is_awaiting(&self) -> bool {
        self.lanes.queued() != 0 || self.owed.is_any() || self.parked.len() != 0
    }
}

/// Of carriers.
impl Dispatch {
    /// Whether a carrier takes messages: one alone where it is to be found out.
    pub(super) fn is_open(&self, carrier: CarrierId, alone: bool) -> bool {
        match self.openness(carrier, alone) {
            Openness::Open => true,
            Openness::Probe => self.carriers.get(&carrier).is_some_and(|it| it.ring.is_empty()),
            Openness::Closed(_) => false,
        }
    }

    /// How the carrier of a lane stands to it. One that the route does not name any more is closed to it.
    pub(super) fn lane_standing(&self, lane: LaneId) -> Openness {
        let (route, carrier) = (lane.route(), lane.carrier());
        let served = self.beat.serves(route);
        if !served.is_empty() && !served.contains(&carrier) {
            return Openness::Closed(Cause::Moved);
        }
        self.openness(carrier, served.len() < 2)
    }

    /// How a carrier stands: as an operator says, else as it does. One that is alone in its route is not left for its
    /// faults: there is nowhere to go.
    pub(super) fn openness(&self, carrier: CarrierId, alone: bool) -> Openness {
        let forced = self.operated.breaker(carrier);
        let standing = match self.beat.plan.carriers.get(&carrier) {
            None => Openness::Closed(Cause::Moved),
            Some(_) => self
                .carriers
                .get(&carrier)
                .map_or(Openness::Closed(Cause::CarrierDown), |it| it.openness(self.beat.now)),
        };
        match standing {
            _ if !self.operated.allows(carrier) => Openness::Closed(Cause::Moved),
            _ if forced == Some(Forced::Open) => Openness::Closed(Cause::BreakerOpen),
            Openness::Closed(Cause::BreakerOpen) | Openness::Probe if alone || forced.is_some() => Openness::Open,
            standing => standing,
        }
    }

    /// Whether a part goes to a carrier to find out how that does.
    pub(super) fn is_probe(&self, key: PartKey, carrier: CarrierId) -> bool {
        let by_breaker = self.carriers.get(&carrier).is_some_and(|it| it.openness(self.beat.now) == Openness::Probe);
        let by_score = || {
            let body = &self.set.get(key.seq())?.entry.body;
            let first = self
                .beat
                .plan
                .is_scored(body.route)
                .then(|| self.health.ranking(&self.beat.plan, body).first().copied())??;
            Some(first.carrier == carrier && first.why == RankReason::Probe)
        };
        by_breaker || by_score().unwrap_or(false)
    }

    /// What the breaker of a carrier counts as: 0 closed, 1 half-open, 2 open.
    pub(super) fn breaker_counts_as(&self, carrier: CarrierId) -> u8 {
        match self.operated.breaker(carrier) {
            Some(Forced::Open) => 2,
            Some(Forced::Closed) => 0,
            None => {
                let breaker = self.carriers.get(&carrier).and_then(|it| it.breaker.as_ref());
                breaker.map_or(0, |it| it.state().number())
            }
        }
    }
}
