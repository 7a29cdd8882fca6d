//! Takes the webhooks of nuncio: verifies each call and hands each event on once.
//!
//! Put it behind a proxy that speaks TLS. Needs `standardwebhooks = "1"`, `serde_json = "1"`, `bytes = "1"`,
//! `http-body-util = "0.1"`, `hyper-util = { version = "0.1", features = ["tokio"] }`,
//! `hyper = { version = "1", features = ["http1", "server"] }` and
//! `tokio = { version = "1", features = ["macros", "net", "rt-multi-thread", "time"] }`.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// Octets; a batch of 100 events is a tenth of it.
const BODY_MAX: usize = 1 << 20;
const SEEN_MAX: usize = 100_000;
/// How long the head of a request, and how long its body, may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The latest ids. In earnest, a table of your database with the id as its key, written in the transaction in which the
/// event is handled: an event may come again after days, and after a restart of yours.
#[derive(Default)]
struct Seen {
    ids: HashSet<String>,
    oldest: VecDeque<String>,
}

impl Seen {
    /// Whether it is new.
    fn add(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.oldest.push_back(id.to_owned());
        if SEEN_MAX < self.oldest.len()
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

struct Receiver {
    webhook: Webhook,
    seen: Mutex<Seen>,
}

/// What you do with an event: quickly, for the call is given up after 15 seconds. What takes longer goes to a queue.
fn handle(event: &Value) -> Result<(), Box<dyn Error>> {
    println!("{}", json!({ "id": event["id"], "type": event["type"] }));
    Ok(())
}

impl Receiver {
    /// The status with which a call is answered.
    async fn take(&self, request: Request<Incoming>) -> StatusCode {
        if request.method() != Method::POST {
            return StatusCode::METHOD_NOT_ALLOWED;
        }
        let (head, body) = request.into_parts();
        let Ok(body) = timeout(PATIENCE, Limited::new(body, BODY_MAX).collect()).await else {
            return StatusCode::REQUEST_TIMEOUT;
        };
        let Ok(body) = body.map(|it| it.to_bytes()) else { return StatusCode::PAYLOAD_TOO_LARGE };
        if self.webhook.verify(&body, &head.headers).is_err() {
            return StatusCode::UNAUTHORIZED;
        }
        let Ok(told) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
        let events = told["data"].as_array().filter(|_| told["type"] == "batch").cloned();
        for event in events.unwrap_or_else(|| vec![told]) {
            let id = event["id"].as_str().unwrap_or_default();
            if !self.seen.lock().unwrap_or_else(PoisonError::into_inner).add(id) {
                continue;
            }
            if let Err(error) = handle(&event) {
                self.seen.lock().unwrap_or_else(PoisonError::into_inner).ids.remove(id);
                eprintln!("{id} is not handled: {error}");
                return StatusCode::INTERNAL_SERVER_ERROR; // It is told again.
            }
        }
        StatusCode::NO_CONTENT
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let webhook = Webhook::new(&std::env::var("NUNCIO_WEBHOOK_SECRET")?)?;
    let receiver = Arc::new(Receiver { webhook, seen: Mutex::default() });
    let listener = TcpListener::bind(std::env::var("NUNCIO_WEBHOOK_LISTEN")?).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let receiver = Arc::clone(&receiver);
        let service = service_fn(move |request| {
            let receiver = Arc::clone(&receiver);
            async move {
                let mut answer = Response::new(Empty::<Bytes>::new());
                *answer.status_mut() = receiver.take(request).await;
                Ok::<_, Infallible>(answer)
            }
        });
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                eprintln!("a connection broke: {error}");
            }
        });
    }
}
