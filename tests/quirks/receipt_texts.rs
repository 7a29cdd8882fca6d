//! Receipts as texts, however they are written.

use crate::quirks::gateway::{Gateway, HANDSET, about, receipt, with};
use crate::quirks::receipts::{read, told, utf16, values};
use bytes::{BufMut, Bytes, BytesMut};
use nuncio::carrier::dialect::Dialect;
use nuncio::carrier::inbound;
use nuncio::carrier::reason;
use nuncio::carrier::receipt::ReceiptText;
use nuncio::carrier::report::News;
use nuncio::message::phase::Phase;
use nuncio::message::reason::Reason;
use nuncio::message::status::Status;
use nuncio::message::time::Time;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::sm::Sm;
use nuncio::smpp::tlv::Tag;

#[test]
fn quirk_18_receipts_stand_in_the_payload_and_in_utf_16() {
    let text = "id:1b1720be-5f48-41c4-b3f8-6e59dbf45366 sub:001 dlvrd:001 stat:DELIVRD err:000 text:";
    let expected = values("1b1720be-5f48-41c4-b3f8-6e59dbf45366", "DELIVRD", Status::Delivered, "000");
    for (octets, data_coding) in [(text.as_bytes().to_vec(), 0), (utf16(text), 8), (utf16(text), 0)] {
        let short = Sm { short_message: octets.clone().into(), data_coding, ..about(HANDSET, "") };
        let payload = with(Sm { data_coding, ..about(HANDSET, "") }, &[(Tag::MESSAGE_PAYLOAD, &octets)]);
        let both = with(Sm { data_coding, ..about(HANDSET, "see payload") }, &[(Tag::MESSAGE_PAYLOAD, &octets)]);
        for body in [PduBody::DeliverSm(short), payload, both] {
            assert_eq!(told(&receipt(&body, &Dialect::default())), expected);
        }
    }
    let eight_bit = Sm { data_coding: 8, ..about(HANDSET, text) };
    assert_eq!(told(&receipt(&PduBody::DeliverSm(eight_bit), &Dialect::default())), expected, "said to be UTF-16");
}

#[test]
fn quirk_19_keys_are_ascii_though_the_text_is_utf_16() {
    let mut octets = b"id:0489708364 stat:DELIVRD err:000 text:".to_vec();
    octets.extend(utf16("Привет"));
    let tlvs = [(Tag::MESSAGE_PAYLOAD, &octets[..]), (Tag::RECEIPTED_MESSAGE_ID, b"1d305b4c\0")];
    let news = receipt(&with(about(HANDSET, ""), &tlvs), &Dialect::default());
    assert_eq!(told(&news), values("1d305b4c", "DELIVRD", Status::Delivered, "000"));
    assert_eq!(news.ids[1].as_str(), "0489708364");
    assert!(ReceiptText::read(&octets, false).text.is_some_and(|it| it.starts_with("\u{4}\u{1f}\u{4}@")));
    // Where the text is the longer half, and half of it are zeros.
    let short = [&b"id:7 stat:DELIVRD text:"[..], &utf16("This is a sample mes")].concat();
    let read = ReceiptText::read(&short, false);
    assert_eq!((read.id.as_deref(), read.stat.as_deref()), (Some("7"), Some("DELIVRD")));
}

#[test]
fn quirk_20_nuls_around_a_receipt_are_passed_by_and_one_cut_short_is_read_as_far_as_it_goes() {
    for text in ["id:77 stat:DELIVRD err:000\0", "\0id:77 stat:DELIVRD err:000 Text:DLVRD TO MOBILE\0\0\0"] {
        assert_eq!(told(&read(text)), values("77", "DELIVRD", Status::Delivered, "000"), "{text:?}");
    }
    assert_eq!(told(&read("id:77 stat:DELIVRD err:000 te")), values("77", "DELIVRD", Status::Delivered, "000"));
    // A NUL that sm_length does not count stands before the parameters.
    let text = "id:0000436949 stat:DELIVRD err:000";
    let mut octets = BytesMut::new();
    Pdu::request(9, PduBody::DeliverSm(about(HANDSET, text))).encode(&mut octets).unwrap();
    octets.extend_from_slice(b"\0\x00\x1E\x00\x066aad5\0\x04\x27\x00\x01\x02");
    let length = u32::try_from(octets.len()).unwrap();
    (&mut octets[..4]).put_u32(length);
    let pdu = Pdu::decode(octets.freeze()).unwrap();
    let Some(News::Receipt(news)) = inbound::news(&pdu.body, &Dialect::default()) else { panic!("{pdu:?}") };
    assert_eq!(told(&news), values("6aad5", "DELIVRD", Status::Delivered, "000"));
}

