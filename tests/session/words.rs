//! Single conversations, word by word: what is said, what is answered, and when it ends.

use super::solo::{OK, SECOND, Solo, pdu, refused, submit_sm_resp};
use nuncio::session::input::Input;
use nuncio::session::options::Options;
use nuncio::session::output::{CloseReason, Oddity, Output, SessionEvent};
use nuncio::session::state::SessionState;
use nuncio::session::version::Version;
use nuncio::smpp::bind::{Bind, BindKind, BindResp};
use nuncio::smpp::command::CommandId;
use nuncio::smpp::data::DataSm;
use nuncio::smpp::pdu::PduBody;
use nuncio::smpp::query::QuerySmResp;
use nuncio::smpp::sm::{Sm, SmResp};
use nuncio::smpp::status::CommandStatus;

#[test]
fn answers_come_in_any_order() {
    let mut solo = Solo::esme(BindKind::Transmitter, Options::default());
    for ticket in 100..103 {
        assert_eq!(solo.submit(0, ticket).len(), 1);
    }
    for (sequence, ticket) in [(4, 102), (2, 100), (3, 101)] {
        let told = solo.hear(1, OK, sequence, submit_sm_resp());
        assert_eq!(told, [Output::Event(SessionEvent::Answered { ticket, status: OK, body: submit_sm_resp() })]);
    }
    let told = solo.hear(1, OK, 3, submit_sm_resp());
    let command = CommandId::SUBMIT_SM.response();
    assert_eq!(told, [Output::Event(SessionEvent::Odd(Oddity::Unmatched { command, sequence: 3 }))]);
}

#[test]
fn a_generic_nack_answers_the_request_it_names() {
    let mut solo = Solo::esme(BindKind::Transmitter, Options::default());
    solo.submit(0, 7);
    let told = solo.hear(1, CommandStatus::InvalidCommandId, 2, PduBody::GenericNack);
    let status = CommandStatus::InvalidCommandId;
    assert_eq!(told, [Output::Event(SessionEvent::Answered { ticket: 7, status, body: PduBody::GenericNack })]);
    let told = solo.hear(1, status, 77, PduBody::GenericNack);
    assert_eq!(told, [Output::Event(SessionEvent::Odd(Oddity::Nacked { sequence: 77, status }))]);
}

#[test]
fn a_second_complaint_of_wrong_lengths_ends_the_session() {
    let mut solo = Solo::esme(BindKind::Transmitter, Options::default());
    let status = CommandStatus::InvalidCommandLength;
    assert_eq!(solo.hear(1, status, 0, PduBody::GenericNack).len(), 1);
    let told = solo.hear(1, status, 0, PduBody::GenericNack);
    assert_eq!(told.last(), Some(&Output::Close(CloseReason::Desynchronised)));
}

#[test]
fn a_late_answer_still_names_its_ticket() {
    let mut solo = Solo::esme(BindKind::Transmitter, Options { enquire_link: None, ..Options::default() });
    solo.submit(0, 7);
    assert_eq!(solo.waits_until(), 60);
    assert_eq!(solo.at(60, Input::Tick), [Output::Event(SessionEvent::TimedOut(7))]);
    assert_eq!((solo.session.credit(), solo.session.tombs()), (10, 1));
    let told = solo.hear(99, OK, 2, submit_sm_resp());
    assert_eq!(told, [Output::Event(SessionEvent::LateAnswer { ticket: 7, status: OK, body: submit_sm_resp() })]);
    assert_eq!(solo.session.tombs(), 0);
}

#[test]
fn as_many_tombs_as_the_window_is_wide_end_the_session() {
    let mut solo = Solo::esme(BindKind::Transmitter, Options { window: 2, enquire_link: None, ..Options::default() });
    solo.submit(0, 1);
    assert_eq!(solo.at(60, Input::Tick), [Output::Event(SessionEvent::TimedOut(1))]);
    solo.submit(60, 2);
    let told = solo.at(120, Input::Tick);
    assert_eq!(told, [Output::Event(SessionEvent::TimedOut(2)), Output::Close(CloseReason::MissingAnswers)]);
}

#[test]
fn a_peer_that_lives_but_answers_nothing_is_left() {
    let mut solo = Solo::esme(BindKind::Transmitter, Options::default());
    solo.submit(0, 1);
    solo.submit(30, 2);
    for second in [29, 58] {
        solo.hear(second.max(30), OK, 5, PduBody::EnquireLink);
    }
    let told = solo.at(60, Input::Tick);
    let lost = [SessionEvent::TimedOut(1), SessionEvent::Lost(2)].map(Output::Event);
    assert_eq!(told[..2], lost);
    assert_eq!(told[2], Output::Close(CloseReason::NoProgress));
}

