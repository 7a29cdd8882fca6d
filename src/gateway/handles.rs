//! What the parts of a running gateway share: each takes a clone, and uses what is its own.

use crate::api::handler::health::Health;
use crate::api::handler::made_endpoints::Callbacks;
use crate::api::handler::shown::ShownConfig;
use crate::api::lookup::Lookup;
use crate::config::{Draft, Loaded};
use crate::dispatch::door::plan::Plan;
use crate::gateway::lookup;
use crate::gateway::wake::Wake;
use crate::message::time::Time;
use crate::store::event_bell::EventBell;
use crate::telemetry::endpoint_status::EndpointStatuses;
use crate::telemetry::link_status::LinkStatuses;
use crate::telemetry::meters::Meters;
use crate::telemetry::recorder::Exposition;
use crate::webhook::running::Running;
use crate::wire::trace::Traces;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::watch;

/// What the parts share. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Handles {
    pub(super) health: Arc<Health>,
    pub(super) wake: Wake,
    /// Counts beats.
    pub(super) rounds: Arc<AtomicU64>,
    pub(super) event_bell: EventBell,
    pub(super) exposition: Arc<Exposition>,
    pub(super) traces: Traces,
    pub(super) links: LinkStatuses,
    pub(super) endpoints: EndpointStatuses,
    /// The hosts at which accounts have callbacks.
    pub(super) callbacks: Callbacks,
    /// Where orders to the endpoints go.
    pub(super) running: Running,
    pub(super) shown: ShownConfig,
    pub(super) latest: Latest,
}

/// What a reload changes; the latest counts.
#[derive(Clone)]
pub(super) struct Latest {
    pub(super) plan: watch::Receiver<Arc<Plan>>,
    pub(super) lookup: watch::Receiver<Option<Arc<Lookup>>>,
    pub(super) meters: watch::Receiver<Arc<Meters>>,
}

/// Where a reload puts what it changes.
pub(super) struct Changing {
    pub(super) plan: watch::Sender<Arc<Plan>>,
    pub(super) lookup: watch::Sender<Option<Arc<Lookup>>>,
    pub(super) meters: watch::Sender<Arc<Meters>>,
}

impl Handles {
    /// Those of a gateway that begins now, and where its reloads put what they change.
    pub(super) fn new(
        draft: &Draft,
        loaded: &Loaded,
        (exposition, meters): (Arc<Exposition>, Arc<Meters>),
        now: Time,
    ) -> (Self, Changing) {
        let (meters, latest_meters) = watch::channel(meters);
        let (plan, latest_plan) = watch::channel(loaded.plan.clone());
        let (lookup, latest_lookup) = watch::channel(lookup::service(loaded.lookup.clone(), None, &latest_meters));
        let handles = Self {
            health: Arc::default(),
            wake: Wake::default(),
            rounds: Arc::default(),
            event_bell: EventBell::default(),
            exposition,
            traces: Traces::default(),
            links: LinkStatuses::new(now),
            endpoints: EndpointStatuses::default(),
            callbacks: Callbacks::default(),
            running: Running::default(),
            shown: ShownConfig::new(draft.shown().clone()),
            latest: Latest { plan: latest_plan, lookup: latest_lookup, meters: latest_meters },
        };
        (handles, Changing { plan, lookup, meters })
    }
}
