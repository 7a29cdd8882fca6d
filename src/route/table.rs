//! Tables by destination: the longest prefix of a number, its network, its country.
//!
//! A table is built once and read on every message: a look-up is one binary search and at most fourteen
//! steps, and allocates nothing.

use crate::number::e164::E164;
use std::collections::BTreeMap;

/// Where a message goes, as far as tables look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination<'a> {
    /// The number.
    pub number: E164,
    /// Its country, in ISO letters; `None` for numbers of the whole world.
    pub country: Option<&'static str>,
    /// Its network, by the name that the operator gave it.
    pub network: Option<&'a str>,
}

impl Destination<'_> {
    /// A number of which nothing is known but its digits.
    pub fn of(number: E164) -> Self {
        Self { number, country: number.country(), network: None }
    }
}

/// Values by prefix: the longest that fits decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixTable<T> {
    /// By their prefixes, in the order of digits: what begins with a prefix stands right behind it.
    entries: Vec<Entry<T>>,
}

/// One prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry<T> {
    prefix: Prefix,
    /// The entry of the next shorter prefix that this one begins with.
    parent: Option<u32>,
    value: T,
}

/// Digits, made comparable: in the order of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Prefix {
    /// With zeros up to fifteen digits.
    digits: u64,
    /// How many of them are its own.
    count: u32,
}

impl Prefix {
    const DIGITS: u32 = E164::DIGITS_MAX as u32;

    fn read(digits: &str) -> Option<Self> {
        let count = u32::try_from(digits.len()).ok().filter(|it| *it <= Self::DIGITS)?;
        if !digits.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let number: u64 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        Some(Self { digits: number * 10_u64.pow(Self::DIGITS - count), count })
    }

    fn of(number: E164) -> Option<Self> {
        let count = number.0.checked_ilog10()? + 1;
        let scale = Self::DIGITS.checked_sub(count)?;
        Some(Self { digits: number.0 * 10_u64.pow(scale), count })
    }

    /// Whether `longer`, which does not come before it, begins with it.
    const fn begins(self, longer: Self) -> bool {
        self.count <= longer.count && longer.digits - self.digits < 10_u64.pow(Self::DIGITS - self.count)
    }
}

/// Why a prefix is not taken into a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPrefix {
    /// It is not 0 to 15 digits.
    #[error("{0:?} is not a prefix of at most fifteen digits")]
    NotDigits(Box<str>),
    /// It stands there twice.
    #[error("the prefix {0} stands there twice")]
    Twice(Box<str>),
}

impl<T> Default for PrefixTable<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T> PrefixTable<T> {
    /// A table of prefixes, each as digits without `+`; the empty one fits every number.
    pub fn new<'a>(values: impl IntoIterator<Item = (&'a str, T)>) -> Result<Self, BadPrefix> {
        let mut entries = Vec::new();
        for (digits, value) in values {
            let prefix = Prefix::read(digits).ok_or_else(|| BadPrefix::NotDigits(digits.into()))?;
            entries.push(Entry { prefix, parent: None, value });
        }
        entries.sort_by_key(|it| it.prefix);
        // The prefixes that the entry before begins with, itself included: the parent is one of them.
        let mut open: Vec<u32> = Vec::new();
        for at in 0..entries.len() {
            let prefix = entries[at].prefix;
            while open.last().is_some_and(|it| !entries[*it as usize].prefix.begins(prefix)) {
                open.pop();
            }
            if let Some(same) = open.last().filter(|it| entries[**it as usize].prefix == prefix) {
                return Err(BadPrefix::Twice(entries[*same as usize].prefix.text()));
            }
            entries[at].parent = open.last().copied();
            open.push(at as u32);
        }
        Ok(Self { entries })
    }

    /// The value of the longest prefix that the number begins with.
    pub fn get(&self, number: E164) -> Option<&T> {
        let number = Prefix::of(number)?;
        let mut at = self.entries.partition_point(|it| it.prefix <= number).checked_sub(1)?;
        loop {
            let entry = &self.entries[at];
            if entry.prefix.begins(number) {
                return Some(&entry.value);
            }
            at = entry.parent? as usize;
        }
    }

    /// How many prefixes it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every value, in the order of the prefixes.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|it| &it.value)
    }
}

impl Prefix {
    fn text(self) -> Box<str> {
        let digits = format!("{:0>width$}", self.digits, width = Self::DIGITS as usize);
        digits[..self.count as usize].into()
    }
}

/// Values by destination: the network if one is known and named, else the longest prefix, else the country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByDestination<T> {
    /// By the operator's names of networks.
    pub networks: BTreeMap<Box<str>, T>,
    /// By prefix.
    pub prefixes: PrefixTable<T>,
    /// By ISO country.
    pub countries: BTreeMap<Box<str>, T>,
}

