//! A conversation: a session with somebody on top who gives it a meaning.
//!
//! The driver knows sockets and conversations; what a command or a report is, is no
//! concern of the driver's. Two kinds exist: the carrier's, which turns parts into
//! `submit_sm` and `deliver_sm` into receipts, and the simulator's.
//!
//! ```text
//!  socket ──► Spoken::Pdu ────────┐                ┌──► Said::Send ────► socket
//!  owner ───► Spoken::Command ────┤  Conversation  ├──► Said::Report ──► owner
//!  timer ───► Spoken::Tick ───────┘                └──► Said::Wait, Said::Close
//! ```

use crate::session::output::CloseReason;
use crate::smpp::command::CommandId;
use crate::smpp::pdu::Pdu;
use crate::smpp::status::CommandStatus;
use std::time::Instant;

/// Something that a driver can run over a connection.
///
/// No method reads a clock, waits, or does input or output. After each
/// [`Conversation::handle`], [`Conversation::poll`] is called until it says
/// [`DriverAction::Wait`] or [`DriverAction::Close`].
pub trait Conversation {
    /// What the owner may ask for.
    type Command;
    /// What the owner is told.
    type Report;

    /// Takes one input. Time never runs backwards.
    fn handle(&mut self, now: Instant, input: DriverEvent<Self::Command>);

    /// The next thing to do. After [`DriverAction::Close`] it says so again; after [`DriverEvent::Eof`] it
    /// ends in [`DriverAction::Close`].
    fn poll(&mut self) -> DriverAction<Self::Report>;

    /// Whether it takes a PDU now. While it does not, the driver reads nothing, and the peer has to wait.
    fn takes(&self) -> bool {
        true
    }
}

/// What a conversation is told.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would cost an allocation a PDU")]
pub enum DriverEvent<C> {
    /// A PDU came.
    Pdu(Pdu),
    /// A PDU came whose body could not be read.
    Undecodable {
        /// What it was.
        command: CommandId,
        /// Its number.
        sequence: u32,
        /// What is wrong with it.
        status: CommandStatus,
    },
    /// The owner asks for something.
    Command(C),
    /// A PDU just handed out could not be encoded, so that it was not written.
    Unsent {
        /// Its number.
        sequence: u32,
    },
    /// The deadline of the last [`DriverAction::Wait`] came.
    Tick,
    /// The connection is gone.
    Eof,
}

/// What a conversation asks for.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would cost an allocation a PDU")]
pub enum DriverAction<R> {
    /// Write this PDU.
    Send(Pdu),
    /// Tell the owner.
    Report(R),
    /// Nothing more until an input, or until this moment.
    Wait(Option<Instant>),
    /// Write what has been sent and close.
    Close(CloseReason),
}
