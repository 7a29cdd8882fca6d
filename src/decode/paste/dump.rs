//! Dumps: lines of an offset, octets, and what these are as text.
//!
//! ```text
//! 00000010: 0000 0001 6162 2063 64  ....ab cd
//! └ offset  └ octets: as many as the next offset says, and no more than up to the gap
//!                                   └ text, which is never read, whatever it looks like
//! ```

use crate::decode::paste::{Wrong, character, pair};

/// The octets of which a dump makes two halves, with a wider gap between them (`hexdump -C`).
const HALF: usize = 8;
/// Digits of an offset.
const OFFSET: std::ops::RangeInclusive<usize> = 4..=16;

/// A line of a dump.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    content: &'a [u8],
    /// From 0.
    number: usize,
    offset: usize,
    /// Where the octets begin.
    begin: usize,
    form: Form,
}

/// How the offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// By itself: the octets stand one by one, perhaps in two halves.
    Bare,
    /// With a colon: they stand in groups, with one blank between them.
    Colon,
    /// With 0x and a colon: lines of another kind stand between.
    Packets,
}

/// The octets of each dump: one ends where the offset goes back. `None` where the text is no dump.
pub(super) fn read(text: &[u8]) -> Option<Result<Vec<Vec<u8>>, Wrong>> {
    let mut contents = text.split(|it| *it == b'\n').enumerate();
    let says = |content: &[u8]| !content.trim_ascii().is_empty() && !content.starts_with(b"#");
    let first = contents.clone().find(|(_, it)| says(it)).and_then(|(number, it)| Line::of(number, it));
    let first = match first {
        Some(line) if line.says() && (line.form != Form::Bare || line.offset == 0) => line,
        _ => {
            let mut lines = contents.clone().filter_map(|(number, it)| Line::of(number, it));
            lines.find(|it| it.says() && it.form == Form::Packets)?
        }
    };
    let others = first.form == Form::Packets;
    let lines = contents.by_ref().filter(|(_, it)| says(it)).filter_map(|(number, content)| {
        match Line::of(number, content).filter(|it| it.form == first.form) {
            Some(line) => Some(Ok(line)),
            None if others && !content.trim_ascii_start().starts_with(b"0x") => None,
            None => {
                let column = content.iter().take_while(|it| it.is_ascii_whitespace()).count();
                Some(Err(Wrong::Digit { found: character(content, column), line: number + 1, column: column + 1 }))
            }
        }
    });
    Some(lines.collect::<Result<Vec<_>, _>>().and_then(|it| join(&it)))
}