#[test]
fn one_answer_is_progress_for_all() {
    let mut solo = Solo::esme(BindKind::Transmitter, Options { enquire_link: None, ..Options::default() });
    solo.submit(0, 1);
    solo.submit(30, 2);
    solo.submit(31, 3);
    solo.hear(32, OK, 3, submit_sm_resp());
    assert_eq!(solo.at(60, Input::Tick), [Output::Event(SessionEvent::TimedOut(1))]);
    assert_eq!(solo.session.in_flight(), 1);
}

#[test]
fn a_silent_peer_is_asked_and_then_left() {
    let mut solo = Solo::esme(BindKind::Receiver, Options::default());
    assert_eq!(solo.waits_until(), 30);
    assert_eq!(solo.at(30, Input::Tick), [Output::Send(pdu(OK, 2, PduBody::EnquireLink))]);
    assert_eq!(solo.waits_until(), 90);
    // Anything is a sign of life.
    solo.hear(80, OK, 4, PduBody::DeliverSm(Sm::default()));
    assert_eq!(solo.waits_until(), 110);
    solo.at(110, Input::Tick);
    assert_eq!(solo.at(170, Input::Tick), [Output::Close(CloseReason::Silent)]);
}

#[test]
fn a_bind_that_is_not_answered_or_refused_ends_the_session() {
    let mut solo = Solo::binding(BindKind::Transceiver, Options::default());
    assert_eq!(solo.waits_until(), 10);
    assert_eq!(solo.at(10, Input::Tick), [Output::Close(CloseReason::BindTimeout)]);

    let refusals = [
        (CommandStatus::AlreadyBound, PduBody::BindResp(BindKind::Transceiver, BindResp::default())),
        (CommandStatus::InvalidCommandId, PduBody::GenericNack),
    ];
    for (status, body) in refusals {
        let mut solo = Solo::binding(BindKind::Transceiver, Options::default());
        let told = solo.hear(1, status, 1, body);
        let refused = Output::Event(SessionEvent::BindRefused(status));
        assert_eq!(told, [refused, Output::Close(CloseReason::BindRefused(status))]);
    }
}

#[test]
fn an_smsc_waits_for_a_bind_and_may_refuse_it() {
    let mut solo = Solo::accepting(Options::default());
    assert_eq!(solo.waits_until(), 10);
    solo.hear(1, OK, 3, PduBody::Bind(BindKind::Receiver, Bind::default()));
    let resp = || PduBody::BindResp(BindKind::Receiver, BindResp::default());
    let status = CommandStatus::Other(0x0E);
    assert_eq!(solo.respond(2, 3, status, resp()), [refused(status, 3, resp())]);
    assert_eq!(solo.session.state(), SessionState::Open);
    assert_eq!(solo.waits_until(), 10);
    assert_eq!(solo.at(10, Input::Tick), [Output::Close(CloseReason::NoBind)]);
}

#[test]
fn the_lower_version_is_spoken() {
    let mut solo = Solo::accepting(Options::default());
    let bind = Bind { interface_version: 0x33, ..Bind::default() };
    solo.hear(1, OK, 3, PduBody::Bind(BindKind::Receiver, bind));
    solo.respond(1, 3, OK, PduBody::BindResp(BindKind::Receiver, BindResp::default()));
    assert_eq!(solo.session.version(), Version::V33);

    let options = Options { assumed_version: Version::V33, ..Options::default() };
    assert_eq!(Solo::esme(BindKind::Receiver, options).session.version(), Version::V33);
    let options = Options { assumed_version: Version::V50, ..Options::default() };
    assert_eq!(Solo::esme(BindKind::Receiver, options).session.version(), Version::V34);
}

#[test]
fn what_is_not_legal_is_refused_by_its_own_response() {
    let mut smsc = Solo::smsc(BindKind::Receiver, Options::default());
    let told = smsc.hear(1, OK, 4, PduBody::SubmitSm(Sm::default()));
    let misplaced = |command| Output::Event(SessionEvent::Odd(Oddity::Misplaced { command }));
    assert_eq!(told, [misplaced(CommandId::SUBMIT_SM), refused(CommandStatus::InvalidBindStatus, 4, submit_sm_resp())]);
    let told = smsc.hear(1, OK, 5, PduBody::Bind(BindKind::Receiver, Bind::default()));
    let resp = PduBody::BindResp(BindKind::Receiver, BindResp::default());
    assert_eq!(told, [misplaced(CommandId::BIND_RECEIVER), refused(CommandStatus::AlreadyBound, 5, resp)]);
    assert_eq!(smsc.session.state(), SessionState::Bound(BindKind::Receiver));

    let mut smsc = Solo::accepting(Options::default());
    let told = smsc.hear(1, OK, 4, PduBody::Unbind);
    assert_eq!(told[1], refused(CommandStatus::InvalidBindStatus, 4, PduBody::UnbindResp));
    // An enquiry is answered everywhere.
    let told = smsc.hear(1, OK, 0xFFFF_FFFF, PduBody::EnquireLink);
    assert_eq!(told, [refused(OK, 0xFFFF_FFFF, PduBody::EnquireLinkResp)]);
}

