//! CSV as RFC 4180 has it, read strictly: where it could be read in two ways, it is refused.
//!
//! A reader that guesses takes a text for a number, or a line for a text. So a quote stands around a whole field or
//! twice in a row, and what is opened is closed. Lines end with CRLF or LF; what is blank is passed over.

use std::borrow::Cow;

/// Fields of a line: more than any list of people has.
const FIELDS_MAX: usize = 64;

/// One recipient of a file: a line, which goes over several where a field has line ends in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SheetLine<'a> {
    /// The line of the file that it begins in, from 1.
    pub(super) line: u64,
    pub(super) fields: Vec<Cow<'a, str>>,
}

/// What is wrong with a file, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) line: u64,
    pub(super) detail: &'static str,
}

/// The lines of a file, in their order. After a flaw nothing more is read.
#[derive(Clone)]
pub(super) struct Lines<'a> {
    rest: &'a str,
    line: u64,
}

/// What stands behind a field.
#[derive(PartialEq, Eq)]
enum Behind {
    Field,
    Line,
}

impl<'a> Lines<'a> {
    pub(super) const fn of(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    fn line(&mut self) -> Result<SheetLine<'a>, Flaw> {
        let (line, mut fields) = (self.line, Vec::new());
        loop {
            let (field, behind) = if self.rest.starts_with('"') { self.quoted(line)? } else { self.plain()? };
            if fields.len() == FIELDS_MAX {
                return Err(Flaw { line, detail: "has more than 64 fields" });
            }
            fields.push(field);
            if behind == Behind::Line {
                return Ok(SheetLine { line, fields });
            }
        }
    }

    fn plain(&mut self) -> Result<(Cow<'a, str>, Behind), Flaw> {
        let ends = |it: &u8| matches!(it, b',' | b'\n' | b'\r' | b'"');
        let end = self.rest.bytes().position(|it| ends(&it)).unwrap_or(self.rest.len());
        let (field, rest) = self.rest.split_at(end);
        if rest.starts_with('"') {
            let detail = "has a quote in a field without quotes; a field with a quote in it stands in quotes, and its quotes twice";
            return Err(Flaw { line: self.line, detail });
        }
        self.rest = rest;
        Ok((field.into(), self.behind()?))
    }

    /// A field whose opening quote is still there.
    fn quoted(&mut self, line: u64) -> Result<(Cow<'a, str>, Behind), Flaw> {
        let text = &self.rest[1..];
        let (mut from, mut doubled) = (0, false);
        let end = loop {
            let Some(quote) = text[from..].find('"').map(|it| from + it) else {
                return Err(Flaw { line, detail: "has a quote that is not closed before the file ends" });
            };
            if !text[quote + 1..].starts_with('"') {
                break quote;
            }
            (from, doubled) = (quote + 2, true);
        };
        let field = &text[..end];
        self.line += field.bytes().filter(|it| *it == b'\n').count() as u64;
        self.rest = &text[end + 1..];
        if !self.rest.is_empty() && !self.rest.starts_with([',', '\n', '\r']) {
            let detail = "has something behind a closing quote; a quote in a field stands twice";
            return Err(Flaw { line: self.line, detail });
        }
        let field = if doubled { field.replace("\"\"", "\"").into() } else { field.into() };
        Ok((field, self.behind()?))
    }

