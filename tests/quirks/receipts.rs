//! Habits 1 to 34: ids and receipts.

use crate::quirks::gateway::{Gateway, HANDSET, LINK, about, fates, news, receipt, with};
use bytes::Bytes;
use nuncio::carrier::dialect::{Dialect, IdForm, ReceiptsAsked};
use nuncio::carrier::report::{News, ReceiptNews, Report};
use nuncio::dispatch::door::fact::Fate;
use nuncio::dispatch::door::happening::Happening;
use nuncio::message::attempt::CarrierMessageId;
use nuncio::message::phase::Phase;
use nuncio::message::reason::Reason;
use nuncio::message::status::Status;
use nuncio::smpp::data::DataSm;
use nuncio::smpp::pdu::PduBody;
use nuncio::smpp::sm::Sm;
use nuncio::smpp::tlv::{Tag, Tlvs};
use std::time::Duration;

const DELIVERED: u8 = 2;

fn form(message_id: IdForm) -> Dialect {
    Dialect { message_id, ..Dialect::default() }
}

/// The receipt in a deliver_sm with this text.
pub(crate) fn read(text: &str) -> ReceiptNews {
    receipt(&PduBody::DeliverSm(about(HANDSET, text)), &Dialect::default())
}

/// Its first id, its word, its meaning and its error code.
pub(crate) fn told(news: &ReceiptNews) -> (String, String, Status, String) {
    let id = news.ids.first().map(|it| it.as_str().to_owned());
    let error = news.receipt.error_code.as_deref().map(str::to_owned);
    (id.unwrap_or_default(), news.receipt.raw_status.to_string(), news.receipt.status, error.unwrap_or_default())
}

pub(crate) fn values(id: &str, word: &str, status: Status, error: &str) -> (String, String, Status, String) {
    (id.to_owned(), word.to_owned(), status, error.to_owned())
}

