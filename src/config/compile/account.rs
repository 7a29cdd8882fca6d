//! Accounts: who may call, and what with.

use crate::config::compile::subnet::networks;
use crate::config::compile::{Names, check_name, destinations, find_duplicates, price, sender};
use crate::config::error::Findings;
use crate::config::schema::account as written;
use crate::dispatch::door::plan::{Account, Scopes, Terms};
use crate::message::id::{AccountId, RouteId};
use crate::message::money::{Currency, Money};
use crate::message::price::PriceTable;
use crate::record::event::EventKind;
use crate::route::plan::Route;
use std::collections::BTreeMap;

/// Every account.
pub fn all(
    accounts: &[(usize, written::Account)],
    routes: &BTreeMap<RouteId, Route>,
    names: &Names,
    findings: &mut Findings,
) -> BTreeMap<AccountId, Account> {
    find_duplicates("account", accounts.iter().map(|(place, it)| (*place, it.id.clone())), findings);
    let mut keys = BTreeMap::new();
    let mut compiled = BTreeMap::new();
    for (place, it) in accounts {
        let mut one = One { written: it, path: format!("account.{place}"), findings };
        one.refuse_unbuilt();
        let account = one.account(names.account(&it.id).unwrap_or(AccountId(0)), routes);
        for key in &account.keys {
            if let Some(other) = keys.insert(*key, it.id.clone()) {
                let message = if other == it.id {
                    "holds the same key twice".to_owned()
                } else {
                    format!("this key is one of account {other:?}")
                };
                findings.fault(&format!("account.{place}.key_sha256"), message);
            }
        }
        compiled.insert(account.id, account);
    }
    compiled
}

/// One account, while it is compiled.
struct One<'a, 'f> {
    written: &'a written::Account,
    path: String,
    findings: &'f mut Findings,
}

impl One<'_, '_> {
    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn refuse_unbuilt(&mut self) {
        let written = self.written;
        if written.logins.as_ref().is_some_and(|it| !it.is_empty()) {
            self.findings.unbuilt(&self.at("logins"), "[ … ]", "[]");
        }
    }

    fn account(&mut self, id: AccountId, routes: &BTreeMap<RouteId, Route>) -> Account {
        let written = self.written;
        check_name(&self.at("id"), &written.id, self.findings);
        if written.id == AccountId::OPERATORS_NAME {
            self.findings.fault(&self.at("id"), "this is what those who run nuncio are called; take another");
        }
        let granted: Vec<RouteId> = written.routes.iter().map(|it| RouteId(*it)).collect();
        for (place, id) in granted.iter().enumerate() {
            if !routes.contains_key(id) {
                if self.findings.is_written("route", &id.0.to_string()) {
                    continue;
                }
                self.findings.fault(&self.at("routes"), format!("there is no route {}", id.0));
            } else if granted[..place].contains(id) {
                self.findings.fault(&self.at("routes"), format!("route {} stands there twice", id.0));
            }
        }
        let (any, region, prices) = ([String::from("*")], self.region(), self.prices(&granted));
        let account = Account {
            id,
            name: written.id.as_str().into(),
            is_sandbox: written.sandbox.unwrap_or(false),
            active: written.active.unwrap_or(true),
            weight: self.findings.within(&self.at("weight"), written.weight.unwrap_or(1).into(), 1..=100) as u32,
            keys: self.keys(),
            scopes: self.scopes(),
            allow_from: networks(&self.at("allow_from"), &self.written.allow_from, self.findings),
            senders: sender::list(
                &self.at("senders"),
                written.senders.as_deref().unwrap_or(&any),
                region.as_deref(),
                self.findings,
            ),
            region,
            destinations: destinations(&self.at("destinations"), written.destinations.as_ref(), self.findings),
            currency: self.currency(&granted, (routes, &prices)),
            prices,
            hears_of_sent: hears_of_sent(written),
            shows_carriers: self.shows_carriers(),
            terms: self.terms(),
            routes: granted,
        };
        if account.terms.managed && account.currency.is_none() {
            let message = "a managed balance has a currency; name it, as in currency = \"EUR\"";
            self.findings.fault(&self.at("balance"), message);
        }
        account
    }

    fn terms(&mut self) -> Terms {
        let written = self.written;
        let balances = [("unlimited", false), ("managed", true)];
        Terms {
            managed: self.findings.choose(&self.at("balance"), written.balance.as_deref(), &balances, false),
            low: self.low(),
            quota: written.quota.and_then(|it| it.0),
            rate: written.rate.and_then(|it| it.0),
        }
    }

