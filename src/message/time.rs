//! Logical time: milliseconds since 1970, never backwards. How far it is from what clocks show is in
//! [`era`](crate::message::era).

use std::fmt;
use std::time::Duration;
use time::OffsetDateTime;

/// A moment of logical time, in milliseconds since 1970-01-01 UTC; 0 is "never".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Time {
    /// No moment: what has not happened.
    pub const NEVER: Self = Self(0);

    /// The moment, if there was one.
    pub fn known(self) -> Option<Self> {
        (self != Self::NEVER).then_some(self)
    }

    /// How long after `earlier`; zero if it was not.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// As RFC 3339 has it, UTC, with milliseconds: `2026-11-20T10:00:00.123Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0 / 1_000).unwrap_or(i64::MAX);
        // What lies beyond the calendar's year 9999 is shown as its beginning rather than not at all.
        let it = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let date = it.date();
        // Digit by digit: each message shows several times, and formatting fields took three times as long.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        digits(&mut text[..4], date.year().unsigned_abs());
        digits(&mut text[5..7], u8::from(date.month()).into());
        digits(&mut text[8..10], date.day().into());
        digits(&mut text[11..13], it.hour().into());
        digits(&mut text[14..16], it.minute().into());
        digits(&mut text[17..19], it.second().into());
        digits(&mut text[20..23], (self.0 % 1_000) as u32);
        f.write_str(str::from_utf8(&text).expect("digits and signs are ASCII"))
    }
}

/// Writes a number into its places, the last digits of it if it is longer.
fn digits(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

impl std::ops::Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, earlier: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(earlier.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(later.as_millis()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::format_description::well_known::Rfc3339;

    #[test]
    fn beyond_the_calendar_is_its_beginning() {
        assert_eq!(Time(u64::MAX).to_string(), "1970-01-01T00:00:00.615Z");
        assert_eq!(Time(253_402_300_799_999).to_string(), "9999-12-31T23:59:59.999Z");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_what_the_library_reads(millis in 0_u64..253_402_300_800_000) {
            let shown = Time(millis).to_string();
            prop_assert_eq!(shown.len(), 24);
            let read = OffsetDateTime::parse(&shown, &Rfc3339).unwrap();
            prop_assert_eq!(read.unix_timestamp_nanos(), i128::from(millis) * 1_000_000);
        }
    }
}
