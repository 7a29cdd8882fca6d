//! What the loop does besides its beats: once a second gauges and the disk, what is old, and behind a start the index
//! of messages.

use crate::api::handler::health::Health;
use crate::config;
use crate::dispatch::Dispatch;
use crate::gateway::handles::Handles;
use crate::gateway::retaining::Retaining;
use crate::message::time::Time;
use crate::record::contract::Poisoned;
use crate::store::sqlite::space;
use crate::store::sqlite::{LOG_USUAL, Sqlite};
use crate::telemetry::link_status::LinkStatuses;
use crate::telemetry::meters::Meters;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tracing::{error, info, warn};

const EVERY: Duration = Duration::from_secs(1);
/// Between beats the index goes on so seldom, and for so long: a fiftieth of the loop's time, until it is whole.
const SWEEP_EVERY: Duration = Duration::from_millis(100);
const SWEEP_LASTS: Duration = Duration::from_millis(2);
/// While nothing else is to be done it goes on after so short a sleep, and for so long: what comes meanwhile waits no
/// longer.
const SWEEP_PAUSE: Duration = Duration::from_millis(2);
const SWEEP_LASTS_IDLE: Duration = Duration::from_millis(8);
/// The store is read through so often, one short step after such a sleep while nothing else is to be done, and as
/// seldom as the index under load: what comes meanwhile waits for less than a millisecond.
const SCRUB_EVERY: Duration = Duration::from_secs(3_600);
const SCRUB_PAUSE: Duration = Duration::from_millis(20);
/// With so little more than `min_free` the disk is looked at after each beat.
const TIGHT: u64 = 64 << 20;
/// The log is moved long before it is so long, unless somebody reads the store; and when it is longer still nothing is
/// accepted.
const LOG_HELD: u64 = 320 << 20;
const LOG_MAX: u64 = 2 << 30;
const _: () = assert!(LOG_USUAL < LOG_HELD && LOG_HELD < LOG_MAX);
/// How far it is, is said so often.
const SWEEP_TOLD_EVERY: Duration = Duration::from_secs(10);

/// The chores of the loop.
pub(super) struct Housekeeping {
    health: Arc<Health>,
    directory: PathBuf,
    min_free: u64,
    retaining: Retaining,
    /// Counts beats, so that the watchdog sees that the loop goes round.
    rounds: Arc<AtomicU64>,
    /// Where it tells how carriers answer.
    standings: LinkStatuses,
    looked_at: Option<Instant>,
    sweep: Option<Sweep>,
    /// When the store is read through, or goes on being.
    scrub_at: Instant,
    scrubs: bool,
    /// What the disk had free when it was looked at, and whether somebody held the log.
    free: u64,
    held: bool,
}

/// The index of messages while it is behind.
struct Sweep {
    went_on_at: Instant,
    told_at: Instant,
}

impl Housekeeping {
    /// What is to be kept, as the configuration says.
    pub(super) fn new(store: &config::StoreConfig, handles: &Handles) -> Self {
        Self {
            health: handles.health.clone(),
            directory: store.path.clone(),
            min_free: store.min_free,
            retaining: Retaining::new(store.retention),
            rounds: handles.rounds.clone(),
            standings: handles.links.clone(),
            looked_at: None,
            sweep: Some(Sweep { went_on_at: Instant::now(), told_at: Instant::now() }),
            scrub_at: Instant::now(),
            scrubs: true,
            free: u64::MAX,
            held: false,
        }
    }

    /// How long the loop may sleep, where something is to be done behind it.
    pub(super) const fn pause(&self) -> Option<Duration> {
        if self.sweep.is_some() || self.retaining.has_more() {
            Some(SWEEP_PAUSE)
        } else if self.scrubs {
            Some(SCRUB_PAUSE)
        } else {
            None
        }
    }

    /// Goes on with forgetting what is old.
    pub(super) fn retain(&mut self, now: Time, store: &mut Sqlite, idle: bool) -> Result<(), Poisoned> {
        self.retaining.go_on(now, store, idle)
    }

    /// Goes on with reading the store through.
    fn scrub(&mut self, store: &mut Sqlite, idle: bool) -> Result<(), Poisoned> {
        if Instant::now() < self.scrub_at {
            return Ok(());
        }
        self.scrubs = store.scrub(Duration::ZERO)?;
        let wait = match (self.scrubs, idle) {
            (false, _) => SCRUB_EVERY,
            (true, true) => SCRUB_PAUSE,
            (true, false) => SWEEP_EVERY,
        };
        self.scrub_at = Instant::now() + wait;
        Ok(())
    }

