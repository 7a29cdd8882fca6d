//! The address of a service that is asked over HTTP.

use crate::config::compile::tls;
use crate::config::error::Findings;
use crate::config::schema::carrier::TlsChoice;
use crate::wire::tls::TlsClient;

/// A URL as it is written, and the choice of TLS beside it, each with its path.
pub(super) struct Written<'a> {
    pub(super) path: String,
    pub(super) url: Option<&'a str>,
    pub(super) tls_path: String,
    pub(super) tls: Option<&'a TlsChoice>,
}

/// What stands in a URL.
pub(super) struct Address<'a> {
    /// `host:port`, to connect to.
    pub(super) authority: Box<str>,
    /// As the request names it.
    pub(super) host: &'a str,
    /// TLS, where it begins with `https`.
    pub(super) tls: Option<TlsClient>,
    /// Path and query, with placeholders.
    pub(super) target: String,
}

impl<'a> Written<'a> {
    /// Reads it; `None` where it is missing or no URL.
    pub(super) fn address(&self, findings: &mut Findings) -> Option<Address<'a>> {
        let Some(url) = self.url else {
            if !findings.is_faulty(&self.path) {
                findings.fault(&self.path, "this key is required");
            }
            return None;
        };
        let split = url.split_once("://").map(|(scheme, rest)| {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            (scheme, &rest[..end], &rest[end..])
        });
        let (secure, host, target) = match split {
            Some(("https", host, target)) => (true, host, target),
            Some(("http", host, target)) => (false, host, target),
            _ => {
                findings.fault(&self.path, "is not an address that begins with http:// or https://");
                return None;
            }
        };
        let port = host.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
        let named = port.map_or(host, |it| it.0);
        let bad_port = port.is_some_and(|(_, it)| it.parse::<u16>().ok().is_none_or(|it| it == 0));
        let plain = named.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._[]:".contains(&it));
        if named.is_empty() || !plain || bad_port {
            findings.fault(&self.path, format!("{host:?} is not a host, or a host and a port"));
            return None;
        }
        let default = if secure { 443 } else { 80 };
        let authority = if port.is_some() { host.into() } else { format!("{host}:{default}").into() };
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Some(Address { authority, host, tls: self.tls(secure, findings), target })
    }

    fn tls(&self, secure: bool, findings: &mut Findings) -> Option<TlsClient> {
        match (secure, self.tls) {
            (true, Some(TlsChoice::Plain(false))) => {
                findings.fault(&self.tls_path, "false contradicts the url, which begins with https://");
                None
            }
            (true, None) => tls::client(&self.path, &TlsChoice::Plain(true), findings),
            (true, Some(choice)) => tls::client(&self.tls_path, choice, findings),
            (false, Some(TlsChoice::Plain(true) | TlsChoice::Table(_))) => {
                findings.fault(&self.tls_path, "contradicts the url, which begins with http://");
                None
            }
            (false, _) => None,
        }
    }
}
