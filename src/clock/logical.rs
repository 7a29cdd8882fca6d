//! Logical time as a function of readings of the two clocks of a machine.
//!
//! ```text
//!   time                        ╱ wall, after a step of it
//!     │                        ╱
//!     │                ╱······╱······ logical: goes on with the monotonic clock; where the wall
//!     │           ╱···╱···            went far, it is told from it by `ahead` from then on
//!     │      ╱···
//!     └────────────────────────── monotonic
//! ```
//!
//! Logical time only elapses. It goes with the monotonic clock, and how far it is ahead of the wall
//! is kept beside it. A small step of the wall is made up by at most one part in [`SLEW`] of what
//! elapses, so that a deadline is off by at most half a percent; a large one changes how far ahead
//! logical time is, and no deadline. So no jump expires or repeats anything.
//!
//! At a start logical time goes on where the store last was. What the wall has gone since then is the
//! time that nothing ran, and counts, if it is little. Else the wall is **doubted**: logical time and
//! how far it is ahead stay as they were, until an operator confirms the wall, or it has gone on without a
//! step for long, or it comes back. Then the time that nothing ran counts; a wall that is behind takes none back.

use crate::message::era::Ahead;
use crate::message::time::Time;
use std::fmt;
use std::time::Duration;

/// Logical time goes at most by this part faster or slower than the monotonic clock: 5 in 1,000.
pub const SLEW: i128 = 200;

/// A smaller change between wall and monotonic clock is the ordinary work of a time daemon.
pub const STEP_MIN: Duration = Duration::from_millis(250);

/// A larger one is not made up.
pub const SLEWED_MAX: Duration = Duration::from_secs(60);

/// What is believed of a wall clock at a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    /// How far it may stand from where the store last was. Default 1 h.
    pub gap_max: Duration,
    /// After how long without a step it is believed all the same. Default 1 h.
    pub believe_after: Duration,
}

impl Default for Trust {
    fn default() -> Self {
        let hour = Duration::from_secs(3_600);
        Self { gap_max: hour, believe_after: hour }
    }
}

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
    /// How far logical time is to be ahead of the wall.
    ahead: i128,
    /// How far the wall and what it is behind are ahead of logical time.
    gap: i128,
    /// Since which reading of the monotonic clock a wall that is doubted has made no step.
    doubted: Option<i128>,
    trust: Trust,
}

impl Logical {
    /// Starts where the store last was and so far ahead of the wall as it was then, while the monotonic clock stands
    /// at 0; an empty store starts at the wall's time.
    pub fn start(wall: Duration, (mark, ahead): (Time, Ahead), trust: Trust) -> (Self, Option<Step>) {
        let wall = nanos(wall);
        let (now, ahead) = match mark.known() {
            Some(mark) => (nanos(Duration::from_millis(mark.0)), i128::from(ahead.0) * 1_000_000),
            None => (wall, 0),
        };
        let gap = wall + ahead - now;
        let mut logical = Self { now, monotonic: 0, offset: wall, ahead, gap, doubted: Some(0), trust };
        // Forward it is the time that nothing ran.
        let noticed = step(gap).filter(|it| !it.forward || trust.gap_max < it.by);
        logical.look();
        (logical, noticed)
    }

    /// The time at a reading of the monotonic clock since the start and, where one was had at the
    /// same moment, of the wall clock since 1970.
    pub fn read(&mut self, monotonic: Duration, wall: Option<Duration>) -> (Time, Option<Step>) {
        let monotonic = nanos(monotonic).max(self.monotonic);
        let elapsed = monotonic - self.monotonic;
        self.now += elapsed;
        self.monotonic = monotonic;
        let mut noticed = None;
        if let Some(wall) = wall.map(nanos) {
            let offset = wall - monotonic;
            noticed = step(offset - self.offset);
            self.offset = offset;
            self.gap = wall + self.ahead - self.now;
            if self.doubted.is_some() {
                self.doubted = if noticed.is_some() { Some(monotonic) } else { self.doubted };
                self.look();
            }
        }
        if self.doubted.is_none() {
            if nanos(SLEWED_MAX) <= self.gap.abs() {
                self.ahead -= self.gap;
                self.gap = 0;
            }
            let slewed = self.gap.clamp(-elapsed / SLEW, elapsed / SLEW);
            self.gap -= slewed;
            self.now += slewed;
        }
        (Time(u64::try_from(self.now / 1_000_000).unwrap_or(u64::MAX)), noticed)
    }

