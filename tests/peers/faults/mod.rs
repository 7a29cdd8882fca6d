//! A disk that fails at one call: each write and each sync of the store in its turn, or it is full from there on.
//!
//! A library that is loaded before all others fails the kth call upon a file of the store (`faults.c`). Whatever k is,
//! the daemon refuses to start or ends with 74, or goes on where nothing rests on that call; nothing was acknowledged
//! that its next start does not have, and nothing is sent again that was not in doubt.

use crate::daemon::client::Client;
use crate::daemon::process::Process;
use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, account, carrier, quiet_port, route, until};
use crate::peers::need::trials;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

trials! {
    [Preload]:
        a_write_that_fails_anywhere_costs_nothing_that_was_acknowledged,
        a_disk_that_is_full_from_any_write_on_costs_nothing_that_was_acknowledged,
        a_sync_that_fails_anywhere_costs_nothing_that_was_acknowledged,
        a_fault_of_the_disk_behind_a_kill_costs_nothing_that_was_acknowledged;
}

const PATIENCE: Duration = Duration::from_secs(30);
/// Messages of a life.
const MESSAGES: usize = 4;
/// Calls that fail in the test command, of each fault; with `NUNCIO_FAULTS` every one of them.
const FAULTS: usize = 16;

/// A carrier, and the library.
struct Stage {
    folder: TempDir,
    _sim: Process,
    port: u16,
    library: PathBuf,
}

