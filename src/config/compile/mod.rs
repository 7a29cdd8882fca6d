//! What the values mean, alone and together: from the schema to options and plan.
//!
//! Every fault is noted and compiling goes on with the default, so that all are found.

pub mod account;
pub mod app;
pub mod carrier;
mod cdr;
mod channel;
pub mod http;
pub mod lookup;
pub mod address;
pub mod inbound;
pub mod listeners;
pub mod made_endpoint;
mod one;
pub mod guard;
pub mod opt_out;
pub mod outbind;
pub mod password;
pub mod port;
pub mod profile;
pub mod price;
pub mod numbers;
pub mod destination;
pub mod choice;
pub mod route;
pub mod sandbox;
pub mod rule;
pub mod sender;
pub mod service;
mod statuses;
mod subnet;
pub mod text;
pub mod tls;
mod url;
pub mod webhook;

use crate::config::error::Findings;
use crate::config::schema::Schema;
use crate::config::{Environment, Loaded};
use crate::dispatch::door::plan::{Limits, Plan};
use crate::message::id::{AccountId, AppId, CarrierId, EndpointId};
use crate::record::contract::NameKind;
use crate::route::plan::Destinations;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

/// The numbers that stand for names in records.
#[derive(Debug, Default)]
pub struct Names {
    accounts: BTreeMap<String, u16>,
    carriers: BTreeMap<String, u16>,
    endpoints: BTreeMap<String, u16>,
    apps: BTreeMap<String, u16>,
}

impl Names {
    /// Numbers in the order of the names: for a check, which opens no store.
    pub fn in_order(schema: &Schema) -> Self {
        let mut next = 0_u16;
        let count = |_: NameKind, _: &str| -> Result<u16, Infallible> {
            next = next.wrapping_add(1);
            Ok(next)
        };
        match Self::intern(schema, count) {
            Ok(names) => names,
            Err(never) => match never {},
        }
    }

    /// Numbers from the store.
    pub fn intern<E>(schema: &Schema, mut intern: impl FnMut(NameKind, &str) -> Result<u16, E>) -> Result<Self, E> {
        let mut names = Self::default();
        for (kind, name) in Self::of(schema) {
            let numbers = match kind {
                NameKind::Account => &mut names.accounts,
                NameKind::Carrier => &mut names.carriers,
                NameKind::Endpoint => &mut names.endpoints,
                NameKind::App => &mut names.apps,
            };
            let number = intern(kind, &name)?;
            numbers.insert(name.into_owned(), number);
        }
        Ok(names)
    }

    /// What a number is kept for.
    pub fn of(schema: &Schema) -> impl Iterator<Item = (NameKind, Cow<'_, str>)> {
        let accounts = schema.accounts.iter().map(|it| (NameKind::Account, it.1.id.as_str().into()));
        let carriers = schema.carriers.iter().map(|it| (NameKind::Carrier, it.1.id.as_str().into()));
        let of_accounts = schema.accounts.iter().map(|(_, it)| (it.id.as_str(), it.webhook.as_ref()));
        let of_operators = (AccountId::OPERATORS_NAME, schema.operator.webhook.as_ref());
        let endpoints = of_accounts.chain([of_operators]).flat_map(|(of, webhooks)| {
            let urls = webhooks.into_iter().flat_map(|it| &it.all).filter_map(|it| it.1.url.as_ref());
            urls.map(move |it| (NameKind::Endpoint, webhook::name(of, it).into()))
        });
        let cdr = schema.cdr.iter().map(|_| (NameKind::Endpoint, cdr::NAME.into()));
        let apps = schema.apps.iter().map(|it| (NameKind::App, it.1.id.as_str().into()));
        accounts.chain(carriers).chain(endpoints).chain(cdr).chain(apps)
    }

    /// The account of a name, if it is configured.
    pub fn account(&self, name: &str) -> Option<AccountId> {
        self.accounts.get(name).copied().map(AccountId)
    }

    /// The endpoint of a name, if it is configured.
    pub fn endpoint(&self, name: &str) -> Option<EndpointId> {
        self.endpoints.get(name).copied().map(EndpointId)
    }

    /// The app of a name, if it is configured.
    pub fn app(&self, name: &str) -> Option<AppId> {
        self.apps.get(name).copied().map(AppId)
    }

    /// The carrier of a name, if it is configured.
    pub fn carrier(&self, name: &str) -> Option<CarrierId> {
        self.carriers.get(name).copied().map(CarrierId)
    }
}

