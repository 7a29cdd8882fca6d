//! Habits 1 to 20: whose ids receipts name, and how they are carried. From the octets of a frame
//! to what is told, and once through a whole daemon.

use crate::daemon::raw::{self, DELIVER_SM, RESPONSE, SUBMIT_SM, Smsc, deliver};
use crate::daemon::{Daemon, account, carrier, route, until};
use bytes::{Bytes, BytesMut};
use nuncio::carrier::dialect::Dialect;
use nuncio::carrier::id::forms;
use nuncio::carrier::inbound::news;
use nuncio::carrier::report::{News, ReceiptNews};
use nuncio::message::attempt::CarrierMessageId;
use nuncio::message::status::Status;
use nuncio::smpp::address::Address;
use nuncio::smpp::cstring::CString;
use nuncio::smpp::data::DataSm;
use nuncio::smpp::pdu::{Body, Pdu};
use nuncio::smpp::sm::Sm;
use nuncio::smpp::tlv::{Tag, Tlvs, TlvsBuilder};
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A receipt of the SMSC.
pub(super) const RECEIPT: u8 = 0x04;

/// What a body is taken for after its way over the wire.
fn told_by(body: Body, dialect: &Dialect) -> News {
    let mut octets = BytesMut::new();
    Pdu::request(1, body).encode(&mut octets).unwrap();
    news(&Pdu::decode(octets.freeze()).unwrap().body, dialect).unwrap()
}

fn sm(class: u8, text: &[u8], tlvs: TlvsBuilder) -> Sm {
    Sm {
        source: Address { ton: 1, npi: 1, digits: CString::from("31612345678") },
        destination: Address { ton: 5, npi: 0, digits: CString::from("shop") },
        esm_class: class,
        short_message: Bytes::copy_from_slice(text),
        tlvs: tlvs.build(),
        ..Sm::default()
    }
}

/// What a deliver_sm is taken for.
fn told(class: u8, text: &[u8], tlvs: TlvsBuilder) -> News {
    told_by(Body::DeliverSm(sm(class, text, tlvs)), &Dialect::default())
}

fn receipt_of(news: News) -> ReceiptNews {
    match news {
        News::Receipt(receipt) => receipt,
        News::Mo(mo) => panic!("a message of a handset: {mo:?}"),
    }
}

/// A receipt with this text, of any length, and these TLVs.
pub(super) fn receipt(text: &[u8], tlvs: TlvsBuilder) -> ReceiptNews {
    receipt_of(told(RECEIPT, text, tlvs))
}

pub(super) fn ids(receipt: &ReceiptNews) -> Vec<&str> {
    receipt.ids.iter().map(CarrierMessageId::as_str).collect()
}

/// Status and the carrier's word.
pub(super) fn words(receipt: &ReceiptNews) -> (Status, &str) {
    (receipt.receipt.status, &receipt.receipt.raw_status)
}

/// Whether a receipt under this id may be about the part that was answered with that one.
fn fits(answer: &str, receipt: &str) -> bool {
    let [answer, receipt] = [answer, receipt].map(|it| CarrierMessageId::new(it).unwrap());
    forms(&receipt).iter().any(|it| it.fits(&answer))
}

#[test]
fn quirk_01_an_id_in_hexadecimal_is_found_by_one_in_decimal_and_the_reverse() {
    for (hexadecimal, decimal) in
        [("6aad5", "0000436949"), ("18d0e03a", "0416342074"), ("1d305b4c", "0489708364"), ("33647f6c", "862224236")]
    {
        assert!(fits(hexadecimal, decimal), "{hexadecimal} {decimal}");
        assert!(fits(decimal, hexadecimal), "{decimal} {hexadecimal}");
    }
    assert!(!fits("6aad5", "436950"));
}

#[test]
fn quirk_02_an_id_written_in_two_ways_is_that_of_the_tlv_first() {
    for (tlv, text) in [("6aad5", "0000436949"), ("18d0e03a", "0416342074"), ("1d305b4c", "0489708364")] {
        let receipt = receipt(format!("id:{text} stat:DELIVRD").as_bytes(), named(tlv.as_bytes()));
        assert_eq!(ids(&receipt), [tlv, text]);
    }
}

