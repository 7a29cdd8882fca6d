//! `data_sm`: a short message whose text is a TLV.

use crate::smpp::address::Address;
use crate::smpp::cstring::CString;
use crate::smpp::tlv::Tlvs;

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
