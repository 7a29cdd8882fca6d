//! How the octets of what comes are read, and whether the text gives them back.
//!
//! ```text
//!  data_coding 0, 1 ── as the carrier means them: `Readings` ─┐
//!  data_coding 3, 8 … ── as the specification has them ───────┴──► text, and whether nothing is lost in it
//! ```

use crate::text::udh::Udh;
use crate::text::{Alphabet, code_page, gsm7, latin1, ucs2};

/// What octets are that come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet, one septet an octet.
    Gsm7,
    /// The same, eight septets in seven octets, as they go over the air (3GPP TS 23.038, 6.1.2.1).
    Packed,
    /// ASCII.
    Ascii,
    /// ISO-8859-1.
    Latin1,
    /// UTF-16, big-endian.
    Ucs2,
    /// UTF-8.
    Utf8,
}

impl Encoding {
    /// Every one, by its word.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("gsm7", Self::Gsm7),
        ("latin1", Self::Latin1),
        ("ascii", Self::Ascii),
        ("ucs2", Self::Ucs2),
        ("utf8", Self::Utf8),
        ("gsm7-packed", Self::Packed),
    ];

    /// The word for what is told of it: the alphabet, however it was packed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gsm7 | Self::Packed => "gsm7",
            Self::Ascii => "ascii",
            Self::Latin1 => "latin1",
            Self::Ucs2 => "ucs2",
            Self::Utf8 => "utf8",
        }
    }
}

impl From<Alphabet> for Encoding {
    fn from(alphabet: Alphabet) -> Self {
        match alphabet {
            Alphabet::Gsm7 => Self::Gsm7,
            Alphabet::Ascii => Self::Ascii,
            Alphabet::Latin1 | Alphabet::Binary => Self::Latin1,
            Alphabet::Ucs2 => Self::Ucs2,
        }
    }
}

/// What a carrier means by the values of data_coding that each means otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readings {
    /// By 0, and by what is reserved.
    pub zero: Encoding,
    /// By 1.
    pub one: Encoding,
}

impl<T: Into<Encoding>> From<T> for Readings {
    /// 1 is ASCII (SMPP 3.4, 5.2.19).
    fn from(zero: T) -> Self {
        Self { zero: zero.into(), one: Encoding::Ascii }
    }
}

/// A text, and whether its octets can be had from it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What it says. What cannot be read is U+FFFD.
    pub text: String,
    /// Whether nothing was lost, and nothing speaks against the alphabet that it was read in.
    pub whole: bool,
}

/// How octets under a data_coding are read.
enum Means {
    As(Encoding),
    /// An alphabet of one octet a character that only comes.
    Page(fn(&[u8]) -> String),
}

impl Readings {
    /// Whether a character has two octets.
    pub fn is_wide(self, data_coding: u8) -> bool {
        matches!(self.means(data_coding), Means::As(Encoding::Ucs2))
    }

    /// Whether septets are packed, each part for itself.
    pub fn is_packed(self, data_coding: u8) -> bool {
        matches!(self.means(data_coding), Means::As(Encoding::Packed))
    }

    /// The text of a handset, without its header, which `udh` is: its national tables count where there are septets.
    pub fn read(self, data_coding: u8, udh: Udh<'_>, octets: &[u8]) -> Read {
        let reading = match self.means(data_coding) {
            Means::As(reading) => reading,
            Means::Page(read) => {
                let text = read(octets);
                return Read { whole: !text.contains(char::REPLACEMENT_CHARACTER), text };
            }
        };
        let septets = |septets: &[u8]| {
            let (text, mut again) = (udh.shift().decode(septets), Vec::with_capacity(septets.len()));
            let whole = udh.shift().encode(&text, &mut again).is_ok() && again == septets;
            Read { text, whole }
        };
        match reading {
            Encoding::Gsm7 => Self::unless_wide(septets(octets), octets),
            Encoding::Packed => septets(&gsm7::unpack(octets, udh.octets())),
            Encoding::Ascii => {
                let text = code_page::ascii(octets);
                Self::unless_wide(Read { whole: octets.is_ascii(), text }, octets)
            }
            Encoding::Latin1 => Self::unless_wide(Read { text: latin1::decode(octets), whole: true }, octets),
            Encoding::Ucs2 => {
                let text = ucs2::decode(octets);
                let lost = |it: &str| it.matches(char::REPLACEMENT_CHARACTER).count();
                Read { whole: lost(&text) == ucs2::replacements(octets), text }
            }
            Encoding::Utf8 => {
                let text = String::from_utf8_lossy(octets);
                Read { whole: matches!(text, std::borrow::Cow::Borrowed(_)), text: text.into_owned() }
            }
        }
    }

    /// A text in an alphabet of one octet a character whose octets look like UTF-16 of one of the scripts of Europe and
    /// the near East: before each second octet stands one that no such text has there again and again.
    fn unless_wide(read: Read, octets: &[u8]) -> Read {
        /// Two characters may be chance.
        const OCTETS_MIN: usize = 4;
        let (pairs, rest) = octets.as_chunks::<2>();
        let wide = OCTETS_MIN <= octets.len() && rest.is_empty() && pairs.iter().all(|[high, _]| *high < 0x20);
        Read { whole: read.whole && !wide, ..read }
    }

