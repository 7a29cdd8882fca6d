//! The text of a receipt: SMPP 3.4, appendix B, and what carriers make of it.
//!
//! ```text
//! id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E text:…
//! 00,YYMMDDhhmm,YYMMDDhhmm,EE,NNNNNNNNNNN,PPPPPPPPPPPPPP,IIIIIIIIII
//! ```
//!
//! It is read by rule, not by sample: keys in any order and case, any of them missing, with anything before and
//! between them. A key counts where it does not continue a word; behind `text:` only keys that have not been
//! seen count. What no rule knows is kept as it stands, up to [`ReceiptText::OTHER_MAX`] values.

use nom::branch::alt;
use nom::bytes::complete::{tag_no_case, take_while_m_n};
use nom::character::complete::{char, multispace0};
use nom::combinator::value;
use nom::{IResult, Parser};
use std::borrow::Cow;

/// A key of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Id,
    Sub,
    Dlvrd,
    SubmitDate,
    DoneDate,
    Stat,
    Err,
    Text,
    /// One that no rule knows.
    Other,
}

/// What the text of a receipt says, as written; any of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptText {
    /// The carrier's id.
    pub id: Option<String>,
    /// How many messages were submitted. Carriers write anything here: for people to read, never to be trusted.
    pub sub: Option<String>,
    /// How many of them arrived; as little to be trusted.
    pub dlvrd: Option<String>,
    /// When the carrier took it, see [`crate::carrier::receipt_time::parse`].
    pub submit_date: Option<String>,
    /// When the carrier says that it happened.
    pub done_date: Option<String>,
    /// The carrier's word, see [`crate::carrier::reported_status`].
    pub stat: Option<String>,
    /// The carrier's error code: digits, hexadecimal, a name, or a placeholder.
    pub err: Option<String>,
    /// The beginning of the message, or what the carrier has to say instead.
    pub text: Option<String>,
    /// Keys that no rule knows, and their values, in their order; at most [`Self::OTHER_MAX`].
    pub other: Vec<(String, String)>,
    /// It has commas instead of keys: its words are numbers of their own.
    pub separated: bool,
}

/// A key in a text, and where it and its value begin.
struct Found {
    key: Key,
    at: usize,
    value: usize,
}

impl ReceiptText {
    /// More unknown keys than any carrier was seen to write.
    pub const OTHER_MAX: usize = 16;
    /// Longer words before a colon are no keys.
    const NAME_MAX: usize = 32;

    /// Reads the octets of a receipt. `udhi` says that they begin with a user data header. Keys are ASCII in every
    /// alphabet but UTF-16, which is seen by its zeros: `data_coding` often says one thing and the text is another.
    /// What is not a key is read leniently.
    pub fn read(octets: &[u8], udhi: bool) -> Self {
        let behind = octets.split_first().filter(|_| udhi).and_then(|(length, rest)| rest.get(usize::from(*length)..));
        let text = behind.unwrap_or(octets);
        let narrow = match std::str::from_utf8(text) {
            Ok(text) => Self::parse(text),
            Err(_) => Self::parse(&text.iter().map(|it| char::from(*it)).collect::<String>()),
        };
        // In UTF-16 no key stands in octets that follow each other; where one does, zeros are those of `text:`.
        if narrow != Self::default() {
            return narrow;
        }
        // A receipt is mostly keys. The NULs that fill one up behind its end are not meant.
        let filled = text.iter().rposition(|it| *it != 0).map_or(0, |it| it + 1);
        let zeros = |from: usize| text[..filled].iter().skip(from).step_by(2).filter(|it| **it == 0).count();
        let most = (filled / 4).max(2);
        let units = |from: fn([u8; 2]) -> u16| -> String {
            let units = text.chunks_exact(2).map(|it| from([it[0], it[1]])).filter(|it| *it != 0xFEFF);
            char::decode_utf16(units).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        };
        if most <= zeros(0) {
            Self::parse(&units(u16::from_be_bytes))
        } else if most <= zeros(1) {
            Self::parse(&units(u16::from_le_bytes))
        } else {
            narrow
        }
    }

