//! The user data header of a part (3GPP TS 23.040, 9.2.3.24): elements of number, length and value.
//!
//! ```text
//!  05   00 03 A7 02 01   24 01 01 …      how long it is, then element after element
//!       concatenation    single shift
//! ```
//!
//! Reading is tolerant: an element whose length lies ends with the header, an element of the
//! wrong size says nothing, and of one that stands twice the last counts, as 23.040 has it.

use crate::text::national::{Language, Shift};

/// Concatenation with a reference of 8 bits.
pub const CONCAT_8: u8 = 0x00;
/// Concatenation with a reference of 16 bits.
pub const CONCAT_16: u8 = 0x08;
/// Application ports of 8 bits.
pub const PORTS_8: u8 = 0x04;
/// Application ports of 16 bits.
pub const PORTS_16: u8 = 0x05;
/// National language single shift.
pub const SINGLE: u8 = 0x24;
/// National language locking shift.
pub const LOCKING: u8 = 0x25;

/// The elements of a header, as they stand in the part; the default has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Udh<'a>(&'a [u8]);

/// Which part of a message this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concat {
    /// What the parts of a message have in common.
    pub reference: u16,
    /// Whether the reference has 16 bits. References of 8 and of 16 bits are never of one message.
    pub wide: bool,
    /// How many parts there are, from 1.
    pub total: u8,
    /// Which one it is, 1 to `total`.
    pub index: u8,
}

/// To which application a message goes, and from which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ports {
    /// The port of the receiver.
    pub destination: u16,
    /// The port of the sender.
    pub source: u16,
}

impl Concat {
    /// Octets of the element with a reference of 8 bits.
    pub const OCTETS_8: usize = 5;
    /// Octets of the element with a reference of 16 bits.
    pub const OCTETS_16: usize = 6;

    /// Octets of the element that says it.
    pub const fn octets(self) -> usize {
        if self.wide { Self::OCTETS_16 } else { Self::OCTETS_8 }
    }

    /// Appends the element that says it.
    pub fn write(self, to: &mut Vec<u8>) {
        let [high, low] = self.reference.to_be_bytes();
        match self.wide {
            true => to.extend([CONCAT_16, 4, high, low, self.total, self.index]),
            false => to.extend([CONCAT_8, 3, low, self.total, self.index]),
        }
    }
}

impl Ports {
    /// Appends the element that says it, of 16 bits.
    pub fn write(self, to: &mut Vec<u8>) {
        to.extend([PORTS_16, 4]);
        to.extend(self.destination.to_be_bytes());
        to.extend(self.source.to_be_bytes());
    }
}

impl Shift {
    /// Appends the elements that name the tables; none for those of the default alphabet.
    pub fn write(self, to: &mut Vec<u8>) {
        for (id, language) in [(LOCKING, self.locking), (SINGLE, self.single)] {
            to.extend(language.into_iter().flat_map(|it| [id, 1, it.id()]));
        }
    }
}

impl<'a> Udh<'a> {
    /// Splits the octets of a part into header and text; `None` where there is no header: nothing
    /// there, or an announced length beyond the end, as text has it under a wrong `esm_class`.
    pub fn parse(octets: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (length, rest) = octets.split_first()?;
        let (elements, text) = rest.split_at_checked(usize::from(*length))?;
        Some((Self(elements), text))
    }

    /// The same, where `wide` says that a character of the text has two octets: an octet that the header has behind its
    /// last element, too short for another, belongs to the text where that makes its characters whole.
    pub fn split(octets: &'a [u8], wide: bool) -> Option<(Self, &'a [u8])> {
        let (udh, text) = Self::parse(octets)?;
        let end = udh.0.len();
        let read: usize = udh.elements().map(|(_, value)| 2 + value.len()).sum();
        let shifted = wide && end - read == 1 && text.len() % 2 == 1;
        Some(if shifted { (Self(&octets[1..end]), &octets[end..]) } else { (udh, text) })
    }

    /// How many octets it takes, its length included; none without a header.
    pub const fn octets(self) -> usize {
        if self.0.is_empty() { 0 } else { 1 + self.0.len() }
    }

    /// The header of elements without the octet of its length.
    pub const fn of_elements(elements: &'a [u8]) -> Self {
        Self(elements)
    }

