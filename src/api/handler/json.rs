//! JSON as it is read and written: bodies, answers, and what shows itself in them.
//!
//! An escape of one surrogate without the other is right JSON (RFC 8259, 8.2) and no text. JavaScript writes it where a
//! text was cut in the middle of an emoji. The parser says of it that the body is not JSON, so it is looked for once
//! that has failed.

use crate::api::handler::problem::{Fault, Kind, Problem};
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use std::marker::PhantomData;

/// The code units of UTF-16 that are half of a character.
const HALVES: std::ops::Range<u32> = 0xD800..0xE000;
/// Where a half stands while it is looked for: private characters, of which no text has need.
const PLACES: std::ops::Range<u32> = 0x10_F000..0x10_F800;

/// What a body says, which is an object, or what is wrong with it: half of a character, where it has one; that it is no
/// JSON; else what `otherwise` makes of it.
pub(crate) fn read<'b, T: Deserialize<'b>>(
    body: &'b [u8],
    otherwise: impl FnOnce(serde_json::Error) -> Problem,
) -> Result<T, Problem> {
    let read = serde_json::from_slice(body).map(|Object(it)| it);
    read.map_err(|error| match halves(body) {
        Some(problem) => problem,
        None if error.is_data() => otherwise(error),
        None => Problem::at(Kind::Malformed, "", format!("The body is not JSON: {error}.")),
    })
}

/// Fields with their names. serde also takes a list for them, in the order in which they are declared, which is of no
/// contract.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        from.deserialize_map(Fields(PhantomData))
    }
}

/// The same of a field that may be null.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(from)?.map(|it| it.0))
}

/// The refusal of a body that is JSON but for halves of characters, each at the pointer of its text.
pub(crate) fn halves(body: &[u8]) -> Option<Problem> {
    let value: Value = serde_json::from_slice(&mended(body)?).ok()?;
    let mut faults = Vec::new();
    walk(&value, "", &mut faults);
    (!faults.is_empty()).then(|| Problem::of_faults(Kind::Invalid, faults))
}

/// The body with a private character for each half; `None` where it has none.
fn mended(body: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let digits = body.get(at..)?.strip_prefix(b"\\u")?.first_chunk::<4>()?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let (mut mended, mut kept, mut at) = (Vec::new(), 0, 0);
    while let Some(found) = body[at..].iter().position(|it| *it == b'\\') {
        at += found;
        at += match (unit(at), unit(at + 6)) {
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 12,
            (Some(half), _) if HALVES.contains(&half) => {
                let place = char::from_u32(half - HALVES.start + PLACES.start).expect("the places are characters");
                mended.extend_from_slice(&body[kept..at]);
                mended.extend_from_slice(place.encode_utf8(&mut [0; 4]).as_bytes());
                kept = at + 6;
                6
            }
            // Whatever is escaped is no beginning of another escape.
            _ => 2,
        };
        at = at.min(body.len());
    }
    if kept == 0 {
        return None;
    }
    mended.extend_from_slice(&body[kept..]);
    Some(mended)
}

/// A JSON answer; `octets` is about how long it will be.
pub(crate) fn answer(status: StatusCode, document: &impl Serialize, octets: usize) -> Response {
    let mut text = Vec::with_capacity(octets);
    serde_json::to_writer(&mut text, document).expect("an answer is made of texts and numbers");
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The same answer, which says where what it tells of is looked at.
pub(crate) fn located(mut response: Response, path: String) -> Response {
    let location = HeaderValue::from_maybe_shared(Bytes::from(path)).expect("ids are ASCII");
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// Anything that shows itself, as a JSON text.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// A name as a token of a JSON pointer (RFC 6901, 3).
pub(crate) fn escape(name: &str) -> String {
    name.chars().take(100).collect::<String>().replace('~', "~0").replace('/', "~1")
}

fn walk(value: &Value, pointer: &str, faults: &mut Vec<Fault>) {
    match value {
        Value::String(text) => look(text, pointer, faults),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, it)| walk(it, &format!("{pointer}/{at}"), faults));
        }
        Value::Object(fields) => {
            for (name, it) in fields {
                // A name that has half of a character cannot be pointed at.
                look(name, pointer, faults);
                walk(it, &format!("{pointer}/{}", escape(name)), faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn look(text: &str, pointer: &str, faults: &mut Vec<Fault>) {
    if let Some(place) = text.chars().map(u32::from).find(|it| PLACES.contains(it)) {
        let detail = format!("has half of a character (U+{:04X})", place - PLACES.start + HALVES.start);
        faults.push(Fault { detail: detail.into(), pointer: pointer.to_owned().into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Option<Vec<(String, String)>> {
        let problem = halves(body.as_bytes())?;
        Some(problem.errors.iter().map(|it| (it.pointer.to_string(), it.detail.to_string())).collect())
    }

    #[test]
    fn each_half_has_its_pointer_and_its_number() {
        let one = |body, pointer: &str, number| {
            let expected = vec![(pointer.to_owned(), format!("has half of a character (U+{number})"))];
            assert_eq!(of(body), Some(expected), "{body}");
        };
        one(r#"{"text":"a\ud83d b"}"#, "/text", "D83D");
        one(r#"{"text":"\uDE00"}"#, "/text", "DE00");
        one(r#"{"text":"\ud83d\ud83d\ude00"}"#, "/text", "D83D");
        one(r#"{"text":"\ude00\ud83d"}"#, "/text", "DE00");
        one(r#"{"text":"\ud83d\ud83d"}"#, "/text", "D83D");
        one(r#"{"text":"\\\udfff\\"}"#, "/text", "DFFF");
        one(r#"{"text":"\ud800\n\ude00"}"#, "/text", "D800");
        one(r#"{"to":["+31",{"to":"+32","text":"\ud83d"}]}"#, "/to/1/text", "D83D");
        one(r#"{"a/b":{"\ud83d":1}}"#, "/a~1b", "D83D");
        let both = of(r#"{"text":"\ud83d","from":"\ud83e"}"#).unwrap();
        assert_eq!(both.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["/text", "/from"]);
    }

    #[test]
    fn fields_have_names() {
        #[derive(Debug, Deserialize)]
        struct Said<'a> {
            text: &'a str,
            #[serde(default, borrow, deserialize_with = "object")]
            more: Option<Box<Self>>,
        }
        let said = |body: &'static str| {
            read::<Said<'_>>(body.as_bytes(), |error| Problem::new(Kind::Invalid, error.to_string()))
        };
        let whole = said(r#"{"text":"a","more":{"text":"b","more":null}}"#).unwrap();
        assert_eq!((whole.text, whole.more.unwrap().text), ("a", "b"));
        for body in [r#"["a"]"#, r#"["a",null]"#, r#"{"text":"a","more":["b"]}"#, r#""a""#, "1", "null"] {
            let detail = said(body).unwrap_err().detail;
            assert!(detail.contains("expected an object"), "{body}: {detail}");
        }
    }

    #[test]
    fn what_has_none_or_is_no_json_besides_is_left_to_others() {
        for body in [
            r#"{"text":"a\ud83d"#,
            r#"{"text":"\ud83d\ude00"}"#,
            r#"{"text":"\\ud83d"}"#,
            r#"{"text":"\ud8"#,
            r#"{"text":"\ud83"}"#,
            r#"{"text":"\"#,
            "\\",
            "",
            "{}",
        ] {
            assert_eq!(of(body), None, "{body}");
        }
        for cut in 0..40 {
            let body = r#"{"text":"\ud83d\ude00\\\ud83d\"","to":"\ud83d"}"#;
            of(body.get(..cut).unwrap_or_default());
        }
    }
}
