//! Octets escaped as Python, Go, C and Wireshark print them.
//!
//! ```text
//! b'\x00\x00\x00\x10hello\n'    "\000\000" "\020"    \x00 \x01
//! ```

use crate::decode::paste::{Wrong, character, pair};

/// The octets. In quotation marks every character is one; without them line ends are none, nor are the blanks between
/// octets that are all escaped.
pub(super) fn read(text: &[u8]) -> Result<Vec<u8>, Wrong> {
    let text = text.trim_ascii_end();
    let mut escaped = Escaped { text, at: text.len() - text.trim_ascii_start().len(), octets: Vec::new() };
    if text[escaped.at..].starts_with(GO) {
        escaped.at += GO.len();
    }
    let head = text[escaped.at..].iter().take_while(|it| matches!(it, b'b' | b'B' | b'(') || it.is_ascii_whitespace());
    match text.get(escaped.at + head.count()) {
        Some(b'"' | b'\'') => escaped.quoted()?,
        _ => escaped.bare()?,
    }
    Ok(escaped.octets)
}

/// How Go begins octets.
const GO: &[u8] = b"[]byte(";

struct Escaped<'a> {
    text: &'a [u8],
    at: usize,
    octets: Vec<u8>,
}

impl Escaped<'_> {
    /// Texts in quotation marks, one behind the other. The last may have lost its end.
    fn quoted(&mut self) -> Result<(), Wrong> {
        while let Some(octet) = self.text.get(self.at) {
            self.at += 1;
            match octet {
                b'"' | b'\'' => self.until(*octet)?,
                b'b' | b'B' | b'+' | b',' | b';' | b'(' | b')' => {}
                it if it.is_ascii_whitespace() => {}
                // Wireshark ("copy as escaped string") and C go on in the next line so.
                b'\\' if self.text.get(self.at).is_some_and(|it| matches!(it, b'\n' | b'\r')) => {}
                _ => return Err(self.wrong(self.at - 1)),
            }
        }
        Ok(())
    }

    fn until(&mut self, end: u8) -> Result<(), Wrong> {
        while let Some(octet) = self.text.get(self.at) {
            match octet {
                b'\\' => self.escape()?,
                it => {
                    self.at += 1;
                    if *it == end {
                        break;
                    }
                    self.octets.push(*it);
                }
            }
        }
        Ok(())
    }

    fn bare(&mut self) -> Result<(), Wrong> {
        let is_one = |it: &[u8]| it.len() == 4 && it.starts_with(b"\\x");
        let apart = self.text.split(u8::is_ascii_whitespace).filter(|it| !it.is_empty()).all(is_one);
        while let Some(octet) = self.text.get(self.at) {
            match octet {
                b'\\' => self.escape()?,
                it => {
                    self.at += 1;
                    let is_layout = matches!(it, b'\n' | b'\r') || (apart && it.is_ascii_whitespace());
                    if !is_layout {
                        self.octets.push(*it);
                    }
                }
            }
        }
        Ok(())
    }

    /// What a backslash begins. A line that ends with one goes on in the next.
    fn escape(&mut self) -> Result<(), Wrong> {
        let behind = &self.text[self.at + 1..];
        let octal = behind.iter().take(3).take_while(|it| (b'0'..=b'7').contains(it)).count();
        let (octet, length) = match behind {
            [b'x', digits @ ..] => (pair(digits), 3),
            [b'u', b'0', b'0', digits @ ..] => (pair(digits), 5),
            [b'0'..=b'7', ..] => {
                let number = behind[..octal].iter().fold(0_u32, |sum, it| sum * 8 + u32::from(it - b'0'));
                (u8::try_from(number).ok(), octal)
            }
            [b'\r', b'\n', ..] => return self.pass(3),
            [b'\n', ..] => return self.pass(2),
            [letter, ..] => (single(*letter), 1),
            [] => (None, 0),
        };
        let Some(octet) = octet else { return Err(self.wrong(self.at + 1)) };
        self.octets.push(octet);
        self.pass(1 + length)
    }

    fn pass(&mut self, octets: usize) -> Result<(), Wrong> {
        self.at += octets;
        Ok(())
    }

    fn wrong(&self, at: usize) -> Wrong {
        let before = &self.text[..at.min(self.text.len())];
        let line = before.iter().filter(|it| **it == b'\n').count();
        let start = before.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
        Wrong::Escape { found: character(self.text, at), line: line + 1, column: before.len() - start + 1 }
    }
}

/// What a letter or sign behind a backslash is.
const fn single(letter: u8) -> Option<u8> {
    Some(match letter {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 7,
        b'b' => 8,
        b'v' => 11,
        b'f' => 12,
        b'e' => 27,
        b'\\' | b'\'' | b'"' | b'?' => letter,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_read_as_programs_print_them() {
        for (text, octets) in [
            (r"b'\x00\x00\x00\x10hi\n\t\\\'\r'", &b"\0\0\0\x10hi\n\t\\'\r"[..]),
            (r#"b"it's \x00 'so'""#, b"it's \0 'so'"),
            (r#""\x00\x01" "AB\000\0201\0" + "z""#, b"\0\x01AB\0\x101\0z"),
            (r#"[]byte("\x00\a\b\f\v\"")"#, b"\0\x07\x08\x0c\x0b\""),
            ("(b'\\x00'\n b'\\x01 ')", b"\0\x01 "),
            ("\"\\x00\\x01\" \\\n\"\\x02\"\n", b"\0\x01\x02"),
            (r"\x00\x00a b", b"\0\0a b"),
            (" \\x00 \\x00\n\\x0a ", b"\0\0\n"),
            ("\\x00\\x00\n\\x10", b"\0\0\x10"),
            ("\"\\x00\\\n\\x01\"", b"\0\x01"),
            (r#""\u0000\u00ff""#, b"\0\xFF"),
            (r#"'\x00\x01"#, b"\0\x01"),
        ] {
            assert_eq!(read(text.as_bytes()).as_deref(), Ok(octets), "{text}");
        }
    }

    #[test]
    fn what_means_nothing_is_named_with_its_place() {
        for (text, found, line, column) in [
            ("\\x0g", 'x', 1, 2),
            ("\\x00\n\\q", 'q', 2, 2),
            ("b'\\x00' z", 'z', 1, 9),
            ("\\777", '7', 1, 2),
            ("\\x00\\", '\n', 1, 6),
            ("\n \\x00\\q", 'q', 2, 7),
        ] {
            assert_eq!(read(text.as_bytes()), Err(Wrong::Escape { found, line, column }), "{text}");
        }
    }
}
