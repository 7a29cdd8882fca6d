//! The kill test of what applications are told: nothing is lost, nothing is out of order, and little is told twice.

use crate::daemon::crash::Kills;
use crate::daemon::simulated::sim;
use crate::daemon::web::{Act, Asked, Web};
use crate::daemon::{Daemon, KEY, carrier, digest, route, until};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(90);
const KILLS: usize = 6;
/// Requests that are under way at an endpoint at once.
const IN_FLIGHT: usize = 4;
/// Calls that may have been answered and not yet noted when the process dies: those of the gathering and of one beat.
const UNNOTED: usize = 60;

/// An account with these endpoints: one that takes all, one that refuses now and then, one that takes batches.
fn account(ports: [u16; 3], secret: &str) -> String {
    let digest = digest(KEY);
    let endpoint = |port: u16, more: &str| {
        format!(
            "[[account.webhook]]\nurl = \"http://127.0.0.1:{port}/\"\nsecret_file = \"{secret}\"\n\
             allow_networks = [\"127.0.0.1\"]\nin_flight = {IN_FLIGHT}\n\
             types = [\"message.sent\", \"message.delivered\", \"message.failed\", \"message.unknown\", \"message.corrected\", \"order.completed\"]\n{more}\n"
        )
    };
    format!(
        "[[account]]\nid = \"shop\"\nkey_sha256 = [\"{digest}\"]\nroutes = [1]\nsenders = [\"*\"]\nscopes = [\"send\", \"read\", \"admin\", \"reveal\"]\n"
    ) + &endpoint(ports[0], "")
        + &endpoint(ports[1], "")
        + &endpoint(ports[2], "batch = 20")
}

/// The whole log, page after page: the id of each event, its message or order, and its type.
fn log(daemon: &Daemon) -> Vec<(String, String, String)> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply = daemon.client().get(&format!("/v1/events?limit=1000{cursor}")).json();
        let page = reply["data"].as_array().unwrap().clone();
        if page.is_empty() {
            return all;
        }
        all.extend(page.iter().map(parts));
        cursor = format!("&cursor={}", reply["next_cursor"].as_str().unwrap());
    }
}

fn parts(event: &Value) -> (String, String, String) {
    let text = |it: &Value| it.as_str().unwrap_or_else(|| panic!("{event}")).to_owned();
    let data = &event["data"];
    let about = if data["id"].is_null() { format!("order {}", data["order_id"]) } else { text(&data["id"]) };
    (text(&event["id"]), about, text(&event["type"]))
}

/// Every event of a call, in its order.
fn events(call: &Asked) -> Vec<(String, String, String)> {
    let told = call.json();
    match &told["data"] {
        Value::Array(members) => members.iter().map(parts).collect(),
        _ => vec![parts(&told)],
    }
}

#[test]
fn every_event_is_told_at_least_once_in_the_order_of_its_message_over_kills() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let taken = |_: usize, _: &Asked| Act::Reply(200, "", String::new());
    // Every fifth event is refused, once: the second retry comes after minutes.
    let refused = Mutex::new(BTreeSet::new());
    let moody = move |_: usize, asked: &Asked| {
        let id = asked.header("webhook-id").to_owned();
        let of_these = Sha256::digest(&id)[0] % 5 == 0;
        match of_these && refused.lock().unwrap().insert(id) {
            true => Act::Hangup,
            false => Act::Reply(204, "", String::new()),
        }
    };
    let webs = [Web::start(taken), Web::start(moody), Web::start(taken)];
    let (_sim, port) = sim(&["--latency", "1ms..5ms", "--receipts", "0ms..100ms"]);
    let ports = [0, 1, 2].map(|it: usize| webs[it].port());
    let mut daemon = Daemon::start(&(account(ports, &secret.to_string_lossy()) + &carrier(port, "") + &route("")));
    Kills::run(&mut daemon, KILLS, |_| ());
    let log = log(&daemon);
    assert!(KILLS * 100 < log.len(), "too little has happened: {} events", log.len());
    for web in &webs {
        let told = until("all is told", PATIENCE, || {
            let calls = web.asked();
            let mut told: BTreeMap<String, usize> = BTreeMap::new();
            calls.iter().flat_map(events).for_each(|it| *told.entry(it.0).or_default() += 1);
            log.iter().all(|it| told.contains_key(&it.0)).then_some(told)
        });
        assert_eq!(told.len(), log.len(), "nothing is told that is not in the log");
        judge_order(&log, &web.asked());
    }
    // The one that never refuses: what it was told twice was under way, or not yet noted, when the process died.
    let calls: usize = webs[0].asked().iter().map(|it| events(it).len()).sum();
    let twice = calls - log.len();
    assert!(twice <= KILLS * (IN_FLIGHT + UNNOTED), "{twice} events were told twice");
}

/// The first time that each event of a message was told, it was after those before it.
fn judge_order(log: &[(String, String, String)], calls: &[Asked]) {
    let mut expected: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, message, _) in log {
        expected.entry(message).or_default().push(id);
    }
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, message, _) in calls.iter().flat_map(events) {
        let of = seen.entry(message).or_default();
        if !of.contains(&id) {
            of.push(id);
        }
    }
    for (message, ids) in expected {
        assert_eq!(seen[message], ids, "{message}");
    }
}
