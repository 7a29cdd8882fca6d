//! One try of one part on one link.

use crate::message::id::{CarrierId, LinkId};
use crate::message::money::Money;
use crate::message::receipt::Receipt;
use crate::message::time::Time;
use std::time::Duration;

closed_set! {
    /// What a `submit_sm_resp`, or its absence, means.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Answer: all, number, from_number, word {
        /// The carrier took it.
        Taken = 0 "taken",
        /// The same carrier, later.
        Later = 1 "later",
        /// Another carrier, now.
        Elsewhere = 2 "elsewhere",
        /// No carrier would take it.
        Never = 3 "never",
        /// It never left.
        NotSent = 4 "not_sent",
        /// It was written, and nobody knows.
        Unknown = 5 "unknown",
    }
}

impl Answer {
    /// The answer of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }
}

closed_set! {
    /// Why an attempt was made.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Cause: all, number, from_number, word {
        /// The part had not been tried.
        First = 0 "first",
        /// The carrier had refused it for now, or it had not left.
        Retry = 1 "retry",
        /// Another carrier had refused it.
        Failover = 2 "failover",
        /// What became of the attempt before is not known, and the route says to send again.
        Resend = 3 "resend",
        /// Another carrier had taken it, and no receipt came in time.
        NoReceipt = 4 "no_receipt",
        /// It had waited too long for another carrier.
        MaxWait = 5 "max_wait",
        /// The carrier that it waited for had no link.
        CarrierDown = 6 "carrier_down",
        /// The carrier that it waited for had failed too often.
        BreakerOpen = 7 "breaker_open",
        /// An operator had closed the carrier that it waited for, or moved it.
        Moved = 8 "moved",
        /// It shows whether a carrier that was left works again.
        Probe = 9 "probe",
    }
}

/// One try of one part on one link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: u8,
    /// Where it went.
    pub link: LinkId,
    /// Why.
    pub cause: Cause,
    /// When the intent was decided.
    pub intended_at: Time,
    /// When it was handed to the socket; never while it waits for the window, and where only a process that is gone
    /// knew.
    pub written_at: Time,
    /// When it ended: by an answer, or because none was waited for any more.
    pub answered_at: Time,
    /// What the answer means.
    pub answer: Option<Answer>,
    /// What the answer was, as the carrier said it.
    pub command_status: Option<u32>,
    /// What the carrier calls it.
    pub carrier_message_id: Option<CarrierMessageId>,
    /// What the carrier charges us.
    pub cost: Option<Money>,
    /// The last receipt that counted.
    pub receipt: Option<Box<Receipt>>,
}

impl Attempt {
    /// An attempt that is intended now.
    pub const fn new(number: u8, link: LinkId, cause: Cause, now: Time) -> Self {
        Self {
            number,
            link,
            cause,
            intended_at: now,
            written_at: Time::NEVER,
            answered_at: Time::NEVER,
            answer: None,
            command_status: None,
            carrier_message_id: None,
            cost: None,
            receipt: None,
        }
    }

    /// When the carrier answered; never if it has not.
    pub const fn heard_at(&self) -> Time {
        if self.command_status.is_some() { self.answered_at } else { Time::NEVER }
    }

    /// It ended now, so long after it was written, where the link knows.
    pub fn ends(&mut self, now: Time, took: Option<Duration>) {
        self.answered_at = now;
        // The clock of the link may run a little faster than that of records.
        self.written_at = took.map_or(Time::NEVER, |it| (now - it).max(self.intended_at));
    }

    /// How long it waited from the intent until it was written, if it was.
    pub fn queue_time(&self) -> Option<Duration> {
        self.written_at.known().map(|it| it.since(self.intended_at))
    }

    /// The key under which receipts find this attempt, once the carrier has named it.
    pub fn rhash(&self) -> Option<u64> {
        self.carrier_message_id.as_ref().map(|it| it.rhash(self.link.carrier))
    }
}

/// A carrier's id of a part, as the carrier wrote it, without blanks and NULs around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CarrierMessageId(Box<str>);

impl CarrierMessageId {
    /// More than any real id; the specification allows 64 characters.
    pub const LEN_MAX: usize = 255;

    /// The id in what the carrier wrote; `None` if there is none.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim_matches(|it: char| it == '\0' || it.is_whitespace());
        let end =
            text.char_indices().map(|(at, it)| at + it.len_utf8()).take_while(|it| *it <= Self::LEN_MAX).last()?;
        Some(Self(text[..end].into()))
    }

    /// The text, as the carrier wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which ids are compared: lower case, and without leading zeros where the
    /// rest is digits or hexadecimal (padding differs between answers and receipts).
    pub fn canonical(&self) -> String {
        let lower = self.0.to_ascii_lowercase();
        let bare = lower.trim_start_matches('0');
        if !bare.is_empty() && lower.bytes().all(|it| it.is_ascii_hexdigit()) {
            bare.to_owned()
        } else if bare.is_empty() {
            "0".to_owned()
        } else {
            lower
        }
    }

    /// A stable 64-bit hash of carrier and canonical form: the key of the store's index.
    pub fn rhash(&self, carrier: CarrierId) -> u64 {
        rhash(carrier, &self.canonical())
    }
}

/// FNV-1a over the carrier and the id, then mixed so that near ids do not stand near each
/// other. It is stored: changing it is a migration.
pub fn rhash(carrier: CarrierId, canonical: &str) -> u64 {
    let octets = carrier.0.to_be_bytes().into_iter().chain(canonical.bytes());
    let folded =
        octets.fold(0xCBF2_9CE4_8422_2325_u64, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01B3));
    let mixed = (folded ^ (folded >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_compared_without_case_and_padding() {
        let canonical = |text: &str| CarrierMessageId::new(text).map(|it| it.canonical());
        assert_eq!(canonical(" 0000436949\0").as_deref(), Some("436949"));
        assert_eq!(canonical("1D305B4C").as_deref(), Some("1d305b4c"));
        assert_eq!(canonical("000").as_deref(), Some("0"));
        assert_eq!(canonical("0E99-opaque").as_deref(), Some("0e99-opaque"));
        assert_eq!(canonical(" \0"), None);
    }

    #[test]
    fn the_stored_hash_does_not_change() {
        assert_eq!(rhash(CarrierId(1), "1d305b4c"), 8_439_899_454_732_776_645);
    }
}
