//! kill -9 under load, with a ledger on each side.
//!
//! ```text
//!   applications ── 202 ──► acknowledged          submit_sm ──► ledger of the SMSC
//!          └──────────────► nuncio ── kill -9 ──────┘
//!                              └──► reported in doubt, after each start
//! ```
//!
//! Lost is what was acknowledged and never came; repeats are at most what was reported in doubt.

use crate::daemon::client::Client;
use crate::daemon::{Daemon, KEY, until};
use crate::peers::npm::config;
use crate::peers::smsc::Smsc;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
/// Applications that send at the same time.
const APPLICATIONS: usize = 3;
/// Acknowledged messages between two kills.
const BETWEEN: usize = 300;
/// Receipts that the SMSC holds when the daemon is killed.
const HELD: u64 = 30;

#[test]
fn five_kills_under_load_lose_nothing_and_repeat_only_what_was_in_doubt() {
    const KILLS: usize = 5;
    let Some(mut smsc) = Smsc::npm(&json!({ "delay": 3 })) else { return };
    let mut daemon = Daemon::start(&config(smsc.port(), ""));
    let load = Load::start(daemon.http());
    let mut doubtful = 0.0;
    for _ in 0..KILLS {
        smsc.set(&json!({ "hold": true }));
        load.goes_on(BETWEEN);
        smsc.reaches("waiting", HELD, PATIENCE);
        doubtful += daemon.metrics().sum("unknown_outcomes_total", &[]);
        daemon.kill();
        daemon.restart();
        load.at(daemon.http());
        smsc.set(&json!({ "hold": false }));
    }
    let acknowledged = load.stop();
    let ended = all_ended(&mut daemon.client());
    let page = daemon.metrics();
    doubtful += page.sum("unknown_outcomes_total", &[]);
    // Lost 0: in the store, on the wire, and to its end.
    let wire: BTreeMap<String, u64> = smsc.ledger().into_iter().collect();
    for (id, text) in &acknowledged {
        assert_eq!(ended.get(id).map(String::as_str), Some("DELIVERED"), "{id} {text}");
        assert!(wire.contains_key(text), "{text} was acknowledged and never sent");
    }
    let repeats: u64 = wire.values().map(|it| it - 1).sum();
    let bound = (KILLS * 20) as f64;
    println!("{KILLS} kills, {} messages, lost 0, repeats {repeats}, in doubt {doubtful}", acknowledged.len());
    assert!(repeats as f64 <= doubtful, "{repeats} repeats, {doubtful} in doubt");
    assert!(doubtful <= bound, "{doubtful} in doubt, window and ahead allow {bound}");
    // Every receipt found its message, but those of attempts whose answer the kill took away.
    let submits = smsc.report()["submits"].as_u64().unwrap();
    smsc.reaches("confirmed", submits, PATIENCE);
    let page = daemon.metrics();
    assert!(page.value("receipts_parked") <= doubtful);
    assert_eq!(page.sum("receipts_unmatched_total", &[]), 0.0);
}

/// Waits until every message has ended; their statuses by id.
fn all_ended(client: &mut Client) -> BTreeMap<String, String> {
    for status in ["QUEUED", "SENT"] {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = client.get(&format!("/v1/messages?status={status}&limit=1")).json();
            if page["data"].as_array().unwrap().is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "still {status}: {page}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    let (mut all, mut path) = (BTreeMap::new(), "/v1/messages?limit=1000".to_owned());
    loop {
        let page = client.get(&path).json();
        for it in page["data"].as_array().unwrap() {
            all.insert(it["id"].as_str().unwrap().to_owned(), it["status"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else { return all };
        path = format!("/v1/messages?limit=1000&cursor={cursor}");
    }
}

/// Applications that send until they are stopped, and keep what was acknowledged.
struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    at: Mutex<SocketAddr>,
    stop: AtomicBool,
    count: AtomicUsize,
    /// Ids and texts that a 202 named.
    acknowledged: Mutex<BTreeSet<(String, String)>>,
}

impl Load {
    fn start(at: SocketAddr) -> Self {
        let shared = Arc::new(Shared {
            at: Mutex::new(at),
            stop: AtomicBool::new(false),
            count: AtomicUsize::new(0),
            acknowledged: Mutex::default(),
        });
        let start = |it| {
            let shared = shared.clone();
            std::thread::spawn(move || shared.send(it))
        };
        Self { threads: (0..APPLICATIONS).map(start).collect(), shared }
    }

    /// The daemon listens elsewhere now.
    fn at(&self, at: SocketAddr) {
        *self.shared.at.lock().unwrap() = at;
    }

    /// Waits until so many more are acknowledged.
    fn goes_on(&self, count: usize) {
        let before = self.shared.count.load(Ordering::Relaxed);
        until("messages are acknowledged", PATIENCE, || {
            (before + count <= self.shared.count.load(Ordering::Relaxed)).then_some(())
        });
    }

    fn stop(self) -> BTreeSet<(String, String)> {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.shared.acknowledged.lock().unwrap().clone()
    }
}

impl Shared {
    /// One application: singles and small orders in turn. What failed is not sent again.
    fn send(&self, application: usize) {
        let at = || *self.at.lock().unwrap();
        let mut client = (at(), Client::new(at(), KEY));
        for round in 0_usize.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            if client.0 != at() {
                client = (at(), Client::new(at(), KEY));
            }
            let to: Vec<Value> = (0..1 + round % 4)
                .map(|it| {
                    let number = format!("+316{:08}", 10_000_000 + application * 1_000_000 + round * 4 % 999_996 + it);
                    json!({ "to": number, "text": format!("{application} {round} {it}") })
                })
                .collect();
            let body = json!({ "to": to, "from": "YOURAPP" });
            if let Ok(reply) = client.1.call("POST", "/v1/messages", Some(&body)) {
                assert_eq!(reply.status, 202, "{}", reply.text());
                let messages = reply.json()["messages"].as_array().unwrap().clone();
                let text = |it: &Value| it["text"].as_str().unwrap().to_owned();
                let id = |it: &Value| it["id"].as_str().unwrap().to_owned();
                self.count.fetch_add(messages.len(), Ordering::Relaxed);
                let named = messages.iter().zip(&to).map(|(message, asked)| (id(message), text(asked)));
                self.acknowledged.lock().unwrap().extend(named);
            }
        }
    }
}
