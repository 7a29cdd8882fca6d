//! Every operation in both roles: who answers it, who is told of it, and what 3.3 makes of it.

use super::solo::{OK, Solo, pdu, refused};
use nuncio::session::Session;
use nuncio::session::input::Input;
use nuncio::session::options::Options;
use nuncio::session::output::{CloseReason, Oddity, Output, SessionEvent};
use nuncio::session::state::SessionState;
use nuncio::session::version::Version;
use nuncio::smpp::address::Address;
use nuncio::smpp::alert::AlertNotification;
use nuncio::smpp::bind::{Bind, BindKind, BindResp, Outbind};
use nuncio::smpp::broadcast::{BroadcastSm, CancelBroadcastSm, QueryBroadcastSm};
use nuncio::smpp::cancel::CancelSm;
use nuncio::smpp::command::CommandId;
use nuncio::smpp::cstring::CString;
use nuncio::smpp::data::DataSm;
use nuncio::smpp::legacy::{ParamRetrieve, QueryLastMsgs, QueryMsgDetails};
use nuncio::smpp::multi::SubmitMulti;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::query::{QuerySm, QuerySmResp};
use nuncio::smpp::replace::ReplaceSm;
use nuncio::smpp::sm::{Sm, SmResp};
use nuncio::smpp::status::CommandStatus;
use nuncio::smpp::tlv::{Tag, Tlvs};
use std::time::Instant;

/// What an ESME may ask in any version.
fn requests() -> Vec<PduBody> {
    vec![
        PduBody::SubmitSm(Sm::default()),
        PduBody::SubmitMulti(SubmitMulti::default()),
        PduBody::DataSm(DataSm::default()),
        PduBody::QuerySm(QuerySm::default()),
        PduBody::CancelSm(CancelSm::default()),
        PduBody::ReplaceSm(ReplaceSm::default()),
        PduBody::BroadcastSm(BroadcastSm::default()),
        PduBody::QueryBroadcastSm(QueryBroadcastSm::default()),
        PduBody::CancelBroadcastSm(CancelBroadcastSm::default()),
    ]
}

/// What an ESME may ask in 3.3 only.
fn requests_of_33() -> Vec<PduBody> {
    vec![
        PduBody::ParamRetrieve(ParamRetrieve::default()),
        PduBody::QueryLastMsgs(QueryLastMsgs::default()),
        PduBody::QueryMsgDetails(QueryMsgDetails::default()),
    ]
}

fn answer_to(request: &PduBody) -> PduBody {
    Pdu::refusal(request.command_id(), 0, OK).expect("it has an answer").body
}

/// An SMSC to which a peer of this version has just bound.
fn smsc(kind: BindKind, version: Version) -> Solo {
    let mut solo = Solo::accepting(Options::default());
    let bind = Bind { interface_version: version.octet(), ..Bind::default() };
    solo.hear(0, OK, 9, PduBody::Bind(kind, bind));
    solo.respond(0, 9, OK, PduBody::BindResp(kind, BindResp::default()));
    assert_eq!((solo.session.state(), solo.session.version()), (SessionState::Bound(kind), version));
    solo
}

fn esme_of_33(kind: BindKind) -> Solo {
    Solo::esme(kind, Options { assumed_version: Version::V33, ..Options::default() })
}

fn misplaced(command: CommandId) -> Output {
    Output::Event(SessionEvent::Odd(Oddity::Misplaced { command }))
}

#[test]
fn whatever_an_esme_may_ask_is_for_the_owner_of_the_smsc() {
    let rest = requests().into_iter().map(|it| (Version::V34, it));
    let of_33 = requests_of_33().into_iter().map(|it| (Version::V33, it));
    for (version, body) in rest.chain(of_33) {
        let mut solo = smsc(BindKind::Transmitter, version);
        let told = solo.hear(1, OK, 5, body.clone());
        assert_eq!(told, [Output::Event(SessionEvent::Requested { sequence: 5, body: body.clone() })]);
        assert_eq!(solo.session.unanswered(), 1);
        let resp = answer_to(&body);
        assert_eq!(solo.respond(2, 5, OK, resp.clone()), [refused(OK, 5, resp)]);
        assert_eq!(solo.session.unanswered(), 0);
        // And on a receiver it is for nobody.
        let mut solo = smsc(BindKind::Receiver, version);
        let told = solo.hear(1, OK, 5, body.clone());
        let status = CommandStatus::InvalidBindStatus;
        assert_eq!(told, [misplaced(body.command_id()), refused(status, 5, answer_to(&body))]);
    }
}

