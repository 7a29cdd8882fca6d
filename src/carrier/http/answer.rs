//! What the answer to a request means for each of its recipients.
//!
//! The carrier's own code decides where the table knows it, then a text that is found in the body, then the status
//! of HTTP. What an answer in 2xx says of an element that is not in it is not known.

use crate::carrier::answer::TOO_MANY_REQUESTS;
use crate::carrier::dialect::Dialect;
use crate::carrier::http::pointer::Pointer;
use crate::carrier::reason;
use crate::carrier::report::Answered;
use crate::message::attempt::{Answer, CarrierMessageId};
use crate::message::reason::Reason;
use serde_json::Value;
use std::collections::BTreeMap;

/// What an answer of HTTP can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The carrier took it.
    Taken,
    /// The same carrier, later.
    Later,
    /// The same carrier, later and slower; it costs no attempt.
    Throttled,
    /// Another carrier, now.
    Elsewhere,
    /// No carrier would take it.
    Never,
}

impl Verdict {
    /// Every verdict with its word.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("taken", Self::Taken),
        ("later", Self::Later),
        ("throttled", Self::Throttled),
        ("elsewhere", Self::Elsewhere),
        ("never", Self::Never),
    ];

    const fn answer(self) -> Answer {
        match self {
            Self::Taken => Answer::Taken,
            Self::Later | Self::Throttled => Answer::Later,
            Self::Elsewhere => Answer::Elsewhere,
            Self::Never => Answer::Never,
        }
    }
}

/// Where the carrier's id of a message is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Id {
    /// In our own idempotency key: the carrier knows the message by it.
    #[default]
    Own,
    /// In the answer, there.
    At(Pointer),
    /// In the answer, from behind this text to the next blank or quote.
    After(Box<str>),
}

/// How a carrier's answers are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Changes to the usual meaning of a status, 100 to 599.
    pub statuses: BTreeMap<u16, Verdict>,
    /// The same for a hundred of them: `5` for 5xx.
    pub families: BTreeMap<u8, Verdict>,
    /// Where the carrier's own code stands, in an element or in the whole.
    pub code: Option<Pointer>,
    /// What the codes mean; `*` is any other.
    pub codes: BTreeMap<Box<str>, Verdict>,
    /// Texts and what they mean, the first that is found.
    pub texts: Vec<(Box<str>, Verdict)>,
    /// Where the carrier's id stands, in an element or in the whole.
    pub id: Id,
    /// Where the answers to the single recipients stand, in their order.
    pub elements: Option<Pointer>,
}

/// An answer of HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// Its status.
    pub status: u16,
    /// It says when to come again.
    pub retry_after: bool,
    /// Its body; `None` where it could not be read to its end or is too long.
    pub body: Option<&'a [u8]>,
}

impl Table {
    /// What an answer means for each recipient; `keys` are our own ids of them, in their order.
    pub fn read(&self, reply: &Reply<'_>, dialect: &Dialect, keys: &[String]) -> Vec<Answered> {
        let whole = self.by_status(reply);
        let Some(body) = reply.body else {
            // Nobody knows what else it said.
            let answered =
                if whole == Verdict::Taken { Answered::UNKNOWN } else { answered(whole, reply.status, None) };
            return keys.iter().map(|_| answered.clone()).collect();
        };
        let text = String::from_utf8_lossy(body);
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let by_text = self.texts.iter().find(|(it, _)| text.contains(&**it)).map(|(_, verdict)| *verdict);
        let usual = by_text.unwrap_or(whole);
        let whole = |key| self.one(&value, &text, (usual, reply.status), (dialect, key));
        let Some(elements) = self.elements.as_ref().map(|it| it.each(&value)) else {
            return keys.iter().map(|key| whole(key)).collect();
        };
        if elements.is_empty() {
            // The whole may say no; a yes to nobody in particular says nothing.
            let unless_taken = |it: Answered| if it.answer == Answer::Taken { Answered::UNKNOWN } else { it };
            return keys.iter().map(|key| unless_taken(whole(key))).collect();
        }
        let one = |(at, key): (usize, &String)| match elements.get(at) {
            Some(element) => self.one(element, &element.to_string(), (usual, reply.status), (dialect, key)),
            None if usual == Verdict::Taken => Answered::UNKNOWN,
            None => answered(usual, reply.status, None),
        };
        keys.iter().enumerate().map(one).collect()
    }

