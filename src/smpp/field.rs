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
pub(crate) fn c_octet(size: usize, input: &[u8]) -> IResult<&[u8], &[u8]> {
    let reach = &input[..input.len().min(CSTRING_SEARCH_MAX)];
    if let Some(nul) = reach.iter().position(|octet| *octet == 0) {
        let (rest, value) = take(nul)(input)?;
        return Ok((&rest[1..], value));
    }
    // An empty rest is a missing field, not an empty string.
    let (_, _) = be_u8(input)?;
    take((size - 1).min(input.len()))(input)
}

/// One octet, a number or a set of flags.
pub(crate) fn octet(input: &[u8]) -> IResult<&[u8], u8> {
    be_u8(input)
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
    use super::{c_octet, tlv};

    #[test]
    fn a_string_ends_at_its_nul_even_if_it_is_long() {
        assert_eq!(c_octet(6, b"ab\0cd"), Ok((&b"cd"[..], &b"ab"[..])));
        assert_eq!(c_octet(3, b"abcdef\0g"), Ok((&b"g"[..], &b"abcdef"[..])));
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
