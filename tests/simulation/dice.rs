//! What a run asks its dice: the same seed, the same run.
//!
//! Each of three asks dice of its own: what the scenario says, what carriers and wires do at run time, and what the
//! gateway rolls. So neither plays another game because one of the others asks once more or less.

use nuncio::dice::SplitMix64;
use std::fmt;

/// A number of a play: the same number of another play says nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed {
    pub(crate) play: &'static str,
    pub(crate) number: u64,
}

/// As the variable that runs it again has it.
impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.play, self.number)
    }
}

impl Seed {
    /// The dice of one who asks them in this run.
    pub(crate) fn dice(self, asked_by: &str) -> Dice {
        Dice(SplitMix64::of(self.number, &[self.play.as_bytes(), asked_by.as_bytes()]))
    }
}

/// Some dice of a run.
#[derive(Clone)]
pub(crate) struct Dice(SplitMix64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0.roll()
    }

    /// From 0 to `n - 1`.
    pub(crate) const fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// From `low` to `high`, both included.
    pub(crate) const fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// In so many of a hundred cases.
    pub(crate) const fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<T: Copy>(&mut self, any: &[T]) -> T {
        any[self.below(any.len() as u64) as usize]
    }
}

#[test]
fn a_seed_of_one_play_and_of_one_who_asks_says_nothing_of_another() {
    let seed = Seed { play: "one", number: 7 };
    let other = Seed { play: "two", number: 7 };
    assert_eq!(seed.dice("weather").next(), seed.dice("weather").next());
    assert_ne!(seed.dice("weather").next(), seed.dice("gateway").next());
    assert_ne!(seed.dice("weather").next(), other.dice("weather").next());
}
