//! Where a message waits: at the best carrier of its route that is open, in as many parts as that carrier cuts it into.

use crate::carrier::submit;
use crate::dispatch::Dispatch;
use crate::dispatch::carrier::Standing;
use crate::message::attempt::Cause;
use crate::message::body::Body;
use crate::message::id::{CarrierId, LaneId};
use crate::message::part::Moved;

/// Where a new message waits.
pub(super) struct Place {
    /// Its lane.
    pub(super) lane: LaneId,
    /// In how many submits it goes.
    pub(super) submits: u8,
    /// Where it would have gone, had that carrier been open.
    pub(super) moved: Option<Moved>,
}

impl Dispatch {
    /// The carriers that a message may go to, best first.
    pub(super) fn ranking(&self, body: &Body) -> Vec<CarrierId> {
        self.plan.routes.get(&body.route).map(|it| it.carriers.clone()).unwrap_or_default()
    }

    /// Where a new message waits. Where no carrier is open, it waits for the best.
    pub(super) fn place(&self, lane: LaneId, body: &Body) -> Place {
        let ranked = self.ranking(body);
        let alone = ranked.len() == 1;
        let sayable = |it: &CarrierId| Some((*it, self.submits_at(body, *it)?));
        let open = |it: &&CarrierId| matches!(self.standing(**it, alone), Standing::Open);
        let best = ranked.iter().find_map(sayable);
        let chosen = ranked.iter().filter(open).find_map(sayable).or(best);
        let Some((carrier, submits)) = chosen else {
            // No carrier can say it: the first will be asked, and its refusal says why.
            let first = ranked.first().copied().unwrap_or(CarrierId(0));
            return Place { lane: lane.at(first), submits: body.submits(), moved: None };
        };
        let passed_by = best.map(|(it, _)| it).filter(|it| *it != carrier);
        let moved = passed_by.and_then(|from| Some(Moved { from, cause: self.standing(from, alone).cause()? }));
        Place { lane: lane.at(carrier), submits, moved }
    }

    /// In how many submits a carrier takes a message; `None` if it cannot be said there.
    pub(super) fn submits_at(&self, body: &Body, carrier: CarrierId) -> Option<u8> {
        let dialect = &self.plan.carriers.get(&carrier)?.dialect;
        // A request is cut for the first carrier of its route: most need no other cut.
        if dialect.text == self.plan.quoted(body.route) {
            return Some(body.submits());
        }
        submit::count(body, dialect)
    }

    /// How a carrier stands. One that is alone in its route is not left for its faults: there is nowhere to go.
    pub(super) fn standing(&self, carrier: CarrierId, alone: bool) -> Standing {
        let standing = match self.plan.carriers.get(&carrier) {
            None => Standing::Closed(Cause::Moved),
            Some(_) => {
                self.carriers.get(&carrier).map_or(Standing::Closed(Cause::CarrierDown), |it| it.standing(self.now))
            }
        };
        match standing {
            Standing::Closed(Cause::BreakerOpen) if alone => Standing::Open,
            standing => standing,
        }
    }
}
