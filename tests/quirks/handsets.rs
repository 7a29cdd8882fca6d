//! Habits in messages from handsets, from the octets of a frame to what is told.

use bytes::{Bytes, BytesMut};
use nuncio::carrier::dialect::Dialect;
use nuncio::carrier::inbound::news;
use nuncio::carrier::mo::{Mo, MoBody, ReferenceKind, content};
use nuncio::carrier::report::News;
use nuncio::smpp::address::Address;
use nuncio::smpp::cstring::CString;
use nuncio::smpp::data::DataSm;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::sm::Sm;
use nuncio::smpp::tlv::{Tag, Tlvs, TlvsBuilder};
use nuncio::text::Alphabet;

fn sm(class: u8, octets: &[u8], tlvs: TlvsBuilder) -> Sm {
    Sm {
        source: Address { ton: 1, npi: 1, digits: CString::from("31612345678") },
        destination: Address { ton: 3, npi: 0, digits: CString::from("12345") },
        esm_class: class,
        short_message: Bytes::copy_from_slice(octets),
        tlvs: tlvs.build(),
        ..Sm::default()
    }
}

fn frame(body: PduBody) -> Vec<u8> {
    let mut octets = BytesMut::new();
    Pdu::request(1, body).encode(&mut octets).unwrap();
    octets.to_vec()
}

/// What a frame of the carrier is taken for.
fn mo(frame: Vec<u8>) -> Mo {
    let pdu = Pdu::decode(Bytes::from(frame)).unwrap();
    match news(&pdu.body, &Dialect::default()) {
        Some(News::Mo(mo)) => mo,
        other => panic!("{other:?}"),
    }
}

fn text(mo: &Mo) -> String {
    match content(&[mo], Alphabet::Gsm7).said {
        MoBody::Text(text) => text,
        MoBody::Binary(octets) => panic!("{octets:?}"),
    }
}

#[test]
fn quirk_18_a_text_in_message_payload_is_read_like_one_in_short_message() {
    let payload = || Tlvs::build().push(Tag::MESSAGE_PAYLOAD, b"hello");
    assert_eq!(text(&mo(frame(PduBody::DeliverSm(sm(0, b"", payload()))))), "hello");
    let of = sm(0, b"", payload());
    let data = DataSm { source: of.source, destination: of.destination, tlvs: of.tlvs, ..DataSm::default() };
    let mo = mo(frame(PduBody::DataSm(data)));
    assert_eq!((text(&mo).as_str(), &*mo.source, &*mo.destination), ("hello", "+31612345678", "12345"));
}

#[test]
fn quirk_20_a_nul_behind_a_text_is_not_told() {
    let mut within = sm(0, b"hello\0", Tlvs::build());
    within.data_coding = 3;
    assert_eq!(text(&mo(frame(PduBody::DeliverSm(within)))), "hello");
    let mut behind = frame(PduBody::DeliverSm(sm(0, b"hello", Tlvs::build())));
    behind.push(0);
    behind[3] += 1;
    assert_eq!(text(&mo(behind)), "hello");
    // In the GSM alphabet it is a character: people end a text with it, and it costs them nothing to keep it.
    assert_eq!(text(&mo(frame(PduBody::DeliverSm(sm(0, b"me\0", Tlvs::build()))))), "me@");
}

#[test]
fn quirk_60_a_length_that_lies_is_read_as_far_as_there_is_something() {
    let mut long = frame(PduBody::DeliverSm(sm(0, b"hello", Tlvs::build())));
    let at = long.len() - 6;
    long[at] = 200;
    assert_eq!(text(&mo(long)), "hello");
    // A header that claims more than there is was none.
    let claims = mo(frame(PduBody::DeliverSm(sm(0x40, b"hello", Tlvs::build()))));
    assert_eq!((text(&claims).as_str(), claims.concat), ("hello", None));
}

#[test]
fn quirk_63_of_a_tlv_that_stands_twice_the_last_counts() {
    let twice = Tlvs::build()
        .push(Tag::SAR_MSG_REF_NUM, &[0, 1])
        .push(Tag::SAR_TOTAL_SEGMENTS, &[3])
        .push(Tag::SAR_SEGMENT_SEQNUM, &[1])
        .push(Tag::SAR_SEGMENT_SEQNUM, &[2]);
    let place = mo(frame(PduBody::DeliverSm(sm(0, b"two", twice)))).concat.unwrap();
    assert_eq!((place.kind, place.reference, place.total, place.index), (ReferenceKind::Sar, 1, 3, 2));
}

#[test]
fn quirk_73_parts_are_known_by_every_kind_of_reference_among_other_elements() {
    let of = |octets: &[u8]| {
        let mo = mo(frame(PduBody::DeliverSm(sm(0x40, octets, Tlvs::build()))));
        let place = mo.concat.unwrap();
        (place.kind, place.reference, place.total, place.index, text(&mo))
    };
    assert_eq!(of(b"\x05\x00\x03\xA7\x02\x01x"), (ReferenceKind::Udh8, 0xA7, 2, 1, "x".to_owned()));
    assert_eq!(of(b"\x06\x08\x04\x12\x34\x02\x01x"), (ReferenceKind::Udh16, 0x1234, 2, 1, "x".to_owned()));
    assert_eq!(of(b"\x0A\x70\x03\x01\x02\x03\x00\x03\xA7\x02\x02x"), (ReferenceKind::Udh8, 0xA7, 2, 2, "x".to_owned()));
}
