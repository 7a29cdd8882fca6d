//! Bodies of every operation, made of any octets.

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
use crate::smpp::multi::{DESTINATIONS_MAX, DestAddress, SubmitMulti, SubmitMultiResp, Unsuccess};
use crate::smpp::pdu::PduBody;
use crate::smpp::query::{QuerySm, QuerySmResp};
use crate::smpp::replace::ReplaceSm;
use crate::smpp::sm::{Sm, SmResp};
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::{Tag, Tlvs};
use crate::smpp::writer::PASSWORD_MAX;
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

/// What fields are filled with. Every field takes the next of its kind, round and round.
#[derive(Clone, Debug)]
pub(in crate::smpp) struct Stuff {
    strings: Vec<Vec<u8>>,
    times: Vec<bool>,
    octets: Vec<u8>,
    texts: Vec<u8>,
    tlvs: Tlvs,
    list: usize,
}

pub(in crate::smpp) fn stuff() -> impl Strategy<Value = Stuff> {
    let tlvs = vec((1..=u16::MAX, vec(any::<u8>(), 0..40)), 0..4).prop_map(|items| {
        items.iter().fold(Tlvs::build(), |stream, (tag, value)| stream.push(Tag(*tag), value)).build()
    });
    (
        vec(vec(1..=255_u8, 0..=101), 1..8),
        vec(any::<bool>(), 1..4),
        vec(any::<u8>(), 1..12),
        vec(any::<u8>(), 0..=254),
        tlvs,
        0..=DESTINATIONS_MAX,
    )
        .prop_map(|(strings, times, octets, texts, tlvs, list)| Stuff {
            strings,
            times,
            octets,
            texts,
            tlvs,
            list,
        })
}

impl Stuff {
    fn string(&mut self, max: usize) -> CString {
        self.strings.rotate_left(1);
        let string = &self.strings[0];
        CString::from(Bytes::copy_from_slice(&string[..string.len().min(max)]))
    }

    fn octet(&mut self) -> u8 {
        self.octets.rotate_left(1);
        self.octets[0]
    }

    fn time(&mut self) -> CString {
        self.times.rotate_left(1);
        if self.times[0] { CString::from("261201120000004+") } else { CString::default() }
    }

    fn address(&mut self, max: usize) -> Address {
        Address { ton: self.octet(), npi: self.octet(), digits: self.string(max) }
    }

    fn text(&self, max: usize) -> Bytes {
        Bytes::copy_from_slice(&self.texts[..self.texts.len().min(max)])
    }

    fn tlvs(&self) -> Tlvs {
        self.tlvs.clone()
    }

    fn status(&mut self) -> CommandStatus {
        CommandStatus::from_u32(u32::from(self.octet()))
    }

    fn resp(&mut self) -> SmResp {
        SmResp { message_id: self.string(64), tlvs: self.tlvs() }
    }

    fn destinations(&mut self) -> Vec<DestAddress> {
        (0..self.list)
            .map(|n| match n % 3 {
                0 => DestAddress::List(self.string(20)),
                _ => DestAddress::Sme(self.address(20)),
            })
            .collect()
    }

    /// One body of each operation, and one of a vendor.
    pub(in crate::smpp) fn bodies(mut self) -> Vec<PduBody> {
        let mut bodies = self.links();
        bodies.extend(self.messages());
        bodies.extend(self.operations());
        bodies.extend(self.broadcasts());
        bodies.extend(self.legacy());
        bodies.push(PduBody::Other(CommandId(0x0001_0200), self.text(254)));
        bodies
    }

    fn links(&mut self) -> Vec<PduBody> {
        let mut bodies = vec![
            PduBody::Unbind,
            PduBody::UnbindResp,
            PduBody::EnquireLink,
            PduBody::EnquireLinkResp,
            PduBody::GenericNack,
            PduBody::Outbind(Outbind { system_id: self.string(15), password: self.string(PASSWORD_MAX) }),
        ];
        for kind in [BindKind::Transmitter, BindKind::Receiver, BindKind::Transceiver] {
            let bind = Bind {
                system_id: self.string(15),
                password: self.string(PASSWORD_MAX),
                system_type: self.string(12),
                interface_version: self.octet(),
                addr_ton: self.octet(),
                addr_npi: self.octet(),
                address_range: self.string(40),
            };
            bodies.push(PduBody::Bind(kind, bind));
            bodies.push(PduBody::BindResp(kind, BindResp { system_id: self.string(15), tlvs: self.tlvs() }));
        }
        bodies
    }

    fn sm(&mut self) -> Sm {
        Sm {
            service_type: self.string(5),
            source: self.address(20),
            destination: self.address(20),
            esm_class: self.octet(),
            protocol_id: self.octet(),
            priority_flag: self.octet(),
            schedule_delivery_time: self.time(),
            validity_period: self.time(),
            registered_delivery: self.octet(),
            replace_if_present_flag: self.octet(),
            data_coding: self.octet(),
            sm_default_msg_id: self.octet(),
            short_message: self.text(254),
            tlvs: self.tlvs(),
        }
    }

