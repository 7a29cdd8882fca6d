//! Our own spacing of submits: a bucket of tokens, one a PDU, that gives way when the carrier asks for less.
//!
//! ```text
//!  PDUs/s
//!  option ───────┐                     ┌─────────────
//!                │ throttled      ┌────┘  5 % of the option each second
//!  half          └───────────┐┌───┘
//!  a quarter                 └┘ throttled again
//! ```

use crate::message::time::Time;
use std::time::Duration;

/// Lets so many PDUs a second go, a tenth of a second's worth of them at once.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// PDUs a second as configured; `None` is unlimited.
    option: Option<f64>,
    /// PDUs a second while the carrier is given time, and up to what it grows.
    slowed: Option<Slowed>,
    tokens: f64,
    at: Time,
    /// How many went in the second that is being counted, and in the one before; what "unlimited" was, should the
    /// carrier find it too much.
    counted: Counted,
}

/// A pace below the option.
#[derive(Clone, Copy, Debug)]
struct Slowed {
    /// PDUs a second at `since`.
    rate: f64,
    /// What it grows up to.
    full: f64,
    since: Time,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    second: u64,
    now: u32,
    before: u32,
}

impl Pace {
    /// The share of a second's tokens that may be saved up: what a beat of the loop may be late.
    const BURST: f64 = 0.1;
    /// What the pace grows by each second, of the option.
    const GROWTH: f64 = 0.05;
    /// However often a carrier asks for less, one PDU goes each second, or half of the option if that is less: how
    /// else would it be seen that it takes more again?
    const LEAST: f64 = 1.0;
    /// What an unlimited pace is taken for after a quiet second, in which little was asked for.
    const UNLIMITED: f64 = 10.0;

    pub(crate) fn new(option: Option<f64>, now: Time) -> Self {
        let tokens = option.map_or(0.0, Self::burst);
        Self { option, slowed: None, tokens, at: now, counted: Counted::default() }
    }

    fn burst(rate: f64) -> f64 {
        (rate * Self::BURST).max(1.0)
    }

    /// The rate that is configured.
    pub(crate) const fn option(&self) -> Option<f64> {
        self.option
    }

    /// The rate that it keeps now; `None` is unlimited.
    pub(crate) fn rate(&self, now: Time) -> Option<f64> {
        let Some(slowed) = self.slowed else { return self.option };
        let rate = slowed.rate + slowed.full * Self::GROWTH * now.since(slowed.since).as_secs_f64();
        if rate < slowed.full { Some(rate) } else { self.option }
    }

    /// The carrier asked for less: half of what it is given now. What was on its way when it was last halved
    /// (`sent` before then) says nothing new.
    pub(crate) fn throttled(&mut self, now: Time, sent: Time) {
        self.fill(now);
        if self.slowed.is_some_and(|it| sent <= it.since) {
            return;
        }
        let full = self.option.unwrap_or_else(|| self.counted.of_a_second(now).max(Self::UNLIMITED));
        let (rate, full) = match (self.rate(now), self.slowed) {
            // Growing again towards what it was before it was first slowed.
            (Some(rate), Some(slowed)) => (rate, slowed.full),
            (Some(rate), None) => (rate, full),
            (None, _) => (full, full),
        };
        let least = Self::LEAST.min(full / 2.0);
        self.slowed = Some(Slowed { rate: (rate / 2.0).max(least), full, since: now });
        self.tokens = 0.0;
    }

    /// Takes one token if there is one.
    pub(crate) fn take(&mut self, now: Time) -> bool {
        self.fill(now);
        let may = self.rate(now).is_none() || 1.0 <= self.tokens;
        if may {
            self.tokens = (self.tokens - 1.0).max(0.0);
            self.counted.one(now);
        }
        may
    }

    /// Whether a token is there.
    pub(crate) fn has_token(&self, now: Time) -> bool {
        self.rate(now).is_none_or(|rate| 1.0 <= self.tokens + now.since(self.at).as_secs_f64() * rate)
    }

    /// When the next token will be there; `None` when one is, or none is needed.
    pub(crate) fn next_at(&mut self, now: Time) -> Option<Time> {
        let rate = self.rate(now)?;
        self.fill(now);
        let missing = 1.0 - self.tokens;
        // Whole milliseconds, rounded up: a deadline in the past would spin.
        (0.0 < missing).then(|| now + Duration::from_millis((missing / rate * 1_000.0).ceil().max(1.0) as u64))
    }

