//! The task of one endpoint: reads the log from its mark, calls, and says what came of it.

use crate::clock::Clock;
use crate::message::id::EventId;
use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::record::delivery::{Disabled, Progress};
use crate::record::event::{Event, EventKind};
use crate::record::event_sample;
use crate::record::views::EventQuery;
use crate::route::breaker::BreakerState;
use crate::store::event_bell::EventBell;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::readers::{Readers, SENDERS_MAX};
use crate::telemetry::endpoint_status::{EndpointCall, EndpointStatus, EndpointStatuses};
use crate::telemetry::meters::Meters;
use crate::telemetry::meters::webhook::{CallResult, EndpointState};
use crate::webhook::call::{self, ANSWER_MAX, Called, DEADLINE, Purpose};
use crate::webhook::collector::Collector;
use crate::webhook::options::EndpointOptions;
use crate::webhook::queue::{Delivery, Queue, Room, Verdict};
use crate::wire::client::HttpClient;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Calls under way at once over all endpoints, of what is new and of what was tried twice: a backlog that comes back
/// takes no slot of what is new.
const SLOTS: usize = 256;
/// How long a read of the store that failed is not tried again.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// How often an endpoint says how it stands.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// How long a sender waits for room among the calls of all.
const CROWDED: Duration = Duration::from_millis(20);
/// The longest sleep: clocks may jump.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// Events that are counted as yet to be told at most.
const COUNTED_MAX: usize = 100_000;

/// What all senders share.
pub struct Shared {
    /// The store, to read.
    pub readers: Readers,
    /// Says that there are new events.
    pub event_bell: EventBell,
    /// What was told.
    pub collector: Arc<Collector>,
    /// What is counted; the latest counts.
    pub meters: watch::Receiver<Arc<Meters>>,
    /// How endpoints stand.
    pub statuses: EndpointStatuses,
    /// Reads of the store that run at once.
    reads: Arc<Semaphore>,
    /// Slots for what is new, and for what was tried before.
    slots: [Arc<Semaphore>; 2],
}

impl Shared {
    /// What senders share.
    pub fn new(
        readers: Readers,
        event_bell: EventBell,
        statuses: EndpointStatuses,
        meters: watch::Receiver<Arc<Meters>>,
    ) -> Self {
        let slots = [(); 2].map(|()| Arc::new(Semaphore::new(SLOTS)));
        let reads = Arc::new(Semaphore::new(SENDERS_MAX));
        Self { readers, event_bell, collector: Arc::default(), meters, statuses, reads, slots }
    }

