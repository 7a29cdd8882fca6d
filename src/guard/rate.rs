//! So many in any period: a log of the last times, in which nothing slips through at the edge of a period.

use crate::message::time::Time;
use std::time::Duration;

/// The longest period that guards look back: verifications are kept for a day at least, and a start counts by them.
pub const PERIOD_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest number in a period: each is remembered with its time.
pub const COUNT_MAX: u32 = 10_000;

/// So many in any period of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// How long.
    pub period: Duration,
}

impl Rate {
    /// When there may be one more, of what was done at these times, oldest first; `None` is now.
    pub fn until(self, times: &[Time], now: Time) -> Option<Time> {
        let nth = times.len().checked_sub(self.count as usize)?;
        let at = *times.get(nth)? + self.period;
        (now < at).then_some(at)
    }
}

/// When there may be one more by all of these rates; `None` is now.
pub fn until(rates: &[Rate], times: &[Time], now: Time) -> Option<Time> {
    rates.iter().filter_map(|it| it.until(times, now)).max()
}

/// Notes one more, and forgets what no rate looks at any more.
pub fn note(rates: &[Rate], times: &mut Vec<Time>, at: Time) {
    let most = rates.iter().map(|it| it.count as usize).max().unwrap_or_default();
    let old = times.len().saturating_sub(most.saturating_sub(1));
    times.drain(..old);
    // Most have one or two, and there may be a million of them.
    if times.len() < 4 {
        times.reserve_exact(1);
    }
    times.push(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn rate(count: u32, seconds: u64) -> Rate {
        Rate { count, period: Duration::from_secs(seconds) }
    }

    #[test]
    fn the_one_too_many_waits_until_the_first_of_the_period_is_old() {
        let rates = [rate(3, 600), rate(6, 86_400)];
        let mut times = Vec::new();
        let mut granted = Vec::new();
        // Each minute of a day somebody asks.
        for minute in 0..1_440 {
            let now = Time(1 + minute * 60_000);
            match until(&rates, &times, now) {
                None => {
                    note(&rates, &mut times, now);
                    granted.push(minute);
                }
                Some(at) => assert!(now < at),
            }
        }
        assert_eq!(granted, [0, 1, 2, 10, 11, 12]);
        let next = until(&rates, &times, Time(1 + 1_439 * 60_000));
        assert_eq!(next, Some(Time(1 + 1_440 * 60_000)), "a day behind the first");
        assert_eq!(times.len(), 6, "no more is remembered than is asked for");
    }

    #[test]
    fn the_exact_end_of_a_period_is_its_end() {
        let times = [Time(1_000), Time(2_000)];
        assert_eq!(rate(2, 10).until(&times, Time(10_999)), Some(Time(11_000)));
        assert_eq!(rate(2, 10).until(&times, Time(11_000)), None);
        assert_eq!(rate(3, 10).until(&times, Time(2_000)), None);
        assert_eq!(until(&[], &times, Time(2_000)), None);
    }
}
