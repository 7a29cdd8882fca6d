//! Habits 19 and 21 to 34: what stands in the text of a receipt.

use crate::quirks::receipts::{ids, receipt, words};
use nuncio::carrier::date::moment;
use nuncio::carrier::dialect::Dialect;
use nuncio::carrier::inbound::news;
use nuncio::carrier::reason::of_receipt;
use nuncio::carrier::receipt::{Layout, ReceiptText};
use nuncio::carrier::report::News;
use nuncio::message::reason::Reason;
use nuncio::message::status::Status;
use nuncio::message::time::Time;
use nuncio::smpp::pdu::Body;
use nuncio::smpp::sm::Sm;
use nuncio::smpp::tlv::{Tag, Tlvs};
use std::collections::BTreeMap;

/// 2017-06-01 12:00 UTC.
const NOON: Option<Time> = Some(Time(1_496_318_400_000));

fn read(text: &str) -> ReceiptText {
    ReceiptText::read(text.as_bytes())
}

/// Id, word and code.
fn three(text: &str) -> [String; 3] {
    let it = read(text);
    [it.id, it.stat, it.err].map(Option::unwrap_or_default)
}

#[test]
fn quirk_19_a_text_in_another_alphabet_than_its_keys_is_read_last() {
    let read = ReceiptText::read(b"id:0489708364 stat:DELIVRD err:000 text:\x04\x1f\x04@\x048\x042\x045\x04B");
    assert_eq!((read.id.as_deref(), read.stat.as_deref()), (Some("0489708364"), Some("DELIVRD")));
    assert_eq!(read.text.as_deref(), Some("Привет"));
    assert_eq!(ReceiptText::read(b"id:1 text:caf\xe9 9").text.as_deref(), Some("café 9"));
    assert_eq!(ReceiptText::read("id:1 text:é".as_bytes()).text.as_deref(), Some("é"));
}

#[test]
fn quirk_21_keys_come_in_any_order_and_any_may_be_missing() {
    let keys =
        ["id:7", "sub:001", "dlvrd:001", "submit date:1706011159", "done date:1706011200", "stat:DELIVRD", "err:000"];
    for turn in 0..keys.len() {
        let mut turned = keys;
        turned.rotate_left(turn);
        assert_eq!(three(&turned.join(" ")), ["7", "DELIVRD", "000"]);
        let done = receipt(turned.join(" ").as_bytes(), Tlvs::build()).receipt.done_at;
        assert_eq!(done, NOON, "{turned:?}");
        // Without the first of them all others are read as before.
        let fewer = read(&turned[1..].join(" "));
        let all = read(&keys.join(" "));
        let fields = |it: ReceiptText| [it.id, it.sub, it.dlvrd, it.submit_date, it.done_date, it.stat, it.err];
        let mut expected = fields(all);
        expected[turn] = None;
        assert_eq!(fields(fewer), expected);
    }
}

#[test]
fn quirk_22_keys_are_keys_in_any_case() {
    for text in
        ["ID:7 STAT:Delivered ERR:00A TEXT:x", "Id:7 Stat:Delivered Err:00A Text:x", "id:7 stat:Delivered err:00A"]
    {
        assert_eq!(three(text), ["7", "Delivered", "00A"]);
        assert_eq!(read(text).status(), Some(Status::Delivered));
    }
    let dates = read("id:7 SUBMIT DATE:1706011200 Done Date:1706011201");
    assert_eq!((dates.submit_date.as_deref(), dates.done_date.as_deref()), (Some("1706011200"), Some("1706011201")));
}

#[test]
fn quirk_23_anything_blank_separates() {
    for text in [
        "id:7\tstat:DELIVRD\terr:034",
        "id:7    stat:DELIVRD\r\n  err:034",
        "id: 7 stat: DELIVRD err: 034",
        "id:7\u{a0}stat:DELIVRD\u{a0}err:034",
        "id : 7 stat : DELIVRD err : 034",
        "id:7,stat:DELIVRD,err:034",
    ] {
        let comma = |it: String| it.trim_end_matches(',').to_owned();
        assert_eq!(three(text).map(comma), ["7", "DELIVRD", "034"], "{text:?}");
    }
    // The blank that does not break, as Latin-1 has it.
    assert_eq!(ReceiptText::read(b"id:7\xa0stat:DELIVRD").stat.as_deref(), Some("DELIVRD"));
    for key in ["donedate", "done date", "done_date", "done  date", "DoneDate"] {
        assert_eq!(read(&format!("id:7 {key}:1706011200")).done_date.as_deref(), Some("1706011200"), "{key}");
    }
}