#[test]
fn quirk_03_leading_zeros_do_not_count_and_a_zero_stays_one() {
    assert!(fits("123", "0000000123") && fits("0000000123", "123"));
    assert!(fits("0", "0000000000"));
    assert!(!fits("0", "1") && !fits("100", "1"));
}

#[test]
fn quirk_04_upper_and_lower_case_are_one() {
    assert!(fits("0D9A2F", "0d9a2f") && fits("4a38dc46-5125", "4A38DC46-5125"));
}

#[test]
fn quirk_05_long_and_odd_ids_are_text() {
    for id in [
        "4a38dc46-5125-4969-90be-72104c340d5c",
        "a29f6845555647139e5c8f3b817f2c9a",
        "171026125222636445993424531920",
        "1479978899.393701000100@1154905154",
        &"x".repeat(255),
    ] {
        let receipt = receipt(b"stat:DELIVRD", named(id.as_bytes()));
        assert_eq!(ids(&receipt), [id]);
        assert!(fits(id, id));
    }
    // The two of one receipt differ by a suffix: the answer may have had either.
    let receipt = receipt(b"id:1479978899.393701000100 stat:DELIVRD", named(b"1479978899.393701000100@1154905154"));
    assert_eq!(ids(&receipt), ["1479978899.393701000100@1154905154", "1479978899.393701000100"]);
    // Digits beyond 64 bits differ in all of them.
    assert!(!fits("171026125222636445993424531920", "171026125222636445993424531921"));
}

#[test]
fn quirk_06_an_id_that_may_be_both_is_read_as_both() {
    // As hexadecimal 4660, as decimal 0x4d2; and as itself.
    assert!(fits("1234", "1234") && fits("4660", "1234") && fits("4d2", "1234"));
    assert!(!fits("12g4", "4660"));
}

/// A receipted_message_id.
fn named(id: &[u8]) -> TlvsBuilder {
    Tlvs::build().push(Tag::RECEIPTED_MESSAGE_ID, id)
}

#[test]
fn quirk_07_the_id_of_a_tlv_ends_at_its_nul_or_without_one() {
    let whole = "4a38dc46-5125-4969-90be-72104c340d5c";
    for written in [
        whole.to_owned(),
        format!("{whole}\0"),
        format!("{whole}\0\0\0 "),
        format!("{whole}\0junk"),
        format!(" {whole} "),
    ] {
        assert_eq!(ids(&receipt(b"stat:DELIVRD", named(written.as_bytes()))), [whole], "{written:?}");
    }
    assert_eq!(ids(&receipt(b"id:7 stat:DELIVRD", named(b"\0\0"))), ["7"]);
}

#[test]
fn quirk_08_the_tlv_is_believed_where_the_text_says_otherwise() {
    let failed = named(b"a1").push(Tag::MESSAGE_STATE, &[5]);
    let both = receipt(b"id:b2 stat:DELIVRD err:034", failed);
    assert_eq!((ids(&both), words(&both)), (vec!["a1", "b2"], (Status::Failed, "DELIVRD")));
    assert_eq!(both.receipt.error_code.as_deref(), Some("034"));
    // A state that no specification has says nothing.
    let odd = receipt(b"id:b2 stat:DELIVRD", Tlvs::build().push(Tag::MESSAGE_STATE, &[77]));
    assert_eq!(words(&odd), (Status::Delivered, "DELIVRD"));
}

#[test]
fn quirk_10_a_receipt_may_be_all_in_tlvs() {
    let tlvs = || named(b"362d9701").push(Tag::MESSAGE_STATE, &[2]).push(Tag::NETWORK_ERROR_CODE, &[3, 0, 34]);
    for text in [&b""[..], b"362d9701 2", b"\0"] {
        let receipt = receipt(text, tlvs());
        assert_eq!((ids(&receipt), words(&receipt)), (vec!["362d9701"], (Status::Delivered, "DELIVRD")));
        assert_eq!(receipt.receipt.error_code.as_deref(), Some("034"));
    }
    for (state, status, word) in [
        (0, Status::Queued, "SCHEDULED"),
        (1, Status::Sent, "ENROUTE"),
        (3, Status::Expired, "EXPIRED"),
        (4, Status::Failed, "DELETED"),
        (5, Status::Failed, "UNDELIV"),
        (6, Status::Sent, "ACCEPTD"),
        (7, Status::Unknown, "UNKNOWN"),
        (8, Status::Failed, "REJECTD"),
        (9, Status::Failed, "SKIPPED"),
    ] {
        assert_eq!(words(&receipt(b"", named(b"1").push(Tag::MESSAGE_STATE, &[state]))), (status, word));
    }
}

