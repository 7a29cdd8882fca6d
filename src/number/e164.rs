//! Numbers with their country code, as E.164 has them.
//!
//! ```text
//! +31612345678 ─► digits, country code, possible length          a table: 0.05 µs
//! +31 6-123456 ─► its digits (`written`) ─► the same table       0.2 µs
//! +31 (0)6-123 ─► its digits ─► libphonenumber (`library`)       1 µs, and some ms the first time
//! 0612345678   ─► the same, if a region is named; else refused
//! ```
//!
//! libphonenumber decides how a number is read; the table answers where a test proves that the library would take the
//! number as it stands. What is checked: the country code exists, and numbers after it can have this length. Whether a
//! range is assigned is not: that changes every week, and the carrier knows better.

use crate::number::refusal::NumberError;
use crate::number::{codes, library, shared, written};
use std::fmt;

/// An E.164 number: its digits as an integer, which always fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164(pub u64);

impl E164 {
    /// The most digits of a number (E.164, 6.1).
    pub const DIGITS_MAX: usize = 15;
    /// Stands where a number was that is forgotten. It shows itself as nothing.
    pub const FORGOTTEN: Self = Self(0);
    /// Beyond every number that there can be.
    const END: u64 = 10_u64.pow(Self::DIGITS_MAX as u32);

    /// Whether it is a number that somebody can have, and neither forgotten nor veiled.
    pub const fn is_known(self) -> bool {
        self.0 != Self::FORGOTTEN.0 && self.0 < Self::END
    }

    /// Reads a number as people write it: `+31612345678`, `+31 6 1234 5678`, and national forms such as
    /// `0612345678` as those of `region`, in ISO letters.
    pub fn parse(text: &str, region: Option<&str>) -> Result<Self, NumberError> {
        if let Some(number) = Self::plain(text) {
            return Ok(number);
        }
        Self::of_digits(&written::digits(text)?, region)
    }

    /// Reads a number with its country code whose `+` may be missing, as in lists that others keep.
    pub fn parse_listed(text: &str) -> Result<Self, NumberError> {
        let digits = written::digits(text)?;
        Self::of_digits(&if digits.starts_with('+') { digits } else { format!("+{digits}") }, None)
    }

    fn of_digits(digits: &str, region: Option<&str>) -> Result<Self, NumberError> {
        Self::plain(digits).map_or_else(|| library::read(digits, region), Ok)
    }

    /// A number that libphonenumber takes as it stands.
    fn plain(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let number = digits_of(digits)?;
        let code = codes::of(number.lead())?;
        code.stands(digits.get(code.width() as usize..)?).then_some(number)
    }

    /// Reads an address of a receipt, leniently: what carriers send is not what we sent. `None` for what cannot
    /// be a number with its country code.
    pub fn from_wire(ton: u8, address: &str) -> Option<Self> {
        const ALPHANUMERIC: u8 = 5;
        let address = address.trim_matches(|it: char| it == '\0' || it.is_whitespace());
        let bare = address.strip_prefix('+').or_else(|| address.strip_prefix("00")).unwrap_or(address);
        if ton == ALPHANUMERIC { None } else { digits_of(bare) }
    }

    /// Its digits, without `+`.
    pub fn digits(self) -> Digits {
        let (mut octets, mut start, mut rest) = ([0; 20], 20, self.0);
        loop {
            start -= 1;
            octets[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                return Digits { octets, start: start as u8 };
            }
        }
    }

    /// The country that it belongs to, in ISO letters; `None` for those of the whole world and for what is no number.
    pub fn country(self) -> Option<&'static str> {
        let code = codes::of(self.lead())?;
        let country = shared::of(self.0, self.count(), code.code).unwrap_or(code.country);
        (!country.is_empty()).then_some(country)
    }

    /// The country with these ISO letters, if numbers belong to it.
    pub fn country_of(letters: &str) -> Option<&'static str> {
        let of_codes = codes::CODES.iter().map(|it| it.country).filter(|it| !it.is_empty());
        of_codes.chain(shared::PREFIXES.iter().map(|it| it.1)).find(|it| *it == letters)
    }

    /// The number for logs: `+3161****678`.
    pub const fn masked(self) -> Masked {
        Masked(self)
    }

    /// How many digits it has.
    fn count(self) -> u32 {
        self.0.checked_ilog10().map_or(1, |it| it + 1)
    }

    /// Its first three digits.
    fn lead(self) -> u64 {
        match self.count() {
            0..=3 => 0,
            count => self.0 / 10_u64.pow(count - 3),
        }
    }
}

/// 1 to 15 digits, and nothing else; no country code begins with a zero.
fn digits_of(text: &str) -> Option<E164> {
    let fits = !text.starts_with('0')
        && (1..=E164::DIGITS_MAX).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_digit());
    fits.then(|| E164(text.bytes().fold(0, |number, it| number * 10 + u64::from(it - b'0'))))
}

/// `+31612345678`; nothing where it is forgotten.
impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_known() { write!(f, "+{}", self.0) } else { Ok(()) }
    }
}

