//! What the answer to a request means for each of its recipients.
//!
//! The carrier's own code decides where the table knows it, then a text that is found in the body, then the status
//! of HTTP. A status that says yes is believed alone only where the table asks for nothing else: a proxy, a portal and
//! a service out of order say 200 too. What an answer in 2xx says of an element that is not in it is not known.

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
    /// In the answer, from behind this text.
    After(Mark),
}

/// The text behind which an id stands, and where the id ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What stands before it.
    pub text: Box<str>,
    /// Any of these ends it.
    pub until: Box<str>,
}

impl Mark {
    /// Where an id behind `text` usually ends: what stands between fields anywhere, and what stands before the id here.
    pub fn usual(text: &str) -> Self {
        let own = text.chars().last().filter(char::is_ascii_punctuation);
        Self { text: text.into(), until: "\"',;<>|&".chars().chain(own).collect::<String>().into() }
    }

    /// The id. One in quotes ends with them, whatever is in it; a blank ends any other.
    fn behind<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (_, behind) = text.split_once(&*self.text)?;
        let behind = behind.trim_start_matches(' ');
        for quote in ['"', '\''] {
            if let Some(quoted) = behind.strip_prefix(quote) {
                return quoted.split(quote).next();
            }
        }
        behind.split(|it: char| it.is_whitespace() || self.until.contains(it)).next()
    }
}

/// What an answer should have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// An end that could be read.
    End,
    /// JSON.
    Json,
    /// A code of the table.
    Code,
    /// The id.
    Id,
    /// One of the texts.
    Text,
    /// An element for each recipient.
    Elements,
}

impl Lack {
    /// What is missing, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::End => "its end: it is too long, or broke off",
            Self::Json => "JSON",
            Self::Code => "a code that answer.codes has, where answer.code says",
            Self::Id => "an id where answer.id or answer.id_after says",
            Self::Text => "a text of answer.texts",
            Self::Elements => "an element for each recipient where answer.elements says",
        }
    }
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedResponse {
    /// What it means for each recipient.
    pub answered: Vec<Answered>,
    /// What it should have had and has not; the first that was missed.
    pub lack: Option<Lack>,
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
pub struct RawResponse<'a> {
    /// Its status.
    pub status: u16,
    /// It says when to come again.
    pub retry_after: bool,
    /// Its body; `None` where it could not be read to its end or is too long.
    pub body: Option<&'a [u8]>,
}

/// What is read of one recipient.
type Read = (Answered, Option<Lack>);

impl FromIterator<Read> for ParsedResponse {
    fn from_iter<I: IntoIterator<Item = Read>>(all: I) -> Self {
        let (answered, lacks): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        Self { answered, lack: lacks.into_iter().flatten().next() }
    }
}

/// What an answer says of all its recipients.
struct All<'a> {
    by_status: Verdict,
    by_text: Option<Verdict>,
    status: u16,
    dialect: &'a Dialect,
}

/// The element of one recipient, or the whole.
struct Part<'a> {
    json: Option<&'a Value>,
    text: &'a str,
}

impl Table {
    /// What an answer means for each recipient; `keys` are our own ids of them, in their order.
    pub fn read(&self, reply: &RawResponse<'_>, dialect: &Dialect, keys: &[String]) -> ParsedResponse {
        let by_status = self.by_status(reply);
        let Some(body) = reply.body else {
            // Nobody knows what else it said.
            let read = if by_status == Verdict::Taken {
                (Answered::UNKNOWN, Some(Lack::End))
            } else {
                (answer_of(by_status, reply.status, None), None)
            };
            return keys.iter().map(|_| read.clone()).collect();
        };
        let text = String::from_utf8_lossy(body);
        let json: Option<Value> = serde_json::from_slice(body).ok();
        let by_text = self.texts.iter().find(|(it, _)| text.contains(&**it)).map(|(_, verdict)| *verdict);
        let all = All { by_status, by_text, status: reply.status, dialect };
        let whole = |key: &String| self.one(&all, &Part { json: json.as_ref(), text: &text }, key);
        let Some(pointer) = &self.elements else { return keys.iter().map(whole).collect() };
        let elements = json.as_ref().map(|it| pointer.each(it)).unwrap_or_default();
        let unlisted = (Answered::UNKNOWN, Some(Lack::Elements));
        if elements.is_empty() {
            // The whole may say no; a yes to nobody in particular says nothing.
            let unless_taken = |it: Read| if it.0.answer == Answer::Taken { unlisted.clone() } else { it };
            return keys.iter().map(|key| unless_taken(whole(key))).collect();
        }
        let usual = by_text.unwrap_or(by_status);
        let one = |(at, key): (usize, &String)| match elements.get(at) {
            Some(element) => self.one(&all, &Part { json: Some(element), text: &element.to_string() }, key),
            None if usual == Verdict::Taken => unlisted.clone(),
            None => (answer_of(usual, reply.status, None), None),
        };
        keys.iter().enumerate().map(one).collect()
    }

