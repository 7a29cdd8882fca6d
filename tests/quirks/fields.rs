//! Habits 67 to 75: addresses, flags, alphabets, operations and parameters that others use otherwise.

use crate::daemon::raw::{self, Frame};
use crate::quirks::stage::{DELIVERED, Delivery, INVALID_LENGTH, INVALID_STATE, Stage, tlv};
use bytes::Bytes;
use nuncio::smpp::pdu::{Pdu, PduBody};
use serde_json::{Value, json};

const QUERY_SM: u32 = 0x03;
const REPLACE_SM: u32 = 0x07;
const CANCEL_SM: u32 = 0x08;
const SUBMIT_MULTI: u32 = 0x21;
const ALERT_NOTIFICATION: u32 = 0x0102;
const BROADCAST_SM: u32 = 0x0111;
const QUERY_BROADCAST_SM: u32 = 0x0112;
const CANCEL_BROADCAST_SM: u32 = 0x0113;

#[test]
fn quirk_67_a_sender_is_a_number_a_short_code_a_name_or_nothing() {
    let mut stage = Stage::new("");
    let sources: [(u8, u8, &[u8]); 7] = [
        (5, 0, b"ACME\0"),
        (3, 0, b"1234\0"),
        (0, 0, b"\0"),
        (0, 0, b"0031612345678\0"),
        (1, 1, b"+31612345678\0"),
        (1, 1, b"not a number\0"),
        (7, 99, b"12\0"),
    ];
    for (nth, source) in sources.iter().enumerate() {
        let (id, submit) = stage.submit("one");
        stage.link.answer(&submit, 0, format!("f{nth}\0").as_bytes());
        let text = format!("id:f{nth} stat:DELIVRD err:000");
        let receipt = Delivery { source: *source, esm_class: 4, text: text.as_bytes(), ..Delivery::default() };
        assert_eq!(stage.deliver(&receipt.body()).status, 0, "{source:?}");
        stage.becomes(&id, "DELIVERED");
    }
    // And what we say ourselves is plain: type and plan fit the shape.
    let senders: [(&str, &[u8]); 3] =
        [("shop", b"\0\x05\0shop\0"), ("12345", b"\0\x03\x0012345\0"), ("+31612345679", b"\0\x01\x0131612345679\0")];
    for (from, octets) in senders {
        let body = json!({ "to": "+31612345678", "from": from, "text": "one" });
        assert_eq!(stage.daemon.client().post("/v1/messages", &body).status, 202);
        let submit = stage.link.read_command(raw::SUBMIT_SM);
        assert_eq!(&submit.body[..octets.len()], octets, "{from}");
        stage.link.answer(&submit, 0, b"\0");
    }
}

#[test]
fn quirk_68_bits_of_registered_delivery_that_mean_nothing_hinder_nothing() {
    let mut stage = Stage::new("");
    for flags in [0x21, 0x11, 0x02, 0x1F, 0xFF] {
        let (id, submit) = stage.submit("one");
        // What we ask for is a receipt, and nothing beside it.
        assert_eq!(Sent::of(&submit).registered_delivery, 1);
        stage.link.answer(&submit, 0, format!("r{flags}\0").as_bytes());
        let text = format!("id:r{flags} stat:DELIVRD err:000");
        let receipt =
            Delivery { esm_class: 4, registered_delivery: flags, text: text.as_bytes(), ..Delivery::default() };
        assert_eq!(stage.deliver(&receipt.body()).status, 0, "{flags:#x}");
        stage.becomes(&id, "DELIVERED");
    }
}