    /// The groups are those of SMPP 3.4, 5.2.19, and from 0x10 on those of 3GPP TS 23.038, 4, as handsets use them.
    /// Reserved values are read as data_coding 0, and so are the groups of 7 bits: a carrier that rewrites one rewrites
    /// the other.
    fn means(self, data_coding: u8) -> Means {
        Means::As(match data_coding {
            0x01 => self.one,
            0x02..=0x04 => Encoding::Latin1,
            0x06 => return Means::Page(code_page::cyrillic),
            0x07 => return Means::Page(code_page::hebrew),
            0x08 | 0xE0..=0xEF => Encoding::Ucs2,
            // Japanese and Korean sets share ASCII; compressed text cannot be told from noise.
            0x05 | 0x09 | 0x0A | 0x0D | 0x0E | 0x20..=0x3F | 0x60..=0x7F => return Means::Page(code_page::ascii),
            0x10..=0x1F | 0x40..=0x5F if data_coding >> 2 & 3 == 1 => Encoding::Latin1,
            0x10..=0x1F | 0x40..=0x5F if data_coding >> 2 & 3 == 2 => Encoding::Ucs2,
            0xF0..=0xFF if data_coding & 4 != 0 => Encoding::Latin1,
            _ => self.zero,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data_coding: u8, octets: &[u8], readings: impl Into<Readings>) -> (String, bool) {
        let read = readings.into().read(data_coding, Udh::default(), octets);
        (read.text, read.whole)
    }

    #[test]
    fn what_is_lost_in_a_text_is_known() {
        let utf16: Vec<u8> = "Привет, ç".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (data_coding, octets) in [
            (0, &utf16[..]),
            (0, b"\x00S\x00h\x00o\x00p"),
            (1, b"TE\xCE\xA3T "),
            (1, b"Confirm\xE9"),
            (0, b"\xC8\x32\x9B\xFD\x06\xDD\xDF\x72\x36\x19"),
            // A character that the extension table lacks is shown as another.
            (0, b"a\x1B\x41"),
            (0, b"a\x1B"),
            (8, b"\x00a\x00"),
            (8, b"\x00a\xD8\x3D"),
            (7, b"\xC0"),
            (5, b"\x83\x41"),
        ] {
            assert!(!read(data_coding, octets, Alphabet::Gsm7).1, "{data_coding} {octets:x?}");
        }
        for (data_coding, octets) in [
            (0, &b"Hello \x1B\x65 5"[..]),
            (0, b""),
            (0, b"\x00\x00"),
            (0, b"\x11\x11 x"),
            (1, b"plain"),
            (3, b"caf\xE9"),
            (6, b"\xBF\xE0"),
            (8, &utf16),
            // The handset has sent U+FFFD.
            (8, b"\x00a\xFF\xFD"),
            (8, b"\xFF\xFE\x61\x00"),
        ] {
            assert!(read(data_coding, octets, Alphabet::Gsm7).1, "{data_coding} {octets:x?}");
        }
    }

    #[test]
    fn a_carrier_says_what_it_means_by_0_and_by_1() {
        let utf16: Vec<u8> = "Привет, ç".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let is = |text: &str| (text.to_owned(), true);
        assert_eq!(read(0, &utf16, Encoding::Ucs2), is("Привет, ç"));
        assert_eq!(read(0, b"\x00S\x00h\x00o\x00p", Encoding::Ucs2), is("Shop"));
        assert_eq!(read(0, b"\xC8\x32\x9B\xFD\x06\xDD\xDF\x72\x36\x19", Encoding::Packed), is("Hello world"));
        let one = |one| Readings { zero: Encoding::Gsm7, one };
        assert_eq!(read(1, b"TE\xCE\xA3T ", one(Encoding::Utf8)), is("TEΣT "));
        assert_eq!(read(1, b"Confirm\xE9", one(Encoding::Latin1)), is("Confirmé"));
        assert_eq!(read(0, b"\x05", one(Encoding::Utf8)), is("é"), "0 is another");
        assert!(!read(1, b"\xC3", one(Encoding::Utf8)).1);
        assert_eq!(read(8, b"\x00a", Encoding::Packed), is("a"), "what the specification says is so");
    }

    #[test]
    fn packed_septets_behind_a_header_begin_at_a_septet() {
        // "Hello world" as the second part, from bit 49 on: 05 00 03 A7 02 02 and a bit that fills.
        let septets = gsm7::decode(&gsm7::unpack(&pack(b"Hello world", 1), 6));
        assert_eq!(septets, "Hello world");
        // Seven octets hold eight septets, or seven and nothing.
        assert_eq!(gsm7::decode(&gsm7::unpack(&pack(b"sevenab", 0), 0)), "sevenab");
        assert_eq!(gsm7::decode(&gsm7::unpack(&pack(b"eight ab", 0), 0)), "eight ab");
        assert_eq!(gsm7::unpack(&[], 0), Vec::<u8>::new());
    }

    /// Septets behind so many bits.
    fn pack(septets: &[u8], fill: usize) -> Vec<u8> {
        let mut octets = vec![0; (fill + septets.len() * 7).div_ceil(8)];
        for (at, septet) in septets.iter().enumerate() {
            for bit in 0..7 {
                let place = fill + at * 7 + bit;
                octets[place / 8] |= (septet >> bit & 1) << (place % 8);
            }
        }
        octets
    }
}
