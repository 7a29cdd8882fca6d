//! Partings with submits unanswered: what was on its way is heard, and nobody gets a text twice.

use crate::daemon::raw::{self, Frame, Link};
use crate::quirks::stage::{DELIVERED, Delivery, Stage};
use std::time::Duration;

/// Messages that are at the carrier when it goes: the whole window.
const OPEN: u32 = 10;

/// How long a carrier takes for answers that it writes before it goes.
const LATE: Duration = Duration::from_millis(300);

/// How a carrier goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Going {
    /// An unbind; the answers a while later.
    UnbindThenAnswers,
    /// An unbind and the answers in one write.
    UnbindWithAnswers,
    /// The answers and the end of what it says, without an unbind.
    AnswersThenHalfClose,
    /// The answers and a close.
    AnswersThenClose,
    /// The answers and a reset.
    AnswersThenReset,
}

/// Accepts messages to ten numbers, and waits until all are at the carrier.
fn submitted(stage: &mut Stage) -> Vec<(String, Frame)> {
    let ids: Vec<String> = (0..OPEN).map(|it| stage.accept(&format!("+3161234567{it}"), "once")).collect();
    ids.into_iter().map(|id| (id, stage.link.read_command(raw::SUBMIT_SM))).collect()
}

fn answers(submits: &[(String, Frame)]) -> Vec<u8> {
    let answer = |it: &Frame| {
        let id = format!("{}\0", 700_000_000 + it.sequence);
        raw::pdu(raw::SUBMIT_SM | raw::RESPONSE, 0, it.sequence, id.as_bytes())
    };
    submits.iter().flat_map(|(_, it)| answer(it)).collect()
}

/// Goes, and gives what the daemon says to that.
fn go(link: &mut Link, going: Going, answers: &[u8]) -> Vec<Frame> {
    let unbind = raw::pdu(raw::UNBIND, 0, 5_000, &[]);
    match going {
        Going::UnbindThenAnswers => {
            link.send(&unbind);
            std::thread::sleep(LATE);
            link.send(answers);
        }
        Going::UnbindWithAnswers => link.send(&[&unbind, answers].concat()),
        Going::AnswersThenHalfClose => {
            link.send(answers);
            link.half_close();
        }
        Going::AnswersThenClose => {
            link.send(answers);
            link.close();
            return Vec::new();
        }
        Going::AnswersThenReset => {
            link.send(answers);
            link.reset();
            return Vec::new();
        }
    }
    link.read_to_close()
}

#[test]
fn a_carrier_that_goes_with_submits_unanswered_leaves_none_in_doubt() {
    for going in [
        Going::UnbindThenAnswers,
        Going::UnbindWithAnswers,
        Going::AnswersThenHalfClose,
        Going::AnswersThenClose,
        Going::AnswersThenReset,
    ] {
        let mut stage = Stage::new("");
        let submits = submitted(&mut stage);
        let said = go(&mut stage.link, going, &answers(&submits));
        if matches!(going, Going::UnbindThenAnswers | Going::UnbindWithAnswers) {
            let said: Vec<_> = said.iter().map(|it| (it.command, it.sequence)).collect();
            assert_eq!(said, [(raw::UNBIND | raw::RESPONSE, 5_000)], "{going:?}");
        }
        stage.link = stage.smsc.bound();
        for (id, submit) in &submits {
            let attempt = stage.first_answer(id);
            let named = (700_000_000 + submit.sequence).to_string();
            assert_eq!((&attempt["answer"], &attempt["carrier_message_id"]), (&"taken".into(), &named.into()));
        }
        let doubts = stage.daemon.metrics().value("unknown_outcomes_total{carrier=\"acme\",cause=\"no_answer\"}");
        assert_eq!(doubts, 0.0, "{going:?}");
        // The first submit of the new session is that of a new message.
        let (_, submit) = stage.submit("after that");
        assert!(submit.body.ends_with(b"after that"), "{going:?}: {submit:?}");
    }
}

#[test]
fn after_an_unbind_nothing_new_leaves_and_what_comes_is_confirmed() {
    let mut stage = Stage::new("window = 2\nahead = 2");
    let waits: Vec<String> = (0..4).map(|it| stage.accept(&format!("+3161234567{it}"), "waits")).collect();
    let submits = [stage.link.read_command(raw::SUBMIT_SM), stage.link.read_command(raw::SUBMIT_SM)];
    stage.link.send_pdu(raw::UNBIND, 5_000, &[]);
    stage.shows("link_transitions_total{carrier=\"acme\",bind=\"acme-1\",to=\"draining\"}", 1.0);
    let late = stage.accept("+31612345679", "late");
    let receipt = Delivery { esm_class: 4, text: b"id:9 stat:DELIVRD err:000", ..Delivery::default() };
    assert_eq!(stage.deliver(&receipt.body()).status, 0);
    for submit in &submits {
        stage.link.answer(submit, 0, format!("{}\0", submit.sequence).as_bytes());
    }
    let said: Vec<_> = stage.link.read_to_close().iter().map(|it| it.command).collect();
    assert_eq!(said, [raw::UNBIND | raw::RESPONSE], "nothing new was submitted");
    stage.link = stage.smsc.bound();
    let mut texts: Vec<Vec<u8>> = (0..3)
        .map(|_| {
            let submit = stage.link.read_command(raw::SUBMIT_SM);
            stage.link.answer(&submit, 0, format!("b{}\0", submit.sequence).as_bytes());
            submit.body[submit.body.len() - 4..].to_vec()
        })
        .collect();
    texts.sort();
    assert_eq!(texts, [&b"aits"[..], b"aits", b"late"]);
    for id in waits.iter().chain([&late]) {
        let message = stage.becomes(id, "SENT");
        assert_eq!(message["attempts"].as_array().map(Vec::len), Some(1), "{message:#}");
    }
}

#[test]
fn an_unbind_whose_answers_never_come_is_answered_in_time() {
    let mut stage = Stage::new("unbind_timeout = \"300ms\"");
    let (id, _) = stage.submit("once");
    let began = std::time::Instant::now();
    stage.link.send_pdu(raw::UNBIND, 5_000, &[]);
    let said = stage.link.read_to_close();
    assert_eq!((said[0].command, said.len()), (raw::UNBIND | raw::RESPONSE, 1));
    assert!(Duration::from_millis(300) <= began.elapsed(), "after {:?}", began.elapsed());
    assert_eq!(stage.first_answer(&id)["answer"], "unknown");
}

#[test]
fn what_comes_with_an_unbind_is_confirmed_before_it() {
    let mut stage = Stage::new("");
    let receipt = Delivery { esm_class: 4, text: b"id:9 stat:DELIVRD err:000", ..Delivery::default() }.body();
    let both = [raw::pdu(raw::UNBIND, 0, 5_000, &[]), raw::pdu(raw::DELIVER_SM, 0, 7, &receipt)];
    stage.link.send(&both.concat());
    let said: Vec<_> = stage.link.read_to_close().iter().map(|it| (it.command, it.status, it.sequence)).collect();
    assert_eq!(said, [(DELIVERED, 0, 7), (raw::UNBIND | raw::RESPONSE, 0, 5_000)]);
}
