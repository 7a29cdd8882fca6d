//! What an endpoint is, and how it is told.

use crate::message::id::{AccountId, EndpointId};
use crate::message::time::Time;
use crate::record::event::{Audience, EventKinds};
use crate::record::event_view::EventForm;
use crate::telemetry::endpoint_status::{EndpointMaker, EndpointStatus};
use crate::telemetry::meters::webhook::EndpointState;
use crate::webhook::queue::EndpointLimits;
use crate::webhook::sign::SigningKey;
use crate::wire::secret::Secret;
use crate::wire::transport::ConnectTarget;
use std::sync::Arc;

/// One endpoint.
#[derive(Clone, Debug)]
pub struct EndpointOptions {
    /// Its number in records.
    pub id: EndpointId,
    /// Whose it is.
    pub account: AccountId,
    /// Whose events it is told.
    pub hears: Audience,
    /// What its account calls it, where it stands in no configuration.
    pub made: Option<Box<str>>,
    /// The name of the account, for metrics and the log.
    pub account_name: Box<str>,
    /// How it is called: its URL without what may be secret in it, the query.
    pub name: Box<str>,
    /// Whom to call.
    pub target: ConnectTarget,
    /// The host, as calls name it.
    pub host: Box<str>,
    /// Path and query.
    pub path: Secret<String>,
    /// What signs; the first is the newest.
    pub keys: Arc<[SignsUntil]>,
    /// Of which events it is told.
    pub kinds: EventKinds,
    /// How much of them.
    pub form: EventForm,
    /// How much at once.
    pub limits: EndpointLimits,
}

impl EndpointOptions {
    /// Its whole URL.
    pub fn url(&self) -> String {
        let scheme = if self.target.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.target.addresses.first().map_or("", |it| it), self.path.expose())
    }

    /// How it stands that was made just now.
    pub fn new_status(&self) -> EndpointStatus {
        EndpointStatus {
            account: self.account,
            maker: self.maker(),
            key: self.made.clone(),
            kinds: self.kinds,
            name: self.name.clone(),
            state: EndpointState::Told,
            failing_since: Time::NEVER,
            disabled_at: Time::NEVER,
            outbox: 0,
            oldest: None,
            calls: Default::default(),
        }
    }

    /// Who made it.
    pub const fn maker(&self) -> EndpointMaker {
        match (self.hears, &self.made) {
            (Audience::Callback(_), _) => EndpointMaker::Request,
            (_, Some(_)) => EndpointMaker::Account,
            (_, None) => EndpointMaker::Configuration,
        }
    }

    /// Whether requests named it: each event has a path of its own there.
    pub const fn is_callback(&self) -> bool {
        matches!(self.hears, Audience::Callback(_))
    }
}

/// A secret, and until when it signs.
#[derive(Clone, Debug)]
pub struct SignsUntil {
    /// The secret.
    pub key: Secret<SigningKey>,
    /// By the wall; never, for the newest, is for ever.
    pub until: Time,
}
