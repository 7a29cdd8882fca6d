//! From merged values to the schema: every slip in a table is found, not only the first.
//!
//! serde stops at the first error. Here the key that it accuses is noted and taken out, and the
//! table is read again, until it is clean.

use crate::api::port::kind::PortKind;
use crate::config::error::{Findings, unknown};
use crate::config::schema::{ARRAYS, Schema, TABLES, account, app, carrier, route, service, unbuilt};
use figment::error::{Actual, Kind};
use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;

/// Ports that have no function yet.
const UNBUILT: [&str; 4] = ["bridgexapi", "smstools", "kannel", "jasmin"];
/// More slips than this in one table are not reported at once.
const SLIPS_MAX: usize = 50;

/// Reads every section.
pub fn read(mut root: Dict, findings: &mut Findings) -> Schema {
    let sections: Vec<&str> = ARRAYS.iter().chain(&TABLES).copied().collect();
    for key in root.keys().filter(|it| !sections.contains(&it.as_str())) {
        findings.fault(key, unknown("section", key, &sections));
    }
    let ports = ports(&mut root, findings);
    Schema {
        ports,
        http: table(&mut root, "http", findings).unwrap_or_default(),
        admin: table(&mut root, "admin", findings).unwrap_or_default(),
        store: table(&mut root, "store", findings).unwrap_or_default(),
        clock: table(&mut root, "clock", findings).unwrap_or_default(),
        numbers: table(&mut root, "numbers", findings).unwrap_or_default(),
        lookup: table(&mut root, "lookup", findings),
        cdr: table(&mut root, "cdr", findings),
        shutdown: table(&mut root, "shutdown", findings).unwrap_or_default(),
        log: table(&mut root, "log", findings).unwrap_or_default(),
        operator: table(&mut root, "operator", findings).unwrap_or_default(),
        opt_out: table(&mut root, "opt_out", findings).unwrap_or_default(),
        guard: table(&mut root, "guard", findings).unwrap_or_default(),
        accounts: array::<account::Account>(&mut root, "account", findings),
        carriers: array::<carrier::Carrier>(&mut root, "carrier", findings),
        routes: array::<route::Route>(&mut root, "route", findings),
        rules: array::<route::Rule>(&mut root, "rule", findings),
        inbound: array::<route::Inbound>(&mut root, "inbound", findings),
        keys: table(&mut root, "keys", findings).unwrap_or_default(),
        apps: array::<app::App>(&mut root, "app", findings),
    }
}

/// The drop-in ports. Of those that have no function yet first their slips are found, then they are refused.
fn ports(root: &mut Dict, findings: &mut Findings) -> Vec<(PortKind, service::Port)> {
    let mut ports = Vec::new();
    let Some(Value::Dict(_, written)) = root.remove("port") else { return ports };
    for (name, value) in written {
        let path = format!("port.{name}");
        if let Some(kind) = PortKind::from_word(&name) {
            ports.extend(read_value(value, &path, findings).map(|it| (kind, it)));
        } else if UNBUILT.contains(&name.as_str()) {
            read_value::<unbuilt::Port>(value, &path, findings);
            findings.fault(&path, "this section has no function yet; remove it");
        } else {
            let known: Vec<&str> = PortKind::ALL.map(PortKind::word).into_iter().chain(UNBUILT).collect();
            findings.fault(&path, unknown("port", &name, &known));
        }
    }
    ports
}

fn table<T: DeserializeOwned>(root: &mut Dict, section: &str, findings: &mut Findings) -> Option<T> {
    let value = root.remove(section)?;
    if value.as_dict().is_none() {
        findings.fault(section, format!("expected a table: write [{section}]"));
        return None;
    }
    read_value(value, section, findings)
}

fn array<T: DeserializeOwned>(root: &mut Dict, section: &str, findings: &mut Findings) -> Vec<(usize, T)> {
    let Some(value) = root.remove(section) else { return Vec::new() };
    let Some(elements) = value.into_array() else {
        findings.fault(section, format!("expected an array of tables: write [[{section}]]"));
        return Vec::new();
    };
    let read = elements
        .into_iter()
        .enumerate()
        .map(|(place, it)| (place, read_value(it, &format!("{section}.{place}"), findings)));
    read.filter_map(|(place, it)| Some((place, it?))).collect()
}

/// Reads one table; `None` when a key without which it means nothing is missing or wrong.
fn read_value<T: DeserializeOwned>(mut value: Value, path: &str, findings: &mut Findings) -> Option<T> {
    for _ in 0..SLIPS_MAX {
        let error = match value.deserialize::<T>() {
            Ok(it) => return Some(it),
            Err(error) => error,
        };
        let at = error.path.iter().fold(path.to_owned(), |at, key| format!("{at}.{key}"));
        if let Kind::MissingField(field) = &error.kind {
            let at = format!("{at}.{field}");
            if !findings.is_faulty(&at) {
                findings.fault(&at, "this key is required");
            }
            return None;
        }
        findings.fault(&at, explain(&error.kind, &error.path));
        if !take_out(&mut value, &error.path) {
            return None;
        }
    }
    None
}

/// Takes a key out of nested tables; an element of an array takes its array with it.
fn take_out(value: &mut Value, path: &[String]) -> bool {
    let (Some((key, rest)), Value::Dict(_, dict)) = (path.split_first(), value) else { return false };
    match dict.get_mut(key) {
        Some(inner @ Value::Dict(..)) if !rest.is_empty() => take_out(inner, rest),
        Some(_) => dict.remove(key).is_some(),
        None => false,
    }
}

/// The accusation: what was expected, and what came.
fn explain(kind: &Kind, path: &[String]) -> String {
    match kind {
        Kind::UnknownField(field, known) => unknown("key", field, known),
        // What stands in the wrong type may be a password all the same.
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) if is_secret(path) => {
            format!("expected {}", expected_in_words(expected))
        }
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("expected {}, found {}", expected_in_words(expected), found_in_words(found))
        }
        Kind::Message(message) => message.clone(),
        other => format!("{other} at {}", path.join(".")),
    }
}

fn is_secret(path: &[String]) -> bool {
    path.iter().any(|it| ["password", "secret", "key_", "test_numbers"].iter().any(|word| it.starts_with(word)))
}

fn found_in_words(found: &Actual) -> String {
    match found {
        Actual::Bool(it) => it.to_string(),
        Actual::Unsigned(it) => format!("the number {it}"),
        Actual::Signed(it) => format!("the number {it}"),
        Actual::Float(it) => format!("the number {it}"),
        Actual::Str(it) => format!("{it:?}"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

fn expected_in_words(expected: &str) -> &str {
    match expected {
        "a string" => "a text in quotes",
        "path string" => "a path in quotes",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a table",
        "u8" => "a number from 0 to 255",
        "u32" | "u64" => "a whole number, not negative",
        "f64" => "a number",
        other => other.strip_prefix("struct ").map_or(other, |_| "a table"),
    }
}
