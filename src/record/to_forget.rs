//! Whom the gateway is asked to forget.

use crate::message::id::Seq;
use crate::message::time::Time;
use crate::number::e164::E164;

/// A number that is to be forgotten, until nothing of it is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToForget {
    /// The number.
    pub number: E164,
    /// What was accepted before this; what comes later is news.
    pub below: Seq,
    /// When it was asked for.
    pub at: Time,
}
