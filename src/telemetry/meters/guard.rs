//! What guards refuse, and what they block.

use crate::guard::policy::{GuardKind, GuardMode};
use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use metrics::{Counter, Gauge};

/// What a guard does that says something.
const MODES: [GuardMode; 2] = [GuardMode::Enforce, GuardMode::Shadow];

/// The metrics of guards.
pub struct GuardMeter {
    refused: [[Counter; MODES.len()]; GuardKind::ALL.len()],
    blocks: Gauge,
    spent: Gauge,
}

impl GuardMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition) -> Self {
        let counter =
            |it: GuardKind| MODES.map(|mode| exposition.counter(&names::GUARD_REJECTIONS, [it.word(), mode.word()]));
        Self {
            refused: GuardKind::ALL.map(counter),
            blocks: exposition.gauge(&names::GUARD_BLOCKS, []),
            spent: exposition.gauge(&names::GUARD_SPENT_RATIO, []),
        }
    }

    /// A guard refused something, or would have.
    pub fn count_objection(&self, guard: GuardKind, mode: GuardMode) {
        self.refused[guard as usize][usize::from(mode == GuardMode::Shadow)].increment(1);
    }

    /// So many prefixes are blocked, and this part of what may be spent is spent.
    pub fn stand(&self, blocks: usize, spent: f64) {
        self.blocks.set(blocks as f64);
        self.spent.set(spent);
    }
}
