//! A carrier that is killed under load: the daemon and two simulated carriers, all the real binary.

use crate::daemon::process::Process;
use crate::daemon::raw::{self, Smsc};
use crate::daemon::simulated;
use crate::daemon::{Daemon, account, carrier_named, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
/// Messages before the kill, and as many after it.
const HALF: usize = 300;

/// A simulated carrier that answers after a while, so that it always holds some; its process, port and ledger.
fn sim(ledger: PathBuf) -> (Process, u16, PathBuf) {
    let timing = ["--latency", "5ms..20ms", "--receipts", "0ms..50ms"];
    let (sim, port) = simulated::sim(&[&timing[..], &["--ledger", ledger.to_str().unwrap()]].concat());
    (sim, port, ledger)
}

fn texts(ledger: &Path) -> BTreeSet<String> {
    let lines = std::fs::read_to_string(ledger).unwrap();
    // The last line of a process that was killed may be half written.
    let lines = lines.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
    lines.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_carrier_that_is_killed_under_load_loses_no_message() {
    let folder = tempfile::tempdir().unwrap();
    let (first, port, ledger) = sim(folder.path().join("first"));
    let (_second, other_port, other_ledger) = sim(folder.path().join("second"));
    let carrier = |id: &str, port: u16| carrier_named(id, port, "");
    let route = "[[route]]\nid = 1\ncarriers = [\"first\", \"second\"]\nreceipt_window = \"2s\"\n";
    let daemon = Daemon::start(&(account("[1]") + &carrier("first", port) + &carrier("second", other_port) + route));
    until("both links are up", PATIENCE, || (daemon.metrics().sum("link_up", &[]) == 2.0).then_some(()));
    let mut client = daemon.client();
    let mut send = |texts: std::ops::Range<usize>| {
        let to: Vec<Value> =
            texts.map(|it| json!({ "to": format!("+3161234{it:04}"), "text": format!("message {it}") })).collect();
        let reply = client.post("/v1/messages", &json!({ "to": to, "from": "YOURAPP" }));
        assert_eq!(reply.status, 202, "{}", reply.text());
    };
    send(0..HALF);
    until("the first has some", PATIENCE, || (HALF / 10 < texts(&ledger).len()).then_some(()));
    first.kill();
    send(HALF..2 * HALF);
    let delivered = "messages_total{route=\"1\",status=\"DELIVERED\"}";
    let all = (2 * HALF) as f64;
    until("everything is delivered", PATIENCE, || (daemon.metrics().value(delivered) == all).then_some(()));
    let (at_first, at_second) = (texts(&ledger), texts(&other_ledger));
    assert!(at_first.len() < HALF, "it was killed while it had work");
    assert!(HALF < at_second.len(), "what waited for the first went to the second");
    assert_eq!(at_first.union(&at_second).count(), 2 * HALF);
}

/// A host that vanishes says nothing of it: no reset comes, and what it holds is known by its silence alone.
#[test]
fn a_carrier_that_falls_silent_is_left_after_the_times_of_the_configuration() {
    let (first, second) = (Smsc::new(), Smsc::new());
    let lines = "window = 1\nahead = 0\nenquire_link = \"1s\"\nresponse_timeout = \"1s\"";
    let carrier = |id: &str, smsc: &Smsc| carrier_named(id, smsc.port(), lines);
    let route = "[[route]]\nid = 1\ncarriers = [\"first\", \"second\"]\nunknown = \"resend\"\n";
    let daemon = Daemon::start(&(account("[1]") + &carrier("first", &first) + &carrier("second", &second) + route));
    // It is read from no more, and nothing closes it.
    let _silent = first.bound();
    let mut link = second.bound();
    until("both links are up", PATIENCE, || (daemon.metrics().sum("link_up", &[]) == 2.0).then_some(()));
    let mut client = daemon.client();
    let begun = Instant::now();
    let body = json!({ "to": ["+31612345678", "+31612345679"], "from": "YOURAPP", "text": "one" });
    let accepted = client.post("/v1/messages", &body).json();
    for name in ["1", "2"] {
        let submit = link.read_command(raw::SUBMIT_SM);
        link.answer(&submit, 0, format!("{name}\0").as_bytes());
    }
    // By the times that are usual it would be a minute and more.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    until("the silent link is given up", PATIENCE, || {
        (daemon.metrics().value("link_up{carrier=\"first\",bind=\"first-1\"}") == 0.0).then_some(())
    });
    for message in accepted["messages"].as_array().unwrap() {
        let page = client.get(&format!("/v1/messages/{}", message["id"].as_str().unwrap())).json();
        let attempts = page["attempts"].as_array().unwrap();
        assert!(attempts.iter().all(|it| it["cause"].is_string()), "{page}");
        assert_eq!(attempts.last().unwrap()["carrier"], "second", "{page}");
    }
}
