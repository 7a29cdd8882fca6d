//! `alert_notification`: a handset can be reached again.

use crate::smpp::address::{Address, SOURCE};
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::tlv::Tlvs;
use crate::smpp::writer::{EncodeError, Writer};

/// The names of the fields of an `esme_addr`.
const ESME: [&str; 3] = ["esme_addr_ton", "esme_addr_npi", "esme_addr"];

/// The body of `alert_notification` (3.4 section 4.12). Nothing answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertNotification {
    /// The handset.
    pub source: Address,
    /// Who wanted to know.
    pub esme: Address,
    /// `ms_availability_status`.
    pub tlvs: Tlvs,
}

impl AlertNotification {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self { source: fields.address(SOURCE, 65)?, esme: fields.address(ESME, 65)?, tlvs: fields.tlvs() })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.address("source_addr", &self.source, 65)?;
        out.address("esme_addr", &self.esme, 65)?;
        out.tlvs(&self.tlvs);
        Ok(())
    }
}
