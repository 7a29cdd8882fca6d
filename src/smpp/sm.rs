//! `submit_sm` and `deliver_sm`, which share one layout, and their responses.

use crate::smpp::address::{Address, DESTINATION, SOURCE};
use crate::smpp::cstring::CString;
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::{Tag, Tlvs};
use crate::smpp::writer::{EncodeError, Writer};
use bytes::Bytes;

/// The longest `short_message`: 254 octets, which 3.4 and 5.0 both read.
pub const SHORT_MESSAGE_MAX: usize = 254;

/// Bits of `esm_class` (3.4 section 5.2.12).
pub mod esm_class {
    /// The mode: store and forward, datagram, transaction.
    pub const MODE_MASK: u8 = 0x03;
    /// Send once, keep nothing.
    pub const MODE_DATAGRAM: u8 = 0x01;
    /// The answer says whether the message arrived.
    pub const MODE_TRANSACTION: u8 = 0x02;
    /// Kept until delivered or expired.
    pub const MODE_STORE_AND_FORWARD: u8 = 0x03;
    /// The type of message.
    pub const TYPE_MASK: u8 = 0x3C;
    /// A receipt of the SMSC.
    pub const TYPE_RECEIPT: u8 = 0x04;
    /// An acknowledgement by the receiving application.
    pub const TYPE_DELIVERY_ACK: u8 = 0x08;
    /// An acknowledgement by the person who received it.
    pub const TYPE_MANUAL_ACK: u8 = 0x10;
    /// The abort of a conversation.
    pub const TYPE_CONVERSATION_ABORT: u8 = 0x18;
    /// News that is not yet final.
    pub const TYPE_INTERMEDIATE: u8 = 0x20;
    /// The text begins with a user data header.
    pub const UDHI: u8 = 0x40;
    /// The reply path is set.
    pub const REPLY_PATH: u8 = 0x80;
}

/// Bits of `registered_delivery` (3.4 section 5.2.17, 5.0 section 4.7.21).
pub mod registered_delivery {
    /// Which receipts of the SMSC.
    pub const RECEIPT_MASK: u8 = 0x03;
    /// None.
    pub const NONE: u8 = 0x00;
    /// A receipt for success and for failure.
    pub const RECEIPT: u8 = 0x01;
    /// A receipt for failure only.
    pub const RECEIPT_ON_FAILURE: u8 = 0x02;
    /// A receipt for success only (5.0).
    pub const RECEIPT_ON_SUCCESS: u8 = 0x03;
    /// An acknowledgement by the receiving application.
    pub const DELIVERY_ACK: u8 = 0x04;
    /// An acknowledgement by the person who received it.
    pub const MANUAL_ACK: u8 = 0x08;
    /// News on the way.
    pub const INTERMEDIATE: u8 = 0x10;
}

/// The body of `submit_sm` and of `deliver_sm`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sm {
    /// Empty is the default service.
    pub service_type: CString,
    /// Who sends.
    pub source: Address,
    /// Who receives.
    pub destination: Address,
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

impl Sm {
    /// The octets of the text, user data header included: `short_message`, or
    /// `message_payload` when that is empty. The specification forbids both at once; a peer
    /// that sends both is read as the most widespread gateway reads it, `short_message` first.
    pub fn text(&self) -> Bytes {
        if self.short_message.is_empty() {
            return self.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default();
        }
        self.short_message.clone()
    }

    /// Whether the text begins with a user data header.
    pub const fn has_udh(&self) -> bool {
        self.esm_class & esm_class::UDHI != 0
    }

    /// The type of message: the bits of [`esm_class::TYPE_MASK`].
    pub const fn message_type(&self) -> u8 {
        self.esm_class & esm_class::TYPE_MASK
    }

    #[inline(always)]
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            service_type: fields.string("service_type", 6)?,
            source: fields.address(SOURCE, 21)?,
            destination: fields.address(DESTINATION, 21)?,
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

    #[inline(always)]
    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("service_type", &self.service_type, 6)?;
        out.address("source_addr", &self.source, 21)?;
        out.address("destination_addr", &self.destination, 21)?;
        out.octets(&[self.esm_class, self.protocol_id, self.priority_flag]);
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.octets(&[self.registered_delivery, self.replace_if_present_flag, self.data_coding, self.sm_default_msg_id]);
        out.short_message(&self.short_message, SHORT_MESSAGE_MAX)?;
        out.tlvs(&self.tlvs);
        Ok(())
    }
}

/// The body of `submit_sm_resp`, `deliver_sm_resp`, `data_sm_resp`, `broadcast_sm_resp` and
/// `query_broadcast_sm_resp`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmResp {
    /// The carrier's id of the message; empty in `deliver_sm_resp` and on errors.
    pub message_id: CString,
    /// Optional parameters (5.0).
    pub tlvs: Tlvs,
}

impl SmResp {
    pub(crate) fn read(fields: &mut Fields, status: CommandStatus) -> Self {
        let (message_id, tlvs) = fields.string_and_tlvs("message_id", 65, status);
        Self { message_id, tlvs }
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("message_id", &self.message_id, 65)?;
        out.tlvs(&self.tlvs);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Sm, esm_class};
    use crate::smpp::tlv::{Tag, Tlvs};
    use bytes::Bytes;

    #[test]
    fn the_text_is_the_payload_only_when_there_is_no_short_message() {
        let payload = Sm { tlvs: Tlvs::build().push(Tag::MESSAGE_PAYLOAD, b"long").build(), ..Sm::default() };
        assert_eq!(payload.text(), "long");
        let both = Sm { short_message: Bytes::from_static(b"short"), ..payload };
        assert_eq!(both.text(), "short");
        assert_eq!(Sm::default().text(), "");
    }

    #[test]
    fn a_receipt_with_a_header_is_both() {
        let sm = Sm { esm_class: 0x44, ..Sm::default() };
        assert!(sm.has_udh());
        assert_eq!(sm.message_type(), esm_class::TYPE_RECEIPT);
    }
}
