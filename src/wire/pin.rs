//! A peer that is known by its very certificate or key, not by who signed it.
//!
//! Carriers with certificates of their own making are common. A pin is stricter than any
//! root: exactly this certificate is accepted, or any with exactly this key, whatever name or
//! date it bears. Before the carrier changes it, its next one has to be pinned beside it.

use crate::wire::certificate::Certificate;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// A SHA-256, of a certificate in DER (what `openssl x509 -fingerprint -sha256` prints) or of its
/// SubjectPublicKeyInfo (what RFC 7469 pins; it outlives a renewal that keeps the key). They need
/// no mark: no certificate has the digest of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin([u8; 32]);

/// It is no SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a pin is 64 hexadecimal digits, with colons between the octets or without")]
pub struct NotAPin;

impl Pin {
    /// The pin of this certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }

    /// The pin of the first certificate of a PEM file: the leaf of its chain.
    pub fn of_file(path: &Path) -> Result<Self, rustls::pki_types::pem::Error> {
        CertificateDer::from_pem_file(path).map(|it| Self::of(&it))
    }

    /// The pin of the public key of this certificate; `None` when it cannot be read.
    pub fn of_key(certificate: &CertificateDer<'_>) -> Option<Self> {
        Certificate::read(certificate).map(|it| Self(Sha256::digest(it.public_key).into()))
    }

    /// Its octets.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The certificate of the peer is none that is pinned.
#[derive(Debug, Error)]
#[error("it is not pinned; its SHA-256 is {0:?}")]
pub struct NotPinned(pub Pin);

impl FromStr for Pin {
    type Err = NotAPin;

    fn from_str(text: &str) -> Result<Self, NotAPin> {
        let digits: Vec<u32> =
            text.chars().filter(|it| *it != ':').map(|it| it.to_digit(16).ok_or(NotAPin)).collect::<Result<_, _>>()?;
        let mut pin = [0; 32];
        if digits.len() != 2 * pin.len() {
            return Err(NotAPin);
        }
        for (octet, pair) in pin.iter_mut().zip(digits.chunks(2)) {
            *octet = (pair[0] << 4 | pair[1]) as u8;
        }
        Ok(Self(pin))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

/// The CA certificates of a file.
#[derive(Debug)]
pub(super) struct Authorities {
    pub(super) verifier: Arc<WebPkiServerVerifier>,
    pub(super) listed: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Like the verifier, and a certificate that stands in the file itself is its own authority: many a
    /// carrier signs its own, marked as a CA, which no verifier takes as that of a server.
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        (name, ocsp_response): (&ServerName<'_>, &[u8]),
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.verifier.verify_server_cert(certificate, chain, name, ocsp_response, now);
        if verified.is_ok() || !self.listed.iter().any(|it| it == certificate) {
            return verified;
        }
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if Certificate::read(certificate).is_none_or(|it| it.expires.unix_timestamp() < seconds) {
            return Err(Error::InvalidCertificate(CertificateError::Expired));
        }
        verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
        Ok(ServerCertVerified::assertion())
    }
}

/// Accepts what is pinned and nothing else, if anything is pinned. That the peer holds the key is proved by the
/// handshake's signature, which is verified as always.
#[derive(Debug)]
pub(super) struct PinnedVerifier {
    pub(super) pins: Vec<Pin>,
    /// What the certificate has to come from, where a CA is named.
    pub(super) authorities: Option<Authorities>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = Pin::of(end_entity);
        let pinned = self.pins.contains(&found) || Pin::of_key(end_entity).is_some_and(|it| self.pins.contains(&it));
        if !self.pins.is_empty() && !pinned {
            return Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(NotPinned(found))))));
        }
        match &self.authorities {
            Some(it) => it.verify(end_entity, intermediates, (server_name, ocsp_response), now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_with_colons_and_without() {
        let colons = ["AB"; 32].join(":");
        let plain = "ab".repeat(32);
        assert_eq!(colons.parse(), Ok(Pin([0xAB; 32])));
        assert_eq!(plain.parse(), Ok(Pin([0xAB; 32])));
        for wrong in ["", "ab", &"ab".repeat(33), &"ax".repeat(32)] {
            assert_eq!(wrong.parse::<Pin>(), Err(NotAPin), "{wrong}");
        }
    }
}
