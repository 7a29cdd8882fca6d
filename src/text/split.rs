//! Where a text is cut into the parts of a concatenated message.
//!
//! A part carries 140 octets over the air, its header among them. A cut comes between characters
//! only, so that neither an escape nor a surrogate pair is torn, and where it can be before a
//! character that others join to, so that no accent is parted from its letter.
//!
//! ```text
//! header           none   05 00 03 …   06 08 04 …   any of n octets
//! septets           160      153          152       (140 - n) * 8 / 7
//! octets            140      134          133        140 - n
//! units              70       67           66       (140 - n) / 2      (16 bits each)
//! ```

use crate::text::national::Shift;
use crate::text::{gsm7, latin1, ucs2};

/// Octets of a part over the air.
pub const PART_OCTETS: usize = 140;

/// How far back from the edge of a part a better place to cut is looked for: longer than any
/// letter with its marks, and than most pictures joined of several.
const JOINED_MAX: usize = 32;

/// What a text is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Septets, by these tables.
    Septets(Shift),
    /// Octets of ISO-8859-1.
    Octets,
    /// 16-bit units of UTF-16.
    Units,
}

impl Scale {
    /// What a part holds behind a header of so many octets, its length octet included; 0 for none.
    pub const fn room(self, header: usize) -> usize {
        let octets = PART_OCTETS.saturating_sub(header);
        match self {
            Self::Septets(_) => octets * 8 / 7,
            Self::Octets => octets,
            Self::Units => octets / 2,
        }
    }

    /// Takes from the start of a text what fits into a room; the error is a character that the
    /// scale has no place for.
    pub fn take(self, text: &str, room: usize) -> Result<Taken, char> {
        match self {
            Self::Septets(shift) if shift.is_plain() => gsm7::take(text, room),
            Self::Septets(shift) => take(text, room, |it| shift.septets(it)).map(|it| it.at_a_letter(text, self)),
            Self::Octets => take(text, room, |it| latin1::code(it).map(|_| 1)),
            Self::Units => take(text, room, |it| Some(ucs2::units(it))).map(|it| it.at_a_letter(text, self)),
        }
    }

    /// What a character takes, which is known to have a place.
    fn cost(self, it: char) -> usize {
        match self {
            Self::Septets(shift) => shift.septets(it).unwrap_or(0),
            Self::Octets => 1,
            Self::Units => ucs2::units(it),
        }
    }

    /// Counts a text and its parts; the error is the first character without a place.
    pub fn measure(self, text: &str, rooms: Rooms) -> Result<Measure, char> {
        let alone = self.take(text, rooms.alone)?;
        if alone.octets == text.len() {
            return Ok(Measure { units: alone.units, parts: 1 });
        }
        let (mut measure, mut rest) = (Measure { units: 0, parts: 0 }, text);
        while !rest.is_empty() {
            let taken = self.take(rest, rooms.joined)?;
            rest = &rest[taken.octets..];
            measure = Measure { units: measure.units + taken.units, parts: measure.parts + 1 };
        }
        Ok(measure)
    }
}

/// What parts hold, on the scale of their text; at least 2, so that every character fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rooms {
    /// One that is alone.
    pub alone: usize,
    /// One of several.
    pub joined: usize,
}

/// How long a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// In all, on its scale, without headers.
    pub units: usize,
    /// How many parts it takes; no text still takes one.
    pub parts: usize,
}

/// The beginning of a text that fits into a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Of UTF-8.
    pub octets: usize,
    /// On the scale.
    pub units: usize,
}

impl Taken {
    /// Gives back the last characters where the next would join them; not more than
    /// [`JOINED_MAX`] octets and never all.
    fn at_a_letter(self, text: &str, scale: Scale) -> Self {
        let mut better = self;
        while self.octets < text.len() && joined(&text[..better.octets], &text[better.octets..]) {
            let Some(last) = text[..better.octets].chars().next_back() else { return self };
            better.octets -= last.len_utf8();
            better.units -= scale.cost(last);
            if better.octets == 0 || JOINED_MAX < self.octets - better.octets {
                return self;
            }
        }
        better
    }
}

fn take(text: &str, room: usize, cost: impl Fn(char) -> Option<usize>) -> Result<Taken, char> {
    let mut units = 0;
    for (at, it) in text.char_indices() {
        let after = units + cost(it).ok_or(it)?;
        if room < after {
            return Ok(Taken { octets: at, units });
        }
        units = after;
    }
    Ok(Taken { octets: text.len(), units })
}

