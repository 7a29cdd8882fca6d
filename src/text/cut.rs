//! A content cut for one carrier: what it takes, and each of its parts.
//!
//! There is one way from content and profile to alphabet, room and parts. What is promised to the
//! customer and what leaves for the carrier are both read off the same [`Cut`], so that they
//! cannot differ.

use crate::text::content::{Binary, Content, Form, Indication, MessageClass, Requested, Waiting};
use crate::text::national::Shift;
use crate::text::profile::{ClassCoding, Profile, Split};
use crate::text::split::{Measure, PART_OCTETS, Rooms, Scale};
use crate::text::transliterate::transliterate;
use crate::text::udh::Concat;
use crate::text::{Alphabet, Estimate, PARTS_MAX, TextError, gsm7, latin1, ucs2};
use bytes::Bytes;
use std::borrow::Cow;

/// Octets of the element that joins parts by 8 bits. Where the carrier joins them itself, by `sar_*`
/// or from one payload, this is what it takes from the room of each part over the air.
const CONCAT_8_OCTETS: usize = 5;
/// Octets of the element that joins parts by 16 bits.
const CONCAT_16_OCTETS: usize = 6;

/// A content cut for one carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut<'a> {
    said: Said<'a>,
    coding: Coding,
    /// What joins the parts; said of one part it means nothing.
    split: Split,
    /// The elements of the header that every part has.
    elements: Vec<u8>,
    rooms: Rooms,
    measure: Measure,
}

/// What goes into the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said<'a> {
    Text(Cow<'a, str>),
    Data(&'a [u8]),
}

/// What the octets of the parts are, what they are called, and how they are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Coding {
    alphabet: Alphabet,
    data_coding: u8,
    scale: Scale,
}

/// The user data of one PDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What the PDU says that the octets are.
    pub data_coding: u8,
    /// Whether the octets start with a header, which `esm_class` has to say.
    pub udh: bool,
    /// What `sar_msg_ref_num`, `sar_total_segments` and `sar_segment_seqnum` have to say; never beside
    /// a header.
    pub sar: Option<Concat>,
    /// Whether it is a whole text that the carrier cuts: `message_payload`.
    pub payload: bool,
    /// At most 160, the header included, but for a payload.
    pub octets: Bytes,
}

impl<'a> Cut<'a> {
    /// Cuts a content for a carrier.
    pub fn of(content: Content<'a>, profile: &Profile) -> Result<Self, TextError> {
        let form = content.form;
        let (binary, indication) = (form.and_then(|it| it.binary.as_ref()), form.and_then(|it| it.indication));
        let said = said(content, binary, profile.alphabet)?;
        let mut elements = elements(form)?;
        let (coding, rooms, measure) = match &said {
            Said::Data(data) => {
                let scale = Scale::Octets;
                let rooms = rooms(scale, &elements, profile.split);
                // A header of the customer's own may leave no place for ours.
                let most = if binary.is_some_and(Binary::is_cut) { 1 } else { PARTS_MAX };
                let measure = Measure { units: data.len(), parts: parts_of(data.len(), rooms)? };
                if most < measure.parts {
                    return Err(TextError::TooManyParts(measure.parts));
                }
                (Coding { alphabet: Alphabet::Binary, data_coding: 4, scale }, rooms, measure)
            }
            Said::Text(text) => {
                let (coding, shift) = chosen(text, content.requested, profile, &elements)?;
                shift.write(&mut elements);
                let rooms = rooms(coding.scale, &elements, profile.split);
                (coding, rooms, coding.scale.measure(text, rooms).map_err(TextError::NotInAlphabet)?)
            }
        };
        if PARTS_MAX < measure.parts {
            return Err(TextError::TooManyParts(measure.parts));
        }
        let data_coding = indicated(coding, indication, profile.class_coding)?;
        let split = joining(profile.split, &elements);
        Ok(Self { said, coding: Coding { data_coding, ..coding }, split, elements, rooms, measure })
    }

