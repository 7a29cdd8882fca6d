//! Backup and restore through the real binary: under load, over damage, kills and a running daemon.

use crate::daemon::process::Process;
use crate::daemon::{Daemon, account, carrier, quiet_port, route, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// A daemon before a carrier that is not there yet, and a folder for backups.
fn daemon() -> (Daemon, u16, TempDir) {
    let port = quiet_port();
    let config = account("[1]") + &carrier(port, "") + &route("validity = \"1h\"");
    (Daemon::start(&config), port, tempfile::tempdir().unwrap())
}

/// Sends so many messages in one request; their ids.
fn send(daemon: &Daemon, count: usize) -> Vec<String> {
    let to: Vec<String> = (0..count).map(|it| format!("+316123{it:05}")).collect();
    let reply = daemon.client().post("/v1/messages", &json!({ "to": to, "from": "YOURAPP", "text": "hello" }));
    assert_eq!(reply.status, 202, "{}", reply.text());
    let id = |it: &Value| it["id"].as_str().unwrap().to_owned();
    reply.json()["messages"].as_array().unwrap().iter().map(id).collect()
}

fn run(daemon: &Daemon, arguments: &[&str]) -> Output {
    daemon.command(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn backed_up(daemon: &Daemon, file: &Path) {
    let output = run(daemon, &["backup", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("read whole and sound"), "{}", said(&output));
}

fn restored(daemon: &Daemon, file: &Path) -> String {
    let output = run(daemon, &["restore", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

/// Fails, and says this.
fn refused(output: &Output, code: i32, words: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
    assert!(said(output).contains(words), "{}", said(output));
}

fn sim(port: u16) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nuncio"));
    command.args(["sim", "--listen", &format!("127.0.0.1:{port}")]);
    let sim = Process::start("nuncio sim", command);
    sim.line(PATIENCE, |lines| lines.iter().any(|it| it.starts_with("listening on")).then_some(()));
    sim
}

fn status(daemon: &Daemon, id: &str) -> String {
    daemon.client().get(&format!("/v1/messages/{id}")).json()["status"].as_str().unwrap_or_default().to_owned()
}

fn held(daemon: &Daemon) -> u64 {
    daemon.operator().get("/statusz").json()["restored_held_messages"].as_u64().unwrap()
}

fn store(daemon: &Daemon) -> PathBuf {
    daemon.config().with_file_name("store")
}

#[test]
fn what_a_backup_has_queued_is_held_over_restarts_until_an_operator_lets_it_go() {
    let (mut daemon, port, folder) = daemon();
    let file = folder.path().join("nuncio.backup");
    let old = send(&daemon, 50);
    backed_up(&daemon, &file);
    let lost = send(&daemon, 20);
    assert!(daemon.terminate().success());
    assert!(restored(&daemon, &file).contains("before-restore-1"));
    let _sim = sim(port);
    daemon.restart();
    daemon.said("restored from a backup", 1);
    until("all are held", PATIENCE, || (held(&daemon) == 50).then_some(()));
    // What is new goes at once, in the same lane, and has ids that were never given out.
    let new = send(&daemon, 5);
    until("what is new is delivered", PATIENCE, || {
        new.iter().all(|it| status(&daemon, it) == "DELIVERED").then_some(())
    });
    let given: BTreeSet<&String> = old.iter().chain(&lost).collect();
    assert!(new.iter().all(|it| !given.contains(it)));
    assert!(lost.iter().all(|it| daemon.client().get(&format!("/v1/messages/{it}")).status == 404));
    // One is taken back meanwhile; the others outlive a kill, held.
    assert_eq!(daemon.client().call("DELETE", &format!("/v1/messages/{}", old[0]), None).unwrap().status, 200);
    daemon.kill();
    daemon.restart();
    until("one less is held", PATIENCE, || (held(&daemon) == 49).then_some(()));
    assert_eq!(daemon.metrics().value("restored_held_messages"), 49.0);
    assert!(old[1..].iter().all(|it| status(&daemon, it) == "QUEUED"));
    let release =
        || daemon.operator().post("/admin/v1/store/release", &json!({ "reason": "looked at the carrier's report" }));
    let action = release();
    assert_eq!((action.status, &action.json()["action"]), (200, &json!("release")), "{}", action.text());
    until("all are delivered", PATIENCE, || old[1..].iter().all(|it| status(&daemon, it) == "DELIVERED").then_some(()));
    assert_eq!(status(&daemon, &old[0]), "CANCELLED");
    assert_eq!(release().status, 409);
}

#[test]
fn a_backup_under_load_has_all_that_was_acknowledged_before_it() {
    let (mut daemon, _, folder) = daemon();
    let stop = AtomicBool::new(false);
    let files: Vec<PathBuf> = (0..3).map(|it| folder.path().join(format!("{it}.backup"))).collect();
    let mut before = Vec::new();
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut client = daemon.client();
            let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "load" });
            let mut count = 0;
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(client.post("/v1/messages", &body).status, 202);
                count += 1;
            }
            count
        });
        for file in &files {
            before.push(send(&daemon, 100));
            backed_up(&daemon, file);
        }
        stop.store(true, Ordering::Relaxed);
        assert!(0 < load.join().unwrap());
    });
    assert!(daemon.terminate().success());
    for (at, file) in files.iter().enumerate() {
        let mode = |it: &Path| it.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(file), 0o600);
        // Whoever may read the copy, the store is of its owner alone.
        std::fs::set_permissions(file, Permissions::from_mode(0o644)).unwrap();
        restored(&daemon, file);
        assert_eq!(mode(&store(&daemon).join("nuncio.db")), 0o600);
        daemon.restart();
        for id in before[..=at].iter().flatten() {
            assert_eq!(status(&daemon, id), "QUEUED", "{id} of backup {at}");
        }
        assert!(daemon.terminate().success());
    }
}

