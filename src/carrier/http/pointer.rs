//! Where in a JSON text something stands: a JSON pointer (RFC 6901), in which `*` is each element of a list.

use serde_json::Value;

/// A place in a JSON text; with `*` in it, several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(Box<str>),
    Each,
}

/// Why a text is no pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a JSON pointer is empty or begins with '/', and has '~' only in \"~0\" and \"~1\"")]
pub struct NoPointer;

/// Places that one pointer may stand for: more than any carrier puts into one request.
const PLACES_MAX: usize = 1_000;

impl Pointer {
    /// Reads a pointer such as `/messages/0/id`; an empty one is the whole text.
    pub fn parse(text: &str) -> Result<Self, NoPointer> {
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let tokens = text.strip_prefix('/').ok_or(NoPointer)?.split('/');
        tokens.map(token).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it stands for several places.
    pub fn is_plural(&self) -> bool {
        self.0.contains(&Token::Each)
    }

    /// What stands there; the first where it may be several.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.all(value).into_iter().next()
    }

    /// All that stands there, in the order of the text; not more than a thousand.
    pub fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let mut found = vec![value];
        for token in &self.0 {
            found = found.into_iter().flat_map(|it| step(it, token)).take(PLACES_MAX).collect();
        }
        found
    }

    /// What stands there, each by itself: the elements of a list that is named whole, an object, or all that a pointer
    /// with `*` stands for; not more than a thousand.
    pub fn each<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        if self.is_plural() {
            return self.all(value);
        }
        match self.get(value) {
            Some(Value::Array(list)) => list.iter().take(PLACES_MAX).collect(),
            Some(object @ Value::Object(_)) => vec![object],
            _ => Vec::new(),
        }
    }

    /// The text, number or truth value that stands there, as a text.
    pub fn text(&self, value: &Value) -> Option<String> {
        scalar(self.get(value)?)
    }
}

/// A text, number or truth value as a text; `None` of anything else.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn token(text: &str) -> Result<Token, NoPointer> {
    if text == "*" {
        return Ok(Token::Each);
    }
    let escapes = text.split('~').skip(1);
    if escapes.clone().any(|it| !it.starts_with(['0', '1'])) {
        return Err(NoPointer);
    }
    Ok(Token::Name(text.replace("~1", "/").replace("~0", "~").into()))
}

fn step<'v>(value: &'v Value, token: &Token) -> Vec<&'v Value> {
    match (token, value) {
        (Token::Each, Value::Array(list)) => list.iter().take(PLACES_MAX).collect(),
        (Token::Name(name), Value::Object(fields)) => fields.get(&**name).into_iter().collect(),
        (Token::Name(name), Value::Array(list)) => {
            name.parse().ok().and_then(|it: usize| list.get(it)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pointer_finds_what_stands_there_as_a_text() {
        let value = json!({ "a/b": { "~": [true, 7, "x", null, {}] }, "": 1 });
        let of = |text: &str| Pointer::parse(text).unwrap().text(&value);
        assert_eq!(of("/a~1b/~0/0").as_deref(), Some("true"));
        assert_eq!(of("/a~1b/~0/1").as_deref(), Some("7"));
        assert_eq!(of("/a~1b/~0/2").as_deref(), Some("x"));
        assert_eq!(of("/").as_deref(), Some("1"));
        for nothing in ["/a~1b/~0/3", "/a~1b/~0/4", "/a~1b/~0/9", "/a~1b/~0/x", "/c", ""] {
            assert_eq!(of(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_star_is_each_element_of_a_list() {
        let value = json!({ "entry": [{ "s": [1, 2] }, { "s": [] }, { "s": 9 }, { "s": [3] }] });
        let pointer = Pointer::parse("/entry/*/s/*").unwrap();
        assert!(pointer.is_plural());
        assert_eq!(pointer.all(&value), [&json!(1), &json!(2), &json!(3)]);
        let many = json!(vec![0; 5_000]);
        assert_eq!(Pointer::parse("/*").unwrap().all(&many).len(), PLACES_MAX);
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for bad in ["a", "/a~", "/a~2b", "messages/0"] {
            assert_eq!(Pointer::parse(bad), Err(NoPointer), "{bad}");
        }
    }
}
