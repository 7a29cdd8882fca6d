//! Alphabets: how a text becomes the octets of its parts, and octets a text again.
//!
//! ```text
//! text, what the customer asked for  ──estimate──►  alphabet, parts, units: what is promised and charged
//! text, Rules (the carrier's too)    ──cut, piece──►  data_coding and the octets of each part
//! data_coding, octets of a handset   ──decode──►  text
//! ```
//!
//! It guarantees that the pieces of a text, joined, are the text; that no escape or surrogate
//! pair is torn; that every piece fits an SMS; and that [`cut`] makes exactly what [`estimate`]
//! promised at a carrier whose data_coding 0 is the GSM alphabet.
//!
//! Other carriers, whose data_coding 0 is ISO-8859-1 or ASCII, write a text into the GSM
//! alphabet for the handset themselves. A text of that alphabet is therefore still counted and
//! cut in septets, 160 and 153, whatever its octets are, and takes no more parts than promised. Only a text with
//! characters that such a carrier cannot be given (`€` or `Δ` in ISO-8859-1, `é` in ASCII) goes as UCS-2
//! and may take more; [`Cut::parts`] is then the real number.

pub mod gsm7;
pub mod latin1;
pub mod page;
pub mod split;
pub mod ucs2;

use crate::text::split::{HEADER, Measure, Scale, Slices};
use bytes::Bytes;

/// Which alphabet a customer asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Requested {
    /// The GSM alphabet if it has every character, else UCS-2.
    Auto,
    /// The GSM alphabet with its extension table, or nothing.
    Gsm7,
    /// UCS-2, even where the GSM alphabet would do.
    Ucs2,
    /// ISO-8859-1, or nothing.
    Latin1,
}

/// What the octets of a text are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// The GSM 7-bit default alphabet, one septet an octet (3GPP TS 23.038).
    Gsm7,
    /// ASCII.
    Ascii,
    /// ISO-8859-1.
    Latin1,
    /// UTF-16, big-endian.
    Ucs2,
}

/// Why a text cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// There is nothing to send.
    #[error("the text is empty")]
    Empty,
    /// The alphabet that was asked for lacks this character.
    #[error("the alphabet has no {0:?}")]
    NotInAlphabet(char),
    /// The header counts parts in one octet.
    #[error("the text takes {0} parts, a message at most {PARTS_MAX}")]
    TooManyParts(usize),
    /// A part was asked for that the text does not have; parts count from 0.
    #[error("the text has no part {0}")]
    NoSuchPart(usize),
}

/// The most parts that the header can count.
pub const PARTS_MAX: usize = 255;

/// How a text is to be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What the customer asked for.
    pub requested: Requested,
    /// What data_coding 0 means at the carrier: `Gsm7`, `Latin1` or `Ascii`.
    pub default_alphabet: Alphabet,
    /// What the parts of this message have in common.
    pub reference: u8,
}

/// What a text takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// In which alphabet it goes.
    pub alphabet: Alphabet,
    /// How many SMS, 1 to 255.
    pub parts: usize,
    /// Septets, octets or 16-bit units in all, without headers.
    pub units: usize,
}

/// A text as it goes to a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// What the octets are.
    pub alphabet: Alphabet,
    /// What the PDU says that they are.
    pub data_coding: u8,
    /// One a PDU, 1 to 255.
    pub parts: Vec<Piece>,
}

/// The user data of one PDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Whether the octets start with a header, which `esm_class` has to say.
    pub udh: bool,
    /// At most 160, the header included.
    pub octets: Bytes,
}

/// What a text takes at a carrier of the GSM alphabet. Nothing is allocated.
pub fn estimate(text: &str, requested: Requested) -> Result<Estimate, TextError> {
    let Coding { alphabet, measure, .. } = coding(text, requested, Alphabet::Gsm7)?;
    Ok(Estimate { alphabet, parts: measure.parts, units: measure.units })
}

/// All parts of a text for a carrier. The number of parts is the real one; when it may be more
/// than [`estimate`] promised is told at the head of this module.
pub fn cut(text: &str, rules: &Rules) -> Result<Cut, TextError> {
    let coding = coding(text, rules.requested, rules.default_alphabet)?;
    let slices = Slices::new(text, coding.scale, coding.measure);
    let parts = slices.enumerate().map(|(index, slice)| coding.piece(slice, rules.reference, index));
    Ok(Cut { alphabet: coding.alphabet, data_coding: coding.data_coding, parts: parts.collect::<Result<_, _>>()? })
}

/// One part of what [`cut`] makes, by its index from 0, and the data_coding. Only this part is
/// encoded, into one allocation.
pub fn piece(text: &str, rules: &Rules, index: usize) -> Result<(u8, Piece), TextError> {
    let coding = coding(text, rules.requested, rules.default_alphabet)?;
    let slice = match (coding.measure.parts, index) {
        (1, 0) => text,
        _ => Slices::new(text, coding.scale, coding.measure).nth(index).ok_or(TextError::NoSuchPart(index))?,
    };
    Ok((coding.data_coding, coding.piece(slice, rules.reference, index)?))
}

