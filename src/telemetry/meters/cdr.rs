//! The metrics of records of charge.

use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use metrics::{Counter, Gauge};
use std::time::Duration;

/// The metrics of records of charge.
pub struct CdrMeter {
    lines: Counter,
    failures: Counter,
    lost: Counter,
    age: Gauge,
}

impl CdrMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition) -> Self {
        Self {
            lines: exposition.counter(&names::CDR_LINES, []),
            failures: exposition.counter(&names::CDR_FAILURES, []),
            lost: exposition.counter(&names::CDR_LOST, []),
            age: exposition.gauge(&names::CDR_OLDEST_AGE, []),
        }
    }

    /// So many lines are in the file, and so much can never be written.
    pub fn wrote(&self, lines: u64, lost: u64) {
        self.lines.increment(lines);
        self.lost.increment(lost);
    }

    /// Something could not be read or written.
    pub fn failed(&self) {
        self.failures.increment(1);
    }

    /// What has yet to be written ended so long ago.
    pub fn behind(&self, age: Duration) {
        self.age.set(age.as_secs_f64());
    }
}
