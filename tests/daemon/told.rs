//! What is told in octets: the cells of a file of recipients, and what handsets write through carriers.

use crate::daemon::raw::DELIVER_SM;

/// The classes of a deliver_sm: of whom it tells, a handset or a message that was sent, and whether it has a header.
const RECEIPT: u8 = 0x04;
const OF_CARRIER: u8 = 0x3c;
const HEADED: u8 = 0x40;

/// The cells of a line of CSV.
pub(super) fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for it in line.trim_start_matches('\u{feff}').chars() {
        quoted ^= it == '"';
        match (it, cells.last_mut()) {
            (',', _) if !quoted => cells.push(String::new()),
            (it, Some(cell)) if it != '"' => cell.push(it),
            _ => (),
        }
    }
    cells
}

/// A number and a text of a handset; nothing of another PDU.
type Wrote<'a> = Option<(&'a str, String)>;

/// The first PDU of octets, if it is whole, and what stands behind it.
pub(super) fn delivered(octets: &[u8]) -> Option<(Wrote<'_>, &[u8])> {
    let word = |at: usize| Some(u32::from_be_bytes(octets.get(at..at + 4)?.try_into().ok()?));
    let length = usize::try_from(word(0)?).ok().filter(|it| 16 <= *it)?;
    let (body, behind) = (octets.get(16..length)?, &octets[length..]);
    Some((if word(4)? == DELIVER_SM { handset(body) } else { None }, behind))
}

/// The number and the text of the body of a deliver_sm; of a receipt only the number, for its text is of the carrier.
fn handset(body: &[u8]) -> Wrote<'_> {
    let text = |octets: &[u8]| octets.iter().position(|it| *it == 0);
    // The service_type; then type and plan of each address, and the address.
    let from = &body[text(body)? + 1..];
    let number = from.get(2..)?;
    let to = &number[text(number)? + 1..];
    let rest = to.get(2..)?;
    let rest = &rest[text(rest)? + 1..];
    let class = *rest.first()?;
    // Its protocol_id and priority_flag, two times, three octets about its delivery, data_coding and an unused one.
    let times = rest.get(3..)?;
    let times = &times[text(times)? + 1..];
    let rest = &times[text(times)? + 1..];
    let (coding, length) = (*rest.get(2)?, usize::from(*rest.get(4)?));
    let octets = rest.get(5..5 + length)?;
    let header = if class & HEADED == 0 { 0 } else { usize::from(*octets.first()?) + 1 };
    let octets = octets.get(header..)?;
    let units = || octets.as_chunks::<2>().0.iter().map(|it| u16::from_be_bytes(*it));
    let written = match coding {
        8 => char::decode_utf16(units()).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
        _ => String::from_utf8_lossy(octets).into_owned(),
    };
    let is_receipt = class & OF_CARRIER == RECEIPT;
    let number = std::str::from_utf8(&number[..text(number)?]).ok()?;
    Some((number, if is_receipt { String::new() } else { written }))
}
