//! The whole gateway by one seed: what is promised must hold whatever the dice say.

mod calendar;
mod dice;
mod ledger;
mod ending;
mod failover;
mod hops;
mod handsets;
mod lanes;
mod money;
mod mo;
mod operate;
mod parked;
mod routed;
mod scenario;
mod smsc;
mod throttle;
mod wall;
mod watch;
mod withdraw;
mod world;

use crate::simulation::world::World;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Seeds of the test command, half of them with routes of several carriers; `NUNCIO_SEEDS` is for more of each.
const SEEDS: u64 = 200;

/// What a run did.
#[derive(Default)]
struct Tally {
    messages: usize,
    submits: u64,
    duplicates: u64,
    doubts: u64,
    crashes: u64,
    beats: u64,
    receipts: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.submits += other.submits;
        self.duplicates += other.duplicates;
        self.doubts += other.doubts;
        self.crashes += other.crashes;
        self.beats += other.beats;
        self.receipts += other.receipts;
    }
}

fn run(seed: u64) -> Tally {
    let mut world = World::new(seed);
    world.run();
    world.check_ending()
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs one seed; a failure says how to run it again, by the variable that names it.
fn try_run(name: &str, seed: u64, run: impl Fn(u64) -> Tally) -> Result<Tally, String> {
    catch_unwind(AssertUnwindSafe(|| run(seed))).map_err(|_| format!("{name}={seed} cargo test simulation"))
}

/// Runs one seed if the variable `name` says which, else `seeds` or as many as `NUNCIO_SEEDS` says.
fn each_seed(name: &str, seeds: u64, run: impl Fn(u64) -> Tally) {
    if let Some(seed) = variable(name) {
        run(seed);
        return;
    }
    let seeds = variable("NUNCIO_SEEDS").unwrap_or(seeds);
    let first = variable("NUNCIO_FIRST").unwrap_or(1);
    let (mut sum, mut failed) = (Tally::default(), Vec::new());
    for seed in first..first + seeds {
        match try_run(name, seed, &run) {
            Ok(tally) => sum += tally,
            Err(line) => failed.push(line),
        }
    }
    println!(
        "{seeds} seeds: {} messages, {} submits, {} duplicates, {} doubts, {} receipts, {} crashes, {} beats",
        sum.messages, sum.submits, sum.duplicates, sum.doubts, sum.receipts, sum.crashes, sum.beats
    );
    assert!(failed.is_empty(), "{} of {seeds} seeds failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn every_seed_keeps_the_promises() {
    each_seed("NUNCIO_SEED", SEEDS / 2, run);
}

#[test]
fn seeds_that_failed_once_keep_the_promises() {
    let mut failed = Vec::new();
    for file in std::fs::read_dir("fixtures/seeds").unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let seeds = text.lines().filter_map(|it| it.split_whitespace().next()?.parse().ok());
        failed.extend(seeds.filter_map(|it| try_run("NUNCIO_SEED", it, run).err()));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_seed_runs_the_same_twice() {
    for seed in 1..=5 {
        let (one, two) = (run(seed), run(seed));
        assert_eq!((one.beats, one.submits, one.doubts), (two.beats, two.submits, two.doubts), "seed {seed}");
    }
}
