//! What the rest of the gateway asks of the loop.

use crate::dispatch::door::plan::Plan;
use crate::gateway::failure::Failure;
use crate::gateway::port::Port;
use crate::gateway::wake::Wake;
use crate::message::id::{AccountId, EndpointId, LinkId};
use crate::number::e164::E164;
use crate::record::contract::NameKind;
use crate::record::made_endpoint::MadeEndpoint;
use crate::record::to_forget::ToForget;
use crate::telemetry::meters::Meters;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a link that is replaced, or bound anew, waits for what is in flight.
pub(super) const ANSWERS_MAX: Duration = Duration::from_secs(20);

/// The lane on which the loop is asked. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Controls {
    lane: mpsc::Sender<Control>,
    wake: Wake,
}

impl Controls {
    pub(super) const fn new(lane: mpsc::Sender<Control>, wake: Wake) -> Self {
        Self { lane, wake }
    }

    /// What wakes the loop, for who has something for it on another lane.
    pub(super) const fn wake(&self) -> &Wake {
        &self.wake
    }

    /// Says something; false to a loop that has ended, which is noticed by who waits for it.
    pub(super) async fn tell(&self, control: Control) -> bool {
        let is_said = self.lane.send(control).await.is_ok();
        self.wake.wake();
        is_said
    }

    /// Asks something; nothing from a loop that has ended.
    pub(super) async fn ask<T>(&self, control: impl FnOnce(oneshot::Sender<T>) -> Control) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(control(reply)).await;
        answer.await.ok()
    }
}

/// What the rest of the gateway asks of the loop.
#[derive(Debug)]
pub(super) enum Control {
    /// A link has been started.
    Attach(LinkId, Port),
    /// Which numbers stand for these names?
    Intern(Vec<(NameKind, String)>, oneshot::Sender<Vec<u16>>),
    /// These endpoints are told from now on: those that are new begin at the end of the log.
    OpenEndpoints(Vec<(EndpointId, AccountId)>, oneshot::Sender<()>),
    /// Keep an endpoint that stands in no configuration; its number is told.
    MakeEndpoint(MadeEndpoint, oneshot::Sender<MadeEndpoint>),
    /// Keep that such an endpoint has gone.
    GiveUpEndpoint(MadeEndpoint, oneshot::Sender<()>),
    /// Keep that somebody is to be forgotten, with all that was accepted until now.
    KeepToForget(E164, oneshot::Sender<ToForget>),
    /// Somebody is forgotten.
    HasForgotten(E164, oneshot::Sender<()>),
    /// Endpoints that these accounts made are told that messages were sent; those of no others are.
    HearOfSent(BTreeSet<AccountId>),
    /// May this plan be taken up? Not if it leaves out what parts depend on, or changes the currency of a balance.
    MayTakeUp(Arc<Plan>, oneshot::Sender<Result<(), Failure>>),
    /// The configuration changed.
    Reconfigure(Arc<Plan>, Arc<Meters>),
    /// Accept and submit nothing more; say so when nothing is on a link.
    Drain(oneshot::Sender<()>),
    /// The links have ended: commit what they said last, and end.
    End,
}
