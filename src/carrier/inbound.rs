//! What a carrier sends of its own accord: receipts, and messages from handsets.

use crate::carrier::dialect::Dialect;
use crate::carrier::mo;
use crate::carrier::moment::moment;
use crate::carrier::receipt::{ReceiptText, status_of_state};
use crate::carrier::report::{News, ReceiptNews};
use crate::message::attempt::CarrierMessageId;
use crate::message::receipt::Receipt;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::smpp::address::Address;
use crate::smpp::pdu::Body;
use crate::smpp::sm::esm_class::{TYPE_INTERMEDIATE as INTERMEDIATE, TYPE_MASK as KIND, TYPE_RECEIPT as RECEIPT, UDHI};
use crate::smpp::tlv::{Tag, Tlvs};
use bytes::Bytes;

/// The last `message_state` that has a name: SKIPPED (SMPP 5.0).
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
    let text = receipt_text(&delivery);
    let named = delivery.tlvs.get(Tag::RECEIPTED_MESSAGE_ID).is_some();
    let stated = text.stat.is_some() || delivery.tlvs.get(Tag::MESSAGE_STATE).is_some();
    let is_receipt = match delivery.esm_class & KIND {
        // One of the bits is enough, whatever a carrier sets beside it.
        kind if kind & (RECEIPT | INTERMEDIATE) != 0 => true,
        // No handset can set a parameter of the SMSC; a text like that of a receipt anybody can send.
        0 => (named && stated) || (dialect.receipts_by_content && text.is_receipt()),
        // Acknowledgements of the handset or its user: about a message only if they name one.
        _ => named || text.is_receipt(),
    };
    Some(if is_receipt {
        News::Receipt(receipt(&delivery, text, dialect))
    } else {
        News::Mo(mo::read(body, dialect.text.alphabet)?)
    })
}

fn receipt(delivery: &Delivery<'_>, text: ReceiptText, dialect: &Dialect) -> ReceiptNews {
    let named = delivery.tlvs.get_text(Tag::RECEIPTED_MESSAGE_ID);
    let written = text.status();
    let mut ids: Vec<CarrierMessageId> = Vec::new();
    for id in [named, text.id].into_iter().flatten().filter_map(|it| CarrierMessageId::new(&it)) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    // A state that no specification has says less than the word beside it.
    let state = delivery.tlvs.get_u8(Tag::MESSAGE_STATE);
    let state = state.filter(|it| *it <= STATE_MAX || text.stat.is_none()).map(status_of_state);
    let (status, raw_status) = match (state, text.stat) {
        (Some((status, _)), Some(word)) => (status, word),
        (Some((status, word)), None) => (status, word.to_owned()),
        (None, word) => (written, word.unwrap_or_default()),
    };
    // An intermediate notification ends nothing, whatever its word (quirk 16), but for an arrival.
    let passing = delivery.esm_class & INTERMEDIATE != 0 && status != Status::Delivered;
    let status = if passing { Status::Sent } else { status };
    let error_code = text.err.or_else(|| network_error(delivery.tlvs));
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

/// What the text says; where there are a `short_message` and a `message_payload`, the one that is a receipt.
fn receipt_text(delivery: &Delivery<'_>) -> ReceiptText {
    let read = |octets: &[u8]| ReceiptText::read(octets, delivery.esm_class & UDHI != 0);
    let text = read(&delivery.octets);
    let payload = || delivery.tlvs.get(Tag::MESSAGE_PAYLOAD).map(|it| read(&it)).filter(ReceiptText::is_receipt);
    if text.is_receipt() { text } else { payload().unwrap_or(text) }
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