#[test]
fn operations_that_are_unknown() {
    let mut smsc = Solo::smsc(BindKind::Transceiver, Options::default());
    let other = |command| PduBody::Other(CommandId(command), Default::default());
    let unserved = |command| Output::Event(SessionEvent::Odd(Oddity::Unserved { command: CommandId(command) }));
    let invalid = CommandStatus::InvalidCommandId;
    // A vendor's auth_acc has a response of its own, 0x7777 has none, 0x80007777 is no request.
    let resp = other(0x8100_0001);
    assert_eq!(smsc.hear(1, OK, 4, other(0x0100_0001)), [unserved(0x0100_0001), refused(invalid, 4, resp)]);
    assert_eq!(smsc.hear(1, OK, 5, other(0x7777)), [unserved(0x7777), refused(invalid, 5, PduBody::GenericNack)]);
    assert_eq!(smsc.hear(1, OK, 6, other(0x8000_7777)), [unserved(0x8000_7777)]);
}

#[test]
fn what_cannot_be_read_is_refused_and_the_session_goes_on() {
    let mut esme = Solo::esme(BindKind::Transceiver, Options::default());
    esme.submit(0, 7);
    let status = CommandStatus::InvalidCommandLength;
    let unreadable = |command, sequence| Input::Undecodable { command, sequence, status };
    let told = esme.at(1, unreadable(CommandId::DELIVER_SM, 5));
    assert_eq!(told[1], refused(status, 5, PduBody::DeliverSmResp(SmResp::default())));
    // The request may have been taken: only time ends it.
    let told = esme.at(1, unreadable(CommandId::SUBMIT_SM.response(), 2));
    assert_eq!(told.len(), 1);
    assert_eq!(esme.session.in_flight(), 1);
}

#[test]
fn what_is_delivered_before_the_answer_to_the_bind_is_for_the_owner() {
    let mut esme = Solo::binding(BindKind::Receiver, Options::default());
    for (sequence, body) in [(4, PduBody::DataSm(DataSm::default())), (5, PduBody::DeliverSm(Sm::default()))] {
        let told = esme.hear(1, OK, sequence, body.clone());
        assert_eq!(told, [Output::Event(SessionEvent::Requested { sequence, body })]);
    }
    assert_eq!(esme.session.unanswered(), 2);
    esme.hear(1, OK, 1, PduBody::BindResp(BindKind::Receiver, BindResp::default()));
    assert_eq!(esme.respond(1, 4, OK, PduBody::DataSmResp(SmResp::default())).len(), 1);
    // An ESME asks nothing before it is bound.
    let mut smsc = Solo::accepting(Options::default());
    let told = smsc.hear(1, OK, 4, PduBody::SubmitSm(Sm::default()));
    assert_eq!(told[1], refused(CommandStatus::InvalidBindStatus, 4, submit_sm_resp()));
}

#[test]
fn a_request_without_credit_or_right_never_leaves() {
    let never = |ticket| [Output::Event(SessionEvent::NeverSent(ticket))];
    let mut solo = Solo::esme(BindKind::Transmitter, Options { window: 1, ..Options::default() });
    solo.submit(0, 1);
    assert_eq!(solo.submit(0, 2), never(2));
    let mut solo = Solo::esme(BindKind::Receiver, Options::default());
    assert_eq!(solo.submit(0, 3), never(3));
    assert_eq!(solo.at(0, Input::Request(4, PduBody::EnquireLink)), never(4));
    let mut solo = Solo::binding(BindKind::Transmitter, Options::default());
    assert_eq!(solo.submit(0, 5), never(5));
    solo.at(0, Input::Eof);
    assert_eq!(solo.submit(0, 6)[..1], never(6));
}

