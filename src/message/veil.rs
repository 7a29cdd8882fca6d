//! What is shown of ids, so that nobody can tell from them how many messages, orders and events all accounts have.
//!
//! Records number these from 1 over all accounts. Each store has a key of its own, under which the numbers are shown:
//!
//! ```text
//! message   mmmmmmmm-mmmm-8mTT-vTTT-TTTTTTTTTTTT   UUID of version 8 (RFC 9562, 5.8): 56 bits of number, 64 of chance
//! event     evt_mmmmmmmmmmmmmmTTTTTTTTTTTTTTTT     the same bits, one after the other
//! order     2^52 + permuted number                  a whole number that JSON holds exactly (RFC 8259, 6)
//! verification   ver_mmmmmmmmmmmmmmTTTTTTTTTTTTTTTT   as of an event
//! cursor    c2.TTTTTTTTTTTTTTTTmmmmmmmmmmmmmm      as of an event, but that T is made of the number
//! ```
//!
//! `m` is the number under a mask, and the mask is a hash of `T` under the key: as random as `T` is, and no two are the
//! same where no two `T` are. An order has no room for chance and is permuted. A number is veiled in one way in all
//! places: what a customer names is found in the log as it stands.
//!
//! What had been given out when the key was made keeps the id that its customer knows. What is younger has the veiled
//! one alone: were its plain one read, it could be tried out what the veil hides.

use crate::message::id::{EventId, MessageId, OrderId, Seq, VerificationId};
use crate::number::e164::E164;
use siphasher::sip::SipHasher24;
use std::fmt;
use std::str::FromStr;

/// Bits of a number: as many as a seq may have.
const NUMBER: u64 = Seq::END - 1;
/// The bit of the 56 that says that the others are masked.
const MASKED: u64 = 1 << 55;
/// The bit of the 53 that says that the others are permuted.
const PERMUTED: u64 = 1 << 52;
/// The bit that says that the others are the hash of a number.
const VEILED: u64 = 1 << 63;
/// Bits of either half of what is permuted.
const HALF_BITS: u32 = 26;
/// One half.
const HALF: u64 = (1 << HALF_BITS) - 1;
/// Rounds of the permutation: as many as FF1 has (NIST SP 800-38G), whose halves may be as small.
const ROUNDS: u8 = 10;

/// The key of a store, and from where on it counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Veil {
    key: [u64; 2],
    since: Since,
}

/// The numbers that were the next when a key was made: all before them are shown as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// Of messages.
    pub seq: Seq,
    /// Of orders.
    pub order: OrderId,
    /// Of events.
    pub event: u64,
}

/// A list that is shown in pages. A cursor of one is none of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// Messages, by their seqs.
    Messages,
    /// Events, by their numbers.
    Events,
    /// What operators ordered, by the numbers.
    Actions,
    /// Lines of a ledger, by their numbers.
    Ledger,
    /// Who does not want to be written to, by the place.
    Suppressions,
    /// Orders, by the seqs of their first messages.
    Orders,
    /// Verifications, by their numbers.
    Verifications,
}

/// What is hashed; each hash has a purpose of its own.
#[derive(Clone, Copy)]
enum Purpose {
    Message,
    Event,
    /// A round of the permutation.
    Order(u8),
    /// The token of a cursor.
    Token(Pages),
    Cursor(Pages),
    /// The number of somebody who is forgotten.
    Person,
    Verification,
}

impl Purpose {
    const fn octets(self) -> [u8; 2] {
        match self {
            Self::Message => [0, 0],
            Self::Event => [1, 0],
            Self::Order(round) => [2, round],
            Self::Token(list) => [3, list as u8],
            Self::Cursor(list) => [4, list as u8],
            Self::Person => [5, 0],
            Self::Verification => [6, 0],
        }
    }
}

impl Veil {
    /// The veil of a store.
    pub const fn new(key: [u64; 2], since: Since) -> Self {
        Self { key, since }
    }

