//! Messages from handsets: who wrote to whom, which part of which message, and what it says.
//!
//! ```text
//! deliver_sm, data_sm ─► Mo: addresses, octets, Concat, Fingerprint
//! the parts of one message, in their order ─► Content: text, or octets
//! ```
//!
//! Nothing is refused: a header that lies is no header, a part that lies about its place is a message
//! of its own, and what cannot be read becomes U+FFFD.

use crate::number::e164::E164;
use crate::smpp::address::Address;
use crate::smpp::data::DataSm;
use crate::smpp::pdu::Body;
use crate::smpp::sm::{Sm, esm_class};
use crate::smpp::tlv::{Tag, Tlvs};
use crate::text::udh::{Ports, Udh};
use crate::text::{self, Alphabet};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// A message from a handset, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mo {
    /// Who sent it: `+31612345678`, or as the PDU has it.
    pub source: Box<str>,
    /// Whom it is for, written likewise.
    pub destination: Box<str>,
    /// How `octets` are to be read.
    pub data_coding: u8,
    /// Whether `octets` are said to begin with a user data header.
    pub udhi: bool,
    /// What it says, header included.
    pub octets: Box<[u8]>,
    /// Which part of several it is.
    pub concat: Option<Concat>,
    /// What is equal when the carrier sends it again.
    pub fingerprint: Fingerprint,
}

/// Which part of which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Concat {
    /// Where the reference stands: references of two kinds are not compared.
    pub kind: Kind,
    /// What the parts of one message have in common.
    pub reference: u16,
    /// How many parts: 2 to 255.
    pub total: u8,
    /// Its place: 1 to `total`.
    pub index: u8,
}

/// Where the reference of a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Information element 0x00 of the header, one octet (3GPP TS 23.040, 9.2.3.24.1).
    Udh8,
    /// Information element 0x08, two octets (9.2.3.24.8).
    Udh16,
    /// `sar_msg_ref_num` and its fellows (SMPP 3.4, 5.3.2.22 to 24).
    Sar,
}

impl Kind {
    /// Its number in records.
    pub const fn number(self) -> u8 {
        match self {
            Self::Udh8 => 0,
            Self::Udh16 => 1,
            Self::Sar => 2,
        }
    }

    /// The kind of a number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Udh8),
            1 => Some(Self::Udh16),
            2 => Some(Self::Sar),
            _ => None,
        }
    }
}

/// 128 bits of SHA-256 over everything that a PDU says, its `sequence_number` apart. A carrier that sends
/// a PDU again gives it another number and changes nothing else; what it does change tells two messages apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 16]);

/// What the parts of a message say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What it says.
    pub said: Said,
    /// In which alphabet it came; that of its first part.
    pub encoding: &'static str,
    /// The ports of the first part that names some.
    pub ports: Option<Ports>,
}

/// Text or octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It can be read.
    Text(String),
    /// It is for a program.
    Binary(Vec<u8>),
}

/// How messages from handsets are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long the parts of a message wait for each other, from the first. Default 5 min.
    pub reassembly_timeout: Duration,
    /// How long a message that is sent again is known as such. `None`: never. Default 10 min.
    pub redelivery_window: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { reassembly_timeout: Duration::from_secs(300), redelivery_window: Some(Duration::from_secs(600)) }
    }
}

/// A message from a handset out of a request of the carrier; `None` if it carries none.
pub fn read(body: &Body) -> Option<Mo> {
    match body {
        Body::DeliverSm(sm) => Some(of_sm(sm)),
        Body::DataSm(sm) => Some(of_data(sm)),
        _ => None,
    }
}

fn of_sm(sm: &Sm) -> Mo {
    let mut digest = Sha256::new();
    for field in [&sm.service_type, &sm.schedule_delivery_time, &sm.validity_period] {
        add(&mut digest, field.as_bytes());
    }
    digest.update([sm.protocol_id, sm.priority_flag, sm.sm_default_msg_id]);
    add(&mut digest, &sm.short_message);
    let frame = Frame { source: &sm.source, destination: &sm.destination, tlvs: &sm.tlvs, octets: &sm.text() };
    frame.mo(digest, sm.esm_class, sm.data_coding)
}

fn of_data(sm: &DataSm) -> Mo {
    let mut digest = Sha256::new();
    add(&mut digest, sm.service_type.as_bytes());
    let frame = Frame { source: &sm.source, destination: &sm.destination, tlvs: &sm.tlvs, octets: &sm.text() };
    frame.mo(digest, sm.esm_class, sm.data_coding)
}