#[test]
fn quirk_69_a_data_coding_means_what_the_carrier_means_by_it() {
    // The same text in the alphabet that 0 stands for.
    for (alphabet, octets) in [("gsm7", &[0x05, 0x00, 0x02][..]), ("latin1", &[0xE9, 0x40, 0x24])] {
        let mut stage = Stage::new(&format!("alphabet = \"{alphabet}\""));
        let (_, submit) = stage.submit("é@$");
        let sent = Sent::of(&submit);
        assert_eq!((sent.data_coding, &sent.text[..]), (0, octets), "{alphabet}");
    }
    // A receipt is read under any.
    let mut stage = Stage::new("");
    for data_coding in [0x00, 0x01, 0x03, 0x04, 0x08, 0x11, 0xF0, 0xFF] {
        let (id, submit) = stage.submit("one");
        stage.link.answer(&submit, 0, format!("d{data_coding}\0").as_bytes());
        let text = format!("id:d{data_coding} stat:DELIVRD err:000 text:\u{416}");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let narrow: Vec<u8> = text.chars().map(|it| u8::try_from(it).unwrap_or(0x84)).collect();
        let text = if data_coding == 8 { &wide } else { &narrow };
        let receipt = Delivery { esm_class: 4, data_coding, text, ..Delivery::default() };
        assert_eq!(stage.deliver(&receipt.body()).status, 0, "{data_coding:#x}");
        stage.becomes(&id, "DELIVERED");
    }
}

#[test]
fn quirk_70_the_at_sign_of_gsm_is_a_nul_and_ends_no_text() {
    let mut stage = Stage::new("");
    // At the end and in the middle, and a sign of the extension.
    let (_, submit) = stage.submit("@a@€@");
    assert_eq!(Sent::of(&submit).text, [0x00, b'a', 0x00, 0x1B, 0x65, 0x00]);
    stage.link.answer(&submit, 0, b"\0");
    // A receipt whose end was filled with it, as NUL and as the sign.
    for (nth, fill) in [&b"\0\0\0"[..], b" @@@@", b"\0"].iter().enumerate() {
        let (id, submit) = stage.submit("one");
        stage.link.answer(&submit, 0, format!("at{nth}\0").as_bytes());
        let text = [format!("id:at{nth} stat:DELIVRD err:000").as_bytes(), fill].concat();
        let receipt = Delivery { esm_class: 4, text: &text, ..Delivery::default() };
        assert_eq!(stage.deliver(&receipt.body()).status, 0);
        assert_eq!(stage.becomes(&id, "DELIVERED")["attempts"][0]["receipt"]["error_code"], "000", "{fill:?}");
    }
    // A name with the sign in it ends its own field, and all that follows is shifted: what comes of
    // it is an answer, and the next PDU is read.
    let name = Delivery { source: (5, 0, b"info\0shop\0"), esm_class: 4, text: b"id:1", ..Delivery::default() };
    let answer = stage.deliver(&name.body());
    assert_eq!(answer.command, DELIVERED);
    stage.works();
}

#[test]
fn quirk_71_operations_that_most_do_not_serve_are_refused_each_by_its_own_response() {
    let id = b"0b5f\0\x01\x0131612345678\0";
    let multi = [&b"\0\x01\x01316\0"[..], b"\x01\x01\x01\x01317\0", &[0; 9], b"\x01a"].concat();
    let bodies: [(u32, &[u8]); 4] = [
        (QUERY_SM, id),
        (CANCEL_SM, b"\x000b5f\0\x01\x01316\0\x01\x01317\0"),
        (REPLACE_SM, b"0b5f\0\x01\x01316\0\0\0\x01\0\x01a"),
        (SUBMIT_MULTI, &multi),
    ];
    // An SMSC that asks this of us.
    let mut stage = Stage::new("");
    for (command, body) in bodies {
        let sequence = stage.next();
        stage.link.send_pdu(command, sequence, body);
        let answer = stage.link.read().expect("an answer");
        let expected = (command | raw::RESPONSE, INVALID_STATE, sequence);
        assert_eq!((answer.command, answer.status, answer.sequence), expected, "{command:#x}");
    }
    stage.counts("state", 4.0);
    stage.works();
    // An SMSC that does serve submit_multi, for one of two.
    let refused = b"0b5f\0\x01\x01\x01317\0\0\0\0\x0b";
    let pdu = Pdu::decode(Bytes::from(raw::pdu(SUBMIT_MULTI | raw::RESPONSE, 0, 7, refused))).expect("readable");
    let PduBody::SubmitMultiResp(resp) = pdu.body else { panic!("{pdu:?}") };
    assert_eq!(resp.message_id.as_bytes(), b"0b5f");
}

