//! Optional parameters: tag, length, value. Known or not, all are kept, in their order.
//!
//! ```text
//!  0      2        4
//!  ├──────┼────────┼───────────┼──────┼── …
//!  │ tag  │ length │ value     │ tag  │
//!  └──────┴────────┴───────────┴──────┴── …
//! ```
//!
//! The stream is kept as it stands on the wire and read when it is asked; decoding a
//! PDU costs nothing for parameters that nobody looks at. Reading is tolerant: a length beyond
//! the end is the length to the end, up to three octets left over are passed by, and so
//! are runs of NUL that pad a PDU.

use crate::smpp::field;
use bytes::{BufMut, Bytes, BytesMut};
use std::borrow::Cow;
use std::fmt;

/// The tag of an optional parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag(pub u16);

/// The optional parameters of one PDU, as they stand on the wire.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tlvs(pub(crate) Bytes);

impl Tlvs {
    /// Starts a stream of one's own.
    pub fn build() -> TlvsBuilder {
        TlvsBuilder(BytesMut::new())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As they stand on the wire.
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// The same, read.
    pub fn of_wire(octets: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(octets))
    }

    /// All of them, in their order, repeated ones too.
    pub fn iter(&self) -> impl Iterator<Item = (Tag, Bytes)> + '_ {
        Items(&self.0).map(|(tag, value)| (tag, self.0.slice_ref(value)))
    }

    /// The value of this tag; the last one when a peer repeats it, as Kannel has it.
    pub fn get(&self, tag: Tag) -> Option<Bytes> {
        self.find(tag).map(|value| self.0.slice_ref(value))
    }

    /// The last octet of the value: also of one that is wider than the specification has it.
    pub fn get_u8(&self, tag: Tag) -> Option<u8> {
        self.find(tag)?.last().copied()
    }

    /// The value as a number of one or two octets; of a wider one its last two.
    pub fn get_u16(&self, tag: Tag) -> Option<u16> {
        match self.find(tag)? {
            [.., high, low] => Some(u16::from_be_bytes([*high, *low])),
            [low] => Some(u16::from(*low)),
            [] => None,
        }
    }

    /// The value as text, without the NULs and blanks around it and without what follows a
    /// NUL inside; octets beyond ASCII are read as Latin-1.
    pub fn get_text(&self, tag: Tag) -> Option<String> {
        let value = self.find(tag)?;
        let start = value.iter().position(|octet| *octet != 0).unwrap_or(value.len());
        let text = value[start..].split(|octet| *octet == 0).next().unwrap_or(&[]);
        Some(text.trim_ascii().iter().map(|octet| char::from(*octet)).collect())
    }

    /// Whether the stream is as the specification has it, to its last octet.
    pub fn is_well_formed(&self) -> bool {
        is_well_formed(&self.0)
    }

    /// The stream as the specification has it: the octets themselves when they are well
    /// formed, else what can be read of them, written anew.
    pub(crate) fn to_wire(&self) -> Cow<'_, [u8]> {
        if self.is_well_formed() {
            return Cow::Borrowed(&self.0);
        }
        let mut stream = BytesMut::with_capacity(self.0.len());
        for (tag, value) in Items(&self.0) {
            put(&mut stream, tag, value);
        }
        Cow::Owned(stream.into())
    }

    fn find(&self, tag: Tag) -> Option<&[u8]> {
        Items(&self.0).filter(|(found, _)| *found == tag).last().map(|(_, value)| value)
    }
}

impl fmt::Debug for Tlvs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (tag, value) in self.iter() {
            map.entry(&format_args!("{:04X} {}", tag.0, tag.name()), &value);
        }
        map.finish()
    }
}

/// Writes a stream of optional parameters.
#[derive(Debug, Default)]
pub struct TlvsBuilder(BytesMut);

impl TlvsBuilder {
    /// Adds one. A value longer than the 65,535 octets that its length can say is cut there.
    #[must_use]
    pub fn push(mut self, tag: Tag, value: &[u8]) -> Self {
        put(&mut self.0, tag, value);
        self
    }

    /// The finished stream.
    pub fn build(self) -> Tlvs {
        Tlvs(self.0.freeze())
    }
}