/// The text of a handset, without its header. What cannot be read becomes U+FFFD; nothing is refused.
///
/// `default` is what data_coding 0 means at the carrier. The groups are those of SMPP 3.4, 5.2.19, and from 0x10
/// on those of 3GPP TS 23.038, 4, as handsets use them. Reserved values are read as data_coding 0.
pub fn decode(data_coding: u8, octets: &[u8], default: Alphabet) -> String {
    match data_coding {
        0x01 => page::ascii(octets),
        0x02..=0x04 => latin1::decode(octets),
        0x06 => page::cyrillic(octets),
        0x07 => page::hebrew(octets),
        0x08 => ucs2::decode(octets),
        // Japanese and Korean sets share ASCII; compressed text cannot be told from noise.
        0x05 | 0x09 | 0x0A | 0x0D | 0x0E | 0x20..=0x3F | 0x60..=0x7F => page::ascii(octets),
        0x10..=0x1F | 0x40..=0x5F => match data_coding >> 2 & 3 {
            0 => gsm7::decode(octets),
            1 => latin1::decode(octets),
            2 => ucs2::decode(octets),
            _ => by_default(octets, default),
        },
        0xE0..=0xEF => ucs2::decode(octets),
        0xF0..=0xFF if data_coding & 4 != 0 => latin1::decode(octets),
        0xC0..=0xDF | 0xF0..=0xFF => gsm7::decode(octets),
        0x00 | 0x0B | 0x0C | 0x0F | 0x80..=0xBF => by_default(octets, default),
    }
}

fn by_default(octets: &[u8], default: Alphabet) -> String {
    match default {
        Alphabet::Gsm7 => gsm7::decode(octets),
        Alphabet::Ascii => page::ascii(octets),
        Alphabet::Latin1 => latin1::decode(octets),
        Alphabet::Ucs2 => ucs2::decode(octets),
    }
}

/// How a text goes: what its octets are, what they are called, and how they are counted.
#[derive(Clone, Copy)]
struct Coding {
    alphabet: Alphabet,
    data_coding: u8,
    scale: Scale,
    measure: Measure,
}

/// Decides how a text goes to a carrier.
fn coding(text: &str, requested: Requested, default: Alphabet) -> Result<Coding, TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    let (mut scale, mut measure) = asked(text, requested)?;
    let named = match (scale, default) {
        (Scale::Septets, Alphabet::Gsm7) => Some((Alphabet::Gsm7, 0)),
        (Scale::Septets | Scale::Octets, Alphabet::Latin1) if latin1::holds(text) => Some((Alphabet::Latin1, 0)),
        (Scale::Septets | Scale::Octets, Alphabet::Ascii) if text.is_ascii() => Some((Alphabet::Ascii, 0)),
        (Scale::Octets, _) => Some((Alphabet::Latin1, 3)),
        _ => None,
    };
    let (alphabet, data_coding) = named.unwrap_or((Alphabet::Ucs2, 8));
    if alphabet == Alphabet::Ucs2 && scale != Scale::Units {
        scale = Scale::Units;
        measure = scale.measure(text).map_err(TextError::NotInAlphabet)?;
    }
    if measure.parts > PARTS_MAX {
        return Err(TextError::TooManyParts(measure.parts));
    }
    Ok(Coding { alphabet, data_coding, scale, measure })
}

/// The scale that the customer's wish leads to, and the text on it.
fn asked(text: &str, requested: Requested) -> Result<(Scale, Measure), TextError> {
    let scale = match requested {
        Requested::Auto => match Scale::Septets.measure(text) {
            Ok(measure) => return Ok((Scale::Septets, measure)),
            Err(_) => Scale::Units,
        },
        Requested::Gsm7 => Scale::Septets,
        Requested::Ucs2 => Scale::Units,
        Requested::Latin1 => Scale::Octets,
    };
    let measure = scale.measure(text).map_err(TextError::NotInAlphabet)?;
    Ok((scale, measure))
}

impl Coding {
    /// The part that carries `slice`.
    fn piece(&self, slice: &str, reference: u8, index: usize) -> Result<Piece, TextError> {
        let udh = self.measure.parts > 1;
        // Room for exactly what comes, so that `Bytes` takes the buffer as it is.
        let mut octets = Vec::with_capacity(self.octets(slice) + if udh { HEADER } else { 0 });
        if udh {
            let (parts, part) = (self.measure.parts as u8, index as u8 + 1);
            octets.extend_from_slice(&split::header(reference, parts, part));
        }
        match self.alphabet {
            Alphabet::Gsm7 => gsm7::encode(slice, &mut octets)?,
            Alphabet::Latin1 => latin1::encode(slice, &mut octets)?,
            Alphabet::Ascii => octets.extend_from_slice(slice.as_bytes()),
            Alphabet::Ucs2 => ucs2::encode(slice, &mut octets),
        }
        Ok(Piece { udh, octets: octets.into() })
    }

    /// How many octets a slice takes.
    fn octets(&self, slice: &str) -> usize {
        match self.alphabet {
            Alphabet::Gsm7 if self.measure.parts == 1 => self.measure.units,
            Alphabet::Gsm7 => slice.chars().filter_map(gsm7::septets).sum(),
            Alphabet::Latin1 => slice.chars().count(),
            Alphabet::Ascii => slice.len(),
            Alphabet::Ucs2 => slice.encode_utf16().count() * 2,
        }
    }
}
