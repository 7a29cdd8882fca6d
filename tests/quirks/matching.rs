//! Which message a receipt ends, and how, where carriers make it hard to see.

use crate::quirks::gateway::{CARRIER, Gateway, HANDSET, LINK, about, fates, receipt, took, with};
use nuncio::carrier::dialect::{Dialect, IdForm};
use nuncio::carrier::report::{News, Report};
use nuncio::dispatch::door::fact::{Fact, Fate};
use nuncio::dispatch::door::happening::Happening;
use nuncio::message::id::PartKey;
use nuncio::message::phase::Phase;
use nuncio::message::reason::Reason;
use nuncio::message::status::Status;
use nuncio::smpp::address::Address;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::sm::Sm;
use nuncio::smpp::tlv::Tag;

fn form(message_id: IdForm) -> Dialect {
    Dialect { message_id, ..Dialect::default() }
}

/// A receipt with these digits and types in the place of the recipient and of the sender.
fn addressed(source: (u8, u8, &str), destination: (u8, u8, &str), text: &str) -> PduBody {
    let address = |(ton, npi, digits): (u8, u8, &str)| Address::new(ton, npi, digits);
    PduBody::DeliverSm(Sm { source: address(source), destination: address(destination), ..about(HANDSET, text) })
}

/// What a gateway of this dialect told of receipts, one after the other.
fn facts(gateway: &mut Gateway, bodies: &[PduBody]) -> Vec<Fact> {
    let dialect = gateway.plan.carriers[&CARRIER].dialect.clone();
    let news = bodies.iter().map(|it| Report::Inbound { tag: 7, news: News::Receipt(receipt(it, &dialect)) });
    let news: Vec<Happening> = news.map(|it| Happening::Link(LINK, it)).collect();
    news.into_iter().flat_map(|it| gateway.beat(vec![it]).facts).collect()
}

fn phases(gateway: &Gateway, keys: [PartKey; 2]) -> [Phase; 2] {
    keys.map(|it| gateway.phase(it))
}

#[test]
fn an_empty_message_state_hides_no_final_word() {
    // As it came: message_state 0 beside stat:UNDELIV err:255.
    let octets = include_str!("../../fixtures/receipts/empty-state.hex").trim();
    let octets: Vec<u8> =
        (0..octets.len() / 2).map(|at| u8::from_str_radix(&octets[2 * at..2 * at + 2], 16).unwrap()).collect();
    let pdu = Pdu::decode(octets.into()).unwrap();
    let mut gateway = Gateway::new(Dialect::default());
    let key = gateway.sent(31_623_456_738, "9391281107527270409");
    assert_eq!(gateway.receive(&pdu.body), Fate::Matched);
    let part = gateway.part(key);
    assert_eq!((part.phase(), part.reason), (Phase::Failed, Some(Reason::Undeliverable)));
    let told = part.attempt.unwrap().receipt.unwrap();
    assert_eq!((told.status, &*told.raw_status), (Status::Failed, "UNDELIV"));
    assert_eq!(told.error_code.as_deref(), Some("255"));
    // No state at all ends nothing.
    let mut gateway = Gateway::new(Dialect::default());
    let key = gateway.sent(HANDSET, "77");
    assert_eq!((gateway.receipt("id:77 err:500 text:Hello"), gateway.phase(key)), (Fate::Matched, Phase::Sent));
    for (state, word, phase) in [
        (0, "DELIVRD", Phase::Delivered),
        (2, "ENROUTE", Phase::Delivered),
        (5, "DELIVRD", Phase::Failed),
        (0, "ENROUTE", Phase::Sent),
    ] {
        let mut gateway = Gateway::new(Dialect::default());
        let key = gateway.sent(HANDSET, "77");
        let text = format!("id:77 stat:{word}");
        gateway.receive(&with(about(HANDSET, &text), &[(Tag::MESSAGE_STATE, &[state])]));
        assert_eq!(gateway.phase(key), phase, "{state} {word}");
    }
}

