//! Where a message stands, as a carrier says it: in a word, in a number beside it, or in both.
//!
//! ```text
//! stat:UNDELIV      ─► FAILED ─┐
//!                              ├─► what says how it ended goes before what says "not yet" or nothing,
//! message_state 0   ─► QUEUED ─┘   and where both say as much, the number goes first ─► FAILED
//! ```
//!
//! What an operator says of a word goes before what it usually means, also where only its number comes.

use crate::carrier::dialect::Dialect;
use crate::carrier::receipt::ReceiptText;
use crate::carrier::word::{is_known, status_of_state, status_of_word};
use crate::message::status::Status;

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedStatus {
    /// What it means.
    pub status: Status,
    /// The word for its number, where it gives one.
    pub word: Option<&'static str>,
    /// The number that says no other than this.
    pub state: Option<u8>,
    /// Nobody knows its word, and nothing beside it says more.
    pub is_strange: bool,
}

/// How much one of two sources says of the end of a message: the one that says more counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Nothing, or a word that nobody knows.
    Nothing,
    /// It is scheduled: the number for that is 0, which is also how a parameter is left empty.
    Scheduled,
    /// It is on its way, or the carrier does not know.
    Passing,
    /// How it ended.
    Ended,
}

impl Weight {
    const fn of(status: Status, is_known: bool) -> Self {
        match status {
            Status::Delivered | Status::Failed | Status::Expired => Self::Ended,
            Status::Queued => Self::Scheduled,
            _ if is_known => Self::Passing,
            _ => Self::Nothing,
        }
    }
}

/// Where a receipt with this text and this `message_state` says that a message stands.
pub fn reported_status(text: &ReceiptText, state: Option<u8>, dialect: &Dialect) -> ReportedStatus {
    let written = text.stat.as_deref().map(|it| of_word(it, text.separated, dialect));
    let number = state.map(|it| of_state(it, dialect));
    let counts = match (number, written) {
        (Some((said, weight, _)), Some((word, more))) => {
            Some(if weight < more { (word, more) } else { (said, weight) })
        }
        (Some((said, weight, _)), None) => Some((said, weight)),
        (None, word) => word,
    };
    let (status, weight) = counts.unwrap_or((Status::Unknown, Weight::Nothing));
    ReportedStatus {
        status,
        is_strange: weight == Weight::Nothing && text.stat.is_some(),
        state: state.filter(|_| number.is_some_and(|it| it.0 == status)),
        word: number.map(|(.., word)| word),
    }
}

/// What a `message_state` means here, and its word.
pub fn status_here(state: u8, dialect: &Dialect) -> (Status, &'static str) {
    let (usual, word) = status_of_state(state);
    (dialect.status_of(word).unwrap_or(usual), word)
}

fn of_state(state: u8, dialect: &Dialect) -> (Status, Weight, &'static str) {
    /// SKIPPED (SMPP 5.0): what is beyond it no specification has.
    const LAST: u8 = 9;
    let (status, word) = status_here(state, dialect);
    (status, Weight::of(status, state <= LAST), word)
}

fn of_word(word: &str, separated: bool, dialect: &Dialect) -> (Status, Weight) {
    let usual = || match (word, separated) {
        ("00", true) => Status::Delivered,
        ("01", true) => Status::Failed,
        (_, true) => Status::Unknown,
        (word, false) => status_of_word(word),
    };
    let stated = dialect.status_of(word);
    let status = stated.unwrap_or_else(usual);
    (status, Weight::of(status, stated.is_some() || is_known(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(word: &str, state: Option<u8>, dialect: &Dialect) -> (Status, bool) {
        let stat = (!word.is_empty()).then(|| word.to_owned());
        let read = reported_status(&ReceiptText { stat, ..ReceiptText::default() }, state, dialect);
        (read.status, read.is_strange)
    }

    #[test]
    fn of_two_sources_the_one_that_says_how_it_ended_counts_and_then_the_number() {
        for (state, word, status) in [
            (0, "UNDELIV", Status::Failed),
            (0, "DELIVRD", Status::Delivered),
            (1, "EXPIRED", Status::Expired),
            (6, "DELIVRD", Status::Delivered),
            (7, "DELIVRD", Status::Delivered),
            (77, "UNDELIV", Status::Failed),
            (2, "ENROUTE", Status::Delivered),
            (2, "UNKNOWN", Status::Delivered),
            (9, "UNKNOWN", Status::Failed),
            (5, "DELIVRD", Status::Failed),
            (2, "UNDELIV", Status::Delivered),
            // Neither ended: what is no more than an empty parameter says less than any word.
            (0, "ENROUTE", Status::Sent),
            (0, "UNKNOWN", Status::Unknown),
            (0, "BROKEN_9", Status::Queued),
            (1, "BROKEN_9", Status::Sent),
            (1, "UNKNOWN", Status::Sent),
            (7, "ENROUTE", Status::Unknown),
            (77, "", Status::Unknown),
            (0, "", Status::Queued),
        ] {
            assert_eq!(of(word, Some(state), &Dialect::default()), (status, false), "{state} {word}");
        }
    }

    #[test]
    fn a_word_that_nobody_knows_is_strange_where_nothing_says_more() {
        for (word, state, strange) in [
            ("NOCRED", None, true),
            ("0", None, true),
            ("NOCRED", Some(77), true),
            ("NOCRED", Some(7), false),
            ("NOCRED", Some(5), false),
            ("UNKNOWN", None, false),
            ("", None, false),
        ] {
            assert_eq!(of(word, state, &Dialect::default()).1, strange, "{word} {state:?}");
        }
    }

    #[test]
    fn what_the_operator_says_of_a_word_goes_first_with_its_number_too() {
        let stated = [("nocred", Status::Failed), ("pending", Status::Expired), ("unknown", Status::Sent)];
        let statuses = stated.map(|(word, it)| (word.into(), it)).into();
        let dialect = Dialect { statuses, ..Dialect::default() };
        for (word, state, status) in [
            ("NoCred", None, Status::Failed),
            ("NOCRED", Some(7), Status::Failed),
            ("PENDING", None, Status::Expired),
            ("UNKNOWN", None, Status::Sent),
            ("", Some(7), Status::Sent),
            ("DELIVRD", Some(7), Status::Delivered),
            ("SYSERR", None, Status::Unknown),
        ] {
            assert_eq!(of(word, state, &dialect).0, status, "{word} {state:?}");
        }
        assert_eq!(status_here(7, &dialect).0, Status::Sent);
    }

    #[test]
    fn words_are_normalised() {
        for (word, status) in [
            ("DELIVRD", Status::Delivered),
            ("UNDELIV", Status::Failed),
            ("UNDELVRD", Status::Failed),
            ("REJECTD", Status::Failed),
            ("EXPIRED", Status::Expired),
            ("ACCEPTD", Status::Sent),
            ("BuFfErEd", Status::Sent),
            ("EN_ROUTE", Status::Sent),
            ("UNKNOWN", Status::Unknown),
            ("DND_REJECTED", Status::Failed),
            ("BROKEN_9", Status::Unknown),
            ("0", Status::Unknown),
        ] {
            assert_eq!(status_of_word(word), status, "{word}");
        }
    }
}
