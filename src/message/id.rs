//! The ids of things: small, interned or minted, and never confused with each other.

use std::fmt;
use std::str::FromStr;

/// A carrier, interned by the store under its configured name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CarrierId(pub u16);

/// An account, interned by the store under its configured name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub u16);

/// A route, by the number that its configuration gives it: 1 to 16,777,215.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteId(pub u32);

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
pub struct OrderId(pub u64);

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

/// What the customer calls a message: its seq and 64 random bits, written as a UUID of
/// version 8 (RFC 9562, 5.8). The seq finds it, the random bits keep it from being guessed.
///
/// ```text
/// sssssssss-ssss-8sTT-vTTT-TTTTTTTTTTTT     s: 53 bits of seq (and 3 zero bits), T: 64 random
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId {
    /// Its place in the order of accepted messages.
    pub seq: Seq,
    /// The random bits.
    pub token: u64,
}

impl MessageId {
    const VERSION: u128 = 0x8 << 76;
    const VARIANT: u128 = 0b10 << 62;

    /// The 128 bits of the UUID.
    fn bits(self) -> u128 {
        let seq = u128::from(self.seq.0);
        let token = u128::from(self.token);
        // 48 bits of custom_a and the high 8 of custom_b hold the seq, the other 4 of custom_b
        // and the low 60 of custom_c the token; two bits of custom_c stay zero.
        let (high, low) = (seq >> 8, seq & 0xFF);
        (high << 80) | Self::VERSION | (low << 68) | ((token >> 60) << 64) | Self::VARIANT | (token & ((1 << 60) - 1))
    }

    fn from_bits(bits: u128) -> Option<Self> {
        let seq = ((bits >> 80) << 8) | ((bits >> 68) & 0xFF);
        let token = (((bits >> 64) & 0xF) << 60) | (bits & ((1 << 60) - 1));
        let id = Self { seq: Seq(u64::try_from(seq).ok()?), token: u64::try_from(token).ok()? };
        (id.seq.0 < Seq::END && id.bits() == bits).then_some(id)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.bits();
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            (bits >> 96) as u32,
            (bits >> 80) as u16,
            (bits >> 64) as u16,
            (bits >> 48) as u16,
            bits & 0xFFFF_FFFF_FFFF
        )
    }
}

/// The text is not an id that was ever given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a message id")]
pub struct NotAnId;

impl FromStr for MessageId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let shaped = text.len() == 36
            && text.bytes().enumerate().all(|(at, it)| match at {
                8 | 13 | 18 | 23 => it == b'-',
                _ => it.is_ascii_hexdigit(),
            });
        let hex: String = text.chars().filter(|it| *it != '-').collect();
        let bits = u128::from_str_radix(&hex, 16).ok().filter(|_| shaped).ok_or(NotAnId)?;
        Self::from_bits(bits).ok_or(NotAnId)
    }
}

/// A queue of its own: what one account sends by one route in one class, as far as it waits for one carrier.
///
/// Packed, so that it needs no table: carrier (16 bits), route (24), account (16), class (2), priority (2).
/// Carrier 0 is none: so are the lanes of stores of before, in which a lane was of no carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneId(pub u64);

impl LaneId {
    /// The lane of `account` on `route` in the class of number `class`, of no carrier.
    pub const fn new(route: RouteId, account: AccountId, class: u8, priority: u8) -> Self {
        Self(
            (((route.0 & 0xFF_FFFF) as u64) << 20)
                | ((account.0 as u64) << 4)
                | (((class & 3) as u64) << 2)
                | ((priority & 3) as u64),
        )
    }

    /// The same queue at this carrier.
    #[must_use]
    pub const fn at(self, carrier: CarrierId) -> Self {
        Self((self.0 & ((1 << 44) - 1)) | ((carrier.0 as u64) << 44))
    }

    /// The carrier that it waits for; 0 is none.
    pub const fn carrier(self) -> CarrierId {
        CarrierId((self.0 >> 44) as u16)
    }

    /// The route.
    pub const fn route(self) -> RouteId {
        RouteId(((self.0 >> 20) & 0xFF_FFFF) as u32)
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
    fn a_message_id_is_a_uuid_of_version_8_and_comes_back() {
        for (seq, token) in [(0, 0), (1, u64::MAX), (Seq::END - 1, 0x0123_4567_89AB_CDEF), (25_303, 1)] {
            let id = MessageId { seq: Seq(seq), token };
            let text = id.to_string();
            assert_eq!((text.as_bytes()[14], text.as_bytes()[19] >= b'8'), (b'8', true), "{text}");
            assert_eq!(text.parse(), Ok(id));
        }
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        let good = MessageId { seq: Seq(7), token: 7 }.to_string();
        for bad in ["", "7", &good[1..], &good.replace('-', "0"), &good.replacen("-8", "-4", 1), &format!("{good}0")] {
            assert_eq!(bad.parse::<MessageId>(), Err(NotAnId), "{bad}");
        }
    }

    #[test]
    fn a_lane_keeps_what_it_was_made_of() {
        let lane = LaneId::new(RouteId(16_777_215), AccountId(65_535), 2, 3);
        for carrier in [0, 1, 65_535].map(CarrierId) {
            let lane = lane.at(CarrierId(7)).at(carrier);
            assert_eq!((lane.route(), lane.account(), lane.class()), (RouteId(16_777_215), AccountId(65_535), 2));
            assert_eq!(lane.carrier(), carrier);
        }
    }
}
