//! National language tables (3GPP TS 23.038, 6.2.1.2.4 and annex A): septets that mean other
//! characters than the default alphabet's, because the header of the part says so.
//!
//! A locking table takes the place of the default alphabet, a single shift table that of its
//! extension, behind the escape. Either may be used alone.
//!
//! ```text
//! header   nothing      25 01 locking Turkish      24 01 single shift Turkish
//! ş        no place     1D                         1B 73
//! €        1B 65        04                         1B 65
//! ```

mod tables;

use crate::text::TextError;
use crate::text::gsm7::{self, ESCAPE};
use crate::text::national::tables::Rows;
use std::sync::LazyLock;

/// A language with tables of its own, by its National Language Identifier: 1 to 13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(u8);

impl Language {
    /// How many there are.
    pub const COUNT: usize = 13;

    /// Every language, in the order of its identifier.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=Self::COUNT as u8).map(Self)
    }

    /// The language of a National Language Identifier; `None` for a reserved one.
    pub const fn new(id: u8) -> Option<Self> {
        if matches!(id, 1..=13) { Some(Self(id)) } else { None }
    }

    /// The language of an ISO 639-1 code, such as `tr`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::all().find(|it| it.word() == word)
    }

    /// Its National Language Identifier.
    pub const fn id(self) -> u8 {
        self.0
    }

    /// Its ISO 639-1 code.
    pub const fn word(self) -> &'static str {
        const WORDS: [&str; Language::COUNT] =
            ["tr", "es", "pt", "bn", "gu", "hi", "kn", "ml", "or", "pa", "ta", "te", "ur"];
        WORDS[self.0 as usize - 1]
    }

    /// Whether it has a locking table: all but Spanish.
    pub fn locks(self) -> bool {
        self.locking().is_some()
    }

    fn locking(self) -> Option<&'static Table> {
        TABLES[self.0 as usize - 1].0.as_ref()
    }

    fn single(self) -> &'static Table {
        &TABLES[self.0 as usize - 1].1
    }
}

/// Which tables the septets of a part are written in; by default those of the default alphabet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// Takes the place of the default alphabet.
    pub locking: Option<Language>,
    /// Takes the place of its extension.
    pub single: Option<Language>,
}

impl Shift {
    /// Whether septets mean what they always mean.
    pub const fn is_plain(self) -> bool {
        self.locking.is_none() && self.single.is_none()
    }

    /// How many septets a character takes, 1 or 2; `None` where it has no place.
    pub fn septets(self, it: char) -> Option<usize> {
        self.code(it).map(|(escaped, _)| if escaped { 2 } else { 1 })
    }

    /// Appends the septets of a text, one an octet.
    pub fn encode(self, text: &str, to: &mut Vec<u8>) -> Result<(), TextError> {
        if self.is_plain() {
            return gsm7::encode(text, to);
        }
        for it in text.chars() {
            let (escaped, septet) = self.code(it).ok_or(TextError::NotInAlphabet(it))?;
            if escaped {
                to.push(ESCAPE);
            }
            to.push(septet);
        }
        Ok(())
    }

    /// Reads septets, one an octet. What has no character becomes U+FFFD; what the table behind
    /// the escape lacks is shown as the other table has it (23.038, 6.2.1.1).
    pub fn decode(self, septets: &[u8]) -> String {
        if self.is_plain() {
            return gsm7::decode(septets);
        }
        let mut text = String::with_capacity(septets.len());
        let mut rest = septets.iter().copied();
        while let Some(septet) = rest.next() {
            text.push(match septet {
                ESCAPE => self.extension(rest.next().unwrap_or(ESCAPE)),
                plain => self.plain(plain),
            });
        }
        text
    }

    /// The septet of a character, and whether it stands behind the escape.
    fn code(self, it: char) -> Option<(bool, u8)> {
        let plain = match self.locking.and_then(Language::locking) {
            Some(table) => table.code(it),
            None => gsm7::plain_code(it),
        };
        let extension = || match self.single {
            Some(language) => language.single().code(it),
            None => gsm7::extension_code(it),
        };
        plain.map(|code| (false, code)).or_else(|| extension().map(|code| (true, code)))
    }

    fn plain(self, septet: u8) -> char {
        match self.locking.and_then(Language::locking) {
            Some(table) => table.character(septet).unwrap_or(char::REPLACEMENT_CHARACTER),
            None => gsm7::plain(septet),
        }
    }

    fn extension(self, septet: u8) -> char {
        match self.single {
            _ if septet == ESCAPE => ' ',
            Some(language) => language.single().character(septet).unwrap_or_else(|| self.plain(septet)),
            None => gsm7::extension(septet).unwrap_or_else(|| self.plain(septet)),
        }
    }
}

/// One table, both ways.
struct Table {
    characters: [Option<char>; 128],
    /// By character; of a character that stands twice, its first code.
    codes: Vec<(char, u8)>,
}

impl Table {
    fn new(rows: Rows) -> Self {
        let mut characters = [None; 128];
        for (first, row) in rows {
            for (at, it) in (usize::from(*first)..).zip(row.chars()) {
                characters[at] = Some(it);
            }
        }
        let mut codes: Vec<(char, u8)> = (0..).zip(characters).filter_map(|(code, it)| Some((it?, code))).collect();
        codes.sort_unstable();
        codes.dedup_by_key(|it| it.0);
        Self { characters, codes }
    }

