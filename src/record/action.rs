//! What operators have ordered: a log, in the order of its numbers.
//!
//! Some of it stands until it is taken back or its time has come, such as a pause; the newest of each
//! target and [`Aspect`] says what stands, so that a start needs no more than these.

use crate::guard::prefix::Prefix;
use crate::message::id::{AccountId, CarrierId, LinkId, RouteId};
use crate::message::time::Time;

/// One thing that an operator ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Its place in the log: a counter with gaps, that never goes back.
    pub n: u64,
    /// When it was ordered.
    pub at: Time,
    /// Whose key it was.
    pub actor: AccountId,
    /// What that account was called then: the configuration may not name it any more. Empty in records of before.
    pub by: Box<str>,
    /// What is to be done.
    pub deed: Deed,
    /// With what.
    pub target: Target,
    /// Why, in the operator's words.
    pub reason: Box<str>,
    /// When it ends by itself; [`Time::NEVER`] where it does not, or was done at once.
    pub until: Time,
}

/// What an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// A carrier.
    Carrier(CarrierId),
    /// A route.
    Route(RouteId),
    /// One bind of a carrier.
    Link(LinkId),
    /// The store, of which there is one.
    Store,
    /// Numbers that begin so.
    Prefix(Prefix),
}

/// In the number of a prefix, beside its digits, of which there are fifteen at most.
const PREFIX: u64 = 1 << 60;

impl Target {
    /// Its number in records: the kind above 32 bits of the id; of a prefix a bit above its digits.
    pub const fn number(self) -> u64 {
        let (kind, id) = match self {
            Self::Prefix(it) => return PREFIX | it.number(),
            Self::Carrier(it) => (1, it.0 as u64),
            Self::Route(it) => (2, it.0 as u64),
            Self::Link(it) => (3, ((it.carrier.0 as u64) << 8) | it.bind as u64),
            Self::Store => (4, 0),
        };
        (kind << 32) | id
    }

    /// The target of a number.
    pub fn from_number(number: u64) -> Option<Self> {
        if number & PREFIX != 0 {
            let digits = number & !PREFIX;
            return (0 < digits && digits < PREFIX).then(|| Self::Prefix(Prefix::of_record(digits)));
        }
        let id = u32::try_from(number & 0xFFFF_FFFF).ok()?;
        match number >> 32 {
            1 => u16::try_from(id).ok().map(|it| Self::Carrier(CarrierId(it))),
            2 => Some(Self::Route(RouteId(id))),
            3 => {
                let carrier = CarrierId(u16::try_from(id >> 8).ok()?);
                Some(Self::Link(LinkId { carrier, bind: (id & 0xFF) as u8 }))
            }
            4 => (id == 0).then_some(Self::Store),
            _ => None,
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing more is given to a carrier, or out of a route's queue.
    Pause,
    /// Ends a pause or a drain.
    Resume,
    /// Nothing more is given to a carrier; what waits for it goes to others, and what is in flight ends.
    Drain,
    /// The breaker of a carrier counts as open.
    OpenBreaker,
    /// The breaker of a carrier counts as closed.
    CloseBreaker,
    /// The breaker of a carrier goes by what it counts again.
    FreeBreaker,
    /// What waits for a carrier goes to another.
    Move {
        /// To this one, else to the next of each route.
        to: Option<CarrierId>,
        /// Only what came by this route.
        route: Option<RouteId>,
    },
    /// A link unbinds, and binds anew.
    Rebind,
    /// The PDUs of a link are kept for a while, to be read.
    Trace {
        /// So many at most.
        pdus: u16,
    },
    /// What a restored store holds may be sent.
    Release,
    /// The clock on the wall is right.
    ConfirmClock,
    /// Somebody is to be forgotten; who is not written down.
    Forget,
    /// Codes go to numbers, whatever guards of prefixes say.
    LetThrough,
    /// No codes go to numbers.
    Block,
    /// The guards decide again.
    FreePrefix,
}

closed_set! {
    /// What of a target an action is about: the newest of one aspect is the one that counts.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum Aspect: number {
        /// Something that is done at once, and does not stand.
        Once = 0,
        /// Whether anything is given.
        Flow = 1,
        /// What its breaker counts as.
        Breaker = 2,
        /// Whether codes go there.
        Guard = 3,
    }
}

closed_set! {
    impl Deed: number, word {
        Pause = 0 "pause",
        Resume = 1 "resume",
        Drain = 2 "drain",
        OpenBreaker = 3 "breaker open",
        CloseBreaker = 4 "breaker closed",
        FreeBreaker = 5 "breaker auto",
        Move = 6 "move",
        Rebind = 7 "rebind",
        Trace = 8 "trace",
        Release = 9 "release",
        ConfirmClock = 10 "confirm clock",
        Forget = 11 "forget",
        LetThrough = 12 "guard allow",
        Block = 13 "guard block",
        FreePrefix = 14 "guard auto",
    }
}

impl Deed {
    /// One of each; a move stands for all moves, and a trace for all traces.
    pub const ALL: [Self; 15] = [
        Self::Pause,
        Self::Resume,
        Self::Drain,
        Self::OpenBreaker,
        Self::CloseBreaker,
        Self::FreeBreaker,
        Self::Move { to: None, route: None },
        Self::Rebind,
        Self::Trace { pdus: 0 },
        Self::Release,
        Self::ConfirmClock,
        Self::Forget,
        Self::LetThrough,
        Self::Block,
        Self::FreePrefix,
    ];

