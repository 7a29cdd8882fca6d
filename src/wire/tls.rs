//! TLS, as client towards carriers and as server for the HTTP listeners and the simulator.
//!
//! Certificates are always verified: against pins or a CA file if there are such, otherwise
//! against the roots that the platform trusts. Files are read once, when a side is made of them;
//! what changes in them is seen by making it anew. A client remembers the sessions of its peers,
//! so that it is worth keeping: a connection that is made again needs no full handshake.

use crate::wire::pin::{Authorities, NotPinned, Pin, PinnedVerifier};
use crate::wire::stream::Stream;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use sha2::{Digest, Sha256};
use std::fmt;
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
    /// The certificates or keys to accept, whoever signed them; with `ca_file` that CA must have, too.
    pub pins: Vec<Pin>,
    /// The name that the certificate must bear, if it is not the host of the address.
    pub server_name: Option<String>,
    /// PEM file of our own certificate and its chain, where the carrier asks for one.
    pub client_certificate: Option<PathBuf>,
    /// PEM file of its key.
    pub client_key: Option<PathBuf>,
    /// The oldest version that is spoken.
    pub min_version: MinVersion,
}

/// The oldest version of TLS that is spoken; the newest is always 1.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinVersion {
    /// TLS 1.2: RFC 5246.
    #[default]
    Tls12,
    /// TLS 1.3: RFC 8446.
    Tls13,
}

/// How to speak TLS to those who connect to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// PEM file of the certificate and its chain.
    pub certificate: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
    /// PEM file of the CA certificates that a peer's own certificate must come from; without
    /// one, peers need no certificate.
    pub client_ca: Option<PathBuf>,
}

/// The client's side, ready for connections. Clones share the sessions that may be resumed; two are
/// equal when files of the same contents and the same options made them.
#[derive(Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    /// The digest of all that it was made of, key included.
    made_of: [u8; 32],
}

impl PartialEq for TlsClient {
    fn eq(&self, other: &Self) -> bool {
        self.made_of == other.made_of
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

/// The server's side, ready for connections.
#[derive(Clone, Debug)]
pub struct TlsServer {
    config: Arc<ServerConfig>,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Certificates that are trusted.
    Authorities,
    /// A certificate of our own.
    Certificate,
    /// Its key.
    Key,
}

/// What is wrong with TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be used.
    #[error("{}: {why}", path.display())]
    File {
        /// What it is for.
        purpose: Purpose,
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate without its key, or the other way round.
    #[error("a client certificate needs its key, and a key its certificate")]
    HalfIdentity,
    /// A key that belongs to another certificate.
    #[error("{} is not the key of the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// Key and certificate cannot be used.
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
    /// The peer's certificate is none of those that are pinned; this is its SHA-256.
    #[error("the certificate of the peer is not pinned; its SHA-256 is {0:?}")]
    NotPinned(Pin),
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

impl TlsClient {
    /// Reads the files.
    pub fn new(options: &ClientOptions) -> Result<Self, TlsError> {
        let provider = provider();
        let mut made_of = Contents::default();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&options.min_version.and_later())
            .map_err(TlsError::Identity)?;
        made_of.note(&[options.min_version as u8]);
        made_of.note(options.server_name.as_deref().unwrap_or_default().as_bytes());
        made_of.note_all(options.pins.iter().map(Pin::as_bytes));
        let builder = match (&options.ca_file, options.pins.is_empty()) {
            (None, true) => {
                let trusted = platform_roots()?;
                made_of.note_all(&trusted);
                builder.with_root_certificates(roots(trusted, None)?)
            }
            (ca_file, _) => {
                let listed = ca_file.as_ref().map(|it| certificates(Purpose::Authorities, it)).transpose()?;
                made_of.note_all(listed.as_deref().unwrap_or_default());
                let authorities = listed.zip(ca_file.as_ref());
                let authorities = authorities.map(|(it, path)| authorities_of(it, path, &provider)).transpose()?;
                let verifier = PinnedVerifier { pins: options.pins.clone(), authorities, provider };
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let config = match (&options.client_certificate, &options.client_key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let (chain, private) = identity(certificate, key)?;
                made_of.note_all(&chain);
                made_of.note(private.secret_der());
                let built = builder.with_client_auth_cert(chain, private);
                built.map_err(|error| TlsError::of_identity(error, certificate, key))?
            }
            _ => return Err(TlsError::HalfIdentity),
        };
        let server_name = options.server_name.as_deref().map(name).transpose()?;
        Ok(Self { config: Arc::new(config), server_name, made_of: made_of.0.finalize().into() })
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

/// The CA certificates of a file, ready to verify against.
fn authorities_of(
    listed: Vec<CertificateDer<'static>>,
    path: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Authorities, TlsError> {
    let roots = Arc::new(roots(listed.clone(), Some(path))?);
    let built = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
    Ok(Authorities { verifier: built.map_err(|error| unusable(Purpose::Authorities, path, error))?, listed })
}

impl TlsServer {
    /// Reads the files. `protocols` are what ALPN offers, best first; empty for SMPP.
    pub fn new(options: &ServerOptions, protocols: &[&str]) -> Result<Self, TlsError> {
        let ServerOptions { certificate, key, client_ca } = options;
        let provider = provider();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Identity)?;
        let builder = match client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let trusted = roots(certificates(Purpose::Authorities, path)?, Some(path))?;
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|it| unusable(Purpose::Authorities, path, it))?)
            }
        };
        let (chain, private) = identity(certificate, key)?;
        let built = builder.with_single_cert(chain, private);
        let mut config = built.map_err(|error| TlsError::of_identity(error, certificate, key))?;
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

impl MinVersion {
    fn and_later(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::Tls12 => vec![&TLS13, &TLS12],
            Self::Tls13 => vec![&TLS13],
        }
    }
}

impl TlsError {
    /// Says what a failed handshake means.
    fn of(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        if matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe) {
            return Self::Closed;
        }
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidMessage(_)) => Self::PlainText,
            Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(why))) => {
                match why.0.downcast_ref::<NotPinned>() {
                    Some(NotPinned(found)) => Self::NotPinned(*found),
                    None => Self::Untrusted(rustls::CertificateError::Other(why.clone())),
                }
            }
            Some(rustls::Error::InvalidCertificate(why)) => Self::Untrusted(why.clone()),
            Some(rustls::Error::AlertReceived(why)) => Self::Refused(*why),
            _ => Self::Handshake(error),
        }
    }

    fn of_identity(error: rustls::Error, certificate: &Path, key: &Path) -> Self {
        match error {
            rustls::Error::InconsistentKeys(_) => {
                Self::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() }
            }
            other => Self::Identity(other),
        }
    }
}

