//! What carriers say and no message needs: it is on the page of its message, or kept for operators.

use crate::quirks::gateway::{Gateway, HANDSET, about};
use crate::quirks::stage::{Delivery, Stage, tlv};
use nuncio::carrier::dialect::Dialect;
use nuncio::dispatch::door::fact::Fate;
use nuncio::message::phase::Phase;
use nuncio::message::receipt::Receipt;
use nuncio::message::status::Status;
use nuncio::smpp::pdu::PduBody;
use nuncio::smpp::sm::Sm;
use serde_json::{Value, json};
use std::time::Duration;

/// The later receipts of a message's only attempt, as words and codes.
fn later(gateway: &Gateway, key: nuncio::message::id::PartKey) -> Vec<(String, String)> {
    let receipt = gateway.part(key).attempt.expect("it was tried").receipt.expect("it has a receipt");
    let word = |it: &Receipt| (it.raw_status.to_string(), it.error_code.as_deref().unwrap_or_default().to_owned());
    receipt.later.iter().map(word).collect()
}

fn said(words: &[(&str, &str)]) -> Vec<(String, String)> {
    words.iter().map(|(word, code)| ((*word).to_owned(), (*code).to_owned())).collect()
}

#[test]
fn an_end_that_the_carrier_has_said_is_not_corrected_by_its_later_words() {
    for (first, later, end) in [
        ("EXPIRED", "DELIVRD", Phase::Expired),
        ("UNDELIV", "DELIVRD", Phase::Failed),
        ("DELIVRD", "EXPIRED", Phase::Delivered),
        ("UNKNOWN", "DELIVRD", Phase::Delivered),
        ("UNKNOWN", "UNDELIV", Phase::Failed),
    ] {
        let mut gateway = Gateway::new(Dialect::default());
        let key = gateway.sent(HANDSET, "77");
        for word in [first, later] {
            gateway.receipt(&format!("id:77 stat:{word} err:000"));
        }
        assert_eq!(gateway.phase(key), end, "{first}, then {later}");
    }
    // What we ended for want of news is corrected by the first that comes.
    let mut gateway = Gateway::new(Dialect::default());
    let key = gateway.sent(HANDSET, "77");
    gateway.later(Duration::from_secs(30 * 86_400));
    assert_eq!(gateway.phase(key), Phase::Unknown);
    gateway.receipt("id:77 stat:EXPIRED err:000");
    assert_eq!(gateway.phase(key), Phase::Expired);
}

#[test]
fn what_a_carrier_says_after_the_end_is_kept_once_and_within_bounds() {
    let mut gateway = Gateway::new(Dialect::default());
    let key = gateway.sent(HANDSET, "77");
    assert_eq!(gateway.receipt("id:77 stat:UNDELIV err:034"), Fate::Matched);
    let ended = gateway.part(key);
    for (text, fate) in [
        ("id:77 stat:DELIVRD err:000", Fate::Late),
        ("id:77 stat:DELIVRD err:000", Fate::Duplicate),
        ("id:77 stat:ENROUTE err:000", Fate::Late),
        ("id:77 stat:UNDELIV err:034", Fate::Duplicate),
        ("id:77 stat:EXPIRED err:001", Fate::Late),
    ] {
        assert_eq!(gateway.receipt(text), fate, "{text}");
    }
    let words = said(&[("DELIVRD", "000"), ("ENROUTE", "000"), ("EXPIRED", "001")]);
    assert_eq!(later(&gateway, key), words);
    gateway.restart();
    assert_eq!(later(&gateway, key), words, "it is durable");
    assert_eq!(gateway.receipt("id:77 stat:DELIVRD err:000"), Fate::Duplicate, "after a restart, too");
    for code in 0..20 {
        assert_eq!(gateway.receipt(&format!("id:77 stat:DELIVRD err:9{code:02}")), Fate::Late);
    }
    let part = gateway.part(key);
    assert_eq!(later(&gateway, key).len(), Receipt::LATER_MAX);
    assert_eq!((part.phase(), part.reason, part.done_at), (Phase::Failed, ended.reason, ended.done_at));
    let first = part.attempt.unwrap().receipt.unwrap();
    assert_eq!((first.status, &*first.raw_status), (Status::Failed, "UNDELIV"));
}

#[test]
fn what_was_said_before_a_correction_stays_a_correction() {
    let mut gateway = Gateway::new(Dialect::default());
    let key = gateway.sent(HANDSET, "77");
    gateway.receipt("id:77 stat:UNKNOWN");
    assert_eq!((gateway.receipt("id:77 stat:ENROUTE"), gateway.phase(key)), (Fate::Late, Phase::Unknown));
    gateway.receipt("id:77 stat:DELIVRD");
    assert_eq!((gateway.phase(key), later(&gateway, key)), (Phase::Delivered, said(&[("ENROUTE", "")])));
}

#[test]
fn what_is_announced_as_a_receipt_and_names_no_message_is_kept_as_it_came() {
    let mut gateway = Gateway::new(Dialect::default());
    let key = gateway.sent(HANDSET, "77");
    for (esm_class, text) in
        [(0x04, "Where is my parcel?"), (0x20, "Where is my parcel?"), (0x04, "stat:UNDELIV err:1")]
    {
        let before = gateway.store.events().count();
        let body = PduBody::DeliverSm(Sm { esm_class, ..about(HANDSET, text) });
        assert_eq!((gateway.receive(&body), gateway.phase(key)), (Fate::Unread, Phase::Sent), "{text}");
        let kept: Vec<_> = gateway.store.events().skip(before).collect();
        let [event] = kept[..] else { panic!("{kept:?}") };
        assert_eq!((event.account, event.kind.word()), (None, "receipt.unread"));
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data["data"], nuncio::text::base64::encode(text.as_bytes()), "{data}");
        assert_eq!(data["esm_class"], format!("0x{esm_class:02X}"));
    }
}

