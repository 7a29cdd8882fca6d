//! What the numbers of the protocol say, in words.
//!
//! A number without a meaning gives `reserved`, or nothing where any number is allowed.

use crate::smpp::sm::{esm_class as esm, registered_delivery as delivery};
use crate::smpp::tlv::Tag;
use std::borrow::Cow;

/// A word, or several that were put together.
pub type Words = Cow<'static, str>;

/// The word of a `message_state` (5.0 section 4.7.15); 0 and 9 are of 5.0 only.
pub const fn message_state(state: u8) -> &'static str {
    match state {
        0 => "SCHEDULED",
        1 => "ENROUTE",
        2 => "DELIVERED",
        3 => "EXPIRED",
        4 => "DELETED",
        5 => "UNDELIVERABLE",
        6 => "ACCEPTED",
        7 => "UNKNOWN",
        8 => "REJECTED",
        9 => "SKIPPED",
        _ => "reserved",
    }
}

/// A type of number (3.4 section 5.2.5).
pub const fn ton(ton: u8) -> &'static str {
    match ton {
        0 => "unknown",
        1 => "international",
        2 => "national",
        3 => "network specific",
        4 => "subscriber number",
        5 => "alphanumeric",
        6 => "abbreviated",
        _ => "reserved",
    }
}

/// A numbering plan (3.4 section 5.2.6).
pub const fn npi(npi: u8) -> &'static str {
    match npi {
        0 => "unknown",
        1 => "ISDN (E.163, E.164)",
        3 => "data (X.121)",
        4 => "telex (F.69)",
        6 => "land mobile (E.212)",
        8 => "national",
        9 => "private",
        10 => "ERMES",
        14 => "internet (IP)",
        18 => "WAP client id",
        _ => "reserved",
    }
}

/// An `esm_class` (3.4 section 5.2.12).
pub fn esm_class(octet: u8) -> Words {
    let mode = match octet & esm::MODE_MASK {
        esm::MODE_DATAGRAM => "datagram",
        esm::MODE_TRANSACTION => "transaction",
        esm::MODE_STORE_AND_FORWARD => "store and forward",
        _ => "default mode",
    };
    let message_type = match octet & esm::TYPE_MASK {
        0 => "",
        esm::TYPE_RECEIPT => "receipt",
        esm::TYPE_DELIVERY_ACK => "delivery acknowledgement",
        esm::TYPE_MANUAL_ACK => "manual acknowledgement",
        esm::TYPE_CONVERSATION_ABORT => "conversation abort",
        esm::TYPE_INTERMEDIATE => "intermediate notification",
        _ => "reserved type",
    };
    let udhi = if octet & esm::UDHI != 0 { "user data header" } else { "" };
    let reply = if octet & esm::REPLY_PATH != 0 { "reply path" } else { "" };
    list([mode, message_type, udhi, reply])
}

/// A `registered_delivery` (3.4 section 5.2.17, 5.0 section 4.7.21).
pub fn registered_delivery(octet: u8) -> Words {
    let receipt = match octet & delivery::RECEIPT_MASK {
        delivery::RECEIPT => "receipt",
        delivery::RECEIPT_ON_FAILURE => "receipt on failure",
        delivery::RECEIPT_ON_SUCCESS => "receipt on success",
        _ => "no receipt",
    };
    let said = |bit, word| if octet & bit != 0 { word } else { "" };
    list([
        receipt,
        said(delivery::DELIVERY_ACK, "delivery acknowledgement"),
        said(delivery::MANUAL_ACK, "manual acknowledgement"),
        said(delivery::INTERMEDIATE, "intermediate notification"),
        said(0xE0, "reserved bits"),
    ])
}

/// A `data_coding` (3.4 section 5.2.19; from 0x10 on GSM 03.38 section 4).
pub fn data_coding(octet: u8) -> Words {
    let one = match octet {
        0x00 => "the SMSC's default alphabet",
        0x01 => "ASCII (IA5)",
        0x02 | 0x04 => "octets",
        0x03 => "Latin-1",
        0x05 => "JIS X 0208",
        0x06 => "Cyrillic (ISO 8859-5)",
        0x07 => "Hebrew (ISO 8859-8)",
        0x08 => "UCS-2",
        0x09 => "pictograms",
        0x0A => "music codes (ISO 2022-JP)",
        0x0D => "JIS X 0212",
        0x0E => "KS C 5601",
        0x0B | 0x0C | 0x0F | 0x80..=0xBF => "reserved",
        0x10..=0x7F => return general_coding(octet),
        0xC0..=0xEF => return waiting_coding(octet),
        0xF0..=0xFF => return list([if octet & 4 == 0 { "GSM 7-bit" } else { "octets" }, class(octet), "", ""]),
    };
    Cow::Borrowed(one)
}

