//! TCP connections, plain or secured, and how they are made.

use crate::dispatch::door::plan::Subnet;
use crate::wire::guard;
use crate::wire::passage::Passage;
use crate::wire::stream::Stream;
use crate::wire::tls::{TlsClient, TlsError};
use socket2::{SockRef, TcpKeepalive};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;

/// How long a connection is quiet before the system probes it. `enquire_link` is quicker;
/// this frees what it cannot, such as connections of which the peer knows nothing.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);

/// Connections that may wait while another is served: the right one may come behind a stranger's.
const BACKLOG: u32 = 16;

/// How often the system then probes.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(15);

/// Where to connect to, and how.
#[derive(Clone, Debug)]
pub struct ConnectTarget {
    /// `host:port`, tried in this order; a name may stand for several addresses.
    pub addresses: Vec<String>,
    /// The address to connect from; the system's choice if there is none.
    pub local_address: Option<IpAddr>,
    /// How long one address may take, until TLS is agreed upon. 10 s suit most.
    pub connect_timeout: Duration,
    /// TLS, if it is spoken.
    pub tls: Option<TlsClient>,
    /// Which addresses may be dialled, where a customer names it; any, where the operator does.
    pub guard: Option<Guard>,
    /// Leads to somebody in this process, and no address is dialled.
    pub passage: Option<Passage>,
}

/// Keeps a connection from addresses that are not public, but for these networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Networks that an operator allows besides.
    pub allowed: Arc<[Subnet]>,
}

impl Guard {
    /// Whether a name that stands for these addresses may be called. Each has to pass: one that is bad says what the
    /// name is for, and may be the one that is given first the next time.
    pub fn allows_all(&self, found: &[SocketAddr]) -> bool {
        found.iter().all(|it| guard::allows(it.ip(), &self.allowed))
    }
}

/// Names that customers chose are looked up so many at once at most: each holds a thread, and of a zone that is dead it
/// does so for seconds.
static LOOKUPS: Semaphore = Semaphore::const_new(32);

/// Connects to the first address that takes the connection.
pub async fn connect(target: &ConnectTarget) -> Result<(Stream, SocketAddr), ConnectError> {
    if let Some(passage) = &target.passage {
        return Ok((Stream::Inside(passage.open()), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
    }
    let mut tries = Vec::new();
    for name in &target.addresses {
        let found = match tokio::time::timeout(target.connect_timeout, find(name, target.guard.as_ref())).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tries.push(Try { at: name.clone(), why: Refusal::Name(error) });
                continue;
            }
            Err(_) => {
                tries.push(Try { at: name.clone(), why: Refusal::NameTimeout });
                continue;
            }
        };
        if target.guard.as_ref().is_some_and(|it| !it.allows_all(&found)) {
            tries.push(Try { at: name.clone(), why: Refusal::Blocked });
            continue;
        }
        // An address family that we cannot connect from is not worth a try.
        let fits = |it: &SocketAddr| target.local_address.is_none_or(|local| local.is_ipv4() == it.is_ipv4());
        for address in found.into_iter().filter(fits) {
            match connect_to(target, name, address).await {
                Ok(stream) => return Ok((stream, address)),
                Err(why) => tries.push(Try { at: format!("{name} ({address})"), why }),
            }
        }
    }
    Err(ConnectError { tries })
}

/// The addresses of a name.
async fn find(name: &str, guard: Option<&Guard>) -> io::Result<Vec<SocketAddr>> {
    let _turn = match guard {
        Some(_) => Some(LOOKUPS.acquire().await.expect("it is never closed")),
        None => None,
    };
    Ok(tokio::net::lookup_host(name).await?.collect())
}

/// Nobody took the connection.
#[derive(Debug)]
pub struct ConnectError {
    /// What was tried, in order.
    pub tries: Vec<Try>,
}

/// One address and what became of it.
#[derive(Debug)]
pub struct Try {
    /// The address, as configured and as resolved.
    pub at: String,
    /// Why not.
    pub why: Refusal,
}

/// Why an address did not take the connection.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The name has no address.
    #[error("the name cannot be resolved: {0}")]
    Name(io::Error),
    /// The name was not resolved in time.
    #[error("the name was not resolved in time")]
    NameTimeout,
    /// It is not to be dialled. Which address it is stays here: it would tell of what is behind us.
    #[error("an address of it is not a public one")]
    Blocked,
    /// TCP failed.
    #[error("{0}")]
    Tcp(io::Error),
    /// TCP was not connected in time.
    #[error("no connection in time")]
    TcpTimeout,
    /// TLS failed.
    #[error(transparent)]
    Tls(TlsError),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tries.is_empty() {
            return f.write_str("there is no address to connect to");
        }
        for (n, Try { at, why }) in self.tries.iter().enumerate() {
            let separator = if n == 0 { "" } else { "; " };
            write!(f, "{separator}{at}: {why}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConnectError {}

/// Listens for the one peer that connects to us.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections from before may still be remembered by the system.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Waits for a connection.
pub async fn accept(listener: &TcpListener) -> io::Result<(Stream, SocketAddr)> {
    let (tcp, address) = listener.accept().await?;
    prepare(&tcp)?;
    Ok((Stream::Plain(tcp), address))
}

async fn connect_to(target: &ConnectTarget, name: &str, address: SocketAddr) -> Result<Stream, Refusal> {
    let by = tokio::time::Instant::now() + target.connect_timeout;
    let tcp = match tokio::time::timeout_at(by, connect_tcp(target.local_address, address)).await {
        Ok(connected) => connected.map_err(Refusal::Tcp)?,
        Err(_) => return Err(Refusal::TcpTimeout),
    };
    let Some(tls) = &target.tls else {
        return Ok(Stream::Plain(tcp));
    };
    let host = name.rsplit_once(':').map_or(name, |(host, _)| host);
    match tokio::time::timeout_at(by, tls.connect(host, tcp)).await {
        Ok(secured) => secured.map_err(Refusal::Tls),
        Err(_) => Err(Refusal::Tls(TlsError::Timeout)),
    }
}

async fn connect_tcp(local: Option<IpAddr>, address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(local) = local {
        socket.bind(SocketAddr::new(local, 0))?;
    }
    let tcp = socket.connect(address).await?;
    prepare(&tcp)?;
    Ok(tcp)
}

/// Makes a connection, made or accepted, fit for PDUs: they leave at once, and a peer that
/// has vanished is noticed.
pub fn prepare(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    SockRef::from(tcp).set_tcp_keepalive(&keepalive)
}
