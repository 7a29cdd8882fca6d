//! `data_sm`: a short message whose text is a TLV.

use crate::smpp::address::{Address, DESTINATION, SOURCE};
use crate::smpp::cstring::CString;
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::sm::esm_class;
use crate::smpp::tlv::{Tag, Tlvs};
use crate::smpp::writer::{EncodeError, Writer};
use bytes::Bytes;

/// The body of `data_sm`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataSm {
    /// Empty is the default service.
    pub service_type: CString,
    /// Who sends; up to 64 characters here.
    pub source: Address,
    /// Who receives.
    pub destination: Address,
    /// Mode, message type, UDHI and reply path.
    pub esm_class: u8,
    /// Which receipts are asked for.
    pub registered_delivery: u8,
    /// How `message_payload` is to be read.
    pub data_coding: u8,
    /// `message_payload` and others.
    pub tlvs: Tlvs,
}

impl DataSm {
    /// The octets of the text, user data header included; empty without `message_payload`.
    pub fn text(&self) -> Bytes {
        self.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default()
    }

    /// Whether the text begins with a user data header.
    pub const fn has_udh(&self) -> bool {
        self.esm_class & esm_class::UDHI != 0
    }

    /// The type of message: the bits of [`esm_class::TYPE_MASK`].
    pub const fn message_type(&self) -> u8 {
        self.esm_class & esm_class::TYPE_MASK
    }

    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            service_type: fields.string("service_type", 6)?,
            source: fields.address(SOURCE, 65)?,
            destination: fields.address(DESTINATION, 65)?,
            esm_class: fields.octet("esm_class")?,
            registered_delivery: fields.octet("registered_delivery")?,
            data_coding: fields.octet("data_coding")?,
            tlvs: fields.tlvs(),
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("service_type", &self.service_type, 6)?;
        out.address("source_addr", &self.source, 65)?;
        out.address("destination_addr", &self.destination, 65)?;
        out.octets(&[self.esm_class, self.registered_delivery, self.data_coding]);
        out.tlvs(&self.tlvs);
        Ok(())
    }
}
