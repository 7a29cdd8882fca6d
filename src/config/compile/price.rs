//! Tables of prices and costs: a default, a currency, countries and prefixes.

use crate::config::compile::prefix;
use crate::config::error::Findings;
use crate::message::money::{Currency, Money};
use crate::message::price::PriceTable;
use crate::number::library;
use std::collections::BTreeMap;

/// A table as it was written; `None` without a usable currency.
pub fn table(path: &str, written: &BTreeMap<String, String>, findings: &mut Findings) -> Option<PriceTable> {
    let (mut default, mut currency) = (None, None);
    let (mut countries, mut prefixes) = (BTreeMap::new(), BTreeMap::new());
    for (key, text) in written {
        let at = format!("{path}.{key}");
        if key == "currency" {
            currency = Currency::parse(text).map_err(|error| findings.fault(&at, format!("{text:?}: {error}"))).ok();
            continue;
        }
        let amount = match Money::parse(text) {
            Ok(amount) => amount,
            Err(error) => {
                findings.fault(&at, format!("{text:?}: {error}"));
                continue;
            }
        };
        if key == "default" {
            default = Some(amount);
        } else if is_country(key) {
            countries.insert(key.as_str().into(), amount);
        } else if let Some(digits) = prefix(key).filter(|it| !it.is_empty()) {
            if prefixes.insert(digits, amount).is_some() {
                findings.fault(&at, "this prefix stands twice in the table, with and without its plus");
            }
        } else {
            findings.fault(&at, "neither default, currency, a country such as NL, nor a prefix such as \"+31\"");
        }
    }
    if !written.contains_key("currency") {
        findings.fault(&format!("{path}.currency"), "this key is required");
    }
    Some(PriceTable { currency: currency?, default, countries, prefixes })
}

/// Two capital letters of ISO 3166 whose numbers are known.
pub fn is_country(text: &str) -> bool {
    library::is_region(text)
}