    /// Asks the store on a thread that may block. Reads of senders are their own: requests do not wait for them.
    async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Readers) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = Arc::clone(&self.reads).acquire_owned().await.expect("it is never closed");
        let readers = self.readers.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            ask(&readers)
        });
        match answer.await {
            Ok(found) => found,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// What a sender is told.
pub enum SenderOrder {
    /// Tell again what was given up between these times, and go on if it was disabled.
    Recover(Time, Time),
    /// Be told so from now on.
    TakeUp(Box<EndpointOptions>),
    /// Call the endpoint with an example of an event, whatever it is told and however it stands; nobody else does so
    /// until that is over.
    Test(EventKind, OwnedSemaphorePermit),
}

/// A call that is over.
struct Done {
    first: u64,
    count: usize,
    /// The first of its events.
    event: Option<EventId>,
    called: Option<Called>,
    began: Time,
    took: Duration,
    /// It told an example, of which the queue knows nothing.
    is_test: bool,
}

/// The sender of one endpoint.
pub struct EndpointSender {
    shared: Arc<Shared>,
    options: Arc<EndpointOptions>,
    client: Arc<HttpClient>,
    veil: Veil,
    queue: Queue,
    /// There may be more in the log than was read.
    more: bool,
    calls: JoinSet<Done>,
    told: Instant,
    /// It has nothing to tell, has said so, and nothing has happened since: there is nothing to look at.
    is_quiet: bool,
}

impl EndpointSender {
    /// Goes on from where the store says the endpoint is.
    pub async fn start(shared: Arc<Shared>, options: EndpointOptions) -> Result<Self, Fault> {
        let (id, account) = (options.id, options.account);
        let (mark, rows) = shared.read(move |it| it.endpoint(id, account)).await?;
        Ok(Self {
            veil: shared.readers.veil(),
            queue: Queue::new(options.limits, mark, rows),
            client: Arc::new(client(&options)),
            options: Arc::new(options),
            shared,
            more: true,
            calls: JoinSet::new(),
            told: Instant::now(),
            is_quiet: false,
        })
    }

    fn take_up(&mut self, options: EndpointOptions) {
        self.queue.reconfigure(options.limits);
        self.client = Arc::new(client(&options));
        self.options = Arc::new(options);
    }

    /// Tells until `orders` ends; what is under way then is waited for as long as a call may take.
    pub async fn run(mut self, mut orders: mpsc::Receiver<SenderOrder>) {
        let mut bell = self.shared.event_bell.listen(self.options.hears);
        self.tell_status().await;
        loop {
            let is_read = self.fill().await.is_ok();
            let has_room = self.begin();
            self.report().await;
            let now = Clock::of_the_wall();
            let wait = match self.queue.next_at(now) {
                _ if !is_read => READ_AGAIN,
                Some(next) if has_room => next.since(now),
                Some(_) => CROWDED,
                None => SLEEP_MAX,
            };
            let wait = if self.is_quiet { wait } else { wait.min(TELL_EVERY) };
            tokio::select! {
                done = self.calls.join_next(), if !self.calls.is_empty() => self.end(done),
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => break,
                },
                rung = bell.changed() => match rung {
                    Ok(()) => self.more = true,
                    Err(_) => break,
                },
                () = sleep(wait) => continue,
            }
            self.is_quiet = false;
            // Whatever else has ended meanwhile is part of the same report.
            while let Some(done) = self.calls.try_join_next() {
                self.end(Some(done));
            }
        }
        while let Some(done) = self.calls.join_next().await {
            self.end(Some(done));
        }
        self.shared.collector.add(self.queue.progress());
    }

    /// Reads the log as far as there is room.
    async fn fill(&mut self) -> Result<(), ()> {
        while self.more
            && let Some((after, room)) = self.queue.wants()
        {
            let query = EventQuery { of: self.options.hears, after, kinds: self.options.kinds, limit: room };
            let page = self.shared.read(move |it| it.events(&query)).await.map_err(|error| unread(&error))?;
            if page.is_gone {
                self.lost("events became older than [store] retention before their endpoint took them");
            }
            // What comes behind the end rings the bell: calls do not wait for another read.
            self.more = !page.is_end && page.looked_to.is_some();
            self.queue.read(page.events, page.looked_to.unwrap_or(after));
        }
        Ok(())
    }

    /// Begins all calls that may be; says whether there was room among those of all endpoints.
    fn begin(&mut self) -> bool {
        let now = Clock::of_the_wall();
        loop {
            let [new, retry] = [0, 1].map(|it| Arc::clone(&self.shared.slots[it]).try_acquire_owned().ok());
            let room = Room { for_new: new.is_some(), for_retries: retry.is_some() };
            let Some(delivery) = self.queue.next(now, room) else { return room == Room::ALL };
            let slot = if delivery.is_retry() { retry } else { new };
            let (shared, options) = (Arc::clone(&self.shared), Arc::clone(&self.options));
            let (client, veil) = (Arc::clone(&self.client), self.veil);
            self.calls.spawn(async move {
                let told = (delivery.first(), delivery.events.len());
                let done = timed(told, false, deliver(&shared, &options, (&client, &veil), delivery)).await;
                drop(slot);
                done
            });
        }
    }

    fn end(&mut self, done: Option<Result<Done, tokio::task::JoinError>>) {
        let Some(Ok(done)) = done else { return };
        let Some(called) = done.called else {
            self.lost("events are older than [store] retention and were never taken by their endpoint");
            return self.queue.forgotten(done.first);
        };
        if !done.is_test {
            let before = self.state();
            let chance = getrandom::u64().unwrap_or_default();
            self.queue.answered(done.first, called.verdict, Clock::of_the_wall(), chance);
            let meters = self.shared.meters.borrow().clone();
            meters.webhook(self.options.account).called(called.result, done.took);
            self.tell_change(before, &called);
        }
        self.shared.statuses.called(
            self.options.id,
            EndpointCall {
                at: done.began,
                took: done.took,
                event: done.event.map(|it| self.veil.event(it).to_string().into()),
                events: done.count,
                is_test: done.is_test,
                result: called.result,
                status: called.status,
                detail: called.detail,
            },
        );
    }

    /// Says that something will never be told. It can be of every event of a long outage.
    fn lost(&self, said: &'static str) {
        let (account, endpoint) = (&*self.options.account_name, &*self.options.name);
        let meters = self.shared.meters.borrow().clone();
        often!(warn, meters.often(), endpoint, said, account, endpoint);
    }

    fn state(&self) -> EndpointState {
        match (self.queue.mark().disabled_at.known(), self.queue.breaker()) {
            (Some(_), _) => EndpointState::Disabled,
            (None, BreakerState::Closed) => EndpointState::Told,
            (None, _) => EndpointState::Open,
        }
    }

    fn tell_change(&self, before: EndpointState, called: &Called) {
        let (after, account, endpoint) = (self.state(), &*self.options.account_name, &*self.options.name);
        let (result, why) = (called.result.word(), &*called.detail);
        match after {
            _ if after == before => {}
            EndpointState::Disabled => {
                tracing::error!(
                    account,
                    endpoint,
                    result,
                    why,
                    "an endpoint is told no more; its events stay in GET /v1/events, and POST /admin/v1/webhooks/{{account}}/recover tells it again"
                );
                let failing_since = self.queue.mark().failing_since;
                let (account, url, detail) = (account.into(), endpoint.into(), why.into());
                let disabled = vec![Disabled { account, url, failing_since, result, detail }];
                // Before its mark: that it is so is told twice rather than never.
                self.shared.collector.add(Progress { disabled, ..Progress::default() });
            }
            EndpointState::Open => {
                tracing::warn!(
                    account,
                    endpoint,
                    result,
                    why,
                    "an endpoint does not take events; it is probed twice a minute"
                );
            }
            EndpointState::Told => tracing::info!(account, endpoint, "an endpoint takes events again"),
        }
    }

    /// Has made durable what was told, and says now and then how it stands.
    async fn report(&mut self) {
        self.shared.collector.add(self.queue.progress());
        if TELL_EVERY <= self.told.elapsed() && !self.is_quiet {
            self.tell_status().await;
        }
    }

    async fn tell_status(&mut self) {
        self.told = Instant::now();
        let (account, hears, mark) = (self.options.account, self.options.hears, self.queue.mark().clone());
        let after = mark.told_to;
        let row = self.queue.oldest();
        let behind = self.shared.read(move |it| {
            let (count, first) = it.events_behind(hears, after, COUNTED_MAX)?;
            let in_row = it.events_of(row.as_slice())?.first().map(|it| it.at);
            Ok((count, [first, in_row].into_iter().flatten().min()))
        });
        let behind = behind.await;
        let (outbox, oldest) = behind.unwrap_or_else(|error| {
            unread(&error);
            Default::default()
        });
        self.is_quiet = outbox == 0 && self.queue.rows() == 0 && self.calls.is_empty() && !self.more;
        let status = EndpointStatus {
            state: self.state(),
            failing_since: mark.failing_since,
            disabled_at: mark.disabled_at,
            outbox: outbox + self.queue.rows() as u64,
            oldest,
            ..self.options.new_status()
        };
        let (outbox, oldest, states) = self.shared.statuses.post(self.options.id, status);
        let age = oldest.map_or(Duration::ZERO, |it| Clock::of_the_wall().since(it));
        self.shared.meters.borrow().webhook(account).stands(outbox, age, states);
    }

    async fn obey(&mut self, order: SenderOrder) {
        let (since, until) = match order {
            SenderOrder::Recover(since, until) => (since, until),
            SenderOrder::TakeUp(options) => return self.take_up(*options),
            SenderOrder::Test(kind, trial) => return self.try_out(kind, trial),
        };
        let id = self.options.id;
        match self.shared.read(move |it| it.given_up(id, since, until)).await {
            Ok(rows) => self.queue.recover(rows, Clock::of_the_wall()),
            Err(error) => unread(&error),
        }
        self.more = true;
    }

    /// Calls with an example. Its place is beside the calls that tell: an endpoint that is behind can be tried, too.
    fn try_out(&mut self, kind: EventKind, trial: OwnedSemaphorePermit) {
        let (options, client, veil) = (Arc::clone(&self.options), Arc::clone(&self.client), self.veil);
        self.calls.spawn(async move {
            timed((0, 1), true, async {
                let token = getrandom::u64().unwrap_or_default();
                let event = event_sample::sample(kind, options.account, Clock::of_the_wall(), token);
                let id = event.id();
                let message = call::message(&options, &[event], &veil);
                let called = call::call(&client, &options, &message, (Clock::of_the_wall(), Purpose::Test)).await;
                drop(trial);
                (Some(id), Some(called))
            })
            .await
        });
    }
}

