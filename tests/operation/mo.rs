//! Messages from handsets, from the carrier to the log of events: the real binary against an SMSC of bare octets.

use crate::daemon::raw::{self, Link, Smsc};
use crate::daemon::{Daemon, KEY, account, carrier, route, until};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// The messages to 12345 are the shop's.
const INBOUND: &str = "[[inbound]]\nto = [\"12345\"]\naccount = \"shop\"\n";

fn configuration(port: u16, more: &str) -> String {
    account("[1]") + &carrier(port, more) + &route("") + INBOUND
}

/// The body of a deliver_sm from a handset.
fn mo(to: &str, esm_class: u8, data_coding: u8, octets: &[u8]) -> Vec<u8> {
    let mut body = b"\0\x01\x0131612345678\0\0\x00".to_vec();
    body.extend_from_slice(to.as_bytes());
    body.extend([0, esm_class, 0, 0, 0, 0, 0, 0, data_coding, 0, u8::try_from(octets.len()).expect("short")]);
    body.extend_from_slice(octets);
    body
}

/// One part of three under the reference 7.
fn part(index: u8, text: &str) -> Vec<u8> {
    mo("12345", 0x40, 0, &[&[5, 0, 3, 7, 3, index], text.as_bytes()].concat())
}

/// Sends it and waits for its confirmation.
fn deliver(link: &mut Link, sequence: u32, body: &[u8]) {
    link.send_pdu(raw::DELIVER_SM, sequence, body);
    let answer = link.read_command(raw::DELIVER_SM | raw::RESPONSE);
    assert_eq!((answer.sequence, answer.status), (sequence, 0), "it is confirmed");
}

/// All events of the account, and where the log goes on.
fn log(daemon: &Daemon, cursor: Option<&str>) -> (Vec<Value>, Option<String>) {
    let path = cursor.map_or("/v1/events?types=message.received".to_owned(), |it| {
        format!("/v1/events?types=message.received&cursor={it}")
    });
    page(&daemon.client().get(&path).json())
}

fn page(answer: &Value) -> (Vec<Value>, Option<String>) {
    let data = answer["data"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    (data, answer["next_cursor"].as_str().map(Into::into))
}

fn texts(events: &[Value]) -> Vec<&str> {
    events.iter().map(|it| it["data"]["text"].as_str().unwrap_or_default()).collect()
}

fn counted(daemon: &Daemon, metric: &str, value: f64) {
    until(metric, PATIENCE, || (daemon.metrics().value(metric) == value).then_some(()));
}

#[test]
fn a_message_from_a_handset_is_confirmed_and_stands_in_the_log() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    assert_eq!(log(&daemon, None), (vec![], None), "an empty log has no end to go on from");
    deliver(&mut link, 5, &mo("12345", 0, 0, b"Hello \x1B\x65 5"));
    let (events, end) = log(&daemon, None);
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(event["type"], "message.received");
    let id = event["id"].as_str().unwrap();
    assert!(id.starts_with("evt_"), "{event}");
    let data = &event["data"];
    let expected = json!({
        "id": id.replace("evt_", "mo_"), "to": "12345", "from": "+31612345678", "text": "Hello € 5", "encoding": "gsm7",
        "parts": 1, "complete": true, "carrier": "acme", "received_at": event["timestamp"],
    });
    assert_eq!(*data, expected);
    // Who goes on from the end is told only what came since.
    assert_eq!(log(&daemon, end.as_deref()), (vec![], end.clone()));
    deliver(&mut link, 6, &mo("12345", 0, 8, b"\x00H\x00i"));
    let (events, end) = log(&daemon, end.as_deref());
    assert_eq!((texts(&events), &events[0]["data"]["encoding"]), (vec!["Hi"], &json!("ucs2")));
    assert_eq!(log(&daemon, end.as_deref()), (vec![], end.clone()));
    // A person who writes like a carrier is a person.
    deliver(&mut link, 7, &mo("12345", 0, 0, b"id:1 stat:DELIVRD, says a person"));
    assert_eq!(texts(&log(&daemon, end.as_deref()).0), ["id:1 stat:DELIVRD, says a person"]);
    assert_eq!(page(&daemon.client().get("/v1/events?types=message.received&limit=1").json()).0.len(), 1);
    counted(&daemon, "mo_total{carrier=\"acme\"}", 3.0);
}