    /// What it takes.
    pub const fn estimate(&self) -> Estimate {
        Estimate { alphabet: self.coding.alphabet, parts: self.measure.parts, units: self.measure.units }
    }

    /// Whether it goes in one PDU although it takes several parts over the air: the carrier cuts it.
    pub const fn is_payload(&self) -> bool {
        1 < self.measure.parts && matches!(self.split, Split::Payload)
    }

    /// In how many PDUs it goes.
    pub const fn submits(&self) -> usize {
        if self.is_payload() { 1 } else { self.measure.parts }
    }

    /// One PDU of it, by its index from 0. `reference` tells the parts of this message from those of
    /// others; of it as many bits are used as the split has. Only this part is encoded, into one allocation.
    pub fn piece(&self, reference: u16, index: usize) -> Result<Piece, TextError> {
        let alone = self.submits() == 1;
        let room = match alone {
            true if self.is_payload() => self.measure.units,
            true => self.rooms.alone,
            false => self.rooms.joined,
        };
        let (slice, units) = self.slice(room, index)?.ok_or(TextError::NoSuchPart(index))?;
        let concat = (!alone).then(|| Concat {
            reference,
            wide: self.split == Split::Udh16,
            total: self.measure.parts as u8,
            index: index as u8 + 1,
        });
        let (header, sar) = if self.split == Split::Sar { (None, concat) } else { (concat, None) };
        let header = header_octets(header, &self.elements);
        let mut octets = Vec::with_capacity(header.len() + self.octets(&slice, units));
        octets.extend_from_slice(&header);
        match slice {
            Said::Data(data) => octets.extend_from_slice(data),
            Said::Text(text) => self.encode(&text, &mut octets)?,
        }
        let data_coding = self.coding.data_coding;
        Ok(Piece { data_coding, udh: !header.is_empty(), sar, payload: self.is_payload(), octets: octets.into() })
    }

    /// What the PDU of this index says, and how long that is on the scale; `None` beyond the end.
    fn slice(&self, room: usize, index: usize) -> Result<Option<(Said<'_>, usize)>, TextError> {
        match &self.said {
            Said::Data(data) => Ok(data.chunks(room).nth(index).map(|it| (Said::Data(it), it.len()))),
            Said::Text(text) => {
                let mut rest = &**text;
                for before in 0.. {
                    if rest.is_empty() {
                        break;
                    }
                    let taken = self.coding.scale.take(rest, room).map_err(TextError::NotInAlphabet)?;
                    if before == index {
                        return Ok(Some((Said::Text(Cow::Borrowed(&rest[..taken.octets])), taken.units)));
                    }
                    rest = &rest[taken.octets..];
                }
                Ok(None)
            }
        }
    }

    fn encode(&self, text: &str, to: &mut Vec<u8>) -> Result<(), TextError> {
        match (self.coding.alphabet, self.coding.scale) {
            (Alphabet::Gsm7, Scale::Septets(shift)) => shift.encode(text, to),
            (Alphabet::Gsm7, _) => gsm7::encode(text, to),
            (Alphabet::Latin1 | Alphabet::Binary, _) => latin1::encode(text, to),
            (Alphabet::Ascii, _) => {
                to.extend_from_slice(text.as_bytes());
                Ok(())
            }
            (Alphabet::Ucs2, _) => {
                ucs2::encode(text, to);
                Ok(())
            }
        }
    }

    /// How many octets a slice of so many units takes.
    fn octets(&self, slice: &Said<'_>, units: usize) -> usize {
        match (slice, self.coding.alphabet) {
            (Said::Text(_), Alphabet::Ucs2) => units * 2,
            (Said::Text(text), Alphabet::Latin1 | Alphabet::Ascii) => text.chars().count(),
            _ => units,
        }
    }
}