/// Whether texts of this `data_coding` are UTF-16.
pub const fn is_ucs2(data_coding: u8) -> bool {
    match data_coding {
        0x08 | 0xE0..=0xEF => true,
        0x10..=0x7F => data_coding & 0x0C == 0x08,
        _ => false,
    }
}

fn general_coding(octet: u8) -> Words {
    let alphabet = match octet & 0x0C {
        0x00 => "GSM 7-bit",
        0x04 => "octets",
        0x08 => "UCS-2",
        _ => "reserved alphabet",
    };
    let class = if octet & 0x10 != 0 { class(octet) } else { "" };
    let compressed = if octet & 0x20 != 0 { "compressed" } else { "" };
    let deleted = if octet & 0x40 != 0 { "deleted once read" } else { "" };
    list([alphabet, class, compressed, deleted])
}

fn waiting_coding(octet: u8) -> Words {
    let alphabet = if octet < 0xE0 { "GSM 7-bit" } else { "UCS-2" };
    let kept = if octet < 0xD0 { "text is discarded" } else { "" };
    let active = if octet & 0x08 != 0 { "message waiting on" } else { "message waiting off" };
    list([alphabet, active, waiting(octet), kept])
}

const fn class(octet: u8) -> &'static str {
    match octet & 3 {
        0 => "class 0 (flash)",
        1 => "class 1 (handset)",
        2 => "class 2 (SIM)",
        _ => "class 3 (terminal equipment)",
    }
}

const fn waiting(octet: u8) -> &'static str {
    match octet & 3 {
        0 => "voice mail",
        1 => "fax",
        2 => "e-mail",
        _ => "other",
    }
}

/// An `interface_version`, or `sc_interface_version`.
pub fn interface_version(octet: u8) -> Words {
    Cow::Borrowed(match octet {
        0x34 => "SMPP 3.4",
        0x50 => "SMPP 5.0",
        34 => "SMPP 3.4, in decimal",
        50 => "SMPP 5.0, in decimal",
        0x00..=0x33 => "SMPP 3.3",
        0x35..=0x4F => "read as SMPP 3.4",
        _ => "read as SMPP 5.0",
    })
}

/// A `priority_flag` (3.4 section 5.2.14).
pub fn priority(octet: u8) -> Words {
    Cow::Borrowed(match octet {
        0 => "lowest",
        1..=3 => "raised",
        4 => "highest (5.0 broadcasts)",
        _ => "reserved",
    })
}

/// A `replace_if_present_flag`.
pub fn replace_if_present(octet: u8) -> Words {
    Cow::Borrowed(match octet {
        0 => "do not replace",
        1 => "replace",
        _ => "reserved",
    })
}

/// A `dest_flag` of `submit_multi`.
pub fn dest_flag(octet: u8) -> Words {
    Cow::Borrowed(match octet {
        1 => "address",
        2 => "distribution list",
        _ => "read as an address",
    })
}

/// A `congestion_state` in per cent (5.0 section 4.8.4.18).
pub const fn congestion(state: u8) -> &'static str {
    match state {
        0 => "idle",
        1..=29 => "low load",
        30..=49 => "medium load",
        50..=79 => "high load",
        80..=89 => "optimum load",
        90..=99 => "nearing congestion",
        100 => "congested",
        _ => "reserved",
    }
}

/// The words of the optional parameters of one octet; empty for a number that counts.
pub const fn parameter(tag: Tag, value: u8) -> &'static str {
    match tag {
        Tag::MESSAGE_STATE => message_state(value),
        Tag::CONGESTION_STATE => congestion(value),
        Tag::DEST_ADDR_SUBUNIT | Tag::SOURCE_ADDR_SUBUNIT => one_of(&SUBUNITS, value),
        Tag::DEST_NETWORK_TYPE | Tag::SOURCE_NETWORK_TYPE => one_of(&NETWORKS, value),
        Tag::DEST_BEARER_TYPE | Tag::SOURCE_BEARER_TYPE => one_of(&BEARERS, value),
        Tag::PAYLOAD_TYPE => one_of(&["default", "WCMP"], value),
        Tag::PRIVACY_INDICATOR => one_of(&["not restricted", "restricted", "confidential", "secret"], value),
        Tag::LANGUAGE_INDICATOR => one_of(&LANGUAGES, value),
        Tag::DPF_RESULT | Tag::SET_DPF => one_of(&["not set", "set"], value),
        Tag::MS_AVAILABILITY_STATUS => one_of(&["available", "denied", "unavailable"], value),
        Tag::DELIVERY_FAILURE_REASON => one_of(&FAILURES, value),
        Tag::MORE_MESSAGES_TO_SEND => one_of(&["no more", "more follow"], value),
        Tag::BROADCAST_CHANNEL_INDICATOR => one_of(&["basic channel", "extended channel"], value),
        Tag::BROADCAST_MESSAGE_CLASS => one_of(&["no class", "class 1", "class 2", "class 3"], value),
        Tag::DEST_ADDR_NP_RESOLUTION => one_of(&["not asked", "not ported", "ported"], value),
        Tag::DISPLAY_TIME => one_of(&["temporary", "default", "as invoked"], value),
        Tag::ITS_REPLY_TYPE => one_of(&REPLIES, value),
        _ => "",
    }
}

