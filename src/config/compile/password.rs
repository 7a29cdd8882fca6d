//! Where a carrier's password comes from: the file itself, another file, the environment, or systemd.

use crate::config::Environment;
use crate::config::error::Findings;
use crate::config::schema::carrier::Carrier;
use crate::smpp::encode::PASSWORD_MAX;
use crate::wire::secret::Secret;
use std::fs;
use std::path::Path;

/// The password of a carrier; empty after a fault.
pub fn password(path: &str, written: &Carrier, environment: &Environment, findings: &mut Findings) -> Secret<Box<str>> {
    let given: Vec<&str> = [
        ("password", written.password.is_some()),
        ("password_file", written.password_file.is_some()),
        ("password_env", written.password_env.is_some()),
        ("password_credential", written.password_credential.is_some()),
    ]
    .into_iter()
    .filter_map(|(key, given)| given.then_some(key))
    .collect();
    let keys = ["password", "password_file", "password_env", "password_credential"];
    if given.is_empty() && keys.iter().any(|it| findings.is_faulty(&format!("{path}.{it}"))) {
        return Secret::default();
    }
    if given.len() != 1 {
        let message = match given[..] {
            [] => "this key is required, or one of password_file, password_env and password_credential".to_owned(),
            _ => format!("{} exclude each other", given.join(" and ")),
        };
        findings.fault(&format!("{path}.{}", given.last().unwrap_or(&"password")), message);
        return Secret::default();
    }
    let at = format!("{path}.{}", given[0]);
    let found = match written {
        Carrier { password: Some(text), .. } => Ok(text.expose().clone()),
        Carrier { password_file: Some(file), .. } => read(file),
        Carrier { password_env: Some(name), .. } => {
            environment.get(name).cloned().ok_or_else(|| format!("{name} is not in the environment"))
        }
        Carrier { password_credential: Some(name), .. } => match environment.get("CREDENTIALS_DIRECTORY") {
            Some(folder) => read(&Path::new(folder).join(name)),
            None => Err("systemd gave no credentials: CREDENTIALS_DIRECTORY is not in the environment".to_owned()),
        },
        _ => Ok(String::new()),
    };
    match found {
        Ok(text) if text.contains('\0') || PASSWORD_MAX < text.len() => {
            findings.fault(&at, "a password has at most 32 octets, and no NUL");
            Secret::default()
        }
        Ok(text) => Secret::new(text.into()),
        Err(message) => {
            findings.fault(&at, message);
            Secret::default()
        }
    }
}

/// A file without the end of its last line, which editors put there.
fn read(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