    /// What a record holds besides the number: of a move its carrier above 32 bits of its route, 0 where it has none;
    /// of a trace its PDUs.
    pub fn detail(self) -> u64 {
        match self {
            Self::Move { to, route } => {
                let (to, route) = (to.map_or(0, |it| it.0), route.map_or(0, |it| it.0));
                (u64::from(to) << 32) | u64::from(route)
            }
            Self::Trace { pdus } => pdus.into(),
            _ => 0,
        }
    }

    /// The deed of a number and a detail.
    pub fn from_numbers(number: u8, detail: u64) -> Option<Self> {
        let deed = Self::ALL.into_iter().find(|it| it.number() == number)?;
        match deed {
            Self::Move { .. } => {
                let (to, route) = (u16::try_from(detail >> 32).ok()?, (detail & 0xFFFF_FFFF) as u32);
                let some = |it| (it != 0).then_some(it);
                Some(Self::Move { to: some(to).map(CarrierId), route: (route != 0).then_some(RouteId(route)) })
            }
            Self::Trace { .. } => u16::try_from(detail).ok().map(|pdus| Self::Trace { pdus }),
            _ => (detail == 0).then_some(deed),
        }
    }

    /// What of its target it is about.
    pub const fn aspect(self) -> Aspect {
        match self {
            Self::Pause | Self::Resume | Self::Drain => Aspect::Flow,
            Self::OpenBreaker | Self::CloseBreaker | Self::FreeBreaker => Aspect::Breaker,
            Self::LetThrough | Self::Block | Self::FreePrefix => Aspect::Guard,
            Self::Move { .. }
            | Self::Rebind
            | Self::Trace { .. }
            | Self::Release
            | Self::ConfirmClock
            | Self::Forget => Aspect::Once,
        }
    }

    /// Whether it must say when it ends: nobody remembers what he has switched off for ever.
    pub const fn ends(self) -> bool {
        matches!(
            self,
            Self::Pause
                | Self::Drain
                | Self::OpenBreaker
                | Self::CloseBreaker
                | Self::LetThrough
                | Self::Block
                | Self::Trace { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_records_say_what_they_were_made_of() {
        let (carrier, route) = (CarrierId(65_535), RouteId(16_777_215));
        let link = |bind| Target::Link(LinkId { carrier, bind });
        let prefix = |it| Target::Prefix(Prefix::of_record(it));
        for it in [
            Target::Carrier(carrier),
            Target::Route(route),
            link(0),
            link(255),
            Target::Store,
            prefix(3),
            prefix(999_999_999_999_999),
        ] {
            assert_eq!(Target::from_number(it.number()), Some(it));
        }
        for number in
            [0, 5 << 32, (4 << 32) | 1, (1 << 32) | 65_536, (3 << 32) | (1 << 24), 1 << 60, (1 << 60) | (1 << 61)]
        {
            assert_eq!(Target::from_number(number), None, "{number}");
        }
        let moves = [(None, None), (Some(carrier), None), (None, Some(route)), (Some(carrier), Some(route))];
        for deed in Deed::ALL.into_iter().chain(moves.map(|(to, route)| Deed::Move { to, route })) {
            assert_eq!(Deed::from_numbers(deed.number(), deed.detail()), Some(deed));
        }
        let trace = Deed::Trace { pdus: 10_000 };
        assert_eq!(Deed::from_numbers(trace.number(), trace.detail()), Some(trace));
        assert_eq!(Deed::from_numbers(15, 0), None);
        assert_eq!(Deed::from_numbers(0, 1), None);
    }
}