    /// Passes over what stands behind a field.
    fn behind(&mut self) -> Result<Behind, Flaw> {
        if let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest;
            return Ok(Behind::Field);
        }
        if !self.rest.is_empty() {
            self.end_line()?;
        }
        Ok(Behind::Line)
    }

    fn end_line(&mut self) -> Result<(), Flaw> {
        let rest = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n'));
        let alone =
            Flaw { line: self.line, detail: "has a carriage return that ends no line; lines end with CRLF or LF" };
        self.rest = rest.ok_or(alone)?;
        self.line += 1;
        Ok(())
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<SheetLine<'a>, Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.rest.starts_with(['\r', '\n']) {
            if let Err(flaw) = self.end_line() {
                self.rest = "";
                return Some(Err(flaw));
            }
        }
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line();
        if line.is_err() {
            self.rest = "";
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(u64, Vec<String>)> {
        let line = |it: Result<SheetLine<'_>, Flaw>| {
            let it = it.unwrap_or_else(|flaw| panic!("{flaw:?} in {text:?}"));
            (it.line, it.fields.iter().map(|it| it.clone().into_owned()).collect())
        };
        Lines::of(text).map(line).collect()
    }

    fn flaw(text: &str) -> Flaw {
        let mut all = Lines::of(text);
        let found = all.find_map(Result::err).unwrap_or_else(|| panic!("no flaw in {text:?}"));
        assert_eq!(all.next(), None, "nothing is read behind a flaw");
        found
    }

    fn fields(all: &[(u64, &[&str])]) -> Vec<(u64, Vec<String>)> {
        all.iter().map(|(line, it)| (*line, it.iter().map(|it| (*it).to_owned()).collect())).collect()
    }

    #[test]
    fn lines_and_fields_are_what_they_are_written_as() {
        assert_eq!(of("a,b\r\nc,d\r\n"), fields(&[(1, &["a", "b"]), (2, &["c", "d"])]));
        assert_eq!(of("a,b\nc,d"), fields(&[(1, &["a", "b"]), (2, &["c", "d"])]));
        assert_eq!(of(",\n, ,\n"), fields(&[(1, &["", ""]), (2, &["", " ", ""])]));
        assert_eq!(of("a,"), fields(&[(1, &["a", ""])]));
        assert_eq!(of("\"a\",\"b,c\",\"\"\n"), fields(&[(1, &["a", "b,c", ""])]));
        assert_eq!(of("\"say \"\"hi\"\"\",\"\"\"\""), fields(&[(1, &["say \"hi\"", "\""])]));
        assert_eq!(of("\"two\r\nlines\",x\ny,z"), fields(&[(1, &["two\r\nlines", "x"]), (3, &["y", "z"])]));
        assert_eq!(of("\n\r\na\n\n\nb\n\n"), fields(&[(3, &["a"]), (6, &["b"])]));
        assert_eq!(of("é,日本"), fields(&[(1, &["é", "日本"])]));
        assert!(of("").is_empty() && of("\n\r\n").is_empty());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused_where_it_stands() {
        let at = |text, line, words: &str| {
            let found = flaw(text);
            assert_eq!(found.line, line, "{text:?}");
            assert!(found.detail.contains(words), "{text:?}: {}", found.detail);
        };
        at("a\n\"b", 2, "not closed");
        at("a\n\"", 2, "not closed");
        at("a\n\"b\nc\nd\"\"", 2, "not closed");
        at("a\nb\"c\"", 2, "without quotes");
        at("a\"", 1, "without quotes");
        at("\"a\"b", 1, "behind a closing quote");
        at("\"a\nb\" ,c", 2, "behind a closing quote");
        at("a\rb", 1, "carriage return");
        at("\r", 1, "carriage return");
        at("\"a\"\r,b", 1, "carriage return");
        at(&",".repeat(64), 1, "64 fields");
    }

    #[test]
    fn whatever_is_read_the_octets_are_gone_through_once() {
        let mut dice = 7_u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push(['"', ',', '\r', '\n', 'a', 'é', '\0', '"'][(dice >> 61) as usize]);
            }
            assert!(Lines::of(&text).count() <= 12, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_in_quotes_is_read_back() {
        let mut dice = 9_u64;
        for _ in 0..5_000 {
            let mut rows: Vec<Vec<String>> = vec![vec![String::new(); 3]; 3];
            for field in rows.iter_mut().flatten() {
                for _ in 0..4 {
                    dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    field.push(['"', ',', '\r', '\n', 'a', 'é', ' ', ';'][(dice >> 61) as usize]);
                }
            }
            let quoted = |it: &String| format!("\"{}\"", it.replace('"', "\"\""));
            let line = |it: &Vec<String>| it.iter().map(quoted).collect::<Vec<_>>().join(",");
            let text = rows.iter().map(line).collect::<Vec<_>>().join("\r\n");
            let read: Vec<Vec<String>> = of(&text).into_iter().map(|it| it.1).collect();
            assert_eq!(read, rows, "{text:?}");
        }
    }
}
