//! What a carrier is asked: one request for one recipient, or for several where its template repeats.

use crate::carrier::http::template::{Escape, Field, Template};
use crate::carrier::submit::{Submit, plain_text};
use crate::message::body::Body;
use crate::message::extras::Dlt;
use crate::message::veil::Veil;
use crate::text::base64;
use crate::text::cut::Cut;
use crate::text::profile::{Profile, Split};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The most recipients in one request.
pub const BATCH_MAX: usize = 500;

/// How a carrier wants to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The verb.
    pub method: Method,
    /// Path and query.
    pub target: Template,
    /// Headers by their names, in lower case.
    pub headers: Vec<(Box<str>, Template)>,
    /// What the body is.
    pub format: BodyFormat,
    /// The body; `None` sends none.
    pub body: Option<Template>,
    /// What the body repeats for each recipient, in the place of `{elements}`.
    pub element: Option<Template>,
    /// What stands between two of them.
    pub separator: Box<str>,
    /// Recipients in one request, 1 to [`BATCH_MAX`].
    pub batch: usize,
    /// The carrier's words for alphabets, by ours.
    pub encodings: BTreeMap<Box<str>, Box<str>>,
}

/// The verb of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of RFC 9110")]
pub enum Method {
    Get,
    Post,
    Put,
}

impl Method {
    /// Every verb.
    pub const WORDS: [(&'static str, Self); 3] = [("POST", Self::Post), ("GET", Self::Get), ("PUT", Self::Put)];

    /// As it goes on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the configuration")]
pub enum BodyFormat {
    Json,
    Form,
}

impl BodyFormat {
    /// Where a template of such a body stands.
    pub const fn escape(self) -> Escape {
        match self {
            Self::Json => Escape::Json,
            Self::Form => Escape::Form,
        }
    }

    /// Its media type.
    pub const fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }
}

/// What is the same in every request to a carrier. Whoever holds it keeps it from being printed.
#[derive(Clone, Copy)]
pub struct Constants<'a> {
    /// The login.
    pub system_id: &'a str,
    /// Its password, token or key.
    pub password: &'a str,
    /// Where receipts are taken; empty where none are.
    pub receipt_url: &'a str,
    /// Under what messages are named.
    pub veil: &'a Veil,
}

/// Login and password as HTTP's Basic scheme wants them (RFC 7617).
pub fn basic(system_id: &str, password: &str) -> String {
    base64::encode(format!("{system_id}:{password}").as_bytes())
}

/// A request, ready to be written. It holds secrets and texts, so it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The verb.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// Names and values.
    pub headers: Vec<(Box<str>, String)>,
    /// The body; empty where there is none.
    pub body: String,
}

/// A message cannot go to a carrier that takes whole texts alone: it is data, has ports, a class or an indication, or
/// was cut for another carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is no whole plain text")]
pub struct NoPlainText;

/// A message that can be said to such a carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// What was to be submitted.
    pub submit: Submit,
    text: String,
    encoding: &'static str,
}

impl Letter {
    /// The message with its text as it is to be read.
    pub fn of(submit: Submit) -> Result<Self, NoPlainText> {
        let profile = Profile { split: Split::Payload, ..Profile::default() };
        let cut = Cut::of(submit.body.content(), &profile).ok().filter(|_| submit.parts == 1).ok_or(NoPlainText)?;
        let text = plain_text(&submit.body, &cut).ok_or(NoPlainText)?.to_owned();
        let encoding = cut.estimate().alphabet.word();
        Ok(Self { submit, text, encoding })
    }

    /// What is the same whenever this is asked, and at no other time: the message, which of its parts, which attempt.
    /// An attempt after one that was not answered has the key of that: a carrier that knows it does it once.
    pub fn key(&self, veil: &Veil) -> String {
        let Submit { ticket, body, since, .. } = &self.submit;
        format!("{}-{}-{since}", veil.message(body.id), ticket.key().index())
    }

    fn value<'v>(&'v self, field: Field, shape: &'v Shape, constants: &Constants<'v>) -> Cow<'v, str> {
        let body = &*self.submit.body;
        match field {
            Field::To => body.destination.to_string().into(),
            Field::ToDigits => body.destination.digits().to_string().into(),
            Field::From => body.source.to_string().into(),
            Field::FromDigits => body.source.octets().into(),
            Field::Text => (&*self.text).into(),
            Field::Id => constants.veil.message(body.id).to_string().into(),
            Field::IdempotencyKey => self.key(constants.veil).into(),
            Field::ReceiptUrl => constants.receipt_url.into(),
            Field::Parts => body.parts.to_string().into(),
            Field::Class => body.class.word().into(),
            Field::ClientRef => body.client_ref.as_deref().unwrap_or_default().into(),
            Field::Encoding => shape.encodings.get(self.encoding).map_or(self.encoding, |it| it).into(),
            Field::DltEntity => registration(body, |it| it.entity_id.as_deref()),
            Field::DltTemplate => registration(body, |it| it.template_id.as_deref()),
            Field::DltTelemarketer => registration(body, |it| it.telemarketer_id.as_deref()),
            Field::Validity => self.submit.validity.as_secs().max(1).to_string().into(),
            Field::SystemId => constants.system_id.into(),
            Field::Password => constants.password.into(),
            Field::Basic => basic(constants.system_id, constants.password).into(),
            Field::Elements => "".into(),
        }
    }
}

