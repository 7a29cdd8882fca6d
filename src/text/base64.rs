//! Octets as text: base64 (RFC 4648, 4), written with padding and read with or without.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Bits that no octet has must be 0, so that one text stands for one row of octets.
const FORM: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Writes octets as text: four characters for three octets.
pub fn encode(octets: &[u8]) -> String {
    FORM.encode(octets)
}

/// Reads octets; `None` if the text is not base64.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    // With padding it is whole groups.
    let fits = !text.ends_with('=') || text.len().is_multiple_of(4);
    FORM.decode(text).ok().filter(|_| fits)
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
