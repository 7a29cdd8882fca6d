//! The metrics of what no customer sees: the store, the loop, the clock, the configuration.

use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use metrics::{Counter, Gauge, Histogram};
use std::time::Duration;

/// The steps of a beat of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// What the happenings name is read from the store.
    Load,
    /// What to do is decided.
    Decide,
    /// What changed is made durable.
    Commit,
    /// What was decided is handed out.
    Act,
}

const STEPS: [&str; 4] = ["load", "decide", "commit", "act"];

const MENDED: [&str; 3] = ["log", "index", "record"];

const MODES: [&str; 2] = ["fsync", "os"];

/// The metrics of what no customer sees.
pub struct InsideMeter {
    commit_duration: Histogram,
    sync_duration: Histogram,
    batch_records: Histogram,
    poisoned: Gauge,
    mended: [Counter; MENDED.len()],
    durability: [Gauge; MODES.len()],
    bytes: Gauge,
    free_bytes: Gauge,
    batch_happenings: Histogram,
    steps: [Histogram; STEPS.len()],
    clock_steps: Counter,
    clock_doubted: Gauge,
    clock_gap: Gauge,
    to_forget: Gauge,
    reload_successful: Gauge,
    reload_timestamp: Gauge,
}

impl InsideMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition) -> Self {
        let revision = option_env!("NUNCIO_REVISION").unwrap_or("unknown");
        exposition.gauge(&names::BUILD_INFO, [env!("CARGO_PKG_VERSION"), revision]).set(1.0);
        Self {
            commit_duration: exposition.histogram(&names::STORE_COMMIT_DURATION, []),
            sync_duration: exposition.histogram(&names::STORE_SYNC_DURATION, []),
            batch_records: exposition.histogram(&names::STORE_BATCH_RECORDS, []),
            poisoned: exposition.gauge(&names::STORE_POISONED, []),
            mended: MENDED.map(|it| exposition.counter(&names::STORE_MENDED, [it])),
            durability: MODES.map(|it| exposition.gauge(&names::STORE_DURABILITY, [it])),
            bytes: exposition.gauge(&names::STORE_BYTES, []),
            free_bytes: exposition.gauge(&names::STORE_FREE_BYTES, []),
            batch_happenings: exposition.histogram(&names::LOOP_BATCH_HAPPENINGS, []),
            steps: STEPS.map(|it| exposition.histogram(&names::LOOP_BEAT, [it])),
            clock_steps: exposition.counter(&names::CLOCK_STEPS, []),
            clock_doubted: exposition.gauge(&names::CLOCK_DOUBTED, []),
            to_forget: exposition.gauge(&names::PEOPLE_TO_FORGET, []),
            clock_gap: exposition.gauge(&names::CLOCK_GAP, []),
            reload_successful: exposition.gauge(&names::CONFIG_LAST_RELOAD_SUCCESSFUL, []),
            reload_timestamp: exposition.gauge(&names::CONFIG_LAST_RELOAD_TIMESTAMP, []),
        }
    }

    /// So many records were committed in so long; `sync` is the end of it, where it waited for the disk.
    pub fn count_commit(&self, records: usize, took: Duration, sync: Option<Duration>) {
        self.batch_records.record(records as f64);
        self.commit_duration.record(took);
        if let Some(sync) = sync {
            self.sync_duration.record(sync);
        }
    }

    /// Something damaged was found in the store.
    pub fn count_repair(&self, what: &str) {
        if let Some(place) = MENDED.iter().position(|it| *it == what) {
            self.mended[place].increment(1);
        }
    }

    /// The store failed.
    pub fn set_poisoned(&self) {
        self.poisoned.set(1.0);
    }

    /// So many people are to be forgotten.
    pub fn set_to_forget(&self, people: usize) {
        self.to_forget.set(people as f64);
    }

    /// Whether what is acknowledged survives a loss of power.
    pub fn syncs(&self, syncs: bool) {
        for (gauge, is) in self.durability.iter().zip([syncs, !syncs]) {
            gauge.set(f64::from(u8::from(is)));
        }
    }

    /// How much disk the store takes, and how much is left.
    pub fn disk(&self, bytes: u64, free: u64) {
        self.bytes.set(bytes as f64);
        self.free_bytes.set(free as f64);
    }

    /// A beat had so many happenings.
    pub fn count_beat(&self, happenings: usize) {
        self.batch_happenings.record(happenings as f64);
    }

    /// A step of a beat took so long.
    pub fn step(&self, step: Step, took: Duration) {
        self.steps[step as usize].record(took);
    }

    /// Whether the wall clock jumped, and how many seconds it stands ahead where it is doubted.
    pub fn clock(&self, stepped: bool, doubted: Option<f64>) {
        self.clock_steps.increment(u64::from(stepped));
        self.clock_doubted.set(if doubted.is_some() { 1.0 } else { 0.0 });
        self.clock_gap.set(doubted.unwrap_or(0.0));
    }

    /// The configuration was read: `at`, in time since 1970, when it was good and is now in force.
    pub fn count_reload(&self, at: Option<Duration>) {
        self.reload_successful.set(if at.is_some() { 1.0 } else { 0.0 });
        if let Some(at) = at {
            self.reload_timestamp.set(at);
        }
    }
}
