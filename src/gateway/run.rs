//! Starts a gateway, keeps it, reloads it, and ends it without losing anything.

use crate::api::handler::context::Context;
use crate::api::port::kind::{PortKind, PortRole};
use crate::api::router;
use crate::api::server::options::{Http, Listen};
use crate::api::verify::resend::take_channels;
use crate::clock::Clock;
use crate::clock::logical::Trust;
use crate::config::{self, Draft, Loaded};
use crate::gateway::cdr::Cdr;
use crate::gateway::control::{Control, Controls};
use crate::gateway::endpoints::{self, Endpoints};
use crate::gateway::failure::Failure;
use crate::gateway::handles::{Changing, Handles};
use crate::gateway::launch::{Ended, launch};
use crate::gateway::links::{Links, Wanted};
use crate::gateway::listen::listen;
use crate::gateway::lookup;
use crate::gateway::made_endpoints::MadeEndpoints;
use crate::gateway::people::People;
use crate::gateway::sandbox::Sandbox;
use crate::gateway::store;
use crate::gateway::wiring::wiring;
use crate::message::id::{AccountId, CarrierId, EndpointId};
use crate::record::contract::{Poisoned, Store};
use crate::store::sqlite::Durability;
use crate::telemetry::labels::Labels;
use crate::telemetry::meters::Meters;
use crate::telemetry::recorder::Exposition;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{info, warn};

/// Requests that may wait for the loop; more are answered with 503.
const CALLS_MAX: usize = 4_096;
/// Words to the loop that may be under way.
const CONTROLS_MAX: usize = 64;
/// Requests to those who run endpoints that may wait; more are answered with 503.
const ENDPOINT_REQUESTS_MAX: usize = 256;
/// Codes that may wait for another channel; others stay offered.
const CHANNELS_MAX: usize = 4_096;
/// Requests to forget somebody that may wait; more are answered with 503.
const PEOPLE_REQUESTS_MAX: usize = 256;

/// A gateway that runs.
pub struct Gateway {
    /// Where applications call, if over TCP.
    pub http: Option<SocketAddr>,
    /// Where operators look, if over TCP.
    pub admin: Option<SocketAddr>,
    /// Where both listen, as an operator would write it.
    pub serves: [Listen; 2],
    handles: Handles,
    changing: Changing,
    links: Links,
    sandbox: Sandbox,
    endpoints: Arc<Mutex<Endpoints>>,
    people: JoinHandle<()>,
    cdr: Cdr,
    controls: Controls,
    ended: Ended,
    stop_servers: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
    ports: Vec<(PortRole, Http)>,
    drain_timeout: Duration,
    listens: [Http; 2],
    store: config::StoreConfig,
    clock: Trust,
}

impl Gateway {
    /// Opens the store, starts the loop, the links and the listeners.
    pub async fn start(draft: &Draft) -> Result<Self, Failure> {
        let mut store = store::open(draft.store())?;
        // Before the configuration is compiled: a store that fails is no fault of it.
        let numbers: Result<Vec<u16>, Poisoned> = draft.names().map(|(kind, name)| store.intern(kind, &name)).collect();
        let loaded = numbered(draft, numbers?)?;
        store.open_endpoints(&ids(&loaded))?;
        let (made, to_forget) = (store.made_endpoints()?, store.to_forget()?);
        let exposition = Arc::new(Exposition::new());
        let meters = Arc::new(Meters::new(&exposition, &labels(&loaded)));
        meters.inside().syncs(draft.store().durability == Durability::Fsync);
        meters.inside().count_reload(Some(since_1970()));
        let now = Clock::of_the_wall();
        let (handles, changing) = Handles::new(draft, &loaded, (exposition, meters.clone()), now);
        let (readers, veil) = (store.readers(), store.veil());
        let (calls_in, calls) = mpsc::channel(CALLS_MAX);
        let (controls_in, controls) = mpsc::channel(CONTROLS_MAX);
        let (channels_in, channels) = mpsc::channel(CHANNELS_MAX);
        let (ended, opted_out) = launch(store, &loaded, &handles, (calls, controls, channels_in))?;
        handles.health.store_open.store(true, Ordering::Relaxed);

        let mut cdr = Cdr::new(&handles, readers.clone(), calls_in.clone());
        let to_loop = Controls::new(controls_in, handles.wake.clone());
        let made = MadeEndpoints::new(made, handles.callbacks.clone(), to_loop.clone());
        let told = Arc::new(Mutex::new(Endpoints::new(&handles, made, (readers.clone(), calls_in.clone()))));
        let (requests_in, requests) = mpsc::channel(ENDPOINT_REQUESTS_MAX);
        tokio::spawn(endpoints::serve(told.clone(), requests));
        let (people_in, people) = mpsc::channel(PEOPLE_REQUESTS_MAX);
        let lanes = (calls_in.clone(), to_loop.clone());
        let forgets = People::new(readers.clone(), lanes, &handles.latest.meters, cdr.mark(), to_forget);
        let lanes = (calls_in, requests_in, people_in);
        let context = Context::new(wiring(&handles, lanes, (readers, opted_out), &loaded.http));
        tokio::spawn(take_channels(context.clone(), channels));
        let (stop_servers, stop) = watch::channel(false);
        let admin = listen(&loaded.admin, router::operations(&context), &context, stop.clone())?;
        let http = listen(&loaded.http, router::application(&context), &context, stop.clone())?;
        let mut servers = serve_ports(&loaded.ports, &context, &stop)?;
        servers.extend([http.1, admin.1]);
        handles.health.listening.store(true, Ordering::Relaxed);
        let mut links = Links::new(to_loop.clone(), veil, &handles);
        // Before anything is sent: the loop has to know who is told of it.
        told.lock().await.set(loaded.webhooks, loaded.templates).await;
        let (mut sandbox, mut smpp) = (Sandbox::default(), loaded.links);
        sandbox.behind(loaded.sandbox, &mut smpp);
        links.set(Wanted::of(smpp, loaded.http_links), &meters).await;
        cdr.set(loaded.cdr)?;
        // It waits for the records of charge where there are some.
        let people = tokio::spawn(forgets.run(people));
        Ok(Self {
            http: http.0,
            admin: admin.0,
            serves: [at(http.0, &loaded.http), at(admin.0, &loaded.admin)],
            handles,
            changing,
            links,
            sandbox,
            endpoints: told,
            people,
            cdr,
            controls: to_loop,
            ended,
            stop_servers,
            servers,
            ports: loaded.ports,
            drain_timeout: loaded.shutdown.drain_timeout,
            listens: [loaded.http, loaded.admin],
            store: loaded.store,
            clock: loaded.clock,
        })
    }