/// The alert with which the peer ended a connection after the handshake, if that is how it ended:
/// with TLS 1.3 a client hears only then that its own certificate is not accepted.
pub fn alert(error: &io::Error) -> Option<rustls::AlertDescription> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(why) => Some(*why),
        _ => None,
    }
}

/// A digest of several contents, each with its length, so that no two lists are the same octets.
#[derive(Default)]
struct Contents(Sha256);

impl Contents {
    fn note(&mut self, octets: &[u8]) {
        self.0.update((octets.len() as u64).to_be_bytes());
        self.0.update(octets);
    }

    fn note_all<T: AsRef<[u8]>>(&mut self, all: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>) {
        let all = all.into_iter();
        self.0.update((all.len() as u64).to_be_bytes());
        all.for_each(|it| self.note(it.as_ref()));
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

/// What the platform trusts, in an order that is the same each time.
fn platform_roots() -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let mut found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first().map_or_else(|| "none is installed".to_owned(), ToString::to_string);
        return Err(TlsError::NoRoots(why));
    }
    found.certs.sort_unstable_by(|a, b| a.as_ref().cmp(b.as_ref()));
    Ok(found.certs)
}

/// Of a file every certificate must be usable; of the platform some may be beyond us.
fn roots(trusted: Vec<CertificateDer<'static>>, file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        if let (Err(error), Some(path)) = (roots.add(certificate), file) {
            return Err(unusable(Purpose::Authorities, path, error));
        }
    }
    if roots.is_empty() {
        return Err(TlsError::NoRoots("none of them can be read".to_owned()));
    }
    Ok(roots)
}

fn identity(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(Purpose::Key, key, error))?;
    Ok((certificates(Purpose::Certificate, certificate)?, private))
}

fn certificates(purpose: Purpose, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err(unusable(purpose, path, "there is no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(purpose, path, error)),
    }
}

fn unusable(purpose: Purpose, path: &Path, why: impl ToString) -> TlsError {
    TlsError::File { purpose, path: path.to_owned(), why: why.to_string() }
}
