//! What operators have ordered and still stands: pauses, drains, forced breakers.
//!
//! It is asked wherever something is about to be given, and knows no more than that: what was ordered at
//! once and is done, such as a move, leaves no trace here.

use crate::dispatch::failover::operator_moves::Moving;
use crate::guard::prefix::Prefix;
use crate::message::id::{CarrierId, RouteId};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::action::{Action, Aspect, Deed, Target};
use std::collections::BTreeMap;

/// What an operator forces a breaker to be; underneath it goes on learning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forced {
    /// Nothing is given.
    Open,
    /// Everything is given.
    Closed,
}

/// What stands, by what it is about: as many as there are carriers and routes, twice at most, and prefixes that
/// somebody ordered of late.
#[derive(Debug, Default)]
pub(crate) struct Operated {
    standing: BTreeMap<(Target, Aspect), Action>,
    /// What they move now.
    pub(crate) moves: Vec<Moving>,
}

impl Operated {
    /// Takes up an action: it stands, or ends what stood.
    pub(crate) fn take(&mut self, action: Action) {
        let key = (action.target, action.deed.aspect());
        match action.deed {
            Deed::Pause | Deed::Drain | Deed::OpenBreaker | Deed::CloseBreaker | Deed::LetThrough | Deed::Block => {
                self.standing.insert(key, action);
            }
            Deed::Resume | Deed::FreeBreaker | Deed::FreePrefix => {
                self.standing.remove(&key);
            }
            Deed::Move { .. }
            | Deed::Rebind
            | Deed::Trace { .. }
            | Deed::Release
            | Deed::ConfirmClock
            | Deed::Forget => (),
        }
    }

    /// Whether parts may be given to a carrier.
    pub(crate) fn allows(&self, carrier: CarrierId) -> bool {
        self.flow(Target::Carrier(carrier)).is_none()
    }

    /// Whether parts may be given out of the queue of a route.
    pub(crate) fn allows_route(&self, route: RouteId) -> bool {
        self.flow(Target::Route(route)).is_none()
    }

    /// What the breaker of a carrier counts as, where an operator says so.
    pub(crate) fn breaker(&self, carrier: CarrierId) -> Option<Forced> {
        let action = self.on_breaker(carrier)?;
        Some(if action.deed == Deed::OpenBreaker { Forced::Open } else { Forced::Closed })
    }

    /// The pause or the drain of a carrier or a route.
    pub(super) fn flow(&self, target: Target) -> Option<&Action> {
        self.standing.get(&(target, Aspect::Flow))
    }

    /// What forces the breaker of a carrier.
    pub(super) fn on_breaker(&self, carrier: CarrierId) -> Option<&Action> {
        self.standing.get(&(Target::Carrier(carrier), Aspect::Breaker))
    }

    /// What is ordered for a number, by its longest prefix: that codes go there, or that none do; and until when.
    pub(crate) fn lets_through(&self, to: E164) -> Option<(bool, Time)> {
        let orders = Prefix::all(to).filter_map(|it| self.standing.get(&(Target::Prefix(it), Aspect::Guard)));
        orders.map(|it| (it.deed == Deed::LetThrough, it.until)).next()
    }

    /// What is ordered for prefixes.
    pub(super) fn of_prefixes(&self) -> impl Iterator<Item = &Action> {
        self.standing.iter().filter(|(key, _)| key.1 == Aspect::Guard).map(|it| it.1)
    }

    /// Ends what has had its time, and gives it out.
    pub(crate) fn end(&mut self, now: Time) -> Vec<Action> {
        let over = |action: &Action| action.until.known().is_some_and(|until| until <= now);
        let ended: Vec<Action> = self.standing.values().filter(|it| over(it)).cloned().collect();
        self.standing.retain(|_, it| !over(it));
        ended
    }

    /// When the first of them ends.
    pub(crate) fn next(&self) -> Option<Time> {
        self.standing.values().filter_map(|it| it.until.known()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::id::AccountId;

    const ACME: CarrierId = CarrierId(1);
    const BETA: CarrierId = CarrierId(2);
    const OTP: RouteId = RouteId(1);

    fn action(deed: Deed, target: Target, until: u64) -> Action {
        Action {
            n: 1,
            at: Time(1),
            actor: AccountId(1),
            by: "ops".into(),
            deed,
            target,
            reason: "it sulks".into(),
            until: Time(until),
        }
    }

    #[test]
    fn a_pause_holds_its_target_alone_until_it_is_resumed() {
        let mut operated = Operated::default();
        operated.take(action(Deed::Pause, Target::Carrier(ACME), 500));
        assert_eq!((operated.allows(ACME), operated.allows(BETA)), (false, true));
        // The route has the number of the carrier.
        assert!(operated.allows_route(OTP));
        operated.take(action(Deed::Drain, Target::Carrier(ACME), 500));
        operated.take(action(Deed::Pause, Target::Route(OTP), 500));
        operated.take(action(Deed::Resume, Target::Carrier(ACME), 0));
        assert_eq!((operated.allows(ACME), operated.allows_route(OTP)), (true, false));
        operated.take(action(Deed::Resume, Target::Route(OTP), 0));
        assert!(operated.allows_route(OTP) && operated.next().is_none());
    }

    #[test]
    fn what_stands_ends_by_itself_at_its_time_and_not_before() {
        let mut operated = Operated::default();
        operated.take(action(Deed::Pause, Target::Carrier(ACME), 500));
        operated.take(action(Deed::OpenBreaker, Target::Carrier(BETA), 300));
        assert_eq!(operated.next(), Some(Time(300)));
        assert_eq!(operated.end(Time(299)), []);
        let ended: Vec<Deed> = operated.end(Time(300)).iter().map(|it| it.deed).collect();
        assert_eq!(ended, [Deed::OpenBreaker]);
        assert_eq!((operated.breaker(BETA), operated.allows(ACME)), (None, false));
        assert_eq!((operated.end(Time(9_999)).len(), operated.allows(ACME), operated.next()), (1, true, None));
    }

    #[test]
    fn a_breaker_is_forced_open_or_closed_and_set_free() {
        let mut operated = Operated::default();
        for (deed, forced) in [
            (Deed::OpenBreaker, Some(Forced::Open)),
            (Deed::CloseBreaker, Some(Forced::Closed)),
            (Deed::FreeBreaker, None),
        ] {
            operated.take(action(deed, Target::Carrier(ACME), 500));
            assert_eq!(operated.breaker(ACME), forced);
            assert!(operated.allows(ACME), "a breaker is no pause");
        }
    }

    #[test]
    fn what_is_done_at_once_does_not_stand() {
        let mut operated = Operated::default();
        operated.take(action(Deed::Pause, Target::Carrier(ACME), 500));
        operated.take(action(Deed::Move { to: Some(BETA), route: None }, Target::Carrier(ACME), 0));
        assert!(!operated.allows(ACME));
        assert_eq!(operated.end(Time(9_999)).len(), 1);
    }
}
