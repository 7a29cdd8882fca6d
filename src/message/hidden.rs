//! A one-time code in a message: where it stands in the text, and what it is made of. The code itself is kept nowhere;
//! zeros hold its place, which are as wide in every alphabet, until the message is said to a carrier.

use crate::message::id::VerificationId;
use std::num::NonZeroU8;

/// A code that a text has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The octets of the text at which it begins, ascending.
    pub places: Box<[u16]>,
    /// What it is made of.
    pub seed: Seed,
}

/// What a code is made of, beside a key that no store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// For which verification.
    pub verification: VerificationId,
    /// Which of its codes, from 0.
    pub generation: u8,
    /// Which key.
    pub key: KeyId,
    /// Chance.
    pub nonce: [u8; 16],
    /// What it looks like.
    pub form: CodeForm,
    /// A code that the application chose, locked up with the key; else the code is derived.
    pub locked: Option<Box<[u8]>>,
}

/// A key, by its number in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub u32);

/// What a code looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeForm {
    /// How many characters it has: 4 to 10.
    pub length: NonZeroU8,
    /// Of which.
    pub alphabet: CodeAlphabet,
}

closed_set! {
    /// What characters a code is of.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum CodeAlphabet: all, number, from_number, word, from_word {
        /// 0 to 9.
        Digits = 0 "digits",
        /// Capital letters, without vowels, so that no word comes of them, and without Y.
        Letters = 1 "letters",
    }
}

impl CodeAlphabet {
    /// Its characters; each is one octet, and in the basic table of the GSM alphabet.
    pub const fn characters(self) -> &'static [u8] {
        match self {
            Self::Digits => b"0123456789",
            Self::Letters => b"BCDFGHJKLMNPQRSTVWXZ",
        }
    }
}

impl CodeForm {
    /// The fewest characters of a code.
    pub const LENGTH_MIN: u8 = 4;
    /// The most.
    pub const LENGTH_MAX: u8 = 10;

    /// Codes of so many characters; `None` where that is too few or too many.
    pub const fn new(length: u8, alphabet: CodeAlphabet) -> Option<Self> {
        match NonZeroU8::new(length) {
            Some(length) if Self::LENGTH_MIN <= length.get() && length.get() <= Self::LENGTH_MAX => {
                Some(Self { length, alphabet })
            }
            _ => None,
        }
    }

    /// How many characters.
    pub const fn size(self) -> usize {
        self.length.get() as usize
    }

    /// What stands in a text where a code will.
    pub fn stand_in(self) -> String {
        "0".repeat(self.size())
    }

    /// What stands in one that is read out: each character by itself, or a voice would say a number.
    pub fn spoken_stand_in(self) -> String {
        spoken(&self.stand_in())
    }

    /// Whether a text is a code of this form.
    pub fn is(self, text: &str) -> bool {
        text.len() == self.size() && text.bytes().all(|it| self.alphabet.characters().contains(&it))
    }
}

impl Hidden {
    /// A text in which zeros hold the place of the code, with `code` in their place.
    pub fn reveal(&self, text: &str, code: &str) -> Option<String> {
        let mut said = text.to_owned();
        let form = self.seed.form;
        if code.len() != form.size() {
            return None;
        }
        for place in &self.places {
            let at = usize::from(*place);
            let is_held = |zeros: &str| said.get(at..).is_some_and(|it| it.starts_with(zeros));
            let code = match () {
                () if is_held(&form.stand_in()) => code.to_owned(),
                () if is_held(&form.spoken_stand_in()) => spoken(code),
                () => return None,
            };
            said.replace_range(at..at + code.len(), &code);
        }
        Some(said)
    }
}

fn spoken(code: &str) -> String {
    code.chars().map(String::from).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn seed() -> Seed {
        Seed {
            verification: VerificationId { n: 1, token: 2 },
            generation: 0,
            key: KeyId(1),
            nonce: [7; 16],
            form: CodeForm::new(6, CodeAlphabet::Digits).expect("six is enough"),
            locked: None,
        }
    }

    #[test]
    fn a_code_comes_into_the_places_that_are_held_for_it() {
        let hidden = Hidden { places: [8, 23].into(), seed: seed() };
        let said = hidden.reveal("Code is 000000.\n@a.b c #000000", "012345");
        assert_eq!(said.as_deref(), None, "the second place is not one");
        let hidden = Hidden { places: [8, 24].into(), seed: seed() };
        assert_eq!(
            hidden.reveal("Code is 000000.\n@a.b c #000000", "012345").as_deref(),
            Some("Code is 012345.\n@a.b c #012345")
        );
        let spoken = Hidden { places: [5].into(), seed: seed() }.reveal("It is 0, 0, 0, 0, 0, 0.", "012345");
        assert_eq!(spoken, None, "it begins one further");
        let spoken = Hidden { places: [6].into(), seed: seed() }.reveal("It is 0, 0, 0, 0, 0, 0.", "012345");
        assert_eq!(spoken.as_deref(), Some("It is 0, 1, 2, 3, 4, 5."));
        for (text, code) in [("", "012345"), ("Code is 000000.\n@a.b c #000000", "01234")] {
            assert_eq!(hidden.reveal(text, code), None, "{text}");
        }
    }

    #[test]
    fn a_code_has_four_to_ten_characters_of_one_alphabet() {
        assert_eq!([0, 3, 11].map(|it| CodeForm::new(it, CodeAlphabet::Digits)), [None; 3]);
        let digits = CodeForm::new(4, CodeAlphabet::Digits).expect("four");
        assert_eq!(
            ["0123", "123", "12345", "12a4", "１２３"].map(|it| digits.is(it)),
            [true, false, false, false, false]
        );
        let letters = CodeForm::new(10, CodeAlphabet::Letters).expect("ten");
        assert_eq!(["BCDFGHJKLM", "BCDFGHJKLA", "bcdfghjklm"].map(|it| letters.is(it)), [true, false, false]);
    }
}
