//! Operations besides submits: what is asked, cancelled, replaced, sent to many, and told.

use super::{MS, OK, SECOND, Said, World};
use crate::session::version::Version;
use crate::simulator::behaviour::{Behaviour, Receipts};
use crate::simulator::dice::Span;
use crate::simulator::line::LineId;
use crate::simulator::smsc::Say;
use crate::smpp::address::Address;
use crate::smpp::bind::{Bind, BindKind, BindResp, Outbind};
use crate::smpp::broadcast::{BroadcastSm, CancelBroadcastSm, QueryBroadcastSm};
use crate::smpp::cancel::CancelSm;
use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::legacy::ParamRetrieve;
use crate::smpp::multi::{DestAddress, SubmitMulti, SubmitMultiResp};
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::query::{QuerySm, QuerySmResp};
use crate::smpp::replace::ReplaceSm;
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::{Tag, Tlvs};

const TO: &str = "491511234567";

impl World {
    /// A line of a peer that speaks this version; what the bind was answered with.
    fn bound_in(&mut self, version: u8, kind: BindKind) -> (LineId, BindResp) {
        let line = self.smsc.connect(self.now);
        let bind = Bind { system_id: CString::from("shop"), interface_version: version, ..Bind::default() };
        match self.ask(line, PduBody::Bind(kind, bind)) {
            (OK, PduBody::BindResp(_, resp)) => (line, resp),
            other => panic!("{other:?}"),
        }
    }

    /// A request, and the first that is said to it.
    fn ask(&mut self, line: LineId, body: PduBody) -> (CommandStatus, PduBody) {
        self.sequence += 1;
        self.smsc.hear(self.now, line, Pdu::request(self.sequence, body));
        match self.smsc.poll() {
            Say::Send { pdu, .. } => (pdu.status, pdu.body),
            other => panic!("{other:?}"),
        }
    }

    /// Submits, and says under which id it was taken.
    fn take(&mut self, line: LineId, text: &str) -> CString {
        match self.ask(line, PduBody::SubmitSm(Self::submit_sm(TO, text))) {
            (OK, PduBody::SubmitSmResp(resp)) => resp.message_id,
            other => panic!("{other:?}"),
        }
    }

    fn query(&mut self, line: LineId, message_id: &CString) -> (CommandStatus, QuerySmResp) {
        let query = QuerySm { message_id: message_id.clone(), source: source() };
        match self.ask(line, PduBody::QuerySm(query)) {
            (status, PduBody::QuerySmResp(resp)) => (status, resp),
            other => panic!("{other:?}"),
        }
    }
}

fn source() -> Address {
    Address::new(5, 0, "Shop")
}

/// A carrier whose receipts come after so many seconds.
fn slow(seconds: u32) -> World {
    World::with_receipts(Receipts { delay: Span::of(SECOND * seconds), ..Receipts::default() })
}

/// What receipts say, until so long after the start.
fn stats(world: &mut World, seconds: u32) -> Vec<String> {
    let said = world.confirming_until(SECOND * seconds);
    said.into_iter().filter(|it| it.2.is_request()).map(|it| it.2.stat()).collect()
}

#[test]
fn a_message_is_on_its_way_until_it_has_ended_and_whoever_asks_is_told() {
    let mut world = slow(10);
    let (line, _) = world.bound_in(0x34, BindKind::Transceiver);
    let id = world.take(line, "Hello #sim:undeliv");
    let (status, resp) = world.query(line, &id);
    assert_eq!((status, resp.message_state, resp.final_date.to_string()), (OK, 1, String::new()));
    assert_eq!(stats(&mut world, 11), ["UNDELIV"]);
    let (status, resp) = world.query(line, &id);
    assert_eq!((status, resp.message_state, resp.error_code), (OK, 5, 1));
    assert_eq!((resp.message_id, resp.final_date.to_string()), (id.clone(), "260101000010000+".to_owned()));
    // Nobody else's, and nothing that nobody sent.
    assert_eq!(world.query(line, &CString::from("77")).0, CommandStatus::QueryFailed);
    let other = world.bound("bank", BindKind::Transceiver);
    assert_eq!(world.query(other, &id).0, CommandStatus::QueryFailed);
    let query = QuerySm { message_id: id, source: Address::new(5, 0, "Other") };
    assert_eq!(world.ask(line, PduBody::QuerySm(query)).0, CommandStatus::QueryFailed);
}

