//! `webhook` of `[[account]]`: endpoints, their secrets, and what they may be told.

use crate::config::compile::Names;
use crate::config::compile::one::address_of;
use crate::config::compile::service::{private, wait};
use crate::config::compile::subnet::networks;
use crate::config::compile::url::Written;
use crate::config::error::Findings;
use crate::config::schema::account as written;
use crate::config::schema::webhook::{Operator, Webhook, Webhooks};
use crate::dispatch::door::plan::{Account, Subnet};
use crate::message::id::{AccountId, EndpointId};
use crate::message::time::Time;
use crate::record::event::{Audience, EventKind, EventKinds};
use crate::record::event_view::EventForm;
use crate::webhook::call::CONNECT_WITHIN;
use crate::webhook::options::{EndpointOptions, SignsUntil};
use crate::webhook::queue::EndpointLimits;
use crate::webhook::sign::SigningKey;
use crate::wire::secret::Secret;
use crate::wire::transport::{ConnectTarget, Guard};
use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// Secrets that may be live: one takes the place of the other.
const KEYS_MAX: usize = 2;
/// How long a secret signs at most after another has taken its place.
const GRACE_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Calls under way at once where nothing is written.
pub(super) const IN_FLIGHT: u32 = 8;

/// The name under which the store keeps the number of an endpoint.
pub(super) fn name(account: &str, url: &str) -> String {
    format!("{account} {url}")
}

/// Every endpoint of every account.
pub fn all(
    written: &[(usize, written::Account)],
    accounts: &BTreeMap<AccountId, Account>,
    names: &Names,
    findings: &mut Findings,
) -> Vec<EndpointOptions> {
    let mut all: Vec<EndpointOptions> = Vec::new();
    for (place, account) in written {
        let Some(compiled) = names.account(&account.id).and_then(|it| accounts.get(&it)) else { continue };
        let party = Party {
            account: compiled.id,
            name: &compiled.name,
            hears: Audience::Account(compiled.id),
            hides_carriers: !compiled.shows_carriers,
            may_be: &EventKind::TOLD,
            usual: EventKinds::USUAL,
        };
        all.extend(party.endpoints(&format!("account.{place}"), account.webhook.as_ref(), names, findings));
    }
    all
}

/// The endpoints of operators.
pub fn of_operators(written: &Operator, names: &Names, findings: &mut Findings) -> Vec<EndpointOptions> {
    let party = Party {
        account: AccountId::OPERATORS,
        name: AccountId::OPERATORS_NAME,
        hears: Audience::Operators,
        hides_carriers: false,
        may_be: &EventKind::OF_OPERATORS,
        usual: EventKind::OF_OPERATORS.into_iter().fold(EventKinds::default(), EventKinds::with),
    };
    party.endpoints("operator", written.webhook.as_ref(), names, findings)
}

/// Who is told, and what.
struct Party<'a> {
    account: AccountId,
    name: &'a str,
    hears: Audience,
    hides_carriers: bool,
    /// What there is to be told.
    may_be: &'a [EventKind],
    /// What is told where nothing is written.
    usual: EventKinds,
}