/// What becomes of a message that was answered with `answer` when this receipt comes.
fn becomes(dialect: &Dialect, answer: &str, text: &str) -> Phase {
    let mut gateway = Gateway::new(dialect.clone());
    let key = gateway.sent(HANDSET, answer);
    gateway.receipt(text);
    gateway.phase(key)
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[test]
fn quirk_01_hexadecimal_and_decimal_ids_find_each_other() {
    for (answer, decimal) in [("6aad5", "0000436949"), ("18d0e03a", "0416342074"), ("1D305B4C", "0489708364")] {
        let text = format!("id:{decimal} stat:DELIVRD err:000");
        assert_eq!(becomes(&Dialect::default(), answer, &text), Phase::Delivered, "{answer}");
        assert_eq!(becomes(&form(IdForm::RespHex), answer, &text), Phase::Delivered, "{answer}");
        assert_eq!(becomes(&form(IdForm::Text), answer, &text), Phase::Sent, "{answer}");
        let reverse = format!("id:{answer} stat:DELIVRD err:000");
        assert_eq!(becomes(&Dialect::default(), decimal, &reverse), Phase::Delivered, "{answer}");
        assert_eq!(becomes(&form(IdForm::ReceiptHex), decimal, &reverse), Phase::Delivered, "{answer}");
    }
    // A conversion that was not stated counts only where the handset fits.
    let mut gateway = Gateway::new(Dialect::default());
    let key = gateway.sent(HANDSET, "6aad5");
    let other = PduBody::DeliverSm(about(HANDSET + 1, "id:0000436949 stat:DELIVRD"));
    assert_eq!((gateway.receive(&other), gateway.phase(key)), (Fate::Parked, Phase::Sent));
}

#[test]
fn quirk_02_the_id_of_the_parameter_goes_before_the_one_in_the_text() {
    for (parameter, text) in [("6aad5", "0000436949"), ("18d0e03a", "0416342074"), ("1d305b4c", "0489708364")] {
        let sm = about(HANDSET, &format!("id:{text} stat:DELIVRD err:000"));
        let body = with(sm, &[(Tag::RECEIPTED_MESSAGE_ID, parameter.as_bytes())]);
        let ids = receipt(&body, &Dialect::default()).ids;
        assert_eq!(ids, [parameter, text].map(|it| CarrierMessageId::new(it).unwrap()));
        for answer in [parameter, text] {
            let mut gateway = Gateway::new(form(IdForm::Text));
            let key = gateway.sent(HANDSET, answer);
            assert_eq!((gateway.receive(&body), gateway.phase(key)), (Fate::Matched, Phase::Delivered), "{answer}");
        }
    }
}

#[test]
fn quirk_03_padding_is_stripped_and_never_to_nothing() {
    for (answer, written) in [("436949", "0000436949"), ("0000436949", "436949"), ("0", "0000000000"), ("000", "0")] {
        let text = format!("id:{written} stat:DELIVRD");
        assert_eq!(becomes(&form(IdForm::Text), answer, &text), Phase::Delivered, "{answer} {written}");
    }
    // An id of nothing is no id, and not that of a message called 0.
    assert_eq!(becomes(&Dialect::default(), "0", "id: sub:001 stat:DELIVRD"), Phase::Sent);
    assert_eq!(becomes(&Dialect::default(), "1", "id:0 stat:DELIVRD"), Phase::Sent);
}

#[test]
fn quirk_04_hexadecimal_ids_are_compared_without_case() {
    for (answer, written) in [("1D305B4C", "1d305b4c"), ("4a38DC46-5125", "4A38dc46-5125")] {
        let text = format!("id:{written} stat:DELIVRD");
        assert_eq!(becomes(&form(IdForm::Text), answer, &text), Phase::Delivered, "{answer}");
    }
}

#[test]
fn quirk_05_long_and_odd_ids_are_text() {
    for (answer, written, phase) in [
        ("4a38dc46-5125-4969-90be-72104c340d5c", "4a38dc46-5125-4969-90be-72104c340d5c", Phase::Delivered),
        ("2E179B310EDE971B2760C72B7F026E1B", "2E179B310EDE971B2760C72B7F026E1B", Phase::Delivered),
        ("rdwjwxns18krxr9936ey96ymcw", "rdwjwxns18krxr9936ey96ymcw", Phase::Delivered),
        ("171026125222636445993424531920", "171026125222636445993424531920", Phase::Delivered),
        // Beyond 63 bits nothing saturates: these are two messages.
        ("171026125222636445993424531920", "171026125222636445993424531921", Phase::Sent),
        ("9223372036854775808", "9223372036854775809", Phase::Sent),
        ("ffffffffffffffff", "18446744073709551615", Phase::Delivered),
        // Too long to be a number: never converted.
        ("10000000000000000", "18446744073709551616", Phase::Sent),
    ] {
        let text = format!("id:{written} stat:DELIVRD");
        assert_eq!(becomes(&Dialect::default(), answer, &text), phase, "{answer} {written}");
    }
    // The parameter has a suffix that the text does not have: either of them is found.
    let (whole, bare) = ("1479978899.393701000100@1154905154", "1479978899.393701000100");
    let body =
        with(about(HANDSET, &format!("id:{bare} stat:DELIVRD")), &[(Tag::RECEIPTED_MESSAGE_ID, whole.as_bytes())]);
    for answer in [whole, bare] {
        let mut gateway = Gateway::new(Dialect::default());
        let key = gateway.sent(HANDSET, answer);
        gateway.receive(&body);
        assert_eq!(gateway.phase(key), Phase::Delivered, "{answer}");
    }
    let endless = "9".repeat(400);
    assert_eq!(read(&format!("id:{} stat:DELIVRD", &endless[..200])).ids[0].as_str().len(), 200);
    assert_eq!(CarrierMessageId::new(&endless).unwrap().as_str().len(), 255);
}

#[test]
fn quirk_06_an_id_with_a_letter_is_hexadecimal_only_where_that_is_stated_or_fits() {
    let text = "id:1a2b stat:DELIVRD";
    for (stated, phase) in [
        (IdForm::Decimal, Phase::Sent),
        (IdForm::Text, Phase::Sent),
        (IdForm::RespHex, Phase::Sent),
        (IdForm::ReceiptHex, Phase::Delivered),
        (IdForm::Auto, Phase::Delivered),
    ] {
        assert_eq!(becomes(&form(stated), "6699", text), phase, "{stated:?}");
    }
    assert_eq!(becomes(&form(IdForm::Decimal), "1A2B", text), Phase::Delivered, "as text it fits");
}

#[test]
fn quirk_07_ids_of_parameters_end_at_a_nul_or_at_their_end() {
    let uuid = "4a38dc46-5125-4969-90be-72104c340d5c";
    for (value, id) in [
        (uuid.as_bytes(), uuid),
        (b"1D305B4C\0", "1D305B4C"),
        (b"1D305B4C\0\0\0\0", "1D305B4C"),
        (b"1D305B4C  \0", "1D305B4C"),
        (b"\x001D305B4C", "1D305B4C"),
        (b"1D305B4C\0rest", "1D305B4C"),
    ] {
        let body = with(about(HANDSET, ""), &[(Tag::RECEIPTED_MESSAGE_ID, value), (Tag::MESSAGE_STATE, &[DELIVERED])]);
        let news = receipt(&body, &Dialect::default());
        assert_eq!(told(&news), values(id, "DELIVRD", Status::Delivered, ""), "{value:?}");
    }
}

#[test]
fn quirk_08_where_parameter_and_text_disagree_the_parameter_is_first_and_the_text_fills_the_gaps() {
    let text = "id:500 stat:UNDELIV err:034";
    let all = [(Tag::RECEIPTED_MESSAGE_ID, &b"400\0"[..]), (Tag::MESSAGE_STATE, &[DELIVERED])];
    let news = receipt(&with(about(HANDSET, text), &all), &Dialect::default());
    assert_eq!(told(&news), values("400", "UNDELIV", Status::Delivered, "034"));
    let news = receipt(&with(about(HANDSET, text), &all[..1]), &Dialect::default());
    assert_eq!(told(&news), values("400", "UNDELIV", Status::Failed, "034"));
    let news = receipt(&with(about(HANDSET, text), &all[1..]), &Dialect::default());
    assert_eq!(told(&news), values("500", "UNDELIV", Status::Delivered, "034"));
    // A state that no specification has says less than the word beside it.
    let news = receipt(&with(about(HANDSET, text), &[(Tag::MESSAGE_STATE, &[77])]), &Dialect::default());
    assert_eq!(told(&news), values("500", "UNDELIV", Status::Failed, "034"));
    let mut gateway = Gateway::new(Dialect::default());
    let (first, second) = (gateway.sent(HANDSET, "400"), gateway.sent(HANDSET, "500"));
    gateway.receive(&with(about(HANDSET, text), &all));
    assert_eq!((gateway.phase(first), gateway.phase(second)), (Phase::Delivered, Phase::Sent));
}

#[test]
fn quirk_09_the_parts_of_a_message_have_unrelated_ids_or_one_receipt_for_all() {
    let mut gateway = Gateway::new(Dialect::default());
    let tickets = gateway.send(HANDSET, 3);
    for (ticket, id) in tickets.iter().zip(["77", "A0-1", "ffee"]) {
        gateway.taken(*ticket, id);
    }
    for (nth, id) in ["ffee", "77", "A0-1"].into_iter().enumerate() {
        assert_eq!(gateway.receipt(&format!("id:{id} stat:DELIVRD")), Fate::Matched);
        let arrived = tickets.iter().filter(|it| gateway.phase(it.key()) == Phase::Delivered).count();
        assert_eq!(arrived, nth + 1);
    }
    let mut gateway = Gateway::new(Dialect { receipts: ReceiptsAsked::First, ..Dialect::default() });
    let tickets = gateway.send(HANDSET, 3);
    for (ticket, id) in tickets.iter().zip(["77", "", ""]) {
        gateway.taken(*ticket, id);
    }
    gateway.receipt("id:77 stat:UNDELIV err:001");
    for ticket in tickets {
        let part = gateway.part(ticket.key());
        assert_eq!((part.phase(), part.reason), (Phase::Failed, Some(Reason::Undeliverable)));
    }
}

#[test]
fn quirk_10_parameters_alone_are_a_receipt() {
    let parameters = [(Tag::RECEIPTED_MESSAGE_ID, &b"362d9701\0"[..]), (Tag::MESSAGE_STATE, &[DELIVERED])];
    for text in ["", "362d9701 2"] {
        let news = receipt(&with(about(HANDSET, text), &parameters), &Dialect::default());
        assert_eq!(told(&news), values("362d9701", "DELIVRD", Status::Delivered, ""), "{text}");
    }
    let more = [&parameters[..], &[(Tag::NETWORK_ERROR_CODE, &[3, 0, 27][..])]].concat();
    let news = receipt(&with(about(HANDSET, ""), &more), &Dialect::default());
    assert_eq!(told(&news), values("362d9701", "DELIVRD", Status::Delivered, "027"));
}

#[test]
fn quirk_11_an_id_in_a_parameter_and_a_state_in_the_text_are_one_receipt() {
    for text in ["id:0000436949 stat:EXPIRED err:012", "stat:EXPIRED err:012"] {
        let news =
            receipt(&with(about(HANDSET, text), &[(Tag::RECEIPTED_MESSAGE_ID, b"6aad5\0")]), &Dialect::default());
        assert_eq!(told(&news), values("6aad5", "EXPIRED", Status::Expired, "012"), "{text}");
    }
}

#[test]
fn quirk_12_receipts_in_data_sm_are_receipts() {
    let data = |tlvs: Tlvs| {
        let Sm { source, destination, .. } = about(HANDSET, "");
        PduBody::DataSm(DataSm { source, destination, esm_class: 0x04, tlvs, ..DataSm::default() })
    };
    let text = b"id:77 stat:DELIVRD err:000";
    let payload = data(Tlvs::build().push(Tag::MESSAGE_PAYLOAD, text).build());
    let parameters =
        data(Tlvs::build().push(Tag::RECEIPTED_MESSAGE_ID, b"77\0").push(Tag::MESSAGE_STATE, &[DELIVERED]).build());
    for body in [payload, parameters] {
        let mut gateway = Gateway::new(Dialect::default());
        let key = gateway.sent(HANDSET, "77");
        assert_eq!((gateway.receive(&body), gateway.phase(key)), (Fate::Matched, Phase::Delivered));
    }
}

#[test]
fn quirk_13_a_text_like_a_receipt_is_one_only_where_the_operator_says_so() {
    let spoof = Sm { esm_class: 0, ..about(HANDSET, "id:1 stat:DELIVRD err:000") };
    let by_content = Dialect { receipts_by_content: true, ..Dialect::default() };
    assert!(matches!(news(&PduBody::DeliverSm(spoof.clone()), &Dialect::default()), News::Mo(_)));
    let read = receipt(&PduBody::DeliverSm(spoof.clone()), &by_content);
    assert_eq!(told(&read), values("1", "DELIVRD", Status::Delivered, "000"));
    for text in ["hello", "id:1", "stat:DELIVRD", "myid:1 stat:DELIVRD"] {
        let mo = Sm { esm_class: 0, ..about(HANDSET, text) };
        assert!(matches!(news(&PduBody::DeliverSm(mo), &by_content), News::Mo(_)), "{text}");
    }
    // Parameters come from the SMSC, never from a handset.
    let id = (Tag::RECEIPTED_MESSAGE_ID, &b"6aad5\0"[..]);
    let stated = with(spoof.clone(), &[id, (Tag::MESSAGE_STATE, &[5])]);
    assert_eq!(told(&receipt(&stated, &Dialect::default())), values("6aad5", "DELIVRD", Status::Failed, "000"));
    let reply = with(Sm { short_message: Bytes::from_static(b"yes, please"), ..spoof }, &[id]);
    assert!(matches!(news(&reply, &Dialect::default()), News::Mo(_)), "an id alone says nothing of a state");
}

#[test]
fn quirk_14_every_esm_class_of_a_receipt_is_one() {
    for esm_class in [0x04, 0x05, 0x06, 0x07, 0x08, 0x0C, 0x10, 0x18, 0x1C, 0x20, 0x24, 0x3C, 0x84] {
        let sm = Sm { esm_class, ..about(HANDSET, "id:77 stat:DELIVRD err:000") };
        let news = receipt(&PduBody::DeliverSm(sm), &Dialect::default());
        assert_eq!(told(&news), values("77", "DELIVRD", Status::Delivered, "000"), "{esm_class:#x}");
    }
    // Both bits of a receipt: it ends nothing but by an arrival.
    let sm = Sm { esm_class: 0x24, ..about(HANDSET, "id:77 stat:UNDELIV") };
    let news_of_both = receipt(&PduBody::DeliverSm(sm), &Dialect::default());
    assert_eq!(told(&news_of_both), values("77", "UNDELIV", Status::Sent, ""));
    // Words of a person, which an acknowledgement may carry or come under a type that is reserved, are not a receipt;
    // nor are they one where the message that they answer is named.
    let id = (Tag::RECEIPTED_MESSAGE_ID, &b"6aad5\0"[..]);
    for esm_class in [0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C, 0x24, 0x28, 0x2C, 0x30, 0x34, 0x38, 0x3C] {
        let sm = Sm { esm_class, ..about(HANDSET, "Where is my parcel? id:5 stat") };
        for body in [PduBody::DeliverSm(sm.clone()), with(sm, &[id])] {
            assert!(matches!(news(&body, &Dialect::default()), News::Mo(_)), "{esm_class:#x}");
        }
    }
}

#[test]
fn quirk_15_a_user_data_header_before_the_text_is_stripped() {
    let text = b"id:171026125222636445993424531920 stat:DELIVRD err:000 text:";
    let behind = [&[5, 0, 3, 0x84, 1, 1][..], text].concat();
    for (esm_class, octets) in [(0x44, behind), (0x04, text.to_vec())] {
        let sm = Sm { esm_class, short_message: octets.into(), ..about(HANDSET, "") };
        let news = receipt(&PduBody::DeliverSm(sm), &Dialect::default());
        assert_eq!(told(&news), values("171026125222636445993424531920", "DELIVRD", Status::Delivered, "000"));
    }
}

#[test]
fn quirk_16_a_state_that_is_not_final_ends_nothing() {
    let mut gateway = Gateway::new(Dialect::default());
    let key = gateway.sent(HANDSET, "77");
    for word in ["ENROUTE", "ACCEPTD", "BUFFRED", "SCHEDULED"] {
        gateway.receipt(&format!("id:77 stat:{word} err:000"));
        assert_eq!(gateway.phase(key), Phase::Sent, "{word}");
    }
    for state in [0, 1, 6] {
        let tlvs = [(Tag::RECEIPTED_MESSAGE_ID, &b"77"[..]), (Tag::MESSAGE_STATE, &[state])];
        gateway.receive(&with(about(HANDSET, ""), &tlvs));
        assert_eq!(gateway.phase(key), Phase::Sent, "{state}");
    }
    // An intermediate notification ends nothing whatever it says, but for an arrival.
    let intermediate = |word: &str| {
        let text = format!("id:77 stat:{word}");
        PduBody::DeliverSm(Sm { esm_class: 0x20, ..about(HANDSET, &text) })
    };
    gateway.receive(&intermediate("UNDELIV"));
    assert_eq!(gateway.phase(key), Phase::Sent);
    gateway.receive(&intermediate("DELIVRD"));
    assert_eq!(gateway.phase(key), Phase::Delivered);
}

#[test]
fn quirk_17_unrequested_repeated_and_late_receipts_change_nothing_twice() {
    let mut gateway = Gateway::new(Dialect { receipts: ReceiptsAsked::None, ..Dialect::default() });
    let key = gateway.sent(HANDSET, "77");
    gateway.later(Duration::from_secs(3 * 86_400));
    assert_eq!(gateway.receipt("id:77 stat:DELIVRD err:000"), Fate::Matched, "three days late, and never asked for");
    let done = gateway.part(key);
    for (text, fate) in [
        ("id:77 stat:DELIVRD err:000", Fate::Duplicate),
        ("id:77 stat:UNDELIV err:001", Fate::Late),
        ("id:77 stat:ENROUTE err:000", Fate::Late),
    ] {
        assert_eq!(gateway.receipt(text), fate, "{text}");
        let part = gateway.part(key);
        assert_eq!((part.phase(), part.reason, part.done_at), (done.phase(), done.reason, done.done_at), "{text}");
    }
    gateway.restart();
    assert_eq!(gateway.receipt("id:77 stat:DELIVRD err:000"), Fate::Duplicate, "after a restart, too");
    // Two of a kind in one beat.
    let key = gateway.sent(HANDSET, "78");
    let news = read("id:78 stat:ENROUTE err:000");
    let twice = [1, 2].map(|tag| Report::Inbound { tag, news: News::Receipt(news.clone()) });
    let happenings = twice.map(|it| Happening::Link(LINK, it));
    assert_eq!(fates(&gateway.beat(happenings.into())), [Fate::Matched, Fate::Duplicate]);
    assert_eq!(gateway.phase(key), Phase::Sent);
}
