//! What a carrier sends of its own accord: receipts, and messages from handsets.

use crate::carrier::date::moment;
use crate::carrier::dialect::Dialect;
use crate::carrier::mo;
use crate::carrier::receipt::{ReceiptText, status_of_state};
use crate::carrier::report::{News, ReceiptNews};
use crate::message::attempt::CarrierMessageId;
use crate::message::receipt::Receipt;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::smpp::address::Address;
use crate::smpp::pdu::Body;
use crate::smpp::tlv::{Tag, Tlvs};
use bytes::Bytes;

/// The bits of `esm_class` that say what kind of message it is (SMPP 3.4, 5.2.12).
const KIND: u8 = 0x3C;
/// A receipt of the SMSC.
const RECEIPT: u8 = 0x04;
/// An intermediate notification.
const INTERMEDIATE: u8 = 0x20;
/// `esm_class`: the text begins with a user data header.
const UDHI: u8 = 0x40;
/// The last `message_state` that has a name: SKIPPED (SMPP 5.0, 4.8.4.41).
const STATE_MAX: u8 = 9;
/// Longer words and codes of a carrier are cut.
const WORD_MAX: usize = 32;

/// What `deliver_sm` and `data_sm` have in common.
struct Delivery<'a> {
    source: &'a Address,
    destination: &'a Address,
    esm_class: u8,
    octets: Bytes,
    tlvs: &'a Tlvs,
}

/// What a request of the carrier says; `None` if it is not one that carries a message.
pub fn news(body: &Body, dialect: &Dialect) -> Option<News> {
    let delivery = match body {
        Body::DeliverSm(sm) => Delivery {
            source: &sm.source,
            destination: &sm.destination,
            esm_class: sm.esm_class,
            octets: sm.text(),
            tlvs: &sm.tlvs,
        },
        Body::DataSm(sm) => Delivery {
            source: &sm.source,
            destination: &sm.destination,
            esm_class: sm.esm_class,
            octets: sm.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default(),
            tlvs: &sm.tlvs,
        },
        _ => return None,
    };
    let text = ReceiptText::read(without_header(&delivery));
    let named = delivery.tlvs.get(Tag::RECEIPTED_MESSAGE_ID).is_some();
    let is_receipt = match delivery.esm_class & KIND {
        kind if kind & (RECEIPT | INTERMEDIATE) != 0 => true,
        // A handset writes any text but no TLV: that one is the carrier's word at all times.
        0 => named || (dialect.receipts_by_content && text.is_receipt()),
        // Acknowledgements of the handset or its user: about a message only if they name one.
        _ => named || text.is_receipt(),
    };
    Some(if is_receipt { News::Receipt(receipt(&delivery, text, dialect)) } else { News::Mo(mo::read(body)?) })
}

fn receipt(delivery: &Delivery<'_>, text: ReceiptText, dialect: &Dialect) -> ReceiptNews {
    let text_status = text.status();
    let named = delivery.tlvs.get_text(Tag::RECEIPTED_MESSAGE_ID);
    let mut ids: Vec<CarrierMessageId> = Vec::new();
    for id in [named, text.id].into_iter().flatten().filter_map(|it| CarrierMessageId::new(&it)) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    // A state that the specification does not know says less than any word.
    let state = delivery.tlvs.get_u8(Tag::MESSAGE_STATE).filter(|it| *it <= STATE_MAX).map(status_of_state);
    let status = state.map(|it| it.0).or(text_status).unwrap_or(Status::Unknown);
    let raw_status = text.stat.or_else(|| state.map(|it| it.1.to_owned())).unwrap_or_default();
    // An intermediate notification ends nothing, whatever its word (quirk 16), but for an arrival.
    let passing = delivery.esm_class & INTERMEDIATE != 0 && status != Status::Delivered;
    let status = if passing { Status::Sent } else { status };
    let error_code = error_code(text.err, delivery.tlvs);
    let done_at = text.done_date.and_then(|it| moment(&it, dialect.receipt_offset));
    ReceiptNews {
        ids,
        handset: E164::from_wire(delivery.source.ton, &delivery.source.digits.to_string_lossy()),
        sender: delivery.destination.digits.to_string_lossy().into(),
        receipt: Receipt {
            status,
            raw_status: cut(&raw_status),
            error_code: error_code.map(|it| cut(&it)),
            received_at: Time::NEVER,
            done_at,
        },
    }
}

/// The code of the text, in which operators state their reasons; that of the TLV where the text
/// says nothing, as some carriers write zeros in all receipts.
fn error_code(text: Option<String>, tlvs: &Tlvs) -> Option<String> {
    let says = |it: &String| it != "null" && it.bytes().any(|it| it.is_ascii_alphanumeric() && it != b'0');
    let network = || match &*tlvs.get(Tag::NETWORK_ERROR_CODE)? {
        // Three digits in place of a kind of network, of which there are eight, and a number.
        digits @ [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9'] => Some(digits.iter().map(|it| char::from(*it)).collect()),
        _ => tlvs.get_u16(Tag::NETWORK_ERROR_CODE).map(|it| format!("{it:03}")),
    };
    text.clone().filter(says).or_else(|| network().filter(says)).or(text).or_else(network)
}

/// The text without its user data header.
fn without_header<'a>(delivery: &'a Delivery<'_>) -> &'a [u8] {
    let octets = &delivery.octets[..];
    let header = octets.first().filter(|_| delivery.esm_class & UDHI != 0);
    header.and_then(|it| octets.get(1 + usize::from(*it)..)).unwrap_or(octets)
}

fn cut(text: &str) -> Box<str> {
    text.chars().filter(|it| !it.is_control()).take(WORD_MAX).collect()
}