/// What goes into the parts, if it is anything.
fn said<'a>(content: Content<'a>, binary: Option<&'a Binary>, alphabet: Alphabet) -> Result<Said<'a>, TextError> {
    let said = match (binary, content.requested) {
        (Some(binary), _) => Said::Data(&binary.data),
        (None, Requested::Transliterated) => {
            let keeps = |it: char| match alphabet {
                Alphabet::Latin1 => latin1::code(it).is_some(),
                Alphabet::Ascii => it.is_ascii(),
                _ => true,
            };
            Said::Text(transliterate(content.text, keeps))
        }
        (None, _) => Said::Text(Cow::Borrowed(content.text)),
    };
    let empty = match &said {
        Said::Data(data) => data.is_empty(),
        Said::Text(text) => text.is_empty(),
    };
    if empty { Err(TextError::Empty) } else { Ok(said) }
}

/// The elements of the header that the form asks for.
fn elements(form: Option<&Form>) -> Result<Vec<u8>, TextError> {
    let mut elements = Vec::new();
    let Some(form) = form else { return Ok(elements) };
    if let Some(ports) = form.ports {
        ports.write(&mut elements);
    }
    if let Some(binary) = &form.binary {
        if form.ports.is_some() && binary.has_ports() {
            return Err(TextError::Contradiction("the header names ports as well"));
        }
        elements.extend_from_slice(&binary.elements);
    }
    // Every part has to have room for its place among the others and for something to say.
    if PART_OCTETS / 2 < elements.len() {
        return Err(TextError::BadHeader);
    }
    Ok(elements)
}

/// What joins the parts: what the carrier wants, but a content with a header of its own has that in the header
/// too. A header beside `sar_*` is refused by carriers that take either, and how a carrier would
/// repeat the header of a payload is nowhere written.
fn joining(split: Split, elements: &[u8]) -> Split {
    match split {
        Split::Sar | Split::Payload if !elements.is_empty() => Split::Udh8,
        other => other,
    }
}

/// What parts hold behind these elements.
fn rooms(scale: Scale, elements: &[u8], split: Split) -> Rooms {
    let concat = if split == Split::Udh16 { CONCAT_16_OCTETS } else { CONCAT_8_OCTETS };
    let alone = if elements.is_empty() { 0 } else { 1 + elements.len() };
    Rooms { alone: scale.room(alone), joined: scale.room(1 + elements.len() + concat) }
}

fn parts_of(units: usize, rooms: Rooms) -> Result<usize, TextError> {
    if units <= rooms.alone { Ok(1) } else { Ok(units.div_ceil(rooms.joined)) }
}

/// How a text goes to a carrier, and in which tables.
fn chosen(text: &str, requested: Requested, profile: &Profile, elements: &[u8]) -> Result<(Coding, Shift), TextError> {
    let plain = Scale::Septets(Shift::default());
    let measure = |scale: Scale| scale.measure(text, rooms(scale, elements, profile.split));
    let scale = match requested {
        Requested::Gsm7 | Requested::Transliterated => {
            measure(plain).map_err(TextError::NotInAlphabet)?;
            plain
        }
        Requested::Auto => {
            let septets = measure(plain).ok().map(|it| (plain, it));
            let usual = septets.or_else(|| Some((Scale::Units, measure(Scale::Units).ok()?)));
            usual.map_or(Scale::Units, |usual| nationally(text, profile, elements, usual))
        }
        Requested::Ucs2 => Scale::Units,
        Requested::Latin1 | Requested::Binary => Scale::Octets,
    };
    Ok(named(text, scale, profile.alphabet))
}

