//! Who a message is from, as the handset shows it.

use std::fmt;

/// The sender of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The carrier puts its own.
    Unset,
    /// A number with its country code, without `+`: 7 to 15 digits.
    International(Box<str>),
    /// A short code: 3 to 8 digits, as written.
    Short(Box<str>),
    /// 1 to 11 characters of the GSM alphabet.
    Alphanumeric(Box<str>),
}

/// Why a sender is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sender is a number of 3 to 15 digits or 1 to 11 characters of the GSM alphabet")]
pub struct BadSource;

impl Source {
    /// Reads a sender as a customer writes it: `+31612345678`, `12345` or `YOURAPP`.
    pub fn parse(text: &str) -> Result<Self, BadSource> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()) {
            return match (text.starts_with('+'), digits.len()) {
                (false, 3..=8) => Ok(Self::Short(digits.into())),
                (true, 7..=15) | (false, 9..=15) => Ok(Self::International(digits.into())),
                _ => Err(BadSource),
            };
        }
        let fits = (1..=11).contains(&text.chars().count());
        let plain = text.chars().all(|it| !it.is_control() && crate::text::gsm7::is_gsm7(it));
        if fits && plain && !text.trim().is_empty() { Ok(Self::Alphanumeric(text.into())) } else { Err(BadSource) }
    }

    /// The digits or letters, as they go on the wire.
    pub fn octets(&self) -> &str {
        match self {
            Self::Unset => "",
            Self::International(text) | Self::Short(text) | Self::Alphanumeric(text) => text,
        }
    }
}

/// As the customer wrote it; [`Source::parse`] reads it back.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::International(digits) => write!(f, "+{digits}"),
            other => f.write_str(other.octets()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_read_by_their_shape() {
        assert_eq!(Source::parse("+31612345678"), Ok(Source::International("31612345678".into())));
        assert_eq!(Source::parse("31612345678"), Ok(Source::International("31612345678".into())));
        assert_eq!(Source::parse("12345"), Ok(Source::Short("12345".into())));
        assert_eq!(Source::parse("YOURAPP"), Ok(Source::Alphanumeric("YOURAPP".into())));
        assert_eq!(Source::parse("Café 24"), Ok(Source::Alphanumeric("Café 24".into())));
    }

    #[test]
    fn what_no_handset_shows_is_refused() {
        for bad in ["", "12", "+12", "1234567890123456", "TWELVELETTER", "日本", " ", "A\nB"] {
            assert_eq!(Source::parse(bad), Err(BadSource), "{bad}");
        }
    }
}
