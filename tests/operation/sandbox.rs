//! Accounts that try things out: what they send stays in the process, and comes out as its numbers say.

use crate::daemon::client::Client;
use crate::daemon::raw::{self, Smsc};
use crate::daemon::web::Web;
use crate::daemon::{Daemon, account, carrier, digest, route, until};
use crate::operation::shop::{PATIENCE, is_signed, taken};
use serde_json::{Value, json};
use std::time::Duration;

/// Last digits of a number, and what becomes of a message to it.
const OUTCOMES: [(&str, &str); 10] = [
    ("01", "DELIVERED"),
    ("02", "FAILED"),
    ("03", "FAILED"),
    ("04", "EXPIRED"),
    ("05", "DELIVERED"),
    ("06", "DELIVERED"),
    ("07", "UNKNOWN"),
    ("09", "FAILED"),
    ("10", "DELIVERED"),
    ("12", "FAILED"),
];

const TRIAL: &str = "key-of-trial";

fn trial(more: &str) -> String {
    let digest = digest(TRIAL);
    format!(
        "[[account]]\nid = \"trial\"\nkey_sha256 = [\"{digest}\"]\nroutes = [1]\nsenders = [\"*\"]\nsandbox = true\n{more}\n"
    )
}

fn trial_of(daemon: &Daemon) -> Client {
    daemon.client_with(TRIAL)
}

fn ask(daemon: &Daemon, body: &Value) -> Value {
    let reply = trial_of(daemon).post("/v1/messages", body);
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.json()
}

fn hello(to: &str) -> Value {
    json!({ "to": to, "from": "shop", "text": "hello" })
}

fn comes_to(daemon: &Daemon, id: &Value, status: &str) -> Value {
    let path = format!("/v1/messages/{}", id.as_str().unwrap());
    until(&format!("{id} is {status}"), PATIENCE, || {
        Some(trial_of(daemon).get(&path).json()).filter(|it| it["status"] == status)
    })
}

