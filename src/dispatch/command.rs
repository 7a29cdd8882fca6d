//! What the deciding floor orders. Carried out only after the batch of its beat is durable.

use crate::carrier::query::Query;
use crate::carrier::submit::Submit;
use crate::dispatch::happening::RequestId;
use crate::dispatch::inspect::Snapshot;
use crate::dispatch::operate::{Tracing, Unfit};
use crate::message::id::{LinkId, MessageId, OrderId};
use crate::message::time::Time;
use crate::record::action::Action;
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
    },
    /// The same request came before, under the same key.
    Repeated(OrderId),
    /// Another request came before under the same key.
    KeyReused,
    /// The message will not be sent.
    Cancelled,
    /// The message has left, or has ended.
    TooLate,
    /// There is no such message of this account.
    NotFound,
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
