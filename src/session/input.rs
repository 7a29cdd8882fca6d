//! What a session is told.

use crate::session::Ticket;
use crate::smpp::command::CommandId;
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::status::CommandStatus;

/// What a session is told.
#[derive(Debug)]
pub enum Input {
    /// A PDU came.
    Pdu(Pdu),
    /// A PDU came whose body could not be read; a request is refused with this status.
    Undecodable {
        /// What it was.
        command: CommandId,
        /// Its number.
        sequence: u32,
        /// What is wrong with it.
        status: CommandStatus,
    },
    /// Send this `submit_sm`, `deliver_sm` or any other request that is legal and has an answer.
    /// It is for [`Session::credit`](crate::session::Session::credit) to say how many.
    Request(Ticket, PduBody),
    /// Send this request that nothing answers, if it is legal: an `alert_notification`.
    Notify(PduBody),
    /// A PDU just handed out could not be encoded, so that it was not written.
    Unsent {
        /// Its number.
        sequence: u32,
    },
    /// Answer a request of the peer, in any order.
    Respond {
        /// The number of the request.
        sequence: u32,
        /// How it fared.
        status: CommandStatus,
        /// The response that belongs to the request.
        body: PduBody,
    },
    /// End the session. The unbind leaves at once: whoever wants to wait for outstanding
    /// answers does so before. Before a bind this closes the connection; after the peer's unbind it
    /// changes nothing.
    Unbind,
    /// The time, when the deadline of the last [`Output::Wait`](crate::session::output::Output::Wait) has come and all
    /// that the peer had said by then has been told.
    Tick,
    /// The peer closed the connection, or it broke.
    Eof,
}
