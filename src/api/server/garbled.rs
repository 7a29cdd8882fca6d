//! What is answered to what is no request.
//!
//! hyper writes these answers itself, without a body, and has no place to say another. They are known by their form:
//! one write that is a head alone, with the status of a head that could not be read and a length of 0. No answer of
//! ours looks so, since every refusal is a problem. Where hyper should come to write them otherwise they go out as they
//! are.

use crate::api::handler::context::{OTHER, OnAnswer};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::server::line_ends::{self, LineEnds};
use crate::api::server::listener::Octets;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Octets of an answer that hyper writes itself, at most: many more than it has.
const HEAD_MAX: usize = 512;

/// A stream on which problems go out for such answers, and are counted.
pub(crate) struct Garbled<S> {
    stream: S,
    on_answer: Option<Arc<OnAnswer>>,
    /// What is still to be written of a problem.
    rest: Vec<u8>,
    line_ends: LineEnds,
    /// A head was spoilt whose end is still to be read.
    spoilt: bool,
}

impl<S: Octets> Garbled<S> {
    pub(crate) const fn new(stream: S, on_answer: Option<Arc<OnAnswer>>) -> Self {
        Self { stream, on_answer, rest: Vec::new(), line_ends: LineEnds::new(), spoilt: false }
    }

    /// Keeps the problem that is to go out for these octets, if they are such an answer.
    fn takes(&mut self, octets: &[u8]) -> bool {
        let Some((kind, answer)) = instead(octets) else { return false };
        self.rest.extend(answer);
        if let Some(on_answer) = &self.on_answer {
            on_answer(OTHER, kind.status(), Duration::ZERO);
        }
        true
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.rest.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.rest.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

/// What goes out for an answer of hyper's own.
fn instead(octets: &[u8]) -> Option<(Kind, Vec<u8>)> {
    let status = octets.strip_prefix(b"HTTP/1.1 ").filter(|_| octets.len() <= HEAD_MAX)?.first_chunk::<3>()?;
    let (kind, detail) = match status {
        b"400" => {
            (Kind::NotHttp, "This is no request of HTTP/1.1 with one sound length, whose lines end with CR and LF.")
        }
        b"431" => (Kind::HeadTooLarge, "A head has at most 64 KiB and 64 headers."),
        _ => return None,
    };
    let head = std::str::from_utf8(octets).ok()?.strip_suffix("\r\n\r\n").filter(|it| !it.contains("\r\n\r\n"))?;
    let (first, lines) = head.split_once("\r\n")?;
    let others = || lines.split("\r\n").filter(|it| *it != "content-length: 0" && *it != "connection: close");
    if !lines.contains("content-length: 0") || !others().all(|it| it.starts_with("date: ")) {
        return None;
    }
    let body = Problem::new(kind, detail).document("/");
    let mut answer = format!(
        "{first}\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    others().for_each(|it| answer.extend([it, "\r\n"]));
    answer += "\r\n";
    Some((kind, [answer.as_bytes(), &body].concat()))
}

impl<S: Octets> AsyncRead for Garbled<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.spoilt && line_ends::END.len() <= into.remaining() {
            self.spoilt = false;
            into.put_slice(line_ends::END);
            return Poll::Ready(Ok(()));
        }
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, into))?;
        self.spoilt |= self.line_ends.look(&mut into.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: Octets> AsyncWrite for Garbled<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_rest(cx))?;
        // What is taken here goes out with the flush, which follows every answer.
        if self.takes(octets) {
            Poll::Ready(Ok(octets.len()))
        } else {
            Pin::new(&mut self.stream).poll_write(cx, octets)
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match octets {
            [only] => self.poll_write(cx, only),
            _ => {
                ready!(self.poll_rest(cx))?;
                Pin::new(&mut self.stream).poll_write_vectored(cx, octets)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_rest(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_rest(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "date: Fri, 20 Nov 2026 10:00:00 GMT\r\n";

    #[test]
    fn what_hyper_says_of_itself_becomes_a_problem_and_nothing_else_does() {
        let canned = format!("HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n{DATE}\r\n");
        let (kind, answer) = instead(canned.as_bytes()).expect("it is known");
        assert_eq!(kind, Kind::HeadTooLarge);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{head}");
        assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())) && head.contains(DATE.trim()));
        assert!(body.contains("/problems/head-too-large"), "{body}");
        for other in [
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-type: a\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n",
            "{}",
        ] {
            assert!(instead(other.as_bytes()).is_none(), "{other}");
        }
    }
}
