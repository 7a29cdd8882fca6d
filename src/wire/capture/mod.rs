//! Captures of a network, as tcpdump and Wireshark write them: files in, TCP streams out.
//!
//! ```text
//!  file ── pcap, pcapng ──► Packet ── packet ──► Segment ── stream ──► Piece: octets in order, gaps
//! ```
//!
//! Nothing here opens a file: it reads octets that are there, of which every one may be wrong. What
//! cannot be read is passed by or said, and nothing panics.

mod pcap;
mod pcapng;
pub mod packet;
pub mod stream;

use std::time::Duration;
use thiserror::Error;

/// What a file holds.
#[derive(Debug)]
pub struct Capture<'a> {
    /// The packets, in the order of the file.
    pub packets: Vec<Packet<'a>>,
    /// Why the file could not be read to its end, if it could not.
    pub damage: Option<String>,
}

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// When it was seen, since 1970; some files do not say.
    pub time: Option<Duration>,
    /// How its octets begin: a `LINKTYPE` of <https://www.tcpdump.org/linktypes.html>.
    pub link: u32,
    /// As many of its octets as were kept.
    pub octets: &'a [u8],
}

/// The file is none of those that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is neither pcap nor pcapng")]
pub struct NotACapture;

/// Reads a file. One that breaks off gives what came before.
pub fn read(file: &[u8]) -> Result<Capture<'_>, NotACapture> {
    pcap::read(file).or_else(|| pcapng::read(file)).ok_or(NotACapture)
}

/// Numbers in the order of octets that a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endian {
    Big,
    Little,
}

impl Endian {
    fn u16(self, octets: &[u8], at: usize) -> Option<u16> {
        let word = *octets.get(at..)?.first_chunk::<2>()?;
        Some(if self == Self::Big { u16::from_be_bytes(word) } else { u16::from_le_bytes(word) })
    }

    fn u32(self, octets: &[u8], at: usize) -> Option<u32> {
        let word = *octets.get(at..)?.first_chunk::<4>()?;
        Some(if self == Self::Big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
    }
}
