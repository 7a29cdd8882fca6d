//! The text of a receipt: SMPP 3.4, appendix B, and what carriers make of it.
//!
//! ```text
//! id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E text:…
//! ```
//!
//! It is read by rule, not by sample: keys in any order and case, any of them missing, with
//! anything before and between them. A key counts where no letter or digit stands before it;
//! the first of its name counts; behind `text:` only keys that have not been seen count.
//!
//! Another layout is a list with commas:
//!
//! ```text
//! status,done date,submit date,error,handset,id,reference
//! ```

use crate::carrier::date::moment;
use crate::message::status::Status;

/// More pairs under other keys are passed by.
const OTHERS_MAX: usize = 16;
/// A longer word before a colon is no key.
const OTHER_KEY_MAX: usize = 32;
/// Longer values of other keys are cut, in characters.
const OTHER_VALUE_MAX: usize = 64;
/// Blanks within a key and before its colon; with more it is no key.
const BLANKS_MAX: usize = 3;
/// Fields of the layout with commas.
const FIELDS: usize = 7;

/// What the text of a receipt says; any of it may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptText {
    /// How it was written.
    pub layout: Layout,
    /// The carrier's id.
    pub id: Option<String>,
    /// The carrier's word.
    pub stat: Option<String>,
    /// The carrier's error code: a number or not.
    pub err: Option<String>,
    /// When the carrier took the message, as written; see [`moment`].
    pub submit_date: Option<String>,
    /// When the carrier says that it happened, as written; see [`moment`].
    pub done_date: Option<String>,
    /// How many parts were submitted, as written. Carriers write anything here; nothing depends on it.
    pub sub: Option<String>,
    /// How many parts arrived, as written; of no more worth than `sub`.
    pub dlvrd: Option<String>,
    /// The beginning of the message, or what the carrier writes in its place.
    pub text: Option<String>,
    /// Pairs of other keys and their values, in their order; values may be empty. At most 16,
    /// with keys of at most 32 characters and values of at most 64.
    pub others: Vec<(String, String)>,
}

/// How the text of a receipt is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Keys and values, as appendix B has it.
    #[default]
    Keys,
    /// Fields between commas. The two known examples are of Vodafone: `00` stands in the one
    /// without an error and so is an arrival, `01` in the one with an error and so is a failure.
    /// Of the dates the later one stands first; the number behind the handset is taken for the
    /// id, and the last field is kept under the key `reference`.
    Commas,
}

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
    Other,
}

/// How the keys are written; a blank stands for none to [`BLANKS_MAX`] of them.
const NAMES: [(&str, Key); 8] = [
    ("id", Key::Id),
    ("sub", Key::Sub),
    ("dlvrd", Key::Dlvrd),
    ("submit date", Key::SubmitDate),
    ("done date", Key::DoneDate),
    ("stat", Key::Stat),
    ("err", Key::Err),
    ("text", Key::Text),
];

/// A key in its place: where it begins, and where its value begins.
#[derive(Clone, Copy)]
struct Place {
    key: Key,
    at: usize,
    from: usize,
}

impl ReceiptText {
    /// Reads octets without their user data header. Keys are ASCII in every alphabet but UTF-16,
    /// which shows by its NULs and not by data_coding; what follows `text:` may be in another alphabet.
    pub fn read(octets: &[u8]) -> Self {
        Self::parse(&readable(octets))
    }

    /// Reads a text. One without any key of a receipt gives nothing.
    pub fn parse(text: &str) -> Self {
        let found = places(text);
        if !found.iter().any(|it| it.key != Key::Other) {
            return commas(text).unwrap_or_default();
        }
        let value = |place: usize| {
            let end = found.get(place + 1).map_or(text.len(), |it| it.at);
            &text[found[place].from..end]
        };
        let whole = |wanted: Key| {
            let value = value(found.iter().position(|it| it.key == wanted)?);
            Some(if wanted == Key::Text { trim(&mixed(value)).to_owned() } else { trim(value).to_owned() })
        };
        let filled = |wanted: Key| whole(wanted).filter(|it| !it.is_empty());
        let word = |wanted: Key| filled(wanted).and_then(|it| it.split_whitespace().next().map(str::to_owned));
        let other = |place: usize, it: &Place| {
            let key = text[it.at..it.from].trim_end_matches(':').to_owned();
            (key, trim(value(place)).chars().take(OTHER_VALUE_MAX).collect())
        };
        let others = found.iter().enumerate().filter(|(_, it)| it.key == Key::Other);
        Self {
            layout: Layout::Keys,
            id: word(Key::Id),
            stat: word(Key::Stat),
            err: word(Key::Err),
            submit_date: filled(Key::SubmitDate),
            done_date: filled(Key::DoneDate),
            sub: word(Key::Sub),
            dlvrd: word(Key::Dlvrd),
            text: filled(Key::Text),
            others: others.map(|(place, it)| other(place, it)).collect(),
        }
    }

