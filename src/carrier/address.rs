//! Addresses of what comes: as people write them, and whose number the one of a handset is.
//!
//! Digits without a country code are somebody else's number with one. They are a number only where a region says whose
//! national numbers they are; without one, only what is too long to be one of most countries is taken to have its code.

use crate::number::e164::E164;
use crate::smpp::address::{Address, ton};
use crate::text::{Alphabet, gsm7, latin1};
use std::borrow::Cow;

/// Digits of a number with its country code that says of itself neither that it is one nor that it is none. Most
/// national numbers have ten at most.
const DIGITS_MIN: usize = 11;
/// Digits that may be a long code of ours; shorter ones may be short codes.
const LONG_CODE_MIN: usize = 9;
/// Digits of a national number; shorter ones may be short codes.
const NATIONAL_MIN: usize = 7;

/// Who a message is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender<'a> {
    /// As it came, with `+` where it has its country code.
    pub text: Cow<'a, str>,
    /// Its number, if that is known.
    pub number: Option<E164>,
}

/// The address of a handset: with `+` where it is sure to have its country code, else as it came.
pub fn source(address: &Address, alphabet: Alphabet) -> Box<str> {
    let text = text(address, alphabet);
    let stated = match address.ton {
        // No number begins with a zero, whatever the type says.
        ton::INTERNATIONAL => Some(bare(&text)).filter(|it| !it.starts_with('0')),
        ton::UNKNOWN => text.strip_prefix("00").filter(|it| E164::parse(&format!("+{it}"), None).is_ok()),
        _ => None,
    };
    let stated = stated.or_else(|| text.strip_prefix('+'));
    stated.filter(|it| is_digits(it)).map_or_else(|| Box::from(&*text), |digits| format!("+{digits}").into())
}

/// The address that a handset has written to, which is ours: with `+` where the carrier says that it is international,
/// or says nothing and it is no short code.
pub fn destination(address: &Address, alphabet: Alphabet) -> Box<str> {
    let text = text(address, alphabet);
    let digits = bare(&text);
    let international = match address.ton {
        ton::INTERNATIONAL => true,
        ton::UNKNOWN => LONG_CODE_MIN <= digits.len() && E164::parse(&format!("+{digits}"), None).is_ok(),
        _ => text.starts_with('+'),
    };
    if is_digits(digits) && international { format!("+{digits}").into() } else { text.into() }
}

/// Whose number it is that [`source`] wrote of an address of this type, where bare digits are national numbers of
/// `region`.
pub fn sender<'a>(source: &'a str, type_of_number: u8, region: Option<&str>) -> Sender<'a> {
    let known = |number| Sender { text: source.into(), number };
    if source.starts_with('+') {
        return known(E164::from_wire(type_of_number, source));
    }
    // Others say of themselves that they are no numbers of people, or parts of such.
    let may_be = matches!(type_of_number, ton::UNKNOWN | ton::INTERNATIONAL | ton::NATIONAL);
    if !may_be || !is_digits(source) || source.len() < NATIONAL_MIN {
        return known(None);
    }
    let national = region.and_then(|it| E164::parse(source, Some(it)).ok());
    if let Some(number) = national.filter(|it| *it.digits() == *source) {
        // It had the country code of the region.
        return Sender { text: number.to_string().into(), number: national };
    }
    if national.is_some() || type_of_number != ton::UNKNOWN || source.len() < DIGITS_MIN {
        return known(national);
    }
    let whole = format!("+{source}");
    match E164::parse(&whole, None) {
        Ok(number) => Sender { text: whole.into(), number: Some(number) },
        Err(_) => known(None),
    }
}

/// What an address says. A name is in the alphabet of the carrier where it is no printable ASCII.
fn text(address: &Address, alphabet: Alphabet) -> Cow<'_, str> {
    let octets = address.digits.as_bytes();
    let printable = octets.iter().all(|it| (b' '..=b'~').contains(it));
    let text = if address.ton == ton::ALPHANUMERIC && !printable {
        Cow::Owned(name(octets, alphabet))
    } else {
        address.digits.to_string_lossy()
    };
    let trimmed = text.trim_matches(|it: char| it == '\0' || it.is_whitespace());
    if trimmed.len() == text.len() { text } else { Cow::Owned(trimmed.to_owned()) }
}

/// A name in whatever alphabet it can be read in whole, that of the carrier first.
fn name(octets: &[u8], alphabet: Alphabet) -> String {
    let septets = || Some(gsm7::decode(octets)).filter(|_| octets.is_ascii());
    let own = if alphabet == Alphabet::Gsm7 { septets() } else { None };
    own.or_else(|| std::str::from_utf8(octets).ok().map(Into::into)).unwrap_or_else(|| latin1::decode(octets))
}

