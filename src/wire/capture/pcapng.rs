//! The newer format: blocks that name their type and length, in sections of one order of octets
//! (draft-ietf-opsawg-pcapng).
//!
//! ```text
//!  type │ length │ body … │ length        section header, interface, packet, and more that is passed by
//! ```

use crate::wire::capture::{Capture, Endian, Packet};
use std::time::Duration;

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const PACKET: u32 = 6;

/// `if_tsresol` and `if_tsoffset` among the options of an interface.
const RESOLUTION: u16 = 9;
const OFFSET: u16 = 14;

/// Where packets came from.
#[derive(Clone, Copy)]
struct Interface {
    link: u32,
    snap_length: u32,
    /// Units of its clock in a second, of which there is at least one.
    units: u64,
    /// Seconds that its times begin at.
    offset: u64,
}

/// Reads a file, if it is one.
pub(super) fn read(file: &[u8]) -> Option<Capture<'_>> {
    section(file)?;
    let mut capture = Capture { packets: Vec::new(), damage: None };
    let (mut endian, mut interfaces) = (Endian::Big, Vec::new());
    let mut rest = file;
    while !rest.is_empty() {
        if let Some(other) = section(rest) {
            endian = other;
            interfaces.clear();
        }
        let Some((kind, body, after)) = block(rest, endian) else {
            capture.damage = Some(format!("the block at octet {} is damaged or cut", file.len() - rest.len()));
            break;
        };
        match kind {
            INTERFACE => interfaces.extend(interface(body, endian)),
            PACKET | OLD_PACKET | SIMPLE_PACKET => capture.packets.extend(packet(kind, body, endian, &interfaces)),
            _ => {}
        }
        rest = after;
    }
    Some(capture)
}

/// The order of octets of the section that begins here, if one does.
fn section(octets: &[u8]) -> Option<Endian> {
    if Endian::Big.u32(octets, 0)? != SECTION {
        return None;
    }
    [Endian::Big, Endian::Little].into_iter().find(|it| it.u32(octets, 8) == Some(0x1A2B_3C4D))
}

fn block(rest: &[u8], endian: Endian) -> Option<(u32, &[u8], &[u8])> {
    let (kind, length) = (endian.u32(rest, 0)?, endian.u32(rest, 4)? as usize);
    let (whole, after) = rest.split_at_checked(length)?;
    Some((kind, whole.get(8..length.checked_sub(4)?)?, after))
}

fn interface(body: &[u8], endian: Endian) -> Option<Interface> {
    let (link, snap_length) = (endian.u16(body, 0)?.into(), endian.u32(body, 4)?);
    let mut interface = Interface { link, snap_length, units: 1_000_000, offset: 0 };
    let mut options = body.get(8..)?;
    while let (Some(code @ 1..), Some(length)) = (endian.u16(options, 0), endian.u16(options, 2)) {
        let Some(value) = options.get(4..4 + usize::from(length)) else { break };
        match (code, value) {
            (RESOLUTION, [power]) if power & 0x80 == 0 => interface.units = 10_u64.saturating_pow((*power).into()),
            (RESOLUTION, [power]) => interface.units = 1_u64.checked_shl((power & 0x7F).into()).unwrap_or(u64::MAX),
            (OFFSET, [..]) if value.len() == 8 => {
                let (first, second) = (endian.u32(value, 0)?, endian.u32(value, 4)?);
                let (high, low) = if endian == Endian::Big { (first, second) } else { (second, first) };
                interface.offset = u64::from(high) << 32 | u64::from(low);
            }
            _ => {}
        }
        // Values are padded to four octets.
        options = options.get(4 + usize::from(length).next_multiple_of(4)..).unwrap_or_default();
    }
    Some(interface)
}

fn packet<'a>(kind: u32, body: &'a [u8], endian: Endian, interfaces: &[Interface]) -> Option<Packet<'a>> {
    let word = |at| endian.u32(body, at);
    if kind == SIMPLE_PACKET {
        // It is of the first interface, has no time, and was cut as that says; 0 does not cut.
        let from = interfaces.first()?;
        let limit = if from.snap_length == 0 { u32::MAX } else { from.snap_length };
        let rest = body.get(4..)?;
        let octets = &rest[..rest.len().min(word(0)?.min(limit) as usize)];
        return Some(Packet { time: None, link: from.link, octets });
    }
    let number = if kind == OLD_PACKET { endian.u16(body, 0)?.into() } else { word(0)? };
    let from = interfaces.get(number as usize)?;
    let units = u64::from(word(4)?) << 32 | u64::from(word(8)?);
    let nanos = u128::from(units % from.units) * 1_000_000_000 / u128::from(from.units);
    let seconds = (units / from.units).saturating_add(from.offset);
    let time = Duration::new(seconds, u32::try_from(nanos).ok()?);
    Some(Packet { time: Some(time), link: from.link, octets: body.get(20..)?.get(..word(12)? as usize)? })
}
