//! The ids of things: small, interned or minted, and never confused with each other.
//!
//! Those of messages, orders and events count over all accounts and do not write themselves: what is shown of them is
//! in [`veil`](crate::message::veil).

/// A carrier, interned by the store under its configured name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CarrierId(pub u16);

/// An endpoint of an account, interned by the store under the name of the account and its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(pub u16);

/// An account, interned by the store under its configured name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub u16);

impl AccountId {
    /// Those who run nuncio, where something is theirs and no account's: accounts are numbered from 1.
    pub const OPERATORS: Self = Self(0);
    /// How they are called, which no account may be.
    pub const OPERATORS_NAME: &'static str = "operator";
}

/// A route, by the number that its configuration gives it: 1 to 16,777,215.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteId(pub u32);

impl RouteId {
    /// Above every number that a configuration gives.
    const SANDBOX: u32 = 1 << 24;

    /// The route of a number that somebody wrote; of one that no configuration can give, a route that there is not.
    pub const fn written(number: u32) -> Self {
        if number < Self::SANDBOX { Self(number) } else { Self(0) }
    }

    /// The route like this one that leads nowhere out of this process.
    #[must_use]
    pub const fn in_sandbox(self) -> Self {
        Self(self.0 | Self::SANDBOX)
    }

    /// Whether it leads nowhere out of this process.
    pub const fn is_in_sandbox(self) -> bool {
        self.0 & Self::SANDBOX != 0
    }

    /// The number that its configuration gives it, as everybody is shown it.
    pub const fn shown(self) -> u32 {
        self.0 & !Self::SANDBOX
    }

    /// Whether everybody is shown the same for another: it is that one, its twin of a sandbox, or what that is of.
    pub const fn is_shown_as(self, other: Self) -> bool {
        self.shown() == other.shown()
    }
}

/// One bind of a carrier: the carrier, and the bind's place from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId {
    /// The carrier at the other end.
    pub carrier: CarrierId,
    /// Which of its binds, from 0.
    pub bind: u8,
}

/// All messages of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(u64);

impl OrderId {
    /// No order: they are numbered from 1.
    pub const NONE: Self = Self(0);

    /// The order that records have under this number.
    pub const fn from_record(number: u64) -> Self {
        Self(number)
    }

    /// Its number in records: from 1, over all accounts, and shown to nobody.
    pub const fn number_in_records(self) -> u64 {
        self.0
    }
}

/// The place of a message in the total order of accepted messages; below 2^53.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(pub u64);

impl Seq {
    /// The first value that is not a seq: a JSON number holds every smaller one exactly.
    pub const END: u64 = 1 << 53;
}

/// One part of a message: `seq * 16 + index`. It is the rowid of the part, so that the parts
/// of a message stand side by side and in the order of their messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartKey(pub u64);

impl PartKey {
    /// More parts than any message may have.
    pub const PARTS_MAX: u64 = 16;

    /// The part `index`, from 0, of the message `seq`.
    pub const fn new(seq: Seq, index: u8) -> Self {
        Self(seq.0 * Self::PARTS_MAX + index as u64)
    }

    /// The message that it is a part of.
    pub const fn seq(self) -> Seq {
        Seq(self.0 / Self::PARTS_MAX)
    }

    /// Its place in the message, from 0.
    pub const fn index(self) -> u8 {
        (self.0 % Self::PARTS_MAX) as u8
    }
}

/// A message: its place, and 64 random bits by which it cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId {
    /// Its place in the order of accepted messages.
    pub seq: Seq,
    /// The random bits.
    pub token: u64,
}

/// A verification: its place, and 64 random bits by which it cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VerificationId {
    /// Its place in the order in which verifications began.
    pub n: u64,
    /// The random bits.
    pub token: u64,
}

/// An app of the configuration, which verifies numbers; interned by the store under its configured name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId(pub u16);

/// An event: its place in the log, and 64 random bits by which it cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    /// Its place in the log.
    pub n: u64,
    /// The random bits.
    pub token: u64,
}

/// A queue of its own: what one account sends by one route in one class, as far as it waits for one carrier.
///
/// Packed, so that it needs no table: sandbox (1 bit), carrier (16), route (24), account (16), class (2), priority (2).
/// Carrier 0 is none: so are the lanes of stores of before, in which a lane was of no carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneId(pub u64);

impl LaneId {
    /// The lane of `account` on `route` in the class of number `class`, of no carrier.
    pub const fn new(route: RouteId, account: AccountId, class: u8, priority: u8) -> Self {
        Self(
            ((route.is_in_sandbox() as u64) << 60)
                | ((route.shown() as u64 & 0xFF_FFFF) << 20)
                | ((account.0 as u64) << 4)
                | (((class & 3) as u64) << 2)
                | ((priority & 3) as u64),
        )
    }

    /// The same queue at this carrier.
    #[must_use]
    pub const fn at(self, carrier: CarrierId) -> Self {
        Self((self.0 & !(0xFFFF << 44)) | ((carrier.0 as u64) << 44))
    }

    /// The carrier that it waits for; 0 is none.
    pub const fn carrier(self) -> CarrierId {
        CarrierId((self.0 >> 44) as u16)
    }

    /// The route.
    pub const fn route(self) -> RouteId {
        let route = RouteId(((self.0 >> 20) & 0xFF_FFFF) as u32);
        if self.0 >> 60 & 1 == 0 { route } else { route.in_sandbox() }
    }

    /// The account.
    pub const fn account(self) -> AccountId {
        AccountId((self.0 >> 4) as u16)
    }

    /// The number of the class.
    pub const fn class(self) -> u8 {
        ((self.0 >> 2) & 3) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_keeps_what_it_was_made_of() {
        let lane = LaneId::new(RouteId(16_777_215), AccountId(65_535), 2, 3);
        for carrier in [0, 1, 65_535].map(CarrierId) {
            let lane = lane.at(CarrierId(7)).at(carrier);
            assert_eq!((lane.route(), lane.account(), lane.class()), (RouteId(16_777_215), AccountId(65_535), 2));
            assert_eq!(lane.carrier(), carrier);
        }
        let route = RouteId(16_777_215).in_sandbox();
        let lane = LaneId::new(route, AccountId(65_535), 2, 3).at(CarrierId(65_535)).at(CarrierId(9));
        assert_eq!((lane.route(), lane.carrier(), lane.account()), (route, CarrierId(9), AccountId(65_535)));
        assert_eq!((lane.route().shown(), lane.route().is_in_sandbox()), (16_777_215, true));
    }
}
