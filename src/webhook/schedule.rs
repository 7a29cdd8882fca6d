//! When what was not taken is told again.

use crate::message::time::Time;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// How long after a try the next comes, by how many there were: the schedule of Standard Webhooks 1.0.0. Ten tries in
/// some three days, after which an event is told no more of its own accord.
pub const STEPS: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(5 * 3_600),
    Duration::from_secs(10 * 3_600),
    Duration::from_secs(14 * 3_600),
    Duration::from_secs(20 * 3_600),
    Duration::from_secs(24 * 3_600),
];

/// Whoever is asked for less, or is too slow to answer, is left alone for so long at least.
const CALM: Duration = MINUTE;
/// The longest wait, whatever an endpoint asks for.
const WAIT_MAX: Duration = HOUR.saturating_mul(24);
/// What is added by chance, at least: a crowd of failures spreads.
const JITTER_MIN: Duration = Duration::from_secs(1);
/// One in so much of the wait is added by chance at most: a fifth.
const JITTER_SHARE: u32 = 5;

/// When events that were tried so often, at least once, are tried again; `None`: they are not. `asked` is what the
/// endpoint wants of us (`Retry-After`), which counts from the step to twice the step, and `calm` that it is at its
/// limit. Chance only adds: a retry never comes early.
pub fn next(tries: u8, now: Time, asked: Option<Duration>, calm: bool, chance: u64) -> Option<Time> {
    let step = *STEPS.get(usize::from(tries).checked_sub(1)?)?;
    let least = if calm { step.max(CALM) } else { step };
    let wait = asked.map_or(least, |it| it.clamp(least, (step * 2).max(least))).min(WAIT_MAX);
    let spread = (wait / JITTER_SHARE).max(JITTER_MIN).as_millis() as u64;
    Some(now + wait + Duration::from_millis(chance % (spread + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Time = Time(1_795_168_800_000);

    fn wait(tries: u8, asked: Option<u64>, calm: bool, chance: u64) -> Option<Duration> {
        next(tries, NOW, asked.map(Duration::from_secs), calm, chance).map(|it| it.since(NOW))
    }

    #[test]
    fn ten_tries_and_no_more() {
        let waits: Vec<u64> = (1..=9).map(|it| wait(it, None, false, 0).unwrap().as_secs()).collect();
        assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!(wait(10, None, false, 0), None);
        assert_eq!(wait(0, None, false, 0), None, "what was not tried has no next try");
    }

    #[test]
    fn an_endpoint_asks_within_bounds() {
        assert_eq!(wait(2, Some(400), false, 0), Some(Duration::from_secs(400)));
        assert_eq!(wait(2, Some(1), false, 0), Some(Duration::from_secs(300)), "not earlier than the step");
        assert_eq!(wait(2, Some(1_000_000_000), false, 0), Some(Duration::from_secs(600)), "at most twice the step");
        assert_eq!(wait(9, Some(1_000_000_000), false, 0), Some(Duration::from_secs(86_400)), "never above a day");
        assert_eq!(wait(1, None, true, 0), Some(Duration::from_secs(60)), "a minute of calm");
        assert_eq!(wait(1, Some(7), true, 0), Some(Duration::from_secs(60)));
    }

    proptest! {
        #[test]
        fn chance_only_adds(tries in 1_u8..=9, asked in proptest::option::of(0_u64..200_000), calm: bool, chance: u64) {
            let (bare, with) = (wait(tries, asked, calm, 0).unwrap(), wait(tries, asked, calm, chance).unwrap());
            prop_assert!(bare <= with && with <= bare + (bare / JITTER_SHARE).max(JITTER_MIN));
        }
    }
}
