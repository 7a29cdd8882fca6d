//! A small HTTP/1.1 client that keeps its connection, for as much HTTP as the daemon speaks.

use crate::daemon::silence::Silence;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection at a time to one listener.
pub(crate) struct Client {
    at: SocketAddr,
    key: String,
    connection: Option<BufReader<TcpStream>>,
    /// What it tells the daemon must not be said by it.
    silence: Option<Arc<Silence>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Its status code.
    pub(crate) status: u16,
    /// Its headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// A client of another program than the daemon.
    pub(crate) fn new(at: SocketAddr, key: &str) -> Self {
        Self { at, key: key.to_owned(), connection: None, silence: None }
    }

    /// A client of a daemon, which must not say what it is told.
    pub(crate) fn of(at: SocketAddr, key: &str, silence: &Arc<Silence>) -> Self {
        silence.learn(key);
        Self { silence: Some(silence.clone()), ..Self::new(at, key) }
    }

    /// GET, and an answer whatever its status.
    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.call("GET", path, None).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// POST of JSON, and an answer whatever its status.
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, Some(body)).unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// One request. After an error the next one connects anew.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> io::Result<Reply> {
        self.with_header(method, path, body, "")
    }

    /// One request under an idempotency key.
    pub(crate) fn keyed(&mut self, method: &str, path: &str, body: &Value, key: &str) -> io::Result<Reply> {
        self.with_header(method, path, Some(body), &format!("idempotency-key: {key}\r\n"))
    }

    /// One request with a header more, its line and the end of it.
    pub(crate) fn with_header(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        header: &str,
    ) -> io::Result<Reply> {
        if let Some(silence) = &self.silence {
            silence.learn_query(path);
            body.iter().for_each(|it| silence.learn_body(it));
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: nuncio\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             {header}content-length: {}\r\n\r\n{body}",
            self.key,
            body.len(),
        );
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.at)?,
        };
        connection.get_mut().write_all(request.as_bytes())?;
        let reply = Reply::read(&mut connection)?;
        if reply.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(reply)
    }
}

impl Reply {
    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|it| it.0 == name).map(|it| &*it.1)
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Reads one answer.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let odd = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let first = line(from)?;
        let status = first.split(' ').nth(1).and_then(|it| it.parse().ok()).ok_or_else(|| odd("no status"))?;
        let mut headers = Vec::new();
        loop {
            let line = line(from)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| odd("no header"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut reply = Self { status, headers, body: Vec::new() };
        if reply.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&line(from)?, 16).map_err(|_| odd("no size of a chunk"))?;
                let mut chunk = vec![0; size + 2];
                from.read_exact(&mut chunk)?;
                if size == 0 {
                    return Ok(reply);
                }
                reply.body.extend_from_slice(&chunk[..size]);
            }
        }
        let len = reply.header("content-length").and_then(|it| it.parse().ok()).unwrap_or(0_usize);
        reply.body = vec![0; len];
        from.read_exact(&mut reply.body)?;
        Ok(reply)
    }
}

fn connect(at: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(at)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}
