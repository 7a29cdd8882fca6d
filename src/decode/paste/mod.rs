//! Octets as people paste them: digits, dumps, and escapes of a program.
//!
//! ```text
//! 00 00 00 10, 00:00, 0x00                         digits
//! 0000   00 00 00 10 80 00 00 04  ........         dump: Wireshark, hexdump -C, od -A x -t x1
//! 00000000: 0000 0010 8000 0004  ........          xxd
//!         0x0000:  4500 0038 0001 0000  E..8....   tcpdump -X, of packets
//! b'\x00\x00\x00\x10\x80\x00\x00\x04'              escaped: Python, Go, C
//! ```

mod digits;
mod dump;
mod escaped;

use thiserror::Error;

/// Why a text is no octets.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Wrong {
    /// Something else stands in it.
    #[error("as hexadecimal digits it has {found:?} in line {line}, column {column}")]
    Digit {
        /// What stands there.
        found: char,
        /// From 1.
        line: usize,
        /// From 1, in octets.
        column: usize,
    },
    /// The last octet has one digit.
    #[error("as hexadecimal digits it has an odd number of them, {0}")]
    Odd(usize),
    /// A line of a dump has not the octets that the offset of the next one says.
    #[error("as a dump it has {there} octets in line {line}, where the offset of the next line says {said}")]
    Width {
        /// From 1.
        line: usize,
        /// How many octets are there.
        there: usize,
        /// How many should be.
        said: usize,
    },
    /// What stands behind a backslash, or between texts in quotation marks, means nothing.
    #[error("as escaped octets it has {found:?} in line {line}, column {column}")]
    Escape {
        /// What stands there.
        found: char,
        /// From 1.
        line: usize,
        /// From 1, in octets.
        column: usize,
    },
}

/// What was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pasted {
    /// The octets: of each dump those of its own.
    pub(super) streams: Vec<Vec<u8>>,
    /// Whether it is a dump, so that it is known where each stream begins.
    pub(super) is_dump: bool,
}

/// Reads a text in whatever form it is.
pub(super) fn read(text: &[u8]) -> Result<Pasted, Wrong> {
    if let Some(streams) = dump::read(text) {
        return Ok(Pasted { streams: streams?, is_dump: true });
    }
    // Digits have no backslash.
    let octets = if text.contains(&b'\\') { escaped::read(text)? } else { digits::read(text)? };
    Ok(Pasted { streams: vec![octets], is_dump: false })
}

/// The character at a place in a line.
fn character(content: &[u8], at: usize) -> char {
    String::from_utf8_lossy(content.get(at..).unwrap_or_default()).chars().next().unwrap_or('\n')
}

/// The octet of two digits, if that is what stands there.
fn pair(digits: &[u8]) -> Option<u8> {
    let [high, low, ..] = digits else { return None };
    let digit = |it: u8| char::from(it).to_digit(16);
    Some((digit(*high)? << 4 | digit(*low)?) as u8)
}
