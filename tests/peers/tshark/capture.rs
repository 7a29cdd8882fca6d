//! Captures of TCP without a privilege: a proxy that writes down what passes, and a file of frames.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Octets that went one way, in the order in which both ways passed.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    /// Whether they went to the one who listens.
    pub(crate) up: bool,
    pub(crate) octets: Vec<u8>,
}

/// What passed over one connection.
pub(crate) type Conversation = Vec<Chunk>;

/// A proxy on a port of its own that writes down what passes.
pub(crate) struct Recorder {
    port: u16,
    conversations: Arc<Mutex<Vec<Conversation>>>,
}

impl Recorder {
    /// Passes on to this port, on threads that end with their connections.
    pub(crate) fn start(to: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let recorder = Self { port: listener.local_addr().unwrap().port(), conversations: Arc::default() };
        let all = recorder.conversations.clone();
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (near, far) = (near.unwrap(), TcpStream::connect((Ipv4Addr::LOCALHOST, to)).unwrap());
                let index = {
                    let mut all = all.lock().unwrap();
                    all.push(Conversation::new());
                    all.len() - 1
                };
                for (from, to, up) in [(near.try_clone(), far.try_clone(), true), (Ok(far), Ok(near), false)] {
                    let (from, to, all) = (from.unwrap(), to.unwrap(), all.clone());
                    std::thread::spawn(move || {
                        pass(from, &to, |octets| all.lock().unwrap()[index].push(Chunk { up, octets }));
                    });
                }
            }
        });
        recorder
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// What has passed.
    pub(crate) fn conversations(&self) -> Vec<Conversation> {
        self.conversations.lock().unwrap().clone()
    }
}

/// Passes on until either end has had enough. What leaves is written down before.
fn pass(mut from: TcpStream, mut to: &TcpStream, mut record: impl FnMut(Vec<u8>)) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        record(buffer[..count].to_vec());
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    _ = to.shutdown(std::net::Shutdown::Write);
}

/// Where SMPP is spoken in a file.
pub(super) const PORT: u16 = 2775;
/// The most octets of one segment; PDUs are cut by it, and put together again by who reads them.
const SEGMENT: usize = 1_000;
const SYN: u8 = 2;
const PUSH: u8 = 8;
const ACK: u8 = 16;

/// Writes a pcap file of whole TCP connections, each from its handshake on.
pub(super) fn write(path: &Path, conversations: &[Conversation]) {
    let mut file = Vec::new();
    // Microseconds, version 2.4, whole packets, Ethernet.
    for word in [0xA1B2_C3D4, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend_from_slice(&u32::to_le_bytes(word));
    }
    let mut second = 0;
    for (port, conversation) in (40_000..).zip(conversations) {
        let mut stream = Stream { port, next: [1_000, 5_000] };
        let mut frames = vec![stream.segment(true, SYN, &[]), stream.segment(false, SYN | ACK, &[])];
        for chunk in conversation {
            frames.extend(chunk.octets.chunks(SEGMENT).map(|it| stream.segment(chunk.up, PUSH | ACK, it)));
        }
        for frame in frames {
            second += 1;
            let length = u32::try_from(frame.len()).unwrap();
            for word in [second, 0, length, length] {
                file.extend_from_slice(&u32::to_le_bytes(word));
            }
            file.extend_from_slice(&frame);
        }
    }
    std::fs::write(path, file).unwrap();
}

/// One connection: the port of who made it, and the next numbers, of the one who listens first.
struct Stream {
    port: u16,
    next: [u32; 2],
}

impl Stream {
    /// An Ethernet frame with one segment. Checksums are left out, as network cards fill them in.
    fn segment(&mut self, up: bool, flags: u8, octets: &[u8]) -> Vec<u8> {
        let (own, other) = (usize::from(up), usize::from(!up));
        let ends = if up { [self.port, PORT] } else { [PORT, self.port] };
        let mut frame = vec![0; 12];
        frame.extend([0x08, 0x00, 0x45, 0]);
        frame.extend(u16::try_from(40 + octets.len()).unwrap().to_be_bytes());
        frame.extend([0, 1, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        frame.extend(ends.into_iter().flat_map(u16::to_be_bytes));
        let acknowledged = if flags & ACK == 0 { 0 } else { self.next[other] };
        frame.extend([self.next[own], acknowledged].into_iter().flat_map(u32::to_be_bytes));
        frame.extend([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        frame.extend(octets);
        self.next[own] += u32::try_from(octets.len()).unwrap() + u32::from(flags & SYN != 0);
        frame
    }
}
