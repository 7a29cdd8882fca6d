//! Words of handsets as they are compared: letters and digits alone, in lower case.
//!
//! ```text
//!  " *ＳＴＯＰ*🙏 please"  ─►  stop · please          blanks, signs and emoji part words
//!  "stop-all" "S\u{200B}TOP"  ─►  stopall · stop      hyphens, marks and what is unseen stand in them
//! ```
//!
//! Keyboards and copied texts put around a word what nobody sees, and people what they like.

/// The words of a text, in their order.
pub fn words(text: &str) -> impl Iterator<Item = Box<str>> {
    let words = text.split(|it| class_of(plain(it)) == CharClass::Parts).map(|it| {
        let letters = it.chars().map(plain).filter(|it| class_of(*it) == CharClass::Letter);
        letters.flat_map(char::to_lowercase).filter(|it| it.is_alphanumeric()).collect::<Box<str>>()
    });
    words.filter(|it| !it.is_empty())
}

/// The first word of a text; `None` if it has none.
pub fn first(text: &str) -> Option<Box<str>> {
    words(text).next()
}

/// The words of a keyword that a configuration has, if nothing but blanks parts them.
pub fn parse(text: &str) -> Option<Vec<Box<str>>> {
    let plainly = text.chars().all(|it| it == ' ' || class_of(plain(it)) != CharClass::Parts);
    Some(words(text).collect()).filter(|it: &Vec<_>| plainly && !it.is_empty())
}

/// What a character is to words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CharClass {
    Letter,
    /// It stands in words, and is none of them.
    Within,
    /// It stands between words.
    Parts,
}

fn class_of(it: char) -> CharClass {
    match it {
        _ if it.is_alphanumeric() => CharClass::Letter,
        '-' | '_' | '\u{AD}' | '\u{2010}' | '\u{2011}' => CharClass::Within,
        // What joins, parts or turns the direction without being seen, and variants of signs.
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' => CharClass::Within,
        '\u{FE00}'..='\u{FE0F}' | '\u{20D0}'..='\u{20FF}' | '\u{E0000}'..='\u{E0FFF}' => CharClass::Within,
        // Signs of scripts that end sentences and clauses.
        '\u{37E}' | '\u{387}' | '\u{55A}'..='\u{55F}' | '\u{589}' | '\u{5C3}' | '\u{60C}' | '\u{60D}' => {
            CharClass::Parts
        }
        '\u{61B}' | '\u{61F}' | '\u{66A}'..='\u{66D}' | '\u{6D4}' | '\u{964}' | '\u{965}' | '\u{E4F}' => {
            CharClass::Parts
        }
        '\u{104A}'..='\u{104F}' | '\u{10FB}' | '\u{1361}'..='\u{1368}' | '\u{166E}' | '\u{1680}' => CharClass::Parts,
        '\u{17D4}'..='\u{17DA}' | '\u{1800}'..='\u{180A}' => CharClass::Parts,
        // Else these blocks are of scripts, and what is no letter there is a mark on one.
        '\u{300}'..='\u{1FFF}' => CharClass::Within,
        _ => CharClass::Parts,
    }
}

/// The letter or digit that a form of it for wide columns, circles or formulas stands for, as NFKC has it.
fn plain(it: char) -> char {
    /// First of a run, how many, and what they stand for.
    const FORMS: [(u32, u32, char); 6] = [
        (0xFF10, 10, '0'),
        (0xFF21, 26, 'A'),
        (0xFF41, 26, 'a'),
        (0x24B6, 26, 'A'),
        (0x24D0, 26, 'a'),
        (0x1F130, 26, 'A'),
    ];
    /// Alphabets of formulas stand one behind the other, capitals and small letters.
    const FORMULAS: std::ops::Range<u32> = 0x1D400..0x1D6A4;
    let point = u32::from(it);
    if point < 0x24B6 {
        return it;
    }
    let letter = if FORMULAS.contains(&point) {
        let place = (point - FORMULAS.start) % 52;
        char::from_u32(if place < 26 { 0x41 + place } else { 0x61 + place - 26 })
    } else {
        let form = FORMS.iter().find(|(start, count, _)| (*start..start + count).contains(&point));
        form.and_then(|(start, _, letter)| char::from_u32(u32::from(*letter) + point - start))
    };
    letter.unwrap_or(it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_is_left_of_letters() {
        for stop in [
            "STOP",
            " stop.",
            "STOP\u{200B}",
            "\u{200E}STOP",
            "\u{FEFF}S\u{200D}TOP",
            "STOP🙏",
            "🛑STOP",
            "STOP❤\u{FE0F}",
            "STOP🙏please",
            "ＳＴＯＰ",
            "ｓｔｏｐ！",
            "*STOP*",
            "-STOP",
            "- STOP",
            "«STOP»",
            "【STOP】",
            "\"STOP\"",
            "STOP/START",
            "STOP؟",
            "𝐒𝐓𝐎𝐏",
            "Ⓢⓣⓞⓟ",
            "S\u{301}TOP",
            "stop…",
        ] {
            assert_eq!(first(stop).as_deref(), Some("stop"), "{stop:?}");
        }
        for (text, expected) in [
            ("stop-all", Some("stopall")),
            ("STOP\u{2011}ALL now", Some("stopall")),
            ("A1, please", Some("a1")),
            ("don't stop", Some("don")),
            ("Отписка!", Some("отписка")),
            ("रोकें।", Some("रोकें")),
            ("停止", Some("停止")),
            ("👍", None),
            (" *-* ", None),
            ("", None),
        ] {
            let expected = expected.map(|it| it.chars().filter(|it| it.is_alphanumeric()).collect::<String>());
            assert_eq!(first(text).as_deref(), expected.as_deref(), "{text:?}");
        }
    }

    #[test]
    fn a_configured_keyword_has_blanks_between_its_words_and_nothing_else() {
        let words = |text| parse(text).map(|it| it.join(" "));
        assert_eq!(words("OPT OUT").as_deref(), Some("opt out"));
        assert_eq!(words("Stop-All").as_deref(), Some("stopall"));
        for none in ["", " ", "STOP.", "A, B", "👍", "-"] {
            assert_eq!(words(none), None, "{none}");
        }
    }
}