#[test]
fn a_message_whose_receipt_never_comes_is_found_delivered() {
    let mut world = slow(1);
    let (line, _) = world.bound_in(0x34, BindKind::Transceiver);
    let id = world.take(line, "Hello #sim:none");
    assert_eq!(world.query(line, &id).1.message_state, 1);
    assert!(world.until(SECOND * 2).is_empty());
    assert_eq!(world.query(line, &id).1.message_state, 2);
}

#[test]
fn a_message_can_be_cancelled_before_its_end_and_its_receipt_says_so() {
    let mut world = slow(10);
    let (line, _) = world.bound_in(0x34, BindKind::Transceiver);
    let ids: Vec<CString> = ["one", "two", "three"].iter().map(|it| world.take(line, it)).collect();
    let by_id = |message_id: &CString| {
        PduBody::CancelSm(CancelSm { message_id: message_id.clone(), source: source(), ..CancelSm::default() })
    };
    assert_eq!(world.ask(line, by_id(&ids[0])), (OK, PduBody::CancelSmResp(Tlvs::default())));
    assert_eq!(world.ask(line, by_id(&ids[0])).0, CommandStatus::CancelFailed);
    assert_eq!(world.query(line, &ids[0]).1.message_state, 4);
    let between = |to: &str| {
        PduBody::CancelSm(CancelSm { source: source(), destination: Address::new(1, 1, to), ..CancelSm::default() })
    };
    assert_eq!(world.ask(line, between("491519999999")).0, CommandStatus::CancelFailed);
    assert_eq!(world.ask(line, between(TO)).0, OK);
    assert_eq!(stats(&mut world, 11), ["DELETED"; 3]);
    assert_eq!(world.ask(line, between(TO)).0, CommandStatus::CancelFailed);
    let late = world.take(line, "four");
    assert_eq!(stats(&mut world, 30), ["DELIVRD"]);
    assert_eq!(world.ask(line, by_id(&late)).0, CommandStatus::CancelFailed);
}

#[test]
fn a_text_can_be_replaced_before_its_end() {
    let mut world = slow(10);
    let (line, _) = world.bound_in(0x34, BindKind::Transceiver);
    let (first, second) = (world.take(line, "Hello"), world.take(line, "Hello"));
    let replace = |message_id: &CString, registered_delivery| {
        PduBody::ReplaceSm(ReplaceSm {
            message_id: message_id.clone(),
            source: source(),
            registered_delivery,
            short_message: "Goodbye".into(),
            ..ReplaceSm::default()
        })
    };
    assert_eq!(world.ask(line, replace(&first, 1)), (OK, PduBody::ReplaceSmResp(Tlvs::default())));
    // No receipt is asked for any more.
    assert_eq!(world.ask(line, replace(&second, 0)).0, OK);
    let said = world.confirming_until(SECOND * 11);
    let texts: Vec<_> = said.iter().filter(|it| it.2.is_request()).map(|it| it.2.text()).collect();
    assert!(matches!(&texts[..], [one] if one.starts_with(&format!("id:{first} ")) && one.ends_with(" text:Goodbye")));
    assert_eq!(world.ask(line, replace(&first, 1)).0, CommandStatus::ReplaceFailed);
    assert_eq!((world.smsc.pending(), world.smsc.stats().receipts_pending()), (0, 0));
}

#[test]
fn many_destinations_have_one_id_and_a_fate_each() {
    let mut world = World::new(Behaviour { steer: true, ..Behaviour::default() });
    let (line, _) = world.bound_in(0x34, BindKind::Transceiver);
    let sme = |digits: &str| DestAddress::Sme(Address::new(1, 1, digits));
    let destinations =
        vec![sme("491511234501"), sme("491511234512"), DestAddress::List(CString::from("staff")), sme("491511234502")];
    let multi = |destinations| {
        let registered_delivery = 1;
        let source = source();
        PduBody::SubmitMulti(SubmitMulti { source, destinations, registered_delivery, ..SubmitMulti::default() })
    };
    let (status, PduBody::SubmitMultiResp(SubmitMultiResp { message_id, unsuccess, .. })) =
        world.ask(line, multi(destinations))
    else {
        panic!("another answer");
    };
    assert_eq!((status, message_id.to_string()), (OK, "1000000".to_owned()));
    let refused: Vec<_> = unsuccess.iter().map(|it| (it.destination.digits.to_string(), it.status)).collect();
    let expected =
        [("491511234512", CommandStatus::InvalidDestinationAddress), ("staff", CommandStatus::InvalidListName)];
    assert_eq!(refused, expected.map(|(digits, status)| (digits.to_owned(), status)));
    assert_eq!(stats(&mut world, 1), ["DELIVRD", "UNDELIV"]);
    assert_eq!((world.smsc.stats().submits, world.smsc.stats().taken), (3, 2));
    // None of them: the whole is refused; and none at all.
    assert_eq!(world.ask(line, multi(vec![sme("491511234514")])).0, CommandStatus::MessageQueueFull);
    assert_eq!(world.ask(line, multi(Vec::new())).0, CommandStatus::InvalidNumberOfDestinations);
    assert!(world.said().is_empty());
}

