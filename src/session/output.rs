//! What a session asks for, and what it reports.

use crate::session::Ticket;
use crate::session::version::Version;
use crate::smpp::alert::AlertNotification;
use crate::smpp::bind::{Bind, BindKind};
use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::status::CommandStatus;
use std::time::Instant;
use thiserror::Error;

/// What a session asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Write this PDU.
    Send(Pdu),
    /// Tell the owner.
    Event(SessionEvent),
    /// Nothing more until an input, or until this moment, which is never in the past.
    Wait(Option<Instant>),
    /// Write what has been sent and close the connection: the session is over.
    Close(CloseReason),
}

/// What a session reports to its owner.
///
/// Every ticket that was handed over ends in exactly one of `Answered`, `TimedOut`,
/// `NeverSent` and `Lost`. A `LateAnswer` may follow on `TimedOut`, and on nothing else.
#[derive(Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// The bind was accepted: messages may flow.
    Bound {
        /// What both sides speak: the lower of the two versions.
        version: Version,
        /// What the peer calls itself.
        system_id: CString,
    },
    /// ESME: the bind was refused. The session closes.
    BindRefused(CommandStatus),
    /// SMSC: the peer wants to bind; [`Input::Respond`](crate::session::input::Input::Respond)
    /// with a `BindResp` decides.
    BindRequested {
        /// To be named in the response.
        sequence: u32,
        /// What the peer wants to be.
        kind: BindKind,
        /// Its credentials.
        bind: Bind,
    },
    /// A request was answered.
    Answered {
        /// Which.
        ticket: Ticket,
        /// How it fared; of a `generic_nack` too.
        status: CommandStatus,
        /// The response.
        body: PduBody,
    },
    /// No answer came in time: the peer may or may not have taken the request.
    TimedOut(Ticket),
    /// The answer to a request that was reported as timed out.
    LateAnswer {
        /// Which.
        ticket: Ticket,
        /// How it fared.
        status: CommandStatus,
        /// The response.
        body: PduBody,
    },
    /// The request has not left: it was not allowed here, or there was no credit, or it could
    /// not be encoded. The peer knows nothing of it.
    NeverSent(Ticket),
    /// The session ended while the request was written and unanswered: the peer may or may
    /// not have taken it.
    Lost(Ticket),
    /// The peer asks: a `submit_sm`, a `deliver_sm` or any other request that is legal and has an
    /// answer, which is for [`Input::Respond`](crate::session::input::Input::Respond). How many may wait for it is
    /// for the owner to say. At an ESME it may come before [`SessionEvent::Bound`].
    Requested {
        /// To be named in the response.
        sequence: u32,
        /// The request.
        body: PduBody,
    },
    /// ESME: the SMSC has asked to be bound to, and the bind has been sent.
    Invited {
        /// What the SMSC calls itself.
        system_id: CString,
    },
    /// ESME: a handset can be reached again. Nothing answers it.
    Alerted(AlertNotification),
    /// The SMSC says that its load is now another, in per cent (5.0). It begins at 0.
    Congestion(u8),
    /// The peer has sent an unbind. Nothing more can be sent; once what is on its way has come, the
    /// unbind is answered and the session closes.
    Unbinding,
    /// Something that should not have come, and what was done about it: for counting.
    Odd(Oddity),
}

/// Something that a peer should not have sent. The session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Oddity {
    /// A response that nothing waits for. Ignored.
    #[error("{command} {sequence} answers nothing")]
    Unmatched {
        /// What came.
        command: CommandId,
        /// Its number.
        sequence: u32,
    },
    /// A response of another operation than the request that bears its number. Ignored: the request
    /// waits for its own.
    #[error("{command} {sequence} answers a request of another operation")]
    Mismatched {
        /// What came.
        command: CommandId,
        /// Its number.
        sequence: u32,
    },
    /// A `generic_nack` that names no request of ours. Ignored.
    #[error("generic_nack {sequence} with {status} names no request")]
    Nacked {
        /// The number that it names.
        sequence: u32,
        /// What the peer found wrong.
        status: CommandStatus,
    },
    /// A PDU whose body could not be read. A request was refused.
    #[error("{command} {sequence} cannot be read: {status}")]
    Undecodable {
        /// What it was.
        command: CommandId,
        /// Its number.
        sequence: u32,
        /// With what a request was refused.
        status: CommandStatus,
    },
    /// A request that is not legal in this state, or not of this side. Refused.
    #[error("{command} is not legal here")]
    Misplaced {
        /// What came.
        command: CommandId,
    },
    /// An operation that is not served, or that is not in the specification. Refused, or
    /// ignored if there is no response to it.
    #[error("{command} is not served")]
    Unserved {
        /// What came.
        command: CommandId,
    },
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// The peer refused the bind.
    #[error("the bind was refused with {0}")]
    BindRefused(CommandStatus),
    /// The peer did not answer the bind.
    #[error("the bind was not answered in time")]
    BindTimeout,
    /// The connection was for an `outbind`, and none has come.
    #[error("no outbind came in time")]
    NoOutbind,
    /// The `outbind` bore another name or password than was expected.
    #[error("the outbind was refused")]
    OutbindRefused,
    /// Nobody has bound on this connection.
    #[error("no bind came in time")]
    NoBind,
    /// The peer does not answer `enquire_link`, and nothing else came from it.
    #[error("the peer is silent")]
    Silent,
    /// The peer lives, but has answered no request for a whole response time.
    #[error("requests wait and none is answered")]
    NoProgress,
    /// As many answers are missing as the window is wide.
    #[error("too many answers are missing")]
    MissingAnswers,
    /// The peer complains, again, of PDUs whose length is wrong: it has lost the boundaries.
    #[error("the peer has lost the boundaries of PDUs")]
    Desynchronised,
    /// No message came or went for the time that is allowed.
    #[error("no message in the time allowed")]
    Inactive,
    /// We wanted it.
    #[error("unbound")]
    Unbound,
    /// The peer wanted it.
    #[error("unbound by the peer")]
    PeerUnbound,
    /// The connection ended without an unbind.
    #[error("the connection ended")]
    PeerClosed,
}