    /// Reads a text. One without any key of a receipt gives nothing.
    pub fn parse(text: &str) -> Self {
        let text = if text.contains('\u{A0}') { Cow::Owned(text.replace('\u{A0}', " ")) } else { Cow::Borrowed(text) };
        let found = keys(&text);
        if found.is_empty() {
            return read_separated(&text).unwrap_or_default();
        }
        let mut read = Self::default();
        for (place, it) in found.iter().enumerate() {
            let end = found.get(place + 1).map_or(text.len(), |it| it.at);
            let value = trim(&text[it.value..end]);
            let whole = || (!value.is_empty()).then(|| value.to_owned());
            let word = || {
                let word = value.split_whitespace().next()?.trim_end_matches([',', ';', '\0']);
                (!word.is_empty()).then(|| word.to_owned())
            };
            match it.key {
                Key::Id => read.id = word(),
                Key::Sub => read.sub = word(),
                Key::Dlvrd => read.dlvrd = word(),
                Key::Stat => read.stat = word(),
                Key::Err => read.err = word(),
                Key::SubmitDate => read.submit_date = whole(),
                Key::DoneDate => read.done_date = whole(),
                Key::Text => read.text = whole(),
                Key::Other => read.other.push((text[it.at..it.value - 1].to_owned(), value.to_owned())),
            }
        }
        read
    }

    /// Whether this can be a receipt at all: it names a message and says where it stands.
    pub const fn is_receipt(&self) -> bool {
        self.id.is_some() && self.stat.is_some()
    }

    /// The error code as a number, where it is a decimal one.
    pub fn error_number(&self) -> Option<u32> {
        self.err.as_ref()?.parse().ok()
    }
}

/// Without the NULs and blanks around it.
fn trim(text: &str) -> &str {
    text.trim_matches(|it: char| it == '\0' || it.is_whitespace())
}

/// Every key, in the order of the text.
fn keys(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::with_capacity(8);
    // Whether a word may begin here, and whether nothing but a blank stands before.
    let (mut at, mut boundary, mut blank) = (0, true, true);
    // What was found is looked through for every key: without a bound a text of keys costs its square.
    let mut others = 0;
    while let Some(next) = text[at..].chars().next() {
        let octets = &text.as_bytes()[at..];
        // Most places are not the beginning of a word, and most words not that of a key.
        let known = if boundary && next.is_ascii_alphabetic() { key(octets).ok() } else { None };
        if let Some((rest, key)) = known.filter(|(_, key)| !found.iter().any(|it| it.key == *key)) {
            found.push(Found { key, at, value: text.len() - rest.len() });
            at = text.len() - rest.len();
            (boundary, blank) = (true, key == Key::Text);
            continue;
        }
        let in_text = found.last().is_some_and(|it| it.key == Key::Text);
        if known.is_none()
            && blank
            && others < ReceiptText::OTHER_MAX
            && !in_text
            && let Some(length) = unknown(octets)
        {
            found.push(Found { key: Key::Other, at, value: at + length + 1 });
            others += 1;
            at += length + 1;
            (boundary, blank) = (true, false);
            continue;
        }
        blank = next.is_whitespace() || next == '\0';
        // What joins words does not begin one.
        boundary = if matches!(next, '_' | '-') { boundary } else { !next.is_alphanumeric() };
        at += next.len_utf8();
    }
    // Words before colons are not a receipt while none of them is a key of one.
    if found.iter().all(|it| it.key == Key::Other) { Vec::new() } else { found }
}

