//! The kill test: the daemon and the simulator, both the real binary, and a ledger on each side.

use crate::daemon::crash::Kills;
use crate::daemon::process::Process;
use crate::daemon::{Daemon, account, carrier, route};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Kills in the test command; `NUNCIO_KILLS` asks for more.
const KILLS: usize = 20;

#[test]
fn nothing_acknowledged_is_lost_by_kills_and_repeats_are_reported() {
    let kills = std::env::var("NUNCIO_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(KILLS);
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let mut sim = Command::new(env!("CARGO_BIN_EXE_nuncio"));
    sim.args(["sim", "--listen", "127.0.0.1:0", "--latency", "1ms..5ms", "--receipts", "0ms..100ms"]);
    sim.args(["--receipt-first", "10%", "--id", "hex", "--receipt-id", "padded", "--twice", "5%"]);
    let sim = Process::start("nuncio sim", {
        sim.arg("--ledger").arg(&ledger);
        sim
    });
    let port = sim.line(Duration::from_secs(20), |lines| {
        let line = lines.iter().find_map(|it| it.strip_prefix("listening on "))?;
        line.rsplit(':').next()?.parse().ok()
    });
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
