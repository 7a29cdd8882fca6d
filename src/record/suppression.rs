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

closed_set! {
    /// Who put a number on the list.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Origin: all, number, from_number, word {
        /// Its owner, by a keyword.
        Handset = 0 "handset",
        /// An operator.
        Operator = 1 "operator",
    }
}