    /// How often the loop has gone round: it goes round at least twice a second while it lives.
    pub fn rounds(&self) -> Arc<AtomicU64> {
        self.handles.rounds.clone()
    }

    /// The metrics, as text.
    pub fn exposition(&self) -> Arc<Exposition> {
        self.handles.exposition.clone()
    }

    /// Waits until the loop ends, which it does on its own only when the store fails.
    pub async fn ended(&mut self) -> Failure {
        let why = match (&mut self.ended).await {
            Ok(Err(poisoned)) => Failure::Poisoned(poisoned),
            Ok(Ok(())) | Err(_) => Failure::LoopEnded,
        };
        self.handles.health.poisoned.store(true, Ordering::Relaxed);
        self.meters().inside().set_poisoned();
        why
    }

    fn meters(&self) -> Arc<Meters> {
        self.handles.latest.meters.borrow().clone()
    }

    /// Takes up a new configuration, or keeps the old one whole.
    pub async fn reload(&mut self, draft: &Draft) -> Result<(), Failure> {
        match self.take_up(draft).await {
            Ok(()) => {
                self.meters().inside().count_reload(Some(since_1970()));
                Ok(())
            }
            Err(failure) => {
                self.reload_failed();
                Err(failure)
            }
        }
    }

    /// A new configuration was wrong; the old one stays.
    pub fn reload_failed(&self) {
        self.meters().inside().count_reload(None);
    }

    async fn take_up(&mut self, draft: &Draft) -> Result<(), Failure> {
        let loaded = self.compile(draft).await?;
        self.ask(|reply| Control::MayTakeUp(loaded.plan.clone(), reply)).await??;
        let waits = self.waits_for_start(&loaded);
        if !waits.is_empty() {
            warn!(keys = waits.join(", "), "these changes take effect at the next start");
        }
        self.ask(|reply| Control::OpenEndpoints(ids(&loaded), reply)).await?;
        let meters = Arc::new(Meters::new(&self.handles.exposition, &labels(&loaded)));
        self.changing.meters.send_replace(meters.clone());
        self.controls.tell(Control::Reconfigure(loaded.plan.clone(), meters.clone())).await;
        self.handles.shown.take_up(draft.shown(), &config::AT_START);
        self.changing.plan.send_replace(loaded.plan);
        let runs = self.handles.latest.lookup.borrow().clone();
        let lookup = lookup::service(loaded.lookup, runs.as_ref(), &self.handles.latest.meters);
        self.changing.lookup.send_replace(lookup);
        self.drain_timeout = loaded.shutdown.drain_timeout;
        let mut smpp = loaded.links;
        self.sandbox.behind(loaded.sandbox, &mut smpp);
        self.links.set(Wanted::of(smpp, loaded.http_links), &meters).await;
        self.endpoints.lock().await.set(loaded.webhooks, loaded.templates).await;
        self.cdr.set(loaded.cdr)?;
        Ok(())
    }

