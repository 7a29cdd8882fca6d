//! Writing a PDU: strict. What does not fit its field is an error, never cut in silence.
//!
//! Three fields go beyond what a peer may say, for what is sent has one reading only:
//! `deliver_sm_resp` always has an empty `message_id`, the error responses to a bind and to
//! `submit_sm` are their header alone, and optional parameters that came in damaged leave
//! as what could be read of them.

use crate::smpp::address::Address;
use crate::smpp::bind::{Bind, BindResp};
use crate::smpp::cstring::CString;
use crate::smpp::data::DataSm;
use crate::smpp::frame::HEADER_LENGTH;
use crate::smpp::pdu::{Body, Pdu};
use crate::smpp::sm::{SHORT_MESSAGE_MAX, Sm, SmResp};
use crate::smpp::status::CommandStatus;
use bytes::{BufMut, BytesMut};
use thiserror::Error;

/// The longest password that is sent. The specification has 8; carriers do give out longer
/// ones, and servers that were looked at read up to 16.
pub const PASSWORD_MAX: usize = 16;

/// Why a PDU cannot be written. Nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// The field is too small for the value.
    #[error("{field} has {length} octets where at most {max} fit")]
    TooLong {
        /// Its name in the specification.
        field: &'static str,
        /// How long the value is.
        length: usize,
        /// How long it may be.
        max: usize,
    },
    /// A time that is neither empty nor 16 characters long.
    #[error("{field} has {length} octets; a time has none or 16")]
    NotATime {
        /// Its name in the specification.
        field: &'static str,
        /// How long the value is.
        length: usize,
    },
    /// A NUL inside the value would end it.
    #[error("{field} has a NUL inside")]
    InnerNul {
        /// Its name in the specification.
        field: &'static str,
    },
}

