//! Cutting a stream into PDUs.
//!
//! ```text
//!  … ├─ PDU ─┼─── PDU ───┼─ PDU begun …
//!        │        │           └ stays in the buffer until the rest has come
//!        └────────┴ each leaves as one frame, sharing the buffer's octets
//! ```
//!
//! A length is never believed beyond `max_pdu`, and no memory is set aside for a length that
//! is only claimed: the buffer grows by what has come. After a wrong length nobody knows
//! where the next PDU begins; therefore a [`FrameError`] ends the session.

use crate::smpp::command::CommandId;
use crate::smpp::status::CommandStatus;
use bytes::{Bytes, BytesMut};
use thiserror::Error;

/// The length of a header, and so of the shortest PDU.
pub const HEADER_LENGTH: usize = 16;

/// The longest PDU by default: one with a full `message_payload` fits.
pub const PDU_MAX_DEFAULT: usize = 73_728;

/// Takes the next whole PDU from the front of the buffer; `None` when more must come first.
///
/// # Errors
/// When the length cannot be one; the buffer is then as it was.
pub fn next_frame(buffer: &mut BytesMut, max_pdu: usize) -> Result<Option<Bytes>, FrameError> {
    let Some(claim) = buffer.first_chunk::<4>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*claim);
    let octets = usize::try_from(length).unwrap_or(usize::MAX);
    if octets < HEADER_LENGTH {
        return Err(FrameError::TooShort(length));
    }
    if octets > max_pdu {
        return Err(FrameError::TooLong(length, looks_like(*claim)));
    }
    if buffer.len() < octets {
        return Ok(None);
    }
    Ok(Some(buffer.split_to(octets).freeze()))
}

/// A length that no PDU has. The answer is a `generic_nack` with
/// [`CommandStatus::InvalidCommandLength`] and sequence 0, then the end of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// Shorter than a header.
    #[error("command_length {0} is shorter than a header")]
    TooShort(u32),
    /// Longer than allowed, and which other protocol these octets begin, if they do.
    #[error("command_length {0} is longer than allowed{hint}", hint = hint(*.1))]
    TooLong(u32, Option<&'static str>),
}

/// The header of a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// `command_length`: of the whole PDU, this header included.
    pub length: u32,
    /// Which operation.
    pub command: CommandId,
    /// How the request fared; without meaning in requests.
    pub status: CommandStatus,
    /// Pairs a response with its request.
    pub sequence: u32,
}

impl Header {
    /// Reads the header at the start of these octets; `None` when they are fewer than 16.
    pub fn peek(octets: &[u8]) -> Option<Self> {
        let (words, _) = octets.first_chunk::<HEADER_LENGTH>()?.as_chunks::<4>();
        let [length, command, status, sequence] = words else {
            return None;
        };
        Some(Self {
            length: u32::from_be_bytes(*length),
            command: CommandId(u32::from_be_bytes(*command)),
            status: CommandStatus::from_u32(u32::from_be_bytes(*status)),
            sequence: u32::from_be_bytes(*sequence),
        })
    }
}

fn hint(protocol: Option<&'static str>) -> String {
    match protocol {
        Some(name) => format!("; the peer speaks {name}"),
        None => String::new(),
    }
}

/// Which protocol begins with these octets, if one is known: people do point browsers and
/// TLS clients at SMPP ports.
fn looks_like(start: [u8; 4]) -> Option<&'static str> {
    match &start {
        b"HTTP" | b"GET " | b"POST" | b"PUT " | b"HEAD" | b"OPTI" | b"PRI " => Some("HTTP"),
        [0x15 | 0x16, 0x03, 0..=4, _] => Some("TLS"),
        b"SSH-" => Some("SSH"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{FrameError, HEADER_LENGTH, Header, PDU_MAX_DEFAULT, next_frame};
    use crate::smpp::command::CommandId;
    use crate::smpp::status::CommandStatus;
    use bytes::BytesMut;

    const ENQUIRE: [u8; 16] = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 9];

    #[test]
    fn frames_come_whole_however_the_octets_arrive() {
        let mut stream = ENQUIRE.to_vec();
        stream.extend_from_slice(&[0, 0, 0, 18, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 7, 8]);
        stream.extend_from_slice(&ENQUIRE);
        for chunk in 1..stream.len() {
            let mut buffer = BytesMut::new();
            let mut lengths = Vec::new();
            for piece in stream.chunks(chunk) {
                buffer.extend_from_slice(piece);
                while let Some(frame) = next_frame(&mut buffer, PDU_MAX_DEFAULT).unwrap() {
                    lengths.push(frame.len());
                }
            }
            assert_eq!(lengths, [16, 18, 16], "chunks of {chunk}");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn impossible_lengths_are_refused_at_once() {
        for (octets, error) in [
            ([0, 0, 0, 15], FrameError::TooShort(15)),
            ([0, 0, 0, 0], FrameError::TooShort(0)),
            ([0, 1, 0x20, 1], FrameError::TooLong(73_729, None)),
            (*b"HTTP", FrameError::TooLong(0x4854_5450, Some("HTTP"))),
            (*b"GET ", FrameError::TooLong(0x4745_5420, Some("HTTP"))),
            ([0x16, 3, 1, 2], FrameError::TooLong(0x1603_0102, Some("TLS"))),
        ] {
            let mut buffer = BytesMut::from(&octets[..]);
            assert_eq!(next_frame(&mut buffer, PDU_MAX_DEFAULT), Err(error));
            assert_eq!(buffer.len(), 4);
        }
        let error = FrameError::TooLong(0x4854_5450, Some("HTTP"));
        assert!(error.to_string().ends_with("the peer speaks HTTP"));
    }

    #[test]
    fn a_claimed_length_reserves_nothing() {
        let mut buffer = BytesMut::from(&[0, 1, 0x20, 0][..]);
        let before = buffer.capacity();
        assert_eq!(next_frame(&mut buffer, PDU_MAX_DEFAULT), Ok(None));
        assert_eq!(buffer.capacity(), before);
    }

    #[test]
    fn a_header_is_four_numbers() {
        assert_eq!(Header::peek(&ENQUIRE[..HEADER_LENGTH - 1]), None);
        assert_eq!(
            Header::peek(&ENQUIRE),
            Some(Header { length: 16, command: CommandId::ENQUIRE_LINK, status: CommandStatus::Ok, sequence: 9 })
        );
    }
}
