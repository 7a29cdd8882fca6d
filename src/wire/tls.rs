//! TLS, as client towards carriers and as server for the HTTP listeners and the simulator.
//!
//! Certificates are always verified: against a pin or a CA file if there is one, otherwise
//! against the roots that the platform trusts. Files are read once, when the options are.

use crate::wire::pin::{Pin, PinnedVerifier};
use crate::wire::transport::Stream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// How to speak TLS to a carrier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// PEM file of the CA certificates to trust, instead of the platform's roots.
    pub ca_file: Option<PathBuf>,
    /// The one certificate to accept, whoever signed it; then `ca_file` does not matter.
    pub pin: Option<Pin>,
    /// The name that the certificate must bear, if it is not the host of the address.
    pub server_name: Option<String>,
    /// PEM file of our own certificate and its chain, where the carrier asks for one.
    pub client_certificate: Option<PathBuf>,
    /// PEM file of its key.
    pub client_key: Option<PathBuf>,
}

/// How to speak TLS to those who connect to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// PEM file of the certificate and its chain.
    pub certificate: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
}

/// The client's side, ready for connections.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
}

/// The server's side, ready for connections.
#[derive(Clone, Debug)]
pub struct Server {
    config: Arc<ServerConfig>,
}

/// What is wrong with TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be used.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate without its key, or the other way round.
    #[error("a client certificate needs its key, and a key its certificate")]
    HalfIdentity,
    /// Key and certificate do not fit, or cannot be used.
    #[error("the certificate and its key cannot be used: {0}")]
    Identity(rustls::Error),
    /// The platform trusts nobody that we know of.
    #[error("the platform has no trusted roots: name a ca_file ({0})")]
    NoRoots(String),
    /// A certificate cannot bear this name.
    #[error("{0} is no name of a server")]
    Name(String),
    /// The peer's certificate is not accepted.
    #[error("the certificate of the peer is not accepted: {0}")]
    Untrusted(rustls::CertificateError),
    /// The peer sent something that is not TLS.
    #[error("the peer does not speak TLS here: it sent plain text")]
    PlainText,
    /// The peer refused the handshake.
    #[error("the peer refused TLS: {0:?}")]
    Refused(rustls::AlertDescription),
    /// The peer closed during the handshake.
    #[error("the peer closed the connection during the TLS handshake; perhaps it does not speak TLS here")]
    Closed,
    /// The peer did not finish the handshake.
    #[error("no TLS handshake in time; perhaps the peer does not speak TLS here")]
    Timeout,
    /// Another fault of the handshake.
    #[error("the TLS handshake failed: {0}")]
    Handshake(io::Error),
}

impl Client {
    /// Reads the files.
    pub fn new(options: &ClientOptions) -> Result<Self, TlsError> {
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Identity)?;
        let builder = match (options.pin, &options.ca_file) {
            (Some(pin), _) => {
                let verifier = PinnedVerifier { pin, provider };
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
            (None, Some(path)) => builder.with_root_certificates(roots_of(path)?),
            (None, None) => builder.with_root_certificates(platform_roots()?),
        };
        let config = match (&options.client_certificate, &options.client_key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => builder
                .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
                .map_err(TlsError::Identity)?,
            _ => return Err(TlsError::HalfIdentity),
        };
        let server_name = options.server_name.as_deref().map(name).transpose()?;
        Ok(Self { config: Arc::new(config), server_name })
    }

    /// Secures a connection just made to `host`.
    pub async fn connect(&self, host: &str, tcp: TcpStream) -> Result<Stream, TlsError> {
        let server_name = match &self.server_name {
            Some(name) => name.clone(),
            None => name(host)?,
        };
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let tls = connector.connect(server_name, tcp).await.map_err(TlsError::of)?;
        Ok(Stream::Tls(Box::new(TlsStream::Client(tls))))
    }
}

impl Server {
    /// Reads the files. `protocols` are what ALPN offers, best first; empty for SMPP.
    pub fn new(options: &ServerOptions, protocols: &[&str]) -> Result<Self, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Identity)?
            .with_no_client_auth()
            .with_single_cert(certificates(&options.certificate)?, private_key(&options.key)?)
            .map_err(TlsError::Identity)?;
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Ok(Self { config: Arc::new(config) })
    }

    /// Secures a connection just accepted. The caller limits its time.
    pub async fn accept(&self, tcp: TcpStream) -> Result<Stream, TlsError> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        let tls = acceptor.accept(tcp).await.map_err(TlsError::of)?;
        Ok(Stream::Tls(Box::new(TlsStream::Server(tls))))
    }
}

impl TlsError {
    /// Says what a failed handshake means.
    fn of(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Self::Closed;
        }
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidMessage(_)) => Self::PlainText,
            Some(rustls::Error::InvalidCertificate(why)) => Self::Untrusted(why.clone()),
            Some(rustls::Error::AlertReceived(why)) => Self::Refused(*why),
            _ => Self::Handshake(error),
        }
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn name(host: &str) -> Result<ServerName<'static>, TlsError> {
    // An IPv6 address stands in brackets where a port follows.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))
}

fn platform_roots() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        let why = found.errors.first().map_or_else(|| "none is installed".to_owned(), ToString::to_string);
        return Err(TlsError::NoRoots(why));
    }
    Ok(roots)
}

fn roots_of(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| unusable(path, error))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err(unusable(path, "there is no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(path, error)),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, why: impl ToString) -> TlsError {
    TlsError::File { path: path.to_owned(), why: why.to_string() }
}