/// What a text on this scale is at a carrier.
///
/// Data_coding 0 may be ISO-8859-1 or ASCII there. The carrier writes such a text into the GSM alphabet
/// for the handset, so that a text of that alphabet is counted in septets, whatever its octets are.
/// One with characters that such a carrier cannot be given (`€` or `Δ` in ISO-8859-1, `é` in
/// ASCII) goes as UCS-2.
fn named(text: &str, scale: Scale, default: Alphabet) -> (Coding, Shift) {
    let (alphabet, data_coding) = match (scale, default) {
        (Scale::Septets(_), Alphabet::Gsm7) => (Alphabet::Gsm7, 0),
        (Scale::Septets(_) | Scale::Octets, Alphabet::Latin1) if latin1::holds(text) => (Alphabet::Latin1, 0),
        (Scale::Septets(_) | Scale::Octets, Alphabet::Ascii) if text.is_ascii() => (Alphabet::Ascii, 0),
        (Scale::Octets, _) => (Alphabet::Latin1, 3),
        _ => (Alphabet::Ucs2, 8),
    };
    let (scale, shift) = match scale {
        _ if alphabet == Alphabet::Ucs2 => (Scale::Units, Shift::default()),
        Scale::Septets(shift) => (scale, shift),
        other => (other, Shift::default()),
    };
    (Coding { alphabet, data_coding, scale }, shift)
}

/// The scale that takes the fewest parts: the usual one, unless a national table that the carrier takes saves some.
fn nationally(text: &str, profile: &Profile, elements: &[u8], usual: (Scale, Measure)) -> Scale {
    let (mut best, mut fewest) = (usual.0, usual.1.parts);
    if profile.alphabet != Alphabet::Gsm7 || fewest == 1 {
        return best;
    }
    for language in profile.national.iter() {
        let (single, locking) = (Some(language), language.locks().then_some(language));
        let shifts = [(None, single), (locking, None), (locking, single)];
        for (locking, single) in shifts.into_iter().filter(|it| *it != (None, None)) {
            let shift = Shift { locking, single };
            let mut elements = elements.to_vec();
            shift.write(&mut elements);
            let scale = Scale::Septets(shift);
            match scale.measure(text, rooms(scale, &elements, profile.split)) {
                Ok(measure) if measure.parts < fewest => (best, fewest) = (scale, measure.parts),
                _ => (),
            }
        }
    }
    best
}

/// The data_coding that says what the handset is to do as well.
fn indicated(coding: Coding, indication: Option<Indication>, by: ClassCoding) -> Result<u8, TextError> {
    match indication {
        None => Ok(coding.data_coding),
        Some(Indication::Class(class)) => class_coding(coding, class, by),
        Some(Indication::Waiting(waiting)) => waiting_coding(coding, waiting),
    }
}

fn class_coding(coding: Coding, class: MessageClass, by: ClassCoding) -> Result<u8, TextError> {
    let (general, f0) = match coding.scale {
        Scale::Septets(_) => (0x10, 0xF0),
        Scale::Units => (0x18, 0x18),
        Scale::Octets if coding.alphabet == Alphabet::Binary => (0x14, 0xF4),
        Scale::Octets => return Err(TextError::Contradiction("ISO-8859-1 has no message class")),
    };
    Ok(class.number() | if by == ClassCoding::F0 { f0 } else { general })
}

fn waiting_coding(coding: Coding, waiting: Waiting) -> Result<u8, TextError> {
    let group = match (coding.scale, waiting.store) {
        (Scale::Septets(_), false) => 0xC0,
        (Scale::Septets(_), true) => 0xD0,
        (Scale::Units, true) => 0xE0,
        (Scale::Units, false) => return Err(TextError::Contradiction("in UCS-2 it cannot be discarded")),
        (Scale::Octets, _) => return Err(TextError::Contradiction("only a text can say what waits")),
    };
    Ok(group | waiting.kind as u8 | if waiting.active { 0x08 } else { 0 })
}

/// The header of a part; empty where it has none.
fn header_octets(concat: Option<Concat>, elements: &[u8]) -> Vec<u8> {
    if concat.is_none() && elements.is_empty() {
        return Vec::new();
    }
    let mut header = Vec::with_capacity(1 + CONCAT_16_OCTETS + elements.len());
    header.push(0);
    if let Some(concat) = concat {
        concat.write(&mut header);
    }
    header.extend_from_slice(elements);
    header[0] = header.len() as u8 - 1;
    header
}