    fn messages(&mut self) -> Vec<PduBody> {
        vec![
            PduBody::SubmitSm(self.sm()),
            PduBody::SubmitSmResp(self.resp()),
            PduBody::DeliverSm(self.sm()),
            PduBody::DeliverSmResp(SmResp { tlvs: self.tlvs(), ..SmResp::default() }),
            PduBody::DataSm(DataSm {
                service_type: self.string(5),
                source: self.address(64),
                destination: self.address(64),
                esm_class: self.octet(),
                registered_delivery: self.octet(),
                data_coding: self.octet(),
                tlvs: self.tlvs(),
            }),
            PduBody::DataSmResp(self.resp()),
            PduBody::SubmitMulti(SubmitMulti {
                service_type: self.string(5),
                source: self.address(20),
                destinations: self.destinations(),
                esm_class: self.octet(),
                protocol_id: self.octet(),
                priority_flag: self.octet(),
                schedule_delivery_time: self.time(),
                validity_period: self.time(),
                registered_delivery: self.octet(),
                replace_if_present_flag: self.octet(),
                data_coding: self.octet(),
                sm_default_msg_id: self.octet(),
                short_message: self.text(254),
                tlvs: self.tlvs(),
            }),
            PduBody::SubmitMultiResp(SubmitMultiResp {
                message_id: self.string(64),
                unsuccess: (0..self.list)
                    .map(|_| Unsuccess { destination: self.address(20), status: self.status() })
                    .collect(),
                tlvs: self.tlvs(),
            }),
        ]
    }

    fn operations(&mut self) -> Vec<PduBody> {
        vec![
            PduBody::QuerySm(QuerySm { message_id: self.string(64), source: self.address(20) }),
            PduBody::QuerySmResp(QuerySmResp {
                message_id: self.string(64),
                final_date: self.time(),
                message_state: self.octet(),
                error_code: self.octet(),
                tlvs: self.tlvs(),
            }),
            PduBody::CancelSm(CancelSm {
                service_type: self.string(5),
                message_id: self.string(64),
                source: self.address(20),
                destination: self.address(20),
            }),
            PduBody::CancelSmResp(self.tlvs()),
            PduBody::ReplaceSm(ReplaceSm {
                message_id: self.string(64),
                source: self.address(20),
                schedule_delivery_time: self.time(),
                validity_period: self.time(),
                registered_delivery: self.octet(),
                sm_default_msg_id: self.octet(),
                short_message: self.text(254),
                tlvs: self.tlvs(),
            }),
            PduBody::ReplaceSmResp(self.tlvs()),
            PduBody::AlertNotification(AlertNotification {
                source: self.address(64),
                esme: self.address(64),
                tlvs: self.tlvs(),
            }),
        ]
    }

    fn broadcasts(&mut self) -> Vec<PduBody> {
        vec![
            PduBody::BroadcastSm(BroadcastSm {
                service_type: self.string(5),
                source: self.address(20),
                message_id: self.string(64),
                priority_flag: self.octet(),
                schedule_delivery_time: self.time(),
                validity_period: self.time(),
                replace_if_present_flag: self.octet(),
                data_coding: self.octet(),
                sm_default_msg_id: self.octet(),
                tlvs: self.tlvs(),
            }),
            PduBody::BroadcastSmResp(self.resp()),
            PduBody::QueryBroadcastSm(QueryBroadcastSm {
                message_id: self.string(64),
                source: self.address(20),
                tlvs: self.tlvs(),
            }),
            PduBody::QueryBroadcastSmResp(self.resp()),
            PduBody::CancelBroadcastSm(CancelBroadcastSm {
                service_type: self.string(5),
                message_id: self.string(64),
                source: self.address(20),
                tlvs: self.tlvs(),
            }),
            PduBody::CancelBroadcastSmResp(self.tlvs()),
        ]
    }

    fn legacy(&mut self) -> Vec<PduBody> {
        vec![
            PduBody::ParamRetrieve(ParamRetrieve { param_name: self.string(31) }),
            PduBody::ParamRetrieveResp(ParamRetrieveResp { param_value: self.string(100) }),
            PduBody::QueryLastMsgs(QueryLastMsgs { source: self.address(20), no_of_msgs: self.octet() }),
            PduBody::QueryLastMsgsResp(QueryLastMsgsResp {
                message_ids: (0..self.list).map(|_| self.string(8)).collect(),
            }),
            PduBody::QueryMsgDetails(QueryMsgDetails {
                message_id: self.string(8),
                source: self.address(20),
                sm_length: self.octet(),
            }),
            PduBody::QueryMsgDetailsResp(Box::new(QueryMsgDetailsResp {
                service_type: self.string(5),
                source: self.address(20),
                destinations: self.destinations(),
                protocol_id: self.octet(),
                priority_flag: self.octet(),
                schedule_delivery_time: self.time(),
                validity_period: self.time(),
                registered_delivery: self.octet(),
                data_coding: self.octet(),
                short_message: self.text(140),
                message_id: self.string(8),
                final_date: self.time(),
                message_state: self.octet(),
                error_code: self.octet(),
            })),
        ]
    }
}
