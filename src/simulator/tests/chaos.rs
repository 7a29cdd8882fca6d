//! The carrier under a peer that cuts lines, refuses receipts and forgets them: whatever the
//! dice say, every receipt is confirmed in the end, and the books agree.

use super::{MS, OK, SECOND, Said, World};
use crate::simulator::behaviour::{Behaviour, Mix, Receipts, Style};
use crate::simulator::dice::Dice;
use crate::simulator::dice::Share;
use crate::simulator::dice::Span;
use crate::simulator::ledger::Verdict;
use crate::simulator::line::LineId;
use crate::simulator::outcome::MessageState;
use crate::smpp::bind::BindKind;
use crate::smpp::status::CommandStatus;
use std::time::Duration;

const SEEDS: u64 = 200;
const STEPS: u64 = 300;

fn behaviour(dice: &mut Dice) -> Behaviour {
    let mut share = || if dice.below(2) == 0 { Share::NONE } else { Share::of(dice.below(100) as f64 / 200.0) };
    let receipts = Receipts {
        before_response: share(),
        twice: share(),
        backwards: share(),
        sibling: share(),
        ..Receipts::default()
    };
    let behaviour = Behaviour { throttle: share(), silence: share(), lose_answer: share(), ..Behaviour::default() };
    let mut span = || Span { min: Duration::ZERO, max: MS * dice.below(3_000) as u32 };
    let (latency, delay) = (span(), span());
    let mix = Mix::new(MessageState::ALL.into_iter().map(|outcome| (outcome, dice.below(5) as u32)).collect());
    let style = [Style::Text, Style::Tlv, Style::Both, Style::Payload][dice.below(4) as usize];
    Behaviour {
        latency,
        receipts: Receipts { delay, mix, style, ..receipts },
        deliver_window: 1 + dice.below(10) as usize,
        disconnect_after: (dice.below(3) == 0).then(|| 5 + dice.below(50)),
        disconnect_at_window: (dice.below(3) == 0).then(|| 2 + dice.below(20) as usize),
        response_timeout: SECOND * 5,
        mo_per_second: dice.below(3) as f64,
        ..behaviour
    }
}

/// Lets a peer with bad habits have its way for a while.
fn rage(world: &mut World, dice: &mut Dice) -> usize {
    let mut submits = 0;
    let mut lines: Vec<LineId> = Vec::new();
    for _ in 0..STEPS {
        lines.retain(|line| world.smsc.lines().contains(line));
        match (dice.below(20), lines.get(dice.below(3) as usize).copied()) {
            (0, Some(line)) => world.smsc.eof(world.now, line),
            (1, Some(line)) => world.smsc.unbind(world.now, line),
            (2..=9, Some(line)) => {
                world.submit(line, &format!("49151{:07}", dice.below(1_000)), "Hello");
                submits += 1;
            }
            (10, _) => {
                world.closed.clear();
                world.said();
                let kinds = [BindKind::Transmitter, BindKind::Receiver, BindKind::Transceiver];
                let kind = kinds[dice.below(3) as usize];
                let line = world.bound("shop", kind);
                if kind.submits() {
                    lines.push(line);
                }
            }
            _ => {
                let until = world.now - world.start + MS * dice.below(400) as u32;
                for (_, line, said) in world.until(until) {
                    hear(world, dice, line, &said);
                }
            }
        }
    }
    submits
}

fn hear(world: &mut World, dice: &mut Dice, line: LineId, said: &Said) {
    if !said.is_request() {
        return;
    }
    match dice.below(4) {
        0 => (),
        1 => world.confirm(line, said.sequence(), CommandStatus::ReceiverTemporaryError),
        _ => world.confirm(line, said.sequence(), OK),
    }
}

fn run(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut world = World::new(behaviour(&mut dice));
    let submits = rage(&mut world, &mut dice);

    *world.smsc.behaviour_mut() = Behaviour::default();
    for line in world.smsc.lines() {
        world.smsc.eof(world.now, line);
    }
    world.said();
    world.bound("shop", BindKind::Transceiver);
    let calm = world.now - world.start + SECOND * 120;
    world.confirming_until(calm);

    let (stats, ledger) = (world.smsc.stats(), world.smsc.ledger());
    assert_eq!(world.smsc.pending(), 0, "seed {seed}: something is never confirmed");
    assert!(ledger.receipts().iter().all(|it| it.confirmed.is_some() && it.times > 0), "seed {seed}");
    assert_eq!(stats.receipts, ledger.receipts().len() as u64, "seed {seed}");
    assert_eq!((stats.receipts_confirmed, stats.messages_confirmed), (stats.receipts, stats.messages), "seed {seed}");
    assert!(ledger.submits().len() <= submits, "seed {seed}");
    let (mut taken, mut answerable) = (0, 0);
    for submit in ledger.submits() {
        match submit.verdict {
            Verdict::Taken { answered, .. } => {
                taken += 1;
                answerable += u64::from(answered);
            }
            Verdict::Refused(_) => answerable += 1,
            Verdict::Ignored => (),
        }
    }
    assert_eq!(stats.taken, taken, "seed {seed}");
    assert!(stats.answers.values().sum::<u64>() <= answerable, "seed {seed}");
}

#[test]
fn every_receipt_is_confirmed_in_the_end() {
    for seed in 0..SEEDS {
        run(seed);
    }
}
