//! An SMSC of bare octets, for what no library would send.

use crate::daemon::silence;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// How long an octet is awaited.
const PATIENCE: Duration = Duration::from_secs(20);

/// Codes of the PDUs that are spoken here.
pub(crate) const SUBMIT_SM: u32 = 4;
pub(crate) const DELIVER_SM: u32 = 5;
pub(crate) const UNBIND: u32 = 6;
pub(crate) const ENQUIRE_LINK: u32 = 0x15;
pub(crate) const RESPONSE: u32 = 0x8000_0000;
pub(crate) const GENERIC_NACK: u32 = 0x8000_0000;

/// A listener that waits for links.
pub(crate) struct Smsc(TcpListener);

/// One link.
pub(crate) struct Link {
    stream: TcpStream,
    /// That of the carrier, by which those know it who are told what it says.
    port: u16,
}

/// A PDU as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its command_id.
    pub(crate) command: u32,
    /// Its command_status.
    pub(crate) status: u32,
    /// Its sequence_number.
    pub(crate) sequence: u32,
    /// What follows the header.
    pub(crate) body: Vec<u8>,
}

impl Smsc {
    /// Listens on a free port.
    pub(crate) fn new() -> Self {
        let new = Self(TcpListener::bind("127.0.0.1:0").expect("a free port"));
        silence::taken(new.port());
        new
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().expect("it is bound").port()
    }

    /// Waits for a connection, whoever comes.
    pub(crate) fn accept(&self) -> Link {
        let (stream, _): (TcpStream, SocketAddr) = self.0.accept().expect("a link comes");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_nodelay(true).expect("an option");
        Link { stream, port: self.port() }
    }

    /// Waits for a link and grants its bind.
    pub(crate) fn bound(&self) -> Link {
        let mut link = self.accept();
        let bind = link.read().expect("a bind comes");
        assert!(matches!(bind.command, 1 | 2 | 9), "{bind:?}");
        link.answer(&bind, 0, b"raw\0");
        link
    }
}

impl Link {
    /// Connects to an address that waits for an SMSC; `None` if nobody listens there yet.
    pub(crate) fn to(port: u16) -> Option<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_nodelay(true).expect("an option");
        Some(Self { stream, port })
    }

    /// Sends octets as they are. What the peer thinks of them is seen by reading.
    pub(crate) fn send(&mut self, octets: &[u8]) {
        // A peer that has closed already has made its point.
        _ = self.try_send(octets);
    }

    /// Sends octets as they are; false once the peer has closed.
    pub(crate) fn try_send(&mut self, octets: &[u8]) -> bool {
        silence::said(self.port, octets);
        self.stream.write_all(octets).is_ok()
    }

    /// Sends a PDU with its right length.
    pub(crate) fn send_pdu(&mut self, command: u32, sequence: u32, body: &[u8]) {
        self.send(&pdu(command, 0, sequence, body));
    }

    /// The same link, for another thread.
    pub(crate) fn again(&self) -> Self {
        Self { stream: self.stream.try_clone().expect("a descriptor"), port: self.port }
    }

    /// Says that nothing more will be said.
    pub(crate) fn half_close(&self) {
        self.stream.shutdown(std::net::Shutdown::Write).expect("it is open");
    }

    /// Closes in both directions.
    pub(crate) fn close(&self) {
        self.stream.shutdown(std::net::Shutdown::Both).expect("it is open");
    }

    /// Closes so that the peer sees a reset.
    pub(crate) fn reset(&mut self) {
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).expect("an option");
        // The socket is gone once nothing holds it.
        let unused = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let other = TcpStream::connect(unused.local_addr().expect("it is bound")).expect("it listens");
        drop(std::mem::replace(&mut self.stream, other));
    }

    /// Answers a request.
    pub(crate) fn answer(&mut self, request: &Frame, status: u32, body: &[u8]) {
        self.send(&pdu(request.command | RESPONSE, status, request.sequence, body));
    }

    /// The next PDU; an error when the peer has closed.
    pub(crate) fn read(&mut self) -> io::Result<Frame> {
        let mut header = [0; 16];
        self.stream.read_exact(&mut header)?;
        let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let mut body = vec![0; (word(0) as usize).saturating_sub(16)];
        self.stream.read_exact(&mut body)?;
        Ok(Frame { command: word(4), status: word(8), sequence: word(12), body })
    }

    /// The next PDU with this command; others are passed over, an `enquire_link` with its answer.
    pub(crate) fn read_command(&mut self, command: u32) -> Frame {
        loop {
            let frame = self.read().unwrap_or_else(|error| panic!("no PDU {command:#x}: {error}"));
            if frame.command == ENQUIRE_LINK && command != ENQUIRE_LINK {
                self.answer(&frame, 0, &[]);
            } else if frame.command == command {
                return frame;
            }
        }
    }

    /// Reads until the peer closes, and gives what it said before.
    pub(crate) fn read_to_close(&mut self) -> Vec<Frame> {
        let mut said = Vec::new();
        loop {
            match self.read() {
                Ok(frame) => said.push(frame),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    panic!("the link is still open after {PATIENCE:?}; it said {said:?}")
                }
                Err(_) => return said,
            }
        }
    }
}

/// A PDU with its right length.
pub(crate) fn pdu(command: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(16 + body.len()).expect("short");
    let mut octets: Vec<u8> = [len, command, status, sequence].iter().flat_map(|it| it.to_be_bytes()).collect();
    octets.extend_from_slice(body);
    octets
}

/// The body of a deliver_sm from a handset to `shop`.
pub(crate) fn deliver(esm_class: u8, text: &[u8]) -> Vec<u8> {
    let mut body = b"\0\x01\x0131612345678\0\0\x00shop\0".to_vec();
    body.extend([esm_class, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(text.len()).expect("short")]);
    body.extend_from_slice(text);
    body
}
