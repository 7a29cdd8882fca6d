//! The clock of a session that stands still while nothing is read.
//!
//! What we wait for cannot come while we do not read: no answer is late then, and no peer silent.

use std::time::{Duration, Instant};

/// The time that has passed outside while the clock inside stood still.
#[derive(Debug, Default)]
pub(super) struct Pause {
    /// Since when it stands still, if it does.
    since: Option<Instant>,
    /// How long it stood still before.
    total: Duration,
}

impl Pause {
    /// The time inside.
    pub(super) fn inside(&self, now: Instant) -> Instant {
        self.since.unwrap_or(now) - self.total
    }

    /// When a deadline inside comes; `None` while the clock stands still.
    pub(super) fn outside(&self, deadline: Instant) -> Option<Instant> {
        self.since.is_none().then_some(deadline + self.total)
    }

    /// From now on it stands still, or goes on.
    pub(super) fn set(&mut self, now: Instant, still: bool) {
        match self.since {
            None if still => self.since = Some(now),
            Some(since) if !still => {
                self.since = None;
                self.total += now - since;
            }
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn time_inside_goes_on_where_it_stood_still() {
        let start = Instant::now();
        let mut pause = Pause::default();
        assert_eq!((pause.inside(start), pause.outside(start)), (start, Some(start)));
        for nth in 0..2 {
            let (from, slept) = (start + SECOND * (10 * nth), SECOND * (5 * nth));
            pause.set(from + SECOND * 2, true);
            pause.set(from + SECOND * 3, true);
            assert_eq!(pause.inside(from + SECOND * 6), from + SECOND * 2 - slept);
            assert_eq!(pause.outside(from + SECOND * 9), None);
            pause.set(from + SECOND * 7, false);
            let slept = slept + SECOND * 5;
            assert_eq!(pause.inside(from + SECOND * 8), from + SECOND * 8 - slept);
            assert_eq!(pause.outside(start + SECOND * 40), Some(start + SECOND * 40 + slept));
        }
    }
}