/// The digits of a number with its country code, however that is said.
fn bare(text: &str) -> &str {
    text.strip_prefix('+').or_else(|| text.strip_prefix("00")).unwrap_or(text)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::cstring::CString;

    fn address(ton: u8, digits: &str) -> Address {
        Address { ton, npi: 0, digits: CString::from(digits) }
    }

    /// Address and number as they are told.
    fn told(ton: u8, digits: &str, region: Option<&str>) -> (String, Option<u64>) {
        let source = source(&address(ton, digits), Alphabet::Gsm7);
        let sender = sender(&source, ton, region);
        (sender.text.into_owned(), sender.number.map(|it| it.0))
    }

    #[test]
    fn a_number_with_its_country_code_is_one_whatever_the_region() {
        for region in [None, Some("NL"), Some("US")] {
            for (ton, digits) in [
                (1, "31612345678"),
                (1, "+31612345678"),
                (1, "0031612345678"),
                (0, "+31612345678"),
                (0, "0031612345678"),
                (0, "31612345678"),
                (2, "+31612345678"),
            ] {
                let expected = ("+31612345678".to_owned(), Some(31_612_345_678));
                assert_eq!(told(ton, digits, region), expected, "{ton} {digits} {region:?}");
            }
        }
    }

    #[test]
    fn digits_without_a_country_code_are_never_a_number_with_one() {
        for (ton, digits) in
            [(2, "633333336"), (2, "0633333336"), (0, "633333336"), (0, "0633333336"), (1, "0633333336")]
        {
            assert_eq!(told(ton, digits, None), (digits.to_owned(), None), "{ton} {digits}");
            let expected = (digits.to_owned(), Some(31_633_333_336));
            assert_eq!(told(ton, digits, Some("NL")), expected, "{ton} {digits}");
        }
        // Of ten digits there are national numbers in half the world, and of eleven in China.
        assert_eq!(told(0, "4155551234", None), ("4155551234".to_owned(), None));
        assert_eq!(told(0, "4155551234", Some("US")).1, Some(14_155_551_234));
        assert_eq!(told(2, "15012345678", None), ("15012345678".to_owned(), None));
        assert_eq!(told(0, "15012345678", Some("CN")).1, Some(8_615_012_345_678));
    }

    #[test]
    fn what_is_no_number_of_a_person_is_none() {
        for (ton, digits) in [(0, "12345"), (3, "12345"), (3, "0612345678"), (5, "0612345678"), (5, "SHOP"), (1, "")] {
            assert_eq!(told(ton, digits, Some("NL")), (digits.to_owned(), None), "{ton} {digits}");
        }
        assert_eq!(told(1, "SHOP", None), ("SHOP".to_owned(), None));
    }

    #[test]
    fn our_own_addresses_are_written_as_people_do() {
        let written = |ton, digits| String::from(destination(&address(ton, digits), Alphabet::Gsm7));
        for (ton, digits, expected) in [
            (1, "31612345678", "+31612345678"),
            (0, "31612345678", "+31612345678"),
            (0, "12345", "12345"),
            (3, "12345", "12345"),
            (2, "4155551234", "4155551234"),
            (5, "SHOP", "SHOP"),
            (0, "", ""),
        ] {
            assert_eq!(written(ton, digits), expected, "{ton} {digits}");
        }
    }

    #[test]
    fn a_name_is_read_in_the_alphabet_of_the_carrier_where_it_is_no_plain_one() {
        let name = |octets: &'static [u8], alphabet| {
            let address = Address { ton: 5, npi: 0, digits: CString::from(bytes::Bytes::from_static(octets)) };
            String::from(source(&address, alphabet))
        };
        assert_eq!(name(b"\x44\x49\x54\x11\x4D\x6F\x73\x4C\x6F\x67", Alphabet::Gsm7), "DIT_MosLog");
        assert_eq!(name(b"Caf\x05 24", Alphabet::Gsm7), "Café 24");
        assert_eq!(name(b"Shop_$", Alphabet::Gsm7), "Shop_$");
        assert_eq!(name(b"Caf\xE9", Alphabet::Latin1), "Café");
        assert_eq!(name(b"Caf\xE9", Alphabet::Gsm7), "Café");
        assert_eq!(name("Café".as_bytes(), Alphabet::Gsm7), "Café");
    }
}
