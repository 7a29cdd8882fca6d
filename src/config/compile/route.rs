//! Routes and rules.

use crate::config::compile::service::wait;
use crate::config::compile::{Names, destinations, find_duplicates, prefixes, price, senders};
use crate::config::error::Findings;
use crate::config::schema::route as written;
use crate::config::units::Switch;
use crate::dispatch::plan::Carrier;
use crate::message::class::Class;
use crate::message::id::{CarrierId, RouteId};
use crate::route::plan::{Retry, Route, UnknownPolicy};
use crate::route::rule::Rule;
use std::collections::BTreeMap;
use std::time::Duration;

/// Every route.
pub fn all(
    routes: &[(usize, written::Route)],
    carriers: &BTreeMap<CarrierId, Carrier>,
    names: &Names,
    findings: &mut Findings,
) -> BTreeMap<RouteId, Route> {
    find_duplicates("route", routes.iter().map(|(place, it)| (*place, it.id.to_string())), findings);
    let mut compiled = BTreeMap::new();
    for (place, it) in routes {
        let mut one = One { written: it, path: format!("route.{place}"), findings };
        one.refuse_unbuilt();
        compiled.insert(RouteId(it.id), one.route(carriers, names));
    }
    compiled
}

/// The largest number that a lane has room for.
const ROUTE_MAX: u64 = (1 << 24) - 1;

const CLASSES: [(&str, Class); 3] =
    [("otp", Class::Otp), ("transactional", Class::Transactional), ("marketing", Class::Marketing)];

/// One route, while it is compiled.
struct One<'a, 'f> {
    written: &'a written::Route,
    path: String,
    findings: &'f mut Findings,
}

impl One<'_, '_> {
    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn refuse_unbuilt(&mut self) {
        let written = self.written;
        if written.weights.is_some() {
            self.findings.unbuilt(&self.at("weights"), "{ … }", "carriers");
        }
        if written.carriers_by_country.is_some() {
            self.findings.unbuilt(&self.at("carriers_by_country"), "{ … }", "carriers");
        }
        if written.senders.as_ref().is_some_and(|it| it.by_country.is_some()) {
            self.findings.unbuilt(&self.at("senders.by_country"), "{ … }", "allow");
        }
        let orders = [("static", true), ("scored", false), ("cheapest", false)];
        if !self.findings.choose(&self.at("order"), written.order.as_deref(), &orders, true) {
            let text = format!("{:?}", written.order.as_deref().unwrap_or_default());
            self.findings.unbuilt(&self.at("order"), &text, "\"static\"");
        }
        if written.strict_order == Some(true) {
            self.findings.unbuilt(&self.at("strict_order"), "true", "false");
        }
        for (key, value) in [("receipt_window", written.receipt_window), ("max_wait", written.max_wait)] {
            if let Some(Switch(Some(wait))) = value {
                self.findings.unbuilt(&self.at(key), &format!("\"{}\"", in_words(wait)), "\"off\"");
            }
        }
        if let Some(hours) = written.quiet_hours.as_ref().filter(|it| !it.is_empty()) {
            self.findings.unbuilt(&self.at("quiet_hours"), &format!("{hours:?}"), "\"\"");
        }
    }

    fn route(&mut self, carriers: &BTreeMap<CarrierId, Carrier>, names: &Names) -> Route {
        let written = self.written;
        let id = self.findings.within(&self.at("id"), written.id.into(), 1..=ROUTE_MAX) as u32;
        let class = self.findings.choose(&self.at("class"), written.class.as_deref(), &CLASSES, Class::Transactional);
        let policies =
            [("resend", UnknownPolicy::Resend), ("hold", UnknownPolicy::Hold), ("fail", UnknownPolicy::Fail)];
        let allow = written.senders.as_ref().and_then(|it| it.allow.as_deref()).unwrap_or_default();
        let mut senders = senders(&self.at("senders.allow"), allow, self.findings);
        if senders.iter().any(|it| &**it == "*") {
            senders.clear();
        }
        let default = Route::new(RouteId(id), class, self.carriers(carriers, names));
        Route {
            name: written.name.as_deref().map_or_else(|| id.to_string().into(), Into::into),
            senders,
            destinations: destinations(&self.at("destinations"), written.destinations.as_ref(), self.findings),
            unknown: self.findings.choose(&self.at("unknown"), written.unknown.as_deref(), &policies, default.unknown),
            retry: self.retry(),
            validity: wait(&self.at("validity"), written.validity, default.validity, self.findings),
            receipt_timeout: wait(
                &self.at("receipt_timeout"),
                written.receipt_timeout,
                default.receipt_timeout,
                self.findings,
            ),
            price: written.price.as_ref().and_then(|it| price::table(&self.at("price"), it, self.findings)),
            ..default
        }
    }

    fn carriers(&mut self, carriers: &BTreeMap<CarrierId, Carrier>, names: &Names) -> Vec<CarrierId> {
        let path = self.at("carriers");
        let written = self.written.carriers.as_deref().unwrap_or_default();
        if written.is_empty() && self.written.weights.is_none() {
            self.findings.fault(&path, "names no carrier");
        }
        let mut chosen = Vec::new();
        for name in written {
            match names.carrier(name).and_then(|it| carriers.get(&it)) {
                None if self.findings.is_written("carrier", name) => {}
                None => {
                    let known: Vec<&str> = carriers.values().map(|it| &*it.name).collect();
                    self.findings
                        .fault(&path, crate::config::error::unknown(&format!("carrier {name:?}"), name, &known));
                }
                Some(it) if it.links == 0 => {
                    self.findings.fault(&path, format!("carrier {name:?} only receives: its bind is \"receiver\""));
                }
                Some(it) if chosen.contains(&it.id) => {
                    self.findings.fault(&path, format!("carrier {name:?} stands there twice"));
                }
                Some(it) => chosen.push(it.id),
            }
        }
        chosen
    }

    fn retry(&mut self) -> Retry {
        let (written, default) = (self.written.retry.unwrap_or_default(), Retry::default());
        let attempts = written.attempts.unwrap_or(default.attempts);
        let retry = Retry {
            base: wait(&self.at("retry.base"), written.base, default.base, self.findings),
            max: wait(&self.at("retry.max"), written.max, default.max, self.findings),
            attempts: self.findings.within(&self.at("retry.attempts"), attempts.into(), 1..=100) as u8,
        };
        if retry.max < retry.base {
            self.findings.fault(&self.at("retry.max"), "is shorter than base");
        }
        retry
    }
}

/// A duration as it is written, in the largest unit that is exact.
fn in_words(wait: Duration) -> String {
    let millis = wait.as_millis();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = units.into_iter().find(|(size, _)| millis.is_multiple_of(*size));
    unit.map_or_else(|| format!("{millis}ms"), |(size, unit)| format!("{}{unit}", millis / size))
}

/// Every rule, in the order of the files.
pub fn rules(
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
    for (key, text) in [("tag", &written.tag), ("text", &written.text), ("hours", &written.hours)] {
        if let Some(text) = text {
            findings.unbuilt(&format!("{path}.{key}"), &format!("{text:?}"), "");
        }
    }
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
    Rule { prefixes, class, account, sender: written.sender.as_deref().map(Into::into), route: RouteId(written.route) }
}
