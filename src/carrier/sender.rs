//! A sender as a carrier reads it. What is checked before a message is accepted and what is sent come from one
//! function, so that they mean the same alphabet.

use crate::carrier::dialect::Dialect;
use crate::message::source::Source;
use crate::text::{Alphabet, gsm7, latin1};
use std::borrow::Cow;

/// Whether every carrier can say it, whatever its alphabet: digits and most names. An `@` is 0 in the GSM alphabet, and
/// ends an address.
pub fn is_plain(source: &Source) -> bool {
    source.octets().bytes().all(|it| it.is_ascii() && it != b'@')
}

/// Whether a carrier can say it. Over HTTP it goes as the text that it is.
pub fn is_sayable(source: &Source, dialect: &Dialect) -> bool {
    is_plain(source) || dialect.texts_only || octets(source, dialect.sender_alphabet).is_some()
}

/// Its octets in an alphabet, without the NUL; `None` if it cannot be said there.
pub(crate) fn octets(source: &Source, alphabet: Alphabet) -> Option<Cow<'_, [u8]>> {
    let text = source.octets();
    let mut octets = Vec::new();
    match alphabet {
        Alphabet::Gsm7 => gsm7::encode(text, &mut octets).ok()?,
        Alphabet::Latin1 => latin1::encode(text, &mut octets).ok()?,
        _ => return text.is_ascii().then_some(Cow::Borrowed(text.as_bytes())),
    }
    (!octets.contains(&0)).then_some(Cow::Owned(octets))
}

/// As it reads where a receipt has it: addresses are read octet by octet.
pub fn as_returned<'s>(source: &'s Source, dialect: &Dialect) -> Cow<'s, str> {
    match octets(source, dialect.sender_alphabet) {
        Some(Cow::Owned(octets)) => latin1::decode(&octets).into(),
        Some(Cow::Borrowed(_)) | None => source.octets().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Said = Option<&'static [u8]>;

    fn said(name: &str, alphabet: Alphabet) -> Option<Vec<u8>> {
        octets(&Source::parse(name).unwrap(), alphabet).map(Cow::into_owned)
    }

    #[test]
    fn a_name_is_said_in_the_alphabet_of_the_carrier_or_not_at_all() {
        let rows: [(&str, Said, Said, Said); 6] = [
            ("ÅSA", None, Some(b"\xC5SA"), Some(b"\x0ESA")),
            ("€uro", None, None, Some(b"\x1Beuro")),
            ("SHOP_NL", Some(b"SHOP_NL"), Some(b"SHOP_NL"), Some(b"SHOP\x11NL")),
            ("A@B", Some(b"A@B"), Some(b"A@B"), None),
            ("Δ", None, None, Some(b"\x10")),
            ("12345", Some(b"12345"), Some(b"12345"), Some(b"12345")),
        ];
        for (name, ascii, latin, gsm) in rows {
            for (alphabet, expected) in [(Alphabet::Ascii, ascii), (Alphabet::Latin1, latin), (Alphabet::Gsm7, gsm)] {
                assert_eq!(said(name, alphabet).as_deref(), expected, "{name} {alphabet:?}");
                let dialect = Dialect { sender_alphabet: alphabet, ..Dialect::default() };
                let source = Source::parse(name).unwrap();
                assert_eq!(is_sayable(&source, &dialect), expected.is_some(), "{name} {alphabet:?}");
                assert!(is_sayable(&source, &Dialect { texts_only: true, ..dialect }), "{name}");
            }
            // What is plain is sayable everywhere.
            let everywhere = ascii.is_some() && latin.is_some() && gsm.is_some();
            assert_eq!(is_plain(&Source::parse(name).unwrap()), everywhere, "{name}");
        }
    }

    #[test]
    fn a_receipt_has_it_as_it_was_sent() {
        let of = |name: &str, sender_alphabet| {
            let dialect = Dialect { sender_alphabet, ..Dialect::default() };
            as_returned(&Source::parse(name).unwrap(), &dialect).into_owned()
        };
        assert_eq!(of("DIT_Log", Alphabet::Gsm7), "DIT\u{11}Log");
        assert_eq!(of("DIT_Log", Alphabet::Ascii), "DIT_Log");
        assert_eq!(of("ÅSA", Alphabet::Latin1), "ÅSA");
    }
}
