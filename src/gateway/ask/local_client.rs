//! The way to a listener of the gateway: TCP, TLS or a unix socket, as the configuration has it.

use crate::api::server::options::{Http, Listen};
use crate::config;
use crate::gateway::ask::AskError;
use crate::gateway::ask::options::Where;
use crate::gateway::client::{Client, ClientError};
use crate::message::time::Time;
use crate::wire::pin::Pin;
use crate::wire::tls::{ClientOptions, TlsClient as Tls};
use crate::wire::transport::{self, ConnectTarget};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::UnixStream;

/// A listener of this machine answers at once, or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Which of the two listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// That of operators.
    Admin,
    /// That of applications.
    Http,
}

impl Door {
    /// Its section of the configuration.
    const fn section(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Http => "http",
        }
    }
}

/// A gateway that is asked.
pub(super) struct LocalClient {
    /// The connection.
    pub(super) client: Client,
    /// How long it keeps messages that ended.
    kept: Duration,
}

impl LocalClient {
    /// Connects to a listener of the gateway of a configuration.
    pub(super) async fn open(place: &Where, door: Door) -> Result<Self, AskError> {
        let key = place.key(door)?;
        let draft = config::read(&place.config)?;
        let listener = if door == Door::Admin { draft.admin() } else { draft.http() };
        let client = connect(listener, door, &key).await.map_err(|why| AskError::NotThere {
            at: listener.listen.to_string(),
            section: door.section(),
            config: place.config.clone(),
            why,
        })?;
        Ok(Self { client, kept: draft.store().retention })
    }

    /// Asks for something.
    pub(super) async fn get(&mut self, target: &str) -> Result<Value, AskError> {
        match self.client.get(target).await {
            Err(ClientError::Refused { status: 404, .. }) => Err(self.nothing()),
            other => other.map_err(AskError::of),
        }
    }

    /// That there is nothing, and since when it would be there.
    #[expect(clippy::disallowed_methods, reason = "it is told to people, and nothing is decided by it")]
    pub(super) fn nothing(&self) -> AskError {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let before = Time(u64::try_from(now.saturating_sub(self.kept).as_millis()).unwrap_or_default());
        AskError::Nothing { kept: self.kept, before: before.to_string() }
    }
}

async fn connect(listener: &Http, door: Door, key: &str) -> Result<Client, String> {
    let address = match &listener.listen {
        Listen::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(|error| error.to_string())?;
            return Client::over(stream, "localhost", key).await.map_err(|error| error.to_string());
        }
        Listen::Tcp(address) => reachable(*address),
    };
    if address.port() == 0 {
        let variable = format!("NUNCIO_{}_LISTEN", door.section().to_uppercase());
        return Err(format!("port 0 is any free one, which is not written there; {variable} can say which it is"));
    }
    let tls = listener.tls.as_ref().map(|it| secured(&it.certificate)).transpose()?;
    let target = ConnectTarget {
        addresses: vec![address.to_string()],
        local_address: None,
        connect_timeout: CONNECT_TIMEOUT,
        tls,
        guard: None,
        passage: None,
    };
    let (stream, _) = transport::connect(&target).await.map_err(|error| error.to_string())?;
    Client::over(stream, &address.to_string(), key).await.map_err(|error| error.to_string())
}

/// Where a listener on every address is reached from the same machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(it) if it.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(it) if it.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// TLS with a listener that shows the very certificate that its configuration names, whatever name that bears.
fn secured(certificate: &Path) -> Result<Tls, String> {
    let pin = Pin::of_file(certificate).map_err(|why| format!("{}: {why}", certificate.display()))?;
    Tls::new(&ClientOptions { pins: vec![pin], ..ClientOptions::default() }).map_err(|error| error.to_string())
}
