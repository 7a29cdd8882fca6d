//! A client of our own API: one connection, one request after the other.

use axum::http::{Method, Request, request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// What went wrong with a request.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The connection failed.
    #[error("no connection to the gateway: {0}")]
    Connection(#[from] std::io::Error),
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
pub(in crate::gateway) struct Client {
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
    pub(in crate::gateway) async fn over<S>(stream: S, host: &str, key: &str) -> Result<Self, ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // How a connection ends is told by the request that was on it.
        tokio::spawn(connection);
        Ok(Self { sender, key: key.to_owned(), host: host.to_owned() })
    }

    /// GET, answered with JSON.
    pub(in crate::gateway) async fn get(&mut self, path: &str) -> Result<Value, ClientError> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// POST of JSON, answered with JSON.
    pub(super) async fn post(&mut self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.call(Method::POST, path, body.to_string().into()).await
    }

    async fn call(&mut self, method: Method, path: &str, body: Bytes) -> Result<Value, ClientError> {
        let request = self.request(method, path).header("content-type", "application/json");
        self.answer(request.body(Full::new(body)).expect("path and key are of our own making"), path).await
    }

    /// POST of CSV under an idempotency key, answered with JSON.
    pub(in crate::gateway) async fn post_csv(
        &mut self,
        path: &str,
        key: &str,
        csv: Bytes,
    ) -> Result<Value, ClientError> {
        let request =
            self.request(Method::POST, path).header("content-type", "text/csv").header("idempotency-key", key);
        self.answer(request.body(Full::new(csv)).expect("path and keys are of our own making"), path).await
    }

    fn request(&self, method: Method, path: &str) -> request::Builder {
        Request::builder().method(method).uri(path).header("host", &self.host).header("x-api-key", &self.key)
    }

    async fn answer(&mut self, request: Request<Full<Bytes>>, path: &str) -> Result<Value, ClientError> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let (status, wait) = (response.status(), response.headers().get("retry-after").cloned());
        let octets = response.into_body().collect().await?.to_bytes();
        let answer = serde_json::from_slice(&octets).map_err(|_| ClientError::NotJson(path.to_owned()))?;
        let retry_after = wait.and_then(|it| it.to_str().ok()?.parse().ok());
        if status.is_success() {
            Ok(answer)
        } else {
            Err(ClientError::Refused { path: path.to_owned(), status: status.as_u16(), retry_after, answer })
        }
    }
}