    /// Goes on with the index of messages, more quickly while the loop is idle, and then with reading the store
    /// through.
    pub(super) fn sweep(&mut self, store: &mut Sqlite, idle: bool) -> Result<(), Poisoned> {
        let Some(sweep) = &mut self.sweep else { return self.scrub(store, idle) };
        if !idle && sweep.went_on_at.elapsed() < SWEEP_EVERY {
            return Ok(());
        }
        let progress = store.sweep(if idle { SWEEP_LASTS_IDLE } else { SWEEP_LASTS })?;
        sweep.went_on_at = Instant::now();
        if !progress.more {
            self.sweep = None;
        } else if SWEEP_TOLD_EVERY <= sweep.told_at.elapsed() {
            sweep.told_at = Instant::now();
            let (indexed, of, statuses_from) = (progress.indexed.0, progress.end.0, progress.charted.0);
            info!(
                indexed,
                of, statuses_from, "messages of before are indexed for searches, which are slower until then"
            );
        }
        Ok(())
    }

    /// Does what is due by now; whether something was.
    pub(super) fn look(&mut self, now: Time, dispatch: &Dispatch, meters: &Meters) -> bool {
        self.rounds.fetch_add(1, Ordering::Relaxed);
        if self.looked_at.is_some_and(|it| it.elapsed() < EVERY) {
            return false;
        }
        self.looked_at = Some(Instant::now());
        meters.often().settle();
        self.gauges(dispatch, meters, now);
        self.disk(meters);
        true
    }

    /// Does what is due in the store, and tells what was found there.
    pub(super) fn tend(&self, store: &mut Sqlite, meters: &Meters) -> Result<(), Poisoned> {
        store.tend()?;
        for it in store.told() {
            error!("{it}");
            meters.inside().count_repair(it.word());
        }
        Ok(())
    }

    /// Tells what is queued, and how carriers and scores stand.
    pub(super) fn gauges(&self, dispatch: &Dispatch, meters: &Meters, now: Time) {
        let mut gauges = dispatch.gauges();
        for (route, queue) in &gauges.queues {
            meters.route(*route).queue(queue.parts, queue.oldest, queue.delayed);
        }
        for (carrier, state) in &gauges.carriers {
            meters.carrier(*carrier).waiting(state.awaiting, state.doubtful);
            meters.carrier(*carrier).pace(state.pace);
            meters.carrier(*carrier).breaker(state.breaker);
        }
        self.standings.tick(now, gauges.carriers.iter().map(|(id, it)| (*id, it.minute)).collect());
        // Of countries that share a label the one of which most is known is shown, last.
        gauges.scores.sort_by_key(|(.., it)| it.samples);
        for (_, country, it) in &gauges.scores {
            meters.carrier(it.carrier).set_score(*country, it.score);
        }
        for (link, (in_use, capacity)) in &gauges.windows {
            meters.link(*link).window(*in_use, *capacity);
        }
        meters.set_parked(gauges.parked);
        meters.set_held(dispatch.held_parts());
        self.health.held.store(dispatch.held_parts(), Ordering::Relaxed);
        meters.mo_incomplete(gauges.mo_incomplete);
        meters.guards().stand(gauges.blocks, gauges.spent);
    }

    /// Looks at the disk after each beat while there is little of it: a second is long for a burst.
    pub(super) fn spare(&mut self, meters: &Meters) {
        if self.free < self.min_free.saturating_add(TIGHT) {
            self.disk(meters);
        }
    }

    fn disk(&mut self, meters: &Meters) {
        let found = [space::size_bytes, space::free_bytes, space::log_bytes].map(|it| it(&self.directory));
        let [bytes, free, log] = match found {
            [Ok(bytes), Ok(free), Ok(log)] => [bytes, free, log],
            [Err(error), ..] | [_, Err(error), _] | [.., Err(error)] => {
                return warn!(%error, "the space of the store cannot be read");
            }
        };
        meters.inside().disk(bytes, free);
        self.free = free;
        if std::mem::replace(&mut self.held, LOG_HELD < log) != (LOG_HELD < log) {
            let (octets, held) = (log, LOG_HELD < log);
            warn!(
                octets,
                held,
                refused_from = LOG_MAX,
                "another process reads the store, and its write-ahead log cannot begin anew"
            );
        }
        let low = free < self.min_free || LOG_MAX < log;
        if self.health.disk_low.swap(low, Ordering::Relaxed) != low {
            let min_free = self.min_free;
            warn!(
                free,
                min_free,
                log,
                low,
                "new messages are refused while the disk has less than min_free, or the log is too long"
            );
        }
    }
}
