//! Why a gateway does not start, or does not go on.

use crate::config;
use crate::record::contract::Poisoned;
use crate::store::sqlite::fault::Fault;
use crate::wire::tls;
use std::io;

/// Why a gateway does not start, or does not go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] config::error::Error),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] Fault),
    /// The store failed.
    #[error(transparent)]
    Poisoned(#[from] Poisoned),
    /// A listener cannot be bound.
    #[error("cannot listen on {at}: {cause}")]
    Listen {
        /// Where.
        at: String,
        /// Why not.
        cause: io::Error,
    },
    /// TLS of a listener cannot be set up.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// A new configuration leaves out what parts still depend on.
    #[error("{0}; keep it in the configuration until they have ended")]
    StillUsed(String),
    /// A new configuration would make another currency of what accounts have.
    #[error("{0}")]
    Currency(String),
    /// The loop has ended without being told to.
    #[error("the loop ended on its own")]
    LoopEnded,
    /// Something of the operating system.
    #[error("{0}")]
    System(#[from] io::Error),
}
