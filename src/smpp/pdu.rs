//! One protocol data unit, and how it is answered.
//!
//! Reading one is in [`crate::smpp::decode`], writing one in [`crate::smpp::encode`].

use crate::smpp::alert::AlertNotification;
use crate::smpp::bind::{Bind, BindKind, BindResp, Outbind};
use crate::smpp::broadcast::{BroadcastSm, CancelBroadcastSm, QueryBroadcastSm};
use crate::smpp::cancel::CancelSm;
use crate::smpp::command::CommandId;
use crate::smpp::data::DataSm;
use crate::smpp::legacy::{
    ParamRetrieve, ParamRetrieveResp, QueryLastMsgs, QueryLastMsgsResp, QueryMsgDetails, QueryMsgDetailsResp,
};
use crate::smpp::multi::{SubmitMulti, SubmitMultiResp};
use crate::smpp::query::{QuerySm, QuerySmResp};
use crate::smpp::replace::ReplaceSm;
use crate::smpp::sm::{Sm, SmResp};
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::Tlvs;
use bytes::Bytes;

/// One protocol data unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdu {
    /// `command_status`; [`CommandStatus::Ok`] in requests.
    pub status: CommandStatus,
    /// Pairs a response with its request; the requester chooses it, the responder echoes it.
    pub sequence: u32,
    /// What is said.
    pub body: PduBody,
}

impl Pdu {
    /// A request; its status is always [`CommandStatus::Ok`].
    pub fn request(sequence: u32, body: PduBody) -> Self {
        Self::response(sequence, CommandStatus::Ok, body)
    }

    /// A response, or a `generic_nack`.
    pub fn response(sequence: u32, status: CommandStatus, body: PduBody) -> Self {
        Self { status, sequence, body }
    }

    /// The answer to a request that is refused with this status: its own empty response, a
    /// `generic_nack` for an operation that is unknown, and nothing for what is a response
    /// itself or has none.
    pub fn refusal(command: CommandId, sequence: u32, status: CommandStatus) -> Option<Self> {
        PduBody::empty_response(command).map(|body| Self::response(sequence, status, body))
    }
}

/// The body of a PDU, by its `command_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the operation of its name")]
pub enum PduBody {
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
    Outbind(Outbind),
    AlertNotification(AlertNotification),
    SubmitMulti(SubmitMulti),
    SubmitMultiResp(SubmitMultiResp),
    QuerySm(QuerySm),
    QuerySmResp(QuerySmResp),
    CancelSm(CancelSm),
    /// No fields; optional parameters are read (5.0).
    CancelSmResp(Tlvs),
    ReplaceSm(ReplaceSm),
    /// No fields; optional parameters are read (5.0).
    ReplaceSmResp(Tlvs),
    BroadcastSm(BroadcastSm),
    BroadcastSmResp(SmResp),
    QueryBroadcastSm(QueryBroadcastSm),
    QueryBroadcastSmResp(SmResp),
    CancelBroadcastSm(CancelBroadcastSm),
    /// No fields; optional parameters are read (5.0).
    CancelBroadcastSmResp(Tlvs),
    ParamRetrieve(ParamRetrieve),
    ParamRetrieveResp(ParamRetrieveResp),
    QueryLastMsgs(QueryLastMsgs),
    QueryLastMsgsResp(QueryLastMsgsResp),
    QueryMsgDetails(QueryMsgDetails),
    /// In a box: it is larger than all others, and rarer.
    QueryMsgDetailsResp(Box<QueryMsgDetailsResp>),
    /// An operation of a vendor or of nobody, its body unread.
    Other(CommandId, Bytes),
}

impl PduBody {
    /// The operation that this body belongs to.
    pub const fn command_id(&self) -> CommandId {
        match self {
            Self::Bind(kind, _) => kind.command_id(),
            Self::BindResp(kind, _) => kind.command_id().response(),
            Self::Unbind => CommandId::UNBIND,
            Self::UnbindResp => CommandId::UNBIND_RESP,
            Self::SubmitSm(_) => CommandId::SUBMIT_SM,
            Self::SubmitSmResp(_) => CommandId::SUBMIT_SM_RESP,
            Self::DeliverSm(_) => CommandId::DELIVER_SM,
            Self::DeliverSmResp(_) => CommandId::DELIVER_SM_RESP,
            Self::DataSm(_) => CommandId::DATA_SM,
            Self::DataSmResp(_) => CommandId::DATA_SM_RESP,
            Self::EnquireLink => CommandId::ENQUIRE_LINK,
            Self::EnquireLinkResp => CommandId::ENQUIRE_LINK_RESP,
            Self::GenericNack => CommandId::GENERIC_NACK,
            Self::Outbind(_) => CommandId::OUTBIND,
            Self::AlertNotification(_) => CommandId::ALERT_NOTIFICATION,
            Self::SubmitMulti(_) => CommandId::SUBMIT_MULTI,
            Self::SubmitMultiResp(_) => CommandId::SUBMIT_MULTI_RESP,
            Self::QuerySm(_) => CommandId::QUERY_SM,
            Self::QuerySmResp(_) => CommandId::QUERY_SM_RESP,
            Self::CancelSm(_) => CommandId::CANCEL_SM,
            Self::CancelSmResp(_) => CommandId::CANCEL_SM_RESP,
            Self::ReplaceSm(_) => CommandId::REPLACE_SM,
            Self::ReplaceSmResp(_) => CommandId::REPLACE_SM_RESP,
            Self::BroadcastSm(_) => CommandId::BROADCAST_SM,
            Self::BroadcastSmResp(_) => CommandId::BROADCAST_SM_RESP,
            Self::QueryBroadcastSm(_) => CommandId::QUERY_BROADCAST_SM,
            Self::QueryBroadcastSmResp(_) => CommandId::QUERY_BROADCAST_SM_RESP,
            Self::CancelBroadcastSm(_) => CommandId::CANCEL_BROADCAST_SM,
            Self::CancelBroadcastSmResp(_) => CommandId::CANCEL_BROADCAST_SM_RESP,
            Self::ParamRetrieve(_) => CommandId::PARAM_RETRIEVE,
            Self::ParamRetrieveResp(_) => CommandId::PARAM_RETRIEVE_RESP,
            Self::QueryLastMsgs(_) => CommandId::QUERY_LAST_MSGS,
            Self::QueryLastMsgsResp(_) => CommandId::QUERY_LAST_MSGS_RESP,
            Self::QueryMsgDetails(_) => CommandId::QUERY_MSG_DETAILS,
            Self::QueryMsgDetailsResp(_) => CommandId::QUERY_MSG_DETAILS_RESP,
            Self::Other(command, _) => *command,
        }
    }

