//! What a carrier sends of its own accord: receipts, and messages from handsets.

use crate::carrier::dialect::Dialect;
use crate::carrier::mo;
use crate::carrier::receipt::ReceiptText;
use crate::carrier::receipt_time;
use crate::carrier::report::{Announced, News, ReceiptNews};
use crate::carrier::reported_status::{ReportedStatus, reported_status};
use crate::message::attempt::CarrierMessageId;
use crate::message::extras::{PARAMETER_OCTETS_MAX, PARAMETERS_MAX, Parameter};
use crate::message::receipt::Receipt;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::smpp::address::Address;
use crate::smpp::pdu::PduBody;
use crate::smpp::sm::esm_class::{TYPE_INTERMEDIATE as INTERMEDIATE, TYPE_MASK as KIND, TYPE_RECEIPT as RECEIPT, UDHI};
use crate::smpp::tlv::{Tag, Tlvs};
use bytes::Bytes;

/// Longer words and codes of a carrier are cut.
const WORD_MAX: usize = 32;

/// What `deliver_sm` and `data_sm` have in common.
struct Delivery<'a> {
    source: &'a Address,
    destination: &'a Address,
    esm_class: u8,
    data_coding: u8,
    octets: Bytes,
    tlvs: &'a Tlvs,
}

/// What a request of the carrier says; `None` if it is not one that carries a message.
pub fn news(body: &PduBody, dialect: &Dialect) -> Option<News> {
    let delivery = match body {
        PduBody::DeliverSm(sm) => Delivery {
            source: &sm.source,
            destination: &sm.destination,
            esm_class: sm.esm_class,
            data_coding: sm.data_coding,
            octets: sm.text(),
            tlvs: &sm.tlvs,
        },
        PduBody::DataSm(sm) => Delivery {
            source: &sm.source,
            destination: &sm.destination,
            esm_class: sm.esm_class,
            data_coding: sm.data_coding,
            octets: sm.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default(),
            tlvs: &sm.tlvs,
        },
        _ => return None,
    };
    let text = receipt_text(&delivery);
    let named = delivery.tlvs.get(Tag::RECEIPTED_MESSAGE_ID).is_some();
    let stated = text.stat.is_some() || delivery.tlvs.get(Tag::MESSAGE_STATE).is_some();
    let is_receipt = match delivery.esm_class & KIND {
        RECEIPT | INTERMEDIATE => true,
        // No handset can set a parameter of the SMSC; a text like that of a receipt anybody can send.
        0 => (named && stated) || (dialect.receipts_by_content && text.is_receipt()),
        // Acknowledgements of the handset or its user, and types that are reserved (3.4 section 5.2.12): messages,
        // but for those that name a message of ours and say where it stands.
        _ => (named && stated) || text.is_receipt(),
    };
    Some(if is_receipt {
        News::Receipt(receipt(&delivery, text, dialect))
    } else {
        News::Mo(mo::read(body, dialect.text.alphabet)?)
    })
}

fn receipt(delivery: &Delivery<'_>, text: ReceiptText, dialect: &Dialect) -> ReceiptNews {
    let named = delivery.tlvs.get_text(Tag::RECEIPTED_MESSAGE_ID);
    let reported = reported_status(&text, delivery.tlvs.get_u8(Tag::MESSAGE_STATE), dialect);
    let mut ids: Vec<CarrierMessageId> = Vec::new();
    for id in [named, text.id].into_iter().flatten().filter_map(|it| CarrierMessageId::new(&it)) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids.sort_by_key(|it| !says_something(it.as_str()));
    // An intermediate notification ends nothing, whatever its word (quirk 16), but for an arrival.
    let passing = delivery.esm_class & INTERMEDIATE != 0 && reported.status != Status::Delivered;
    // Nor does one that says nothing of a state: that is less than a state of UNKNOWN.
    let word = text.stat.as_deref().or(reported.word).unwrap_or_default();
    let status = if passing || word.is_empty() { Status::Sent } else { reported.status };
    let error_code = error_code(text.err, network_error(delivery.tlvs));
    let tlvs = beside(delivery.tlvs, &reported, error_code.as_deref());
    let (done_at, done_date) = receipt_time::done(text.done_date.as_deref(), dialect.receipt_offset);
    let source = delivery.source.digits.to_string_lossy();
    let handset = E164::from_wire(delivery.source.ton, &source);
    let announced = ids.is_empty().then(|| Announced {
        esm_class: delivery.esm_class,
        data_coding: delivery.data_coding,
        octets: delivery.octets.as_ref().into(),
    });
    ReceiptNews {
        announced: announced.map(Box::new),
        ids,
        handset,
        address: (handset.is_none() && !source.is_empty()).then(|| source.into()),
        sender: delivery.destination.digits.to_string_lossy().into(),
        is_strange: reported.is_strange,
        receipt: Receipt {
            status,
            raw_status: cut(word),
            error_code: error_code.map(|it| cut(&it)),
            received_at: Time::NEVER,
            done_at,
            done_date,
            tlvs,
            later: Vec::new(),
        },
    }
}

