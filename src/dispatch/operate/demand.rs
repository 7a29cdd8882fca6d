//! What operators want done: checked, made durable, and only then carried out.

use crate::dispatch::Dispatch;
use crate::dispatch::door::command::{Command, Tracing};
use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::happening::{Demand, Ending, RequestId};
use crate::dispatch::door::reply::{Denial, MOVES_MAX, STANDS_MAX, TRACE_MAX, Unfit};
use crate::dispatch::failover::operator_moves::Moving;
use crate::message::id::Seq;
use crate::message::time::Time;
use crate::record::action::{Action, Deed, Target};

impl Dispatch {
    pub(crate) fn operate(&mut self, request: RequestId, demand: Demand) {
        match self.order(demand) {
            Ok(action) => self.beat.grant(request, Box::new(self.beat.shown(action))),
            Err(unfit) => self.beat.deny(request, Denial::Unfit(unfit)),
        }
    }

    fn order(&mut self, demand: Demand) -> Result<Action, Unfit> {
        let Demand { actor, deed, target, reason, end } = demand;
        let known = match target {
            Target::Carrier(it) => self.beat.plan.carriers.contains_key(&it),
            Target::Route(it) => self.beat.plan.routes.contains_key(&it),
            Target::Link(it) => self.beat.plan.carriers.contains_key(&it.carrier),
            Target::Store | Target::Prefix(_) => true,
        };
        if !known {
            return Err(Unfit::NoTarget);
        }
        if deed == Deed::Release && self.beat.out.marks.held_below == Seq(0) {
            return Err(Unfit::NothingHeld);
        }
        if deed == Deed::ConfirmClock && !self.beat.wall.doubted {
            return Err(Unfit::NothingDoubted);
        }
        let end = if let Ending::At(at) = end { Ending::At(self.beat.wall.exact.logical(at)) } else { end };
        let until = until(self.beat.now, deed, end)?;
        if matches!(deed, Deed::Move { .. }) && MOVES_MAX <= self.operated.moves.len() {
            return Err(Unfit::TooMany);
        }
        let n = self.beat.out.marks.next_event;
        self.beat.out.marks.next_event += 1;
        let by = self.beat.plan.accounts.get(&actor).map(|it| it.name.clone()).unwrap_or_default();
        let action = Action { n, at: self.beat.now, actor, by, deed, target, reason, until };
        self.beat.out.batch.actions.push(action.clone());
        self.beat.tell(Fact::Operated(Box::new(action.clone())));
        self.operated.take(action.clone());
        match (deed, target) {
            (Deed::Move { to, route }, Target::Carrier(from)) => {
                // What stands aside moves as well.
                self.free_resting(from);
                self.operated.moves.push(Moving { from, to, route, before: Seq(self.beat.out.marks.next_seq) });
            }
            (Deed::Release, _) => self.release(),
            (Deed::ConfirmClock, _) => self.beat.order(Command::ConfirmClock),
            (Deed::Rebind, Target::Link(link)) => self.beat.order(Command::Rebind(link)),
            (Deed::Trace { pdus }, Target::Link(link)) => {
                self.beat.order(Command::Trace(
                    link,
                    Tracing { at: self.beat.now, lasts: until.since(self.beat.now), pdus },
                ));
            }
            _ => (),
        }
        Ok(action)
    }

    /// Ends what has had its time.
    pub(crate) fn end_actions(&mut self) {
        let ended = self.operated.end(self.beat.now);
        self.beat.out.facts.extend(ended.into_iter().map(|it| Fact::OperatedEnded(Box::new(it))));
    }
}

/// When an action ends that begins now.
fn until(now: Time, deed: Deed, end: Ending) -> Result<Time, Unfit> {
    let at = match end {
        Ending::Never => return Ok(Time::NEVER),
        Ending::After(lasts) => now + lasts,
        Ending::At(at) => at,
    };
    let lasts = at.since(now);
    match deed {
        _ if lasts.is_zero() => Err(Unfit::Over),
        Deed::Trace { .. } if TRACE_MAX < lasts => Err(Unfit::TraceTooLong),
        _ if STANDS_MAX < lasts => Err(Unfit::TooLong),
        _ => Ok(at),
    }
}
