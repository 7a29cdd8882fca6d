//! Moments as the API writes them: RFC 3339, UTC, milliseconds.

use crate::message::time::Time;
use serde::{Serialize, Serializer};
use std::fmt;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment, or null where there was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Time);

impl Moment {
    /// Reads what RFC 3339 allows; `None` for anything else, and for times before 1970.
    pub(super) fn parse(text: &str) -> Option<Time> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok().map(Time)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Moment {
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
    fn moments_are_written_with_milliseconds_and_read_back() {
        let moment = Moment(Time(1_795_168_800_123));
        assert_eq!(moment.to_string(), "2026-11-20T10:00:00.123Z");
        assert_eq!(Moment::parse("2026-11-20T10:00:00.123Z"), Some(moment.0));
        assert_eq!(Moment::parse("2026-11-20T11:00:00.123+01:00"), Some(moment.0));
        assert_eq!(Moment::parse("2026-11-20"), None);
        assert_eq!(Moment::parse("1969-12-31T00:00:00Z"), None);
        assert_eq!(serde_json::to_string(&Moment(Time::NEVER)).unwrap(), "null");
    }
}
