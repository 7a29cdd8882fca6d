//! Dates as invoices have them: those alone that can be read in one way.

use std::time::Duration;
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// A moment in milliseconds since 1970, and how exactly it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) at: u64,
    pub(super) within: Duration,
}

const DAY: Duration = Duration::from_secs(86_400);

/// Reads RFC 3339, `2026-11-20 10:00:00`, `2026/11/20`, `20.11.2026 10:00`, `20261120`, and seconds or milliseconds
/// since 1970. Where no zone is said, UTC is meant. `20/11/2026` is not read: it could be of either order.
pub(super) fn read(text: &str) -> Option<Said> {
    let text = text.trim();
    if let Ok(it) = OffsetDateTime::parse(text, &Rfc3339) {
        return said(it, Duration::from_secs(1));
    }
    let is_number = text.bytes().all(|it| it.is_ascii_digit());
    match text.len() {
        8 | 14 if is_number => {
            let groups = [4, 2, 2, 2, 2, 2];
            let mut rest = text;
            let cut = groups.iter().map_while(|it| {
                let (group, behind) = rest.split_at_checked(*it)?;
                rest = behind;
                group.parse().ok()
            });
            of(&cut.collect::<Vec<u32>>())
        }
        10 if is_number => Some(Said { at: text.parse::<u64>().ok()? * 1_000, within: Duration::from_secs(1) }),
        13 if is_number => Some(Said { at: text.parse().ok()?, within: Duration::from_millis(1) }),
        _ => {
            let parts: Vec<&str> = text.trim_end_matches([' ', 'Z']).split(['-', '/', '.', ' ', 'T', ':']).collect();
            let numbers = parts.iter().map(|it| it.parse().ok()).collect::<Option<Vec<u32>>>()?;
            let year_first = parts[0].len() == 4 && !text.contains('.');
            let days_first = parts.get(2).is_some_and(|it| it.len() == 4) && text.matches('.').count() == 2;
            match (year_first, days_first) {
                (true, _) => of(&numbers),
                (_, true) => of(&[&[numbers[2], numbers[1], numbers[0]], &numbers[3..]].concat()),
                _ => None,
            }
        }
    }
}

/// A time that an option names.
pub(super) fn since(text: &str) -> Result<u64, String> {
    read(text).map(|it| it.at).ok_or_else(|| "such as 2026-11-01 or 2026-11-01T00:00:00+01:00".to_owned())
}

fn of(numbers: &[u32]) -> Option<Said> {
    let small = |it: &u32| u8::try_from(*it).ok();
    let date = |year: &u32, month, day| {
        Date::from_calendar_date(i32::try_from(*year).ok()?, Month::try_from(small(month)?).ok()?, small(day)?).ok()
    };
    let (date, time, within) = match numbers {
        [year, month, day] => (date(year, month, day)?, Time::MIDNIGHT, DAY),
        [year, month, day, hour, minute, seconds @ ..] if seconds.len() <= 1 => {
            let second = seconds.first().map_or(Some(0), small)?;
            let within = if seconds.is_empty() { Duration::from_secs(60) } else { Duration::from_secs(1) };
            (date(year, month, day)?, Time::from_hms(small(hour)?, small(minute)?, second).ok()?, within)
        }
        _ => return None,
    };
    said(PrimitiveDateTime::new(date, time).assume_utc(), within)
}

fn said(it: OffsetDateTime, within: Duration) -> Option<Said> {
    u64::try_from(it.unix_timestamp_nanos() / 1_000_000).ok().map(|at| Said { at, within })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_in_one_way_is_read() {
        let at = 1_795_168_800_000;
        for text in [
            "2026-11-20T10:00:00Z",
            "2026-11-20T11:00:00+01:00",
            "2026-11-20 10:00:00",
            "2026-11-20 10:00",
            "2026/11/20 10:00:00",
            "20.11.2026 10:00",
            "20261120100000",
            "1795168800",
            "1795168800000",
            " 2026-11-20T10:00:00 ",
        ] {
            assert_eq!(read(text).map(|it| it.at), Some(at), "{text}");
        }
        for text in ["2026-11-20", "20261120", "20.11.2026", "2026/11/20"] {
            assert_eq!(read(text), Some(Said { at: at - 36_000_000, within: DAY }), "{text}");
        }
        for text in ["", "20/11/2026", "11/20/2026", "20-11-2026", "2026-13-01", "soon", "2026-11-20 25:00", "12"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
