//! A stretch of the day by the clock on the wall, such as `22:00-08:00`.

use std::fmt;

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
