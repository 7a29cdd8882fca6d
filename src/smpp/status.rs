//! `command_status`: how a request fared.

/// The status of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandStatus {
    /// `ESME_ROK`: accepted.
    Ok,
    /// RINVCMDLEN.
    InvalidCommandLength,
    /// RINVCMDID.
    InvalidCommandId,
    /// RINVBNDSTS.
    InvalidBindStatus,
    /// RALYBND.
    AlreadyBound,
    /// RTHROTTLED.
    Throttled,
    /// RX_T_APPN.
    ReceiverTemporaryError,
    /// A code that no table names, or that is a vendor's own.
    Other(u32),
}