#[test]
fn quirk_72_layouts_of_a_widespread_gateway_are_refused_by_their_own_response_and_cost_no_link() {
    let mut stage = Stage::new("");
    let long = [&[b'1'; 64][..], b"\0"].concat();
    let bodies: [(u32, u32, Vec<u8>); 6] = [
        // service_type first, as nobody else has it.
        (REPLACE_SM, INVALID_STATE, b"CMT\x000b5f\0\x01\x01316\0\0\0\x01\0\x01a".to_vec()),
        // registered_delivery in the middle.
        (BROADCAST_SM, INVALID_STATE, b"\0\x01\x01316\x000b5f\0\0\0\0\0\x01\0\0\0".to_vec()),
        (CANCEL_SM, INVALID_STATE, [b"\0", &long[..], b"\x01\x01", &long, b"\x01\x01", &long].concat()),
        (QUERY_BROADCAST_SM, INVALID_STATE, [&long[..], b"\x01\x01", &long].concat()),
        (CANCEL_BROADCAST_SM, INVALID_STATE, [b"\0", &long[..], b"\x01\x01", &long].concat()),
        (CANCEL_SM, INVALID_LENGTH, b"CMT".to_vec()),
    ];
    for (command, status, body) in &bodies {
        let sequence = stage.next();
        stage.link.send_pdu(*command, sequence, body);
        let answer = stage.link.read().expect("an answer");
        assert_eq!((answer.command, answer.sequence), (command | raw::RESPONSE, sequence), "{body:?}");
        assert_eq!(answer.status, *status, "{command:#x}: {body:?}");
    }
    // That a handset is there again has no answer, whatever the size of its addresses.
    let alerts = [
        [&b"\x01\x01"[..], &long, b"\x01\x01", &long].concat(),
        b"\x01\x01316\0\x01\x01317\0".to_vec(),
        b"\x01\x01316\0".to_vec(),
        Vec::new(),
    ];
    for body in &alerts {
        stage.link.send_pdu(ALERT_NOTIFICATION, 5, body);
    }
    stage.link.send_pdu(raw::ENQUIRE_LINK, 6, &[]);
    let answer = stage.link.read().expect("an answer");
    assert_eq!((answer.command, answer.sequence), (raw::ENQUIRE_LINK | raw::RESPONSE, 6));
    stage.works();
}

#[test]
fn quirk_73_each_segment_has_an_answer_and_a_receipt_of_its_own() {
    let mut stage = Stage::new("");
    let id = stage.accept("+31612345678", &"0123456789".repeat(20));
    let segments = [(); 2].map(|()| stage.link.read_command(raw::SUBMIT_SM));
    let sent = segments.each_ref().map(Sent::of);
    assert_eq!(sent[0].text[..3], [5, 0, 3]);
    assert_eq!([&sent[0].text[4..6], &sent[1].text[4..6]], [[2, 1], [2, 2]]);
    assert_eq!((sent[0].esm_class, sent[0].text[3]), (0x40, sent[1].text[3]));
    // Ids that have nothing to do with each other, answers and receipts in any order.
    stage.link.answer(&segments[1], 0, b"zz9\0");
    stage.receipt("id:zz9 stat:DELIVRD err:000");
    stage.link.answer(&segments[0], 0, b"1000000007\0");
    stage.awaits(&id, "the first receipt", |it| {
        it["attempts"][1]["receipt"]["raw_status"] == "DELIVRD" && it["attempts"][0]["answer"] == "taken"
    });
    assert_eq!(stage.message(&id)["status"], "SENT");
    stage.receipt("id:1000000007 stat:DELIVRD err:000");
    stage.becomes(&id, "DELIVERED");
    // From a handset, with headers of every kind: all are answered.
    let headers: [&[u8]; 6] = [
        b"\x05\0\x03\x07\x02\x01",
        b"\x06\x08\x04\0\x07\x02\x01",
        b"\x0b\x05\x04\x15\x8a\0\0\0\x03\x07\x02\x01",
        b"\x0b\0\x03\x07\x02\x01\x05\x04\x15\x8a\0\0",
        b"\xff\0\x03",
        b"\0",
    ];
    for header in headers {
        let text = [header, b"hello"].concat();
        let sar = [tlv(0x020C, &[0, 7]), tlv(0x020E, &[2]), tlv(0x020F, &[1])].concat();
        for tail in [&b""[..], &sar] {
            let message = Delivery { esm_class: 0x40, text: &text, tail, ..Delivery::default() };
            assert_eq!(stage.deliver(&message.body()).status, 0, "{header:02x?}");
        }
    }
}

