//! A stream cut into PDUs, for as long as it is one; then the next place that looks like one is searched for.
//!
//! A session never does the latter: it would act on what it guesses. Here somebody reads.

use crate::smpp::command::CommandId;
use crate::smpp::frame::{HEADER_LENGTH, Header, PDU_MAX_DEFAULT, next_frame};
use crate::smpp::status::CommandStatus;
use bytes::{Bytes, BytesMut};

/// One stream.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    buffer: BytesMut,
    /// Whether the place where a PDU begins is not known.
    lost: bool,
    /// Octets passed by since it was.
    passed: usize,
}

/// What stands in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A PDU.
    Pdu(Bytes),
    /// A PDU that is not whole, as far as it is there.
    Part(Bytes),
    /// Something else, in a sentence.
    Wrong(String),
}

impl Cutter {
    /// Takes what comes next.
    pub(super) fn push(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
    }

    /// What stands next; `None` when more has to come.
    pub(super) fn next(&mut self) -> Option<Found> {
        if self.lost && !self.search() {
            return None;
        }
        if self.passed != 0 {
            let passed = std::mem::take(&mut self.passed);
            return Some(Found::Wrong(format!("{passed} octets were passed by that are no PDU")));
        }
        match next_frame(&mut self.buffer, PDU_MAX_DEFAULT) {
            Ok(frame) => frame.map(Found::Pdu),
            Err(error) => {
                // Not here again.
                self.lost = true;
                self.pass(1);
                Some(Found::Wrong(error.to_string()))
            }
        }
    }

    /// So many octets are missing before what comes next. A PDU that they tear is given as far as it is there.
    pub(super) fn gap(&mut self, octets: u32) -> Option<Found> {
        let torn = self.end();
        self.lost = true;
        match torn {
            Some(Found::Part(frame)) => Some(Found::Part(frame)),
            _ => Some(Found::Wrong(format!("{octets} octets were not captured"))),
        }
    }

    /// What is left when nothing more comes.
    pub(super) fn end(&mut self) -> Option<Found> {
        let passed = std::mem::take(&mut self.passed);
        let left = self.buffer.split().freeze();
        match (left.is_empty(), self.lost) {
            (true, _) if passed == 0 => None,
            (false, false) => Some(Found::Part(left)),
            _ => Some(Found::Wrong(format!("{} octets were passed by that are no PDU", passed + left.len()))),
        }
    }

    /// Goes to the next place where a PDU seems to begin; false when there is none yet.
    fn search(&mut self) -> bool {
        let places = (self.buffer.len() + 1).saturating_sub(HEADER_LENGTH);
        let place = (0..places).find(|at| seems_pdu(&self.buffer[*at..]));
        self.pass(place.unwrap_or(places));
        self.lost = place.is_none();
        !self.lost
    }

    fn pass(&mut self, octets: usize) {
        let octets = octets.min(self.buffer.len());
        bytes::Buf::advance(&mut self.buffer, octets);
        self.passed += octets;
    }
}

/// Whether these octets begin as a PDU does: a possible length, a known operation, and a status that fits it.
pub(super) fn seems_pdu(octets: &[u8]) -> bool {
    let Some(header) = Header::peek(octets) else { return false };
    let length = usize::try_from(header.length).unwrap_or(usize::MAX);
    let status = header.command.is_response() || header.status == CommandStatus::Ok;
    (HEADER_LENGTH..=PDU_MAX_DEFAULT).contains(&length) && status && CommandId::ALL.contains(&header.command)
}