#[test]
fn of_two_error_codes_and_two_ids_the_one_that_says_something_counts() {
    for (text, network, code) in [
        ("err:000", &[3, 0, 27][..], "027"),
        ("err:", &[3, 0, 27], "027"),
        ("err:null", &[3, 0, 27], "027"),
        ("err:???", &[3, 0, 27], "027"),
        ("err:034", &[3, 0, 27], "034"),
        ("err:034", &[3, 0, 0], "034"),
        ("err:000", &[3, 0, 0], "000"),
        ("err:00B", &[3, 0, 27], "00B"),
        ("", &[3, 0, 0], "000"),
    ] {
        let body = with(about(HANDSET, &format!("id:7 stat:UNDELIV {text}")), &[(Tag::NETWORK_ERROR_CODE, network)]);
        let told = receipt(&body, &Dialect::default()).receipt;
        assert_eq!(told.error_code.as_deref(), Some(code), "{text} {network:?}");
    }
    for placeholder in [&b"0\0"[..], b"0000000000\0", b"\0", b"null\0"] {
        let mut gateway = Gateway::new(Dialect::default());
        let (zero, meant) = (gateway.sent(HANDSET, "0"), gateway.sent(HANDSET, "77"));
        let body = with(about(HANDSET, "id:77 stat:UNDELIV"), &[(Tag::RECEIPTED_MESSAGE_ID, placeholder)]);
        gateway.receive(&body);
        assert_eq!(phases(&gateway, [zero, meant]), [Phase::Sent, Phase::Failed], "{placeholder:?}");
    }
}

#[test]
fn a_receipt_that_comes_twice_is_about_the_same_message_both_times() {
    for (stated, first, second) in [
        (IdForm::Auto, "16", "10"),
        (IdForm::Auto, "4096", "1000"),
        (IdForm::Auto, "1A", "26"),
        (IdForm::Auto, "26", "1A"),
        (IdForm::Text, "16", "10"),
        (IdForm::Decimal, "16", "10"),
    ] {
        for learned in [0, 5] {
            let mut gateway = Gateway::new(form(stated));
            for number in 0..learned {
                gateway.sent(HANDSET, &format!("7{number}9999"));
                gateway.receipt(&format!("id:7{number}9999 stat:DELIVRD"));
            }
            let keys = [gateway.sent(HANDSET, first), gateway.sent(HANDSET, second)];
            let case = format!("{stated:?} {first} {second} {learned}");
            assert_eq!(gateway.receipt(&format!("id:{first} stat:DELIVRD")), Fate::Matched, "{case}");
            assert_eq!(phases(&gateway, keys), [Phase::Delivered, Phase::Sent], "{case}");
            assert_eq!(gateway.receipt(&format!("id:{first} stat:DELIVRD")), Fate::Duplicate, "{case}");
            assert_eq!(phases(&gateway, keys), [Phase::Delivered, Phase::Sent], "{case}");
            assert_eq!(gateway.receipt(&format!("id:{second} stat:UNDELIV")), Fate::Matched, "{case}");
            assert_eq!(phases(&gateway, keys), [Phase::Delivered, Phase::Failed], "{case}");
        }
    }
}

#[test]
fn a_receipt_that_comes_again_with_the_answer_of_another_message_is_about_the_first() {
    let mut gateway = Gateway::new(Dialect::default());
    let first = gateway.sent(HANDSET, "16");
    gateway.receipt("id:16 stat:DELIVRD");
    let second = gateway.send(HANDSET, 1)[0];
    let body = PduBody::DeliverSm(about(HANDSET, "id:16 stat:DELIVRD"));
    let news = News::Receipt(receipt(&body, &Dialect::default()));
    let reports = [took(second, "10"), Report::Inbound { tag: 7, news }];
    let outcome = gateway.beat(reports.map(|it| Happening::Link(LINK, it)).into());
    assert_eq!(fates(&outcome), [Fate::Duplicate]);
    assert_eq!(phases(&gateway, [first, second.key()]), [Phase::Delivered, Phase::Sent]);
}

