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

impl Body {
    /// Which operation it is.
    pub const fn command(&self) -> CommandId {
        match self {
            Self::Bind(BindKind::Receiver, _) => CommandId::BIND_RECEIVER,
            Self::Bind(BindKind::Transmitter, _) => CommandId::BIND_TRANSMITTER,
            Self::Bind(BindKind::Transceiver, _) => CommandId::BIND_TRANSCEIVER,
            Self::BindResp(BindKind::Receiver, _) => CommandId::BIND_RECEIVER.response(),
            Self::BindResp(BindKind::Transmitter, _) => CommandId::BIND_TRANSMITTER.response(),
            Self::BindResp(BindKind::Transceiver, _) => CommandId::BIND_TRANSCEIVER.response(),
            Self::Unbind => CommandId::UNBIND,
            Self::UnbindResp => CommandId::UNBIND.response(),
            Self::SubmitSm(_) => CommandId::SUBMIT_SM,
            Self::SubmitSmResp(_) => CommandId::SUBMIT_SM.response(),
            Self::DeliverSm(_) => CommandId::DELIVER_SM,
            Self::DeliverSmResp(_) => CommandId::DELIVER_SM.response(),
            Self::DataSm(_) => CommandId::DATA_SM,
            Self::DataSmResp(_) => CommandId::DATA_SM.response(),
            Self::EnquireLink => CommandId::ENQUIRE_LINK,
            Self::EnquireLinkResp => CommandId::ENQUIRE_LINK.response(),
            Self::GenericNack => CommandId::GENERIC_NACK,
            Self::Other(command, _) => *command,
        }
    }
}