    /// One whose key everybody knows, over a store without a past: for simulations, which run again as they ran.
    pub const fn known() -> Self {
        Self::new([0; 2], Since { seq: Seq(1), order: OrderId::from_record(1), event: 1 })
    }

    /// What a message is called.
    pub fn message(&self, id: MessageId) -> MessageName {
        let MessageId { seq, token } = id;
        let number = if seq < self.since.seq { seq.0 } else { MASKED | self.mask(Purpose::Message, token, seq.0) };
        MessageName { number, token }
    }

    /// The message that is called so; the error for what is no name, or was never given out.
    pub fn read_message(&self, text: &str) -> Result<MessageId, NotAnId> {
        let MessageName { number, token } = text.parse()?;
        let seq = if number < MASKED {
            Some(Seq(number)).filter(|it| *it < self.since.seq)
        } else {
            let seq = Seq(self.mask(Purpose::Message, token, number & !MASKED));
            Some(seq).filter(|it| self.since.seq <= *it && it.0 <= NUMBER)
        };
        Ok(MessageId { seq: seq.ok_or(NotAnId)?, token })
    }

    /// By what a handset knows the parts of a message from those of others. Messages that follow each other differ in
    /// the low octet, which is all that most headers have room for; the high one is of chance.
    pub const fn reference(&self, id: MessageId) -> u16 {
        let [.., high, low] = id.seq.0.to_be_bytes();
        u16::from_be_bytes([if id.seq.0 < self.since.seq.0 { high } else { id.token as u8 }, low])
    }

    /// What an event is called. Nobody asks for one by its name.
    pub fn event(&self, id: EventId) -> EventName {
        let EventId { n, token } = id;
        EventName { number: if n < self.since.event { n } else { MASKED | self.mask(Purpose::Event, token, n) }, token }
    }

    /// What a verification is called.
    pub fn verification(&self, id: VerificationId) -> VerificationName {
        let VerificationId { n, token } = id;
        VerificationName { number: MASKED | self.mask(Purpose::Verification, token, n), token }
    }

