//! `submit_sm` and `deliver_sm`, which share one layout, and their responses.

use crate::smpp::address::Address;
use crate::smpp::cstring::CString;
use crate::smpp::tlv::Tlvs;
use bytes::Bytes;

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

/// The body of `submit_sm_resp`, `deliver_sm_resp` and `data_sm_resp`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmResp {
    /// The carrier's id of the message; empty in `deliver_sm_resp` and on errors.
    pub message_id: CString,
    /// Optional parameters (5.0).
    pub tlvs: Tlvs,
}