#[test]
fn nothing_said_settles_no_doubt() {
    let mut gateway = Gateway::new(Dialect::default());
    let ticket = gateway.send(HANDSET, 1)[0];
    gateway.doubt(ticket);
    assert_eq!(gateway.phase(ticket.key()), Phase::Doubtful);
    assert_eq!((gateway.receipt("thank you"), gateway.phase(ticket.key())), (Fate::Unread, Phase::Doubtful));
    assert_eq!((gateway.receipt("stat:DELIVRD"), gateway.phase(ticket.key())), (Fate::Matched, Phase::Delivered));
}

#[test]
fn a_page_shows_the_parameters_of_a_receipt_and_what_came_later_and_operators_see_what_was_no_receipt() {
    let mut stage = Stage::new("statuses = { NOCRED = \"FAILED\" }");
    let receipt = |text: &str, tail: Vec<u8>| {
        Delivery { esm_class: 4, text: text.as_bytes(), tail: &tail, ..Delivery::default() }.body()
    };
    let (id, submit) = stage.submit("one");
    stage.link.answer(&submit, 0, b"A1\0");
    let tail =
        [tlv(0x1401, &[0, 7]), tlv(0x1402, b"acme"), tlv(0x1441, b"20404"), tlv(0x001E, b"A1\0"), tlv(0x0427, &[5])];
    assert_eq!(stage.deliver(&receipt("id:A1 stat:UNDELIV err:034", tail.concat())).status, 0);
    let message = stage.becomes(&id, "FAILED");
    let tlvs = json!({ "0x1401": "hex:0007", "0x1402": "hex:61636D65", "0x1441": "hex:3230343034" });
    assert_eq!(message["attempts"][0]["receipt"]["tlvs"], tlvs, "{message:#}");
    assert_eq!(message["attempts"][0]["later_receipts"], json!([]));
    // A final number beside another final word goes first, and is shown where the word says otherwise.
    stage.receipt("id:A1 stat:DELIVRD err:000");
    let message = stage.awaits(&id, "what came later", |it| it["attempts"][0]["later_receipts"][0].is_object());
    let later = &message["attempts"][0]["later_receipts"][0];
    assert_eq!(
        (&later["status"], &later["raw_status"], &later["error_code"]),
        (&json!("DELIVERED"), &json!("DELIVRD"), &json!("000"))
    );
    assert!(later["received_at"].is_string());
    assert_eq!((&message["status"], &message["error"]["carrier_code"]), (&json!("FAILED"), &json!("034")));
    stage.shows("receipts_late_total{carrier=\"acme\"}", 1.0);
    // What it says in its own words, and in words of nobody.
    for (name, word, status) in [("B2", "NOCRED", "FAILED"), ("B3", "SYSERR", "UNKNOWN"), ("B4", "SYSERR", "UNKNOWN")] {
        let (id, submit) = stage.submit(name);
        stage.link.answer(&submit, 0, format!("{name}\0").as_bytes());
        stage.receipt(&format!("id:{name} stat:{word} err:500"));
        stage.becomes(&id, status);
    }
    let line = stage.daemon.said("nobody knows what a carrier's word of state means: the key may say it", 1);
    assert_eq!((&line["word"], &line["key"]), (&json!("SYSERR"), &json!("statuses")), "{line}");
    assert_eq!(stage.daemon.count("nobody knows what a carrier's word"), 1);
    // A type that is reserved is a message; what is announced as a receipt and is none is kept.
    for esm_class in [0x04, 0x0C, 0x1C, 0x3C, 0x20, 0x24] {
        let delivery = Delivery { esm_class, text: b"Where is my parcel?", ..Delivery::default() };
        assert_eq!(stage.deliver(&delivery.body()).status, 0);
    }
    let mut operator = stage.daemon.operator();
    let kept = crate::daemon::until("all are kept", Duration::from_secs(20), || {
        let page = operator.get("/admin/v1/events/unrouted").json();
        page["data"].as_array().filter(|it| it.len() == 6).cloned()
    });
    let unread: Vec<&Value> = kept.iter().filter(|it| it["type"] == "receipt.unread").collect();
    assert_eq!((unread.len(), kept.iter().filter(|it| it["type"] == "message.received").count()), (2, 4), "{kept:#?}");
    assert_eq!(unread[0]["data"]["data"], "V2hlcmUgaXMgbXkgcGFyY2VsPw==");
    assert_eq!((&unread[0]["data"]["esm_class"], &unread[1]["data"]["esm_class"]), (&json!("0x04"), &json!("0x20")));
    stage.shows("receipts_unread_total{carrier=\"acme\"}", 2.0);
    stage.shows("receipts_unmatched_total{carrier=\"acme\"}", 0.0);
    stage.daemon.restart();
    let mut operator = stage.daemon.operator();
    assert_eq!(operator.get("/admin/v1/events/unrouted").json()["data"].as_array().map(Vec::len), Some(6));
}
