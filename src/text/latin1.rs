//! ISO-8859-1: the first 256 characters of Unicode, one octet each (data_coding 3).

use crate::text::TextError;

/// The octet of a character, if it has one.
pub const fn code(it: char) -> Option<u8> {
    if (it as u32) < 256 { Some(it as u8) } else { None }
}

/// Whether every character of a text has an octet.
pub fn holds(text: &str) -> bool {
    // Up to U+00FF the first octet of a character in UTF-8 is at most C3.
    text.bytes().all(|it| it <= 0xC3)
}

/// Appends the octets of a text.
pub fn encode(text: &str, to: &mut Vec<u8>) -> Result<(), TextError> {
    for it in text.chars() {
        to.push(code(it).ok_or(TextError::NotInAlphabet(it))?);
    }
    Ok(())
}

/// Reads octets; every one has a character.
pub fn decode(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_goes_both_ways() {
        let octets: Vec<u8> = (0..=255).collect();
        let text = decode(&octets);
        let mut again = Vec::new();
        assert_eq!(encode(&text, &mut again), Ok(()));
        assert_eq!(again, octets);
    }

    #[test]
    fn what_has_no_octet_is_named() {
        assert_eq!(encode("a€", &mut Vec::new()), Err(TextError::NotInAlphabet('€')));
        for it in '\0'..=char::MAX {
            assert_eq!(holds(&it.to_string()), code(it).is_some(), "{it:?}");
        }
    }
}
