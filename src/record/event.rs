//! What accounts are told: a log, in the order of its numbers.

use crate::message::id::{AccountId, EventId};
use crate::message::time::Time;

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
