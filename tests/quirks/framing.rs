//! Habits 56 to 66: lengths that lie, what follows a PDU, optional parameters.

use crate::daemon::raw::{self, Frame};
use crate::quirks::stage::{DELIVERED, Delivery, INVALID_COMMAND, INVALID_LENGTH, Stage, tlv};
use bytes::{Bytes, BytesMut};
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::tlv::Tag;

const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
const MESSAGE_STATE: u16 = 0x0427;
const NETWORK_ERROR_CODE: u16 = 0x0423;
const MESSAGE_PAYLOAD: u16 = 0x0424;

/// The longest PDU.
const PDU_MAX: usize = 73_728;

#[test]
fn quirk_56_an_impossible_length_is_refused_and_ends_the_link() {
    let mut stage = Stage::new("");
    let lengths = [0, 15, PDU_MAX as u32 + 1, 0x8000_0000, u32::MAX];
    for length in lengths {
        // What follows looks like a PDU, and is not searched for one.
        let mut octets = length.to_be_bytes().to_vec();
        octets.extend(raw::pdu(raw::ENQUIRE_LINK, 0, 5, &[]));
        stage.link.send(&octets);
        let said = stage.link.read_to_close();
        let nack = Frame { command: raw::GENERIC_NACK, status: INVALID_LENGTH, sequence: 0, body: Vec::new() };
        assert_eq!(said, [nack], "{length:#x}");
        stage.link = stage.smsc.bound();
    }
    stage.counts("length", lengths.len() as f64);
    // The longest that there may be is read.
    let (id, submit) = stage.submit("one");
    stage.link.answer(&submit, 0, b"big\0");
    let text = b"id:big stat:DELIVRD err:000 text:";
    let head = Delivery { esm_class: 4, ..Delivery::default() }.body();
    let room = PDU_MAX - 16 - head.len() - 4;
    let payload = [&text[..], &vec![b'x'; room.min(65_535) - text.len()]].concat();
    let rest = room - payload.len();
    let mut body = [&head[..], &tlv(MESSAGE_PAYLOAD, &payload)].concat();
    body.extend(tlv(0x1501, &vec![b'y'; rest - 4]));
    assert_eq!(body.len() + 16, PDU_MAX);
    assert_eq!(stage.deliver(&body).status, 0);
    stage.becomes(&id, "DELIVERED");
    // And where less is allowed, less is read.
    let mut stage = Stage::new("max_pdu = \"1KiB\"");
    stage.link.send_pdu(raw::DELIVER_SM, 9, &[0; 1_024 - 16 + 1]);
    assert_eq!(stage.link.read_to_close()[0].status, INVALID_LENGTH);
}

#[test]
fn quirk_57_another_protocol_on_the_port_is_called_by_its_name() {
    let mut stage = Stage::new("");
    let others: [(&[u8], &str); 4] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"GET / HTTP/1.1\r\n\r\n", "HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "TLS"),
    ];
    for (nth, (octets, name)) in (1..).zip(others) {
        stage.link.send(octets);
        stage.link.read_to_close();
        let line = stage.daemon.said("session ended", nth);
        let reason = line["reason"].as_str().unwrap_or_default();
        assert!(reason.ends_with(&format!("the peer speaks {name}")), "{line}");
        stage.link = stage.smsc.bound();
    }
    stage.counts("length", others.len() as f64);
    stage.works();
}

#[test]
fn quirk_58_an_unknown_operation_is_refused_by_its_number_and_an_unknown_response_passed_over() {
    let mut stage = Stage::new("");
    for (sequence, command) in (70..).zip([0x0A, 0xFF, 0x0001_0001, 0x7FFF_FFFF]) {
        stage.link.send_pdu(command, sequence, b"what is this");
        let nack = stage.link.read().expect("an answer");
        assert_eq!((nack.command, nack.status), (raw::GENERIC_NACK, INVALID_COMMAND), "{command:#x}");
        assert_eq!((nack.sequence, nack.body.len()), (sequence, 0));
    }
    for command in [0x8000_000A, 0x8000_00FF, u32::MAX] {
        stage.link.send_pdu(command, 80, b"and this");
    }
    stage.counts("command", 7.0);
    // Nothing was said to those: the next word is the answer to this.
    stage.link.send_pdu(raw::ENQUIRE_LINK, 81, &[]);
    assert_eq!(stage.link.read().expect("an answer").sequence, 81);
}

