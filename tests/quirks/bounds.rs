//! What a hostile peer can cost: its own link, and less memory than a few PDUs. Never another link.

use crate::daemon::raw::{self, Link, Smsc};
use crate::daemon::{Daemon, account, carrier_named, until};
use crate::quirks::stage::{DELIVERED, Delivery, PATIENCE, Stage};
use nuncio::carrier::esme::Esme;
use nuncio::link::options::{Credentials, Options};
use nuncio::session::version::Version;
use nuncio::wire::driver::{self, Ended};
use nuncio::wire::secret::Secret;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

/// What one link may cost beyond what it costs anyway: the buffers of both directions, and some
/// room for what the allocator and others do meanwhile.
const LINK_MAX: u64 = 2 << 20;

/// What some 20,000 receipts of nothing that is known take, in memory and in the cache of the store.
const PARKED_MAX: u64 = 32 << 20;

/// The longest PDU.
const PDU_MAX: u32 = 73_728;

/// Two carriers, each with a route of its own: 1 over `acme`, 2 over `beta`.
struct Two {
    acme: Smsc,
    daemon: Daemon,
    hostile: Link,
    good: Link,
    texts: u32,
}

impl Two {
    fn new(acme_lines: &str) -> Self {
        let (acme, beta) = (Smsc::new(), Smsc::new());
        let carrier = |id: &str, port: u16, lines: &str| {
            let number = if id == "acme" { 1 } else { 2 };
            carrier_named(id, port, lines) + &format!("[[route]]\nid = {number}\ncarriers = [\"{id}\"]\n")
        };
        let config = account("[1, 2]") + &carrier("acme", acme.port(), acme_lines) + &carrier("beta", beta.port(), "");
        let daemon = Daemon::start(&config);
        let (hostile, good) = (acme.bound(), beta.bound());
        Self { acme, daemon, hostile, good, texts: 0 }
    }

    /// A message goes out at the carrier that does no harm.
    fn other_works(&mut self) {
        self.texts += 1;
        let text = format!("{}", self.texts);
        let body = json!({ "to": "+31612345678", "from": "shop", "text": text, "route_id": 2 });
        assert_eq!(self.daemon.client().post("/v1/messages", &body).status, 202);
        let submit = self.good.read_command(raw::SUBMIT_SM);
        assert!(submit.body.ends_with(text.as_bytes()), "{submit:?}");
        self.good.answer(&submit, 0, b"\0");
    }
}

#[test]
fn a_long_pdu_that_trickles_costs_its_octets_and_ends_as_silence() {
    let mut two = Two::new("enquire_link = \"300ms\"\nresponse_timeout = \"500ms\"");
    two.other_works();
    // What writing the metrics for the first time takes is no part of what a link costs.
    two.daemon.metrics();
    let before = two.daemon.peak();
    // Announced in full, most of it sent at once, the rest drop by drop: never a whole PDU.
    let mut octets = [&PDU_MAX.to_be_bytes()[..], &raw::DELIVER_SM.to_be_bytes(), &[0; 8]].concat();
    octets.resize(72_000, b'x');
    two.hostile.send(&octets);
    let mut drops = 0;
    until("the link is given up", PATIENCE, || {
        two.hostile.send(b"x");
        drops += 1;
        if drops % 16 == 0 {
            two.other_works();
        }
        (two.daemon.metrics().value("link_transitions_total{carrier=\"acme\",bind=\"acme-1\",to=\"down\"}") == 1.0)
            .then_some(())
    });
    assert_eq!(two.daemon.said("session ended", 1)["reason"], "the peer is silent");
    assert!(two.daemon.peak() < before + LINK_MAX, "{} octets more", two.daemon.peak() - before);
    two.hostile = two.acme.bound();
    two.other_works();
}

#[test]
fn a_peer_that_reads_no_answers_loses_its_link_and_nobody_else_does() {
    let mut two = Two::new("write_timeout = \"1500ms\"");
    two.other_works();
    let before = two.daemon.peak();
    let Two { mut hostile, acme, daemon, good, texts } = two;
    let questions: Vec<u8> = (0..4_096).flat_map(|it| raw::pdu(raw::ENQUIRE_LINK, 0, it, &[])).collect();
    // Ends when the daemon has closed: until then the octets fill the buffers of the system.
    let flood = std::thread::spawn(move || while hostile.try_send(&questions) {});
    let mut two = Two { hostile: acme.bound(), acme, daemon, good, texts };
    flood.join().expect("it only writes");
    assert_eq!(two.daemon.said("session ended", 1)["reason"], "the peer took nothing of what was written for it");
    assert!(two.daemon.peak() < before + LINK_MAX, "{} octets more", two.daemon.peak() - before);
    two.other_works();
    two.hostile.send_pdu(raw::ENQUIRE_LINK, 3, &[]);
    assert_eq!(two.hostile.read_command(raw::ENQUIRE_LINK | raw::RESPONSE).sequence, 3);
}