#[test]
fn quirk_11_the_text_fills_what_the_tlvs_leave_out_and_the_reverse() {
    let no_state = receipt(b"id:77 stat:UNDELIV err:005", named(b"77"));
    assert_eq!((ids(&no_state), words(&no_state)), (vec!["77"], (Status::Failed, "UNDELIV")));
    let no_id = receipt(b"sub:001 dlvrd:001 stat:DELIVRD err:000", named(b"88"));
    assert_eq!((ids(&no_id), words(&no_id)), (vec!["88"], (Status::Delivered, "DELIVRD")));
    let only_state = receipt(b"id:99", Tlvs::build().push(Tag::MESSAGE_STATE, &[3]));
    assert_eq!((ids(&only_state), words(&only_state)), (vec!["99"], (Status::Expired, "EXPIRED")));
}

#[test]
fn quirk_12_a_receipt_in_data_sm_is_one_as_in_deliver_sm() {
    let data = |tlvs: TlvsBuilder| {
        let Sm { source, destination, tlvs, .. } = sm(RECEIPT, b"", tlvs);
        let data = DataSm { source, destination, esm_class: RECEIPT, tlvs, ..DataSm::default() };
        receipt_of(told_by(Body::DataSm(data), &Dialect::default()))
    };
    let by_tlvs = named(b"a1").push(Tag::MESSAGE_STATE, &[2]);
    assert_eq!(data(by_tlvs), receipt(b"", named(b"a1").push(Tag::MESSAGE_STATE, &[2])));
    let text = b"id:7 submit date:1706011200 done date:1706011201 stat:UNDELIV err:034";
    assert_eq!(data(Tlvs::build().push(Tag::MESSAGE_PAYLOAD, text)), receipt(text, Tlvs::build()));
}

#[test]
fn quirk_13_an_ordinary_text_is_a_receipt_only_where_the_operator_says_so() {
    let text = b"id:1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:";
    let by_content = Dialect { receipts_by_content: true, ..Dialect::default() };
    let ordinary = |text: &[u8], dialect: &Dialect| told_by(Body::DeliverSm(sm(0, text, Tlvs::build())), dialect);
    assert!(matches!(ordinary(text, &Dialect::default()), News::Mo(_)), "anybody could write it");
    assert_eq!(ids(&receipt_of(ordinary(text, &by_content))), ["1"]);
    for text in [&b"hello"[..], b"id:1", b"stat:DELIVRD", b"myid:1 xstat:DELIVRD"] {
        assert!(matches!(ordinary(text, &by_content), News::Mo(_)), "{text:?}");
    }
    // What a handset cannot write is believed.
    assert_eq!(ids(&receipt_of(told(0, b"", named(b"1").push(Tag::MESSAGE_STATE, &[2])))), ["1"]);
}

#[test]
fn quirk_14_other_values_of_esm_class_are_receipts_too() {
    let text = b"id:1 stat:DELIVRD";
    for class in [0x04, 0x06, 0x07, 0x08, 0x10, 0x18, 0x20, 0x24, 0x44, 0x84] {
        let receipt = receipt_of(told(class, text, Tlvs::build()));
        assert_eq!((ids(&receipt), receipt.receipt.status), (vec!["1"], Status::Delivered), "{class:#x}");
    }
    // The acknowledgement of a person about no message is what the person writes.
    for class in [0x08, 0x10, 0x18, 0x40, 0x03] {
        assert!(matches!(told(class, b"yes, I come", Tlvs::build()), News::Mo(_)), "{class:#x}");
    }
}

