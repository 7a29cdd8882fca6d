//! The whole gateway by one seed: what is promised must hold whatever the dice say.

mod accounts;
mod calendar;
mod content;
mod dice;
mod ledger;
mod ending;
mod failover;
mod figures;
mod forgotten;
mod hops;
mod handsets;
mod lanes;
mod large;
mod money;
mod mo;
mod offered;
mod operate;
mod parked;
mod receipts;
mod routed;
mod scenario;
mod seeds;
mod shares;
mod smsc;
mod tally;
mod told;
mod throttle;
mod guarded;
mod verified;
mod wall;
mod watch;
mod wishes;
mod withdraw;
mod world;

use crate::simulation::dice::Seed;
use crate::simulation::seeds::{Play, run_found, run_new};
use crate::simulation::tally::Tally;
use crate::simulation::world::World;

/// Routes of one carrier.
const SINGLE: Play = Play {
    name: "single",
    seeds: 100,
    run: run_single,
    least: &[
        ("crashes", 20),
        ("failed commits", 7),
        ("drained", 40),
        ("links drained in flight", 10),
        ("cuts", 50),
        ("dark links", 20),
        ("reloads", 30),
        ("pauses", 20),
        ("jumps of the wall", 25),
        ("doubts of a crash", 30),
        ("doubts without answer", 700),
        ("submits beyond the first", 150),
        ("refusals", 1_200),
        ("throttled answers", 700),
        ("answers beside", 40),
        ("delivered", 4_500),
        ("undeliverable", 1_200),
        ("failed", 500),
        ("expired", 680),
        ("without receipt", 180),
        ("unknown", 330),
        ("cancelled", 300),
        ("ends compared", 5_000),
        ("corrections", 60),
        ("receipts parked", 1_200),
        ("receipts again", 100),
        ("receipts late", 350),
        ("receipts lost", 4),
        ("UNDELIV", 1_100),
        ("EXPIRED", 120),
        ("REJECTD", 60),
        ("DELETED", 60),
        ("UNKNOWN", 120),
        ("NOCRED", 120),
        ("ENROUTE", 1_100),
        ("refunds", 250),
        ("requests without means", 12),
        ("requests put off", 1_600),
        ("requests over a quota", 300),
        ("forgotten", 4_000),
        ("receipts of what is forgotten", 20),
        ("opted out", 80),
        ("blocked", 100),
        ("ends told", 5_000),
        ("receipts told", 6_700),
        ("refunds told", 250),
        ("figures compared", 2_200),
        ("ids given anew", 180),
        ("questions", 750),
        ("answers to questions", 45),
        ("messages of large orders", 1_000),
        ("marketing beside opt-outs", 900),
        ("sent beside quiet hours", 1_500),
        ("kept in quiet hours", 12_000),
        ("sent in strict order", 1_500),
    ],
};

/// All of them, for seeds that failed once.
const PLAYS: [&Play; 4] = [&SINGLE, &routed::SEVERAL, &routed::HEALTHY, &handsets::HANDSETS];

fn run_single(seed: Seed) -> Tally {
    let mut world = World::new(seed);
    world.run();
    world.check_ending()
}

#[test]
fn every_seed_keeps_the_promises() {
    SINGLE.each_seed();
}

#[test]
fn seeds_that_failed_once_keep_the_promises() {
    let mut failed = Vec::new();
    for file in std::fs::read_dir("fixtures/seeds").unwrap() {
        failed.extend(run_found(&PLAYS, &std::fs::read_to_string(file.unwrap().path()).unwrap()));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn seeds_that_nobody_has_played_keep_the_promises() {
    let failed = run_new(&PLAYS);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_seed_runs_the_same_twice() {
    for play in PLAYS {
        for number in 1..=3 {
            let seed = Seed { play: play.name, number };
            assert_eq!((play.run)(seed), (play.run)(seed), "{seed}");
        }
    }
}