#[test]
fn quirk_24_junk_before_and_behind_is_passed_by() {
    for text in [
        "4790000000SMSAlert^id:1054BC63 sub:0 stat:DELIVRD err:0",
        "31612345678#id:1054BC63 stat:DELIVRD err:0 !11f8",
        "4790000000\x001234?id:1054BC63 stat:DELIVRD err:0\0\0",
        "\u{feff}id:1054BC63 stat:DELIVRD err:0 ",
    ] {
        assert_eq!(three(text), ["1054BC63", "DELIVRD", "0"], "{text:?}");
    }
}

#[test]
fn quirk_25_a_key_within_a_word_or_a_text_is_none() {
    assert_eq!(three("myid:1 sub_id:2 xid:3 x-id:4 id:5 xstat:EXPIRED stat:DELIVRD"), ["5", "DELIVRD", ""]);
    assert_eq!(three("id:5 resubmit:3 substat:1 stat:DELIVRD"), ["5", "DELIVRD", ""]);
    assert_eq!(three("id:5 stat:UNDELIV err:034 text:id:6 stat:DELIVRD err:000"), ["5", "UNDELIV", "034"]);
    let behind = read("id:5 text:Kod: 5521 kirish stat:DELIVRD");
    assert_eq!((behind.text.as_deref(), behind.stat.as_deref()), (Some("Kod: 5521 kirish"), Some("DELIVRD")));
}

#[test]
fn quirk_26_the_words_of_all_carriers_are_normalised_and_kept() {
    for (status, all) in [
        (Status::Delivered, &["DELIVRD", "DELIVERED", "delivrd", "Delivered", "DELIVERD", "DELVRD", "DLVRD"][..]),
        (Status::Failed, &["UNDELIV", "UNDELVRD", "UNDELIVERED", "REJECTD", "REJECTED", "FAILED", "DELETED"]),
        (Status::Failed, &["DND_REJECTED", "SKIPPED", "DELIVERY_FAILED", "NOT_DELIVERED", "undeliverable"]),
        (Status::Expired, &["EXPIRED", "expired", "EXPIRD"]),
        (Status::Sent, &["ENROUTE", "EN_ROUTE", "ACCEPTD", "ACCEPTED", "ACKED", "BUFFRED", "BUFFERD", "BuFfErEd"]),
        (Status::Unknown, &["UNKNOWN", "BROKEN_9", "0", "foo", "DELIVERY", "???"]),
    ] {
        for word in all {
            let receipt = receipt(format!("id:1 stat:{word}").as_bytes(), Tlvs::build());
            assert_eq!(words(&receipt), (status, *word));
        }
    }
    assert_eq!(words(&receipt(b"id:1 err:0", Tlvs::build())), (Status::Unknown, ""));
}

fn reason(text: &str, reasons: &[(&str, Reason)]) -> Option<Reason> {
    let reasons: BTreeMap<Box<str>, Reason> = reasons.iter().map(|(code, reason)| ((*code).into(), *reason)).collect();
    let dialect = Dialect { reasons, ..Dialect::default() };
    of_receipt(&dialect, &receipt(text.as_bytes(), Tlvs::build()).receipt)
}

#[test]
fn quirk_27_what_a_word_means_here_the_operator_says_by_the_code() {
    assert_eq!(reason("id:1 stat:UNDELIV err:777", &[("777", Reason::Expired)]), Some(Reason::Expired));
    assert_eq!(reason("id:1 stat:UNDELIV err:000", &[("777", Reason::Expired)]), Some(Reason::Undeliverable));
    // Taken is not arrived, whoever says so.
    assert_eq!(words(&receipt(b"id:1 stat:ACCEPTD err:000", Tlvs::build())).0, Status::Sent);
    // Zeros in the text say nothing: the code stands in the TLV.
    let tlvs = || Tlvs::build().push(Tag::NETWORK_ERROR_CODE, &[3, 0, 27]);
    let code = |text: &[u8]| receipt(text, tlvs()).receipt.error_code;
    assert_eq!(code(b"id:1 stat:UNDELIV err:000").as_deref(), Some("027"));
    assert_eq!(code(b"id:1 stat:UNDELIV err:999").as_deref(), Some("999"));
}

