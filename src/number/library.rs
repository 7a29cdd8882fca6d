//! libphonenumber, as the crate `rlibphonenumber` ports it: the one reader of numbers that are not plain.
//!
//! It gets digits alone, at most a `+` before them (`written`), and so none of its rules for letters, extensions and
//! addresses of telephones. Its tables are read when the first such number comes, in some milliseconds; the
//! expressions of a country when its first number does.

use crate::number::codes;
use crate::number::e164::E164;
use crate::number::refusal::NumberError;
use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, Region};

/// Reads digits, behind `+` or as a national number of `region`.
pub fn read(digits: &str, region: Option<&str>) -> Result<E164, NumberError> {
    // With a region the library would read what follows an unknown code as a national number: a stranger's.
    let region = match region {
        _ if digits.starts_with('+') => None,
        Some(letters) => Some(known(letters).ok_or_else(|| NumberError::Region(letters.into()))?),
        None => return Err(NumberError::National),
    };
    let number = PHONE_NUMBER_UTIL.parse(digits, region).map_err(|why| match why {
        ParseError::InvalidCountryCode => NumberError::Country,
        ParseError::NotANumber(_) => NumberError::Size,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn | ParseError::TooLongNsn => NumberError::Size,
    })?;
    possible(&number)
}

/// Whether these are the ISO letters of a country that has numbers.
pub fn is_region(letters: &str) -> bool {
    known(letters).is_some()
}

/// The digit that a character of any alphabet is.
pub fn digit(character: char) -> Option<char> {
    PHONE_NUMBER_UTIL.normalize_digits_only(character.encode_utf8(&mut [0; 4])).chars().next()
}

fn known(letters: &str) -> Option<Region> {
    // The crate takes small letters, and the three digits of the whole world, too.
    let region =
        Region::from_code(letters).ok().filter(|it| *it != Region::World && *it.as_region_str() == *letters)?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| region)
}

/// The number, if numbers of its country can be so long.
fn possible(number: &PhoneNumber) -> Result<E164, NumberError> {
    let zeros = if number.italian_leading_zero() { number.number_of_leading_zeros().unsigned_abs() } else { 0 };
    let digits = zeros + number.national_number.checked_ilog10().map_or(1, |it| it + 1);
    let code = u16::try_from(number.country_code).ok().and_then(codes::with).ok_or(NumberError::Country)?;
    let country = if code.country.is_empty() { "this code" } else { code.country };
    if E164::DIGITS_MAX < (code.width() + digits) as usize {
        return Err(NumberError::Length { country, digits });
    }
    match PHONE_NUMBER_UTIL.is_possible_number_with_reason(number) {
        Ok(NumberLengthType::IsPossible) => {
            Ok(E164(u64::from(code.code) * 10_u64.pow(digits) + number.national_number))
        }
        Ok(NumberLengthType::IsPossibleLocalOnly) => Err(NumberError::Local { country, digits }),
        Err(_) => Err(NumberError::Length { country, digits }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::metadata::METADATA;

    #[test]
    fn the_age_of_the_plans_is_that_of_the_locked_crate() {
        let lock = include_str!("../../Cargo.lock");
        let crates = "name = \"rlibphonenumber\"\nversion = \"2.2.15\"\n";
        assert!(lock.contains(crates), "another version of the crate: take METADATA from its readme");
        assert_eq!(METADATA, "9.0.42");
        let judge = include_str!("../../tests/peers/requirements.txt");
        assert!(judge.contains(&format!("phonenumbers=={METADATA} ")), "the judge must be of the same version");
    }

    #[test]
    fn a_region_is_a_country_in_capital_letters() {
        for (letters, known) in
            [("NL", true), ("EH", true), ("nl", false), ("AQ", false), ("ZZ", false), ("001", false), ("", false)]
        {
            assert_eq!(is_region(letters), known, "{letters}");
        }
        assert_eq!(read("0612345678", Some("nl")), Err(NumberError::Region("nl".into())));
        assert_eq!(read("0612345678", None), Err(NumberError::National));
    }

    #[test]
    fn a_digit_of_any_alphabet_is_one() {
        for (character, read) in [('\u{664}', Some('4')), ('\u{FF19}', Some('9')), ('\u{BD}', None), ('x', None)] {
            assert_eq!(digit(character), read, "{character}");
        }
    }
}