    /// The verification that is called so.
    pub fn read_verification(&self, text: &str) -> Option<VerificationId> {
        let digits = text.strip_prefix("ver_").filter(|it| it.len() == 30)?;
        let digits = Some(digits).filter(|it| it.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')))?;
        let (number, token) = digits.split_at(14);
        let number = u64::from_str_radix(number, 16).ok().filter(|it| MASKED <= *it)?;
        let token = u64::from_str_radix(token, 16).ok()?;
        let n = self.mask(Purpose::Verification, token, number & !MASKED);
        (n <= NUMBER).then_some(VerificationId { n, token })
    }

    /// What an order is called.
    pub fn order(&self, id: OrderId) -> u64 {
        let number = id.number_in_records();
        if id < self.since.order { number } else { PERMUTED | self.permute(number) }
    }

    /// The order that is called so.
    pub fn read_order(&self, name: u64) -> Option<OrderId> {
        if name < PERMUTED {
            return Some(OrderId::from_record(name)).filter(|it| *it < self.since.order);
        }
        let order = (name <= NUMBER).then(|| OrderId::from_record(self.unpermute(name & !PERMUTED)))?;
        (self.since.order <= order).then_some(order)
    }

    /// What stands on a list for somebody who is forgotten: a keyed hash of 63 bits, which is no number that anybody
    /// can have. Whoever has the key can try numbers; nobody can read one.
    pub fn person(&self, number: E164) -> E164 {
        E164(VEILED | self.hash(Purpose::Person, number.0))
    }

    /// Where a page of a list ends. The form is ours to change, which is why it says of which form it is.
    pub fn cursor(&self, list: Pages, number: u64) -> String {
        let token = self.hash(Purpose::Token(list), number);
        format!("c2.{token:016x}{:014x}", self.mask(Purpose::Cursor(list), token, number))
    }

    /// The number of a cursor of this list. Those of the form of before are read as far as they were given out; where
    /// they are the cursors of operators alone, who are shown the numbers, all of them.
    pub fn read_cursor(&self, list: Pages, text: &str) -> Option<u64> {
        let (form, digits) = text.split_once('.')?;
        let digits = Some(digits).filter(|it| it.bytes().all(|it| it.is_ascii_hexdigit()))?;
        let number = |digits: &str| u64::from_str_radix(digits, 16).ok();
        match form {
            "c1" => {
                let end = match list {
                    Pages::Messages => self.since.seq.0,
                    Pages::Events => self.since.event,
                    Pages::Actions | Pages::Ledger | Pages::Suppressions => u64::MAX,
                    // There were none of them.
                    Pages::Orders | Pages::Verifications => 0,
                };
                number(digits).filter(|it| *it < end)
            }
            "c2" if digits.len() == 30 => {
                let (token, masked) = digits.split_at(16);
                let token = number(token)?;
                let found = self.mask(Purpose::Cursor(list), token, number(masked)?);
                (self.hash(Purpose::Token(list), found) == token).then_some(found)
            }
            _ => None,
        }
    }

    /// Puts a mask on a number, or takes it off again.
    fn mask(&self, purpose: Purpose, token: u64, number: u64) -> u64 {
        number ^ (self.hash(purpose, token) & NUMBER)
    }

    /// A Feistel network: another number of 52 bits for each.
    fn permute(&self, number: u64) -> u64 {
        let halves = ((number >> HALF_BITS) & HALF, number & HALF);
        let step = |(left, right), round| (right, left ^ (self.hash(Purpose::Order(round), right) & HALF));
        let (left, right) = (0..ROUNDS).fold(halves, step);
        (left << HALF_BITS) | right
    }

    fn unpermute(&self, number: u64) -> u64 {
        let halves = ((number >> HALF_BITS) & HALF, number & HALF);
        let step = |(left, right), round| (right ^ (self.hash(Purpose::Order(round), left) & HALF), left);
        let (left, right) = (0..ROUNDS).rev().fold(halves, step);
        (left << HALF_BITS) | right
    }

    fn hash(&self, purpose: Purpose, word: u64) -> u64 {
        let mut octets = [0; 10];
        octets[..2].copy_from_slice(&purpose.octets());
        octets[2..].copy_from_slice(&word.to_le_bytes());
        SipHasher24::new_with_keys(self.key[0], self.key[1]).hash(&octets)
    }
}

impl fmt::Debug for Veil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Veil").field("since", &self.since).finish_non_exhaustive()
    }
}

/// What the customer, the log and carriers call a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageName {
    /// 56 bits.
    number: u64,
    token: u64,
}

impl MessageName {
    const VERSION: u128 = 0x8 << 76;
    const VARIANT: u128 = 0b10 << 62;

    /// The 128 bits of the UUID.
    fn bits(self) -> u128 {
        let (number, token) = (u128::from(self.number), u128::from(self.token));
        // 48 bits of custom_a and the high 8 of custom_b hold the number, the other 4 of custom_b
        // and the low 60 of custom_c the token; two bits of custom_c stay zero.
        let (high, low) = (number >> 8, number & 0xFF);
        (high << 80) | Self::VERSION | (low << 68) | ((token >> 60) << 64) | Self::VARIANT | (token & ((1 << 60) - 1))
    }

    fn from_bits(bits: u128) -> Option<Self> {
        let number = ((bits >> 80) << 8) | ((bits >> 68) & 0xFF);
        let token = (((bits >> 64) & 0xF) << 60) | (bits & ((1 << 60) - 1));
        let name = Self { number: u64::try_from(number).ok()?, token: u64::try_from(token).ok()? };
        (name.number & !MASKED <= NUMBER && name.bits() == bits).then_some(name)
    }
}

impl fmt::Display for MessageName {
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

impl FromStr for MessageName {
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

/// What a verification is called for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VerificationName {
    /// 56 bits.
    number: u64,
    token: u64,
}

impl fmt::Display for VerificationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ver_{:014x}{:016x}", self.number, self.token)
    }
}

