//! `replace_sm`: another text for a message that is not delivered yet.

use crate::smpp::address::{Address, SOURCE};
use crate::smpp::cstring::CString;
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::sm::SHORT_MESSAGE_MAX;
use crate::smpp::tlv::Tlvs;
use crate::smpp::writer::{EncodeError, Writer};
use bytes::Bytes;

/// The body of `replace_sm` (3.4 section 4.10). The response has no body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplaceSm {
    /// The id that the SMSC gave the message.
    pub message_id: CString,
    /// Who sent the message.
    pub source: Address,
    /// Empty is unchanged, else 16 characters.
    pub schedule_delivery_time: CString,
    /// Empty is unchanged, else 16 characters.
    pub validity_period: CString,
    /// Which receipts are asked for.
    pub registered_delivery: u8,
    /// A canned message of the SMSC; 0 is none.
    pub sm_default_msg_id: u8,
    /// The new text; at most 254 octets.
    pub short_message: Bytes,
    /// `message_payload` (5.0).
    pub tlvs: Tlvs,
}

impl ReplaceSm {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            message_id: fields.string("message_id", 65)?,
            source: fields.address(SOURCE, 21)?,
            schedule_delivery_time: fields.string("schedule_delivery_time", 17)?,
            validity_period: fields.string("validity_period", 17)?,
            registered_delivery: fields.octet("registered_delivery")?,
            sm_default_msg_id: fields.octet("sm_default_msg_id")?,
            short_message: fields.short_message()?,
            tlvs: fields.tlvs_after_text(),
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("message_id", &self.message_id, 65)?;
        out.address("source_addr", &self.source, 21)?;
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.octets(&[self.registered_delivery, self.sm_default_msg_id]);
        out.short_message(&self.short_message, SHORT_MESSAGE_MAX)?;
        out.tlvs(&self.tlvs);
        Ok(())
    }
}