#[test]
fn quirk_21_keys_stand_in_any_order_and_any_may_be_missing() {
    for (text, id, word, error) in [
        ("id:77 submit date:1701240904 done date:1701240904 stat:DELIVRD err:000 text:hellow", "77", "DELIVRD", "000"),
        ("sub:001 id:77 dlvrd:001 done date:1006020051 stat:DELIVRD err:000 Text:Hello", "77", "DELIVRD", "000"),
        ("id:77 sub:001 dlvrd:001 submit date:2109010000 stat:DELIVRD", "77", "DELIVRD", ""),
        ("stat:DELIVRD err:255 id:77 done date:2607190900", "77", "DELIVRD", "255"),
        ("id:77 stat:DELIVRD", "77", "DELIVRD", ""),
        ("stat:EXPIRED err:1", "", "EXPIRED", "1"),
        ("id:77", "77", "", ""),
        ("", "", "", ""),
    ] {
        let (found, raw, _, code) = told(&read(text));
        assert_eq!((&*found, &*raw, &*code), (id, word, error), "{text}");
    }
}

#[test]
fn quirk_22_keys_are_read_in_any_case() {
    for text in [
        "ID:0D9A2F Sub:001 Dlvrd:001 Submit Date:2607181200 Done Date:2607181201 Stat:DELIVERED Err:00A Text:OK",
        "id:0D9A2F SUB:000 SUBMIT DATE:2607181200 DONE DATE:2607181201 STAT:DELIVERED ERR:00A TEXT:",
    ] {
        let news = read(text);
        assert_eq!(told(&news), values("0D9A2F", "DELIVERED", Status::Delivered, "00A"), "{text}");
        assert_eq!(news.receipt.done_at, Some(Time(1_784_376_060_000)), "{text}");
    }
}

#[test]
fn quirk_23_keys_are_parted_by_whatever_is_blank() {
    for text in [
        "id:99\tsubmitdate:2607261200\tdonedate:2607261201\tstat:UNDELIV\terr:058",
        "id: 99   stat: UNDELIV\n  err: 058 done_date: 2607261201",
        "id:99\r\nstat:UNDELIV\r\nerr:058\r\ndone date:2607261201\r\n",
        "id:99\u{A0}stat:UNDELIV\u{A0}err:058\u{A0}done\u{A0}date:2607261201",
        "id:99,stat:UNDELIV;err:058, done date:2607261201",
    ] {
        let news = read(text);
        assert_eq!(told(&news), values("99", "UNDELIV", Status::Failed, "058"), "{text:?}");
        assert_eq!(news.receipt.done_at, Some(Time(1_785_067_260_000)), "{text:?}");
    }
    // The blank that does not break, as Latin-1 has it.
    let octets = b"id:99\xA0stat:UNDELIV\xA0err:058".to_vec();
    let sm = Sm { short_message: octets.into(), ..about(HANDSET, "") };
    let news = receipt(&PduBody::DeliverSm(sm), &Dialect::default());
    assert_eq!(told(&news), values("99", "UNDELIV", Status::Failed, "058"));
}

#[test]
fn quirk_24_what_stands_before_and_behind_is_passed_by() {
    for text in [
        "4790000000SMSAlert^id:1054BC63 sub:0 dlvrd:1 stat:DELIVRD err: text:",
        "419318000000#id:1054BC63 stat:DELIVRD !11f8c0de",
        "<msisdn><shortcode>?id:1054BC63 sub:001 stat:DELIVRD",
        "--- id:1054BC63 stat:DELIVRD ---",
    ] {
        assert_eq!(told(&read(text)), values("1054BC63", "DELIVRD", Status::Delivered, ""), "{text}");
    }
}

