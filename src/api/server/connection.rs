//! One connection, and the clock that ends it.
//!
//! hyper has one time-out for the head of a request, which it also applies to the wait
//! between two requests. These are two things here, so hyper's is off and this clock keeps both:
//!
//! ```text
//! accept ──header_timeout──► first head whole ─► request ─► answer ──idle_timeout──► next octet
//!                                 ▲                                                   │
//!                                 └───────────────────header_timeout──────────────────┘
//! ```
//!
//! A running request has bounds of its own (its body's time, its wait for the loop). A client
//! that does not read its answer is idle, and is cut like any other.

use crate::api::handler::context::{OTHER, OnAnswer};
use crate::api::router::Api;
use crate::api::server::caller::Caller;
use crate::api::server::garbled::Garbled;
use crate::api::server::listener::Octets;
use crate::api::server::options::{HEAD_MAX, Http};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::Instant;

/// Header fields of a request at most.
const HEADERS_MAX: usize = 64;
/// Requests that one HTTP/2 connection may have running.
const STREAMS_MAX: u32 = 250;
/// A clock that looks more often than this only burns.
const TICK_MIN: Duration = Duration::from_millis(5);
/// How long a connection that was told to end may take to write what is left; less where it
/// may not even idle so long.
const FAREWELL: Duration = Duration::from_secs(5);

/// What every connection of a listener is served with.
#[derive(Clone)]
pub(crate) struct Service {
    api: Api,
    /// Counts what no router sees.
    pub(crate) on_answer: Option<Arc<OnAnswer>>,
    builder: Arc<Builder<TokioExecutor>>,
    header_timeout: Duration,
    idle_timeout: Duration,
}

impl Service {
    pub(crate) fn new(api: Api, options: &Http) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_buf_size(HEAD_MAX)
            .max_headers(HEADERS_MAX);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(HEAD_MAX as u32)
            .max_concurrent_streams(STREAMS_MAX)
            .keep_alive_interval(options.idle_timeout / 2)
            .keep_alive_timeout(options.header_timeout);
        Self {
            api,
            on_answer: None,
            builder: Arc::new(builder),
            header_timeout: options.header_timeout,
            idle_timeout: options.idle_timeout,
        }
    }

    /// Serves a connection to its end, which comes early when `stop` turns true.
    pub(crate) async fn serve<S: Octets>(&self, stream: S, caller: Caller, mut stop: watch::Receiver<bool>) {
        let activity = Arc::new(Activity::new());
        let watched = Watched { stream, activity: Arc::clone(&activity) };
        let watched = TokioIo::new(Garbled::new(watched, self.on_answer.clone()));
        let (api, seen, on_answer) = (self.api.clone(), Arc::clone(&activity), self.on_answer.clone());
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            let running = Running::begin(&seen, request.version() == axum::http::Version::HTTP_2);
            let answer = caller.of(request.headers()).map(|(client, seat)| {
                request.extensions_mut().insert(client);
                (api.clone().answer(request.map(Body::new)), seat)
            });
            let refused = answer.as_ref().err().map(|it| it.kind.status());
            if let (Some(status), Some(on_answer)) = (refused, &on_answer) {
                on_answer(OTHER, status, Duration::ZERO);
            }
            async move {
                let answer: Result<axum::http::Response<Body>, Infallible> = match answer {
                    Ok((answer, seat)) => {
                        let answer = answer.await;
                        drop(seat);
                        Ok(answer)
                    }
                    // Its path may be that of a hook, which is a secret.
                    Err(problem) => {
                        let mut answer = problem.answer("/");
                        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                        Ok(answer)
                    }
                };
                drop(running);
                answer
            }
        });
        let mut connection = pin!(self.builder.serve_connection(watched, service));
        tokio::select! {
            // How a connection ends is the client's business: it is gone, or it sent garbage
            // and has been told so.
            _ = connection.as_mut() => return,
            end = activity.end(self.header_timeout, self.idle_timeout) => if end == End::Now { return },
            () = wait_for_stop(&mut stop) => {}
        }
        connection.as_mut().graceful_shutdown();
        // A running request is finished; what was promised is written; then the connection goes.
        tokio::select! {
            _ = connection => {}
            () = activity.quiet(FAREWELL.min(self.idle_timeout)) => {}
        }
    }
}

/// Waits until the process stops; for ever if whoever would say so is gone.
pub(crate) async fn wait_for_stop(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|it| *it).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How a connection that takes too long is ended.
#[derive(PartialEq, Eq)]
enum End {
    /// Nothing was asked, so nothing is owed.
    Now,
    /// It may have the end of an answer to write.
    Kindly,
}

/// What a connection is doing, in milliseconds since it began.
struct Activity {
    began: Instant,
    /// Requests that are being answered.
    running: AtomicU32,
    /// When the last answer was given; 0 before the first.
    answered: AtomicU64,
    /// When the head began that is not whole yet; 0 when there is none.
    head: AtomicU64,
    /// HTTP/2 sends frames of its own between requests, which begin no head.
    http2: AtomicBool,
}

impl Activity {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            running: AtomicU32::new(0),
            answered: AtomicU64::new(0),
            // Whoever connects means to ask: the first head begins with the connection.
            head: AtomicU64::new(1),
            http2: AtomicBool::new(false),
        }
    }

    fn elapsed(&self) -> u64 {
        // Never 0, which means "not".
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// Octets came.
    fn read(&self) {
        let between = self.running.load(Ordering::Relaxed) == 0 && self.head.load(Ordering::Relaxed) == 0;
        if between && !self.http2.load(Ordering::Relaxed) {
            self.head.store(self.elapsed(), Ordering::Relaxed);
        }
    }

    /// Resolves when the connection has taken too long.
    async fn end(&self, header_timeout: Duration, idle_timeout: Duration) -> End {
        loop {
            let head = self.head.load(Ordering::Relaxed);
            let (since, limit, end) = if 0 < self.running.load(Ordering::Relaxed) {
                (self.elapsed(), idle_timeout, End::Kindly)
            } else if 0 < head {
                (head, header_timeout, End::Now)
            } else {
                (self.answered.load(Ordering::Relaxed), idle_timeout, End::Kindly)
            };
            let (now, deadline) = (Instant::now(), self.began + Duration::from_millis(since) + limit);
            if deadline <= now {
                return end;
            }
            // A head may begin at any time and is not announced (that would cost every
            // request), so it is looked for often enough to be cut at most a quarter too late.
            tokio::time::sleep_until(deadline.min(now + (header_timeout / 4).max(TICK_MIN))).await;
        }
    }

    /// Resolves when no request has been running for `limit`.
    async fn quiet(&self, limit: Duration) {
        let mut quiet_since = Instant::now();
        while Instant::now() < quiet_since + limit {
            tokio::time::sleep(limit / 5).await;
            if 0 < self.running.load(Ordering::Relaxed) {
                quiet_since = Instant::now();
            }
        }
    }
}

/// A request that is being answered.
struct Running(Arc<Activity>);

impl Running {
    fn begin(activity: &Arc<Activity>, http2: bool) -> Self {
        activity.running.fetch_add(1, Ordering::Relaxed);
        activity.head.store(0, Ordering::Relaxed);
        if http2 {
            activity.http2.store(true, Ordering::Relaxed);
        }
        Self(Arc::clone(activity))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.answered.store(self.0.elapsed(), Ordering::Relaxed);
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream whose reads are noted.
struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S: Octets> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        if before < into.filled().len() {
            self.activity.read();
        }
        read
    }
}

impl<S: Octets> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, octets)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
