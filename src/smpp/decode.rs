//! Reading a PDU: tolerant, without copying and without allocating.
//!
//! What a peer gets wrong and can still be understood is understood:
//!
//! | habit | reading |
//! |---|---|
//! | a C-octet string is longer than its size | kept whole |
//! | its NUL is missing | it fills its size, or ends with the body |
//! | `sm_length` says more than there is | the text ends with the body, or is empty before parameters |
//! | `sm_length` says one less than there is | the text ends where parameters begin |
//! | a NUL that `sm_length` does not count follows the text | skipped |
//! | padding, leftover octets, lying TLV lengths | see [`crate::smpp::tlv`] |
//! | a response without its body | the body is empty |
//! | an error response with a body | id and TLVs, else TLVs, else nothing |
//! | octets after an operation that has no body | ignored |
//! | a bind that ends after its password | the rest is 0 or empty |
//! | a list of a response ends before its count | it is as long as it is |
//! | `dest_flag` is neither 1 nor 2 | an address follows |
//!
//! What cannot be understood is a [`DecodeError`]: the stream is still in step, so the PDU is
//! answered with the error's status and the session goes on. Only
//! [`crate::smpp::frame::FrameError`] ends it.

use crate::smpp::alert::AlertNotification;
use crate::smpp::bind::{Bind, BindKind, BindResp, Outbind};
use crate::smpp::broadcast::{BroadcastSm, CancelBroadcastSm, QueryBroadcastSm};
use crate::smpp::cancel::CancelSm;
use crate::smpp::command::CommandId;
use crate::smpp::data::DataSm;
use crate::smpp::frame::{HEADER_LENGTH, Header};
use crate::smpp::legacy::{
    ParamRetrieve, ParamRetrieveResp, QueryLastMsgs, QueryLastMsgsResp, QueryMsgDetails, QueryMsgDetailsResp,
};
use crate::smpp::multi::{SubmitMulti, SubmitMultiResp};
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::query::{QuerySm, QuerySmResp};
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::replace::ReplaceSm;
use crate::smpp::sm::{Sm, SmResp};
use crate::smpp::status::CommandStatus;
use bytes::Bytes;
use thiserror::Error;

/// A PDU that cannot be read, on a stream that is still in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{command} {sequence} ends before its {missing}")]
pub struct DecodeError {
    /// Which operation it is.
    pub command: CommandId,
    /// Its sequence number, for the answer.
    pub sequence: u32,
    /// What to answer.
    pub status: CommandStatus,
    /// The first field that is not there.
    pub missing: &'static str,
}

impl DecodeError {
    /// The answer to give; none when the unreadable PDU is itself a response.
    pub fn answer(&self) -> Option<Pdu> {
        Pdu::refusal(self.command, self.sequence, self.status)
    }
}

impl Pdu {
    /// Reads one whole PDU, header included, as [`crate::smpp::frame::next_frame`] cuts it.
    /// The fields share the frame's octets and keep them alive.
    ///
    /// # Errors
    /// When the body ends within its mandatory fields.
    pub fn decode(frame: Bytes) -> Result<Self, DecodeError> {
        let Some(header) = Header::peek(&frame) else {
            return Err(DecodeError {
                command: CommandId(0),
                sequence: 0,
                status: CommandStatus::InvalidCommandLength,
                missing: "header",
            });
        };
        let mut fields = Fields::new(frame, HEADER_LENGTH);
        match body(&mut fields, header.command, header.status) {
            Ok(body) => Ok(Self { status: header.status, sequence: header.sequence, body }),
            Err(Missing(missing)) => Err(DecodeError {
                command: header.command,
                sequence: header.sequence,
                status: CommandStatus::InvalidCommandLength,
                missing,
            }),
        }
    }
}