fn client(options: &EndpointOptions) -> HttpClient {
    let kept = options.limits.in_flight;
    HttpClient::new(options.target.clone(), options.host.clone(), DEADLINE, kept).reading(ANSWER_MAX)
}

fn unread(error: &Fault) {
    tracing::error!(error = error as &dyn std::error::Error, "the log of events could not be read");
}

/// A call of so many events from this one on, and how long it took.
async fn timed(
    (first, count): (u64, usize),
    is_test: bool,
    call: impl Future<Output = (Option<EventId>, Option<Called>)>,
) -> Done {
    let (began, clock) = (Clock::of_the_wall(), Instant::now());
    let (event, called) = call.await;
    Done { first, count, event, called, began, took: clock.elapsed(), is_test }
}

/// The first of the events and what came of the call; nothing where all of them are forgotten.
async fn deliver(
    shared: &Shared,
    options: &EndpointOptions,
    (client, veil): (&HttpClient, &Veil),
    delivery: Delivery,
) -> (Option<EventId>, Option<Called>) {
    let purpose = if delivery.is_replay { Purpose::Replay } else { Purpose::Event };
    let missing: Vec<u64> = delivery.events.iter().filter(|it| it.1.is_none()).map(|it| it.0).collect();
    let mut events: Vec<Event> = delivery.events.into_iter().filter_map(|it| it.1).collect();
    if !missing.is_empty() {
        match shared.read(move |it| it.events_of(&missing)).await {
            Ok(found) => events.extend(found),
            Err(error) => {
                unread(&error);
                let (verdict, result) = (Verdict::NotTaken { asked: None, calm: true }, CallResult::Connect);
                let detail = "the store could not be read".into();
                return (None, Some(Called { verdict, result, status: None, detail }));
            }
        }
    }
    // What is older than the retention is told to nobody any more.
    let Some(event) = events.first().map(Event::id) else { return (None, None) };
    let message = call::message(options, &events, veil);
    let called = call::call(client, options, &message, (Clock::of_the_wall(), purpose)).await;
    (Some(event), Some(called))
}
