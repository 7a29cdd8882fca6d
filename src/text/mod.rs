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

pub mod base64;
pub mod gsm7;
pub mod latin1;
pub mod national;
pub mod page;
pub mod split;
pub mod ucs2;
pub mod udh;

use crate::text::national::Shift;
use crate::text::split::{HEADER, Measure, Scale, Slices};
use crate::text::udh::Udh;
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

/// What a text takes at a carrier whose data_coding 0 is this alphabet. Nothing is allocated.
pub fn estimate(text: &str, requested: Requested, default_alphabet: Alphabet) -> Result<Estimate, TextError> {
    let Coding { alphabet, measure, .. } = coding(text, requested, default_alphabet)?;
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
/// on those of 3GPP TS 23.038, 4, as handsets use them. Reserved values are read as data_coding 0, and so are the
/// groups of 7 bits: a carrier that rewrites one rewrites the other. `udh` is the header that stood before the
/// octets, whose national tables count where they are septets.
pub fn decode(data_coding: u8, udh: Udh<'_>, octets: &[u8], default: Alphabet) -> String {
    match data_coding {
        0x01 => page::ascii(octets),
        0x02..=0x04 => latin1::decode(octets),
        0x06 => page::cyrillic(octets),
        0x07 => page::hebrew(octets),
        0x08 => ucs2::decode(octets),
        // Japanese and Korean sets share ASCII; compressed text cannot be told from noise.
        0x05 | 0x09 | 0x0A | 0x0D | 0x0E | 0x20..=0x3F | 0x60..=0x7F => page::ascii(octets),
        0x10..=0x1F | 0x40..=0x5F => match data_coding >> 2 & 3 {
            1 => latin1::decode(octets),
            2 => ucs2::decode(octets),
            _ => by_default(udh.shift(), octets, default),
        },
        0xE0..=0xEF => ucs2::decode(octets),
        0xF0..=0xFF if data_coding & 4 != 0 => latin1::decode(octets),
        0x00 | 0x0B | 0x0C | 0x0F | 0x80..=0xDF | 0xF0..=0xFF => by_default(udh.shift(), octets, default),
    }
}

fn by_default(shift: Shift, octets: &[u8], default: Alphabet) -> String {
    match default {
        Alphabet::Gsm7 => shift.decode(octets),
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUESTED: [Requested; 4] = [Requested::Auto, Requested::Gsm7, Requested::Ucs2, Requested::Latin1];
    const DEFAULTS: [Alphabet; 3] = [Alphabet::Gsm7, Alphabet::Latin1, Alphabet::Ascii];

    fn rules(requested: Requested, default_alphabet: Alphabet) -> Rules {
        Rules { requested, default_alphabet, reference: 0xA7 }
    }

    fn one(text: &str, requested: Requested, default: Alphabet) -> (u8, Vec<u8>) {
        let (data_coding, piece) = piece(text, &rules(requested, default), 0).unwrap();
        (data_coding, piece.octets.to_vec())
    }

    /// What the part says without its header, which is checked.
    fn body(cut: &Cut, index: usize) -> &[u8] {
        let piece = &cut.parts[index];
        assert_eq!(piece.udh, cut.parts.len() > 1);
        if !piece.udh {
            return &piece.octets;
        }
        let (header, body) = piece.octets.split_at(HEADER);
        assert_eq!(header, [0x05, 0x00, 0x03, 0xA7, cut.parts.len() as u8, index as u8 + 1]);
        body
    }

    /// How full a part is on the scale of the air interface.
    fn filled(alphabet: Alphabet, septets: bool, body: &[u8]) -> (usize, [usize; 2]) {
        match alphabet {
            Alphabet::Ucs2 => (body.len(), [140, 134]),
            Alphabet::Gsm7 => (body.len(), [160, 153]),
            _ if septets => (latin1::decode(body).chars().filter_map(gsm7::septets).sum(), [160, 153]),
            _ => (body.len(), [140, 134]),
        }
    }

    /// Texts of every length around the edges of parts, of letters that cost one and two.
    fn texts() -> impl Strategy<Value = String> {
        let gsm = || prop::sample::select("aZ09 @_é\n".chars().collect::<Vec<_>>());
        let two = || prop::sample::select("€[]{}|^~\\\u{c}".chars().collect::<Vec<_>>());
        let latin = || prop::sample::select("a`çÐê\u{a0}".chars().collect::<Vec<_>>());
        let wide = || prop::sample::select("П日\u{1f600}\u{1f1f3}\u{200d}a€".chars().collect::<Vec<_>>());
        let mixed = |it: BoxedStrategy<char>| prop::collection::vec(it, 0..500).prop_map(String::from_iter);
        let edge = prop_oneof![60usize..75, 125usize..165, 260usize..325, 450usize..480];
        prop_oneof![
            mixed(prop_oneof![6 => gsm(), 1 => two()].boxed()),
            mixed(gsm().boxed()),
            mixed(latin().boxed()),
            mixed(prop_oneof![4 => gsm(), 1 => wide()].boxed()),
            mixed(any::<char>().boxed()),
            (edge, two(), mixed(gsm().boxed())).prop_map(|(n, it, tail)| format!("{}{it}{tail}", "a".repeat(n))),
            (60usize..330, wide(), mixed(wide().boxed()))
                .prop_map(|(n, it, tail)| format!("{}{it}{tail}", "b".repeat(n))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_promised_is_what_is_cut(text in texts()) {
            for requested in REQUESTED {
                match (estimate(&text, requested, Alphabet::Gsm7), cut(&text, &rules(requested, Alphabet::Gsm7))) {
                    (Err(promised), Err(cut)) => prop_assert_eq!(promised, cut),
                    (Ok(promised), Ok(cut)) => {
                        let octets: usize = (0..cut.parts.len()).map(|it| body(&cut, it).len()).sum();
                        let units = if cut.alphabet == Alphabet::Ucs2 { octets / 2 } else { octets };
                        prop_assert_eq!(promised, Estimate { alphabet: cut.alphabet, parts: cut.parts.len(), units });
                    }
                    (promised, cut) => prop_assert!(false, "{promised:?} but {cut:?}"),
                }
            }
        }

        #[test]
        fn parts_joined_are_the_text_and_each_fits(text in texts()) {
            // A part that starts with these two is read as if with a byte order mark.
            let text = text.replace(['\u{feff}', '\u{fffe}'], "");
            for (requested, default) in REQUESTED.iter().flat_map(|it| DEFAULTS.map(|default| (*it, default))) {
                let Ok(cut) = cut(&text, &rules(requested, default)) else { continue };
                let mut joined = String::new();
                for index in 0..cut.parts.len() {
                    let body = body(&cut, index);
                    let (filled, room) = filled(cut.alphabet, requested != Requested::Latin1, body);
                    prop_assert!(filled <= room[usize::from(cut.parts.len() > 1)], "{filled} in part {index}");
                    prop_assert!(cut.parts[index].octets.len() <= 160);
                    // Each part is read alone: a torn escape or pair would not read as the text.
                    joined.push_str(&decode(cut.data_coding, Udh::default(), body, default));
                }
                prop_assert_eq!(&joined, &text);
            }
        }

        #[test]
        fn one_part_alone_is_as_in_the_whole(text in texts()) {
            for (requested, default) in REQUESTED.iter().flat_map(|it| DEFAULTS.map(|default| (*it, default))) {
                let rules = rules(requested, default);
                let cut = match cut(&text, &rules) {
                    Ok(cut) => cut,
                    Err(error) => {
                        prop_assert_eq!(piece(&text, &rules, 0), Err(error));
                        continue;
                    }
                };
                for (index, part) in cut.parts.iter().enumerate() {
                    prop_assert_eq!(piece(&text, &rules, index), Ok((cut.data_coding, part.clone())));
                }
                let beyond = cut.parts.len();
                prop_assert_eq!(piece(&text, &rules, beyond), Err(TextError::NoSuchPart(beyond)));
            }
        }

        #[test]
        fn no_carrier_takes_more_parts_than_promised_but_in_ucs2(text in texts()) {
            for (requested, default) in REQUESTED.iter().flat_map(|it| DEFAULTS.map(|default| (*it, default))) {
                let Ok(promised) = estimate(&text, requested, Alphabet::Gsm7) else { continue };
                match cut(&text, &rules(requested, default)) {
                    Ok(cut) if cut.alphabet == Alphabet::Ucs2 && promised.alphabet == Alphabet::Gsm7 => {
                        let latin = default == Alphabet::Latin1 && latin1::holds(&text);
                        prop_assert!(!latin && !text.is_ascii() && default != Alphabet::Gsm7);
                    }
                    Ok(cut) => prop_assert_eq!(cut.parts.len(), promised.parts),
                    Err(error) => prop_assert!(matches!(error, TextError::TooManyParts(_))),
                }
            }
        }

        #[test]
        fn a_piece_is_allocated_to_its_size(text in texts()) {
            for (requested, default) in REQUESTED.iter().flat_map(|it| DEFAULTS.map(|default| (*it, default))) {
                let Ok(coding) = coding(&text, requested, default) else { continue };
                for slice in Slices::new(&text, coding.scale, coding.measure) {
                    let header = if coding.measure.parts > 1 { HEADER } else { 0 };
                    prop_assert_eq!(coding.piece(slice, 0, 0).unwrap().octets.len(), coding.octets(slice) + header);
                }
            }
        }

        #[test]
        fn any_octets_read_as_some_text(data_coding: u8, octets: Vec<u8>) {
            for default in DEFAULTS.into_iter().chain([Alphabet::Ucs2]) {
                let text = decode(data_coding, Udh::default(), &octets, default);
                prop_assert!(text.len() <= octets.len() * 3);
                prop_assert_eq!(text.is_empty(), octets.is_empty() || matches!(*octets, [0xFF, 0xFE] | [0xFE, 0xFF]));
            }
        }
    }

    #[test]
    fn the_alphabet_follows_the_wish_and_the_text() {
        let alphabet = |text, requested| estimate(text, requested, Alphabet::Gsm7).map(|it| it.alphabet);
        assert_eq!(alphabet("Code: 123 €", Requested::Auto), Ok(Alphabet::Gsm7));
        assert_eq!(alphabet("Привет", Requested::Auto), Ok(Alphabet::Ucs2));
        assert_eq!(alphabet("ok", Requested::Ucs2), Ok(Alphabet::Ucs2));
        assert_eq!(alphabet("garçon", Requested::Latin1), Ok(Alphabet::Latin1));
        assert_eq!(alphabet("garçon", Requested::Gsm7), Err(TextError::NotInAlphabet('ç')));
        assert_eq!(alphabet("5 €", Requested::Latin1), Err(TextError::NotInAlphabet('€')));
        assert_eq!(alphabet("", Requested::Auto), Err(TextError::Empty));
    }

    #[test]
    fn data_coding_0_carries_what_the_carrier_takes_it_for() {
        use Requested::{Auto, Latin1};
        assert_eq!(one("a@é", Auto, Alphabet::Gsm7), (0, vec![0x61, 0x00, 0x05]));
        assert_eq!(one("a@é", Auto, Alphabet::Latin1), (0, vec![0x61, 0x40, 0xE9]));
        assert_eq!(one("a@[", Auto, Alphabet::Ascii), (0, vec![0x61, 0x40, 0x5B]));
        assert_eq!(one("é", Auto, Alphabet::Ascii), (8, vec![0x00, 0xE9]));
        assert_eq!(one("€", Auto, Alphabet::Latin1), (8, vec![0x20, 0xAC]));
        assert_eq!(one("ç", Latin1, Alphabet::Gsm7), (3, vec![0xE7]));
        assert_eq!(one("ç", Latin1, Alphabet::Latin1), (0, vec![0xE7]));
        assert_eq!(one("ç", Latin1, Alphabet::Ascii), (3, vec![0xE7]));
    }

    #[test]
    fn a_text_of_160_septets_is_one_part_at_every_carrier_that_has_its_letters() {
        let text = format!("{}[]", "a".repeat(156));
        for default in DEFAULTS {
            let cut = cut(&text, &rules(Requested::Auto, default)).unwrap();
            assert_eq!((cut.data_coding, cut.parts.len()), (0, 1), "{default:?}");
        }
    }

    #[test]
    fn no_message_has_more_parts_than_its_header_can_count() {
        let most = "a".repeat(153 * PARTS_MAX);
        assert_eq!(estimate(&most, Requested::Auto, Alphabet::Gsm7).map(|it| it.parts), Ok(PARTS_MAX));
        let cut = cut(&most, &rules(Requested::Auto, Alphabet::Gsm7)).unwrap();
        assert_eq!(body(&cut, PARTS_MAX - 1).len(), 153);
        assert_eq!(estimate(&(most + "a"), Requested::Auto, Alphabet::Gsm7), Err(TextError::TooManyParts(256)));
    }

    #[test]
    fn handsets_are_read_by_the_group_of_their_data_coding() {
        let read = |data_coding| decode(data_coding, Udh::default(), b"\x00@\x04\x1f", Alphabet::Gsm7);
        for gsm7 in [0x00, 0x0B, 0x10, 0x11, 0x13, 0x40, 0x80, 0xC8, 0xD0, 0xF0, 0xF3] {
            assert_eq!(read(gsm7), "@¡èÉ", "{gsm7:#04x}");
        }
        for ucs2 in [0x08, 0x18, 0x1B, 0x48, 0x58, 0xE0] {
            assert_eq!(read(ucs2), "@П", "{ucs2:#04x}");
        }
        for octets in [0x02, 0x03, 0x04, 0x14, 0x44, 0xF4, 0xF7, 0x01] {
            assert_eq!(read(octets), "\0@\u{4}\u{1f}", "{octets:#04x}");
        }
        assert_eq!(decode(0, Udh::default(), b"\xE9@", Alphabet::Latin1), "é@");
        assert_eq!(decode(0, Udh::default(), b"\xE9@", Alphabet::Ascii), "\u{fffd}@");
        assert_eq!(decode(6, Udh::default(), b"\xBF", Alphabet::Gsm7), "П");
        assert_eq!(decode(7, Udh::default(), b"\xF9", Alphabet::Gsm7), "ש");
    }
}
