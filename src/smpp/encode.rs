//! Writing a PDU: strict. What does not fit its field is an error, never cut in silence.
//!
//! Three fields go beyond what a peer may say, for what is sent has one reading only:
//! `deliver_sm_resp` always has an empty `message_id`, error responses other than those to
//! `deliver_sm` and `data_sm` are their header alone, and optional parameters that came in damaged leave
//! as what could be read of them.

use crate::smpp::frame::HEADER_LENGTH;
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::status::CommandStatus;
use crate::smpp::writer::{EncodeError, Writer};
use bytes::BytesMut;

impl Pdu {
    /// Appends the PDU to `out`.
    ///
    /// # Errors
    /// When a value does not fit its field; `out` is then as it was.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        let start = out.len();
        let mut writer = Writer::new(out, HEADER_LENGTH + self.body.size_hint());
        let header = [0, self.body.command_id().0, self.status.as_u32(), self.sequence];
        writer.octets(header.map(u32::to_be_bytes).as_flattened().first_chunk::<HEADER_LENGTH>().expect("four words"));
        let written = write_body(&self.body, self.status, &mut writer);
        let end = writer.at();
        if let Err(error) = written {
            out.truncate(start);
            return Err(error);
        }
        out.truncate(end);
        let length = u32::try_from(end - start).expect("a body is far shorter than what 32 bits can count");
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

impl PduBody {
    /// About how many octets the body takes, so that the buffer grows once; with room for the last
    /// string's copy to go beyond its end.
    fn size_hint(&self) -> usize {
        match self {
            Self::SubmitSm(sm) | Self::DeliverSm(sm) => 128 + sm.short_message.len() + sm.tlvs.0.len(),
            Self::SubmitSmResp(resp) | Self::DeliverSmResp(resp) | Self::DataSmResp(resp) => {
                24 + resp.message_id.len() + resp.tlvs.0.len()
            }
            Self::DataSm(data) => 150 + data.tlvs.0.len(),
            Self::Bind(..) | Self::BindResp(..) => 96,
            Self::Other(_, octets) => octets.len(),
            Self::Unbind | Self::UnbindResp | Self::EnquireLink | Self::EnquireLinkResp | Self::GenericNack => 0,
            _ => 256,
        }
    }
}

/// Writes a body. Of an error response nothing but the header leaves, except where optional
/// parameters say more of the failure.
fn write_body(body: &PduBody, status: CommandStatus, out: &mut Writer<'_>) -> Result<(), EncodeError> {
    match body {
        PduBody::SubmitSm(it) | PduBody::DeliverSm(it) => it.write(out),
        PduBody::DataSm(it) => it.write(out),
        PduBody::DataSmResp(it) => it.write(out),
        PduBody::DeliverSmResp(it) => {
            out.octets(&[0]);
            out.tlvs(&it.tlvs);
            Ok(())
        }
        PduBody::Bind(_, it) => it.write(out),
        PduBody::Outbind(it) => it.write(out),
        PduBody::AlertNotification(it) => it.write(out),
        PduBody::SubmitMulti(it) => it.write(out),
        PduBody::QuerySm(it) => it.write(out),
        PduBody::CancelSm(it) => it.write(out),
        PduBody::ReplaceSm(it) => it.write(out),
        PduBody::BroadcastSm(it) => it.write(out),
        PduBody::QueryBroadcastSm(it) => it.write(out),
        PduBody::CancelBroadcastSm(it) => it.write(out),
        PduBody::ParamRetrieve(it) => it.write(out),
        PduBody::QueryLastMsgs(it) => it.write(out),
        PduBody::QueryMsgDetails(it) => it.write(out),
        PduBody::Other(_, octets) => {
            out.slice(octets);
            Ok(())
        }
        PduBody::Unbind
        | PduBody::UnbindResp
        | PduBody::EnquireLink
        | PduBody::EnquireLinkResp
        | PduBody::GenericNack => Ok(()),
        _ if status != CommandStatus::Ok => Ok(()),
        response => write_response(response, out),
    }
}

/// Writes the response to a request that was granted.
fn write_response(body: &PduBody, out: &mut Writer<'_>) -> Result<(), EncodeError> {
    match body {
        PduBody::SubmitSmResp(it) | PduBody::BroadcastSmResp(it) | PduBody::QueryBroadcastSmResp(it) => it.write(out),
        PduBody::BindResp(_, it) => it.write(out),
        PduBody::SubmitMultiResp(it) => it.write(out),
        PduBody::QuerySmResp(it) => it.write(out),
        PduBody::CancelSmResp(tlvs) | PduBody::ReplaceSmResp(tlvs) | PduBody::CancelBroadcastSmResp(tlvs) => {
            out.tlvs(tlvs);
            Ok(())
        }
        PduBody::ParamRetrieveResp(it) => it.write(out),
        PduBody::QueryLastMsgsResp(it) => it.write(out),
        PduBody::QueryMsgDetailsResp(it) => it.write(out),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::smpp::bind::{Bind, BindKind};
    use crate::smpp::cstring::CString;
    use crate::smpp::multi::{DestAddress, SubmitMulti};
    use crate::smpp::pdu::{Pdu, PduBody};
    use crate::smpp::sm::{Sm, SmResp};
    use crate::smpp::status::CommandStatus;
    use crate::smpp::tlv::Tlvs;
    use crate::smpp::writer::{EncodeError, PASSWORD_MAX};
    use bytes::{Bytes, BytesMut};

    #[test]
    fn what_does_not_fit_is_refused_and_nothing_is_written() {
        let long = |field, length, max| EncodeError::TooLong { field, length, max };
        let with = |change: fn(&mut Sm)| {
            let mut sm = Sm::default();
            change(&mut sm);
            PduBody::SubmitSm(sm)
        };
        let bind = |change: fn(&mut Bind)| {
            let mut bind = Bind::default();
            change(&mut bind);
            PduBody::Bind(BindKind::Transceiver, bind)
        };
        for (body, error) in [
            (bind(|b| b.system_id = filled(16)), long("system_id", 16, 15)),
            (bind(|b| b.password = filled(33)), long("password", 33, PASSWORD_MAX)),
            (bind(|b| b.system_type = filled(13)), long("system_type", 13, 12)),
            (bind(|b| b.address_range = filled(41)), long("address_range", 41, 40)),
            (with(|s| s.service_type = filled(6)), long("service_type", 6, 5)),
            (with(|s| s.source.digits = filled(21)), long("source_addr", 21, 20)),
            (with(|s| s.destination.digits = filled(21)), long("destination_addr", 21, 20)),
            (with(|s| s.short_message = Bytes::from_static(&[b'x'; 255])), long("short_message", 255, 254)),
            (with(|s| s.validity_period = filled(12)), EncodeError::NotATime { field: "validity_period", length: 12 }),
            (
                PduBody::SubmitMulti(SubmitMulti {
                    destinations: vec![DestAddress::List(filled(1)); 255],
                    ..SubmitMulti::default()
                }),
                EncodeError::TooMany { field: "number_of_dests", count: 255, max: 254 },
            ),
        ] {
            let mut out = BytesMut::from(&b"before"[..]);
            assert_eq!(Pdu::request(1, body).encode(&mut out), Err(error));
            assert_eq!(out, "before");
        }
    }

    #[test]
    fn responses_say_only_what_they_may() {
        let resp = SmResp { message_id: CString::from("77"), tlvs: Tlvs::default() };
        for (body, status, length) in [
            (PduBody::SubmitSmResp(resp.clone()), CommandStatus::Throttled, 16),
            (PduBody::SubmitSmResp(resp.clone()), CommandStatus::Ok, 19),
            (PduBody::DeliverSmResp(resp.clone()), CommandStatus::Ok, 17),
            (PduBody::DeliverSmResp(resp), CommandStatus::SystemError, 17),
        ] {
            let mut out = BytesMut::new();
            Pdu::response(1, status, body).encode(&mut out).unwrap();
            assert_eq!(out.len(), length);
            assert_eq!(usize::from(out[3]), length);
        }
    }

    fn filled(length: usize) -> CString {
        CString::from("x".repeat(length))
    }
}
