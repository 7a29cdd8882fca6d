//! `query_sm`: what has become of a message, and its response.

use crate::smpp::address::{Address, SOURCE};
use crate::smpp::cstring::CString;
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::tlv::Tlvs;
use crate::smpp::writer::{EncodeError, Writer};

/// The body of `query_sm` (3.4 section 4.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuerySm {
    /// The id that the SMSC gave the message.
    pub message_id: CString,
    /// Who sent it, exactly as the submit had it.
    pub source: Address,
}

impl QuerySm {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self { message_id: fields.string("message_id", 65)?, source: fields.address(SOURCE, 21)? })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("message_id", &self.message_id, 65)?;
        out.address("source_addr", &self.source, 21)
    }
}

/// The body of `query_sm_resp`; empty on errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuerySmResp {
    /// The id that the SMSC gave the message.
    pub message_id: CString,
    /// When it reached its final state; empty as long as it has not.
    pub final_date: CString,
    /// Where it stands, see [`crate::smpp::words::message_state`].
    pub message_state: u8,
    /// The network's or the SMSC's own code of the failure; 0 is none.
    pub error_code: u8,
    /// Optional parameters (5.0).
    pub tlvs: Tlvs,
}

impl QuerySmResp {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            message_id: fields.string("message_id", 65)?,
            final_date: fields.string("final_date", 17)?,
            message_state: fields.octet("message_state")?,
            error_code: fields.octet("error_code")?,
            tlvs: fields.tlvs(),
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("message_id", &self.message_id, 65)?;
        out.time("final_date", &self.final_date)?;
        out.octets(&[self.message_state, self.error_code]);
        out.tlvs(&self.tlvs);
        Ok(())
    }
}