/// What both PDUs have in common.
struct Frame<'a> {
    source: &'a Address,
    destination: &'a Address,
    tlvs: &'a Tlvs,
    octets: &'a [u8],
}

impl Frame<'_> {
    fn mo(&self, mut digest: Sha256, class: u8, data_coding: u8) -> Mo {
        for address in [self.source, self.destination] {
            digest.update([address.ton, address.npi]);
            add(&mut digest, address.digits.as_bytes());
        }
        digest.update([class, data_coding]);
        for (tag, value) in self.tlvs.iter() {
            digest.update(tag.0.to_be_bytes());
            add(&mut digest, &value);
        }
        let digest: [u8; 32] = digest.finalize().into();
        let udhi = class & esm_class::UDHI != 0;
        let (udh, _) = split(udhi, self.octets);
        Mo {
            source: written(self.source),
            destination: written(self.destination),
            data_coding,
            udhi,
            octets: self.octets.into(),
            concat: concat_of_header(udh).or_else(|| concat_of_tlvs(self.tlvs)),
            fingerprint: Fingerprint(digest.first_chunk().copied().expect("SHA-256 has 32 octets")),
        }
    }
}

/// A field of any length, so that no two lists of fields are the same octets.
fn add(digest: &mut Sha256, field: &[u8]) {
    digest.update((field.len() as u64).to_be_bytes());
    digest.update(field);
}

/// Header and rest; a length that reaches beyond the end is none of a header (quirk 60).
fn split(udhi: bool, octets: &[u8]) -> (Udh<'_>, &[u8]) {
    udhi.then(|| Udh::parse(octets)).flatten().unwrap_or((Udh::default(), octets))
}

fn concat_of_header(udh: Udh<'_>) -> Option<Concat> {
    let it = udh.concat()?;
    place(if it.wide { Kind::Udh16 } else { Kind::Udh8 }, it.reference, it.total, it.index)
}

fn concat_of_tlvs(tlvs: &Tlvs) -> Option<Concat> {
    let (total, index) = (tlvs.get_u8(Tag::SAR_TOTAL_SEGMENTS)?, tlvs.get_u8(Tag::SAR_SEGMENT_SEQNUM)?);
    place(Kind::Sar, tlvs.get_u16(Tag::SAR_MSG_REF_NUM)?, total, index)
}

/// A place that can be; one part of one is a whole message.
fn place(kind: Kind, reference: u16, total: u8, index: u8) -> Option<Concat> {
    (2 <= total && (1..=total).contains(&index)).then_some(Concat { kind, reference, total, index })
}

/// An address as people write it: with `+` where the carrier says that it is international, or says nothing and
/// it can be nothing else.
fn written(address: &Address) -> Box<str> {
    const UNKNOWN: u8 = 0;
    const INTERNATIONAL: u8 = 1;
    /// Shorter ones may be short codes.
    const DIGITS_MIN: usize = 9;
    let text = address.digits.to_string_lossy();
    let text = text.trim_matches(|it: char| it == '\0' || it.is_whitespace());
    let digits = text.strip_prefix('+').or_else(|| text.strip_prefix("00")).unwrap_or(text);
    let bare = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    let international = match address.ton {
        INTERNATIONAL => true,
        UNKNOWN => DIGITS_MIN <= digits.len() && E164::parse(&format!("+{digits}"), None).is_ok(),
        _ => text.starts_with('+'),
    };
    if bare && international { format!("+{digits}").into() } else { text.into() }
}