    /// Whether this can be a receipt at all.
    pub const fn is_receipt(&self) -> bool {
        self.id.is_some() && self.stat.is_some()
    }

    /// The normalised word of what it says; `None` if it says none.
    pub fn status(&self) -> Option<Status> {
        let stat = self.stat.as_deref()?;
        Some(match (self.layout, stat) {
            (Layout::Keys, word) => status_of_word(word),
            (Layout::Commas, "00") => Status::Delivered,
            (Layout::Commas, "01") => Status::Failed,
            (Layout::Commas, _) => Status::Unknown,
        })
    }
}

/// Every key of a text, in its order.
fn places(text: &str) -> Vec<Place> {
    let mut found: Vec<Place> = Vec::with_capacity(NAMES.len());
    let (mut at, mut before, mut others) = (0, ' ', 0);
    while let Some(next) = text[at..].chars().next() {
        // Most places are not the beginning of a word, and most words not that of a key.
        let begins = !before.is_alphanumeric() && !matches!(before, '_' | '-') && next.is_ascii_alphabetic();
        let seen = |key: Key| found.iter().any(|it| it.key == key);
        let place = begins.then(|| key(&text[at..]).filter(|it| !seen(it.0))).flatten().or_else(|| {
            let in_text = found.last().is_some_and(|it| it.key == Key::Text);
            let may = begins && before.is_whitespace() && !in_text && others < OTHERS_MAX;
            may.then(|| other_key(&text[at..])).flatten()
        });
        if let Some((key, length)) = place {
            others += usize::from(key == Key::Other);
            found.push(Place { key, at, from: at + length });
            at += length;
            before = ':';
        } else {
            at += next.len_utf8();
            before = next;
        }
    }
    found
}

/// The key of a receipt that a text begins with, and the length of it with its colon.
fn key(text: &str) -> Option<(Key, usize)> {
    NAMES.iter().find_map(|(name, key)| {
        let rest = name.chars().try_fold(text, |rest, wanted| {
            if wanted == ' ' {
                Some(without_blanks(rest))
            } else {
                rest.strip_prefix(|it| wanted.eq_ignore_ascii_case(&it))
            }
        })?;
        let rest = without_blanks(rest).strip_prefix(':')?;
        Some((*key, text.len() - rest.len()))
    })
}

fn without_blanks(text: &str) -> &str {
    let blank = |it: char| it == '_' || it.is_whitespace();
    (0..BLANKS_MAX).fold(text, |rest, _| rest.strip_prefix(blank).unwrap_or(rest))
}

/// A key of the carrier's own.
fn other_key(text: &str) -> Option<(Key, usize)> {
    let is_name = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
    let length = text.bytes().take(OTHER_KEY_MAX + 1).take_while(|it| is_name(*it)).count();
    let known = NAMES.iter().any(|(name, _)| name.eq_ignore_ascii_case(&text[..length]));
    (!known && length <= OTHER_KEY_MAX && text[length..].starts_with(':')).then_some((Key::Other, length + 1))
}

/// Reads the layout with commas.
fn commas(text: &str) -> Option<ReceiptText> {
    let fields: Vec<&str> = text.splitn(FIELDS, ',').map(trim).collect();
    let [status, done, submit, error, handset, id, reference] = fields[..] else { return None };
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let is_receipt = is_number(status) && is_number(handset) && [done, submit].iter().all(|it| moment(it, 0).is_some());
    let some = |it: &str| (!it.is_empty()).then(|| it.to_owned());
    (is_receipt && status.len() == 2).then(|| ReceiptText {
        layout: Layout::Commas,
        id: some(id),
        stat: some(status),
        err: some(error),
        submit_date: some(submit),
        done_date: some(done),
        others: vec![("reference".to_owned(), reference.chars().take(OTHER_VALUE_MAX).collect())],
        ..ReceiptText::default()
    })
}

fn trim(text: &str) -> &str {
    text.trim_matches(|it: char| it == '\0' || it.is_whitespace())
}

