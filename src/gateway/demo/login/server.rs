//! The sockets of the page, and their bounds.

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower_service::Service;

/// Connections at a time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 64;
/// How long the head of a request may take, and a connection may stand idle.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// Octets of a head.
const HEAD_MAX: usize = 16 * 1024;
/// How long answers that are under way may take once it ends.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long nothing is accepted after accepting failed: most likely there are no descriptors.
const REST: Duration = Duration::from_millis(100);

/// Where a request comes from.
#[derive(Clone, Copy)]
pub(super) struct PersonAt(pub(super) IpAddr);

/// Serves until `stop` turns true, and then to the end of what is under way.
pub(super) async fn serve(listener: TcpListener, routes: Router, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stop.wait_for(|it| *it) => break,
        };
        match accepted {
            Ok((stream, from)) => drop(connections.spawn(answer(stream, from.ip(), routes.clone(), stop.clone()))),
            Err(_) => sleep(REST).await,
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    _ = timeout(FAREWELL, ended).await;
}

/// Serves one connection to its end.
async fn answer(stream: TcpStream, from: IpAddr, routes: Router, mut stop: watch::Receiver<bool>) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(PersonAt(from));
        let mut routes = routes.clone();
        async move { routes.call(request.map(Body::new)).await }
    });
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).max_buf_size(HEAD_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // How a connection ends is the browser's business.
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|it| *it) => (),
    }
    connection.as_mut().graceful_shutdown();
    _ = connection.await;
}
