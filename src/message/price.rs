//! Prices by country and prefix: what customers pay, and what carriers charge.

use crate::message::money::{Currency, Money};
use crate::number::e164::E164;
use std::collections::BTreeMap;

/// What a part costs, by destination: the longest prefix, else the country, else the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceTable {
    /// In this currency.
    pub currency: Currency,
    /// Where nothing else fits; `None` refuses.
    pub default: Option<Money>,
    /// By ISO country.
    pub countries: BTreeMap<Box<str>, Money>,
    /// By prefix, digits without `+`.
    pub prefixes: BTreeMap<Box<str>, Money>,
}

impl PriceTable {
    /// What a part to this number costs; `None` is a destination that the table does not have, which is refused.
    /// The country is asked for rather than found, because a message needs it more than once.
    pub fn price(&self, number: E164, country: Option<&str>) -> Option<Money> {
        let by_country = || country.and_then(|it| self.countries.get(it)).copied();
        self.by_prefix(&number.digits()).or_else(by_country).or(self.default)
    }

    fn by_prefix(&self, digits: &str) -> Option<Money> {
        if self.prefixes.is_empty() {
            return None;
        }
        (1..=digits.len()).rev().find_map(|length| self.prefixes.get(&digits[..length])).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(default: Option<i64>) -> PriceTable {
        let money = |(key, amount): (&str, i64)| (key.into(), Money(amount));
        PriceTable {
            currency: Currency::parse("EUR").unwrap(),
            default: default.map(Money),
            countries: [("NL", 81), ("US", 12)].map(money).into(),
            prefixes: [("316", 70), ("31612", 71), ("882", 900)].map(money).into(),
        }
    }

    #[test]
    fn the_longest_prefix_then_the_country_then_the_default() {
        for (number, cost) in [
            (31_612_345_678, 71),
            (31_652_345_678, 70),
            (31_201_234_567, 81),
            (12_025_550_143, 12),
            (14_165_550_143, 87),
            (88_212_345_678, 900),
        ] {
            let number = E164(number);
            assert_eq!(table(Some(87)).price(number, number.country()), Some(Money(cost)), "{number}");
        }
    }

    #[test]
    fn without_a_default_the_rest_has_no_price() {
        let number = E164(14_165_550_143);
        assert_eq!(table(None).price(number, number.country()), None);
        assert_eq!(table(None).price(E164(31_201_234_567), None), None);
    }
}
