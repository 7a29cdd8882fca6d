//! The kill test: the daemon and the simulator, both the real binary, and a ledger on each side.

use crate::daemon::crash::Kills;
use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, account, carrier, route};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Kills in the test command; `NUNCIO_KILLS` asks for more.
const KILLS: usize = 20;

#[test]
fn nothing_acknowledged_is_lost_by_kills_and_repeats_are_reported() {
    let kills = std::env::var("NUNCIO_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(KILLS);
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let arguments = ["--latency", "1ms..5ms", "--receipts", "0ms..100ms", "--receipt-first", "10%", "--twice", "5%"];
    let ids = ["--id", "hex", "--receipt-id", "padded", "--ledger", ledger.to_str().unwrap()];
    let (sim, port) = sim(&[&arguments[..], &ids].concat());
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(port, "") + &route("")));
    let kills = Kills::run(&mut daemon, kills, |_| ());
    drop(sim);
    kills.judge(&texts(&ledger));
}

/// How often which text came.
fn texts(ledger: &Path) -> BTreeMap<String, u64> {
    let mut texts = BTreeMap::new();
    for line in std::fs::read_to_string(ledger).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        *texts.entry(line["text"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    texts
}
