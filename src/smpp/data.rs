//! `data_sm`: a short message whose text is a TLV.

use crate::smpp::address::Address;
use crate::smpp::cstring::CString;
use crate::smpp::sm::esm_class;
use crate::smpp::tlv::{Tag, Tlvs};
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
}
