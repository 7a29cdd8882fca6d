//! Which carriers a message may go to, best first: as its route says, and by what their scores are worth.

use crate::dispatch::door::plan::Plan;
use crate::dispatch::failover::carrier_health::Health;
use crate::message::body::Body;
use crate::message::id::CarrierId;
use crate::message::money::Money;
use crate::route::choose::{self, Ranking, Signals};
use crate::route::score::Judged;

/// What is known of carriers, for one message.
struct Seen<'a> {
    plan: &'a Plan,
    body: &'a Body,
    /// In the order of the carriers' numbers.
    judged: &'a [Judged],
}

impl Signals for Seen<'_> {
    fn grade(&self, carrier: CarrierId) -> choose::Grade {
        let found = self.judged.binary_search_by_key(&carrier, |it| it.carrier).ok();
        found
            .map(|it| &self.judged[it])
            .map_or_else(choose::Grade::default, |it| choose::Grade { score: it.score, demoted: it.demoted })
    }

    fn cost(&self, carrier: CarrierId) -> Option<Money> {
        self.plan.cost_at(self.body, carrier)
    }
}

impl Health {
    /// The carriers that a message may go to, best first.
    pub(crate) fn ranking(&self, plan: &Plan, body: &Body) -> Ranking {
        let Some(route) = plan.routes.get(&body.route) else { return Ranking::NONE };
        let to = plan.networks.destination(body.destination);
        let judged = if plan.is_scored(route.id) { self.scores(route.id, to.country) } else { &[] };
        let signals = Seen { plan, body, judged };
        // The chance in a message's own id draws: however often it is asked, the order is the same.
        choose::ranking(route, &to, &signals, body.id.token)
    }
}
