//! The daemon against the npm package `smpp`.

use crate::daemon::client::Client;
use crate::daemon::{Daemon, account, carrier, quiet_port, route, until};
use crate::peers::need::trials;
use crate::peers::smsc::Smsc;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a whole run may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Recipients of one request.
const SLICE: usize = 1_000;

const TO: &str = "+31612345678";

pub(super) fn config(port: u16, more: &str) -> String {
    account("[1]") + &carrier(port, more) + &route("")
}

/// Sends so many messages to one number, each with a text of its own.
pub(super) fn send(client: &mut Client, texts: std::ops::Range<usize>) {
    let all: Vec<usize> = texts.collect();
    for slice in all.chunks(SLICE) {
        let to: Vec<Value> = slice.iter().map(|it| json!({ "to": TO, "text": format!("message {it}") })).collect();
        let reply = client.post("/v1/messages", &json!({ "to": to, "from": "YOURAPP" }));
        assert_eq!(reply.status, 202, "{}", reply.text());
        assert_eq!(reply.json()["count"], slice.len());
    }
}

/// Waits until so many messages have come to a status.
pub(super) fn come_to(daemon: &Daemon, status: &str, count: usize) {
    let series = format!("messages_total{{route=\"1\",status=\"{status}\"}}");
    until(&format!("{count} are {status}"), PATIENCE, || {
        (count as f64 <= daemon.metrics().value(&series)).then_some(())
    });
}

trials! {
    [Npm]:
        twenty_thousand_to_one_number_are_delivered_each_once_on_the_wire,
        receipts_that_come_before_the_answer_are_matched,
        decimal_receipts_find_hexadecimal_answers,
        the_seven_words_of_receipts_are_seen,
        it_is_ready_while_the_carrier_is_down_and_delivers_once_it_is_up;
}

fn twenty_thousand_to_one_number_are_delivered_each_once_on_the_wire() {
    const COUNT: usize = 20_000;
    let mut smsc = Smsc::npm(&json!({ "once": true }));
    let daemon = Daemon::start(&config(smsc.port(), "binds = 2\nwindow = 50"));
    send(&mut daemon.client(), 0..COUNT);
    come_to(&daemon, "DELIVERED", COUNT);
    let ledger = smsc.ledger();
    assert_eq!(ledger.len(), COUNT);
    assert!(ledger.iter().all(|it| it.1 == 1));
    // It sends nothing twice, and all as soon as there is anything.
    smsc.reaches("confirmed", COUNT as u64, PATIENCE);
    let report = smsc.report();
    assert_eq!((&report["refused"], &report["lost"]), (&json!(0), &json!(0)), "{report}");
    let page = daemon.metrics();
    assert_eq!(page.value("receipts_total{carrier=\"acme\",status=\"DELIVERED\"}"), COUNT as f64);
    assert_eq!(page.sum("unknown_outcomes_total", &[]), 0.0);
    assert_eq!(page.sum("malformed_pdus_total", &[]), 0.0);
}

fn receipts_that_come_before_the_answer_are_matched() {
    const COUNT: usize = 300;
    let smsc = Smsc::npm(&json!({ "first": "receipt" }));
    let daemon = Daemon::start(&config(smsc.port(), ""));
    send(&mut daemon.client(), 0..COUNT);
    come_to(&daemon, "DELIVERED", COUNT);
    let page = daemon.metrics();
    assert_eq!(page.value("receipts_total{carrier=\"acme\",status=\"DELIVERED\"}"), COUNT as f64);
    until("nothing is parked", PATIENCE, || (daemon.metrics().value("receipts_parked") == 0.0).then_some(()));
}

fn decimal_receipts_find_hexadecimal_answers() {
    const COUNT: usize = 300;
    let smsc = Smsc::npm(&json!({ "answer": "hex", "receipt": "padded" }));
    for form in ["auto", "resp-hex"] {
        let daemon = Daemon::start(&config(smsc.port(), &format!("message_id = \"{form}\"")));
        send(&mut daemon.client(), 0..COUNT);
        come_to(&daemon, "DELIVERED", COUNT);
        assert_eq!(daemon.metrics().value("receipts_parked"), 0.0);
    }
}

fn the_seven_words_of_receipts_are_seen() {
    let words = ["DELIVRD", "UNDELIV", "REJECTD", "EXPIRED", "ACCEPTD", "BUFFERED", "UNKNOWN"];
    let mut smsc = Smsc::npm(&json!({ "words": words }));
    let daemon = Daemon::start(&config(smsc.port(), ""));
    send(&mut daemon.client(), 0..words.len());
    smsc.reaches("confirmed", words.len() as u64, PATIENCE);
    let page = daemon.metrics();
    for (status, count) in [("DELIVERED", 1.0), ("FAILED", 2.0), ("EXPIRED", 1.0), ("SENT", 2.0), ("UNKNOWN", 1.0)] {
        assert_eq!(page.value(&format!("receipts_total{{carrier=\"acme\",status=\"{status}\"}}")), count, "{status}");
    }
    let list = daemon.client().get("/v1/messages").json();
    let said: Vec<(String, String)> = list["data"].as_array().unwrap().iter().map(word_and_status).collect();
    for (word, status) in [
        ("DELIVRD", "DELIVERED"),
        ("UNDELIV", "FAILED"),
        ("REJECTD", "FAILED"),
        ("EXPIRED", "EXPIRED"),
        ("ACCEPTD", "SENT"),
        ("BUFFERED", "SENT"),
        ("UNKNOWN", "UNKNOWN"),
    ] {
        assert!(said.contains(&(word.to_owned(), status.to_owned())), "{word}: {said:?}");
    }
}

/// The carrier's word for a message, and ours.
fn word_and_status(message: &Value) -> (String, String) {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    (text(&message["attempts"][0]["receipt"]["raw_status"]), text(&message["status"]))
}

fn it_is_ready_while_the_carrier_is_down_and_delivers_once_it_is_up() {
    let port = quiet_port();
    let daemon = Daemon::start(&config(port, ""));
    daemon.said("cannot connect", 2);
    assert_eq!(daemon.operator().get("/readyz").status, 200);
    send(&mut daemon.client(), 0..20);
    let page = daemon.metrics();
    assert_eq!(page.value("link_up{carrier=\"acme\",bind=\"acme-1\"}"), 0.0);
    assert_eq!(page.value("messages_total{route=\"1\",status=\"QUEUED\"}"), 20.0);
    let mut smsc = Smsc::npm(&json!({ "port": port }));
    come_to(&daemon, "DELIVERED", 20);
    assert!(smsc.ledger().iter().all(|it| it.1 == 1));
    assert_eq!(smsc.event("bound", 1)["password"], "Zk7pQ2xw");
}