    /// How far logical time is ahead of the wall: as it is followed, and exactly.
    pub fn ahead(&self) -> (Ahead, Ahead) {
        let exact = if self.doubted.is_some() { self.ahead } else { self.ahead - self.gap };
        (millis(self.ahead), millis(exact))
    }

    /// How far a wall that is doubted stands ahead of where logical time has it.
    pub fn doubt(&self) -> Option<Ahead> {
        self.doubted.map(|_| millis(self.gap))
    }

    /// The wall is right: an operator says so.
    pub const fn believe(&mut self) {
        if self.doubted.take().is_some() && 0 < self.gap {
            self.now += self.gap;
            self.gap = 0;
        }
    }

    /// Believes the wall if it stands where it may, or has gone on for long enough.
    fn look(&mut self) {
        let Some(since) = self.doubted else { return };
        let near = self.gap.abs() <= nanos(self.trust.gap_max);
        if near || nanos(self.trust.believe_after) <= self.monotonic - since {
            self.believe();
        }
    }
}

fn step(by: i128) -> Option<Step> {
    let size = u64::try_from(by.unsigned_abs()).map_or(Duration::MAX, Duration::from_nanos);
    (STEP_MIN <= size).then_some(Step { by: size, forward: 0 < by })
}

fn nanos(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).expect("a duration has fewer than 2^94 nanoseconds")
}

