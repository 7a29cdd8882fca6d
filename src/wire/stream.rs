//! A connection, plain or secured.

use crate::wire::certificate::Certificate;
use rustls::{HandshakeKind, ProtocolVersion};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Secured by TLS, as either side of it.
    Tls(Box<TlsStream<TcpStream>>),
    /// To somebody in this process.
    Inside(DuplexStream),
}

impl Stream {
    /// The protocol that ALPN chose, if it chose one.
    pub fn alpn(&self) -> Option<&[u8]> {
        match self {
            Self::Plain(_) | Self::Inside(_) => None,
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol(),
        }
    }

    /// What TLS agreed upon; `None` without TLS.
    pub fn security(&self) -> Option<Security> {
        match self {
            Self::Plain(_) | Self::Inside(_) => None,
            Self::Tls(tls) => Some(Security::of(tls)),
        }
    }
}

/// A stream that can say more of itself than a read does.
pub trait Arrivals: AsyncRead + AsyncWrite + Unpin {
    /// Whether octets lie in it. A read may not find them yet: the runtime looks at all its sockets now and then, and a
    /// read believes what it saw last.
    fn has_arrived(&self) -> bool;
}

impl Arrivals for Stream {
    fn has_arrived(&self) -> bool {
        match self {
            Self::Plain(tcp) => tcp.has_arrived(),
            // What TLS has taken out of the socket is found by every read.
            Self::Tls(tls) => tls.get_ref().0.has_arrived(),
            Self::Inside(duplex) => duplex.has_arrived(),
        }
    }
}

impl Arrivals for TcpStream {
    fn has_arrived(&self) -> bool {
        rustix::io::ioctl_fionread(self).is_ok_and(|octets| octets != 0)
    }
}

/// In memory every read finds what is there.
impl Arrivals for DuplexStream {
    fn has_arrived(&self) -> bool {
        false
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, into),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, into),
            Self::Inside(duplex) => Pin::new(duplex).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, octets),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, octets),
            Self::Inside(duplex) => Pin::new(duplex).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
            Self::Inside(duplex) => Pin::new(duplex).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
            Self::Inside(duplex) => Pin::new(duplex).poll_shutdown(cx),
        }
    }
}

/// What TLS agreed upon for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Security {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// Whether an earlier session was taken up, without a full handshake.
    pub resumed: bool,
    /// When the certificate of the peer expires, as far as it showed one that can be read.
    pub expires: Option<OffsetDateTime>,
}

impl Security {
    /// Of a connection whose handshake is done.
    fn of(stream: &TlsStream<TcpStream>) -> Self {
        let (_, state) = stream.get_ref();
        let leaf = state.peer_certificates().and_then(<[_]>::first);
        Self {
            version: match state.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLSv1.3",
            },
            resumed: state.handshake_kind() == Some(HandshakeKind::Resumed),
            expires: leaf.and_then(|it| Certificate::read(it)).map(|it| it.expires),
        }
    }
}