impl Shape {
    /// What of a request is not of one recipient: those whose messages agree in it may go together.
    pub fn common(&self, letter: &Letter, constants: &Constants<'_>) -> String {
        let value = |field| match field {
            Field::IdempotencyKey | Field::Elements => Cow::Borrowed(""),
            other => letter.value(other, self, constants),
        };
        let target = self.target.render(Escape::Url, value);
        let body = self.body.as_ref().map(|it| it.render(self.format.escape(), value)).unwrap_or_default();
        format!("{target}\n{body}")
    }

    /// The request for these recipients, of whom there is at least one, and whose messages agree in
    /// [`Shape::common`].
    pub fn request(&self, letters: &[Letter], constants: &Constants<'_>) -> Request {
        let first = letters.first().expect("a request is for somebody");
        let place = self.format.escape();
        let element = |letter: &Letter| {
            let template = self.element.as_ref()?;
            Some(template.render(place, |field| letter.value(field, self, constants)))
        };
        let elements = letters.iter().filter_map(element).collect::<Vec<_>>().join(&self.separator);
        let key = key(letters, constants.veil);
        let value = |field| match field {
            Field::IdempotencyKey => Cow::Borrowed(&*key),
            Field::Elements => Cow::Borrowed(&*elements),
            other => first.value(other, self, constants),
        };
        let mut headers: Vec<(Box<str>, String)> = vec![("idempotency-key".into(), key.clone())];
        if self.body.is_some() {
            headers.push(("content-type".into(), self.format.media().to_owned()));
        }
        for (name, template) in &self.headers {
            headers.retain(|(it, _)| it != name);
            headers.push((name.clone(), template.render(Escape::Header, value)));
        }
        Request {
            method: self.method.word(),
            target: self.target.render(Escape::Url, value),
            headers,
            body: self.body.as_ref().map(|it| it.render(place, value)).unwrap_or_default(),
        }
    }
}

/// A number of the registration; empty where there is none.
fn registration(body: &Body, of: impl FnOnce(&Dlt) -> Option<&str>) -> Cow<'_, str> {
    body.extras.as_ref().and_then(|it| it.dlt.as_deref()).and_then(of).unwrap_or_default().into()
}

/// The key of a request: that of its one recipient, else a digest over those of all.
fn key(letters: &[Letter], veil: &Veil) -> String {
    if let [only] = letters {
        return only.key(veil);
    }
    let digest = letters.iter().fold(Sha256::new(), |digest, it| digest.chain_update(it.key(veil)).chain_update([0]));
    hex::encode(&digest.finalize()[..16])
}

#[cfg(test)]
pub(in crate::carrier::http) mod tests {
    use super::*;
    use crate::carrier::report::Ticket;
    use crate::message::body::Body;
    use crate::message::body::tests::body;

    use crate::message::extras::Extras;
    use crate::message::id::{MessageId, OrderId, PartKey, Seq};
    use crate::message::source::Source;
    use crate::message::veil::Since;

    use crate::number::e164::E164;
    use crate::text::content::{Form, Indication, MessageClass, Requested};
    use std::sync::Arc;
    use std::time::Duration;

    pub(in crate::carrier::http) fn submit(seq: u64, text: &str) -> Submit {
        let body = Body {
            id: MessageId { seq: Seq(seq), token: 7 },
            source: Source::Alphanumeric("A&B".into()),
            destination: E164(31_612_345_000 + seq),
            parts: 1,
            client_ref: Some("r\"1".into()),
            ..body(text, None)
        };
        let ticket = Ticket::new(PartKey::new(Seq(seq), 0), 2);
        Submit {
            ticket,
            body: Arc::new(body),
            index: 0,
            parts: 1,
            reference: 1,
            since: ticket.number(),
            validity: Duration::from_secs(90),
        }
    }

    fn letter(seq: u64, text: &str) -> Letter {
        Letter::of(submit(seq, text)).unwrap()
    }

    const VEIL: Veil = Veil::known();
    const CONSTANTS: Constants<'static> =
        Constants { system_id: "me", password: "s3 cret", receipt_url: "https://x.example/hooks/web/k", veil: &VEIL };

