//! A file of recipients: its first line names the columns, each other line is one recipient.
//!
//! It is read through once before anything else is done with it. What is wrong with its form makes all of it doubtful:
//! a field too many shifts texts to the next column, so that nothing of such a file is taken.

use crate::api::handler::problem::{Fault, Kind, Problem, shorten};
use crate::api::submit::csv::lines::{Flaw, Lines, SheetLine};
use crate::api::submit::request::{Target, Text};
use std::borrow::Cow;

/// Recipients of one file.
pub(super) const LINES_MAX: usize = 100_000;
/// What columns are called that are not only there to be filled in.
const KNOWN: [&str; 3] = ["to", "client_ref", "text"];
/// Faults that are looked for before the file is given back.
const FAULTS_MAX: usize = 100;

/// A file whose form is right.
pub(super) struct Sheet<'a> {
    names: Vec<String>,
    /// Where each of [`KNOWN`] stands.
    known: [Option<usize>; KNOWN.len()],
    lines: Lines<'a>,
    /// How many recipients it has.
    pub(super) count: usize,
}

impl<'a> Sheet<'a> {
    pub(super) fn read(octets: &'a [u8]) -> Result<Self, Problem> {
        let mut all = Lines::of(text(octets)?);
        let header = all.next().transpose().map_err(malformed)?;
        let header = header.ok_or_else(|| at(Kind::MalformedCsv, 1, "is empty; the first line names the fields"))?;
        let names = names(&header)?;
        let (lines, mut count, mut faults) = (all.clone(), 0, Vec::new());
        for line in all {
            let line = line.map_err(malformed)?;
            count += 1;
            if LINES_MAX < count {
                let detail = format!("A CSV has at most {LINES_MAX} recipients, and this has more.");
                return Err(Problem::new(Kind::TooLarge, detail));
            }
            if line.fields.len() != names.len() && faults.len() < FAULTS_MAX {
                let detail = format!("has {} fields, and the header {}", line.fields.len(), names.len());
                faults.push(Fault { detail: detail.into(), pointer: format!("/lines/{}", line.line).into() });
            }
        }
        match count {
            _ if !faults.is_empty() => Err(Problem::of_faults(Kind::MalformedCsv, faults)),
            0 => Err(Problem::at(Kind::Invalid, "/lines", "there is no recipient behind the header")),
            _ => Ok(Self { known: KNOWN.map(|it| names.iter().position(|name| name == it)), names, lines, count }),
        }
    }

    /// What its columns are called.
    pub(super) fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// Its lines but the first.
    pub(super) fn lines(&self) -> impl Iterator<Item = SheetLine<'a>> + use<'a> {
        // They have been read through.
        self.lines.clone().filter_map(Result::ok)
    }

    /// A line as a recipient, whose text is this unless it has one of its own.
    pub(super) fn target<'r>(&self, line: &'r SheetLine<'_>, text: Option<&'r str>) -> Target<'r> {
        let own = |at: Option<usize>| line.fields.get(at?).map(|it| &**it).filter(|it| !it.is_empty());
        let [to, client_ref, said] = self.known.map(own);
        let written = |it: &'r str| Text(Cow::Borrowed(it));
        Target {
            object: true,
            to: written(to.unwrap_or_default()),
            client_ref: client_ref.map(written),
            text: said.or(text).map(written),
        }
    }
}

/// What the columns are called, each by a name of its own.
fn names(header: &SheetLine<'_>) -> Result<Vec<String>, Problem> {
    let names: Vec<String> = header.fields.iter().map(|it| it.trim().to_owned()).collect();
    let refused = |detail: String| Err(at(Kind::Invalid, header.line, detail));
    for (place, name) in names.iter().enumerate() {
        if name.is_empty() {
            return refused(format!("field {} of the header has no name", place + 1));
        }
        if names[..place].contains(name) {
            return refused(format!("the header names {} twice", shorten(name)));
        }
    }
    if !names.iter().any(|it| it == KNOWN[0]) {
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let separated = all.iter().any(|it| it.contains([';', '\t']));
        let hint = if separated { "; fields are separated by commas".into() } else { format!("; {}", misspelt(&all)) };
        return refused(format!("the header names no field to{hint}"));
    }
    Ok(names)
}

/// Which names there are instead.
fn misspelt(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().map(|it| shorten(it)).collect();
    format!("it names {}", shown.join(", "))
}

