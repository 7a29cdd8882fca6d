//! Where a message waits: at the best carrier of its route that is open, in as many parts as that carrier cuts it into.

use crate::dispatch::Dispatch;
use crate::message::body::Body;
use crate::message::id::{CarrierId, LaneId};
use crate::message::part::Moved;

/// Where a new message waits.
pub(crate) struct Placement {
    /// Its lane.
    pub(crate) lane: LaneId,
    /// In how many submits it goes.
    pub(crate) submits: u8,
    /// Where it would have gone, had that carrier been open.
    pub(crate) moved: Option<Moved>,
}

impl Dispatch {
    /// Where a new message waits. Where no carrier is open, it waits for the best.
    pub(crate) fn place(&self, lane: LaneId, body: &Body) -> Placement {
        let ranked = self.health.ranking(&self.beat.plan, body);
        let alone = self.beat.is_alone(body.route);
        let sayable = |it| Some((it, self.beat.plan.submits_at(body, it)?));
        let best = ranked.carriers().find_map(sayable);
        let chosen = ranked.carriers().filter(|it| self.is_open(*it, alone)).find_map(sayable).or(best);
        let Some((carrier, submits)) = chosen else {
            // No carrier can say it: the first will be asked, and its refusal says why.
            let first = ranked.carriers().next().unwrap_or(CarrierId(0));
            return Placement { lane: lane.at(first), submits: body.submits(), moved: None };
        };
        let passed_by = best.map(|(it, _)| it).filter(|it| *it != carrier);
        let moved = passed_by.and_then(|from| Some(Moved { from, cause: self.openness(from, alone).cause()? }));
        Placement { lane: lane.at(carrier), submits, moved }
    }
}
