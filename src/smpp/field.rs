//! The leaves of every PDU: octets, C-octet strings, optional parameters.
//!
//! Each leaf takes the rest of a body and gives what it read and what is left. All slices
//! point into the body; nothing is copied.

use nom::bytes::complete::take;
use nom::number::complete::{be_u8, be_u16};
use nom::{IResult, Parser};

/// The longest C-octet string that is looked for: well above every field of the
/// specification, so that a peer's longer one is kept whole, and bounded, so that a missing
/// NUL does not swallow the message.
const CSTRING_SEARCH_MAX: usize = 256;

/// A C-octet string of at most `size` octets with its NUL.
///
/// Peers get this wrong in two ways. A longer string is taken whole up to its NUL: cutting an
/// address or a password would make another one of it. Without a NUL in reach, the
/// field is taken to fill its size exactly, or to end with the body.
#[inline(always)]
pub(crate) fn c_octet(size: usize, input: &[u8]) -> IResult<&[u8], &[u8]> {
    if let Some(nul) = nul(&input[..input.len().min(CSTRING_SEARCH_MAX)]) {
        let (value, rest) = input.split_at(nul);
        return Ok((&rest[1..], value));
    }
    // An empty rest is a missing field, not an empty string.
    let (_, _) = be_u8(input)?;
    take((size - 1).min(input.len()))(input)
}

/// Where the first NUL stands: eight octets are looked at a time.
#[inline(always)]
fn nul(octets: &[u8]) -> Option<usize> {
    const LOW: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    if octets.first() == Some(&0) {
        return Some(0);
    }
    let (chunks, tail) = octets.as_chunks::<8>();
    for (at, chunk) in (0..).step_by(8).zip(chunks) {
        let word = u64::from_le_bytes(*chunk);
        // Below the first NUL no octet borrows, so that the lowest bit is that of the NUL.
        let zeros = word.wrapping_sub(LOW) & !word & HIGH;
        if zeros != 0 {
            return Some(at + zeros.trailing_zeros() as usize / 8);
        }
    }
    let at = tail.iter().position(|octet| *octet == 0)?;
    Some(octets.len() - tail.len() + at)
}

/// As many octets as are said, or as are left.
pub(crate) fn octets_clamped(length: usize, input: &[u8]) -> IResult<&[u8], &[u8]> {
    take(length.min(input.len()))(input)
}

/// One optional parameter; a length beyond the end is the length to the end.
pub(crate) fn tlv(input: &[u8]) -> IResult<&[u8], (u16, &[u8])> {
    let (rest, (tag, length)) = (be_u16, be_u16).parse(input)?;
    let (rest, value) = octets_clamped(usize::from(length), rest)?;
    Ok((rest, (tag, value)))
}

#[cfg(test)]
mod tests {
    use super::{c_octet, nul, tlv};

    #[test]
    fn a_string_ends_at_its_nul_even_if_it_is_long() {
        assert_eq!(c_octet(6, b"ab\0cd"), Ok((&b"cd"[..], &b"ab"[..])));
        assert_eq!(c_octet(3, b"abcdef\0g"), Ok((&b"g"[..], &b"abcdef"[..])));
    }

    #[test]
    fn the_first_nul_is_found_wherever_it_stands() {
        for length in 0..40 {
            for first in 0..=length {
                let mut octets: Vec<u8> = (0..length).map(|at| [0x01, 0x80, 0xFF, b'x'][at % 4]).collect();
                octets.iter_mut().skip(first).step_by(3).for_each(|octet| *octet = 0);
                assert_eq!(nul(&octets), octets.iter().position(|octet| *octet == 0), "{octets:?}");
            }
        }
    }

    #[test]
    fn a_string_without_nul_fills_its_size() {
        assert_eq!(c_octet(4, b"abcdef"), Ok((&b"def"[..], &b"abc"[..])));
        assert_eq!(c_octet(9, b"abc"), Ok((&b""[..], &b"abc"[..])));
        assert!(c_octet(9, b"").is_err());
    }

    #[test]
    fn a_tlv_is_clamped_to_what_is_there() {
        assert_eq!(tlv(b"\0\x1E\0\x02abc"), Ok((&b"c"[..], (0x1E, &b"ab"[..]))));
        assert_eq!(tlv(b"\0\x1E\0\x41abc"), Ok((&b""[..], (0x1E, &b"abc"[..]))));
        assert!(tlv(b"\0\x1E\0").is_err());
    }
}
