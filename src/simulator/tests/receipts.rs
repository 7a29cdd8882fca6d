//! Receipts on their way: before and after answers, over lost lines, until confirmed.

use super::{MS, OK, SECOND, Said, World};
use crate::simulator::behaviour::{Behaviour, Mix, Receipts, Style};
use crate::simulator::dice::Share;
use crate::simulator::dice::Span;
use crate::simulator::identity::IdForm;
use crate::simulator::line::LineId;
use crate::simulator::outcome::MessageState;
use crate::smpp::bind::BindKind;
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::sm::{Sm, registered_delivery};
use crate::smpp::status::CommandStatus;
use std::time::Duration;

fn stats(said: &[(Duration, LineId, Said)]) -> Vec<String> {
    said.iter().filter(|(.., said)| said.is_request()).map(|(.., said)| said.stat()).collect()
}

fn requests(said: Vec<(LineId, Said)>) -> Vec<(LineId, Said)> {
    said.into_iter().filter(|(_, said)| said.is_request()).collect()
}

/// One message with these receipts, each confirmed; what they say.
fn told(receipts: Receipts, destination: &str) -> Vec<String> {
    let mut world = World::new(Behaviour { steer: true, receipts, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transceiver);
    world.submit(line, destination, "Hello");
    let said = world.confirming_until(SECOND * 20);
    assert_eq!(world.smsc.pending(), 0);
    stats(&said)
}

#[test]
fn a_receipt_comes_after_its_answer() {
    for latency in [Span::default(), Span::of(MS * 5)] {
        let mut world = World::new(Behaviour { latency, ..Behaviour::default() });
        let line = world.bound("shop", BindKind::Transceiver);
        world.submit(line, "491511234567", "Hello");
        let said = world.until(SECOND);
        assert!(matches!(&said[..], [(_, _, Said::Answer(..)), (_, _, Said::Request { .. })]), "{said:?}");
    }
}

#[test]
fn a_receipt_may_come_before_its_answer() {
    for latency in [Span::default(), Span::of(MS * 5)] {
        let receipts = Receipts { before_response: Share::ALL, delay: Span::of(SECOND), ..Receipts::default() };
        let mut world = World::new(Behaviour { latency, receipts, ..Behaviour::default() });
        let line = world.bound("shop", BindKind::Transceiver);
        world.submit(line, "491511234567", "Hello");
        let said = world.until(SECOND);
        assert!(matches!(&said[..], [(_, _, Said::Request { .. }), (_, _, Said::Answer(..))]), "{said:?}");
    }
}

#[test]
fn a_receipt_takes_its_delay_after_the_answer() {
    let receipts = Receipts { delay: Span { min: MS * 50, max: MS * 200 }, ..Receipts::default() };
    let mut world = World::new(Behaviour { latency: Span::of(SECOND), receipts, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transceiver);
    for _ in 0..30 {
        world.submit(line, "491511234567", "Hello");
    }
    let said = world.until(SECOND * 2);
    let times: Vec<_> = said.iter().filter(|(.., said)| said.is_request()).map(|(at, ..)| *at).collect();
    assert_eq!(times.len(), 30);
    assert!(times.iter().all(|at| MS * 1_050 <= *at && *at <= MS * 1_200), "{times:?}");
}

#[test]
fn answers_in_hex_and_receipts_in_padded_decimal() {
    let receipts = Receipts { id: Some(IdForm::PaddedDecimal), ..Receipts::default() };
    let mut world = World::new(Behaviour { id: IdForm::Hex, receipts, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transceiver);
    let sequence = world.submit(line, "491511234567", "Hello");
    let said = world.said();
    assert_eq!(said[0].1, Said::Answer(sequence, OK, "f4240".to_owned()));
    assert!(said[1].1.text().starts_with("id:0001000000 sub:001"), "{said:?}");
    assert_eq!(world.smsc.ledger().receipts()[0].id, "f4240");
}

#[test]
fn every_outcome_has_its_receipts() {
    let cases: [(&str, &[&str]); 10] = [
        ("01", &["DELIVRD"]),
        ("02", &["UNDELIV"]),
        ("03", &["REJECTD"]),
        ("04", &["EXPIRED"]),
        ("05", &["ACCEPTD", "DELIVRD"]),
        ("06", &["BUFFERED", "DELIVRD"]),
        ("07", &["UNKNOWN"]),
        ("08", &[]),
        ("09", &["DELETED"]),
        ("10", &["ENROUTE", "DELIVRD"]),
    ];
    for (suffix, expected) in cases {
        let delay = Span::of(SECOND);
        assert_eq!(told(Receipts { delay, ..Receipts::default() }, &format!("4915112345{suffix}")), expected);
    }
    assert_eq!(told(Receipts { settle: false, ..Receipts::default() }, "491511234505"), ["ACCEPTD"]);
}

#[test]
fn twice_and_backwards() {
    assert_eq!(told(Receipts { twice: Share::ALL, ..Receipts::default() }, "491511234502"), ["UNDELIV", "UNDELIV"]);
    assert_eq!(told(Receipts { backwards: Share::ALL, ..Receipts::default() }, "491511234599"), ["DELIVRD", "ENROUTE"]);
}

#[test]
fn only_what_is_asked_for_is_told() {
    let asked = |wanted, outcome, unasked| {
        let receipts = Receipts { mix: Mix::new(vec![(outcome, 1)]), unasked, ..Receipts::default() };
        let mut world = World::with_receipts(receipts);
        let line = world.bound("shop", BindKind::Transceiver);
        let sm = Sm { registered_delivery: wanted, ..World::submit_sm("491511234567", "Hello") };
        world.smsc.hear(world.now, line, Pdu::request(7, PduBody::SubmitSm(sm)));
        stats(&world.until(SECOND)).len()
    };
    use registered_delivery::{NONE, RECEIPT_ON_FAILURE, RECEIPT_ON_SUCCESS};
    assert_eq!(asked(NONE, MessageState::Delivered, false), 0);
    assert_eq!(asked(NONE, MessageState::Delivered, true), 1);
    assert_eq!(asked(RECEIPT_ON_FAILURE, MessageState::Delivered, false), 0);
    assert_eq!(asked(RECEIPT_ON_FAILURE, MessageState::Expired, false), 1);
    assert_eq!(asked(RECEIPT_ON_SUCCESS, MessageState::Delivered, false), 1);
    assert_eq!(asked(RECEIPT_ON_SUCCESS, MessageState::Expired, false), 0);
}

#[test]
fn a_receipt_outlives_its_line_and_comes_until_it_is_confirmed() {
    let mut world = World::new(Behaviour::default());
    let line = world.bound("shop", BindKind::Transceiver);
    world.submit(line, "491511234567", "Hello");
    let first = requests(world.said());
    assert_eq!(first.len(), 1);
    world.eof(line);
    // Not for others.
    world.bound("bank", BindKind::Transceiver);
    assert_eq!(requests(world.said()), []);
    let line = world.bound("shop", BindKind::Receiver);
    let again = requests(world.said());
    assert_eq!((again[0].0, again[0].1.text()), (line, first[0].1.text()));
    let receipt = &world.smsc.ledger().receipts()[0];
    assert_eq!((receipt.times, receipt.confirmed), (2, None));
    world.confirm(line, again[0].1.sequence(), OK);
    assert_eq!(world.smsc.ledger().receipts()[0].confirmed, Some(world.now));
    assert_eq!(world.smsc.pending(), 0);
    world.eof(line);
    world.bound("shop", BindKind::Transceiver);
    assert_eq!(requests(world.said()), []);
    let stats = world.smsc.stats();
    assert_eq!((stats.receipts, stats.receipts_sent, stats.receipts_confirmed, stats.receipts_pending()), (1, 2, 1, 0));
}

#[test]
fn a_receipt_that_is_due_while_nobody_is_bound_waits() {
    let mut world = World::with_receipts(Receipts { delay: Span::of(SECOND), ..Receipts::default() });
    let line = world.bound("shop", BindKind::Transceiver);
    for _ in 0..250 {
        world.submit(line, "491511234567", "Hello");
    }
    world.said();
    world.eof(line);
    assert_eq!(world.until(SECOND * 60), []);
    world.bound("shop", BindKind::Transceiver);
    assert_eq!(stats(&world.confirming_until(SECOND * 61)).len(), 250, "more than one window");
    assert_eq!(world.smsc.pending(), 0);
}

#[test]
fn a_refused_receipt_comes_again_later_and_later() {
    let mut world = World::new(Behaviour::default());
    let line = world.bound("shop", BindKind::Transceiver);
    world.submit(line, "491511234567", "Hello");
    let mut times = Vec::new();
    let mut said = requests(world.said());
    for _ in 0..4 {
        world.confirm(line, said[0].1.sequence(), CommandStatus::ReceiverTemporaryError);
        let from = world.now;
        let next = world.until(world.now - world.start + SECOND * 10);
        times.push(next[0].0 - (from - world.start));
        said = next.into_iter().map(|(_, line, said)| (line, said)).collect();
    }
    assert_eq!(times, [SECOND, SECOND * 2, SECOND * 4, SECOND * 8]);
}

#[test]
fn a_receipt_that_is_not_answered_comes_again() {
    let mut world = World::new(Behaviour { response_timeout: SECOND * 10, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transceiver);
    world.submit(line, "491511234567", "Hello");
    assert_eq!(requests(world.said()).len(), 1);
    // One answer among others is progress, so that the line lasts.
    world.until(SECOND * 5);
    world.submit(line, "491511234568", "Hello");
    let second = requests(world.said());
    world.until(SECOND * 6);
    world.confirm(line, second[0].1.sequence(), OK);
    let said = world.until(SECOND * 12);
    assert_eq!((stats(&said), said[0].0), (vec!["DELIVRD".to_owned()], SECOND * 11));
    assert_eq!(world.closed, []);
}

#[test]
fn a_late_confirmation_counts() {
    let mut world = World::new(Behaviour { response_timeout: SECOND * 10, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transceiver);
    world.submit(line, "491511234567", "Hello");
    let first = requests(world.said());
    world.until(SECOND * 5);
    world.submit(line, "491511234568", "Hello");
    let second = requests(world.said());
    world.until(SECOND * 6);
    world.confirm(line, second[0].1.sequence(), OK);
    world.until(MS * 10_500);
    world.confirm(line, first[0].1.sequence(), OK);
    assert_eq!(world.smsc.pending(), 0);
    assert_eq!(stats(&world.until(SECOND * 30)), Vec::<String>::new());
}

#[test]
fn receipts_come_on_the_line_of_the_submit_or_on_its_sibling() {
    for (sibling, expected) in [(Share::NONE, 0), (Share::ALL, 1)] {
        let mut world = World::with_receipts(Receipts { sibling, ..Receipts::default() });
        let lines = [world.bound("shop", BindKind::Transceiver), world.bound("shop", BindKind::Transceiver)];
        for _ in 0..5 {
            world.submit(lines[0], "491511234567", "Hello");
        }
        let said = requests(world.said());
        assert_eq!(said.len(), 5);
        assert!(said.iter().all(|(line, _)| *line == lines[expected]));
    }
    // A transmitter receives none.
    let mut world = World::new(Behaviour::default());
    let (transmitter, receiver) = (world.bound("shop", BindKind::Transmitter), world.bound("shop", BindKind::Receiver));
    world.submit(transmitter, "491511234567", "Hello");
    assert!(matches!(&requests(world.said())[..], [(line, _)] if *line == receiver));
}

#[test]
fn a_data_sm_brings_a_receipt_and_is_answered_like_a_submit() {
    let mut world = World::with_receipts(Receipts { style: Style::DataSm, ..Receipts::default() });
    let line = world.bound("shop", BindKind::Transceiver);
    world.submit(line, "491511234567", "Hello");
    let said = requests(world.said());
    assert!(matches!(&said[0].1, Said::Request { body: PduBody::DataSm(_), .. }));
    assert_eq!(said[0].1.stat(), "DELIVRD");
    let resp = PduBody::DataSmResp(crate::smpp::sm::SmResp::default());
    world.smsc.hear(world.now, line, Pdu::response(said[0].1.sequence(), OK, resp));
    assert_eq!(world.smsc.pending(), 0);
}

#[test]
fn messages_of_its_own_come_at_their_rate_and_on_demand() {
    let mut world = World::new(Behaviour { mo_per_second: 2.0, ..Behaviour::default() });
    assert_eq!(world.until(SECOND * 3), [], "nobody is bound");
    world.bound("shop", BindKind::Receiver);
    let said = world.confirming_until(SECOND * 13);
    assert!((19..=21).contains(&said.len()), "{}", said.len());
    assert!(said[0].2.text().starts_with("message "));
    assert_eq!(world.smsc.stats().messages_confirmed, said.len() as u64);
    world.smsc.behaviour_mut().mo_per_second = 0.0;
    world.until(SECOND * 20);
    assert!(world.smsc.send_message(world.now, "shop", ("491701", "12345"), b"STOP"));
    assert_eq!(world.said()[0].1.text(), "STOP");
    assert!(!world.smsc.send_message(world.now, "nobody", ("491701", "12345"), b"STOP"));
}

#[test]
fn a_receipt_for_a_sibling_that_goes_takes_the_line_that_is_left() {
    let mut world = World::with_receipts(Receipts { sibling: Share::ALL, ..Receipts::default() });
    let lines = [world.bound("shop", BindKind::Transceiver), world.bound("shop", BindKind::Transceiver)];
    world.smsc.unbind(world.now, lines[1]);
    world.submit(lines[0], "491511234567", "Hello");
    assert_eq!(requests(world.said()), [], "the sibling is there and takes nothing more");
    world.smsc.hear(world.now, lines[1], Pdu::response(1, OK, PduBody::UnbindResp));
    assert!(matches!(&requests(world.said())[..], [(line, _)] if *line == lines[0]));
}

#[test]
fn a_slot_that_timed_out_is_used_at_once() {
    let behaviour = Behaviour { deliver_window: 2, response_timeout: SECOND * 10, ..Behaviour::default() };
    let mut world = World::new(behaviour);
    let line = world.bound("shop", BindKind::Transceiver);
    for _ in 0..4 {
        world.submit(line, "491511234567", "Hello");
    }
    let first = requests(world.said());
    assert_eq!(first.len(), 2);
    world.until(SECOND * 6);
    world.confirm(line, first[1].1.sequence(), OK);
    assert_eq!(requests(world.said()).len(), 1);
    let next = world.until(MS * 10_500);
    assert_eq!((next.len(), next[0].0), (1, SECOND * 10));
}
