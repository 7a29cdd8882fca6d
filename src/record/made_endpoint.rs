//! Endpoints that stand in no configuration: those that accounts made themselves, and those that their requests named.

use crate::message::id::{AccountId, EndpointId};
use crate::message::time::Time;
use crate::record::event::EventKinds;
use std::fmt;

/// An endpoint that no configuration has.
#[derive(Clone, PartialEq, Eq)]
pub struct MadeEndpoint {
    /// Its number in records. It is given to another some time after this one has gone.
    pub id: EndpointId,
    /// Whose it is.
    pub account: AccountId,
    /// By which its account calls it: bits of chance.
    pub key: u64,
    /// Where it is; of a callback without path and query, which are those of each message.
    pub url: Box<str>,
    /// What it is told, and how; nothing of a callback, which is called as the account's first endpoint is.
    pub terms: Option<EndpointTerms>,
    /// When it was made; times are those of the wall.
    pub at: Time,
    /// When it was given up; never while it is told.
    pub gone_at: Time,
}

/// What an endpoint is told, and how, as its account has it.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointTerms {
    /// What signs, as Standard Webhooks writes it.
    pub secret: Box<str>,
    /// Of which events it is told.
    pub kinds: EventKinds,
    /// Only of what, and not of whom.
    pub is_thin: bool,
    /// Events of one request.
    pub batch: u8,
    /// Requests under way at once.
    pub in_flight: u8,
}

impl MadeEndpoint {
    /// What its account calls it.
    pub fn name(&self) -> String {
        format!("ep_{:016x}", self.key)
    }

    /// Whether requests named it.
    pub const fn is_callback(&self) -> bool {
        self.terms.is_none()
    }
}

impl fmt::Debug for MadeEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeEndpoint").field("id", &self.id).field("account", &self.account).finish_non_exhaustive()
    }
}

/// Without the secret.
impl fmt::Debug for EndpointTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointTerms").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}
