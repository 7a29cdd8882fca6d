//! PDUs as octets, made by hand from the specification, read and written.
//!
//! `fixtures/pdu/*.hex` are exact: each is read to the PDU that stands here and written back
//! to the same octets. `fixtures/pdu/odd/*.hex` are habits of real peers: read only.

use crate::smpp::address::Address;
use crate::smpp::bind::{Bind, BindKind, BindResp};
use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::data::DataSm;
use crate::smpp::pdu::{Body, Pdu};
use crate::smpp::sm::{Sm, SmResp};
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::{Tag, Tlvs};
use bytes::{Bytes, BytesMut};

macro_rules! exact {
    ($($name:ident => $pdu:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let octets = octets(include_str!(concat!(
                    "../../fixtures/pdu/", stringify!($name), ".hex"
                )));
                let expected: Pdu = $pdu;
                assert_eq!(Pdu::decode(octets.clone()), Ok(expected.clone()));
                let mut written = BytesMut::new();
                expected.encode(&mut written).unwrap();
                assert_eq!(written, octets);
            }
        )*
    };
}

exact! {
    bind_transceiver => Pdu::request(1, Body::Bind(BindKind::Transceiver, bind()));
    bind_transmitter => Pdu::request(1, Body::Bind(BindKind::Transmitter, Bind {
        system_type: CString::from("VMA"),
        addr_ton: 1,
        addr_npi: 1,
        address_range: CString::from("^3161"),
        ..bind()
    }));
    bind_receiver => Pdu::request(1, Body::Bind(BindKind::Receiver, Bind {
        password: CString::default(),
        interface_version: 0x33,
        ..bind()
    }));
    bind_transceiver_resp => ok(1, Body::BindResp(BindKind::Transceiver, BindResp {
        system_id: CString::from("SMSC"),
        tlvs: Tlvs::build().push(Tag::SC_INTERFACE_VERSION, &[0x34]).build(),
    }));
    bind_transmitter_resp => ok(1, Body::BindResp(BindKind::Transmitter, BindResp {
        system_id: CString::from("SMSC"),
        tlvs: Tlvs::default(),
    }));
    bind_receiver_resp_refused => Pdu::response(
        1,
        CommandStatus::InvalidPassword,
        Body::BindResp(BindKind::Receiver, BindResp::default()),
    );
    submit_sm => Pdu::request(2, Body::SubmitSm(Sm { short_message: text("Hello"), ..sm() }));
    submit_sm_validity => Pdu::request(0x7FFF_FFFF, Body::SubmitSm(Sm {
        service_type: CString::from("CMT"),
        source: Address::new(1, 1, "31600000000"),
        destination: Address::new(1, 1, "31612345678"),
        esm_class: 3,
        protocol_id: 0x40,
        priority_flag: 1,
        schedule_delivery_time: CString::from("261201120000004+"),
        validity_period: CString::from("000000001000000R"),
        registered_delivery: 0x11,
        replace_if_present_flag: 1,
        data_coding: 0xF0,
        sm_default_msg_id: 7,
        short_message: text("every field"),
        tlvs: Tlvs::default(),
    }));
    submit_sm_ucs2_udh => Pdu::request(3, Body::SubmitSm(Sm {
        esm_class: 0x40,
        data_coding: 8,
        short_message: Bytes::from_static(
            b"\x05\x00\x03\x2A\x02\x02\x01\x7E\0l\0u\x01\x65\0 \xD8\x3D\xDE\x42",
        ),
        ..sm()
    }));
    submit_sm_payload => Pdu::request(4, Body::SubmitSm(Sm {
        tlvs: Tlvs::build().push(Tag::MESSAGE_PAYLOAD, &[b'x'; 300]).build(),
        ..sm()
    }));
    submit_sm_vendor_tlv => Pdu::request(5, Body::SubmitSm(Sm {
        short_message: text("Your code is 123456"),
        tlvs: Tlvs::build()
            .push(Tag(0x1400), b"1701158019811140068")
            .push(Tag(0x1401), b"1707161234567890123")
            .push(Tag::ALERT_ON_MESSAGE_DELIVERY, b"")
            .build(),
        ..sm()
    }));
    submit_sm_sar => Pdu::request(6, Body::SubmitSm(Sm {
        short_message: text("part"),
        tlvs: Tlvs::build()
            .push(Tag::SAR_MSG_REF_NUM, &[1, 2])
            .push(Tag::SAR_TOTAL_SEGMENTS, &[3])
            .push(Tag::SAR_SEGMENT_SEQNUM, &[1])
            .build(),
        ..sm()
    }));
    submit_sm_resp => ok(2, Body::SubmitSmResp(id("6aad5")));
    submit_sm_resp_tlv => ok(2, Body::SubmitSmResp(SmResp {
        tlvs: Tlvs::build().push(Tag::CONGESTION_STATE, &[50]).build(),
        ..id("4a38dc46-5125-4969-90be-72104c340d5c")
    }));
    submit_sm_resp_throttled => Pdu::response(
        2, CommandStatus::Throttled, Body::SubmitSmResp(SmResp::default()),
    );
    submit_sm_resp_vendor => Pdu::response(
        2, CommandStatus::Other(0x4AB), Body::SubmitSmResp(SmResp::default()),
    );
    deliver_sm_mo => Pdu::request(0x11, Body::DeliverSm(Sm {
        destination: Address::new(0, 1, "12345"),
        short_message: text("STOP"),
        ..from_handset()
    }));
    deliver_sm_receipt => Pdu::request(0x12, Body::DeliverSm(receipt(
        RECEIPT,
        Tlvs::build()
            .push(Tag::RECEIPTED_MESSAGE_ID, b"0123456789\0")
            .push(Tag::MESSAGE_STATE, &[2])
            .build(),
    )));
    deliver_sm_receipt_tlv_only => Pdu::request(0x13, Body::DeliverSm(receipt(
        "",
        Tlvs::build()
            .push(Tag::RECEIPTED_MESSAGE_ID, b"6aad5\0")
            .push(Tag::MESSAGE_STATE, &[5])
            .push(Tag::NETWORK_ERROR_CODE, &[3, 0, 0x1B])
            .build(),
    )));
    deliver_sm_resp => ok(0x12, Body::DeliverSmResp(SmResp::default()));
    deliver_sm_resp_temporary => Pdu::response(
        0x12, CommandStatus::ReceiverTemporaryError, Body::DeliverSmResp(SmResp::default()),
    );
    data_sm => Pdu::request(7, Body::DataSm(DataSm {
        source: Address::new(5, 0, "NUNCIO"),
        destination: Address::new(1, 1, "31612345678"),
        registered_delivery: 1,
        tlvs: Tlvs::build().push(Tag::MESSAGE_PAYLOAD, b"Hello").build(),
        ..DataSm::default()
    }));
    data_sm_resp => ok(7, Body::DataSmResp(id("77")));
    data_sm_resp_failed => Pdu::response(7, CommandStatus::DeliveryFailure, Body::DataSmResp(
        SmResp {
            tlvs: Tlvs::build().push(Tag::DELIVERY_FAILURE_REASON, &[3]).build(),
            ..SmResp::default()
        },
    ));
    enquire_link => Pdu::request(8, Body::EnquireLink);
    enquire_link_resp => ok(8, Body::EnquireLinkResp);
    unbind => Pdu::request(9, Body::Unbind);
    unbind_resp => ok(9, Body::UnbindResp);
    generic_nack => Pdu::response(0, CommandStatus::InvalidCommandLength, Body::GenericNack);
    query_sm => Pdu::request(10, Body::Other(
        CommandId::QUERY_SM,
        Bytes::from_static(b"77\0\x05\0NUNCIO\0"),
    ));
}

