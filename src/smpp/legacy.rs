//! The operations that only 3.3 has: `param_retrieve`, `query_last_msgs`, `query_msg_details`.

use crate::smpp::address::{Address, SOURCE};
use crate::smpp::cstring::CString;
use crate::smpp::multi::DestAddress;
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::writer::{EncodeError, Writer};
use bytes::Bytes;

/// The longest text of 3.3, in octets.
const TEXT_MAX: usize = 140;

/// The body of `param_retrieve`: what is configured under a name?
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParamRetrieve {
    /// The name.
    pub param_name: CString,
}

impl ParamRetrieve {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self { param_name: fields.string("param_name", 32)? })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("param_name", &self.param_name, 32)
    }
}

/// The body of `param_retrieve_resp`; empty on errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParamRetrieveResp {
    /// The value.
    pub param_value: CString,
}

impl ParamRetrieveResp {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self { param_value: fields.string("param_value", 101)? })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("param_value", &self.param_value, 101)
    }
}

/// The body of `query_last_msgs`: which are the latest messages of a source?
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryLastMsgs {
    /// Who sent them.
    pub source: Address,
    /// How many at most.
    pub no_of_msgs: u8,
}

impl QueryLastMsgs {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self { source: fields.address(SOURCE, 21)?, no_of_msgs: fields.octet("no_of_msgs")? })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.address("source_addr", &self.source, 21)?;
        out.octets(&[self.no_of_msgs]);
        Ok(())
    }
}

/// The body of `query_last_msgs_resp`; empty on errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryLastMsgsResp {
    /// Ids of messages, at most 255.
    pub message_ids: Vec<CString>,
}

impl QueryLastMsgsResp {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        let count = fields.octet("num_msgs")?;
        let message_ids = (0..count).map(|_| fields.string("message_id", 9)).collect::<Result<_, _>>()?;
        Ok(Self { message_ids })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.count("num_msgs", self.message_ids.len(), usize::from(u8::MAX))?;
        self.message_ids.iter().try_for_each(|id| out.string("message_id", id, 9))
    }
}

/// The body of `query_msg_details`: what is known of a message?
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryMsgDetails {
    /// The id that the SMSC gave the message: up to 8 characters.
    pub message_id: CString,
    /// Who sent the message.
    pub source: Address,
    /// How many octets of its text are wanted.
    pub sm_length: u8,
}

impl QueryMsgDetails {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            message_id: fields.string("message_id", 9)?,
            source: fields.address(SOURCE, 21)?,
            sm_length: fields.octet("sm_length")?,
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("message_id", &self.message_id, 9)?;
        out.address("source_addr", &self.source, 21)?;
        out.octets(&[self.sm_length]);
        Ok(())
    }
}

/// The body of `query_msg_details_resp`; empty on errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryMsgDetailsResp {
    /// Empty is the default service.
    pub service_type: CString,
    /// Who sent the message.
    pub source: Address,
    /// Who was to receive it.
    pub destinations: Vec<DestAddress>,
    /// GSM TP-PID.
    pub protocol_id: u8,
    /// 0 or 1.
    pub priority_flag: u8,
    /// Empty, or 16 characters.
    pub schedule_delivery_time: CString,
    /// Empty, or 16 characters.
    pub validity_period: CString,
    /// Which receipts were asked for.
    pub registered_delivery: u8,
    /// How the text is to be read.
    pub data_coding: u8,
    /// As much of the text as was wanted: at most 140 octets.
    pub short_message: Bytes,
    /// The id that the SMSC gave the message.
    pub message_id: CString,
    /// When it reached its final state; empty as long as it has not.
    pub final_date: CString,
    /// Where it stands, see [`crate::smpp::words::message_state`].
    pub message_state: u8,
    /// The network's or the SMSC's own code of the failure; 0 is none.
    pub error_code: u8,
}

impl QueryMsgDetailsResp {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            service_type: fields.string("service_type", 6)?,
            source: fields.address(SOURCE, 21)?,
            destinations: DestAddress::read_all(fields)?,
            protocol_id: fields.octet("protocol_id")?,
            priority_flag: fields.octet("priority_flag")?,
            schedule_delivery_time: fields.string("schedule_delivery_time", 17)?,
            validity_period: fields.string("validity_period", 17)?,
            registered_delivery: fields.octet("registered_delivery")?,
            data_coding: fields.octet("data_coding")?,
            short_message: fields.excerpt()?,
            message_id: fields.string("message_id", 9)?,
            final_date: fields.string("final_date", 17)?,
            message_state: fields.octet("message_state")?,
            error_code: fields.octet("error_code")?,
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("service_type", &self.service_type, 6)?;
        out.address("source_addr", &self.source, 21)?;
        DestAddress::write_all(&self.destinations, out)?;
        out.octets(&[self.protocol_id, self.priority_flag]);
        out.time("schedule_delivery_time", &self.schedule_delivery_time)?;
        out.time("validity_period", &self.validity_period)?;
        out.octets(&[self.registered_delivery, self.data_coding]);
        out.short_message(&self.short_message, TEXT_MAX)?;
        out.string("message_id", &self.message_id, 9)?;
        out.time("final_date", &self.final_date)?;
        out.octets(&[self.message_state, self.error_code]);
        Ok(())
    }
}