    fn character(&self, septet: u8) -> Option<char> {
        self.characters.get(usize::from(septet)).copied().flatten()
    }

    fn code(&self, it: char) -> Option<u8> {
        self.codes.binary_search_by_key(&it, |row| row.0).ok().map(|at| self.codes[at].1)
    }
}

/// Locking and single shift tables, in the order of their languages.
static TABLES: LazyLock<Vec<(Option<Table>, Table)>> = LazyLock::new(|| {
    let rows: [(Option<Rows>, Rows); Language::COUNT] = [
        (Some(tables::TURKISH_LOCKING), tables::TURKISH_SINGLE),
        (None, tables::SPANISH_SINGLE),
        (Some(tables::PORTUGUESE_LOCKING), tables::PORTUGUESE_SINGLE),
        (Some(tables::BENGALI_LOCKING), tables::BENGALI_SINGLE),
        (Some(tables::GUJARATI_LOCKING), tables::GUJARATI_SINGLE),
        (Some(tables::HINDI_LOCKING), tables::HINDI_SINGLE),
        (Some(tables::KANNADA_LOCKING), tables::KANNADA_SINGLE),
        (Some(tables::MALAYALAM_LOCKING), tables::MALAYALAM_SINGLE),
        (Some(tables::ORIYA_LOCKING), tables::ORIYA_SINGLE),
        (Some(tables::PUNJABI_LOCKING), tables::PUNJABI_SINGLE),
        (Some(tables::TAMIL_LOCKING), tables::TAMIL_SINGLE),
        (Some(tables::TELUGU_LOCKING), tables::TELUGU_SINGLE),
        (Some(tables::URDU_LOCKING), tables::URDU_SINGLE),
    ];
    rows.into_iter().map(|(locking, single)| (locking.map(Table::new), Table::new(single))).collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The fixture: language and table to its rows.
    fn fixture() -> BTreeMap<(u8, bool), BTreeMap<u8, char>> {
        let mut tables: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for line in include_str!("../../../fixtures/text/gsm0338_national.csv").lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let septet = u8::from_str_radix(fields[2].trim_start_matches("0x"), 16).unwrap();
            let point = u32::from_str_radix(fields[3].trim_start_matches("U+"), 16).unwrap();
            let key = (fields[0].parse().unwrap(), fields[1] == "locking");
            tables.entry(key).or_default().insert(septet, char::from_u32(point).unwrap());
        }
        tables
    }

    fn shift(id: u8, locking: bool) -> Shift {
        let language = Language::new(id);
        if locking { Shift { locking: language, single: None } } else { Shift { locking: None, single: language } }
    }

    #[test]
    fn every_row_of_every_national_table_goes_both_ways() {
        let (tables, mut rows) = (fixture(), 0);
        assert_eq!(tables.len(), 25, "13 languages, all but one with two tables");
        for ((id, locking), table) in tables {
            let shift = shift(id, locking);
            for (septet, it) in table {
                rows += 1;
                let octets = if locking { vec![septet] } else { vec![ESCAPE, septet] };
                if septet == ESCAPE {
                    assert!(locking && shift.decode(&octets) == " ", "{id}");
                    continue;
                }
                assert_eq!(shift.decode(&octets), it.to_string(), "{id} {locking} {septet:#04x}");
                let mut again = Vec::new();
                shift.encode(&it.to_string(), &mut again).unwrap();
                assert_eq!(shift.decode(&again), it.to_string(), "{id} {locking} {it:?}");
                assert_eq!(shift.septets(it), Some(again.len()), "{id} {locking} {it:?}");
                assert!(again.len() <= octets.len(), "{id} {locking} {it:?}: never longer than its row");
            }
        }
        assert_eq!(rows, 2_319);
    }

    #[test]
    fn a_table_has_nothing_that_the_fixture_lacks() {
        for ((id, locking), table) in fixture() {
            let language = Language::new(id).unwrap();
            let ours = if locking { language.locking().unwrap() } else { language.single() };
            for septet in (0..0x80).filter(|it| *it != ESCAPE) {
                assert_eq!(ours.character(septet), table.get(&septet).copied(), "{id} {locking} {septet:#04x}");
            }
        }
    }

    #[test]
    fn what_a_table_lacks_is_shown_as_well_as_it_can_be() {
        let tamil = shift(11, true);
        assert_eq!(tamil.decode(&[0x00, 0x80]), "\u{fffd}\u{fffd}");
        assert_eq!(tamil.decode(&[ESCAPE, 0x65, ESCAPE, 0x61, ESCAPE, ESCAPE, ESCAPE]), "€a  ");
        assert_eq!(shift(1, false).decode(&[ESCAPE, 0x41, ESCAPE, 0x73, 0x41]), "AşA");
    }

    #[test]
    fn languages_have_their_words() {
        for language in Language::all() {
            assert_eq!(Language::from_word(language.word()), Some(language));
            assert_eq!(Language::new(language.id()), Some(language));
        }
        assert_eq!(Language::from_word("tr").map(Language::id), Some(1));
        assert_eq!((Language::new(0), Language::new(14), Language::from_word("en")), (None, None, None));
        assert!(!Language::from_word("es").unwrap().locks() && Language::from_word("ur").unwrap().locks());
    }
}
