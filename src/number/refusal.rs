//! Why a number is refused, in words that say how to mend it.

use crate::number::metadata::METADATA;
use std::fmt;

/// Why a number is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// It holds no digits.
    #[error("a phone number has digits, and between them blanks, '-', '.', '/' and brackets")]
    NotANumber,
    /// It holds something that no number holds.
    #[error(
        "{character} at position {at} is not of a phone number, which has one + at most, digits, and between them \
         blanks, '-', '.', '/' and brackets"
    )]
    Character {
        /// What it is.
        character: Character,
        /// Its place among the characters as they were written, from 1.
        at: usize,
    },
    /// It is longer than people write numbers.
    #[error("a phone number is written with at most {0} characters")]
    Long(usize),
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
    /// It has hardly a digit, or more than any number.
    #[error("it has too few or too many digits for a phone number")]
    Size,
    /// It is one that is dialled within a town.
    #[error("numbers of {country} with {digits} digits are dialled within a town; write it with its area code")]
    Local {
        /// Whose number it would be.
        country: &'static str,
        /// How many digits follow the code.
        digits: u32,
    },
    /// No number of that country is so short or so long.
    #[error("no number of {country} has {digits} digits after the country code (by libphonenumber {METADATA})")]
    Length {
        /// Whose number it would be.
        country: &'static str,
        /// How many digits follow the code.
        digits: u32,
    },
}

/// A character by its name, for many cannot be seen: `U+202A`, or `'x' (U+0078)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Character(pub char);

impl fmt::Display for Character {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_ascii_graphic() {
            write!(f, "'{}' (U+{:04X})", self.0, u32::from(self.0))
        } else {
            write!(f, "U+{:04X}", u32::from(self.0))
        }
    }
}
