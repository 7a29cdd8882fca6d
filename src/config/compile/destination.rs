//! Tables by destination: keys are countries, prefixes, and networks of the file of prefixes.

use crate::config::compile::prefix;
use crate::config::compile::price::is_country;
use crate::config::error::{Findings, unknown};
use crate::route::network::Networks;
use crate::route::table::{ByDestination, PrefixTable};
use std::collections::BTreeMap;

/// A table as it was written; `read` gives the value that stands at a path, and notes what is wrong with it.
pub fn table<V, T>(
    path: &str,
    written: &BTreeMap<String, V>,
    networks: &Networks,
    findings: &mut Findings,
    mut read: impl FnMut(&str, &V, &mut Findings) -> Option<T>,
) -> ByDestination<T> {
    let (mut table, mut prefixes) = (ByDestination::default(), BTreeMap::new());
    for (key, value) in written {
        let at = format!("{path}.{key}");
        let value = read(&at, value, findings);
        if is_country(key) {
            table.countries.extend(value.map(|it| (key.as_str().into(), it)));
        } else if let Some(digits) = prefix(key).filter(|it| !it.is_empty()) {
            if prefixes.insert(digits, value).is_some() {
                findings.fault(&at, "this prefix stands twice in the table, with and without its plus");
            }
        } else if networks.has(key) {
            table.networks.extend(value.map(|it| (key.as_str().into(), it)));
        } else {
            findings.fault(&at, refusal(key, networks));
        }
    }
    let prefixes = prefixes.iter_mut().filter_map(|(digits, value)| Some((&**digits, value.take()?)));
    table.prefixes = PrefixTable::new(prefixes).expect("prefixes that were read are digits, and stand there once");
    table
}

fn refusal(key: &str, networks: &Networks) -> String {
    let names: Vec<&str> = networks.names().collect();
    let nearest = unknown("network", key, &names);
    match nearest.split_once("; did you mean") {
        Some(_) => nearest,
        None => "neither a country such as NL, a prefix such as \"+31\", nor a network of numbers.prefixes_file".into(),
    }
}
