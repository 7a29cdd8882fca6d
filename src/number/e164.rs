//! Numbers with their country code, as E.164 has them.
//!
//! ```text
//! +31612345678 ─► digits, country code, possible length          a table: 0.05 µs
//! +31 (0)6-123 ─► libphonenumber reads it ─► the same checks     3 µs, and 0.1 s the first time
//! 0612345678   ─► the same, if a region is named; else refused
//! ```
//!
//! What is checked: the country code exists, and numbers after it can have this length. Whether
//! a range is assigned is not: that changes every week, and the carrier knows better.

use crate::number::{codes, shared};
use phonenumber::country::Id;
use std::fmt;

/// An E.164 number: its digits as an integer, which always fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164(pub u64);

/// Why a number is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// It holds something that no number holds, or nothing.
    #[error("a phone number has digits, and between them blanks, '-', '.', '/' and brackets")]
    NotANumber,
    /// It has no country code, and nobody said whose national numbers these are.
    #[error(
        "a number without + is a national one, and this account names no region; write it with + and its country code"
    )]
    National,
    /// The region is not a country.
    #[error("the region {0:?} is not a country of ISO 3166")]
    Region(Box<str>),
    /// No country has this code.
    #[error("no country code begins this number")]
    Country,
    /// No number of that country is so short or so long.
    #[error("numbers of {country} never have {digits} digits after the country code")]
    Length {
        /// Whose number it would be.
        country: &'static str,
        /// How many digits follow the code.
        digits: u32,
    },
}

impl E164 {
    /// The most digits of a number (E.164, 6.1).
    pub const DIGITS_MAX: usize = 15;

    /// More characters than anybody writes.
    const TEXT_LEN_MAX: usize = 40;

    /// Reads a number as people write it: `+31612345678`, `+31 6 1234 5678`, and national forms such as
    /// `0612345678` as those of `region`, in ISO letters.
    pub fn parse(text: &str, region: Option<&str>) -> Result<Self, NumberError> {
        let plain = text.strip_prefix('+').and_then(digits_of);
        if let Some(number) = plain
            && let Some(code) = codes::of(number.lead())
            // A zero after the code is mostly the national prefix, wrongly kept: the slow way knows.
            && number.after(code.0) / 10_u64.pow(number.count() - width(code.0) - 1) != 0
        {
            return number.possible();
        }
        Self::parse_written(text, region)
    }

    /// Whatever is not plainly a number of a country: libphonenumber knows how people write.
    fn parse_written(text: &str, region: Option<&str>) -> Result<Self, NumberError> {
        let text = text.trim();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let plain = text
            .bytes()
            .enumerate()
            .all(|(at, it)| it.is_ascii_digit() || b" -./()".contains(&it) || (at == 0 && it == b'+'));
        if !plain || digits == 0 || Self::TEXT_LEN_MAX < text.len() {
            return Err(NumberError::NotANumber);
        }
        let international = text.starts_with('+');
        let region = match region {
            _ if international => None,
            Some(letters) => Some(letters.parse::<Id>().map_err(|_| NumberError::Region(letters.into()))?),
            None => return Err(NumberError::National),
        };
        if international {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            if Self::DIGITS_MAX < digits.len() {
                return Err(NumberError::NotANumber);
            }
            digits_of(&digits).and_then(|it| codes::of(it.lead())).ok_or(NumberError::Country)?;
        }
        let parsed = phonenumber::parse(region, text).map_err(|_| NumberError::NotANumber)?;
        let national = parsed.national();
        let digits =
            format!("{}{:0>zeros$}{}", parsed.code().value(), "", national.value(), zeros = national.zeros() as usize);
        digits_of(&digits).ok_or(NumberError::NotANumber)?.possible()
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
        let (code, main, _) = *codes::of(self.lead())?;
        let country = shared::of(self.0, self.count(), code).unwrap_or(main);
        (!country.is_empty()).then_some(country)
    }

    /// The country with these ISO letters, if numbers belong to it.
    pub fn country_of(letters: &str) -> Option<&'static str> {
        let of_codes = codes::CODES.iter().map(|it| it.1).filter(|it| !it.is_empty());
        of_codes.chain(shared::PREFIXES.iter().map(|it| it.1)).find(|it| *it == letters)
    }

    /// The number for logs: `+3161****678`.
    pub const fn masked(self) -> Masked {
        Masked(self)
    }

    fn possible(self) -> Result<Self, NumberError> {
        let (code, main, lengths) = codes::of(self.lead()).ok_or(NumberError::Country)?;
        let digits = self.count() - width(*code);
        let country = if main.is_empty() { "this code" } else { main };
        if lengths >> digits & 1 == 1 { Ok(self) } else { Err(NumberError::Length { country, digits }) }
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

    /// The digits after a code.
    fn after(self, code: u16) -> u64 {
        self.0 % 10_u64.pow(self.count() - width(code))
    }
}

/// How many digits a country code has.
const fn width(code: u16) -> u32 {
    match code {
        0..=9 => 1,
        10..=99 => 2,
        _ => 3,
    }
}

