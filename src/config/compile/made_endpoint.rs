//! Endpoints that stand in no configuration, as it has them called: through the same doors as the account's first.

use crate::config::compile::Names;
use crate::config::compile::tls;
use crate::config::compile::webhook::{IN_FLIGHT, doors, keys, shown};
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
use crate::webhook::call::CONNECT_WITHIN;
use crate::webhook::options::{EndpointOptions, SignsUntil};
use crate::webhook::queue::EndpointLimits;
use crate::webhook::sign::SigningKey;
use crate::wire::secret::Secret;
use crate::wire::tls::TlsClient;
use crate::wire::transport::{ConnectTarget, Guard};
use crate::wire::url::HttpUrl;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

/// How its keys are called where something is wrong with them.
const TABLE: &str = "webhook";

/// How endpoints of an account are called that stand in no configuration: its first one says so.
#[derive(Clone)]
pub struct EndpointTemplate {
    account: AccountId,
    account_name: Box<str>,
    hides_carriers: bool,
    first: Option<Webhook>,
    /// What signs callbacks, and TLS: read when they are first needed, and then shared by all of the account's hosts.
    keys: OnceLock<Result<Arc<[SignsUntil]>, NotCallable>>,
    tls: OnceLock<Result<TlsClient, NotCallable>>,
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
            keys: OnceLock::new(),
            tls: OnceLock::new(),
        }
    }

    /// The options of an endpoint.
    pub fn options(&self, made: &MadeEndpoint) -> Result<EndpointOptions, NotCallable> {
        let url = HttpUrl::parse(&made.url).map_err(|it| NotCallable::Address(it.to_string()))?;
        let target = self.target(&url)?;
        let (keys, batch, in_flight, is_thin) = match &made.terms {
            Some(terms) => {
                let key = SigningKey::parse(&terms.secret).map_err(|it| NotCallable::Secret(it.to_string()))?;
                let keys = [SignsUntil { key: Secret::new(key), until: Time::NEVER }];
                (keys.into(), terms.batch.into(), terms.in_flight.into(), terms.is_thin)
            }
            None => {
                let first = self.first.as_ref().ok_or(NotCallable::Unsigned)?;
                let in_flight = first.in_flight.unwrap_or(IN_FLIGHT) as usize;
                (self.keys(first)?, 1, in_flight, first.payload.as_deref() == Some("thin"))
            }
        };
        Ok(EndpointOptions {
            id: made.id,
            account: self.account,
            hears: if made.is_callback() { Audience::Callback(made.id) } else { Audience::Account(self.account) },
            made: Some(made.name().into()),
            account_name: self.account_name.clone(),
            name: shown(&made.url).into(),
            target,
            host: url.named.into(),
            path: Secret::new(url.target),
            keys,
            kinds: made.terms.as_ref().map_or(EventKinds::USUAL, |it| it.kinds),
            form: EventForm { hides_carriers: self.hides_carriers, is_thin },
            limits: EndpointLimits { in_flight, batch },
        })
    }

    /// What signs as the account's first endpoint does.
    fn keys(&self, first: &Webhook) -> Result<Arc<[SignsUntil]>, NotCallable> {
        let read = || {
            let mut findings = Findings::default();
            let keys = keys(TABLE, first, &mut findings);
            sound(keys.into(), &mut findings).map_err(NotCallable::Secret)
        };
        self.keys.get_or_init(read).clone()
    }

    /// Reached as the first is, and over TLS where its own URL says so.
    fn target(&self, url: &HttpUrl<'_>) -> Result<ConnectTarget, NotCallable> {
        url.check_port().map_err(|it| NotCallable::Address(it.to_string()))?;
        let mut findings = Findings::default();
        let (allowed, local_address) = doors(TABLE, self.first.as_ref().unwrap_or(&Webhook::default()), &mut findings);
        let guard = sound(Guard { allowed: allowed.into() }, &mut findings).map_err(NotCallable::Address)?;
        // What a name stands for is looked at when it is called; an address says so at once.
        let bare = url.host.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok_and(|ip| !guard.allows_all(&[SocketAddr::new(ip, url.port)])) {
            let detail = "is no public address; an operator can allow it (allow_networks)";
            return Err(NotCallable::Address(detail.to_owned()));
        }
        Ok(ConnectTarget {
            addresses: vec![url.authority()],
            local_address,
            connect_timeout: CONNECT_WITHIN,
            tls: if url.secure { Some(self.tls()?) } else { None },
            guard: Some(guard),
            passage: None,
        })
    }

    /// A certificate of ours, a name and pins are for the first's host; whom to trust is for all.
    fn tls(&self) -> Result<TlsClient, NotCallable> {
        let read = || {
            let mut findings = Findings::default();
            let choice = match self.first.as_ref().and_then(|it| it.tls.as_ref()) {
                Some(TlsChoice::Table(tls)) => TlsChoice::Table(Tls {
                    ca_file: tls.ca_file.clone(),
                    min_version: tls.min_version.clone(),
                    ..Tls::default()
                }),
                _ => TlsChoice::Plain(true),
            };
            let client = tls::client(TABLE, &choice, &mut findings);
            let client = sound(client, &mut findings).map_err(NotCallable::Address)?;
            client.ok_or_else(|| NotCallable::Address("cannot be called over TLS".to_owned()))
        };
        self.tls.get_or_init(read).clone()
    }
}

/// What was compiled, or the first thing that is wrong with it.
fn sound<T>(compiled: T, findings: &mut Findings) -> Result<T, String> {
    findings.take().into_iter().next().map_or(Ok(compiled), |it| Err(it.message))
}