#[test]
fn quirk_25_keys_inside_words_and_in_the_text_are_none() {
    for (text, id, word) in [
        ("myid:7 xstat:DELIVRD id:9", "9", ""),
        ("my_id:7 sub-id:8 id:9 stat:EXPIRED", "9", "EXPIRED"),
        ("resubmit:1 subid:5 id:9 stat:EXPIRED", "9", "EXPIRED"),
        ("id:9 stat:EXPIRED text:id:7 stat:DELIVRD", "9", "EXPIRED"),
        ("id:9 text:stat:EXPIRED id:7", "9", "EXPIRED"),
    ] {
        let (found, raw, ..) = told(&read(text));
        assert_eq!((&*found, &*raw), (id, word), "{text}");
    }
    assert_eq!(ReceiptText::parse("id:9 stat:EXPIRED text:Kod: 5521 id:7").text.unwrap(), "Kod: 5521 id:7");
}

#[test]
fn quirk_26_words_of_state_are_known_in_every_spelling_and_others_are_kept() {
    for (word, status) in [
        ("DELIVRD", Status::Delivered),
        ("DELIVERED", Status::Delivered),
        ("delivrd", Status::Delivered),
        ("FAILED", Status::Failed),
        ("UNDELVRD", Status::Failed),
        ("Undeliverable", Status::Failed),
        ("DND_REJECTED", Status::Failed),
        ("DNDNumber", Status::Failed),
        ("REJECTED", Status::Failed),
        ("NACK", Status::Failed),
        ("DELETED", Status::Failed),
        ("EXPIRED", Status::Expired),
        ("BUFFRED", Status::Sent),
        ("BUFFERD", Status::Sent),
        ("BuFfErEd", Status::Sent),
        ("ACKED", Status::Sent),
        ("EN_ROUTE", Status::Sent),
        ("SUBMITD", Status::Sent),
        ("0", Status::Unknown),
        ("00", Status::Unknown),
        ("BROKEN_9", Status::Unknown),
        ("BADSTAT", Status::Unknown),
        ("DELIVERY_FAILED", Status::Failed),
        ("foo", Status::Unknown),
    ] {
        assert_eq!(told(&read(&format!("id:7 stat:{word}"))), values("7", word, status, ""));
    }
    // A message that was told to be unknown is corrected by what is known.
    let mut gateway = Gateway::new(Dialect::default());
    let key = gateway.sent(HANDSET, "7");
    gateway.receipt("id:7 stat:BROKEN_9 err:???");
    assert_eq!(gateway.phase(key), Phase::Unknown);
    gateway.receipt("id:7 stat:DELIVRD");
    assert_eq!(gateway.phase(key), Phase::Delivered);
}

#[test]
fn quirk_27_what_a_code_means_is_what_the_operator_says() {
    let reasons = [("777", Reason::Dnd), ("999", Reason::Expired)].map(|(code, it)| (code.into(), it));
    let dialect = Dialect { reasons: reasons.into(), ..Dialect::default() };
    for (text, reason, phase) in [
        ("id:7 stat:UNDELIV err:777", Some(Reason::Dnd), Phase::Failed),
        ("id:7 stat:UNDELIV err:999", Some(Reason::Expired), Phase::Failed),
        ("id:7 stat:UNDELIV err:000 text:Error 27", Some(Reason::Undeliverable), Phase::Failed),
        ("id:7 stat:EXPIRED err:000", Some(Reason::Expired), Phase::Expired),
        ("id:7 stat:REJECTD err:000", Some(Reason::Rejected), Phase::Failed),
        ("id:7 stat:ACCEPTD err:000", None, Phase::Sent),
    ] {
        let mut gateway = Gateway::new(dialect.clone());
        let key = gateway.sent(HANDSET, "7");
        gateway.receipt(text);
        let part = gateway.part(key);
        assert_eq!((part.reason, part.phase()), (reason, phase), "{text}");
    }
}