#[test]
fn a_request_at_the_moment_of_the_end_never_leaves() {
    let mut solo = Solo::esme(BindKind::Transmitter, Options { enquire_link: None, ..Options::default() });
    solo.submit(0, 1);
    solo.submit(30, 2);
    let told = solo.at(60, Input::Tick);
    assert_eq!(told[..2], [SessionEvent::TimedOut(1), SessionEvent::Lost(2)].map(Output::Event));
    assert_eq!(told[2], Output::Close(CloseReason::NoProgress));
    assert_eq!(solo.submit(60, 3)[..1], [Output::Event(SessionEvent::NeverSent(3))]);
}

#[test]
fn what_the_peer_says_gives_up_nothing_that_it_may_answer_next() {
    let mut solo = Solo::esme(BindKind::Transmitter, Options::default());
    solo.submit(0, 1);
    solo.submit(0, 2);
    // Both answers were read together, long after the time.
    for (sequence, ticket) in [(2, 1), (3, 2)] {
        let answer = pdu(OK, sequence, PduBody::SubmitSmResp(SmResp::default()));
        let told = solo.at(90, Input::Pdu(answer));
        assert!(
            matches!(told[0], Output::Event(SessionEvent::Answered { ticket: it, .. }) if it == ticket),
            "{told:?}"
        );
    }
    assert_eq!(solo.at(90, Input::Tick), []);
}

#[test]
fn a_pdu_that_could_not_be_encoded_never_left() {
    let mut solo = Solo::esme(BindKind::Transmitter, Options::default());
    solo.submit(0, 7);
    assert_eq!(solo.at(0, Input::Unsent { sequence: 2 }), [Output::Event(SessionEvent::NeverSent(7))]);
    assert_eq!(solo.session.credit(), 10);
}

#[test]
fn an_unbind_hears_what_was_on_its_way() {
    let mut solo = Solo::esme(BindKind::Transceiver, Options::default());
    solo.submit(0, 7);
    solo.submit(0, 8);
    assert_eq!(solo.at(1, Input::Unbind), [Output::Send(pdu(OK, 4, PduBody::Unbind))]);
    assert_eq!(solo.session.credit(), 0);
    assert_eq!(solo.waits_until(), 6);
    let told = solo.hear(2, OK, 2, submit_sm_resp());
    assert!(matches!(told[..], [Output::Event(SessionEvent::Answered { ticket: 7, .. })]));
    let told = solo.hear(2, OK, 9, PduBody::DeliverSm(Sm::default()));
    assert!(matches!(told[..], [Output::Event(SessionEvent::Requested { sequence: 9, .. })]));
    assert_eq!(solo.respond(2, 9, OK, PduBody::DeliverSmResp(SmResp::default())).len(), 1);
    // Even what comes behind the answer to the unbind, whether all of it does or not.
    assert_eq!(solo.hear(3, OK, 4, PduBody::UnbindResp), []);
    let told = solo.hear(4, OK, 3, submit_sm_resp());
    assert!(matches!(told[..], [Output::Event(SessionEvent::Answered { ticket: 8, .. }), _]));
    assert_eq!(told[1], Output::Close(CloseReason::Unbound));

    let mut solo = Solo::esme(BindKind::Transceiver, Options::default());
    solo.submit(0, 7);
    solo.at(1, Input::Unbind);
    assert_eq!(solo.hear(2, OK, 3, PduBody::UnbindResp), []);
    let told = solo.at(6, Input::Tick);
    assert_eq!(told, [Output::Event(SessionEvent::Lost(7)), Output::Close(CloseReason::Unbound)]);
}

#[test]
fn every_way_an_unbind_may_be_answered() {
    let answers = [
        (3, Input::Pdu(pdu(CommandStatus::InvalidCommandId, 2, PduBody::GenericNack))),
        (3, Input::Pdu(pdu(OK, 44, PduBody::Unbind))),
        (3, Input::Eof),
        (6, Input::Tick),
    ];
    for (second, answer) in answers {
        let mut solo = Solo::esme(BindKind::Transceiver, Options::default());
        solo.at(1, Input::Unbind);
        let told = solo.at(second, answer);
        assert_eq!(told.last(), Some(&Output::Close(CloseReason::Unbound)));
    }
}

