//! Traffic classes.

/// What a message is for; decides who goes first and what a doubt means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// One-time codes: first, and rather twice than not at all.
    Otp,
    /// What a customer waits for.
    Transactional,
    /// What may wait, and must not come twice.
    Marketing,
}

impl Class {
    /// Every class, first to go first.
    pub const ALL: [Self; 3] = [Self::Otp, Self::Transactional, Self::Marketing];

    /// Its number in lanes and records.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The class of that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its word in configuration, API and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Otp => "otp",
            Self::Transactional => "transactional",
            Self::Marketing => "marketing",
        }
    }

    /// The class of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }
}
