//! What a peer repeats as it likes does not fill the log, and is counted there to the last.

use crate::daemon::raw::{Link, Smsc, deliver};
use crate::daemon::{Daemon, account, carrier, route, until};
use rustix::process::Signal;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const DELIVER_SM: u32 = 5;
const DELIVER_SM_RESP: u32 = 0x8000_0005;
const FLOOD: u32 = 5_000;
/// Lines that a flood may leave, with those of a start, a session and a stop.
const LINES_MAX: usize = 60;

/// Sends this so often, and waits until all is confirmed.
fn flood(link: &mut Link, body: impl Fn(u32) -> Vec<u8> + Send + 'static) {
    let mut sender = link.again();
    let sends = std::thread::spawn(move || (1..=FLOOD).for_each(|nth| sender.send_pdu(DELIVER_SM, nth, &body(nth))));
    for _ in 0..FLOOD {
        assert_eq!(link.read_command(DELIVER_SM_RESP).status, 0);
    }
    sends.join().expect("all is sent");
}

/// Stops the daemon, and gives how many lines it wrote and how often it says that this happened.
fn told(daemon: &Daemon, said: &str) -> (usize, u64) {
    daemon.signal(Signal::TERM);
    daemon.said("stopped", 1);
    let lines = daemon.lines();
    let of = |line: &&serde_json::Value| line["message"] == said || line["said"] == said;
    let count =
        |line: &serde_json::Value| u64::from(line["message"] == said) + line["left_out"].as_u64().unwrap_or_default();
    (lines.len(), lines.iter().filter(of).map(count).sum())
}

fn config(port: u16, more: &str) -> String {
    account("[1]") + &carrier(port, more) + &route("")
}

#[test]
fn receipts_for_nothing_leave_few_lines_and_all_are_counted() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&config(smsc.port(), "parked_for = \"1s\""));
    let mut link = smsc.bound();
    flood(&mut link, |nth| {
        let text = format!(
            "id:none{nth:06} sub:001 dlvrd:001 submit date:2611270000 done date:2611270000 stat:DELIVRD err:000 text:"
        );
        deliver(4, text.as_bytes())
    });
    until("all are given up", PATIENCE, || {
        (daemon.metrics().value("receipts_unmatched_total{carrier=\"acme\"}") == f64::from(FLOOD)).then_some(())
    });
    let (lines, told) = told(&daemon, "a receipt was given up that fits no message");
    assert!(lines < LINES_MAX, "{lines} lines");
    assert_eq!(told, u64::from(FLOOD));
}

#[test]
fn messages_of_handsets_that_no_rule_takes_leave_few_lines_and_all_are_counted() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&config(smsc.port(), ""));
    let mut link = smsc.bound();
    flood(&mut link, |nth| deliver(0, format!("hello {nth}").as_bytes()));
    until("all are told", PATIENCE, || {
        (daemon.metrics().value("mo_unrouted_total{carrier=\"acme\"}") == f64::from(FLOOD)).then_some(())
    });
    let (lines, told) = told(&daemon, "no [[inbound]] fits a message from a handset");
    assert!(lines < LINES_MAX, "{lines} lines");
    assert_eq!(told, u64::from(FLOOD));
}

#[test]
fn a_carrier_that_closes_whenever_we_come_leaves_few_lines_and_all_are_counted() {
    const COMES: u64 = 200;
    let smsc = Smsc::new();
    let quick = carrier(smsc.port(), "").replace("\"50ms\", max = \"200ms\"", "\"10ms\", max = \"10ms\"");
    let daemon = Daemon::start(&(account("[1]") + &quick + &route("")));
    for _ in 0..COMES {
        smsc.accept().close();
    }
    let up = smsc.bound();
    daemon.said("bound", 1);
    let (lines, told) = told(&daemon, "link is down, next try follows");
    drop(up);
    assert!(lines < LINES_MAX, "{lines} lines");
    assert_eq!(told, COMES);
}
