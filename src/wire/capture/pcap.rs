//! The older format: a header of 24 octets, then records of 16 octets and a packet each.
//!
//! ```text
//!  magic version zone sigfigs snaplen link │ seconds fraction kept original │ packet … │ seconds …
//! ```

use crate::wire::capture::{Capture, Endian, Packet};
use std::time::Duration;

/// More than any link delivers; a record that claims more is damaged.
const KEPT_MAX: u32 = 1 << 20;

/// Reads a file, if it is one.
pub(super) fn read(file: &[u8]) -> Option<Capture<'_>> {
    let (endian, nanos_per_unit) = match file.first_chunk::<4>()? {
        [0xA1, 0xB2, 0xC3, 0xD4] => (Endian::Big, 1_000),
        [0xD4, 0xC3, 0xB2, 0xA1] => (Endian::Little, 1_000),
        [0xA1, 0xB2, 0x3C, 0x4D] => (Endian::Big, 1),
        [0x4D, 0x3C, 0xB2, 0xA1] => (Endian::Little, 1),
        _ => return None,
    };
    // The upper bits say whether a checksum follows each packet.
    let link = endian.u32(file, 20)? & 0x0FFF_FFFF;
    let mut capture = Capture { packets: Vec::new(), damage: None };
    let mut rest = &file[24..];
    while !rest.is_empty() {
        let Some((packet, after)) = record(rest, endian, nanos_per_unit, link) else {
            capture.damage = Some(format!("the record at octet {} is damaged or cut", file.len() - rest.len()));
            break;
        };
        capture.packets.push(packet);
        rest = after;
    }
    Some(capture)
}

fn record(rest: &[u8], endian: Endian, nanos_per_unit: u32, link: u32) -> Option<(Packet<'_>, &[u8])> {
    let word = |at| endian.u32(rest, at);
    let (seconds, fraction, kept) = (word(0)?, word(4)?, word(8)?);
    let (octets, after) = rest.get(16..)?.split_at_checked(kept as usize)?;
    let time = Duration::new(seconds.into(), fraction.saturating_mul(nanos_per_unit).min(999_999_999));
    (kept <= KEPT_MAX).then_some((Packet { time: Some(time), link, octets }, after))
}