#[test]
fn quirk_74_a_slow_smsc_gets_no_duplicate() {
    let mut stage = Stage::with("response_timeout = \"300ms\"", "unknown = \"hold\"");
    let (id, submit) = stage.submit("one");
    let message = stage.awaits(&id, "doubt", |it| it["attempts"][0]["answer"] == "unknown");
    assert_eq!(message["attempts"][1], Value::Null);
    stage.link.answer(&submit, 0, b"slow\0");
    let message = stage.awaits(&id, "the late answer", |it| it["attempts"][0]["answer"] == "taken");
    assert_eq!((&message["status"], &message["attempts"][0]["carrier_message_id"]), (&"SENT".into(), &"slow".into()));
    assert_eq!(message["attempts"][1], Value::Null);
    // A receipt ends the doubt as well as an answer.
    let (id, submit) = stage.submit("two");
    assert_eq!(Sent::of(&submit).text, b"two", "the first was not sent again");
    stage.awaits(&id, "doubt", |it| it["attempts"][0]["answer"] == "unknown");
    stage.receipt("id:slower stat:DELIVRD err:000");
    stage.becomes(&id, "DELIVERED");
    stage.link.answer(&submit, 0, b"slower\0");
    let (_, submit) = stage.submit("three");
    assert_eq!(Sent::of(&submit).text, b"three", "the second was not sent again");
}

#[test]
fn quirk_75_a_refused_parameter_is_told_by_its_code() {
    let mut stage =
        Stage::with("answers = { \"0x000000C4\" = \"later\" }", "retry = { base = \"10ms\", max = \"20ms\" }");
    // ESME_RINVTLVVAL means here what the operator says, ESME_RMISSINGTLV what it usually does.
    let (id, submit) = stage.submit("one");
    stage.link.answer(&submit, 0xC3, &tlv(0x001D, b"missing PE_ID"));
    let message = stage.becomes(&id, "FAILED");
    assert_eq!(
        (&message["error"]["code"], &message["error"]["carrier_code"]),
        (&"SUBMIT_ERROR".into(), &"0x000000C3".into())
    );
    let (id, submit) = stage.submit("two");
    stage.link.answer(&submit, 0xC4, &[]);
    let again = stage.link.read_command(raw::SUBMIT_SM);
    stage.link.answer(&again, 0, b"two\0");
    let message = stage.becomes(&id, "SENT");
    assert_eq!([&message["attempts"][0]["answer"], &message["attempts"][1]["answer"]], ["later", "taken"]);
    // Theirs, of a type that is none of the specification's, hinder nothing.
    let (id, submit) = stage.submit("three");
    stage.link.answer(&submit, 0, b"three\0");
    let vendor = [tlv(0x1400, b"1101234567890\0"), tlv(0x1401, b"1107"), tlv(0x1402, &[7])].concat();
    let receipt =
        Delivery { esm_class: 4, text: b"id:three stat:DELIVRD err:000", tail: &vendor, ..Delivery::default() };
    assert_eq!(stage.deliver(&receipt.body()).status, 0);
    stage.becomes(&id, "DELIVERED");
}

/// What of a `submit_sm` is looked at.
struct Sent {
    esm_class: u8,
    registered_delivery: u8,
    data_coding: u8,
    text: Vec<u8>,
}

impl Sent {
    fn of(submit: &Frame) -> Self {
        let octets = raw::pdu(submit.command, submit.status, submit.sequence, &submit.body);
        let Ok(PduBody::SubmitSm(sm)) = Pdu::decode(Bytes::from(octets)).map(|it| it.body) else {
            panic!("{submit:?}")
        };
        let (esm_class, registered_delivery, data_coding) = (sm.esm_class, sm.registered_delivery, sm.data_coding);
        Self { esm_class, registered_delivery, data_coding, text: sm.short_message.to_vec() }
    }
}
