//! What the loop does about its clock: tells dispatch what the wall shows, and people when it is not believed.

use crate::api::handler::health::Health;
use crate::clock::Clock;
use crate::dispatch::Dispatch;
use crate::dispatch::door::happening::Happening;
use crate::message::era::{Eras, Wall};
use crate::record::contract::{Poisoned, Store};
use crate::telemetry::meters::Meters;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// A change of the wall that dispatch is told of, in milliseconds: what people state goes by it.
const TOLD_FROM: u64 = 100;
/// How late it is, is made durable at least so often: the next start tells by it for how long nothing ran.
const MARK_EVERY: Duration = Duration::from_secs(60);
/// A doubt is said again so often.
const WARN_EVERY: Duration = Duration::from_secs(600);

/// What was told of the clock.
pub(super) struct Timekeeping {
    health: Arc<Health>,
    told: Wall,
    marked_at: Instant,
    /// When a doubt was said last; nothing while there is none.
    warned_at: Option<Instant>,
}

impl Timekeeping {
    /// Nothing was told but what the store knew.
    pub(super) fn new(health: &Arc<Health>, eras: &Eras) -> Self {
        Self { health: health.clone(), told: Wall::before(eras), marked_at: Instant::now(), warned_at: None }
    }

    /// What dispatch does not know yet.
    pub(super) fn news(&mut self, clock: &Clock) -> Option<Happening> {
        let wall = clock.wall();
        let same = (wall.ahead, wall.doubted) == (self.told.ahead, self.told.doubted);
        if same && wall.exact.off(self.told.exact) < TOLD_FROM {
            return None;
        }
        self.told = wall;
        Some(Happening::Wall(wall))
    }

    /// Says what is to be said, and has the time be durable.
    pub(super) fn look<S: Store>(
        &mut self,
        clock: &mut Clock,
        meters: &Meters,
        dispatch: &mut Dispatch,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        let step = clock.step();
        let doubted = clock.doubt();
        let gap = doubted.map_or(0, |it| it.0);
        meters.inside().clock(step.is_some(), doubted.map(|_| gap as f64 / 1_000.0));
        self.health.clock_doubted.store(doubted.is_some(), Ordering::Relaxed);
        self.health.clock_gap.store(gap, Ordering::Relaxed);
        if let Some(step) = step.filter(|_| doubted.is_none()) {
            warn!(?step, "the wall clock jumped; nothing expires or repeats by it");
        }
        let over = doubted.is_none() && self.warned_at.take().is_some();
        if over {
            info!("the wall clock is believed");
        }
        if doubted.is_some() && self.warned_at.is_none_or(|it| WARN_EVERY <= it.elapsed()) {
            self.warned_at = Some(Instant::now());
            warn!(
                gap_seconds = gap / 1_000,
                "the wall clock stands far from where the store last was and is not believed: nothing expires or is \
                 deleted by it, and times go on from the store's. It is believed after clock.believe_after without a \
                 step, or if it is right: POST /admin/v1/clock/confirm"
            );
        }
        if over || MARK_EVERY <= self.marked_at.elapsed() {
            self.mark(clock, dispatch, store)?;
        }
        Ok(())
    }

    /// Makes durable how late it is.
    pub(super) fn mark<S: Store>(
        &mut self,
        clock: &mut Clock,
        dispatch: &mut Dispatch,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        self.marked_at = Instant::now();
        dispatch.mark(clock.now(), store)
    }
}
