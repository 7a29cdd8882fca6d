//! Whose request it is: of who connected, or of whom a proxy that is believed names.

use crate::api::handler::auth::ClientAddress;
use crate::api::handler::problem::Problem;
use crate::api::server::connection_limit::{self, ConnectionLimit, Seat};
use crate::api::server::forwarded;
use crate::api::server::options::Subnets;
use crate::telemetry::meters::http::TurnedAway;
use axum::http::HeaderMap;
use std::sync::Arc;

/// Who is at the other end of a connection.
#[derive(Clone)]
pub(crate) enum Caller {
    /// Who asks; the connection counts for this address.
    Itself(ClientAddress),
    /// A proxy, which names those who ask with each request: requests count as connections do.
    Behind(ClientAddress, Arc<Subnets>, Arc<ConnectionLimit>),
}

impl Caller {
    /// Who asks, and the place of that request while it runs.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Result<(ClientAddress, Option<Seat>), Problem> {
        let (proxy, proxies, limit) = match self {
            Self::Itself(client) => return Ok((*client, None)),
            Self::Behind(proxy, proxies, limit) => (proxy, proxies, limit),
        };
        let Some(address) = forwarded::client(headers, proxies)? else { return Ok((*proxy, None)) };
        let client = ClientAddress(address);
        match ConnectionLimit::sit(limit, client) {
            Some(seat) => Ok((client, Some(seat))),
            None => Err(connection_limit::refusal(TurnedAway::Address)),
        }
    }
}