#[test]
fn the_peer_unbinds_and_what_was_on_its_way_is_heard_first() {
    let answered = || [refused(OK, 3, PduBody::UnbindResp), Output::Close(CloseReason::PeerUnbound)];
    let left = || {
        let mut solo = Solo::esme(BindKind::Transceiver, Options::default());
        solo.submit(0, 7);
        assert_eq!(solo.hear(1, OK, 3, PduBody::Unbind), [Output::Event(SessionEvent::Unbinding)]);
        assert_eq!((solo.session.credit(), solo.waits_until()), (0, 6));
        assert_eq!(solo.submit(1, 8), [Output::Event(SessionEvent::NeverSent(8))]);
        solo
    };
    // The answer comes, and a message that is answered in its turn.
    let mut solo = left();
    assert_eq!(solo.hear(2, OK, 9, PduBody::DeliverSm(Sm::default())).len(), 1);
    let told = solo.hear(3, OK, 2, submit_sm_resp());
    assert!(matches!(told[..], [Output::Event(SessionEvent::Answered { ticket: 7, .. })]));
    assert_eq!(solo.at(3, Input::Tick), []);
    solo.respond(4, 9, OK, PduBody::DeliverSmResp(SmResp::default()));
    assert_eq!(solo.waits_until(), 4);
    assert_eq!(solo.at(4, Input::Tick), answered());
    // None comes, or the peer goes.
    let told = left().at(6, Input::Tick);
    assert_eq!(told[0], answered()[0]);
    assert_eq!(told[1..], [Output::Event(SessionEvent::Lost(7)), Output::Close(CloseReason::PeerUnbound)]);
    let told = left().at(3, Input::Eof);
    assert_eq!(told, [Output::Event(SessionEvent::Lost(7)), Output::Close(CloseReason::PeerUnbound)]);
    // Nothing was on its way but what came with the unbind.
    let mut solo = Solo::esme(BindKind::Transceiver, Options::default());
    solo.hear(1, OK, 3, PduBody::Unbind);
    assert_eq!(solo.hear(1, OK, 9, PduBody::DeliverSm(Sm::default())).len(), 1);
    assert_eq!(solo.at(1, Input::Tick), []);
    solo.respond(2, 9, OK, PduBody::DeliverSmResp(SmResp::default()));
    assert_eq!(solo.at(2, Input::Tick), answered());
}

#[test]
fn a_response_of_another_operation_is_passed_by() {
    let odd = |command, sequence| [Output::Event(SessionEvent::Odd(Oddity::Mismatched { command, sequence }))];
    let mut solo = Solo::esme(BindKind::Transceiver, Options::default());
    solo.submit(0, 7);
    for body in [
        PduBody::EnquireLinkResp,
        PduBody::UnbindResp,
        PduBody::DeliverSmResp(SmResp::default()),
        PduBody::DataSmResp(SmResp::default()),
        PduBody::QuerySmResp(QuerySmResp::default()),
        PduBody::BindResp(BindKind::Transceiver, BindResp::default()),
    ] {
        let command = body.command_id();
        assert_eq!(solo.hear(1, OK, 2, body), odd(command, 2));
    }
    let told = solo.hear(2, OK, 2, submit_sm_resp());
    assert!(matches!(told[..], [Output::Event(SessionEvent::Answered { ticket: 7, .. })]));
    // The bind, and the unbind.
    let mut solo = Solo::binding(BindKind::Transceiver, Options::default());
    let told = solo.hear(1, OK, 1, PduBody::BindResp(BindKind::Receiver, BindResp::default()));
    assert_eq!(told, odd(CommandId::BIND_RECEIVER_RESP, 1));
    let told = solo.hear(1, OK, 1, PduBody::BindResp(BindKind::Transceiver, BindResp::default()));
    assert!(matches!(told[..], [Output::Event(SessionEvent::Bound { .. })]));
    solo.submit(1, 7);
    solo.at(1, Input::Unbind);
    assert_eq!(solo.hear(1, OK, 2, PduBody::UnbindResp), odd(CommandId::UNBIND_RESP, 2));
}

#[test]
fn a_session_without_messages_is_unbound() {
    let options = Options { inactivity: Some(SECOND * 45), ..Options::default() };
    let mut solo = Solo::smsc(BindKind::Transceiver, options);
    solo.hear(20, OK, 10, PduBody::SubmitSm(Sm::default()));
    solo.respond(20, 10, OK, submit_sm_resp());
    solo.hear(40, OK, 11, PduBody::EnquireLink);
    assert_eq!(solo.at(65, Input::Tick), [Output::Send(pdu(OK, 1, PduBody::Unbind))]);
    let told = solo.hear(66, OK, 1, PduBody::UnbindResp);
    assert_eq!(told, [Output::Close(CloseReason::Inactive)]);
}

#[test]
fn two_things_due_at_once_are_both_done() {
    let options = Options { inactivity: Some(SECOND * 30), ..Options::default() };
    let mut solo = Solo::esme(BindKind::Transceiver, options);
    let told = solo.at(30, Input::Tick);
    assert_eq!(told, [Output::Send(pdu(OK, 2, PduBody::EnquireLink)), Output::Send(pdu(OK, 3, PduBody::Unbind))]);
    assert_eq!(solo.waits_until(), 35);
}
