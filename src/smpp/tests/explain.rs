//! PDUs explained: every octet in a line, every code with its meaning, and the fields that
//! explaining sees are those that reading sees.

use crate::smpp::bind::{Bind, BindKind};
use crate::smpp::cstring::CString;
use crate::smpp::explain::{FieldLine, explain};
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::sm::Sm;
use crate::smpp::tests::fixtures::octets;
use crate::smpp::tests::strategies::stuff;
use crate::smpp::tlv::{Tag, Tlvs};
use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;

/// Name, value and meaning of each line after the header.
fn shown(hex: &str) -> Vec<(String, String, String)> {
    let lines = explain(&octets(hex));
    lines.into_iter().skip(4).map(|it| (it.name.into_owned(), it.value, it.meaning)).collect()
}

fn assert_shows(hex: &str, expected: &[(&str, &str, &str)]) {
    let shown = shown(hex);
    let shown: Vec<_> = shown.iter().map(|(name, value, meaning)| (&**name, &**value, &**meaning)).collect();
    assert_eq!(shown, expected);
}

fn encoded(body: PduBody) -> Bytes {
    let mut out = BytesMut::new();
    Pdu::request(1, body).encode(&mut out).unwrap();
    out.freeze()
}

/// Every octet is in one line, and the lines are in order.
fn covers(frame: &Bytes, lines: &[FieldLine]) -> bool {
    let ends = lines.iter().map(|it| it.octets.end);
    let starts = lines.iter().map(|it| it.octets.start);
    std::iter::once(0).chain(ends).eq(starts.chain([frame.len()]))
}

#[test]
fn a_receipt_is_explained() {
    let lines = explain(&octets(include_str!("../../../fixtures/pdu/deliver_sm_receipt_tlv_only.hex")));
    let line = |at: usize| (&*lines[at].name, lines[at].octets.clone(), &*lines[at].value, &*lines[at].meaning);
    assert_eq!(line(1), ("command_id", 4..8, "0x00000005", "deliver_sm"));
    assert_eq!(line(2), ("command_status", 8..12, "0x00000000", "ESME_ROK: the request was accepted"));
    assert_eq!(line(5), ("source_addr_ton", 17..18, "1", "international"));
    assert_eq!(line(7), ("source_addr", 19..31, "\"31612345678\"", ""));
    assert_eq!(line(11), ("esm_class", 40..41, "0x04", "default mode, receipt"));
    assert_eq!(line(22), ("receipted_message_id (0x001E)", 50..60, "\"6aad5\"", ""));
    assert_eq!(line(23), ("message_state (0x0427)", 60..65, "5", "UNDELIVERABLE"));
    assert_eq!(line(24), ("network_error_code (0x0423)", 65..72, "03001B", "GSM 27"));
}

#[test]
fn a_submit_to_many_is_explained() {
    let shown = shown(include_str!("../../../fixtures/pdu/submit_multi.hex"));
    let expected = [
        ("number_of_dests", "3", ""),
        ("dest_flag", "1", "address"),
        ("dest_addr_ton", "1", "international"),
        ("dest_addr_npi", "1", "ISDN (E.163, E.164)"),
        ("destination_addr", "\"31612345678\"", ""),
        ("dest_flag", "2", "distribution list"),
        ("dl_name", "\"staff\"", ""),
        ("dest_flag", "1", "address"),
        ("dest_addr_ton", "1", "international"),
        ("dest_addr_npi", "1", "ISDN (E.163, E.164)"),
        ("destination_addr", "\"31687654321\"", ""),
        ("esm_class", "0x03", "store and forward"),
        ("protocol_id", "0x00", ""),
        ("priority_flag", "1", "raised"),
        ("schedule_delivery_time", "\"261201120000004+\"", "2026-12-01T12:00:00+01:00"),
        ("validity_period", "\"000000001000000R\"", "00:10:00 from now"),
        ("registered_delivery", "0x01", "receipt"),
    ];
    for (line, (name, value, meaning)) in shown[4..].iter().zip(expected) {
        assert_eq!((&*line.0, &*line.1, &*line.2), (name, value, meaning));
    }
}

#[test]
fn the_failures_of_a_submit_to_many_are_explained() {
    assert_shows(
        include_str!("../../../fixtures/pdu/submit_multi_resp.hex"),
        &[
            ("message_id", "\"6aad5\"", ""),
            ("no_unsuccess", "1", ""),
            ("dest_addr_ton", "1", "international"),
            ("dest_addr_npi", "1", "ISDN (E.163, E.164)"),
            ("destination_addr", "\"31687654321\"", ""),
            (
                "error_status_code",
                "0x0000000B",
                "ESME_RINVDSTADR: the destination address is malformed, unknown or not covered",
            ),
            ("congestion_state (0x0428)", "50", "high load"),
        ],
    );
}

