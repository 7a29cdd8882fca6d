//! Who calls: a key names an account, and the account what may be done.

use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::time::now;
use crate::dispatch::door::plan::{Account, Plan, Scopes, Subnet};
use crate::message::id::AccountId;
use crate::message::time::Time;
use axum::http::{Extensions, HeaderMap, header};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use subtle::ConstantTimeEq;

/// Where a request comes from; a unix socket counts as the loopback address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Whoever comes through a unix socket.
    pub const LOCAL: Self = Self(IpAddr::V4(Ipv4Addr::LOCALHOST));

    fn is_in(self, networks: &[Subnet]) -> bool {
        let address = match self.0 {
            IpAddr::V4(it) => it.to_ipv6_mapped().to_bits(),
            IpAddr::V6(it) => it.to_bits(),
        };
        networks.is_empty() || networks.iter().any(|it| it.contains(address))
    }
}

/// The keys of a plan.
///
/// A key is found by its SHA-256 in a map. The map's own comparison is not constant in time,
/// which is safe: a caller cannot choose the digest of what he sends, so what the time of a
/// look-up tells of a stored digest leads to no key. The digest that was found is compared
/// once more in constant time, so that not even the last comparison depends on the map.
pub struct Directory {
    /// The plan that these are the keys of.
    pub plan: Arc<Plan>,
    keys: HashMap<[u8; 32], Key, foldhash::fast::RandomState>,
}

/// A key: its digest once more, whose it is, and when it was good for something last.
struct Key {
    digest: [u8; 32],
    account: AccountId,
    /// In milliseconds of the wall; 0 is never.
    used: Arc<AtomicU64>,
}

impl Directory {
    /// The keys of `plan`; what is known of their use goes on.
    pub fn of(plan: Arc<Plan>, before: Option<&Self>) -> Self {
        let of_account = |account: &Account| {
            let key = |digest: &[u8; 32]| {
                let known = before.and_then(|it| it.keys.get(digest)).map(|it| Arc::clone(&it.used));
                (*digest, Key { digest: *digest, account: account.id, used: known.unwrap_or_default() })
            };
            account.keys.iter().map(key).collect::<Vec<_>>()
        };
        let keys = plan.accounts.values().flat_map(of_account).collect();
        Self { plan, keys }
    }

    /// When a key was good for something last, since the start.
    pub(crate) fn last_use(&self, digest: &[u8; 32]) -> Time {
        self.keys.get(digest).map_or(Time::NEVER, |it| Time(it.used.load(Ordering::Relaxed)))
    }

    /// The account whose key the headers carry, if it may do what one of `scopes` names from where it calls.
    pub fn admit(&self, headers: &HeaderMap, client: ClientAddress, scopes: &[Scope]) -> Result<&Account, Problem> {
        let key = key(headers).ok_or_else(|| {
            Problem::new(Kind::Unauthorized, "Send the key as Authorization: Bearer KEY or X-API-KEY: KEY.")
        })?;
        let digest: [u8; 32] = Sha256::digest(key).into();
        let known = self.keys.get(&digest).filter(|it| bool::from(it.digest.ct_eq(&digest)));
        let account = known
            .and_then(|it| self.plan.accounts.get(&it.account))
            .filter(|it| it.active)
            .ok_or_else(|| Problem::new(Kind::Unauthorized, "The key is not known, or its account is not active."))?;
        if !client.is_in(&account.allow_from) {
            return Err(Problem::new(Kind::NetworkRefused, "The account may not be used from this address."));
        }
        if !scopes.iter().any(|it| it.is_in(account.scopes)) {
            let words: Vec<&str> = scopes.iter().map(|it| it.word()).collect();
            return Err(Problem::new(Kind::ScopeMissing, format!("The key lacks the scope {}.", words.join(" or "))));
        }
        if let Some(key) = known {
            key.used.store(now().0, Ordering::Relaxed);
        }
        Ok(account)
    }
}

closed_set! {
    /// What a request needs its key to be good for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Scope: word {
        /// To send, or to take back.
        Send "send",
        /// To read.
        Read "read",
        /// To tell whether codes came back.
        Verify "verify",
        /// To say where events are told.
        Webhooks "webhooks",
        /// To see and do what concerns every account.
        Admin "admin",
    }
}

impl Scope {
    const fn is_in(self, scopes: Scopes) -> bool {
        match self {
            Self::Send => scopes.send,
            Self::Read => scopes.read,
            Self::Verify => scopes.verify,
            Self::Webhooks => scopes.webhooks,
            Self::Admin => scopes.admin,
        }
    }
}

/// Whence a request comes; the server notes it on each.
pub(crate) fn client_address(extensions: &Extensions) -> ClientAddress {
    extensions.get::<ClientAddress>().copied().unwrap_or(ClientAddress::LOCAL)
}

/// The key in the headers, if there is one.
fn key(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, key) = value.as_bytes().split_at_checked(7)?;
        return scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii());
    }
    headers.get("x-api-key").map(|it| it.as_bytes().trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn keys_are_read_from_either_header() {
        let of = |name: &'static str, value: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::HeaderName::from_static(name), HeaderValue::from_static(value))]);
            key(&headers).map(<[u8]>::to_vec)
        };
        assert_eq!(of("authorization", "Bearer  abc ").as_deref(), Some(&b"abc"[..]));
        assert_eq!(of("authorization", "bearer abc").as_deref(), Some(&b"abc"[..]));
        assert_eq!(of("x-api-key", "abc").as_deref(), Some(&b"abc"[..]));
        assert_eq!(of("authorization", "Basic abc"), None);
        assert_eq!(of("authorization", "x"), None);
    }

    #[test]
    fn an_ipv4_caller_is_in_an_ipv4_network() {
        let network = Subnet { address: Ipv4Addr::new(10, 1, 0, 0).to_ipv6_mapped().to_bits(), bits: 96 + 16 };
        assert!(ClientAddress(Ipv4Addr::new(10, 1, 2, 3).into()).is_in(&[network]));
        assert!(!ClientAddress(Ipv4Addr::new(10, 2, 2, 3).into()).is_in(&[network]));
        assert!(!ClientAddress(std::net::Ipv6Addr::LOCALHOST.into()).is_in(&[network]));
        assert!(ClientAddress::LOCAL.is_in(&[]));
    }
}
