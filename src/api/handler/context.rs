//! What the handlers share, and what they say to the loop.

use crate::api::handler::auth::Directory;
use crate::api::handler::health::Health;
use crate::api::handler::made_endpoints::{Callbacks, EndpointRequest};
use crate::api::handler::memory::{Memory, OCTETS_MAX};
use crate::api::handler::people::PersonRequest;
use crate::api::handler::shown::ShownConfig;
use crate::api::lookup::Lookup;
use crate::carrier::report::ReceiptNews;
use crate::dispatch::door::happening::Ask;
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::reply::Reply;
use crate::dispatch::inbound::opt_out::OptedOut;
use crate::message::id::{AccountId, CarrierId, LinkId};
use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::record::delivery::Progress;
use crate::record::event::EventKind;
use crate::record::shown::Shown;
use crate::store::event_bell::EventBell;
use crate::store::sqlite::readers::{CONNECTIONS_MAX, Readers, SENDERS_MAX, WRITERS_MAX};
use crate::telemetry::endpoint_status::EndpointStatuses;
use crate::telemetry::link_status::LinkStatuses;
use crate::telemetry::meters::http::TurnedAway;
use crate::telemetry::recorder::Exposition;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

/// Reads of the store that run at once: as many as it has connections for them. More would only hold threads.
pub const READS_MAX: usize = CONNECTIONS_MAX - SENDERS_MAX - WRITERS_MAX;

/// What a request that no route takes, or not by this method, is counted under.
pub const OTHER: &str = "other";

/// What a handler asks of the loop.
#[derive(Debug)]
pub enum LoopRequest {
    /// Do this, or say that; whoever waits is answered once what that rests on is durable.
    Ask(Ask, oneshot::Sender<Reply>),
    /// Take in what a carrier over HTTP tells, at least one receipt, and say so once it is durable.
    Receipts(CarrierId, Vec<ReceiptNews>, oneshot::Sender<()>),
    /// Endpoints were told events.
    Told(Progress),
}

/// Tells telemetry of one answered request: one of [`crate::api::router::ENDPOINTS`], the status code, how long.
pub type OnAnswer = dyn Fn(&'static str, u16, Duration) + Send + Sync;

/// Tells telemetry of a refused message or request to send: the stage, the HTTP code.
pub type OnRefusal = dyn Fn(&'static str, u16) + Send + Sync;

/// Tells telemetry of a connection that was turned away.
pub type OnTurnedAway = dyn Fn(TurnedAway) + Send + Sync;

/// Tells telemetry that a carrier called, and that so much of what it said is no receipt.
pub type OnUnread = dyn Fn(CarrierId, &str, usize) + Send + Sync;

/// What is given to the API when it is wired.
pub struct Wiring {
    /// The configuration; the latest counts.
    pub plan: watch::Receiver<Arc<Plan>>,
    /// The bounded lane to the loop.
    pub submit: mpsc::Sender<LoopRequest>,
    /// Called after each send on the lane, for a loop that sleeps in a thread of its own.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// Who does not want to be written to.
    pub opted_out: Arc<OptedOut>,
    /// What is asked about numbers; the latest counts.
    pub lookup: watch::Receiver<Option<Arc<Lookup>>>,
    /// Wakes those who wait for events.
    pub event_bell: EventBell,
    /// Connections to the store that only read.
    pub readers: Readers,
    /// How the daemon is.
    pub health: Arc<Health>,
    /// The values of all metrics.
    pub exposition: Arc<Exposition>,
    /// The configuration in force, for operators.
    pub shown: ShownConfig,
    /// How the links that run stand.
    pub links: LinkStatuses,
    /// How endpoints stand.
    pub endpoints: EndpointStatuses,
    /// The bounded lane to those who run endpoints.
    pub of_endpoints: mpsc::Sender<EndpointRequest>,
    /// The bounded lane to who forgets people.
    pub of_people: mpsc::Sender<PersonRequest>,
    /// The hosts at which accounts have callbacks.
    pub callbacks: Callbacks,
    /// Has the endpoints of an account tell again what was given up between two times; how many there are.
    pub recover: Arc<dyn Fn(AccountId, Time, Time) -> usize + Send + Sync>,
    /// Has the endpoints of an account called with an example of an event, but those that are being tried out: how many
    /// are, of how many.
    pub try_out: Arc<dyn Fn(AccountId, EventKind) -> (usize, usize) + Send + Sync>,
    /// The latest trace of a link, each PDU a line of JSON.
    pub trace: Arc<dyn Fn(LinkId) -> Option<Vec<String>> + Send + Sync>,
    /// Counts answers.
    pub on_answer: Arc<OnAnswer>,
    /// Counts connections that are turned away.
    pub on_turned_away: Arc<OnTurnedAway>,
    /// Counts what carriers say and nobody understands.
    pub on_unread: Arc<OnUnread>,
    /// Counts refusals.
    pub on_refusal: Arc<OnRefusal>,
    /// The largest body, in octets.
    pub max_body: usize,
    /// The largest body that is CSV, in octets.
    pub max_csv: usize,
    /// How long a body may take to come.
    pub body_timeout: Duration,
}

/// What the handlers share.
pub struct Context {
    /// What was given.
    pub wiring: Wiring,
    /// Bounds the reads that run at once.
    pub(crate) reads: Arc<Semaphore>,
    /// Bounds what running requests hold.
    pub(crate) memory: Memory,
    /// The keys of the plan, by their digests; made anew when the plan is.
    directory: RwLock<Arc<Directory>>,
}

impl Context {
    /// A context over these parts.
    pub fn new(wiring: Wiring) -> Arc<Self> {
        let directory = Directory::of(Arc::clone(&wiring.plan.borrow()), None);
        Arc::new(Self {
            wiring,
            reads: Arc::new(Semaphore::new(READS_MAX)),
            memory: Memory::new(OCTETS_MAX),
            directory: RwLock::new(Arc::new(directory)),
        })
    }

    /// Under what the numbers of the store are shown.
    pub(crate) fn veil(&self) -> Veil {
        self.wiring.readers.veil()
    }

    /// A record that the loop has told, in times of the wall, as those that are read have them.
    pub(crate) fn shown<T: Shown>(&self, it: T) -> T {
        self.wiring.readers.shown(it)
    }

    /// The keys of the latest plan.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        let plan = Arc::clone(&self.wiring.plan.borrow());
        let known = Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner));
        if Arc::ptr_eq(&known.plan, &plan) {
            return known;
        }
        let fresh = Arc::new(Directory::of(plan, Some(&known)));
        *self.directory.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        fresh
    }
}
