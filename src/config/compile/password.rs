//! Where a secret comes from: the configuration itself, a file, the environment, or systemd.

use crate::config::Environment;
use crate::config::compile::service::private;
use crate::config::error::Findings;
use crate::config::source::without_mark;
use crate::wire::secret::Secret;
use std::fs;
use std::path::{Path, PathBuf};

/// A secret as it is written: under `key` itself, or under one of `key_file`, `key_env` and `key_credential`.
pub struct Sources<'a> {
    /// The first of the keys.
    pub key: &'static str,
    /// The secret.
    pub text: Option<&'a Secret<String>>,
    /// The file that it is in.
    pub file: Option<&'a PathBuf>,
    /// The variable that it is in.
    pub env: Option<&'a String>,
    /// The name under which systemd gives it.
    pub credential: Option<&'a String>,
}

impl Sources<'_> {
    /// The secret, of at most so many octets, which there must be; empty after a fault.
    pub fn required(
        &self,
        path: &str,
        len_max: usize,
        environment: &Environment,
        findings: &mut Findings,
    ) -> Secret<Box<str>> {
        let key = self.key;
        let known = ["", "_file", "_env", "_credential"].map(|it| format!("{path}.{key}{it}"));
        let secret = self.optional(path, len_max, environment, findings);
        if secret.is_none() && !known.iter().any(|it| findings.is_faulty(it)) {
            let message = format!("this key is required, or one of {key}_file, {key}_env and {key}_credential");
            findings.fault(&known[0], message);
        }
        secret.unwrap_or_default()
    }

    /// The secret, of at most so many octets, if there is one.
    pub fn optional(
        &self,
        path: &str,
        len_max: usize,
        environment: &Environment,
        findings: &mut Findings,
    ) -> Option<Secret<Box<str>>> {
        let key = self.key;
        let given: Vec<String> = [
            ("", self.text.is_some()),
            ("_file", self.file.is_some()),
            ("_env", self.env.is_some()),
            ("_credential", self.credential.is_some()),
        ]
        .into_iter()
        .filter(|(_, given)| *given)
        .map(|(end, _)| format!("{key}{end}"))
        .collect();
        let at = format!("{path}.{}", given.last()?);
        if given.len() != 1 {
            findings.fault(&at, format!("{} exclude each other", given.join(" and ")));
            return None;
        }
        if let Some(file) = self.file {
            private(&at, file, findings);
        }
        match self.found(environment) {
            Ok(text) if text.contains('\0') || len_max < text.len() => {
                findings.fault(&at, format!("a {key} has at most {len_max} octets, and no NUL"));
                None
            }
            Ok(text) => Some(Secret::new(text.into())),
            Err(message) => {
                findings.fault(&at, message);
                None
            }
        }
    }

    fn found(&self, environment: &Environment) -> Result<String, String> {
        if let Some(text) = self.text {
            Ok(text.expose().clone())
        } else if let Some(file) = self.file {
            read(file)
        } else if let Some(name) = self.env {
            environment.get(name).cloned().ok_or_else(|| format!("{name} is not in the environment"))
        } else {
            let name = self.credential.map_or("", String::as_str);
            let folder = environment.get("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                "systemd gave no credentials: CREDENTIALS_DIRECTORY is not in the environment".to_owned()
            })?;
            read(&Path::new(folder).join(name))
        }
    }
}

/// A file without the mark at its beginning and the end of its last line, which editors put there.
fn read(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Ok(without_mark(&text).trim_end_matches(['\r', '\n']).to_owned())
}
