//! `[guard]`: what stands before a code is sent.

use crate::config::units::{Share, Span};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `[guard]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Guard {
    pub mode: BTreeMap<String, String>,
    pub per_phone: Option<Vec<Share>>,
    pub per_ip: Option<Vec<Share>>,
    pub per_network: Option<Vec<Share>>,
    pub per_app: Option<Vec<Share>>,
    pub wrong_guesses_per_phone: Option<Share>,
    pub spend: Option<String>,
    pub pumping: Pumping,
    pub sequence: Option<Share>,
    pub new_country: NewCountry,
    pub lines: Option<Vec<String>>,
    pub block: Vec<String>,
    pub safe: Vec<String>,
}

/// When sends that nobody verifies are stopped.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Pumping {
    pub sends: Option<u64>,
    pub window: Option<Span>,
    pub conversion: Option<f64>,
    pub block: Option<Span>,
    pub block_max: Option<Span>,
}

/// How a country begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct NewCountry {
    pub sends: Option<Share>,
    pub converted: Option<u64>,
}
