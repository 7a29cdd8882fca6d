//! What accounts are told: a log, in the order of its numbers.

use crate::message::callback::Callback;
use crate::message::id::{AccountId, EndpointId, EventId, Seq};
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
    /// The message that it is about: what is told of one message is told in this order.
    pub about: Option<Seq>,
    /// What happened.
    pub kind: EventKind,
    /// When it was decided.
    pub at: Time,
    /// The particulars, a JSON object. They are written once, so that whoever is told twice is told the same; unless
    /// somebody whom they name was forgotten in between.
    pub data: Box<str>,
    /// Where it is told besides.
    pub callback: Option<Callback>,
}

/// Whose events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Audience {
    /// Those of an account.
    Account(AccountId),
    /// Those that no account was given: operators read them.
    Operators,
    /// Those that are told besides, at one host.
    Callback(EndpointId),
}

impl Audience {
    /// Those of an account, or of none.
    pub fn of(account: Option<AccountId>) -> Self {
        account.map_or(Self::Operators, Self::Account)
    }
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
        /// A carrier took a message, or perhaps did.
        MessageSent = 2 "message.sent",
        /// A message arrived.
        MessageDelivered = 3 "message.delivered",
        /// A message will not arrive.
        MessageFailed = 4 "message.failed",
        /// A message was not worth sending any more, or a carrier says so.
        MessageExpired = 5 "message.expired",
        /// A message ended without news.
        MessageUnknown = 6 "message.unknown",
        /// A message was taken back before it left.
        MessageCancelled = 7 "message.cancelled",
        /// What was said of the end of a message is not so.
        MessageCorrected = 8 "message.corrected",
        /// A balance fell below what its account is warned at.
        BalanceLow = 9 "balance.low",
        /// All messages of an order have ended.
        OrderCompleted = 10 "order.completed",
        /// An endpoint is told no more.
        WebhookDisabled = 11 "webhook.disabled",
        /// A number was verified.
        VerificationApproved = 12 "verification.approved",
        /// Nobody could be given a code.
        VerificationFailed = 13 "verification.failed",
        /// A code did not come back in time.
        VerificationExpired = 14 "verification.expired",
        /// An application canceled a verification.
        VerificationCanceled = 15 "verification.canceled",
        /// Too many guesses at a code were wrong.
        VerificationMaxAttemptsReached = 16 "verification.max_attempts_reached",
        /// A code has not come by one channel, and could go by another.
        VerificationChannelOffered = 17 "verification.channel_offered",
    }
}

impl EventKind {
    /// Those that operators are told.
    pub const OF_OPERATORS: [Self; 3] = [Self::WebhookDisabled, Self::MessageReceived, Self::ReceiptUnread];

    /// Those that accounts are told.
    pub const TOLD: [Self; 16] = [
        Self::MessageSent,
        Self::MessageDelivered,
        Self::MessageFailed,
        Self::MessageExpired,
        Self::MessageUnknown,
        Self::MessageCancelled,
        Self::MessageCorrected,
        Self::OrderCompleted,
        Self::MessageReceived,
        Self::BalanceLow,
        Self::VerificationApproved,
        Self::VerificationFailed,
        Self::VerificationExpired,
        Self::VerificationCanceled,
        Self::VerificationMaxAttemptsReached,
        Self::VerificationChannelOffered,
    ];
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventKinds(u32);

impl EventKinds {
    /// Every kind.
    pub const ALL: Self = Self(u32::MAX);
    /// What an endpoint is told that does not say of what: how messages end, and what comes in.
    pub const USUAL: Self = {
        let (mut all, mut at) = (0, 0);
        while at < EventKind::TOLD.len() {
            all |= 1 << EventKind::TOLD[at].number();
            at += 1;
        }
        Self(all & !(1 << EventKind::MessageSent.number()))
    };

    /// Those of it that accounts are told.
    pub fn told(self) -> impl Iterator<Item = EventKind> {
        EventKind::TOLD.into_iter().filter(move |it| self.has(*it))
    }

    /// The kinds of a row that [`Self::bits`] wrote.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// A bit for each kind, by its number.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The same and this kind.
    #[must_use]
    pub const fn with(self, kind: EventKind) -> Self {
        Self(self.0 | 1 << kind.number())
    }

    /// Whether a kind is in it.
    pub const fn has(self, kind: EventKind) -> bool {
        self.0 & 1 << kind.number() != 0
    }
}