#[test]
fn what_only_33_has_is_refused_in_34() {
    for body in requests_of_33() {
        let told = smsc(BindKind::Transmitter, Version::V34).hear(1, OK, 5, body.clone());
        assert_eq!(told[0], misplaced(body.command_id()));
        let mut esme = Solo::esme(BindKind::Transmitter, Options::default());
        assert_eq!(esme.at(1, Input::Request(4, body)), [Output::Event(SessionEvent::NeverSent(4))]);
    }
}

#[test]
fn whatever_an_esme_asks_is_settled_by_its_answer() {
    for (at, body) in requests().into_iter().chain(requests_of_33()).enumerate() {
        let mut solo = match at < requests().len() {
            true => Solo::esme(BindKind::Transmitter, Options::default()),
            false => esme_of_33(BindKind::Transmitter),
        };
        let resp = answer_to(&body);
        assert_eq!(solo.at(1, Input::Request(7, body.clone())), [Output::Send(pdu(OK, 2, body))]);
        let told = solo.hear(2, OK, 2, resp.clone());
        assert_eq!(told, [Output::Event(SessionEvent::Answered { ticket: 7, status: OK, body: resp })]);
    }
}

#[test]
fn an_alert_is_told_and_not_answered() {
    let alert = AlertNotification { source: Address::new(1, 1, "31612345678"), ..AlertNotification::default() };
    let body = PduBody::AlertNotification(alert.clone());
    let mut esme = Solo::esme(BindKind::Receiver, Options::default());
    assert_eq!(esme.hear(1, OK, 6, body.clone()), [Output::Event(SessionEvent::Alerted(alert))]);
    assert_eq!(esme.session.unanswered(), 0);
    let mut esme = Solo::esme(BindKind::Transmitter, Options::default());
    assert_eq!(esme.hear(1, OK, 6, body), [misplaced(CommandId::ALERT_NOTIFICATION)]);
}

fn outbind() -> Outbind {
    Outbind { system_id: CString::from("SMSC"), password: CString::from("secret") }
}

fn awaiting(expected: Option<Outbind>) -> Solo {
    let start = Instant::now();
    let bind = Bind { interface_version: 0x34, ..Bind::default() };
    Solo { session: Session::esme_outbound(start, BindKind::Receiver, bind, expected, Options::default()), start }
}

#[test]
fn an_esme_binds_when_an_outbind_comes() {
    let mut solo = awaiting(Some(outbind()));
    assert_eq!(solo.waits_until(), 10);
    assert_eq!(solo.hear(1, OK, 1, PduBody::EnquireLink), [refused(OK, 1, PduBody::EnquireLinkResp)]);
    let told = solo.hear(5, OK, 2, PduBody::Outbind(outbind()));
    let bind = PduBody::Bind(BindKind::Receiver, Bind { interface_version: 0x34, ..Bind::default() });
    let invited = Output::Event(SessionEvent::Invited { system_id: CString::from("SMSC") });
    assert_eq!(told, [invited, Output::Send(pdu(OK, 1, bind))]);
    assert_eq!(solo.waits_until(), 15);
    assert_eq!(solo.hear(6, OK, 3, PduBody::Outbind(outbind())), [misplaced(CommandId::OUTBIND)]);
    solo.hear(7, OK, 1, PduBody::BindResp(BindKind::Receiver, BindResp::default()));
    assert_eq!(solo.session.state(), SessionState::Bound(BindKind::Receiver));
}

#[test]
fn an_outbind_that_does_not_come_or_is_another_ends_the_session() {
    let mut solo = awaiting(None);
    assert_eq!(solo.at(10, Input::Tick), [Output::Close(CloseReason::NoOutbind)]);
    let mut solo = awaiting(Some(outbind()));
    let told = solo.hear(1, OK, 2, PduBody::Outbind(Outbind { password: CString::from("guess"), ..outbind() }));
    let nack = refused(CommandStatus::BindFailed, 2, PduBody::GenericNack);
    assert_eq!(told, [nack, Output::Close(CloseReason::OutbindRefused)]);
    let mut solo = awaiting(None);
    assert_eq!(solo.hear(1, OK, 2, PduBody::Outbind(Outbind::default())).len(), 2);
}

#[test]
fn an_smsc_that_connects_by_itself_invites_and_is_bound_to() {
    let start = Instant::now();
    let mut solo = Solo { session: Session::smsc_outbound(start, outbind(), Options::default()), start };
    assert_eq!(solo.drain(), [Output::Send(pdu(OK, 1, PduBody::Outbind(outbind())))]);
    solo.hear(1, OK, 1, PduBody::Bind(BindKind::Receiver, Bind { interface_version: 0x34, ..Bind::default() }));
    solo.respond(1, 1, OK, PduBody::BindResp(BindKind::Receiver, BindResp::default()));
    assert_eq!(solo.session.state(), SessionState::Bound(BindKind::Receiver));
}

