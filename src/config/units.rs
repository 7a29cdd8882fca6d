//! Values as people write them: with their unit, in quotes.

use crate::dispatch::door::plan::Quota;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;
use std::time::Duration;

/// A duration: `500ms`, `60s`, `10m`, `24h`, `30d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A duration or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch(pub Option<Duration>);

/// A size in octets: `512B`, `72KiB`, `1MiB`, `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// A rate: `200/s`, or `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace(pub Option<f64>);

/// So many in a period: `100000/1d`; empty is no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(pub Option<Quota>);

/// A time zone: `+05:30`; seconds east of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset(pub i32);

/// Reads a value from its text; the error is the end of a sentence that begins with the key.
trait Written: Sized {
    /// What is expected, for a value of another type.
    const EXPECTED: &'static str;

    /// The value in the text.
    fn read(text: &str) -> Result<Self, String>;
}

impl Written for Span {
    const EXPECTED: &'static str = "a duration in quotes, such as \"60s\"";

    fn read(text: &str) -> Result<Self, String> {
        let split = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let millis: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "" if !number.is_empty() => {
                return Err(format!("{text:?} has no unit; write {text}ms, {text}s, {text}m, {text}h or {text}d"));
            }
            _ => return Err(format!("{text:?} is not {}", Self::EXPECTED)),
        };
        let count: Option<u64> = number.parse().ok();
        let millis = count.and_then(|it| it.checked_mul(millis)).filter(|it| *it <= MILLIS_MAX);
        millis.map(|it| Self(Duration::from_millis(it))).ok_or_else(|| format!("{text:?} is not {}", Self::EXPECTED))
    }
}

/// The duration in a text that stands elsewhere than in a file.
pub fn duration(text: &str) -> Result<Duration, String> {
    Span::read(text).map(|it| it.0)
}

/// A hundred years: more is a slip, and sums of times stay far from overflow.
const MILLIS_MAX: u64 = 100 * 366 * 86_400_000;

impl Written for Switch {
    const EXPECTED: &'static str = "a duration in quotes, such as \"60s\", or \"off\"";

    fn read(text: &str) -> Result<Self, String> {
        if text == "off" { Ok(Self(None)) } else { Span::read(text).map(|it| Self(Some(it.0))) }
    }
}

impl Written for Size {
    const EXPECTED: &'static str = "a size in quotes, such as \"72KiB\"";

    fn read(text: &str) -> Result<Self, String> {
        let split = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let octets: u64 = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            "" if !number.is_empty() => {
                return Err(format!("{text:?} has no unit; write {text}B, {text}KiB, {text}MiB or {text}GiB"));
            }
            _ => return Err(format!("{text:?} is not {}", Self::EXPECTED)),
        };
        let count: Option<u64> = number.parse().ok();
        count
            .and_then(|it| it.checked_mul(octets))
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not {}", Self::EXPECTED))
    }
}

impl Written for Pace {
    const EXPECTED: &'static str = "a rate in quotes, such as \"200/s\", or \"unlimited\"";

    fn read(text: &str) -> Result<Self, String> {
        if text == "unlimited" {
            return Ok(Self(None));
        }
        let number = text.strip_suffix("/s").filter(|it| it.bytes().all(|it| it.is_ascii_digit() || it == b'.'));
        let rate: Option<f64> = number.and_then(|it| it.parse().ok());
        let rate = rate.filter(|it| (0.001..=1e6).contains(it));
        rate.map(|it| Self(Some(it))).ok_or_else(|| format!("{text:?} is not {}", Self::EXPECTED))
    }
}

/// The longest period of a quota, in milliseconds: a year.
const PERIOD_MAX: Duration = Duration::from_millis(366 * 86_400_000);
/// The most messages of a period: sums of them stay far from overflow.
const MESSAGES_MAX: u64 = 1_000_000_000_000;

