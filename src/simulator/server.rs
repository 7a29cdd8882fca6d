//! The simulated carrier behind a listener.

use crate::simulator::carrier::SimulatedCarrier;
use crate::simulator::ledger::Keep;
use crate::simulator::options::Options;
use crate::simulator::stats::Stats;
use crate::wire::stream::Stream;
use crate::wire::tls;
use crate::wire::transport::prepare;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Connections at a time; each costs a task and two buffers. More are closed at once.
const CONNECTIONS_MAX: usize = 1_024;

/// How long nothing is accepted after accepting failed: most likely there are no descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How long sessions may take to end once the carrier stops: longer than an unbind waits.
const STOP_MAX: Duration = Duration::from_secs(6);

/// Listens and serves until `shutdown` is ready; returns how often what happened.
pub async fn run(options: &Options, shutdown: impl Future<Output = ()>) -> io::Result<Stats> {
    SmscServer::bind(options).await?.run(shutdown).await
}

/// A carrier that listens.
#[derive(Debug)]
pub struct SmscServer {
    listener: TcpListener,
    carrier: SimulatedCarrier,
    ledger: Option<File>,
    tls: Option<tls::TlsServer>,
}

impl SmscServer {
    /// Binds the address and opens the ledger. Connections are taken once it runs.
    pub async fn bind(options: &Options) -> io::Result<Self> {
        let ledger = match &options.ledger {
            Some(path) => Some(OpenOptions::new().create(true).append(true).open(path)?),
            None => None,
        };
        let keep = if ledger.is_some() { Keep::UntilTaken } else { Keep::Nothing };
        let carrier = SimulatedCarrier::new(options.behaviour(), options.seed, keep);
        let tls = options.tls().map(|it| tls::TlsServer::new(&it, &[])).transpose().map_err(io::Error::other)?;
        Ok(Self { ledger, tls, ..Self::with(options.listen, carrier).await? })
    }

    /// The same for a carrier that is there already, without a file for its ledger.
    pub async fn with(listen: SocketAddr, carrier: SimulatedCarrier) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(listen).await?, carrier, ledger: None, tls: None })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The carrier, to look into it or to change it while it runs.
    pub fn carrier(&self) -> SimulatedCarrier {
        self.carrier.clone()
    }

    /// Serves until `shutdown` is ready, then unbinds; returns how often what happened. Ends
    /// early with an error when the ledger cannot be written.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<Stats> {
        let Self { listener, carrier, mut ledger, tls } = self;
        let mut connections = JoinSet::new();
        {
            let mut writing = pin!(write(&carrier, ledger.as_mut()));
            let mut time = pin!(carrier.keep_time());
            tokio::select! {
                error = &mut writing => return Err(error),
                () = &mut time => (),
                () = accept(&listener, &carrier, tls.as_ref(), &mut connections) => (),
                () = shutdown => (),
            }
            drop(listener);
            carrier.unbind_all();
            let ended = async { while connections.join_next().await.is_some() {} };
            tokio::select! {
                error = &mut writing => return Err(error),
                () = &mut time => (),
                _ = tokio::time::timeout(STOP_MAX, ended) => (),
            }
        }
        connections.shutdown().await;
        if let Some(file) = &mut ledger {
            append(&carrier, file)?;
        }
        Ok(carrier.stats())
    }
}

/// Takes connections for ever.
async fn accept(
    listener: &TcpListener,
    carrier: &SimulatedCarrier,
    tls: Option<&tls::TlsServer>,
    connections: &mut JoinSet<()>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) if connections.len() < CONNECTIONS_MAX && prepare(&stream).is_ok() => {
                let (carrier, tls) = (carrier.clone(), tls.cloned());
                connections.spawn(async move {
                    if let Some(stream) = secure(stream, tls).await {
                        _ = carrier.serve(stream).await;
                    }
                });
            }
            Ok(_) => (),
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Agrees upon TLS, if it is spoken; `None` with a peer that does not.
async fn secure(tcp: TcpStream, tls: Option<tls::TlsServer>) -> Option<Stream> {
    let Some(tls) = tls else { return Some(Stream::Plain(tcp)) };
    timeout(HANDSHAKE_MAX, tls.accept(tcp)).await.ok()?.ok()
}

/// Writes the ledger as it grows; returns only if that fails.
async fn write(carrier: &SimulatedCarrier, ledger: Option<&mut File>) -> io::Error {
    let Some(file) = ledger else { return std::future::pending().await };
    loop {
        carrier.await_noted().await;
        if let Err(error) = append(carrier, file) {
            return error;
        }
    }
}

/// Appends what stands in the ledger, in one write.
fn append(carrier: &SimulatedCarrier, file: &mut File) -> io::Result<()> {
    let mut lines = String::new();
    for submit in carrier.take_submits() {
        lines.push_str(&submit.to_json());
        lines.push('\n');
    }
    file.write_all(lines.as_bytes())
}
