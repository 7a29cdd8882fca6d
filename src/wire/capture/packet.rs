//! Packets taken apart: link, network, and the segment of TCP in them.
//!
//! ```text
//!  Ethernet, VLAN, Linux cooked, loopback, raw ──► IPv4, IPv6 ──► TCP
//! ```

use crate::wire::capture::Packet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A segment of TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// The number of its first octet, or of the SYN before that.
    pub sequence: u32,
    /// It opens a connection.
    pub syn: bool,
    /// What it carries, as far as it was kept.
    pub payload: &'a [u8],
}

/// Why a packet has no segment to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// It is of another protocol, or too short for its own.
    NoTcp,
    /// It is a piece of a packet; pieces are not put together.
    Fragment,
    /// Its link is none of those that are read.
    Link(u32),
}

/// Tags of VLANs that are passed before the network is looked for.
const VLANS_MAX: usize = 4;
/// Headers of extension that are passed in IPv6.
const EXTENSIONS_MAX: usize = 8;
const TCP: u8 = 6;

/// The segment in a packet.
pub fn segment<'a>(packet: &Packet<'a>) -> Result<Segment<'a>, Other> {
    let octets = packet.octets;
    let network = match packet.link {
        // BSD loopback: a word for the family, which the packet says as well.
        0 | 108 => octets.get(4..),
        1 => tagged(octets, 12),
        12 | 14 | 101 | 228 | 229 => Some(octets),
        // Linux cooked, and its second version, whose protocol stands first.
        113 => tagged(octets, 14),
        276 => ethertype(octets, 0, 20),
        other => return Err(Other::Link(other)),
    };
    let network = network.ok_or(Other::NoTcp)?;
    match network.first().map(|it| it >> 4) {
        Some(4) => ipv4(network),
        Some(6) => ipv6(network),
        _ => Err(Other::NoTcp),
    }
}

fn tagged(octets: &[u8], at: usize) -> Option<&[u8]> {
    ethertype(octets, at, at + 2)
}

/// What is behind a type of Ethernet and the tags of VLANs, if that is IP.
fn ethertype(octets: &[u8], at: usize, behind: usize) -> Option<&[u8]> {
    let mut kind = word(octets, at)?;
    let mut rest = octets.get(behind..)?;
    for _ in 0..VLANS_MAX {
        if !matches!(kind, 0x8100 | 0x88A8 | 0x9100) {
            break;
        }
        kind = word(rest, 2)?;
        rest = rest.get(4..)?;
    }
    matches!(kind, 0x0800 | 0x86DD).then_some(rest)
}

fn ipv4(octets: &[u8]) -> Result<Segment<'_>, Other> {
    let header = octets.first_chunk::<20>().ok_or(Other::NoTcp)?;
    let (length, total) = (usize::from(header[0] & 0x0F) * 4, usize::from(u16::from_be_bytes([header[2], header[3]])));
    if header[9] != TCP {
        return Err(Other::NoTcp);
    }
    // More fragments, or an offset.
    if u16::from_be_bytes([header[6], header[7]]) & 0x3FFF != 0 {
        return Err(Other::Fragment);
    }
    let [.., a, b, c, d, e, f, g, h] = *header;
    let (from, to) = (Ipv4Addr::new(a, b, c, d).into(), Ipv4Addr::new(e, f, g, h).into());
    // A card that cuts segments itself writes no total; what pads a short frame is none of ours.
    let end = if total == 0 { octets.len() } else { total.min(octets.len()) };
    tcp(from, to, octets.get(length.max(20)..end).ok_or(Other::NoTcp)?)
}

fn ipv6(octets: &[u8]) -> Result<Segment<'_>, Other> {
    let header = octets.first_chunk::<40>().ok_or(Other::NoTcp)?;
    let address = |at: usize| {
        let octets: [u8; 16] = std::array::from_fn(|it| header[at + it]);
        IpAddr::from(Ipv6Addr::from(octets))
    };
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let end = if length == 0 { octets.len() } else { (40 + length).min(octets.len()) };
    let (mut next, mut rest) = (header[6], &octets[40..end]);
    for _ in 0..EXTENSIONS_MAX {
        let length = match (next, rest) {
            (0 | 43 | 60, [_, length, ..]) => (usize::from(*length) + 1) * 8,
            (51, [_, length, ..]) => (usize::from(*length) + 2) * 4,
            (44, [..]) => return Err(Other::Fragment),
            _ => break,
        };
        next = rest[0];
        rest = rest.get(length..).ok_or(Other::NoTcp)?;
    }
    if next == TCP { tcp(address(8), address(24), rest) } else { Err(Other::NoTcp) }
}

fn tcp(from: IpAddr, to: IpAddr, octets: &[u8]) -> Result<Segment<'_>, Other> {
    let header = octets.first_chunk::<20>().ok_or(Other::NoTcp)?;
    let port = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let length = usize::from(header[12] >> 4) * 4;
    Ok(Segment {
        from: SocketAddr::new(from, port(0)),
        to: SocketAddr::new(to, port(2)),
        sequence: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
        syn: header[13] & 0x02 != 0,
        payload: octets.get(length.max(20)..).ok_or(Other::NoTcp)?,
    })
}

fn word(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*octets.get(at..)?.first_chunk()?))
}
