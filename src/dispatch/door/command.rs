//! What the deciding floor orders. Carried out only after the batch of its beat is durable.

use crate::carrier::query::Query;
use crate::carrier::submit::Submit;
use crate::dispatch::door::happening::RequestId;
use crate::dispatch::door::reply::Reply;
use crate::message::channel::Channel;
use crate::message::id::{LinkId, VerificationId};
use crate::message::time::Time;
use crate::record::event::Audience;
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
    /// Wake whoever tells an account of its events: there are new ones.
    Emit(Audience),
    /// Confirm what a carrier sent.
    Confirm(LinkId, u64),
    /// Unbind a link and bind it anew.
    Rebind(LinkId),
    /// Believe the clock on the wall.
    ConfirmClock,
    /// A code of this verification goes by another channel, for nobody has to ask.
    TakeChannel(VerificationId, Channel),
    /// Keep the PDUs of a link for a while.
    Trace(LinkId, Tracing),
}

/// How a link is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracing {
    /// When it began, by the clock of everything else.
    pub at: Time,
    /// How long it goes on.
    pub lasts: Duration,
    /// How many PDUs are kept at most.
    pub pdus: u16,
}