/// What names an event for ever, however often it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventName {
    /// 56 bits.
    number: u64,
    token: u64,
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evt_{:014x}{:016x}", self.number, self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// A store that had given out so much before it had a key.
    const SINCE: Since = Since { seq: Seq(1_000), order: OrderId::from_record(500), event: 200 };
    const VEIL: Veil = Veil::new([0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908], SINCE);

    fn message(seq: u64, token: u64) -> MessageId {
        MessageId { seq: Seq(seq), token }
    }

    #[test]
    fn a_message_id_is_a_uuid_of_version_8_and_comes_back() {
        for (seq, token) in [(0, 0), (999, u64::MAX), (1_000, 0), (NUMBER, 0x0123_4567_89AB_CDEF), (25_303, 1)] {
            let text = VEIL.message(message(seq, token)).to_string();
            assert_eq!((text.as_bytes()[14], text.as_bytes()[19] >= b'8'), (b'8', true), "{text}");
            assert_eq!(VEIL.read_message(&text), Ok(message(seq, token)), "{text}");
        }
    }

    #[test]
    fn a_reference_has_no_more_of_a_number_than_handsets_need() {
        assert_eq!(VEIL.reference(message(999, 5)), 999, "some of its parts may have left before there was a key");
        assert_eq!(VEIL.reference(message(0x0001_12A7, 0x0123_4567_89AB_CDEF)), 0xEFA7);
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        let good = VEIL.message(message(7, 7)).to_string();
        let bad = ["", "7", &good[1..], &good.replace('-', "0"), &good.replacen("-8", "-4", 1), &format!("{good}0")];
        for bad in
            bad.into_iter().chain(["40000000-0000-8000-8000-000000000007", "20000000-0000-8000-8000-000000000007"])
        {
            assert_eq!(VEIL.read_message(bad), Err(NotAnId), "{bad}");
        }
    }

    /// Were one of these another, every id that was given out would be none any more.
    #[test]
    fn names_are_the_same_in_every_version() {
        assert_eq!(VEIL.message(message(999, 5)).to_string(), "00000000-0003-8e70-8000-000000000005");
        assert_eq!(VEIL.event(EventId { n: 199, token: 5 }).to_string(), "evt_000000000000c70000000000000005");
        assert_eq!(VEIL.order(OrderId::from_record(499)), 499);
        assert_eq!(VEIL.message(message(1_000, 5)).to_string(), "895611ac-9894-8310-8000-000000000005");
        assert_eq!(VEIL.event(EventId { n: 200, token: 5 }).to_string(), "evt_81b7b14f8bebf90000000000000005");
        assert_eq!(VEIL.order(OrderId::from_record(500)), 5_621_750_823_529_557);
        assert_eq!(VEIL.cursor(Pages::Messages, 1_000), "c2.7595618793d7d8fc0e0c4c8beeb670");
        // The vector of the paper on SipHash (Aumasson and Bernstein, appendix A), whose key this is.
        let vector: [u8; 15] = std::array::from_fn(|it| it as u8);
        assert_eq!(SipHasher24::new_with_keys(VEIL.key[0], VEIL.key[1]).hash(&vector), 0xA129_CA61_49BE_45E5);
    }

    #[test]
    fn names_do_not_grow_with_what_they_number_and_no_place_in_them_stays() {
        let token = |it: u64| it.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let numbers = || 1_000..2_000;
        let event = |it| VEIL.event(EventId { n: it, token: token(it) }).to_string();
        for (kind, shown) in [
            ("message", numbers().map(|it| VEIL.message(message(it, token(it))).to_string()).collect::<Vec<_>>()),
            ("event", numbers().map(|it| event(it).split_off("evt_8".len())).collect()),
            ("order", numbers().map(|it| VEIL.order(OrderId::from_record(it)).to_string()).collect()),
            ("cursor", numbers().map(|it| VEIL.cursor(Pages::Messages, it).split_off("c2.".len())).collect()),
        ] {
            let up = shown.windows(2).filter(|it| it[0] < it[1]).count();
            assert!((400..600).contains(&up), "{kind}: {up} of 999 are larger than the one before");
            assert_eq!(shown.iter().collect::<BTreeSet<_>>().len(), shown.len(), "{kind}");
            for at in (6..=shown[0].len()).step_by(6) {
                let found: BTreeSet<&str> = shown.iter().map(|it| &it[at - 6..at]).collect();
                assert!(800 < found.len(), "{kind}: {} texts before {at}", found.len());
            }
        }
    }

    #[test]
    fn what_is_younger_than_the_key_has_no_plain_name_and_what_is_older_no_veiled_one() {
        let plain = Veil::new([1, 2], Since { seq: Seq(NUMBER), order: OrderId::from_record(PERMUTED), event: NUMBER });
        let early = Veil { since: Veil::known().since, ..VEIL };
        for (number, read) in [(1, true), (499, true), (1_000, false), (70_000, false)] {
            let named = plain.message(message(number, 9)).to_string();
            assert_eq!(VEIL.read_message(&named).is_ok(), read, "{named}");
            assert_eq!(VEIL.read_order(number).is_some(), read, "{number}");
            let named = early.message(message(number, 9)).to_string();
            assert_eq!(VEIL.read_message(&named).is_ok(), !read, "{named}");
            assert_eq!(VEIL.read_order(early.order(OrderId::from_record(number))).is_some(), !read, "{number}");
        }
        assert_eq!(Veil::known().read_order(1), None, "a store without a past has no order 1");
        assert_eq!((VEIL.read_order(1 << 53), VEIL.read_order(u64::MAX)), (None, None));
    }

    #[test]
    fn a_cursor_is_of_its_list_and_its_store_and_those_of_before_go_on() {
        let cursor = VEIL.cursor(Pages::Messages, 70_000);
        assert_eq!(VEIL.read_cursor(Pages::Messages, &cursor), Some(70_000));
        assert_eq!(VEIL.read_cursor(Pages::Events, &cursor), None);
        assert_eq!(Veil::new([1, 2], SINCE).read_cursor(Pages::Messages, &cursor), None);
        let read = |list, it: &str| VEIL.read_cursor(list, it);
        assert_eq!((read(Pages::Messages, "c1.3e7"), read(Pages::Messages, "c1.3e8")), (Some(999), None));
        assert_eq!((read(Pages::Events, "c1.c7"), read(Pages::Events, "c1.c8")), (Some(199), None));
        assert_eq!(read(Pages::Ledger, "c1.ffff"), Some(0xFFFF), "operators see the numbers beside it");
        for bad in [
            "",
            "c2",
            "c2.",
            "c1.",
            "c1.+7",
            "c3.0",
            "7",
            &cursor[..32],
            &cursor.replace("c2", "c1"),
            &format!("{cursor}0"),
        ] {
            assert_eq!(read(Pages::Messages, bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_number_comes_back_under_every_key(
            key in any::<[u64; 2]>(), number in 1_000..PERMUTED, token in any::<u64>(), flip in 0_u32..120
        ) {
            let veil = Veil::new(key, SINCE);
            let order = veil.order(OrderId::from_record(number));
            prop_assert!((PERMUTED..Seq::END).contains(&order));
            prop_assert_eq!(veil.read_order(order), Some(OrderId::from_record(number)));
            prop_assert_eq!(veil.permute(veil.unpermute(order & !PERMUTED)), order & !PERMUTED);
            let name = veil.message(message(number, token));
            prop_assert_eq!(veil.read_message(&name.to_string()), Ok(message(number, token)));
            let cursor = veil.cursor(Pages::Events, number);
            prop_assert_eq!(veil.read_cursor(Pages::Events, &cursor), Some(number));
            // A cursor is not made up from another: one digit more or less, and it is none.
            let at = 3 + (flip / 4) as usize;
            let digit = u32::from_str_radix(&cursor[at..=at], 16).unwrap() ^ (1 << (flip % 4));
            let other = format!("{}{digit:x}{}", &cursor[..at], &cursor[at + 1..]);
            prop_assert_eq!(veil.read_cursor(Pages::Events, &other), None);
        }
    }
}