#[test]
fn ids_that_differ_in_case_or_leading_zeros_alone_are_those_of_two_messages() {
    for (first, second) in [("aBcD12", "AbCd12"), ("xY9", "Xy9"), ("0012", "12"), ("12", "0012"), ("00ffA", "ffA")] {
        for stated in [IdForm::Auto, IdForm::Text] {
            let mut gateway = Gateway::new(form(stated));
            let keys = [gateway.sent(HANDSET, first), gateway.sent(HANDSET, second)];
            let case = format!("{stated:?} {first} {second}");
            assert_eq!(gateway.receipt(&format!("id:{first} stat:UNDELIV")), Fate::Matched, "{case}");
            assert_eq!(phases(&gateway, keys), [Phase::Failed, Phase::Sent], "{case}");
            // It has ended and is in the store alone.
            assert_eq!(gateway.receipt(&format!("id:{first} stat:UNDELIV")), Fate::Duplicate, "{case}");
            assert_eq!(phases(&gateway, keys), [Phase::Failed, Phase::Sent], "{case}");
        }
    }
}

#[test]
fn a_recipient_is_found_in_either_address_and_by_the_end_of_its_number() {
    let (alphanumeric, international, unknown) = ((5, 0, "SHOP"), (1, 1, "31612345678"), |it| (0, 1, it));
    for (source, destination, phase) in [
        (international, alphanumeric, Phase::Delivered),
        (alphanumeric, international, Phase::Delivered),
        ((2, 1, "0612345678"), alphanumeric, Phase::Delivered),
        ((2, 1, "612345678"), alphanumeric, Phase::Delivered),
        (alphanumeric, (2, 1, "0612345678"), Phase::Delivered),
        (unknown("31612***678"), alphanumeric, Phase::Sent),
        (unknown(""), alphanumeric, Phase::Sent),
        (unknown("31612345679"), alphanumeric, Phase::Sent),
        (unknown("0612345679"), alphanumeric, Phase::Sent),
    ] {
        let case = format!("{source:?} {destination:?}");
        let receipt = addressed(source, destination, "id:439041101 stat:DELIVRD");
        let mut gateway = Gateway::new(Dialect::default());
        let key = gateway.sent(HANDSET, "1A2B3C4D");
        let fate = if phase == Phase::Sent { Fate::Parked } else { Fate::Matched };
        assert_eq!((gateway.receive(&receipt), gateway.phase(key)), (fate, phase), "{case}");
        // The same where the receipt comes first.
        let mut gateway = Gateway::new(Dialect::default());
        let ticket = gateway.send(HANDSET, 1)[0];
        assert_eq!(gateway.receive(&receipt), Fate::Parked, "{case}");
        gateway.taken(ticket, "1A2B3C4D");
        assert_eq!(gateway.phase(ticket.key()), phase, "{case}");
        // With the same id in both it is not asked who it is for, unless it is for somebody else.
        let mut gateway = Gateway::new(Dialect::default());
        let key = gateway.sent(HANDSET, "439041101");
        assert_eq!((gateway.receive(&receipt), gateway.phase(key)), (Fate::Matched, Phase::Delivered), "{case}");
    }
}

#[test]
fn a_receipt_under_an_id_that_a_carrier_uses_anew_waits_for_the_part_whose_recipient_it_names() {
    const OTHER: u64 = 31_687_654_321;
    let receipt = || PduBody::DeliverSm(about(OTHER, "id:000017 stat:UNDELIV"));
    for doubtful in [false, true] {
        let mut gateway = Gateway::new(Dialect::default());
        let key = gateway.sent(HANDSET, "000017");
        // The carrier has started since, and counts from the beginning.
        let ticket = gateway.send(OTHER, 1)[0];
        if doubtful {
            gateway.doubt(ticket);
            assert_eq!(gateway.receive(&receipt()), Fate::Matched);
        } else {
            assert_eq!(gateway.receive(&receipt()), Fate::Parked);
            assert_eq!(phases(&gateway, [key, ticket.key()]), [Phase::Sent, Phase::Intended]);
            gateway.taken(ticket, "000017");
        }
        assert_eq!(phases(&gateway, [key, ticket.key()]), [Phase::Sent, Phase::Failed], "in doubt: {doubtful}");
    }
}

