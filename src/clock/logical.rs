//! Logical time as a function of readings of the two clocks of a machine.
//!
//! ```text
//!   logical
//!      │                      ╱  wall after a step of it
//!      │                     ╱
//!      │               · ˙ ˙      logical: follows at SLEW per unit of elapsed time,
//!      │         · ˙ ˙      ╱     and is never faster or slower than that
//!      │   · ˙ ˙ ╱
//!      │ ╱
//!      └────────────────────────── monotonic
//! ```
//!
//! Logical time starts at the wall's and goes with the monotonic clock. Where the wall has gone
//! another way, logical time nears it by at most one part in [`SLEW`] of what elapses: a jump of
//! a second is made up within 200 seconds, one of an hour within eight days, and a deadline is
//! off by at most half a percent meanwhile. So no jump expires or repeats anything.

use crate::message::time::Time;
use std::fmt;
use std::time::Duration;

/// Logical time goes at most by this part faster or slower than the monotonic clock: 5 in 1,000.
pub const SLEW: i128 = 200;

/// A smaller change between wall and monotonic clock is the ordinary work of a time daemon.
pub const STEP_MIN: Duration = Duration::from_millis(250);

/// A jump of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How far.
    pub by: Duration,
    /// Whether it went to a later time.
    pub forward: bool,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the wall clock jumped {} by {:?}", if self.forward { "forward" } else { "back" }, self.by)
    }
}

/// Logical time; all its figures are nanoseconds.
#[derive(Debug)]
pub struct Logical {
    /// Logical time since 1970 at the last reading.
    now: i128,
    /// The monotonic clock at the last reading.
    monotonic: i128,
    /// Wall less monotonic clock at the last reading of both.
    offset: i128,
    /// How far the wall is ahead of logical time.
    gap: i128,
}

impl Logical {
    /// Starts at the wall's time or the high-water mark, whichever is later, while the monotonic
    /// clock stands at 0. A wall that is behind the mark has jumped back while nobody looked.
    pub fn start(wall: Duration, high_water: Time) -> (Self, Option<Step>) {
        let (wall, mark) = (nanos(wall), nanos(Duration::from_millis(high_water.0)));
        let now = wall.max(mark);
        let gap = wall - now;
        (Self { now, monotonic: 0, offset: wall, gap }, step(gap))
    }

    /// The time at a reading of the monotonic clock since the start and, where one was had at the
    /// same moment, of the wall clock since 1970.
    pub fn read(&mut self, monotonic: Duration, wall: Option<Duration>) -> (Time, Option<Step>) {
        let monotonic = nanos(monotonic).max(self.monotonic);
        let elapsed = monotonic - self.monotonic;
        let mut noticed = None;
        if let Some(wall) = wall.map(nanos) {
            let offset = wall - monotonic;
            noticed = step(offset - self.offset);
            self.offset = offset;
            self.gap = wall - (self.now + elapsed);
        }
        let slewed = self.gap.clamp(-elapsed / SLEW, elapsed / SLEW);
        self.gap -= slewed;
        self.now += elapsed + slewed;
        self.monotonic = monotonic;
        (Time(u64::try_from(self.now / 1_000_000).unwrap_or(u64::MAX)), noticed)
    }
}

fn step(by: i128) -> Option<Step> {
    let size = u64::try_from(by.unsigned_abs()).map_or(Duration::MAX, Duration::from_nanos);
    (STEP_MIN <= size).then_some(Step { by: size, forward: 0 < by })
}

fn nanos(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).expect("a duration has fewer than 2^94 nanoseconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_700_000_000);
    const SECOND: Duration = Duration::from_secs(1);
    const DAY: Duration = Duration::from_secs(86_400);

    /// Reads both clocks each `every` for `long`, while the wall is off by `jump` from the first reading on.
    fn run(every: Duration, long: Duration, jump: i64) -> (Duration, Vec<Step>) {
        let (mut logical, early) = Logical::start(START, Time::NEVER);
        assert_eq!(early, None);
        let (mut steps, mut last, mut at) = (Vec::new(), Time(0), Duration::ZERO);
        while at < long {
            at += every;
            let wall = if 0 <= jump {
                START + at + SECOND * jump as u32
            } else {
                START + at - SECOND * jump.unsigned_abs() as u32
            };
            let (now, step) = logical.read(at, Some(wall));
            assert!(last <= now, "time went back");
            last = now;
            steps.extend(step);
        }
        (last.since(Time(START.as_millis() as u64)), steps)
    }

    #[test]
    fn no_jump_of_the_wall_clock_moves_a_deadline_by_more_than_half_a_percent() {
        for every in [Duration::from_micros(50), SECOND / 4] {
            for jump in [86_400, -86_400, 3_600, -1] {
                let (passed, steps) = run(every, SECOND * 20, jump);
                let off = passed.abs_diff(SECOND * 20);
                assert!(off <= SECOND * 20 / 200, "{jump} s: {passed:?}");
                assert!(SECOND * 19 / 200 <= off, "{jump} s is not made up: {passed:?}");
                assert_eq!(steps, [Step { by: SECOND * jump.unsigned_abs() as u32, forward: 0 < jump }]);
            }
        }
    }

    #[test]
    fn a_jump_is_made_up_and_then_followed_exactly() {
        let (passed, steps) = run(SECOND, SECOND * 500, 2);
        assert_eq!((passed, steps.len()), (SECOND * 502, 1));
    }

    #[test]
    fn ordinary_corrections_are_followed_silently() {
        let (mut logical, _) = Logical::start(START, Time::NEVER);
        for n in 1..=1_000 {
            // A time daemon that makes the wall run 500 parts in a million faster.
            let (_, step) = logical.read(SECOND * n, Some(START + SECOND * n + Duration::from_micros(500) * n));
            assert_eq!(step, None);
        }
        let (now, _) = logical.read(SECOND * 1_001, None);
        assert_eq!(now, Time(START.as_millis() as u64 + 1_001_500));
    }

    #[test]
    fn time_starts_at_the_high_water_mark_and_goes_on_from_there() {
        let mark = Time((START + DAY).as_millis() as u64);
        let (mut logical, step) = Logical::start(START, mark);
        assert_eq!(step, Some(Step { by: DAY, forward: false }));
        let (now, again) = logical.read(SECOND * 200, Some(START + SECOND * 200));
        assert_eq!((now.since(mark), again), (SECOND * 199, None));
    }

    #[test]
    fn a_monotonic_clock_that_stands_still_is_no_way_back() {
        let (mut logical, _) = Logical::start(START, Time::NEVER);
        let (first, _) = logical.read(SECOND, None);
        assert_eq!(logical.read(SECOND, Some(START)).0, first);
        assert_eq!(logical.read(Duration::ZERO, None).0, first);
    }
}