fn congestion(load: u8) -> Tlvs {
    Tlvs::build().push(Tag::CONGESTION_STATE, &[load]).build()
}

#[test]
fn congestion_is_told_when_it_changes() {
    let mut solo = Solo::esme(BindKind::Transceiver, Options::default());
    let mut told = Vec::new();
    for (second, load) in (1..).zip([0, 50, 50, 100, 0]) {
        solo.submit(second, u64::from(second));
        let resp = SmResp { tlvs: congestion(load), ..SmResp::default() };
        let after = solo.hear(second, OK, second + 1, PduBody::SubmitSmResp(resp));
        told.extend(after.into_iter().filter_map(|it| match it {
            Output::Event(SessionEvent::Congestion(load)) => Some(load),
            _ => None,
        }));
    }
    assert_eq!(told, [50, 100, 0]);
    // Any response may tell, also of a failure and one that comes late.
    let resp = QuerySmResp { tlvs: congestion(80), ..QuerySmResp::default() };
    let after = solo.hear(9, CommandStatus::QueryFailed, 99, PduBody::QuerySmResp(resp));
    assert_eq!(after[1], Output::Event(SessionEvent::Congestion(80)));
}

#[test]
fn nothing_optional_leaves_for_a_peer_of_33() {
    let tlvs = || Tlvs::build().push(Tag(0x1400), b"1").push(Tag::MESSAGE_PAYLOAD, b"Hello").build();
    let mut esme = esme_of_33(BindKind::Transmitter);
    let body = PduBody::SubmitSm(Sm { tlvs: tlvs(), ..Sm::default() });
    let plain = PduBody::SubmitSm(Sm { short_message: "Hello".into(), ..Sm::default() });
    assert_eq!(esme.at(1, Input::Request(1, body)), [Output::Send(pdu(OK, 2, plain))]);

    let mut smsc = smsc(BindKind::Transceiver, Version::V33);
    smsc.hear(1, OK, 5, PduBody::SubmitSm(Sm::default()));
    let resp = |tlvs| PduBody::SubmitSmResp(SmResp { message_id: CString::from("77"), tlvs });
    assert_eq!(smsc.respond(1, 5, OK, resp(congestion(50))), [refused(OK, 5, resp(Tlvs::default()))]);

    let mut solo = Solo::accepting(Options::default());
    solo.hear(0, OK, 9, PduBody::Bind(BindKind::Receiver, Bind { interface_version: 0x33, ..Bind::default() }));
    let resp = |tlvs| PduBody::BindResp(BindKind::Receiver, BindResp { tlvs, ..BindResp::default() });
    let told = solo.respond(0, 9, OK, resp(Tlvs::build().push(Tag::SC_INTERFACE_VERSION, &[0x34]).build()));
    assert_eq!(told[0], refused(OK, 9, resp(Tlvs::default())));
}

#[test]
fn what_33_cannot_say_never_leaves() {
    let mut esme = esme_of_33(BindKind::Transmitter);
    let tlvs = Tlvs::build().push(Tag::MESSAGE_PAYLOAD, &[b'x'; 300]).build();
    for body in [PduBody::SubmitSm(Sm { tlvs, ..Sm::default() }), PduBody::DataSm(DataSm::default())] {
        assert!(!esme.session.speaks(&body));
        assert_eq!(esme.at(1, Input::Request(4, body)), [Output::Event(SessionEvent::NeverSent(4))]);
    }
}

#[test]
fn nothing_optional_is_required_of_a_peer() {
    for (assumed, tlvs, version) in [
        // Quirk 46: it does not say.
        (Version::V33, Tlvs::default(), Version::V33),
        (Version::V34, Tlvs::default(), Version::V34),
        // Quirk 47: octets of the tag swapped, no such version, zero, in decimal, nothing in it.
        (Version::V33, Tlvs::build().push(Tag(0x1002), &[0x34]).build(), Version::V34),
        (Version::V33, version(&[0x99]), Version::V34),
        (Version::V34, version(&[0x00]), Version::V33),
        (Version::V33, version(&[34]), Version::V34),
        (Version::V33, version(&[]), Version::V33),
    ] {
        let options = Options { assumed_version: assumed, ..Options::default() };
        let mut solo = Solo::binding(BindKind::Transceiver, options);
        let resp = BindResp { tlvs: tlvs.clone(), ..BindResp::default() };
        solo.hear(0, OK, 1, PduBody::BindResp(BindKind::Transceiver, resp));
        assert_eq!(solo.session.version(), version, "{assumed:?} {tlvs:?}");
    }
    fn version(octets: &[u8]) -> Tlvs {
        Tlvs::build().push(Tag::SC_INTERFACE_VERSION, octets).build()
    }
}
