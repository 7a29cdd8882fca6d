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

closed_set! {
    /// What happened.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum EventKind: all, number, from_number, word {
        /// A message came from a handset.
        MessageReceived = 0 "message.received",
        /// A receipt came that names no message; operators read it.
        ReceiptUnread = 1 "receipt.unread",
    }
}
