//! The 16-character times of SMPP (3.4 section 7.1.1).
//!
//! ```text
//!  YYMMDDhhmmss t nn p
//!  │            │ │  └ + or - : the offset's sign;  R : the first twelve are a duration
//!  │            │ └ offset from UTC in quarters of an hour, 00 to 48
//!  │            └ tenths of a second
//!  └ a moment, or a duration
//! ```
//!
//! Written exactly; read from whatever digits a peer sends.

use crate::smpp::cstring::CString;
use std::time::Duration;

/// The longest duration that [`relative`] writes: 30 days. Beyond it the duration would need
/// the month field, whose length is anyone's guess; SMSCs keep a message for a few days.
pub const RELATIVE_MAX: Duration = Duration::from_secs(30 * DAY);

const DAY: u64 = 86_400;

/// The relative time of this duration, rounded up to whole seconds, at least one second and
/// at most [`RELATIVE_MAX`].
pub fn relative(duration: Duration) -> CString {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    let seconds = whole.clamp(1, RELATIVE_MAX.as_secs());
    CString::from(format!(
        "0000{:02}{:02}{:02}{:02}000R",
        seconds / DAY,
        seconds % DAY / 3600,
        seconds % 3600 / 60,
        seconds % 60
    ))
}

/// What a time field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmppTime {
    /// So long after the message arrived; a month counts as 30 days, a year as 365.
    Relative(Duration),
    /// At this moment.
    Absolute(Moment),
}

impl SmppTime {
    /// Reads 16 characters, or 10 to 13 digits as some SMSCs send them: without seconds,
    /// without an offset. `None` for anything else; the field then has no meaning.
    pub fn parse(text: &CString) -> Option<Self> {
        let octets = text.as_bytes().trim_ascii();
        let digits = octets.iter().take_while(|o| o.is_ascii_digit()).count();
        if digits < 10 {
            return None;
        }
        let field = |at: usize| match octets.get(at..at + 2) {
            Some([tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => (tens - b'0') * 10 + (ones - b'0'),
            _ => 0,
        };
        if octets.get(digits) == Some(&b'R') {
            return Some(Self::Relative(duration(field)));
        }
        let quarters = i8::try_from(field(13).min(48)).unwrap_or_default();
        let moment = Moment {
            year: century(field(0)),
            month: field(2),
            day: field(4),
            hour: field(6),
            minute: field(8),
            second: if digits >= 12 { field(10) } else { 0 },
            quarters: match octets.get(15) {
                Some(b'-') => -quarters,
                Some(b'+') => quarters,
                _ => 0,
            },
        };
        moment.is_valid().then_some(Self::Absolute(moment))
    }
}

/// What the 16 characters of a time say, in words: a moment as RFC 3339 has it, or a duration as it is written, for a
/// month and a year have no length of their own. `None` where they are no time.
pub fn words(text: &CString) -> Option<String> {
    if let SmppTime::Absolute(moment) = SmppTime::parse(text)? {
        return Some(moment.to_string());
    }
    let octets = text.as_bytes().trim_ascii();
    let field = |at: usize| octets.get(at..at + 2).and_then(|it| std::str::from_utf8(it).ok()?.parse::<u8>().ok());
    let [years, months, days, hours, minutes, seconds] = [0, 2, 4, 6, 8, 10].map(|at| field(at).unwrap_or_default());
    let mut words = String::new();
    for (count, one) in [(years, "year"), (months, "month"), (days, "day")].into_iter().filter(|it| it.0 != 0) {
        let s = if count == 1 { "" } else { "s" };
        words.push_str(&format!("{count} {one}{s} "));
    }
    if words.is_empty() || (hours, minutes, seconds) != (0, 0, 0) {
        words.push_str(&format!("{hours:02}:{minutes:02}:{seconds:02} "));
    }
    Some(words + "from now")
}

/// A moment of the calendar, with its offset from UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// 1938 to 2037; the wire has its last two digits.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60: a leap second is let through.
    pub second: u8,
    /// Quarters of an hour east of UTC, -48 to 48.
    pub quarters: i8,
}

impl Moment {
    /// The 16 characters of this moment.
    pub fn to_cstring(self) -> CString {
        CString::from(format!(
            "{:02}{:02}{:02}{:02}{:02}{:02}0{:02}{}",
            self.year % 100,
            self.month,
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.quarters.unsigned_abs(),
            if self.quarters < 0 { '-' } else { '+' }
        ))
    }