    fn one(&self, value: &Value, text: &str, usual: (Verdict, u16), of: (&Dialect, &str)) -> Answered {
        let ((usual, status), (dialect, key)) = (usual, of);
        let code = self.code.as_ref().and_then(|it| it.text(value));
        let known = |it: &String| self.codes.get(it.as_str()).or_else(|| self.codes.get("*")).copied();
        let verdict = code.as_ref().and_then(known).unwrap_or(usual);
        let why = code.as_ref().and_then(|it| reason::of_code(dialect, it));
        let mut answered = answered(verdict, status, why);
        if verdict == Verdict::Taken {
            answered.carrier_message_id = match &self.id {
                Id::Own => CarrierMessageId::new(key),
                Id::At(pointer) => pointer.text(value).and_then(|it| CarrierMessageId::new(&it)),
                Id::After(mark) => after(text, mark).and_then(CarrierMessageId::new),
            };
        }
        answered
    }

    fn by_status(&self, reply: &Reply<'_>) -> Verdict {
        let family = u8::try_from(reply.status / 100).unwrap_or(0);
        let own = self.statuses.get(&reply.status).or_else(|| self.families.get(&family));
        own.copied().unwrap_or_else(|| usual(reply))
    }
}

/// What a status usually means. A redirect is not followed: what it is about would go to somebody else.
const fn usual(reply: &Reply<'_>) -> Verdict {
    match reply.status {
        200..=299 => Verdict::Taken,
        429 => Verdict::Throttled,
        503 if reply.retry_after => Verdict::Throttled,
        408 | 425 => Verdict::Later,
        // About us, or about the address: another carrier may take the message.
        401..=405 | 407 | 410 => Verdict::Elsewhere,
        400..=499 => Verdict::Never,
        _ => Verdict::Elsewhere,
    }
}

fn answered(verdict: Verdict, status: u16, reason: Option<Reason>) -> Answered {
    let command_status = match verdict {
        Verdict::Taken => 0,
        Verdict::Throttled => TOO_MANY_REQUESTS,
        _ => status.into(),
    };
    Answered {
        answer: verdict.answer(),
        command_status: Some(command_status),
        carrier_message_id: None,
        reason: (verdict != Verdict::Taken).then(|| reason.unwrap_or(Reason::SubmitError)),
        throttled: verdict == Verdict::Throttled,
        took: None,
    }
}

