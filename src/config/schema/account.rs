//! `[[account]]`: who may call.

use crate::config::schema::unbuilt::Login;
use crate::config::schema::webhook::Webhooks;
use crate::config::units::{Pace, Share};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Account {
    pub id: String,
    #[serde(default)]
    pub key_sha256: Vec<String>,
    pub logins: Option<Vec<Login>>,
    pub active: Option<bool>,
    pub weight: Option<u32>,
    pub sandbox: Option<bool>,
    pub scopes: Option<Vec<String>>,
    #[serde(default)]
    pub allow_from: Vec<String>,
    #[serde(default)]
    pub routes: Vec<u32>,
    pub senders: Option<Vec<String>>,
    pub region: Option<String>,
    pub destinations: Option<Destinations>,
    pub currency: Option<String>,
    #[serde(default)]
    pub prices: BTreeMap<String, BTreeMap<String, String>>,
    pub balance: Option<String>,
    pub balance_low: Option<String>,
    pub shows: Option<String>,
    pub quota: Option<Share>,
    pub rate: Option<Pace>,
    pub webhook: Option<Webhooks>,
}

/// Prefixes with `+`, or `*`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Destinations {
    pub allow: Vec<String>,
    pub deny: Vec<String>,
}