#[test]
fn quirk_59_what_is_left_over_at_the_end_of_a_pdu_is_passed_by() {
    let mut stage = Stage::new("");
    let tails: [&[u8]; 7] = [b"\0", b"\0\0", b"\0\0\0", &[0; 4], &[0; 13], b"\x04", b"\x04\x24\0"];
    for (nth, tail) in tails.iter().enumerate() {
        let (id, submit) = stage.submit("one");
        // In the answer, behind the id; in the receipt, behind an optional parameter.
        let name = format!("n{nth}");
        stage.link.answer(&submit, 0, &[name.as_bytes(), b"\0", tail].concat());
        let message = stage.becomes(&id, "SENT");
        assert_eq!(message["attempts"][0]["carrier_message_id"], name, "{tail:02x?}");
        let tail = [&tlv(RECEIPTED_MESSAGE_ID, name.as_bytes()), &tlv(MESSAGE_STATE, &[2])[..], tail].concat();
        let receipt = Delivery { esm_class: 4, tail: &tail, ..Delivery::default() };
        assert_eq!(stage.deliver(&receipt.body()).status, 0, "{tail:02x?}");
        stage.becomes(&id, "DELIVERED");
    }
    // The same behind what has no body.
    stage.link.send_pdu(raw::ENQUIRE_LINK, 9, b"\0\0\0");
    assert_eq!(stage.link.read_command(raw::ENQUIRE_LINK | raw::RESPONSE).sequence, 9);
}

#[test]
fn quirk_60_a_text_is_as_long_as_there_is_something() {
    let mut stage = Stage::new("");
    let text = b"id:NAME stat:DELIVRD err:000";
    let payload = tlv(MESSAGE_PAYLOAD, text);
    fn delivery(sm_length: u8, text: &[u8], tail: &[u8]) -> Vec<u8> {
        Delivery { esm_class: 4, sm_length: Some(sm_length), text, tail, ..Delivery::default() }.body()
    }
    let whole = text.len() as u8;
    let bodies = [
        // Longer than what is left.
        delivery(whole + 1, text, b""),
        delivery(255, text, b""),
        // One short, where something follows and where nothing does.
        delivery(whole - 1, text, b""),
        delivery(whole - 1, text, &tlv(0x1501, b"price")),
        delivery(whole - 1, text, &tlv(MESSAGE_STATE, &[2])),
        delivery(whole, text, &[&b"\0"[..], &tlv(MESSAGE_STATE, &[2])].concat()),
        // Nothing in it, all in the payload; and in both.
        delivery(0, b"", &payload),
        delivery(5, b"hello", &payload),
        // Says so much text that the payload lies within it.
        delivery(254, b"", &payload),
    ];
    for (nth, body) in bodies.iter().enumerate() {
        let (id, submit) = stage.submit("one");
        let name = format!("{:04}", 7_000 + nth);
        stage.link.answer(&submit, 0, format!("{name}\0").as_bytes());
        let at = body.windows(4).position(|it| it == b"NAME").expect("it is there");
        let mut body = body.clone();
        body[at..at + 4].copy_from_slice(name.as_bytes());
        assert_eq!(stage.deliver(&body).status, 0, "case {nth}");
        stage.becomes(&id, "DELIVERED");
    }
    assert_eq!(stage.malformed("body"), 0.0);
    // What was not counted belongs to the text all the same.
    let one_short = raw::pdu(raw::DELIVER_SM, 0, 1, &delivery(whole - 1, text, &tlv(MESSAGE_STATE, &[2])));
    let Ok(PduBody::DeliverSm(sm)) = Pdu::decode(Bytes::from(one_short)).map(|it| it.body) else {
        panic!("unreadable")
    };
    assert_eq!((&sm.short_message[..], sm.tlvs.get_u8(Tag(MESSAGE_STATE))), (&text[..], Some(2)));
}

