//! The address of a service that is asked over HTTP.

use crate::config::compile::tls;
use crate::config::error::Findings;
use crate::config::schema::carrier::TlsChoice;
use crate::wire::tls::TlsClient;
use crate::wire::url::{HttpUrl, UrlError};

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
    /// Whether a stranger may have its port called.
    pub(super) port: Result<(), UrlError>,
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
        match HttpUrl::parse(url) {
            Ok(url) => {
                let (tls, port) = (self.tls(url.secure, findings), url.check_port());
                Some(Address { authority: url.authority().into(), host: url.named, tls, target: url.target, port })
            }
            Err(error) => {
                findings.fault(&self.path, error.to_string());
                None
            }
        }
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
