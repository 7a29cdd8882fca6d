//! What handsets send that is easily lost or misread: repeats that are meant, alphabets that are not those that are
//! stated, names, parameters, and numbers without a country code; the real binary against an SMSC of bare octets.

use crate::daemon::raw::{self, Link, Smsc};
use crate::daemon::{Daemon, account, carrier, route, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// The messages to 12345 and those to nobody are the shop's.
fn configuration(port: u16, more: &str) -> String {
    account("[1]") + &carrier(port, more) + &route("") + "[[inbound]]\naccount = \"shop\"\n"
}

/// A deliver_sm, where most of it is as always.
#[derive(Clone)]
struct Message<'a> {
    ton: u8,
    from: &'a [u8],
    to: &'a str,
    esm_class: u8,
    data_coding: u8,
    octets: &'a [u8],
    tlvs: &'a [u8],
}

const USUAL: Message<'_> =
    Message { ton: 1, from: b"31611111111", to: "12345", esm_class: 0, data_coding: 0, octets: b"", tlvs: b"" };

impl Message<'_> {
    fn body(&self) -> Vec<u8> {
        let length = u8::try_from(self.octets.len()).expect("short");
        let numbered = [self.esm_class, 0, 0, 0, 0, 0, 0, self.data_coding, 0, length];
        let address = [&[self.ton, 1], self.from, b"\0\0\x01", self.to.as_bytes(), b"\0"].concat();
        [b"\0", &*address, &numbered, self.octets, self.tlvs].concat()
    }

    /// Sends it and waits for its confirmation.
    fn deliver(&self, link: &mut Link, sequence: u32) {
        link.send_pdu(raw::DELIVER_SM, sequence, &self.body());
        let answer = link.read_command(raw::DELIVER_SM | raw::RESPONSE);
        assert_eq!((answer.sequence, answer.status), (sequence, 0), "it is confirmed");
    }
}

fn say(link: &mut Link, sequence: u32, text: &str) {
    Message { octets: text.as_bytes(), ..USUAL }.deliver(link, sequence);
}

/// The data of all events of the account.
fn told(daemon: &Daemon) -> Vec<Value> {
    let log = daemon.client().get("/v1/events?types=message.received").json();
    let events = log["data"].as_array().unwrap_or_else(|| panic!("{log}"));
    events.iter().map(|it| it["data"].clone()).collect()
}

fn texts(daemon: &Daemon) -> Vec<String> {
    told(daemon).iter().map(|it| it["text"].as_str().unwrap_or_default().to_owned()).collect()
}

fn redelivered(daemon: &Daemon) -> f64 {
    daemon.metrics().value("mo_redelivered_total{carrier=\"acme\"}")
}

fn suppressed(daemon: &Daemon) -> Vec<String> {
    let list = daemon.operator().get("/admin/v1/suppressions").json();
    let list = list["data"].as_array().unwrap_or_else(|| panic!("{list}")).clone();
    list.iter().map(|it| it["to"].as_str().unwrap_or_default().to_owned()).collect()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Waits until the daemon knows that a link has gone.
fn is_down(daemon: &Daemon, link: Link) {
    // Which bind came first nobody knows: the first to come is counted, whichever it is.
    let ended = || daemon.metrics().sum("link_transitions_total", &["to=\"down\""]);
    let before = ended();
    drop(link);
    until("the link is down", PATIENCE, || (before < ended()).then_some(()));
}

#[test]
fn what_is_said_again_on_a_session_that_lives_is_meant_and_told() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), "binds = 2"));
    let (mut link, mut other) = (smsc.bound(), smsc.bound());
    for sequence in 5..8 {
        say(&mut link, sequence, "TACHO status:0");
    }
    say(&mut other, 5, "another");
    // One write, as a carrier sends what has waited at it.
    let both = [9, 10].map(|it| raw::pdu(raw::DELIVER_SM, 0, it, &Message { octets: b"1", ..USUAL }.body())).concat();
    link.send(&both);
    for _ in 0..2 {
        assert_eq!(link.read_command(raw::DELIVER_SM | raw::RESPONSE).status, 0);
    }
    let expected = ["TACHO status:0", "TACHO status:0", "TACHO status:0", "another", "1", "1"];
    assert_eq!((texts(&daemon), redelivered(&daemon)), (expected.map(str::to_owned).to_vec(), 0.0));
}

#[test]
fn what_comes_again_after_its_session_has_ended_is_told_once_and_the_next_is_another() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), "binds = 2"));
    let (mut link, mut other) = (smsc.bound(), smsc.bound());
    say(&mut link, 5, "1");
    say(&mut other, 5, "2");
    is_down(&daemon, link);
    // Beyond the time in which the news of that end might be under way.
    sleep(Duration::from_secs(1));
    say(&mut other, 6, "1");
    let mut link = smsc.bound();
    say(&mut link, 1, "1");
    // It is counted when it has been answered.
    until("both are counted", PATIENCE, || (redelivered(&daemon) == 2.0).then_some(()));
    assert_eq!(texts(&daemon), ["1", "2"]);
    // That has been answered on sessions that live.
    sleep(Duration::from_secs(1));
    say(&mut link, 2, "1");
    say(&mut other, 7, "2");
    let expected = ["1", "2", "1", "2"].map(str::to_owned).to_vec();
    assert_eq!((texts(&daemon), redelivered(&daemon)), (expected, 2.0));
}

