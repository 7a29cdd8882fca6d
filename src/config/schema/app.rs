//! `[[app]]` and `[keys]`.

use crate::config::units::Span;
use crate::wire::secret::Secret;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `[[app]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct App {
    pub id: String,
    pub route: u32,
    #[serde(default)]
    pub sender: Option<String>,
    #[serde(default)]
    pub code: Code,
    #[serde(default)]
    pub lifetime: Option<Span>,
    #[serde(default)]
    pub checks: Option<u64>,
    #[serde(default)]
    pub resend_after: Option<Span>,
    #[serde(default)]
    pub resend: Option<String>,
    #[serde(default)]
    pub channels: Option<Vec<String>>,
    #[serde(default)]
    pub auto_channel: Option<bool>,
    #[serde(default)]
    pub countries: Vec<String>,
    #[serde(default)]
    pub max_price: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub text: BTreeMap<String, String>,
    #[serde(default)]
    pub voice: Option<Way>,
    #[serde(default)]
    pub whatsapp: Option<Way>,
    #[serde(default)]
    pub email: Option<Way>,
    #[serde(default)]
    pub notice: BTreeMap<String, String>,
    #[serde(default)]
    pub locale: Option<String>,
    #[serde(default)]
    pub brand: Option<String>,
    #[serde(default)]
    pub app_hash: Option<String>,
    #[serde(default)]
    pub domain: Option<String>,
    #[serde(default)]
    pub embedded_domain: Option<String>,
    #[serde(default)]
    pub profile: Option<String>,
    #[serde(default)]
    pub alternative: Option<String>,
    #[serde(default)]
    pub risk: Option<Risk>,
    #[serde(default)]
    pub dlt_template_id: Option<String>,
    #[serde(default)]
    pub test_numbers: BTreeMap<String, Secret<String>>,
}

/// A channel of an app beside SMS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Way {
    pub route: u32,
    #[serde(default)]
    pub text: BTreeMap<String, String>,
}

/// The code of an app.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Code {
    pub length: Option<u64>,
    pub alphabet: Option<String>,
}

/// What is thought of the risk that a number is somebody else's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Risk {
    pub accepted: Option<String>,
}

/// `[keys]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Keys {
    pub ring_file: Option<PathBuf>,
    pub ring_credential: Option<String>,
}
