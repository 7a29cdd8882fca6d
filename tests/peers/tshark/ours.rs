//! What our decoder says of a PDU, in tshark's names and its way to show values.

use nuncio::smpp::address::Address;
use nuncio::smpp::bind::Bind;
use nuncio::smpp::command::CommandId;
use nuncio::smpp::cstring::CString;
use nuncio::smpp::multi::DestAddress;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::time::SmppTime;
use time::OffsetDateTime;
use time::format_description::parse_borrowed;

/// Names and values, in the order of the wire.
#[derive(Default)]
pub(super) struct Said(pub(super) Vec<(String, String)>);

/// The fields that every PDU of its operation has; `None` for an operation that tshark does not know.
pub(super) fn fields(length: usize, pdu: &Pdu) -> Option<Said> {
    let mut said = Said::default();
    let command = pdu.body.command_id();
    said.number("command_length", length as u64);
    said.number("command_id", command.0.into());
    if command.is_response() {
        said.number("command_status", pdu.status.as_u32().into());
    }
    said.number("sequence_number", pdu.sequence.into());
    // The responses to refused requests end with their header.
    if length == 16 {
        return Some(said);
    }
    said.body(&pdu.body).then_some(said)
}

impl Said {
    /// Whether tshark knows the operation.
    fn body(&mut self, body: &PduBody) -> bool {
        match body {
            PduBody::Bind(_, it) => self.bind(it),
            PduBody::BindResp(_, it) => self.text("system_id", &it.system_id),
            PduBody::Outbind(it) => {
                self.text("system_id", &it.system_id);
                self.text("password", &it.password);
            }
            PduBody::SubmitSm(_)
            | PduBody::DeliverSm(_)
            | PduBody::DataSm(_)
            | PduBody::SubmitMulti(_)
            | PduBody::ReplaceSm(_) => {
                self.message(body);
            }
            PduBody::SubmitSmResp(it)
            | PduBody::DeliverSmResp(it)
            | PduBody::DataSmResp(it)
            | PduBody::BroadcastSmResp(it)
            | PduBody::QueryBroadcastSmResp(it) => self.text("message_id", &it.message_id),
            PduBody::SubmitMultiResp(it) => {
                self.text("message_id", &it.message_id);
                for failed in &it.unsuccess {
                    self.destination(&failed.destination);
                    self.number("error_status_code", failed.status.as_u32().into());
                }
            }
            PduBody::QuerySm(it) => {
                self.text("message_id", &it.message_id);
                self.source(&it.source);
            }
            PduBody::QuerySmResp(it) => {
                self.text("message_id", &it.message_id);
                self.final_date(&it.final_date);
                self.number("message_state", it.message_state.into());
                self.number("error_code", it.error_code.into());
            }
            PduBody::CancelSm(it) => {
                self.kind("service_type", &it.service_type);
                self.text("message_id", &it.message_id);
                self.source(&it.source);
                self.destination(&it.destination);
            }
            PduBody::AlertNotification(it) => {
                self.source(&it.source);
                self.address(["esme_addr_ton", "esme_addr_npi", "esme_addr"], &it.esme);
            }
            PduBody::CancelSmResp(_) | PduBody::ReplaceSmResp(_) | PduBody::CancelBroadcastSmResp(_) => (),
            _ => return self.broadcast(body),
        }
        true
    }

    /// The requests about messages to all in an area.
    fn broadcast(&mut self, body: &PduBody) -> bool {
        match body {
            PduBody::BroadcastSm(it) => {
                self.kind("service_type", &it.service_type);
                self.source(&it.source);
                self.text("message_id", &it.message_id);
                self.number("priority_flag", it.priority_flag.into());
                self.time("schedule_delivery_time", &it.schedule_delivery_time);
                self.time("validity_period", &it.validity_period);
                self.number("replace_if_present_flag", it.replace_if_present_flag.into());
                self.number("data_coding", it.data_coding.into());
                self.number("sm_default_msg_id", it.sm_default_msg_id.into());
            }
            PduBody::QueryBroadcastSm(it) => {
                self.text("message_id", &it.message_id);
                self.source(&it.source);
            }
            PduBody::CancelBroadcastSm(it) => {
                self.kind("service_type", &it.service_type);
                self.text("message_id", &it.message_id);
                self.source(&it.source);
            }
            _ => return false,
        }
        true
    }

    fn bind(&mut self, it: &Bind) {
        self.text("system_id", &it.system_id);
        self.text("password", &it.password);
        self.text("system_type", &it.system_type);
        self.number("interface_version", it.interface_version.into());
        self.number("addr_ton", it.addr_ton.into());
        self.number("addr_npi", it.addr_npi.into());
        self.text("address_range", &it.address_range);
    }

