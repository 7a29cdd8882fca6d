//! What runs did, counted, and how much of it there must be: dice that strike no more find nothing any more, and
//! nobody would notice.

use nuncio::dispatch::door::fact::{DoubtCause, Fact, Fate};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

/// What one run did, or some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally(BTreeMap<&'static str, u64>);

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        other.0.into_iter().for_each(|(what, count)| self.add(what, count));
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(|(what, count)| format!("{what} {count}")).collect();
        f.write_str(&all.join(", "))
    }
}

impl Tally {
    /// Once more.
    pub(crate) fn note(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    pub(crate) fn add(&mut self, what: &'static str, count: u64) {
        *self.0.entry(what).or_default() += count;
    }

    pub(crate) fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// What happened less often than it must, where that is stated for another number of runs.
    pub(crate) fn too_few(&self, least: &[(&'static str, u64)], (runs, of): (u64, u64)) -> Vec<String> {
        let few = |(what, least): &(&'static str, u64)| self.of(what) * of < least * runs;
        let say = |(what, least): &(&'static str, u64)| format!("{what}: {} and not {least}", self.of(what));
        least.iter().filter(|it| few(it)).map(say).collect()
    }

    /// What the gateway tells.
    pub(crate) fn hear(&mut self, facts: &[Fact]) {
        for fact in facts {
            let what = match fact {
                Fact::Status { corrected: true, .. } => "corrections",
                Fact::Failover { .. } => "moves",
                Fact::Doubtful { cause: DoubtCause::Crash, .. } => "doubts of a crash",
                Fact::Doubtful { cause: DoubtCause::NoAnswer, .. } => "doubts without answer",
                Fact::Answered { throttled: true, .. } => "throttled answers",
                Fact::Unmatched { .. } => "parked given up",
                Fact::Learned { .. } => "forms learned",
                Fact::Receipt { fate, .. } => match fate {
                    Fate::Matched => "receipts matched",
                    Fate::Parked => "receipts parked",
                    Fate::Late => "receipts late",
                    Fate::Duplicate => "receipts again",
                    Fate::Double => "receipts of a second delivery",
                    Fate::Unread => "receipts unread",
                },
                _ => continue,
            };
            self.note(what);
        }
    }
}

#[test]
fn what_is_too_little_for_so_many_runs_is_said() {
    let mut tally = Tally::default();
    tally.add("crashes", 10);
    assert_eq!(tally.too_few(&[("crashes", 20)], (50, 100)), Vec::<String>::new());
    assert_eq!(tally.too_few(&[("crashes", 21), ("moves", 1)], (50, 100)).len(), 2);
}
