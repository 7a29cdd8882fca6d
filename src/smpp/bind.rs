//! The bind operations and their responses.

use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::reader::{Fields, Missing};
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::Tlvs;
use crate::smpp::writer::{EncodeError, PASSWORD_MAX, Writer};
use std::fmt;

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

impl BindKind {
    /// The request of this kind.
    pub const fn command_id(self) -> CommandId {
        match self {
            Self::Transmitter => CommandId::BIND_TRANSMITTER,
            Self::Receiver => CommandId::BIND_RECEIVER,
            Self::Transceiver => CommandId::BIND_TRANSCEIVER,
        }
    }

    /// The kind that this request or response binds; `None` for any other operation.
    pub const fn of(command: CommandId) -> Option<Self> {
        match command {
            CommandId::BIND_TRANSMITTER | CommandId::BIND_TRANSMITTER_RESP => Some(Self::Transmitter),
            CommandId::BIND_RECEIVER | CommandId::BIND_RECEIVER_RESP => Some(Self::Receiver),
            CommandId::BIND_TRANSCEIVER | CommandId::BIND_TRANSCEIVER_RESP => Some(Self::Transceiver),
            _ => None,
        }
    }

    /// Whether the ESME may submit on this bind.
    pub const fn submits(self) -> bool {
        !matches!(self, Self::Receiver)
    }

    /// Whether the ESME receives on this bind.
    pub const fn receives(self) -> bool {
        !matches!(self, Self::Transmitter)
    }
}

/// The body of a bind request.
#[derive(Clone, Default, PartialEq, Eq)]
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

impl fmt::Debug for Bind {
    /// Everything but the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bind")
            .field("system_id", &self.system_id)
            .field("password", &format_args!("****"))
            .field("system_type", &self.system_type)
            .field("interface_version", &self.interface_version)
            .field("addr_ton", &self.addr_ton)
            .field("addr_npi", &self.addr_npi)
            .field("address_range", &self.address_range)
            .finish()
    }
}

impl Bind {
    /// Tolerant of a bind that ends after its password.
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            system_id: fields.string("system_id", 16)?,
            password: fields.string("password", 9)?,
            system_type: fields.string("system_type", 13).unwrap_or_default(),
            interface_version: fields.octet("interface_version").unwrap_or_default(),
            addr_ton: fields.octet("addr_ton").unwrap_or_default(),
            addr_npi: fields.octet("addr_npi").unwrap_or_default(),
            address_range: fields.string("address_range", 41).unwrap_or_default(),
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("system_id", &self.system_id, 16)?;
        out.string("password", &self.password, PASSWORD_MAX + 1)?;
        out.string("system_type", &self.system_type, 13)?;
        out.octets(&[self.interface_version, self.addr_ton, self.addr_npi]);
        out.string("address_range", &self.address_range, 41)
    }
}

/// The body of a bind response; empty when the bind was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BindResp {
    /// Name of the SMSC.
    pub system_id: CString,
    /// `sc_interface_version` and others.
    pub tlvs: Tlvs,
}

impl BindResp {
    pub(crate) fn read(fields: &mut Fields, status: CommandStatus) -> Self {
        let (system_id, tlvs) = fields.string_and_tlvs("system_id", 16, status);
        Self { system_id, tlvs }
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("system_id", &self.system_id, 16)?;
        out.tlvs(&self.tlvs);
        Ok(())
    }
}

/// The body of `outbind`: an SMSC that has connected by itself asks to be bound to.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Outbind {
    /// Name of the SMSC.
    pub system_id: CString,
    /// Its password.
    pub password: CString,
}

impl fmt::Debug for Outbind {
    /// Everything but the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbind").field("system_id", &self.system_id).field("password", &format_args!("****")).finish()
    }
}

impl Outbind {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Missing> {
        Ok(Self {
            system_id: fields.string("system_id", 16)?,
            password: fields.string("password", 9).unwrap_or_default(),
        })
    }

    pub(crate) fn write(&self, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        out.string("system_id", &self.system_id, 16)?;
        out.string("password", &self.password, PASSWORD_MAX + 1)
    }
}
