//! The dates in receipts: `YYMMDDhhmm` by SMPP 3.4, appendix B, and what carriers make of it.
//!
//! A date is read by its length and by whether it can be one; what is none is no moment, and
//! the receipt counts all the same.

use crate::message::time::Time;
use std::ops::RangeInclusive;
use time::{Date, Month, PrimitiveDateTime, Time as Clock};

/// Years that a receipt can be of. 1970 is what a clock shows that was never set.
const YEARS: RangeInclusive<i32> = 1971..=2069;
/// Two-digit years from this one on are of the last century.
const LAST_CENTURY: i32 = 70;
/// A quarter of an hour, in which SMPP counts time zones (SMPP 3.4, 7.1.1).
const QUARTER: i64 = 15 * 60;

/// The moment of a date in a receipt, `offset` seconds east of UTC unless the date names a
/// zone of its own. To the second; `None` where it is no date. Read are
///
/// - 10 digits `YYMMDDhhmm`, 12 `YYMMDDhhmmss` or `YYYYMMDDhhmm`, 14 `YYYYMMDDhhmmss`;
/// - 15 digits and a sign, `YYMMDDhhmmsstnnp`: `nn` quarters of an hour east (`+`) or west (`-`);
/// - `YYYY-MM-DD`, a `T` or blanks, `hh:mm` or `hh:mm:ss`, and perhaps `Z`, `+hh:mm` or `+hhmm`.
///
/// Twelve digits that can be both are of the long year: a short one would be of 2020, which is over.
pub fn moment(date: &str, offset: i32) -> Option<Time> {
    let date = date.trim();
    let offset = i64::from(offset);
    let digits = date.len() - date.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    let (digits, rest) = date.split_at(digits);
    let (seconds, east) = match digits.len() {
        4 => iso(digits, rest, offset)?,
        10 => (short(digits)?, offset),
        12 => (long(digits).or_else(|| short(digits))?, offset),
        14 => (long(digits)?, offset),
        15 => {
            let quarters: i64 = digits[13..].parse().ok()?;
            let east = match rest.chars().next() {
                Some('+') => quarters * QUARTER,
                Some('-') => -quarters * QUARTER,
                // An `R` is a span, not a date.
                Some(_) => return None,
                None => offset,
            };
            (short(&digits[..12])?, east)
        }
        _ => return None,
    };
    u64::try_from(seconds - east).ok().map(|it| Time(it * 1_000))
}

/// `YYMMDDhhmm` and perhaps `ss`, as seconds since 1970 of its own clock.
fn short(digits: &str) -> Option<i64> {
    let year: i32 = digits[..2].parse().ok()?;
    seconds(if year < LAST_CENTURY { 2_000 + year } else { 1_900 + year }, &digits[2..])
}

/// `YYYYMMDDhhmm` and perhaps `ss`.
fn long(digits: &str) -> Option<i64> {
    seconds(digits[..4].parse().ok()?, &digits[4..])
}

/// ISO 8601 in its extended form, and how far east its clock is.
fn iso(year: &str, rest: &str, offset: i64) -> Option<(i64, i64)> {
    let (day, rest) = rest.split_once(['T', 't', ' '])?;
    let rest = rest.trim_start();
    let end = rest.find(|it: char| !it.is_ascii_digit() && it != ':').unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(end);
    // Parts of a second are passed by.
    let zone = zone.trim_start_matches(|it: char| it.is_ascii_digit() || matches!(it, '.' | ',' | ' '));
    let pairs = |text: &str, between: char| -> Option<String> {
        text.split(between).map(|it| (it.len() == 2 && is_digits(it)).then_some(it)).collect()
    };
    let digits = pairs(day.strip_prefix('-')?, '-')? + &pairs(clock, ':')?;
    let moment = seconds(year.parse().ok()?, &digits)?;
    let east = match zone.split_at_checked(1) {
        Some(("Z" | "z", _)) => 0,
        Some((sign @ ("+" | "-"), zone)) => {
            let zone = zone.replace(':', "");
            let field = |from: usize| zone.get(from..from + 2).and_then(|it| it.parse::<i64>().ok());
            let east = field(0)? * 3_600 + field(2).unwrap_or(0) * 60;
            if sign == "-" { -east } else { east }
        }
        _ => offset,
    };
    Some((moment, east))
}

/// `MMDDhhmm` or `MMDDhhmmss` of a year.
fn seconds(year: i32, digits: &str) -> Option<i64> {
    if !YEARS.contains(&year) || !matches!(digits.len(), 8 | 10) || !is_digits(digits) {
        return None;
    }
    let field = |from: usize| digits.get(from..from + 2).and_then(|it| it.parse::<u8>().ok());
    let day = Date::from_calendar_date(year, Month::try_from(field(0)?).ok()?, field(2)?).ok()?;
    let clock = Clock::from_hms(field(4)?, field(6)?, field(8).unwrap_or(0)).ok()?;
    Some(PrimitiveDateTime::new(day, clock).assume_utc().unix_timestamp())
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_by_their_length() {
        let noon = Some(Time(1_496_318_400_000));
        for text in [
            "1706011200",
            "170601120000",
            "201706011200",
            "20170601120000",
            "170601120000000",
            "170601120000900+",
            "170601150000012+",
            "170601090000012-",
            "2017-06-01T12:00:00Z",
            "2017-06-01 12:00",
            "2017-06-01T12:00:00.123",
            "2017-06-01T14:00:00+02:00",
            "2017-06-01 09:30:00 -0230",
            " 1706011200 ",
        ] {
            assert_eq!(moment(text, 0), noon, "{text}");
        }
    }

    #[test]
    fn the_zone_of_the_carrier_holds_where_the_date_names_none() {
        let noon = Some(Time(1_496_318_400_000));
        for text in ["1706011500", "170601150000", "2017-06-01 15:00", "2017-06-01T12:00Z", "170601120000000+"] {
            assert_eq!(moment(text, 3 * 3_600), noon, "{text}");
        }
        assert_eq!(moment("1706010100", -11 * 3_600), noon);
    }

    #[test]
    fn what_is_no_date_is_no_moment() {
        for text in [
            "",
            "0000000000",
            "7001010000",
            "17060112",
            "17060112000",
            "1713011200",
            "1702291200",
            "1706012400",
            "170601120000000R",
            "null",
            "%s",
            "<t>",
            "...",
            "2017-6-1 12:00",
            "2017-06-01",
            "2017-06-01T25:00",
            "2017ü06-01 12:00",
            "99999999999999999999",
        ] {
            assert_eq!(moment(text, 0), None, "{text}");
        }
    }
}
