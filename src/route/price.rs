//! Prices by country and prefix.

use crate::message::money::{Currency, Money};
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