#[test]
fn a_restore_refuses_what_would_lose_something() {
    let (mut daemon, _, folder) = daemon();
    let file = folder.path().join("nuncio.backup");
    let path = file.to_str().unwrap();
    send(&daemon, 30);
    backed_up(&daemon, &file);
    refused(&run(&daemon, &["backup", path]), 74, "--force");
    assert!(run(&daemon, &["backup", path, "--force"]).status.success());
    refused(&run(&daemon, &["restore", path]), 74, "another process has this store open");
    assert!(daemon.terminate().success());
    let before = std::fs::read(store(&daemon).join("nuncio.db")).unwrap();
    let whole = std::fs::read(&file).unwrap();
    // A bit in the midst of a text, a page that is gone, a file of something else, one of a later version.
    let at = whole.windows(5).position(|it| it == b"hello").unwrap();
    let mut bit = whole.clone();
    bit[at] ^= 1;
    let mut newer = whole.clone();
    newer[63] = 99;
    for (octets, words) in [
        (&bit[..], "is damaged"),
        (&whole[..whole.len() - 4_096], "malformed"),
        (b"nothing of the kind", ""),
        (&newer, "newer version"),
    ] {
        std::fs::write(&file, octets).unwrap();
        refused(&run(&daemon, &["restore", path]), 74, words);
        refused(&run(&daemon, &["restore", path]), 74, "nuncio.backup: ");
        assert!(std::fs::read(store(&daemon).join("nuncio.db")).unwrap() == before, "the store is as it was");
    }
    refused(&run(&daemon, &["restore", "/nowhere/at/all"]), 74, "there is no store");
    // Killed between its two moves: nothing is served until the restore is done again.
    std::fs::write(&file, &whole).unwrap();
    std::fs::rename(store(&daemon).join("nuncio.db"), store(&daemon).join("nuncio.db.restored")).unwrap();
    refused(&run(&daemon, &["serve"]), 74, "run `nuncio restore` again");
    restored(&daemon, &file);
    daemon.restart();
    until("all are held", PATIENCE, || (held(&daemon) == 30).then_some(()));
}
