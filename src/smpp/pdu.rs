//! One protocol data unit.

use crate::smpp::bind::{Bind, BindKind, BindResp};
use crate::smpp::command::CommandId;
use crate::smpp::data::DataSm;
use crate::smpp::sm::{Sm, SmResp};
use crate::smpp::status::CommandStatus;
use bytes::Bytes;

/// One protocol data unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdu {
    /// `command_status`; [`CommandStatus::Ok`] in requests.
    pub status: CommandStatus,
    /// Pairs a response with its request; the requester chooses it, the responder echoes it.
    pub sequence: u32,
    /// What is said.
    pub body: Body,
}

/// The body of a PDU, by its `command_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the operation of its name")]
pub enum Body {
    Bind(BindKind, Bind),
    BindResp(BindKind, BindResp),
    Unbind,
    UnbindResp,
    SubmitSm(Sm),
    SubmitSmResp(SmResp),
    DeliverSm(Sm),
    DeliverSmResp(SmResp),
    DataSm(DataSm),
    DataSmResp(SmResp),
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    /// Any other operation, its body unread.
    Other(CommandId, Bytes),
}
