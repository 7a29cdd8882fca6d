//! What an HTTP listener is allowed, and how long it waits.

use crate::dispatch::door::plan::Subnet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Octets of a request's head at most: many times what an API key needs.
pub(super) const HEAD_MAX: usize = 64 * 1024;

/// One HTTP listener and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where it listens.
    pub listen: Listen,
    /// TLS, if it speaks it; never on a unix socket.
    pub tls: Option<Tls>,
    /// The longest body in octets. Default 1 MiB: some 10,000 recipients.
    pub max_body: usize,
    /// The longest body that is CSV, in octets. Default 32 MiB: 100,000 recipients with a text of their own.
    pub max_csv: usize,
    /// How long the head of a request may take. Default 10 s.
    pub header_timeout: Duration,
    /// How long its body may take. Default 30 s.
    pub body_timeout: Duration,
    /// How long a connection may stand idle between requests. Default 60 s.
    pub idle_timeout: Duration,
    /// Connections in all. Default 10,000; each takes a descriptor and some 10 KiB.
    pub max_connections: usize,
    /// Connections of one address. Default 1,000.
    pub max_connections_per_address: usize,
    /// Proxies that are believed when they say for whom they ask. Default none.
    pub proxy_from: Subnets,
}

/// Networks, of which an address may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subnets(pub Vec<Subnet>);

impl Subnets {
    /// Whether one of them has this address.
    pub fn hold(&self, address: IpAddr) -> bool {
        let bits = match address {
            IpAddr::V4(it) => it.to_ipv6_mapped().to_bits(),
            IpAddr::V6(it) => it.to_bits(),
        };
        self.0.iter().any(|it| it.contains(bits))
    }
}

/// Where a listener listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An address and a port; port 0 is any free one.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl fmt::Display for Listen {
    /// As it is written in a configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The certificate of a listener, and its key, both in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The chain, leaf first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Http {
    /// A listener with every limit at its default.
    pub const fn at(listen: Listen) -> Self {
        Self {
            listen,
            tls: None,
            max_body: 1 << 20,
            max_csv: 32 << 20,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            max_connections: 10_000,
            max_connections_per_address: 1_000,
            proxy_from: Subnets(Vec::new()),
        }
    }

    /// The listener for applications, where the configuration says nothing.
    pub fn applications() -> Self {
        Self::at(Listen::local(8080))
    }

    /// The listener for operators, where the configuration says nothing.
    pub fn operators() -> Self {
        Self::at(Listen::local(8081))
    }
}

impl Listen {
    fn local(port: u16) -> Self {
        Self::Tcp(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// Reads `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/nuncio/http.sock`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("unix:") {
            Some(path) => path.starts_with('/').then(|| Self::Unix(path.into())),
            None => text.parse().ok().map(Self::Tcp),
        }
    }
}
