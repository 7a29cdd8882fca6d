//! What carriers send of their own accord is taken, however much comes at once, by carriers that send nothing twice.

use crate::daemon::process::Process;
use crate::daemon::raw::{self, Frame, Smsc};
use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, account, carrier, route, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// What a simulated carrier sends in a test.
const MANY: u64 = 20_000;

const DELIVERED: u32 = raw::DELIVER_SM | raw::RESPONSE;

/// The first sequence number of the carriers here.
const FIRST: u32 = 131_072;

fn configuration(port: u16, more: &str) -> String {
    account("[1]") + &carrier(port, more) + &route("") + "[[inbound]]\naccount = \"shop\"\n"
}

/// The messages of so many handsets, in one piece.
fn messages(numbers: std::ops::Range<u32>) -> Vec<u8> {
    let message =
        |it: u32| raw::pdu(raw::DELIVER_SM, 0, FIRST + it, &raw::deliver(0, format!("message {it}").as_bytes()));
    numbers.flat_map(message).collect()
}

/// Reads the answers to so many messages; each comes once.
fn confirmed(link: &mut raw::Link, count: usize) -> BTreeMap<u32, Frame> {
    let mut answers = BTreeMap::new();
    while answers.len() < count {
        let answer = link.read_command(DELIVERED);
        assert_eq!(answer.status, 0, "after {} confirmed: {answer:?}", answers.len());
        assert!(answers.insert(answer.sequence, answer).is_none(), "answered twice");
    }
    answers
}

fn told(daemon: &Daemon, count: f64) {
    until("all are told", PATIENCE, || (daemon.metrics().value("mo_total{carrier=\"acme\"}") == count).then_some(()));
    let page = daemon.metrics();
    assert_eq!(page.sum("deliveries_put_off_total", &[]), 0.0);
    assert_eq!(page.sum("malformed_pdus_total", &[]), 0.0);
}

#[test]
fn five_hundred_in_the_write_of_the_bind_resp_before_it_or_behind_it_are_taken() {
    for before in [0, 1, 250, 500] {
        let smsc = Smsc::new();
        let daemon = Daemon::start(&configuration(smsc.port(), ""));
        let mut link = smsc.accept();
        let bind = link.read().expect("a bind");
        let bound = raw::pdu(bind.command | raw::RESPONSE, 0, bind.sequence, b"raw\0");
        link.send(&[messages(0..before), bound, messages(before..500)].concat());
        let answers = confirmed(&mut link, 500);
        assert!(answers.keys().copied().eq(FIRST..FIRST + 500));
        told(&daemon, 500.0);
    }
}

#[test]
fn what_comes_before_a_bind_beyond_the_buffer_is_put_off_and_counted_as_ours() {
    let smsc = Smsc::new();
    let daemon =
        Daemon::start(&configuration(smsc.port(), "inbound_buffer = \"64KiB\"\nput_off_status = \"ESME_RTHROTTLED\""));
    let mut link = smsc.accept();
    let bind = link.read().expect("a bind");
    let bound = raw::pdu(bind.command | raw::RESPONSE, 0, bind.sequence, b"raw\0");
    link.send(&[messages(0..1_000), bound].concat());
    let mut statuses = BTreeMap::<u32, u32>::new();
    for _ in 0..1_000 {
        *statuses.entry(link.read_command(DELIVERED).status).or_default() += 1;
    }
    let (taken, put_off) = (statuses[&0], statuses[&0x58]);
    assert_eq!(taken + put_off, 1_000, "{statuses:?}");
    assert!((100..500).contains(&taken), "{statuses:?}");
    let page = daemon.metrics();
    let counted = page.value("deliveries_put_off_total{carrier=\"acme\",cause=\"early\"}");
    assert_eq!((counted, page.sum("malformed_pdus_total", &[])), (f64::from(put_off), 0.0));
    assert_eq!(daemon.count("the carrier sent what it should not"), 0);
}

#[test]
fn a_carrier_may_keep_a_hundred_and_fifty_unanswered_and_send_four_hundred_after_a_pause() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    link.send(&messages(0..150));
    for next in 150..2_000 {
        assert_eq!(link.read_command(DELIVERED).status, 0);
        link.send(&messages(next..next + 1));
    }
    confirmed(&mut link, 150);
    link.close();
    let mut link = smsc.bound();
    link.send(&messages(2_000..2_400));
    confirmed(&mut link, 400);
    told(&daemon, 2_400.0);
}

#[test]
fn a_buffer_of_a_few_messages_refuses_none_and_loses_none() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), "inbound_buffer = \"64KiB\""));
    let mut link = smsc.bound();
    let mut other = link.again();
    let writing = std::thread::spawn(move || other.send(&messages(0..10_000)));
    confirmed(&mut link, 10_000);
    writing.join().expect("it only writes");
    told(&daemon, 10_000.0);
}

/// A simulated carrier that sends nothing again, and all at once; and where it listens.
fn never_again(more: &[&str]) -> (Process, u16) {
    sim(&[&["--never-again"], more].concat())
}

/// Ends it; what its summary counts.
fn summary(mut sim: Process) -> BTreeMap<String, u64> {
    sim.signal(Signal::TERM);
    assert!(sim.end(PATIENCE).success());
    sim.line(PATIENCE, |lines| {
        let count = |it: &String| Some((it.split_once(' ')?.0.to_owned(), it.split_once(' ')?.1.parse().ok()?));
        let counts: BTreeMap<_, _> = lines.iter().filter_map(count).collect();
        counts.contains_key("oddities").then_some(counts)
    })
}

#[test]
fn twenty_thousand_receipts_of_a_carrier_that_sends_nothing_again_are_all_confirmed() {
    // The receipts are due within a second, when all submits are through.
    let (sim, port) = never_again(&["--receipts", "3s..4s"]);
    let daemon = Daemon::start(&configuration(port, "window = 100"));
    let mut client = daemon.client();
    for slice in 0..20 {
        let number = |it: u64| json!({ "to": format!("+3161{:07}", slice * MANY / 20 + it), "text": "once" });
        let to: Vec<Value> = (0..MANY / 20).map(number).collect();
        let reply = client.post("/v1/messages", &json!({ "to": to, "from": "shop" }));
        assert_eq!(reply.status, 202, "{}", reply.text());
    }
    until("all are delivered", PATIENCE, || {
        (daemon.metrics().value("messages_total{route=\"1\",status=\"DELIVERED\"}") == MANY as f64).then_some(())
    });
    assert_eq!(daemon.metrics().sum("deliveries_put_off_total", &[]), 0.0);
    let summary = summary(sim);
    let counts = ["receipts_sent", "receipts_confirmed", "receipts_refused", "receipts_lost"].map(|it| summary[it]);
    assert_eq!(counts, [MANY, MANY, 0, 0]);
}

#[test]
fn twenty_thousand_messages_of_a_carrier_that_sends_nothing_again_are_all_told() {
    let (mut sim, port) = never_again(&[]);
    let daemon = Daemon::start(&configuration(port, ""));
    daemon.said("bound", 1);
    let lines: Vec<String> = (0..MANY).map(|it| format!("message nuncio 4917{it:08} 12345 message {it}")).collect();
    sim.say(&lines.join("\n"));
    told(&daemon, MANY as f64);
    let summary = summary(sim);
    let counts = ["messages", "messages_confirmed", "messages_refused", "messages_lost"].map(|it| summary[it]);
    assert_eq!(counts, [MANY, MANY, 0, 0]);
}
