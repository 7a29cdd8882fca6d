//! The bind operations and their responses.

use crate::smpp::cstring::CString;
use crate::smpp::tlv::Tlvs;

/// Which of the three bind operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindKind {
    /// `bind_transmitter`: the ESME submits.
    Transmitter,
    /// `bind_receiver`: the ESME receives.
    Receiver,
    /// `bind_transceiver`: both; since 3.4.
    Transceiver,
}

/// The body of a bind request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bind {
    /// Login name.
    pub system_id: CString,
    /// Password, up to 8 octets by the specification.
    pub password: CString,
    /// Kind of ESME; usually empty.
    pub system_type: CString,
    /// 0x33, 0x34 or 0x50.
    pub interface_version: u8,
    /// Type of number of the range.
    pub addr_ton: u8,
    /// Numbering plan of the range.
    pub addr_npi: u8,
    /// Which destinations this receiver serves; usually empty.
    pub address_range: CString,
}

/// The body of a bind response; empty when the bind was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BindResp {
    /// Name of the SMSC.
    pub system_id: CString,
    /// `sc_interface_version` and others.
    pub tlvs: Tlvs,
}
