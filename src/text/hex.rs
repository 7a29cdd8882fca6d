//! Octets as text: two hexadecimal digits each.

/// Writes octets, with small letters.
pub fn encode(octets: &[u8]) -> String {
    octets.iter().map(|it| format!("{it:02x}")).collect()
}

/// Reads octets, of small letters or large; `None` if the text is not made of pairs of digits.
pub fn decode(text: &str) -> Option<Box<[u8]>> {
    let digit = |it: u8| char::from(it).to_digit(16).map(|it| it as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let octets = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    if rest.is_empty() { octets.collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_come_back_and_what_is_no_pair_of_digits_is_none() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)).as_deref(), Some(&all[..]));
        assert_eq!((encode(b"\x0a\xB0").as_str(), decode("0aB0").as_deref()), ("0ab0", Some(&b"\x0a\xB0"[..])));
        assert_eq!(decode("").as_deref(), Some(&[][..]));
        for bad in ["0", "0g", "+1", "é", "0 1 "] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
