//! `submit_multi`: one text for many, and its response.

use crate::smpp::address::{Address, DESTINATION, SOURCE};
use crate::smpp::cstring::CString;
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::sm::SHORT_MESSAGE_MAX;
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::Tlvs;
use crate::smpp::writer::{EncodeError, Writer};
use bytes::Bytes;

/// The most destinations that are sent: 254, which every version reads.
pub const DESTINATIONS_MAX: usize = 254;

/// The body of `submit_multi` (3.4 section 4.5, 5.0 section 4.2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubmitMulti {
    /// Empty is the default service.
    pub service_type: CString,
    /// Who sends.
    pub source: Address,
    /// Who receives: at most [`DESTINATIONS_MAX`].
    pub destinations: Vec<DestAddress>,
    /// Mode, message type, UDHI and reply path.
    pub esm_class: u8,
    /// GSM TP-PID.
    pub protocol_id: u8,
    /// 0 to 3.
    pub priority_flag: u8,
    /// Empty, or 16 characters.
    pub schedule_delivery_time: CString,
    /// Empty, or 16 characters.
    pub validity_period: CString,
    /// Which receipts are asked for.
    pub registered_delivery: u8,
    /// 0 or 1.
    pub replace_if_present_flag: u8,
    /// How `short_message` is to be read.
    pub data_coding: u8,
    /// A canned message of the SMSC; 0 is none.
    pub sm_default_msg_id: u8,
    /// At most 254 octets (255 in 5.0); longer texts go into `message_payload`.
    pub short_message: Bytes,
    /// Optional parameters.
    pub tlvs: Tlvs,
}

/// One destination of `submit_multi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DestAddress {
    /// `dest_flag` 1: an address.
    Sme(Address),
    /// `dest_flag` 2: a distribution list that the SMSC knows by this name.
    List(CString),
}

impl DestAddress {
    const SME: u8 = 1;
    pub(crate) const LIST: u8 = 2;

    /// `number_of_dests` and the destinations themselves. A flag that does not say list says
    /// address: nothing else could follow it.
    pub(crate) fn read_all(fields: &mut Fields) -> Result<Vec<Self>, Missing> {
        let count = fields.octet("number_of_dests")?;
        let mut destinations = Vec::new();
        for _ in 0..count {
            destinations.push(match fields.octet("dest_flag")? {
                Self::LIST => Self::List(fields.string("dl_name", 21)?),
                _ => Self::Sme(fields.address(DESTINATION, 21)?),
            });
        }
        Ok(destinations)
    }

    pub(crate) fn write_all(destinations: &[Self], out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.count("number_of_dests", destinations.len(), DESTINATIONS_MAX)?;
        for destination in destinations {
            match destination {
                Self::Sme(address) => {
                    out.octets(&[Self::SME]);
                    out.address("destination_addr", address, 21)?;
                }
                Self::List(name) => {
                    out.octets(&[Self::LIST]);
                    out.string("dl_name", name, 21)?;
                }
            }
        }
        Ok(())
    }
}

impl SubmitMulti {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            service_type: fields.string("service_type", 6)?,
            source: fields.address(SOURCE, 21)?,
            destinations: DestAddress::read_all(fields)?,
            esm_class: fields.octet("esm_class")?,
            protocol_id: fields.octet("protocol_id")?,
            priority_flag: fields.octet("priority_flag")?,
            schedule_delivery_time: fields.string("schedule_delivery_time", 17)?,
            validity_period: fields.string("validity_period", 17)?,
            registered_delivery: fields.octet("registered_delivery")?,
            replace_if_present_flag: fields.octet("replace_if_present_flag")?,
            data_coding: fields.octet("data_coding")?,
            sm_default_msg_id: fields.octet("sm_default_msg_id")?,
            short_message: fields.short_message()?,
            tlvs: fields.tlvs_after_text(),
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("service_type", &self.service_type, 6)?;
        out.address("source_addr", &self.source, 21)?;
        DestAddress::write_all(&self.destinations, out)?;
        out.octets(&[self.esm_class, self.protocol_id, self.priority_flag]);
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.octets(&[self.registered_delivery, self.replace_if_present_flag, self.data_coding, self.sm_default_msg_id]);
        out.short_message(&self.short_message, SHORT_MESSAGE_MAX)?;
        out.tlvs(&self.tlvs);
        Ok(())
    }
}

/// The body of `submit_multi_resp`; empty on errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubmitMultiResp {
    /// The carrier's id of the message, one for all destinations.
    pub message_id: CString,
    /// The destinations that were refused; at most 255.
    pub unsuccess: Vec<Unsuccess>,
    /// Optional parameters (5.0).
    pub tlvs: Tlvs,
}

/// A destination that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsuccess {
    /// Which.
    pub destination: Address,
    /// Why: `error_status_code`.
    pub status: CommandStatus,
}

impl SubmitMultiResp {
    /// Tolerant of what is missing at the end: a list that is announced and not there is empty.
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        let message_id = fields.string("message_id", 65)?;
        let count = fields.octet("no_unsuccess").unwrap_or_default();
        let mut unsuccess = Vec::new();
        for _ in 0..count {
            let Ok(one) = Unsuccess::read(fields) else { break };
            unsuccess.push(one);
        }
        Ok(Self { message_id, unsuccess, tlvs: fields.tlvs() })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("message_id", &self.message_id, 65)?;
        out.count("no_unsuccess", self.unsuccess.len(), usize::from(u8::MAX))?;
        for Unsuccess { destination, status } in &self.unsuccess {
            out.address("destination_addr", destination, 21)?;
            out.octets(&status.as_u32().to_be_bytes());
        }
        out.tlvs(&self.tlvs);
        Ok(())
    }
}

impl Unsuccess {
    fn read(fields: &mut Fields) -> Result<Self, Missing> {
        let destination = fields.address(DESTINATION, 21)?;
        Ok(Self { destination, status: CommandStatus::from_u32(fields.word("error_status_code")?) })
    }
}