    /// Which keys are others than those that the process began with, and cannot change while it runs.
    fn waits_for_start(&self, loaded: &Loaded) -> Vec<&'static str> {
        let ([http, admin], (old, new)) = (&self.listens, (&self.store, &loaded.store));
        let others = |it: &Http| Http { listen: http.listen.clone(), tls: http.tls.clone(), ..it.clone() };
        let changed = [
            ("http.listen", http.listen != loaded.http.listen),
            ("http.tls", http.tls != loaded.http.tls),
            ("the limits and timeouts of http", *http != others(&loaded.http)),
            ("admin.listen", admin.listen != loaded.admin.listen),
            ("port", self.ports != loaded.ports),
            ("store.path", old.path != new.path),
            ("store.durability", old.durability != new.durability),
            ("store.on_damage", old.on_damage != new.on_damage),
            ("store.gather", old.gather != new.gather),
            ("store.min_free", old.min_free != new.min_free),
            ("store.retention", old.retention != new.retention),
            ("clock", self.clock != loaded.clock),
        ];
        changed.into_iter().filter(|it| it.1).map(|it| it.0).collect()
    }

    /// Compiles with the numbers of the store, which the loop owns: it is asked for the names first.
    async fn compile(&self, draft: &Draft) -> Result<Loaded, Failure> {
        let names = draft.names().map(|(kind, name)| (kind, name.into_owned())).collect();
        Ok(numbered(draft, self.ask(|reply| Control::Intern(names, reply)).await?)?)
    }

    async fn ask<T>(&self, control: impl FnOnce(oneshot::Sender<T>) -> Control) -> Result<T, Failure> {
        self.controls.ask(control).await.ok_or(Failure::LoopEnded)
    }

    /// Accepts nothing more, finishes what is in flight, unbinds, and ends.
    pub async fn stop(mut self) -> Result<(), Failure> {
        self.handles.health.draining.store(true, Ordering::Relaxed);
        _ = self.stop_servers.send(true);
        self.handles.event_bell.ring_all();
        // Said once it is so: whoever reads this and calls is refused.
        info!("stopping: nothing more is accepted, what is in flight is awaited");
        let (drained, all) = oneshot::channel();
        self.controls.tell(Control::Drain(drained)).await;
        if timeout(self.drain_timeout, all).await.is_err() {
            warn!("some answers did not come within drain_timeout; their parts are in doubt at the next start");
        }
        self.links.stop().await;
        self.endpoints.lock().await.stop().await;
        self.cdr.stop().await;
        // What it has not forgotten it forgets from the next start on.
        self.people.abort();
        self.controls.tell(Control::End).await;
        let result = (&mut self.ended).await;
        for server in self.servers {
            _ = timeout(Duration::from_secs(1), server).await;
        }
        match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(poisoned)) => Err(Failure::Poisoned(poisoned)),
            Err(_) => Err(Failure::LoopEnded),
        }
    }
}

/// Where a listener is: a port of 0 has become another.
fn at(bound: Option<SocketAddr>, options: &Http) -> Listen {
    bound.map_or_else(|| options.listen.clone(), Listen::Tcp)
}

/// Serves the drop-in ports.
fn serve_ports(
    ports: &[(PortRole, Http)],
    context: &Arc<Context>,
    stop: &watch::Receiver<bool>,
) -> Result<Vec<JoinHandle<()>>, Failure> {
    let serve = |(role, options): &(PortRole, Http)| {
        let (bound, server) = listen(options, router::port(role.clone(), context), context, stop.clone())?;
        info!(port = role.kind.word(), listen = %at(bound, options), "a drop-in port listens");
        Ok(server)
    };
    ports.iter().map(serve).collect()
}

/// Compiles with the numbers of its names, which stand in their order.
fn numbered(draft: &Draft, numbers: Vec<u16>) -> Result<Loaded, config::error::Error> {
    let names = draft.names().map(|(kind, name)| (kind, name.into_owned()));
    let known: HashMap<_, _> = names.zip(numbers).collect();
    draft.compile(|kind, name| known.get(&(kind, name.to_owned())).copied().ok_or("a name without a number"))
}

/// Who reads the log of events, and those of whom: endpoints, and the writer of records of charge, which is of nobody.
fn ids(loaded: &Loaded) -> Vec<(EndpointId, AccountId)> {
    let endpoints = loaded.webhooks.iter().map(|it| (it.id, it.account));
    endpoints.chain(loaded.cdr.iter().map(|it| (it.mark, AccountId(0)))).collect()
}

fn labels(loaded: &Loaded) -> Labels {
    let ids = || loaded.links.iter().map(|it| it.id).chain(loaded.http_links.iter().map(|it| it.id));
    let binds = |carrier: CarrierId| ids().filter(|it| it.carrier == carrier).count() as u8;
    let mut labels = Labels::of(&loaded.plan, binds);
    labels.endpoints = router::ENDPOINTS.iter().copied().chain(PortKind::ALL.map(PortKind::endpoint)).collect();
    let tells = |id: &AccountId| loaded.webhooks.iter().any(|it| it.account == *id);
    labels.webhooks = labels.accounts.iter().map(|it| it.0).chain([AccountId::OPERATORS]).filter(tells).collect();
    labels
}

/// The wall's time, for a gauge alone: nothing is decided by it.
#[expect(clippy::disallowed_methods, reason = "a gauge that people compare with their own clocks")]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