impl Written for Share {
    const EXPECTED: &'static str = "a number of messages and a period in quotes, such as \"100000/1d\", or \"\"";

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let (messages, period) = text.split_once('/').unwrap_or((text, ""));
        let plain = messages.bytes().all(|it| it.is_ascii_digit());
        let messages = messages.parse().ok().filter(|it| plain && (1..=MESSAGES_MAX).contains(it));
        let period = Span::read(period).ok().map(|it| it.0).filter(|it| !it.is_zero() && *it <= PERIOD_MAX);
        let quota = messages.zip(period).map(|(messages, period)| Quota { messages, period });
        quota.map(|it| Self(Some(it))).ok_or_else(|| format!("{text:?} is not {}", Self::EXPECTED))
    }
}

impl Written for Offset {
    const EXPECTED: &'static str = "a time zone in quotes, such as \"+01:00\"";

    fn read(text: &str) -> Result<Self, String> {
        let sign = if text.starts_with('-') { -1 } else { 1 };
        let fields = text.strip_prefix(['+', '-']).and_then(|it| it.split_once(':'));
        let number =
            |it: &str| it.parse::<i32>().ok().filter(|_| it.len() == 2 && it.bytes().all(|it| it.is_ascii_digit()));
        let seconds = fields.and_then(|(hours, minutes)| {
            let (hours, minutes) = (number(hours)?, number(minutes)?);
            (hours <= 14 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
        });
        seconds.map(Self).ok_or_else(|| format!("{text:?} is not {}", Self::EXPECTED))
    }
}

struct Reader<T>(std::marker::PhantomData<T>);

impl<T: Written> Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::read(text).map_err(E::custom)
    }
}

macro_rules! deserialize {
    ($($kind:ty),+) => {
        $(impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Reader(std::marker::PhantomData))
            }
        })+
    };
}

deserialize!(Span, Switch, Size, Pace, Share, Offset);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_messages_in_a_period() {
        let quota = |messages, seconds| Ok(Share(Some(Quota { messages, period: Duration::from_secs(seconds) })));
        assert_eq!((Share::read("100000/1d"), Share::read("3/10m")), (quota(100_000, 86_400), quota(3, 600)));
        assert_eq!(Share::read(""), Ok(Share(None)));
        for bad in ["1", "1/", "/1d", "0/1d", "-1/1d", "+1/1d", "1/0s", "1/1", "1/400d", "1.5/1d", "9999999999999/1d"] {
            assert_eq!(Share::read(bad).unwrap_err(), format!("{bad:?} is not {}", Share::EXPECTED));
        }
    }

    #[test]
    fn durations_have_a_unit() {
        let millis = |text| Span::read(text).map(|it| it.0.as_millis());
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("30d"), Ok(30 * 86_400_000));
        assert_eq!(millis("60").unwrap_err(), "\"60\" has no unit; write 60ms, 60s, 60m, 60h or 60d");
        for bad in ["", "s", "-1s", "1.5s", "1 s", "1w", "99999999999999999999s", "40000d"] {
            assert_eq!(millis(bad).unwrap_err(), format!("{bad:?} is not a duration in quotes, such as \"60s\""));
        }
    }

    #[test]
    fn sizes_rates_and_zones_are_read() {
        assert_eq!(Size::read("72KiB"), Ok(Size(73_728)));
        assert_eq!(Size::read("1024").unwrap_err(), "\"1024\" has no unit; write 1024B, 1024KiB, 1024MiB or 1024GiB");
        assert!(Size::read("1MB").is_err());
        assert_eq!(
            (Pace::read("200/s"), Pace::read("0.5/s"), Pace::read("unlimited")),
            (Ok(Pace(Some(200.0))), Ok(Pace(Some(0.5))), Ok(Pace(None)))
        );
        assert!(["200", "0/s", "-1/s", "inf/s", "200/m"].iter().all(|it| Pace::read(it).is_err()));
        assert_eq!((Offset::read("+05:30"), Offset::read("-01:00")), (Ok(Offset(19_800)), Ok(Offset(-3_600))));
        assert!(["0", "5:30", "+15:00", "+5:30", "+05:60"].iter().all(|it| Offset::read(it).is_err()));
    }
}
