//! The places for connections: so many in all, and so many for each address.

use crate::api::handler::auth::ClientAddress;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::server::options::Http;
use crate::telemetry::meters::http::TurnedAway;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// When who was turned away should come again: connections end within seconds, where they end.
pub(crate) const COME_AGAIN: Duration = Duration::from_secs(5);

/// How many connections there are and were.
#[derive(Debug, Default)]
pub struct Counts {
    /// Open now.
    pub open: AtomicU64,
    /// Refused because there were too many.
    pub refused: AtomicU64,
    /// Refused because there were too many of one address.
    pub refused_by_address: AtomicU64,
    /// Closed because a proxy did not say for whom they were.
    pub unread: AtomicU64,
    /// Times that nothing could be accepted.
    pub failed: AtomicU64,
}

/// The places of a listener.
pub(crate) struct ConnectionLimit {
    free: Arc<Semaphore>,
    all: u32,
    per_address: usize,
    taken: Mutex<HashMap<IpAddr, usize, foldhash::fast::RandomState>>,
    pub(crate) counts: Arc<Counts>,
}

impl ConnectionLimit {
    pub(crate) fn new(options: &Http) -> Self {
        let all = u32::try_from(options.max_connections).unwrap_or(u32::MAX).min(1 << 24);
        Self {
            free: Arc::new(Semaphore::new(all as usize)),
            all,
            per_address: options.max_connections_per_address,
            taken: Mutex::default(),
            counts: Arc::default(),
        }
    }

    /// A place among all.
    pub(crate) fn enter(limit: &Arc<Self>) -> Option<ConnectionPermit> {
        let permit = Arc::clone(&limit.free).try_acquire_owned().ok()?;
        limit.counts.open.fetch_add(1, Ordering::Relaxed);
        Some(ConnectionPermit { limit: Arc::clone(limit), _permit: permit })
    }

    /// A place among those of an address.
    pub(crate) fn sit(limit: &Arc<Self>, client: ClientAddress) -> Option<Seat> {
        let address = counted_as(client.0);
        let mut taken = limit.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_insert(0);
        (*count < limit.per_address).then(|| {
            *count += 1;
            Seat { limit: Arc::clone(limit), address }
        })
    }

    /// Resolves when no connection is left.
    pub(crate) async fn all_free(&self) {
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

/// A taken place among all; free again when it is dropped.
pub(crate) struct ConnectionPermit {
    limit: Arc<ConnectionLimit>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.limit.counts.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A taken place of an address; free again when it is dropped.
pub(crate) struct Seat {
    limit: Arc<ConnectionLimit>,
    address: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.limit.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            // Addresses come and go; only those with connections are remembered.
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// The refusal, of a connection or of a request that counts as one.
pub(crate) fn refusal(reason: TurnedAway) -> Problem {
    let detail = match reason {
        TurnedAway::Address => "There are as many connections of this address as there may be.",
        TurnedAway::All | TurnedAway::Proxy => "There are as many connections as there may be.",
    };
    Problem::new(Kind::TooManyConnections, detail).after(COME_AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::server::options::Listen;

    #[test]
    fn an_address_has_its_share_and_gives_it_back() {
        let options = Http { max_connections: 3, max_connections_per_address: 2, ..Http::at(Listen::Unix("/".into())) };
        let limit = Arc::new(ConnectionLimit::new(&options));
        let (one, other) = (ClientAddress([10, 0, 0, 1].into()), ClientAddress([10, 0, 0, 2].into()));
        let held = [ConnectionLimit::sit(&limit, one), ConnectionLimit::sit(&limit, one)];
        assert!(held.iter().all(Option::is_some) && ConnectionLimit::sit(&limit, one).is_none());
        assert!(ConnectionLimit::sit(&limit, other).is_some());
        let all = [(); 3].map(|()| ConnectionLimit::enter(&limit));
        assert!(all.iter().all(Option::is_some) && ConnectionLimit::enter(&limit).is_none(), "three in all");
        assert_eq!(limit.counts.open.load(Ordering::Relaxed), 3);
        drop((held, all));
        assert_eq!(limit.counts.open.load(Ordering::Relaxed), 0);
        assert!(limit.taken.lock().unwrap().is_empty());
        assert!(ConnectionLimit::sit(&limit, one).is_some() && ConnectionLimit::enter(&limit).is_some());
    }

    #[test]
    fn neighbours_of_ipv6_count_as_one() {
        let of = |text: &str| counted_as(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
