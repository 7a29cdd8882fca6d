//! Certificates of `localhost`, to speak TLS with.

use nuncio::wire::pin::Pin;
use nuncio::wire::tls::{ClientOptions, ServerOptions, TlsClient, TlsError, TlsServer};
use nuncio::wire::transport::{ConnectError, ConnectTarget, Refusal};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use time::OffsetDateTime;

/// How long a certificate is good.
const LIFETIME: Duration = Duration::from_secs(2 * 86_400);

/// A certificate that signs itself, its key, and the folder of both. It expires in two days.
pub(crate) struct Identity {
    folder: TempDir,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Makes one.
pub(crate) fn identity() -> Identity {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let identity = Identity { folder, certificate, key };
    identity.renew();
    identity
}

impl Identity {
    /// Makes another certificate of the same key in the place of the first.
    pub(crate) fn renew(&self) {
        self.make(IsCa::ExplicitNoCa);
    }

    /// Makes one that is marked as a CA's, as OpenSSL does unless it is told otherwise.
    pub(crate) fn renew_as_authority(&self) {
        self.make(IsCa::Ca(BasicConstraints::Unconstrained));
    }

    fn make(&self, is_ca: IsCa) {
        let key = KeyPair::from_pem(&std::fs::read_to_string(&self.key).unwrap()).unwrap();
        let mut certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
        certificate.is_ca = is_ca;
        certificate.not_before = OffsetDateTime::now_utc() - Duration::from_secs(60);
        certificate.not_after = OffsetDateTime::now_utc() + LIFETIME;
        std::fs::write(&self.certificate, certificate.self_signed(&key).unwrap().pem()).unwrap();
    }

    /// A file of its folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The certificate in DER.
    pub(crate) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(&self.certificate).unwrap()
    }

    /// What its pin is.
    pub(crate) fn pin(&self) -> Pin {
        Pin::of(&self.der())
    }

    /// Trusts it.
    pub(crate) fn trusting(&self) -> ClientOptions {
        ClientOptions { ca_file: Some(self.certificate.clone()), ..ClientOptions::default() }
    }

    /// A client that trusts it.
    pub(crate) fn client(&self) -> TlsClient {
        TlsClient::new(&self.trusting()).unwrap()
    }

    /// A server that has it.
    pub(crate) fn server(&self) -> TlsServer {
        TlsServer::new(&self.serving(), &[]).unwrap()
    }

    /// How such a server is made.
    pub(crate) fn serving(&self) -> ServerOptions {
        ServerOptions { certificate: self.certificate.clone(), key: self.key.clone(), client_ca: None }
    }
}

/// `localhost` at a port, with TLS or without.
pub(crate) fn target(port: u16, tls: Option<TlsClient>) -> ConnectTarget {
    ConnectTarget {
        addresses: vec![format!("localhost:{port}")],
        local_address: Some([127, 0, 0, 1].into()),
        connect_timeout: Duration::from_secs(5),
        tls,
        guard: None,
        passage: None,
    }
}

/// The one reason for which TLS was not agreed upon.
pub(crate) fn why(error: ConnectError) -> TlsError {
    let [only] = <[_; 1]>::try_from(error.tries).unwrap();
    match only.why {
        Refusal::Tls(why) => why,
        other => panic!("not TLS: {other}"),
    }
}
