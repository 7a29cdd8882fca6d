//! Habits 46 to 54: binds, versions, signs of life, ends, numbers.

use crate::daemon::raw::{self, Frame, Link, Smsc};
use crate::daemon::{Daemon, account, route, until};
use crate::quirks::stage::{Delivery, PATIENCE, Stage, tlv};
use bytes::Bytes;
use nuncio::session::Session;
use nuncio::session::input::Input;
use nuncio::session::options::Options;
use nuncio::session::output::{Output, SessionEvent};
use nuncio::session::version::Version;
use nuncio::smpp::bind::{Bind, BindKind};
use nuncio::smpp::pdu::Pdu;
use std::time::{Duration, Instant};

const BIND_RECEIVER: u32 = 1;
const BIND_TRANSMITTER: u32 = 2;
const BIND_TRANSCEIVER: u32 = 9;
const SC_INTERFACE_VERSION: u16 = 0x0210;

#[test]
fn quirk_46_an_smsc_that_says_no_version_speaks_the_assumed_one() {
    for assumed in [Version::V33, Version::V34] {
        for body in [&b""[..], b"\0", b"smsc\0"] {
            assert_eq!(agreed(body, 0x34, assumed), assumed, "{body:?}");
        }
    }
    // We never speak more than we have said.
    assert_eq!(agreed(b"smsc\0", 0x33, Version::V34), Version::V33);
    let mut stage = Stage::new("");
    stage.works();
}

#[test]
fn quirk_47_an_odd_version_is_one_of_the_three() {
    let odd = [
        (0x00, Version::V33),
        (0x33, Version::V33),
        (0x34, Version::V34),
        (0x4F, Version::V34),
        (0x50, Version::V50),
        (0xFF, Version::V50),
        // 34 and 50 in decimal.
        (34, Version::V34),
        (50, Version::V50),
    ];
    for (octet, version) in odd {
        for tag in [SC_INTERFACE_VERSION, SC_INTERFACE_VERSION.swap_bytes()] {
            let body = [&b"smsc\0"[..], &tlv(tag, &[octet])].concat();
            assert_eq!(agreed(&body, 0x50, Version::V33), version, "{tag:#x} {octet:#x}");
        }
    }
    // Two octets, none, and a field that ends early.
    for (value, version) in [(&b"\0\x34"[..], Version::V34), (b"", Version::V33)] {
        let body = [&b"smsc\0"[..], &tlv(SC_INTERFACE_VERSION, value)].concat();
        assert_eq!(agreed(&body, 0x50, Version::V33), version, "{value:?}");
    }
    assert_eq!(agreed(b"smsc\0\x02\x10\0", 0x50, Version::V34), Version::V34);
    // Whatever it says, the daemon is bound.
    let smsc = Smsc::new();
    let _daemon = alone(smsc.port(), "");
    for tail in [tlv(0x1002, &[0x34]), tlv(SC_INTERFACE_VERSION, &[0x22]), tlv(SC_INTERFACE_VERSION, &[])] {
        let mut link = smsc.accept();
        let bind = link.read().expect("a bind");
        link.answer(&bind, 0, &[&b"smsc\0"[..], &tail].concat());
        link.send_pdu(raw::UNBIND, 1, &[]);
        assert_eq!(link.read().expect("an answer").status, 0);
    }
}

/// What two sides speak after a bind with `ours` was answered with this body.
fn agreed(body: &[u8], ours: u8, assumed: Version) -> Version {
    let now = Instant::now();
    let bind = Bind { interface_version: ours, ..Bind::default() };
    let options = Options { assumed_version: assumed, ..Options::default() };
    let mut session = Session::esme(now, BindKind::Transceiver, bind, options);
    assert!(matches!(session.poll(), Output::Send(_)));
    let octets = raw::pdu(BIND_TRANSCEIVER | raw::RESPONSE, 0, 1, body);
    session.handle(now, Input::Pdu(Pdu::decode(Bytes::from(octets)).expect("it can be read")));
    match session.poll() {
        Output::Event(SessionEvent::Bound { version, .. }) => version,
        other => panic!("not bound: {other:?}"),
    }
}

#[test]
fn quirk_48_the_login_is_said_as_it_is_configured() {
    for (lines, said) in [
        ("password = \"Zk7pQ2xw\"", &b"nuncio\0Zk7pQ2xw\0\0\x34\0\0\0"[..]),
        ("password = \"more than eight\"\nsystem_type = \"VMA\"", b"nuncio\0more than eight\0VMA\0\x34\0\0\0"),
        (
            "password = \"as long as the configuration may\"\naddress_range = { ton = 1, npi = 2, range = \"^49\" }",
            b"nuncio\0as long as the configuration may\0\0\x34\x01\x02^49\0",
        ),
    ] {
        let smsc = Smsc::new();
        let _daemon = without_password(smsc.port(), lines);
        assert_eq!(smsc.accept().read().expect("a bind").body, said, "{lines}");
    }
}

