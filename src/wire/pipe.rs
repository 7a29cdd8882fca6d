//! A stream with a buffer on each side, both bounded.
//!
//! ```text
//!  stream ─► inbox ─► PDUs             PDUs ─► outbox ─► stream
//!                                         │
//!            OUTBOX_FULL: nothing is read │ OUTBOX_HIGH: no commands are taken
//! ```
//!
//! Reading goes on while writing waits, so that two peers who both have much to say do not
//! wait for each other. Only a peer who says much and reads nothing fills the outbox up to
//! where it is no longer read; then the time for writing ends the connection.

use crate::smpp::frame::HEADER_LENGTH;
use crate::smpp::pdu::Pdu;
use crate::smpp::writer::EncodeError;
use crate::wire::stream::Arrivals;
use bytes::{Buf, BytesMut};
use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

/// Octets asked for at once. PDUs are slices of what was read, so that a text that is kept
/// for long keeps this much of its surroundings.
const READ_SIZE: usize = 16 * 1_024;

/// From so many unwritten octets on, no more commands are taken: some 400 short messages.
const OUTBOX_HIGH: usize = 64 * 1_024;

/// From so many unwritten octets on, the peer is not read any more, if nothing else is said. Between the
/// two marks is room for the answers to the widest window that a peer can have, 10,000 requests.
pub(super) const OUTBOX_FULL: usize = 256 * 1_024;
// Answers are a header and an empty id.
const _: () = assert!(OUTBOX_HIGH + 10_000 * (HEADER_LENGTH + 1) <= OUTBOX_FULL);

/// A stream and what is on its way to and from it.
#[derive(Debug)]
pub(super) struct Pipe<S> {
    stream: S,
    pub(super) inbox: BytesMut,
    outbox: BytesMut,
    /// Requests in the outbox, by where they begin in all that was ever written.
    requests: VecDeque<Mark>,
    /// Octets that the stream has taken.
    written: u64,
    /// Whether the stream has taken octets that it may not have passed on.
    unflushed: bool,
    write_timeout: Duration,
    /// From how many unwritten octets on the peer is not read.
    outbox_full: usize,
    /// When the peer must have taken something of what waits for it.
    stuck_by: Option<Instant>,
}

/// Where a request begins.
#[derive(Debug)]
struct Mark {
    begins: u64,
    sequence: u32,
}

impl<S: Arrivals> Pipe<S> {
    pub(super) fn new(stream: S, write_timeout: Duration, outbox_full: usize) -> Self {
        Self {
            stream,
            inbox: BytesMut::new(),
            outbox: BytesMut::with_capacity(OUTBOX_HIGH),
            requests: VecDeque::new(),
            written: 0,
            unflushed: false,
            write_timeout,
            outbox_full,
            stuck_by: None,
        }
    }

    /// Whether there is room for what commands will bring.
    pub(super) fn takes_commands(&self) -> bool {
        self.outbox.len() < OUTBOX_HIGH
    }

    /// Puts a PDU into the outbox, or leaves the outbox as it was.
    pub(super) fn push(&mut self, pdu: &Pdu) -> Result<(), EncodeError> {
        let before = self.outbox.len();
        pdu.encode(&mut self.outbox)?;
        if !pdu.body.is_response() {
            self.requests.push_back(Mark { begins: self.written + before as u64, sequence: pdu.sequence });
        }
        Ok(())
    }

    /// Takes back a request of which the stream has taken nothing: of all that is in the
    /// outbox, the first. Whoever begins with it takes all, and writes nothing more.
    pub(super) fn take_back(&mut self) -> Option<u32> {
        self.outbox.clear();
        self.requests.pop_front().map(|mark| mark.sequence)
    }

    /// When the peer has not read for too long.
    pub(super) const fn stuck_by(&self) -> Option<Instant> {
        self.stuck_by
    }

    /// Writes as much as the stream takes. Ready when nothing is left.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let before = self.outbox.len();
        let written = self.poll_write_all(cx);
        if written.is_ready() {
            self.stuck_by = None;
        } else if self.stuck_by.is_none() || self.outbox.len() < before {
            self.stuck_by = Some(Instant::now() + self.write_timeout);
        }
        written
    }

    /// Reads what is there. Ready with the number of octets; 0 is the end.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.outbox_full <= self.outbox.len() {
            return Poll::Pending; // The writing side wakes us.
        }
        self.inbox.reserve(READ_SIZE);
        // Reading into a buffer is whole or not at all, so that the future may be dropped.
        match ready!(pin!(self.stream.read_buf(&mut self.inbox)).poll(cx)) {
            // TLS without its farewell. A PDU says itself how long it is, so that nobody can
            // pass a part of one for the whole.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(0)),
            read => Poll::Ready(read),
        }
    }

    /// Whether octets lie in the stream that a read would take. A peer that takes nothing is not read, and its time
    /// goes on.
    pub(super) fn has_arrived(&self) -> bool {
        self.outbox.len() < self.outbox_full && self.stream.has_arrived()
    }

    /// Writes what is left and closes, within the time for writing.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        let write_timeout = self.write_timeout;
        let had_last_words = !self.outbox.is_empty();
        let closing = async {
            std::future::poll_fn(|cx| self.poll_write_all(cx)).await?;
            std::future::poll_fn(|cx| Pin::new(&mut self.stream).poll_shutdown(cx)).await
        };
        tokio::time::timeout(write_timeout, closing).await??;
        if had_last_words {
            // A connection that is closed with unread octets is reset, and a reset may
            // overtake what was just written.
            _ = tokio::time::timeout(LINGER, self.discard()).await;
        }
        Ok(())
    }

    async fn discard(&mut self) -> io::Result<()> {
        let mut octets = 0;
        while octets < LINGER_OCTETS {
            self.inbox.clear();
            self.inbox.reserve(READ_SIZE);
            match self.stream.read_buf(&mut self.inbox).await? {
                0 => break,
                read => octets += read,
            }
        }
        Ok(())
    }

    fn poll_write_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outbox.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.outbox))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outbox.advance(written);
            self.written += written as u64;
            while self.requests.front().is_some_and(|mark| mark.begins < self.written) {
                self.requests.pop_front();
            }
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// How long a peer may take to close after our last words.
const LINGER: Duration = Duration::from_secs(1);

/// How much of what it still says is listened to.
const LINGER_OCTETS: usize = 256 * 1_024;
