//! Forgets what is old, a step at a time between the beats of the loop.
//!
//! A step is as long as may be waited for it: its size is found from how long the steps before took. While there is
//! more, the next one comes soon; what it may take of the loop's time is bounded all the same.

use crate::message::time::Time;
use crate::record::contract::{Forget, Forgotten, Poisoned, Store};
use std::time::{Duration, Instant};
use tracing::info;

/// How long a step is to take: what comes meanwhile waits for it.
const LASTS: Duration = Duration::from_millis(2);
/// So many times as long nothing is forgotten afterwards: a fifth of the loop's time.
const PAUSES: u32 = 4;
/// How long it is to take where nothing came for [`QUIET`].
const LASTS_QUIET: Duration = Duration::from_millis(10);
const QUIET: Duration = Duration::from_secs(1);
/// Once everything was looked at, it is looked so often for what has become old since.
const EVERY: Duration = Duration::from_secs(1);
/// What was stepped over is looked at again so often.
const ANEW_EVERY: Duration = Duration::from_secs(60);
/// What is gone is said so often.
const TOLD_EVERY: Duration = Duration::from_secs(60);
/// Messages of a step: the first is small, and none is so large that it could not be bounded.
const LIMITS: (usize, usize) = (16, 8_192);

/// Where forgetting is.
pub(super) struct Retaining {
    /// How long messages that ended are kept.
    retention: Duration,
    limit: usize,
    /// When the last step ended, and how long it took.
    stepped: Option<(Instant, Duration)>,
    anew_at: Option<Instant>,
    more: bool,
    /// Since when nothing else is to be done.
    quiet_since: Option<Instant>,
    /// What is gone and was not told yet, and when it was told last.
    gone: usize,
    told_at: Option<Instant>,
}

impl Retaining {
    pub(super) const fn new(retention: Duration) -> Self {
        Self {
            retention,
            limit: LIMITS.0,
            stepped: None,
            anew_at: None,
            more: false,
            quiet_since: None,
            gone: 0,
            told_at: None,
        }
    }

    /// Whether there is more to forget at once.
    pub(super) const fn has_more(&self) -> bool {
        self.more
    }

    /// Makes a step if one is due; `idle` while nothing else is to be done.
    pub(super) fn go_on(&mut self, now: Time, store: &mut impl Store, idle: bool) -> Result<(), Poisoned> {
        self.quiet_since = if idle { self.quiet_since.or_else(|| Some(Instant::now())) } else { None };
        let quiet = self.quiet_since.is_some_and(|it| QUIET <= it.elapsed());
        let pause = |took: Duration| match (self.more, quiet) {
            (true, true) => Duration::ZERO,
            (true, false) => took * PAUSES,
            (false, _) => EVERY,
        };
        if self.stepped.is_some_and(|(ended, took)| ended.elapsed() < pause(took)) {
            return Ok(());
        }
        let anew = !self.more && self.anew_at.is_none_or(|it| ANEW_EVERY <= it.elapsed());
        let before = now - self.retention;
        let began = Instant::now();
        let done = store.retain(&Forget { before, parked_before: before, limit: self.limit, anew })?;
        let took = began.elapsed();
        if anew {
            self.anew_at = Some(began);
        }
        (self.more, self.stepped) = (done.more, Some((Instant::now(), took)));
        self.learn(&done, took, if quiet { LASTS_QUIET } else { LASTS });
        self.tell(done.count);
        Ok(())
    }

    /// How large the next step is to be, by what came of one that took so long.
    fn learn(&mut self, done: &Forgotten, took: Duration, lasts: Duration) {
        // A disk is waited for no less for fewer messages.
        let worked = took.saturating_sub(done.waited);
        // A step that took nothing away says nothing of how long it takes: it may be followed by fewer, and not by
        // more.
        if done.count != 0 || lasts < worked {
            self.limit = next_limit(self.limit, worked, lasts);
        }
    }

    fn tell(&mut self, count: usize) {
        self.gone += count;
        if self.gone != 0 && !self.more && self.told_at.is_none_or(|it| TOLD_EVERY <= it.elapsed()) {
            info!(forgotten = self.gone, "messages and events older than the retention are gone");
            (self.gone, self.told_at) = (0, Some(Instant::now()));
        }
    }
}

/// How large the next step is to be, for it to take so long: half or twice as large at most.
fn next_limit(limit: usize, took: Duration, lasts: Duration) -> usize {
    let fits = limit as f64 * lasts.as_secs_f64() / took.as_secs_f64().max(1e-6);
    (fits as usize).clamp(limit / 2, limit * 2).clamp(LIMITS.0, LIMITS.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;

    #[test]
    fn a_step_that_takes_nothing_away_makes_the_next_no_larger() {
        let mut retaining = Retaining::new(Duration::from_secs(60));
        for _ in 0..20 {
            retaining.stepped = None;
            retaining.go_on(Time(1_000_000_000), &mut Memory::new(), true).expect("it forgets");
        }
        assert_eq!(retaining.limit, LIMITS.0);
    }

    #[test]
    fn a_slow_disk_makes_no_step_smaller_and_slow_work_does() {
        let mut retaining = Retaining::new(Duration::from_secs(60));
        let done = |waited| Forgotten { count: 100, more: true, waited };
        retaining.limit = 100;
        retaining.learn(&done(Duration::from_millis(20)), Duration::from_millis(21), LASTS);
        assert_eq!(retaining.limit, 200);
        retaining.learn(&done(Duration::ZERO), Duration::from_millis(21), LASTS);
        assert_eq!(retaining.limit, 100);
    }

    #[test]
    fn a_step_becomes_as_large_as_fits_and_no_larger() {
        let (mut limit, each) = (LIMITS.0, Duration::from_micros(20));
        for _ in 0..20 {
            limit = next_limit(limit, each * limit as u32, LASTS);
        }
        assert!((95..=100).contains(&limit), "{limit}");
        for _ in 0..20 {
            limit = next_limit(limit, Duration::from_secs(1), LASTS);
        }
        assert_eq!(limit, LIMITS.0);
        for _ in 0..20 {
            limit = next_limit(limit, Duration::ZERO, LASTS);
        }
        assert_eq!(limit, LIMITS.1);
    }

    #[test]
    fn where_nothing_is_old_a_step_a_second_is_enough() {
        let (mut retaining, mut store) = (Retaining::new(Duration::from_secs(1)), Memory::new());
        retaining.go_on(Time(5_000), &mut store, true).expect("it looks");
        let first = retaining.stepped;
        retaining.go_on(Time(5_000), &mut store, true).expect("it waits");
        assert!(first.is_some() && retaining.stepped == first && !retaining.has_more());
    }
}
