//! Endpoints that stand in no configuration: what is asked of those who run them, and which callbacks there are.

use crate::message::id::{AccountId, EndpointId};
use crate::record::made_endpoint::{EndpointTerms, MadeEndpoint};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::oneshot;

/// What is asked of those who run endpoints.
#[derive(Debug)]
pub enum EndpointRequest {
    /// Make one, or say which there is where a request named it.
    Make(NewEndpoint, oneshot::Sender<Result<MadeEndpoint, NotMade>>),
    /// Tell the one that the account calls so nothing more; says whether there was one that it made.
    Remove(AccountId, u64, oneshot::Sender<bool>),
}

/// An endpoint that is to be.
pub struct NewEndpoint {
    /// Whose.
    pub account: AccountId,
    /// Where; of a callback scheme, host and port.
    pub url: Box<str>,
    /// What it is told, and how; nothing of a callback.
    pub terms: Option<EndpointTerms>,
}

/// Without its URL, in which there may be a secret.
impl fmt::Debug for NewEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEndpoint").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Why an endpoint is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotMade {
    /// Its address is none that may be called.
    Address(String),
    /// Its secret is none.
    Secret(String),
    /// Nothing says by what a callback would be signed.
    Unsigned(String),
    /// The account has one there.
    Twice,
    /// The account has so many.
    TooMany(usize),
    /// The daemon is stopping, or the store has failed.
    Ending,
}

/// The hosts at which accounts have callbacks. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Callbacks(Arc<RwLock<Known>>);

/// By the account and the host.
type Known = HashMap<(AccountId, Box<str>), EndpointId>;

impl Callbacks {
    /// The endpoint that stands for a host.
    pub fn get(&self, account: AccountId, origin: &str) -> Option<EndpointId> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&(account, origin.into())).copied()
    }

    /// These are all that there are.
    pub fn set<'a>(&self, made: impl Iterator<Item = &'a MadeEndpoint>) {
        let known = made.map(|it| ((it.account, it.url.clone()), it.id)).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// An endpoint stands for a host.
    pub fn put(&self, made: &MadeEndpoint) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert((made.account, made.url.clone()), made.id);
    }
}