#[test]
fn a_receipt_under_an_id_used_anew_is_not_another_s_where_its_own_part_was_left_without_a_name() {
    const OTHER: u64 = 31_687_654_321;
    let mut gateway = Gateway::new(Dialect::default());
    let key = gateway.sent(HANDSET, "000017");
    // The carrier took it and did not say under what id.
    let ticket = gateway.send(OTHER, 1)[0];
    gateway.taken(ticket, "");
    assert_eq!(gateway.receive(&PduBody::DeliverSm(about(OTHER, "id:000017 stat:UNDELIV"))), Fate::Parked);
    assert_eq!(phases(&gateway, [key, ticket.key()]), [Phase::Sent, Phase::Sent]);
}

#[test]
fn receipts_that_name_nobody_and_fit_when_converted_are_told_of_with_what_may_be_stated() {
    let mut gateway = Gateway::new(Dialect::default());
    let masked = |id: u32| addressed((1, 1, "31612***678"), (5, 0, "SHOP"), &format!("id:{id} stat:DELIVRD"));
    let ids = 0x1A2B_3C40..0x1A2B_3C48_u32;
    let receipts: Vec<PduBody> = ids.clone().map(masked).collect();
    for id in ids {
        gateway.sent(HANDSET, &format!("{id:X}"));
    }
    let told: Vec<Fact> =
        facts(&mut gateway, &receipts).into_iter().filter(|it| matches!(it, Fact::UnsureIds { .. })).collect();
    let [Fact::UnsureIds { relation, count: 3, .. }] = told[..] else { panic!("{told:?}") };
    assert_eq!(relation.word(), "resp-hex");
    // Those of messages that nobody knows tell nothing.
    let mut gateway = Gateway::new(Dialect::default());
    let told = facts(&mut gateway, &receipts);
    assert!(!told.iter().any(|it| matches!(it, Fact::UnsureIds { .. })), "{told:?}");
}

#[test]
fn words_that_say_not_yet_end_nothing_and_the_operator_says_what_others_mean() {
    let statuses = [("nocred", Status::Failed), ("pending", Status::Failed), ("absent", Status::Sent)];
    let stated = Dialect { statuses: statuses.map(|(word, it)| (word.into(), it)).into(), ..Dialect::default() };
    for (word, usual, otherwise) in [
        ("PENDING", Phase::Sent, Phase::Failed),
        ("RETRY", Phase::Sent, Phase::Sent),
        ("QUEUED", Phase::Sent, Phase::Sent),
        ("IN_PROGRESS", Phase::Sent, Phase::Sent),
        ("DEFERRED", Phase::Sent, Phase::Sent),
        ("BLOCKED", Phase::Failed, Phase::Failed),
        ("INVALID", Phase::Failed, Phase::Failed),
        ("NOCRED", Phase::Unknown, Phase::Failed),
        ("SYSERR", Phase::Unknown, Phase::Unknown),
        ("ABSENT", Phase::Unknown, Phase::Sent),
    ] {
        for (dialect, phase) in [(Dialect::default(), usual), (stated.clone(), otherwise)] {
            let mut gateway = Gateway::new(dialect);
            let key = gateway.sent(HANDSET, "7");
            gateway.receipt(&format!("id:7 stat:{word} err:500"));
            assert_eq!(gateway.phase(key), phase, "{word}");
        }
    }
}

#[test]
fn a_word_that_nobody_knows_is_told_once() {
    let mut gateway = Gateway::new(Dialect::default());
    for id in ["1", "2", "3", "4"] {
        gateway.sent(HANDSET, id);
    }
    let text = |text| PduBody::DeliverSm(about(HANDSET, text));
    let receipts = ["id:1 stat:NOCRED", "id:2 stat:nocred", "id:3 stat:SYSERR", "id:4 stat:UNKNOWN"].map(text);
    let told = facts(&mut gateway, &receipts).into_iter().filter_map(|it| match it {
        Fact::StrangeWord { word, key, .. } => Some((word.to_string(), key)),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [("NOCRED".to_owned(), "statuses"), ("SYSERR".to_owned(), "statuses")]);
}
