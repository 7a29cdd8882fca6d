//! Starts a gateway, keeps it, reloads it, and ends it without losing anything.

use crate::api::handler::context::{Context, Operators, Wiring};
use crate::api::handler::health::Health;
use crate::api::lookup::Lookup;
use crate::api::router;
use crate::api::server::options::{Http, Listen};
use crate::clock::Clock;
use crate::clock::logical::Trust;
use crate::config::{self, Draft, Loaded};
use crate::decode;
use crate::dispatch::Dispatch;
use crate::dispatch::door::plan::Plan;
use crate::dispatch::inbound::opt_out::OptedOut;
use crate::gateway::beat::Loop;
use crate::gateway::control::Control;
use crate::gateway::currency::Currencies;
use crate::gateway::endpoints::{Endpoints, Running};
use crate::gateway::failure::Failure;
use crate::gateway::hooks;
use crate::gateway::hooks::Hooks;
use crate::gateway::housekeeping::Housekeeping;
use crate::gateway::links::{Links, Wanted};
use crate::gateway::listen::listen;
use crate::gateway::lookup;
use crate::gateway::shown;
use crate::gateway::store;
use crate::gateway::timekeeping::Timekeeping;
use crate::gateway::wake::Wake;
use crate::message::id::{AccountId, CarrierId, EndpointId, Seq};
use crate::message::time::Time;
use crate::number::metadata;
use crate::record::contract::{Poisoned, Store};
use crate::store::news::EventBell;
use crate::store::sqlite::{Durability, Sqlite};
use crate::telemetry::endpoint_status::EndpointStatuses;
use crate::telemetry::labels::Labels;
use crate::telemetry::link_status::LinkStatuses;
use crate::telemetry::meters::Meters;
use crate::telemetry::recorder::Exposition;
use crate::webhook::sender::Shared;
use crate::wire::trace::{Seen, Trace, Traces, Way};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{info, warn};

/// Requests that may wait for the loop; more are answered with 503.
const CALLS_MAX: usize = 4_096;
/// Words to the loop that may be under way.
const CONTROLS_MAX: usize = 64;

/// A gateway that runs.
pub struct Gateway {
    /// Where applications call, if over TCP.
    pub http: Option<SocketAddr>,
    /// Where operators look, if over TCP.
    pub admin: Option<SocketAddr>,
    /// Where both listen, as an operator would write it.
    pub serves: [Listen; 2],
    health: Arc<Health>,
    news: EventBell,
    exposition: Arc<Exposition>,
    meters: watch::Sender<Arc<Meters>>,
    /// The configuration in force as operators see it.
    shown: Arc<RwLock<serde_json::Value>>,
    plan: watch::Sender<Arc<Plan>>,
    lookup: watch::Sender<Option<Arc<Lookup>>>,
    links: Links,
    endpoints: Endpoints,
    controls: mpsc::Sender<Control>,
    wake: Wake,
    ended: oneshot::Receiver<Result<(), Poisoned>>,
    stop_servers: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
    rounds: Arc<AtomicU64>,
    drain_timeout: Duration,
    listens: [Http; 2],
    store: config::StoreConfig,
    clock: Trust,
}

impl Gateway {
    /// Opens the store, starts the loop, the links and the listeners.
    pub async fn start(draft: &Draft) -> Result<Self, Failure> {
        let mut store = store::open(draft.store())?;
        let loaded = draft.compile(|kind, name| store.intern(kind, name))?;
        store.open_endpoints(&ids(&loaded))?;
        let (exposition, health, wake) = (Arc::new(Exposition::new()), Arc::new(Health::default()), Wake::default());
        let meters = Arc::new(Meters::new(&exposition, &labels(&loaded)));
        meters.inside().syncs(draft.store().durability == Durability::Fsync);
        meters.inside().count_reload(Some(since_1970()));
        let (readers, veil) = (store.readers(), store.veil());
        let (calls_in, calls) = mpsc::channel(CALLS_MAX);
        let (controls_in, controls) = mpsc::channel(CONTROLS_MAX);
        let rounds = Arc::new(AtomicU64::new(0));
        let started = Time(u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX));
        let (traces, standings) = (Traces::default(), LinkStatuses::new(started));
        let news = EventBell::default();
        let housekeeping = Housekeeping::new(&loaded.store, &health, &rounds, &standings);
        let lanes = Lanes { calls, controls, wake: wake.clone(), traces: traces.clone(), news: news.clone() };
        let (ended, opted_out) = spawn_loop(store, &loaded, housekeeping, meters.clone(), lanes)?;
        health.store_open.store(true, Ordering::Relaxed);

