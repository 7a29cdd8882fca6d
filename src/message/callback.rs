//! Where what becomes of a message is told besides, as its request asked.

use crate::message::id::EndpointId;

/// A path at an endpoint that stands for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Scheme, host and port.
    pub endpoint: EndpointId,
    /// Path and query, which the customer wrote.
    pub target: Box<str>,
}