fn millis(nanos: i128) -> Ahead {
    Ahead(i64::try_from(nanos / 1_000_000).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_700_000_000);
    const MARK: Time = Time(1_700_000_000_000);
    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3_600);
    const DAY: Duration = Duration::from_secs(86_400);

    fn fresh() -> Logical {
        let (logical, early) = Logical::start(START, (Time::NEVER, Ahead(0)), Trust::default());
        assert_eq!((early, logical.doubt()), (None, None));
        logical
    }

    /// A wall that is off by so many seconds.
    fn off(wall: Duration, seconds: i64) -> Duration {
        if 0 <= seconds { wall + SECOND * seconds as u32 } else { wall - SECOND * seconds.unsigned_abs() as u32 }
    }

    /// Reads both clocks each `every` for `long`, while the wall is off by `jump` from the first reading on.
    fn run(every: Duration, long: Duration, jump: i64) -> (Duration, Vec<Step>, Logical) {
        let mut logical = fresh();
        let (mut steps, mut last, mut at) = (Vec::new(), Time(0), Duration::ZERO);
        while at < long {
            at += every;
            let (now, step) = logical.read(at, Some(off(START + at, jump)));
            assert!(last <= now, "time went back");
            last = now;
            steps.extend(step);
        }
        (last.since(MARK), steps, logical)
    }

    #[test]
    fn no_jump_of_the_wall_clock_moves_a_deadline_by_more_than_half_a_percent() {
        for every in [Duration::from_micros(50), SECOND / 4] {
            for jump in [40 * 86_400, -40 * 86_400, 3_600, -1, 59] {
                let (passed, steps, logical) = run(every, SECOND * 20, jump);
                let far = passed.abs_diff(SECOND * 20);
                assert!(far <= SECOND * 20 / 200, "{jump} s: {passed:?}");
                assert_eq!(steps, [Step { by: SECOND * jump.unsigned_abs() as u32, forward: 0 < jump }]);
                if jump.abs() < 60 {
                    assert!(SECOND * 19 / 200 <= far, "{jump} s is not made up: {passed:?}");
                    assert_eq!(logical.ahead().0, Ahead(0));
                } else {
                    assert_eq!((passed, logical.ahead()), (SECOND * 20, (Ahead(-jump * 1_000), Ahead(-jump * 1_000))));
                }
            }
        }
    }

    #[test]
    fn a_jump_is_made_up_and_then_followed_exactly() {
        let (passed, steps, logical) = run(SECOND, SECOND * 500, 2);
        assert_eq!((passed, steps.len(), logical.ahead().1), (SECOND * 502, 1, Ahead(0)));
        let mut logical = fresh();
        logical.read(SECOND, Some(START + SECOND * 3));
        assert_eq!(logical.ahead(), (Ahead(0), Ahead(-1_995)), "what people state is judged exactly meanwhile");
    }

    #[test]
    fn ordinary_corrections_are_followed_silently() {
        let mut logical = fresh();
        for n in 1..=1_000 {
            // A time daemon that makes the wall run 500 parts in a million faster.
            let (_, step) = logical.read(SECOND * n, Some(START + SECOND * n + Duration::from_micros(500) * n));
            assert_eq!(step, None);
        }
        let (now, _) = logical.read(SECOND * 1_001, None);
        assert_eq!(now, Time(MARK.0 + 1_001_500));
    }

    #[test]
    fn time_goes_on_from_the_high_water_mark_and_what_nothing_ran_counts() {
        let (mut logical, step) = Logical::start(START + HOUR, (MARK, Ahead(0)), Trust::default());
        assert_eq!((step, logical.doubt()), (None, None));
        let (now, again) = logical.read(SECOND, Some(START + HOUR + SECOND));
        assert_eq!((now.since(MARK), again), (HOUR + SECOND, None));
        let (mut logical, step) = Logical::start(START - SECOND * 40, (MARK, Ahead(0)), Trust::default());
        assert_eq!((step, logical.doubt()), (Some(Step { by: SECOND * 40, forward: false }), None));
        let (now, again) = logical.read(SECOND * 200, Some(START + SECOND * 160));
        assert_eq!((now.since(MARK), again), (SECOND * 199, None));
        let (mut logical, _) = Logical::start(START - HOUR, (MARK, Ahead(0)), Trust::default());
        assert_eq!(logical.read(SECOND, Some(START - HOUR + SECOND)).0.since(MARK), SECOND);
        assert_eq!(logical.ahead().0, Ahead(3_600_000), "and what is behind by much is shown so at once");
    }

    #[test]
    fn a_wall_that_stands_far_off_at_the_start_is_doubted_until_it_is_confirmed() {
        for days in [40, -40] {
            let wall = off(START, days * 86_400);
            let (mut logical, step) = Logical::start(wall, (MARK, Ahead(0)), Trust::default());
            assert_eq!(step, Some(Step { by: DAY * 40, forward: 0 < days }));
            let (now, _) = logical.read(SECOND * 60, Some(wall + SECOND * 60));
            assert_eq!(now.since(MARK), SECOND * 60, "only what elapsed counts");
            assert_eq!((logical.doubt(), logical.ahead()), (Some(Ahead(days * 86_400_000)), (Ahead(0), Ahead(0))));
            logical.believe();
            let (now, step) = logical.read(SECOND * 61, Some(wall + SECOND * 61));
            let (passed, ahead) =
                if 0 < days { (DAY * 40 + SECOND * 61, Ahead(0)) } else { (SECOND * 61, Ahead(40 * 86_400_000)) };
            assert_eq!((now.since(MARK), step), (passed, None));
            assert_eq!((logical.doubt(), logical.ahead()), (None, (ahead, ahead)));
        }
    }

    #[test]
    fn a_doubted_wall_is_believed_after_an_hour_without_a_step_or_once_it_is_put_right() {
        let wall = START + DAY * 21;
        let (mut logical, _) = Logical::start(wall, (MARK, Ahead(0)), Trust::default());
        let far = off(START, -86_400 * 365);
        for at in [SECOND, HOUR - SECOND] {
            logical.read(at, Some(wall + at));
            assert!(logical.doubt().is_some());
        }
        // A step: the hour begins anew.
        logical.read(HOUR, Some(far + HOUR));
        logical.read(HOUR * 2 - SECOND, Some(far + HOUR * 2 - SECOND));
        assert!(logical.doubt().is_some());
        let (now, _) = logical.read(HOUR * 2, Some(far + HOUR * 2));
        assert_eq!((now.since(MARK), logical.doubt()), (HOUR * 2, None));

        let (mut logical, _) = Logical::start(wall, (MARK, Ahead(0)), Trust::default());
        let (now, _) = logical.read(SECOND, Some(START + SECOND * 31));
        assert_eq!((now.since(MARK), logical.doubt(), logical.ahead().0), (SECOND * 31, None, Ahead(0)));
    }

    #[test]
    fn a_store_that_is_ahead_of_the_wall_stays_so() {
        let behind = Ahead(40 * 86_400_000);
        let wall = START - DAY * 40 + SECOND;
        let (mut logical, step) = Logical::start(wall, (MARK, behind), Trust::default());
        assert_eq!((step, logical.doubt()), (None, None));
        let (now, _) = logical.read(SECOND, Some(wall + SECOND));
        assert_eq!((now.since(MARK), logical.ahead()), (SECOND * 2, (behind, behind)));
    }

    #[test]
    fn a_monotonic_clock_that_stands_still_is_no_way_back() {
        let mut logical = fresh();
        let (first, _) = logical.read(SECOND, None);
        assert_eq!(logical.read(SECOND, Some(START)).0, first);
        assert_eq!(logical.read(Duration::ZERO, None).0, first);
    }
}
