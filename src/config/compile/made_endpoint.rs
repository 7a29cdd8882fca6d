//! Endpoints that stand in no configuration, as it has them called: through the same doors as the account's first.

use crate::config::compile::Names;
use crate::config::compile::webhook::{Place, keys};
use crate::config::error::Findings;
use crate::config::schema::account as written;
use crate::config::schema::carrier::{Tls, TlsChoice};
use crate::config::schema::webhook::Webhook;
use crate::dispatch::door::plan::Account;
use crate::message::id::AccountId;
use crate::message::time::Time;
use crate::record::event::{Audience, EventKinds};
use crate::record::event_view::EventForm;
use crate::record::made_endpoint::MadeEndpoint;
use crate::webhook::options::{EndpointOptions, SignsUntil};
use crate::webhook::queue::EndpointLimits;
use crate::webhook::sign::SigningKey;
use crate::wire::secret::Secret;
use crate::wire::url::HttpUrl;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// How endpoints of an account are called that stand in no configuration: its first one says so.
#[derive(Clone)]
pub struct EndpointTemplate {
    account: AccountId,
    account_name: Box<str>,
    hides_carriers: bool,
    first: Option<Webhook>,
}

/// Why an endpoint cannot be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCallable {
    /// Its address is none that may be called.
    #[error("{0}")]
    Address(String),
    /// Its secret is none.
    #[error("{0}")]
    Secret(String),
    /// Nothing says by what to sign.
    #[error("the account has no webhook in the configuration, whose secret would sign")]
    Unsigned,
}

/// That of every account.
pub(super) fn templates(
    written: &[(usize, written::Account)],
    accounts: &BTreeMap<AccountId, Account>,
    names: &Names,
) -> BTreeMap<AccountId, EndpointTemplate> {
    let of = |account: &written::Account| {
        let first = account.webhook.iter().flat_map(|it| &it.all).map(|it| &it.1).next();
        let compiled = accounts.get(&names.account(&account.id)?)?;
        Some((compiled.id, EndpointTemplate::of(compiled, first)))
    };
    written.iter().filter_map(|it| of(&it.1)).collect()
}

/// Without the URL of the first, in which there may be a secret.
impl fmt::Debug for EndpointTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointTemplate").field("account", &self.account).finish_non_exhaustive()
    }
}

impl EndpointTemplate {
    fn of(account: &Account, first: Option<&Webhook>) -> Self {
        Self {
            account: account.id,
            account_name: account.name.clone(),
            hides_carriers: !account.shows_carriers,
            first: first.cloned(),
        }
    }

    /// The options of an endpoint.
    pub fn options(&self, made: &MadeEndpoint) -> Result<EndpointOptions, NotCallable> {
        let first = self.first.clone().unwrap_or_default();
        let place = place(&first, &made.url)?;
        let (keys, batch, in_flight, is_thin) = match &made.terms {
            Some(terms) => {
                let key = SigningKey::parse(&terms.secret).map_err(|it| NotCallable::Secret(it.to_string()))?;
                let keys = vec![SignsUntil { key: Secret::new(key), until: Time::NEVER }];
                (keys, terms.batch.into(), terms.in_flight.into(), terms.is_thin)
            }
            None => {
                let in_flight = first.in_flight.unwrap_or(8) as usize;
                (self.keys()?, 1, in_flight, first.payload.as_deref() == Some("thin"))
            }
        };
        Ok(EndpointOptions {
            id: made.id,
            account: self.account,
            hears: if made.is_callback() { Audience::Callback(made.id) } else { Audience::Account(self.account) },
            made: Some(made.name().into()),
            account_name: self.account_name.clone(),
            name: place.name,
            target: place.target,
            host: place.host,
            path: place.path,
            keys: keys.into(),
            kinds: made.terms.as_ref().map_or(EventKinds::USUAL, |it| it.kinds),
            form: EventForm { hides_carriers: self.hides_carriers, is_thin },
            limits: EndpointLimits { in_flight, batch },
        })
    }

    /// What signs as the account's first endpoint does.
    fn keys(&self) -> Result<Vec<SignsUntil>, NotCallable> {
        let mut findings = Findings::default();
        let first = self.first.as_ref().ok_or(NotCallable::Unsigned)?;
        let keys = keys("webhook", first, &mut findings);
        match findings.take().first() {
            Some(fault) => Err(NotCallable::Secret(fault.message.clone())),
            None => Ok(keys),
        }
    }
}

/// Where it is: reached as the first is, and over TLS where its own URL says so.
fn place(first: &Webhook, url: &str) -> Result<Place, NotCallable> {
    let mut findings = Findings::default();
    let read = HttpUrl::parse(url).map_err(|it| NotCallable::Address(it.to_string()))?;
    // A certificate of ours, a name and pins are for the one host; whom to trust is for all.
    let tls = match &first.tls {
        Some(TlsChoice::Table(tls)) if read.secure => Some(TlsChoice::Table(Tls {
            ca_file: tls.ca_file.clone(),
            min_version: tls.min_version.clone(),
            ..Tls::default()
        })),
        _ => None,
    };
    let table = Webhook {
        url: Some(url.to_owned()),
        allow_networks: first.allow_networks.clone(),
        local_address: first.local_address.clone(),
        tls,
        ..Webhook::default()
    };
    let place = Place::of("webhook", &table, &mut findings);
    if let Some(fault) = findings.take().first() {
        return Err(NotCallable::Address(fault.message.clone()));
    }
    let place = place.ok_or_else(|| NotCallable::Address("is no address".to_owned()))?;
    // What a name stands for is looked at when it is called; an address says so at once.
    let bare = read.host.trim_start_matches('[').trim_end_matches(']');
    if let (Ok(ip), Some(guard)) = (bare.parse::<IpAddr>(), &place.target.guard)
        && !guard.allows_all(&[SocketAddr::new(ip, read.port)])
    {
        return Err(NotCallable::Address("is no public address; an operator can allow it (allow_networks)".to_owned()));
    }
    Ok(place)
}
