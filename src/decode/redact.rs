//! Hides numbers and texts. What is not known to be harmless is hidden: vendors have parameters of their own.

use crate::number::e164::hide_middle;
use crate::smpp::explain::FieldLine;
use crate::smpp::tags::ValueKind;
use crate::smpp::tlv::Tag;

/// Fields that are numbers of people, or what people call themselves.
const ADDRESSES: [&str; 5] = ["source_addr", "destination_addr", "esme_addr", "address_range", "dl_name"];

/// Fields with texts that nobody has written, and ids: without these no report is of use.
const HARMLESS: [&str; 9] = [
    "service_type",
    "system_id",
    "password",
    "system_type",
    "message_id",
    "schedule_delivery_time",
    "validity_period",
    "final_date",
    "param_name",
];

const HARMLESS_TAGS: [Tag; 2] = [Tag::RECEIPTED_MESSAGE_ID, Tag::NETWORK_ERROR_CODE];

/// The line without what is to be hidden; `octets` are those of the line.
pub(super) fn redact(line: FieldLine, octets: &[u8]) -> FieldLine {
    let harmless = match (&*line.name, octets) {
        (name, _) if ADDRESSES.contains(&name) => {
            let value = mask(line.value.trim_matches('"'));
            return FieldLine { value, ..line };
        }
        (name, [high, low, ..]) if name.contains(" (0x") => {
            let tag = Tag(u16::from_be_bytes([*high, *low]));
            let counts = tag.shape().is_some_and(|it| matches!(it.kind, ValueKind::Integer | ValueKind::Flags));
            counts || HARMLESS_TAGS.contains(&tag)
        }
        ("short_message" | "body" | "leftover" | "padding" | "header", _) => false,
        (name, _) => !line.value.starts_with('"') || HARMLESS.contains(&name),
    };
    if harmless || octets.is_empty() {
        return line;
    }
    FieldLine { value: format!("{} octets, hidden", octets.len()), meaning: String::new(), ..line }
}

/// A number as logs show it, and nothing of what is none.
fn mask(text: &str) -> String {
    let digits = text.strip_prefix('+').unwrap_or(text);
    match (text, digits.bytes().all(|it| it.is_ascii_digit())) {
        ("", _) => "\"\"".to_owned(),
        (_, true) => hide_middle(digits).to_string(),
        _ => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &'static str, octets: &[u8], value: &str) -> String {
        let line = FieldLine {
            name: name.into(),
            octets: 0..octets.len(),
            value: value.to_owned(),
            meaning: "what it says".to_owned(),
        };
        redact(line, octets).value
    }

    #[test]
    fn numbers_and_texts_are_hidden_and_what_a_report_needs_is_not() {
        for (name, octets, shown, expected) in [
            ("source_addr", &b"31612345678\0"[..], "\"31612345678\"", "3161****678"),
            ("destination_addr", b"+31612345678\0", "\"+31612345678\"", "3161****678"),
            ("source_addr", b"SHOP\0", "\"SHOP\"", "***"),
            ("source_addr", b"\0", "\"\"", "\"\""),
            ("short_message", b"hello", "\"hello\"", "5 octets, hidden"),
            ("message_id", b"abc\0", "\"abc\"", "\"abc\""),
            ("data_coding", b"\x08", "0x08", "0x08"),
            ("param_value", b"x\0", "\"x\"", "2 octets, hidden"),
            ("vendor (0x1400)", b"\x14\x00\x00\x02\x31\x32", "3132", "6 octets, hidden"),
            ("receipted_message_id (0x001E)", b"\x00\x1E\x00\x02a\0", "\"a\"", "\"a\""),
            ("message_payload (0x0424)", b"\x04\x24\x00\x01a", "\"a\"", "5 octets, hidden"),
            ("callback_num (0x0381)", b"\x03\x81\x00\x04\x01\x01\x0112", "0101013132", "9 octets, hidden"),
            ("source_port (0x020A)", b"\x02\x0A\x00\x02\x0B\x84", "2948", "2948"),
            ("leftover", b"12", "3132", "2 octets, hidden"),
        ] {
            assert_eq!(value(name, octets, shown), expected, "{name}");
        }
    }
}
