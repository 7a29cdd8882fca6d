//! Broadcasts to an area (5.0): `broadcast_sm`, `query_broadcast_sm`, `cancel_broadcast_sm`.
//!
//! The responses to the first two are a `message_id` and optional parameters, as
//! [`crate::smpp::sm::SmResp`]; the third has no body.

use crate::smpp::address::{Address, SOURCE};
use crate::smpp::cstring::CString;
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::tlv::Tlvs;
use crate::smpp::writer::{EncodeError, Writer};

/// The body of `broadcast_sm` (5.0 section 4.4.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BroadcastSm {
    /// Empty is the default service.
    pub service_type: CString,
    /// Who sends.
    pub source: Address,
    /// Empty, or the broadcast that this one replaces.
    pub message_id: CString,
    /// 0 to 4.
    pub priority_flag: u8,
    /// Empty, or 16 characters.
    pub schedule_delivery_time: CString,
    /// Empty, or 16 characters.
    pub validity_period: CString,
    /// 0 or 1.
    pub replace_if_present_flag: u8,
    /// How the text is to be read.
    pub data_coding: u8,
    /// A canned message of the SMSC; 0 is none.
    pub sm_default_msg_id: u8,
    /// Area, content type, repetitions and interval, which are required; text and others.
    pub tlvs: Tlvs,
}

impl BroadcastSm {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            service_type: fields.string("service_type", 6)?,
            source: fields.address(SOURCE, 21)?,
            message_id: fields.string("message_id", 65)?,
            priority_flag: fields.octet("priority_flag")?,
            schedule_delivery_time: fields.string("schedule_delivery_time", 17)?,
            validity_period: fields.string("validity_period", 17)?,
            replace_if_present_flag: fields.octet("replace_if_present_flag")?,
            data_coding: fields.octet("data_coding")?,
            sm_default_msg_id: fields.octet("sm_default_msg_id")?,
            tlvs: fields.tlvs(),
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("service_type", &self.service_type, 6)?;
        out.address("source_addr", &self.source, 21)?;
        out.string("message_id", &self.message_id, 65)?;
        out.octets(&[self.priority_flag]);
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.octets(&[self.replace_if_present_flag, self.data_coding, self.sm_default_msg_id]);
        out.tlvs(&self.tlvs);
        Ok(())
    }
}

/// The body of `query_broadcast_sm` (5.0 section 4.6.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryBroadcastSm {
    /// The id that the SMSC gave the message.
    pub message_id: CString,
    /// Who sent it, exactly as the broadcast had it.
    pub source: Address,
    /// `user_message_reference`.
    pub tlvs: Tlvs,
}

impl QueryBroadcastSm {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            message_id: fields.string("message_id", 65)?,
            source: fields.address(SOURCE, 21)?,
            tlvs: fields.tlvs(),
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("message_id", &self.message_id, 65)?;
        out.address("source_addr", &self.source, 21)?;
        out.tlvs(&self.tlvs);
        Ok(())
    }
}

/// The body of `cancel_broadcast_sm` (5.0 section 4.6.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CancelBroadcastSm {
    /// With an empty id: of which service.
    pub service_type: CString,
    /// Which broadcast; empty is all of this source and content type.
    pub message_id: CString,
    /// Who sent the message.
    pub source: Address,
    /// `broadcast_content_type`, `user_message_reference`.
    pub tlvs: Tlvs,
}

impl CancelBroadcastSm {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            service_type: fields.string("service_type", 6)?,
            message_id: fields.string("message_id", 65)?,
            source: fields.address(SOURCE, 21)?,
            tlvs: fields.tlvs(),
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("service_type", &self.service_type, 6)?;
        out.string("message_id", &self.message_id, 65)?;
        out.address("source_addr", &self.source, 21)?;
        out.tlvs(&self.tlvs);
        Ok(())
    }
}
