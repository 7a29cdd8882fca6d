//! What stands where, for telemetry and the status page.

use crate::dispatch::Dispatch;
use crate::message::id::{CarrierId, LinkId, RouteId};
use std::collections::BTreeMap;
use std::time::Duration;

/// What stands where, now.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// Queued parts and the age of the oldest that is in memory, by route.
    pub queues: BTreeMap<RouteId, (u64, Duration)>,
    /// Parts that wait for a receipt, by carrier.
    pub awaiting: BTreeMap<CarrierId, u64>,
    /// Parts whose outcome is not known, by carrier.
    pub doubtful: BTreeMap<CarrierId, u64>,
    /// Receipts that wait for their part.
    pub parked: usize,
    /// Places in use and places in all, by link.
    pub windows: BTreeMap<LinkId, (usize, usize)>,
}

impl Dispatch {
    /// What stands where, now.
    pub fn gauges(&self) -> Gauges {
        let mut gauges = Gauges { parked: self.parked.len(), awaiting: self.awaiting.clone(), ..Gauges::default() };
        gauges.queues.extend(self.plan.routes.keys().map(|it| (*it, (0, Duration::ZERO))));
        for (id, lane) in &self.lanes {
            let (count, age) = gauges.queues.entry(id.route()).or_default();
            *count += lane.queued;
            let oldest = lane.ready.front().and_then(|it| self.set.get(it.seq())).map(|it| it.entry.body.created);
            *age = oldest.map_or(*age, |it| (*age).max(self.now.since(it)));
        }
        for (carrier, _, _) in &self.doubtful {
            *gauges.doubtful.entry(*carrier).or_default() += 1;
        }
        for (carrier, state) in &self.carriers {
            for (bind, link) in state.links.iter().enumerate() {
                let bind = u8::try_from(bind).unwrap_or(u8::MAX);
                gauges.windows.insert(LinkId { carrier: *carrier, bind }, (link.in_use, link.capacity));
            }
        }
        gauges
    }
}
