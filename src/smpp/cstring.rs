//! C-octet strings: octets up to a NUL that is not part of them.

use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;

/// A C-octet string without its NUL; any octets, mostly ASCII.
///
/// However it is made, no NUL is inside: what follows the first one is cut off.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct CString(pub(crate) Bytes);

impl CString {
    /// A string of the program's own; costs nothing.
    pub const fn from_static(text: &'static str) -> Self {
        let octets = text.as_bytes();
        let mut length = 0;
        while length < octets.len() && octets[length] != 0 {
            length += 1;
        }
        Self(Bytes::from_static(octets.split_at(length).0))
    }

    /// The octets, without the NUL.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many octets, without the NUL.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing before the NUL.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text; octets beyond ASCII are read as Latin-1, so that this never fails.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if text.is_ascii() => Cow::Borrowed(text),
            _ => Cow::Owned(self.0.iter().map(|octet| char::from(*octet)).collect()),
        }
    }
}

impl From<Bytes> for CString {
    /// Shares the octets; nothing is copied.
    fn from(mut octets: Bytes) -> Self {
        if let Some(nul) = octets.iter().position(|octet| *octet == 0) {
            octets.truncate(nul);
        }
        Self(octets)
    }
}

impl From<String> for CString {
    fn from(text: String) -> Self {
        Self::from(Bytes::from(text))
    }
}

impl From<&str> for CString {
    fn from(text: &str) -> Self {
        Self::from(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl PartialEq<str> for CString {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for CString {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Debug for CString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl fmt::Display for CString {
    /// The text as [`CString::to_string_lossy`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::CString;
    use bytes::Bytes;

    #[test]
    fn nothing_follows_a_nul() {
        const STATIC: CString = CString::from_static("ab\0cd");
        for string in [
            STATIC,
            CString::from("ab\0cd"),
            CString::from(String::from("ab\0cd")),
            CString::from(Bytes::from_static(b"ab\0cd")),
        ] {
            assert_eq!(string, "ab");
            assert_eq!(string.len(), 2);
        }
        assert!(CString::from("\0").is_empty());
    }

    #[test]
    fn octets_beyond_ascii_are_latin1() {
        let string = CString::from(Bytes::from_static(b"caf\xE9"));
        assert_eq!(string.to_string_lossy(), "café");
        assert_eq!(string.to_string(), "café");
        assert_eq!(format!("{string:?}"), "\"caf\\xe9\"");
    }
}
