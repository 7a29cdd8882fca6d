//! Whose a number is: its country and network, as a file of the operator's says.
//!
//! What the file does not say of a number is as its country code says. A ported number is its old network's
//! here; only a look-up knows better.

use crate::number::e164::E164;
use crate::route::table::{BadPrefix, Destination, PrefixTable};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whose the numbers of one prefix are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Their country, in ISO letters; `None` leaves it to the country code.
    pub country: Option<&'static str>,
    /// Their network.
    pub network: Option<Arc<str>>,
}

/// Whose numbers are, by prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    owners: PrefixTable<Owner>,
    names: BTreeSet<Arc<str>>,
}

impl Networks {
    /// Of prefixes, each as digits without `+`.
    pub fn new<'a>(owners: impl IntoIterator<Item = (&'a str, Owner)>) -> Result<Self, BadPrefix> {
        let owners = PrefixTable::new(owners)?;
        let names = owners.values().filter_map(|it| it.network.clone()).collect();
        Ok(Self { owners, names })
    }

    /// What is known of a number's destination.
    pub fn destination(&self, number: E164) -> Destination<'_> {
        let owner = self.owners.get(number);
        Destination {
            number,
            country: owner.and_then(|it| it.country).or_else(|| number.country()),
            network: owner.and_then(|it| it.network.as_deref()),
        }
    }

    /// Whether a network has this name.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The names of all networks, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|it| &**it)
    }

    /// How many prefixes it has.
    pub fn len(&self) -> usize {
        self.owners.len()
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_knows_better_than_the_country_code_and_the_longest_prefix_best() {
        let owner = |country, network: Option<&str>| Owner { country, network: network.map(Into::into) };
        let networks = Networks::new([
            ("316", owner(None, Some("kpn"))),
            ("31612", owner(Some("BE"), None)),
            ("44", owner(Some("GB"), Some("bt"))),
        ])
        .unwrap();
        let of = |number| {
            let it = networks.destination(E164(number));
            (it.country, it.network)
        };
        assert_eq!(of(31_652_345_678), (Some("NL"), Some("kpn")));
        assert_eq!(of(31_612_345_678), (Some("BE"), None));
        assert_eq!(of(447_911_123_456), (Some("GB"), Some("bt")));
        assert_eq!(of(49_151_234_567), (Some("DE"), None));
        assert_eq!(networks.names().collect::<Vec<_>>(), ["bt", "kpn"]);
        assert!(networks.has("bt") && !networks.has("o2"));
    }
}
