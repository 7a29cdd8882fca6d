//! What an app says: texts with places for the code and for words, and the lines by which machines find the code.
//!
//! ```text
//! 123456 is your Shop code.          a text of the configuration; {code}, {brand}, {minutes} and {words of a request}
//! Do not share it with anybody.      `notice`
//! FA+9qCX9VSu                        `app_hash`: the SMS Retriever of Android
//! @shop.example #123456              `domain`: the last line, by which browsers fill it in (WICG, origin-bound codes)
//! ```

use crate::message::hidden::CodeForm;
use std::collections::BTreeMap;
use std::time::Duration;

/// Characters of the value of a word.
pub const WORD_MAX: usize = 40;
/// Characters of a brand, as other services take them.
pub const BRAND_MAX: usize = 18;
/// Words that texts have of their own.
const OWN: [&str; 3] = ["code", "brand", "minutes"];
/// What a word may not have, for it could make a link of itself or break out of its line.
const FORBIDDEN: [char; 7] = ['/', '{', '}', ':', '$', '@', '#'];

/// A text with places in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Code,
    Brand,
    Minutes,
    Word(Box<str>),
}

/// Why a text is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWording {
    /// It does not say the code, or twice.
    #[error("it has to say {{code}} once")]
    Code,
    /// A brace without the other.
    #[error("{{ and }} stand around the name of a word, and nowhere else")]
    Brace,
    /// A name that is none.
    #[error("{{{0}}} is no name of a word: small letters, digits and _, up to 20")]
    Name(String),
    /// The app has no brand.
    #[error("it says {{brand}}, and the app has none")]
    Brand,
}

impl Wording {
    /// Reads a text of the configuration.
    pub fn parse(text: &str, has_brand: bool) -> Result<Self, BadWording> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, after) = behind.split_once('}').ok_or(BadWording::Brace)?;
            if before.contains('}') {
                return Err(BadWording::Brace);
            }
            if !before.is_empty() {
                pieces.push(Piece::Text(before.into()));
            }
            pieces.push(match name {
                "code" => Piece::Code,
                "brand" if has_brand => Piece::Brand,
                "brand" => return Err(BadWording::Brand),
                "minutes" => Piece::Minutes,
                name if is_name(name) => Piece::Word(name.into()),
                name => return Err(BadWording::Name(name.to_owned())),
            });
            rest = after;
        }
        if rest.contains('}') {
            return Err(BadWording::Brace);
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
        if pieces.iter().filter(|it| **it == Piece::Code).count() != 1 {
            return Err(BadWording::Code);
        }
        Ok(Self(pieces))
    }

    /// The words that a request has to bring.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|it| match it {
            Piece::Word(name) => Some(&**name),
            _ => None,
        })
    }
}

/// Whether a request may call a word so.
pub fn is_name(name: &str) -> bool {
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    (1..=20).contains(&name.len()) && name.bytes().all(plain) && !OWN.contains(&name)
}

/// Why a value may not stand in a text: such texts are used to lead people astray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWord {
    /// It is empty or too long.
    #[error("it has 1 to {WORD_MAX} characters")]
    Length,
    /// It has a character that could make a link, or another line.
    #[error("it may not have line breaks, nor any of / {{ }} : $ @ #")]
    Forbidden,
    /// It looks like a domain or a link.
    #[error("it may not look like a link")]
    Link,
    /// It has digits that could be taken for the code.
    #[error("it may not have more than three digits, nor digits of other scripts")]
    Digits,
}

/// Whether a character is not seen, or turns the text around; or is a dot to browsers and to nobody else.
const fn is_unseen(it: char) -> bool {
    matches!(
        it,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{2024}' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}'
    )
}

/// Whether a value may stand in a text.
pub fn check_word(value: &str) -> Result<(), BadWord> {
    if value.trim().is_empty() || WORD_MAX < value.chars().count() {
        return Err(BadWord::Length);
    }
    if value.chars().any(|it| it.is_control() || FORBIDDEN.contains(&it) || is_unseen(it)) {
        return Err(BadWord::Forbidden);
    }
    let lower = value.to_lowercase();
    let dotted = |it: &str| {
        let inner = it.trim_matches(|it: char| !it.is_alphanumeric());
        inner.split_once('.').is_some_and(|(_, after)| after.chars().any(char::is_alphabetic))
    };
    if lower.contains("www") || lower.contains("http") || lower.split_whitespace().any(dotted) {
        return Err(BadWord::Link);
    }
    let digits = value.chars().filter(|it| it.is_numeric());
    let (count, foreign) = digits.fold((0, false), |(count, foreign), it| (count + 1, foreign || !it.is_ascii_digit()));
    if 3 < count || foreign { Err(BadWord::Digits) } else { Ok(()) }
}

/// What stands around every text of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// `{brand}`
    pub brand: Option<Box<str>>,
    /// The hash by which an Android app is found.
    pub app_hash: Option<Box<str>>,
    /// The site that the code is for.
    pub domain: Option<Box<str>>,
    /// The site in a frame of it, where the code is entered there.
    pub embedded_domain: Option<Box<str>>,
}

/// A text with zeros in the place of the code, and the octets at which these begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The text.
    pub text: String,
    /// Where the code goes.
    pub places: Vec<u16>,
}

