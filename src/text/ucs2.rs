//! UCS-2 as handsets speak it: UTF-16, big-endian, with surrogate pairs for what lies beyond
//! the basic plane (data_coding 8).

/// How many 16-bit units a character takes: 1, or 2 for a surrogate pair.
pub const fn units(it: char) -> usize {
    it.len_utf16()
}

/// Appends the octets of a text.
pub fn encode(text: &str, to: &mut Vec<u8>) {
    for unit in text.encode_utf16() {
        to.extend_from_slice(&unit.to_be_bytes());
    }
}

/// Reads octets. A half pair or half unit becomes U+FFFD. A byte order mark is obeyed, because
/// some handsets send little-endian text with one, and is not shown.
pub fn decode(octets: &[u8]) -> String {
    let (units, torn) = units_of(octets);
    let mut text: String = char::decode_utf16(units).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if torn {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

/// How often octets say U+FFFD themselves.
pub fn replacements(octets: &[u8]) -> usize {
    units_of(octets).0.filter(|it| u32::from(*it) == u32::from(char::REPLACEMENT_CHARACTER)).count()
}

/// The units, and whether half of one is left over.
fn units_of(octets: &[u8]) -> (impl Iterator<Item = u16> + '_, bool) {
    let (body, little) = match octets {
        [0xFF, 0xFE, body @ ..] => (body, true),
        [0xFE, 0xFF, body @ ..] => (body, false),
        body => (body, false),
    };
    let (pairs, rest) = body.as_chunks::<2>();
    let unit = move |it: &[u8; 2]| if little { u16::from_le_bytes(*it) } else { u16::from_be_bytes(*it) };
    (pairs.iter().map(unit), !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_big_endian_units_and_back() {
        let mut octets = Vec::new();
        encode("aП\u{1f600}", &mut octets);
        assert_eq!(octets, [0x00, 0x61, 0x04, 0x1F, 0xD8, 0x3D, 0xDE, 0x00]);
        assert_eq!(decode(&octets), "aП\u{1f600}");
        assert_eq!((units('П'), units('\u{1f600}')), (1, 2));
    }

    #[test]
    fn broken_octets_lose_only_themselves() {
        assert_eq!(decode(&[0x00, 0x61, 0xD8, 0x3D, 0x00, 0x62]), "a\u{fffd}b");
        assert_eq!(decode(&[0x00, 0x61, 0x00]), "a\u{fffd}");
        assert_eq!(decode(&[]), "");
    }

    #[test]
    fn a_byte_order_mark_says_which_end_comes_first() {
        assert_eq!(decode(&[0xFF, 0xFE, 0x61, 0x00]), "a");
        assert_eq!(decode(&[0xFE, 0xFF, 0x00, 0x61]), "a");
    }
}
