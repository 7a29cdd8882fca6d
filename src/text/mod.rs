//! Alphabets: how a text becomes the octets of its parts, and octets a text again.
//!
//! ```text
//! Content, what the customer wants said ─┐              ┌─ estimate: alphabet, parts, units; promised and charged
//! Profile, what the carrier wants ───────┴──► Cut::of ──┴─ piece: data_coding and octets of each PDU; sent
//! data_coding, header and octets of a handset ──Udh::parse, decode──► text
//! ```
//!
//! It guarantees that the parts of a text, joined, are the text; that no escape or surrogate pair
//! is torn; that every part fits an SMS with the header that it has; and that what is sent is
//! what was promised, because both are read off one [`cut::Cut`].

pub mod base64;
pub mod content;
pub mod cut;
pub mod gsm7;
pub mod latin1;
pub mod national;
pub mod near;
pub mod code_page;
pub mod profile;
pub mod encoding;
pub mod split;
mod transliterate;
pub mod ucs2;
pub mod udh;

use crate::text::encoding::Readings;
use crate::text::udh::Udh;

closed_set! {
    /// What the octets of a text are.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Alphabet: all, word {
        /// The GSM 7-bit default alphabet, one septet an octet (3GPP TS 23.038).
        Gsm7 "gsm7",
        /// ASCII.
        Ascii "ascii",
        /// ISO-8859-1.
        Latin1 "latin1",
        /// UTF-16, big-endian.
        Ucs2 "ucs2",
        /// None: octets that are no text.
        Binary "binary",
    }
}

/// Why a content cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// There is nothing to send.
    #[error("the text is empty")]
    Empty,
    /// The alphabet that was asked for lacks this character.
    #[error("the alphabet has no {0:?}")]
    NotInAlphabet(char),
    /// The header counts parts in one octet, and a part of a message that the customer cut is one.
    #[error("the text takes {0} parts")]
    TooManyParts(usize),
    /// A part was asked for that the text does not have; parts count from 0.
    #[error("the text has no part {0}")]
    NoSuchPart(usize),
    /// A header is not one, or leaves less than half of the room.
    #[error("is not a user data header of at most 70 octets")]
    BadHeader,
    /// Two wishes that no data_coding or header can say.
    #[error("{0}")]
    Contradiction(&'static str),
}

/// The most parts that the header can count.
pub const PARTS_MAX: usize = 255;

/// What a content takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// In which alphabet it goes.
    pub alphabet: Alphabet,
    /// How many SMS over the air, 1 to 255.
    pub parts: usize,
    /// Septets, octets or 16-bit units in all, without headers.
    pub units: usize,
}

/// The text of a handset, without its header, as [`Readings::read`] has it. What cannot be read becomes U+FFFD; nothing
/// is refused. `readings` is what the carrier means by data_coding 0, or by 0 and 1.
pub fn decode(data_coding: u8, udh: Udh<'_>, octets: &[u8], readings: impl Into<Readings>) -> String {
    readings.into().read(data_coding, udh, octets).text
}

#[cfg(test)]
mod tests;
