//! The text of a receipt: SMPP 3.4, appendix B, and what carriers make of it.
//!
//! ```text
//! id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E text:…
//! ```
//!
//! It is read by rule, not by sample: keys in any order and case, any of them missing, with
//! anything before and between them. A key counts where no letter or digit stands before it;
//! behind `text:` only keys that have not been seen count.

use crate::message::status::Status;
use crate::message::time::Time;
use nom::branch::alt;
use nom::bytes::complete::{tag_no_case, take_while_m_n};
use nom::character::complete::{char, multispace0};
use nom::combinator::value;
use nom::{IResult, Parser};
use time::{Date, Month, PrimitiveDateTime, Time as Clock};

/// A key of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Id,
    Sub,
    Dlvrd,
    SubmitDate,
    DoneDate,
    Stat,
    Err,
    Text,
}

/// What the text of a receipt says; any of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptText {
    /// The carrier's id.
    pub id: Option<String>,
    /// The carrier's word.
    pub stat: Option<String>,
    /// The carrier's error code.
    pub err: Option<String>,
    /// When the carrier says that it happened, as written.
    pub done_date: Option<String>,
}

impl ReceiptText {
    /// Reads a text. One without any key of a receipt gives nothing.
    pub fn parse(text: &str) -> Self {
        let mut found: Vec<(Key, usize, usize)> = Vec::with_capacity(8);
        let (mut at, mut boundary) = (0, true);
        while let Some(next) = text[at..].chars().next() {
            // Most places are not the beginning of a word, and most words not that of a key.
            if boundary
                && matches!(next.to_ascii_lowercase(), 'i' | 's' | 'd' | 'e' | 't')
                && let Ok((rest, key)) = key(&text.as_bytes()[at..])
                && !found.iter().any(|it| it.0 == key)
            {
                let from = text.len() - rest.len();
                found.push((key, at, from));
                at = from;
            } else {
                boundary = !next.is_alphanumeric();
                at += next.len_utf8();
            }
        }
        let value = |wanted: Key| {
            let place = found.iter().position(|it| it.0 == wanted)?;
            let end = found.get(place + 1).map_or(text.len(), |it| it.1);
            let value = text[found[place].2..end].trim_matches(|it: char| it == '\0' || it.is_whitespace());
            (!value.is_empty()).then(|| value.to_owned())
        };
        let word = |wanted: Key| value(wanted).and_then(|it| it.split_whitespace().next().map(str::to_owned));
        Self { id: word(Key::Id), stat: word(Key::Stat), err: word(Key::Err), done_date: value(Key::DoneDate) }
    }

    /// Whether this can be a receipt at all.
    pub const fn is_receipt(&self) -> bool {
        self.id.is_some() && self.stat.is_some()
    }
}

/// The key that the octets begin with; all of it is ASCII.
fn key(input: &[u8]) -> IResult<&[u8], Key> {
    let date = |first: &'static str| {
        (tag_no_case(first), take_while_m_n(0, 3, |it: u8| it == b'_' || it.is_ascii_whitespace()), tag_no_case("date"))
    };
    let name = alt((
        value(Key::SubmitDate, date("submit")),
        value(Key::DoneDate, date("done")),
        value(Key::Id, tag_no_case("id")),
        value(Key::Sub, tag_no_case("sub")),
        value(Key::Dlvrd, tag_no_case("dlvrd")),
        value(Key::Stat, tag_no_case("stat")),
        value(Key::Err, tag_no_case("err")),
        value(Key::Text, tag_no_case("text")),
    ));
    let (rest, (key, _)) = (name, char(':')).parse(input)?;
    let (rest, _) = if key == Key::Text { (rest, &[][..]) } else { multispace0(rest)? };
    Ok((rest, key))
}

/// The normalised word of a carrier's word; what nobody knows is [`Status::Unknown`].
pub fn status_of_word(word: &str) -> Status {
    let word: String = word.trim().to_ascii_uppercase().replace('_', "");
    let starts = |any: &[&str]| any.iter().any(|it| word.starts_with(it));
    if starts(&["DELIV", "DELVR", "DLVRD"]) {
        Status::Delivered
    } else if starts(&["EXPIR"]) {
        Status::Expired
    } else if starts(&["UNDEL", "REJEC", "FAIL", "DELET", "DND", "NACK", "SKIP"]) {
        Status::Failed
    } else if starts(&["ENROUT", "ACCEP", "ACKED", "BUFF", "SUBMIT"]) {
        Status::Sent
    } else if starts(&["SCHED"]) {
        Status::Queued
    } else {
        Status::Unknown
    }
}

