//! The whole gateway by one seed: what is promised must hold whatever the dice say.

mod dice;
mod ledger;
mod ending;
mod handsets;
mod lanes;
mod mo;
mod operate;
mod scenario;
mod smsc;
mod watch;
mod world;

use crate::ring4::world::World;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Seeds of the test command; `NUNCIO_SEEDS` is for more.
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

fn run(seed: u64) -> Tally {
    let mut world = World::new(seed);
    world.run();
    world.check_ending()
}

/// Runs one seed; a failure says how to run it again.
fn try_run(seed: u64) -> Result<Tally, String> {
    catch_unwind(AssertUnwindSafe(|| run(seed))).map_err(|_| format!("NUNCIO_SEED={seed} cargo test ring4"))
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_seed_keeps_the_promises() {
    if let Some(seed) = variable("NUNCIO_SEED") {
        run(seed);
        return;
    }
    let seeds = variable("NUNCIO_SEEDS").unwrap_or(SEEDS);
    let first = variable("NUNCIO_FIRST").unwrap_or(1);
    let (mut sum, mut failed) = (Tally::default(), Vec::new());
    for seed in first..first + seeds {
        match try_run(seed) {
            Ok(tally) => {
                sum.messages += tally.messages;
                sum.submits += tally.submits;
                sum.duplicates += tally.duplicates;
                sum.doubts += tally.doubts;
                sum.crashes += tally.crashes;
                sum.beats += tally.beats;
                sum.receipts += tally.receipts;
            }
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
fn seeds_that_failed_once_keep_the_promises() {
    let mut failed = Vec::new();
    for file in std::fs::read_dir("fixtures/seeds").unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let seeds = text.lines().filter_map(|it| it.split_whitespace().next()?.parse().ok());
        failed.extend(seeds.filter_map(|it| try_run(it).err()));
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
