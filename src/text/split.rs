//! Where a text is cut into the parts of a concatenated message.
//!
//! A part carries 140 octets over the air. A message of one part has them all; parts of several
//! give six to the header that tells them apart (3GPP TS 23.040, 9.2.3.24.1). A cut comes
//! between characters only, so that neither an escape nor a surrogate pair is torn.
//!
//! ```text
//!             one part   of several
//! septets        160        153
//! octets         140        134
//! units           70         67      (16 bits each)
//! ```

use crate::text::{gsm7, latin1, ucs2};

/// Octets of the header: `05 00 03`, reference, how many parts, which one.
pub const HEADER: usize = 6;

/// The header of a part; `part` counts from 1.
pub const fn header(reference: u8, parts: u8, part: u8) -> [u8; HEADER] {
    [0x05, 0x00, 0x03, reference, parts, part]
}

/// What a text is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Septets of the GSM alphabet.
    Septets,
    /// Octets of ISO-8859-1.
    Octets,
    /// 16-bit units of UTF-16.
    Units,
}

impl Scale {
    /// What a message of one part holds.
    pub const fn alone(self) -> usize {
        match self {
            Self::Septets => 160,
            Self::Octets => 140,
            Self::Units => 70,
        }
    }

    /// What each part of several holds.
    pub const fn joined(self) -> usize {
        match self {
            Self::Septets => 153,
            Self::Octets => 134,
            Self::Units => 67,
        }
    }

    /// What a character costs; `None` where the scale has no place for it.
    pub fn cost(self, it: char) -> Option<usize> {
        match self {
            Self::Septets => gsm7::septets(it),
            Self::Octets => latin1::code(it).map(|_| 1),
            Self::Units => Some(ucs2::units(it)),
        }
    }

    /// Counts a text and its parts; the error is the first character without a place.
    pub fn measure(self, text: &str) -> Result<Measure, char> {
        // A loop for each scale, so that the choice is not made again at each character.
        match self {
            Self::Septets => count(text, self, gsm7::septets),
            Self::Octets => count(text, self, |it| latin1::code(it).map(|_| 1)),
            Self::Units => count(text, self, |it| Some(ucs2::units(it))),
        }
    }
}

/// How long a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// In all, on its scale, without headers.
    pub units: usize,
    /// How many parts it takes; no text still takes one.
    pub parts: usize,
}

fn count(text: &str, scale: Scale, cost: impl Fn(char) -> Option<usize>) -> Result<Measure, char> {
    let room = scale.joined();
    let (mut units, mut parts, mut filled) = (0, 1, 0);
    for it in text.chars() {
        let cost = cost(it).ok_or(it)?;
        units += cost;
        filled += cost;
        if filled > room {
            parts += 1;
            filled = cost;
        }
    }
    Ok(Measure { units, parts: if units <= scale.alone() { 1 } else { parts } })
}

/// The slices of a text that its parts carry, in order; nothing is lost between them.
#[derive(Clone, Debug)]
pub struct Slices<'a> {
    rest: &'a str,
    scale: Scale,
    room: usize,
}

impl<'a> Slices<'a> {
    /// Cuts a text whose measure on this scale is known.
    pub const fn new(text: &'a str, scale: Scale, measure: Measure) -> Self {
        let room = if measure.parts == 1 { scale.alone() } else { scale.joined() };
        Self { rest: text, scale, room }
    }
}

impl<'a> Iterator for Slices<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let mut filled = 0;
        let full = self.rest.char_indices().find(|(_, it)| {
            filled += self.scale.cost(*it).unwrap_or(0);
            filled > self.room
        });
        let (slice, rest) = self.rest.split_at(full.map_or(self.rest.len(), |(end, _)| end));
        self.rest = rest;
        Some(slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices(text: &str, scale: Scale) -> Vec<&str> {
        Slices::new(text, scale, scale.measure(text).unwrap()).collect()
    }

    #[test]
    fn one_part_holds_more_than_each_of_several() {
        for (scale, letter) in [(Scale::Septets, "a"), (Scale::Octets, "é"), (Scale::Units, "П")] {
            let (alone, joined) = (scale.alone(), scale.joined());
            for (units, parts) in [(1, 1), (alone, 1), (alone + 1, 2), (joined * 2, 2), (joined * 2 + 1, 3)] {
                let text = letter.repeat(units);
                assert_eq!(scale.measure(&text), Ok(Measure { units, parts }), "{scale:?}");
                assert_eq!(slices(&text, scale).len(), parts, "{scale:?} {units}");
            }
        }
    }

    #[test]
    fn an_escape_at_the_edge_moves_to_the_next_part() {
        let text = format!("{}€{}", "a".repeat(152), "b".repeat(10));
        assert_eq!(slices(&text, Scale::Septets), ["a".repeat(152), format!("€{}", "b".repeat(10))]);
        // 153 euro signs are 306 septets, but only 76 of them go into a part.
        assert_eq!(Scale::Septets.measure(&"€".repeat(153)), Ok(Measure { units: 306, parts: 3 }));
    }

    #[test]
    fn a_surrogate_pair_at_the_edge_moves_to_the_next_part() {
        let text = format!("{}\u{1f600}{}", "П".repeat(66), "b".repeat(10));
        assert_eq!(slices(&text, Scale::Units), ["П".repeat(66), format!("\u{1f600}{}", "b".repeat(10))]);
    }

    #[test]
    fn the_first_character_without_a_place_is_named() {
        assert_eq!(Scale::Septets.measure("aПç"), Err('П'));
        assert_eq!(Scale::Octets.measure("é€"), Err('€'));
    }
}
