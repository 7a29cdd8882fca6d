//! Plays, and how their seeds are run: those of the test command, those that failed once, one again, and new ones.

use crate::simulation::PLAYS;
use crate::simulation::dice::Seed;
use crate::simulation::tally::Tally;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is played with a seed.
pub(crate) struct Play {
    pub(crate) name: &'static str,
    /// Seeds of the test command; `NUNCIO_SEEDS` is for more.
    pub(crate) seeds: u64,
    pub(crate) run: fn(Seed) -> Tally,
    /// What so many seeds must have done at least: about half of what they did when that was written.
    pub(crate) least: &'static [(&'static str, u64)],
}

/// The variable that names a play and one of its seeds.
const ONE: &str = "NUNCIO_SEED";

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The play and the number in `several:17`.
fn named(text: &str) -> Option<(&str, u64)> {
    let (play, number) = text.split_once(':')?;
    Some((play, number.parse().ok()?))
}

impl Play {
    /// Runs a seed; a failure says how to run it again.
    fn try_run(&self, number: u64) -> Result<Tally, String> {
        let seed = Seed { play: self.name, number };
        catch_unwind(AssertUnwindSafe(|| (self.run)(seed))).map_err(|_| format!("{ONE}={seed} cargo test simulation"))
    }

    /// Runs the seed that the variable names, if it is one of this play, else all of them.
    pub(crate) fn each_seed(&self) {
        if let Ok(text) = std::env::var(ONE) {
            let one = named(&text).filter(|it| PLAYS.iter().any(|play| play.name == it.0));
            let (play, number) = one.unwrap_or_else(|| panic!("{ONE}={text} names no seed, such as several:17"));
            if play == self.name {
                println!("{}", (self.run)(Seed { play: self.name, number }));
            }
            return;
        }
        let seeds = variable("NUNCIO_SEEDS").unwrap_or(self.seeds);
        let first = variable("NUNCIO_FIRST").unwrap_or(1);
        let (mut sum, mut failed) = (Tally::default(), Vec::new());
        for number in first..first + seeds {
            match self.try_run(number) {
                Ok(tally) => sum += tally,
                Err(line) => failed.push(line),
            }
        }
        println!("{}, {seeds} seeds: {sum}", self.name);
        assert!(failed.is_empty(), "{} of {seeds} seeds failed:\n{}", failed.len(), failed.join("\n"));
        let few = sum.too_few(self.least, (seeds, self.seeds));
        assert!(few.is_empty() || seeds < self.seeds, "too little happened:\n{}", few.join("\n"));
    }
}

/// Runs seeds that nobody has played, so many of each play, and says which. Returns those that failed.
pub(crate) fn run_new(plays: &[&Play]) -> Vec<String> {
    let count = variable("NUNCIO_NEW_SEEDS").unwrap_or(1);
    // Without the variable the same as ever, so that a change is judged and not the day.
    let first = if variable("NUNCIO_NEW_SEEDS").is_some() { some_number() } else { 1_000_000 };
    let mut failed = Vec::new();
    for play in plays {
        println!("new seeds: {} {}:{first} to {}", count, play.name, first + count - 1);
        failed.extend((first..first + count).filter_map(|it| play.try_run(it).err()));
    }
    failed
}

/// A number of the operating system.
fn some_number() -> u64 {
    let mut octets = [0; 8];
    getrandom::fill(&mut octets).expect("the operating system gives random numbers");
    u64::from_le_bytes(octets) % 1_000_000_000_000
}

/// Runs what failed once: of each play the seeds that the lines of `text` begin with.
pub(crate) fn run_found(plays: &[&Play], text: &str) -> Vec<String> {
    let mut failed = Vec::new();
    for line in text.lines().filter(|it| !it.starts_with('#') && !it.is_empty()) {
        let seed = line.split_whitespace().next().and_then(named);
        let (name, number) = seed.unwrap_or_else(|| panic!("{line} names no seed"));
        let play = plays.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("{name} is no play"));
        failed.extend(play.try_run(number).err());
    }
    failed
}

#[test]
fn a_seed_is_named_by_its_play_and_its_number() {
    let seed = Seed { play: "several", number: 17 };
    assert_eq!(named(&seed.to_string()), Some(("several", 17)));
    assert_eq!(named("17"), None);
}

#[test]
fn a_seed_that_fails_says_how_to_run_it_again() {
    let play = Play { name: "none", seeds: 1, run: |_| panic!("it fails"), least: &[] };
    assert_eq!(run_found(&[&play], "# said\nnone:3 what broke"), ["NUNCIO_SEED=none:3 cargo test simulation"]);
}
