//! Moments as the API writes them (RFC 3339, UTC, milliseconds), and how long things are to last.

use crate::message::time::Time;
use serde::{Serialize, Serializer};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time, or null where there was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp(pub(crate) Time);

impl Timestamp {
    /// Reads what RFC 3339 allows; `None` for anything else. What was before 1970 is before everything here, as is the
    /// first millisecond of that year; one earlier is no time at all in records.
    pub(crate) fn parse(text: &str) -> Option<Time> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        u64::try_from((time.unix_timestamp_nanos() / 1_000_000).max(1)).ok().map(Time)
    }
}

/// How far ahead a message may be asked for.
const AHEAD_MAX: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Reads when a message is to go. One that has come already means at once: a request that was long under way, or is
/// repeated, is no wrong one.
pub(crate) fn ahead(text: &str, now: Time) -> Result<Time, &'static str> {
    let time = Timestamp::parse(text).ok_or("must be a time of RFC 3339, such as 2026-11-20T10:00:00Z")?;
    if now + AHEAD_MAX < time { Err("must be within 30 days") } else { Ok(time) }
}

/// The time by the clock on the wall, which is that of customers.
#[expect(clippy::disallowed_methods, reason = "it bounds what is asked for by days, and no jump changes what is kept")]
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Reads `90s`, `10m`, `2h` and `1d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    let count: u64 = plain.then(|| digits.parse().ok())??;
    count.checked_mul(seconds).map(Duration::from_secs)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.known() {
            Some(_) => to.collect_str(self),
            None => to.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_one_unit() {
        assert_eq!(duration("10m"), Some(Duration::from_secs(600)));
        assert_eq!(duration("7d"), Some(Duration::from_secs(604_800)));
        for bad in ["", "m", "10", "10 m", "-1s", "+1s", "1.5h", "10ms", "1€", "99999999999999999999s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_message_is_asked_for_at_a_time_of_the_next_thirty_days_or_at_once() {
        let now = Time(1_795_168_800_123);
        let ahead = |text| ahead(text, now);
        assert_eq!(ahead("2026-11-21T00:00:00+01:00"), Ok(Time(1_795_215_600_000)));
        assert_eq!(ahead("2020-01-01T00:00:00Z"), Ok(Time(1_577_836_800_000)));
        assert_eq!(ahead("2026-12-20T10:00:00.123Z"), Ok(Time(now.0 + 30 * 86_400_000)));
        assert_eq!(ahead("2026-12-20T10:00:00.124Z"), Err("must be within 30 days"));
        for bad in ["", "tomorrow", "2026-11-21", "2026-11-21T00:00:00", "1795168800"] {
            assert!(ahead(bad).is_err_and(|it| it.starts_with("must be a time")), "{bad}");
        }
    }

    #[test]
    fn moments_are_written_with_milliseconds_and_read_back() {
        let time = Timestamp(Time(1_795_168_800_123));
        assert_eq!(time.to_string(), "2026-11-20T10:00:00.123Z");
        assert_eq!(Timestamp::parse("2026-11-20T10:00:00.123Z"), Some(time.0));
        assert_eq!(Timestamp::parse("2026-11-20T11:00:00.123+01:00"), Some(time.0));
        assert_eq!(Timestamp::parse("2026-11-20"), None);
        assert_eq!(Timestamp::parse("0253-06-14T18:46:23+14:58"), Some(Time(1)), "before everything");
        assert_eq!(serde_json::to_string(&Timestamp(Time::NEVER)).unwrap(), "null");
    }
}
