//! Where what becomes of a message is told besides, as its request asked.

use crate::message::id::EndpointId;
use std::fmt;

/// A path at an endpoint that stands for a host.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    /// Scheme, host and port.
    pub endpoint: EndpointId,
    /// Path and query, which the customer wrote.
    pub target: Box<str>,
}

/// Without path and query, in which there may be a secret.
impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