#[test]
fn quirk_15_a_user_data_header_before_a_receipt_is_passed_by() {
    let text = [&b"\x05\x00\x03\x84\x01\x01"[..], b"id:7 stat:DELIVRD err:000"].concat();
    assert_eq!(ids(&receipt_of(told(RECEIPT | 0x40, &text, Tlvs::build()))), ["7"]);
    assert_eq!(ids(&receipt(&text, Tlvs::build())), ["7"], "without the bit that announces it");
    let wide: Vec<u8> = "id:7 stat:DELIVRD".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let wide = [&b"\x05\x00\x03\x84\x01\x01"[..], &wide].concat();
    assert_eq!(ids(&receipt_of(told(RECEIPT | 0x40, &wide, Tlvs::build()))), ["7"]);
    // The bit alone, before a text that begins with a great length: there is no header.
    assert_eq!(ids(&receipt_of(told(RECEIPT | 0x40, b"id:7 stat:DELIVRD", Tlvs::build()))), ["7"]);
}

#[test]
fn quirk_16_a_word_on_the_way_ends_nothing() {
    for word in ["ENROUTE", "ACCEPTD", "BUFFERED", "SCHEDULED"] {
        let receipt = receipt(format!("id:1 stat:{word} err:000").as_bytes(), Tlvs::build());
        assert!(!receipt.receipt.status.is_final(), "{word}");
        assert_eq!(&*receipt.receipt.raw_status, word);
    }
    let passing = receipt_of(told(0x20, b"id:1 stat:UNDELIV err:001", Tlvs::build()));
    assert_eq!(words(&passing), (Status::Sent, "UNDELIV"));
}

#[test]
fn quirk_18_a_receipt_in_message_payload_or_in_utf_16_is_read() {
    let payload = |text: &[u8]| Tlvs::build().push(Tag::MESSAGE_PAYLOAD, text);
    let text = b"id:7 stat:EXPIRED err:001";
    assert_eq!(words(&receipt(b"", payload(text))), (Status::Expired, "EXPIRED"));
    let [big, little] = [u16::to_be_bytes, u16::to_le_bytes].map(|order| -> Vec<u8> {
        "id:1b1720be stat:DELIVRD err:000 text:Привет".encode_utf16().flat_map(order).collect()
    });
    for text in [&big, &little] {
        for coding in [0, 8] {
            let body = |text: &[u8], tlvs| Body::DeliverSm(Sm { data_coding: coding, ..sm(RECEIPT, text, tlvs) });
            for body in [body(text, Tlvs::build()), body(b"", payload(text))] {
                let receipt = receipt_of(told_by(body, &Dialect::default()));
                assert_eq!((ids(&receipt), receipt.receipt.status), (vec!["1b1720be"], Status::Delivered));
            }
        }
    }
}

#[test]
fn quirk_20_nuls_behind_and_a_cut_in_a_key_do_no_harm() {
    let text = b"id:0000436949 submit date:1504211508 done date:1504211508 stat:DELIVRD err:000";
    let clean = receipt(text, named(b"6aad5"));
    for padded in [&[&text[..], b"\0"].concat(), &[b"\0\0", &text[..], b"\0\0"].concat(), &[&text[..], b" te"].concat()]
    {
        assert_eq!(receipt(padded, named(b"6aad5")), clean);
    }
    // Behind short_message, uncounted, before a TLV.
    let mut frame = raw::pdu(DELIVER_SM, 0, 1, &[&deliver(4, text)[..], b"\0\x00\x1E\0\x056aad5"].concat());
    for lie in [5, 0x41] {
        let at = frame.len() - 6;
        frame[at] = lie;
        let body = Pdu::decode(frame.clone().into()).unwrap().body;
        let read = receipt_of(news(&body, &Dialect::default()).unwrap());
        assert_eq!((ids(&read), words(&read)), (vec!["6aad5", "0000436949"], (Status::Delivered, "DELIVRD")));
    }
}

/// A daemon and its carrier, on one link.
struct World {
    daemon: Daemon,
    link: raw::Link,
    sequence: u32,
}