    /// Whether this is a response, `generic_nack` included.
    pub const fn is_response(&self) -> bool {
        self.command_id().is_response()
    }

    /// The empty response to an operation, see [`Pdu::refusal`].
    fn empty_response(command: CommandId) -> Option<Self> {
        Some(match command {
            CommandId::BIND_TRANSMITTER => Self::refused_bind(BindKind::Transmitter),
            CommandId::BIND_RECEIVER => Self::refused_bind(BindKind::Receiver),
            CommandId::BIND_TRANSCEIVER => Self::refused_bind(BindKind::Transceiver),
            CommandId::UNBIND => Self::UnbindResp,
            CommandId::SUBMIT_SM => Self::SubmitSmResp(SmResp::default()),
            CommandId::DELIVER_SM => Self::DeliverSmResp(SmResp::default()),
            CommandId::DATA_SM => Self::DataSmResp(SmResp::default()),
            CommandId::ENQUIRE_LINK => Self::EnquireLinkResp,
            CommandId::SUBMIT_MULTI => Self::SubmitMultiResp(SubmitMultiResp::default()),
            CommandId::QUERY_SM => Self::QuerySmResp(QuerySmResp::default()),
            CommandId::CANCEL_SM => Self::CancelSmResp(Tlvs::default()),
            CommandId::REPLACE_SM => Self::ReplaceSmResp(Tlvs::default()),
            CommandId::BROADCAST_SM => Self::BroadcastSmResp(SmResp::default()),
            CommandId::QUERY_BROADCAST_SM => Self::QueryBroadcastSmResp(SmResp::default()),
            CommandId::CANCEL_BROADCAST_SM => Self::CancelBroadcastSmResp(Tlvs::default()),
            CommandId::PARAM_RETRIEVE => Self::ParamRetrieveResp(ParamRetrieveResp::default()),
            CommandId::QUERY_LAST_MSGS => Self::QueryLastMsgsResp(QueryLastMsgsResp::default()),
            CommandId::QUERY_MSG_DETAILS => Self::QueryMsgDetailsResp(Box::default()),
            CommandId::OUTBIND | CommandId::ALERT_NOTIFICATION => return None,
            response if response.is_response() => return None,
            unknown if unknown.name() == "unknown" => Self::GenericNack,
            other => Self::Other(other.response(), Bytes::new()),
        })
    }

    fn refused_bind(kind: BindKind) -> Self {
        Self::BindResp(kind, BindResp::default())
    }
}

#[cfg(test)]
mod tests {
    use super::{Pdu, PduBody};
    use crate::smpp::command::CommandId;
    use crate::smpp::status::CommandStatus;

    #[test]
    fn a_refusal_is_the_response_of_its_request() {
        for command in CommandId::ALL {
            let refusal = Pdu::refusal(*command, 7, CommandStatus::InvalidBindStatus);
            let Some(refusal) = refusal else {
                assert!(
                    command.is_response() || matches!(*command, CommandId::OUTBIND | CommandId::ALERT_NOTIFICATION)
                );
                continue;
            };
            assert_eq!(refusal.body.command_id(), command.response());
            assert!(refusal.body.is_response());
            assert_eq!(refusal.sequence, 7);
        }
    }

    #[test]
    fn an_unknown_request_gets_a_generic_nack() {
        let nack = Pdu::refusal(CommandId(0x0A), 1, CommandStatus::InvalidCommandId);
        assert_eq!(nack.map(|pdu| pdu.body), Some(PduBody::GenericNack));
        assert_eq!(Pdu::refusal(CommandId(0x8000_000A), 1, CommandStatus::Ok), None);
    }
}
