//! Octets as text: base64 (RFC 4648, 4), written with padding and read with or without.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes octets as text: four characters for three octets.
pub fn encode(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for three in octets.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 0x3F) as usize];
            text.push(if at <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// Reads octets; `None` if the text is not base64.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    if digits.len() != text.len() && text.len() % 4 != 0 {
        return None;
    }
    let mut octets = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.as_bytes().chunks(4) {
        let bits = group.iter().try_fold(0u32, |bits, it| Some(bits << 6 | digit(*it)?))?;
        let whole = (bits << (6 * (4 - group.len()))).to_be_bytes();
        // Bits that no octet has must be 0, so that one text stands for one row of octets.
        let count = match (group.len(), bits) {
            (4, _) => 3,
            (3, bits) if bits & 0b11 == 0 => 2,
            (2, bits) if bits & 0b1111 == 0 => 1,
            _ => return None,
        };
        octets.extend_from_slice(&whole[1..=count]);
    }
    Some(octets)
}

fn digit(octet: u8) -> Option<u32> {
    Some(u32::from(match octet {
        b'A'..=b'Z' => octet - b'A',
        b'a'..=b'z' => octet - b'a' + 26,
        b'0'..=b'9' => octet - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn the_vectors_of_the_rfc() {
        for (octets, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(octets.as_bytes()), text);
        }
        assert_eq!(encode(&[0xFB, 0xFF, 0xFE]), "+//+");
    }

    #[test]
    fn the_vectors_of_the_rfc_are_read() {
        for (text, octets) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
            ("Zg", "f"),
        ] {
            assert_eq!(decode(text).as_deref(), Some(octets.as_bytes()), "{text}");
        }
        assert_eq!(decode("+/8A"), Some(vec![0xFB, 0xFF, 0x00]));
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for bad in ["Z", "Zh==", "Zm9=", "Zg=", "Zm9v=", "Zm9v====", "Zm 9v", "Zm-_", "é", "=Zg="] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