/// The body of an operation; those that come most often first.
#[inline(always)]
fn body(fields: &mut Fields, command: CommandId, status: CommandStatus) -> Result<PduBody, Missing> {
    Ok(match command {
        CommandId::SUBMIT_SM => PduBody::SubmitSm(Sm::read(fields)?),
        CommandId::SUBMIT_SM_RESP => PduBody::SubmitSmResp(SmResp::read(fields, status)),
        CommandId::DELIVER_SM => PduBody::DeliverSm(Sm::read(fields)?),
        CommandId::DELIVER_SM_RESP => PduBody::DeliverSmResp(SmResp::read(fields, status)),
        CommandId::DATA_SM => PduBody::DataSm(DataSm::read(fields)?),
        CommandId::DATA_SM_RESP => PduBody::DataSmResp(SmResp::read(fields, status)),
        CommandId::ENQUIRE_LINK => PduBody::EnquireLink,
        CommandId::ENQUIRE_LINK_RESP => PduBody::EnquireLinkResp,
        CommandId::UNBIND => PduBody::Unbind,
        CommandId::UNBIND_RESP => PduBody::UnbindResp,
        CommandId::GENERIC_NACK => PduBody::GenericNack,
        other => return rare_body(fields, other, status),
    })
}

fn rare_body(fields: &mut Fields, command: CommandId, status: CommandStatus) -> Result<PduBody, Missing> {
    Ok(match command {
        CommandId::OUTBIND => PduBody::Outbind(Outbind::read(fields)?),
        CommandId::ALERT_NOTIFICATION => PduBody::AlertNotification(AlertNotification::read(fields)?),
        CommandId::SUBMIT_MULTI => PduBody::SubmitMulti(SubmitMulti::read(fields)?),
        CommandId::SUBMIT_MULTI_RESP => PduBody::SubmitMultiResp(fields.response(status, SubmitMultiResp::read)?),
        CommandId::QUERY_SM => PduBody::QuerySm(QuerySm::read(fields)?),
        CommandId::QUERY_SM_RESP => PduBody::QuerySmResp(fields.response(status, QuerySmResp::read)?),
        CommandId::CANCEL_SM => PduBody::CancelSm(CancelSm::read(fields)?),
        CommandId::CANCEL_SM_RESP => PduBody::CancelSmResp(fields.tlvs()),
        CommandId::REPLACE_SM => PduBody::ReplaceSm(ReplaceSm::read(fields)?),
        CommandId::REPLACE_SM_RESP => PduBody::ReplaceSmResp(fields.tlvs()),
        CommandId::BROADCAST_SM => PduBody::BroadcastSm(BroadcastSm::read(fields)?),
        CommandId::BROADCAST_SM_RESP => PduBody::BroadcastSmResp(SmResp::read(fields, status)),
        CommandId::QUERY_BROADCAST_SM => PduBody::QueryBroadcastSm(QueryBroadcastSm::read(fields)?),
        CommandId::QUERY_BROADCAST_SM_RESP => PduBody::QueryBroadcastSmResp(SmResp::read(fields, status)),
        CommandId::CANCEL_BROADCAST_SM => PduBody::CancelBroadcastSm(CancelBroadcastSm::read(fields)?),
        CommandId::CANCEL_BROADCAST_SM_RESP => PduBody::CancelBroadcastSmResp(fields.tlvs()),
        CommandId::PARAM_RETRIEVE => PduBody::ParamRetrieve(ParamRetrieve::read(fields)?),
        CommandId::PARAM_RETRIEVE_RESP => PduBody::ParamRetrieveResp(fields.response(status, ParamRetrieveResp::read)?),
        CommandId::QUERY_LAST_MSGS => PduBody::QueryLastMsgs(QueryLastMsgs::read(fields)?),
        CommandId::QUERY_LAST_MSGS_RESP => {
            PduBody::QueryLastMsgsResp(fields.response(status, QueryLastMsgsResp::read)?)
        }
        CommandId::QUERY_MSG_DETAILS => PduBody::QueryMsgDetails(QueryMsgDetails::read(fields)?),
        CommandId::QUERY_MSG_DETAILS_RESP => {
            PduBody::QueryMsgDetailsResp(fields.response(status, QueryMsgDetailsResp::read)?.into())
        }
        other => match BindKind::of(other) {
            Some(kind) if other.is_response() => PduBody::BindResp(kind, BindResp::read(fields, status)),
            Some(kind) => PduBody::Bind(kind, Bind::read(fields)?),
            None => PduBody::Other(other, fields.share_rest()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::DecodeError;
    use crate::smpp::command::CommandId;
    use crate::smpp::pdu::{Pdu, PduBody};
    use crate::smpp::sm::SmResp;
    use crate::smpp::status::CommandStatus;
    use bytes::{BufMut, Bytes, BytesMut};
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn a_body_cut_short_is_answered_not_fatal() {
        let error = Pdu::decode(frame(CommandId::DELIVER_SM, 0, b"\0\x01\x01316")).unwrap_err();
        assert_eq!(
            error,
            DecodeError {
                command: CommandId::DELIVER_SM,
                sequence: 42,
                status: CommandStatus::InvalidCommandLength,
                missing: "dest_addr_ton",
            }
        );
        assert_eq!(error.to_string(), "deliver_sm 42 ends before its dest_addr_ton");
        assert_eq!(
            error.answer(),
            Some(Pdu::response(42, CommandStatus::InvalidCommandLength, PduBody::DeliverSmResp(SmResp::default())))
        );
    }

    #[test]
    fn fewer_octets_than_a_header_are_an_error() {
        let error = Pdu::decode(Bytes::from_static(&[0; 15])).unwrap_err();
        assert_eq!(error.missing, "header");
    }

    #[test]
    fn fields_share_the_octets_of_their_frame_or_stand_in_themselves() {
        let frame_of = |id: &str| frame(CommandId::SUBMIT_SM_RESP, 0, format!("{id}\0").as_bytes());
        for (id, shared) in [("4a38dc46-5125-4969-90be-72104c340d5c", true), ("6aad5", false)] {
            let frame = frame_of(id);
            let place = frame.as_ptr_range();
            let Ok(PduBody::SubmitSmResp(resp)) = Pdu::decode(frame).map(|pdu| pdu.body) else {
                panic!("it is a submit_sm_resp");
            };
            assert_eq!(place.contains(&resp.message_id.as_bytes().as_ptr()), shared, "{id}");
            assert_eq!(resp.message_id, id);
        }
        let body = b"\0\x01\x01316\0\x05\0Shop\0\x04\0\0\0\0\0\0\0\0\x05Hello\x04\x27\0\x01\x02";
        let frame = frame(CommandId::DELIVER_SM, 0, body);
        let place = frame.as_ptr_range();
        let Ok(PduBody::DeliverSm(sm)) = Pdu::decode(frame).map(|pdu| pdu.body) else { panic!("it is a deliver_sm") };
        assert_eq!(sm.short_message, "Hello");
        assert!(place.contains(&sm.short_message.as_ptr()) && place.contains(&sm.tlvs.0.as_ptr()));
    }

    /// A frame of this body, sequence 42.
    fn frame(command: CommandId, status: u32, body: &[u8]) -> Bytes {
        let mut frame = BytesMut::new();
        frame.put_u32(16 + u32::try_from(body.len()).unwrap());
        frame.put_u32(command.0);
        frame.put_u32(status);
        frame.put_u32(42);
        frame.put_slice(body);
        frame.freeze()
    }

    fn command() -> impl Strategy<Value = CommandId> {
        prop_oneof![proptest::sample::select(CommandId::ALL), any::<u32>().prop_map(CommandId)]
    }

    proptest! {
        #[test]
        fn any_octets_are_read_without_panic(octets in vec(any::<u8>(), 0..300)) {
            let _ = Pdu::decode(Bytes::from(octets));
        }

        /// Small octets make field ends, short lengths and known tags likely.
        #[test]
        fn any_body_is_read_and_what_is_written_of_it_is_stable(
            command in command(),
            status in 0..3_u32,
            body in vec(prop_oneof![0..4_u8, any::<u8>()], 0..300),
        ) {
            let Ok(pdu) = Pdu::decode(frame(command, status, &body)) else {
                return Ok(());
            };
            let mut once = BytesMut::new();
            if pdu.encode(&mut once).is_ok() {
                let again = Pdu::decode(once.clone().freeze());
                prop_assert!(again.is_ok());
                let mut twice = BytesMut::new();
                prop_assert!(again.unwrap().encode(&mut twice).is_ok());
                prop_assert_eq!(once, twice);
            }
        }
    }
}
