//! The PROXY protocol (haproxy.org, proxy-protocol.txt), versions 1 and 2: a proxy says at the start of a connection,
//! before TLS, for whom it is. Only proxies that are believed are asked.

use ppp::{PartialResult, v1, v2};
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Octets of a header at most: addresses are 216, the rest is what proxies add.
const HEADER_MAX: usize = 4_096;
/// How the text of version 1 begins, and where it ends at the latest (2.1).
const TEXT: &[u8] = b"PROXY ";
const TEXT_MAX: usize = 107;
/// How often is looked again for the rest of a header, which nearly always comes whole.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What stands before what is asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Preface {
    /// No header.
    Missing,
    /// The proxy speaks for itself (LOCAL), or does not say for whom (UNKNOWN, UNSPEC, a unix socket).
    Own,
    /// For this address.
    Of(IpAddr),
    /// Something that begins as a header and is none.
    Malformed,
    /// The other side is gone, as after a look whether anybody listens.
    Gone,
}

/// Takes the header off a connection, if there is one.
pub(crate) async fn preface(tcp: &mut TcpStream) -> Preface {
    take(tcp).await.unwrap_or(Preface::Gone)
}

async fn take(tcp: &mut TcpStream) -> io::Result<Preface> {
    let mut octets = [0; HEADER_MAX];
    let mut seen = 0;
    loop {
        let count = tcp.peek(&mut octets).await?;
        match read(&octets[..count]) {
            Read::Is(preface, length) => {
                tcp.read_exact(&mut octets[..length]).await?;
                return Ok(preface);
            }
            Read::Malformed => return Ok(Preface::Malformed),
            Read::Partial if count == 0 => return Ok(Preface::Gone),
            Read::Partial if count == HEADER_MAX => return Ok(Preface::Malformed),
            // Peeking does not wait for more than there is.
            Read::Partial if count == seen => tokio::time::sleep(LOOK_AGAIN).await,
            Read::Partial => seen = count,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// All of it is there, in so many octets.
    Is(Preface, usize),
    Partial,
    Malformed,
}

fn read(octets: &[u8]) -> Read {
    let begins = |sign: &[u8]| sign.iter().zip(octets).all(|(a, b)| a == b);
    if begins(v2::PROTOCOL_PREFIX) {
        return binary(octets);
    }
    if begins(TEXT) {
        return text(octets);
    }
    Read::Is(Preface::Missing, 0)
}

fn binary(octets: &[u8]) -> Read {
    let header = match v2::Header::try_from(octets) {
        Ok(header) => header,
        Err(error) if error.is_incomplete() => return Read::Partial,
        Err(_) => return Read::Malformed,
    };
    let preface = match (header.command, header.addresses) {
        (v2::Command::Proxy, v2::Addresses::IPv4(it)) => Preface::Of(it.source_address.into()),
        (v2::Command::Proxy, v2::Addresses::IPv6(it)) => Preface::Of(it.source_address.into()),
        (v2::Command::Local, _) | (_, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => Preface::Own,
    };
    Read::Is(preface, header.header.len())
}

fn text(octets: &[u8]) -> Read {
    let Some(end) = octets.windows(2).take(TEXT_MAX).position(|it| it == b"\r\n") else {
        return if octets.len() < TEXT_MAX { Read::Partial } else { Read::Malformed };
    };
    let line = &octets[..end + 2];
    let Ok(header) = v1::Header::try_from(line) else { return Read::Malformed };
    let preface = match header.addresses {
        v1::Addresses::Tcp4(it) => Preface::Of(it.source_address.into()),
        v1::Addresses::Tcp6(it) => Preface::Of(it.source_address.into()),
        v1::Addresses::Unknown => Preface::Own,
    };
    Read::Is(preface, line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of version 2 with what follows.
    fn v2_of(version_command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        [v2::PROTOCOL_PREFIX, &[version_command, family], &length, payload, b"GET / HTTP/1.1"].concat()
    }

    const PAIR: [u8; 12] = [192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x34, 0, 80];

    #[test]
    fn both_versions_say_for_whom() {
        let address = |text: &str| Preface::Of(text.parse().unwrap());
        assert_eq!(read(&v2_of(0x21, 0x11, &PAIR)), Read::Is(address("192.0.2.1"), 28));
        let with_tlv = [&PAIR[..], &[4, 0, 1, 0]].concat();
        assert_eq!(read(&v2_of(0x21, 0x11, &with_tlv)), Read::Is(address("192.0.2.1"), 32));
        let mut six = [0; 36];
        six[..4].copy_from_slice(&[0x20, 1, 0xd, 0xb8]);
        assert_eq!(read(&v2_of(0x21, 0x21, &six)), Read::Is(address("2001:db8::"), 52));
        for own in [v2_of(0x20, 0x11, &PAIR), v2_of(0x20, 0, &[]), v2_of(0x21, 0, &[]), v2_of(0x21, 0x31, &[0; 216])] {
            assert!(matches!(read(&own), Read::Is(Preface::Own, _)), "{own:?}");
        }
        let line = b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\nGET";
        assert_eq!(read(line), Read::Is(address("192.0.2.1"), 39));
        assert_eq!(read(b"PROXY UNKNOWN\r\n"), Read::Is(Preface::Own, 15));
        for none in ["GET / HTTP/1.1", "POST /", "PRI * HTTP/2.0", "\r\nGET", "\x16\x03\x01"] {
            assert_eq!(read(none.as_bytes()), Read::Is(Preface::Missing, 0), "{none}");
        }
    }

    #[test]
    fn a_part_is_waited_for_and_what_is_wrong_is_refused() {
        let whole = v2_of(0x21, 0x11, &PAIR);
        assert!((0..28).all(|it| read(&whole[..it]) == Read::Partial));
        let line = b"PROXY TCP6 2001:db8::1 ::1 4711 80\r\n";
        assert!((0..line.len()).all(|it| read(&line[..it]) == Read::Partial));
        for wrong in
            [v2_of(0x11, 0x11, &PAIR), v2_of(0x22, 0x11, &PAIR), v2_of(0x21, 0x51, &PAIR), v2_of(0x21, 0x21, &PAIR)]
        {
            assert_eq!(read(&wrong), Read::Malformed, "{wrong:?}");
        }
        assert_eq!(read(b"PROXY TCP4 a b 1 2\r\n"), Read::Malformed);
        assert_eq!(read(&[TEXT, &[b'x'; 200]].concat()), Read::Malformed);
    }
}
