//! A client of our own API: one connection, one request after the other.

use axum::http::{Method, Request, request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A gateway that works answers within this.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// A file of recipients is answered when all of it was accepted.
const FILE_MAX: Duration = Duration::from_secs(15 * 60);

/// What went wrong with a request.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The connection failed.
    #[error("no connection to the gateway: {0}")]
    Connection(#[from] std::io::Error),
    /// It cannot be asked for so: a header or the line of the request has what may not stand there.
    #[error("this cannot be sent: {0}")]
    Unsayable(#[from] axum::http::Error),
    /// Nothing was answered for so long.
    #[error("the gateway has not answered for {} s", .0.as_secs())]
    Silent(Duration),
    /// HTTP failed.
    #[error("the gateway does not answer: {0}")]
    Http(#[from] hyper::Error),
    /// The answer is no JSON.
    #[error("the answer to {0} is not JSON")]
    NotJson(String),
    /// The gateway refused.
    #[error("{path} was answered with {status}: {answer}")]
    Refused {
        /// What was asked for.
        path: String,
        /// The status code.
        status: u16,
        /// Seconds after which the same may be asked again.
        retry_after: Option<u64>,
        /// The problem, as JSON.
        answer: Value,
    },
}

/// A connection to the API.
pub(super) struct Client {
    sender: SendRequest<Full<Bytes>>,
    key: String,
    host: String,
}

impl Client {
    /// Connects, and calls with this key.
    pub(super) async fn connect(address: SocketAddr, key: &str) -> Result<Self, ClientError> {
        Self::over(TcpStream::connect(address).await?, &address.to_string(), key).await
    }

    /// Speaks over a connection that is there, to a server of this name.
    pub(super) async fn over<S>(stream: S, host: &str, key: &str) -> Result<Self, ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // How a connection ends is told by the request that was on it.
        tokio::spawn(connection);
        Ok(Self { sender, key: key.to_owned(), host: host.to_owned() })
    }

    /// GET, answered with JSON.
    pub(super) async fn get(&mut self, path: &str) -> Result<Value, ClientError> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// POST of JSON, answered with JSON.
    pub(super) async fn post(&mut self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.call(Method::POST, path, body.to_string().into()).await
    }

    async fn call(&mut self, method: Method, path: &str, body: Bytes) -> Result<Value, ClientError> {
        let request = self.request(method, path).header("content-type", "application/json");
        self.answer(request.body(Full::new(body))?, path, ANSWER_MAX).await
    }

    /// POST of CSV under an idempotency key, answered with JSON.
    pub(super) async fn post_csv(&mut self, path: &str, key: &str, csv: Bytes) -> Result<Value, ClientError> {
        let request =
            self.request(Method::POST, path).header("content-type", "text/csv").header("idempotency-key", key);
        self.answer(request.body(Full::new(csv))?, path, FILE_MAX).await
    }

    fn request(&self, method: Method, path: &str) -> request::Builder {
        Request::builder().method(method).uri(path).header("host", &self.host).header("x-api-key", &self.key)
    }

    async fn answer(
        &mut self,
        request: Request<Full<Bytes>>,
        path: &str,
        within: Duration,
    ) -> Result<Value, ClientError> {
        let asked = async {
            self.sender.ready().await?;
            let response = self.sender.send_request(request).await?;
            let (status, wait) = (response.status(), response.headers().get("retry-after").cloned());
            Ok::<_, ClientError>((status, wait, response.into_body().collect().await?.to_bytes()))
        };
        let (status, wait, octets) = timeout(within, asked).await.map_err(|_| ClientError::Silent(within))??;
        let answer = serde_json::from_slice(&octets).map_err(|_| ClientError::NotJson(path.to_owned()))?;
        let retry_after = wait.and_then(|it| it.to_str().ok()?.parse().ok());
        if status.is_success() {
            Ok(answer)
        } else {
            Err(ClientError::Refused { path: path.to_owned(), status: status.as_u16(), retry_after, answer })
        }
    }
}
