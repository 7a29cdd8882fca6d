//! A client of one HTTP/1.1 server: connections that are kept, a bound on everything, and the truth about what was
//! written.
//!
//! **Guarantee.** [`HttpOutcome::NotSent`] is said only where no octet of the request was written. A redirect is an
//! answer like any other: it is not followed.

use crate::wire::stream::Stream;
use crate::wire::transport::{self, ConnectError, ConnectTarget};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};

/// Octets of a body that are enough for an answer about one thing: what is longer says nothing that we ask for.
pub const BODY_MAX: usize = 64 * 1024;
/// How long a connection is kept without use: less than the five seconds after which common servers close one, so
/// that a request seldom meets its end.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// How long an answer that is late may still take to be found: the process may have stood still, with the answer in the
/// socket, which another task reads.
const FOUND_WITHIN: Duration = Duration::from_millis(100);

/// A client of one server.
pub struct HttpClient {
    target: ConnectTarget,
    host: Box<str>,
    /// How long an answer may take, from the first octet of the request to the last of the answer.
    response_timeout: Duration,
    /// How many connections are kept.
    kept_max: usize,
    /// How many octets of a body are read.
    body_max: usize,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    sender: SendRequest<Full<Bytes>>,
    since: Instant,
}

/// What is asked.
pub struct HttpRequest<'a> {
    /// `GET`, `POST` or another verb.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Names and values.
    pub headers: &'a [(Box<str>, String)],
    /// The body; an empty one is none.
    pub body: &'a str,
}

/// What came of a call.
#[derive(Debug)]
pub enum HttpOutcome {
    /// The server answered.
    Answered(HttpResponse),
    /// There is no connection to the server.
    Unreachable(ConnectError),
    /// Nothing was written, for this reason.
    NotSent(String),
    /// There is no such request in HTTP, for this reason; nothing was written, and it is the same at any time.
    Unsayable(String),
    /// It was perhaps written, and no whole answer came, for this reason.
    Unknown(String),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// Its status.
    pub status: u16,
    /// When it says to come again (`Retry-After`), as it is written.
    pub retry_after: Option<Box<str>>,
    /// Its body; `None` where it did not end well, or is longer than is read.
    pub body: Option<Bytes>,
}

impl HttpClient {
    /// A client of the server at `target`, whose requests name `host`. It keeps at most `kept_max` connections, and
    /// reads answers of at most [`BODY_MAX`] octets.
    pub fn new(target: ConnectTarget, host: Box<str>, response_timeout: Duration, kept_max: usize) -> Self {
        Self { target, host, response_timeout, kept_max, body_max: BODY_MAX, kept: Mutex::default() }
    }

    /// The same, which reads answers of so many octets.
    pub fn reading(self, body_max: usize) -> Self {
        Self { body_max, ..self }
    }

    /// Makes a connection, and keeps it for the first call.
    pub async fn reach(&self) -> Result<(), ConnectError> {
        let stream = transport::connect(&self.target).await?.0;
        if let Ok(sender) = handshake(stream).await {
            self.keep(sender);
        }
        Ok(())
    }

    /// Asks, on a kept connection or a new one.
    pub async fn call(&self, call: &HttpRequest<'_>) -> HttpOutcome {
        self.send_timed(call).await.0
    }

    /// The same, and how long after the request was written it ended; `None` where none was.
    pub async fn send_timed(&self, call: &HttpRequest<'_>) -> (HttpOutcome, Option<Duration>) {
        let mut request = match self.request(call) {
            Ok(request) => request,
            Err(error) => return (HttpOutcome::Unsayable(error.to_string()), None),
        };
        while let Some(sender) = self.take_kept() {
            let written = Instant::now();
            match self.ask(sender, request).await {
                Ok(outcome) => return (outcome, Some(written.elapsed())),
                // A kept connection may have ended since: that it takes nothing says nothing of the server.
                Err(unsent) => request = *unsent,
            }
        }
        let stream = match transport::connect(&self.target).await {
            Ok((stream, _)) => stream,
            Err(error) => return (HttpOutcome::Unreachable(error), None),
        };
        let sender = match handshake(stream).await {
            Ok(sender) => sender,
            Err(error) => return (HttpOutcome::NotSent(error.to_string()), None),
        };
        let written = Instant::now();
        match self.ask(sender, request).await {
            Ok(outcome) => (outcome, Some(written.elapsed())),
            Err(_) => {
                (HttpOutcome::NotSent("the server closed the connection before it took the request".to_owned()), None)
            }
        }
    }

    fn request(&self, call: &HttpRequest<'_>) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(call.target)
            .header(HOST, &*self.host)
            .header(USER_AGENT, concat!("nuncio/", env!("CARGO_PKG_VERSION")));
        for (name, value) in call.headers {
            request = request.header(&**name, value);
        }
        request.body(Full::new(Bytes::copy_from_slice(call.body.as_bytes())))
    }

    /// Asks on this connection; the request comes back where nothing of it was written.
    async fn ask(
        &self,
        mut sender: SendRequest<Full<Bytes>>,
        request: Request<Full<Bytes>>,
    ) -> Result<HttpOutcome, Box<Request<Full<Bytes>>>> {
        let by = Instant::now() + self.response_timeout;
        let late = || Ok(HttpOutcome::Unknown("no answer in time".to_owned()));
        match within(by, sender.try_send_request(request)).await {
            Ok(Ok(response)) => {
                let Ok((reply, whole)) = within(by, read(response, self.body_max)).await else { return late() };
                if whole {
                    self.keep(sender);
                }
                Ok(HttpOutcome::Answered(reply))
            }
            Ok(Err(mut error)) => match error.take_message() {
                Some(request) => Err(Box::new(request)),
                None => Ok(HttpOutcome::Unknown(error.into_error().to_string())),
            },
            Err(_) => late(),
        }
    }

    fn take_kept(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|it| it.since.elapsed() < IDLE_MAX && !it.sender.is_closed());
        kept.pop().map(|it| it.sender)
    }

    fn keep(&self, sender: SendRequest<Full<Bytes>>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < self.kept_max && !sender.is_closed() {
            kept.push(Kept { sender, since: Instant::now() });
        }
    }
}

/// Waits until then, and once more for what had arrived by then.
async fn within<F: Future>(by: Instant, awaited: F) -> Result<F::Output, Elapsed> {
    let mut awaited = pin!(awaited);
    match timeout_at(by, &mut awaited).await {
        Err(_) => timeout(FOUND_WITHIN, awaited).await,
        in_time => in_time,
    }
}

/// HTTP over a connection just made; what drives it ends with the connection.
async fn handshake(stream: Stream) -> hyper::Result<SendRequest<Full<Bytes>>> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // How a connection ends is told by the call that was on it.
    tokio::spawn(connection);
    Ok(sender)
}

/// The answer, and whether its connection is good for another.
async fn read(response: Response<Incoming>, body_max: usize) -> (HttpResponse, bool) {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).map(|it| String::from_utf8_lossy(it.as_bytes()).into());
    let body = Limited::new(response.into_body(), body_max).collect().await.ok().map(|it| it.to_bytes());
    let whole = body.is_some();
    (HttpResponse { status, retry_after, body }, whole)
}