#[test]
fn quirk_28_a_code_is_a_word_and_perhaps_a_number() {
    for code in ["0000", "00B", "21b", "4A6", "null", "...", "???", "ESME_RSUBMITFAIL", "-1"] {
        let receipt = receipt(format!("id:1 stat:UNDELIV err:{code} text:").as_bytes(), Tlvs::build());
        assert_eq!(receipt.receipt.error_code.as_deref(), Some(code));
    }
    for text in ["id:1 stat:DELIVRD err: text:", "id:1 stat:DELIVRD err:", "id:1 stat:DELIVRD"] {
        assert_eq!(receipt(text.as_bytes(), Tlvs::build()).receipt.error_code, None, "{text}");
    }
    // The operator's table does not depend on padding and case.
    for (written, stated) in [("034", "34"), ("0034", "034"), ("00b", "00B"), ("B", "00b")] {
        let text = format!("id:1 stat:UNDELIV err:{written}");
        assert_eq!(reason(&text, &[(stated, Reason::SenderRefused)]), Some(Reason::SenderRefused), "{written}");
    }
    let exact = [("034", Reason::SenderRefused), ("34", Reason::Expired)];
    assert_eq!(reason("id:1 stat:UNDELIV err:34", &exact), Some(Reason::Expired));
    // Widths of the TLV: three digits, one octet, as specified.
    for (octets, code) in [(&b"034"[..], "034"), (&[34], "034"), (&[3, 0, 34], "034"), (&[3, 4, 1], "1025")] {
        let tlvs = Tlvs::build().push(Tag::NETWORK_ERROR_CODE, octets);
        assert_eq!(receipt(b"id:1", tlvs).receipt.error_code.as_deref(), Some(code), "{octets:?}");
    }
}

#[test]
fn quirk_29_a_date_is_read_by_its_length_and_never_fails_a_receipt() {
    for date in
        ["1706011200", "170601120000", "201706011200", "20170601120000", "170601150000012+", "2017-06-01T12:00:00Z"]
    {
        let text = format!("id:1 submit date:{date} done date:{date} stat:DELIVRD err:000");
        assert_eq!(receipt(text.as_bytes(), Tlvs::build()).receipt.done_at, NOON, "{date}");
        assert_eq!(read(&text).submit_date.as_deref(), Some(date));
    }
    for date in ["", "0000000000", "7001010000", "17060112000", "1713011200", "null", "%s", "00000000000000"] {
        let receipt = receipt(format!("id:1 done date:{date} stat:DELIVRD err:000").as_bytes(), Tlvs::build());
        assert_eq!((ids(&receipt), words(&receipt)), (vec!["1"], (Status::Delivered, "DELIVRD")), "{date}");
        assert_eq!(receipt.receipt.done_at, None, "{date}");
    }
    assert_eq!(
        read("id:1 done date:2017-06-01 12:00:00 stat:DELIVRD").done_date.as_deref(),
        Some("2017-06-01 12:00:00")
    );
}

#[test]
fn quirk_30_the_clock_of_a_carrier_is_where_the_operator_says() {
    for (date, offset) in
        [("1706011500", 3), ("1706011400", 2), ("1706011300", 1), ("1706012100", 9), ("1706010700", -5)]
    {
        let dialect = Dialect { receipt_offset: offset * 3_600, ..Dialect::default() };
        let text = format!("id:1 done date:{date} stat:DELIVRD");
        let sm = Sm { esm_class: 4, short_message: text.into_bytes().into(), ..Sm::default() };
        let Some(News::Receipt(receipt)) = news(&Body::DeliverSm(sm), &dialect) else { panic!("a receipt") };
        assert_eq!(receipt.receipt.done_at, NOON, "{date}");
    }
}

#[test]
fn quirk_31_the_counts_are_told_and_decide_nothing() {
    for (sub, dlvrd) in [("1", "13"), ("null", "null"), ("001", "000"), ("...", "..."), ("abc", "1"), ("001", "001")] {
        let text = format!("id:1 sub:{sub} dlvrd:{dlvrd} stat:DELIVRD err:000");
        let it = read(&text);
        assert_eq!((it.sub.as_deref(), it.dlvrd.as_deref()), (Some(sub), Some(dlvrd)));
        assert_eq!(words(&receipt(text.as_bytes(), Tlvs::build())), (Status::Delivered, "DELIVRD"));
    }
}

