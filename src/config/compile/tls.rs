//! TLS towards a carrier: its files are read here, like passwords, so that a reload sees what changed in them.

use crate::config::compile::service::{private, readable};
use crate::config::error::Findings;
use crate::config::schema::carrier::{Tls, TlsChoice};
use crate::wire::pin::Pin;
use crate::wire::tls::{ClientOptions, MinVersion, Purpose, TlsClient, TlsError};

/// What stands at `path`, ready for connections; `None` without TLS, or when something is wrong with it.
pub fn client(path: &str, written: &TlsChoice, findings: &mut Findings) -> Option<TlsClient> {
    let options = match written {
        TlsChoice::Plain(false) => return None,
        TlsChoice::Plain(true) => ClientOptions::default(),
        TlsChoice::Table(tls) => options(path, tls, findings),
    };
    if findings.is_faulty(path) {
        return None;
    }
    TlsClient::new(&options).map_err(|error| findings.fault(&culprit(path, &error), error.to_string())).ok()
}

fn options(path: &str, tls: &Tls, findings: &mut Findings) -> ClientOptions {
    let at = |key: &str| format!("{path}.{key}");
    for (key, file) in
        [("ca_file", &tls.ca_file), ("client_certificate", &tls.client_certificate), ("client_key", &tls.client_key)]
    {
        if let Some(file) = file {
            readable(&at(key), file, findings);
        }
    }
    if let Some(file) = &tls.client_key {
        private(&at("client_key"), file, findings);
    }
    match (&tls.client_certificate, &tls.client_key) {
        (Some(_), None) => findings.fault(&at("client_key"), "client_certificate needs its key"),
        (None, Some(_)) => findings.fault(&at("client_certificate"), "client_key needs its certificate"),
        (Some(_), Some(_)) | (None, None) => {}
    }
    let pins = pins(&at("pin_sha256"), tls, findings);
    let versions = [("1.2", MinVersion::Tls12), ("1.3", MinVersion::Tls13)];
    ClientOptions {
        ca_file: tls.ca_file.clone(),
        pins,
        server_name: tls.server_name.clone(),
        client_certificate: tls.client_certificate.clone(),
        client_key: tls.client_key.clone(),
        min_version: findings.choose(&at("min_version"), tls.min_version.as_deref(), &versions, MinVersion::Tls12),
    }
}

fn pins(path: &str, tls: &Tls, findings: &mut Findings) -> Vec<Pin> {
    let Some(written) = &tls.pin_sha256 else { return Vec::new() };
    if written.0.is_empty() {
        findings.fault(path, "pins nothing");
    }
    let mut pins = Vec::new();
    for text in &written.0 {
        match text.parse() {
            Ok(pin) => pins.push(pin),
            Err(error) => findings.fault(path, format!("{text:?}: {error}")),
        }
    }
    pins
}

/// The key that an error is about.
fn culprit(path: &str, error: &TlsError) -> String {
    let key = match error {
        TlsError::File { purpose: Purpose::Authorities, .. } => "ca_file",
        TlsError::File { purpose: Purpose::Certificate, .. } | TlsError::Identity(_) => "client_certificate",
        TlsError::File { purpose: Purpose::Key, .. } | TlsError::Mismatch { .. } => "client_key",
        TlsError::Name(_) => "server_name",
        _ => return path.to_owned(),
    };
    format!("{path}.{key}")
}
