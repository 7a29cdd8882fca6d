//! The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, 6.2.1), one septet
//! per octet as SMPP carries it: the carrier packs.
//!
//! A character of the extension table is two septets, ESC and its own, and counts twice. Both
//! directions are tables made at compile time from one list, so that they cannot disagree.
//!
//! ```text
//! "a€@"  →  61  1B 65  00
//! ```

use crate::text::TextError;

/// The beginning of a text that fits into a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Of UTF-8.
    pub octets: usize,
    /// On the scale.
    pub units: usize,
}

/// Announces that the next septet is of the extension table.
pub const ESCAPE: u8 = 0x1B;

/// Whether a character is in the default alphabet or its extension table.
pub const fn is_gsm7(it: char) -> bool {
    code(it) != ABSENT
}

/// How many septets a character takes, 1 or 2; `None` where it has no place.
pub const fn septets(it: char) -> Option<usize> {
    match code(it) {
        ABSENT => None,
        it if it & ESCAPED != 0 => Some(2),
        _ => Some(1),
    }
}

/// Takes from the start of a text what fits into so many septets; the error is a character that
/// the alphabet lacks.
pub fn take(text: &str, room: usize) -> Result<Taken, char> {
    let octets = text.as_bytes();
    let mut taken = Taken::default();
    loop {
        // Letters of ASCII that are one septet each, eight at a time, then what is left or another.
        let room_left = room - taken.units;
        let most = &octets[taken.octets..octets.len().min(taken.octets + room_left)];
        let plain = leading_plain(most);
        taken = Taken { octets: taken.octets + plain, units: taken.units + plain };
        let Some(it) = text[taken.octets..].chars().next() else { return Ok(taken) };
        let after = taken.units + septets(it).ok_or(it)?;
        if room < after {
            return Ok(taken);
        }
        taken = Taken { octets: taken.octets + it.len_utf8(), units: after };
    }
}

/// How many octets at the start are characters of ASCII that are one septet.
fn leading_plain(octets: &[u8]) -> usize {
    let (chunks, _) = octets.as_chunks::<8>();
    let whole = chunks.iter().take_while(|it| all_plain(it)).count() * 8;
    whole + octets[whole..].iter().take_while(|it| ASCII[usize::from(**it)] < 0x80).count()
}

fn all_plain(chunk: &[u8; 8]) -> bool {
    chunk.iter().fold(0, |all, it| all | ASCII[usize::from(*it)]) < 0x80
}

/// Appends the septets of a text.
pub fn encode(text: &str, to: &mut Vec<u8>) -> Result<(), TextError> {
    let mut rest = text;
    loop {
        let plain = leading_plain(rest.as_bytes());
        to.extend(rest.as_bytes()[..plain].iter().map(|it| ASCII[usize::from(*it)]));
        let mut behind = rest[plain..].chars();
        let Some(it) = behind.next() else { return Ok(()) };
        let code = code(it);
        if code == ABSENT {
            return Err(TextError::NotInAlphabet(it));
        }
        if code & ESCAPED != 0 {
            to.push(ESCAPE);
        }
        to.push((code & 0x7F) as u8);
        rest = behind.as_str();
    }
}

/// Reads septets, one an octet. An octet above 0x7F is no septet and becomes U+FFFD; an
/// undefined extension is shown as the default table's character (23.038, 6.2.1.1), and an
/// escape with nothing or another escape behind it as a space.
pub fn decode(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut rest = septets.iter().copied();
    while let Some(septet) = rest.next() {
        text.push(match septet {
            ESCAPE => behind_escape(rest.next().unwrap_or(ESCAPE)),
            septet => plain(septet),
        });
    }
    text
}

/// Septets out of octets that hold them without a gap, as they go over the air (3GPP TS 23.038, 6.1.2.1), behind a
/// header of so many octets: they begin where the next septet of all would (3GPP TS 23.040, 9.2.3.24).
pub fn unpack(octets: &[u8], header: usize) -> Vec<u8> {
    let fill = (7 - header * 8 % 7) % 7;
    let count = (octets.len() * 8).saturating_sub(fill) / 7;
    let bit = |place: usize| octets[place / 8] >> (place % 8) & 1;
    let septet = |at: usize| (0..7).fold(0, |septet, it| septet | bit(fill + at * 7 + it) << it);
    let mut septets: Vec<u8> = (0..count).map(septet).collect();
    // Seven bits that are left over look like a character more.
    let left = count != 0 && (fill + (count - 1) * 7).div_ceil(8) == octets.len();
    if left && septets.last() == Some(&0) {
        septets.pop();
    }
    septets
}

