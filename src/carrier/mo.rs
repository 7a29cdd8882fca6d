//! Messages from handsets: who wrote to whom, which part of which message, and what it says.
//!
//! ```text
//! deliver_sm, data_sm ─► Mo: addresses, octets, Concat, Fingerprint
//! the parts of one message, in their order ─► Content: text, or octets
//! ```
//!
//! Nothing is refused: a header that lies is no header, a part that lies about its place is a message
//! of its own, and what cannot be read becomes U+FFFD.

use crate::carrier::address;
use crate::smpp::address::Address;
use crate::smpp::data::DataSm;
use crate::smpp::pdu::PduBody;
use crate::smpp::sm::{Sm, esm_class};
use crate::smpp::tlv::{Tag, Tlvs};
use crate::text::Alphabet;
use crate::text::encoding::{Encoding, Readings};
use crate::text::udh::{Ports, Udh};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// A message from a handset, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mo {
    /// Who sent it, as [`address::source`] writes it.
    pub source: Box<str>,
    /// Of what type the PDU says that `source` is.
    pub source_ton: u8,
    /// Whom it is for, as [`address::destination`] writes it.
    pub destination: Box<str>,
    /// How `octets` are to be read.
    pub data_coding: u8,
    /// Whether `octets` are said to begin with a user data header.
    pub udhi: bool,
    /// What it says, header included.
    pub octets: Box<[u8]>,
    /// What came with it besides: neither the text nor its place.
    pub tlvs: Tlvs,
    /// Which part of several it is.
    pub concat: Option<PartRef>,
    /// What is equal when the carrier sends it again.
    pub fingerprint: Fingerprint,
}

/// Which part of which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartRef {
    /// Where the reference stands: references of two kinds are not compared.
    pub kind: ReferenceKind,
    /// What the parts of one message have in common.
    pub reference: u16,
    /// How many parts: 2 to 255.
    pub total: u8,
    /// Its place: 1 to `total`.
    pub index: u8,
}

closed_set! {
    /// Where the reference of a part stands.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum ReferenceKind: number, from_number {
        /// Information element 0x00 of the header, one octet (3GPP TS 23.040, 9.2.3.24.1).
        Udh8 = 0,
        /// Information element 0x08, two octets (9.2.3.24.8).
        Udh16 = 1,
        /// `sar_msg_ref_num` and its fellows (SMPP 3.4, 5.3.2.22 to 24).
        Sar = 2,
    }
}

/// 128 bits of SHA-256 over everything that a PDU says, its `sequence_number` apart. A carrier that sends
/// a PDU again gives it another number and changes nothing else; what it does change tells two messages apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 16]);

/// What the parts of a message say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoContent {
    /// What it says.
    pub said: MoBody,
    /// In which alphabet it came; that of its first part.
    pub encoding: &'static str,
    /// The ports of the first part that names some.
    pub ports: Option<Ports>,
    /// The user data header of its first part, its length included; empty without one.
    pub header: Vec<u8>,
    /// The octets of a text that does not give them back, or that may be in another alphabet.
    pub doubtful: Option<Vec<u8>>,
}

/// Text or octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoBody {
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
    /// How long a session lives on after an answer that has not arrived: until a connection that is dead is noticed.
    /// Default 90 s.
    pub settled_after: Duration,
    /// What data_coding 0 means in what comes; `None` is the alphabet of the carrier.
    pub zero: Option<Encoding>,
    /// What data_coding 1 means there; `None` is ASCII.
    pub one: Option<Encoding>,
    /// Whose national numbers digits without a country code are, in ISO letters.
    pub region: Option<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reassembly_timeout: Duration::from_secs(300),
            redelivery_window: Some(Duration::from_secs(600)),
            settled_after: Duration::from_secs(90),
            zero: None,
            one: None,
            region: None,
        }
    }
}