fn join(lines: &[Line<'_>]) -> Result<Vec<Vec<u8>>, Wrong> {
    let mut streams: Vec<Vec<u8>> = Vec::new();
    let (mut usual, mut next) = (None, None);
    for (at, line) in lines.iter().enumerate() {
        let goes_on = |next: &usize| *next <= line.offset;
        if next.as_ref().is_none_or(|it| !goes_on(it)) {
            streams.push(Vec::new());
        }
        let said = lines.get(at + 1).and_then(|it| it.offset.checked_sub(line.offset)).filter(|it| *it != 0);
        usual = usual.max(said);
        let octets = line.octets(said.or(usual))?;
        if let Some(said) = said.filter(|it| *it != octets.len()) {
            return Err(Wrong::Width { line: line.number + 1, there: octets.len(), said });
        }
        next = Some(line.offset + octets.len());
        streams.last_mut().expect("the first line begins a stream").extend(octets);
    }
    Ok(streams)
}

impl<'a> Line<'a> {
    fn of(number: usize, content: &'a [u8]) -> Option<Self> {
        let content = content.trim_ascii_end();
        let blanks = content.iter().take_while(|it| it.is_ascii_whitespace()).count();
        let prefix = if content[blanks..].starts_with(b"0x") { 2 } else { 0 };
        let digits = &content[blanks + prefix..];
        let length = digits.iter().take_while(|it| it.is_ascii_hexdigit()).count();
        let (offset, rest) = digits.split_at(length);
        if !OFFSET.contains(&length) {
            return None;
        }
        let form = match (prefix, rest) {
            (2, [b':', ..]) => Form::Packets,
            (0, [b':', ..]) => Form::Colon,
            (0, [b'\t', ..] | [b' ', b' ', ..] | []) => Form::Bare,
            // `od -A x -t x1` leaves one.
            (0, [b' ', ..]) if length == 6 => Form::Bare,
            _ => return None,
        };
        let behind = &rest[usize::from(form != Form::Bare)..];
        let gap = behind.iter().take_while(|it| it.is_ascii_whitespace()).count();
        let octets = &behind[gap..];
        let alone = pair(octets).is_some() && octets.get(2).is_none_or(u8::is_ascii_whitespace);
        let begins = match form {
            _ if behind.is_empty() => true,
            Form::Bare => alone,
            Form::Colon | Form::Packets => gap != 0 && octets.first().is_some_and(u8::is_ascii_hexdigit),
        };
        let offset = std::str::from_utf8(offset).ok().and_then(|it| usize::from_str_radix(it, 16).ok())?;
        begins.then_some(Self { content, number, offset, begin: content.len() - octets.len(), form })
    }

    /// Whether there are octets behind the offset.
    const fn says(&self) -> bool {
        self.begin < self.content.len()
    }

    /// The octets, of which there are at most so many.
    fn octets(&self, most: Option<usize>) -> Result<Vec<u8>, Wrong> {
        let (mut octets, mut at) = (Vec::new(), self.begin);
        while at < self.content.len() && most.is_none_or(|it| octets.len() < it) {
            let gap = self.content[at..].iter().take_while(|it| it.is_ascii_whitespace()).count();
            let behind = &self.content[at + gap..];
            if self.is_text(&octets, gap, behind, most) {
                break;
            }
            let Some(octet) = pair(behind) else {
                let first = behind.first().is_some_and(u8::is_ascii_hexdigit);
                let column = at + gap + usize::from(first);
                let found = character(self.content, column);
                return Err(Wrong::Digit { found, line: self.number + 1, column: column + 1 });
            };
            octets.push(octet);
            at += gap + 2;
        }
        Ok(octets)
    }

    /// Whether the text begins behind a gap.
    fn is_text(&self, octets: &[u8], gap: usize, behind: &[u8], most: Option<usize>) -> bool {
        let alone = pair(behind).is_some() && behind.get(2).is_none_or(u8::is_ascii_whitespace);
        match gap {
            _ if octets.is_empty() => false,
            0 => false,
            // Gaps may have been made one: then the text has as many characters as there are octets.
            1 if self.content[self.content.len() - behind.len() - 1] != b'\t' => {
                pair(behind).is_none() && String::from_utf8_lossy(behind).chars().count() == octets.len()
            }
            2 if self.form == Form::Bare && octets.len() == HALF && most != Some(HALF) => !alone,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PDU: &[u8] = b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x03";

    fn streams(text: &str) -> Vec<Vec<u8>> {
        read(text.as_bytes()).expect("a dump").unwrap()
    }

    #[test]
    fn every_dump_is_read_by_its_offsets() {
        let text = [PDU, b"ab cd ef 00"].concat();
        for dump in [
            "0000   00 00 00 10 00 00 00 15 00 00 00 00 00 00 00 03   ................\n\
             0010   61 62 20 63 64 20 65 66 20 30 30                  ab cd ef 00\n",
            "00000000: 0000 0010 0000 0015 0000 0000 0000 0003  ................\r\n\
             00000010: 6162 2063 6420 6566 2030 30              ab cd ef 00\r\n",
            "00000000  00 00 00 10 00 00 00 15  00 00 00 00 00 00 00 03  |................|\n\
             00000010  61 62 20 63 64 20 65 66  20 30 30                 |ab cd ef 00|\n0000001b\n",
            "12:00:00.000001 IP 10.0.0.1.40000 > 10.0.0.2.2775: Flags [P.], length 27\n\
             \t0x0000:  0000 0010 0000 0015 0000 0000 0000 0003  ................\n\
             \t0x0010:  6162 2063 6420 6566 2030 30              ab.cd.ef.00\n",
            "00000000: 00000010 00000015 00000000 00000003  ................\n\
             00000010: 61622063 64206566 203030             ab cd ef 00\n",
            "00000000: 0000 0010 0000 0015  ........\n00000008: 0000 0000 0000 0003  ........\n\
             00000010: 6162 2063 6420 6566  ab cd ef\n00000018: 2030 30               00\n",
            "0000  00 00 00 10 00 00 00 15  ........\n0008  00 00 00 00 00 00 00 03  ........\n\
             0010  61 62 20 63 64 20 65 66  ab cd ef\n0018  20 30 30                  00\n",
            "000000 00 00 00 10 00 00 00 15 00 00 00 00 00 00 00 03\n\
             000010 61 62 20 63 64 20 65 66 20 30 30\n00001b\n",
            "0000: 0000 0010 0000 0015 0000 0000 0000 0003 ................\n0010: 6162 2063 6420 6566 2030 30\n",
        ] {
            assert_eq!(streams(dump), [&text[..]], "{dump}");
        }
    }

    #[test]
    fn the_text_of_a_dump_is_never_read() {
        // It looks like octets, in a line that is the last, the only one, or both.
        assert_eq!(streams("00000000: 3030 2031 3120 3232  00 11 22"), [b"00 11 22"]);
        assert_eq!(streams("0000   61 62 63 64                                       abcd"), [b"abcd"]);
        assert_eq!(streams("\t0x0000:  6162 6364 6566                           abcdef"), [b"abcdef"]);
        let half = "00000000  61 62 20 63 64 20 65 66                           |ab cd ef|\n";
        assert_eq!(streams(half), [b"ab cd ef"]);
        assert_eq!(streams("0000: 6162 6364 zxcv"), [b"abcd"]);
        let bare = "0000   61 61 20 62 62 20 63 63 20 64 64 20 65 65 20 66   aa bb cc dd ee f\n0010   61 62   ab\n";
        assert_eq!(streams(bare), [b"aa bb cc dd ee fab"]);
    }

    #[test]
    fn a_dump_ends_where_the_offset_goes_back() {
        let one = "0000   00 00 00 10 00 00 00 15 00 00 00 00 00 00 00 03   ................\n";
        assert_eq!(streams(&format!("{one}\n{one}# again\n{one}")), [PDU, PDU, PDU]);
        assert_eq!(streams("00000064: 0001 0203  ....\n00000064: 0405       ..\n"), [&[0, 1, 2, 3][..], &[4, 5]]);
    }

    #[test]
    fn what_is_wrong_in_a_dump_is_named_with_its_place() {
        let wrong = |text: &str| read(text.as_bytes()).expect("a dump").unwrap_err();
        let digit = |found, line, column| Wrong::Digit { found, line, column };
        assert_eq!(wrong("0000   00 0g 02   ...\n0003   01   ."), digit('g', 1, 12));
        assert_eq!(wrong("00000000: 0001 0z03 0405  ......\n"), digit('z', 1, 17));
        assert_eq!(wrong("0000   00 01   ..\n*\n0020   01   ."), digit('*', 2, 1));
        let short = "0000   00 01 02   ...\n0010   01   .";
        assert_eq!(wrong(short), Wrong::Width { line: 1, there: 3, said: 16 });
        for other in ["0000", "00000010 00000015", "00 00  00 10", "0x00, 0x01", "", "0010:0000", "00000010  00000015"]
        {
            assert!(read(other.as_bytes()).is_none(), "{other}");
        }
    }
}
