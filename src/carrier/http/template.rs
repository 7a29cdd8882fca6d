//! A text with placeholders such as `{to}`, each filled by a value that is escaped for where it stands.
//!
//! **Guarantee.** No value ends the place that it stands in: it opens no other field of a query or a form, and
//! no other text, list or object of a JSON text.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The recipient, as `+31612345678`.
    To,
    /// The recipient, without the plus.
    ToDigits,
    /// The sender, as the customer wrote it.
    From,
    /// The sender, without a plus.
    FromDigits,
    /// The whole text.
    Text,
    /// The message's id.
    Id,
    /// What is the same whenever the same attempt is made, and never otherwise.
    IdempotencyKey,
    /// Where receipts are taken.
    ReceiptUrl,
    /// How many SMS the text takes.
    Parts,
    /// `otp`, `transactional` or `marketing`.
    Class,
    /// The customer's own reference; empty where there is none.
    ClientRef,
    /// The alphabet, in the carrier's word.
    Encoding,
    /// The number of the principal entity in India's registry; empty where there is none.
    DltEntity,
    /// The number of the registered template; empty where there is none.
    DltTemplate,
    /// The chain of telemarketers; empty where there is none.
    DltTelemarketer,
    /// How many seconds it is still worth sending.
    Validity,
    /// The login at the carrier.
    SystemId,
    /// Its password, token or key.
    Password,
    /// Both as HTTP's Basic scheme wants them (RFC 7617).
    Basic,
    /// What is repeated, once a recipient.
    Elements,
}

impl Field {
    /// Every field with its word.
    pub const WORDS: [(&'static str, Self); 20] = [
        ("to", Self::To),
        ("to_digits", Self::ToDigits),
        ("from", Self::From),
        ("from_digits", Self::FromDigits),
        ("text", Self::Text),
        ("id", Self::Id),
        ("idempotency_key", Self::IdempotencyKey),
        ("receipt_url", Self::ReceiptUrl),
        ("parts", Self::Parts),
        ("class", Self::Class),
        ("client_ref", Self::ClientRef),
        ("encoding", Self::Encoding),
        ("dlt_entity", Self::DltEntity),
        ("dlt_template", Self::DltTemplate),
        ("dlt_telemarketer", Self::DltTelemarketer),
        ("validity", Self::Validity),
        ("system_id", Self::SystemId),
        ("password", Self::Password),
        ("basic", Self::Basic),
        ("elements", Self::Elements),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|it| it.1 == self).map_or("", |it| it.0)
    }

    /// Whether its value has a shape that a header can take, whatever the message.
    pub const fn fits_header(self) -> bool {
        matches!(self, Self::Id | Self::IdempotencyKey | Self::SystemId | Self::Password | Self::Basic)
    }

    /// Whether it tells one recipient of a request from the others.
    pub const fn is_of_recipient(self) -> bool {
        matches!(self, Self::To | Self::ToDigits | Self::Id | Self::ClientRef)
    }
}

/// Where a template stands, which says how values are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// In a path or a query (RFC 3986).
    Url,
    /// In `application/x-www-form-urlencoded`.
    Form,
    /// In a JSON text (RFC 8259).
    Json,
    /// In a header.
    Header,
}

/// A text with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(Box<str>),
    Field(Field),
}

/// A placeholder that stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{{{0}}} is no placeholder")]
pub struct UnknownField(pub String);