macro_rules! odd {
    ($($name:ident => |$pdu:ident| $check:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let $pdu = Pdu::decode(octets(include_str!(concat!(
                    "../../fixtures/pdu/odd/", stringify!($name), ".hex"
                )))).unwrap();
                $check;
                // What was read can be written, and is then read alike.
                let mut written = BytesMut::new();
                $pdu.encode(&mut written).unwrap();
                let again = Pdu::decode(written.clone().freeze()).unwrap();
                let mut twice = BytesMut::new();
                again.encode(&mut twice).unwrap();
                assert_eq!(written, twice);
            }
        )*
    };
}

odd! {
    deliver_sm_tlv_length_lies => |pdu| {
        assert_eq!(deliver(&pdu).text(), RECEIPT);
        assert_eq!(receipted(&pdu).as_deref(), Some("3005"));
    };
    deliver_sm_nul_after_text => |pdu| {
        assert_eq!(deliver(&pdu).text(), RECEIPT);
        assert_eq!(receipted(&pdu).as_deref(), Some("3005"));
    };
    deliver_sm_nul_then_lying_tlv => |pdu| {
        assert_eq!(receipted(&pdu).as_deref(), Some("3005"));
    };
    deliver_sm_sm_length_too_long => |pdu| {
        assert_eq!(deliver(&pdu).text(), "Hello");
    };
    deliver_sm_leftover => |pdu| {
        assert_eq!(deliver(&pdu).text(), "Hello");
        assert_eq!(deliver(&pdu).tlvs.get_u8(Tag::MESSAGE_STATE), Some(2));
        assert_eq!(deliver(&pdu).tlvs.iter().count(), 1);
    };
    submit_sm_resp_nul_missing => |pdu| assert_eq!(*response(&pdu), id("6aad5"));
    submit_sm_resp_empty => |pdu| assert_eq!(*response(&pdu), SmResp::default());
    submit_sm_resp_error_zeros => |pdu| assert_eq!(*response(&pdu), SmResp::default());
    submit_sm_resp_error_tlv => |pdu| {
        assert_eq!(response(&pdu).message_id, "");
        let text = response(&pdu).tlvs.get_text(Tag::ADDITIONAL_STATUS_INFO_TEXT);
        assert_eq!(text.as_deref(), Some("no credit"));
    };
    submit_sm_resp_error_id => |pdu| assert_eq!(*response(&pdu), id("77"));
    submit_sm_resp_error_garbage => |pdu| assert_eq!(*response(&pdu), SmResp::default());
    bind_no_range => |pdu| {
        assert_eq!(pdu.body, Body::Bind(BindKind::Transceiver, bind()));
    };
    bind_long_password => |pdu| {
        let Body::Bind(_, bind) = &pdu.body else { panic!("it is a bind") };
        assert_eq!(bind.password, "0123456789abcdef");
        assert_eq!(bind.interface_version, 0x34);
    };
    enquire_link_trailing => |pdu| assert_eq!(pdu.body, Body::EnquireLink);
}