#[test]
fn quirk_61_an_optional_parameter_ends_where_the_pdu_does() {
    let mut stage = Stage::new("");
    let cases: [(&str, &[u8]); 4] = [
        // The length of a longer id with a shorter one, and the text names it in full.
        ("0000003005", &[0x00, 0x1E, 0x00, 0x41, b'3', b'0', b'0', b'5', 0]),
        ("0000003006", &[0x00, 0x1E, 0xFF, 0xFF, b'3', b'0', b'0', b'6']),
        ("0000003007", &[0x00, 0x1E, 0x80, 0x00, b'3', b'0', b'0', b'7', 0]),
        ("30081234", b"\0\x1e\0\x0930081234\0"),
    ];
    for (name, tail) in cases {
        let (id, submit) = stage.submit("one");
        stage.link.answer(&submit, 0, format!("{name}\0").as_bytes());
        let text = format!("id:{name} stat:DELIVRD err:000 te");
        let receipt = Delivery { esm_class: 4, text: text.as_bytes(), tail, ..Delivery::default() };
        assert_eq!(stage.deliver(&receipt.body()).status, 0, "{name}");
        stage.becomes(&id, "DELIVERED");
    }
    assert_eq!(stage.malformed("body"), 0.0);
}

#[test]
fn quirk_62_parameters_of_another_size_are_read_as_far_as_they_go() {
    let mut stage = Stage::new("");
    let cases: [(&[u8], &[u8], &str); 5] = [
        // message_state in two octets, and network_error_code as the specification has it.
        (&[0, 5], &[3, 0, 0x45], "069"),
        (&[5], b"045", "045"),
        (&[5], &[0x45], "069"),
        (&[5], &[0, 0x45], "069"),
        (&[0, 0, 0, 5], &[3, 0x12, 0x34], "4660"),
    ];
    for (nth, (state, error, code)) in cases.iter().enumerate() {
        let (id, submit) = stage.submit("one");
        let name = format!("s{nth}");
        stage.link.answer(&submit, 0, format!("{name}\0").as_bytes());
        let tail = [
            tlv(RECEIPTED_MESSAGE_ID, name.as_bytes()),
            tlv(MESSAGE_STATE, state),
            tlv(NETWORK_ERROR_CODE, error),
            // source_telematics_id with two octets, callback_num with none.
            tlv(0x0010, &[0, 1]),
            tlv(0x0381, &[]),
        ]
        .concat();
        let receipt = Delivery { esm_class: 4, tail: &tail, ..Delivery::default() };
        assert_eq!(stage.deliver(&receipt.body()).status, 0);
        let message = stage.becomes(&id, "FAILED");
        let receipt = &message["attempts"][0]["receipt"];
        assert_eq!((&receipt["status"], &receipt["error_code"]), (&"FAILED".into(), &(*code).into()), "{error:02x?}");
    }
}

#[test]
fn quirk_63_parameters_come_in_any_order_and_more_than_once() {
    let mut stage = Stage::new("");
    let (id, submit) = stage.submit("one");
    stage.link.answer(&submit, 0, b"last\0");
    let callbacks = [tlv(0x0381, b"\x01\x01\x011"), tlv(0x0381, b"\x01\x01\x012")].concat();
    let tail = [
        tlv(MESSAGE_STATE, &[5]),
        callbacks.clone(),
        tlv(RECEIPTED_MESSAGE_ID, b"first\0"),
        tlv(MESSAGE_STATE, &[2]),
        tlv(RECEIPTED_MESSAGE_ID, b"last\0"),
    ]
    .concat();
    let body = Delivery { esm_class: 4, tail: &tail, ..Delivery::default() }.body();
    // All are kept, in their order.
    let kept = tlvs(&body);
    let tags: Vec<u16> = kept.iter().map(|it| it.0).collect();
    assert_eq!(tags, [MESSAGE_STATE, 0x0381, 0x0381, RECEIPTED_MESSAGE_ID, MESSAGE_STATE, RECEIPTED_MESSAGE_ID]);
    assert_eq!([&kept[1].1[3..], &kept[2].1[3..]], [b"1", b"2"]);
    // Where one is wanted, the last is meant.
    assert_eq!(stage.deliver(&body).status, 0);
    stage.becomes(&id, "DELIVERED");
}