#[test]
fn quirk_28_error_codes_are_text_and_perhaps_a_number() {
    for (written, number) in [
        ("000", Some(0)),
        ("0000", Some(0)),
        ("034", Some(34)),
        ("00B", None),
        ("21b", None),
        ("4A6", None),
        ("null", None),
        ("...", None),
        ("???", None),
        ("ESME_RSUBMITFAIL", None),
    ] {
        let text = format!("id:7 stat:UNDELIV err:{written} text:x");
        assert_eq!(told(&read(&text)), values("7", "UNDELIV", Status::Failed, written));
        assert_eq!(ReceiptText::parse(&text).error_number(), number, "{written}");
    }
    assert_eq!(told(&read("id:7 stat:UNDELIV err: text:")), values("7", "UNDELIV", Status::Failed, ""));
    assert_eq!(read(&format!("id:7 stat:UNDELIV err:{}", "9".repeat(90))).receipt.error_code.unwrap().len(), 32);
    // Neither padding nor case part a code from what the operator says of it.
    let reasons = [("0b", Reason::Dnd), ("012", Reason::Rejected)].map(|(code, it)| (code.into(), it));
    let dialect = Dialect { reasons: reasons.into(), ..Dialect::default() };
    for (written, reason) in
        [("00B", Reason::Dnd), ("12", Reason::Rejected), ("0012", Reason::Rejected), ("120", Reason::Undeliverable)]
    {
        let found = reason::of_receipt(&dialect, &read(&format!("id:7 stat:UNDELIV err:{written}")).receipt);
        assert_eq!(found, Some(reason), "{written}");
    }
    // The network's code as a parameter: a number behind its type, the number alone, or three digits.
    for (value, code) in [(&[3, 1, 0x0B][..], "267"), (&[27], "027"), (b"034", "034")] {
        let body = with(about(HANDSET, "id:7 stat:UNDELIV"), &[(Tag::NETWORK_ERROR_CODE, value)]);
        assert_eq!(told(&receipt(&body, &Dialect::default())), values("7", "UNDELIV", Status::Failed, code));
    }
}

/// 2018-07-11, 04:00 UTC.
const MORNING: u64 = 1_531_281_600_000;

#[test]
fn quirk_29_dates_are_read_by_their_length_and_never_fail_a_receipt() {
    for (written, at) in [
        ("1807110400", Some(MORNING)),
        ("18071104003", Some(MORNING)),
        ("180711040000", Some(MORNING)),
        ("201807110400", Some(MORNING)),
        ("20180711040000", Some(MORNING)),
        ("180711070003912+", Some(MORNING + 3_900)),
        ("180711010000012-", Some(MORNING)),
        ("2018-07-11 04:00:00", Some(MORNING)),
        ("2018-07-11T07:00:00+03:00", Some(MORNING)),
        ("0000000000", None),
        ("7001010000", None),
        ("", None),
        ("null", None),
    ] {
        for text in [
            format!("id:7 done date:{written} stat:DELIVRD err:000"),
            format!("id:7 submit date:2302231414 stat:DELIVRD err:000 done date:{written} price:0.02"),
        ] {
            let news = read(&text);
            assert_eq!(told(&news), values("7", "DELIVRD", Status::Delivered, "000"), "{text}");
            assert_eq!(news.receipt.done_at, at.map(Time), "{text}");
        }
    }
}

#[test]
fn quirk_30_dates_are_of_the_zone_of_the_carrier() {
    for (hours, written) in [(3, "1807110700"), (2, "1807110600"), (1, "1807110500"), (9, "1807111300")] {
        let dialect = Dialect { receipt_offset: hours * 3_600, ..Dialect::default() };
        let text = format!("id:7 done date:{written} stat:DELIVRD");
        let news = receipt(&PduBody::DeliverSm(about(HANDSET, &text)), &dialect);
        assert_eq!(news.receipt.done_at, Some(Time(MORNING)), "{written}");
    }
}

