//! The daemon, with a simulated carrier behind it, asked by schemathesis for everything that the document allows and
//! forbids: examples, each bound of each field, by chance, and one request after the other.

use crate::daemon::{Daemon, KEY, account, carrier, digest, route, until};
use crate::peers::need::trials;
use crate::peers::sim::Sim;
use nuncio::simulator::behaviour::Behaviour;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");
/// Cases an endpoint and phase for who may do most: enough to meet each field, few enough for every run of the tests.
const CASES: usize = 10;
/// What chance begins with unless it is said.
const SEED: u32 = 968_682;
/// How long the first event may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

trials! {
    [Schemathesis]: nothing_that_is_asked_is_answered_otherwise_than_the_document_says;
}

fn nothing_that_is_asked_is_answered_otherwise_than_the_document_says() {
    let sim = Sim::start(Behaviour::default());
    let config = account("[1]") + &carrier(sim.port(), "") + &route("");
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let daemon = Daemon::start(&(config + &keys(&secret)));
    // One seed here, so that a change is judged and not the day; `NUNCIO_SEED` asks for others.
    let seed = std::env::var("NUNCIO_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(SEED);
    let (began, cursors) = (Instant::now(), cursors(&daemon));
    let run = |name: &str, at, key: &str, cases| {
        let report = fuzz(at, (key, &cursors), (seed, cases));
        let last = report.lines().rev().find(|it| it.contains("generated")).unwrap_or_default();
        println!("{name}, NUNCIO_SEED={seed}: {}", last.trim());
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run("key send", daemon.http(), "key-of-sender", CASES));
        run("key none", daemon.http(), "", CASES / 5);
        run("key read", daemon.http(), "key-of-reader", CASES / 2);
        // What it pauses makes no other answers, only longer queues.
        run("operators", daemon.admin(), KEY, CASES / 3);
    });
    println!("all of it took {:.1} s", began.elapsed().as_secs_f64());
}

/// A cursor of each list that has some, by the format under which the document has it.
fn cursors(daemon: &Daemon) -> String {
    let mut client = daemon.client_with("key-of-sender");
    for text in ["one", "two"] {
        let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": text });
        assert_eq!(client.post("/v1/messages", &body).status, 202);
    }
    let told = || Some(client.get("/v1/events?limit=1").json()["next_cursor"].clone()).filter(|it| it.is_string());
    let events = until("an event is told", PATIENCE, told);
    let mut next = |path: &str| client.get(path).json()["next_cursor"].clone();
    json!({ "message-cursor": next("/v1/messages?limit=1"), "order-cursor": next("/v1/orders?limit=1"), "event-cursor": events }).to_string()
}

/// An account that may only read, and one that may send.
fn keys(secret: &Path) -> String {
    let account = |name: &str, scopes: &str| {
        let digest = digest(&format!("key-of-{name}"));
        format!(
            "[[account]]\nid = \"{name}\"\nkey_sha256 = [\"{digest}\"]\nscopes = {scopes}\nroutes = [1]\nsenders = [\"*\"]\n"
        )
    };
    let webhook = format!("webhook = {{ secret_file = {secret:?}, allow_networks = [\"127.0.0.0/8\"] }}\n");
    account("reader", "[\"read\"]") + &account("sender", "[\"send\", \"read\", \"webhooks\"]") + &webhook
}

/// Asks a listener with a key, and gives the report; fails where there is a finding.
fn fuzz(at: SocketAddr, (key, cursors): (&str, &str), (seed, cases): (u32, usize)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let peers = Path::new(FOLDER);
    let mut command = Command::new("python3");
    command.current_dir(folder.path()).env("PYTHONPATH", peers.join("python_modules"));
    command.env("SCHEMATHESIS_HOOKS", peers.join("fuzzed.py")).env("CURSORS", cursors);
    command.args(["-m", "schemathesis.cli", "--config-file"]).arg(peers.join("fuzzed.toml"));
    command.args(["run", &format!("http://{at}/openapi.json"), "--checks", "all"]);
    command.args(["--phases", "examples,coverage,fuzzing,stateful", "--max-response-time", "2"]);
    command.args(["--seed", &seed.to_string(), "--max-examples", &cases.to_string()]);
    if !key.is_empty() {
        command.args(["-H", &format!("Authorization: Bearer {key}")]);
    }
    let output = command.output().expect("python3 starts");
    let report = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
    assert!(output.status.success(), "seed {seed}, key {key:?}:\n{report}");
    report
}