/// 1 to 15 digits, and nothing else; no country code begins with a zero.
fn digits_of(text: &str) -> Option<E164> {
    let fits = !text.starts_with('0')
        && (1..=E164::DIGITS_MAX).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_digit());
    fits.then(|| E164(text.bytes().fold(0, |number, it| number * 10 + u64::from(it - b'0'))))
}

/// `+31612345678`
impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
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

/// A number with its middle hidden.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Masked(E164);

/// At least four digits stay hidden; the first show the country, the last tell it from its neighbours.
impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.digits();
        let last = digits.len().saturating_sub(8).min(3);
        let first = digits.len().saturating_sub(4 + last).min(4);
        let hidden = digits.len() - first - last;
        write!(f, "+{}{:*<hidden$}{}", &digits[..first], "", &digits[first + hidden..])
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
    use phonenumber::metadata::DATABASE;

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
        for text in [
            "",
            "+",
            "hello",
            "+31six12345678",
            "++31612345678",
            "+31612345678x5",
            "+31612345678;ext=1",
            "tel:+31612345678",
        ] {
            assert_eq!(E164::parse(text, Some("NL")), Err(NumberError::NotANumber), "{text}");
        }
        assert_eq!(E164::parse("+99912345678", None), Err(NumberError::Country));
        assert_eq!(E164::parse("+0612345678", None), Err(NumberError::Country));
        assert_eq!(E164::parse("+316123", None), Err(NumberError::Length { country: "NL", digits: 4 }));
        assert_eq!(E164::parse("+3161234567890", None), Ok(E164(3_161_234_567_890)), "NL has numbers of 11 digits");
        assert_eq!(E164::parse("+316123456789012", None), Err(NumberError::Length { country: "NL", digits: 13 }));
        assert_eq!(E164::parse("+12025550143", None).map(|it| it.0), Ok(12_025_550_143));
        assert_eq!(E164::parse("+1202555014", None), Err(NumberError::Length { country: "US", digits: 9 }));
        assert_eq!(E164::parse("+1234567890123456", None), Err(NumberError::NotANumber));
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

    #[test]
    fn the_table_of_codes_is_that_of_the_metadata() {
        let mut count = 0;
        for code in 1_u16..1_000 {
            let Some(regions) = DATABASE.region(&code) else { continue };
            let (own, main, lengths) =
                codes::of(u64::from(code) * 10_u64.pow(3 - width(code))).expect("the code is known");
            count += 1;
            assert_eq!((*own, *main), (code, if regions[0] == "001" { "" } else { regions[0] }));
            for metadata in DATABASE.by_code(&code).expect("the region has metadata") {
                let of_mobile = metadata.descriptors().mobile().map_or(&[][..], |it| it.possible_length());
                let of_fixed = metadata.descriptors().fixed_line().map_or(&[][..], |it| it.possible_length());
                for length in of_mobile.iter().chain(of_fixed).filter(|it| u32::from(**it) + width(code) <= 15) {
                    assert_eq!(lengths >> length & 1, 1, "{code} may have {length} digits");
                }
            }
        }
        assert_eq!(count, codes::CODES.len());
    }

    #[test]
    fn shared_prefixes_rise_and_none_begins_another() {
        let written: Vec<String> = shared::PREFIXES.iter().map(|it| it.0.to_string()).collect();
        assert!(shared::PREFIXES.is_sorted_by(|one, next| one.0 < next.0));
        for prefix in &written {
            assert_eq!(written.iter().filter(|it| it.starts_with(prefix)).count(), 1, "{prefix}");
            assert!(E164(prefix.parse::<u64>().unwrap() * 100_000).country().is_some_and(|it| it.len() == 2));
        }
    }

    #[test]
    fn the_table_of_shared_codes_is_that_of_the_metadata() {
        let mut dice = 0x2545_F491_4F6C_DD1D_u64;
        for (code, main, lengths) in codes::CODES {
            let shared = DATABASE.region(&code).is_some_and(|it| 1 < it.len());
            for _ in 0..if shared { 200 } else { 0 } {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                let length = 31 - (lengths & 0x7FF).leading_zeros();
                let national = dice % 10_u64.pow(length);
                let number = E164(u64::from(code) * 10_u64.pow(length) + national);
                let national = format!("{national:0>length$}", length = length as usize);
                if let Some(known) = country_by_metadata(code, &national) {
                    assert_eq!(number.country(), Some(known.as_str()), "{number}, whose main country is {main}");
                }
            }
        }
    }

    /// As libphonenumber decides it: the first country whose leading digits or whose kinds of numbers fit.
    fn country_by_metadata(code: u16, national: &str) -> Option<String> {
        let fits = |it: &&phonenumber::Metadata| match it.leading_digits() {
            Some(pattern) => pattern.find(national).is_some_and(|it| it.start() == 0),
            None => {
                let kinds = it.descriptors();
                let all = [kinds.fixed_line(), kinds.mobile(), kinds.toll_free(), kinds.premium_rate(), kinds.voip()];
                kinds.general().is_match(national) && all.into_iter().flatten().any(|it| it.is_match(national))
            }
        };
        DATABASE.by_code(&code)?.into_iter().find(fits).map(|it| it.id().to_owned())
    }
}