/// The default table's character; U+FFFD above 0x7F.
pub fn plain(septet: u8) -> char {
    DEFAULT.get(usize::from(septet)).copied().unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The extension table's character, if it has one here.
pub fn extension(septet: u8) -> Option<char> {
    match septet {
        SECOND_RETURN => Some('\n'),
        other => EXTENSION.iter().find(|(code, _)| *code == other).map(|(_, it)| *it),
    }
}

/// The character that an escape makes of a septet.
fn behind_escape(septet: u8) -> char {
    if septet == ESCAPE { ' ' } else { extension(septet).unwrap_or_else(|| plain(septet)) }
}

/// The septet of a character of the default table.
pub const fn plain_code(it: char) -> Option<u8> {
    let code = code(it);
    if code & ESCAPED == 0 { Some(code as u8) } else { None }
}

/// What follows the escape for a character of the extension table.
pub const fn extension_code(it: char) -> Option<u8> {
    let code = code(it);
    if code != ABSENT && code & ESCAPED != 0 { Some((code & 0x7F) as u8) } else { None }
}

/// The code of a character: its septet, with `ESCAPED` for the extension table, or `ABSENT`.
const fn code(it: char) -> u16 {
    let point = it as u32;
    if point < 256 {
        return LATIN[point as usize];
    }
    match it {
        'Δ' => 0x10,
        'Φ' => 0x12,
        'Γ' => 0x13,
        'Λ' => 0x14,
        'Ω' => 0x15,
        'Π' => 0x16,
        'Ψ' => 0x17,
        'Σ' => 0x18,
        'Θ' => 0x19,
        'Ξ' => 0x1A,
        '€' => ESCAPED | 0x65,
        _ => ABSENT,
    }
}

/// Marks a code that needs the escape.
const ESCAPED: u16 = 0x0100;

/// Marks a character that the alphabet lacks.
const ABSENT: u16 = 0xFFFF;

/// The extension table's second carriage return, read as the end of a line and never written.
const SECOND_RETURN: u8 = 0x0D;

/// The default table by septet; the escape itself shows as a space.
#[rustfmt::skip]
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ' ', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// The extension table: what follows the escape, and the character.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The codes of the first 256 characters of Unicode, which are nearly all that is sent.
const LATIN: [u16; 256] = latin();

/// The septets of octets of UTF-8 that are a character of the default table by themselves; 0xFF for all others.
const ASCII: [u8; 256] = ascii();

const fn ascii() -> [u8; 256] {
    let mut table = [0xFF; 256];
    let mut octet = 0;
    while octet < 0x80 {
        if LATIN[octet] < 0x80 {
            table[octet] = LATIN[octet] as u8;
        }
        octet += 1;
    }
    table
}

const fn latin() -> [u16; 256] {
    let mut table = [ABSENT; 256];
    let mut septet = 0;
    while septet < DEFAULT.len() {
        let point = DEFAULT[septet] as usize;
        if point < 256 && septet != ESCAPE as usize {
            table[point] = septet as u16;
        }
        septet += 1;
    }
    let mut row = 0;
    while row < EXTENSION.len() {
        let (septet, it) = EXTENSION[row];
        if (it as usize) < 256 {
            table[it as usize] = ESCAPED | septet as u16;
        }
        row += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the tables: which one, septet, character.
    fn rows() -> Vec<(&'static str, u8, char)> {
        let file = include_str!("../../fixtures/text/gsm0338.csv");
        let rows = file.lines().skip(1).map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let septet = u8::from_str_radix(fields[1].trim_start_matches("0x"), 16).unwrap();
            let point = u32::from_str_radix(fields[2].trim_start_matches("U+"), 16).unwrap();
            (fields[0], septet, char::from_u32(point).unwrap())
        });
        rows.collect()
    }

    fn encoded(text: &str) -> Vec<u8> {
        let mut octets = Vec::new();
        encode(text, &mut octets).unwrap();
        octets
    }

    #[test]
    fn every_row_of_both_tables_goes_both_ways() {
        let rows = rows();
        assert_eq!(rows.len(), 128 + 11);
        for (table, septet, it) in rows {
            let octets = if table == "default" { vec![septet] } else { vec![ESCAPE, septet] };
            match (table, septet) {
                ("default", ESCAPE) => assert_eq!(decode(&octets), " "),
                ("extension", SECOND_RETURN) => {
                    assert_eq!(decode(&octets), "\n");
                    assert_eq!(encoded("\n"), [0x0A]);
                }
                _ => {
                    assert_eq!(decode(&octets), it.to_string(), "{table} {septet:#04x}");
                    assert_eq!(encoded(&it.to_string()), octets, "{table} {it:?}");
                    assert_eq!(septets(it), Some(octets.len()), "{table} {it:?}");
                    assert!(is_gsm7(it), "{it:?}");
                }
            }
        }
    }

    #[test]
    fn no_other_character_is_in_the_alphabet() {
        let known: Vec<char> = rows().into_iter().map(|(_, _, it)| it).filter(|it| *it != '\u{1b}').collect();
        for it in '\0'..=char::MAX {
            assert_eq!(is_gsm7(it), known.contains(&it), "{it:?}");
            assert_eq!(septets(it).is_some(), is_gsm7(it), "{it:?}");
        }
        assert_eq!(encode("aç", &mut Vec::new()), Err(TextError::NotInAlphabet('ç')));
    }

    #[test]
    fn what_the_tables_lack_is_shown_as_well_as_it_can_be() {
        assert_eq!(decode(&[ESCAPE, 0x41]), "A");
        assert_eq!(decode(&[ESCAPE, ESCAPE, 0x65]), " e");
        assert_eq!(decode(&[0x41, ESCAPE]), "A ");
        assert_eq!(decode(&[0x41, 0x80, ESCAPE, 0xFF]), "A\u{fffd}\u{fffd}");
    }
}
