//! Addresses as the wire has them: type of number, numbering plan, digits or letters.

use crate::smpp::cstring::CString;

/// An address of a short message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Address {
    /// `addr_ton`: 1 international, 5 alphanumeric, 0 unknown, …
    pub ton: u8,
    /// `addr_npi`: 1 ISDN (E.164), 0 unknown, …
    pub npi: u8,
    /// The digits or letters.
    pub digits: CString,
}
