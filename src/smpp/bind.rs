//! The bind operations and their responses.

use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::tlv::Tlvs;
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

/// The body of a bind response; empty when the bind was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BindResp {
    /// Name of the SMSC.
    pub system_id: CString,
    /// `sc_interface_version` and others.
    pub tlvs: Tlvs,
}