#[test]
fn quirk_64_a_parameter_that_nobody_knows_is_kept_and_hinders_nothing() {
    let mut stage = Stage::new("");
    let (id, submit) = stage.submit("one");
    let vendor = [tlv(0x1501, b"price"), tlv(0x3FFF, &[]), tlv(0xFFFF, &[1, 2, 3])].concat();
    stage.link.answer(&submit, 0, &[&b"v\0"[..], &vendor].concat());
    let tail = [&vendor[..], &tlv(RECEIPTED_MESSAGE_ID, b"v"), &tlv(MESSAGE_STATE, &[2]), &vendor].concat();
    let body = Delivery { esm_class: 4, tail: &tail, ..Delivery::default() }.body();
    assert_eq!(stage.deliver(&body).status, 0);
    assert_eq!(stage.becomes(&id, "DELIVERED")["attempts"][0]["carrier_message_id"], "v");
    // Read and written again, it is what it was, octet for octet.
    let octets = raw::pdu(raw::DELIVER_SM, 0, 1, &body);
    let mut again = BytesMut::new();
    Pdu::decode(Bytes::from(octets.clone())).expect("readable").encode(&mut again).expect("writable");
    assert_eq!(again, octets);
}

#[test]
fn quirk_65_strings_without_end_and_beyond_their_size_are_read() {
    let mut stage = Stage::new("");
    let text = b"id:NAME stat:DELIVRD err:000";
    let long = [&[b'9'; 40][..], b"\0"].concat();
    let plain = Delivery { esm_class: 4, text, ..Delivery::default() };
    let bodies = [
        // Longer than their fields.
        Delivery { source: (1, 1, &long), ..plain.clone() }.body(),
        Delivery { destination: (5, 0, &long), ..plain.clone() }.body(),
        Delivery { service_type: b"CALLBACK\0", ..plain.clone() }.body(),
        Delivery { schedule: &long, validity: &long, ..plain.clone() }.body(),
    ];
    for (nth, body) in bodies.iter().enumerate() {
        let (id, submit) = stage.submit("one");
        let name = format!("{:04}", 8_000 + nth);
        stage.link.answer(&submit, 0, format!("{name}\0").as_bytes());
        let at = body.windows(4).position(|it| it == b"NAME").expect("it is there");
        let mut body = body.clone();
        body[at..at + 4].copy_from_slice(name.as_bytes());
        assert_eq!(stage.deliver(&body).status, 0, "case {nth}");
        stage.becomes(&id, "DELIVERED");
    }
    // Ids: without a NUL, and longer than the 64 characters of the specification.
    for name in ["unended".to_owned(), "a".repeat(64), "b".repeat(100) + "\0"] {
        let (id, submit) = stage.submit("one");
        stage.link.answer(&submit, 0, name.as_bytes());
        let message = stage.becomes(&id, "SENT");
        assert_eq!(message["attempts"][0]["carrier_message_id"], name.trim_end_matches('\0'));
    }
    // Where no field can be found at all, it is refused by name.
    assert_eq!(stage.deliver(&[b'x'; 12]).status, INVALID_LENGTH);
    stage.counts("body", 1.0);
}

#[test]
fn quirk_66_times_of_any_shape_are_taken() {
    let mut stage = Stage::new("");
    let times: [&[u8]; 7] = [
        b"2011301200\0",
        b"201130120000\0",
        b"20113012000\0",
        b"000007000000900R\0",
        b"201130120000000+\0",
        b"soon\0",
        b"20201130T120000.000Z+00:00\0",
    ];
    for (nth, time) in times.iter().enumerate() {
        let (id, submit) = stage.submit("one");
        stage.link.answer(&submit, 0, format!("t{nth}\0").as_bytes());
        let text = format!("id:t{nth} stat:DELIVRD err:000");
        let receipt =
            Delivery { esm_class: 4, schedule: time, validity: time, text: text.as_bytes(), ..Delivery::default() };
        stage.link.send_pdu(raw::DELIVER_SM, 6, &receipt.body());
        assert_eq!(stage.link.read_command(DELIVERED).status, 0, "{:?}", String::from_utf8_lossy(time));
        stage.becomes(&id, "DELIVERED");
    }
}

/// The optional parameters of a `deliver_sm` with this body, as we read them.
fn tlvs(body: &[u8]) -> Vec<(u16, Bytes)> {
    let pdu = Pdu::decode(Bytes::from(raw::pdu(raw::DELIVER_SM, 0, 1, body))).expect("it can be read");
    let PduBody::DeliverSm(sm) = pdu.body else { panic!("it is a deliver_sm") };
    sm.tlvs.iter().map(|(Tag(tag), value)| (tag, value)).collect()
}
