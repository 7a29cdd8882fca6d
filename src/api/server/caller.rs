//! Whose request it is: of who connected, or of whom a proxy that is believed names.

use crate::api::handler::auth::Peer;
use crate::api::handler::problem::Problem;
use crate::api::server::forwarded;
use crate::api::server::options::Subnets;
use crate::api::server::places::{self, Places, Seat};
use crate::telemetry::meters::http::TurnedAway;
use axum::http::HeaderMap;
use std::sync::Arc;

/// Who is at the other end of a connection.
#[derive(Clone)]
pub(crate) enum Caller {
    /// Who asks; the connection counts for this address.
    Itself(Peer),
    /// A proxy, which names those who ask with each request: requests count as connections do.
    Behind(Peer, Arc<Subnets>, Arc<Places>),
}

impl Caller {
    /// Who asks, and the place of that request while it runs.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Result<(Peer, Option<Seat>), Problem> {
        let (proxy, proxies, places) = match self {
            Self::Itself(peer) => return Ok((*peer, None)),
            Self::Behind(proxy, proxies, places) => (proxy, proxies, places),
        };
        let Some(address) = forwarded::client(headers, proxies)? else { return Ok((*proxy, None)) };
        let peer = Peer(address);
        match Places::sit(places, peer) {
            Some(seat) => Ok((peer, Some(seat))),
            None => Err(places::refusal(TurnedAway::Address)),
        }
    }
}
