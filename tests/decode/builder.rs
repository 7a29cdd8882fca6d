//! Captures made by hand, and the PDUs in them.

use std::net::{IpAddr, SocketAddr};

/// A PDU of this operation, status, number and body.
pub(super) fn pdu(command: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = 16 + u32::try_from(body.len()).unwrap();
    let header = [length, command, status, sequence].map(u32::to_be_bytes).concat();
    [&header, body].concat()
}

/// A `submit_sm` or `deliver_sm` (command 4 or 5).
pub(super) fn sm(command: u32, sequence: u32, esm_class: u8, data_coding: u8, text: &[u8]) -> Vec<u8> {
    let head = [&b"\0\x01\x01"[..], NUMBER.as_bytes(), b"\0\x05\0", SENDER.as_bytes(), b"\0"].concat();
    let fixed = [esm_class, 0, 0, 0, 0, 1, 0, data_coding, 0, u8::try_from(text.len()).unwrap()];
    pdu(command, 0, sequence, &[&head, &fixed[..], text].concat())
}

pub(super) const NUMBER: &str = "31612345678";
pub(super) const SENDER: &str = "PARCELS";

/// A connection to be captured.
#[derive(Clone, Copy)]
pub(super) struct Ends(pub(super) SocketAddr, pub(super) SocketAddr);

impl Ends {
    pub(super) const fn back(self) -> Self {
        Self(self.1, self.0)
    }

    /// A segment with this number and payload.
    pub(super) fn segment(self, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        let ports = [self.0.port(), self.1.port()].map(u16::to_be_bytes).concat();
        let tcp = [&ports, &sequence.to_be_bytes()[..], &[0; 4], &[0x50, flags, 0, 0, 0, 0, 0, 0], payload].concat();
        let length = u16::try_from(tcp.len()).unwrap();
        let network = match (self.0.ip(), self.1.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let total = (20 + length).to_be_bytes();
                [&[0x45, 0], &total[..], &[0; 4], &[64, 6, 0, 0], &from.octets(), &to.octets()].concat()
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                // With an extension header of destination options before TCP.
                let payload = (8 + length).to_be_bytes();
                let fixed = [&[0x60, 0, 0, 0], &payload[..], &[60, 64], &from.octets(), &to.octets()].concat();
                [&fixed[..], &[6, 0, 1, 4, 0, 0, 0, 0]].concat()
            }
            _ => panic!("one family"),
        };
        [network, tcp].concat()
    }
}

/// What stands before the network in packets of this link type.
pub(super) fn framed(link: u32, network: &[u8]) -> Vec<u8> {
    let six = network[0] >> 4 == 6;
    let kind: [u8; 2] = if six { [0x86, 0xDD] } else { [0x08, 0x00] };
    let head = match link {
        0 => if six { [30, 0, 0, 0] } else { [2, 0, 0, 0] }.to_vec(),
        // A VLAN in a VLAN.
        1 => [&[7; 12], &[0x88, 0xA8, 0, 5, 0x81, 0x00, 0, 9][..], &kind].concat(),
        101 => Vec::new(),
        113 => [&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0][..], &kind].concat(),
        276 => [&kind[..], &[0; 18]].concat(),
        _ => panic!("a link that is not built"),
    };
    [&head, network].concat()
}

/// A pcap of these packets, one a second, from the beginning of 1970.
pub(super) fn pcap(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = [0xA1B2_C3D4, 0x0002_0004, 0, 0, 65_535, link].map(u32::to_be_bytes).concat();
    for (second, packet) in (0_u32..).zip(packets) {
        let framed = framed(link, packet);
        let length = u32::try_from(framed.len()).unwrap();
        file.extend([second, 5, length, length].map(u32::to_be_bytes).concat());
        file.extend(framed);
    }
    file
}

/// The same as pcapng, least octet first, with a clock of nanoseconds.
pub(super) fn pcapng(link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let padded = [body, &vec![0; body.len().next_multiple_of(4) - body.len()]].concat();
        let length = (12 + u32::try_from(padded.len()).unwrap()).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &padded, &length].concat()
    };
    let words = |words: &[u32]| words.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = block(0x0A0D_0D0A, &words(&[0x1A2B_3C4D, 1, u32::MAX, u32::MAX]));
    // Its name, the resolution of its clock (10^-9), and the end of options.
    let options = [&[2, 0, 2, 0, b'l', b'o', 0, 0], &[9, 0, 1, 0, 9, 0, 0, 0][..], &[0; 4]].concat();
    file.extend(block(1, &[words(&[link, 0]), options].concat()));
    file.extend(block(4, b"a block of names, to be passed by"));
    for (second, packet) in (0_u64..).zip(packets) {
        let framed = framed(link, packet);
        let length = u32::try_from(framed.len()).unwrap();
        let time = second * 1_000_000_000 + 5_000;
        let head = words(&[0, (time >> 32) as u32, time as u32, length, length]);
        file.extend(block(6, &[head, framed].concat()));
    }
    file
}