/// A message from a handset out of a request of the carrier, whose alphabet names are in; `None` if it carries none.
pub fn read(body: &PduBody, alphabet: Alphabet) -> Option<Mo> {
    match body {
        PduBody::DeliverSm(sm) => Some(of_sm(sm, alphabet)),
        PduBody::DataSm(sm) => Some(of_data(sm, alphabet)),
        _ => None,
    }
}

fn of_sm(sm: &Sm, alphabet: Alphabet) -> Mo {
    let mut digest = Sha256::new();
    for field in [&sm.service_type, &sm.schedule_delivery_time, &sm.validity_period] {
        add(&mut digest, field.as_bytes());
    }
    digest.update([sm.protocol_id, sm.priority_flag, sm.sm_default_msg_id]);
    add(&mut digest, &sm.short_message);
    let frame =
        Frame { source: &sm.source, destination: &sm.destination, tlvs: &sm.tlvs, octets: &sm.text(), alphabet };
    frame.mo(digest, sm.esm_class, sm.data_coding)
}

fn of_data(sm: &DataSm, alphabet: Alphabet) -> Mo {
    let mut digest = Sha256::new();
    add(&mut digest, sm.service_type.as_bytes());
    let frame =
        Frame { source: &sm.source, destination: &sm.destination, tlvs: &sm.tlvs, octets: &sm.text(), alphabet };
    frame.mo(digest, sm.esm_class, sm.data_coding)
}