    fn one(&self, all: &All<'_>, part: &Part<'_>, key: &str) -> Read {
        let code = self.code.as_ref().and_then(|it| it.text(part.json?));
        let id = match &self.id {
            Id::Own => CarrierMessageId::new(key),
            Id::At(pointer) => part.json.and_then(|it| pointer.text(it)).and_then(|it| CarrierMessageId::new(&it)),
            Id::After(mark) => mark.behind(part.text).and_then(CarrierMessageId::new),
        };
        let (verdict, lack) = self.verdict(all, part, code.as_deref(), id.is_some());
        let Some(verdict) = verdict else { return (Answered::UNKNOWN, lack) };
        let why = code.as_ref().and_then(|it| reason::of_code(all.dialect, it));
        let mut answered = answer_of(verdict, all.status, why);
        if verdict == Verdict::Taken {
            answered.carrier_message_id = id;
        }
        (answered, lack)
    }

    /// What is said; `None` where that cannot be known. Where the table says what an answer has, its absence is no yes.
    fn verdict(
        &self,
        all: &All<'_>,
        part: &Part<'_>,
        code: Option<&str>,
        has_id: bool,
    ) -> (Option<Verdict>, Option<Lack>) {
        let any_other = self.codes.get("*").copied();
        let by_code = code.and_then(|it| self.codes.get(it).copied().or(any_other));
        let said = by_code.or(all.by_text).unwrap_or(all.by_status);
        if said != Verdict::Taken {
            return (Some(said), None);
        }
        if by_code.or(all.by_text).is_some() {
            // Without an id no receipt will find it, and it was taken all the same.
            return (Some(Verdict::Taken), (!has_id).then_some(Lack::Id));
        }
        let (codes_say, texts_say) =
            (self.codes.values().any(|it| *it == said), self.texts.iter().any(|it| it.1 == said));
        let lack = match self.id {
            _ if code.is_some() && codes_say => Lack::Code,
            Id::Own if !codes_say && !texts_say => return (Some(Verdict::Taken), None),
            Id::At(_) | Id::After(_) if has_id => return (Some(Verdict::Taken), codes_say.then_some(Lack::Code)),
            Id::Own if codes_say => Lack::Code,
            Id::Own => Lack::Text,
            Id::At(_) | Id::After(_) => Lack::Id,
        };
        let of_json = matches!(self.id, Id::At(_)) || codes_say;
        let is_blank = part.text.trim().is_empty();
        match part.json {
            None if of_json => (None, Some(Lack::Json)),
            Some(_) if of_json => (any_other.filter(|it| *it != Verdict::Taken), Some(lack)),
            // It came whole, and is not the yes that the table describes.
            _ => ((!is_blank).then_some(Verdict::Elsewhere), Some(lack)),
        }
    }

    fn by_status(&self, reply: &RawResponse<'_>) -> Verdict {
        let family = u8::try_from(reply.status / 100).unwrap_or(0);
        let own = self.statuses.get(&reply.status).or_else(|| self.families.get(&family));
        own.copied().unwrap_or_else(|| usual(reply))
    }
}

