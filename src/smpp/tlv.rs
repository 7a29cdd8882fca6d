//! Optional parameters: tag, length, value. Known or not, all are kept, in their order.

use bytes::Bytes;

/// The tag of an optional parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag(pub u16);

/// The optional parameters of one PDU, as they stand on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tlvs(pub(crate) Bytes);
