//! Our own spacing of submits: a bucket of tokens, one a PDU.

use crate::message::time::Time;
use std::time::Duration;

/// Lets `rate` PDUs a second go, a tenth of a second's worth of them at once.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// Tokens a second; `None` is unlimited.
    rate: Option<f64>,
    tokens: f64,
    at: Time,
}

impl Pace {
    /// The share of a second's tokens that may be saved up: what a beat of the loop may be late.
    const BURST: f64 = 0.1;

    pub(crate) fn new(rate: Option<f64>, now: Time) -> Self {
        Self { rate, tokens: rate.map_or(0.0, Self::burst), at: now }
    }

    fn burst(rate: f64) -> f64 {
        (rate * Self::BURST).max(1.0)
    }

    /// The rate that it keeps.
    pub(crate) const fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Takes one token if there is one.
    pub(crate) fn take(&mut self, now: Time) -> bool {
        let Some(rate) = self.rate else { return true };
        self.fill(rate, now);
        let may = 1.0 <= self.tokens;
        if may {
            self.tokens -= 1.0;
        }
        may
    }

    /// When the next token will be there; `None` when one is, or none is needed.
    pub(crate) fn next_at(&mut self, now: Time) -> Option<Time> {
        let rate = self.rate?;
        self.fill(rate, now);
        let missing = 1.0 - self.tokens;
        // Whole milliseconds, rounded up: a deadline in the past would spin.
        (0.0 < missing).then(|| now + Duration::from_millis((missing / rate * 1_000.0).ceil().max(1.0) as u64))
    }

    fn fill(&mut self, rate: f64, now: Time) {
        self.tokens = (self.tokens + now.since(self.at).as_secs_f64() * rate).min(Self::burst(rate));
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lets_through_what_the_pace_says() {
        let mut now = Time(1_000);
        let mut pace = Pace::new(Some(200.0), now);
        while pace.take(now) {}
        let mut sent = 0;
        while now < Time(11_000) {
            now = pace.next_at(now).expect("the bucket is empty");
            while pace.take(now) {
                sent += 1;
            }
        }
        assert!((1_990..=2_010).contains(&sent), "{sent}");
    }

    #[test]
    fn without_a_pace_nothing_waits() {
        let mut pace = Pace::new(None, Time(1));
        assert!((0..100_000).all(|_| pace.take(Time(1))));
        assert_eq!(pace.next_at(Time(1)), None);
    }
}