#[test]
fn what_is_tried_out_comes_out_as_its_number_says_and_nobody_else_hears_of_it() {
    let (smsc, web, folder) = (Smsc::new(), Web::start(taken), tempfile::tempdir().unwrap());
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let webhook = format!(
        "webhook = {{ url = \"http://127.0.0.1:{}/\", secret_file = {secret:?}, allow_networks = [\"127.0.0.0/8\"] }}",
        web.port()
    );
    let price = "price = { default = \"0.05\", currency = \"EUR\" }";
    let records = folder.path().join("cdr.jsonl");
    let more = trial(&webhook) + &format!("[cdr]\npath = {records:?}\n");
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route(price) + &more));
    let mut link = smsc.bound();
    let sent: Vec<_> =
        OUTCOMES.iter().map(|(to, status)| (ask(&daemon, &hello(&format!("+316123456{to}"))), *status)).collect();
    for (order, status) in &sent {
        assert_eq!((&order["route_id"], &order["cost"]), (&json!(1), &json!("0.050")), "as it would be");
        let page = comes_to(&daemon, &order["messages"][0]["id"], status);
        assert_eq!((&page["route_id"], &page["attempts"][0]["carrier"]), (&json!(1), &json!("sandbox")), "{page}");
    }
    let calls = web.hears(OUTCOMES.len());
    assert!(calls.iter().all(is_signed));
    assert!(calls.iter().all(|it| it.json()["data"]["route_id"] == 1), "{calls:?}");
    let silent = ask(&daemon, &hello("+31612345608"))["messages"][0]["id"].clone();
    comes_to(&daemon, &silent, "SENT");

    let mut trial = trial_of(&daemon);
    assert_eq!(trial.get("/v1/routes").json()["data"][0]["id"], 1);
    assert_eq!(trial.get("/v1/routes/1").status, 200);
    assert_eq!(trial.get("/v1/messages?route_id=1").json()["data"].as_array().unwrap().len(), OUTCOMES.len() + 1);
    assert_eq!(trial.get("/v1/orders?route_id=1").json()["data"].as_array().unwrap().len(), OUTCOMES.len() + 1);
    let named = ask(&daemon, &json!({ "to": "+31612345601", "from": "shop", "text": "hello", "route_id": 1 }));
    comes_to(&daemon, &named["messages"][0]["id"], "DELIVERED");

    // Neither the carrier nor its figures have seen any of it; operators find both under the route that both name.
    let live = daemon.client().post("/v1/messages", &hello("+31612345602"));
    assert_eq!(live.status, 202, "{}", live.text());
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"live\0");
    let text = "id:live sub:001 dlvrd:001 submit date:2611270900 done date:2611270901 stat:UNDELIV err:000 text:";
    link.send_pdu(raw::DELIVER_SM, 1, &raw::deliver(4, text.as_bytes()));
    // It ended after all that was tried out, and stands alone among the records of charge.
    let lines = until("it is written", PATIENCE, || std::fs::read_to_string(&records).ok().filter(|it| !it.is_empty()));
    assert!(lines.lines().count() == 1 && lines.contains("\"live\""), "{lines}");
    until("it is counted", PATIENCE, || {
        (daemon.metrics().sum("submit_total", &["carrier=\"acme\""]) == 1.0).then_some(())
    });
    let page = daemon.metrics();
    assert_eq!(page.value("messages_total{route=\"1\",status=\"DELIVERED\"}"), 0.0);
    assert_eq!(page.value("messages_total{route=\"sandbox-1\",status=\"DELIVERED\"}"), 5.0);
    assert!(6.0 <= page.sum("submit_total", &["carrier=\"sandbox\""]));

    let found = |more: &str| {
        let path = format!("/admin/v1/messages?route_id=1&limit=50{more}");
        daemon.operator().get(&path).json()["data"].as_array().map(Vec::len)
    };
    let tried = OUTCOMES.len() + 2;
    assert_eq!((found(""), found("&account=trial")), (Some(tried + 1), Some(tried)));

    daemon.kill();
    daemon.restart();
    let _link = smsc.bound();
    let after = ask(&daemon, &hello("+31612345601"))["messages"][0]["id"].clone();
    comes_to(&daemon, &after, "DELIVERED");
    assert_eq!(comes_to(&daemon, &silent, "SENT")["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_reload_opens_a_sandbox_and_closes_it_once_nothing_is_in_it() {
    let smsc = Smsc::new();
    let plain = account("[1]") + &carrier(smsc.port(), "") + &route("");
    let daemon = Daemon::start(&plain);
    let _link = smsc.bound();
    daemon.configure(&(plain.clone() + &trial("")));
    daemon.reload();
    let id = ask(&daemon, &hello("+31612345601"))["messages"][0]["id"].clone();
    comes_to(&daemon, &id, "DELIVERED");
    assert!(daemon.operator().get("/admin/v1/accounts").text().contains("\"sandbox\":true"));
    daemon.configure(&plain);
    daemon.reload();
    assert_eq!(trial_of(&daemon).get("/v1/messages").status, 401);
    until("its link has gone", Duration::from_secs(20), || {
        let links = daemon.operator().get("/admin/v1/links").json();
        (!links.to_string().contains("sandbox")).then_some(())
    });
}

/// Last digits, how long the message is worth sending, what becomes of it, and how often it is tried at least.
const TRIED_AGAIN: [(&str, &str, &str, usize); 6] = [
    ("11", "4s", "EXPIRED", 1),
    ("13", "1m", "FAILED", 4),
    ("14", "4s", "EXPIRED", 1),
    ("15", "1m", "FAILED", 4),
    ("16", "8s", "EXPIRED", 2),
    ("17", "1m", "DELIVERED", 1),
];

/// What the carrier refuses, leaves unanswered or answers into nothing.
#[test]
fn what_is_tried_out_is_throttled_refused_and_lost_as_well() {
    let smsc = Smsc::new();
    // Six attempts take eight seconds at most.
    let route = route("retry = { base = \"250ms\", max = \"60s\", attempts = 6 }");
    let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route + &trial("")));
    let sent = TRIED_AGAIN.map(|(to, validity, status, least)| {
        let body = json!({ "to": format!("+316123456{to}"), "from": "shop", "text": "hello", "validity": validity });
        (to, ask(&daemon, &body)["messages"][0]["id"].clone(), status, least)
    });
    for (to, id, status, least) in sent {
        let page = comes_to(&daemon, &id, status);
        assert!(least <= page["attempts"].as_array().unwrap().len(), "{to} {page}");
        assert_eq!(page["throttled"] != 0, ["11", "14"].contains(&to), "{page}");
    }
}