#[test]
fn quirk_49_a_refused_login_is_not_tried_again_at_once() {
    let smsc = Smsc::new();
    let daemon = alone(smsc.port(), "reconnect = { base = \"10ms\", max = \"20ms\", refused = \"600ms\" }");
    // The same thing is called a wrong password here and a failed bind there.
    let mut refused: Option<Instant> = None;
    for status in [0x0E, 0x0D, 0x0F] {
        let mut link = smsc.accept();
        if let Some(it) = refused {
            assert!(Duration::from_millis(600) <= it.elapsed(), "it came back after {:?}", it.elapsed());
        }
        let bind = link.read().expect("a bind");
        link.answer(&bind, status, &[]);
        refused = Some(Instant::now());
        link.read_to_close();
    }
    let line = daemon.said("session ended", 1);
    assert_eq!((&line["level"], &line["reason"]), (&"WARN".into(), &"the bind was refused with ESME_RINVPASWD".into()));
}

#[test]
fn quirk_50_an_enquiry_is_answered_in_any_state_and_all_traffic_is_life() {
    const ENQUIRE_LINK_RESP: u32 = raw::ENQUIRE_LINK | raw::RESPONSE;
    let smsc = Smsc::new();
    let daemon = alone(smsc.port(), "enquire_link = \"100ms\"\nresponse_timeout = \"500ms\"");
    let mut link = smsc.accept();
    let bind = link.read().expect("a bind");
    let enquire = |link: &mut Link, sequence: u32| {
        link.send_pdu(raw::ENQUIRE_LINK, sequence, &[]);
        let answer = link.read_command(ENQUIRE_LINK_RESP);
        let expected = Frame { command: ENQUIRE_LINK_RESP, status: 0, sequence, body: Vec::new() };
        assert_eq!(answer, expected);
    };
    enquire(&mut link, 77);
    link.answer(&bind, 0, b"raw\0");
    // It never answers ours, but it asks: for longer than a silent peer is borne.
    let began = Instant::now();
    for nth in 0..10 {
        assert_eq!(link.read().expect("an enquiry").command, raw::ENQUIRE_LINK);
        enquire(&mut link, 100 + nth);
    }
    assert!(Duration::from_millis(900) < began.elapsed());
    // One with a body that it should not have, and an answer to nothing, are life as well.
    link.send_pdu(raw::ENQUIRE_LINK, 200, b"\0\0");
    assert_eq!(link.read_command(ENQUIRE_LINK_RESP).sequence, 200);
    assert_eq!(link.read().expect("an enquiry").command, raw::ENQUIRE_LINK);
    let silent = Instant::now();
    link.read_to_close();
    assert!(Duration::from_millis(450) < silent.elapsed(), "given up after {:?}", silent.elapsed());
    assert_eq!(daemon.said("session ended", 1)["reason"], "the peer is silent");
}

#[test]
fn quirk_51_whoever_closes_after_an_unbind_has_answered_it() {
    let mut stage = Stage::new("unbind_timeout = \"300ms\"");
    // They unbind, and expect that we close.
    stage.link.send_pdu(raw::UNBIND, 9, &[]);
    let said = stage.link.read_to_close();
    assert_eq!((said[0].command, said[0].status, said[0].sequence), (raw::UNBIND | raw::RESPONSE, 0, 9));
    assert_eq!(stage.daemon.said("session ended", 1)["reason"], "unbound by the peer");
    stage.link = stage.smsc.bound();
    stage.works();
    // We unbind, and they neither answer nor close.
    let Stage { daemon, link, .. } = &mut stage;
    daemon.signal(rustix::process::Signal::TERM);
    link.read_command(raw::UNBIND);
    assert_eq!(link.read_to_close(), []);
    assert_eq!(daemon.end().code(), Some(0));
    // We unbind, and they close.
    let mut stage = Stage::new("unbind_timeout = \"60s\"");
    stage.daemon.signal(rustix::process::Signal::TERM);
    stage.link.read_command(raw::UNBIND);
    drop(stage.link);
    assert_eq!(stage.daemon.end().code(), Some(0));
}

