//! What becomes of submits: answers, refusals, silence, cuts.

use super::{MS, OK, SECOND, Said, World};
use crate::session::output::CloseReason;
use crate::simulator::behaviour::{Behaviour, Mix, Receipts};
use crate::simulator::dice::Share;
use crate::simulator::dice::Span;
use crate::simulator::identity::IdForm;
use crate::simulator::ledger::Verdict;
use crate::simulator::line::LineId;
use crate::simulator::outcome::MessageState;
use crate::smpp::bind::BindKind;
use crate::smpp::status::CommandStatus;
use std::collections::BTreeMap;

fn statuses(said: &[(LineId, Said)]) -> Vec<CommandStatus> {
    said.iter()
        .filter_map(|(_, said)| match said {
            Said::Answer(_, status, _) => Some(*status),
            _ => None,
        })
        .collect()
}

/// Submits so many messages to numbers that wish nothing; the answers by status.
fn answers(behaviour: Behaviour, count: u32) -> BTreeMap<u32, usize> {
    let mut world = World::new(behaviour);
    let line = world.bound("shop", BindKind::Transmitter);
    let mut counted = BTreeMap::new();
    for number in 0..count {
        world.submit(line, &format!("49151{number:07}"), "Hello");
        for status in statuses(&world.said()) {
            *counted.entry(status.as_u32()).or_default() += 1;
        }
    }
    counted
}

