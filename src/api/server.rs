//! Takes connections, as many as are allowed, and ends them when told to.

use crate::api::auth::Peer;
use crate::api::connection::{Desk, stopped};
use crate::api::context::OnAnswer;
use crate::api::listener::{Accepted, Listener};
use crate::api::options::Http;
use crate::wire::tls;
use crate::wire::transport::Stream;
use axum::Router;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// What ALPN offers, best first.
pub const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];
/// How long accepting rests when the process has no descriptors left; doubled up to the
/// longest while it lasts.
const REST: Duration = Duration::from_millis(10);
/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(1);

/// A listener, what it serves, and its bounds.
pub struct Server {
    listener: Listener,
    tls: Option<tls::Server>,
    desk: Desk,
    places: Arc<Places>,
    header_timeout: Duration,
}

impl Server {
    /// Serves `router` on `listener`, by TLS where that is given (never on a unix socket), for
    /// which ALPN should offer [`PROTOCOLS`].
    pub fn new(listener: Listener, router: Router, options: &Http, tls: Option<tls::Server>) -> Self {
        Self {
            listener,
            tls,
            desk: Desk::new(router, options),
            places: Arc::new(Places::new(options)),
            header_timeout: options.header_timeout,
        }
    }

    /// The same, which tells of answers that no router gives: to what is no request.
    #[must_use]
    pub fn telling(mut self, on_answer: Arc<OnAnswer>) -> Self {
        self.desk.on_answer = Some(on_answer);
        self
    }

    /// How many connections there are and were.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.places.counts)
    }

    /// Takes connections until `stop` turns true; then takes none, and returns when the last
    /// has ended.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut rest = REST;
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stopped(&mut stop) => break,
            };
            match accepted {
                Ok(accepted) => {
                    rest = REST;
                    // Over the bound the connection is dropped here, which closes it.
                    if let Some(place) = Places::take(&self.places, accepted.peer()) {
                        self.serve(accepted, place, stop.clone());
                    }
                }
                // The client went before we came.
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    self.places.counts.failed.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(error = &error as &dyn std::error::Error, "no connection can be accepted for now");
                    tokio::select! {
                        () = tokio::time::sleep(rest) => {}
                        () = stopped(&mut stop) => break,
                    }
                    rest = (rest * 2).min(REST_MAX);
                }
            }
        }
        drop(self.listener);
        self.places.all_free().await;
    }

    fn serve(&self, accepted: Accepted, place: Place, stop: watch::Receiver<bool>) {
        let (desk, tls, header_timeout, peer) =
            (self.desk.clone(), self.tls.clone(), self.header_timeout, accepted.peer());
        tokio::spawn(async move {
            match (accepted, tls) {
                (Accepted::Unix(stream), _) => desk.serve(stream, peer, stop).await,
                (Accepted::Tcp(tcp, _), None) => desk.serve(Stream::Plain(tcp), peer, stop).await,
                (Accepted::Tcp(tcp, _), Some(tls)) => {
                    // Whoever cannot shake hands in the time of a head gets nothing.
                    if let Ok(Ok(stream)) = tokio::time::timeout(header_timeout, tls.accept(tcp)).await {
                        desk.serve(stream, peer, stop).await;
                    }
                }
            }
            drop(place);
        });
    }
}

/// Errors of `accept` that are about one connection and not about the listener (accept(2)).
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | NotConnected | InvalidInput)
}

/// How many connections there are and were.
#[derive(Debug, Default)]
pub struct Counts {
    /// Open now.
    pub open: AtomicU64,
    /// Closed at once because there were too many.
    pub refused: AtomicU64,
    /// Closed at once because there were too many of one address.
    pub refused_by_address: AtomicU64,
    /// Times that nothing could be accepted.
    pub failed: AtomicU64,
}

/// The places for connections: so many in all, and so many for each address.
struct Places {
    free: Arc<Semaphore>,
    all: u32,
    per_address: usize,
    taken: Mutex<HashMap<IpAddr, usize, foldhash::fast::RandomState>>,
    counts: Arc<Counts>,
}

impl Places {
    fn new(options: &Http) -> Self {
        let all = u32::try_from(options.max_connections).unwrap_or(u32::MAX).min(1 << 24);
        Self {
            free: Arc::new(Semaphore::new(all as usize)),
            all,
            per_address: options.max_connections_per_address,
            taken: Mutex::default(),
            counts: Arc::default(),
        }
    }

    fn take(places: &Arc<Self>, peer: Peer) -> Option<Place> {
        let Ok(permit) = Arc::clone(&places.free).try_acquire_owned() else {
            places.counts.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let address = counted_as(peer.0);
        {
            let mut taken = places.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let count = taken.entry(address).or_insert(0);
            if *count >= places.per_address {
                places.counts.refused_by_address.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            *count += 1;
        }
        places.counts.open.fetch_add(1, Ordering::Relaxed);
        Some(Place { places: Arc::clone(places), address, _permit: permit })
    }

    /// Resolves when no connection is left.
    async fn all_free(&self) {
        let _all = self.free.acquire_many(self.all).await;
    }
}

/// The address that a connection counts for: of IPv6 the /64, since that is what one customer has.
fn counted_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() >> 64 << 64).into(),
    }
}

/// A taken place; free again when it is dropped.
struct Place {
    places: Arc<Places>,
    address: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.counts.open.fetch_sub(1, Ordering::Relaxed);
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            // Addresses come and go; only those with connections are remembered.
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::options::Listen;

    fn places(all: usize, per_address: usize) -> Arc<Places> {
        let options = Http {
            max_connections: all,
            max_connections_per_address: per_address,
            ..Http::at(Listen::Unix("/".into()))
        };
        Arc::new(Places::new(&options))
    }

    #[test]
    fn an_address_has_its_share_and_gives_it_back() {
        let places = places(3, 2);
        let (one, other) = (Peer([10, 0, 0, 1].into()), Peer([10, 0, 0, 2].into()));
        let held = [Places::take(&places, one), Places::take(&places, one)];
        assert!(held.iter().all(Option::is_some) && Places::take(&places, one).is_none());
        let third = Places::take(&places, other);
        assert!(third.is_some() && Places::take(&places, other).is_none(), "three in all");
        let count = |it: &AtomicU64| it.load(Ordering::Relaxed);
        let counts = &places.counts;
        assert_eq!((count(&counts.open), count(&counts.refused), count(&counts.refused_by_address)), (3, 1, 1));
        drop((held, third));
        assert_eq!(count(&counts.open), 0);
        assert!(places.taken.lock().unwrap().is_empty());
        assert!(Places::take(&places, one).is_some());
    }

    #[test]
    fn neighbours_of_ipv6_count_as_one() {
        let of = |text: &str| counted_as(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