impl Pdu {
    /// Appends the PDU to `out`.
    ///
    /// # Errors
    /// When a value does not fit its field; `out` is then as it was.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        let start = out.len();
        out.reserve(HEADER_LENGTH + self.body.size_hint());
        out.put_u32(0);
        out.put_u32(self.body.command_id().0);
        out.put_u32(self.status.as_u32());
        out.put_u32(self.sequence);
        if let Err(error) = put_body(&self.body, self.status, out) {
            out.truncate(start);
            return Err(error);
        }
        let length = u32::try_from(out.len() - start)
            .expect("a body is far shorter than what 32 bits can count");
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

impl Body {
    /// About how many octets the body takes, so that the buffer grows once.
    fn size_hint(&self) -> usize {
        match self {
            Self::SubmitSm(sm) | Self::DeliverSm(sm) => {
                96 + sm.short_message.len() + sm.tlvs.0.len()
            }
            Self::SubmitSmResp(resp) | Self::DeliverSmResp(resp) | Self::DataSmResp(resp) => {
                1 + resp.message_id.len() + resp.tlvs.0.len()
            }
            Self::DataSm(data) => 150 + data.tlvs.0.len(),
            Self::Bind(..) | Self::BindResp(..) => 96,
            Self::Other(_, octets) => octets.len(),
            _ => 0,
        }
    }
}

fn put_body(body: &Body, status: CommandStatus, out: &mut BytesMut) -> Result<(), EncodeError> {
    match body {
        Body::Bind(_, bind) => put_bind(bind, out),
        Body::BindResp(_, resp) => put_bind_resp(resp, status, out),
        Body::SubmitSm(sm) | Body::DeliverSm(sm) => put_sm(sm, out),
        Body::SubmitSmResp(resp) => put_submit_sm_resp(resp, status, out),
        Body::DeliverSmResp(resp) => {
            out.put_u8(0);
            out.put_slice(&resp.tlvs.to_wire());
            Ok(())
        }
        Body::DataSm(data) => put_data_sm(data, out),
        Body::DataSmResp(resp) => put_sm_resp(resp, out),
        Body::Other(_, octets) => {
            out.put_slice(octets);
            Ok(())
        }
        Body::Unbind
        | Body::UnbindResp
        | Body::EnquireLink
        | Body::EnquireLinkResp
        | Body::GenericNack => Ok(()),
    }
}

fn put_bind(bind: &Bind, out: &mut BytesMut) -> Result<(), EncodeError> {
    put_string("system_id", &bind.system_id, 15, out)?;
    put_string("password", &bind.password, PASSWORD_MAX, out)?;
    put_string("system_type", &bind.system_type, 12, out)?;
    out.put_slice(&[bind.interface_version, bind.addr_ton, bind.addr_npi]);
    put_string("address_range", &bind.address_range, 40, out)
}

fn put_bind_resp(
    resp: &BindResp,
    status: CommandStatus,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    if status == CommandStatus::Ok {
        put_string("system_id", &resp.system_id, 15, out)?;
        out.put_slice(&resp.tlvs.to_wire());
    }
    Ok(())
}

fn put_sm(sm: &Sm, out: &mut BytesMut) -> Result<(), EncodeError> {
    put_string("service_type", &sm.service_type, 5, out)?;
    put_address("source_addr", &sm.source, 20, out)?;
    put_address("destination_addr", &sm.destination, 20, out)?;
    out.put_slice(&[sm.esm_class, sm.protocol_id, sm.priority_flag]);
    put_time("schedule_delivery_time", &sm.schedule_delivery_time, out)?;
    put_time("validity_period", &sm.validity_period, out)?;
    out.put_slice(&[
        sm.registered_delivery,
        sm.replace_if_present_flag,
        sm.data_coding,
        sm.sm_default_msg_id,
    ]);
    let length = sm.short_message.len();
    match u8::try_from(length) {
        Ok(sm_length) if length <= SHORT_MESSAGE_MAX => out.put_u8(sm_length),
        _ => {
            return Err(EncodeError::TooLong {
                field: "short_message",
                length,
                max: SHORT_MESSAGE_MAX,
            });
        }
    }
    out.put_slice(&sm.short_message);
    out.put_slice(&sm.tlvs.to_wire());
    Ok(())
}

fn put_submit_sm_resp(
    resp: &SmResp,
    status: CommandStatus,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    if status == CommandStatus::Ok {
        put_sm_resp(resp, out)?;
    }
    Ok(())
}

fn put_sm_resp(resp: &SmResp, out: &mut BytesMut) -> Result<(), EncodeError> {
    put_string("message_id", &resp.message_id, 64, out)?;
    out.put_slice(&resp.tlvs.to_wire());
    Ok(())
}

fn put_data_sm(data: &DataSm, out: &mut BytesMut) -> Result<(), EncodeError> {
    put_string("service_type", &data.service_type, 5, out)?;
    put_address("source_addr", &data.source, 64, out)?;
    put_address("destination_addr", &data.destination, 64, out)?;
    out.put_slice(&[data.esm_class, data.registered_delivery, data.data_coding]);
    out.put_slice(&data.tlvs.to_wire());
    Ok(())
}

fn put_address(
    field: &'static str,
    address: &Address,
    max: usize,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    out.put_slice(&[address.ton, address.npi]);
    put_string(field, &address.digits, max, out)
}

fn put_time(field: &'static str, value: &CString, out: &mut BytesMut) -> Result<(), EncodeError> {
    if !matches!(value.len(), 0 | 16) {
        return Err(EncodeError::NotATime {
            field,
            length: value.len(),
        });
    }
    put_string(field, value, 16, out)
}

fn put_string(
    field: &'static str,
    value: &CString,
    max: usize,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let octets = value.as_bytes();
    if octets.len() > max {
        return Err(EncodeError::TooLong {
            field,
            length: octets.len(),
            max,
        });
    }
    if octets.contains(&0) {
        return Err(EncodeError::InnerNul { field });
    }
    out.put_slice(octets);
    out.put_u8(0);
    Ok(())
}
