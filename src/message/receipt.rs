//! What a carrier says of a message that it took.

use crate::message::status::Status;
use crate::message::time::Time;

/// A receipt, normalised; the carrier's own words stand beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// One of the seven words.
    pub status: Status,
    /// The carrier's word, at most 32 characters.
    pub raw_status: Box<str>,
    /// The carrier's error code, at most 32 characters.
    pub error_code: Option<Box<str>>,
    /// When it came.
    pub received_at: Time,
    /// When the carrier says that it happened.
    pub done_at: Option<Time>,
}