/// Compiles everything; what is wrong is in the findings.
pub fn compile(schema: &Schema, names: &Names, environment: &Environment, findings: &mut Findings) -> Loaded {
    let store = service::store(&schema.store, findings);
    let carrier::All { mut carriers, mut links, http_links } =
        carrier::all(&schema.carriers, names, environment, findings);
    let networks = numbers::networks(&schema.numbers, findings);
    let known = choice::Known { carriers: &carriers, names, networks: &networks };
    let mut routes = route::all(&schema.routes, known, findings);
    http::check_registrations(&schema.routes, &routes, &http_links, findings);
    sender::check(&schema.routes, &routes, &carriers, findings);
    let mut accounts = account::all(&schema.accounts, &routes, names, findings);
    let mut webhooks = webhook::all(&schema.accounts, &accounts, names, findings);
    webhooks.extend(webhook::of_operators(&schema.operator, names, findings));
    let templates = made_endpoint::templates(&schema.accounts, &accounts, names);
    let rules = rule::all(&schema.rules, &routes, names, findings);
    let keys = app::keys(&schema.keys, !schema.apps.is_empty(), environment, findings);
    let apps = app::all(&schema.apps, app::Around { routes: &routes, carriers: &carriers, names }, findings);
    let around = guard::Around { apps: &apps, routes: &routes, carriers: &carriers };
    let guard = guard::policy(&schema.guard, around, findings);
    profile::check(&schema.apps, &apps, &guard, findings);
    let sandbox = names.carrier(sandbox::HIDDEN);
    sandbox::name(sandbox, &mut carriers, &mut links);
    sandbox::open(&mut accounts, &mut routes, sandbox);
    let inbound = inbound::rules(&schema.inbound, names, findings);
    let opt_out = opt_out::opt_out(&schema.opt_out, findings);
    let (http, admin) = (service::http(&schema.http, findings), service::admin(&schema.admin, findings));
    let ports = port::all(&schema.ports, &http, &schema.apps, findings);
    listeners::check((&http, &admin), &ports, &schema.carriers, findings);
    let limits = Limits { queued_max: store.max_queued, ..Limits::default() };
    Loaded {
        plan: Arc::new(Plan {
            accounts,
            carriers,
            routes,
            rules,
            inbound,
            opt_out,
            erase_text: store.erase_text,
            limits,
            networks: Arc::new(networks),
            apps,
            guard,
            keys,
        }),
        sandbox,
        links,
        http_links,
        webhooks,
        templates,
        lookup: lookup::lookup(schema.lookup.as_ref(), environment, findings),
        cdr: cdr::cdr(schema.cdr.as_ref(), names, findings),
        http,
        admin,
        ports,
        store,
        clock: service::clock(&schema.clock, findings),
        shutdown: service::shutdown(&schema.shutdown),
        log: service::log(&schema.log, findings),
    }
}

/// Notes every id that an earlier table of the array has.
fn find_duplicates<'a>(section: &str, ids: impl Iterator<Item = (usize, String)> + 'a, findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for (place, id) in ids {
        let path = format!("{section}.{place}");
        if let Some(first) = seen.insert(id, path.clone()) {
            let first = findings.location(&format!("{first}.id")).to_string();
            let first = first.trim_end_matches(": ");
            findings.fault(&format!("{path}.id"), format!("this id is taken by the {section} at {first}"));
        }
    }
}

/// A name that goes into labels, ids of binds and log lines.
fn check_name(path: &str, name: &str, findings: &mut Findings) {
    let plain = name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it));
    if !plain || !(1..=32).contains(&name.len()) {
        findings.fault(path, format!("{name:?} is not a name: 1 to 32 letters, digits, '-', '_' and '.'"));
    }
}

/// Prefixes of numbers as digits; `*` is the empty one, which every number begins with.
fn prefixes(path: &str, written: &[String], findings: &mut Findings) -> Vec<Box<str>> {
    let mut digits = Vec::new();
    for text in written {
        match prefix(text) {
            Some(it) if digits.contains(&it) => findings.fault(path, format!("{text:?} stands there twice")),
            Some(it) => digits.push(it),
            None => findings.fault(path, format!("{text:?} is not a prefix such as \"+31\", and not \"*\"")),
        }
    }
    digits
}

fn prefix(text: &str) -> Option<Box<str>> {
    if text == "*" {
        return Some("".into());
    }
    let digits = text.strip_prefix('+').unwrap_or(text);
    let fits =
        (1..=15).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit()) && !digits.starts_with('0');
    fits.then(|| digits.into())
}

/// Where one may send; everything, if nothing is written.
fn destinations(
    path: &str,
    written: Option<&crate::config::schema::account::Destinations>,
    findings: &mut Findings,
) -> Destinations {
    let Some(written) = written else { return Destinations::default() };
    let mut allow = prefixes(&format!("{path}.allow"), &written.allow, findings);
    let deny = prefixes(&format!("{path}.deny"), &written.deny, findings);
    if deny.is_empty() && allow.iter().all(|it| it.is_empty()) {
        allow.clear();
    } else if allow.is_empty() && !deny.iter().any(|it| it.is_empty()) {
        allow.push("".into());
    }
    Destinations { allow, deny }
}
