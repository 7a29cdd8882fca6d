//! How often a line is logged that a peer can have us write: the first of a kind, then one a minute that says how many
//! were left out.
//!
//! ```text
//!   1 … 16    each has its line
//!   17 …      one a minute, with left_out; the others at level debug
//!   quiet     after a minute without any it begins anew
//! ```
//!
//! **Guarantee.** Lines and what they and the last word say was left out add up to what happened. What a kind is about,
//! a carrier, a bind or an account, counts for itself, so that none hides another. Memory is bounded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::Level;

/// Lines of a kind that are written one by one.
const FIRST: u32 = 16;

/// How often the others are told of, and how long none must come before it begins anew.
const EVERY: Duration = Duration::from_secs(60);

/// As many of whom a kind may be about are told apart: more than any gateway has carriers and accounts. Others count as
/// one.
const WHO_MAX: usize = 4_096;

/// Logs what a peer can repeat as it likes, by [`Often`]: level, limiter, whom it is about, what is said, and fields.
macro_rules! often {
    ($level:ident, $often:expr, $who:expr, $said:expr, $($fields:tt)+) => {
        match $often.next(crate::telemetry::often::$level, $said, $who) {
            Some(crate::telemetry::often::Turn { left_out }) => tracing::$level!($($fields)+, left_out, "{}", $said),
            None => tracing::debug!($($fields)+, "{}", $said),
        }
    };
}

/// The level of lines that an operator must see.
#[expect(non_upper_case_globals, reason = "the macro writes it as the level is written")]
pub(crate) const warn: Level = Level::WARN;
/// The level of lines that an operator may want to see.
#[expect(non_upper_case_globals, reason = "the macro writes it as the level is written")]
pub(crate) const info: Level = Level::INFO;

/// What was logged of late, by what was said and whom it was about.
#[derive(Debug, Default)]
pub struct Often(Mutex<HashMap<&'static str, HashMap<Box<str>, Count>>>);

/// It is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// How many were not since the last that was, if any.
    pub left_out: Option<u64>,
}

#[derive(Debug)]
struct Count {
    level: Level,
    told: u32,
    left_out: u64,
    told_at: Instant,
    came_at: Instant,
}

impl Often {
    /// Whether one more is written.
    pub fn next(&self, level: Level, said: &'static str, who: &str) -> Option<Turn> {
        self.next_at(Instant::now(), level, said, who)
    }

    fn next_at(&self, now: Instant, level: Level, said: &'static str, who: &str) -> Option<Turn> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kinds.entry(said).or_default();
        let who = if kind.len() < WHO_MAX || kind.contains_key(who) { who } else { "" };
        let fresh = || Count { level, told: 0, left_out: 0, told_at: now, came_at: now };
        if !kind.contains_key(who) {
            kind.insert(who.into(), fresh());
        }
        kind.get_mut(who).expect("it was put there").next(now)
    }

    /// Tells what was left out for a minute, and forgets what has been quiet for as long.
    pub fn settle(&self) {
        self.settle_at(Instant::now());
    }

    fn settle_at(&self, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|said, kind| {
            kind.retain(|who, count| {
                if count.left_out != 0 && count.told_at + EVERY <= now {
                    count.settle(now, said, who);
                }
                count.left_out != 0 || now < count.came_at + EVERY
            });
            !kind.is_empty()
        });
    }

    /// Tells all that was left out, and begins anew: under a new configuration, and at the end.
    pub fn renew(&self) {
        let now = Instant::now();
        for (said, kind) in self.0.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            for (who, mut count) in kind {
                if count.left_out != 0 {
                    count.settle(now, said, &who);
                }
            }
        }
    }
}

impl Count {
    fn next(&mut self, now: Instant) -> Option<Turn> {
        if self.came_at + EVERY <= now {
            self.told = 0;
        }
        self.came_at = now;
        if FIRST <= self.told && now < self.told_at + EVERY {
            self.left_out += 1;
            return None;
        }
        self.told = (self.told + 1).min(FIRST);
        self.told_at = now;
        Some(Turn { left_out: Some(std::mem::take(&mut self.left_out)).filter(|it| *it != 0) })
    }

    fn settle(&mut self, now: Instant, said: &str, who: &str) {
        let left_out = std::mem::take(&mut self.left_out);
        self.told_at = now;
        if self.level == Level::WARN {
            tracing::warn!(said, who, left_out, "lines were left out");
        } else {
            tracing::info!(said, who, left_out, "lines were left out");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::log::LogFormat;
    use crate::telemetry::log::tests::logged;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_first_are_told_and_then_one_a_minute_with_what_was_left_out() {
        let (often, start) = (Often::default(), Instant::now());
        let mut told = 0;
        let mut left_out = 0;
        for nth in 0..1_200 {
            // Ten a second for two minutes.
            if let Some(turn) = often.next_at(start + SECOND / 10 * nth, Level::WARN, "it came", "acme") {
                told += 1;
                left_out += turn.left_out.unwrap_or_default();
            }
        }
        assert_eq!(told, u64::from(FIRST) + 1);
        // Another is not hidden by it.
        assert_eq!(often.next_at(start, Level::WARN, "it came", "beta"), Some(Turn { left_out: None }));
        let lines = logged(LogFormat::Json, "info", false, || {
            often.settle_at(start + SECOND * 121);
            often.settle_at(start + SECOND * 122);
        });
        assert_eq!(lines.lines().count(), 1, "{lines}");
        let line: serde_json::Value = serde_json::from_str(&lines).expect("one line of JSON");
        assert_eq!((&line["said"], &line["who"]), (&"it came".into(), &"acme".into()));
        assert_eq!(told + left_out + line["left_out"].as_u64().expect("a number"), 1_200);
    }

    #[test]
    fn after_a_quiet_minute_it_begins_anew_and_nothing_is_remembered() {
        let (often, start) = (Often::default(), Instant::now());
        let many = |at| (0..20).filter(|_| often.next_at(at, Level::INFO, "it came", "acme").is_some()).count();
        assert_eq!(many(start), 16);
        // What was left out before is told by the first that comes then.
        let later = start + SECOND * 61;
        assert_eq!(often.next_at(later, Level::INFO, "it came", "acme"), Some(Turn { left_out: Some(4) }));
        assert_eq!(many(later), 15);
        often.settle_at(later + SECOND * 61);
        often.settle_at(later + SECOND * 122);
        assert!(often.0.lock().expect("nobody panicked").is_empty());
    }

    #[test]
    fn whoever_invents_names_takes_no_more_memory() {
        let (often, now) = (Often::default(), Instant::now());
        for nth in 0..WHO_MAX + 100 {
            often.next_at(now, Level::INFO, "it came", &nth.to_string());
        }
        assert_eq!(often.0.lock().expect("nobody panicked")["it came"].len(), WHO_MAX + 1);
    }
}
