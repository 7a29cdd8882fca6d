//! C-octet strings: octets up to a NUL that is not part of them.

use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

/// How many octets stand in the string itself: any address, time and most ids.
const INLINE: usize = 23;

/// A C-octet string without its NUL; any octets, mostly ASCII.
///
/// However it is made, no NUL is inside: what follows the first one is cut off. A short one is
/// copied, so that it neither allocates nor counts references; a long one shares its octets.
#[derive(Clone)]
pub struct CString(Octets);

#[derive(Clone)]
enum Octets {
    /// Three words: they are moved in registers. The last octet is the length; what stands between
    /// the string and it has no meaning.
    Inline([[u8; 8]; 3]),
    Shared(Bytes),
}

impl CString {
    /// A string of the program's own; costs nothing.
    pub const fn from_static(text: &'static str) -> Self {
        let octets = text.as_bytes();
        let mut length = 0;
        while length < octets.len() && octets[length] != 0 {
            length += 1;
        }
        Self(Octets::Shared(Bytes::from_static(octets.split_at(length).0)))
    }

    /// The string that is the first `length` octets of these, which have no NUL inside;
    /// `share` gives them as a slice of the frame if they are long.
    #[inline(always)]
    pub(crate) fn read(from: &[u8], length: usize, share: impl FnOnce() -> Bytes) -> Self {
        if INLINE < length {
            return Self(Octets::Shared(share()));
        }
        // A copy of a fixed length is a few instructions; what is too much has no meaning.
        if let Some(chunk) = from.first_chunk::<24>()
            && let ([a, b, c], _) = chunk.as_chunks::<8>()
        {
            return Self::inline([*a, *b, *c], length);
        }
        let mut octets = [0; 24];
        octets[..length].copy_from_slice(&from[..length]);
        match octets.as_chunks::<8>() {
            ([a, b, c], _) => Self::inline([*a, *b, *c], length),
            _ => unreachable!("24 octets are three words"),
        }
    }

    #[inline(always)]
    const fn inline([first, second, third]: [[u8; 8]; 3], length: usize) -> Self {
        let last = u64::from_be_bytes(third) & !0xFF | length as u64;
        Self(Octets::Inline([first, second, last.to_be_bytes()]))
    }

    /// The 24 octets of a short string and how many of them count.
    #[inline]
    pub(crate) const fn chunk(&self) -> Option<(&[u8], usize)> {
        match &self.0 {
            Octets::Inline(words) => Some((words.as_flattened(), words[2][7] as usize)),
            Octets::Shared(_) => None,
        }
    }

    /// The octets, without the NUL.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Octets::Inline(words) => &words.as_flattened()[..usize::from(words[2][7])],
            Octets::Shared(octets) => octets,
        }
    }

    /// How many octets, without the NUL.
    #[inline]
    pub const fn len(&self) -> usize {
        match &self.0 {
            Octets::Inline(words) => words[2][7] as usize,
            Octets::Shared(octets) => octets.len(),
        }
    }

    /// Whether there is nothing before the NUL.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text; octets beyond ASCII are read as Latin-1, so that this never fails.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match std::str::from_utf8(self.as_bytes()) {
            Ok(text) if text.is_ascii() => Cow::Borrowed(text),
            _ => Cow::Owned(self.as_bytes().iter().map(|octet| char::from(*octet)).collect()),
        }
    }
}

impl Default for CString {
    #[inline]
    fn default() -> Self {
        Self(Octets::Inline([[0; 8]; 3]))
    }
}

impl PartialEq for CString {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for CString {}

impl Hash for CString {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl From<Bytes> for CString {
    /// Copies what is short and shares what is long.
    fn from(mut octets: Bytes) -> Self {
        if let Some(nul) = octets.iter().position(|octet| *octet == 0) {
            octets.truncate(nul);
        }
        Self::read(&octets, octets.len(), || octets.clone())
    }
}

impl From<String> for CString {
    fn from(text: String) -> Self {
        Self::from(Bytes::from(text))
    }
}

impl From<&str> for CString {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<&[u8]> for CString {
    fn from(octets: &[u8]) -> Self {
        let length = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
        Self::read(octets, length, || Bytes::copy_from_slice(&octets[..length]))
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
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
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
    fn short_ones_stand_in_themselves_and_long_ones_share() {
        assert_eq!(size_of::<CString>(), size_of::<Bytes>());
        for length in [0, 1, 22, 23, 24, 64] {
            let octets = Bytes::from(vec![b'x'; length]);
            let string = CString::from(octets.clone());
            assert_eq!(string.as_bytes(), octets);
            assert_eq!(string.chunk().is_some(), length <= 23);
            assert_eq!(string.as_bytes().as_ptr() == octets.as_ptr(), 23 < length);
        }
        // What stands behind the length makes no difference.
        let read = |from: &[u8]| CString::read(from, 2, || unreachable!("it is short"));
        assert_eq!(read(b"ab"), read(b"ab\0 and whatever follows in the frame"));
    }

    #[test]
    fn octets_beyond_ascii_are_latin1() {
        let string = CString::from(Bytes::from_static(b"caf\xE9"));
        assert_eq!(string.to_string_lossy(), "café");
        assert_eq!(string.to_string(), "café");
        assert_eq!(format!("{string:?}"), "\"caf\\xe9\"");
    }
}
