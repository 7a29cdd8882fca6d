//! Each receiver takes every call of a run with a failover, a correction and a text of a handset, hands each event on
//! once, and refuses what is not of the gateway or not of now.

use crate::daemon::process::Process;
use crate::daemon::raw::{self, Link, Smsc};
use crate::daemon::web::{Act, Asked, Web};
use crate::daemon::{Daemon, KEY, carrier, carrier_named, digest, until};
use crate::peers::clients::{file, free_port, go, python, rust};
use crate::peers::need::trials;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::fs::Permissions;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// 24 octets.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

trials! {
    [StandardwebhooksOfPypi]: a_receiver_in_python_hands_each_event_on_once;
    [StandardwebhooksOfNpm]: a_receiver_in_javascript_hands_each_event_on_once;
    [Php]: a_receiver_in_php_hands_each_event_on_once;
    [Go]: a_receiver_in_go_hands_each_event_on_once;
    []: a_receiver_in_rust_hands_each_event_on_once;
}

fn a_receiver_in_python_hands_each_event_on_once() {
    judge(|_, _| python("python/webhook.py"));
}

fn a_receiver_in_javascript_hands_each_event_on_once() {
    // Node looks for packages beside the file.
    judge(|folder, _| {
        let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/node_modules");
        std::os::unix::fs::symlink(modules, folder.join("node_modules")).unwrap();
        std::fs::copy(file("javascript/webhook.mjs"), folder.join("webhook.mjs")).unwrap();
        let mut command = Command::new("node");
        command.arg(folder.join("webhook.mjs"));
        command
    });
}

fn a_receiver_in_php_hands_each_event_on_once() {
    judge(|_, port| {
        let mut command = Command::new("php");
        command.args(["-S", &format!("127.0.0.1:{port}")]).arg(file("php/webhook.php"));
        command
    });
}

fn a_receiver_in_go_hands_each_event_on_once() {
    judge(|folder, _| go("go/webhook.go", folder));
}

fn a_receiver_in_rust_hands_each_event_on_once() {
    judge(|_, _| rust("webhook"));
}

fn judge(command: impl Fn(&Path, u16) -> Command) {
    let receiver = Receiver::start(command);
    let web = Web::start(|_, _| Act::Reply(204, "", String::new()));
    let log = run([web.port(), receiver.port]);
    let told = receiver.told(log.len());
    let ids = |events: &[Value], are_received| {
        let some = events.iter().filter(|it| (it["type"] == "message.received") == are_received);
        some.map(|it| it["id"].clone()).collect::<Vec<_>>()
    };
    for are_received in [false, true] {
        assert_eq!(ids(&told, are_received), ids(&log, are_received), "in the order in which it happened");
    }
    let calls = web.hears(log.len());
    let call = calls.into_iter().find(|it| it.json()["type"] == "message.unknown").unwrap();
    receiver.refuses_what_is_not_genuine(&call);
    receiver.hands_on_once(&call);
    assert_eq!(receiver.told(log.len() + 2).len(), log.len() + 2, "nothing is handed on but what was new");
}

/// A receiver under test.
struct Receiver {
    _folder: tempfile::TempDir,
    process: Process,
    port: u16,
}

impl Receiver {
    fn start(command: impl Fn(&Path, u16) -> Command) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let mut command = command(folder.path(), port);
        command.env("NUNCIO_WEBHOOK_SECRET", SECRET).env("NUNCIO_WEBHOOK_LISTEN", format!("127.0.0.1:{port}"));
        let process = Process::start("receiver", {
            command.env("TMPDIR", folder.path());
            command
        });
        until("it listens", PATIENCE, || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { _folder: folder, process, port }
    }

    /// What was handed on, once it is so much.
    fn told(&self, count: usize) -> Vec<Value> {
        self.process.line(PATIENCE, |lines| {
            let events = lines.iter().filter_map(|it| serde_json::from_str::<Value>(it).ok());
            let events: Vec<Value> = events.filter(|it| it["id"].is_string()).collect();
            (count <= events.len()).then_some(events)
        })
    }

    /// How a call with these headers is answered; an error where it was not read to its end.
    fn call(&self, headers: &[(&str, &str)], body: &str) -> Result<u16, ureq::Error> {
        let mut request = ureq::post(format!("http://127.0.0.1:{}/", self.port)).content_type("application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.config().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        request.send(body).map(|it| it.status().as_u16())
    }

    fn answers(&self, headers: &[(&str, &str)], body: &str) -> u16 {
        self.call(headers, body).expect("it answers")
    }

    /// The same of a call that is signed as it should be.
    fn answers_signed(&self, id: &str, at: i64, body: &str) -> u16 {
        let signature = Webhook::new(SECRET).unwrap().sign(id, at, body.as_bytes()).unwrap();
        self.answers(
            &[("webhook-id", id), ("webhook-timestamp", &at.to_string()), ("webhook-signature", &signature)],
            body,
        )
    }

    fn refuses_what_is_not_genuine(&self, call: &Asked) {
        let [id, at, signature] =
            ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|it| (it, call.header(it)));
        let body = &call.body;
        // A call that was taken is taken again, also beside the signature of another secret.
        assert_eq!(self.answers(&[id, at, signature], body), 204);
        let both = format!("v1,{} {}", "A".repeat(43) + "=", signature.1);
        assert_eq!(self.answers(&[id, at, (signature.0, &both)], body), 204);
        for (what, headers, body) in [
            ("another text", vec![id, at, signature], body.replace("UNKNOWN", "DELIVERED")),
            ("another id", vec![("webhook-id", "evt_other"), at, signature], body.clone()),
            ("no id", vec![at, signature], body.clone()),
            ("no time", vec![id, signature], body.clone()),
            ("no signature", vec![id, at], body.clone()),
            ("a signature that is none", vec![id, at, ("webhook-signature", "v1")], body.clone()),
            ("a time that is none", vec![id, ("webhook-timestamp", "today"), signature], body.clone()),
        ] {
            assert_eq!(self.answers(&headers, &body), 401, "{what}");
        }
        let now = time_of(call);
        let fresh = json!({ "id": "evt_fresh", "type": "message.sent", "data": {} }).to_string();
        assert_eq!(self.answers_signed("evt_fresh", now - 310, &fresh), 401, "too old");
        assert_eq!(self.answers_signed("evt_fresh", now + 330, &fresh), 401, "too early");
        match self.call(&[], &"x".repeat(2 << 20)) {
            Ok(status) => assert!([400, 413].contains(&status), "too long: {status}"),
            Err(error) => assert!(matches!(error, ureq::Error::Io(_)), "it hangs up: {error}"),
        }
    }