    fn low(&mut self) -> Option<Money> {
        let text = self.written.balance_low.as_deref().filter(|it| !it.is_empty())?;
        if self.written.balance.as_deref() != Some("managed") {
            self.findings.fault(&self.at("balance_low"), "only balance = \"managed\" has a balance that can be low");
        }
        let low = Money::parse(text);
        low.map_err(|error| self.findings.fault(&self.at("balance_low"), format!("{text:?}: {error}"))).ok()
    }

    /// Who pays in advance buys routes, unless the operator says otherwise; who owes is mostly the operator himself.
    fn shows_carriers(&mut self) -> bool {
        let usual = self.written.balance.as_deref() != Some("managed");
        let words = [("route", false), ("carrier", true)];
        self.findings.choose(&self.at("shows"), self.written.shows.as_deref(), &words, usual)
    }

    fn keys(&mut self) -> Vec<[u8; 32]> {
        let path = self.at("key_sha256");
        let written = &self.written.key_sha256;
        if self.findings.is_faulty(&path) {
            return Vec::new();
        }
        if written.is_empty() {
            self.findings.fault(&path, "holds no key; `nuncio key` prints one and its SHA-256");
        } else if KEYS_MAX < written.len() {
            self.findings.fault(
                &path,
                format!(
                    "holds {} keys; {KEYS_MAX} may be live, so that one can take the place of the other",
                    written.len()
                ),
            );
        }
        let mut keys = Vec::new();
        for text in written {
            match digest(text) {
                Some(key) => keys.push(key),
                // What stands there may be the key itself: it must not end up in a terminal's history.
                None => self.findings.fault(&path, "a SHA-256 has 64 hexadecimal digits; `nuncio key` prints it"),
            }
        }
        keys
    }

    fn scopes(&mut self) -> Scopes {
        let Some(written) = &self.written.scopes else {
            return Scopes { send: true, read: true, verify: true, webhooks: true, admin: false, reveal: false };
        };
        let mut scopes = Scopes::default();
        let known = ["send", "read", "verify", "webhooks", "admin", "reveal"].map(|it| (it, it));
        for text in written {
            match self.findings.choose(&self.at("scopes"), Some(text), &known, "") {
                "send" => scopes.send = true,
                "read" => scopes.read = true,
                "verify" => scopes.verify = true,
                "webhooks" => scopes.webhooks = true,
                "admin" => scopes.admin = true,
                "reveal" => scopes.reveal = true,
                _ => {}
            }
        }
        scopes
    }

    fn region(&mut self) -> Option<Box<str>> {
        let text = self.written.region.as_deref().filter(|it| !it.is_empty())?;
        if !price::is_country(text) {
            self.findings.fault(&self.at("region"), format!("{text:?} is not a country of ISO 3166, such as \"NL\""));
        }
        Some(text.into())
    }

    /// What it pays on routes in place of what all pay there.
    fn prices(&mut self, granted: &[RouteId]) -> BTreeMap<RouteId, PriceTable> {
        let mut prices = BTreeMap::new();
        for (route, written) in &self.written.prices {
            let at = self.at(&format!("prices.{route}"));
            let table = price::table(&at, written, self.findings);
            match route.parse().map(RouteId) {
                Ok(id) if granted.contains(&id) => prices.extend(table.map(|it| (id, it))),
                _ => self.findings.fault(&at, "is no route of the account: write the number of one of its routes"),
            }
        }
        prices
    }

    /// The currency that is written, else that of the first route with a price; all routes must agree with it.
    fn currency(
        &mut self,
        granted: &[RouteId],
        (routes, own): (&BTreeMap<RouteId, Route>, &BTreeMap<RouteId, PriceTable>),
    ) -> Option<Currency> {
        let mut currency = self.written.currency.as_deref().and_then(|text| {
            let read = Currency::parse(text);
            read.map_err(|error| self.findings.fault(&self.at("currency"), format!("{text:?}: {error}"))).ok()
        });
        for id in granted {
            let of_route = || routes.get(id).and_then(|it| it.price.as_ref());
            let Some(price) = own.get(id).or_else(of_route) else { continue };
            let own = *currency.get_or_insert(price.currency);
            if own != price.currency {
                let message = format!("route {} is priced in {}, and this account pays in {own}", id.0, price.currency);
                self.findings.fault(&self.at("routes"), message);
            }
        }
        currency
    }
}

/// Whether an account is told that its messages were sent.
fn hears_of_sent(account: &written::Account) -> bool {
    let sent = EventKind::MessageSent.word();
    let types = account.webhook.iter().flat_map(|it| &it.all).filter_map(|it| it.1.types.as_ref());
    types.flatten().any(|it| it == sent)
}

/// So that a new key can be handed out before the old one is taken back.
const KEYS_MAX: usize = 2;

fn digest(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}