#[test]
fn a_submit_is_answered_at_once_and_written_down() {
    let mut world = World::new(Behaviour { id: IdForm::Hex, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transmitter);
    let sequence = world.submit(line, "491511234567", "Hello");
    assert_eq!(world.said(), [(line, Said::Answer(sequence, OK, "f4240".to_owned()))]);
    let submit = &world.smsc.ledger().submits()[0];
    assert_eq!(
        [&submit.system_id, &submit.source, &submit.destination].map(ToString::to_string),
        ["shop", "Shop", "491511234567"]
    );
    assert_eq!(submit.text, b"Hello"[..]);
    let verdict = Verdict::Taken { id: "f4240".into(), outcome: MessageState::Delivered, answered: true };
    assert_eq!(submit.verdict, verdict);
}

#[test]
fn an_answer_takes_its_latency() {
    let latency = Span { min: MS * 5, max: MS * 20 };
    let mut world = World::new(Behaviour { latency, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transmitter);
    for _ in 0..50 {
        world.submit(line, "491511234567", "Hello");
    }
    assert_eq!(world.said(), []);
    let said = world.until(SECOND);
    assert_eq!(said.len(), 50);
    assert!(said.iter().all(|(at, ..)| MS * 5 <= *at && *at <= MS * 20));
    let order: Vec<_> = said.iter().map(|(.., said)| format!("{said:?}")).collect();
    assert!(!order.is_sorted(), "answers come out of order");
}

#[test]
fn shares_of_throttling_and_refusal() {
    let throttle = Share::of(0.1);
    let reject = vec![(CommandStatus::InvalidDestinationAddress, Share::of(0.2))];
    let counted = answers(Behaviour { throttle, reject, ..Behaviour::default() }, 5_000);
    assert_eq!(counted.keys().copied().collect::<Vec<_>>(), [0x00, 0x0B, 0x58]);
    assert!((400..600).contains(&counted[&0x58]), "{counted:?}");
    assert!((800..1_000).contains(&counted[&0x0B]), "{counted:?}");
}

#[test]
fn a_rate_is_held() {
    let mut world = World::new(Behaviour { rate: Some(100), ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transmitter);
    let mut taken = 0;
    for ms in 0..3_000 {
        world.until(MS * ms);
        world.submit(line, "491511234567", "Hello");
        taken += statuses(&world.said()).iter().filter(|status| **status == OK).count();
    }
    assert!((300..=311).contains(&taken), "{taken} of 300 in three seconds");
}

#[test]
fn one_number_is_refused_and_no_other() {
    let refuse = vec![("491511234567".to_owned(), CommandStatus::MessageQueueFull)];
    let mut world = World::new(Behaviour { refuse, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transmitter);
    for number in ["491511234567", "491511234568", "491511234567"] {
        world.submit(line, number, "Hello");
    }
    assert_eq!(statuses(&world.said()), [CommandStatus::MessageQueueFull, OK, CommandStatus::MessageQueueFull]);
}

#[test]
fn a_full_window_is_throttled() {
    let latency = Span::of(SECOND);
    let mut world = World::new(Behaviour { window_max: 3, latency, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transmitter);
    for _ in 0..5 {
        world.submit(line, "491511234567", "Hello");
    }
    let verdicts: Vec<_> = world.smsc.ledger().submits().iter().map(|it| &it.verdict).collect();
    assert!(matches!(verdicts[2], Verdict::Taken { .. }));
    assert_eq!(verdicts[3], &Verdict::Refused(CommandStatus::Throttled));
    world.until(SECOND * 2);
    world.submit(line, "491511234567", "Hello");
    assert!(matches!(world.smsc.ledger().submits()[5].verdict, Verdict::Taken { .. }));
}

#[test]
fn a_full_carrier_says_so() {
    let mut world = World::new(Behaviour { pending_max: 2, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transmitter);
    for _ in 0..3 {
        world.submit(line, "491511234567", "Hello");
    }
    assert_eq!(statuses(&world.said()), [OK, OK, CommandStatus::MessageQueueFull]);
}

#[test]
fn a_silent_carrier_still_answers_enquiries() {
    use crate::smpp::pdu::{Pdu, PduBody};
    let mut world = World::new(Behaviour { silent: true, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transceiver);
    world.submit(line, "491511234567", "Hello");
    assert_eq!(world.said(), []);
    world.smsc.hear(world.now, line, Pdu::request(9, PduBody::EnquireLink));
    assert_eq!(world.said(), [(line, Said::Other(PduBody::EnquireLinkResp))]);
    assert_eq!(world.smsc.ledger().submits()[0].verdict, Verdict::Ignored);
    world.smsc.behaviour_mut().silent = false;
    world.submit(line, "491511234567", "Hello");
    assert_eq!(statuses(&world.said()), [OK]);
}

#[test]
fn some_are_not_answered_and_some_of_them_are_taken() {
    let counted = answers(Behaviour { silence: Share::of(0.5), ..Behaviour::default() }, 1_000);
    assert!((400..600).contains(&counted[&0]), "{counted:?}");

    let mut world = World::new(Behaviour { lose_answer: Share::ALL, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transceiver);
    world.submit(line, "491511234567", "Hello");
    let said = world.said();
    assert!(matches!(&said[..], [(_, said)] if said.stat() == "DELIVRD"), "{said:?}");
}

#[test]
fn a_line_is_cut_at_a_submit_and_what_was_taken_stays_taken() {
    let latency = Span::of(SECOND);
    let mut world = World::new(Behaviour { disconnect_after: Some(3), latency, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transceiver);
    for _ in 0..3 {
        world.submit(line, "491511234567", "Hello");
    }
    assert_eq!(world.said(), []);
    assert_eq!(world.closed, [(line, CloseReason::PeerClosed)]);
    // The two that were taken have their receipts, though their answers are gone.
    let line = world.bound("shop", BindKind::Transceiver);
    let said = world.until(SECOND * 5);
    assert_eq!(said.iter().filter(|(_, on, said)| *on == line && said.is_request()).count(), 2);
    assert_eq!(said.len(), 2);
}

#[test]
fn a_line_is_cut_with_a_full_window() {
    let behaviour = Behaviour { disconnect_at_window: Some(4), silence: Share::of(0.5), ..Behaviour::default() };
    let mut world = World::new(Behaviour { latency: Span::of(SECOND), ..behaviour });
    let line = world.bound("shop", BindKind::Transceiver);
    for _ in 0..3 {
        world.submit(line, "491511234567", "Hello");
    }
    world.said();
    assert_eq!(world.closed, []);
    world.submit(line, "491511234567", "Hello");
    world.said();
    assert_eq!(world.closed.len(), 1);
    assert_eq!(world.smsc.stats().cut, 1);
}

#[test]
fn a_destination_decides_when_it_may_and_a_text_always() {
    let mut world = World::new(Behaviour { steer: true, ..Behaviour::default() });
    let line = world.bound("shop", BindKind::Transmitter);
    world.submit(line, "491511234504", "Hello");
    world.submit(line, "491511234512", "Hello");
    world.submit(line, "491511234512", "Hello #sim:undeliv");
    let verdicts =
        |world: &World| -> Vec<_> { world.smsc.ledger().submits().iter().map(|it| it.verdict.clone()).collect() };
    assert!(matches!(verdicts(&world)[0], Verdict::Taken { outcome: MessageState::Expired, .. }));
    assert_eq!(verdicts(&world)[1], Verdict::Refused(CommandStatus::InvalidDestinationAddress));
    assert!(matches!(verdicts(&world)[2], Verdict::Taken { outcome: MessageState::Undeliverable, .. }));
    world.smsc.behaviour_mut().steer = false;
    world.submit(line, "491511234504", "Hello");
    assert!(matches!(verdicts(&world)[3], Verdict::Taken { outcome: MessageState::Delivered, .. }));
}

#[test]
fn the_seed_and_the_message_decide_and_the_ledger_agrees() {
    let mix = Mix::new(vec![(MessageState::Delivered, 1), (MessageState::Undeliverable, 1)]);
    let mut world = World::with_receipts(Receipts { mix, ..Receipts::default() });
    let line = world.bound("shop", BindKind::Transmitter);
    for _ in 0..2 {
        for number in 0..50 {
            world.submit(line, &format!("4915112345{number}"), "Hello");
        }
    }
    let submits = world.smsc.ledger().submits();
    for (first, second) in submits[..50].iter().zip(&submits[50..]) {
        let fate = world.smsc.fate(b"Shop", first.destination.as_bytes(), b"Hello");
        for submit in [first, second] {
            assert!(matches!(submit.verdict, Verdict::Taken { outcome, .. } if outcome == fate));
        }
    }
    let failed =
        submits.iter().filter(|it| matches!(it.verdict, Verdict::Taken { outcome: MessageState::Undeliverable, .. }));
    assert!((20..80).contains(&failed.count()));
}

#[test]
fn the_same_seed_and_the_same_inputs_say_the_same() {
    let run = || {
        let (latency, throttle) = (Span { min: MS, max: SECOND }, Share::of(0.3));
        let mut world = World::new(Behaviour { latency, throttle, mo_per_second: 3.0, ..Behaviour::default() });
        let line = world.bound("shop", BindKind::Transceiver);
        for number in 0..100 {
            world.submit(line, &format!("49151123{number:04}"), "Hello");
        }
        format!("{:?}", world.until(SECOND * 5))
    };
    assert_eq!(run(), run());
}