#[test]
fn what_was_answered_later_than_carriers_wait_is_told_once() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    say(&mut link, 5, "before");
    daemon.signal(Signal::STOP);
    link.send_pdu(raw::DELIVER_SM, 6, &Message { octets: b"late", ..USUAL }.body());
    sleep(Duration::from_secs(6));
    link.send_pdu(raw::DELIVER_SM, 7, &Message { octets: b"late", ..USUAL }.body());
    daemon.signal(Signal::CONT);
    for _ in 0..2 {
        assert_eq!(link.read_command(raw::DELIVER_SM | raw::RESPONSE).status, 0);
    }
    until("it is counted", PATIENCE, || (redelivered(&daemon) == 1.0).then_some(()));
    assert_eq!(texts(&daemon), ["before", "late"]);
}

#[test]
fn orders_are_heeded_in_their_sequence_and_over_ends_of_sessions() {
    let smsc = Smsc::new();
    let mut daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    let mut sequence = 4;
    let mut order = |daemon: &Daemon, link: &mut Link, words: &[&str]| {
        for word in words {
            sequence += 1;
            say(link, sequence, word);
        }
        suppressed(daemon).len()
    };
    assert_eq!(order(&daemon, &mut link, &["STOP", "START", "STOP"]), 1);
    assert_eq!(order(&daemon, &mut link, &["START", "STOP", "START"]), 0);
    assert_eq!(order(&daemon, &mut link, &["STOP"]), 1);
    let before = told(&daemon).len();
    daemon.kill();
    daemon.restart();
    let mut link = smsc.bound();
    assert_eq!(order(&daemon, &mut link, &["STOP"]), 1, "a carrier that has not seen the answer");
    assert_eq!(told(&daemon).len(), before, "it is told once");
    // Both again as they were, and another STOP: whichever it is, the last is heeded.
    assert_eq!(order(&daemon, &mut link, &["START", "STOP"]), 1);
    is_down(&daemon, link);
    let mut link = smsc.bound();
    assert_eq!(order(&daemon, &mut link, &["START"]), 0);
    assert_eq!(order(&daemon, &mut link, &["STOP"]), 1);
}

#[test]
fn a_number_without_its_country_code_is_never_that_of_somebody_else() {
    let forms: [(u8, &[u8]); 5] =
        [(2, b"633333336"), (2, b"0633333336"), (0, b"633333336"), (0, b"0633333336"), (1, b"0633333336")];
    for (more, of_account, expected) in
        [("", "", None), ("region = \"NL\"", "", Some("+31633333336")), ("", "region = \"NL\"\n", Some("+31633333336"))]
    {
        let smsc = Smsc::new();
        let text = configuration(smsc.port(), more).replacen("[[account]]\n", &format!("[[account]]\n{of_account}"), 1);
        let daemon = Daemon::start(&text);
        let mut link = smsc.bound();
        for (sequence, (ton, from)) in (5..).step_by(2).zip(forms) {
            Message { ton, from, octets: b"STOP", ..USUAL }.deliver(&mut link, sequence);
            let list: Vec<&str> = expected.into_iter().collect();
            assert_eq!(suppressed(&daemon), list, "{ton} {more} {of_account}");
            let event = told(&daemon).last().cloned().expect("it is told");
            assert_eq!(event["from"], String::from_utf8_lossy(from).as_ref(), "as it came");
            assert_eq!(event["opt_out"], if expected.is_some() { json!(true) } else { Value::Null });
            Message { ton, from, octets: b"START", ..USUAL }.deliver(&mut link, sequence + 1);
        }
        let unheeded = if expected.is_some() { 0.0 } else { 10.0 };
        assert_eq!(daemon.metrics().value("opt_outs_unheeded_total{carrier=\"acme\"}"), unheeded);
        let lines = daemon.count("a keyword of a handset is not heeded: its number has no country code");
        assert_eq!(lines as f64, unheeded);
        assert_eq!(
            daemon.metrics().value("opt_outs_total{account=\"shop\"}"),
            if expected.is_some() { 5.0 } else { 0.0 }
        );
    }
}

