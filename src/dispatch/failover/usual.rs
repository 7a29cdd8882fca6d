//! How a carrier answers now, and whether that is as usual: a sliding minute beside the last hour.
//!
//! ```text
//!   answers ──► slices of ten seconds ──► the last minute: p50, p99, refusals
//!                        │ each minute
//!                        ▼
//!               the last hour of minutes ──► what is usual ──► it has left that · it is back
//! ```
//!
//! **Usual.** The median of the minutes of the last hour that had enough answers; nothing is usual before there are
//! `MINUTES_MIN` of them. While a figure is out of the usual its minutes are not counted in, so that a bad hour does
//! not become the measure of the next; what lasts longer than `ODD_MAX` does.
//!
//! A few hundred octets a slice, some kilobytes a carrier, whatever it answers.

use crate::dispatch::door::fact::{Figure, Turn};
use crate::dispatch::door::snapshot::Minute;
use crate::message::time::Time;
use std::collections::VecDeque;
use std::time::Duration;

/// How finely the last minute slides.
const SLICE: Duration = Duration::from_secs(10);
/// Slices of the last minute.
const SLICES: usize = 6;
/// Minutes that say what is usual: those of an hour.
const MINUTES: usize = 60;
/// Fewer of them say nothing.
const MINUTES_MIN: usize = 10;
/// Answers without which a minute says nothing.
const ANSWERS_MIN: u32 = 30;
/// Answers that must be out of the usual: one that is slow is no sickness, however few there are.
const ODD_MIN: u32 = 5;
/// What is so many times the usual has left it, and is back below [`BACK`] times it.
const LEFT: f64 = 3.0;
/// Lower than [`LEFT`], so that what stands on the edge is told once.
const BACK: f64 = 1.5;
/// What a duration must be above the usual besides, so that a fast carrier may breathe.
const SLOWER_MIN: Duration = Duration::from_millis(100);
/// What a share of refusals must be above the usual besides.
const REFUSED_MIN: f64 = 0.05;
/// How long something may be out of the usual before it is the usual.
const ODD_MAX: Duration = Duration::from_secs(3_600);
/// How long after one that has ended the next is told: what comes and goes fills no log.
const QUIET: Duration = Duration::from_secs(600);

/// Buckets of a histogram: four to an octave of microseconds, up to two minutes.
const BUCKETS: usize = 28 * 4;

/// How a carrier answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usual {
    slices: VecDeque<Slice>,
    p99: Watch,
    refusals: Watch,
}

impl Usual {
    /// A part ended so long after it was written. Tells what has left the usual by then, or is back.
    pub(crate) fn note(&mut self, now: Time, took: Duration, refused: bool) -> Vec<Turn> {
        let (number, mut turns) = (number(now), Vec::new());
        if self.slices.back().is_none_or(|it| it.number < number) {
            turns = self.judge(now);
            self.slices.push_back(Slice::new(number));
            self.slices.retain(|it| number < it.number + SLICES as u64);
        }
        if let Some(slice) = self.slices.back_mut() {
            slice.take(took, refused);
        }
        turns
    }

    /// The last minute.
    pub(crate) fn minute(&self, now: Time) -> Minute {
        let number = number(now);
        let mut whole = Slice::new(number);
        for slice in self.slices.iter().filter(|it| number < it.number + SLICES as u64) {
            whole.add(slice);
        }
        let (answers, refused) = (whole.answers, whole.refused);
        Minute { answers, refused, p50: whole.quantile(0.5), p99: whole.quantile(0.99) }
    }

    /// Looks at the minute that has just ended.
    fn judge(&mut self, now: Time) -> Vec<Turn> {
        let before = Time((number(now) * SLICE.as_millis() as u64).saturating_sub(1));
        let minute = self.minute(before);
        if minute.answers < ANSWERS_MIN {
            return Vec::new();
        }
        let (Some(p99), Some(refusals)) = (minute.p99, minute.refusals()) else { return Vec::new() };
        let number = number(before);
        let current = self.slices.iter().filter(|it| number < it.number + SLICES as u64);
        let slow = |limit: f64| current.clone().map(|it| it.slower_than(limit)).sum();
        let refused = |_| minute.refused;
        let turns = [
            self.p99.look(now, (Figure::P99, p99.as_secs_f64()), SLOWER_MIN.as_secs_f64(), slow),
            self.refusals.look(now, (Figure::Refusals, refusals), REFUSED_MIN, refused),
        ];
        turns.into_iter().flatten().collect()
    }
}

fn number(now: Time) -> u64 {
    now.0 / SLICE.as_millis() as u64
}

/// One figure, and what it was in the minutes of the last hour.
#[derive(Clone, Debug, Default)]
struct Watch {
    minutes: VecDeque<(Time, f64)>,
    /// Since when it is out of the usual; never while it is not.
    odd_since: Time,
    /// Whether that was told.
    told: bool,
    /// Until when nothing new is told.
    quiet_until: Time,
}