    /// Seconds since 1970-01-01 00:00:00 UTC.
    pub fn unix_seconds(self) -> i64 {
        // Years that begin in March have their leap day last, which makes the days of the
        // months before a date a straight line, 153 days every five months.
        let month = i64::from(self.month);
        let year = i64::from(self.year) - i64::from(month <= 2);
        let months = (month + 9) % 12;
        let days_before_1970 = 719_468;
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * months + 2) / 5 + i64::from(self.day)
            - 1
            - days_before_1970;
        let seconds = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second)
            - i64::from(self.quarters) * 900;
        days * 86_400 + seconds
    }

    fn is_valid(self) -> bool {
        (1..=12).contains(&self.month)
            && (1..=31).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second <= 60
    }
}

impl std::fmt::Display for Moment {
    /// As RFC 3339 writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { year, month, day, hour, minute, second, quarters } = self;
        let sign = if *quarters < 0 { '-' } else { '+' };
        let offset = u32::from(quarters.unsigned_abs()) * 15;
        write!(
            f,
            "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{:02}:{:02}",
            offset / 60,
            offset % 60
        )
    }
}

fn duration(field: impl Fn(usize) -> u8) -> Duration {
    let part = |at| u64::from(field(at));
    let days = part(0) * 365 + part(2) * 30 + part(4);
    Duration::from_secs(days * DAY + part(6) * 3600 + part(8) * 60 + part(10))
}

/// Two digits of a year, as the specification has them: 38 to 99 are of the last century.
fn century(year: u8) -> u16 {
    u16::from(year) + if year >= 38 { 1900 } else { 2000 }
}

#[cfg(test)]
mod tests {
    use super::{Moment, RELATIVE_MAX, SmppTime, relative, words};
    use crate::smpp::cstring::CString;
    use proptest::prelude::*;
    use std::time::Duration;

    const NEW_YEAR: Moment = Moment { year: 2026, month: 1, day: 1, hour: 12, minute: 30, second: 5, quarters: 4 };

    #[test]
    fn durations_are_written_in_days_and_below() {
        for (seconds, text) in [
            (0, "000000000001000R"),
            (600, "000000001000000R"),
            (86_399, "000000235959000R"),
            (86_400, "000001000000000R"),
            (RELATIVE_MAX.as_secs() + 1, "000030000000000R"),
        ] {
            assert_eq!(relative(Duration::from_secs(seconds)), text);
        }
        assert_eq!(relative(Duration::from_millis(1500)), "000000000002000R");
    }

    #[test]
    fn moments_are_written_with_their_offset() {
        assert_eq!(NEW_YEAR.to_cstring(), "260101123005004+");
        let west = Moment { quarters: -20, ..NEW_YEAR };
        assert_eq!(west.to_cstring(), "260101123005020-");
    }

    #[test]
    fn unix_seconds_count_from_1970() {
        for (text, seconds) in [
            ("700101000000000+", 0),
            ("260101123005004+", 1_767_267_005),
            ("000229000000000+", 951_782_400),
            ("371231235959000+", 2_145_916_799),
        ] {
            let Some(SmppTime::Absolute(moment)) = SmppTime::parse(&CString::from(text)) else {
                panic!("{text} is a moment");
            };
            assert_eq!(moment.unix_seconds(), seconds, "{text}");
        }
    }

    #[test]
    fn short_and_odd_times_are_read() {
        let parse = |text: &str| SmppTime::parse(&CString::from(text));
        let local = Moment { quarters: 0, ..NEW_YEAR };
        assert_eq!(parse("260101123005"), Some(SmppTime::Absolute(local)));
        let minute = Moment { second: 0, ..local };
        assert_eq!(parse("2601011230"), Some(SmppTime::Absolute(minute)));
        let tenths = Duration::from_secs(600);
        assert_eq!(parse("000000001000500R"), Some(SmppTime::Relative(tenths)));
        for nonsense in ["", "R", "abc", "000000000", "261301123005004+", "0000000000"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn a_time_is_said_as_it_is_written() {
        for (text, said) in [
            ("010203040506000R", Some("1 year 2 months 3 days 04:05:06 from now")),
            ("000000001000000R", Some("00:10:00 from now")),
            ("000030000000000R", Some("30 days from now")),
            ("000001000001000R", Some("1 day 00:00:01 from now")),
            ("000000000000000R", Some("00:00:00 from now")),
            ("0000000010R", Some("00:10:00 from now")),
            ("260101123005004+", Some("2026-01-01T12:30:05+01:00")),
            ("abc", None),
        ] {
            assert_eq!(words(&CString::from(text)).as_deref(), said, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_duration_comes_back(seconds in 1..=RELATIVE_MAX.as_secs()) {
            let duration = Duration::from_secs(seconds);
            prop_assert_eq!(
                SmppTime::parse(&relative(duration)),
                Some(SmppTime::Relative(duration))
            );
        }

        #[test]
        fn reading_never_panics(text in ".{0,20}") {
            let text = CString::from(text);
            prop_assert_eq!(words(&text).is_some(), SmppTime::parse(&text).is_some());
        }
    }
}