/// The octets as a text without NUL, which no text of a message and no number has.
fn text(octets: &[u8]) -> Result<&str, Problem> {
    let line = |end: usize| 1 + octets[..end].iter().filter(|it| **it == b'\n').count() as u64;
    if octets.starts_with(b"\xFF\xFE") || octets.starts_with(b"\xFE\xFF") {
        return Err(at(Kind::MalformedCsv, 1, "is UTF-16; a CSV is taken in UTF-8"));
    }
    let text = std::str::from_utf8(octets)
        .map_err(|error| at(Kind::MalformedCsv, line(error.valid_up_to()), "has octets that are not UTF-8"))?;
    match text.bytes().position(|it| it == 0) {
        Some(place) => Err(at(Kind::MalformedCsv, line(place), "has a NUL octet")),
        None => Ok(text),
    }
}

fn malformed(flaw: Flaw) -> Problem {
    at(Kind::MalformedCsv, flaw.line, flaw.detail)
}

fn at(kind: Kind, line: u64, detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::at(kind, format!("/lines/{line}"), detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(octets: impl AsRef<[u8]>) -> (Kind, String, String) {
        let octets = octets.as_ref();
        let problem = Sheet::read(octets).err().unwrap_or_else(|| panic!("{:?}", String::from_utf8_lossy(octets)));
        let fault = problem.errors.first().cloned();
        let (pointer, detail) =
            fault.map_or((String::new(), problem.detail.into()), |it| (it.pointer.into(), it.detail.into()));
        (problem.kind, pointer, detail)
    }

    #[test]
    fn a_line_is_a_recipient() {
        let sheet = Sheet::read(b"name, to ,text,client_ref\nAnn,+31,,r1\nBob,+32,own,\n").unwrap();
        assert_eq!((sheet.count, sheet.names()), (2, vec!["name", "to", "text", "client_ref"]));
        let lines: Vec<SheetLine<'_>> = sheet.lines().collect();
        let of = |at: usize| {
            let it = sheet.target(&lines[at], Some("shared"));
            let text = |it: Option<Text<'_>>| it.map(|it| it.as_str().to_owned());
            (it.to.as_str().to_owned(), text(it.client_ref), text(it.text))
        };
        assert_eq!(of(0), ("+31".into(), Some("r1".into()), Some("shared".into())));
        assert_eq!(of(1), ("+32".into(), None, Some("own".into())));
    }

    #[test]
    fn what_is_wrong_with_its_form_is_said_with_its_line() {
        let at = |octets: &[u8], kind, pointer: &str, words: &str| {
            let found = refused(octets);
            assert!(found.2.contains(words), "{found:?}");
            assert_eq!((found.0, found.1.as_str()), (kind, pointer));
        };
        at(b"", Kind::MalformedCsv, "/lines/1", "is empty");
        at(b"\n\n", Kind::MalformedCsv, "/lines/1", "is empty");
        at(b"to\n", Kind::Invalid, "/lines", "no recipient");
        at(b"phone,text\n+31,a\n", Kind::Invalid, "/lines/1", "no field to; it names phone, text");
        at(b"to;text\n+31;a\n", Kind::Invalid, "/lines/1", "separated by commas");
        at(b"to,text,to\n+31,a,b\n", Kind::Invalid, "/lines/1", "names to twice");
        at(b"to,\n+31,a\n", Kind::Invalid, "/lines/1", "field 2 of the header has no name");
        at(b"to,text\n+31,a\n\n+32,b,c\n+33\n", Kind::MalformedCsv, "/lines/4", "has 3 fields, and the header 2");
        at(b"to\n+31\n+32\0\n", Kind::MalformedCsv, "/lines/3", "NUL");
        at(b"to\n+31\n\xFF\n", Kind::MalformedCsv, "/lines/3", "not UTF-8");
        at(b"\xFF\xFEt\0o\0", Kind::MalformedCsv, "/lines/1", "UTF-16");
        at(b"to\n\"+31", Kind::MalformedCsv, "/lines/2", "not closed");
    }

    #[test]
    fn so_many_lines_are_taken_and_not_one_more() {
        let lines = |count: usize| format!("to\n{}", "+31\n".repeat(count));
        assert_eq!(Sheet::read(lines(LINES_MAX).as_bytes()).unwrap().count, LINES_MAX);
        assert_eq!(refused(lines(LINES_MAX + 1)).0, Kind::TooLarge);
    }
}