#[test]
fn what_is_passed_by_is_shown_as_such() {
    assert_shows(
        include_str!("../../../fixtures/pdu/odd/submit_sm_resp_error_zeros.hex"),
        &[("body", "00000000", "ignored, as the request was refused")],
    );
    assert_shows(
        include_str!("../../../fixtures/pdu/odd/enquire_link_trailing.hex"),
        &[("leftover", "0000", "octets that belong to no field")],
    );
    let lying = shown(include_str!("../../../fixtures/pdu/odd/deliver_sm_nul_then_lying_tlv.hex"));
    let last = &lying[lying.len() - 2..];
    assert_eq!((&*last[0].0, &*last[0].2), ("leftover", "a NUL that sm_length does not count"));
    assert_eq!((&*last[1].0, &*last[1].1), ("receipted_message_id (0x001E)", "\"3005\""));
    assert_eq!(last[1].2, "65 octets are announced");
    let long = shown(include_str!("../../../fixtures/pdu/odd/bind_long_password.hex"));
    assert_eq!((&*long[1].0, &*long[1].1, &*long[1].2), ("password", "****", "longer than the 8 octets that fit"));
}

#[test]
fn texts_and_parameters_of_vendors_are_explained() {
    let ucs2 = shown(include_str!("../../../fixtures/pdu/submit_sm_ucs2_udh.hex"));
    let (name, _, meaning) = &ucs2[ucs2.len() - 1];
    assert_eq!((&**name, &**meaning), ("short_message", "user data header 0500032A0202; \"žluť 🙂\""));
    let tlvs = Tlvs::build().push(Tag(0x1401), b"17").push(Tag(0x8081), &[1, 2]).push(Tag::SOURCE_PORT, &[9]).build();
    let lines = explain(&encoded(PduBody::SubmitSm(Sm { tlvs, ..Sm::default() })));
    let last: Vec<_> = lines[lines.len() - 3..].iter().map(|it| (&*it.name, &*it.value, &*it.meaning)).collect();
    assert_eq!(
        last,
        [
            ("vendor (0x1401)", "\"17\"", ""),
            ("unknown (0x8081)", "0102", ""),
            ("source_port (0x020A)", "9", "1 octet where the specification has 2"),
        ]
    );
}

#[test]
fn no_password_is_shown() {
    let bind = Bind { password: CString::from("hunter2"), ..Bind::default() };
    let lines = explain(&encoded(PduBody::Bind(BindKind::Transceiver, bind)));
    assert!(!format!("{lines:?}").contains("hunter2"));
    assert!(lines.iter().any(|it| it.name == "password" && it.value == "****"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_octets_are_explained_to_the_last(octets in vec(prop_oneof![0..6_u8, any::<u8>()], 0..200)) {
        let frame = Bytes::from(octets);
        prop_assert!(covers(&frame, &explain(&frame)));
    }

    /// A PDU that ends early misses the same field whether it is read or explained, so that the
    /// table of fields and the bodies agree in names and in order.
    #[test]
    fn explaining_and_reading_miss_the_same_field(stuff in stuff(), cut in any::<prop::sample::Index>()) {
        for body in stuff.bodies() {
            let frame = encoded(body);
            prop_assert!(covers(&frame, &explain(&frame)), "{:?}", frame);
            let frame = frame.slice(..16 + cut.index(frame.len() - 15));
            let lines = explain(&frame);
            prop_assert!(covers(&frame, &lines), "{:?}", frame);
            if let Err(error) = Pdu::decode(frame.clone()) {
                prop_assert_eq!(&lines[lines.len() - 1].name, error.missing, "{:?}", frame);
            }
        }
    }
}

#[test]
fn a_sequence_number_out_of_its_range_is_remarked_upon() {
    let remark = |command: u32, sequence: u32| {
        let frame = [16, command, 0, sequence].map(u32::to_be_bytes).concat();
        explain(&frame.into()).into_iter().find(|it| it.name == "sequence_number").unwrap().meaning
    };
    let odd = "not within 0x00000001 to 0x7FFFFFFF (3.4 section 3.2)";
    assert_eq!([1, 0x7FFF_FFFF, 0, 0x8000_0000, u32::MAX].map(|it| remark(0x15, it)), ["", "", odd, odd, odd]);
    assert_eq!(remark(0x8000_0000, 0), "that of what could not be read");
}