    fn shape(format: BodyFormat, body: &str, element: Option<&str>) -> Shape {
        Shape {
            method: Method::Post,
            target: Template::parse("/send?from={from}").unwrap(),
            headers: vec![("authorization".into(), Template::parse("Basic {basic}").unwrap())],
            format,
            body: Some(Template::parse(body).unwrap()),
            element: element.map(|it| Template::parse(it).unwrap()),
            separator: ",".into(),
            batch: if element.is_some() { 500 } else { 1 },
            encodings: BTreeMap::from([("ucs2".into(), "unicode".into())]),
        }
    }

    #[test]
    fn one_message_is_one_request_with_its_own_key() {
        let shape = shape(
            BodyFormat::Json,
            r#"{"to":"{to}","text":"{text}","type":"{encoding}","n":{parts},"ttl":{validity},"ref":"{client_ref}"}"#,
            None,
        );
        let request = shape.request(&[letter(5, "Привет")], &CONSTANTS);
        assert_eq!((request.method, &*request.target), ("POST", "/send?from=A%26B"));
        assert_eq!(
            request.body,
            r#"{"to":"+31612345005","text":"Привет","type":"unicode","n":1,"ttl":90,"ref":"r\"1"}"#
        );
        let header = |name: &str| request.headers.iter().find(|it| &*it.0 == name).map(|it| &*it.1);
        assert_eq!(header("authorization"), Some("Basic bWU6czMgY3JldA=="));
        assert_eq!(header("content-type"), Some("application/json"));
        let id = VEIL.message(letter(5, "x").submit.body.id);
        assert_eq!(header("idempotency-key"), Some(&*format!("{id}-0-2")));
        // Of one that was asked for before the upgrade it is the same as before.
        let since = Since { seq: Seq(6), order: OrderId::from_record(6), event: 6 };
        assert_eq!(letter(5, "x").key(&Veil::new([1, 2], since)), "00000000-0000-8050-8000-000000000007-0-2");
    }

    #[test]
    fn a_registration_goes_where_the_template_wants_it() {
        let shape = shape(BodyFormat::Form, "e={dlt_entity}&t={dlt_template}&m={dlt_telemarketer}", None);
        let of = |extras| {
            let mut submit = submit(1, "Hi");
            submit.body = Arc::new(Body { extras, ..(*submit.body).clone() });
            shape.request(&[Letter::of(submit).unwrap()], &CONSTANTS).body
        };
        let dlt = Dlt { entity_id: Some("1701".into()), template_id: Some("2 2".into()), telemarketer_id: None };
        let extras = Extras { dlt: Some(Box::new(dlt)), ..Extras::default() };
        assert_eq!(of(Some(Arc::new(extras))), "e=1701&t=2%202&m=");
        assert_eq!(of(None), "e=&t=&m=");
    }

    #[test]
    fn several_recipients_are_one_request_and_their_key_is_of_all() {
        let shape = shape(BodyFormat::Json, r#"{"text":"{text}","to":[{elements}]}"#, Some(r#""{to_digits}""#));
        let letters = [letter(1, "Hi"), letter(2, "Hi"), letter(3, "Hi")];
        let request = shape.request(&letters, &CONSTANTS);
        assert_eq!(request.body, r#"{"text":"Hi","to":["31612345001","31612345002","31612345003"]}"#);
        let key = |letters: &[Letter]| shape.request(letters, &CONSTANTS).headers[0].1.clone();
        assert_eq!(key(&letters), key(&letters));
        assert_ne!(key(&letters), key(&letters[..2]));
        assert_eq!(shape.common(&letters[0], &CONSTANTS), shape.common(&letters[1], &CONSTANTS));
        assert_ne!(shape.common(&letters[0], &CONSTANTS), shape.common(&letter(4, "Ho"), &CONSTANTS));
    }

    #[test]
    fn a_transliterated_text_goes_as_it_is_promised_and_a_long_one_goes_whole() {
        let with = |requested, text: &str| {
            let mut submit = submit(1, text);
            let body = Body { requested, parts: 9, ..(*submit.body).clone() };
            submit.body = Arc::new(body);
            Letter::of(submit).unwrap().text
        };
        assert!(!with(Requested::Transliterated, "naïve ☎").contains('ï'));
        let long = "ж".repeat(400);
        assert_eq!(with(Requested::Auto, &long), long);
    }

    #[test]
    fn what_is_no_plain_text_is_not_said() {
        let mut flash = submit(1, "Hi");
        let form = Form { indication: Some(Indication::Class(MessageClass::FLASH)), ..Form::default() };
        let extras = Some(Arc::new(Extras { form, ..Extras::default() }));
        flash.body = Arc::new(Body { extras, ..(*flash.body).clone() });
        assert_eq!(Letter::of(flash), Err(NoPlainText));
        let mut empty = submit(1, "");
        empty.body = Arc::new(Body { requested: Requested::Binary, ..(*empty.body).clone() });
        assert_eq!(Letter::of(empty), Err(NoPlainText));
        assert_eq!(Letter::of(Submit { parts: 2, ..submit(1, "Hi") }), Err(NoPlainText), "it would be half a text");
    }
}