/// What a status usually means. A redirect is not followed: what it is about would go to somebody else.
const fn usual(reply: &RawResponse<'_>) -> Verdict {
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

fn answer_of(verdict: Verdict, status: u16, reason: Option<Reason>) -> Answered {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> RawResponse<'_> {
        RawResponse { status, retry_after: false, body: Some(body.as_bytes()) }
    }

    fn reading(table: &Table, reply: &RawResponse<'_>) -> (Answered, Option<Lack>) {
        let mut reading = table.read(reply, &Dialect::default(), &["own-0-1".to_owned()]);
        (reading.answered.remove(0), reading.lack)
    }

    fn read(table: &Table, reply: &RawResponse<'_>) -> Answered {
        reading(table, reply).0
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
        let busy = RawResponse { retry_after: true, ..reply(503, "") };
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
        let read = |body: &str| table.read(&reply(400, body), &dialect, &[String::new()]).answered.remove(0).reason;
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
        let after = |mark: &str, body: &str| id(Id::After(Mark::usual(mark)), body);
        assert_eq!(after("ID:", "OK ID: abc-1\n").as_deref(), Some("abc-1"));
        assert_eq!(after("\"id\":", r#"{"id":"abc","x":1}"#).as_deref(), Some("abc"));
        assert_eq!(after("\"id\":", r#"{"id":"urn:1,2","x":1}"#).as_deref(), Some("urn:1,2"));
        assert_eq!(after("ID:", "OK"), None);
        // What stands before an id stands behind it too.
        assert_eq!(after("OK:", "OK:4242:0.1:31612345678").as_deref(), Some("4242"));
        assert_eq!(after("OK|", "OK|4242|0.1").as_deref(), Some("4242"));
        assert_eq!(after("id=", "status=0&id=4242&cost=1").as_deref(), Some("4242"));
        assert_eq!(after("OK ", "OK a:b/c.d-1_2 1").as_deref(), Some("a:b/c.d-1_2"));
        let until = Mark { text: "OK:".into(), until: "/".into() };
        assert_eq!(id(Id::After(until), "OK:a:4242,1/0.1").as_deref(), Some("a:4242,1"));
    }

    #[test]
    fn a_status_of_200_is_no_answer_where_the_table_asks_for_more() {
        let verdicts = |rows: &[(&str, Verdict)]| rows.iter().map(|it| (it.0.into(), it.1)).collect();
        let sid = Table { id: Id::At(pointer("/sid")), ..Table::default() };
        let both = Table {
            code: Some(pointer("/code")),
            codes: verdicts(&[("0", Verdict::Taken), ("*", Verdict::Elsewhere)]),
            ..sid.clone()
        };
        let refusals = Table { codes: verdicts(&[("9", Verdict::Never)]), ..both.clone() };
        let nested = Table { code: Some(pointer("/messages/0/status")), id: Id::Own, ..both.clone() };
        let known = Table { codes: verdicts(&[("0", Verdict::Taken)]), ..both.clone() };
        let marked = Table { id: Id::After(Mark::usual("OK:")), ..Table::default() };
        let words = Table { texts: vec![("OK".into(), Verdict::Taken)], ..Table::default() };
        let page = "<html><body>Please log in</body></html>";
        let (doubt, elsewhere, taken) = (Answer::Unknown, Answer::Elsewhere, Answer::Taken);
        let (json, code, id, text) = (Some(Lack::Json), Some(Lack::Code), Some(Lack::Id), Some(Lack::Text));
        let rows = [
            (&both, page, doubt, json),
            (&both, "", doubt, json),
            (&both, r#"{"sid":"SM1""#, doubt, json),
            (&both, r#"{"error":{"message":"quota"}}"#, elsewhere, id),
            (&both, r#"{"sid":null}"#, elsewhere, id),
            (&both, r#"{"code":0,"sid":"SM1"}"#, taken, None),
            (&both, r#"{"sid":"SM1"}"#, taken, code),
            (&both, r#"{"code":0}"#, taken, id),
            (&refusals, r#"{"sid":"SM1"}"#, taken, None),
            (&refusals, r#"{"sid":"SM1","code":1}"#, taken, None),
            (&refusals, r#"{"sid":null}"#, doubt, id),
            (&sid, r#"{"sid":""}"#, doubt, id),
            (&nested, r#"{"messages":[]}"#, elsewhere, code),
            (&nested, page, doubt, json),
            (&known, r#"{"sid":"SM1","code":1}"#, doubt, code),
            (&known, r#"{"sid":null}"#, doubt, id),
            (&marked, "ERROR:14", elsewhere, id),
            (&marked, "OK:", elsewhere, id),
            (&marked, " \n", doubt, id),
            (&words, "ERROR", elsewhere, text),
            (&words, "", doubt, text),
            (&words, "OK", taken, None),
            (&Table::default(), page, taken, None),
        ];
        for (table, body, answer, lack) in rows {
            let (answered, lacks) = reading(table, &reply(200, body));
            assert_eq!((answered.answer, lacks), (answer, lack), "{body:?} {table:?}");
            assert_eq!(reading(table, &reply(500, page)).0.answer, Answer::Elsewhere);
        }
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
        let answered = table.read(&reply(200, body), &Dialect::default(), &keys).answered;
        let answers: Vec<_> = answered.iter().map(|it| it.answer).collect();
        assert_eq!(answers, [Answer::Taken, Answer::Never, Answer::Unknown]);
        assert_eq!(answered[0].carrier_message_id.as_ref().map(CarrierMessageId::as_str), Some("x"));
        let refused = table.read(&reply(500, "oops"), &Dialect::default(), &keys).answered;
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
            let answered = table.read(&reply(200, body), &Dialect::default(), &keys).answered;
            assert!(answered.len() == 2 && answered.iter().all(|it| it.answer == expected), "{body}: {answered:?}");
            assert!(answered.iter().all(|it| it.carrier_message_id.is_none()), "{body}: {answered:?}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_known_only_where_its_status_refuses() {
        let unread = |status| RawResponse { status, retry_after: false, body: None };
        let (unknown, lack) = reading(&Table::default(), &unread(200));
        assert_eq!((unknown.answer, lack), (Answer::Unknown, Some(Lack::End)));
        assert_eq!(read(&Table::default(), &unread(500)).answer, Answer::Elsewhere);
    }
}