        let (plan, plans) = watch::channel(loaded.plan.clone());
        let (latest_meters, all_meters) = watch::channel(meters.clone());
        let (lookup, lookups) = watch::channel(lookup::service(loaded.lookup, None, &all_meters));
        let shown = Arc::new(RwLock::new(draft.shown().clone()));
        let (endpoints, running) = (EndpointStatuses::default(), Running::default());
        let senders = Shared::new(readers.clone(), news.clone(), endpoints.clone(), all_meters.clone());
        let mut endpoints_told = Endpoints::new(senders, (calls_in.clone(), wake.clone()), running.clone());
        let operators = operators(&shown, &traces, &standings, (endpoints, running));
        let context = Context::new(wiring(
            Given { plans, lookups, calls_in, wake: wake.clone(), health: health.clone(), opted_out, operators, news },
            readers,
            &exposition,
            &all_meters,
            &loaded.http,
        ));
        let (stop_servers, stop) = watch::channel(false);
        let admin = listen(&loaded.admin, router::operations(&context), &context, stop.clone())?;
        let http = listen(&loaded.http, router::application(&context), &context, stop)?;
        health.listening.store(true, Ordering::Relaxed);
        let mut links = Links::new(controls_in.clone(), wake.clone(), veil, traces, standings);
        links.set(Wanted::of(loaded.links, loaded.http_links), &meters).await;
        endpoints_told.set(loaded.webhooks);
        Ok(Self {
            http: http.0,
            admin: admin.0,
            serves: [
                http.0.map_or_else(|| loaded.http.listen.clone(), Listen::Tcp),
                admin.0.map_or_else(|| loaded.admin.listen.clone(), Listen::Tcp),
            ],
            health,
            news: context.wiring.news.clone(),
            exposition,
            meters: latest_meters,
            shown,
            plan,
            lookup,
            links,
            endpoints: endpoints_told,
            controls: controls_in,
            wake,
            ended,
            stop_servers,
            servers: vec![http.1, admin.1],
            rounds,
            drain_timeout: loaded.shutdown.drain_timeout,
            listens: [loaded.http, loaded.admin],
            store: loaded.store,
            clock: loaded.clock,
        })
    }

    /// How often the loop has gone round: it goes round at least twice a second while it lives.
    pub fn rounds(&self) -> Arc<AtomicU64> {
        self.rounds.clone()
    }

    /// The metrics, as text.
    pub fn exposition(&self) -> Arc<Exposition> {
        self.exposition.clone()
    }

    /// Waits until the loop ends, which it does on its own only when the store fails.
    pub async fn ended(&mut self) -> Failure {
        let why = match (&mut self.ended).await {
            Ok(Err(poisoned)) => Failure::Poisoned(poisoned),
            Ok(Ok(())) | Err(_) => Failure::LoopEnded,
        };
        self.health.poisoned.store(true, Ordering::Relaxed);
        self.meters().inside().set_poisoned();
        why
    }

    fn meters(&self) -> Arc<Meters> {
        self.meters.borrow().clone()
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
        let (reply, may) = oneshot::channel();
        self.tell(Control::MayTakeUp(loaded.plan.clone(), reply)).await;
        may.await.map_err(|_| Failure::LoopEnded)??;
        let waits = self.waits_for_start(&loaded);
        if !waits.is_empty() {
            warn!(keys = waits.join(", "), "these changes take effect at the next start");
        }
        let (reply, open) = oneshot::channel();
        self.tell(Control::OpenEndpoints(ids(&loaded), reply)).await;
        open.await.map_err(|_| Failure::LoopEnded)?;
        let meters = Arc::new(Meters::new(&self.exposition, &labels(&loaded)));
        self.meters.send_replace(meters.clone());
        self.tell(Control::Reconfigure(loaded.plan.clone(), meters.clone())).await;
        shown::take_up(&mut self.shown.write().unwrap_or_else(PoisonError::into_inner), draft.shown());
        self.plan.send_replace(loaded.plan);
        let runs = self.lookup.borrow().clone();
        self.lookup.send_replace(lookup::service(loaded.lookup, runs.as_ref(), &self.meters.subscribe()));
        self.drain_timeout = loaded.shutdown.drain_timeout;
        self.links.set(Wanted::of(loaded.links, loaded.http_links), &meters).await;
        self.endpoints.set(loaded.webhooks);
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
        let names: Vec<_> = draft.names().map(|(kind, name)| (kind, name.into_owned())).collect();
        let (reply, numbers) = oneshot::channel();
        self.tell(Control::Intern(names.clone(), reply)).await;
        let numbers = numbers.await.map_err(|_| Failure::LoopEnded)?;
        let known: HashMap<_, _> = names.into_iter().zip(numbers).collect();
        let find = |kind, name: &str| known.get(&(kind, name.to_owned())).copied().ok_or("a name without a number");
        Ok(draft.compile(find)?)
    }

    async fn tell(&self, control: Control) {
        // A loop that has ended is noticed by who waits for it.
        _ = self.controls.send(control).await;
        self.wake.wake();
    }

    /// Accepts nothing more, finishes what is in flight, unbinds, and ends.
    pub async fn stop(mut self) -> Result<(), Failure> {
        self.health.draining.store(true, Ordering::Relaxed);
        _ = self.stop_servers.send(true);
        self.news.ring_all();
        // Said once it is so: whoever reads this and calls is refused.
        info!("stopping: nothing more is accepted, what is in flight is awaited");
        let (drained, all) = oneshot::channel();
        self.tell(Control::Drain(drained)).await;
        if timeout(self.drain_timeout, all).await.is_err() {
            warn!("some answers did not come within drain_timeout; their parts are in doubt at the next start");
        }
        self.links.stop().await;
        self.endpoints.stop().await;
        self.tell(Control::End).await;
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

/// The loop's ends of what leads to it.
struct Lanes {
    calls: mpsc::Receiver<crate::api::handler::context::LoopRequest>,
    controls: mpsc::Receiver<Control>,
    wake: Wake,
    traces: Traces,
    news: EventBell,
}

/// How the loop ended, once it has.
type Ended = oneshot::Receiver<Result<(), Poisoned>>;

fn spawn_loop(
    mut store: Sqlite,
    loaded: &Loaded,
    housekeeping: Housekeeping,
    meters: Arc<Meters>,
    lanes: Lanes,
) -> Result<(Ended, Arc<OptedOut>), Failure> {
    let recovered = store.recover()?;
    let currencies = Currencies::start(&mut store, &recovered.balances, &loaded.plan)?;
    let marks = &recovered.marks;
    let mut clock = Clock::start((marks.time, marks.eras.now()), loaded.clock);
    let timekeeping = Timekeeping::new(housekeeping.health(), &marks.eras);
    let (queued, doubtful): (u64, usize) = (recovered.lanes.iter().map(|it| it.count).sum(), recovered.doubtful.len());
    if queued != 0 || doubtful != 0 {
        info!(queued, doubtful, "took up where the last run left off");
    }
    if recovered.marks.held_below != Seq(0) {
        warn!(
            held = recovered.held,
            "the store was restored from a backup: what it has queued is held until POST /admin/v1/store/release"
        );
    }
    let dispatch = Dispatch::new(loaded.plan.clone(), recovered, clock.now());
    let opted_out = dispatch.opted_out();
    // The first scrape shows what is queued, and not 0.
    housekeeping.gauges(&dispatch, &meters, clock.now());
    let looped = Loop {
        dispatch,
        currencies,
        store,
        clock,
        calls: lanes.calls,
        controls: lanes.controls,
        meters,
        traces: lanes.traces,
        housekeeping,
        timekeeping,
        wake: lanes.wake,
        gather: loaded.store.gather,
        ports: BTreeMap::new(),
        waiting: HashMap::new(),
        next_request: 0,
        hooks: Hooks::default(),
        news: lanes.news,
        drained: None,
        returned: Vec::new(),
        ending: false,
    };
    let (tell, ended) = oneshot::channel();
    std::thread::Builder::new().name("loop".to_owned()).spawn(move || {
        // Nobody waits any more when the process is on its way out.
        _ = tell.send(looped.run());
    })?;
    Ok((ended, opted_out))
}

/// What the API is given besides readers and telemetry.
struct Given {
    plans: watch::Receiver<Arc<Plan>>,
    lookups: watch::Receiver<Option<Arc<Lookup>>>,
    calls_in: mpsc::Sender<crate::api::handler::context::LoopRequest>,
    wake: Wake,
    health: Arc<Health>,
    opted_out: Arc<OptedOut>,
    operators: Operators,
    news: EventBell,
}

fn wiring(
    given: Given,
    readers: crate::store::sqlite::readers::Readers,
    exposition: &Arc<Exposition>,
    meters: &watch::Receiver<Arc<Meters>>,
    http: &Http,
) -> Wiring {
    let (answers, refusals, turned, render) = (meters.clone(), meters.clone(), meters.clone(), exposition.clone());
    let (health, started) = (given.health.clone(), std::time::Instant::now());
    Wiring {
        plan: given.plans,
        lookup: given.lookups,
        submit: given.calls_in,
        wake: given.wake.function(),
        readers,
        opted_out: given.opted_out,
        news: given.news,
        health: given.health,
        exposition: Arc::new(move || render.render()),
        statusz: Arc::new(move || {
            serde_json::json!({
                "version": env!("CARGO_PKG_VERSION"),
                "libphonenumber": metadata::METADATA,
                "uptime_seconds": started.elapsed().as_secs(),
                "ready": health.unready().is_none(),
                "unready": health.unready(),
                "clock_doubted": health.clock_doubted.load(Ordering::Relaxed),
                "clock_gap_seconds": health.clock_gap.load(Ordering::Relaxed) / 1_000,
                "restored_held_messages": health.held.load(Ordering::Relaxed),
            })
        }),
        operators: given.operators,
        on_answer: Arc::new(move |endpoint, code, took| answers.borrow().http().count_answer(endpoint, code, took)),
        on_turned_away: Arc::new(move |why| turned.borrow().http().turned_away(why)),
        on_unread: hooks::on_unread(meters),
        on_refusal: Arc::new(move |stage, code| refusals.borrow().http().count_rejection(stage, code)),
        max_body: http.max_body,
        max_csv: http.max_csv,
        body_timeout: http.body_timeout,
    }
}

fn operators(
    shown: &Arc<RwLock<serde_json::Value>>,
    traces: &Traces,
    standings: &LinkStatuses,
    (endpoints, running): (EndpointStatuses, Running),
) -> Operators {
    let (shown, traces, links, minutes) = (shown.clone(), traces.clone(), standings.clone(), standings.clone());
    let line = |trace: &Trace, it: &Seen| {
        let direction = if it.way == Way::In { "in" } else { "out" };
        decode::trace::line(trace.at + it.after, direction, &it.frame)
    };
    Operators {
        config: Arc::new(move || shown.read().unwrap_or_else(PoisonError::into_inner).clone()),
        links: Arc::new(move || links.all()),
        minutes: Arc::new(move || minutes.minutes()),
        endpoints,
        recover: Arc::new(move |account, since, until| running.recover(account, since, until)),
        trace: Arc::new(move |link| {
            let trace = traces.read(link)?;
            Some(trace.seen.iter().map(|it| line(&trace, it)).collect())
        }),
    }
}

/// The endpoints of a configuration, and whose they are.
fn ids(loaded: &Loaded) -> Vec<(EndpointId, AccountId)> {
    loaded.webhooks.iter().map(|it| (it.id, it.account)).collect()
}

fn labels(loaded: &Loaded) -> Labels {
    let ids = || loaded.links.iter().map(|it| it.id).chain(loaded.http_links.iter().map(|it| it.id));
    let binds = |carrier: CarrierId| ids().filter(|it| it.carrier == carrier).count() as u8;
    let mut labels = Labels::of(&loaded.plan, binds);
    labels.endpoints = router::ENDPOINTS.to_vec();
    let tells = |id: &AccountId| loaded.webhooks.iter().any(|it| it.account == *id);
    labels.webhooks = labels.accounts.iter().filter(|it| tells(&it.0)).cloned().collect();
    labels
}

/// The wall's time, for a gauge alone: nothing is decided by it.
#[expect(clippy::disallowed_methods, reason = "a gauge that people compare with their own clocks")]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