#[test]
fn nothing_is_lost_of_a_text_in_another_alphabet_than_is_said() {
    let (russian, shop) = (utf16("Привет, ç"), utf16("Shop"));
    let packed = b"\xC8\x32\x9B\xFD\x06\xDD\xDF\x72\x36\x19";
    let rows: [(u8, &[u8], &str, &str, &str); 6] = [
        (0, &russian, "Привет, ç", "ucs2", "{ \"0\" = \"ucs2\" }"),
        (0, &shop, "Shop", "ucs2", "{ \"0\" = \"ucs2\" }"),
        (1, b"TE\xCE\xA3T ", "TEΣT ", "utf8", "{ \"1\" = \"utf8\" }"),
        (1, b"Confirm\xE9", "Confirmé", "latin1", "{ \"1\" = \"latin1\" }"),
        (0, packed, "Hello world", "gsm7", "{ \"0\" = \"gsm7-packed\" }"),
        (0, b"Confirm\xC3\xA9", "Confirmé", "utf8", "{ \"0\" = \"utf8\" }"),
    ];
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    for (sequence, (data_coding, octets, ..)) in (5..).zip(rows) {
        Message { data_coding, octets, ..USUAL }.deliver(&mut link, sequence);
        let event = told(&daemon).last().cloned().expect("it is told");
        let expected = json!(nuncio::text::base64::encode(octets));
        assert_eq!((&event["data"], &event["data_coding"]), (&expected, &json!(data_coding)), "{event}");
        assert!(event["text"].is_string(), "{event}");
    }
    say(&mut link, 90, "plain");
    let plain = told(&daemon).last().cloned().expect("it is told");
    assert_eq!((&plain["data"], &plain["data_coding"]), (&Value::Null, &Value::Null));
    for (data_coding, octets, text, encoding, option) in rows {
        let smsc = Smsc::new();
        let daemon = Daemon::start(&configuration(smsc.port(), &format!("inbound_alphabet = {option}")));
        Message { data_coding, octets, ..USUAL }.deliver(&mut smsc.bound(), 5);
        let [event] = &told(&daemon)[..] else { panic!("{:?}", told(&daemon)) };
        assert_eq!((&event["text"], &event["encoding"]), (&json!(text), &json!(encoding)), "{option}");
        assert_eq!(event["data"], Value::Null, "{option}");
    }
}

#[test]
fn a_header_whose_length_is_one_too_big_leaves_the_text_whole() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    let two = b"\x06\x00\x03\xF3\x02\x02\x06\x31\x06\x45\x00\x0A\x06\x34\x06\x45\x06\x27\x06\x31\x06\x47";
    let one = [b"\x06\x00\x03\xF3\x02\x01", &*utf16("سلام ")].concat();
    for (sequence, octets) in (5..).zip([&two[..], &one]) {
        Message { esm_class: 0x40, data_coding: 8, octets, ..USUAL }.deliver(&mut link, sequence);
    }
    let [event] = &told(&daemon)[..] else { panic!("{:?}", told(&daemon)) };
    assert_eq!((&event["text"], &event["parts"]), (&json!("سلام رم\nشماره"), &json!(2)));
    assert_eq!(event["data"], Value::Null);
}

#[test]
fn a_name_in_the_alphabet_of_gsm_is_read_in_it() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), ""));
    let from = b"\x44\x49\x54\x11\x4D\x6F\x73\x4C\x6F\x67";
    Message { ton: 5, from, octets: b"hello", ..USUAL }.deliver(&mut smsc.bound(), 5);
    assert_eq!(told(&daemon)[0]["from"], "DIT_MosLog");
}

#[test]
fn parameters_that_come_with_a_message_are_told_as_requests_have_them() {
    let smsc = Smsc::new();
    let mut daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    let tlvs = b"\x05\x01\x00\x01\x01\x02\x04\x00\x02\x0C\xA3";
    let mut body = Message { to: "", octets: b"*372#", tlvs, ..USUAL }.body();
    body.splice(0..1, *b"USSD\0");
    link.send_pdu(raw::DELIVER_SM, 5, &body);
    assert_eq!(link.read_command(raw::DELIVER_SM | raw::RESPONSE).status, 0);
    // Parts that wait keep theirs over a kill, and their own numbers are told otherwise.
    let sar = |index: u8| [b"\x02\x0C\0\x02\0\x07\x02\x0E\0\x01\x02\x02\x0F\0\x01", &[index][..]].concat();
    let part = |index: u8, more: &[u8]| [&*sar(index), more].concat();
    let (one, two) = (part(1, b"\x14\x01\0\x03acm"), part(2, b"\x14\x01\0\x01x\x14\x02\0\0"));
    Message { octets: b"one ", tlvs: &one, ..USUAL }.deliver(&mut link, 6);
    daemon.kill();
    daemon.restart();
    Message { octets: b"two", tlvs: &two, ..USUAL }.deliver(&mut smsc.bound(), 7);
    let [ussd, long] = &told(&daemon)[..] else { panic!("{:?}", told(&daemon)) };
    assert_eq!((&ussd["to"], &ussd["text"]), (&json!(""), &json!("*372#")));
    assert_eq!(ussd["tlvs"], json!({ "0x0501": "hex:01", "0x0204": "hex:0CA3" }));
    assert_eq!(long["text"], "one two");
    assert_eq!(long["tlvs"], json!({ "0x1401": "hex:61636D", "0x1402": "hex:" }));
}