const RECEIPT: &str = "id:0123456789 sub:001 dlvrd:001 submit date:2611201200 \
                       done date:2611201201 stat:DELIVRD err:000 text:hello";

/// Hexadecimal lines; what stands after `#` is for the reader.
fn octets(hex: &str) -> Bytes {
    let digits: Vec<u8> = hex.lines().filter(|line| !line.starts_with('#')).flat_map(str::bytes).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn ok(sequence: u32, body: Body) -> Pdu {
    Pdu::response(sequence, CommandStatus::Ok, body)
}

fn id(message_id: &str) -> SmResp {
    SmResp { message_id: CString::from(message_id), tlvs: Tlvs::default() }
}

fn bind() -> Bind {
    Bind {
        system_id: CString::from("nuncio"),
        password: CString::from("secret"),
        interface_version: 0x34,
        ..Bind::default()
    }
}

fn sm() -> Sm {
    Sm {
        source: Address::new(5, 0, "NUNCIO"),
        destination: Address::new(1, 1, "31612345678"),
        registered_delivery: 1,
        ..Sm::default()
    }
}

fn from_handset() -> Sm {
    Sm { source: Address::new(1, 1, "31612345678"), ..Sm::default() }
}

fn receipt(words: &'static str, tlvs: Tlvs) -> Sm {
    Sm { destination: Address::new(5, 0, "NUNCIO"), esm_class: 4, short_message: text(words), tlvs, ..from_handset() }
}

fn deliver(pdu: &Pdu) -> &Sm {
    let Body::DeliverSm(sm) = &pdu.body else {
        panic!("it is a deliver_sm");
    };
    sm
}

fn receipted(pdu: &Pdu) -> Option<String> {
    deliver(pdu).tlvs.get_text(Tag::RECEIPTED_MESSAGE_ID)
}

fn response(pdu: &Pdu) -> &SmResp {
    let Body::SubmitSmResp(resp) = &pdu.body else {
        panic!("it is a submit_sm_resp");
    };
    resp
}
