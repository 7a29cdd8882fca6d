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
/// ones, and what a carrier gave out is sent as it is.
pub const PASSWORD_MAX: usize = 32;

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
        let length = u32::try_from(out.len() - start).expect("a body is far shorter than what 32 bits can count");
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }
}

impl Body {
    /// About how many octets the body takes, so that the buffer grows once.
    fn size_hint(&self) -> usize {
        match self {
            Self::SubmitSm(sm) | Self::DeliverSm(sm) => 96 + sm.short_message.len() + sm.tlvs.0.len(),
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
        Body::Unbind | Body::UnbindResp | Body::EnquireLink | Body::EnquireLinkResp | Body::GenericNack => Ok(()),
    }
}

fn put_bind(bind: &Bind, out: &mut BytesMut) -> Result<(), EncodeError> {
    put_string("system_id", &bind.system_id, 15, out)?;
    put_string("password", &bind.password, PASSWORD_MAX, out)?;
    put_string("system_type", &bind.system_type, 12, out)?;
    out.put_slice(&[bind.interface_version, bind.addr_ton, bind.addr_npi]);
    put_string("address_range", &bind.address_range, 40, out)
}

fn put_bind_resp(resp: &BindResp, status: CommandStatus, out: &mut BytesMut) -> Result<(), EncodeError> {
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
    out.put_slice(&[sm.registered_delivery, sm.replace_if_present_flag, sm.data_coding, sm.sm_default_msg_id]);
    let length = sm.short_message.len();
    match u8::try_from(length) {
        Ok(sm_length) if length <= SHORT_MESSAGE_MAX => out.put_u8(sm_length),
        _ => {
            return Err(EncodeError::TooLong { field: "short_message", length, max: SHORT_MESSAGE_MAX });
        }
    }
    out.put_slice(&sm.short_message);
    out.put_slice(&sm.tlvs.to_wire());
    Ok(())
}

fn put_submit_sm_resp(resp: &SmResp, status: CommandStatus, out: &mut BytesMut) -> Result<(), EncodeError> {
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

fn put_address(field: &'static str, address: &Address, max: usize, out: &mut BytesMut) -> Result<(), EncodeError> {
    out.put_slice(&[address.ton, address.npi]);
    put_string(field, &address.digits, max, out)
}

fn put_time(field: &'static str, value: &CString, out: &mut BytesMut) -> Result<(), EncodeError> {
    if !matches!(value.len(), 0 | 16) {
        return Err(EncodeError::NotATime { field, length: value.len() });
    }
    put_string(field, value, 16, out)
}

fn put_string(field: &'static str, value: &CString, max: usize, out: &mut BytesMut) -> Result<(), EncodeError> {
    let octets = value.as_bytes();
    if octets.len() > max {
        return Err(EncodeError::TooLong { field, length: octets.len(), max });
    }
    if octets.contains(&0) {
        return Err(EncodeError::InnerNul { field });
    }
    out.put_slice(octets);
    out.put_u8(0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{EncodeError, PASSWORD_MAX};
    use crate::smpp::address::Address;
    use crate::smpp::bind::{Bind, BindKind, BindResp};
    use crate::smpp::command::CommandId;
    use crate::smpp::cstring::CString;
    use crate::smpp::data::DataSm;
    use crate::smpp::pdu::{Body, Pdu};
    use crate::smpp::sm::{Sm, SmResp};
    use crate::smpp::status::CommandStatus;
    use crate::smpp::tlv::{Tag, Tlvs};
    use bytes::{Bytes, BytesMut};
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn what_does_not_fit_is_refused_and_nothing_is_written() {
        let long = |field, length, max| EncodeError::TooLong { field, length, max };
        let with = |change: fn(&mut Sm)| {
            let mut sm = Sm::default();
            change(&mut sm);
            Body::SubmitSm(sm)
        };
        let bind = |change: fn(&mut Bind)| {
            let mut bind = Bind::default();
            change(&mut bind);
            Body::Bind(BindKind::Transceiver, bind)
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
                with(|s| s.source.digits = CString(Bytes::from_static(b"a\0b"))),
                EncodeError::InnerNul { field: "source_addr" },
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
            (Body::SubmitSmResp(resp.clone()), CommandStatus::Throttled, 16),
            (Body::SubmitSmResp(resp.clone()), CommandStatus::Ok, 19),
            (Body::DeliverSmResp(resp.clone()), CommandStatus::Ok, 17),
            (Body::DeliverSmResp(resp), CommandStatus::SystemError, 17),
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

    fn cstring(max: usize) -> impl Strategy<Value = CString> {
        vec(1..=255_u8, 0..=max).prop_map(|octets| CString::from(Bytes::from(octets)))
    }

    fn address(max: usize) -> impl Strategy<Value = Address> {
        (any::<u8>(), any::<u8>(), cstring(max)).prop_map(|(ton, npi, digits)| Address { ton, npi, digits })
    }

    fn time() -> impl Strategy<Value = CString> {
        prop_oneof![Just(CString::default()), "[0-9]{15}[+R-]".prop_map(CString::from)]
    }

    fn tlvs() -> impl Strategy<Value = Tlvs> {
        vec((1..=u16::MAX, vec(any::<u8>(), 0..40)), 0..4).prop_map(|items| {
            items.iter().fold(Tlvs::build(), |stream, (tag, value)| stream.push(Tag(*tag), value)).build()
        })
    }

    fn sm() -> impl Strategy<Value = Sm> {
        ((cstring(5), address(20), address(20), time(), time()), any::<[u8; 7]>(), vec(any::<u8>(), 0..=254), tlvs())
            .prop_map(|(strings, flags, short_message, tlvs)| Sm {
                service_type: strings.0,
                source: strings.1,
                destination: strings.2,
                esm_class: flags[0],
                protocol_id: flags[1],
                priority_flag: flags[2],
                schedule_delivery_time: strings.3,
                validity_period: strings.4,
                registered_delivery: flags[3],
                replace_if_present_flag: flags[4],
                data_coding: flags[5],
                sm_default_msg_id: flags[6],
                short_message: Bytes::from(short_message),
                tlvs,
            })
    }

    fn bind() -> impl Strategy<Value = Bind> {
        let strings = (cstring(15), cstring(16), cstring(12), cstring(40));
        (strings, any::<[u8; 3]>()).prop_map(|(strings, flags)| Bind {
            system_id: strings.0,
            password: strings.1,
            system_type: strings.2,
            interface_version: flags[0],
            addr_ton: flags[1],
            addr_npi: flags[2],
            address_range: strings.3,
        })
    }

    fn data_sm() -> impl Strategy<Value = DataSm> {
        let rest = (any::<[u8; 3]>(), tlvs());
        (cstring(5), address(64), address(64), rest).prop_map(|(service_type, source, destination, (flags, tlvs))| {
            DataSm {
                service_type,
                source,
                destination,
                esm_class: flags[0],
                registered_delivery: flags[1],
                data_coding: flags[2],
                tlvs,
            }
        })
    }

    fn kind() -> impl Strategy<Value = BindKind> {
        prop_oneof![Just(BindKind::Transmitter), Just(BindKind::Receiver), Just(BindKind::Transceiver)]
    }

    fn body() -> impl Strategy<Value = Body> {
        let resp = || (cstring(64), tlvs()).prop_map(|(message_id, tlvs)| SmResp { message_id, tlvs });
        prop_oneof![
            sm().prop_map(Body::SubmitSm),
            sm().prop_map(Body::DeliverSm),
            data_sm().prop_map(Body::DataSm),
            resp().prop_map(Body::SubmitSmResp),
            resp().prop_map(Body::DataSmResp),
            tlvs().prop_map(|tlvs| Body::DeliverSmResp(SmResp { tlvs, ..SmResp::default() })),
            (kind(), bind()).prop_map(|(kind, bind)| Body::Bind(kind, bind)),
            (kind(), cstring(15), tlvs())
                .prop_map(|(kind, system_id, tlvs)| Body::BindResp(kind, BindResp { system_id, tlvs })),
            Just(Body::Unbind),
            Just(Body::EnquireLinkResp),
            vec(any::<u8>(), 0..60).prop_map(|octets| Body::Other(CommandId::QUERY_SM, Bytes::from(octets))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(sequence in any::<u32>(), body in body()) {
            let pdu = Pdu::request(sequence, body);
            let mut out = BytesMut::new();
            pdu.encode(&mut out).unwrap();
            prop_assert_eq!(Pdu::decode(out.freeze()), Ok(pdu));
        }
    }
}
