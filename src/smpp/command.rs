//! `command_id`: which operation.

/// The operation of a PDU; the top bit marks a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommandId(pub u32);
