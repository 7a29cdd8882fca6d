//! Rules that choose a route.

use crate::config::compile::route::CLASSES;
use crate::config::compile::{Names, prefixes, sender};
use crate::config::error::Findings;
use crate::config::schema::route as written;
use crate::message::class::Class;
use crate::message::id::RouteId;
use crate::route::hours::Hours;
use crate::route::plan::Route;
use crate::route::rule::{Pattern, Rule};
use std::collections::BTreeMap;

/// Every rule, in the order of the files.
pub fn all(
    rules: &[(usize, written::Rule)],
    routes: &BTreeMap<RouteId, Route>,
    names: &Names,
    findings: &mut Findings,
) -> Vec<Rule> {
    rules.iter().map(|(place, it)| rule(&format!("rule.{place}"), it, (routes, names), findings)).collect()
}

fn rule(
    path: &str,
    written: &written::Rule,
    known: (&BTreeMap<RouteId, Route>, &Names),
    findings: &mut Findings,
) -> Rule {
    let (routes, names) = known;
    let class =
        written.class.as_deref().map(|it| findings.choose(&format!("{path}.class"), Some(it), &CLASSES, Class::Otp));
    match routes.get(&RouteId(written.route)) {
        None if findings.is_written("route", &written.route.to_string()) => {}
        None => findings.fault(&format!("{path}.route"), format!("there is no route {}", written.route)),
        Some(route) if class.is_some_and(|it| it != route.class) => {
            findings.fault(&format!("{path}.class"), format!("route {} is for {}", written.route, route.class.word()));
        }
        Some(_) => {}
    }
    let account = written.account.as_deref().and_then(|name| {
        let account = names.account(name);
        if account.is_none() && !findings.is_written("account", name) {
            findings.fault(&format!("{path}.account"), format!("there is no account {name:?}"));
        }
        account
    });
    let mut prefixes = prefixes(&format!("{path}.prefix"), &written.prefix, findings);
    if prefixes.iter().any(|it| it.is_empty()) {
        prefixes.clear();
    }
    Rule {
        prefixes,
        class,
        account,
        sender: written
            .sender
            .as_deref()
            .and_then(|it| sender::one(&format!("{path}.sender"), it, None, findings))
            .map(|it| it.to_string().into()),
        tag: written.tag.as_deref().map(Into::into),
        text: written.text.as_deref().and_then(|it| pattern(&format!("{path}.text"), it, findings)),
        hours: written.hours.as_deref().and_then(|it| hours(&format!("{path}.hours"), it, findings)),
        ..Rule::to(RouteId(written.route))
    }
}

fn pattern(path: &str, text: &str, findings: &mut Findings) -> Option<Pattern> {
    // The error draws where it is wrong, over several lines; the last of them says what.
    let said = |error: regex::Error| error.to_string().lines().last().unwrap_or_default().trim().to_owned();
    let read = Pattern::parse(text);
    read.map_err(|error| findings.fault(path, format!("{text:?} is not a regular expression: {}", said(error)))).ok()
}

fn hours(path: &str, text: &str, findings: &mut Findings) -> Option<Hours> {
    Hours::parse(text).map_err(|error| findings.fault(path, format!("{text:?}: {error}"))).ok()
}
