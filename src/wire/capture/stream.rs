//! Segments put in order: each direction of each connection as one stream of octets.
//!
//! What came twice is dropped; what came too early waits for what is missing. What never comes, or
//! not before too much waits for it, is a gap, and the stream goes on behind it.

use crate::wire::capture::Packet;
use crate::wire::capture::packet::{Other, Segment, segment};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

/// Segments that may wait for a missing one: more than a window of TCP has in practice.
const WAITING_MAX: usize = 1_024;
/// A jump of the number beyond this is another connection whose beginning was not captured.
const JUMP_MAX: u32 = 1 << 26;

/// A direction of a connection, numbered in the order of appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub usize);

/// What came next in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamChunk<'a> {
    /// In which.
    pub stream: StreamId,
    /// Who speaks.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// When it was seen.
    pub time: Option<Duration>,
    /// What it is.
    pub what: What<'a>,
}

/// Octets, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// These.
    Octets(&'a [u8]),
    /// So many were not captured.
    Gap(u32),
}

/// All streams of a capture.
#[derive(Debug, Default)]
pub struct Streams<'a> {
    /// What came, in the order in which it could be put together.
    pub pieces: Vec<StreamChunk<'a>>,
    /// Packets that are pieces of others, which nobody puts together.
    pub fragments: usize,
    /// A link that is not read, if packets have one.
    pub unknown_link: Option<u32>,
    open: HashMap<(SocketAddr, SocketAddr), Direction<'a>>,
    count: usize,
}

/// One direction, as far as it has been put together.
#[derive(Debug)]
struct Direction<'a> {
    stream: StreamId,
    /// The number of the octet that is to come.
    next: u32,
    /// What came too early, by how far it is ahead of the stream's beginning.
    waiting: BTreeMap<u64, (Option<Duration>, &'a [u8])>,
    /// How far the stream has come from its beginning.
    at: u64,
}

impl<'a> Streams<'a> {
    /// Puts all packets together.
    pub fn of(packets: &[Packet<'a>]) -> Self {
        let mut streams = Self::default();
        for packet in packets {
            match segment(packet) {
                Ok(segment) => streams.take(packet.time, segment),
                Err(Other::Fragment) => streams.fragments += 1,
                Err(Other::Link(link)) => streams.unknown_link = Some(link),
                Err(Other::NoTcp) => {}
            }
        }
        let mut open: Vec<_> = std::mem::take(&mut streams.open).into_iter().collect();
        open.sort_unstable_by_key(|(_, it)| it.stream);
        for (ends, mut direction) in open {
            direction.give_up(ends, &mut streams.pieces);
        }
        streams
    }

    fn take(&mut self, time: Option<Duration>, segment: Segment<'a>) {
        let ends = (segment.from, segment.to);
        let first = segment.sequence.wrapping_add(segment.syn.into());
        let is_other = |it: &Direction<'_>| {
            let ahead = first.wrapping_sub(it.next);
            (segment.syn && ahead != 0) || (JUMP_MAX < ahead && JUMP_MAX < ahead.wrapping_neg())
        };
        if self.open.get(&ends).is_some_and(is_other)
            && let Some(mut before) = self.open.remove(&ends)
        {
            before.give_up(ends, &mut self.pieces);
        }
        let direction = self.open.entry(ends).or_insert_with(|| {
            self.count += 1;
            Direction { stream: StreamId(self.count), next: first, waiting: BTreeMap::new(), at: 0 }
        });
        direction.take(time, first, segment.payload);
        direction.hand_out(ends, &mut self.pieces);
        if WAITING_MAX < direction.waiting.len() {
            direction.skip(ends, &mut self.pieces);
            direction.hand_out(ends, &mut self.pieces);
        }
    }
}

impl<'a> Direction<'a> {
    fn take(&mut self, time: Option<Duration>, first: u32, payload: &'a [u8]) {
        let ahead = first.wrapping_sub(self.next);
        let (place, payload) = if ahead <= JUMP_MAX {
            (self.at + u64::from(ahead), payload)
        } else {
            // It begins before the place that the stream has come to.
            let known = ahead.wrapping_neg() as usize;
            (self.at, payload.get(known..).unwrap_or_default())
        };
        let longer = self.waiting.get(&place).is_none_or(|(_, it)| it.len() < payload.len());
        if !payload.is_empty() && longer {
            self.waiting.insert(place, (time, payload));
        }
    }

    /// Hands out what is there without a gap.
    fn hand_out(&mut self, ends: (SocketAddr, SocketAddr), pieces: &mut Vec<StreamChunk<'a>>) {
        while let Some(entry) = self.waiting.first_entry() {
            let place = *entry.key();
            if self.at < place {
                return;
            }
            let (time, octets) = entry.remove();
            let known = usize::try_from(self.at - place).unwrap_or(usize::MAX);
            if let Some(fresh) = octets.get(known..).filter(|it| !it.is_empty()) {
                self.advance(fresh.len() as u64);
                pieces.push(self.piece(ends, time, What::Octets(fresh)));
            }
        }
    }

    /// Gives up what is missing before the first that waits.
    fn skip(&mut self, ends: (SocketAddr, SocketAddr), pieces: &mut Vec<StreamChunk<'a>>) {
        let Some((place, (time, _))) = self.waiting.first_key_value() else { return };
        let (missing, time) = (*place - self.at, *time);
        self.advance(missing);
        pieces.push(self.piece(ends, time, What::Gap(u32::try_from(missing).unwrap_or(u32::MAX))));
    }

    fn give_up(&mut self, ends: (SocketAddr, SocketAddr), pieces: &mut Vec<StreamChunk<'a>>) {
        while !self.waiting.is_empty() {
            self.skip(ends, pieces);
            self.hand_out(ends, pieces);
        }
    }

    fn advance(&mut self, octets: u64) {
        self.at += octets;
        self.next = self.next.wrapping_add(octets as u32);
    }

    const fn piece(
        &self,
        (from, to): (SocketAddr, SocketAddr),
        time: Option<Duration>,
        what: What<'a>,
    ) -> StreamChunk<'a> {
        StreamChunk { stream: self.stream, from, to, time, what }
    }
}