    fn fill(&mut self, now: Time) {
        // The rate only grows meanwhile: what it was at the last look is never too much.
        if let Some(rate) = self.rate(self.at) {
            self.tokens = (self.tokens + now.since(self.at).as_secs_f64() * rate).min(Self::burst(rate));
        }
        self.at = self.at.max(now);
        if self.rate(now) == self.option {
            self.slowed = None;
        }
    }
}

impl Counted {
    fn one(&mut self, now: Time) {
        self.turn(now);
        self.now += 1;
    }

    fn turn(&mut self, now: Time) {
        let second = now.0 / 1_000;
        if second != self.second {
            self.before = if second == self.second + 1 { self.now } else { 0 };
            (self.second, self.now) = (second, 0);
        }
    }

    fn of_a_second(mut self, now: Time) -> f64 {
        self.turn(now);
        f64::from(self.now.max(self.before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many go between two times.
    fn sent(pace: &mut Pace, from: Time, until: Time) -> u32 {
        let (mut now, mut sent) = (from, 0);
        while now < until {
            while pace.take(now) {
                sent += 1;
            }
            now = pace.next_at(now).expect("the bucket is empty");
        }
        sent
    }

    #[test]
    fn a_second_lets_through_what_the_pace_says() {
        let mut pace = Pace::new(Some(200.0), Time(1_000));
        let sent = sent(&mut pace, Time(1_000), Time(11_000));
        assert!((1_990..=2_030).contains(&sent), "{sent}");
    }

    #[test]
    fn without_a_pace_nothing_waits() {
        let mut pace = Pace::new(None, Time(1));
        assert!((0..100_000).all(|_| pace.take(Time(1))));
        assert_eq!(pace.next_at(Time(1)), None);
    }

    #[test]
    fn a_carrier_that_throttles_gets_half_at_once_and_a_twentieth_of_the_option_more_each_second() {
        let mut pace = Pace::new(Some(200.0), Time(1_000));
        pace.throttled(Time(2_000), Time(1_999));
        assert_eq!(pace.rate(Time(2_000)), Some(100.0));
        assert_eq!(pace.rate(Time(3_000)), Some(110.0));
        let first = sent(&mut pace, Time(2_000), Time(3_000));
        assert!((95..=112).contains(&first), "{first}");
        assert_eq!(pace.rate(Time(11_900)), Some(199.0));
        for later in [12_000, 13_000, 1_000_000] {
            assert_eq!(pace.rate(Time(later)), Some(200.0), "never above the option");
        }
    }

    #[test]
    fn what_was_on_its_way_when_the_pace_was_halved_does_not_halve_it_again() {
        let mut pace = Pace::new(Some(200.0), Time(1_000));
        for _ in 0..50 {
            pace.throttled(Time(2_000), Time(1_900));
        }
        assert_eq!(pace.rate(Time(2_000)), Some(100.0));
        pace.throttled(Time(2_500), Time(2_400));
        assert_eq!(pace.rate(Time(2_500)), Some(52.5));
    }

    #[test]
    fn however_often_a_carrier_throttles_it_is_asked_now_and_then_whether_it_takes_more() {
        for (option, least) in [(Some(200.0), 1.0), (Some(0.5), 0.25)] {
            let mut pace = Pace::new(option, Time(1_000));
            for second in 2..40 {
                pace.throttled(Time(second * 100), Time(second * 100 - 1));
            }
            let rate = pace.rate(Time(3_900)).expect("it is slowed");
            assert!((least..least * 12.0).contains(&rate), "{rate}");
        }
    }

    #[test]
    fn an_unlimited_pace_is_halved_from_what_went_and_is_unlimited_again_later() {
        let mut pace = Pace::new(None, Time(1_000));
        (0..500).for_each(|it| assert!(pace.take(Time(1_000 + it * 2))));
        pace.throttled(Time(2_000), Time(1_999));
        assert_eq!(pace.rate(Time(2_000)), Some(250.0));
        let slow = sent(&mut pace, Time(2_000), Time(3_000));
        assert!((240..=280).contains(&slow), "{slow}");
        assert_eq!(pace.rate(Time(13_000)), None);
        assert!((0..10_000).all(|_| pace.take(Time(13_000))));
    }
}
