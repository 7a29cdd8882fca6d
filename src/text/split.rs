//! Where a text is cut into the parts of a concatenated message.
//!
//! A part carries 140 octets over the air, its header among them. A cut comes between characters
//! only, so that neither an escape nor a surrogate pair is torn. Where it costs no part more, it
//! comes between letters as readers see them (extended grapheme clusters, UAX 29): no accent is
//! parted from its letter, no flag and no picture joined of several is torn.
//!
//! ```text
//! header           none   05 00 03 …   06 08 04 …   any of n octets
//! septets           160      153          152       (140 - n) * 8 / 7
//! octets            140      134          133        140 - n
//! units              70       67           66       (140 - n) / 2      (16 bits each)
//! ```

use crate::text::gsm7::Taken;
use crate::text::national::Shift;
use crate::text::{gsm7, latin1, ucs2};
use unicode_segmentation::GraphemeCursor;

/// Octets of a part over the air.
pub const PART_OCTETS: usize = 140;

/// How far before a cut a letter is looked at, in octets: longer than any that is shown as one, and
/// short enough that marks without end take no longer than other characters.
const LETTER_MAX: usize = 1_024;

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
            Self::Septets(shift) => take(text, room, |it| shift.septets(it)),
            Self::Octets => take(text, room, |it| latin1::code(it).map(|_| 1)),
            Self::Units => take(text, room, |it| Some(ucs2::units(it))),
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

    /// Whether characters of a text may belong together. What the GSM alphabet and ISO-8859-1 have stands for itself.
    const fn has_marks(self) -> bool {
        match self {
            Self::Septets(shift) => !shift.is_plain(),
            Self::Octets => false,
            Self::Units => true,
        }
    }

    /// Counts a text and its parts, which are as few as can be; the error is the first character without a place.
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

/// The parts of a text, one after the other, as many as are allowed or fewer.
///
/// ```text
/// allowed 3    aaaaaaa|aaa🇳🇱aa|aaaaa          the cut moves back to before a letter …
///                     └ earliest: from here on two parts still hold the rest, and so it moves no further
/// ```
#[derive(Debug)]
pub(super) struct Parts<'a> {
    text: &'a str,
    scale: Scale,
    room: usize,
    allowed: usize,
    /// Where the next part begins, and how many came before it.
    at: usize,
    count: usize,
    /// The last cut between letters.
    letter: usize,
    /// For 0, 1, 2 … parts more, the first place from which on these hold the rest; empty while nobody has asked.
    earliest: Vec<usize>,
}

impl<'a> Parts<'a> {
    /// Cuts a text into parts of a room. `allowed` is how many there may be: not fewer than [`Scale::measure`] counts.
    pub(super) const fn new(text: &'a str, scale: Scale, room: usize, allowed: usize) -> Self {
        Self { text, scale, room, allowed, at: 0, count: 0, letter: 0, earliest: Vec::new() }
    }

    /// The next part, with its length on the scale; the error is a character that has no place.
    pub(super) fn take(&mut self) -> Result<Option<(&'a str, usize)>, char> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return Ok(None);
        }
        let most = self.scale.take(rest, self.room)?;
        self.count += 1;
        let taken = self.whole_letters(rest, most);
        self.at += taken.octets;
        Ok(Some((&rest[..taken.octets], taken.units)))
    }

    /// Gives back the beginning of a letter of which the rest does not fit, unless that costs a part, or the letter is
    /// all that there is.
    fn whole_letters(&mut self, rest: &str, most: Taken) -> Taken {
        let end = self.at + most.octets;
        if !self.scale.has_marks() || end == self.text.len() {
            return most;
        }
        let mut better = most;
        while !self.is_between_letters(self.at + better.octets) {
            let Some(last) = rest[..better.octets].chars().next_back() else { break };
            better.octets -= last.len_utf8();
            better.units -= self.scale.cost(last);
        }
        if better.octets != most.octets && (better.octets == 0 || self.at + better.octets < self.earliest()) {
            better = most;
        } else {
            self.letter = self.at + better.octets;
        }
        self.letter = self.letter.max(floor(self.text, end.saturating_sub(LETTER_MAX)));
        better
    }

    fn is_between_letters(&self, place: usize) -> bool {
        let near = &self.text[self.letter..];
        let mut cursor = GraphemeCursor::new(place - self.letter, near.len(), true);
        cursor.is_boundary(near, 0).unwrap_or(true)
    }

    /// Where the part that is being taken may end at the earliest.
    fn earliest(&mut self) -> usize {
        if self.earliest.is_empty() {
            self.earliest.push(self.text.len());
            let mut units = 0;
            for (at, it) in self.text.char_indices().rev() {
                let cost = self.scale.cost(it);
                if self.room < units + cost {
                    self.earliest.push(at + it.len_utf8());
                    units = 0;
                }
                units += cost;
            }
        }
        let more = self.allowed.saturating_sub(self.count);
        self.earliest.get(more).copied().unwrap_or(0)
    }
}

