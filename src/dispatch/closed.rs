//! Why nothing is given to a carrier, in a word for operators.
//!
//! What waits there leaves for one of the causes of an attempt, of which all that an operator does is one. Who looks wants to
//! know which.

use crate::dispatch::Dispatch;
use crate::message::attempt::Cause;
use crate::message::id::CarrierId;
use crate::record::action::{Deed, Target};

/// Why nothing is given to a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// An operator has paused it.
    Paused,
    /// An operator lets it run empty.
    Drained,
    /// The configuration has retired it.
    Retired,
    /// The configuration does not name it any more.
    Removed,
    /// No link of it that submits is bound.
    CarrierDown,
    /// It has failed too often, or an operator says that it counts as if.
    BreakerOpen,
}

impl Closed {
    /// Its word in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Drained => "drained",
            Self::Retired => "retired",
            Self::Removed => "removed",
            Self::CarrierDown => "carrier_down",
            Self::BreakerOpen => "breaker_open",
        }
    }
}

impl Dispatch {
    /// Why nothing is given to a carrier, where nothing is. What somebody ordered comes before what happened.
    pub(super) fn why_closed(&self, carrier: CarrierId) -> Option<Closed> {
        let cause = self.standing(carrier, false).cause()?;
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