/// What both PDUs have in common.
struct Frame<'a> {
    source: &'a Address,
    destination: &'a Address,
    tlvs: &'a Tlvs,
    octets: &'a [u8],
    alphabet: Alphabet,
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
        let (udh, _) = split(udhi, false, self.octets);
        Mo {
            source: address::source(self.source, self.alphabet),
            source_ton: self.source.ton,
            destination: address::destination(self.destination, self.alphabet),
            data_coding,
            udhi,
            octets: self.octets.into(),
            tlvs: besides(self.tlvs),
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
fn split(udhi: bool, wide: bool, octets: &[u8]) -> (Udh<'_>, &[u8]) {
    udhi.then(|| Udh::split(octets, wide)).flatten().unwrap_or((Udh::default(), octets))
}

/// Parameters that say neither the text nor its place, in octets of their own: the frame may be long.
fn besides(tlvs: &Tlvs) -> Tlvs {
    const TOLD_OTHERWISE: [Tag; 4] =
        [Tag::MESSAGE_PAYLOAD, Tag::SAR_MSG_REF_NUM, Tag::SAR_TOTAL_SEGMENTS, Tag::SAR_SEGMENT_SEQNUM];
    let others = tlvs.iter().filter(|it| !TOLD_OTHERWISE.contains(&it.0));
    others.fold(Tlvs::build(), |all, (tag, value)| all.push(tag, &value)).build()
}

fn concat_of_header(udh: Udh<'_>) -> Option<PartRef> {
    let it = udh.concat()?;
    part_ref(if it.wide { ReferenceKind::Udh16 } else { ReferenceKind::Udh8 }, it.reference, it.total, it.index)
}

fn concat_of_tlvs(tlvs: &Tlvs) -> Option<PartRef> {
    let (total, index) = (tlvs.get_u8(Tag::SAR_TOTAL_SEGMENTS)?, tlvs.get_u8(Tag::SAR_SEGMENT_SEQNUM)?);
    part_ref(ReferenceKind::Sar, tlvs.get_u16(Tag::SAR_MSG_REF_NUM)?, total, index)
}

/// A place that can be; one part of one is a whole message.
fn part_ref(kind: ReferenceKind, reference: u16, total: u8, index: u8) -> Option<PartRef> {
    (2 <= total && (1..=total).contains(&index)).then_some(PartRef { kind, reference, total, index })
}

/// What the parts of a message say, which are given in their order. `readings` is what the carrier means by
/// data_coding 0, or by 0 and 1.
pub fn content(parts: &[&Mo], readings: impl Into<Readings>) -> MoContent {
    let readings = readings.into();
    let first = parts.first().map_or(0, |it| it.data_coding);
    let read: Vec<(u8, Udh<'_>, &[u8])> = parts
        .iter()
        .map(|it| {
            let (udh, octets) = split(it.udhi, readings.is_wide(it.data_coding), &it.octets);
            (it.data_coding, udh, octets)
        })
        .collect();
    let ports = read.iter().find_map(|(_, udh, _)| udh.ports());
    let text = parts.first().zip(read.first());
    let header = text.map_or(&[][..], |(mo, it)| &mo.octets[..mo.octets.len() - it.2.len()]).to_vec();
    let octets = || read.iter().flat_map(|it| it.2.iter().copied()).collect();
    if read.iter().any(|it| is_binary(it.0)) {
        return MoContent { said: MoBody::Binary(octets()), encoding: "binary", ports, header, doubtful: None };
    }
    let (mut text, mut whole) = (String::new(), true);
    // Parts alike are read as one, so that a surrogate pair that was torn between two is whole again.
    for alike in read.chunk_by(|a, b| (a.0, a.1.shift()) == (b.0, b.1.shift()) && !readings.is_packed(a.0)) {
        let octets: Vec<u8> = alike.iter().flat_map(|it| it.2.iter().copied()).collect();
        let read = readings.read(alike[0].0, alike[0].1, &octets);
        whole &= read.whole;
        text.push_str(&read.text);
    }
    // Carriers end texts with a NUL, as C does (quirk 20).
    text.truncate(text.trim_end_matches('\0').len());
    let doubtful = (!whole).then(octets);
    MoContent { said: MoBody::Text(text), encoding: encoding(first, readings), ports, header, doubtful }
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
const fn encoding(data_coding: u8, readings: Readings) -> &'static str {
    match data_coding {
        0x01 => readings.one.word(),
        0x03 => "latin1",
        0x06 => "iso-8859-5",
        0x07 => "iso-8859-8",
        0x08 | 0xE0..=0xEF => "ucs2",
        0x05 | 0x09 | 0x0A | 0x0D | 0x0E => "ascii",
        0x10..=0x1F | 0x40..=0x5F if data_coding >> 2 & 3 == 2 => "ucs2",
        _ => readings.zero.word(),
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
        read(&PduBody::DeliverSm(sm(class, octets)), Alphabet::Gsm7).unwrap()
    }

    fn text_of(mo: &Mo) -> String {
        match content(&[mo], Alphabet::Gsm7).said {
            MoBody::Text(text) => text,
            MoBody::Binary(octets) => panic!("{octets:?}"),
        }
    }

    fn header_of(mo: &Mo) -> Vec<u8> {
        content(&[mo], Alphabet::Gsm7).header
    }

    fn sar(reference: u16, total: u8, index: u8) -> Tlvs {
        let tlvs = Tlvs::build().push(Tag::SAR_MSG_REF_NUM, &reference.to_be_bytes());
        tlvs.push(Tag::SAR_TOTAL_SEGMENTS, &[total]).push(Tag::SAR_SEGMENT_SEQNUM, &[index]).build()
    }

    #[test]
    fn parts_are_known_by_either_element_and_by_tlvs() {
        let (udh8, udh16) = (of(0x40, b"\x05\x00\x03\x07\x03\x02two"), of(0x40, b"\x06\x08\x04\x01\x02\x02\x01one"));
        let expected = PartRef { kind: ReferenceKind::Udh8, reference: 7, total: 3, index: 2 };
        assert_eq!(
            (udh8.concat, header_of(&udh8), text_of(&udh8)),
            (Some(expected), b"\x05\x00\x03\x07\x03\x02".to_vec(), "two".to_owned())
        );
        assert_eq!(udh16.concat, Some(PartRef { kind: ReferenceKind::Udh16, reference: 0x102, total: 2, index: 1 }));
        let by_tlvs = read(&PduBody::DeliverSm(Sm { tlvs: sar(9, 2, 2), ..sm(0, b"two") }), Alphabet::Gsm7).unwrap();
        assert_eq!(by_tlvs.concat, Some(PartRef { kind: ReferenceKind::Sar, reference: 9, total: 2, index: 2 }));
        // Among other elements, and with both (quirk 73): the header is nearer to the handset.
        let mixed = PduBody::DeliverSm(Sm {
            tlvs: sar(9, 2, 2),
            ..sm(0x40, b"\x0B\x05\x04\x0B\x84\x23\xF0\x00\x03\x07\x02\x01x")
        });
        let mixed = read(&mixed, Alphabet::Gsm7).unwrap();
        assert_eq!(mixed.concat, Some(PartRef { kind: ReferenceKind::Udh8, reference: 7, total: 2, index: 1 }));
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
            assert_eq!((mo.concat, header_of(&mo)), (None, vec![]), "what is no header is text");
        }
        assert_eq!(
            read(&PduBody::DeliverSm(Sm { tlvs: sar(9, 0, 0), ..sm(0, b"x") }), Alphabet::Gsm7).unwrap().concat,
            None
        );
    }

    #[test]
    fn a_torn_surrogate_pair_is_whole_again() {
        let octets: Vec<u8> = "a\u{1F512}b".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let part = |index: u8, octets: &[u8]| {
            let octets = [&[5, 0, 3, 7, 2, index], octets].concat();
            read(&PduBody::DeliverSm(Sm { data_coding: 8, ..sm(0x40, &octets) }), Alphabet::Gsm7).unwrap()
        };
        let (one, two) = (part(1, &octets[..4]), part(2, &octets[4..]));
        let content = content(&[&one, &two], Alphabet::Gsm7);
        assert_eq!((content.said, content.encoding), (MoBody::Text("a\u{1F512}b".to_owned()), "ucs2"));
    }

    #[test]
    fn each_part_is_read_by_the_national_tables_that_its_header_names() {
        // A locking shift of Turkish in the first part alone: 0x1D is ş there, and ß in the second.
        let (one, two) =
            (of(0x40, b"\x08\x00\x03\x07\x02\x01\x25\x01\x01\x1D"), of(0x40, b"\x05\x00\x03\x07\x02\x02\x1E"));
        assert_eq!(content(&[&one, &two], Alphabet::Gsm7).said, MoBody::Text("şß".to_owned()));
    }

    #[test]
    fn a_text_that_does_not_give_its_octets_back_has_them_beside_it() {
        let of = |data_coding, octets: &[u8]| {
            let mo = read(&PduBody::DeliverSm(Sm { data_coding, ..sm(0x40, octets) }), Alphabet::Gsm7).unwrap();
            (text_of(&mo), content(&[&mo], Alphabet::Gsm7).doubtful)
        };
        assert_eq!(of(0, b"\x00caf\x05"), ("café".to_owned(), None));
        assert_eq!(of(1, b"\x00caf\xE9"), ("caf\u{fffd}".to_owned(), Some(b"caf\xE9".to_vec())));
        // The length of the header is one too big.
        let octets = b"\x06\x00\x03\xF3\x02\x02\x06\x31\x06\x45\x00\x0A\x06\x34\x06\x45\x06\x27\x06\x31\x06\x47";
        assert_eq!(of(8, octets), ("رم\nشماره".to_owned(), None));
        assert_eq!(of(8, &octets[..9]).1, None, "a header with an octet more, and a whole text");
    }

    #[test]
    fn octets_for_programs_stay_octets() {
        for data_coding in [0x02, 0x04, 0x14, 0xF4, 0xF5] {
            let mo = read(&PduBody::DeliverSm(Sm { data_coding, ..sm(0, &[0, 255, 1]) }), Alphabet::Gsm7).unwrap();
            assert_eq!(content(&[&mo], Alphabet::Gsm7).said, MoBody::Binary(vec![0, 255, 1]), "{data_coding:#x}");
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
            assert_ne!(
                read(&PduBody::DeliverSm(other.clone()), Alphabet::Gsm7).unwrap().fingerprint,
                base,
                "{other:?}"
            );
        }
    }
}