/// What the parts of a message say, which are given in their order. `default` is what data_coding 0
/// means at the carrier.
pub fn content(parts: &[&Mo], default: Alphabet) -> Content {
    let first = parts.first().map_or(0, |it| it.data_coding);
    let read: Vec<(u8, Udh<'_>, &[u8])> = parts
        .iter()
        .map(|it| {
            let (udh, octets) = split(it.udhi, &it.octets);
            (it.data_coding, udh, octets)
        })
        .collect();
    let ports = read.iter().find_map(|(_, udh, _)| udh.ports());
    if read.iter().any(|it| is_binary(it.0)) {
        let octets = read.iter().flat_map(|it| it.2.iter().copied()).collect();
        return Content { said: Said::Binary(octets), encoding: "binary", ports };
    }
    let mut text = String::new();
    // Parts alike are read as one, so that a surrogate pair that was torn between two is whole again.
    for alike in read.chunk_by(|a, b| (a.0, a.1.shift()) == (b.0, b.1.shift())) {
        let octets: Vec<u8> = alike.iter().flat_map(|it| it.2.iter().copied()).collect();
        text.push_str(&text::decode(alike[0].0, alike[0].1, &octets, default));
    }
    // Carriers end texts with a NUL, as C does (quirk 20).
    text.truncate(text.trim_end_matches('\0').len());
    Content { said: Said::Text(text), encoding: encoding(first, default), ports }
}

impl Mo {
    /// The user data header, its length included; empty without one.
    pub fn header(&self) -> &[u8] {
        let (_, rest) = split(self.udhi, &self.octets);
        &self.octets[..self.octets.len() - rest.len()]
    }
}

/// Whether the octets are for a program: SMPP 3.4, 5.2.19, and the 8-bit data of 3GPP TS 23.038, 4.
const fn is_binary(data_coding: u8) -> bool {
    match data_coding {
        0x02 | 0x04 => true,
        0x10..=0x1F | 0x40..=0x5F => data_coding >> 2 & 3 == 1,
        0xF0..=0xFF => data_coding & 4 != 0,
        _ => false,
    }
}

/// The word for an alphabet, of those that the API uses, or the name of the character set.
const fn encoding(data_coding: u8, default: Alphabet) -> &'static str {
    match data_coding {
        0x01 => "ascii",
        0x03 => "latin1",
        0x06 => "iso-8859-5",
        0x07 => "iso-8859-8",
        0x08 | 0xE0..=0xEF => "ucs2",
        0x05 | 0x09 | 0x0A | 0x0D | 0x0E => "ascii",
        0x10..=0x1F | 0x40..=0x5F if data_coding >> 2 & 3 == 2 => "ucs2",
        _ => default.word(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::cstring::CString;
    use bytes::Bytes;

    fn sm(class: u8, octets: &[u8]) -> Sm {
        Sm {
            source: Address { ton: 1, npi: 1, digits: CString::from("31612345678") },
            destination: Address { ton: 0, npi: 0, digits: CString::from("12345") },
            esm_class: class,
            short_message: Bytes::copy_from_slice(octets),
            ..Sm::default()
        }
    }

    fn of(class: u8, octets: &[u8]) -> Mo {
        read(&Body::DeliverSm(sm(class, octets))).unwrap()
    }

    fn text_of(mo: &Mo) -> String {
        match content(&[mo], Alphabet::Gsm7).said {
            Said::Text(text) => text,
            Said::Binary(octets) => panic!("{octets:?}"),
        }
    }

    fn sar(reference: u16, total: u8, index: u8) -> Tlvs {
        let tlvs = Tlvs::build().push(Tag::SAR_MSG_REF_NUM, &reference.to_be_bytes());
        tlvs.push(Tag::SAR_TOTAL_SEGMENTS, &[total]).push(Tag::SAR_SEGMENT_SEQNUM, &[index]).build()
    }

    #[test]
    fn addresses_are_written_as_people_do() {
        let address =
            |ton, digits: &str| String::from(written(&Address { ton, npi: 0, digits: CString::from(digits) }));
        for (ton, digits, expected) in [
            (1, "31612345678", "+31612345678"),
            (0, "31612345678", "+31612345678"),
            (0, "0031612345678", "+31612345678"),
            (2, "+31612345678", "+31612345678"),
            (2, "4155551234", "4155551234"),
            (0, "0612345678", "0612345678"),
            (0, "12345", "12345"),
            (3, "12345", "12345"),
            (5, "SHOP", "SHOP"),
            (1, "SHOP", "SHOP"),
            (1, "", ""),
        ] {
            assert_eq!(address(ton, digits), expected, "{ton} {digits}");
        }
    }

    #[test]
    fn parts_are_known_by_either_element_and_by_tlvs() {
        let (udh8, udh16) = (of(0x40, b"\x05\x00\x03\x07\x03\x02two"), of(0x40, b"\x06\x08\x04\x01\x02\x02\x01one"));
        let expected = Concat { kind: Kind::Udh8, reference: 7, total: 3, index: 2 };
        assert_eq!(
            (udh8.concat, udh8.header(), text_of(&udh8)),
            (Some(expected), &b"\x05\x00\x03\x07\x03\x02"[..], "two".to_owned())
        );
        assert_eq!(udh16.concat, Some(Concat { kind: Kind::Udh16, reference: 0x102, total: 2, index: 1 }));
        let by_tlvs = read(&Body::DeliverSm(Sm { tlvs: sar(9, 2, 2), ..sm(0, b"two") })).unwrap();
        assert_eq!(by_tlvs.concat, Some(Concat { kind: Kind::Sar, reference: 9, total: 2, index: 2 }));
        // Among other elements, and with both (quirk 73): the header is nearer to the handset.
        let mixed = Body::DeliverSm(Sm {
            tlvs: sar(9, 2, 2),
            ..sm(0x40, b"\x0B\x05\x04\x0B\x84\x23\xF0\x00\x03\x07\x02\x01x")
        });
        let mixed = read(&mixed).unwrap();
        assert_eq!(mixed.concat, Some(Concat { kind: Kind::Udh8, reference: 7, total: 2, index: 1 }));
        assert_eq!(content(&[&mixed], Alphabet::Gsm7).ports, Some(Ports { destination: 2_948, source: 9_200 }));
    }

    #[test]
    fn a_place_that_cannot_be_is_none() {
        for octets in [
            &b"\x05\x00\x03\x07\x00\x01x"[..],
            b"\x05\x00\x03\x07\x02\x00x",
            b"\x05\x00\x03\x07\x02\x03x",
            b"\x05\x00\x03\x07\x01\x01x",
            b"\x04\x00\x03\x07\x02x",
            b"\x01\x00x",
            b"\x00x",
        ] {
            let mo = of(0x40, octets);
            assert_eq!((mo.concat, text_of(&mo)), (None, "x".to_owned()), "{octets:?}");
        }
        for octets in [&b""[..], b"\x06\x00\x03\x07\x02\x01", b"\xFFx"] {
            let mo = of(0x40, octets);
            assert_eq!((mo.concat, mo.header()), (None, &b""[..]), "what is no header is text");
        }
        assert_eq!(read(&Body::DeliverSm(Sm { tlvs: sar(9, 0, 0), ..sm(0, b"x") })).unwrap().concat, None);
    }

    #[test]
    fn a_torn_surrogate_pair_is_whole_again() {
        let octets: Vec<u8> = "a\u{1F512}b".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let part = |index: u8, octets: &[u8]| {
            let octets = [&[5, 0, 3, 7, 2, index], octets].concat();
            read(&Body::DeliverSm(Sm { data_coding: 8, ..sm(0x40, &octets) })).unwrap()
        };
        let (one, two) = (part(1, &octets[..4]), part(2, &octets[4..]));
        let content = content(&[&one, &two], Alphabet::Gsm7);
        assert_eq!((content.said, content.encoding), (Said::Text("a\u{1F512}b".to_owned()), "ucs2"));
    }

    #[test]
    fn each_part_is_read_by_the_national_tables_that_its_header_names() {
        // A locking shift of Turkish in the first part alone: 0x1D is ş there, and ß in the second.
        let (one, two) =
            (of(0x40, b"\x08\x00\x03\x07\x02\x01\x25\x01\x01\x1D"), of(0x40, b"\x05\x00\x03\x07\x02\x02\x1E"));
        assert_eq!(content(&[&one, &two], Alphabet::Gsm7).said, Said::Text("şß".to_owned()));
    }

    #[test]
    fn octets_for_programs_stay_octets() {
        for data_coding in [0x02, 0x04, 0x14, 0xF4, 0xF5] {
            let mo = read(&Body::DeliverSm(Sm { data_coding, ..sm(0, &[0, 255, 1]) })).unwrap();
            assert_eq!(content(&[&mo], Alphabet::Gsm7).said, Said::Binary(vec![0, 255, 1]), "{data_coding:#x}");
        }
    }

    #[test]
    fn a_fingerprint_is_of_everything_that_is_said() {
        let base = of(0, b"STOP").fingerprint;
        assert_eq!(of(0, b"STOP").fingerprint, base);
        let others = [
            sm(0, b"STOP "),
            sm(0x80, b"STOP"),
            Sm { data_coding: 1, ..sm(0, b"STOP") },
            Sm { tlvs: sar(1, 1, 1), ..sm(0, b"STOP") },
            Sm { protocol_id: 1, ..sm(0, b"STOP") },
            Sm { source: Address { ton: 1, npi: 1, digits: CString::from("31612345679") }, ..sm(0, b"STOP") },
        ];
        for other in others {
            assert_ne!(read(&Body::DeliverSm(other.clone())).unwrap().fingerprint, base, "{other:?}");
        }
    }
}
