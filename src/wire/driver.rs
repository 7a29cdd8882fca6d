//! The driver: the only code that knows both a conversation and a socket.
//!
//! ```text
//!            ┌───────────────────────────── turn ─────────────────────────────┐
//!  wake ───► │ write what waits · read what is there · take waiting commands   │
//!            │ each PDU, each command, the time ─► conversation.handle         │
//!            │ conversation.poll until Wait ─► outbox, reports                 │
//!            └──────────────────────────────────────────────────────── sleep ◄─┘
//! ```
//!
//! A turn handles all that is there and writes once. Once a deadline has passed, the socket is read until it holds
//! nothing before the time is told: no request is given up whose answer had arrived when the clock was looked at,
//! however long the process stood still. Reports leave in the order in which they are made.
//!
//! While the conversation takes nothing, nothing is read: what the socket does not hold, the peer
//! does. The end of a connection is seen behind all that was said on it.

use crate::session::conversation::{Conversation, DriverAction, DriverEvent};
use crate::session::output::CloseReason;
use crate::smpp::frame::{FrameError, PDU_MAX_DEFAULT};
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::status::CommandStatus;
use crate::wire::codec::{Codec, Heard};
use crate::wire::pipe::{OUTBOX_FULL, Pipe};
use crate::wire::stream::Arrivals;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// How many commands one turn takes: enough to fill one write, too few to keep the peer waiting.
const COMMANDS_MAX: usize = 256;

/// How much is read before a deadline that has passed is told: more than a socket holds, so that a peer that goes on
/// and on does not put it off for ever.
const ARRIVED_MAX: usize = 64 * 1_024 * 1_024;

/// How often the runtime is asked to look at the socket, which holds what a read does not find. Once does mostly; where
/// another thread is to look that has no core yet, it takes as long as the system lets that wait.
const LOOKS_MAX: usize = 2_000;

/// How long is waited between such looks, but for the first.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Later than any deadline, for a conversation that waits for none.
const FAR: Duration = Duration::from_secs(86_400 * 365);

/// The limits of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The longest PDU that is taken. Default 72 KiB.
    pub max_pdu: usize,
    /// How long a peer may take none of what is written for it. Default 10 s.
    pub write_timeout: Duration,
    /// From how many unwritten octets on the peer is not read any more. Default 256 KiB.
    pub outbox_full: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_pdu: PDU_MAX_DEFAULT, write_timeout: Duration::from_secs(10), outbox_full: OUTBOX_FULL }
    }
}

/// How a connection ended.
#[derive(Debug, Error)]
pub enum Ended {
    /// The conversation was over, or the peer closed; the conversation says why.
    #[error("{0}")]
    Closed(CloseReason),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// What came is not SMPP, or not any more.
    #[error("{0}")]
    Garbled(FrameError),
    /// The peer did not read.
    #[error("the peer took nothing of what was written for it")]
    Stuck,
}

/// Runs one conversation over one connection until it is over.
///
/// Whatever way it ends, the conversation has been told and its last reports have been handed out. Dropped before, the
/// conversation knows nothing of it: hand it an end. Commands that are still in the channel then are the caller's.
/// `report` must not block; the caller has room for what it let the conversation begin.
pub async fn drive<C: Conversation, S: Arrivals>(
    conversation: &mut C,
    stream: S,
    commands: &mut mpsc::Receiver<C::Command>,
    report: impl FnMut(C::Report),
    options: &Options,
) -> Ended {
    let driver = Driver {
        conversation,
        report,
        codec: Codec { max_pdu: options.max_pdu },
        pipe: Pipe::new(stream, options.write_timeout, options.outbox_full),
        deadline: None,
        closed: None,
        broken: None,
        unsent: Vec::new(),
    };
    driver.run(commands).await
}

struct Driver<'a, C, S, R> {
    conversation: &'a mut C,
    report: R,
    codec: Codec,
    pipe: Pipe<S>,
    /// When the conversation wants to be told the time.
    deadline: Option<Instant>,
    closed: Option<CloseReason>,
    /// How the connection broke, until the next turn.
    broken: Option<io::Error>,
    /// Numbers of PDUs that could not be encoded, until the conversation is told.
    unsent: Vec<u32>,
}

/// What a turn found.
enum Woken {
    /// Octets were read, or commands were taken, or the time has come.
    Work,
    /// The peer has closed.
    Eof,
    /// The connection broke.
    Broken(io::Error),
}