impl Watch {
    /// Takes where a figure stands; `odd` counts the answers beyond a limit.
    fn look(&mut self, now: Time, it: (Figure, f64), above: f64, odd: impl Fn(f64) -> u32) -> Option<Turn> {
        let (figure, value) = it;
        self.minutes.retain(|(at, _)| now.since(*at) < SLICE * (SLICES * MINUTES) as u32);
        if self.odd_since.known().is_some_and(|it| ODD_MAX <= now.since(it)) {
            // It has been so for an hour: that is how the carrier is now.
            *self = Self { quiet_until: now + QUIET, ..Self::default() };
        }
        let usual = self.usual();
        let turn = usual.and_then(|usual| {
            let told = |left| Turn { figure, now: value, usual, left };
            let limit = (usual * LEFT).max(usual + above);
            if self.odd_since.known().is_none() {
                if value <= limit || odd(limit) < ODD_MIN {
                    return None;
                }
                (self.odd_since, self.told) = (now, self.quiet_until <= now);
                return self.told.then(|| told(true));
            }
            if (usual * BACK).max(usual + above / 2.0) < value {
                return None;
            }
            (self.odd_since, self.quiet_until) = (Time::NEVER, now + QUIET);
            std::mem::take(&mut self.told).then(|| told(false))
        });
        let is_due = self.minutes.back().is_none_or(|(at, _)| SLICE * SLICES as u32 <= now.since(*at));
        if is_due && self.odd_since.known().is_none() {
            self.minutes.push_back((now, value));
        }
        turn
    }

    /// The median of the last hour; `None` while too little is known.
    fn usual(&self) -> Option<f64> {
        let mut values: Vec<f64> = self.minutes.iter().map(|it| it.1).collect();
        values.sort_by(f64::total_cmp);
        (MINUTES_MIN <= values.len()).then(|| values[values.len() / 2])
    }
}

/// Ten seconds of answers.
#[derive(Clone, Debug)]
struct Slice {
    number: u64,
    answers: u32,
    refused: u32,
    buckets: [u32; BUCKETS],
}

impl Slice {
    const fn new(number: u64) -> Self {
        Self { number, answers: 0, refused: 0, buckets: [0; BUCKETS] }
    }

    fn take(&mut self, took: Duration, refused: bool) {
        self.answers += 1;
        self.refused += u32::from(refused);
        self.buckets[bucket(took)] += 1;
    }

    fn add(&mut self, other: &Self) {
        self.answers += other.answers;
        self.refused += other.refused;
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(own, it)| *own += it);
    }

    /// The middle of the bucket in which this share is reached; `None` without answers.
    fn quantile(&self, share: f64) -> Option<Duration> {
        let wanted = (f64::from(self.answers) * share).ceil() as u32;
        let mut seen = 0;
        let reached = self.buckets.iter().position(|it| {
            seen += it;
            0 < seen && wanted <= seen
        });
        reached.map(middle)
    }

    /// How many took longer, as far as buckets tell.
    fn slower_than(&self, seconds: f64) -> u32 {
        let above = self.buckets.iter().enumerate().filter(|(at, _)| seconds < middle(*at).as_secs_f64());
        above.map(|(_, it)| it).sum()
    }
}

/// Where a duration belongs: by its highest bit and the two below it.
fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(4);
    let octave = micros.ilog2() as usize;
    let quarter = (micros >> (octave - 2)) as usize & 3;
    (octave * 4 + quarter).min(BUCKETS - 1)
}