#[test]
fn a_broadcast_is_taken_reported_and_cancelled() {
    let mut world = slow(10);
    let (line, _) = world.bound_in(0x50, BindKind::Transceiver);
    let tlvs = Tlvs::build()
        .push(Tag::BROADCAST_AREA_IDENTIFIER, b"\0NL")
        .push(Tag::BROADCAST_AREA_IDENTIFIER, b"\0BE")
        .push(Tag::BROADCAST_CONTENT_TYPE, &[1, 0, 16])
        .push(Tag::BROADCAST_REP_NUM, &[0, 3])
        .push(Tag::BROADCAST_FREQUENCY_INTERVAL, &[9, 0, 5])
        .build();
    let send = |world: &mut World, tlvs: &Tlvs| {
        let body = PduBody::BroadcastSm(BroadcastSm { source: source(), tlvs: tlvs.clone(), ..BroadcastSm::default() });
        match world.ask(line, body) {
            (status, PduBody::BroadcastSmResp(resp)) => (status, resp.message_id),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(send(&mut world, &Tlvs::default()).0, CommandStatus::MissingTlv);
    let ids = [send(&mut world, &tlvs).1, send(&mut world, &tlvs).1];
    let state = |world: &mut World, message_id: &CString| {
        let query =
            QueryBroadcastSm { message_id: message_id.clone(), source: source(), ..QueryBroadcastSm::default() };
        let (OK, PduBody::QueryBroadcastSmResp(resp)) = world.ask(line, PduBody::QueryBroadcastSm(query)) else {
            panic!("it is known");
        };
        let reached = resp.tlvs.iter().filter(|it| it.0 == Tag::BROADCAST_AREA_SUCCESS).map(|it| it.1[0]);
        let reached: Vec<u8> = reached.collect();
        (resp.tlvs.get_u8(Tag::MESSAGE_STATE), reached, resp.tlvs.get_text(Tag::BROADCAST_END_TIME))
    };
    assert_eq!(state(&mut world, &ids[0]), (Some(1), vec![0, 0], None));
    let cancel = |message_id: &CString| {
        let message_id = message_id.clone();
        PduBody::CancelBroadcastSm(CancelBroadcastSm { message_id, source: source(), ..CancelBroadcastSm::default() })
    };
    assert_eq!(world.ask(line, cancel(&ids[1])).0, OK);
    assert_eq!(world.ask(line, cancel(&ids[1])).0, CommandStatus::BroadcastCancelFailed);
    world.until(SECOND * 11);
    assert_eq!(state(&mut world, &ids[0]), (Some(2), vec![100, 100], Some("260101000010000+".to_owned())));
    assert_eq!(state(&mut world, &ids[1]), (Some(4), vec![0, 0], Some("260101000000000+".to_owned())));
    // A broadcast is no message, and a message no broadcast.
    assert_eq!(
        world
            .ask(
                line,
                PduBody::CancelSm(CancelSm { message_id: ids[0].clone(), source: source(), ..CancelSm::default() })
            )
            .0,
        CommandStatus::CancelFailed
    );
    let id = world.take(line, "Hello");
    let query = QueryBroadcastSm { message_id: id, source: source(), ..QueryBroadcastSm::default() };
    assert_eq!(world.ask(line, PduBody::QueryBroadcastSm(query)).0, CommandStatus::BroadcastQueryFailed);
}

#[test]
fn each_peer_is_spoken_to_in_the_lower_of_both_versions() {
    for (own, peer, told, load) in [
        (Version::V50, 0x50, Some(0x50), true),
        (Version::V50, 0x34, Some(0x50), false),
        (Version::V34, 0x50, Some(0x34), false),
        (Version::V50, 0x33, None, false),
    ] {
        let mut world = World::new(Behaviour { version: own, ..Behaviour::default() });
        let (line, resp) = world.bound_in(peer, BindKind::Transceiver);
        assert_eq!(resp.tlvs.get_u8(Tag::SC_INTERFACE_VERSION), told, "{own:?} {peer:#x}");
        let (OK, PduBody::SubmitSmResp(resp)) = world.ask(line, PduBody::SubmitSm(World::submit_sm(TO, "Hello")))
        else {
            panic!("it is taken");
        };
        assert_eq!(resp.tlvs.get_u8(Tag::CONGESTION_STATE), load.then_some(1), "{own:?} {peer:#x}");
    }
}

#[test]
fn the_load_of_a_line_is_told_in_5_0() {
    let mut world = World::new(Behaviour { window_max: 4, latency: Span::of(MS * 10), ..Behaviour::default() });
    let (line, _) = world.bound_in(0x50, BindKind::Transmitter);
    for sequence in 1..=3 {
        let body = PduBody::SubmitSm(World::submit_sm(TO, "Hello"));
        world.smsc.hear(world.now, line, Pdu::request(sequence, body));
    }
    world.now += MS * 10;
    world.smsc.tick(world.now);
    let mut loads = Vec::new();
    while let Say::Send { pdu, .. } = world.smsc.poll() {
        loads.push(pdu.body.congestion());
    }
    assert_eq!(loads, [Some(75), Some(50), Some(25)]);
}

#[test]
fn an_old_peer_gets_short_ids_and_its_own_operations_are_refused() {
    let mut world = World::new(Behaviour { first_id: 0x1_2345_6789, ..Behaviour::default() });
    let (receiver, _) = world.bound_in(0x33, BindKind::Receiver);
    let (line, resp) = world.bound_in(0x33, BindKind::Transmitter);
    assert!(resp.tlvs.is_empty());
    let id = world.take(line, "Hello");
    assert_eq!(id.to_string(), "23456789");
    let receipts = world.said();
    assert!(
        matches!(&receipts[..], [(on, said)] if *on == receiver && said.text().starts_with("id:23456789 ")),
        "{receipts:?}"
    );
    assert_eq!(world.query(line, &id).1.message_state, 2);
    let (status, body) = world.ask(line, PduBody::ParamRetrieve(ParamRetrieve::default()));
    assert_eq!((status, body.command_id()), (CommandStatus::InvalidCommandId, CommandId::PARAM_RETRIEVE.response()));
}

#[test]
fn whoever_receives_is_told_that_a_handset_is_there_again() {
    let mut world = World::new(Behaviour::default());
    let (old, _) = world.bound_in(0x33, BindKind::Receiver);
    let alert = |world: &mut World, to: &str| world.smsc.alert(world.now, to, TO, "12345");
    assert!(!alert(&mut world, "nobody") && !alert(&mut world, "shop"));
    let (line, _) = world.bound_in(0x34, BindKind::Receiver);
    assert!(alert(&mut world, "shop"));
    let said = world.said();
    let [(on, Said::Other(PduBody::AlertNotification(it)))] = &said[..] else { panic!("{said:?}") };
    assert!(*on == line && *on != old);
    assert_eq!((it.source.digits.to_string(), it.esme.digits.to_string()), (TO.to_owned(), "12345".to_owned()));
    assert_eq!(it.tlvs.get_u8(Tag::MS_AVAILABILITY_STATUS), Some(0));
}

#[test]
fn on_a_connection_of_its_own_the_carrier_asks_for_a_bind() {
    let mut world = World::new(Behaviour::default());
    let outbind = Outbind { system_id: CString::from("SMSC"), password: CString::from("secret") };
    let line = world.smsc.connect_outbound(world.now, outbind.clone());
    assert_eq!(world.said(), [(line, Said::Other(PduBody::Outbind(outbind)))]);
    let bind = Bind { system_id: CString::from("shop"), interface_version: 0x34, ..Bind::default() };
    assert_eq!(world.ask(line, PduBody::Bind(BindKind::Receiver, bind)).0, OK);
    assert!(world.smsc.send_message(world.now, "shop", (TO, "12345"), b"Hi"));
    assert!(matches!(&world.said()[..], [(on, said)] if *on == line && said.text() == "Hi"));
}
