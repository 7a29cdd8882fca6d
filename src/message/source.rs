//! Who a message is from, as the handset shows it.

use crate::number::e164::E164;
use crate::text::gsm7;
use std::fmt;

/// The sender of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The carrier puts its own.
    Unset,
    /// A number with its country code, without `+`: 7 to 15 digits, of which the first is never 0.
    International(Box<str>),
    /// A short code: 3 to 8 digits, as written.
    Short(Box<str>),
    /// 1 to 11 characters of the GSM alphabet; those of its extension table count twice.
    Alphanumeric(Box<str>),
}

closed_set! {
    /// Of what kind a sender is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(missing_docs, reason = "each is the sender of its name")]
    pub enum SourceKind: number, from_number {
        Unset = 0,
        International = 1,
        Short = 2,
        Alphanumeric = 3,
    }
}

/// Why a sender is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSource {
    /// It has the shape of none.
    #[error("a sender is a number of 3 to 15 digits or 1 to 11 characters of the GSM alphabet")]
    Shape,
    /// It is a name of few enough characters, of which some count twice.
    #[error("a name has 11 places of the GSM alphabet, of which each of €[]{{}}\\^~| takes two")]
    Wide,
    /// No country code begins with 0.
    #[error("a number with its country code does not begin with 0; write it as +31612345678")]
    Zero,
    /// It is written as a national number, and nobody says of which country.
    #[error("a number that begins with 0 is a national one; write it with + and its country code, as +31612345678")]
    National,
    /// It is written as a national number, and is none of its country.
    #[error("is not a number of the account's region; write it with + and its country code, as +31612345678")]
    NotOfRegion,
}

/// Characters of a name over the air: an address has 80 bits (3GPP TS 23.040, 9.1.2.5).
const SEPTETS_MAX: usize = 11;

impl Source {
    /// Reads a sender as a customer writes it: `+31612345678`, `0031612345678`, `12345` or `YOURAPP`.
    pub fn parse(text: &str) -> Result<Self, BadSource> {
        Self::parse_in(text, None)
    }

    /// The same, with national numbers such as `0612345678` read as those of `region`, in ISO letters.
    pub fn parse_in(text: &str, region: Option<&str>) -> Result<Self, BadSource> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()) {
            return Self::number(digits, text.starts_with('+'), region);
        }
        let septets: Option<usize> = text.chars().map(|it| gsm7::septets(it).filter(|_| !it.is_control())).sum();
        match septets.filter(|_| !text.trim().is_empty()) {
            Some(0..=SEPTETS_MAX) => Ok(Self::Alphanumeric(text.into())),
            Some(_) if text.chars().count() <= SEPTETS_MAX => Err(BadSource::Wide),
            _ => Err(BadSource::Shape),
        }
    }

    /// What a few digits are is said by whoever gave them out; more of them are a number, and 00 in front of it is what
    /// people dial for the +.
    fn number(digits: &str, plus: bool, region: Option<&str>) -> Result<Self, BadSource> {
        if !plus && (3..=8).contains(&digits.len()) {
            return Ok(Self::Short(digits.into()));
        }
        let dialled = if plus { None } else { digits.strip_prefix("00") };
        let bare = dialled.unwrap_or(digits);
        match (bare.starts_with('0'), region) {
            (false, _) if (7..=15).contains(&bare.len()) => Ok(Self::International(bare.into())),
            (true, _) if plus || dialled.is_some() => Err(BadSource::Zero),
            (true, Some(_)) if 8 < digits.len() => {
                let number = E164::parse(digits, region).map_err(|_| BadSource::NotOfRegion)?;
                Ok(Self::International((*number.digits()).into()))
            }
            (true, None) if (9..=15).contains(&digits.len()) => Err(BadSource::National),
            _ => Err(BadSource::Shape),
        }
    }

    /// Of what kind it is.
    pub const fn kind(&self) -> SourceKind {
        match self {
            Self::Unset => SourceKind::Unset,
            Self::International(_) => SourceKind::International,
            Self::Short(_) => SourceKind::Short,
            Self::Alphanumeric(_) => SourceKind::Alphanumeric,
        }
    }

    /// The sender of a kind and of its [`Source::octets`].
    pub fn of(kind: SourceKind, octets: Box<str>) -> Self {
        match kind {
            SourceKind::Unset => Self::Unset,
            SourceKind::International => Self::International(octets),
            SourceKind::Short => Self::Short(octets),
            SourceKind::Alphanumeric => Self::Alphanumeric(octets),
        }
    }

    /// The digits or letters, as they go on the wire.
    pub fn octets(&self) -> &str {
        match self {
            Self::Unset => "",
            Self::International(text) | Self::Short(text) | Self::Alphanumeric(text) => text,
        }
    }
}

/// As it is compared and shown, however it was written; [`Source::parse`] reads it back.
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
        let bad = ["", "12", "0", "00", "+12", "1234567890123456", "TWELVELETTER", "日本", " ", "A\nB"];
        for bad in bad {
            assert_eq!(Source::parse(bad), Err(BadSource::Shape), "{bad}");
        }
        // Those of the extension table take two of the eleven septets of an address.
        assert_eq!(Source::parse("SEVENLE€["), Ok(Source::Alphanumeric("SEVENLE€[".into())));
        assert_eq!(Source::parse("EIGHTLET€["), Err(BadSource::Wide));
    }

    #[test]
    fn a_number_that_begins_with_0_is_read_as_people_mean_it_or_refused_with_a_sentence() {
        let international = |digits: &str| Ok(Source::International(digits.into()));
        let rows = [
            ("0031612345678", None, international("31612345678")),
            ("0031612345678", Some("DE"), international("31612345678")),
            ("0612345678", Some("NL"), international("31612345678")),
            ("0612345678", None, Err(BadSource::National)),
            ("06123456789012", Some("NL"), Err(BadSource::NotOfRegion)),
            ("+0612345678", Some("NL"), Err(BadSource::Zero)),
            ("+0031612345678", None, Err(BadSource::Zero)),
            ("000612345678", Some("NL"), Err(BadSource::Zero)),
            ("00000", None, Ok(Source::Short("00000".into()))),
            ("00000", Some("NL"), Ok(Source::Short("00000".into()))),
            ("0000000000000000", Some("NL"), Err(BadSource::Zero)),
            ("0612345678901234", None, Err(BadSource::Shape)),
        ];
        for (text, region, expected) in rows {
            let read = Source::parse_in(text, region);
            assert_eq!(read, expected, "{text} {region:?}");
            if let Ok(read) = read {
                assert_eq!(Source::parse(&read.to_string()), Ok(read), "{text}");
            }
        }
    }
}
