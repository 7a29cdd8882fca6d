//! CSV as it is answered (RFC 4180): lines that end with CRLF, sent as they are made.

use crate::api::handler::accept;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use hyper::body::Frame;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Pieces that wait to be sent: one, while the next is made.
const WAITING_MAX: usize = 1;

/// Where the lines of an answer go. Dropped before the end it breaks the answer off, whatever its writer met, so that
/// nobody takes it for whole.
pub(super) struct Lines(mpsc::Sender<Option<Bytes>>);

impl Lines {
    /// Sends some, when those before are on their way; `Err` where nobody reads them any more.
    pub(super) async fn send(&self, text: String) -> Result<(), ()> {
        self.0.send(Some(text.into())).await.map_err(drop)
    }

    /// The answer is whole.
    pub(super) async fn end(self) {
        // Who does not read any more needs not be told.
        _ = self.0.send(None).await;
    }
}

/// An answer whose lines are made by what `write` begins; saved under a name.
pub(super) fn answer<F: Future<Output = ()> + Send + 'static>(name: &str, write: impl FnOnce(Lines) -> F) -> Response {
    let (lines, pieces) = mpsc::channel(WAITING_MAX);
    tokio::spawn(write(Lines(lines)));
    let mut response = Response::new(Body::new(Pieces(pieces)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    let saved = format!("attachment; filename=\"{name}\"");
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&saved).expect("the name of a file is ASCII"));
    response
}

/// Whether a request asks for CSV and not for JSON.
pub(super) fn is_accepted(head: &HeaderMap) -> bool {
    let is_csv = |it: &&str| it.eq_ignore_ascii_case("text/csv");
    // What is named first is what is meant: nobody who wants both is known.
    accept::types(head)
        .find(|it| is_csv(it) || it.eq_ignore_ascii_case("application/json"))
        .as_ref()
        .is_some_and(is_csv)
}

/// Adds a field to a line, and what stands before the next.
pub(super) fn put(text: &mut String, field: impl fmt::Display) {
    let from = text.len();
    fmt::write(text, format_args!("{field}")).expect("a string takes all");
    if text[from..].contains([',', '"', '\r', '\n']) {
        let quoted = text[from..].replace('"', "\"\"");
        text.truncate(from);
        text.push('"');
        text.push_str(&quoted);
        text.push('"');
    }
    text.push(',');
}

/// Ends a line of which fields were put.
pub(super) fn end(text: &mut String) {
    text.pop();
    text.push_str("\r\n");
}

/// The body of an answer, piece by piece.
struct Pieces(mpsc::Receiver<Option<Bytes>>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx).map(|it| match it {
            Some(Some(piece)) => Some(Ok(Frame::data(piece))),
            Some(None) => None,
            None => Some(Err(io::Error::other("the answer breaks off before its end"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[test]
    fn a_field_that_needs_quotes_has_them() {
        let mut text = String::new();
        for field in ["a", "", "b,c", "say \"hi\"", "two\r\nlines", " +31 "] {
            put(&mut text, field);
        }
        end(&mut text);
        assert_eq!(text, "a,,\"b,c\",\"say \"\"hi\"\"\",\"two\r\nlines\", +31 \r\n");
    }

    #[tokio::test]
    async fn an_answer_is_whole_only_where_its_writer_says_so() {
        let read = async |response: Response| response.into_body().collect().await.map(|it| it.to_bytes());
        let whole = answer("a", |lines| async move {
            lines.send("one".into()).await.unwrap();
            lines.send("two".into()).await.unwrap();
            lines.end().await;
        });
        assert_eq!(read(whole).await.unwrap(), "onetwo");
        let broken = answer("a", |lines| async move { lines.send("one".into()).await.unwrap() });
        assert!(read(broken).await.is_err());
        let panicked = answer("a", |lines| async move {
            lines.send("one".into()).await.unwrap();
            panic!("a fault of ours");
        });
        assert!(read(panicked).await.is_err());
    }

    #[test]
    fn what_is_named_first_is_meant() {
        let of = |text: &'static str| {
            let mut head = HeaderMap::new();
            head.insert(header::ACCEPT, HeaderValue::from_static(text));
            is_accepted(&head)
        };
        assert!(of("text/csv") && of("Text/CSV; q=0.9, */*") && of("text/html, text/csv, application/json"));
        assert!(!of("application/json, text/csv") && !of("*/*") && !of("text/csvx"));
        assert!(!is_accepted(&HeaderMap::new()));
    }
}
