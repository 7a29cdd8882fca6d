//! `[lookup]`: who is asked what a number is.

use crate::config::schema::carrier::TlsChoice;
use crate::config::units::Span;
use crate::wire::secret::Secret;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `[lookup]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Lookup {
    pub url: Option<String>,
    pub tls: Option<TlsChoice>,
    pub system_id: Option<String>,
    pub password: Option<Secret<String>>,
    pub password_file: Option<PathBuf>,
    pub password_env: Option<String>,
    pub password_credential: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub timeout: Option<Span>,
    pub window: Option<u32>,
    pub on: Option<Vec<String>>,
    pub line_type: Option<String>,
    pub refuse: Option<Vec<String>>,
    pub default: Option<String>,
    pub cache: Option<u32>,
    pub cache_for: Option<Span>,
}