impl Party<'_> {
    fn endpoints(
        &self,
        of: &str,
        written: Option<&Webhooks>,
        names: &Names,
        findings: &mut Findings,
    ) -> Vec<EndpointOptions> {
        let mut all: Vec<EndpointOptions> = Vec::new();
        for (rest, webhook) in written.into_iter().flat_map(|it| &it.all) {
            let path = format!("{of}.webhook{rest}");
            let id = webhook.url.as_deref().and_then(|it| names.endpoint(&name(self.name, it)));
            let Some(endpoint) = self.endpoint(&path, webhook, id.unwrap_or(EndpointId(0)), findings) else { continue };
            if all.iter().any(|it| it.id == endpoint.id) {
                findings.fault(&format!("{path}.url"), "this account has an endpoint with this url already");
                continue;
            }
            all.push(endpoint);
        }
        all
    }

    /// The endpoint of a table. One without a URL is none: it only says how others are called.
    fn endpoint(
        &self,
        path: &str,
        written: &Webhook,
        id: EndpointId,
        findings: &mut Findings,
    ) -> Option<EndpointOptions> {
        let at = |key: &str| format!("{path}.{key}");
        let keys = keys(path, written, findings);
        let limits = EndpointLimits {
            in_flight: findings.within(&at("in_flight"), written.in_flight.unwrap_or(IN_FLIGHT).into(), 1..=64)
                as usize,
            batch: findings.within(&at("batch"), written.batch.unwrap_or(1).into(), 1..=100) as usize,
        };
        let forms = [("full", false), ("thin", true)];
        let form = EventForm {
            hides_carriers: self.hides_carriers,
            is_thin: findings.choose(&at("payload"), written.payload.as_deref(), &forms, false),
        };
        let kinds = self.kinds(&at("types"), written.types.as_deref(), findings);
        let (allowed, local_address) = doors(path, written, findings);
        let url = written.url.as_deref()?;
        let address = Written { path: at("url"), url: Some(url), tls_path: at("tls"), tls: written.tls.as_ref() };
        let address = address.address(findings)?;
        if let Err(error) = address.port {
            findings.fault(&at("url"), error.to_string());
        }
        Some(EndpointOptions {
            id,
            account: self.account,
            hears: self.hears,
            made: None,
            account_name: self.name.into(),
            name: shown(url).into(),
            target: ConnectTarget {
                addresses: vec![address.authority.into()],
                local_address,
                connect_timeout: CONNECT_WITHIN,
                tls: address.tls,
                guard: Some(Guard { allowed: allowed.into() }),
                passage: None,
            },
            host: address.host.into(),
            path: Secret::new(address.target),
            keys: keys.into(),
            kinds,
            form,
            limits,
        })
    }

    /// What an endpoint is told.
    fn kinds(&self, path: &str, written: Option<&[String]>, findings: &mut Findings) -> EventKinds {
        let words: Vec<(&str, EventKind)> = self.may_be.iter().map(|it| (it.word(), *it)).collect();
        let Some(written) = written else { return self.usual };
        if written.is_empty() {
            findings.fault(path, "names no type, so that nothing is ever told; leave it away for the usual ones");
        }
        let kinds = written.iter().map(|it| findings.choose(path, Some(it), &words, self.may_be[0]));
        kinds.fold(EventKinds::default(), EventKinds::with)
    }
}

/// Which private networks may be called, and from which address.
pub(super) fn doors(path: &str, written: &Webhook, findings: &mut Findings) -> (Vec<Subnet>, Option<IpAddr>) {
    let at = |key: &str| format!("{path}.{key}");
    let allowed = networks(&at("allow_networks"), written.allow_networks.as_deref().unwrap_or_default(), findings);
    (allowed, address_of(&at("local_address"), written.local_address.as_deref(), findings))
}

/// A URL without what may be secret in it.
pub(super) fn shown(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// The secrets of a file, a line each, the newest first; an older one signs beside it for a while after the file
/// changed.
pub(super) fn keys(path: &str, written: &Webhook, findings: &mut Findings) -> Vec<SignsUntil> {
    let at = format!("{path}.secret_file");
    let grace = wait(&format!("{path}.grace"), written.grace, Duration::from_secs(24 * 3_600), findings);
    if GRACE_MAX < grace {
        findings.fault(&format!("{path}.grace"), "is longer than 7d: what others may know signs for so long");
    }
    let Some(file) = &written.secret_file else {
        if !findings.is_faulty(&at) {
            let how = "this key is required: what is told is signed. `printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\"` makes a secret";
            findings.fault(&at, how);
        }
        return Vec::new();
    };
    private(&at, file, findings);
    let (text, changed) = match read(file) {
        Ok(found) => found,
        Err(error) => {
            findings.fault(&at, format!("{} cannot be read: {error}", file.display()));
            return Vec::new();
        }
    };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    if lines.is_empty() || KEYS_MAX < lines.len() {
        findings.fault(&at, format!("{} holds {} secrets; one or two may be live", file.display(), lines.len()));
        return Vec::new();
    }
    let mut keys = Vec::new();
    for (place, line) in lines.into_iter().enumerate() {
        match SigningKey::parse(line) {
            // What stands there is not told: it is the secret.
            Err(error) => findings.fault(&at, format!("line {} of {} {error}", place + 1, file.display())),
            Ok(key) => {
                let until = if place == 0 { Time::NEVER } else { changed + grace };
                keys.push(SignsUntil { key: Secret::new(key), until });
            }
        }
    }
    keys
}

/// What is in a file, and when that was changed.
fn read(file: &Path) -> std::io::Result<(String, Time)> {
    let changed = fs::metadata(file)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((fs::read_to_string(file)?, Time(u64::try_from(changed.as_millis()).unwrap_or(u64::MAX))))
}
