//! CSV as others write it: with any of four separators, quotes or none, CRLF or LF, and a mark at its begin.
//!
//! Octets that are no UTF-8 are replaced: ids and amounts have none.

use std::borrow::Cow;
use std::io::{self, BufRead, Error, ErrorKind, Read};

/// What may stand between fields.
pub(super) const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Octets of a row: one that has more has a quote that is not closed.
const ROW_MAX: usize = 64 << 10;

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    /// The line of the file that it begins in, from 1.
    pub(super) line: u64,
    text: Vec<u8>,
}

impl Row {
    /// Its fields, without blanks around them.
    pub(super) fn fields(&self, separator: u8) -> Vec<Cow<'_, str>> {
        let mut fields = Vec::new();
        let mut rest = &self.text[..];
        loop {
            let end = end(rest, separator);
            fields.push(field(&rest[..end]));
            match rest.get(end + 1..) {
                Some(behind) if end < rest.len() => rest = behind,
                _ => return fields,
            }
        }
    }
}

/// Where a field ends: a separator in quotes is of the field.
fn end(rest: &[u8], separator: u8) -> usize {
    let quoted = rest.iter().find(|it| **it != b' ') == Some(&b'"');
    let mut open = false;
    let ends = |it: &u8| {
        open ^= quoted && *it == b'"';
        *it == separator && !open
    };
    rest.iter().position(ends).unwrap_or(rest.len())
}

fn field(octets: &[u8]) -> Cow<'_, str> {
    let octets = octets.trim_ascii();
    let inner = octets.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\""));
    let text = String::from_utf8_lossy(inner.unwrap_or(octets));
    if inner.is_some() && text.contains("\"\"") { text.replace("\"\"", "\"").into() } else { text }
}

/// The rows of a file, in their order.
pub(super) struct Rows<R> {
    from: R,
    line: u64,
}

impl<R: BufRead> Rows<R> {
    /// Passes over a mark of UTF-8; text in another Unicode is refused.
    pub(super) fn new(mut from: R) -> io::Result<Self> {
        let head = from.fill_buf()?;
        if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
            return Err(Error::new(ErrorKind::InvalidData, "it is UTF-16; save it as UTF-8"));
        }
        if head.starts_with(b"PK\x03\x04") {
            return Err(Error::new(ErrorKind::InvalidData, "it is a workbook or an archive; save it as CSV"));
        }
        let mark = if head.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
        from.consume(mark);
        Ok(Self { from, line: 0 })
    }

    /// The next row that is not blank.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        loop {
            let mut row = Row { line: self.line + 1, text: Vec::new() };
            let mut open = false;
            loop {
                let before = row.text.len();
                let count = (&mut self.from).take((ROW_MAX - before) as u64 + 1).read_until(b'\n', &mut row.text)?;
                if ROW_MAX < row.text.len() || (count == 0 && open) {
                    let why = format!("line {} has a quote that is not closed", row.line);
                    return Err(Error::new(ErrorKind::InvalidData, why));
                }
                self.line += 1;
                open ^= row.text[before..].iter().filter(|it| **it == b'"').count() % 2 == 1;
                if count == 0 || !open {
                    break;
                }
            }
            if row.text.is_empty() {
                return Ok(None);
            }
            row.text.truncate(row.text.trim_ascii_end().len());
            if !row.text.is_empty() {
                return Ok(Some(row));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], separator: u8) -> Vec<(u64, Vec<String>)> {
        let mut rows = Rows::new(text).unwrap();
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            found.push((row.line, row.fields(separator).into_iter().map(Cow::into_owned).collect()));
        }
        found
    }

    fn of(all: &[(u64, &[&str])]) -> Vec<(u64, Vec<String>)> {
        all.iter().map(|(line, it)| (*line, it.iter().map(|it| (*it).to_owned()).collect())).collect()
    }

    #[test]
    fn rows_are_read_however_they_are_written() {
        let marked = b"\xEF\xBB\xBFid;price\r\n\r\nA1;0,5\r\n\"B;2\" ; \"a \"\"b\"\"\"\r\n";
        assert_eq!(all(marked, b';'), of(&[(1, &["id", "price"]), (3, &["A1", "0,5"]), (4, &["B;2", "a \"b\""])]));
        assert_eq!(all(b"a,\"b\nc\",d\n,,\ne", b','), of(&[(1, &["a", "b\nc", "d"]), (3, &["", "", ""]), (4, &["e"])]));
        assert_eq!(all(b"a\xFFb,c", b','), of(&[(1, &["a\u{FFFD}b", "c"])]));
        assert!(all(b"", b',').is_empty() && all(b"\n\r\n", b',').is_empty());
    }

    #[test]
    fn what_has_no_end_or_is_no_text_is_refused() {
        let refused = |text: &[u8]| match Rows::new(text) {
            Ok(mut rows) => loop {
                match rows.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("it was read"),
                    Err(error) => break error.to_string(),
                }
            },
            Err(error) => error.to_string(),
        };
        assert_eq!(refused(b"a\n\"b\nc"), "line 2 has a quote that is not closed");
        assert_eq!(refused(format!("\"{}", "x\n".repeat(ROW_MAX)).as_bytes()), "line 1 has a quote that is not closed");
        assert!(refused(&[0xFF, 0xFE, b'a', 0]).contains("UTF-16"));
        assert!(refused(b"PK\x03\x04").contains("workbook"));
    }
}
