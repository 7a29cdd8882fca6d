//! Alphabets of one octet a character that handsets may send and that we only read: ASCII,
//! Cyrillic (ISO-8859-5) and Hebrew (ISO-8859-8).

/// Reads ASCII; an octet above 0x7F becomes U+FFFD.
pub fn ascii(octets: &[u8]) -> String {
    read(octets, |_| None)
}

/// Reads ISO-8859-5.
pub fn cyrillic(octets: &[u8]) -> String {
    read(octets, |it| match it {
        0x80..=0xA0 | 0xAD => Some(char::from(it)),
        0xF0 => Some('№'),
        0xFD => Some('§'),
        letter => char::from_u32(u32::from(letter) + 0x0360),
    })
}

/// Reads ISO-8859-8, in the order that the octets come.
pub fn hebrew(octets: &[u8]) -> String {
    read(octets, |it| match it {
        0xAA => Some('×'),
        0xBA => Some('÷'),
        0xDF => Some('‗'),
        0xFD => Some('\u{200e}'),
        0xFE => Some('\u{200f}'),
        0xA1 | 0xBF..=0xDE | 0xFB..=0xFF => None,
        0xE0..=0xFA => char::from_u32(u32::from(it) + 0x04F0),
        same => Some(char::from(same)),
    })
}

/// Reads octets whose lower half is ASCII.
fn read(octets: &[u8], upper: impl Fn(u8) -> Option<char>) -> String {
    let read = octets.iter().map(|it| match *it {
        ascii @ ..0x80 => char::from(ascii),
        other => upper(other).unwrap_or(char::REPLACEMENT_CHARACTER),
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_reads_its_upper_half() {
        assert_eq!(ascii(b"a@\xE9"), "a@\u{fffd}");
        assert_eq!(cyrillic(b"a \xBF\xE0\xD8\xD2\xD5\xE2 \xA1\xFF\xF0"), "a Привет Ёџ№");
        assert_eq!(hebrew(b"a \xF9\xEC\xE5\xED \xC0"), "a שלום \u{fffd}");
    }
}
