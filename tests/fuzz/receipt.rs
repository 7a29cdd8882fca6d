//! A `deliver_sm` or `data_sm` from a carrier, as a receipt or a message.
//!
//! ```text
//!  esm_class │ data_coding │ flags │ length of the text │ text … │ optional parameters …
//! ```

use bytes::{BufMut, Bytes, BytesMut};
use nuncio::carrier::dialect::Dialect;
use nuncio::carrier::inbound::news;
use nuncio::carrier::report::News;
use nuncio::smpp::command::CommandId;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::tlv::Tag;

/// `flags`: it is a `data_sm`, with the text as its payload.
const DATA_SM: u8 = 1;
/// `flags`: the carrier's receipts are known by their text.
const BY_CONTENT: u8 = 2;
/// `flags`: the carrier's clock is another one.
const EAST: u8 = 4;
/// `esm_class`: what kind of message it is.
const KIND: u8 = 0x3C;
/// Words and codes of a carrier are cut to so many characters.
const WORD_MAX: usize = 32;

/// Reads the octets as what a carrier sends.
pub(crate) fn run(octets: &[u8]) {
    let [esm_class, data_coding, flags, length, rest @ ..] = octets else { return };
    let (text, tlvs) = rest.split_at(rest.len().min(usize::from(*length)));
    let dialect = Dialect {
        receipts_by_content: flags & BY_CONTENT != 0,
        receipt_offset: if flags & EAST == 0 { 0 } else { 3 * 3_600 },
        ..Dialect::default()
    };
    let frame = if flags & DATA_SM == 0 {
        deliver_sm(*esm_class, *data_coding, text, tlvs)
    } else {
        data_sm(*esm_class, *data_coding, text, tlvs)
    };
    let body = Pdu::decode(frame).expect("every field is there").body;
    let said = news(&body, &dialect).expect("it carries a message");
    assert_eq!(Some(&said), news(&body, &dialect).as_ref(), "the same octets say the same");
    let tlvs = match &body {
        PduBody::DeliverSm(sm) => &sm.tlvs,
        PduBody::DataSm(sm) => &sm.tlvs,
        other => unreachable!("not asked for: {other:?}"),
    };
    let News::Receipt(receipt) = said else { return };
    let spoofed =
        esm_class & KIND == 0 && !dialect.receipts_by_content && tlvs.get(Tag::RECEIPTED_MESSAGE_ID).is_none();
    assert!(!spoofed, "the text of a handset passes for a receipt");
    for id in &receipt.ids {
        assert!((1..=255).contains(&id.as_str().len()), "{id:?}");
    }
    let words = [Some(&receipt.receipt.raw_status), receipt.receipt.error_code.as_ref()];
    for word in words.into_iter().flatten() {
        assert!(word.chars().count() <= WORD_MAX && !word.chars().any(char::is_control), "{word:?}");
    }
}

fn deliver_sm(esm_class: u8, data_coding: u8, text: &[u8], tlvs: &[u8]) -> Bytes {
    let mut body = b"\0\x01\x0131612345678\0\x05\0shop\0".to_vec();
    let length = u8::try_from(text.len()).expect("one octet told its length");
    body.extend([esm_class, 0, 0, 0, 0, 0, 0, data_coding, 0, length]);
    body.extend_from_slice(text);
    body.extend_from_slice(tlvs);
    frame(CommandId::DELIVER_SM, &body)
}

fn data_sm(esm_class: u8, data_coding: u8, text: &[u8], tlvs: &[u8]) -> Bytes {
    let mut body = b"\0\x01\x0131612345678\0\x05\0shop\0".to_vec();
    body.extend([esm_class, 0, data_coding]);
    body.put_u16(Tag::MESSAGE_PAYLOAD.0);
    body.put_u16(u16::try_from(text.len()).expect("one octet told its length"));
    body.extend_from_slice(text);
    body.extend_from_slice(tlvs);
    frame(CommandId::DATA_SM, &body)
}

fn frame(command: CommandId, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u32(u32::try_from(16 + body.len()).expect("no input is that long"));
    frame.put_u32(command.0);
    frame.put_u32(0);
    frame.put_u32(7);
    frame.put_slice(body);
    frame.freeze()
}
