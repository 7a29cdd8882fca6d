//! Rules for messages from handsets.

use crate::config::compile::Names;
use crate::config::error::Findings;
use crate::config::schema::route as written;
use crate::message::id::{AccountId, CarrierId};
use crate::route::inbound::{Inbound, recipient};
use crate::route::keyword::parse;

/// Every rule, in the order of the files.
pub fn rules(written: &[(usize, written::Inbound)], names: &Names, findings: &mut Findings) -> Vec<Inbound> {
    let mut rules: Vec<(Inbound, String)> = Vec::new();
    for (place, it) in written {
        let path = format!("inbound.{place}");
        let rule = rule(&path, it, names, findings);
        let same =
            |(it, _): &&(Inbound, String)| (&it.to, it.carrier, &it.keyword) == (&rule.to, rule.carrier, &rule.keyword);
        if let Some((_, first)) = rules.iter().find(same) {
            let first = findings.location(first).to_string();
            let first = first.trim_end_matches(": ");
            findings.fault(&path, format!("nothing comes to it: the inbound at {first} takes the same messages"));
        }
        rules.push((rule, path));
    }
    rules.into_iter().map(|(rule, _)| rule).collect()
}

fn rule(path: &str, written: &written::Inbound, names: &Names, findings: &mut Findings) -> Inbound {
    let account = names.account(&written.account);
    if account.is_none() && !findings.is_written("account", &written.account) {
        findings.fault(&format!("{path}.account"), format!("there is no account {:?}", written.account));
    }
    let carrier = written.carrier.as_deref().map(|name| {
        let carrier = names.carrier(name);
        if carrier.is_none() && !findings.is_written("carrier", name) {
            findings.fault(&format!("{path}.carrier"), format!("there is no carrier {name:?}"));
        }
        carrier.unwrap_or(CarrierId(0))
    });
    let word = written.keyword.as_deref().map(|text| match parse(text).as_deref() {
        Some([word]) => word.clone(),
        _ => {
            let message = format!("{text:?} is not one word without blanks and stops");
            findings.fault(&format!("{path}.keyword"), message);
            Box::default()
        }
    });
    Inbound {
        to: recipients(&format!("{path}.to"), &written.to, findings),
        carrier,
        keyword: word,
        account: account.unwrap_or(AccountId(0)),
    }
}

/// Recipients as they are compared; `*` is any.
fn recipients(path: &str, written: &[String], findings: &mut Findings) -> Vec<Box<str>> {
    let mut to: Vec<Box<str>> = Vec::new();
    for text in written {
        let it = recipient(text);
        if it.is_empty() || it.chars().any(char::is_whitespace) {
            findings.fault(path, format!("{text:?} is not a number, a short code or a name"));
        } else if to.contains(&it) {
            findings.fault(path, format!("{text:?} stands there twice"));
        } else {
            to.push(it);
        }
    }
    if to.iter().any(|it| **it == *"*") {
        to.clear();
    }
    to.sort_unstable();
    to
}
