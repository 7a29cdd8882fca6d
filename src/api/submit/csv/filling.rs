//! A text with places for the fields of a line: `Hello {name}, your table is {table}`.
//!
//! Two braces are one that is meant: `{{` is `{`.

use crate::api::handler::problem::{Kind, Problem, unknown_name};
use std::borrow::Cow;

/// Octets of a filled text: more than fits in ten parts of any alphabet. What is longer is cut off there, for it is
/// refused all the same.
const FILLED_MAX: usize = 8_192;

/// Braces that are filled in or meant: a text of ten parts has no need of more.
const PLACES_MAX: usize = 64;

/// A text, in pieces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filling<'a>(Vec<Piece<'a>>);

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Said(&'a str),
    /// The field of this column.
    Field(usize),
}

impl<'a> Filling<'a> {
    /// Reads a text for a file with these columns.
    pub(super) fn read(text: &'a str, columns: &[&str]) -> Result<Self, Problem> {
        let invalid = |detail: Cow<'static, str>| Err(Problem::at(Kind::Invalid, "/text", detail));
        let (mut pieces, mut rest, mut places) = (Vec::new(), text, 0);
        while let Some(at) = rest.find(['{', '}']) {
            places += 1;
            if PLACES_MAX < places {
                return invalid(format!("has more than {PLACES_MAX} fields and doubled braces").into());
            }
            let (said, from) = rest.split_at(at);
            if from.starts_with("{{") || from.starts_with("}}") {
                pieces.push(Piece::Said(&rest[..=at]));
                rest = &from[2..];
                continue;
            }
            pieces.push(Piece::Said(said));
            let Some((name, behind)) = from.strip_prefix('{').and_then(|it| it.split_once('}')) else {
                return invalid("has a brace that belongs to no {name}; write it twice where it is meant".into());
            };
            let Some(column) = columns.iter().position(|it| *it == name) else {
                return invalid(unknown_name(name, columns).into());
            };
            pieces.push(Piece::Field(column));
            rest = behind;
        }
        pieces.push(Piece::Said(rest));
        pieces.retain(|it| *it != Piece::Said(""));
        Ok(Self(pieces))
    }

    /// The text, where no line makes another of it.
    pub(super) fn alone(&self) -> Option<Cow<'a, str>> {
        let said = |it: &Piece<'a>| if let Piece::Said(text) = it { Some(*text) } else { None };
        match &self.0[..] {
            [] => Some("".into()),
            [Piece::Said(only)] => Some((*only).into()),
            all => all.iter().map(said).collect::<Option<Vec<_>>>().map(|it| it.concat().into()),
        }
    }

    /// The text of a line.
    pub(super) fn fill(&self, fields: &[Cow<'_, str>]) -> String {
        let mut filled = String::new();
        for piece in &self.0 {
            let text = match piece {
                Piece::Said(text) => text,
                Piece::Field(column) => fields.get(*column).map_or("", |it| it),
            };
            let room = FILLED_MAX - filled.len();
            if text.len() <= room {
                filled.push_str(text);
                continue;
            }
            let end = (0..=room).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(0);
            filled.push_str(&text[..end]);
            break;
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Result<String, String> {
        let filling = Filling::read(text, &["to", "name", "first name"]).map_err(|it| it.detail.into_owned())?;
        Ok(filling.fill(&["+31".into(), "Ann".into(), "Jo".into()]))
    }

    #[test]
    fn names_are_filled_in_and_braces_that_are_meant_stay() {
        assert_eq!(fill("Hi {name}!").as_deref(), Ok("Hi Ann!"));
        assert_eq!(fill("{name}{name} {first name} {to}").as_deref(), Ok("AnnAnn Jo +31"));
        assert_eq!(fill("{{name}} {{{name}}} }}{{").as_deref(), Ok("{name} {Ann} }{"));
        assert_eq!(fill("").as_deref(), Ok(""));
        let alone = |text| Filling::read(text, &["name"]).unwrap().alone();
        assert_eq!((alone("Hi"), alone("a{{b"), alone("")), (Some("Hi".into()), Some("a{b".into()), Some("".into())));
        assert_eq!(alone("Hi {name}"), None);
    }

    #[test]
    fn names_that_no_column_has_and_braces_of_nothing_are_refused() {
        let said = |text: &str| fill(text).unwrap_err();
        assert_eq!(said("Hi {nmae}"), "text: nmae is not known; did you mean name?");
        assert!(said("Hi {").contains("brace") && said("Hi }").contains("brace") && said("{name").contains("brace"));
        assert!(said("{}").contains("is not known") && said("{Name}").contains("did you mean name"));
    }

    #[test]
    fn what_would_grow_without_end_is_cut_off() {
        let text = "{name}".repeat(PLACES_MAX) + "end";
        let filling = Filling::read(&text, &["name"]).unwrap();
        let filled = filling.fill(&["日".repeat(100_000).into()]);
        assert!((FILLED_MAX - 3..=FILLED_MAX).contains(&filled.len()));
        assert!(filled.chars().all(|it| it == '日'), "nothing stands behind what was cut off");
        assert_eq!(filling.fill(&["a".into()]), "a".repeat(PLACES_MAX) + "end");
    }

    #[test]
    fn a_text_has_so_many_places_and_not_one_more() {
        for place in ["{name}", "{{", "}}"] {
            assert!(fill(&place.repeat(PLACES_MAX)).is_ok());
            assert!(fill(&place.repeat(PLACES_MAX + 1)).is_err_and(|it| it.contains("more than 64")));
        }
    }
}