#[test]
fn quirk_32_fields_between_commas_are_a_receipt() {
    let arrived = b"00,1706011200,1706011130,,447887123456,10110200000000,we2345678i9o03er45ty67u";
    let told = receipt(arrived, Tlvs::build());
    assert_eq!((ids(&told), words(&told)), (vec!["10110200000000"], (Status::Delivered, "00")));
    assert_eq!((told.receipt.done_at, told.receipt.error_code.as_deref()), (NOON, None));
    let failed = b"01,1706011200,1706011130,30,447887123456,10110200000999,we2345678i9o03erliuweydsy";
    let told = receipt(failed, Tlvs::build());
    assert_eq!((ids(&told), words(&told)), (vec!["10110200000999"], (Status::Failed, "01")));
    assert_eq!(told.receipt.error_code.as_deref(), Some("30"));
    let it = ReceiptText::read(arrived);
    assert_eq!((it.layout, it.submit_date.as_deref()), (Layout::Commas, Some("1706011130")));
    assert_eq!(it.others, [("reference".to_owned(), "we2345678i9o03er45ty67u".to_owned())]);
    // Other lists are none.
    for text in
        ["a,b,c,d,e,f,g", "00,1706011200,1706011130,,447887123456,1", "00,x,y,,447887123456,1,r", "1,2,3,4,5,6,7"]
    {
        assert_eq!(read(text), ReceiptText::default(), "{text}");
    }
}

#[test]
fn quirk_33_keys_of_the_carriers_own_are_kept_within_bounds() {
    let pairs = |text: &str| read(text).others;
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let lookup = "id:4 stat:UNDELIV err:001 IMSI: MSC: ORN:VipNet MCCMNC:";
    assert_eq!(pairs(lookup), [pair("IMSI", ""), pair("MSC", ""), pair("ORN", "VipNet"), pair("MCCMNC", "")]);
    assert_eq!(three(lookup), ["4", "UNDELIV", "001"]);
    let priced = "id:77 mccmnc:61202 dlvrd:1 vendorRef:xyz stat:DELIVRD done date:1706011200 price:0.02";
    assert_eq!(pairs(priced), [pair("mccmnc", "61202"), pair("vendorRef", "xyz"), pair("price", "0.02")]);
    assert_eq!(read(priced).done_date.as_deref(), Some("1706011200"));
    let in_text = read("id:4D19C83C stat:DELIVRD text:GW250 MCC=270 MNC=1 a:b");
    assert_eq!((in_text.text.as_deref(), in_text.others.len()), (Some("GW250 MCC=270 MNC=1 a:b"), 0));
    assert_eq!(three("id:msg:12 stat:DELIVRD"), ["msg:12", "DELIVRD", ""]);
    // However many, and however long.
    let flood: String = (0..1_000).map(|it| format!("key{it}:{} ", "v".repeat(500))).collect();
    let it = read(&format!("{flood} {}:1 id:7 stat:DELIVRD", "k".repeat(100)));
    assert_eq!((it.others.len(), it.id.as_deref(), it.stat.as_deref()), (16, Some("7"), Some("DELIVRD")));
    assert!(it.others.iter().all(|(key, value)| key.len() <= 32 && value.len() <= 64));
}

#[test]
fn quirk_34_what_fills_the_text_is_kept_and_harms_nothing() {
    for (text, kept) in [
        ("--------------------", Some("--------------------")),
        ("none", Some("none")),
        ("ACK/OK", Some("ACK/OK")),
        ("hello               ", Some("hello")),
        ("foshfosh@@@@@@@@", Some("foshfosh@@@@@@@@")),
        ("                    ", None),
        ("", None),
    ] {
        let it = read(&format!("id:7 stat:DELIVRD err:000 text:{text}"));
        assert_eq!((it.id.as_deref(), it.text.as_deref()), (Some("7"), kept), "{text:?}");
    }
    let odd = ReceiptText::read(b"id:7 stat:DELIVRD text:\x84A\x89O\x88 ENTO\x84H. \x8cAPAKA");
    assert_eq!(odd.text.as_deref(), Some("\u{84}A\u{89}O\u{88} ENTO\u{84}H. \u{8c}APAKA"));
    assert_eq!(moment("text", 0), None);
}
