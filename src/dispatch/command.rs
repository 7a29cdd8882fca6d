//! What the deciding floor orders. Carried out only after the batch of its beat is durable.

use crate::carrier::query::Query;
use crate::carrier::submit::Submit;
use crate::dispatch::happening::RequestId;
use crate::dispatch::inspect::Snapshot;
use crate::dispatch::operate::{Tracing, Unfit};
use crate::message::id::{LinkId, MessageId, OrderId};
use crate::message::money::Money;
use crate::message::time::Time;
use crate::record::action::Action;
use crate::record::money::LedgerLine;
use std::time::Duration;

/// Something to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// Answer a waiting request.
    Reply(RequestId, Reply),
    /// Submit a part on a link; always within its capacity.
    Submit(LinkId, Submit),
    /// Ask a carrier what has become of a part.
    Query(LinkId, Query),
    /// Confirm what a carrier sent.
    Confirm(LinkId, u64),
    /// Unbind a link and bind it anew.
    Rebind(LinkId),
    /// Believe the clock on the wall.
    ConfirmClock,
    /// Keep the PDUs of a link for a while.
    Trace(LinkId, Tracing),
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It is durable and queued.
    Accepted {
        /// The order that it made.
        order: OrderId,
        /// Its messages, in the order of the recipients.
        messages: Vec<MessageId>,
        /// When.
        at: Time,
        /// How its account stands now.
        means: Box<Means>,
    },
    /// The same request came before, under the same key.
    Repeated(OrderId),
    /// The same request came before, under the same key, and its order is still arriving.
    Running,
    /// Another request came before under the same key.
    KeyReused,
    /// The account asks too often, or for too many messages.
    TooMany {
        /// What it went over.
        limit: Limit,
        /// When the same may be asked again; `None` is never.
        wait: Option<Duration>,
        /// How it stands now.
        means: Box<Means>,
    },
    /// The account has not enough to pay for it.
    Insufficient {
        /// What it has and is not promised to orders that are arriving.
        balance: Money,
    },
    /// The account pays from a balance, and something has no price.
    Unpriced,
    /// Credit was given: the line of the ledger that says so.
    Credited(Box<LedgerLine>),
    /// The same credit was given before, under the same key; by the line of this number.
    CreditedBefore(u64),
    /// The account has no balance to give credit to.
    NotManaged,
    /// The balance would be larger than any may be.
    TooMuch,
    /// The message will not be sent.
    Cancelled,
    /// What an application says of a message is noted.
    Noted,
    /// The message has left, or has ended.
    TooLate,
    /// The message was taken back before it left, so that nothing can have come of it.
    NeverLeft,
    /// There is no such message of this account, or no such key on a list.
    NotFound,
    /// The number is left in peace since then.
    Suppressed(Time),
    /// The number is written to again.
    Lifted,
    /// The list of those who do not want to be written to is full.
    ListFull,
    /// The queue is full; try again after this.
    QueueFull(Duration),
    /// The daemon is stopping.
    Draining,
    /// What an operator wanted stands, or is done.
    Ordered(Box<Action>),
    /// What an operator wanted is not done.
    Unfit(Unfit),
    /// How everything stands.
    Inspected(Box<Snapshot>),
}

/// How an account stands, as far as its configuration limits it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// What is left of its balance, once the request is paid for.
    pub balance: Option<Money>,
    /// What is left of its rate of requests.
    pub rate: Option<Allowance>,
    /// What is left of its quota of messages.
    pub quota: Option<Allowance>,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many may come in a window.
    pub limit: u64,
    /// How long a window is.
    pub window: Duration,
    /// How many may come now.
    pub remaining: u64,
    /// When there will be more.
    pub reset: Duration,
}

/// A limit of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Requests a second.
    Rate,
    /// Messages in a period.
    Quota,
}