#[test]
fn three_parts_over_two_binds_in_any_order_become_one_event() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), "binds = 2"));
    let mut links = [smsc.bound(), smsc.bound()];
    deliver(&mut links[0], 5, &part(3, "three"));
    deliver(&mut links[1], 5, &part(1, "one "));
    counted(&daemon, "mo_parts_incomplete", 1.0);
    assert_eq!(log(&daemon, None).0, Vec::<Value>::new());
    deliver(&mut links[0], 6, &part(2, "two "));
    let (events, _) = log(&daemon, None);
    assert_eq!(texts(&events), ["one two three"]);
    let data = &events[0]["data"];
    assert_eq!((&data["parts"], &data["complete"], &data["missing"]), (&json!(3), &json!(true), &Value::Null));
    counted(&daemon, "mo_parts_incomplete", 0.0);
    counted(&daemon, "mo_total{carrier=\"acme\"}", 3.0);
}

#[test]
fn what_came_before_a_kill_is_completed_after_it_and_told_once_however_often_it_comes() {
    let smsc = Smsc::new();
    let mut daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    deliver(&mut link, 5, &part(3, "three"));
    deliver(&mut link, 6, &mo("12345", 0, 0, b"whole"));
    daemon.kill();
    daemon.restart();
    let mut link = smsc.bound();
    // The carrier did not see the confirmations, for all we know.
    deliver(&mut link, 1, &mo("12345", 0, 0, b"whole"));
    deliver(&mut link, 2, &part(3, "three"));
    deliver(&mut link, 3, &part(2, "two "));
    deliver(&mut link, 4, &part(1, "one "));
    deliver(&mut link, 5, &part(1, "one "));
    let (events, _) = log(&daemon, None);
    assert_eq!(texts(&events), ["whole", "one two three"]);
    counted(&daemon, "mo_redelivered_total{carrier=\"acme\"}", 3.0);
    counted(&daemon, "mo_parts_incomplete", 0.0);
    daemon.kill();
    daemon.restart();
    deliver(&mut smsc.bound(), 1, &part(2, "two "));
    assert_eq!(log(&daemon, None).0, events, "the same events, under the same ids");
}

#[test]
fn what_came_is_told_when_the_time_is_up() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), "reassembly_timeout = \"100ms\""));
    let mut link = smsc.bound();
    deliver(&mut link, 5, &part(3, "three"));
    let events = until("it is told", PATIENCE, || Some(log(&daemon, None).0).filter(|it| !it.is_empty()));
    let data = &events[0]["data"];
    assert_eq!((&data["text"], &data["parts"]), (&json!("three"), &json!(3)));
    assert_eq!((&data["complete"], &data["missing"]), (&json!(false), &json!([1, 2])));
}

#[test]
fn what_fits_no_account_is_kept_counted_and_shown_to_operators() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    deliver(&mut link, 5, &mo("99999", 0, 4, &[0, 255, 254]));
    assert_eq!(log(&daemon, None), (vec![], None));
    let (events, end) = page(&daemon.operator().get("/admin/v1/events/unrouted").json());
    assert_eq!((&events[0]["data"]["data"], &events[0]["data"]["encoding"]), (&json!("AP/+"), &json!("binary")));
    let path = format!("/admin/v1/events/unrouted?cursor={}", end.unwrap());
    assert_eq!(page(&daemon.operator().get(&path).json()).0, Vec::<Value>::new());
    counted(&daemon, "mo_unrouted_total{carrier=\"acme\"}", 1.0);
    // Neither listener shows it to who may not see it.
    assert_eq!(daemon.client().get("/admin/v1/events/unrouted").status, 404);
    let stranger = daemon.operator_with(&KEY.replace("shop", "thief"));
    let mut stranger = stranger;
    assert_eq!(stranger.get("/admin/v1/events/unrouted").status, 401);
}

#[test]
fn headers_that_lie_are_read_as_far_as_they_go() {
    let smsc = Smsc::new();
    let mut daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    let bodies: [&[u8]; 7] = [
        b"",
        b"\x00",
        b"\xFFtoo long",
        b"\x05\x00\x03\x07\x00\x00none",
        b"\x05\x00\x03\x07\x02\x03beyond",
        b"\x04\x00\x03\x07\x02torn",
        b"\x01\x00half",
    ];
    for (sequence, octets) in (10..).zip(bodies) {
        deliver(&mut link, sequence, &mo("12345", 0x40, 0, octets));
    }
    let (events, _) = log(&daemon, None);
    assert_eq!(texts(&events)[3..], ["none", "beyond", "torn", "half"]);
    assert_eq!(events.len(), bodies.len());
    assert!(events.iter().all(|it| it["data"]["complete"] == true && it["data"]["parts"] == 1));
    assert!(daemon.lives());
}