/// The parameters that are told nowhere else, in the order of their tags, as many as a message may bring itself. Those
/// that the receipt was read from are among them where it says otherwise now.
fn beside(tlvs: &Tlvs, reported: &ReportedStatus, error_code: Option<&str>) -> Vec<Parameter> {
    if tlvs.is_empty() {
        return Vec::new();
    }
    let number = |code: &str| code.trim_start_matches('0').to_owned();
    let told = |tag: Tag, value: &[u8]| match tag {
        Tag::MESSAGE_PAYLOAD | Tag::RECEIPTED_MESSAGE_ID => true,
        Tag::MESSAGE_STATE => value.last() == reported.state.as_ref(),
        Tag::NETWORK_ERROR_CODE => network_error(tlvs).as_deref().map(number) == error_code.map(number),
        _ => false,
    };
    let (mut all, mut octets): (Vec<Parameter>, usize) = (Vec::new(), 0);
    for (tag, value) in tlvs.iter().filter(|(tag, value)| !told(*tag, value)) {
        let parameter = Parameter { tag: tag.0, value: value.as_ref().into() };
        let place = all.binary_search_by_key(&parameter.tag, |it| it.tag);
        octets += parameter.value.len();
        match place {
            // The last of a tag counts (quirk 63).
            Ok(at) => all[at] = parameter,
            Err(_) if all.len() == PARAMETERS_MAX || PARAMETER_OCTETS_MAX < octets => break,
            Err(at) => all.insert(at, parameter),
        }
    }
    all
}

/// What the text says; where there are a `short_message` and a `message_payload`, the one that is a receipt.
fn receipt_text(delivery: &Delivery<'_>) -> ReceiptText {
    let read = |octets: &[u8]| ReceiptText::read(octets, delivery.esm_class & UDHI != 0);
    let text = read(&delivery.octets);
    let payload = || delivery.tlvs.get(Tag::MESSAGE_PAYLOAD).map(|it| read(&it)).filter(ReceiptText::is_receipt);
    if text.is_receipt() { text } else { payload().unwrap_or(text) }
}

/// The error code of the text, or of the parameter where that says more.
fn error_code(written: Option<String>, network: Option<String>) -> Option<String> {
    if written.as_deref().is_some_and(says_something) || !network.as_deref().is_some_and(says_something) {
        return written.or(network);
    }
    network
}

/// Whether an id or a code is more than what stands in the place of none: zeros, dots, `null`.
fn says_something(value: &str) -> bool {
    value.bytes().any(|it| it.is_ascii_alphanumeric() && it != b'0')
        && !["null", "none", "nil"].iter().any(|it| value.eq_ignore_ascii_case(it))
}

/// `network_error_code`: a type of network and a number, or the number alone; some write it as three digits.
fn network_error(tlvs: &Tlvs) -> Option<String> {
    let value = tlvs.get(Tag::NETWORK_ERROR_CODE)?;
    if value.len() == 3 && value.iter().all(u8::is_ascii_digit) {
        return Some(value.iter().map(|it| char::from(*it)).collect());
    }
    tlvs.get_u16(Tag::NETWORK_ERROR_CODE).map(|it| format!("{it:03}"))
}

fn cut(text: &str) -> Box<str> {
    text.chars().filter(|it| !it.is_control()).take(WORD_MAX).collect()
}