impl Template {
    /// Reads a template. A word in braces is a placeholder; other braces stand for themselves.
    pub fn parse(text: &str) -> Result<Self, UnknownField> {
        let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, behind)) = rest.split_once('{') {
            literal.push_str(before);
            let end = behind.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(behind.len());
            let (word, tail) = behind.split_at(end);
            match tail.strip_prefix('}').filter(|_| !word.is_empty()) {
                Some(after) => {
                    let field = Field::WORDS.iter().find(|it| it.0 == word);
                    let (_, field) = field.ok_or_else(|| UnknownField(word.to_owned()))?;
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal).into()));
                    }
                    pieces.push(Piece::Field(*field));
                    rest = after;
                }
                None => {
                    literal.push('{');
                    rest = behind;
                }
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.into()));
        }
        Ok(Self(pieces))
    }

    /// What it has placeholders for.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        self.0.iter().filter_map(|it| match it {
            Piece::Field(field) => Some(*field),
            Piece::Literal(_) => None,
        })
    }

    /// The text with every placeholder filled; [`Field::Elements`] is taken as it is, for it was escaped before.
    pub fn render<'v>(&self, place: Escape, value: impl Fn(Field) -> Cow<'v, str>) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Field(Field::Elements) => text.push_str(&value(Field::Elements)),
                Piece::Field(field) => escape(place, &value(*field), &mut text),
            }
        }
        text
    }
}

/// Everything but the unreserved characters (RFC 3986, 2.3).
pub const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn escape(place: Escape, value: &str, into: &mut String) {
    match place {
        // A form reads it alike.
        Escape::Url | Escape::Form => into.extend(utf8_percent_encode(value, RESERVED)),
        Escape::Json => json(value, into),
        // What is neither visible ASCII nor a blank could end the header.
        Escape::Header => into.extend(value.chars().filter(|it| matches!(it, ' '..='~'))),
    }
}

/// The inside of a JSON text, without its quotes.
fn json(value: &str, into: &mut String) {
    let quoted = serde_json::to_string(value).expect("every text is JSON");
    into.push_str(&quoted[1..quoted.len() - 1]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn rendered(template: &str, place: Escape, text: &str) -> String {
        Template::parse(template).unwrap().render(place, |_| Cow::Owned(text.to_owned()))
    }

    #[test]
    fn values_are_escaped_for_where_they_stand() {
        let table = [
            (Escape::Url, "/send?to={to}&x={{}", "a b&c=d/é", "/send?to=a%20b%26c%3Dd%2F%C3%A9&x={{}"),
            (Escape::Form, "text={text}", "+31 & 50%", "text=%2B31%20%26%2050%25"),
            (
                Escape::Json,
                r#"{"text":"{text}","a":{"b":{}}}"#,
                "say \"hi\"\n\\",
                r#"{"text":"say \"hi\"\n\\","a":{"b":{}}}"#,
            ),
            (Escape::Header, "Bearer {password}", "abc\r\nX: y", "Bearer abcX: y"),
        ];
        for (place, template, value, expected) in table {
            assert_eq!(rendered(template, place, value), expected);
        }
    }

    #[test]
    fn a_word_in_braces_that_is_no_placeholder_is_refused() {
        for (template, word) in [("a={too}", "too"), ("{TO}", "TO"), ("{to}{txt1}", "txt1")] {
            assert_eq!(Template::parse(template), Err(UnknownField(word.into())));
        }
        assert_eq!(Template::parse("{ to}{}{to").unwrap().fields().count(), 0);
        assert_eq!(Template::parse("{to}{text}").unwrap().fields().collect::<Vec<_>>(), [Field::To, Field::Text]);
    }

    proptest! {
        #[test]
        fn no_value_breaks_out_of_a_json_text(value in any::<String>()) {
            let text = rendered(r#"{"a":"{text}","b":["x{to}y"]}"#, Escape::Json, &value);
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read, serde_json::json!({ "a": value.clone(), "b": [format!("x{value}y")] }));
        }

        #[test]
        fn no_value_breaks_out_of_a_form(value in any::<String>()) {
            let text = rendered("a={text}&b={to}", Escape::Form, &value);
            let fields = crate::carrier::http::receipt::fields(&text);
            prop_assert_eq!(fields, vec![("a".to_owned(), value.clone()), ("b".to_owned(), value)]);
        }

        #[test]
        fn no_value_breaks_out_of_a_header(value in any::<String>()) {
            let text = rendered("{password}", Escape::Header, &value);
            prop_assert!(text.bytes().all(|it| (0x20..0x7F).contains(&it)));
        }
    }
}
