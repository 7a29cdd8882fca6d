//! Which streams of a capture are SMPP: those of a port, or those that begin with a PDU.

use crate::decode::cutter::{Cutter, seems_pdu};
use crate::smpp::frame::HEADER_LENGTH;
use crate::wire::capture::stream::{StreamChunk, StreamId, What};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The streams that were seen.
#[derive(Debug)]
pub(super) struct Select {
    port: Option<u16>,
    streams: BTreeMap<StreamId, (Stream, (SocketAddr, SocketAddr))>,
}

#[derive(Debug)]
enum Stream {
    /// Too little has come to tell.
    Begun(Vec<u8>),
    Taken(Cutter),
    Left {
        tls: bool,
    },
}

impl Select {
    pub(super) const fn new(port: Option<u16>) -> Self {
        Self { port, streams: BTreeMap::new() }
    }

    /// Cuts the stream of a piece, if it is to be cut; the piece itself is the caller's to push.
    pub(super) fn cutter(&mut self, piece: &StreamChunk<'_>) -> Option<&mut Cutter> {
        let ends = (piece.from, piece.to);
        let first = || match self.port {
            Some(port) if [piece.from.port(), piece.to.port()].contains(&port) => Stream::Taken(Cutter::default()),
            Some(_) => Stream::Left { tls: false },
            None => Stream::Begun(Vec::new()),
        };
        let (stream, _) = self.streams.entry(piece.stream).or_insert_with(|| (first(), ends));
        if let Stream::Begun(before) = stream {
            *stream = decide(std::mem::take(before), piece.what);
        }
        match stream {
            Stream::Taken(cutter) => Some(cutter),
            Stream::Begun(_) | Stream::Left { .. } => None,
        }
    }

    /// The cutters, for what is left in them.
    pub(super) fn rest(&mut self) -> Vec<((SocketAddr, SocketAddr), Cutter)> {
        let taken = self.streams.values_mut().filter_map(|(stream, ends)| match stream {
            Stream::Taken(cutter) => Some((*ends, std::mem::take(cutter))),
            Stream::Begun(_) | Stream::Left { .. } => None,
        });
        taken.collect()
    }

    /// How many streams there were.
    pub(super) fn streams(&self) -> usize {
        self.streams.len()
    }

    /// Why there may be no SMPP.
    pub(super) fn reason(&self, unknown_link: Option<u32>) -> String {
        if let Some(link) = unknown_link {
            return format!("; packets of link type {link} are not read");
        }
        if let Some(port) = self.port {
            return format!(" at port {port}");
        }
        if self.streams.values().any(|(stream, _)| matches!(stream, Stream::Left { tls: true })) {
            return "; some are TLS, which hides what is in them".to_owned();
        }
        "; if it began before the capture did, name its --port".to_owned()
    }
}

/// Decides on a stream once its first header is there. What waited goes into the cutter, the piece does not.
fn decide(before: Vec<u8>, what: What<'_>) -> Stream {
    let What::Octets(octets) = what else { return Stream::Left { tls: false } };
    let start: Vec<u8> = before.iter().chain(octets).copied().take(HEADER_LENGTH).collect();
    if seems_pdu(&start) {
        let mut cutter = Cutter::default();
        cutter.push(&before);
        Stream::Taken(cutter)
    } else if start.len() < HEADER_LENGTH {
        Stream::Begun(start)
    } else {
        Stream::Left { tls: matches!(start[..], [0x14..=0x17, 3, ..]) }
    }
}
