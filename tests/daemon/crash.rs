//! Applications that go on sending while the daemon is killed, and the verdict over two ledgers.
//!
//! ```text
//!   applications ── 202 ──► acknowledged          submit_sm ──► ledger of the SMSC
//!          └──────────────► nuncio ── kill -9 ──────┘
//!                              └──► reported in doubt, after each start
//! ```
//!
//! Lost is what was acknowledged and never came; repeats are at most what was reported in doubt.

use crate::daemon::client::Client;
use crate::daemon::silence::Silence;
use crate::daemon::{Daemon, KEY, until};
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
const BETWEEN: usize = 200;
/// Window and ahead of one link with default options.
const LINKS: usize = 20;

/// What came of some kills.
pub(crate) struct Kills {
    /// How many.
    pub(crate) count: usize,
    /// Window and ahead of all links: so many parts may be in doubt after each.
    pub(crate) links: usize,
    /// What the daemon reported as in doubt, over all its lives.
    pub(crate) doubtful: f64,
    /// Ids and texts that were acknowledged.
    pub(crate) acknowledged: BTreeSet<(String, String)>,
    /// Status of every message by its id, at the end.
    pub(crate) ended: BTreeMap<String, String>,
}

impl Kills {
    /// Kills under load, `count` times. `around` is called before and after each.
    pub(crate) fn run(daemon: &mut Daemon, count: usize, mut around: impl FnMut(Moment)) -> Self {
        let load = Load::start(daemon);
        let mut doubtful = 0.0;
        for _ in 0..count {
            load.goes_on(BETWEEN);
            around(Moment::Before);
            doubtful += daemon.metrics().sum("unknown_outcomes_total", &[]);
            load.at(None);
            daemon.kill();
            daemon.restart();
            load.at(Some(daemon.http()));
            around(Moment::After);
        }
        let acknowledged = load.stop();
        let ended = all_ended(&mut daemon.client());
        doubtful += daemon.metrics().sum("unknown_outcomes_total", &[]);
        Self { count, links: LINKS, doubtful, acknowledged, ended }
    }

    /// Holds what was acknowledged against what the SMSC took.
    pub(crate) fn judge(&self, wire: &BTreeMap<String, u64>) {
        for (id, text) in &self.acknowledged {
            assert_eq!(self.ended.get(id).map(String::as_str), Some("DELIVERED"), "{id} {text}");
            assert!(wire.contains_key(text), "{text} was acknowledged and never sent");
        }
        let repeats: u64 = wire.values().map(|it| it - 1).sum();
        let Self { count, doubtful, .. } = self;
        let most = (count * self.links) as f64;
        println!("{count} kills, {} messages, lost 0, repeats {repeats}, in doubt {doubtful}", self.acknowledged.len());
        assert!(repeats as f64 <= *doubtful, "{repeats} repeats, {doubtful} in doubt");
        assert!(*doubtful <= most, "{doubtful} in doubt, window and ahead allow {most}");
    }
}

/// Where a kill is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It is about to come.
    Before,
    /// The daemon serves again.
    After,
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
    /// Where the daemon listens; nowhere once it is killed, for another test's may get its port then.
    at: Mutex<Option<SocketAddr>>,
    silence: Arc<Silence>,
    stop: AtomicBool,
    count: AtomicUsize,
    /// Ids and texts that a 202 named.
    acknowledged: Mutex<BTreeSet<(String, String)>>,
}

impl Load {
    fn start(daemon: &Daemon) -> Self {
        let shared = Arc::new(Shared {
            at: Mutex::new(Some(daemon.http())),
            silence: daemon.silence().clone(),
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

    /// The daemon listens elsewhere now, or is about to be killed: what is under way is, and nobody connects to it
    /// anew.
    fn at(&self, at: Option<SocketAddr>) {
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
        let mut client: Option<(SocketAddr, Client)> = None;
        for round in 0_usize.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let Some(at) = *self.at.lock().unwrap() else {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            };
            let client = match &mut client {
                Some((of, client)) if *of == at => client,
                client => &mut client.insert((at, Client::of(at, KEY, &self.silence))).1,
            };
            let to: Vec<Value> = (0..1 + round % 4)
                .map(|it| {
                    let number = format!("+316{:08}", 10_000_000 + application * 1_000_000 + round * 4 % 999_996 + it);
                    json!({ "to": number, "text": format!("{application} {round} {it}") })
                })
                .collect();
            let body = json!({ "to": to, "from": "YOURAPP" });
            if let Ok(reply) = client.call("POST", "/v1/messages", Some(&body)) {
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