/// Whether what follows joins what stands before it.
fn joined(before: &str, after: &str) -> bool {
    const JOINER: char = '\u{200d}';
    before.ends_with(JOINER) || after.starts_with(|it| it == JOINER || is_mark(it))
}

/// Whether a character is shown on the one before it: accents, vowel signs of the scripts of
/// India, which share one layout of their blocks, points of Hebrew and Arabic, variants, skins.
fn is_mark(it: char) -> bool {
    match it as u32 {
        0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05BD | 0x064B..=0x065F | 0x0670 | 0x20D0..=0x20FF => true,
        0xFE00..=0xFE0F | 0xFE20..=0xFE2F | 0x1F3FB..=0x1F3FF => true,
        india @ 0x0900..=0x0D7F => matches!(india % 0x80, 0x01..=0x03 | 0x3C | 0x3E..=0x4D | 0x55..=0x57 | 0x62 | 0x63),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Scale = Scale::Septets(Shift { locking: None, single: None });

    fn rooms(scale: Scale, header: usize) -> Rooms {
        Rooms { alone: scale.room(0), joined: scale.room(header) }
    }

    fn slices(text: &str, scale: Scale) -> Vec<&str> {
        let rooms = rooms(scale, 6);
        let room = if scale.measure(text, rooms).unwrap().parts == 1 { rooms.alone } else { rooms.joined };
        let (mut slices, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let (slice, behind) = rest.split_at(scale.take(rest, room).unwrap().octets);
            slices.push(slice);
            rest = behind;
        }
        slices
    }

    #[test]
    fn quirk_73_the_room_follows_the_header_that_is_there() {
        let table = [(0, [160, 140, 70]), (6, [153, 134, 67]), (7, [152, 133, 66]), (12, [146, 128, 64])];
        for (header, rooms) in table {
            assert_eq!([PLAIN, Scale::Octets, Scale::Units].map(|it| it.room(header)), rooms, "{header}");
        }
    }

    #[test]
    fn one_part_holds_more_than_each_of_several() {
        for (scale, letter) in [(PLAIN, "a"), (Scale::Octets, "é"), (Scale::Units, "П")] {
            let (alone, joined) = (scale.room(0), scale.room(6));
            for (units, parts) in [(1, 1), (alone, 1), (alone + 1, 2), (joined * 2, 2), (joined * 2 + 1, 3)] {
                let text = letter.repeat(units);
                assert_eq!(scale.measure(&text, rooms(scale, 6)), Ok(Measure { units, parts }), "{scale:?}");
                assert_eq!(slices(&text, scale).len(), parts, "{scale:?} {units}");
            }
        }
    }

    #[test]
    fn an_escape_at_the_edge_moves_to_the_next_part() {
        let text = format!("{}€{}", "a".repeat(152), "b".repeat(10));
        assert_eq!(slices(&text, PLAIN), ["a".repeat(152), format!("€{}", "b".repeat(10))]);
        // 153 euro signs are 306 septets, but only 76 of them go into a part.
        assert_eq!(PLAIN.measure(&"€".repeat(153), rooms(PLAIN, 6)), Ok(Measure { units: 306, parts: 3 }));
    }

    #[test]
    fn a_surrogate_pair_at_the_edge_moves_to_the_next_part() {
        let text = format!("{}\u{1f600}{}", "П".repeat(66), "b".repeat(10));
        assert_eq!(slices(&text, Scale::Units), ["П".repeat(66), format!("\u{1f600}{}", "b".repeat(10))]);
    }

    #[test]
    fn a_letter_keeps_its_marks_and_a_picture_its_halves() {
        for joined in ["e\u{301}\u{323}", "कि", "\u{1f469}\u{200d}\u{1f4bb}", "\u{1f44d}\u{1f3fd}"] {
            let text = format!("{}{joined}{}", "П".repeat(66), "b".repeat(10));
            assert_eq!(slices(&text, Scale::Units), ["П".repeat(66), format!("{joined}{}", "b".repeat(10))]);
        }
        // Marks without end are cut where the room ends.
        assert_eq!(slices(&"\u{301}".repeat(100), Scale::Units).len(), 2);
    }

    #[test]
    fn the_first_character_without_a_place_is_named() {
        assert_eq!(PLAIN.measure("aПç", rooms(PLAIN, 6)), Err('П'));
        assert_eq!(Scale::Octets.measure("é€", rooms(Scale::Octets, 6)), Err('€'));
    }
}
