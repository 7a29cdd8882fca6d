//! The header `Idempotency-Key`, and the one that says that an answer is a repeat.
//!
//! The field is one item of structured fields (RFC 8941, 3.3.3: a string in quotes), as
//! draft-ietf-httpapi-idempotency-key-header has it. Many clients leave the quotes away, and mean the same key. What
//! could be several keys, or a key with something beside it, is refused: to take a part of it for the key would make
//! one of two requests.

use crate::api::handler::problem::{Kind, Problem};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

/// Characters of an idempotency key; more than any UUID, and little in the store.
const KEY_MAX: usize = 255;
/// Says that what was asked for had been done before, under the same key.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The key of a request, if it has one.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<Box<str>>, Problem> {
    let mut lines = headers.get_all("idempotency-key").iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let refused = |detail: &'static str| Err(Problem::new(Kind::InvalidHeader, detail));
    if lines.next().is_some() {
        return refused("There are several Idempotency-Key headers; a request has one key.");
    }
    let text = line.to_str().unwrap_or_default().trim_matches([' ', '\t']);
    let key = match text.strip_prefix('"') {
        Some(quoted) => match quoted.split_at_checked(end_of_string(quoted)) {
            Some((key, "\"")) => key,
            Some((_, rest)) if rest.starts_with('"') => {
                return refused(
                    "Something stands behind the Idempotency-Key: it has no parameters, and there is one key.",
                );
            }
            _ => return refused("The Idempotency-Key begins with a quote, and is no string of RFC 8941, 3.3.3."),
        },
        None if text.contains([',', ';', '"']) => {
            return refused("An Idempotency-Key with a comma, a semicolon or a quote in it must stand in quotes.");
        }
        None => text,
    };
    if !(1..=KEY_MAX).contains(&key.len()) {
        let detail = format!("An Idempotency-Key has 1 to {KEY_MAX} ASCII characters.");
        return Err(Problem::new(Kind::InvalidHeader, detail));
    }
    // Escapes stay as they are written: keys that are stored were kept so, and no two keys become one.
    Ok(Some(key.into()))
}

/// Where the string ends whose opening quote was taken away: at its closing quote, or at what may not be in it.
fn end_of_string(text: &str) -> usize {
    let mut octets = text.bytes().enumerate();
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'"' => return at,
            b'\\' if !matches!(octets.next(), Some((_, b'"' | b'\\'))) => return at,
            _ => {}
        }
    }
    text.len()
}

/// The same answer, said to be a repeat.
pub(crate) fn mark_replay(mut response: Response) -> Response {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&'static str]) -> Result<Option<Box<str>>, Kind> {
        let name = HeaderName::from_static("idempotency-key");
        let lines = lines.iter().map(|it| (name.clone(), HeaderValue::from_static(it)));
        let mut headers = HeaderMap::new();
        lines.for_each(|(name, it)| _ = headers.append(name, it));
        key(&headers).map_err(|it| it.kind)
    }

    #[test]
    fn a_key_is_one_with_quotes_or_without() {
        let is = |line, key: &str| assert_eq!(of(&[line]), Ok(Some(key.into())), "{line}");
        assert_eq!(of(&[]), Ok(None));
        is("k-1", "k-1");
        is("\"k-1\"", "k-1");
        is(" \"k 1\" ", "k 1");
        is("\"a,b;c\"", "a,b;c");
        is(r#""a\"b\\""#, r#"a\"b\\"#);
        is(r"a\b", r"a\b");
    }

    #[test]
    fn what_may_be_two_keys_is_none() {
        for lines in [
            &["a", "b"][..],
            &["a", "a"],
            &["\"a\"", "\"b\""],
            &["\"a\";x=1"],
            &["\"a\" ;x"],
            &["\"a\", \"b\""],
            &["\"a\"\"b\""],
            &["a, b"],
            &["a;x=1"],
            &["a\"b"],
            &["a\""],
            &["\"a"],
            &["\""],
            &[r#""a\"#],
            &[r#""a\b""#],
            &[r#""a\""#],
        ] {
            assert_eq!(of(lines), Err(Kind::InvalidHeader), "{lines:?}");
        }
        for empty in ["", " ", "\"\""] {
            assert_eq!(of(&[empty]), Err(Kind::InvalidHeader), "{empty:?}");
        }
    }
}
