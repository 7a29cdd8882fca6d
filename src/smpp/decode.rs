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

use crate::smpp::address::Address;
use crate::smpp::alert::AlertNotification;
use crate::smpp::bind::{Bind, BindKind, BindResp, Outbind};
use crate::smpp::broadcast::{BroadcastSm, CancelBroadcastSm, QueryBroadcastSm};
use crate::smpp::cancel::CancelSm;
use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::data::DataSm;
use crate::smpp::field;
use crate::smpp::frame::{HEADER_LENGTH, Header};
use crate::smpp::legacy::{
    ParamRetrieve, ParamRetrieveResp, QueryLastMsgs, QueryLastMsgsResp, QueryMsgDetails, QueryMsgDetailsResp,
};
use crate::smpp::multi::{SubmitMulti, SubmitMultiResp};
use crate::smpp::pdu::{Body, Pdu};
use crate::smpp::query::{QuerySm, QuerySmResp};
use crate::smpp::replace::ReplaceSm;
use crate::smpp::sm::{Sm, SmResp};
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::{Tag, Tlvs, is_well_formed};
use bytes::{Buf, Bytes};
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
        let mut fields = Fields { frame, at: HEADER_LENGTH };
        match fields.body(header.command, header.status) {
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

/// The name of the field that should have come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) &'static str);

/// What is left of a frame, read field by field.
pub(crate) struct Fields {
    frame: Bytes,
    /// How far it has been read; never beyond its end.
    at: usize,
}

impl Fields {
    #[inline]
    fn body(&mut self, command: CommandId, status: CommandStatus) -> Result<Body, Missing> {
        Ok(match command {
            CommandId::SUBMIT_SM => Body::SubmitSm(Sm::read(self)?),
            CommandId::SUBMIT_SM_RESP => Body::SubmitSmResp(SmResp::read(self, status)),
            CommandId::DELIVER_SM => Body::DeliverSm(Sm::read(self)?),
            CommandId::DELIVER_SM_RESP => Body::DeliverSmResp(SmResp::read(self, status)),
            CommandId::DATA_SM => Body::DataSm(DataSm::read(self)?),
            CommandId::DATA_SM_RESP => Body::DataSmResp(SmResp::read(self, status)),
            CommandId::ENQUIRE_LINK => Body::EnquireLink,
            CommandId::ENQUIRE_LINK_RESP => Body::EnquireLinkResp,
            CommandId::UNBIND => Body::Unbind,
            CommandId::UNBIND_RESP => Body::UnbindResp,
            CommandId::GENERIC_NACK => Body::GenericNack,
            other => return self.rare_body(other, status),
        })
    }

    fn rare_body(&mut self, command: CommandId, status: CommandStatus) -> Result<Body, Missing> {
        Ok(match command {
            CommandId::OUTBIND => Body::Outbind(Outbind::read(self)?),
            CommandId::ALERT_NOTIFICATION => Body::AlertNotification(AlertNotification::read(self)?),
            CommandId::SUBMIT_MULTI => Body::SubmitMulti(SubmitMulti::read(self)?),
            CommandId::SUBMIT_MULTI_RESP => Body::SubmitMultiResp(self.response(status, SubmitMultiResp::read)?),
            CommandId::QUERY_SM => Body::QuerySm(QuerySm::read(self)?),
            CommandId::QUERY_SM_RESP => Body::QuerySmResp(self.response(status, QuerySmResp::read)?),
            CommandId::CANCEL_SM => Body::CancelSm(CancelSm::read(self)?),
            CommandId::CANCEL_SM_RESP => Body::CancelSmResp(self.tlvs()),
            CommandId::REPLACE_SM => Body::ReplaceSm(ReplaceSm::read(self)?),
            CommandId::REPLACE_SM_RESP => Body::ReplaceSmResp(self.tlvs()),
            CommandId::BROADCAST_SM => Body::BroadcastSm(BroadcastSm::read(self)?),
            CommandId::BROADCAST_SM_RESP => Body::BroadcastSmResp(SmResp::read(self, status)),
            CommandId::QUERY_BROADCAST_SM => Body::QueryBroadcastSm(QueryBroadcastSm::read(self)?),
            CommandId::QUERY_BROADCAST_SM_RESP => Body::QueryBroadcastSmResp(SmResp::read(self, status)),
            CommandId::CANCEL_BROADCAST_SM => Body::CancelBroadcastSm(CancelBroadcastSm::read(self)?),
            CommandId::CANCEL_BROADCAST_SM_RESP => Body::CancelBroadcastSmResp(self.tlvs()),
            CommandId::PARAM_RETRIEVE => Body::ParamRetrieve(ParamRetrieve::read(self)?),
            CommandId::PARAM_RETRIEVE_RESP => Body::ParamRetrieveResp(self.response(status, ParamRetrieveResp::read)?),
            CommandId::QUERY_LAST_MSGS => Body::QueryLastMsgs(QueryLastMsgs::read(self)?),
            CommandId::QUERY_LAST_MSGS_RESP => Body::QueryLastMsgsResp(self.response(status, QueryLastMsgsResp::read)?),
            CommandId::QUERY_MSG_DETAILS => Body::QueryMsgDetails(QueryMsgDetails::read(self)?),
            CommandId::QUERY_MSG_DETAILS_RESP => {
                Body::QueryMsgDetailsResp(self.response(status, QueryMsgDetailsResp::read)?.into())
            }
            other => match BindKind::of(other) {
                Some(kind) if other.is_response() => Body::BindResp(kind, BindResp::read(self, status)),
                Some(kind) => Body::Bind(kind, Bind::read(self)?),
                None => Body::Other(other, self.share_rest()),
            },
        })
    }
}

/// The leaves of a body, each with the name and the size that the specification gives it.
impl Fields {
    /// A body that may be absent, and that may be anything when the request failed.
    fn response<T: Default>(
        &mut self,
        status: CommandStatus,
        read: impl FnOnce(&mut Self) -> Result<T, Missing>,
    ) -> Result<T, Missing> {
        if self.rest().is_empty() {
            return Ok(T::default());
        }
        match read(self) {
            Err(_) if status != CommandStatus::Ok => Ok(T::default()),
            read => read,
        }
    }

    /// The body of a response: one string, then optional parameters. An error response may
    /// have neither, or one without the other, so the strict readings come first.
    pub(crate) fn string_and_tlvs(
        &mut self,
        name: &'static str,
        size: usize,
        status: CommandStatus,
    ) -> (CString, Tlvs) {
        match ResponseForm::of(self.rest(), size, status) {
            ResponseForm::Nothing => Default::default(),
            ResponseForm::TlvsOnly => (CString::default(), self.tlvs()),
            ResponseForm::Whole => (self.string(name, size).unwrap_or_default(), self.tlvs()),
        }
    }

    /// `sm_length`, and the text before optional parameters, see [`text_length`].
    #[inline]
    pub(crate) fn short_message(&mut self) -> Result<Bytes, Missing> {
        let said = usize::from(self.octet("sm_length")?);
        Ok(self.take(text_length(said, self.rest())))
    }

    /// `sm_length`, and as much text, or as there is.
    pub(crate) fn excerpt(&mut self) -> Result<Bytes, Missing> {
        let said = usize::from(self.octet("sm_length")?);
        Ok(self.take(said.min(self.rest().len())))
    }

    /// So many of the octets that are left; all of them take the frame with them.
    #[inline]
    fn take(&mut self, length: usize) -> Bytes {
        let end = self.at + length;
        if end == self.frame.len() {
            return self.share_rest();
        }
        let taken = if length == 0 { Bytes::new() } else { self.frame.slice(self.at..end) };
        self.at = end;
        taken
    }

    /// The optional parameters after a text that may be followed by a NUL of its own.
    #[inline]
    pub(crate) fn tlvs_after_text(&mut self) -> Tlvs {
        self.at = self.frame.len() - after_text(self.rest()).len();
        self.tlvs()
    }

    /// The rest as optional parameters; a rest that holds none counts as empty.
    #[inline]
    pub(crate) fn tlvs(&mut self) -> Tlvs {
        if self.rest().is_empty() {
            return Tlvs::default();
        }
        let tlvs = Tlvs(self.share_rest());
        if tlvs.iter().next().is_none() {
            return Tlvs::default();
        }
        tlvs
    }

    /// Type, plan and digits, whose names these are.
    #[inline(always)]
    pub(crate) fn address(&mut self, [ton, npi, digits]: [&'static str; 3], size: usize) -> Result<Address, Missing> {
        Ok(Address { ton: self.octet(ton)?, npi: self.octet(npi)?, digits: self.string(digits, size)? })
    }

    /// A C-octet string, see [`field::c_octet`].
    #[inline(always)]
    pub(crate) fn string(&mut self, name: &'static str, size: usize) -> Result<CString, Missing> {
        let input = self.rest();
        let (rest, value) = field::c_octet(size, input).map_err(|_| Missing(name))?;
        let end = self.frame.len() - rest.len();
        let string = CString::read(input, value.len(), || self.frame.slice_ref(value));
        self.at = end;
        Ok(string)
    }

    /// A number of one octet.
    #[inline(always)]
    pub(crate) fn octet(&mut self, name: &'static str) -> Result<u8, Missing> {
        let octet = *self.frame.get(self.at).ok_or(Missing(name))?;
        self.at += 1;
        Ok(octet)
    }

    /// A number of four octets.
    pub(crate) fn word(&mut self, name: &'static str) -> Result<u32, Missing> {
        let word = *self.rest().first_chunk::<4>().ok_or(Missing(name))?;
        self.at += 4;
        Ok(u32::from_be_bytes(word))
    }

    #[inline(always)]
    fn rest(&self) -> &[u8] {
        &self.frame[self.at..]
    }

    /// All that is left. It takes the frame with it, which counts no reference; an empty rest holds
    /// on to nothing.
    #[inline]
    fn share_rest(&mut self) -> Bytes {
        if self.rest().is_empty() {
            return Bytes::new();
        }
        let mut frame = std::mem::take(&mut self.frame);
        frame.advance(std::mem::take(&mut self.at));
        frame
    }
}

/// What the body of a response is that should be a string and optional parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseForm {
    Nothing,
    TlvsOnly,
    Whole,
}

impl ResponseForm {
    /// The string may have `size` octets.
    pub(crate) fn of(rest: &[u8], size: usize, status: CommandStatus) -> Self {
        let refused = status != CommandStatus::Ok;
        let readable = |text: &[u8]| !refused || text.iter().all(u8::is_ascii_graphic);
        let whole = field::c_octet(size, rest).is_ok_and(|(after, text)| is_well_formed(after) && readable(text));
        match (whole, refused) {
            _ if rest.is_empty() => Self::Nothing,
            // An id and a NUL too many may look like a tag and a length; but no tag of the
            // specification begins as an id does.
            (false, _) if !rest[0].is_ascii_graphic() && is_well_formed(rest) => Self::TlvsOnly,
            (false, true) => Self::Nothing,
            _ => Self::Whole,
        }
    }
}

/// How long a text is of which `sm_length` says so much: nothing where what is left ends before
/// that and is parameters to its last octet, and one octet more where parameters begin behind it.
pub(crate) fn text_length(said: usize, rest: &[u8]) -> usize {
    match rest.get(said..) {
        None if starts_with_tag(rest) && is_well_formed(rest) => 0,
        None => rest.len(),
        Some([last, after @ ..])
            if *last != 0 && starts_with_tag(after) && !is_well_formed(&rest[said..]) && is_well_formed(after) =>
        {
            said + 1
        }
        Some(_) => said,
    }
}

/// What follows a text and the NUL that it may have of its own.
pub(crate) fn after_text(rest: &[u8]) -> &[u8] {
    match rest {
        [0, after @ ..]
            if !is_well_formed(rest)
                && (is_well_formed(after) || (!starts_with_tag(rest) && starts_with_tag(after))) =>
        {
            after
        }
        _ => rest,
    }
}

/// Whether a stream begins with a tag of the specification.
fn starts_with_tag(octets: &[u8]) -> bool {
    matches!(octets, [high, low, ..] if Tag(u16::from_be_bytes([*high, *low])).name() != "unknown")
}

#[cfg(test)]
mod tests {
    use super::DecodeError;
    use crate::smpp::command::CommandId;
    use crate::smpp::pdu::{Body, Pdu};
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
            Some(Pdu::response(42, CommandStatus::InvalidCommandLength, Body::DeliverSmResp(SmResp::default())))
        );
    }

    #[test]
    fn fewer_octets_than_a_header_are_an_error() {
        let error = Pdu::decode(Bytes::from_static(&[0; 15])).unwrap_err();
        assert_eq!(error.missing, "header");
    }

    #[test]
    fn fields_share_the_octets_of_their_frame() {
        let frame = frame(CommandId::SUBMIT_SM_RESP, 0, b"6aad5\0");
        let place = frame.as_ptr_range();
        let Ok(Body::SubmitSmResp(resp)) = Pdu::decode(frame).map(|pdu| pdu.body) else {
            panic!("it is a submit_sm_resp");
        };
        assert!(place.contains(&resp.message_id.as_bytes().as_ptr()));
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
