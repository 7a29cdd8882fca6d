//! Where a body is written, field by field, as strictly as [`crate::smpp::encode`] says.

use crate::smpp::address::Address;
use crate::smpp::cstring::CString;
use crate::smpp::tlv::Tlvs;
use bytes::BytesMut;
use thiserror::Error;

/// The longest password that is sent. The specification has 8; carriers do give out longer
/// ones, and what a carrier gave out is sent as it is.
pub const PASSWORD_MAX: usize = 32;

/// Why a PDU cannot be written. Nothing of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// The field is too small for the value.
    #[error("{field} has {length} octets where at most {max} fit")]
    TooLong {
        /// Its name in the specification.
        field: &'static str,
        /// How long the value is.
        length: usize,
        /// How long it may be.
        max: usize,
    },
    /// The list is longer than its count can say, or may say.
    #[error("{field} is {count} where at most {max} are allowed")]
    TooMany {
        /// The name of the count in the specification.
        field: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// A time that is neither empty nor 16 characters long.
    #[error("{field} has {length} octets; a time has none or 16")]
    NotATime {
        /// Its name in the specification.
        field: &'static str,
        /// How long the value is.
        length: usize,
    },
}

/// Where a body is written, field by field. Sizes are the specification's: with the NUL.
///
/// Room is made once, as octets that are zero, so that what is written is copies of fixed lengths
/// into it; the end is cut off at last.
pub(crate) struct Writer<'a> {
    out: &'a mut BytesMut,
    at: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(out: &'a mut BytesMut, room: usize) -> Self {
        let at = out.len();
        out.resize(at + room, 0);
        Self { out, at }
    }

    /// How far it has come.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The next octets.
    #[inline(always)]
    fn room<const N: usize>(&mut self) -> &mut [u8; N] {
        if self.out.len() < self.at + N {
            self.out.resize(self.at + N, 0);
        }
        self.out[self.at..].first_chunk_mut().expect("there is room for them")
    }

    /// Numbers and flags, as they are.
    #[inline(always)]
    pub(crate) fn octets<const N: usize>(&mut self, octets: &[u8; N]) {
        *self.room() = *octets;
        self.at += N;
    }

    /// Octets of any number.
    #[inline]
    pub(crate) fn slice(&mut self, octets: &[u8]) {
        let end = self.at + octets.len();
        if self.out.len() < end {
            self.out.resize(end, 0);
        }
        self.out[self.at..end].copy_from_slice(octets);
        self.at = end;
    }

    /// How many of something follow.
    pub(crate) fn count(&mut self, field: &'static str, count: usize, max: usize) -> Result<(), EncodeError> {
        match u8::try_from(count) {
            Ok(octet) if count <= max => self.octets(&[octet]),
            _ => return Err(EncodeError::TooMany { field, count, max }),
        }
        Ok(())
    }

    /// Type, plan and digits.
    #[inline(always)]
    pub(crate) fn address(&mut self, field: &'static str, address: &Address, size: usize) -> Result<(), EncodeError> {
        self.octets(&[address.ton, address.npi]);
        self.string(field, &address.digits, size)
    }

    /// Nothing, or 16 characters.
    #[inline(always)]
    pub(crate) fn time(&mut self, field: &'static str, value: &CString) -> Result<(), EncodeError> {
        if !matches!(value.len(), 0 | 16) {
            return Err(EncodeError::NotATime { field, length: value.len() });
        }
        self.string(field, value, 17)
    }

    /// A C-octet string.
    #[inline(always)]
    pub(crate) fn string(&mut self, field: &'static str, value: &CString, size: usize) -> Result<(), EncodeError> {
        if size <= value.len() {
            return Err(EncodeError::TooLong { field, length: value.len(), max: size - 1 });
        }
        match value.chunk() {
            Some((chunk, length)) => {
                let room: &mut [u8; 24] = self.room();
                room.copy_from_slice(chunk);
                room[length] = 0;
                self.at += length + 1;
            }
            None => {
                self.slice(value.as_bytes());
                self.octets(&[0]);
            }
        }
        Ok(())
    }

    /// `sm_length` and the text.
    #[inline]
    pub(crate) fn short_message(&mut self, text: &[u8], max: usize) -> Result<(), EncodeError> {
        match u8::try_from(text.len()) {
            Ok(sm_length) if text.len() <= max => self.octets(&[sm_length]),
            _ => return Err(EncodeError::TooLong { field: "short_message", length: text.len(), max }),
        }
        self.slice(text);
        Ok(())
    }

    /// Optional parameters, well formed.
    pub(crate) fn tlvs(&mut self, tlvs: &Tlvs) {
        if !tlvs.is_empty() {
            self.slice(&tlvs.to_wire());
        }
    }
}
