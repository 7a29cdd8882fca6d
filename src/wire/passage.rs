//! A way to somebody in this process, who is spoken with as with anybody on the network.

use std::fmt;
use std::sync::Arc;
use tokio::io::DuplexStream;

/// Octets of a connection that may be under way in one direction.
pub const ROOM: usize = 64 << 10;

/// Opens connections to somebody in this process. Cloning is cheap.
#[derive(Clone)]
pub struct Passage(Arc<dyn Fn() -> DuplexStream + Send + Sync>);

impl Passage {
    /// One that this opens.
    pub fn new(open: impl Fn() -> DuplexStream + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    /// A new connection.
    pub fn open(&self) -> DuplexStream {
        (self.0)()
    }
}

impl fmt::Debug for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passage")
    }
}

/// Two are the same that lead to the same place.
impl PartialEq for Passage {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
