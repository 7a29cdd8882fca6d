//! Closed sets: enums whose members have a number that is stored, a word that people and programs read, or both.
//!
//! ```text
//! closed_set! {
//!     /// What a message is for.
//!     #[derive(Clone, Copy)]
//!     pub enum Class: all, number, from_number, word {
//!         /// One-time codes.
//!         Otp = 0 "otp",
//!         /// What may wait.
//!         Marketing = 1 "marketing",
//!     }
//! }
//! ```
//!
//! A member stands in one line with its number and its word. What is named behind the colon is made from the lines:
//! `ALL` from `all`, and methods of these names; `says` is the comment of a member, for the reference. An enum whose
//! members hold something is declared as any other, and its lines stand in
//! `closed_set! { impl Deed: number, word { … } }`.
//!
//! Numbers begin at 0 and have no gap, so that they are places in a table as well: a set that breaks that is not
//! compiled. A number or a word that is stored never becomes another; the store's tests hold them all.

macro_rules! closed_set {
    ($(#[$meta:meta])* $vis:vis enum $name:ident: $($made:ident),+ { $($rows:tt)+ }) => {
        closed_set! { @enum $(#[$meta])* $vis $name { $($rows)+ } }
        closed_set! { @impl $vis $name $($made)+ => { $($rows)+ } }
    };
    (impl $name:ident: $($made:ident),+ { $($rows:tt)+ }) => {
        closed_set! { @impl pub $name $($made)+ => { $($rows)+ } }
    };
    (@impl $vis:vis $name:ident $($made:ident)+ => $rows:tt) => {
        impl $name { $(closed_set! { @$made $vis, $rows })+ }
    };
    (@enum $(#[$meta:meta])* $vis:vis $name:ident
     { $($(#[$doc:meta])* $member:ident $(= $number:literal)? $($word:literal)?),+ $(,)? }) => {
        $(#[$meta])*
        $vis enum $name { $($(#[$doc])* $member $(= $number)?,)+ }
    };
    (@all $vis:vis, { $($(#[$doc:meta])* $member:ident $(= $number:literal)? $($word:literal)?),+ $(,)? }) => {
        /// Every one, in the order of its lines, which is that of their numbers.
        $vis const ALL: [Self; [$(stringify!($member)),+].len()] = [$(Self::$member),+];
    };
    (@number $vis:vis, { $($(#[$doc:meta])* $member:ident = $number:literal $($word:literal)?),+ $(,)? }) => {
        /// Its number.
        $vis const fn number(self) -> u8 {
            const { crate::closed_set::without_gaps(&[$($number),+]) };
            match self { $(Self::$member { .. } => $number,)+ }
        }
    };
    (@from_number $vis:vis, { $($(#[$doc:meta])* $member:ident = $number:literal $($word:literal)?),+ $(,)? }) => {
        /// The one of that number.
        $vis const fn from_number(number: u8) -> Option<Self> {
            match number { $($number => Some(Self::$member),)+ _ => None }
        }
    };
    (@word $vis:vis, { $($(#[$doc:meta])* $member:ident $(= $number:literal)? $word:literal),+ $(,)? }) => {
        /// Its word.
        $vis const fn word(self) -> &'static str {
            match self { $(Self::$member { .. } => $word,)+ }
        }
    };
    (@says $vis:vis, { $($(#[doc = $doc:literal])* $member:ident $(= $number:literal)? $($word:literal)?),+ $(,)? }) => {
        /// It in a sentence.
        $vis const fn says(self) -> &'static str {
            match self { $(Self::$member { .. } => concat!($($doc),*).trim_ascii(),)+ }
        }
    };
    (@from_word $vis:vis, { $($(#[$doc:meta])* $member:ident $(= $number:literal)? $word:literal),+ $(,)? }) => {
        /// The one of that word.
        $vis fn from_word(word: &str) -> Option<Self> {
            match word { $($word => Some(Self::$member),)+ _ => None }
        }
    };
}

/// Panics, at compile time, where numbers are not 0, 1, 2 and so on.
pub(crate) const fn without_gaps(numbers: &[u8]) {
    let mut at = 0;
    while at < numbers.len() {
        assert!(numbers[at] as usize == at, "the numbers of a closed set begin at 0 and have no gap");
        at += 1;
    }
}
