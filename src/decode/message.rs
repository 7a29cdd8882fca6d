//! What the octets of a text say: its header, its characters, and the fields of a receipt in it.

use crate::carrier::receipt::ReceiptText;
use crate::carrier::receipt_time;
use crate::carrier::word::status_of_word;
use crate::message::time::Time;
use crate::smpp::sm::esm_class::{TYPE_MASK, UDHI};
use crate::smpp::words;
use crate::text::encoding::{Encoding, Readings};
use crate::text::national::Language;
use crate::text::udh::{CONCAT_8, CONCAT_16, LOCKING, PORTS_8, PORTS_16, SINGLE, Udh};

/// A text as a PDU has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) esm_class: u8,
    pub(super) data_coding: u8,
    pub(super) octets: &'a [u8],
}

impl Message<'_> {
    /// What it says, in lines of a name and a value.
    pub(super) fn lines(&self, zero: Encoding, redact: bool) -> Vec<(&'static str, String)> {
        let (mut lines, mut udh, mut octets) = (Vec::new(), Udh::default(), self.octets);
        let readings = Readings::from(zero);
        if self.esm_class & UDHI != 0 {
            match Udh::split(self.octets, readings.is_wide(self.data_coding)) {
                Some((header, rest)) => (udh, octets) = (header, rest),
                None => lines.push(("user data header", "announced, and longer than the text".to_owned())),
            }
        }
        lines.extend(udh.elements().map(|(id, value)| ("user data header", element(id, value, redact))));
        if octets.is_empty() || is_binary(self.data_coding) {
            return lines;
        }
        let text = readings.read(self.data_coding, udh, octets).text;
        let characters = text.chars().count();
        lines.push(("text", if redact { format!("{characters} characters, hidden") } else { format!("{text:?}") }));
        let (receipt, announced) = (ReceiptText::parse(&text), self.esm_class & TYPE_MASK != 0);
        // Somebody may write what looks like a receipt: of that nothing is shown that is to be hidden.
        if announced || (receipt.is_receipt() && !redact) {
            lines.extend(fields(&receipt, redact));
        }
        lines
    }
}

fn is_binary(data_coding: u8) -> bool {
    words::data_coding(data_coding).split(", ").any(|it| it == "octets")
}

fn element(id: u8, value: &[u8], redact: bool) -> String {
    let language = |number: &u8| match Language::new(*number) {
        Some(language) => format!("language {number} ({})", language.word()),
        None => format!("language {number} (reserved)"),
    };
    match (id, value) {
        (CONCAT_8, [reference, total, index]) => format!("part {index} of {total}, reference {reference} of 8 bits"),
        (CONCAT_16, [high, low, total, index]) => {
            format!("part {index} of {total}, reference {} of 16 bits", u16::from_be_bytes([*high, *low]))
        }
        (PORTS_8, [to, from]) => format!("to port {to}, from port {from}"),
        (PORTS_16, [a, b, c, d]) => {
            format!("to port {}, from port {}", u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]))
        }
        (LOCKING, [number]) => format!("national locking shift, {}", language(number)),
        (SINGLE, [number]) => format!("national single shift, {}", language(number)),
        (id, value) if redact => format!("element 0x{id:02X} of {} octets, hidden", value.len()),
        (id, value) => {
            let octets: String = value.iter().map(|it| format!("{it:02X}")).collect();
            format!("element 0x{id:02X}: {octets}")
        }
    }
}

fn fields(receipt: &ReceiptText, redact: bool) -> Vec<(&'static str, String)> {
    let word = receipt.stat.as_deref().map(|it| format!("{it}, which is {}", status_of_word(it).word()));
    // All others are one word each.
    let date = receipt.done_date.clone().filter(|it| !redact || it.bytes().all(|it| !it.is_ascii_alphabetic()));
    let date = date.map(|it| match receipt_time::parse(&it, 0) {
        Some(at) => format!("{it}, which is {}", calendar(&it, at)),
        None => it,
    });
    let fields = [
        ("receipt id", receipt.id.clone()),
        ("receipt stat", word),
        ("receipt err", receipt.err.clone()),
        ("receipt done date", date),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The date of a receipt, in the zone of whoever wrote it; in UTC where it says its zone.
fn calendar(date: &str, at: Time) -> String {
    let it = receipt_time::to_smpp(at, 0);
    let second = if it.second == 0 { String::new() } else { format!(":{:02}", it.second) };
    let zone = if receipt_time::parse(date, 3_600) == Some(at) { " UTC" } else { "" };
    format!("{}-{:02}-{:02} {:02}:{:02}{second}{zone}", it.year, it.month, it.day, it.hour, it.minute)
}
