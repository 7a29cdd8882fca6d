//! A content cut for one carrier: what it takes, and each of its parts.
//!
//! There is one way from content and profile to alphabet, room and parts. What is promised to the
//! customer and what leaves for the carrier are both read off the same [`Cut`], so that they
//! cannot differ.

use crate::text::content::{Binary, Content, Form, Indication, MessageClass, Requested, Waiting};
use crate::text::national::Shift;
use crate::text::profile::{ClassCoding, Profile, Split};
use crate::text::split::{Measure, PART_OCTETS, Parts, Rooms, Scale};
use crate::text::transliterate::transliterate;
use crate::text::udh::Concat;
use crate::text::{Alphabet, Estimate, PARTS_MAX, TextError, gsm7, latin1, ucs2};
use bytes::Bytes;
use std::borrow::Cow;

/// A content cut for one carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut<'a> {
    said: Payload<'a>,
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
enum Payload<'a> {
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
pub struct UserData {
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
        let said = payload(content, binary, profile.alphabet)?;
        let mut elements = elements(form)?;
        let (coding, measure) = match &said {
            Payload::Data(data) => measure_data(data.len(), &elements, profile.split),
            Payload::Text(text) => {
                let (coding, shift, measure) = choose(text, content.requested, profile, &elements)?;
                shift.write(&mut elements);
                (coding, measure)
            }
        };
        // The customer's own header may say already which part of a message it is.
        let most = if binary.is_some_and(Binary::is_cut) { 1 } else { PARTS_MAX };
        if most < measure.parts {
            return Err(TextError::TooManyParts(measure.parts));
        }
        let rooms = rooms(coding.scale, &elements, profile.split);
        let data_coding = with_indication(coding, indication, profile.class_coding)?;
        let split = joining(profile.split, &elements);
        Ok(Self { said, coding: Coding { data_coding, ..coding }, split, elements, rooms, measure })
    }

    /// The same in more parts than it takes now, where that keeps more letters whole: so it was cut in the days when a
    /// letter might cost a part. `None` where these parts are not reached.
    pub fn in_parts(mut self, parts: usize) -> Option<Self> {
        let Payload::Text(text) = &self.said else { return None };
        if parts <= self.measure.parts || PARTS_MAX < parts || self.submits() == 1 {
            return None;
        }
        let mut cut = Parts::new(text, self.coding.scale, self.rooms.joined, parts);
        let count = std::iter::from_fn(|| cut.take().ok().flatten()).count();
        self.measure.parts = parts;
        (count == parts).then_some(self)
    }

    /// What it takes.
    pub const fn estimate(&self) -> Estimate {
        Estimate { alphabet: self.coding.alphabet, parts: self.measure.parts, units: self.measure.units }
    }

    /// Whether it goes in one PDU although it takes several parts over the air: the carrier cuts it.
    pub const fn is_payload(&self) -> bool {
        1 < self.measure.parts && matches!(self.split, Split::Payload)
    }

    /// The whole text as it is to be read; `None` where it is data, or has a header.
    pub fn text(&self) -> Option<&str> {
        match &self.said {
            Payload::Text(text) if self.elements.is_empty() => Some(text),
            Payload::Text(_) | Payload::Data(_) => None,
        }
    }

    /// In how many PDUs it goes.
    pub const fn submits(&self) -> usize {
        if self.is_payload() { 1 } else { self.measure.parts }
    }

    /// One PDU of it, by its index from 0. `reference` tells the parts of this message from those of
    /// others; of it as many bits are used as the split has. Only this part is encoded, into one allocation.
    pub fn piece(&self, reference: u16, index: usize) -> Result<UserData, TextError> {
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
        let (joint, sar) = if self.split == Split::Sar { (None, concat) } else { (concat, None) };
        let header = joint.map_or(0, Concat::octets) + self.elements.len();
        let udh = header != 0;
        let mut octets = Vec::with_capacity(usize::from(udh) + header + self.octets(&slice, units));
        if udh {
            octets.push(header as u8);
            joint.into_iter().for_each(|it| it.write(&mut octets));
            octets.extend_from_slice(&self.elements);
        }
        match slice {
            Payload::Data(data) => octets.extend_from_slice(data),
            Payload::Text(text) => self.encode(&text, &mut octets)?,
        }
        let data_coding = self.coding.data_coding;
        Ok(UserData { data_coding, udh, sar, payload: self.is_payload(), octets: octets.into() })
    }

    /// What the PDU of this index says, and how long that is on the scale; `None` beyond the end.
    fn slice(&self, room: usize, index: usize) -> Result<Option<(Payload<'_>, usize)>, TextError> {
        match &self.said {
            Payload::Data(data) => Ok(data.chunks(room).nth(index).map(|it| (Payload::Data(it), it.len()))),
            Payload::Text(text) => {
                let mut parts = Parts::new(text, self.coding.scale, room, self.submits());
                for _ in 0..index {
                    parts.take().map_err(TextError::NotInAlphabet)?;
                }
                let part = parts.take().map_err(TextError::NotInAlphabet)?;
                Ok(part.map(|(text, units)| (Payload::Text(Cow::Borrowed(text)), units)))
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
    fn octets(&self, slice: &Payload<'_>, units: usize) -> usize {
        match (slice, self.coding.alphabet) {
            (Payload::Text(_), Alphabet::Ucs2) => units * 2,
            (Payload::Text(text), Alphabet::Latin1 | Alphabet::Ascii) => text.chars().count(),
            _ => units,
        }
    }
}

/// What goes into the parts, if it is anything.
fn payload<'a>(content: Content<'a>, binary: Option<&'a Binary>, alphabet: Alphabet) -> Result<Payload<'a>, TextError> {
    let said = match (binary, content.requested) {
        (Some(binary), _) => Payload::Data(&binary.data),
        (None, Requested::Transliterated) => {
            let keeps = |it: char| match alphabet {
                Alphabet::Latin1 => latin1::code(it).is_some(),
                Alphabet::Ascii => it.is_ascii(),
                _ => true,
            };
            Payload::Text(transliterate(content.text, keeps))
        }
        (None, _) => Payload::Text(Cow::Borrowed(content.text)),
    };
    let empty = match &said {
        Payload::Data(data) => data.is_empty(),
        Payload::Text(text) => text.is_empty(),
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

/// What parts hold behind these elements. Where the carrier joins parts itself, by `sar_*` or from one
/// payload, it writes the header of 8 bits over the air, which takes the same room.
fn rooms(scale: Scale, elements: &[u8], split: Split) -> Rooms {
    let concat = if split == Split::Udh16 { Concat::OCTETS_16 } else { Concat::OCTETS_8 };
    let alone = if elements.is_empty() { 0 } else { 1 + elements.len() };
    Rooms { alone: scale.room(alone), joined: scale.room(1 + elements.len() + concat) }
}

/// How data goes.
fn measure_data(octets: usize, elements: &[u8], split: Split) -> (Coding, Measure) {
    let coding = Coding { alphabet: Alphabet::Binary, data_coding: 4, scale: Scale::Octets };
    let rooms = rooms(coding.scale, elements, split);
    let parts = if octets <= rooms.alone { 1 } else { octets.div_ceil(rooms.joined) };
    (coding, Measure { units: octets, parts })
}

/// How a text goes to a carrier, in which tables, and how long it is then.
fn choose(
    text: &str,
    requested: Requested,
    profile: &Profile,
    elements: &[u8],
) -> Result<(Coding, Shift, Measure), TextError> {
    let measured = |scale: Scale| {
        let measure = scale.measure(text, rooms(scale, elements, profile.split));
        measure.map(|it| (scale, it)).map_err(TextError::NotInAlphabet)
    };
    let plain = Scale::Septets(Shift::default());
    let (scale, measure) = match requested {
        Requested::Gsm7 | Requested::Transliterated => measured(plain)?,
        Requested::Auto => {
            let usual = measured(plain).or_else(|_| measured(Scale::Units))?;
            nationally(text, profile, elements, usual)
        }
        Requested::Ucs2 => measured(Scale::Units)?,
        Requested::Latin1 | Requested::Binary => measured(Scale::Octets)?,
    };
    let (alphabet, data_coding) = named_alphabet(text, scale, profile.alphabet);
    let (scale, measure) = match alphabet {
        Alphabet::Ucs2 if scale != Scale::Units => measured(Scale::Units)?,
        _ => (scale, measure),
    };
    let shift = if let Scale::Septets(shift) = scale { shift } else { Shift::default() };
    Ok((Coding { alphabet, data_coding, scale }, shift, measure))
}

/// What a text on this scale is at a carrier, and the data_coding that says so.
///
/// Data_coding 0 may be ISO-8859-1 or ASCII there. The carrier writes such a text into the GSM alphabet
/// for the handset, so that a text of that alphabet is counted in septets, whatever its octets are.
/// One with characters that such a carrier cannot be given (`€` or `Δ` in ISO-8859-1, `é` in
/// ASCII) goes as UCS-2.
fn named_alphabet(text: &str, scale: Scale, default: Alphabet) -> (Alphabet, u8) {
    match (scale, default) {
        (Scale::Septets(_), Alphabet::Gsm7) => (Alphabet::Gsm7, 0),
        (Scale::Septets(_) | Scale::Octets, Alphabet::Latin1) if latin1::holds(text) => (Alphabet::Latin1, 0),
        (Scale::Septets(_) | Scale::Octets, Alphabet::Ascii) if text.is_ascii() => (Alphabet::Ascii, 0),
        (Scale::Octets, _) => (Alphabet::Latin1, 3),
        _ => (Alphabet::Ucs2, 8),
    }
}

/// The scale that takes the fewest parts: the usual one, unless a national table that the carrier takes saves some.
fn nationally(text: &str, profile: &Profile, elements: &[u8], usual: (Scale, Measure)) -> (Scale, Measure) {
    let mut best = usual;
    if profile.alphabet != Alphabet::Gsm7 || usual.1.parts == 1 {
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
                Ok(measure) if measure.parts < best.1.parts => best = (scale, measure),
                _ => (),
            }
        }
    }
    best
}

/// The data_coding that says what the handset is to do as well.
fn with_indication(coding: Coding, indication: Option<Indication>, by: ClassCoding) -> Result<u8, TextError> {
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
    Ok(group | waiting.kind.number() | if waiting.active { 0x08 } else { 0 })
}
