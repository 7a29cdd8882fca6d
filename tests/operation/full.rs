//! What happens when there is no room: a clear refusal, and nothing is lost.

use crate::daemon::{Daemon, account, carrier, quiet_port, route, until};
use serde_json::json;
use std::time::Duration;

fn message() -> serde_json::Value {
    json!({ "to": "+31612345678", "from": "YOURAPP", "text": "one" })
}

/// The store's keys are added to the section that the harness writes last.
fn daemon(store: &str) -> Daemon {
    let config = account("[1]") + &carrier(quiet_port(), "") + &route("");
    let (key, value) = store.split_once('=').unwrap();
    Daemon::start_with(&config, &[(key, value)])
}

#[test]
fn a_full_disk_refuses_new_messages_and_says_when_to_come_again() {
    let daemon = daemon("NUNCIO_STORE_MIN_FREE=1024TiB");
    let mut client = daemon.client();
    let refused = until("the disk to be looked at", Duration::from_secs(10), || {
        Some(client.post("/v1/messages", &message())).filter(|it| it.status != 202)
    });
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some_and(|it| it.parse::<u32>().is_ok()));
    assert_eq!(refused.json()["retryable"], true);
    assert_eq!(daemon.operator().get("/readyz").status, 200, "a full disk refuses messages, not probes");
}

#[test]
fn a_full_queue_refuses_new_messages_and_keeps_the_old() {
    let daemon = daemon("NUNCIO_STORE_MAX_QUEUED=3");
    let mut client = daemon.client();
    let answers: Vec<u16> = (0..5).map(|_| client.post("/v1/messages", &message()).status).collect();
    assert_eq!(answers, [202, 202, 202, 503, 503]);
    let full = client.post("/v1/messages", &message());
    assert!(full.header("retry-after").is_some(), "{}", full.text());
    assert_eq!(client.get("/v1/messages").json()["data"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_store_that_is_in_use_is_not_opened_twice() {
    let daemon = daemon("NUNCIO_STORE_GATHER=0ms");
    let second = daemon.command(&["serve"]).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(74), "{said}");
    assert!(said.contains("nuncio.lock"), "{said}");
}

#[test]
fn a_log_that_another_process_holds_is_told_of_and_then_refuses_new_messages() {
    let daemon = daemon("NUNCIO_STORE_GATHER=0ms");
    let mut client = daemon.client();
    assert_eq!(client.post("/v1/messages", &message()).status, 202);
    // How long it is counts, and not why: what stands behind the last commit is not read.
    let log = daemon.config().with_file_name("store").join("nuncio.db-wal");
    let is = |octets: u64| std::fs::File::options().write(true).open(&log).unwrap().set_len(octets).unwrap();
    let whole = std::fs::metadata(&log).unwrap().len();
    is(400 << 20);
    let line = daemon.said("another process reads the store", 1);
    assert_eq!((&line["held"], &line["octets"]), (&json!(true), &json!(400_u64 << 20)));
    assert_eq!(client.post("/v1/messages", &message()).status, 202, "it is said, and no more");
    is(3 << 30);
    daemon.said("new messages are refused while", 1);
    let refused = client.post("/v1/messages", &message());
    assert_eq!((refused.status, &refused.json()["retryable"]), (503, &json!(true)), "{}", refused.text());
    is(whole.max(1 << 20));
    assert_eq!(daemon.said("another process reads the store", 2)["held"], false);
    daemon.said("new messages are refused while", 2);
    assert_eq!(client.post("/v1/messages", &message()).status, 202);
    assert_eq!(client.get("/v1/messages").json()["data"].as_array().map(Vec::len), Some(3));
}
