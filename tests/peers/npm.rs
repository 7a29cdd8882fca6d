//! The daemon against the npm package `smpp`.

use crate::daemon::client::Client;
use crate::daemon::{Daemon, account, carrier, route, until};
use crate::peers::smsc::Smsc;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a whole run may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Recipients of one request.
const SLICE: usize = 1_000;

const TO: &str = "+31612345678";

fn config(port: u16, more: &str) -> String {
    account("[1]") + &carrier(port, more) + &route("")
}

/// Sends so many messages to one number, each with a text of its own.
fn send(client: &mut Client, texts: std::ops::Range<usize>) {
    let all: Vec<usize> = texts.collect();
    for slice in all.chunks(SLICE) {
        let to: Vec<Value> = slice.iter().map(|it| json!({ "to": TO, "text": format!("message {it}") })).collect();
        let reply = client.post("/v1/messages", &json!({ "to": to, "from": "YOURAPP" }));
        assert_eq!(reply.status, 202, "{}", reply.text());
        assert_eq!(reply.json()["count"], slice.len());
    }
}

/// Waits until so many messages have come to a status.
fn come_to(daemon: &Daemon, status: &str, count: usize) {
    let series = format!("messages_total{{route=\"1\",status=\"{status}\"}}");
    let mut last = 0.0;
    until(&format!("{count} are {status}"), PATIENCE, || {
        let now = daemon.metrics().value(&series);
        if now != last {
            last = now;
        }
        (count as f64 <= last).then_some(())
    });
}

#[test]
fn twenty_thousand_to_one_number_are_delivered_each_once_on_the_wire() {
    const COUNT: usize = 20_000;
    let Some(mut smsc) = Smsc::npm(&json!({})) else { return };
    let daemon = Daemon::start(&config(smsc.port(), "binds = 2\nwindow = 50"));
    send(&mut daemon.client(), 0..COUNT);
    come_to(&daemon, "DELIVERED", COUNT);
    let ledger = smsc.ledger();
    assert_eq!(ledger.len(), COUNT);
    assert!(ledger.iter().all(|it| it.1 == 1));
    let page = daemon.metrics();
    assert_eq!(page.value("receipts_total{carrier=\"acme\",status=\"DELIVERED\"}"), COUNT as f64);
    assert_eq!(page.sum("unknown_outcomes_total", &[]), 0.0);
    assert_eq!(page.sum("malformed_pdus_total", &[]), 0.0);
}