/// What stands for a bucket.
fn middle(bucket: usize) -> Duration {
    let (octave, quarter) = ((bucket / 4) as u32, (bucket % 4) as u64);
    // An eighth of an octave above the lower edge.
    Duration::from_micros(((8 + 2 * quarter + 1) << octave) >> 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time(1_767_225_600_000);
    const FAST: Duration = Duration::from_millis(40);

    /// A carrier and its clock.
    struct Bench {
        usual: Usual,
        now: Time,
        told: Vec<(u64, Turn)>,
    }

    impl Bench {
        fn new() -> Self {
            Self { usual: Usual::default(), now: START, told: Vec::new() }
        }

        /// So many minutes of ten answers a second, of which some take `slow` and some refuse.
        fn go(&mut self, minutes: u64, slow: (u64, Duration), refused: u64) {
            for nth in 0..minutes * 600 {
                let took = if nth % 100 < slow.0 { slow.1 } else { FAST };
                let turns = self.usual.note(self.now, took, nth % 100 < refused);
                self.told.extend(turns.into_iter().map(|it| (self.now.since(START).as_secs(), it)));
                self.now = self.now + Duration::from_millis(100);
            }
        }

        fn figures(&self) -> Vec<(Figure, bool)> {
            self.told.iter().map(|(_, it)| (it.figure, it.left)).collect()
        }
    }

    #[test]
    fn a_duration_comes_back_to_an_eighth() {
        for micros in [4, 5, 7, 100, 999, 1_000, 40_000, 250_000, 8_000_000, 60_000_000, 120_000_000] {
            let it = middle(bucket(Duration::from_micros(micros))).as_micros() as f64;
            assert!((it / micros as f64 - 1.0).abs() < 0.13, "{micros} us came back as {it}");
        }
        assert_eq!((bucket(Duration::ZERO), bucket(Duration::MAX)), (bucket(Duration::from_micros(4)), BUCKETS - 1));
    }

    #[test]
    fn the_last_minute_slides() {
        let mut bench = Bench::new();
        assert_eq!(bench.usual.minute(START), Minute::default());
        bench.go(1, (10, Duration::from_secs(2)), 25);
        let minute = bench.usual.minute(bench.now);
        assert!((500..=600).contains(&minute.answers), "{minute:?}");
        assert!(minute.refusals().is_some_and(|it| (0.2..0.3).contains(&it)), "{minute:?}");
        let (p50, p99) = (minute.p50.unwrap(), minute.p99.unwrap());
        assert!((35..46).contains(&p50.as_millis()) && (1_750..2_250).contains(&p99.as_millis()), "{minute:?}");
        bench.go(2, (0, FAST), 0);
        assert!(bench.usual.minute(bench.now).p99.is_some_and(|it| it < Duration::from_millis(50)));
        assert_eq!(bench.usual.minute(bench.now + Duration::from_secs(61)), Minute::default());
        assert!(bench.usual.slices.len() <= SLICES);
    }

    #[test]
    fn a_carrier_that_becomes_slow_is_told_once_and_once_when_it_is_back() {
        let mut bench = Bench::new();
        bench.go(30, (0, FAST), 0);
        assert_eq!(bench.told, [], "a carrier that is as ever is not told of");
        bench.go(20, (10, Duration::from_secs(4)), 0);
        let (at, left) = bench.told[0];
        assert!((1_800..1_830).contains(&at), "told after {at} s");
        assert!((left.usual - 0.04).abs() < 0.006 && (left.now - 4.0).abs() < 0.6, "{left:?}");
        bench.go(20, (0, FAST), 0);
        assert_eq!(bench.figures(), [(Figure::P99, true), (Figure::P99, false)]);
        let (at, back) = bench.told[1];
        assert!((3_000..3_090).contains(&at), "told after {at} s");
        assert!(back.now < 0.05 && (back.usual - 0.04).abs() < 0.006, "{back:?}");
    }

    #[test]
    fn a_carrier_that_refuses_more_than_usual_is_told_and_one_that_always_did_is_not() {
        let mut bench = Bench::new();
        bench.go(30, (0, FAST), 10);
        bench.go(15, (0, FAST), 18);
        assert_eq!(bench.told, [], "eighteen of a hundred is less than three times ten");
        bench.go(15, (0, FAST), 60);
        bench.go(15, (0, FAST), 10);
        assert_eq!(bench.figures(), [(Figure::Refusals, true), (Figure::Refusals, false)]);
    }

    #[test]
    fn what_is_slow_now_and_then_is_no_sickness() {
        let mut bench = Bench::new();
        bench.go(30, (0, FAST), 0);
        for _ in 0..30 {
            // One of many in a minute, and the minute has others.
            bench.usual.note(bench.now, Duration::from_secs(30), true);
            bench.go(1, (0, FAST), 0);
        }
        assert_eq!(bench.told, []);
    }

    #[test]
    fn nothing_is_usual_at_first_and_little_traffic_says_nothing() {
        let mut bench = Bench::new();
        bench.go(8, (0, FAST), 0);
        bench.go(1, (50, Duration::from_secs(9)), 50);
        assert_eq!(bench.told, [], "nine minutes are not the usual");
        let mut seldom = Usual::default();
        for minute in 0..300 {
            let took = if minute < 150 { FAST } else { Duration::from_secs(20) };
            let turns = seldom.note(START + Duration::from_secs(60 * minute), took, 150 < minute);
            assert_eq!(turns, [], "one answer a minute is too little");
        }
    }

    #[test]
    fn what_lasts_an_hour_is_the_usual_and_what_comes_and_goes_does_not_fill_the_log() {
        let mut bench = Bench::new();
        bench.go(30, (0, FAST), 0);
        bench.go(100, (100, Duration::from_secs(1)), 0);
        assert_eq!(bench.figures(), [(Figure::P99, true)]);
        let mut usual = bench.usual.p99.usual().unwrap();
        assert!((0.8..1.2).contains(&usual), "{usual} s is the usual now");
        let mut bench = Bench::new();
        bench.go(30, (0, FAST), 0);
        for _ in 0..60 {
            bench.go(2, (10, Duration::from_secs(4)), 0);
            bench.go(2, (0, FAST), 0);
        }
        usual = bench.usual.p99.usual().unwrap();
        assert!(usual < 0.05, "{usual} s is the usual still");
        let lines = bench.told.len();
        assert!((2..=2 * 4 * 60 / 12).contains(&lines), "{lines} lines in four hours");
    }
}