/// The place of this octet, or of the character that it is in.
fn floor(text: &str, octet: usize) -> usize {
    (0..=octet).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::national::Language;
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    const PLAIN: Scale = Scale::Septets(Shift { locking: None, single: None });

    fn rooms(scale: Scale, header: usize) -> Rooms {
        Rooms { alone: scale.room(0), joined: scale.room(header) }
    }

    fn slices(text: &str, scale: Scale) -> Vec<&str> {
        let rooms = rooms(scale, 6);
        let measure = scale.measure(text, rooms).unwrap();
        let room = if measure.parts == 1 { rooms.alone } else { rooms.joined };
        cut_into(text, scale, room, measure.parts)
    }

    fn cut_into(text: &str, scale: Scale, room: usize, allowed: usize) -> Vec<&str> {
        let mut parts = Parts::new(text, scale, room, allowed);
        std::iter::from_fn(|| parts.take().unwrap()).map(|it| it.0).collect()
    }

    fn units(slices: &[&str]) -> Vec<usize> {
        slices.iter().map(|it| it.encode_utf16().count()).collect()
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
        for joined in [
            "e\u{301}\u{323}",
            "कि",
            "\u{1f469}\u{200d}\u{1f4bb}",
            "\u{1f44d}\u{1f3fd}",
            "🇳🇱",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "1\u{fe0f}\u{20e3}",
            "กี่",
            "ນ້ຳ",
            "ស្រ",
            "မြို",
        ] {
            for before in 60..=66 {
                let text = format!("{}{joined}{}", "П".repeat(before), "b".repeat(20));
                let slices = slices(&text, Scale::Units);
                assert_eq!(slices.concat(), text);
                assert!(slices.iter().any(|it| it.contains(joined)), "{before} {joined}: {slices:?}");
            }
        }
        // Marks without end are cut where the room ends.
        assert_eq!(units(&slices(&"\u{301}".repeat(100), Scale::Units)), [67, 33]);
        assert_eq!(units(&slices(&format!("e{}", "\u{301}".repeat(200)), Scale::Units)), [67, 67, 67]);
    }

    #[test]
    fn flags_are_counted_from_the_first_of_their_row() {
        let text = format!("a{}", "🇳🇱".repeat(32));
        assert_eq!(units(&slices(&text, Scale::Units)), [65, 64]);
        let text = format!("aaa{}", "🇳🇱".repeat(50));
        let slices = slices(&text, Scale::Units);
        assert!(slices.iter().all(|it| it.trim_start_matches('a').len() % "🇳🇱".len() == 0), "{slices:?}");
    }

    #[test]
    fn no_letter_is_kept_whole_at_the_price_of_a_part() {
        let of = |before: usize, joined: &str, all: usize| {
            format!("{}{joined}{}", "П".repeat(before), "b".repeat(all - before - joined.encode_utf16().count()))
        };
        let hands = of(60, "🧑\u{200d}🤝\u{200d}🧑", 197);
        assert_eq!(units(&slices(&hands, Scale::Units)), [66, 67, 64]);
        let family = of(58, "👨\u{200d}👩\u{200d}👧\u{200d}👦", 130);
        assert_eq!(units(&slices(&family, Scale::Units)).len(), 2);
        // One unit less, and there is room to keep it.
        let hands = of(60, "🧑\u{200d}🤝\u{200d}🧑", 194);
        assert_eq!(units(&slices(&hands, Scale::Units)), [60, 67, 67]);
        // Where one part more is allowed, as it was before, it is whole.
        let hands = of(60, "🧑\u{200d}🤝\u{200d}🧑", 197);
        assert_eq!(units(&cut_into(&hands, Scale::Units, 67, 4)), [60, 67, 67, 3]);
    }

    /// Letters of one character and of many.
    fn letters() -> impl Strategy<Value = String> {
        let pool = [
            "П",
            "b",
            " ",
            "€",
            "[",
            "日",
            "\u{1f600}",
            "\u{200d}",
            "\u{301}",
            "\u{1f1f3}",
            "🇳🇱",
            "👨\u{200d}👩\u{200d}👧\u{200d}👦",
            "🧑\u{200d}🤝\u{200d}🧑",
            "\u{1f44d}\u{1f3fd}",
            "กี่",
            "ນ້ຳ",
            "ស្រ",
            "မြို",
            "न्द",
            "கி",
            "e\u{301}",
            "\r\n",
            "1\u{fe0f}\u{20e3}",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "각",
        ];
        let few = prop::collection::vec(prop::sample::select(pool.to_vec()), 1..4);
        let row = (few, 0usize..70, 0usize..70, 0usize..400);
        row.prop_flat_map(move |(few, before, between, many)| {
            let mixed = prop::collection::vec(
                prop_oneof![Just("a".to_owned()), prop::sample::select(few).prop_map(str::to_owned)],
                many,
            );
            mixed.prop_map(move |it| format!("{}{}{}", "a".repeat(before), it.concat(), "b".repeat(between)))
        })
    }

    proptest! {
        #[test]
        fn letters_are_kept_whole_only_where_it_costs_nothing(text in letters(), header in prop::sample::select(vec![6usize, 7, 12])) {
            let turkish = Shift { locking: None, single: Language::from_word("tr") };
            for scale in [PLAIN, Scale::Septets(turkish), Scale::Octets, Scale::Units] {
                let rooms = rooms(scale, header);
                let Ok(measure) = scale.measure(&text, rooms) else { continue };
                if measure.parts == 1 {
                    continue;
                }
                // As few as plain cutting makes, which takes all that fits.
                let (mut plain, mut rest) = (0, &*text);
                while !rest.is_empty() {
                    rest = &rest[scale.take(rest, rooms.joined).unwrap().octets..];
                    plain += 1;
                }
                let slices = cut_into(&text, scale, rooms.joined, measure.parts);
                prop_assert_eq!((slices.len(), measure.parts), (plain, plain));
                prop_assert_eq!(slices.concat(), &*text);
                let fits = |it: &&str| scale.take(it, rooms.joined).unwrap().octets == it.len();
                prop_assert!(slices.iter().all(|it| !it.is_empty()) && slices.iter().all(fits));
                // With a part to spare a cut is torn only in a letter that is longer than a part.
                let spare = cut_into(&text, scale, rooms.joined, plain * 2);
                prop_assert_eq!(spare.concat(), &*text);
                let longest = text.graphemes(true).map(|it| it.encode_utf16().count()).max().unwrap_or(0);
                if scale == Scale::Units && longest < 40 {
                    let whole: Vec<&str> = spare.iter().flat_map(|it| it.graphemes(true)).collect();
                    prop_assert_eq!(whole, text.graphemes(true).collect::<Vec<_>>());
                }
            }
        }
    }

    #[test]
    fn a_text_of_marks_alone_takes_no_longer_than_another() {
        let text = format!("\u{1f600}{}", "\u{301}\u{200d}".repeat(100_000));
        let parts = Scale::Units.measure(&text, rooms(Scale::Units, 6)).unwrap().parts;
        let began = std::time::Instant::now();
        assert_eq!(slices(&text, Scale::Units).len(), parts);
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    #[test]
    fn the_first_character_without_a_place_is_named() {
        assert_eq!(PLAIN.measure("aПç", rooms(PLAIN, 6)), Err('П'));
        assert_eq!(Scale::Octets.measure("é€", rooms(Scale::Octets, 6)), Err('€'));
    }
}
