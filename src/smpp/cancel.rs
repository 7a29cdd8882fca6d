//! `cancel_sm`: a message that is not to be delivered any more.

use crate::smpp::address::{Address, DESTINATION, SOURCE};
use crate::smpp::cstring::CString;
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::writer::{EncodeError, Writer};

/// The body of `cancel_sm` (3.4 section 4.9). The response has no body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CancelSm {
    /// With an empty id: of which service.
    pub service_type: CString,
    /// Which message; empty is all between these addresses.
    pub message_id: CString,
    /// Who sent the message.
    pub source: Address,
    /// Who was to receive it; empty when the id is not.
    pub destination: Address,
}

impl CancelSm {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            service_type: fields.string("service_type", 6)?,
            message_id: fields.string("message_id", 65)?,
            source: fields.address(SOURCE, 21)?,
            destination: fields.address(DESTINATION, 21)?,
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("service_type", &self.service_type, 6)?;
        out.string("message_id", &self.message_id, 65)?;
        out.address("source_addr", &self.source, 21)?;
        out.address("destination_addr", &self.destination, 21)
    }
}
