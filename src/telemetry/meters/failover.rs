//! How often messages went from one carrier to another.

use crate::message::attempt::Cause;
use crate::message::id::CarrierId;
use crate::telemetry::labels::{Labels, OTHER};
use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use foldhash::HashMap;
use metrics::Counter;

/// The failovers between all carriers.
pub struct FailoverMeter {
    pairs: HashMap<(CarrierId, CarrierId), [Counter; Cause::ALL.len()]>,
    /// Between carriers that share no route any more.
    other: [Counter; Cause::ALL.len()],
}

impl FailoverMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition, labels: &Labels) -> Self {
        let counters = |from: &str, to: &str| {
            Cause::ALL.map(|it| match it {
                // These leave no other carrier.
                Cause::First | Cause::Retry | Cause::Probe => Counter::noop(),
                _ => exposition.counter(&names::FAILOVERS, [from, to, it.word()]),
            })
        };
        let name = |id: CarrierId| labels.carriers.iter().find(|it| it.0 == id).map_or(OTHER, |it| &*it.1);
        Self {
            pairs: labels.failovers.iter().map(|it| (*it, counters(name(it.0), name(it.1)))).collect(),
            other: counters(OTHER, OTHER),
        }
    }

    /// A message went from one carrier to another.
    pub fn moved(&self, from: CarrierId, to: CarrierId, cause: Cause) {
        let counters = self.pairs.get(&(from, to)).unwrap_or(&self.other);
        counters[usize::from(cause.number())].increment(1);
    }
}
