//! What a customer wants said, and in which form.

use crate::text::TextError;
use crate::text::udh::{CONCAT_8, CONCAT_16, PORTS_8, PORTS_16, Ports, Udh};

closed_set! {
    /// Which alphabet a customer asked for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Requested: all, number, from_number, word, from_word {
        /// The GSM alphabet if it has every character, else a national table if the carrier takes it
        /// and it saves parts, else UCS-2.
        Auto = 0 "auto",
        /// The GSM alphabet with its extension table, or nothing.
        Gsm7 = 1 "gsm7",
        /// UCS-2, even where the GSM alphabet would do.
        Ucs2 = 2 "ucs2",
        /// ISO-8859-1, or nothing.
        Latin1 = 3 "latin1",
        /// The GSM alphabet, in which every other character is written as well as it can be.
        Transliterated = 4 "gsm7-transliterate",
        /// Octets that are no text.
        Binary = 5 "binary",
    }
}

/// What is to be said; it is borrowed, so that nothing is copied to count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content<'a> {
    /// The text; empty where octets are sent.
    pub text: &'a str,
    /// In which alphabet.
    pub requested: Requested,
    /// In which form; `None` is a text like most.
    pub form: Option<&'a Form>,
}

impl<'a> Content<'a> {
    /// A text like most.
    pub const fn plain(text: &'a str, requested: Requested) -> Self {
        Self { text, requested, form: None }
    }
}

/// What is more than a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Octets in the place of a text.
    pub binary: Option<Binary>,
    /// To which application of the handset.
    pub ports: Option<Ports>,
    /// What the handset is to do with it.
    pub indication: Option<Indication>,
}

/// Octets that are no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// What is cut into parts.
    pub data: Box<[u8]>,
    /// Elements of the header that every part has, without the header's length; mostly none.
    pub elements: Box<[u8]>,
}

impl Binary {
    /// Takes data and a header with its length, as `060504…`; an empty one is none. The header
    /// has to be well formed, and what nuncio writes itself is not of it.
    pub fn new(data: &[u8], header: &[u8]) -> Result<Self, TextError> {
        let elements = match Udh::parse(header) {
            None if header.is_empty() => &[],
            Some((udh, [])) if udh.is_well_formed() => &header[1..],
            _ => return Err(TextError::BadHeader),
        };
        Ok(Self { data: data.into(), elements: elements.into() })
    }

    /// Whether the header has an element of one of these numbers.
    pub(in crate::text) fn has(&self, ids: &[u8]) -> bool {
        Udh::of_elements(&self.elements).elements().any(|(id, _)| ids.contains(&id))
    }

    /// Whether its header is one part of a message that the customer cut.
    pub fn is_cut(&self) -> bool {
        self.has(&[CONCAT_8, CONCAT_16])
    }

    /// Whether its header names ports.
    pub fn has_ports(&self) -> bool {
        self.has(&[PORTS_8, PORTS_16])
    }
}

/// What a handset is to do with a message, beyond showing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indication {
    /// Message class (3GPP TS 23.038, 4): 0 is shown at once and not kept, 1 goes to the handset,
    /// 2 to the SIM, 3 to a device behind the handset.
    Class(MessageClass),
    /// Other messages wait, or wait no longer.
    Waiting(Waiting),
}

/// A message class, 0 to 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageClass(u8);

impl MessageClass {
    /// Shown at once and not kept.
    pub const FLASH: Self = Self(0);

    /// A class by its number; `None` above 3.
    pub const fn new(number: u8) -> Option<Self> {
        if number <= 3 { Some(Self(number)) } else { None }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Which messages wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Of what kind.
    pub kind: WaitingKind,
    /// Whether the handset is to say so, or no longer.
    pub active: bool,
    /// Whether the text is to be kept. One that is not has no UCS-2.
    pub store: bool,
}

closed_set! {
    /// Of what kind the waiting messages are, with the bits that say so.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(missing_docs, reason = "the words of 3GPP TS 23.038, 4")]
    pub enum WaitingKind: all, number, word, from_word {
        Voicemail = 0 "voicemail",
        Fax = 1 "fax",
        Email = 2 "email",
        Other = 3 "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_to_be_well_formed() {
        let header = b"\x06\x05\x04\x0B\x84\x23\xF0";
        let binary = Binary::new(b"data", header).unwrap();
        assert_eq!(&*binary.elements, &header[1..]);
        assert!(binary.has_ports() && !binary.is_cut());
        assert!(Binary::new(b"data", b"").unwrap().elements.is_empty());
        for bad in [&b"\x00\x01"[..], b"\x05\x05\x04\x0B\x84\x23\xF0", b"\x06\x05\x05\x0B\x84\x23\xF0", b"\x01\x05"] {
            assert_eq!(Binary::new(b"data", bad), Err(TextError::BadHeader), "{bad:x?}");
        }
        assert!(Binary::new(b"data", b"\x05\x00\x03\x01\x02\x01").unwrap().is_cut());
    }

    #[test]
    fn classes_end_at_three() {
        assert_eq!(MessageClass::new(0), Some(MessageClass::FLASH));
        assert_eq!((MessageClass::new(3).map(MessageClass::number), MessageClass::new(4)), (Some(3), None));
    }
}