impl<C: Conversation, S: Arrivals, R: FnMut(C::Report)> Driver<'_, C, S, R> {
    async fn run(mut self, commands: &mut mpsc::Receiver<C::Command>) -> Ended {
        let mut timer = std::pin::pin!(sleep_until(Instant::now() + FAR));
        let mut batch = Vec::with_capacity(COMMANDS_MAX);
        let mut commands_open = true;
        self.drain();
        loop {
            if let Some(reason) = self.closed {
                _ = self.pipe.finish().await;
                return Ended::Closed(reason);
            }
            let source = commands_open.then_some(&mut *commands);
            match self.wait(timer.as_mut(), source, &mut batch).await {
                (Woken::Work, open) => commands_open &= open,
                (Woken::Eof, _) => {
                    self.take_back();
                    return self.hang_up();
                }
                (Woken::Broken(error), _) => {
                    self.take_back();
                    // After an unbind it does not matter how the peer goes.
                    return match self.hang_up() {
                        Ended::Closed(CloseReason::PeerClosed) => Ended::Broken(error),
                        wanted => wanted,
                    };
                }
            }
            let now = Instant::now();
            let mut heard = self.hear(now);
            if heard.is_ok() {
                heard = self.catch_up(now).await;
            }
            // A session that is due to end writes no more requests.
            if heard.is_ok() && self.deadline.is_some_and(|it| it <= now) {
                self.tell(now, DriverEvent::Tick);
            }
            for command in batch.drain(..) {
                self.tell(now, DriverEvent::Command(command));
            }
            // Commands and the time may have made room for what was read and not heard.
            if let Err(error) = heard.and_then(|()| self.hear(now)) {
                return self.end_garbled(error).await;
            }
            if self.is_stuck(now) && self.closed.is_none() {
                self.take_back();
                self.hang_up();
                return Ended::Stuck;
            }
        }
    }

    /// Whether a deadline has passed that is still to be told.
    fn is_due(&self, now: Instant) -> bool {
        [self.deadline, self.pipe.stuck_by()].into_iter().flatten().any(|it| it <= now)
    }

    /// Before a deadline is told that has passed: hears all that has arrived, and writes what the socket takes,
    /// whatever the runtime knew of the socket when it woke us.
    async fn catch_up(&mut self, now: Instant) -> Result<(), FrameError> {
        let (mut octets, mut looks) = (0, 0);
        while self.is_due(now) && self.closed.is_none() && octets < ARRIVED_MAX && looks < LOOKS_MAX {
            let takes = self.conversation.takes();
            let (read, _) = poll_fn(|cx| {
                let read = if takes { self.pipe.poll_read(cx) } else { Poll::Pending };
                Poll::Ready((read, self.pipe.poll_write(cx)))
            })
            .await;
            match read {
                Poll::Ready(Ok(0)) => break,
                Poll::Ready(Ok(read)) => {
                    octets += read;
                    self.hear(now)?;
                }
                Poll::Ready(Err(error)) => {
                    self.broken = Some(error);
                    break;
                }
                // Where the peer must have taken something, the runtime looks once whether it has.
                Poll::Pending if (takes && self.pipe.has_arrived()) || (looks == 0 && self.is_stuck(now)) => {
                    match looks {
                        0 => yield_now().await,
                        _ => sleep(LOOK_AGAIN).await,
                    }
                    looks += 1;
                }
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    fn is_stuck(&self, now: Instant) -> bool {
        self.pipe.stuck_by().is_some_and(|it| it <= now)
    }

    /// Nobody knows where the next PDU begins: says so, and ends.
    async fn end_garbled(mut self, error: FrameError) -> Ended {
        self.complain();
        self.hang_up();
        _ = self.pipe.finish().await;
        Ended::Garbled(error)
    }

    /// Sleeps until there is something to do. Also tells whether commands may still come.
    async fn wait(
        &mut self,
        mut timer: Pin<&mut Sleep>,
        mut commands: Option<&mut mpsc::Receiver<C::Command>>,
        batch: &mut Vec<C::Command>,
    ) -> (Woken, bool) {
        if let Some(error) = self.broken.take() {
            return (Woken::Broken(error), true);
        }
        let (mut open, takes) = (true, self.conversation.takes());
        let woken = poll_fn(|cx| {
            let written = self.pipe.poll_write(cx);
            let read = if takes { self.pipe.poll_read(cx) } else { Poll::Pending };
            // What the peer said before the connection broke still counts, once it can be read.
            let mut found = match (read, written) {
                (_, Poll::Ready(Err(_))) if !takes => false,
                (Poll::Ready(Ok(0)), _) => return Poll::Ready(Woken::Eof),
                (Poll::Ready(Ok(_)), _) => true,
                (Poll::Ready(Err(error)), _) | (Poll::Pending, Poll::Ready(Err(error))) => {
                    return Poll::Ready(Woken::Broken(error));
                }
                (Poll::Pending, _) => false,
            };
            if let Some(source) = commands.as_mut().filter(|_| self.pipe.takes_commands()) {
                match source.poll_recv_many(cx, batch, COMMANDS_MAX) {
                    Poll::Ready(0) => {
                        open = false;
                        commands = None;
                    }
                    Poll::Ready(_) => found = true,
                    Poll::Pending => (),
                }
            }
            if found || self.poll_timer(timer.as_mut(), cx) { Poll::Ready(Woken::Work) } else { Poll::Pending }
        })
        .await;
        (woken, open)
    }

    /// Whether a deadline has come. A timer that is set too early is left: deadlines move
    /// with every answer, and setting it costs more than one vain wake now and then.
    fn poll_timer(&self, mut timer: Pin<&mut Sleep>, cx: &mut Context<'_>) -> bool {
        let next = [self.deadline, self.pipe.stuck_by()].into_iter().flatten().min();
        if let Some(next) = next.filter(|it| *it < timer.deadline()) {
            timer.as_mut().reset(next);
        }
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if next.is_some_and(|it| it <= now) {
                return true;
            }
            timer.as_mut().reset(next.unwrap_or(now + FAR));
        }
        false
    }

    /// Hands all whole PDUs that have been read to the conversation.
    fn hear(&mut self, now: Instant) -> Result<(), FrameError> {
        while self.closed.is_none() && self.conversation.takes() {
            let Some(heard) = self.codec.next(&mut self.pipe.inbox)? else {
                break;
            };
            self.tell(
                now,
                match heard {
                    Heard::Pdu(pdu) => DriverEvent::Pdu(pdu),
                    Heard::Undecodable { command, sequence, status } => {
                        DriverEvent::Undecodable { command, sequence, status }
                    }
                },
            );
        }
        Ok(())
    }

    fn tell(&mut self, now: Instant, spoken: DriverEvent<C::Command>) {
        self.conversation.handle(now.into_std(), spoken);
        self.drain();
        while let Some(sequence) = self.unsent.pop() {
            self.conversation.handle(now.into_std(), DriverEvent::Unsent { sequence });
            self.drain();
        }
    }

    /// Does what the conversation asks for, until it waits.
    fn drain(&mut self) {
        loop {
            match self.conversation.poll() {
                DriverAction::Send(pdu) => self.send(&pdu),
                DriverAction::Report(report) => (self.report)(report),
                DriverAction::Wait(deadline) => {
                    self.deadline = deadline.map(Instant::from_std);
                    return;
                }
                DriverAction::Close(reason) => {
                    self.closed = Some(reason);
                    self.deadline = None;
                    return;
                }
            }
        }
    }

    fn send(&mut self, pdu: &Pdu) {
        let Err(error) = self.pipe.push(pdu) else {
            return;
        };
        let command = pdu.body.command_id();
        tracing::warn!(%command, sequence = pdu.sequence, %error, "a PDU could not be encoded");
        if command.is_response() {
            // The peer waits for an answer, whatever it is.
            let nack = Pdu { status: CommandStatus::SystemError, sequence: pdu.sequence, body: PduBody::GenericNack };
            self.pipe.push(&nack).expect("a header alone can always be encoded");
        } else {
            self.unsent.push(pdu.sequence);
        }
    }

    /// Says that what came has an impossible length; nobody knows whose number it bears.
    fn complain(&mut self) {
        self.send(&Pdu { status: CommandStatus::InvalidCommandLength, sequence: 0, body: PduBody::GenericNack });
    }

    /// Tells the conversation which requests have not left.
    fn take_back(&mut self) {
        while let Some(sequence) = self.pipe.take_back() {
            self.tell(Instant::now(), DriverEvent::Unsent { sequence });
        }
    }

    /// Tells the conversation that the connection is gone, and hands out its last reports.
    fn hang_up(&mut self) -> Ended {
        self.tell(Instant::now(), DriverEvent::Eof);
        Ended::Closed(self.closed.unwrap_or(CloseReason::PeerClosed))
    }
}
