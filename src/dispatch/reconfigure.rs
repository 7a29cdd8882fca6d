//! A new configuration is taken up while all goes on: what is in flight stays in flight.

use crate::dispatch::Dispatch;
use crate::dispatch::door::plan::Plan;
use crate::dispatch::queue::carrier::CarrierState;
use std::sync::Arc;

impl Dispatch {
    /// The configuration is this from now on.
    pub(super) fn reconfigure(&mut self, plan: Arc<Plan>) {
        self.beat.reconfigure(plan);
        self.queries.try_anew();
        self.health.forget_unnamed(&self.beat.plan);
        for (id, carrier) in &self.beat.plan.carriers {
            let now = self.beat.now;
            self.carriers
                .entry(*id)
                .and_modify(|it| it.reconfigure(carrier, now))
                .or_insert_with(|| CarrierState::new(carrier, now));
        }
        for carrier in self.carriers.values_mut() {
            carrier.ring.clear();
        }
        for lane in self.lanes.which(|_, _| true) {
            self.lanes.at(lane).in_ring = false;
            self.offer(lane);
        }
    }
}