    /// Two events that are new, one of them in a batch beside one that is known, and each told several times.
    fn hands_on_once(&self, call: &Asked) {
        let now = time_of(call);
        let event = |id: &str| json!({ "id": id, "type": "message.delivered", "timestamp": "2026-11-27T09:00:00Z", "data": { "text": "é€" } });
        let batch =
            json!({ "type": "batch", "timestamp": "2026-11-27T09:00:00Z", "data": [call.json(), event("evt_new")] })
                .to_string();
        for id in ["bat_1", "bat_2"] {
            assert_eq!(self.answers_signed(id, now, &batch), 204);
        }
        let last = event("evt_last").to_string();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(self.answers_signed("evt_last", now, &last), 204));
            }
        });
    }
}

/// When a call was made, by its own word.
fn time_of(call: &Asked) -> i64 {
    call.header("webhook-timestamp").parse().unwrap()
}

/// A run in which the first carrier is sick, the second says that it does not know and then that the text arrived, and
/// the handset answers. Both ports are told of it; the log of it.
fn run(ports: [u16; 2]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let (sick, good) = (Smsc::new(), Smsc::new());
    let second = carrier_named("second", good.port(), "");
    let route = "[[route]]\nid = 1\ncarriers = [\"acme\", \"second\"]\n[[inbound]]\naccount = \"shop\"\n";
    let daemon = Daemon::start(&(account(ports, &secret) + &carrier(sick.port(), "") + &second + route));
    let (mut first, mut second) = (sick.bound(), good.bound());
    daemon.said("bound", 2);
    let body = json!({ "to": "+31612345678", "from": "shop", "text": "hello", "client_ref": "Größe 5 €" });
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
    let submit = first.read_command(raw::SUBMIT_SM);
    first.answer(&submit, 8, b"\0");
    let submit = second.read_command(raw::SUBMIT_SM);
    second.answer(&submit, 0, b"one\0");
    deliver(
        &mut second,
        (1, 4),
        b"id:one sub:001 dlvrd:000 submit date:2611270900 done date:2611270901 stat:UNKNOWN err:000 text:",
    );
    deliver(
        &mut second,
        (2, 4),
        b"id:one sub:001 dlvrd:001 submit date:2611270900 done date:2611270901 stat:DELIVRD err:000 text:",
    );
    deliver(&mut second, (3, 0), b"caf\x05 ja");
    let log = until("all is in the log", PATIENCE, || {
        let log = daemon.client().get("/v1/events").json()["data"].as_array().unwrap().clone();
        (log.len() == 4).then_some(log)
    });
    let types: Vec<_> = log.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["message.sent", "message.unknown", "message.corrected", "message.received"]);
    assert_eq!((&log[0]["data"]["carrier"], &log[3]["data"]["text"]), (&json!("second"), &json!("café ja")));
    until("all is told", PATIENCE, || {
        (daemon.metrics().value("webhook_deliveries_total{account=\"shop\",result=\"ok\"}") == 8.0).then_some(())
    });
    log
}

fn deliver(link: &mut Link, (sequence, esm_class): (u32, u8), text: &[u8]) {
    link.send_pdu(raw::DELIVER_SM, sequence, &raw::deliver(esm_class, text));
    let answer = link.read_command(raw::DELIVER_SM | raw::RESPONSE);
    assert_eq!((answer.sequence, answer.status), (sequence, 0));
}

/// The shop, which is told everything at both ports.
fn account(ports: [u16; 2], secret: &Path) -> String {
    let endpoint = |port: u16| {
        format!(
            "[[account.webhook]]\nurl = \"http://127.0.0.1:{port}/\"\nsecret_file = \"{}\"\nallow_networks = [\"127.0.0.1\"]\n\
             types = [\"message.sent\", \"message.unknown\", \"message.corrected\", \"message.received\"]\n",
            secret.display()
        )
    };
    let digest = digest(KEY);
    format!(
        "[[account]]\nid = \"shop\"\nkey_sha256 = [\"{digest}\"]\nroutes = [1]\nsenders = [\"*\"]\n\
         scopes = [\"send\", \"read\", \"admin\"]\n{}{}",
        endpoint(ports[0]),
        endpoint(ports[1])
    )
}
