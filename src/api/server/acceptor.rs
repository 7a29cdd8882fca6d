//! Who comes in: a connection gets its places and is served, or is turned away with a word.
//!
//! ```text
//! accept ─► place among all ─► from a proxy that is believed? ─► place of the address ─► TLS ─► desk
//!               │                   │ PROXY header               │
//!               └── 503, closed     └── malformed: closed        └── 503, closed
//! ```
//!
//! What it costs to turn somebody away is bounded as well: so many at once, for so long, and one line of the log a
//! minute.

use crate::api::handler::auth::ClientAddress;
use crate::api::handler::context::OnTurnedAway;
use crate::api::server::caller::Caller;
use crate::api::server::connection::Service;
use crate::api::server::connection_limit::{COME_AGAIN, ConnectionLimit, ConnectionPermit, refusal};
use crate::api::server::listener::{Accepted, Octets};
use crate::api::server::options::{Http, Subnets};
use crate::api::server::proxy::{self, Preface};
use crate::telemetry::meters::http::TurnedAway;
use crate::wire::stream::Stream;
use crate::wire::tls;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};

/// Connections that are being turned away at once; each has a descriptor and 4 KiB. More are closed without a word.
const FAREWELLS: usize = 256;
/// How long turning away takes at most, and for half of which a request is waited for: an answer that comes before it
/// may be taken for noise.
const FAREWELL: Duration = Duration::from_secs(1);
/// Reads of 4 KiB of what is still sent meanwhile: unread octets would reset the connection and the answer with it.
const LINGER_READS: usize = 64;
/// How often the log tells of who was turned away.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What every connection of a listener meets.
pub(crate) struct Acceptor {
    pub(crate) service: Service,
    pub(crate) limit: Arc<ConnectionLimit>,
    /// Counts who is turned away.
    pub(crate) on_turned_away: Option<Arc<OnTurnedAway>>,
    tls: Option<tls::TlsServer>,
    header_timeout: Duration,
    proxies: Arc<Subnets>,
    farewells: Arc<Semaphore>,
    told: Mutex<TurnedAwayLog>,
}

/// Who was turned away since the log told of it, by reason.
#[derive(Default)]
struct TurnedAwayLog {
    at: Option<Instant>,
    since: [u64; TurnedAway::ALL.len()],
}

impl Acceptor {
    pub(crate) fn new(service: Service, options: &Http, tls: Option<tls::TlsServer>) -> Self {
        Self {
            service,
            limit: Arc::new(ConnectionLimit::new(options)),
            on_turned_away: None,
            tls,
            header_timeout: options.header_timeout,
            proxies: Arc::new(options.proxy_from.clone()),
            farewells: Arc::new(Semaphore::new(FAREWELLS)),
            told: Mutex::default(),
        }
    }

    /// Serves a connection, if its address has a place left.
    pub(crate) async fn serve(
        self: Arc<Self>,
        accepted: Accepted,
        place: ConnectionPermit,
        stop: watch::Receiver<bool>,
    ) {
        let (client, mut accepted) = (accepted.client(), accepted);
        let Some(caller) = self.whence(&mut accepted, client).await else { return };
        let Caller::Itself(client) = caller else { return self.seat(accepted, caller, stop).await };
        match ConnectionLimit::sit(&self.limit, client) {
            Some(_seat) => self.seat(accepted, caller, stop).await,
            None => {
                drop(place);
                self.turn_away(accepted.of(client), TurnedAway::Address);
            }
        }
    }

    /// For whom a connection is; `None` where a proxy says so and nobody understands it, or says nothing in time.
    async fn whence(&self, accepted: &mut Accepted, client: ClientAddress) -> Option<Caller> {
        if !self.proxies.hold(client.0) {
            return Some(Caller::Itself(client));
        }
        let behind = Caller::Behind(client, Arc::clone(&self.proxies), Arc::clone(&self.limit));
        let Accepted::Tcp(tcp, _) = accepted else { return Some(behind) };
        // Who asks nothing in time is closed as on any other connection.
        match timeout(self.header_timeout, proxy::preface(tcp)).await.unwrap_or(Preface::Gone) {
            Preface::Missing => Some(behind),
            Preface::Own => Some(Caller::Itself(client)),
            Preface::Of(address) => Some(Caller::Itself(ClientAddress(address.to_canonical()))),
            Preface::Malformed => {
                self.note(TurnedAway::Proxy, client);
                None
            }
            Preface::Gone => None,
        }
    }

