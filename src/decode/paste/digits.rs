//! Hexadecimal digits as people paste them.

use crate::decode::paste::{Wrong, character};

/// The octets. Blanks, line ends, colons, hyphens, commas, `0x` and what follows a `#` do not matter.
pub(super) fn read(text: &[u8]) -> Result<Vec<u8>, Wrong> {
    let mut digits = Vec::with_capacity(text.len());
    for (line, content) in text.split(|it| *it == b'\n').enumerate() {
        let code = content.split(|it| *it == b'#').next().unwrap_or_default();
        let mut at = 0;
        while let Some(octet) = code.get(at) {
            match (char::from(*octet).to_digit(16), code.get(at + 1)) {
                (Some(0), Some(b'x' | b'X')) => at += 1,
                (Some(digit), _) => digits.push(digit as u8),
                (None, _) if octet.is_ascii_whitespace() || b":-,".contains(octet) => {}
                (None, _) => {
                    return Err(Wrong::Digit { found: character(code, at), line: line + 1, column: at + 1 });
                }
            }
            at += 1;
        }
    }
    match digits.as_chunks::<2>() {
        (pairs, []) => Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect()),
        _ => Err(Wrong::Odd(digits.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_they_are_pasted() {
        for text in ["00 10 fF", "0010FF", "00:10:ff", "0x00, 0x10, 0xFF", "0x0010ff", "00-10\n  ff # 12\n"] {
            assert_eq!(read(text.as_bytes()), Ok(vec![0, 0x10, 0xFF]), "{text}");
        }
        assert_eq!(read(b""), Ok(vec![]));
        assert_eq!(read(b"00\n0g"), Err(Wrong::Digit { found: 'g', line: 2, column: 2 }));
        assert_eq!(read("0é".as_bytes()), Err(Wrong::Digit { found: 'é', line: 1, column: 2 }));
        assert_eq!(read(b"00 1"), Err(Wrong::Odd(3)));
    }
}
