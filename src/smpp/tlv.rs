//! Optional parameters: tag, length, value. Known or not, all are kept, in their order.

use bytes::Bytes;

/// The tag of an optional parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag(pub u16);

/// The optional parameters of one PDU, as they stand on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tlvs(pub(crate) Bytes);

impl Tlvs {
    /// The first value with this tag.
    pub fn get(&self, tag: Tag) -> Option<&[u8]> {
        let mut rest = &self.0[..];
        while let [a, b, c, d, after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*c, *d])).min(after.len());
            let (value, next) = after.split_at(length);
            if u16::from_be_bytes([*a, *b]) == tag.0 {
                return Some(value);
            }
            rest = next;
        }
        None
    }
}
