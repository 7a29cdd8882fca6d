//! `command_id`: which operation.

/// The operation of a PDU; the top bit marks a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommandId(pub u32);

#[expect(missing_docs, reason = "each is the operation of its name")]
impl CommandId {
    pub const GENERIC_NACK: Self = Self(0x8000_0000);
    pub const BIND_RECEIVER: Self = Self(0x01);
    pub const BIND_TRANSMITTER: Self = Self(0x02);
    pub const QUERY_SM: Self = Self(0x03);
    pub const SUBMIT_SM: Self = Self(0x04);
    pub const DELIVER_SM: Self = Self(0x05);
    pub const UNBIND: Self = Self(0x06);
    pub const REPLACE_SM: Self = Self(0x07);
    pub const CANCEL_SM: Self = Self(0x08);
    pub const BIND_TRANSCEIVER: Self = Self(0x09);
    pub const OUTBIND: Self = Self(0x0B);
    pub const ENQUIRE_LINK: Self = Self(0x15);
    pub const SUBMIT_MULTI: Self = Self(0x21);
    pub const ALERT_NOTIFICATION: Self = Self(0x0102);
    pub const DATA_SM: Self = Self(0x0103);
    pub const BROADCAST_SM: Self = Self(0x0111);
    pub const QUERY_BROADCAST_SM: Self = Self(0x0112);
    pub const CANCEL_BROADCAST_SM: Self = Self(0x0113);

    pub const fn is_response(self) -> bool {
        self.0 & 0x8000_0000 != 0
    }

    pub const fn response(self) -> Self {
        Self(self.0 | 0x8000_0000)
    }
}
