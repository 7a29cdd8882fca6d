//! Optional parameters and texts as people read them.

use crate::smpp::remark::{add, quote, status};
use crate::smpp::status::CommandStatus;
use crate::smpp::tags::{Shape, ValueKind};
use crate::smpp::tlv::Tag;
use crate::smpp::words;
use std::borrow::Cow;

/// The name of a parameter with its tag.
pub(crate) fn name(tag: Tag) -> Cow<'static, str> {
    let name = match tag.name() {
        "unknown" if tag.is_vendor() => "vendor",
        name => name,
    };
    Cow::Owned(format!("{name} (0x{:04X})", tag.0))
}

/// What a parameter has, and what that says. The last two are of the message around it.
pub(crate) fn value(tag: Tag, octets: &[u8], has_udh: bool, data_coding: u8) -> (String, String) {
    if tag == Tag::MESSAGE_PAYLOAD {
        return message(octets, has_udh, data_coding);
    }
    let Some(Shape { kind, min, max }) = tag.shape() else {
        return (text_or_hex(octets), String::new());
    };
    let value = match kind {
        ValueKind::Integer if (1..=8).contains(&octets.len()) => integer(octets).to_string(),
        ValueKind::Text => quote(octets.strip_suffix(&[0]).unwrap_or(octets)),
        ValueKind::Octets => text_or_hex(octets),
        ValueKind::Integer | ValueKind::Flags => hex::encode_upper(octets),
    };
    let mut meaning = meaning(tag, octets);
    if !(usize::from(min)..=usize::from(max)).contains(&octets.len()) {
        let usual = if min == max { min.to_string() } else { format!("{min} to {max}") };
        let octets = if octets.len() == 1 { "1 octet".to_owned() } else { format!("{} octets", octets.len()) };
        add(&mut meaning, &format!("{octets} where the specification has {usual}"));
    }
    (value, meaning)
}

/// A text: the octets, and the text that they are, as far as that can be told here.
pub(crate) fn message(octets: &[u8], has_udh: bool, data_coding: u8) -> (String, String) {
    let header = match octets.first() {
        Some(length) if has_udh => octets.len().min(1 + usize::from(*length)),
        _ => 0,
    };
    let (udh, text) = octets.split_at(header);
    let mut meaning =
        if udh.is_empty() { String::new() } else { format!("user data header {}", hex::encode_upper(udh)) };
    if words::is_ucs2(data_coding) {
        let units: Vec<u16> = text.as_chunks::<2>().0.iter().map(|it| u16::from_be_bytes(*it)).collect();
        add(&mut meaning, &format!("{:?}", String::from_utf16_lossy(&units)));
    } else if !udh.is_empty() {
        add(&mut meaning, &text_or_hex(text));
    }
    (text_or_hex(octets), meaning)
}

fn meaning(tag: Tag, octets: &[u8]) -> String {
    match (tag, octets) {
        (Tag::NETWORK_ERROR_CODE, [network, high, low]) => {
            format!("{} {}", words::error_network(*network), u16::from_be_bytes([*high, *low]))
        }
        (Tag::BROADCAST_CONTENT_TYPE, [network, high, low]) => {
            format!("{}, service {}", words::broadcast_network(*network), u16::from_be_bytes([*high, *low]))
        }
        (Tag::BROADCAST_FREQUENCY_INTERVAL | Tag::MS_VALIDITY, [unit, high, low]) => {
            format!("{} {}", u16::from_be_bytes([*high, *low]), words::time_unit(*unit))
        }
        (Tag::BROADCAST_AREA_IDENTIFIER, [format, details @ ..]) => {
            format!("{}: {}", words::area_format(*format), text_or_hex(details))
        }
        (Tag::BROADCAST_ERROR_STATUS, [a, b, c, d]) => {
            status(CommandStatus::from_u32(u32::from_be_bytes([*a, *b, *c, *d])))
        }
        (Tag::BROADCAST_AREA_SUCCESS, [255]) => "unknown".to_owned(),
        (Tag::BROADCAST_AREA_SUCCESS, [_]) => "per cent".to_owned(),
        (Tag::CALLBACK_NUM, [_, ton, npi, digits @ ..]) => {
            format!("{}, {}, {}", words::ton(*ton), words::npi(*npi), text_or_hex(digits))
        }
        (Tag::SOURCE_SUBADDRESS | Tag::DEST_SUBADDRESS, [kind, details @ ..]) => {
            format!("{}: {}", words::subaddress(*kind), text_or_hex(details))
        }
        (Tag::ITS_SESSION_INFO, [session, step]) => {
            let end = if step & 1 == 1 { ", the last" } else { "" };
            format!("session {session}, step {}{end}", step >> 1)
        }
        (Tag::QOS_TIME_TO_LIVE, _) => "seconds".to_owned(),
        (Tag::SC_INTERFACE_VERSION, [octet]) => words::interface_version(*octet).into_owned(),
        (Tag::MS_MSG_WAIT_FACILITIES, [octet]) => words::waiting_facilities(*octet).into_owned(),
        (Tag::CALLBACK_NUM_PRES_IND, [octet]) => words::callback_presentation(*octet).into_owned(),
        (Tag::USSD_SERVICE_OP, [octet]) => words::ussd_service_op(*octet).to_owned(),
        (tag, [octet]) => words::parameter(tag, *octet).to_owned(),
        _ => String::new(),
    }
}

fn integer(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))
}

fn text_or_hex(octets: &[u8]) -> String {
    let printable = |octet: &u8| octet.is_ascii_graphic() || matches!(octet, b' ' | b'\r' | b'\n');
    if octets.iter().all(printable) { quote(octets) } else { hex::encode_upper(octets) }
}