#[test]
fn quirk_52_without_a_transceiver_there_are_two_links_and_receipts_come_on_both() {
    let smsc = Smsc::new();
    let daemon = alone(smsc.port(), "bind = \"split\"\ninterface_version = \"3.3\"");
    let mut links = [smsc.accept(), smsc.accept()].map(|mut link| {
        let bind = link.read().expect("a bind");
        assert_eq!(bind.body, b"nuncio\0Zk7pQ2xw\0\0\x33\0\0\0");
        link.answer(&bind, 0, b"raw\0");
        (bind.command, link)
    });
    links.sort_by_key(|it| it.0);
    let [(BIND_RECEIVER, mut receiver), (BIND_TRANSMITTER, mut transmitter)] = links else {
        panic!("not a receiver and a transmitter");
    };
    let mut client = daemon.client();
    for (name, on_transmitter) in [("a", true), ("b", false)] {
        let body = serde_json::json!({ "to": "+31612345678", "from": "shop", "text": "one" });
        assert_eq!(client.post("/v1/messages", &body).status, 202);
        let submit = transmitter.read_command(raw::SUBMIT_SM);
        transmitter.answer(&submit, 0, format!("{name}\0").as_bytes());
        let link = if on_transmitter { &mut transmitter } else { &mut receiver };
        let text = format!("id:{name} stat:DELIVRD err:000");
        link.send_pdu(raw::DELIVER_SM, 7, &raw::deliver(4, text.as_bytes()));
        let answer = link.read_command(raw::DELIVER_SM | raw::RESPONSE);
        assert_eq!((answer.status, answer.sequence), (0, 7));
    }
    until("both are delivered", PATIENCE, || {
        (daemon.metrics().value("messages_total{route=\"1\",status=\"DELIVERED\"}") == 2.0).then_some(())
    });
}

#[test]
fn quirk_53_any_number_is_echoed_and_ours_begin_with_one() {
    let mut stage = Stage::new("");
    let receipt = raw::deliver(4, b"id:9 stat:DELIVRD");
    for sequence in [0, 1, 0x2F70_C69A, 0x569D_3E36, 0x7FFF_FFFF, 0x8000_0000, u32::MAX, 0] {
        stage.link.send_pdu(raw::DELIVER_SM, sequence, &receipt);
        let answer = stage.link.read_command(raw::DELIVER_SM | raw::RESPONSE);
        assert_eq!((answer.sequence, answer.status), (sequence, 0));
    }
    // The bind was 1.
    for expected in 2..5 {
        let (_, submit) = stage.submit("one");
        assert_eq!(submit.sequence, expected);
        stage.link.answer(&submit, 0, b"\0");
    }
}

#[test]
fn quirk_54_answers_come_in_any_order_and_requests_twice() {
    let mut stage = Stage::new("");
    let sent: Vec<_> = ["a", "b", "c"].iter().map(|it| (*it, stage.submit(it))).collect();
    for (name, (_, submit)) in sent.iter().rev() {
        stage.link.answer(submit, 0, format!("{name}\0").as_bytes());
    }
    for (name, (id, _)) in &sent {
        assert_eq!(stage.becomes(id, "SENT")["attempts"][0]["carrier_message_id"], *name);
    }
    // They never heard our answer, and say it again on the next session.
    stage.receipt("id:b stat:DELIVRD err:000");
    let before = stage.becomes(&sent[1].1.0, "DELIVERED");
    stage.link = reconnected(&stage.smsc, &mut stage.link);
    stage.receipt("id:b stat:DELIVRD err:000");
    stage.shows("receipts_duplicate_total{carrier=\"acme\"}", 1.0);
    assert_eq!(stage.message(&sent[1].1.0), before);
    let twice = Delivery { esm_class: 4, text: b"id:b stat:UNDELIV err:001", ..Delivery::default() };
    assert_eq!(stage.deliver(&twice.body()).status, 0);
    stage.shows("receipts_late_total{carrier=\"acme\"}", 1.0);
    let mut after = stage.message(&sent[1].1.0);
    let later = after["attempts"][0]["later_receipts"].take();
    assert_eq!((&later[0]["raw_status"], later.as_array().map(Vec::len)), (&"UNDELIV".into(), Some(1)));
    after["attempts"][0]["later_receipts"] = before["attempts"][0]["later_receipts"].clone();
    assert_eq!(after, before);
}

/// The link that follows on one that breaks.
fn reconnected(smsc: &Smsc, link: &mut Link) -> Link {
    link.send_pdu(raw::UNBIND, 8, &[]);
    link.read_to_close();
    smsc.bound()
}

/// A daemon whose link nobody has bound yet; `lines` are further lines of its carrier.
pub(super) fn alone(port: u16, lines: &str) -> Daemon {
    without_password(port, &format!("password = \"Zk7pQ2xw\"\n{lines}"))
}

fn without_password(port: u16, lines: &str) -> Daemon {
    let head = format!("[[carrier]]\nid = \"acme\"\naddress = [\"127.0.0.1:{port}\"]\nsystem_id = \"nuncio\"\n");
    Daemon::start(&(account("[1]") + &head + lines + "\n" + &route("")))
}
