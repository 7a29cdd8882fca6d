//! PDUs out of a stream of octets.
//!
//! A PDU whose body cannot be read is an item like any other: it is answered and the
//! stream goes on. A PDU whose length cannot be is an error, because nobody knows where the
//! next one begins: the stream ends, and is never searched for a new beginning.

use crate::smpp::command::CommandId;
use crate::smpp::decode::DecodeError;
use crate::smpp::frame::{FrameError, next_frame};
use crate::smpp::pdu::Pdu;
use crate::smpp::status::CommandStatus;
use bytes::BytesMut;

/// Cuts a stream into PDUs.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    /// The longest PDU that is taken, its header included.
    pub max_pdu: usize,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a box would cost an allocation a PDU")]
pub enum Heard {
    /// A PDU.
    Pdu(Pdu),
    /// A PDU whose body could not be read.
    Undecodable {
        /// What it was.
        command: CommandId,
        /// Its number.
        sequence: u32,
        /// With what it is refused.
        status: CommandStatus,
    },
}

impl Codec {
    /// The next PDU of what has been read; `None` as long as it is not whole.
    pub fn next(&self, source: &mut BytesMut) -> Result<Option<Heard>, FrameError> {
        let Some(frame) = next_frame(source, self.max_pdu)? else {
            return Ok(None);
        };
        Ok(Some(match Pdu::decode(frame) {
            Ok(pdu) => Heard::Pdu(pdu),
            Err(DecodeError { command, sequence, status, .. }) => Heard::Undecodable { command, sequence, status },
        }))
    }
}
