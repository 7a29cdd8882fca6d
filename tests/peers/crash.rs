//! kill -9 under load in front of the npm package `smpp`, which holds receipts meanwhile.

use crate::daemon::Daemon;
use crate::daemon::crash::{Kills, Moment};
use crate::peers::need::trials;
use crate::peers::npm::config;
use crate::peers::smsc::Smsc;
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
/// Receipts that the SMSC holds at least when the daemon is killed.
const HELD: u64 = 30;

trials! {
    [Npm]:
        five_kills_under_load_lose_nothing_and_repeat_only_what_was_in_doubt;
}

fn five_kills_under_load_lose_nothing_and_repeat_only_what_was_in_doubt() {
    let mut smsc = Smsc::npm(&json!({ "delay": 3 }));
    let mut daemon = Daemon::start(&config(smsc.port(), ""));
    let kills = Kills::run(&mut daemon, 5, |moment| {
        // Held while the daemon is away, sent once it is back.
        smsc.set(&json!({ "hold": moment == Moment::Before }));
        if moment == Moment::Before {
            smsc.reaches("waiting", HELD, PATIENCE);
        }
    });
    kills.judge(&smsc.ledger().into_iter().collect());
    // Every receipt found its message, but those of attempts whose answer a kill took away.
    let submits = smsc.report()["submits"].as_u64().unwrap();
    smsc.reaches("confirmed", submits, PATIENCE);
    let page = daemon.metrics();
    assert!(page.value("receipts_parked") <= kills.doubtful);
    assert_eq!(page.sum("receipts_unmatched_total", &[]), 0.0);
}
