//! The listeners of HTTP: where they are bound, and what they tell.

use crate::api::handler::context::Context;
use crate::api::router::Api;
use crate::api::server::listener::Listener;
use crate::api::server::options::{Http, Tls};
use crate::api::server::{HttpServer, PROTOCOLS};
use crate::gateway::failure::Failure;
use crate::wire::tls;
use std::net::SocketAddr;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Serves an API where a listener is configured, and tells telemetry of it.
pub(super) fn listen(
    options: &Http,
    api: Api,
    context: &Context,
    stop: watch::Receiver<bool>,
) -> Result<(Option<SocketAddr>, JoinHandle<()>), Failure> {
    let at = || options.listen.to_string();
    let listener = Listener::bind(&options.listen).map_err(|cause| Failure::Listen { at: at(), cause })?;
    let address = listener.address();
    let server = |it: &Tls| {
        tls::TlsServer::new(
            &tls::ServerOptions { certificate: it.certificate.clone(), key: it.key.clone(), client_ca: None },
            &PROTOCOLS,
        )
    };
    let tls = options.tls.as_ref().map(server).transpose()?;
    let server = HttpServer::new(listener, api, options, tls).telling(context.wiring.on_answer.clone());
    let server = server.counting(context.wiring.on_turned_away.clone());
    Ok((address, tokio::spawn(server.run(stop))))
}
