//! What a carrier wants of a text.

use crate::text::Alphabet;
use crate::text::national::Language;

/// What a carrier wants of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What data_coding 0 means there: `Gsm7`, `Latin1` or `Ascii`.
    pub alphabet: Alphabet,
    /// How the parts of a long text are joined.
    pub split: Split,
    /// Whose national tables it takes; only where data_coding 0 is the GSM alphabet.
    pub national: Languages,
    /// How it is told the class of a message.
    pub class_coding: ClassCoding,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            alphabet: Alphabet::Gsm7,
            split: Split::Udh8,
            national: Languages::default(),
            class_coding: ClassCoding::General,
        }
    }
}

/// How the parts of a long text are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// By a header in each, with a reference of 8 bits.
    Udh8,
    /// By a header in each, with a reference of 16 bits, which leaves less room.
    Udh16,
    /// By the parameters `sar_*` of each submit (SMPP 3.4, 5.3.2.22); the carrier writes the header.
    Sar,
    /// Not by us: the whole text goes as `message_payload`, and the carrier cuts it.
    Payload,
}

/// How a carrier is told the class of a message (3GPP TS 23.038, 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassCoding {
    /// By the general group, 0x10.
    General,
    /// By the group of classes, 0xF0; UCS-2 has none there and goes by the general one.
    F0,
}

/// A set of languages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Languages(u16);

impl Languages {
    /// Adds one; false if it was there.
    pub const fn insert(&mut self, language: Language) -> bool {
        let bit = 1 << language.id();
        let new = self.0 & bit == 0;
        self.0 |= bit;
        new
    }

    /// Those that are in the set, in the order of their identifiers.
    pub fn iter(self) -> impl Iterator<Item = Language> {
        Language::all().filter(move |it| self.0 & (1 << it.id()) != 0)
    }
}

impl FromIterator<Language> for Languages {
    fn from_iter<T: IntoIterator<Item = Language>>(languages: T) -> Self {
        let mut set = Self::default();
        for it in languages {
            set.insert(it);
        }
        set
    }
}
