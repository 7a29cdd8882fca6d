//! The only reader of clocks for what is stored: it gives out logical time, which never jumps.

pub mod logical;

use crate::clock::logical::{Logical, Step, Trust};
use crate::message::era::{Ahead, Wall};
use crate::message::time::Time;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, SystemTime};

/// Logical time of this process. One thread owns it.
#[derive(Debug)]
pub struct Clock {
    /// Where the clock that only elapses stood at the start.
    started: Duration,
    logical: Logical,
    step: Option<Step>,
}

impl Clock {
    /// The longest time between the two readings of a pair; a slower pair says nothing about a step.
    const PAIR_MAX: Duration = Duration::from_millis(10);

    /// Goes on from the latest time that was stored, and from how far it was ahead of the wall then; an empty store has
    /// the wall's time.
    pub fn start(mark: (Time, Ahead), trust: Trust) -> Self {
        let (logical, step) = Logical::start(wall(), mark, trust);
        Self { started: elapsed(), logical, step }
    }

    /// What the wall shows, believed as it is: for what stands in no store.
    pub fn of_the_wall() -> Time {
        Time(u64::try_from(wall().as_millis()).unwrap_or(u64::MAX))
    }

    /// The time. Never earlier than any that it gave before.
    pub fn now(&mut self) -> Time {
        let before = elapsed();
        let wall = wall();
        let after = elapsed();
        let paired = after.saturating_sub(before) <= Self::PAIR_MAX;
        let (now, step) = self.logical.read(after.saturating_sub(self.started), paired.then_some(wall));
        self.step = step.or(self.step);
        now
    }

    /// What the wall showed at the last reading, as far as it is believed.
    pub fn wall(&self) -> Wall {
        let (ahead, exact) = self.logical.ahead();
        Wall { ahead, exact, doubted: self.doubt().is_some() }
    }

    /// How far ahead a wall stands that is not believed.
    pub fn doubt(&self) -> Option<Ahead> {
        self.logical.doubt()
    }

    /// The wall is right: an operator says so.
    pub const fn believe(&mut self) {
        self.logical.believe();
    }

    /// The last jump of the wall clock that was noticed, once: to be logged and counted.
    pub fn step(&mut self) -> Option<Step> {
        self.step.take()
    }
}

/// What has elapsed since the machine was started, with what it slept (`CLOCK_BOOTTIME`): a code is not good for longer
/// because the machine was suspended. [`std::time::Instant`] stands still then.
pub fn elapsed() -> Duration {
    let it = clock_gettime(ClockId::Boottime);
    Duration::new(it.tv_sec.unsigned_abs(), u32::try_from(it.tv_nsec).unwrap_or(0))
}

/// Time since 1970; zero on a machine that believes to be before it.
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the wall clock")]
fn wall() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_starts_at_the_wall_or_at_the_high_water_mark() {
        let wall = Clock::of_the_wall();
        let start = |mark| Clock::start((mark, Ahead(0)), Trust::default());
        let mut clock = start(Time::NEVER);
        assert!(wall <= clock.now() && clock.now().since(wall) < Duration::from_secs(60));
        assert_eq!((clock.step(), clock.doubt()), (None, None));
        let tomorrow = wall + Duration::from_secs(86_400);
        let mut clock = start(tomorrow);
        assert!(tomorrow <= clock.now() && clock.now().since(tomorrow) < Duration::from_secs(60));
        assert!(clock.step().is_some_and(|it| !it.forward) && clock.wall().doubted);
        assert_eq!(clock.step(), None, "a step is told once");
    }
}
