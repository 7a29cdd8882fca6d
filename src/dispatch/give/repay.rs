//! What another try of a code costs.

use crate::dispatch::Dispatch;
use crate::dispatch::door::fact::Fact;
use crate::message::body::Body;
use crate::message::id::CarrierId;

impl Dispatch {
    /// What another try of a code costs counts as spent, also where that is more than may be: what was begun is brought
    /// to its end.
    pub(super) fn pay_again(&mut self, body: &Body, carrier: CarrierId) {
        let plan = self.beat.plan.clone();
        let cost = plan.cost_at(body, carrier).filter(|_| body.has_code());
        let notice = cost.and_then(|it| self.guards.spent(&plan.guard, it, self.beat.now));
        notice.into_iter().for_each(|it| self.beat.tell(Fact::Noticed(it)));
    }
}