/// The digits of a number, on the stack.
#[derive(Clone, Copy)]
pub struct Digits {
    octets: [u8; 20],
    start: u8,
}

impl std::ops::Deref for Digits {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.octets[usize::from(self.start)..]).expect("digits are ASCII")
    }
}

/// A number with its middle hidden, as [`hide_middle`] does it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Masked(E164);

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_known() { write!(f, "+{}", hide_middle(&self.0.digits())) } else { Ok(()) }
    }
}

/// The digits of a number with its middle hidden: enough to tell two apart, not enough to call one. At least four stay
/// hidden; the first show the country, the last tell it from its neighbours.
pub fn hide_middle(digits: &str) -> HiddenMiddle<'_> {
    let last = digits.len().saturating_sub(8).min(3);
    let first = digits.len().saturating_sub(4 + last).min(4);
    HiddenMiddle { first: &digits[..first], hidden: digits.len() - first - last, last: &digits[digits.len() - last..] }
}

/// What [`hide_middle`] leaves of digits.
pub struct HiddenMiddle<'a> {
    first: &'a str,
    hidden: usize,
    last: &'a str,
}

impl fmt::Display for HiddenMiddle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:*<width$}{}", self.first, "", self.last, width = self.hidden)
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::refusal::Character;

    #[test]
    fn international_forms_need_no_region() {
        for text in ["+31612345678", "+31 6 1234 5678", "+31 (0)6-12.34/5678", " +31612345678 ", "+310612345678"] {
            assert_eq!(E164::parse(text, None), Ok(E164(31_612_345_678)), "{text}");
            assert_eq!(E164::parse(text, Some("DE")), Ok(E164(31_612_345_678)), "{text}");
        }
        assert_eq!(E164::parse("+39 06 698 12345", None), Ok(E164(390_669_812_345)));
        assert_eq!(E164::parse("+31600000001", None), Ok(E164(31_600_000_001)));
    }

    #[test]
    fn a_listed_number_may_lack_its_plus() {
        for text in ["31612345678", "+31612345678", "31 6 12345678", "\u{FEFF}31612345678", "\u{202A}+31612345678"] {
            assert_eq!(E164::parse_listed(text), Ok(E164(31_612_345_678)), "{text:?}");
        }
        assert_eq!(E164::parse_listed("0612345678"), Err(NumberError::Country));
    }

    #[test]
    fn national_forms_need_a_region() {
        assert_eq!(E164::parse("0612345678", Some("NL")), Ok(E164(31_612_345_678)));
        assert_eq!(E164::parse("06-1234 5678", Some("NL")), Ok(E164(31_612_345_678)));
        assert_eq!(E164::parse("0031612345678", Some("NL")), Ok(E164(31_612_345_678)));
        assert_eq!(E164::parse("(202) 555-0143", Some("US")), Ok(E164(12_025_550_143)));
        for text in ["0612345678", "31612345678", "0031612345678"] {
            let refusal = E164::parse(text, None);
            assert_eq!(refusal, Err(NumberError::National), "{text}");
            assert!(refusal.unwrap_err().to_string().contains("region"));
        }
        assert_eq!(E164::parse("0612345678", Some("Holland")), Err(NumberError::Region("Holland".into())));
    }

    #[test]
    fn what_no_country_has_is_refused() {
        for text in ["", "+", " ", "()"] {
            assert_eq!(E164::parse(text, Some("NL")), Err(NumberError::NotANumber), "{text}");
        }
        for (text, at, character) in [("hello", 1, 'h'), ("+31six12345678", 4, 's'), ("++31612345678", 2, '+')] {
            let refused = NumberError::Character { character: Character(character), at };
            assert_eq!(E164::parse(text, Some("NL")), Err(refused), "{text}");
        }
        // With a region too: digits behind an unknown code are nobody's national number.
        for text in ["+99912345678", "+0612345678", "+00612345678", "+999 202 555 0143"] {
            for region in [None, Some("NL"), Some("US")] {
                assert_eq!(E164::parse(text, region), Err(NumberError::Country), "{text}");
            }
        }
        let length = |country, digits| Err(NumberError::Length { country, digits });
        assert_eq!(E164::parse("+316123", None), length("NL", 4));
        assert_eq!(E164::parse("+3161234567890", None), Ok(E164(3_161_234_567_890)), "NL has numbers of 11 digits");
        assert_eq!(E164::parse("+316123456789012", None), length("NL", 13));
        assert_eq!(E164::parse("+12025550143", None).map(|it| it.0), Ok(12_025_550_143));
        assert_eq!(E164::parse("+1202555014", None), length("US", 9));
        assert_eq!(E164::parse("+1234567890123456", None), length("US", 15));
        assert_eq!(E164::parse("+80012345", None), length("this code", 5));
        // libphonenumber has longer ones of Germany than E.164 has digits.
        assert_eq!(E164::parse("+4915123456789012", None), length("DE", 14));
        assert_eq!(E164::parse("555-0143", Some("US")), Err(NumberError::Local { country: "US", digits: 7 }));
        for text in ["+311", "+31612345678901234567890", "0011"] {
            assert_eq!(E164::parse(text, Some("NL")), Err(NumberError::Size), "{text}");
        }
        let said = E164::parse("+1202555014", None).unwrap_err().to_string();
        assert!(
            said.starts_with("no number of US has 9 digits after the country code (by libphonenumber 9."),
            "{said}"
        );
    }

    #[test]
    fn a_national_number_that_begins_with_its_country_code_keeps_it() {
        for (region, text, number) in [
            ("IT", "391 154 9691", 393_911_549_691),
            ("IT", "3921234567", 393_921_234_567),
            ("IT", "3931234567", 393_931_234_567),
            ("IN", "9123456789", 919_123_456_789),
            ("IN", "9198765432", 919_198_765_432),
            ("BR", "(55) 99612-3456", 5_555_996_123_456),
            ("BR", "55 3222 1234", 555_532_221_234),
            ("PL", "48 388 94 53", 48_483_889_453),
            ("NO", "47 39 79 99", 4_747_397_999),
            ("DK", "45 41 22 52", 4_545_412_252),
            ("SG", "6527 3896", 6_565_273_896),
            ("KW", "96567359", 96_596_567_359),
            ("OM", "9689 5765", 96_896_895_765),
            ("TN", "21 646 938", 21_621_646_938),
            ("UZ", "99 862 34 57", 998_998_623_457),
            ("CR", "5064 8886", 50_650_648_886),
            ("GT", "50256176", 50_250_256_176),
            ("SV", "5034 6690", 50_350_346_690),
            ("MN", "97675099", 97_697_675_099),
            ("KZ", "7781835772", 77_781_835_772),
            // Its country code was written, without +.
            ("NL", "31612345678", 31_612_345_678),
            ("FR", "33612345678", 33_612_345_678),
            ("GB", "447400123456", 447_400_123_456),
        ] {
            assert_eq!(E164::parse(text, Some(region)), Ok(E164(number)), "{region} {text}");
        }
    }

    #[test]
    fn one_number_in_two_spellings_is_one_number() {
        for (plain, written) in [
            ("+78121234567", "+7 812 123-45-67"),
            ("+78005553535", "+7 (800) 555-35-35"),
            ("+3758011234567", "+375 801 123 4567"),
            ("+37080012345", "+370 800 12 345"),
            ("+77781835772", "+7 778 183 57 72"),
            ("+541115123456", "+54 11 15-123-456"),
        ] {
            let number = E164::parse(plain, None);
            assert!(number.is_ok(), "{plain}: {number:?}");
            for region in [None, Some("RU"), Some("AR")] {
                assert_eq!(E164::parse(written, region), number, "{written}");
            }
        }
    }

    #[test]
    fn digits_that_belong_to_a_number_are_never_dropped() {
        for text in ["+910008003750642", "+62001803896989", "+810077784221", "+8200308410890", "+5980004106929"] {
            assert_eq!(E164::parse(text, None).map(|it| it.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn new_lengths_of_a_plan_are_taken() {
        for text in ["+220868815255", "+220448263910"] {
            assert_eq!(E164::parse(text, None).map(|it| it.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_number_belongs_to_a_country() {
        for (number, country) in [
            (31_612_345_678, Some("NL")),
            (12_025_550_143, Some("US")),
            (14_165_550_143, Some("CA")),
            (18_765_550_143, Some("JM")),
            (77_012_345_678, Some("KZ")),
            (79_161_234_567, Some("RU")),
            (447_911_123_456, Some("GG")),
            (447_400_123_456, Some("GB")),
            (390_669_812_345, Some("VA")),
            (390_669_912_345, Some("IT")),
            (80_012_345_678, None),
            (99_912_345_678, None),
            (1, None),
        ] {
            assert_eq!(E164(number).country(), country, "{number}");
        }
    }

    #[test]
    fn receipts_name_numbers_in_their_own_way() {
        for address in ["31612345678", "+31612345678", "0031612345678", " 31612345678\0"] {
            assert_eq!(E164::from_wire(1, address), Some(E164(31_612_345_678)), "{address}");
        }
        assert_eq!(E164::from_wire(2, "0612345678"), None);
        assert_eq!(E164::from_wire(5, "12345"), None);
        assert_eq!(E164::from_wire(0, "YOURAPP"), None);
    }

    #[test]
    fn numbers_are_shown_whole_and_masked() {
        let number = E164(31_612_345_678);
        assert_eq!(number.to_string(), "+31612345678");
        assert_eq!(&*number.digits(), "31612345678");
        for (number, masked) in [
            (31_612_345_678, "+3161****678"),
            (491_512_345_678_901, "+4915********901"),
            (2_901_234, "+290****"),
            (12_345, "+1****"),
            (7, "+*"),
        ] {
            assert_eq!(E164(number).masked().to_string(), masked);
        }
    }
}
