//! When something happened, from the dates that carriers write into receipts.
//!
//! ```text
//! YYMMDDhhmm[s][ss][t]          two digits of year; an odd digit at the end is passed by
//! YYYYMMDDhhmm[ss[cc]]          four digits of year, where that is a date
//! YYMMDDhhmmsstnnp              SMPP 3.4, 7.1.1: tenths, and nn quarter hours east (+) or west (-) of UTC
//! YYYY-MM-DD hh:mm[:ss][.fff]   also with T or / between, and with Z or an offset behind
//! ```
//!
//! Carriers mix these within one receipt, and write zeros, nothing or words where they know no date: what
//! is not a date is no moment, and never a reason to refuse the receipt.

use crate::message::receipt::DoneDate;
use crate::message::time::Time;
use crate::smpp::time::Moment;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time as Clock};

/// Characters of a date that are kept: the longest that is read has fewer.
const DATE_MAX: usize = 32;
/// Two-digit years from here on are of the 20th century.
const PIVOT: u16 = 70;
/// No receipt is older: 1970 and its like stand for a date that the carrier does not know.
const FIRST_YEAR: u16 = 2000;
/// The farthest that a zone is from UTC, in quarter hours (SMPP 3.4, 7.1.1).
const QUARTERS_MAX: i64 = 48;

/// The moment of a date in a receipt, and by which offset it was read. `offset` is the carrier's time zone, in seconds
/// east of UTC; a zone that the date names itself goes before it.
fn read(date: &str, offset: i32) -> Option<(Time, i32)> {
    let date = date.trim_matches(|it: char| it == '\0' || it.is_whitespace());
    let digits = date.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = date.split_at(digits);
    if digits.len() == 4 && rest.starts_with(['-', '/']) {
        return iso(date, offset);
    }
    match (digits.len(), rest.as_bytes()) {
        (14 | 15, [sign @ (b'+' | b'-'), ..]) => absolute(digits, *sign == b'+').or_else(|| plain(digits, offset)),
        (10.., _) => plain(digits, offset),
        _ => None,
    }
}

/// The moment of such a date.
pub fn parse(date: &str, offset: i32) -> Option<Time> {
    read(date, offset).map(|it| it.0)
}

/// The moment that a receipt says, and that date as it is written, if it says any.
pub(super) fn done(date: Option<&str>, offset: i32) -> (Option<Time>, Option<Box<DoneDate>>) {
    let Some(date) = date.map(|it| it.trim_matches('\0').trim()).filter(|it| !it.is_empty()) else {
        return (None, None);
    };
    let (at, offset) = read(date, offset).unzip();
    (at, Some(Box::new(DoneDate { raw: date.chars().take(DATE_MAX).collect::<String>().into(), offset })))
}

/// A moment as SMPP says it, in the time zone of a carrier, in seconds east of UTC.
pub(crate) fn to_smpp(at: Time, offset: i32) -> Moment {
    // The wire has the zone in quarter hours.
    let quarters = i64::from(offset / 900).clamp(-QUARTERS_MAX, QUARTERS_MAX);
    let seconds = i64::try_from(at.0 / 1_000).unwrap_or(i64::MAX).saturating_add(quarters * 900);
    let it = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    Moment {
        year: u16::try_from(it.year()).unwrap_or_default(),
        month: it.month().into(),
        day: it.day(),
        hour: it.hour(),
        minute: it.minute(),
        second: it.second(),
        quarters: quarters as i8,
    }
}

/// Digits alone: the year has four of them where that gives a date, else two.
fn plain(digits: &str, offset: i32) -> Option<(Time, i32)> {
    let fields = pairs(digits);
    if 12 <= digits.len() && matches!(fields[0], 19 | 20) {
        let year = fields[0] * 100 + fields[1];
        if let Some(at) = instant(year, &fields[2..fields.len().min(7)], offset) {
            return Some((at, offset));
        }
    }
    instant(century(fields[0]), &fields[1..fields.len().min(6)], offset).map(|it| (it, offset))
}

/// The absolute time of SMPP; some leave the tenths out.
fn absolute(digits: &str, east: bool) -> Option<(Time, i32)> {
    let (clock, behind) = digits.split_at(12);
    let (tenths, quarters) = behind.split_at(behind.len() - 2);
    let quarters = quarters.parse::<i32>().ok().filter(|it| i64::from(*it) <= QUARTERS_MAX)?;
    let offset = quarters * 900 * if east { 1 } else { -1 };
    let fields = pairs(clock);
    let at = instant(century(fields[0]), &fields[1..], offset)?;
    Some((Time(at.0 + tenths.parse::<u64>().unwrap_or(0) * 100), offset))
}

/// As ISO 8601 and its relatives have it, year first.
fn iso(date: &str, offset: i32) -> Option<(Time, i32)> {
    let mut fields = Vec::with_capacity(6);
    let mut rest = date;
    while fields.len() < 6 {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        fields.push(rest[..digits].parse::<u16>().ok()?);
        rest = &rest[digits..];
        let between: &[char] = if fields.len() < 3 {
            &['-', '/']
        } else if fields.len() == 3 {
            &['T', 't', ' ']
        } else {
            &[':']
        };
        let Some(behind) = rest.strip_prefix(between) else { break };
        rest = behind;
    }
    let fraction =
        rest.strip_prefix(['.', ',']).map_or(rest, |it| it.trim_start_matches(|it: char| it.is_ascii_digit()));
    let offset = zone(fraction.trim_start()).unwrap_or(offset);
    instant(*fields.first()?, fields.get(1..)?, offset).map(|it| (it, offset))
}

