//! C-octet strings: octets up to a NUL that is not part of them.

use bytes::Bytes;

/// A C-octet string without its NUL; any octets, mostly ASCII.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CString(pub(crate) Bytes);
