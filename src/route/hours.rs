//! A stretch of the day by the clock on the wall, such as `22:00-08:00`.

use crate::message::time::Time;
use crate::number::e164::E164;
use crate::number::zone::{self, Zone};
use std::fmt;
use std::time::Duration;

/// Minutes of a day.
pub const DAY: u16 = 24 * 60;

/// A stretch of the day: from a minute up to another, without it. One that ends before it begins goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first minute of it, 0 to 1439.
    pub from: u16,
    /// The first minute after it, 0 to 1439; never `from`.
    pub to: u16,
}

/// Where nothing is free of the hours of any zone for so long, nothing ever is.
const SEARCH: Duration = Duration::from_secs(2 * 24 * 3_600);

/// Why a text is no stretch of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// It is not written so.
    #[error("hours are written as \"22:00-08:00\"")]
    Written,
    /// It begins where it ends.
    #[error("hours that end when they begin are none, or all")]
    Empty,
}

impl Hours {
    /// Reads `22:00-08:00`; `24:00` is the end of the day.
    pub fn parse(text: &str) -> Result<Self, HoursError> {
        let (from, to) = text.split_once('-').ok_or(HoursError::Written)?;
        let (from, to) = (minute(from).ok_or(HoursError::Written)?, minute(to).ok_or(HoursError::Written)?);
        let hours = Self { from: from % DAY, to: to % DAY };
        if hours.from == hours.to { Err(HoursError::Empty) } else { Ok(hours) }
    }

    /// Whether a minute of the day, 0 to 1439, is in it.
    pub const fn contains(self, minute: u16) -> bool {
        if self.from < self.to {
            self.from <= minute && minute < self.to
        } else {
            self.from <= minute || minute < self.to
        }
    }

    /// When these hours are over where a recipient may be: the first moment after `now` that is in them in none of
    /// his zones; `None` if `now` is such a moment. Where zones lie so far apart that no moment of the day is
    /// outside in all of them, the zone of most people decides alone.
    pub fn over_at(self, now: Time, recipient: E164) -> Option<Time> {
        let zones = zone::of(recipient);
        let (first, end) = (self.last_end(now, zones)?, now + SEARCH);
        let mut free = first;
        while free < end {
            match self.last_end(free, zones) {
                None => return Some(free),
                Some(later) => free = later,
            }
        }
        self.last_end(now, &zones[..1])
    }

    /// When they end in the last of the zones in which it is within them now.
    fn last_end(self, now: Time, zones: &[Zone]) -> Option<Time> {
        let within = zones.iter().filter(|it| self.contains(it.minute_at(now.0)));
        within.map(|it| Time(it.next_at(now.0, self.to))).max()
    }
}

impl fmt::Display for Hours {
    /// As it is written in a configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}-{:02}:{:02}", self.from / 60, self.from % 60, self.to / 60, self.to % 60)
    }
}

