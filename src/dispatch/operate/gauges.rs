//! What stands where, for telemetry and the status page.

use crate::dispatch::Dispatch;
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::snapshot::Minute;
use crate::message::id::{CarrierId, LinkId, RouteId};
use crate::route::score::Judged;
use std::collections::BTreeMap;
use std::time::Duration;

/// What stands where, now.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// By route.
    pub queues: BTreeMap<RouteId, Queue>,
    /// By carrier.
    pub carriers: BTreeMap<CarrierId, AtCarrier>,
    /// What carriers are worth in countries, where routes ask: by route, country and carrier.
    pub scores: Vec<(RouteId, Option<&'static str>, Judged)>,
    /// Receipts that wait for their part.
    pub parked: usize,
    /// Messages from handsets of which parts are missing.
    pub mo_incomplete: usize,
    /// Prefixes that guards block.
    pub blocks: usize,
    /// What of what codes may cost is spent, 0 to 1.
    pub spent: f64,
    /// Places of windows in use and in all, by link; parts that run ahead take none.
    pub windows: BTreeMap<LinkId, (usize, usize)>,
    /// Parts given to links and how many may be, those that run ahead of the window too.
    pub on_links: BTreeMap<LinkId, (usize, usize)>,
}

/// The queue of a route.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue {
    /// Queued parts, those of the store included.
    pub parts: u64,
    /// Of these, parts that wait for another attempt.
    pub delayed: u64,
    /// The age of the oldest at the head of a lane.
    pub oldest: Duration,
}

/// What a carrier owes us.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtCarrier {
    /// Parts that wait for a receipt.
    pub awaiting: u64,
    /// Parts whose outcome is not known.
    pub doubtful: u64,
    /// Our own pace towards it.
    pub pace: Option<f64>,
    /// Its breaker: 0 closed, 1 half-open, 2 open.
    pub breaker: u8,
    /// Its answers of the last minute.
    pub minute: Minute,
}

impl Dispatch {
    /// What stands where, now.
    pub fn gauges(&self) -> Gauges {
        let mut gauges =
            Gauges { parked: self.parked.len(), mo_incomplete: self.handsets.incomplete(), ..Gauges::default() };
        (gauges.blocks, gauges.spent) = self.guards_stand();
        gauges.queues.extend(self.beat.plan.routes.keys().map(|it| (*it, Queue::default())));
        for (id, lane) in self.lanes.iter() {
            let queue = gauges.queues.entry(id.route()).or_default();
            queue.parts += lane.queued;
            queue.delayed += lane.delayed;
            queue.oldest = queue.oldest.max(self.oldest(lane));
        }
        for (lane, parts) in self.arrivals.parts_to_come() {
            gauges.queues.entry(lane.route()).or_default().parts += parts;
        }
        for (carrier, awaiting) in self.owed.awaiting() {
            gauges.carriers.entry(carrier).or_default().awaiting = awaiting;
        }
        for carrier in self.owed.carriers_in_doubt() {
            gauges.carriers.entry(carrier).or_default().doubtful += 1;
        }
        for (carrier, state) in &self.carriers {
            let at = gauges.carriers.entry(*carrier).or_default();
            at.minute = self.health.minute(*carrier, self.beat.now);
            at.pace = state.pace.rate(self.beat.now);
            at.breaker = self.breaker_counts_as(*carrier);
            for (bind, link) in state.links.iter().enumerate() {
                let bind = u8::try_from(bind).unwrap_or(u8::MAX);
                let id = LinkId { carrier: *carrier, bind };
                gauges.windows.insert(id, (link.in_use.min(link.window), link.window));
                gauges.on_links.insert(id, (link.in_use, link.capacity));
            }
        }
        let judged = self.health.all();
        gauges.scores =
            judged.flat_map(|(route, country, it)| it.iter().map(move |it| (route, country, *it))).collect();
        gauges
    }

    /// What a plan leaves out although parts still depend on it, in words for an operator. A
    /// carrier that is gone could neither confirm nor deny what it took.
    pub fn left_out(&self, plan: &Plan) -> Vec<String> {
        let gauges = self.gauges();
        let routes = gauges.queues.iter().filter(|(id, queue)| 0 < queue.parts && !plan.routes.contains_key(id));
        let mut found: Vec<String> =
            routes.map(|(id, queue)| format!("route {} still has {} queued parts", id.shown(), queue.parts)).collect();
        for (id, state) in gauges.carriers.iter().filter(|(id, _)| !plan.carriers.contains_key(id)) {
            let on_links: usize =
                gauges.on_links.iter().filter(|(link, _)| link.carrier == *id).map(|(_, it)| it.0).sum();
            let owed = state.awaiting + state.doubtful + on_links as u64;
            if 0 < owed {
                let name = self.beat.plan.carriers.get(id).map_or("of an earlier configuration", |it| &*it.name);
                found.push(format!("carrier {name} still owes an answer or a receipt for {owed} parts"));
            }
        }
        found
    }
}
