//! The tables of a carrier over HTTP: what it is asked, what it answers, and how it calls us.

use crate::wire::secret::Secret;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `[carrier.request]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Request {
    pub method: Option<String>,
    pub format: Option<String>,
    pub headers: BTreeMap<String, String>,
    pub body: Option<String>,
    pub element: Option<String>,
    pub separator: Option<String>,
    pub batch: Option<u32>,
    pub encodings: BTreeMap<String, String>,
}

/// `[carrier.answer]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Answer {
    pub statuses: BTreeMap<String, String>,
    pub code: Option<String>,
    pub codes: BTreeMap<String, String>,
    pub texts: BTreeMap<String, String>,
    pub id: Option<String>,
    pub id_after: Option<String>,
    pub id_until: Option<String>,
    pub elements: Option<String>,
}

/// `[carrier.receipt]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Receipt {
    pub url: Option<String>,
    pub secret: Option<Secret<String>>,
    pub secret_file: Option<PathBuf>,
    pub secret_env: Option<String>,
    pub secret_credential: Option<String>,
    pub elements: Option<String>,
    pub id: Option<String>,
    pub status: Option<String>,
    pub error: Option<String>,
    pub to: Option<String>,
    pub statuses: BTreeMap<String, String>,
    pub challenge: Option<String>,
}