const fn one_of(words: &[&'static str], value: u8) -> &'static str {
    let at = value as usize;
    if at < words.len() { words[at] } else { "reserved" }
}

const SUBUNITS: [&str; 5] = ["unknown", "display", "mobile equipment", "SIM", "external unit"];

/// Networks, as `source_network_type` and `broadcast_content_type` name them.
const NETWORKS: [&str; 9] =
    ["unknown", "GSM", "ANSI-136 (TDMA)", "IS-95 (CDMA)", "PDC", "PHS", "iDEN", "AMPS", "paging"];

const BEARERS: [&str; 9] = [
    "unknown",
    "SMS",
    "circuit switched data",
    "packet data",
    "USSD",
    "CDPD",
    "DataTAC",
    "FLEX, ReFLEX",
    "cell broadcast",
];

const LANGUAGES: [&str; 6] = ["unspecified", "English", "French", "Spanish", "German", "Portuguese"];

const FAILURES: [&str; 4] =
    ["destination unavailable", "destination address invalid", "permanent network error", "temporary network error"];

const REPLIES: [&str; 9] =
    ["digit", "number", "telephone number", "password", "character line", "menu", "date", "time", "continue"];

/// The network that the first octet of a `network_error_code` names.
pub const fn error_network(octet: u8) -> &'static str {
    match octet {
        1 => "ANSI-136",
        2 => "IS-95",
        3 => "GSM",
        4 => "ANSI-136 cause code",
        5 => "IS-95 cause code",
        6 => "ANSI-41 error",
        7 => "SMPP error",
        8 => "message center specific",
        _ => "reserved",
    }
}

/// A `ussd_service_op`.
pub const fn ussd_service_op(octet: u8) -> &'static str {
    match octet {
        0 => "PSSD indication",
        1 => "PSSR indication",
        2 => "USSR request",
        3 => "USSN request",
        16 => "PSSD response",
        17 => "PSSR response",
        18 => "USSR confirm",
        19 => "USSN confirm",
        32..=255 => "vendor",
        _ => "reserved",
    }
}

/// An `ms_msg_wait_facilities`: bit 7 on or off, bits 0 and 1 what waits.
pub fn waiting_facilities(octet: u8) -> Words {
    list([if octet & 0x80 != 0 { "on" } else { "off" }, waiting(octet), "", ""])
}

/// A `callback_num_pres_ind`: presentation in bits 2 and 3, screening in bits 0 and 1.
pub fn callback_presentation(octet: u8) -> Words {
    let presented = one_of(&["presented", "restricted", "not available", "reserved"], octet >> 2 & 3);
    let screened =
        one_of(&["not screened", "verified and passed", "verified and failed", "network provided"], octet & 3);
    list([presented, screened, "", ""])
}

/// The network of a `broadcast_content_type`.
pub const fn broadcast_network(octet: u8) -> &'static str {
    one_of(&["generic", "GSM", "TDMA", "CDMA"], octet)
}

/// The unit of a `broadcast_frequency_interval`, and of `ms_validity` in 5.0.
pub const fn time_unit(octet: u8) -> &'static str {
    match octet {
        0 => "as often as possible",
        8 => "seconds",
        9 => "minutes",
        10 => "hours",
        11 => "days",
        12 => "weeks",
        13 => "months",
        14 => "years",
        _ => "reserved",
    }
}

/// The format of a `broadcast_area_identifier`.
pub const fn area_format(octet: u8) -> &'static str {
    one_of(&["alias", "ellipsoid arc", "polygon"], octet)
}

/// The type of a subaddress.
pub const fn subaddress(octet: u8) -> &'static str {
    match octet {
        0x80 => "NSAP, even",
        0x88 => "NSAP, odd",
        0xA0 => "user specified",
        _ => "reserved",
    }
}

fn list<const N: usize>(words: [&'static str; N]) -> Words {
    let mut said = words.into_iter().filter(|it| !it.is_empty());
    let first = said.next().unwrap_or_default();
    match said.next() {
        None => Cow::Borrowed(first),
        Some(second) => {
            let rest = said.map(|it| format!(", {it}")).collect::<String>();
            Cow::Owned(format!("{first}, {second}{rest}"))
        }
    }
}
