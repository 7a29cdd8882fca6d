//! A client that costs little: one connection, one request at a time, kept alive; and the sink to
//! which another gateway sends its callbacks.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The largest answer that is kept: an order of 10,000 names each message.
const ANSWER_MAX: usize = 8 << 20;

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 << 10) })
    }

    /// Sends a whole request, waits for the whole answer; returns its code.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((end, length)) = head(&self.buffer)
                && end + length <= self.buffer.len()
            {
                let code =
                    self.buffer.get(9..12).and_then(|it| std::str::from_utf8(it).ok()).and_then(|it| it.parse().ok());
                return code.ok_or_else(|| io::ErrorKind::InvalidData.into());
            }
            if ANSWER_MAX < self.buffer.len() {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &str {
        let from = head(&self.buffer).map_or(0, |it| it.0);
        std::str::from_utf8(&self.buffer[from..]).unwrap_or_default()
    }
}

/// Where the head ends, and how long the body is.
fn head(buffer: &[u8]) -> Option<(usize, usize)> {
    let end = buffer.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..end]).ok()?;
    let length = text.lines().find_map(|it| {
        let (name, value) = it.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Some((end, length.unwrap_or(0)))
}

/// What each event has in it.
const EVENT: &[u8] = b"\"type\":\"message.";

/// What an application makes of calls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes each at once.
    Takes,
    /// Refuses each at once.
    Refuses,
    /// Reads, and never answers.
    Hangs,
}

/// Who hears the body of each call.
pub(crate) type Hears = Rc<dyn Fn(&[u8])>;

/// Answers 200 to every request that comes, and counts them, those of a batch of events by the events; ends with its
/// runtime.
pub(crate) async fn sink(port: u16, count: Rc<Cell<u64>>) {
    let hears = move |body: &[u8]| count.set(count.get() + events_in(body));
    application(port, Manner::Takes, Rc::new(hears)).await;
}

/// How many events a call tells; one that is no event counts as one.
pub(crate) fn events_in(body: &[u8]) -> u64 {
    // By the first octet: most octets differ in it, and a window for each would be compared with all of it.
    let starts = body.iter().enumerate().filter(|(_, it)| **it == EVENT[0]).map(|(at, _)| at);
    starts.filter(|at| body[*at..].starts_with(EVENT)).count().max(1) as u64
}

/// An application that is called: hears the body of each call; ends with its runtime.
pub(crate) async fn application(port: u16, manner: Manner, hears: Hears) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let hears = hears.clone();
        tokio::task::spawn_local(async move {
            _ = swallow(stream, manner, &*hears).await;
        });
    }
}

async fn swallow(mut stream: TcpStream, manner: Manner, hears: &dyn Fn(&[u8])) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(4 << 10);
    while stream.read_buf(&mut buffer).await? != 0 {
        while let Some((end, length)) = head(&buffer) {
            if buffer.len() < end + length {
                break;
            }
            hears(&buffer[end..end + length]);
            buffer.drain(..end + length);
            match manner {
                Manner::Takes => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?,
                Manner::Refuses => stream.write_all(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n").await?,
                Manner::Hangs => {}
            }
        }
    }
    Ok(())
}
