//! What accounts are told: a log, in the order of its numbers.

use crate::message::id::AccountId;
use crate::message::time::Time;
use std::fmt;

/// One thing that an account is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the log: a counter with gaps, that never goes back.
    pub n: u64,
    /// 64 random bits of its id.
    pub token: u64,
    /// Whom it is for. `None`: nobody asked for it, and it is kept for operators to see.
    pub account: Option<AccountId>,
    /// What happened.
    pub kind: EventKind,
    /// When it was decided.
    pub at: Time,
    /// The particulars, a JSON object. They are written once, so that whoever is told twice is told the same.
    pub data: Box<str>,
}

impl Event {
    /// What names it for ever, however often it is told.
    pub const fn id(&self) -> EventId {
        EventId { n: self.n, token: self.token }
    }
}

/// The name of an event: `evt_`, 14 hexadecimal digits of its number, 16 of chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    /// Its place in the log.
    pub n: u64,
    /// The random bits, by which it cannot be guessed.
    pub token: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evt_{:014x}{:016x}", self.n, self.token)
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A message came from a handset.
    MessageReceived,
    /// A receipt came that names no message; operators read it.
    ReceiptUnread,
}

impl EventKind {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::MessageReceived, Self::ReceiptUnread];

    /// Its word in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::MessageReceived => "message.received",
            Self::ReceiptUnread => "receipt.unread",
        }
    }

    /// Its number in records.
    pub const fn number(self) -> u8 {
        match self {
            Self::MessageReceived => 0,
            Self::ReceiptUnread => 1,
        }
    }

    /// The kind of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.number() == number)
    }
}