/// The octets as characters: UTF-16 where more than half of the units have a NUL, else UTF-8
/// where they are it, else Latin-1, which takes everything.
fn readable(octets: &[u8]) -> String {
    let pairs = || octets.chunks_exact(2).map(|it| [it[0], it[1]]);
    let most = |count: usize| octets.len() / 2 < 2 * count;
    let big = pairs().filter(|it| it[0] == 0 && it[1] != 0).count();
    let little = pairs().filter(|it| it[1] == 0 && it[0] != 0).count();
    if most(big) {
        return utf16(pairs().map(u16::from_be_bytes));
    }
    if most(little) {
        return utf16(pairs().map(u16::from_le_bytes));
    }
    std::str::from_utf8(octets).map_or_else(|_| octets.iter().map(|it| char::from(*it)).collect(), str::to_owned)
}

/// The value of `text:` of a receipt that is not in UTF-16: it may be so by itself, which shows
/// by its even length and by control characters in every other place.
fn mixed(value: &str) -> String {
    let octets: Option<Vec<u8>> = value.chars().map(|it| u8::try_from(it).ok()).collect();
    let Some(octets) = octets.filter(|it| it.len() % 2 == 0 && !it.is_empty()) else { return value.to_owned() };
    let (pairs, is_control) = (octets.chunks_exact(2), |it: &[u8]| it[0] < 0x20);
    // Of the NULs that pad a text nothing is to be read.
    if pairs.clone().all(is_control) && pairs.clone().any(|it| it[0] != 0 || it[1] != 0) {
        utf16(pairs.map(|it| u16::from_be_bytes([it[0], it[1]])))
    } else {
        value.to_owned()
    }
}

fn utf16(units: impl Iterator<Item = u16>) -> String {
    char::decode_utf16(units).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The normalised word of a carrier's word; what nobody knows is [`Status::Unknown`].
pub fn status_of_word(word: &str) -> Status {
    let word: String = word.trim().to_ascii_uppercase().replace(['_', '-'], "");
    let starts = |any: &[&str]| any.iter().any(|it| word.starts_with(it));
    if starts(&["UNDEL", "NOTDEL", "NONDEL", "REJEC", "DELET", "DND", "NACK", "SKIP"]) || word.contains("FAIL") {
        Status::Failed
    } else if starts(&["DELIVR", "DELIVER", "DELVR", "DLVRD"]) && word != "DELIVERY" {
        Status::Delivered
    } else if starts(&["EXPIR"]) {
        Status::Expired
    } else if starts(&["ENROUT", "ACCEP", "ACKED", "BUFF", "SUBMIT"]) {
        Status::Sent
    } else if starts(&["SCHED"]) {
        Status::Queued
    } else {
        Status::Unknown
    }
}

/// The normalised word and the receipt word of a `message_state` (SMPP 3.4, 5.2.28; 5.0).
pub const fn status_of_state(state: u8) -> (Status, &'static str) {
    match state {
        0 => (Status::Queued, "SCHEDULED"),
        1 => (Status::Sent, "ENROUTE"),
        2 => (Status::Delivered, "DELIVRD"),
        3 => (Status::Expired, "EXPIRED"),
        4 => (Status::Failed, "DELETED"),
        5 => (Status::Failed, "UNDELIV"),
        6 => (Status::Sent, "ACCEPTD"),
        8 => (Status::Failed, "REJECTD"),
        9 => (Status::Failed, "SKIPPED"),
        _ => (Status::Unknown, "UNKNOWN"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, String, String) {
        let it = ReceiptText::parse(text);
        (it.id.unwrap_or_default(), it.stat.unwrap_or_default(), it.err.unwrap_or_default())
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

    #[test]
    fn words_are_normalised() {
        for (word, status) in [
            ("DELIVRD", Status::Delivered),
            ("UNDELIV", Status::Failed),
            ("UNDELVRD", Status::Failed),
            ("REJECTD", Status::Failed),
            ("EXPIRED", Status::Expired),
            ("ACCEPTD", Status::Sent),
            ("BuFfErEd", Status::Sent),
            ("EN_ROUTE", Status::Sent),
            ("UNKNOWN", Status::Unknown),
            ("DND_REJECTED", Status::Failed),
            ("BROKEN_9", Status::Unknown),
            ("0", Status::Unknown),
        ] {
            assert_eq!(status_of_word(word), status, "{word}");
        }
    }
}
