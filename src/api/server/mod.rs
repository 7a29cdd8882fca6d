//! Takes connections, as many as are allowed, and ends them when told to.
//!
//! Here is what happens before a request is one, and whence it comes. What it asks for is not known here.

pub mod options;
mod acceptor;
pub mod connection_limit;
mod proxy;
mod caller;
mod forwarded;
pub mod listener;
mod connection;
mod garbled;
mod line_ends;

use crate::api::handler::context::{OnAnswer, OnTurnedAway};
use crate::api::router::Api;
use crate::api::server::acceptor::Acceptor;
use crate::api::server::connection::{Service, wait_for_stop};
use crate::api::server::connection_limit::{ConnectionLimit, Counts};
use crate::api::server::listener::Listener;
use crate::api::server::options::Http;
use crate::telemetry::meters::http::TurnedAway;
use crate::telemetry::often::Often;
use crate::wire::tls;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

/// What ALPN offers, best first.
pub const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];
/// How long accepting rests when the process has no descriptors left; doubled up to the
/// longest while it lasts.
const REST: Duration = Duration::from_millis(10);
/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(1);

/// A listener, what it serves, and its bounds.
pub struct HttpServer {
    listener: Listener,
    acceptor: Acceptor,
}

impl HttpServer {
    /// Serves `api` on `listener`, by TLS where that is given (never on a unix socket), for
    /// which ALPN should offer [`PROTOCOLS`].
    pub fn new(listener: Listener, api: Api, options: &Http, tls: Option<tls::TlsServer>) -> Self {
        Self { listener, acceptor: Acceptor::new(Service::new(api, options), options, tls) }
    }

    /// The same, which tells of answers that no router gives: to what is no request.
    #[must_use]
    pub fn telling(mut self, on_answer: Arc<OnAnswer>) -> Self {
        self.acceptor.service.on_answer = Some(on_answer);
        self
    }

    /// The same, which tells of connections that are turned away.
    #[must_use]
    pub fn counting(mut self, on_turned_away: Arc<OnTurnedAway>) -> Self {
        self.acceptor.on_turned_away = Some(on_turned_away);
        self
    }

    /// How many connections there are and were.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.acceptor.limit.counts)
    }

    /// Takes connections until `stop` turns true; then takes none, and returns when the last
    /// has ended.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (mut rest, acceptor, often) = (REST, Arc::new(self.acceptor), Often::default());
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = wait_for_stop(&mut stop) => break,
            };
            match accepted {
                Ok(accepted) => {
                    rest = REST;
                    match ConnectionLimit::enter(&acceptor.limit) {
                        Some(place) => drop(tokio::spawn(Arc::clone(&acceptor).serve(accepted, place, stop.clone()))),
                        None => acceptor.turn_away(accepted, TurnedAway::All),
                    }
                }
                // The client went before we came.
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    acceptor.limit.counts.failed.fetch_add(1, Ordering::Relaxed);
                    often!(warn, often, "", "no connection can be accepted for now", %error);
                    tokio::select! {
                        () = tokio::time::sleep(rest) => {}
                        () = wait_for_stop(&mut stop) => break,
                    }
                    rest = (rest * 2).min(REST_MAX);
                }
            }
        }
        drop(self.listener);
        acceptor.limit.all_free().await;
    }
}

/// Errors of `accept` that are about one connection and not about the listener (accept(2)).
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | NotConnected | InvalidInput)
}
