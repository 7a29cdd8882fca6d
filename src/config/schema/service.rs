//! The sections of the daemon itself.

use crate::config::units::{Size, Span};
use serde::Deserialize;
use std::path::PathBuf;

/// `[http]`: the listener for applications.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Http {
    pub listen: Option<String>,
    pub tls: Option<Tls>,
    pub max_body: Option<Size>,
    pub max_csv: Option<Size>,
    pub header_timeout: Option<Span>,
    pub body_timeout: Option<Span>,
    pub idle_timeout: Option<Span>,
    pub max_connections: Option<u32>,
    pub max_connections_per_address: Option<u32>,
    pub proxy_from: Option<Vec<String>>,
}

/// The certificate of a listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// `[port.*]`: a listener for clients of another service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Port {
    pub listen: Option<String>,
    pub tls: Option<Tls>,
    pub app: Option<String>,
}

/// `[admin]`: the listener for operators.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Admin {
    pub listen: Option<String>,
}

/// `[store]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Store {
    pub path: Option<PathBuf>,
    pub url: Option<String>,
    pub durability: Option<String>,
    pub on_damage: Option<String>,
    pub gather: Option<Span>,
    pub min_free: Option<Size>,
    pub max_queued: Option<u64>,
    pub retention: Option<Span>,
    pub erase_text: Option<String>,
}

/// `[numbers]`: whose numbers are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Numbers {
    pub prefixes_file: Option<PathBuf>,
}

/// `[cdr]`: a line for each part that ended.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Cdr {
    pub path: Option<PathBuf>,
    pub mask: Option<bool>,
}

/// `[clock]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Clock {
    pub gap_max: Option<Span>,
    pub believe_after: Option<Span>,
}

/// `[shutdown]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Shutdown {
    pub drain_timeout: Option<Span>,
}

/// `[log]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct Log {
    pub format: Option<String>,
    pub level: Option<String>,
}