/// Whether these octets are a stream of optional parameters, to the last octet.
pub(crate) fn is_well_formed(mut octets: &[u8]) -> bool {
    while let [t0, t1, l0, l1, rest @ ..] = octets {
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        if length > rest.len() || [*t0, *t1] == [0, 0] {
            return false;
        }
        octets = &rest[length..];
    }
    octets.is_empty()
}

fn put(stream: &mut BytesMut, tag: Tag, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    stream.reserve(4 + usize::from(length));
    stream.put_u16(tag.0);
    stream.put_u16(length);
    stream.put_slice(&value[..usize::from(length)]);
}

/// Walks a stream; tag 0 belongs to no parameter and is what padding looks like.
struct Items<'a>(&'a [u8]);

impl<'a> Iterator for Items<'a> {
    type Item = (Tag, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (rest, (tag, value)) = field::tlv(self.0).ok()?;
            self.0 = rest;
            if tag != 0 {
                return Some((Tag(tag), value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Tag, Tlvs};
    use bytes::Bytes;

    fn tlvs(octets: &'static [u8]) -> Tlvs {
        Tlvs(Bytes::from_static(octets))
    }

    #[test]
    fn what_is_pushed_is_read_in_order() {
        let built = Tlvs::build()
            .push(Tag::MESSAGE_STATE, &[2])
            .push(Tag(0x1400), b"1701158019811140068")
            .push(Tag::ALERT_ON_MESSAGE_DELIVERY, b"")
            .build();
        let read: Vec<_> = built.iter().collect();
        assert_eq!(read.len(), 3);
        assert_eq!(read[1], (Tag(0x1400), Bytes::from_static(b"1701158019811140068")));
        assert_eq!(read[2], (Tag::ALERT_ON_MESSAGE_DELIVERY, Bytes::new()));
        assert!(built.is_well_formed());
    }

    #[test]
    fn the_last_of_repeated_tags_wins() {
        let stream = tlvs(b"\x04\x27\0\x01\x01\x04\x27\0\x01\x02");
        assert_eq!(stream.get_u8(Tag::MESSAGE_STATE), Some(2));
        assert_eq!(stream.iter().count(), 2);
    }

    #[test]
    fn a_length_beyond_the_end_is_clamped_and_the_text_trimmed() {
        // A capture of a real SMSC: 0x41 octets announced, five there.
        let stream = tlvs(b"\0\x1E\0\x413005\0");
        assert_eq!(stream.get_text(Tag::RECEIPTED_MESSAGE_ID).as_deref(), Some("3005"));
        assert!(!stream.is_well_formed());
        assert_eq!(&*stream.to_wire(), b"\0\x1E\0\x053005\0");
    }

    #[test]
    fn leftovers_and_padding_are_passed_by() {
        for end in [&b"\0"[..], b"\0\0", b"\x01\x02\x03", b"\0\0\0\0", b"\0\0\0\0\0\0\0"] {
            let mut octets = b"\x04\x27\0\x01\x02".to_vec();
            octets.extend_from_slice(end);
            let stream = Tlvs(Bytes::from(octets));
            assert_eq!(stream.iter().count(), 1, "{end:?}");
            assert_eq!(&*stream.to_wire(), b"\x04\x27\0\x01\x02");
        }
    }

    #[test]
    fn numbers_of_odd_widths_are_read() {
        let stream = tlvs(b"\x02\x0C\0\x01\x07\x02\x0E\0\x02\0\x03\x04\x23\0\x00");
        assert_eq!(stream.get_u16(Tag::SAR_MSG_REF_NUM), Some(7));
        assert_eq!(stream.get_u8(Tag::SAR_TOTAL_SEGMENTS), Some(3));
        assert_eq!(stream.get_u16(Tag::NETWORK_ERROR_CODE), None);
        assert_eq!(stream.get_u8(Tag::USER_MESSAGE_REFERENCE), None);
    }

    #[test]
    fn text_is_cut_at_a_nul_inside() {
        let stream = tlvs(b"\0\x1E\0\x08 ab\0cd\0 \0\x1D\0\0");
        assert_eq!(stream.get_text(Tag::RECEIPTED_MESSAGE_ID).as_deref(), Some("ab"));
        assert_eq!(stream.get_text(Tag::ADDITIONAL_STATUS_INFO_TEXT).as_deref(), Some(""));
    }
}