#[test]
fn a_flood_costs_the_buffer_and_each_of_it_is_taken_with_one_answer() {
    const COUNT: u32 = 20_000;
    let mut stage = Stage::new("inbound_buffer = \"64KiB\"");
    stage.works();
    let before = stage.daemon.peak();
    let receipt = |it: u32| {
        let text = format!("id:{it} stat:DELIVRD err:000");
        raw::pdu(raw::DELIVER_SM, 0, it, &raw::deliver(4, text.as_bytes()))
    };
    let mut other = stage.link.again();
    let flood = std::thread::spawn(move || other.send(&(0..COUNT).flat_map(receipt).collect::<Vec<u8>>()));
    let mut answers = BTreeSet::new();
    while answers.len() < COUNT as usize {
        let answer = stage.link.read_command(DELIVERED);
        assert_eq!(answer.status, 0, "{answer:?}");
        assert!(answers.insert(answer.sequence), "{} was answered twice", answer.sequence);
    }
    flood.join().expect("it only writes");
    // The receipts are parked: that is the memory of the loop, and bounded too.
    assert!(stage.daemon.peak() < before + LINK_MAX + PARKED_MAX, "{} octets more", stage.daemon.peak() - before);
    stage.works();
}

#[test]
fn answers_to_nothing_are_counted_and_do_not_fill_the_log() {
    const COUNT: u32 = 10_000;
    let mut stage = Stage::new("");
    stage.works();
    let before = stage.daemon.peak();
    let answers: Vec<u8> =
        (0..COUNT).flat_map(|it| raw::pdu(raw::SUBMIT_SM | raw::RESPONSE, 0, 1_000 + it, b"what\0")).collect();
    stage.link.send(&answers);
    stage.counts("sequence", f64::from(COUNT));
    let lines = stage.daemon.count("the carrier sent what it should not");
    assert!((16..40).contains(&lines), "{lines} lines for {COUNT} answers");
    assert!(stage.daemon.peak() < before + LINK_MAX, "{} octets more", stage.daemon.peak() - before);
    stage.works();
}

#[test]
fn a_pdu_that_is_cut_at_any_octet_is_answered_and_the_next_one_is_read() {
    let mut stage = Stage::new("");
    let tail = crate::quirks::stage::tlv(0x001E, b"cut");
    let whole = Delivery { esm_class: 4, text: b"id:cut stat:DELIVRD", tail: &tail, ..Delivery::default() }.body();
    for length in 0..=whole.len() {
        let answer = stage.deliver(&whole[..length]);
        // All is there from the length of the text on.
        let readable = whole.len() - tail.len() - b"id:cut stat:DELIVRD".len() <= length;
        assert_eq!(answer.status == 0, readable, "{length} of {}: {:#x}", whole.len(), answer.status);
    }
    stage.works();
}

#[test]
fn garbage_after_any_prefix_ends_the_conversation_and_nothing_else() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let bind_resp = raw::pdu(0x8000_0009, 0, 1, b"raw\0");
    let stream = [
        raw::pdu(raw::DELIVER_SM, 0, 7, &raw::deliver(4, b"id:1 stat:DELIVRD")),
        raw::pdu(raw::SUBMIT_SM | raw::RESPONSE, 0, 2, b"1\0"),
        raw::pdu(raw::ENQUIRE_LINK, 0, 8, &[]),
    ]
    .concat();
    let garbage = [&[0xA5; 64][..], &[0; 64], &[0xFF; 64], b"GET / HTTP/1.1\r\n\r\n"];
    for length in 0..=stream.len() {
        for garbage in garbage {
            let said = [&bind_resp, &stream[..length], garbage].concat();
            let ended = runtime.block_on(converse(&said));
            assert!(matches!(ended, Ended::Garbled(_) | Ended::Closed(_)), "{length}: {ended:?}");
        }
    }
}

/// How a conversation ends whose peer says this and goes.
async fn converse(said: &[u8]) -> Ended {
    let credentials = Credentials {
        system_id: "nuncio".into(),
        password: Secret::new("secret".into()),
        system_type: "".into(),
        interface_version: Version::V34,
        address_range: (0, 0, "".into()),
    };
    let settings = Options::new("acme".into(), Vec::new(), credentials).settings();
    let mut esme = Esme::new(tokio::time::Instant::now().into_std(), 0, settings);
    let (ours, mut theirs) = tokio::io::duplex(4_096);
    let (_orders, mut commands) = mpsc::channel(1);
    let options = driver::Options::default();
    let peer = async {
        theirs.write_all(said).await.expect("there is room");
        drop(theirs);
    };
    let limit = Duration::from_secs(3_600);
    let drive = tokio::time::timeout(limit, driver::drive(&mut esme, ours, &mut commands, |_| (), &options));
    tokio::join!(drive, peer).0.expect("it ends")
}