    fn message(&mut self, body: &PduBody) {
        match body {
            PduBody::SubmitSm(it) | PduBody::DeliverSm(it) => {
                self.kind("service_type", &it.service_type);
                self.source(&it.source);
                self.destination(&it.destination);
                self.class(it.esm_class);
                self.number("protocol_id", it.protocol_id.into());
                self.number("priority_flag", it.priority_flag.into());
                self.time("schedule_delivery_time", &it.schedule_delivery_time);
                self.time("validity_period", &it.validity_period);
                self.registered(it.registered_delivery);
                self.number("replace_if_present_flag", it.replace_if_present_flag.into());
                self.number("data_coding", it.data_coding.into());
                self.number("sm_default_msg_id", it.sm_default_msg_id.into());
                self.octets(&it.short_message);
            }
            PduBody::SubmitMulti(it) => {
                self.kind("service_type", &it.service_type);
                self.source(&it.source);
                for destination in &it.destinations {
                    match destination {
                        DestAddress::Sme(address) => self.destination(address),
                        DestAddress::List(name) => self.text("dl_name", name),
                    }
                }
                self.class(it.esm_class);
                self.number("protocol_id", it.protocol_id.into());
                self.number("priority_flag", it.priority_flag.into());
                self.time("schedule_delivery_time", &it.schedule_delivery_time);
                // tshark 4.0 shows an empty one under the name of the field before it.
                let name = if it.validity_period.is_empty() { "schedule_delivery_time" } else { "validity_period" };
                self.time(name, &it.validity_period);
                self.registered(it.registered_delivery);
                self.number("replace_if_present_flag", it.replace_if_present_flag.into());
                self.number("data_coding", it.data_coding.into());
                self.number("sm_default_msg_id", it.sm_default_msg_id.into());
                self.octets(&it.short_message);
            }
            PduBody::ReplaceSm(it) => {
                self.text("message_id", &it.message_id);
                self.source(&it.source);
                self.time("schedule_delivery_time", &it.schedule_delivery_time);
                self.time("validity_period", &it.validity_period);
                self.registered(it.registered_delivery);
                self.number("sm_default_msg_id", it.sm_default_msg_id.into());
                self.octets(&it.short_message);
            }
            PduBody::DataSm(it) => {
                self.kind("service_type", &it.service_type);
                self.source(&it.source);
                self.destination(&it.destination);
                self.class(it.esm_class);
                self.registered(it.registered_delivery);
                self.number("data_coding", it.data_coding.into());
            }
            other => panic!("{} is no message", other.command_id()),
        }
    }

    fn put(&mut self, name: &str, value: String) {
        self.0.push((name.to_owned(), value));
    }

    fn number(&mut self, name: &str, value: u64) {
        self.put(name, value.to_string());
    }

    /// A string that tshark does not show when it is empty.
    fn text(&mut self, name: &str, value: &CString) {
        if !value.is_empty() {
            self.put(name, value.to_string());
        }
    }

    /// `service_type`, of which the empty one is the default.
    fn kind(&mut self, name: &str, value: &CString) {
        self.put(name, if value.is_empty() { "(Default)".to_owned() } else { value.to_string() });
    }

    fn source(&mut self, address: &Address) {
        self.address(["source_addr_ton", "source_addr_npi", "source_addr"], address);
    }

    fn destination(&mut self, address: &Address) {
        self.address(["dest_addr_ton", "dest_addr_npi", "destination_addr"], address);
    }

    fn address(&mut self, [ton, npi, digits]: [&str; 3], address: &Address) {
        self.number(ton, address.ton.into());
        self.number(npi, address.npi.into());
        self.text(digits, &address.digits);
    }

    fn class(&mut self, esm_class: u8) {
        self.number("esm.submit.msg_mode", (esm_class & 3).into());
        self.number("esm.submit.msg_type", (esm_class >> 2 & 15).into());
        self.number("esm.submit.features", (esm_class >> 6).into());
    }

    fn registered(&mut self, registered_delivery: u8) {
        self.number("regdel.receipt", (registered_delivery & 3).into());
        self.number("regdel.acks", (registered_delivery >> 2 & 3).into());
        self.number("regdel.notif", (registered_delivery >> 4 & 1).into());
    }

    fn octets(&mut self, message: &[u8]) {
        self.number("sm_length", message.len() as u64);
        if !message.is_empty() {
            self.put("message", hex(message));
        }
    }

    fn time(&mut self, name: &str, text: &CString) {
        match SmppTime::parse(text) {
            Some(SmppTime::Absolute(moment)) => self.put(name, shown(moment.unix_seconds())),
            Some(SmppTime::Relative(span)) => self.put(&format!("{name}_r"), format!("{}.000000000", span.as_secs())),
            None => self.put(&format!("{name}_r"), "0.000000000".to_owned()),
        }
    }

    fn final_date(&mut self, text: &CString) {
        if !text.is_empty() {
            self.time("final_date", text);
        }
    }
}

/// A moment as tshark shows it.
fn shown(unix: i64) -> String {
    let format = "[month repr:short] [day padding:space], [year] [hour]:[minute]:[second].000000000 UTC";
    let format = parse_borrowed::<2>(format).unwrap();
    OffsetDateTime::from_unix_timestamp(unix).unwrap().format(&format).unwrap()
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|it| format!("{it:02x}")).collect()
}

/// Whether tshark 4.0 takes the operation for SMPP at all.
pub(super) fn is_known(command: CommandId) -> bool {
    // Those that only 3.3 has.
    !matches!(command.0 & 0x7FFF_FFFF, 0x22..=0x24)
}
