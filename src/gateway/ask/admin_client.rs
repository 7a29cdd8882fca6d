//! The way to the listener for operators: TCP, TLS or a unix socket, as the configuration has it.

use crate::api::server::options::{Http, Listen};
use crate::config;
use crate::gateway::ask::AskError;
use crate::gateway::ask::options::Where;
use crate::gateway::demo::client::{Client, ClientError};
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

/// A gateway that is asked.
pub(super) struct AdminClient {
    client: Client,
    /// How long it keeps messages that ended.
    kept: Duration,
}

impl AdminClient {
    /// Connects to the gateway of a configuration.
    pub(super) async fn open(place: &Where) -> Result<Self, AskError> {
        let key = place.key()?;
        let draft = config::read(&place.config)?;
        let admin = draft.admin();
        let client = connect(admin, &key).await.map_err(|why| AskError::NotThere {
            at: admin.listen.to_string(),
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

async fn connect(admin: &Http, key: &str) -> Result<Client, String> {
    let address = match &admin.listen {
        Listen::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(|error| error.to_string())?;
            return Client::over(stream, "localhost", key).await.map_err(|error| error.to_string());
        }
        Listen::Tcp(address) => reachable(*address),
    };
    if address.port() == 0 {
        return Err(
            "port 0 is any free one, which is not written there; NUNCIO_ADMIN_LISTEN can say which it is".to_owned()
        );
    }
    let tls = admin.tls.as_ref().map(|it| secured(&it.certificate)).transpose()?;
    let target = ConnectTarget {
        addresses: vec![address.to_string()],
        local_address: None,
        connect_timeout: CONNECT_TIMEOUT,
        tls,
        guard: None,
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