    async fn seat(&self, accepted: Accepted, caller: Caller, stop: watch::Receiver<bool>) {
        match (accepted, &self.tls) {
            (Accepted::Unix(stream), _) => self.service.serve(stream, caller, stop).await,
            (Accepted::Tcp(tcp, _), None) => self.service.serve(Stream::Plain(tcp), caller, stop).await,
            (Accepted::Tcp(tcp, _), Some(tls)) => {
                // Whoever cannot shake hands in the time of a head gets nothing.
                if let Ok(Ok(stream)) = timeout(self.header_timeout, tls.accept(tcp)).await {
                    self.service.serve(stream, caller, stop).await;
                }
            }
        }
    }

    /// Tells a connection that there is no place for it, and closes it; does not wait for that.
    pub(crate) fn turn_away(&self, accepted: Accepted, reason: TurnedAway) {
        self.note(reason, accepted.client());
        let Ok(permit) = Arc::clone(&self.farewells).try_acquire_owned() else { return };
        let tls = self.tls.clone();
        tokio::spawn(async move {
            // Whether it heard does not matter any more.
            let _ = timeout(FAREWELL, async {
                match (accepted, tls) {
                    (Accepted::Unix(stream), _) => farewell(stream, reason).await,
                    (Accepted::Tcp(tcp, _), None) => farewell(tcp, reason).await,
                    (Accepted::Tcp(tcp, _), Some(tls)) => farewell_secured(tcp, &tls, reason).await,
                }
            })
            .await;
            drop(permit);
        });
    }

    /// Counts who was turned away, and says so once a minute.
    fn note(&self, reason: TurnedAway, client: ClientAddress) {
        let counts = &self.limit.counts;
        let count = match reason {
            TurnedAway::Address => &counts.refused_by_address,
            TurnedAway::All => &counts.refused,
            TurnedAway::Proxy => &counts.unread,
        };
        count.fetch_add(1, Ordering::Relaxed);
        if let Some(on_turned_away) = &self.on_turned_away {
            on_turned_away(reason);
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.since[reason as usize] += 1;
        if told.at.is_none_or(|it| TELL_EVERY <= it.elapsed()) {
            let [address, all, proxy] = told.since;
            tracing::warn!(address, all, proxy, latest = %client.0, "connections are refused");
            *told = TurnedAwayLog { at: Some(Instant::now()), ..TurnedAwayLog::default() };
        }
    }
}

async fn farewell_secured(tcp: TcpStream, tls: &tls::TlsServer, reason: TurnedAway) {
    if let Ok(stream) = tls.accept(tcp).await
        // Frames are not worth their code here: by HTTP/2 it is closed without a word.
        && stream.alpn().is_none_or(|it| it != b"h2")
    {
        farewell(stream, reason).await;
    }
}

/// Says 503 to whatever is asked.
async fn farewell(mut stream: impl Octets, reason: TurnedAway) {
    let mut octets = [0; 4_096];
    if let Ok(Ok(0) | Err(_)) = timeout(FAREWELL / 2, stream.read(&mut octets)).await {
        return;
    }
    if stream.write_all(&answer(reason)).await.is_err() || stream.shutdown().await.is_err() {
        return;
    }
    for _ in 0..LINGER_READS {
        match stream.read(&mut octets).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn answer(reason: TurnedAway) -> Vec<u8> {
    let body = refusal(reason).document("/");
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n\
         retry-after: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        COME_AGAIN.as_secs(),
        body.len(),
    );
    [head.as_bytes(), &body].concat()
}
