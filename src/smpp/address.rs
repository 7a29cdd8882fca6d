//! Addresses as the wire has them: type of number, numbering plan, digits or letters.

use crate::smpp::cstring::CString;

/// The names of the fields of a source: type, plan, digits.
pub(crate) const SOURCE: [&str; 3] = ["source_addr_ton", "source_addr_npi", "source_addr"];

/// The names of the fields of a destination.
pub(crate) const DESTINATION: [&str; 3] = ["dest_addr_ton", "dest_addr_npi", "destination_addr"];

/// An address of a short message (3.4 sections 5.2.5 to 5.2.9).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Address {
    /// `addr_ton`: 1 international, 5 alphanumeric, 0 unknown, …
    pub ton: u8,
    /// `addr_npi`: 1 ISDN (E.164), 0 unknown, …
    pub npi: u8,
    /// The digits or letters.
    pub digits: CString,
}

impl Address {
    /// An address of this type and plan.
    pub fn new(ton: u8, npi: u8, digits: impl Into<CString>) -> Self {
        Self { ton, npi, digits: digits.into() }
    }
}

/// Values of `addr_ton`.
pub mod ton {
    /// Nothing is known.
    pub const UNKNOWN: u8 = 0;
    /// With its country code, without `+`.
    pub const INTERNATIONAL: u8 = 1;
    /// Without its country code.
    pub const NATIONAL: u8 = 2;
    /// Letters; at most 11 reach a handset.
    pub const ALPHANUMERIC: u8 = 5;
}

/// Values of `addr_npi`.
pub mod npi {
    /// Nothing is known; what goes with letters.
    pub const UNKNOWN: u8 = 0;
    /// E.163 and E.164: telephone numbers.
    pub const ISDN: u8 = 1;
}