impl<T> Default for ByDestination<T> {
    fn default() -> Self {
        Self { networks: BTreeMap::new(), prefixes: PrefixTable::default(), countries: BTreeMap::new() }
    }
}

impl<T> ByDestination<T> {
    /// The value for a destination.
    pub fn get(&self, to: &Destination<'_>) -> Option<&T> {
        let by_network = to.network.and_then(|it| self.networks.get(it));
        let by_prefix = || self.prefixes.get(to.number);
        let by_country = || to.country.and_then(|it| self.countries.get(it));
        by_network.or_else(by_prefix).or_else(by_country)
    }

    /// Whether it says nothing of any destination.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.prefixes.is_empty() && self.countries.is_empty()
    }

    /// Every key and its value: networks by their name, prefixes as `+31`, countries in ISO letters.
    pub fn entries(&self) -> impl Iterator<Item = (String, &T)> {
        let named = self.networks.iter().chain(&self.countries).map(|(name, value)| (name.to_string(), value));
        named.chain(self.prefixes.entries.iter().map(|it| (format!("+{}", it.prefix.text()), &it.value)))
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.networks.values().chain(self.prefixes.values()).chain(self.countries.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(prefixes: &[&'static str]) -> PrefixTable<&'static str> {
        PrefixTable::new(prefixes.iter().map(|it| (*it, *it))).unwrap()
    }

    #[test]
    fn the_longest_prefix_decides() {
        let table = table(&["316", "31612", "3", "882", "316120", "4"]);
        for (number, value) in [
            (31_612_345_678, Some("31612")),
            (31_612_045_678, Some("316120")),
            (31_652_345_678, Some("316")),
            (31_201_234_567, Some("3")),
            (88_212_345_678, Some("882")),
            (49_151_234_567, Some("4")),
            (14_165_550_143, None),
            (31_612, Some("31612")),
            (316, Some("316")),
            (31, Some("3")),
            (0, None),
            (9_999_999_999_999_999, None),
        ] {
            assert_eq!(table.get(E164(number)).copied(), value, "{number}");
        }
        assert_eq!(PrefixTable::<u8>::default().get(E164(1)), None);
    }

    #[test]
    fn a_prefix_longer_than_the_number_does_not_fit_it() {
        assert_eq!(table(&["3160", "31600"]).get(E164(316)), None);
        assert_eq!(table(&["", "3160"]).get(E164(316)), Some(&""));
    }

    #[test]
    fn a_prefix_stands_in_a_table_once() {
        let of = |prefixes: &[&'static str]| PrefixTable::new(prefixes.iter().map(|it| (*it, ()))).unwrap_err();
        assert_eq!(of(&["31", "316", "31"]), BadPrefix::Twice("31".into()));
        assert_eq!(of(&["+31"]), BadPrefix::NotDigits("+31".into()));
        assert_eq!(of(&["1234567890123456"]), BadPrefix::NotDigits("1234567890123456".into()));
    }

    #[test]
    fn what_is_nearest_to_the_handset_decides() {
        let by = ByDestination {
            networks: [("kpn".into(), 1)].into(),
            prefixes: PrefixTable::new([("316", 2)]).unwrap(),
            countries: [("NL".into(), 3)].into(),
        };
        let number = E164(31_612_345_678);
        let of = |to: Destination<'_>| by.get(&to).copied();
        assert_eq!(of(Destination { network: Some("kpn"), ..Destination::of(number) }), Some(1));
        assert_eq!(of(Destination { network: Some("other"), ..Destination::of(number) }), Some(2));
        assert_eq!(of(Destination::of(E164(31_201_234_567))), Some(3));
        assert_eq!(of(Destination::of(E164(14_165_550_143))), None);
    }

    proptest! {
        #[test]
        fn a_table_finds_what_a_search_through_all_finds(
            prefixes in proptest::collection::btree_set("[1-3]{1,6}|[1-9][0-9]{0,14}", 0..60),
            numbers in proptest::collection::vec("[1-3]{1,8}|[1-9][0-9]{0,14}", 1..60),
        ) {
            let table = PrefixTable::new(prefixes.iter().map(|it| (it.as_str(), it.as_str()))).unwrap();
            for number in numbers {
                let longest = prefixes.iter().filter(|it| number.starts_with(it.as_str())).max_by_key(|it| it.len());
                prop_assert_eq!(table.get(E164(number.parse().unwrap())).copied(), longest.map(String::as_str));
            }
        }
    }
}
