//! How many of those who were sent a code gave it back, of late.

use crate::message::time::Time;
use std::time::Duration;

/// Pieces of a window: what is counted leaves it a piece at a time.
const SLOTS: usize = 12;

/// Sends of a window, and how many of them came back: each counts where it was sent, also if it came back later.
#[derive(Clone, Debug, Default)]
pub(super) struct Cohorts {
    /// Sent and come back, by the number of the piece modulo [`SLOTS`].
    slots: [(u32, u32); SLOTS],
    /// The number of the latest piece.
    latest: u64,
}

impl Cohorts {
    /// So many more were sent at `at`, or of those that were sent then came back.
    pub(super) fn add(&mut self, window: Duration, at: Time, (sent, back): (u32, u32)) {
        let slot = slot(window, at);
        self.go_on(slot);
        if self.latest - slot < SLOTS as u64 {
            let it = &mut self.slots[(slot % SLOTS as u64) as usize];
            (it.0, it.1) = (it.0.saturating_add(sent), it.1.saturating_add(back));
        }
    }

    /// One that was sent at `at` was not.
    pub(super) fn take_back(&mut self, window: Duration, at: Time) {
        let slot = slot(window, at);
        if self.latest.saturating_sub(slot) < SLOTS as u64 {
            let it = &mut self.slots[(slot % SLOTS as u64) as usize];
            it.0 = it.0.saturating_sub(1);
        }
    }

    /// All that were sent in the window, and that came back of them.
    pub(super) fn total(&self, window: Duration, now: Time) -> (u32, u32) {
        let now = slot(window, now);
        let of_late = |it: &u64| now < it + SLOTS as u64;
        let slots = (0..SLOTS as u64).filter_map(|back| self.latest.checked_sub(back)).filter(of_late);
        let counts = slots.map(|it| self.slots[(it % SLOTS as u64) as usize]);
        counts.fold((0, 0), |sum, it| (sum.0.saturating_add(it.0), sum.1.saturating_add(it.1)))
    }

    /// Whether nothing of it is in the window any more.
    pub(super) fn is_old(&self, window: Duration, now: Time) -> bool {
        self.latest + SLOTS as u64 <= slot(window, now)
    }

    /// Counts anew.
    pub(super) const fn clear(&mut self) {
        self.slots = [(0, 0); SLOTS];
    }

    fn go_on(&mut self, slot: u64) {
        for passed in (self.latest + 1..=slot).rev().take(SLOTS) {
            self.slots[(passed % SLOTS as u64) as usize] = (0, 0);
        }
        self.latest = self.latest.max(slot);
    }
}

fn slot(window: Duration, at: Time) -> u64 {
    at.0 / (window.as_millis() as u64 / SLOTS as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::SplitMix64;

    const WINDOW: Duration = Duration::from_secs(3_600);

    #[test]
    fn what_leaves_the_window_is_counted_no_more() {
        let (mut cohorts, mut dice) = (Cohorts::default(), SplitMix64::new(3));
        let mut all: Vec<(u64, u32, u32)> = Vec::new();
        let mut now = 1_000_000_000;
        for _ in 0..10_000 {
            now += dice.roll() % 700_000;
            let at = now - dice.roll() % 2_000_000;
            let more = ((dice.roll() % 3) as u32, (dice.roll() % 2) as u32);
            cohorts.add(WINDOW, Time(at), more);
            all.push((slot(WINDOW, Time(at)), more.0, more.1));
            let first = slot(WINDOW, Time(now)).saturating_sub(SLOTS as u64 - 1);
            // What came late may have been left out, as its piece had passed when it was noted.
            let latest = all.iter().map(|it| it.0).max().unwrap_or_default();
            let within = || all.iter().filter(|it| first <= it.0 && it.0 <= latest);
            let expected = (within().map(|it| it.1).sum(), within().map(|it| it.2).sum());
            assert_eq!(cohorts.total(WINDOW, Time(now)), expected);
            assert!(!cohorts.is_old(WINDOW, Time(now)) || expected == (0, 0));
            all.retain(|it| latest < it.0 + SLOTS as u64);
        }
        assert!(cohorts.is_old(WINDOW, Time(now + 4_000_000)));
        cohorts.clear();
        assert_eq!(cohorts.total(WINDOW, Time(now)), (0, 0));
    }
}