/// The normalised word and the receipt word of a `message_state` (SMPP 3.4, 5.2.28; 5.0).
pub const fn status_of_state(state: u8) -> (Status, &'static str) {
    match state {
        0 => (Status::Queued, "SCHEDULED"),
        1 => (Status::Sent, "ENROUTE"),
        2 => (Status::Delivered, "DELIVRD"),
        3 => (Status::Expired, "EXPIRED"),
        4 => (Status::Failed, "DELETED"),
        5 => (Status::Failed, "UNDELIV"),
        6 => (Status::Sent, "ACCEPTD"),
        8 => (Status::Failed, "REJECTD"),
        9 => (Status::Failed, "SKIPPED"),
        _ => (Status::Unknown, "UNKNOWN"),
    }
}

/// The moment of a date in a receipt, `offset` seconds east of UTC: 10 or 12 digits with a
/// two-digit year, 12 or 14 with a four-digit one. What is not a date is no moment.
pub fn moment(date: &str, offset: i32) -> Option<Time> {
    let digits: String = date.chars().take_while(char::is_ascii_digit).collect();
    let long_year = digits.len() == 14 || (digits.len() == 12 && digits.starts_with("20") && !is_short_year(&digits));
    let digits = match digits.len() {
        10 | 12 if !long_year => format!("20{digits}"),
        12 | 14 => digits,
        _ => return None,
    };
    let field = |from: usize| digits.get(from..from + 2).and_then(|it| it.parse::<u8>().ok());
    let year: i32 = digits.get(..4)?.parse().ok()?;
    let day = Date::from_calendar_date(year, Month::try_from(field(4)?).ok()?, field(6)?).ok()?;
    let clock = Clock::from_hms(field(8)?, field(10)?, field(12).unwrap_or(0)).ok()?;
    let seconds = PrimitiveDateTime::new(day, clock).assume_utc().unix_timestamp() - i64::from(offset);
    u64::try_from(seconds).ok().filter(|it| *it != 0).map(|it| Time(it * 1_000))
}

/// Whether twelve digits that begin with 20 are a date of the year 20 rather than of 20xx: only
/// if read as a long year they are none.
fn is_short_year(digits: &str) -> bool {
    let field = |from: usize| digits.get(from..from + 2).and_then(|it| it.parse::<u8>().ok()).unwrap_or(99);
    let long = (1..=12).contains(&field(4)) && (1..=31).contains(&field(6)) && field(8) < 24 && field(10) < 60;
    !long
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, String, String) {
        let it = ReceiptText::parse(text);
        (it.id.unwrap_or_default(), it.stat.unwrap_or_default(), it.err.unwrap_or_default())
    }

    #[test]
    fn keys_are_found_in_any_order_case_and_company() {
        for (text, id, stat, err) in [
            (
                "id:0123456789 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 stat:DELIVRD err:000 text:",
                "0123456789",
                "DELIVRD",
                "000",
            ),
            (
                "sub:001 id:4 dlvrd:001 done date:1006020051 stat:DELIVRD submit date:1006020051 err:000 Text:Hello",
                "4",
                "DELIVRD",
                "000",
            ),
            ("4790000000SMSAlert^id:1054BC63 sub:0 dlvrd:1 stat:DELIVRD err: text:", "1054BC63", "DELIVRD", ""),
            ("ID: 77\tSTAT:Delivered\nErr:21b", "77", "Delivered", "21b"),
            ("myid:5 id:6 resubmit:1 stat:EXPIRED text:id:7 stat:DELIVRD", "6", "EXPIRED", ""),
            ("id: sub:001 dlvrd:000 stat:UNDELIV err:001 text:failed", "", "UNDELIV", "001"),
            ("id:40072 stat:UNDELIV err:001 IMSI: MSC: ORN:VipNet MCCMNC:", "40072", "UNDELIV", "001"),
            ("stat:EXPIRED err:255 id:0000AB12 done date:2607190900", "0000AB12", "EXPIRED", "255"),
            ("hello", "", "", ""),
            ("", "", "", ""),
        ] {
            assert_eq!(read(text), (id.to_owned(), stat.to_owned(), err.to_owned()), "{text}");
        }
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

    #[test]
    fn dates_are_read_by_their_length() {
        let day = Some(Time(1_496_318_400_000));
        for text in ["1706011200", "170601120000", "201706011200", "20170601120000", "170601120000000+"] {
            assert!(moment(text, 0) == day || text.len() == 16, "{text}: {:?}", moment(text, 0));
        }
        assert_eq!(moment("1706011500", 3 * 3_600), day);
        for text in ["", "0000000000", "17060112", "1713011200", "null"] {
            assert_eq!(moment(text, 0), None, "{text}");
        }
    }
}
