//! How often messages went from one carrier to another.

use crate::message::attempt::Cause;
use crate::message::id::CarrierId;
use crate::telemetry::labels::{Labels, OTHER};
use crate::telemetry::meters::late::Late;
use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use foldhash::HashMap;
use metrics::Counter;

/// The failovers between all carriers.
pub struct FailoverMeter {
    exposition: Exposition,
    names: HashMap<CarrierId, Box<str>>,
    moves: Late<(CarrierId, CarrierId, Cause), Counter>,
}

impl FailoverMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition, labels: &Labels) -> Self {
        let names = labels.carriers.iter().map(|(id, name, _)| (*id, name.clone())).collect();
        Self { exposition: exposition.clone(), names, moves: Late::default() }
    }

    /// A message went from one carrier to another.
    pub fn count_move(&self, from: CarrierId, to: CarrierId, cause: Cause) {
        let name = |it: CarrierId| self.names.get(&it).map_or(OTHER, |it| &**it);
        let make = || self.exposition.counter(&names::FAILOVERS, [name(from), name(to), cause.word()]);
        self.moves.with((from, to, cause), make, |it| it.increment(1));
    }
}
