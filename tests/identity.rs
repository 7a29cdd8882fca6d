//! Certificates of `localhost`, made by OpenSSL, to speak TLS with.

use nuncio::wire::pin::Pin;
use nuncio::wire::tls::{Client, ClientOptions, Server, ServerOptions};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A certificate that signs itself, its key, and the folder of both. It expires in two days.
pub(crate) struct Identity {
    folder: TempDir,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Makes one; `None`, and a line that says so, where there is no OpenSSL. In continuous
/// integration there has to be one.
pub(crate) fn identity() -> Option<Identity> {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out"])
        .arg(&key)
        .stderr(Stdio::null())
        .status();
    match made {
        Ok(status) => assert!(status.success(), "openssl made no key"),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "no openssl: {error}");
            println!("skipped: there is no openssl here ({error})");
            return None;
        }
    }
    let identity = Identity { folder, certificate, key };
    identity.renew();
    Some(identity)
}

impl Identity {
    /// Makes another certificate of the same key in the place of the first.
    pub(crate) fn renew(&self) {
        self.make("critical,CA:FALSE");
    }

    /// Makes one that is marked as a CA's, as OpenSSL does unless it is told otherwise.
    pub(crate) fn renew_as_authority(&self) {
        self.make("critical,CA:TRUE");
    }

    fn make(&self, constraints: &str) {
        let constraints = format!("basicConstraints={constraints}");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost", "-addext", &constraints])
            .arg("-key")
            .arg(&self.key)
            .arg("-out")
            .arg(&self.certificate)
            .stderr(Stdio::null())
            .status();
        assert!(made.is_ok_and(|it| it.success()), "openssl made no certificate");
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
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.trusting()).unwrap()
    }

    /// A server that has it.
    pub(crate) fn server(&self) -> Server {
        Server::new(&self.serving(), &[]).unwrap()
    }

    /// How such a server is made.
    pub(crate) fn serving(&self) -> ServerOptions {
        ServerOptions { certificate: self.certificate.clone(), key: self.key.clone(), client_ca: None }
    }
}