impl World {
    fn new() -> Self {
        let smsc = Smsc::new();
        let daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
        let link = smsc.bound();
        Self { daemon, link, sequence: 100 }
    }

    /// Sends a text whose parts the carrier answers with these ids, and gives the message's id.
    fn send(&mut self, text: &str, answers: &[&str]) -> String {
        let body = json!({ "to": "+31612345678", "from": "shop", "text": text });
        let reply = self.daemon.client().post("/v1/messages", &body);
        assert_eq!(reply.status, 202, "{}", reply.text());
        for answer in answers {
            let submit = self.link.read_command(SUBMIT_SM);
            self.link.answer(&submit, 0, &[answer.as_bytes(), b"\0"].concat());
        }
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Delivers the text of a receipt and waits for its answer.
    fn receipt(&mut self, text: &str) {
        self.sequence += 1;
        self.link.send_pdu(DELIVER_SM, self.sequence, &deliver(4, text.as_bytes()));
        let answer = self.link.read_command(DELIVER_SM | RESPONSE);
        assert_eq!((answer.status, answer.sequence), (0, self.sequence), "{text}");
    }

    fn status(&self, message: &str) -> String {
        let reply = self.daemon.client().get(&format!("/v1/messages/{message}"));
        reply.json()["status"].as_str().unwrap_or_else(|| panic!("{}", reply.text())).to_owned()
    }

    fn becomes(&self, message: &str, status: &str) {
        until(status, PATIENCE, || (self.status(message) == status).then_some(()));
    }

    fn count(&self, name: &str) -> f64 {
        self.daemon.metrics().value(name)
    }
}

#[test]
fn quirks_01_to_06_every_form_of_an_id_finds_its_message_in_a_daemon() {
    let mut world = World::new();
    for (answer, receipt) in [
        ("6aad5", "0000436949"),
        ("862224236", "33647F6C"),
        ("0000001231", "1231"),
        ("ABCDEFab", "abcdefAB"),
        ("4a38dc46-5125-4969-90be-72104c340d5c", "4A38DC46-5125-4969-90BE-72104C340D5C"),
        ("171026125222636445993424531920", "171026125222636445993424531920"),
        ("0", "0000000000"),
    ] {
        let message = world.send(answer, &[answer]);
        world.becomes(&message, "SENT");
        world.receipt(&format!("id:{receipt} sub:001 dlvrd:001 stat:DELIVRD err:000 text:"));
        world.becomes(&message, "DELIVERED");
    }
}

#[test]
fn quirk_09_the_parts_of_a_message_have_receipts_of_their_own() {
    let mut world = World::new();
    let message = world.send(&"long ".repeat(60), &["first-7", "another-8"]);
    world.receipt("id:another-8 stat:DELIVRD err:000");
    world.receipt("id:first-7 stat:ENROUTE err:000");
    assert_eq!(world.status(&message), "SENT", "one of two has arrived");
    world.receipt("id:first-7 stat:DELIVRD err:000");
    world.becomes(&message, "DELIVERED");
}

#[test]
fn quirk_17_receipts_nobody_asked_for_that_come_twice_or_late_change_nothing() {
    let mut world = World::new();
    let message = world.send("hello", &["a1"]);
    world.receipt("id:stranger stat:DELIVRD err:000");
    world.receipt("id:a1 stat:ENROUTE err:000");
    world.receipt("id:a1 stat:ENROUTE err:000");
    assert_eq!(world.status(&message), "SENT");
    world.receipt("id:a1 stat:DELIVRD err:000");
    world.becomes(&message, "DELIVERED");
    for again in ["DELIVRD", "UNDELIV", "ENROUTE", "DELIVRD"] {
        world.receipt(&format!("id:a1 stat:{again} err:000"));
    }
    assert_eq!(world.status(&message), "DELIVERED");
    let counts = || {
        let [duplicate, late] = ["duplicate", "late"];
        let count = |it| world.count(&format!("receipts_{it}_total{{carrier=\"acme\"}}"));
        (count(duplicate), count(late), world.count("receipts_parked"))
    };
    until("they are counted", PATIENCE, || (counts() == (3.0, 2.0, 1.0)).then_some(()));
}
