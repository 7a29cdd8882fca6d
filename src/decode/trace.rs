//! A PDU of a trace as one line of JSON, without numbers, texts and passwords.

use crate::decode::page::lines;
use crate::message::time::Time;
use crate::smpp::frame::Header;
use crate::text::encoding::Encoding;
use bytes::Bytes;
use serde::Serialize;
use std::borrow::Cow;

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    direction: &'a str,
    command: String,
    sequence: u32,
    status: &'a str,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: Cow<'static, str>,
    value: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    meaning: String,
}

/// The line, without its end. `direction` is `in` or `out`.
pub fn line(at: Time, direction: &str, frame: &Bytes) -> String {
    let mut fields = Vec::new();
    // What an alphabet would change is hidden.
    for (line, said) in lines(frame, Encoding::Gsm7, true) {
        fields.push(Field { name: line.name, value: line.value, meaning: line.meaning });
        let said = said.into_iter().map(|(name, value)| (name.into(), value));
        fields.extend(said.map(|(name, value)| Field { name, value, meaning: String::new() }));
    }
    let header = Header::peek(frame);
    let line = Line {
        at: at.to_string(),
        direction,
        command: header.map_or_else(String::new, |it| it.command.to_string()),
        sequence: header.map_or(0, |it| it.sequence),
        status: header.map_or("", |it| it.status.name()),
        fields,
    };
    serde_json::to_string(&line).expect("a line is made of texts and numbers")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::pdu::Pdu;
    use bytes::BytesMut;

    fn shown(hex: &str) -> String {
        let digits: String = hex.chars().filter(char::is_ascii_hexdigit).collect();
        let octets: Vec<u8> =
            (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap()).collect();
        line(Time(1_795_168_800_123), "out", &octets.into())
    }

    #[test]
    fn a_submit_is_shown_without_its_number_and_text() {
        let octets = b"\0\x05\0SHOP\0\x01\x0131612345678\0\0\0\0\0\0\x01\0\0\0\x0bhello world";
        let mut frame = BytesMut::new();
        frame.extend_from_slice(&(16 + octets.len() as u32).to_be_bytes());
        frame.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 7]);
        frame.extend_from_slice(octets);
        let pdu = Pdu::decode(frame.freeze()).expect("a submit_sm");
        let mut again = BytesMut::new();
        pdu.encode(&mut again).expect("it can be written");
        let line = line(Time(1_795_168_800_123), "out", &again.freeze());
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(
            (&value["command"], &value["sequence"], &value["direction"]),
            (&"submit_sm".into(), &7.into(), &"out".into())
        );
        assert_eq!(value["at"], "2026-11-20T10:00:00.123Z");
        for secret in ["31612345678", "SHOP", "hello"] {
            assert!(!line.contains(secret), "{line}");
        }
        for shown in ["3161****678", "11 characters, hidden", "registered_delivery"] {
            assert!(line.contains(shown), "{shown}: {line}");
        }
    }

    #[test]
    fn octets_that_are_no_pdu_do_not_panic() {
        for hex in ["", "00", "00000010 00000009 00000000 00000001", "FFFFFFFF FFFFFFFF FFFFFFFF FFFFFFFF 31"] {
            let line = shown(hex);
            assert!(line.starts_with("{\"at\":"), "{line}");
        }
    }
}