/// The minute of the day of `08:00`, with one digit or two of the hour.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |it: &str| it.bytes().all(|it| it.is_ascii_digit()).then(|| it.parse::<u16>().ok())?;
    let (hour, minute) = (number(hour).filter(|_| hour.len() <= 2)?, number(minute).filter(|_| minute.len() == 2)?);
    (minute < 60 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_go_over_midnight_where_they_end_before_they_begin() {
        let of = |text, minute| Hours::parse(text).map(|it| it.contains(minute));
        for (minute, quiet) in [(22 * 60 - 1, false), (22 * 60, true), (0, true), (479, true), (480, false)] {
            assert_eq!(of("22:00-08:00", minute), Ok(quiet), "{minute}");
            assert_eq!(of("08:00-22:00", minute), Ok(!quiet), "{minute}");
        }
        assert_eq!((of("18:00-24:00", DAY - 1), of("18:00-24:00", 0)), (Ok(true), Ok(false)));
    }

    /// When hours are over for a number, from a moment on, both as RFC 3339 has them.
    fn over(hours: &str, number: u64, now: &str) -> String {
        let now = Time(now.parse::<jiff::Timestamp>().expect("a moment").as_millisecond().unsigned_abs());
        let over = Hours::parse(hours).expect("hours").over_at(now, E164(number));
        over.map_or_else(|| "now".to_owned(), |it| it.to_string().replace(".000Z", "Z"))
    }

    #[test]
    fn hours_are_over_when_the_clock_of_the_recipient_says_so() {
        const NL: u64 = 31_612_345_678;
        const IN: u64 = 919_812_345_678;
        for (number, now, expected) in [
            (NL, "2026-07-10T19:59:59Z", "now"),
            (NL, "2026-07-10T20:00:00Z", "2026-07-11T06:00:00Z"),
            (NL, "2026-07-11T05:59:59Z", "2026-07-11T06:00:00Z"),
            (NL, "2026-07-11T06:00:00Z", "now"),
            (NL, "2026-01-10T20:30:00Z", "now"),
            (IN, "2026-01-10T16:30:00Z", "2026-01-11T02:30:00Z"),
            // Through the night in which summer time begins, and the one in which it ends.
            (NL, "2026-03-28T22:00:00Z", "2026-03-29T06:00:00Z"),
            (NL, "2026-10-24T21:00:00Z", "2026-10-25T07:00:00Z"),
        ] {
            assert_eq!(over("22:00-08:00", number, now), expected, "{number} {now}");
        }
        // Hours that begin or end in the hour that is skipped, or comes twice.
        assert_eq!(over("22:00-02:30", NL, "2026-03-28T22:00:00Z"), "2026-03-29T01:30:00Z");
        assert_eq!(over("22:00-02:30", NL, "2026-10-25T01:10:00Z"), "2026-10-25T01:30:00Z");
        assert_eq!(over("02:30-04:00", NL, "2026-10-25T00:40:00Z"), "2026-10-25T03:00:00Z");
    }

    #[test]
    fn hours_are_over_when_they_are_in_every_zone_that_a_number_may_be_in() {
        // A toll-free number of the United States: from New York's evening to Adak's and Honolulu's morning.
        let us = |now| over("22:00-08:00", 18_005_550_100, now);
        assert_eq!(us("2026-01-11T02:59:00Z"), "now");
        assert_eq!(us("2026-01-11T03:00:00Z"), "2026-01-11T18:00:00Z");
        // A mobile number of Russia has eleven zones, over ten hours: four hours of the day are left by 22:00-08:00.
        let ru = |hours, now| over(hours, 79_161_234_567, now);
        assert_eq!(ru("22:00-08:00", "2026-01-11T09:59:00Z"), "now");
        assert_eq!(ru("22:00-08:00", "2026-01-11T10:00:00Z"), "2026-01-12T06:00:00Z");
        // 20:00-10:00 leave none: Moscow's count alone, and the answer agrees with itself.
        assert_eq!(ru("20:00-10:00", "2026-01-11T17:00:00Z"), "2026-01-12T07:00:00Z");
        assert_eq!(ru("20:00-10:00", "2026-01-12T07:00:00Z"), "now");
        assert_eq!(ru("20:00-10:00", "2026-01-12T16:59:00Z"), "now");
    }

    #[test]
    fn hours_are_read_as_they_are_written_and_nothing_else_is() {
        assert_eq!(Hours::parse("9:30 - 10:05"), Ok(Hours { from: 570, to: 605 }));
        assert_eq!(Hours::parse("22:00-08:00").map(|it| it.to_string()), Ok("22:00-08:00".to_owned()));
        for bad in
            ["", "22-08", "22:00", "22:00-", "24:01-01:00", "12:60-13:00", "+1:00-02:00", "1:0-2:00", "001:00-02:00"]
        {
            assert_eq!(Hours::parse(bad), Err(HoursError::Written), "{bad}");
        }
        for none in ["08:00-08:00", "00:00-24:00"] {
            assert_eq!(Hours::parse(none), Err(HoursError::Empty), "{none}");
        }
    }
}
