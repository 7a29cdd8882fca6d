//! What the writer is told.

use crate::message::id::EndpointId;
use std::path::PathBuf;

/// Where records of charge go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrOptions {
    /// Under which the store keeps how far they are written: the writer reads the log as endpoints do.
    pub mark: EndpointId,
    /// The file.
    pub path: PathBuf,
    /// Whether the middle of recipients' numbers is hidden.
    pub mask: bool,
}
