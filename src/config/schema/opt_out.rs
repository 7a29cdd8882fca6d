//! `[opt_out]`: who does not want to be written to.

use serde::Deserialize;
use std::path::PathBuf;

/// `[opt_out]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "config/nuncio.toml explains each key")]
pub struct OptOut {
    pub keywords: Option<Vec<String>>,
    pub lone_keywords: Option<Vec<String>>,
    pub start_keywords: Option<Vec<String>>,
    pub scope: Option<String>,
    pub suppressions_file: Option<PathBuf>,
}