/// What a daemon met.
#[derive(Debug, Default)]
struct Met {
    /// How its texts begin.
    name: String,
    /// The file whose call failed.
    struck: Option<String>,
    /// Calls of the kind that was counted.
    counted: usize,
    /// How it ended: `None` where it did not serve first.
    served: bool,
    code: Option<i32>,
    /// Ids and texts of what was acknowledged.
    acknowledged: Vec<(String, String)>,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("faults.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/faults/faults.c");
        let mut cc = Command::new("cc");
        let made = cc.args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-o"]).arg(&library).arg(source).output();
        let made = made.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let (sim, port) = sim(&["--ledger", folder.path().join("ledger").to_str().unwrap()]);
        Self { folder, _sim: sim, port, library }
    }

    /// A life in which one call fails, if there are so many, and the next one, in which all is well. Where it is one
    /// behind a kill it has messages from before.
    fn life(&self, (call, fault): (&str, &str), (at, killed): (usize, bool)) -> Met {
        let of = |port| account("[1]") + &carrier(port, "") + &route("");
        let mut met = Met { name: format!("{call} {fault} {at}, "), ..Met::default() };
        let mut daemon = Daemon::prepare(&of(quiet_port()), &[]);
        if killed {
            daemon.restart();
            met.acknowledged = send(&daemon, &format!("{}before, ", met.name));
            daemon.kill();
        }
        daemon.configure(&of(self.port));
        let log = daemon.config().with_file_name("faults");
        let mut command = daemon.command(&["serve"]);
        command.env("LD_PRELOAD", &self.library).env("FAULT_CALL", call).env("FAULT_IS", fault);
        command.env("FAULT_AT", at.to_string()).env("FAULT_LOG", &log);
        match daemon.tries_to_start_as(command) {
            Err(status) => met.code = status.code(),
            Ok(()) => {
                met.served = true;
                let accepted = send(&daemon, &met.name);
                let all = accepted.len() == MESSAGES;
                met.acknowledged.extend(accepted);
                if all {
                    all_delivered(&mut daemon, &met.acknowledged);
                }
                met.code = if all && daemon.lives() { daemon.terminate().code() } else { daemon.end().code() };
            }
        }
        read_log(&log, &mut met);
        match (met.code, &met.struck) {
            (Some(0), _) if met.served => (),
            (Some(74), Some(_)) => (),
            _ => panic!("{call} {at}, {fault}: {met:?}"),
        }
        self.judge(&mut daemon, &met, at);
        met
    }

    /// The next start, and what the carrier got.
    fn judge(&self, daemon: &mut Daemon, met: &Met, at: usize) {
        daemon.restart();
        let acknowledged = &met.acknowledged;
        assert!(all_delivered(daemon, acknowledged), "call {at}: it serves on");
        let doubtful = daemon.metrics().sum("unknown_outcomes_total", &[]);
        let ledger = self.texts();
        let times = |text: &String| ledger.get(text).copied().unwrap_or_default();
        let sent: Vec<_> = ledger.iter().filter(|it| it.0.starts_with(&met.name)).collect();
        let known = daemon.client().get("/v1/messages?limit=1000").json()["data"].to_string();
        let unknown: Vec<_> = sent.iter().filter(|it| !known.contains(&format!("\"{}\"", it.0))).collect();
        assert!(unknown.is_empty(), "call {at}: {unknown:?} were sent, and the store knows nothing of them");
        let lost: Vec<_> = acknowledged.iter().filter(|it| times(&it.1) == 0).collect();
        assert!(lost.is_empty(), "call {at}: {lost:?} were acknowledged and never sent");
        let repeats: usize = sent.iter().map(|it| it.1 - 1).sum();
        assert!(repeats as f64 <= doubtful, "call {at}: {repeats} repeats, {doubtful} in doubt: {met:?}");
        assert!(daemon.terminate().success());
    }

    /// How often which text came to the carrier.
    fn texts(&self) -> BTreeMap<String, usize> {
        let ledger = std::fs::read_to_string(self.folder.path().join("ledger")).unwrap_or_default();
        let mut texts = BTreeMap::new();
        for line in ledger.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok()) {
            *texts.entry(line["text"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        texts
    }

    /// Fails calls of a kind, from the first to the last that there is.
    fn all(&self, of: (&str, &str), killed: bool) {
        let whole = self.life(of, (0, killed));
        let messages = MESSAGES * (1 + usize::from(killed));
        assert_eq!((whole.struck, whole.code, whole.acknowledged.len()), (None, Some(0), messages));
        let all = std::env::var_os("NUNCIO_FAULTS").is_some();
        let (mut refused, mut ended, mut went_on) = (0, 0, Vec::new());
        let mut at = 1;
        loop {
            let met = self.life(of, (at, killed));
            let Some(file) = met.struck else { break };
            match (met.served, met.code) {
                (false, _) => refused += 1,
                (true, Some(0)) => went_on.push((at, file)),
                (true, _) => ended += 1,
            }
            at += if all { 1 } else { (whole.counted / FAULTS).max(1) };
        }
        println!(
            "{} with {}: {} calls, {refused} starts refused, {ended} ended with 74, went on: {went_on:?}",
            of.0, of.1, whole.counted
        );
        assert!((0 < refused || killed) && 0 < ended, "calls of the start and of the life are among them");
        // The engine asks for a sync of the folder and does not mind; we do it again.
        assert!(went_on.iter().all(|it| of.0 == "sync" && it.1.ends_with("/store")), "{went_on:?}");
    }
}

/// Sends messages one after the other, until one is not accepted.
fn send(daemon: &Daemon, name: &str) -> Vec<(String, String)> {
    let mut client = daemon.client();
    let accepted = (0..MESSAGES).map_while(|it| {
        let text = format!("{name}{it}");
        let to = format!("+3161234567{it}");
        let body = json!({ "to": to, "from": "YOURAPP", "text": text, "client_ref": text });
        let reply = client.call("POST", "/v1/messages", Some(&body)).ok().filter(|it| it.status == 202)?;
        Some((reply.json()["messages"][0]["id"].as_str()?.to_owned(), text))
    });
    accepted.collect()
}

/// Waits until all of them are delivered; false where the daemon ends before.
fn all_delivered(daemon: &mut Daemon, messages: &[(String, String)]) -> bool {
    let status = |client: &mut Client, id: &str| {
        let reply = client.call("GET", &format!("/v1/messages/{id}"), None).ok()?;
        // While the disk fails a look at it may fail as well.
        assert_ne!(reply.status, 404, "{id}: {}", reply.text());
        Some(reply.json()["status"] == "DELIVERED")
    };
    let mut client = daemon.client();
    until("all are delivered, or it ends", PATIENCE, || {
        let delivered = messages.iter().map(|it| status(&mut client, &it.0)).collect::<Option<Vec<_>>>();
        match delivered {
            Some(all) => all.iter().all(|it| *it).then_some(true),
            None => (!daemon.lives()).then_some(false),
        }
    })
}

fn read_log(log: &Path, met: &mut Met) {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    for line in log.lines() {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("struck"), _, file) => met.struck = file.map(str::to_owned),
            (Some("counted"), Some(count), _) => met.counted = count.parse().unwrap(),
            _ => panic!("the library says {line}"),
        }
    }
}

fn a_write_that_fails_anywhere_costs_nothing_that_was_acknowledged() {
    Stage::new().all(("write", "EIO"), false);
}

fn a_disk_that_is_full_from_any_write_on_costs_nothing_that_was_acknowledged() {
    let stage = Stage::new();
    stage.all(("write", "ENOSPC"), false);
    stage.all(("write", "SHORT"), false);
}

fn a_sync_that_fails_anywhere_costs_nothing_that_was_acknowledged() {
    Stage::new().all(("sync", "EIO"), false);
}

fn a_fault_of_the_disk_behind_a_kill_costs_nothing_that_was_acknowledged() {
    let stage = Stage::new();
    stage.all(("write", "EIO"), true);
    stage.all(("write", "ENOSPC"), true);
    stage.all(("sync", "EIO"), true);
}