impl Said {
    /// What is said of `wording` with `words`, which have been checked; what has no value is left out.
    pub fn of(
        wording: &Wording,
        notice: Option<&str>,
        frame: &Frame,
        (form, lifetime): (CodeForm, Duration),
        words: &BTreeMap<Box<str>, Box<str>>,
    ) -> Self {
        let (mut said, minutes) = (Self { text: String::new(), places: Vec::new() }, lifetime.as_secs().div_ceil(60));
        said.say(wording, frame, (&form.stand_in(), minutes), words);
        for line in [notice, frame.app_hash.as_deref()].into_iter().flatten() {
            said.text.push('\n');
            said.text.push_str(line);
        }
        if let Some(domain) = &frame.domain {
            said.text.push_str("\n@");
            said.text.push_str(domain);
            said.text.push_str(" #");
            said.hold(&form.stand_in());
            if let Some(embedded) = &frame.embedded_domain {
                said.text.push_str(" @");
                said.text.push_str(embedded);
            }
        }
        said
    }

    /// What is read out: without lines for machines, and the code character by character.
    pub fn spoken(
        wording: &Wording,
        notice: Option<&str>,
        frame: &Frame,
        (form, lifetime): (CodeForm, Duration),
        words: &BTreeMap<Box<str>, Box<str>>,
    ) -> Self {
        let mut said = Self { text: String::new(), places: Vec::new() };
        said.say(wording, frame, (&form.spoken_stand_in(), lifetime.as_secs().div_ceil(60)), words);
        if let Some(notice) = notice {
            said.text.push(' ');
            said.text.push_str(notice);
        }
        said
    }

    fn say(
        &mut self,
        wording: &Wording,
        frame: &Frame,
        (zeros, minutes): (&str, u64),
        words: &BTreeMap<Box<str>, Box<str>>,
    ) {
        for piece in &wording.0 {
            match piece {
                Piece::Text(text) => self.text.push_str(text),
                Piece::Code => self.hold(zeros),
                Piece::Brand => self.text.push_str(frame.brand.as_deref().unwrap_or_default()),
                Piece::Minutes => self.text.push_str(&minutes.to_string()),
                Piece::Word(name) => self.text.push_str(words.get(name).map_or("", |it| it)),
            }
        }
    }

    fn hold(&mut self, zeros: &str) {
        self.places.push(u16::try_from(self.text.len()).unwrap_or(u16::MAX));
        self.text.push_str(zeros);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::hidden::CodeAlphabet;

    const FORM: CodeForm = CodeForm::new(4, CodeAlphabet::Digits).unwrap();
    const MINUTES: Duration = Duration::from_secs(241);

    fn said(text: &str, frame: &Frame, words: &[(&str, &str)]) -> Said {
        let words = words.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let wording = Wording::parse(text, frame.brand.is_some()).expect("a wording");
        Said::of(&wording, Some("Tell nobody."), frame, (FORM, MINUTES), &words)
    }

    #[test]
    fn a_text_has_the_code_where_people_and_machines_look_for_it() {
        let plain = said("{code} is it for {minutes} minutes, {name}", &Frame::default(), &[("name", "Ann")]);
        assert_eq!(plain, Said { text: "0000 is it for 5 minutes, Ann\nTell nobody.".to_owned(), places: vec![0] });
        let frame = Frame {
            brand: Some("Shop".into()),
            app_hash: Some("FA+9qCX9VSu".into()),
            domain: Some("shop.example".into()),
            embedded_domain: None,
        };
        let framed = said("Ça: {code} is your {brand} code.", &frame, &[]);
        let text = "Ça: 0000 is your Shop code.\nTell nobody.\nFA+9qCX9VSu\n@shop.example #0000";
        assert_eq!(framed.text, text);
        assert_eq!(framed.places, [5, text.len() as u16 - 4]);
        let inner = Frame { embedded_domain: Some("pay.example".into()), ..frame };
        let last = said("{code}", &inner, &[]).text;
        assert_eq!(last.lines().last(), Some("@shop.example #0000 @pay.example"));
    }

    #[test]
    fn a_text_says_its_code_once_and_closes_its_braces() {
        for (text, fault) in [
            ("no code", BadWording::Code),
            ("{code} {code}", BadWording::Code),
            ("{code", BadWording::Brace),
            ("}{code}", BadWording::Brace),
            ("{code} }", BadWording::Brace),
            ("{code} {Name}", BadWording::Name("Name".to_owned())),
            ("{code} {}", BadWording::Name(String::new())),
            ("{code} {brand}", BadWording::Brand),
        ] {
            assert_eq!(Wording::parse(text, false), Err(fault), "{text}");
        }
        let wording = Wording::parse("{a} {code} {b_2} {brand}", true).expect("a wording");
        assert_eq!(wording.words().collect::<Vec<_>>(), ["a", "b_2"]);
    }

    #[test]
    fn no_value_can_carry_a_link_or_a_code() {
        for (value, fault) in [
            ("", Some(BadWord::Length)),
            ("  ", Some(BadWord::Length)),
            (&*"x".repeat(41), Some(BadWord::Length)),
            ("a\nb", Some(BadWord::Forbidden)),
            ("a/b", Some(BadWord::Forbidden)),
            ("{code}", Some(BadWord::Forbidden)),
            ("a:b", Some(BadWord::Forbidden)),
            ("$5", Some(BadWord::Forbidden)),
            ("@a.b #1", Some(BadWord::Forbidden)),
            ("a\u{202e}b", Some(BadWord::Forbidden)),
            ("evil\u{ff0e}com", Some(BadWord::Forbidden)),
            ("a\u{200b}b", Some(BadWord::Forbidden)),
            ("evil.example", Some(BadWord::Link)),
            ("see (evil.example)", Some(BadWord::Link)),
            ("WWW evil", Some(BadWord::Link)),
            ("4839", Some(BadWord::Digits)),
            ("४", Some(BadWord::Digits)),
            ("Dr. Strange", None),
            ("Ann-Marie O'Neil", None),
            ("order 123", None),
        ] {
            assert_eq!(check_word(value).err(), fault, "{value}");
        }
    }
}
