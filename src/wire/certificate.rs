//! Reads of a certificate what is told about it: until when it is good, and its public key.
//!
//! ```text
//! Certificate ::= SEQUENCE { tbsCertificate SEQUENCE {
//!     [0] version?, serialNumber, signature, issuer, validity { notBefore, notAfter }, subject,
//!     subjectPublicKeyInfo, … }, … }                                    (RFC 5280, section 4.1)
//! ```
//!
//! Nothing is decided by what is read here: whether a certificate is accepted is rustls' business.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// What is told of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// The moment after which it is not accepted any more.
    pub expires: OffsetDateTime,
    /// The SubjectPublicKeyInfo in DER, its tag and length included: what pins of keys are made of.
    pub public_key: &'a [u8],
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xA0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

impl<'a> Certificate<'a> {
    /// Reads a certificate in DER; `None` when it is none.
    pub fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader(der);
        let mut certificate = Reader(outer.expect(SEQUENCE)?.content);
        let mut fields = Reader(certificate.expect(SEQUENCE)?.content);
        if fields.0.first() == Some(&VERSION) {
            fields.next()?;
        }
        let (_serial, _signature, _issuer) = (fields.next()?, fields.next()?, fields.next()?);
        let mut validity = Reader(fields.expect(SEQUENCE)?.content);
        let (_not_before, not_after) = (validity.next()?, validity.next()?);
        let _subject = fields.next()?;
        let public_key = fields.expect(SEQUENCE)?.whole;
        Some(Self { expires: read_time(not_after.tag, not_after.content)?, public_key })
    }
}

/// What is left of a sequence of elements in DER.
struct Reader<'a>(&'a [u8]);

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Element<'a>> {
        let (tag, first) = (*self.0.first()?, *self.0.get(1)?);
        // The long form: so many octets of length follow. Four suffice for anything that fits into a handshake.
        let long = if first < 0x80 { 0 } else { usize::from(first & 0x7F) };
        if first == 0x80 || 4 < long {
            return None;
        }
        let length = match long {
            0 => usize::from(first),
            _ => self.0.get(2..2 + long)?.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)),
        };
        let (begin, end) = (2 + long, (2 + long).checked_add(length)?);
        let whole = self.0.get(..end)?;
        self.0 = &self.0[end..];
        Some(Element { tag, content: &whole[begin..], whole })
    }

    fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|it| it.tag == tag)
    }
}

/// `YYMMDDhhmmssZ` of 1950 to 2049, or `YYYYMMDDhhmmssZ` (RFC 5280, section 4.1.2.5).
fn read_time(tag: u8, text: &[u8]) -> Option<OffsetDateTime> {
    let digits = text.strip_suffix(b"Z").filter(|it| it.iter().all(u8::is_ascii_digit))?;
    let pair = |at: usize| Some((digits.get(at)? - b'0') * 10 + (digits.get(at + 1)? - b'0'));
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => (i32::from(pair(0)?) + if pair(0)? < 50 { 2000 } else { 1900 }, 2),
        (GENERALIZED_TIME, 14) => (i32::from(pair(0)?) * 100 + i32::from(pair(2)?), 4),
        _ => return None,
    };
    let date = Date::from_calendar_date(year, Month::try_from(pair(rest)?).ok()?, pair(rest + 2)?).ok()?;
    let time = Time::from_hms(pair(rest + 4)?, pair(rest + 6)?, pair(rest + 8)?).ok()?;
    Some(date.with_time(time).assume_offset(UtcOffset::UTC))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut whole = match length {
            0..0x80 => vec![tag, length as u8],
            _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        };
        whole.extend_from_slice(content);
        whole
    }

    fn certificate(version: bool, not_after: &[u8]) -> Vec<u8> {
        let before = element(UTC_TIME, b"250101000000Z");
        let fields = [
            if version { element(VERSION, &element(2, &[2])) } else { Vec::new() },
            element(2, &[7]),
            element(SEQUENCE, &[]),
            element(SEQUENCE, &[0; 200]),
            element(SEQUENCE, &[&before[..], not_after].concat()),
            element(SEQUENCE, &[]),
            element(SEQUENCE, b"the key"),
        ];
        element(SEQUENCE, &element(SEQUENCE, &fields.concat()))
    }

    #[test]
    fn the_end_is_read_in_both_notations_with_a_version_and_without() {
        for (version, not_after, unix) in [
            (true, element(UTC_TIME, b"491231235959Z"), 2_524_607_999),
            (false, element(UTC_TIME, b"700101000000Z"), 0),
            (true, element(GENERALIZED_TIME, b"20500101000000Z"), 2_524_608_000),
        ] {
            let der = certificate(version, &not_after);
            let read = Certificate::read(&der).unwrap();
            assert_eq!(read.expires.unix_timestamp(), unix);
            assert_eq!(read.public_key, element(SEQUENCE, b"the key"));
        }
        for wrong in [element(UTC_TIME, b"491331235959Z"), element(UTC_TIME, b"4912312359Z"), element(4, b"x")] {
            assert_eq!(Certificate::read(&certificate(true, &wrong)), None);
        }
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(cut in 0_usize..300, place in 0_usize..300, octet: u8) {
            let mut der = certificate(true, &element(UTC_TIME, b"491231235959Z"));
            let place = place % der.len();
            der[place] = octet;
            der.truncate(cut);
            Certificate::read(&der);
        }
    }
}
