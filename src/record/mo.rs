//! What is remembered of messages from handsets before and after they are told.

use crate::carrier::mo::{Fingerprint, Mo};
use crate::message::id::CarrierId;
use crate::message::time::Time;

/// A part that waits for the others of its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoPart {
    /// Its own key: a counter, in the order of arrival.
    pub number: u64,
    /// Who sent it.
    pub carrier: CarrierId,
    /// What it is; it has a place.
    pub mo: Mo,
    /// When it came.
    pub at: Time,
}

/// Something that has been taken in: when it comes again it is not told again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoSeen {
    /// Its own key: a counter, in the order of arrival.
    pub number: u64,
    /// Who sent it.
    pub carrier: CarrierId,
    /// What is equal when it is sent again.
    pub fingerprint: Fingerprint,
    /// When it came.
    pub at: Time,
}