/// The length of a key that no rule knows: a word that begins with a letter and stands before a colon.
fn unknown(octets: &[u8]) -> Option<usize> {
    let length = octets
        .iter()
        .take(ReceiptText::NAME_MAX + 1)
        .take_while(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-'))
        .count();
    let named = octets.first().is_some_and(u8::is_ascii_alphabetic) && octets.get(length) == Some(&b':');
    (named && length <= ReceiptText::NAME_MAX).then_some(length)
}

/// Seven values between commas, as Vodafone writes them: 00 or 01, done and submit date, error code, recipient,
/// a number of theirs, id.
fn read_separated(text: &str) -> Option<ReceiptText> {
    let values: Vec<&str> = text.split(',').map(trim).collect();
    let [stat, done, submit, err, recipient, _, id] = values[..] else { return None };
    let digits = |it: &str, length: usize| it.len() == length && it.bytes().all(|it| it.is_ascii_digit());
    let fits = digits(stat, 2) && digits(done, 10) && digits(submit, 10) && digits(recipient, recipient.len());
    let some = |it: &str| (!it.is_empty()).then(|| it.to_owned());
    (fits && !id.is_empty() && !id.contains(char::is_whitespace)).then(|| ReceiptText {
        id: some(id),
        stat: some(stat),
        err: some(err),
        done_date: some(done),
        submit_date: some(submit),
        separated: true,
        ..ReceiptText::default()
    })
}

/// The key that the octets begin with; all of it is ASCII.
fn key(input: &[u8]) -> IResult<&[u8], Key> {
    let date = |first: &'static str| {
        (tag_no_case(first), take_while_m_n(0, 3, |it: u8| it == b'_' || it.is_ascii_whitespace()), tag_no_case("date"))
    };
    let name = alt((
        value(Key::SubmitDate, date("submit")),
        value(Key::DoneDate, date("done")),
        value(Key::Id, tag_no_case("id")),
        value(Key::Sub, tag_no_case("sub")),
        value(Key::Dlvrd, tag_no_case("dlvrd")),
        value(Key::Stat, tag_no_case("stat")),
        value(Key::Err, tag_no_case("err")),
        value(Key::Text, tag_no_case("text")),
    ));
    let (rest, (key, _)) = (name, char(':')).parse(input)?;
    let (rest, _) = if key == Key::Text { (rest, &[][..]) } else { multispace0(rest)? };
    Ok((rest, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::Dialect;
    use crate::carrier::receipt_time;
    use crate::carrier::reported_status::reported_status;
    use crate::message::time::Time;

    fn read(text: &str) -> (String, String, String) {
        let it = ReceiptText::parse(text);
        (it.id.unwrap_or_default(), it.stat.unwrap_or_default(), it.err.unwrap_or_default())
    }

    #[test]
    fn a_text_of_nothing_but_keys_is_searched_within_bounds() {
        let flood = "x: id: ".repeat(9_000);
        assert!(keys(&flood).len() <= ReceiptText::OTHER_MAX + 8);
    }

    #[test]
    fn keys_are_found_in_any_order_case_and_company() {
        for (text, id, stat, err) in [
            (
                "id:0123456789 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 stat:DELIVRD err:000 text:",
                "0123456789",
                "DELIVRD",
                "000",
            ),
            (
                "sub:001 id:4 dlvrd:001 done date:1006020051 stat:DELIVRD submit date:1006020051 err:000 Text:Hello",
                "4",
                "DELIVRD",
                "000",
            ),
            ("4790000000SMSAlert^id:1054BC63 sub:0 dlvrd:1 stat:DELIVRD err: text:", "1054BC63", "DELIVRD", ""),
            ("ID: 77\tSTAT:Delivered\nErr:21b", "77", "Delivered", "21b"),
            ("myid:5 id:6 resubmit:1 stat:EXPIRED text:id:7 stat:DELIVRD", "6", "EXPIRED", ""),
            ("id: sub:001 dlvrd:000 stat:UNDELIV err:001 text:failed", "", "UNDELIV", "001"),
            ("id:40072 stat:UNDELIV err:001 IMSI: MSC: ORN:VipNet MCCMNC:", "40072", "UNDELIV", "001"),
            ("stat:EXPIRED err:255 id:0000AB12 done date:2607190900", "0000AB12", "EXPIRED", "255"),
            ("hello", "", "", ""),
            ("", "", "", ""),
        ] {
            assert_eq!(read(text), (id.to_owned(), stat.to_owned(), err.to_owned()), "{text}");
        }
    }

    /// The octets that a sample stands for.
    fn octets(sample: &str) -> Vec<u8> {
        let (mut octets, mut rest) = (Vec::new(), sample.chars());
        while let Some(next) = rest.next() {
            let octet = match (next, if next == '\\' { rest.next() } else { None }) {
                (_, Some('x')) => {
                    u8::from_str_radix(&rest.by_ref().take(2).collect::<String>(), 16).expect("two hexadecimal digits")
                }
                (_, Some('t')) => b'\t',
                (_, Some('n')) => b'\n',
                (it, None) => u8::try_from(it).expect("samples are ASCII"),
                (_, Some(it)) => panic!("what is \\{it}?"),
            };
            octets.push(octet);
        }
        octets
    }

    fn utc(at: Time) -> String {
        let date = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000_000).unwrap();
        let (day, clock) = (date.date(), date.time());
        let fraction = if clock.millisecond() == 0 { String::new() } else { format!(".{:03}", clock.millisecond()) };
        format!("{day}T{:02}:{:02}:{:02}{fraction}Z", clock.hour(), clock.minute(), clock.second())
    }

    /// The fields of a reading, as the table of samples has them.
    fn row(read: &ReceiptText) -> [String; 11] {
        let text = |it: &str| -> String {
            it.chars()
                .map(|it| if matches!(it, ' '..='~') { it.to_string() } else { format!("\\x{:02x}", u32::from(it)) })
                .collect()
        };
        let field = |it: &Option<String>| it.as_deref().map(text).unwrap_or_default();
        let at = |it: &Option<String>| {
            let at = receipt_time::parse(it.as_deref().unwrap_or_default(), 0);
            at.map(utc).unwrap_or_default()
        };
        let other = read.other.iter().map(|(key, value)| format!("{key}:{value}"));
        [
            if read.is_receipt() { "yes" } else { "no" }.to_owned(),
            field(&read.id),
            field(&read.stat),
            reported_status(read, None, &Dialect::default()).status.word().to_owned(),
            field(&read.err),
            at(&read.submit_date),
            at(&read.done_date),
            field(&read.sub),
            field(&read.dlvrd),
            field(&read.text),
            other.collect::<Vec<String>>().join(" "),
        ]
    }

    #[test]
    fn every_sample_is_read_as_expected_in_8_bits_in_utf_16_behind_a_header_and_padded() {
        let table = include_str!("../../fixtures/receipts/samples.tsv");
        let mut read = 0;
        for line in table.lines().filter(|it| !it.starts_with('#')).skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            let (expected, sample) = (&fields[..11], octets(fields[12]));
            assert_eq!(row(&ReceiptText::read(&sample, false)), expected, "{line}");
            let behind = [&[5, 0, 3, 0x84, 1, 1][..], &sample].concat();
            assert_eq!(row(&ReceiptText::read(&behind, true)), expected, "{line}");
            let padded = [&[0][..], &sample, &[0; 90]].concat();
            assert_eq!(row(&ReceiptText::read(&padded, false)), expected, "{line}");
            // The octets above ASCII are what the text says, whatever they are.
            let wide = |to: fn(u16) -> [u8; 2]| sample.iter().flat_map(|it| to(u16::from(*it))).collect::<Vec<u8>>();
            assert_eq!(row(&ReceiptText::read(&wide(u16::to_be_bytes), false)), expected, "{line}");
            assert_eq!(row(&ReceiptText::read(&wide(u16::to_le_bytes), false)), expected, "{line}");
            read += 1;
        }
        assert_eq!(read, 92);
    }
}