    /// The elements, in their order: number and value. A value whose length lies is cut at the end.
    pub fn elements(self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let [id, length, value @ ..] = rest else { return None };
            let (value, behind) = value.split_at_checked(usize::from(*length)).unwrap_or((value, &[]));
            rest = behind;
            Some((*id, value))
        })
    }

    /// Whether every length is right, to the last octet.
    pub fn is_well_formed(self) -> bool {
        let read: usize = self.elements().map(|(_, value)| 2 + value.len()).sum();
        let stated: usize = self.elements().zip(self.lengths()).filter(|((_, value), it)| value.len() == *it).count();
        read == self.0.len() && stated == self.elements().count()
    }

    /// Which part of a message this is; `None` for a message of its own, and where the numbers
    /// contradict each other, which makes the element void (9.2.3.24.1).
    pub fn concat(self) -> Option<Concat> {
        let read = |(id, value): (u8, &[u8])| {
            let (reference, wide, total, index) = match (id, value) {
                (CONCAT_8, [reference, total, index]) => (u16::from(*reference), false, *total, *index),
                (CONCAT_16, [high, low, total, index]) => (u16::from_be_bytes([*high, *low]), true, *total, *index),
                _ => return None,
            };
            (1..=total).contains(&index).then_some(Concat { reference, wide, total, index })
        };
        self.elements().filter_map(read).last()
    }

    /// To which application the message goes.
    pub fn ports(self) -> Option<Ports> {
        let read = |(id, value): (u8, &[u8])| match (id, value) {
            (PORTS_8, [destination, source]) => {
                Some(Ports { destination: u16::from(*destination), source: u16::from(*source) })
            }
            (PORTS_16, [d0, d1, s0, s1]) => {
                Some(Ports { destination: u16::from_be_bytes([*d0, *d1]), source: u16::from_be_bytes([*s0, *s1]) })
            }
            _ => None,
        };
        self.elements().filter_map(read).last()
    }

    /// Whose table takes the place of the default alphabet; reserved languages count as none.
    pub fn locking(self) -> Option<Language> {
        self.language(LOCKING)
    }

    /// Whose table takes the place of the extension.
    pub fn single(self) -> Option<Language> {
        self.language(SINGLE)
    }

    /// The tables that the septets behind the header are written in.
    pub fn shift(self) -> Shift {
        Shift { locking: self.locking(), single: self.single() }
    }

    fn language(self, wanted: u8) -> Option<Language> {
        let read = |(id, value): (u8, &[u8])| match value {
            [language] if id == wanted => Language::new(*language),
            _ => None,
        };
        self.elements().filter_map(read).last()
    }

    /// What each element says of its length.
    fn lengths(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let [_, length, value @ ..] = rest else { return None };
            let length = usize::from(*length);
            rest = value.get(length..).unwrap_or_default();
            Some(length)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(octets: &[u8]) -> Udh<'_> {
        Udh::parse(octets).unwrap().0
    }

    #[test]
    fn header_and_text_are_told_apart() {
        let (udh, text) = Udh::parse(b"\x05\x00\x03\xA7\x02\x01hello").unwrap();
        assert_eq!(text, b"hello");
        assert_eq!(udh.concat(), Some(Concat { reference: 0xA7, wide: false, total: 2, index: 1 }));
        assert_eq!((udh.ports(), udh.shift(), udh.is_well_formed()), (None, Shift::default(), true));
        assert_eq!(Udh::parse(b"\x00hi"), Some((Udh::default(), &b"hi"[..])));
        assert_eq!((Udh::parse(b""), Udh::parse(b"hello")), (None, None));
    }

    #[test]
    fn an_octet_too_many_in_a_header_is_the_first_of_a_wide_text() {
        let octets = b"\x06\x00\x03\xF3\x02\x02\x06\x31\x06\x45";
        let concat = Some(Concat { reference: 0xF3, wide: false, total: 2, index: 2 });
        for (octets, wide, text) in [
            (&octets[..], true, &octets[6..]),
            (&octets[..], false, &octets[7..]),
            (&octets[..9], true, &octets[7..9]),
            (&octets[..7], true, &[][..]),
        ] {
            let (udh, rest) = Udh::split(octets, wide).unwrap();
            assert_eq!((udh.concat(), rest), (concat, text), "{wide} {octets:x?}");
        }
        assert_eq!(Udh::split(b"\x05\x00\x03\xA7\x02\x01a", true).unwrap().1, b"a", "a whole header keeps what it has");
    }

    #[test]
    fn quirk_73_elements_are_found_wherever_they_stand() {
        let octets = b"\x14\x70\x01\x00\x08\x04\x12\x34\x03\x02\x05\x04\x0B\x84\x23\xF0\x25\x01\x01\x24\x01\x0D";
        let (udh, rest) = Udh::parse(&octets[..]).unwrap();
        assert_eq!((rest, udh.elements().count()), (&b"\x0D"[..], 5), "the header ends inside the last element");
        assert_eq!(udh.concat(), Some(Concat { reference: 0x1234, wide: true, total: 3, index: 2 }));
        assert_eq!(udh.ports(), Some(Ports { destination: 2948, source: 9200 }));
        assert_eq!((udh.locking(), udh.single()), (Language::new(1), None));
        assert!(!udh.is_well_formed());
    }

    #[test]
    fn quirk_73_void_numbers_make_no_part_and_the_last_element_counts() {
        for void in [[7, 0, 0], [7, 2, 0], [7, 2, 3], [7, 0, 1]] {
            assert_eq!(read(&[5, 0, 3, void[0], void[1], void[2]]).concat(), None, "{void:?}");
        }
        let twice = read(b"\x0A\x00\x03\x01\x02\x01\x00\x03\x07\x02\x02").concat();
        assert_eq!(twice, Some(Concat { reference: 7, wide: false, total: 2, index: 2 }));
        assert_eq!(read(b"\x06\x00\x04\x01\x02\x01\x00").concat(), None, "the wrong size");
        let lies = Concat { reference: 1, wide: false, total: 2, index: 1 };
        assert_eq!(read(b"\x05\x00\x04\x01\x02\x01").concat(), Some(lies), "its octets are there all the same");
        assert_eq!(read(b"\x04\x04\x02\x10\x20").ports(), Some(Ports { destination: 0x10, source: 0x20 }));
    }

    proptest! {
        #[test]
        fn any_octets_are_read_without_loss(octets: Vec<u8>) {
            if let Some((udh, text)) = Udh::parse(&octets) {
                prop_assert_eq!(1 + udh.0.len() + text.len(), octets.len());
                let read: usize = udh.elements().map(|(_, value)| 2 + value.len()).sum();
                prop_assert!(read <= udh.0.len() && udh.0.len() <= read + 1);
                let _ = (udh.concat(), udh.ports(), udh.shift(), udh.is_well_formed());
            }
        }
    }
}
