//! That a number is not written to.

use crate::message::time::Time;
use crate::route::opt_out::Key;

/// A number that is left in peace, and since when and why. There is one for each key; a later one takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Whose messages, from whom, to whom.
    pub key: Key,
    /// Since when.
    pub at: Time,
    /// Who put it there.
    pub origin: Origin,
    /// Why, in the operator's words; the keyword of a handset.
    pub reason: Box<str>,
}

/// Who put a number on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its owner, by a keyword.
    Handset,
    /// An operator.
    Operator,
}

impl Origin {
    /// Its word in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Handset => "handset",
            Self::Operator => "operator",
        }
    }

    /// Its number in records.
    pub const fn number(self) -> u8 {
        match self {
            Self::Handset => 0,
            Self::Operator => 1,
        }
    }

    /// The origin of a number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Handset, Self::Operator].into_iter().find(|it| it.number() == number)
    }
}
