//! How everything stands, for operators who look: one picture of one moment, which owns all that it shows.

use crate::dispatch::Dispatch;
use crate::dispatch::door::happening::RequestId;
use crate::dispatch::door::snapshot::{AtBreaker, AtCarrier, AtLink, Closed, InQueue, Scored, Snapshot};
use crate::message::attempt::Cause;
use crate::message::class::Class;
use crate::message::id::{CarrierId, LinkId, RouteId};
use crate::record::action::{Deed, Target};
use std::collections::BTreeMap;

impl Dispatch {
    pub(crate) fn inspect(&mut self, request: RequestId) {
        let snapshot = self.snapshot();
        self.beat.grant(request, Box::new(snapshot));
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
            guards: self.guards_now(),
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

    /// Why nothing is given to a carrier, where nothing is. What somebody ordered comes before what happened.
    fn why_closed(&self, carrier: CarrierId) -> Option<Closed> {
        let cause = self.openness(carrier, false).cause()?;
        Some(
            match (
                self.operated.flow(Target::Carrier(carrier)).map(|it| it.deed),
                self.beat.plan.carriers.get(&carrier),
            ) {
                (Some(Deed::Drain), _) => Closed::Drained,
                (Some(_), _) => Closed::Paused,
                (None, None) => Closed::Removed,
                (None, Some(_)) if cause == Cause::BreakerOpen => Closed::BreakerOpen,
                (None, Some(it)) if it.retired => Closed::Retired,
                (None, Some(_)) => Closed::CarrierDown,
            },
        )
    }
}