#[test]
fn quirk_31_counts_of_messages_are_not_believed() {
    for (sub, dlvrd, word, status) in [
        ("1", "13", "DELIVRD", Status::Delivered),
        ("null", "null", "DELIVRD", Status::Delivered),
        ("001", "000", "DELIVRD", Status::Delivered),
        ("001", "001", "UNDELIV", Status::Failed),
        ("abc", "-1", "EXPIRED", Status::Expired),
    ] {
        let text = format!("id:7 sub:{sub} dlvrd:{dlvrd} stat:{word}");
        assert_eq!(told(&read(&text)), values("7", word, status, ""));
        let kept = ReceiptText::parse(&text);
        assert_eq!((kept.sub.as_deref(), kept.dlvrd.as_deref()), (Some(sub), Some(dlvrd)));
    }
}

#[test]
fn quirk_32_values_between_commas_are_a_receipt() {
    for (text, expected) in [
        (
            "00,0210021543,0210021500,,447887123456,10110200000000,we2345678i9o03er45ty67u",
            values("we2345678i9o03er45ty67u", "00", Status::Delivered, ""),
        ),
        (
            "01,0210021543,0210021500,30,447887123456,10110200000999,we2345678i9o03erliuweydsy",
            values("we2345678i9o03erliuweydsy", "01", Status::Failed, "30"),
        ),
        (
            "07,0210021543,0210021500,30,447887123456,10110200000999,we2345678i9o03erliuweydsy",
            values("we2345678i9o03erliuweydsy", "07", Status::Unknown, "30"),
        ),
    ] {
        let news = read(text);
        assert_eq!(told(&news), expected);
        assert_eq!(news.receipt.done_at, Some(Time(1_033_573_380_000)), "2002-10-02 15:43");
    }
    for text in ["1,2,3,4,5,6,7", "one, two, three, four, five, six, seven", "00,0210021543,0210021500,,44,1"] {
        assert_eq!(ReceiptText::parse(text), ReceiptText::default(), "{text}");
    }
}

#[test]
fn quirk_33_keys_that_nobody_knows_are_kept() {
    let read = ReceiptText::parse("id:77 mccmnc:61202 vendorRef:xyz stat:UNDELIV err:001 IMSI: ORN:VipNet MCCMNC:");
    let other: Vec<(&str, &str)> = read.other.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(other, [("mccmnc", "61202"), ("vendorRef", "xyz"), ("IMSI", ""), ("ORN", "VipNet"), ("MCCMNC", "")]);
    assert_eq!((read.id.as_deref(), read.err.as_deref()), (Some("77"), Some("001")));
    let text = ReceiptText::parse("id:7 stat:DELIVRD text:GW250 MCC=270 MNC=1 BillingMNC=1").text;
    assert_eq!(text.as_deref(), Some("GW250 MCC=270 MNC=1 BillingMNC=1"));
    let many = (0..99).map(|it| format!("k{it}:v ")).collect::<String>() + "id:7 stat:DELIVRD";
    let read = ReceiptText::parse(&many);
    assert_eq!((read.other.len(), read.id.as_deref()), (ReceiptText::OTHER_MAX, Some("7")));
}

#[test]
fn quirk_34_whatever_fills_the_text_is_kept_as_it_is() {
    for (written, kept) in [
        ("This is a sample mes", Some("This is a sample mes")),
        ("Hi                  ", Some("Hi")),
        ("-", Some("-")),
        ("foshfoshfosh@@@@@@@@", Some("foshfoshfosh@@@@@@@@")),
        ("none", Some("none")),
        ("ACK/OK", Some("ACK/OK")),
        ("                    ", None),
        ("", None),
    ] {
        let text = format!("id:7 stat:DELIVRD err:000 text:{written}");
        assert_eq!(told(&read(&text)), values("7", "DELIVRD", Status::Delivered, "000"), "{text}");
        assert_eq!(ReceiptText::parse(&text).text.as_deref(), kept, "{text}");
    }
    let octets = b"id:7 stat:DELIVRD err:000 text:\x84A\x89O\x88 ENTO";
    let read = ReceiptText::read(octets, false);
    assert_eq!((read.id.as_deref(), read.text.as_deref()), (Some("7"), Some("\u{84}A\u{89}O\u{88} ENTO")));
    let sm = Sm { short_message: Bytes::from_static(octets), ..about(HANDSET, "") };
    assert_eq!(told(&receipt(&PduBody::DeliverSm(sm), &Dialect::default())).2, Status::Delivered);
}