/// What stands behind a mark, to the next blank, quote, comma or angle bracket.
fn after<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    let (_, behind) = text.split_once(mark)?;
    let behind = behind.trim_start_matches([' ', '"', '\'']);
    behind.split(|it: char| it.is_whitespace() || "\"',;<>".contains(it)).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply<'_> {
        Reply { status, retry_after: false, body: Some(body.as_bytes()) }
    }

    fn read(table: &Table, reply: &Reply<'_>) -> Answered {
        table.read(reply, &Dialect::default(), &["own-0-1".to_owned()]).remove(0)
    }

    fn pointer(text: &str) -> Pointer {
        Pointer::parse(text).unwrap()
    }

    #[test]
    fn a_status_means_what_it_usually_does_unless_the_table_says_otherwise() {
        let table = Table {
            statuses: BTreeMap::from([(402, Verdict::Never)]),
            families: BTreeMap::from([(5, Verdict::Later)]),
            ..Table::default()
        };
        let rows = [
            (200, Verdict::Taken, Verdict::Taken),
            (202, Verdict::Taken, Verdict::Taken),
            (301, Verdict::Elsewhere, Verdict::Elsewhere),
            (400, Verdict::Never, Verdict::Never),
            (401, Verdict::Elsewhere, Verdict::Elsewhere),
            (402, Verdict::Elsewhere, Verdict::Never),
            (408, Verdict::Later, Verdict::Later),
            (422, Verdict::Never, Verdict::Never),
            (429, Verdict::Throttled, Verdict::Throttled),
            (500, Verdict::Elsewhere, Verdict::Later),
            (503, Verdict::Elsewhere, Verdict::Later),
            (99, Verdict::Elsewhere, Verdict::Elsewhere),
        ];
        for (status, usual, changed) in rows {
            for (table, expected) in [(&Table::default(), usual), (&table, changed)] {
                let answered = read(table, &reply(status, ""));
                assert_eq!(answered.answer, expected.answer(), "{status}");
                assert_eq!(answered.throttled, expected == Verdict::Throttled, "{status}");
            }
        }
        let busy = Reply { retry_after: true, ..reply(503, "") };
        let answered = read(&Table::default(), &busy);
        assert_eq!((answered.answer, answered.throttled, answered.command_status), (Answer::Later, true, Some(429)));
    }

    #[test]
    fn the_code_of_the_carrier_decides_before_a_text_and_that_before_the_status() {
        let table = Table {
            code: Some(pointer("/error/code")),
            codes: BTreeMap::from([("7".into(), Verdict::Elsewhere), ("*".into(), Verdict::Never)]),
            texts: vec![("busy".into(), Verdict::Throttled), ("OK".into(), Verdict::Taken)],
            ..Table::default()
        };
        let answer = |status, body: &str| read(&table, &reply(status, body)).answer;
        assert_eq!(answer(200, r#"{"error":{"code":7,"say":"OK"}}"#), Answer::Elsewhere);
        assert_eq!(answer(200, r#"{"error":{"code":"8"}}"#), Answer::Never);
        assert_eq!(answer(200, "busy OK"), Answer::Later);
        assert_eq!(answer(500, "OK"), Answer::Taken);
        assert_eq!(answer(500, "nothing"), Answer::Elsewhere);
    }

    #[test]
    fn a_code_may_have_a_reason() {
        let mut dialect = Dialect::default();
        dialect.reasons.insert("1029".into(), Reason::Filtered);
        let table = Table { code: Some(pointer("/code")), ..Table::default() };
        let read = |body: &str| table.read(&reply(400, body), &dialect, &[String::new()]).remove(0).reason;
        assert_eq!(read(r#"{"code":1029}"#), Some(Reason::Filtered));
        assert_eq!(read(r#"{"code":1}"#), Some(Reason::SubmitError));
    }

    #[test]
    fn the_id_is_where_the_table_says() {
        let id = |id: Id, body: &str| {
            let answered = read(&Table { id, ..Table::default() }, &reply(200, body));
            answered.carrier_message_id.map(|it| it.as_str().to_owned())
        };
        assert_eq!(id(Id::Own, "x").as_deref(), Some("own-0-1"));
        assert_eq!(id(Id::At(pointer("/m/0/id")), r#"{"m":[{"id":12}]}"#).as_deref(), Some("12"));
        assert_eq!(id(Id::At(pointer("/m/0/id")), "not json"), None);
        assert_eq!(id(Id::After("ID:".into()), "OK ID: abc-1\n").as_deref(), Some("abc-1"));
        assert_eq!(id(Id::After("\"id\":".into()), r#"{"id":"abc","x":1}"#).as_deref(), Some("abc"));
        assert_eq!(id(Id::After("ID:".into()), "OK"), None);
    }

    #[test]
    fn every_recipient_of_a_request_has_its_own_answer() {
        let table = Table {
            elements: Some(pointer("/messages")),
            code: Some(pointer("/status")),
            codes: BTreeMap::from([("0".into(), Verdict::Taken), ("6".into(), Verdict::Never)]),
            id: Id::At(pointer("/id")),
            ..Table::default()
        };
        let keys = ["a", "b", "c"].map(str::to_owned);
        let body = r#"{"messages":[{"status":"0","id":"x"},{"status":"6"}]}"#;
        let answered = table.read(&reply(200, body), &Dialect::default(), &keys);
        let answers: Vec<_> = answered.iter().map(|it| it.answer).collect();
        assert_eq!(answers, [Answer::Taken, Answer::Never, Answer::Unknown]);
        assert_eq!(answered[0].carrier_message_id.as_ref().map(CarrierMessageId::as_str), Some("x"));
        let refused = table.read(&reply(500, "oops"), &Dialect::default(), &keys);
        assert!(refused.len() == 3 && refused.iter().all(|it| it.answer == Answer::Elsewhere));
    }

    #[test]
    fn a_yes_without_the_list_of_answers_is_a_doubt_and_a_no_is_a_no() {
        let table = Table {
            elements: Some(pointer("/messages")),
            code: Some(pointer("/status")),
            codes: BTreeMap::from([("0".into(), Verdict::Taken), ("6".into(), Verdict::Never)]),
            ..Table::default()
        };
        let keys = ["a", "b"].map(str::to_owned);
        let bodies = [r#"{"messages":[]}"#, r#"{"messages":null}"#, r#"{"messages":"none"}"#, "{}", "OK"];
        let said = bodies.map(|it| (it, Answer::Unknown)).into_iter().chain([(r#"{"status":6}"#, Answer::Never)]);
        for (body, expected) in said {
            let answered = table.read(&reply(200, body), &Dialect::default(), &keys);
            assert!(answered.len() == 2 && answered.iter().all(|it| it.answer == expected), "{body}: {answered:?}");
            assert!(answered.iter().all(|it| it.carrier_message_id.is_none()), "{body}: {answered:?}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_known_only_where_its_status_refuses() {
        let unread = |status| Reply { status, retry_after: false, body: None };
        assert_eq!(read(&Table::default(), &unread(200)).answer, Answer::Unknown);
        assert_eq!(read(&Table::default(), &unread(500)).answer, Answer::Elsewhere);
    }
}
