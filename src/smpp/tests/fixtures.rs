//! PDUs as octets, made by hand from the specification, read and written.
//!
//! `fixtures/pdu/*.hex` are exact: each is read to the PDU that stands here and written back
//! to the same octets. `fixtures/pdu/odd/*.hex` are habits of real peers: read only.

use crate::smpp::address::Address;
use crate::smpp::alert::AlertNotification;
use crate::smpp::bind::{Bind, BindKind, BindResp, Outbind};
use crate::smpp::broadcast::{BroadcastSm, CancelBroadcastSm, QueryBroadcastSm};
use crate::smpp::cancel::CancelSm;
use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::data::DataSm;
use crate::smpp::legacy::{
    ParamRetrieve, ParamRetrieveResp, QueryLastMsgs, QueryLastMsgsResp, QueryMsgDetails, QueryMsgDetailsResp,
};
use crate::smpp::multi::{DestAddress, SubmitMulti, SubmitMultiResp, Unsuccess};
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::query::{QuerySm, QuerySmResp};
use crate::smpp::replace::ReplaceSm;
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
                    "../../../fixtures/pdu/", stringify!($name), ".hex"
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
    bind_transceiver => Pdu::request(1, PduBody::Bind(BindKind::Transceiver, bind()));
    bind_transmitter => Pdu::request(1, PduBody::Bind(BindKind::Transmitter, Bind {
        system_type: CString::from("VMA"),
        addr_ton: 1,
        addr_npi: 1,
        address_range: CString::from("^3161"),
        ..bind()
    }));
    bind_receiver => Pdu::request(1, PduBody::Bind(BindKind::Receiver, Bind {
        password: CString::default(),
        interface_version: 0x33,
        ..bind()
    }));
    bind_transceiver_resp => ok(1, PduBody::BindResp(BindKind::Transceiver, BindResp {
        system_id: CString::from("SMSC"),
        tlvs: Tlvs::build().push(Tag::SC_INTERFACE_VERSION, &[0x34]).build(),
    }));
    bind_transmitter_resp => ok(1, PduBody::BindResp(BindKind::Transmitter, BindResp {
        system_id: CString::from("SMSC"),
        tlvs: Tlvs::default(),
    }));
    bind_receiver_resp_refused => Pdu::response(
        1,
        CommandStatus::InvalidPassword,
        PduBody::BindResp(BindKind::Receiver, BindResp::default()),
    );
    submit_sm => Pdu::request(2, PduBody::SubmitSm(Sm { short_message: text("Hello"), ..sm() }));
    submit_sm_validity => Pdu::request(0x7FFF_FFFF, PduBody::SubmitSm(Sm {
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
    submit_sm_ucs2_udh => Pdu::request(3, PduBody::SubmitSm(Sm {
        esm_class: 0x40,
        data_coding: 8,
        short_message: Bytes::from_static(
            b"\x05\x00\x03\x2A\x02\x02\x01\x7E\0l\0u\x01\x65\0 \xD8\x3D\xDE\x42",
        ),
        ..sm()
    }));
    submit_sm_payload => Pdu::request(4, PduBody::SubmitSm(Sm {
        tlvs: Tlvs::build().push(Tag::MESSAGE_PAYLOAD, &[b'x'; 300]).build(),
        ..sm()
    }));
    submit_sm_vendor_tlv => Pdu::request(5, PduBody::SubmitSm(Sm {
        short_message: text("Your code is 123456"),
        tlvs: Tlvs::build()
            .push(Tag(0x1400), b"1701158019811140068")
            .push(Tag(0x1401), b"1707161234567890123")
            .push(Tag::ALERT_ON_MESSAGE_DELIVERY, b"")
            .build(),
        ..sm()
    }));
    submit_sm_sar => Pdu::request(6, PduBody::SubmitSm(Sm {
        short_message: text("part"),
        tlvs: Tlvs::build()
            .push(Tag::SAR_MSG_REF_NUM, &[1, 2])
            .push(Tag::SAR_TOTAL_SEGMENTS, &[3])
            .push(Tag::SAR_SEGMENT_SEQNUM, &[1])
            .build(),
        ..sm()
    }));
    submit_sm_resp => ok(2, PduBody::SubmitSmResp(id("6aad5")));
    submit_sm_resp_tlv => ok(2, PduBody::SubmitSmResp(SmResp {
        tlvs: Tlvs::build().push(Tag::CONGESTION_STATE, &[50]).build(),
        ..id("4a38dc46-5125-4969-90be-72104c340d5c")
    }));
    submit_sm_resp_throttled => Pdu::response(
        2, CommandStatus::Throttled, PduBody::SubmitSmResp(SmResp::default()),
    );
    submit_sm_resp_vendor => Pdu::response(
        2, CommandStatus::Other(0x4AB), PduBody::SubmitSmResp(SmResp::default()),
    );
    deliver_sm_mo => Pdu::request(0x11, PduBody::DeliverSm(Sm {
        destination: Address::new(0, 1, "12345"),
        short_message: text("STOP"),
        ..from_handset()
    }));
    deliver_sm_receipt => Pdu::request(0x12, PduBody::DeliverSm(receipt(
        RECEIPT,
        Tlvs::build()
            .push(Tag::RECEIPTED_MESSAGE_ID, b"0123456789\0")
            .push(Tag::MESSAGE_STATE, &[2])
            .build(),
    )));
    deliver_sm_receipt_tlv_only => Pdu::request(0x13, PduBody::DeliverSm(receipt(
        "",
        Tlvs::build()
            .push(Tag::RECEIPTED_MESSAGE_ID, b"6aad5\0")
            .push(Tag::MESSAGE_STATE, &[5])
            .push(Tag::NETWORK_ERROR_CODE, &[3, 0, 0x1B])
            .build(),
    )));
    deliver_sm_resp => ok(0x12, PduBody::DeliverSmResp(SmResp::default()));
    deliver_sm_resp_temporary => Pdu::response(
        0x12, CommandStatus::ReceiverTemporaryError, PduBody::DeliverSmResp(SmResp::default()),
    );
    data_sm => Pdu::request(7, PduBody::DataSm(DataSm {
        source: Address::new(5, 0, "NUNCIO"),
        destination: Address::new(1, 1, "31612345678"),
        registered_delivery: 1,
        tlvs: Tlvs::build().push(Tag::MESSAGE_PAYLOAD, b"Hello").build(),
        ..DataSm::default()
    }));
    data_sm_resp => ok(7, PduBody::DataSmResp(id("77")));
    data_sm_resp_failed => Pdu::response(7, CommandStatus::DeliveryFailure, PduBody::DataSmResp(
        SmResp {
            tlvs: Tlvs::build().push(Tag::DELIVERY_FAILURE_REASON, &[3]).build(),
            ..SmResp::default()
        },
    ));
    enquire_link => Pdu::request(8, PduBody::EnquireLink);
    enquire_link_resp => ok(8, PduBody::EnquireLinkResp);
    unbind => Pdu::request(9, PduBody::Unbind);
    unbind_resp => ok(9, PduBody::UnbindResp);
    generic_nack => Pdu::response(0, CommandStatus::InvalidCommandLength, PduBody::GenericNack);
    outbind => Pdu::request(1, PduBody::Outbind(Outbind {
        system_id: CString::from("SMSC"),
        password: CString::from("secret"),
    }));
    alert_notification => Pdu::request(14, PduBody::AlertNotification(AlertNotification {
        source: handset(),
        esme: nuncio(),
        tlvs: Tlvs::build().push(Tag::MS_AVAILABILITY_STATUS, &[0]).build(),
    }));
    submit_multi => Pdu::request(15, PduBody::SubmitMulti(SubmitMulti {
        service_type: CString::from("CMT"),
        source: nuncio(),
        destinations: vec![
            DestAddress::Sme(handset()),
            DestAddress::List(CString::from("staff")),
            DestAddress::Sme(Address::new(1, 1, "31687654321")),
        ],
        esm_class: 3,
        priority_flag: 1,
        schedule_delivery_time: CString::from(NOON),
        validity_period: CString::from(TEN_MINUTES),
        registered_delivery: 1,
        short_message: text("Hello"),
        tlvs: Tlvs::build().push(Tag::USER_MESSAGE_REFERENCE, &[0, 7]).build(),
        ..SubmitMulti::default()
    }));
    submit_multi_resp => ok(15, PduBody::SubmitMultiResp(SubmitMultiResp {
        message_id: CString::from("6aad5"),
        unsuccess: vec![Unsuccess {
            destination: Address::new(1, 1, "31687654321"),
            status: CommandStatus::InvalidDestinationAddress,
        }],
        tlvs: Tlvs::build().push(Tag::CONGESTION_STATE, &[50]).build(),
    }));
    submit_multi_resp_refused => Pdu::response(
        15, CommandStatus::InvalidNumberOfDestinations, PduBody::SubmitMultiResp(SubmitMultiResp::default()),
    );
    query_sm => Pdu::request(10, PduBody::QuerySm(QuerySm { message_id: CString::from("77"), source: nuncio() }));
    query_sm_resp => ok(10, PduBody::QuerySmResp(QuerySmResp {
        message_id: CString::from("77"),
        final_date: CString::from(NOON),
        message_state: 2,
        ..QuerySmResp::default()
    }));
    query_sm_resp_enroute => ok(10, PduBody::QuerySmResp(QuerySmResp {
        message_id: CString::from("77"),
        message_state: 1,
        tlvs: Tlvs::build().push(Tag::CONGESTION_STATE, &[90]).build(),
        ..QuerySmResp::default()
    }));
    query_sm_resp_refused => Pdu::response(
        10, CommandStatus::QueryFailed, PduBody::QuerySmResp(QuerySmResp::default()),
    );
    cancel_sm => Pdu::request(11, PduBody::CancelSm(CancelSm {
        message_id: CString::from("77"),
        source: nuncio(),
        ..CancelSm::default()
    }));
    cancel_sm_resp => ok(11, PduBody::CancelSmResp(Tlvs::default()));
    replace_sm => Pdu::request(12, PduBody::ReplaceSm(ReplaceSm {
        message_id: CString::from("77"),
        source: nuncio(),
        validity_period: CString::from(TEN_MINUTES),
        registered_delivery: 1,
        short_message: text("Goodbye"),
        ..ReplaceSm::default()
    }));
    replace_sm_payload => Pdu::request(13, PduBody::ReplaceSm(ReplaceSm {
        message_id: CString::from("77"),
        source: nuncio(),
        schedule_delivery_time: CString::from(NOON),
        tlvs: Tlvs::build().push(Tag::MESSAGE_PAYLOAD, b"Goodbye").build(),
        ..ReplaceSm::default()
    }));
    replace_sm_resp => ok(12, PduBody::ReplaceSmResp(Tlvs::default()));
    broadcast_sm => Pdu::request(16, PduBody::BroadcastSm(BroadcastSm {
        service_type: CString::from("CBS"),
        source: nuncio(),
        priority_flag: 1,
        validity_period: CString::from(TEN_MINUTES),
        tlvs: Tlvs::build()
            .push(Tag::BROADCAST_AREA_IDENTIFIER, b"\0NL")
            .push(Tag::BROADCAST_AREA_IDENTIFIER, b"\0BE")
            .push(Tag::BROADCAST_CONTENT_TYPE, &[1, 0, 0x10])
            .push(Tag::BROADCAST_REP_NUM, &[0, 3])
            .push(Tag::BROADCAST_FREQUENCY_INTERVAL, &[9, 0, 5])
            .push(Tag::MESSAGE_PAYLOAD, b"Storm")
            .build(),
        ..BroadcastSm::default()
    }));
    broadcast_sm_resp => ok(16, PduBody::BroadcastSmResp(SmResp {
        tlvs: Tlvs::build()
            .push(Tag::BROADCAST_ERROR_STATUS, &[0, 0, 1, 8])
            .push(Tag::BROADCAST_AREA_IDENTIFIER, b"\0BE")
            .build(),
        ..id("b1")
    }));
    query_broadcast_sm => Pdu::request(17, PduBody::QueryBroadcastSm(QueryBroadcastSm {
        message_id: CString::from("b1"),
        source: nuncio(),
        tlvs: Tlvs::build().push(Tag::USER_MESSAGE_REFERENCE, &[0, 7]).build(),
    }));
    query_broadcast_sm_resp => ok(17, PduBody::QueryBroadcastSmResp(SmResp {
        tlvs: Tlvs::build()
            .push(Tag::MESSAGE_STATE, &[1])
            .push(Tag::BROADCAST_AREA_IDENTIFIER, b"\0NL")
            .push(Tag::BROADCAST_AREA_SUCCESS, &[75])
            .push(Tag::BROADCAST_END_TIME, b"261201120000004+\0")
            .build(),
        ..id("b1")
    }));
    cancel_broadcast_sm => Pdu::request(18, PduBody::CancelBroadcastSm(CancelBroadcastSm {
        message_id: CString::from("b1"),
        source: nuncio(),
        tlvs: Tlvs::build().push(Tag::BROADCAST_CONTENT_TYPE, &[1, 0, 0x10]).build(),
        ..CancelBroadcastSm::default()
    }));
    cancel_broadcast_sm_resp => ok(18, PduBody::CancelBroadcastSmResp(Tlvs::default()));
    param_retrieve => Pdu::request(19, PduBody::ParamRetrieve(ParamRetrieve { param_name: CString::from("window") }));
    param_retrieve_resp => ok(19, PduBody::ParamRetrieveResp(ParamRetrieveResp { param_value: CString::from("10") }));
    query_last_msgs => Pdu::request(20, PduBody::QueryLastMsgs(QueryLastMsgs { source: nuncio(), no_of_msgs: 2 }));
    query_last_msgs_resp => ok(20, PduBody::QueryLastMsgsResp(QueryLastMsgsResp {
        message_ids: vec![CString::from("6aad5"), CString::from("6aad6")],
    }));
    query_msg_details => Pdu::request(21, PduBody::QueryMsgDetails(QueryMsgDetails {
        message_id: CString::from("6aad5"),
        source: nuncio(),
        sm_length: 5,
    }));
    query_msg_details_resp => ok(21, PduBody::QueryMsgDetailsResp(Box::new(QueryMsgDetailsResp {
        service_type: CString::from("CMT"),
        source: nuncio(),
        destinations: vec![DestAddress::Sme(handset()), DestAddress::List(CString::from("staff"))],
        priority_flag: 1,
        schedule_delivery_time: CString::from(NOON),
        registered_delivery: 1,
        short_message: text("Hello"),
        message_id: CString::from("6aad5"),
        final_date: CString::from(NOON),
        message_state: 2,
        ..QueryMsgDetailsResp::default()
    })));
    sm_result_notify => Pdu::request(22, PduBody::Other(
        CommandId::SM_RESULT_NOTIFY,
        Bytes::from_static(&[1, 2, 3]),
    ));
}

macro_rules! odd {
    ($($name:ident => |$pdu:ident| $check:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let $pdu = Pdu::decode(octets(include_str!(concat!(
                    "../../../fixtures/pdu/odd/", stringify!($name), ".hex"
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
        assert_eq!(pdu.body, PduBody::Bind(BindKind::Transceiver, bind()));
    };
    bind_long_password => |pdu| {
        let PduBody::Bind(_, bind) = &pdu.body else { panic!("it is a bind") };
        assert_eq!(bind.password, "0123456789abcdef");
        assert_eq!(bind.interface_version, 0x34);
    };
    submit_multi_resp_no_list => |pdu| {
        let resp = SubmitMultiResp { message_id: CString::from("6aad5"), ..SubmitMultiResp::default() };
        assert_eq!(pdu.body, PduBody::SubmitMultiResp(resp));
    };
    submit_multi_flag_zero => |pdu| {
        let PduBody::SubmitMulti(multi) = &pdu.body else { panic!("it is a submit_multi") };
        assert_eq!(multi.destinations, [DestAddress::Sme(handset())]);
        assert_eq!(multi.short_message, "Hi");
    };
    query_sm_resp_empty => |pdu| assert_eq!(pdu.body, PduBody::QuerySmResp(QuerySmResp::default()));
    query_sm_resp_error_garbage => |pdu| assert_eq!(pdu.body, PduBody::QuerySmResp(QuerySmResp::default()));
    outbind_no_password => |pdu| {
        let outbind = Outbind { system_id: CString::from("SMSC"), ..Outbind::default() };
        assert_eq!(pdu.body, PduBody::Outbind(outbind));
    };
    cancel_sm_resp_trailing => |pdu| assert_eq!(pdu.body, PduBody::CancelSmResp(Tlvs::default()));
    enquire_link_trailing => |pdu| assert_eq!(pdu.body, PduBody::EnquireLink);
}

const NOON: &str = "261201120000004+";
const TEN_MINUTES: &str = "000000001000000R";

const RECEIPT: &str = "id:0123456789 sub:001 dlvrd:001 submit date:2611201200 \
                       done date:2611201201 stat:DELIVRD err:000 text:hello";

/// Hexadecimal lines; what stands after `#` is for the reader.
pub(super) fn octets(hex: &str) -> Bytes {
    let digits: Vec<u8> = hex.lines().filter(|line| !line.starts_with('#')).flat_map(str::bytes).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn ok(sequence: u32, body: PduBody) -> Pdu {
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

fn nuncio() -> Address {
    Address::new(5, 0, "NUNCIO")
}

fn handset() -> Address {
    Address::new(1, 1, "31612345678")
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
    let PduBody::DeliverSm(sm) = &pdu.body else {
        panic!("it is a deliver_sm");
    };
    sm
}

fn receipted(pdu: &Pdu) -> Option<String> {
    deliver(pdu).tlvs.get_text(Tag::RECEIPTED_MESSAGE_ID)
}

fn response(pdu: &Pdu) -> &SmResp {
    let PduBody::SubmitSmResp(resp) = &pdu.body else {
        panic!("it is a submit_sm_resp");
    };
    resp
}