/// `Z`, `+hh`, `+hhmm` or `+hh:mm`, in seconds east of UTC.
fn zone(text: &str) -> Option<i32> {
    if text.starts_with(['Z', 'z']) {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(char::is_ascii_digit).take(4).collect();
    let hours = digits.get(..2)?.parse::<i32>().ok()?;
    let minutes = digits.get(2..4).and_then(|it| it.parse::<i32>().ok()).unwrap_or(0);
    Some(sign * (hours * 3_600 + minutes * 60))
}

/// Two digits at a time; an odd one at the end is passed by.
fn pairs(digits: &str) -> Vec<u16> {
    digits.as_bytes().chunks_exact(2).map(|it| u16::from(it[0] - b'0') * 10 + u16::from(it[1] - b'0')).collect()
}

const fn century(year: u16) -> u16 {
    year + if year < PIVOT { 2000 } else { 1900 }
}

/// The instant of year, and month, day, hour, minute and, if there is one, second.
fn instant(year: u16, fields: &[u16], offset: i32) -> Option<Time> {
    let field = |at: usize| fields.get(at).and_then(|it| u8::try_from(*it).ok());
    let day = Date::from_calendar_date(year.into(), Month::try_from(field(0)?).ok()?, field(1)?).ok()?;
    let clock = Clock::from_hms(field(2)?, field(3)?, field(4).unwrap_or(0)).ok()?;
    let seconds = PrimitiveDateTime::new(day, clock).assume_utc().unix_timestamp() - i64::from(offset);
    u64::try_from(seconds).ok().filter(|_| FIRST_YEAR <= year).map(|it| Time(it * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_kept_as_it_is_written_with_the_offset_that_it_was_read_by() {
        for (text, offset, at, used) in [
            (" 1706011400\0", 7_200, Some(1_496_318_400_000), Some("+02:00")),
            ("170601140000008+", 0, Some(1_496_318_400_000), Some("+02:00")),
            ("2017-06-01T06:30:00-05:30", 0, Some(1_496_318_400_000), Some("-05:30")),
            ("2017-06-01 12:00:00Z", 7_200, Some(1_496_318_400_000), Some("+00:00")),
            ("0000000000", 7_200, None, None),
            ("yesterday", 0, None, None),
        ] {
            let (found, date) = done(Some(text), offset);
            let date = date.expect("it says something");
            assert_eq!((found, date.offset_text().as_deref()), (at.map(Time), used), "{text}");
            assert_eq!(&*date.raw, text.trim_matches(['\0', ' ']));
        }
        assert_eq!([done(None, 0), done(Some(" \0"), 0)], [(None, None), (None, None)]);
        assert_eq!(done(Some(&"x".repeat(99)), 0).1.map(|it| it.raw.len()), Some(32));
    }

    #[test]
    fn a_moment_is_said_in_the_zone_of_the_carrier_and_read_back() {
        let at = Time(1_767_267_005_000);
        let written = |offset| to_smpp(at, offset).to_cstring().to_string_lossy().into_owned();
        assert_eq!((written(0), written(19_800)), ("260101113005000+".to_owned(), "260101170005022+".to_owned()));
        assert_eq!(written(-18_000), "260101063005020-");
        for offset in [0, 19_800, -18_000] {
            assert_eq!(parse(&written(offset), 0), Some(at), "{offset}");
        }
    }

    #[test]
    fn dates_are_read_by_their_length_and_validity() {
        let noon = 1_496_318_400_000;
        for text in [
            "1706011200",
            "17060112003",
            "170601120000",
            "1706011200000",
            "201706011200",
            "20170601120000",
            "2017060112000000",
            "170601120000000",
            "170601120000000+",
            "170601140000008+",
            "17060114000008+",
            "170601100000008-",
            "2017-06-01 12:00:00",
            "2017-06-01T12:00",
            "2017/06/01 12:00:00.123",
            "2017-06-01T14:00:00+02:00",
            "2017-06-01T14:00:00.5+0200",
            "2017-06-01 12:00:00Z",
            " 1706011200\0",
        ] {
            assert_eq!(parse(text, 0), Some(Time(noon)), "{text}");
        }
        assert_eq!(parse("170601120000900+", 0), Some(Time(noon + 900)));
        for (text, offset) in [("1706011500", 3), ("20170601140000", 2), ("2017-06-01 21:00", 9), ("1706011100", -1)] {
            assert_eq!(parse(text, offset * 3_600), Some(Time(noon)), "{text} {offset}");
        }
        // A zone of its own goes before that of the carrier.
        assert_eq!(parse("170601140000008+", 9 * 3_600), Some(Time(noon)));
        assert_eq!(parse("2017-06-01T12:00:00Z", 9 * 3_600), Some(Time(noon)));
    }

    #[test]
    fn what_is_no_date_is_no_moment() {
        for text in [
            "",
            "0000000000",
            "000000000000",
            "00000000000000",
            "7001010000",
            "700101000000",
            "19700101000000",
            "1970-01-01 00:00:00",
            "17060112",
            "1713011200",
            "1706012400",
            "1702301200",
            "null",
            "%s",
            "2017-13-01 12:00",
            "2017-06",
            "2017-06-01",
            "01/06/2017 12:00",
            "99999999999999999999999999999",
            "é",
        ] {
            assert_eq!(parse(text, 0), None, "{text}");
        }
        assert_eq!(parse("7001010000", -7_200), None, "1970 in a western zone");
    }
}
