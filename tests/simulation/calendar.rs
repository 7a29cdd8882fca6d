//! What may not go yet, in virtual time: messages asked for at a time, and quiet hours.

use crate::simulation::lanes::{Bench, LINK, ROUTE, answered, submission, up};
use nuncio::carrier::report::{Answered, Report, Ticket};
use nuncio::dispatch::Dispatch;
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::happening::{Ask, Cancellation, Happening, RequestId, Submission};
use nuncio::dispatch::door::reply::Grant;
use nuncio::message::attempt::Answer;
use nuncio::message::phase::Phase;
use nuncio::message::reason::Reason;
use nuncio::message::time::Time;
use nuncio::record::contract::Store;
use nuncio::record::entry::Entry;
use nuncio::route::hours::Hours;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);
/// The sweep goes on several times a second: too many beats for a night.
const LATE: Duration = Duration::from_secs(10);

fn submit(submission: Submission) -> Happening {
    Happening::Ask(RequestId(1), Ask::Submit(Box::new(submission)))
}

/// A bench at 01:00 in Amsterdam, where its recipients are, on the first of January.
fn with_quiet_hours(hours: &str) -> Bench {
    let mut plan = Bench::plan();
    plan.routes.get_mut(&ROUTE).unwrap().quiet_hours = Some(Hours::parse(hours).unwrap());
    Bench::of(plan)
}

/// Goes on to a moment, in beats that may come late by some seconds, and gives what was submitted.
fn go_to(bench: &mut Bench, end: Time) -> Vec<Ticket> {
    let mut going = Vec::new();
    loop {
        let (more, outcome) = bench.beat(Vec::new());
        going.extend(more);
        if bench.now == end {
            return going;
        }
        bench.now = outcome.next.unwrap_or(end).max(bench.now + LATE).min(end);
    }
}

fn only(bench: &Bench) -> Entry {
    let mut all = bench.store.all();
    let entry = all.next().expect("a message");
    assert!(all.next().is_none(), "one message");
    entry
}

fn waiting(bench: &Bench) -> (u64, u64) {
    let queue = bench.dispatch.gauges().queues[&ROUTE];
    (queue.parts, queue.delayed)
}

#[test]
fn a_message_goes_at_the_time_that_it_is_asked_for_also_after_a_restart() {
    let mut bench = Bench::of(Bench::plan());
    let begins = bench.now + 2 * HOUR;
    let wanted = Submission { send_at: Some(begins), validity: HOUR, ..submission(1) };
    let (none, _) = bench.beat(vec![up(9), submit(wanted)]);
    assert!(none.is_empty());
    let entry = only(&bench);
    assert_eq!((entry.body.send_at, entry.body.expires), (Some(begins), begins + HOUR));
    assert_eq!((waiting(&bench), bench.dispatch.messages_in_memory()), ((1, 1), 0), "it waits in the store alone");
    assert_eq!(go_to(&mut bench, Time(begins.0 - 3_600_000)), []);
    bench.dispatch = Dispatch::new(Arc::new(Bench::plan()), bench.store.recover().unwrap(), bench.now);
    bench.beat(vec![up(9)]);
    let before = Time(begins.0 - 1);
    assert_eq!(go_to(&mut bench, before), []);
    let going = go_to(&mut bench, begins);
    assert_eq!((going.len(), waiting(&bench)), (1, (0, 0)));
    bench.beat(vec![answered(going[0], false)]);
    assert_eq!(only(&bench).parts[0].phase(), Phase::Sent);
}

#[test]
fn a_message_that_waits_for_its_time_can_be_taken_back_and_one_of_the_past_goes_at_once() {
    let mut bench = Bench::of(Bench::plan());
    let (later, past) = (Some(bench.now + HOUR), Some(Time(1)));
    bench.beat(vec![up(9), submit(Submission { send_at: later, ..submission(1) })]);
    let body = only(&bench).body;
    let (none, outcome) =
        bench.beat(vec![Happening::Ask(RequestId(2), Ask::Cancel(Cancellation(body.account, body.id)))]);
    let told = &outcome.commands[..];
    assert!(matches!(told, [Command::Reply(_, Ok(Grant::Cancelled(_))), Command::Emit(_)]), "{told:?}");
    assert_eq!((none.len(), only(&bench).parts[0].phase(), waiting(&bench)), (0, Phase::Cancelled, (0, 0)));
    assert_eq!(go_to(&mut bench, body.created + 2 * HOUR), []);
    let (going, _) = bench.beat(vec![submit(Submission { send_at: past, ..submission(1) })]);
    assert_eq!(going.len(), 1);
    let last = bench.store.all().last().unwrap();
    assert_eq!((last.body.send_at, last.body.created), (None, bench.now));
}

#[test]
fn a_message_of_the_night_is_kept_until_the_morning_of_its_recipient() {
    let mut bench = with_quiet_hours("22:00-08:00");
    let (none, _) = bench.beat(vec![up(9), submit(submission(3))]);
    assert!(none.is_empty());
    let morning = bench.now + 7 * HOUR;
    assert!(
        bench.store.all().all(|it| it.body.send_at == Some(morning) && it.body.expires == it.body.created + 48 * HOUR)
    );
    assert_eq!(waiting(&bench), (3, 3));
    assert_eq!(go_to(&mut bench, Time(morning.0 - 1)), []);
    assert_eq!(go_to(&mut bench, morning).len(), 3);
}

#[test]
fn a_part_whose_turn_or_next_try_comes_at_night_waits_for_the_morning() {
    let mut bench = with_quiet_hours("02:00-08:00");
    let (evening, morning) = (bench.now, bench.now + 7 * HOUR);
    // No link in the evening: its turn comes at three.
    bench.beat(vec![submit(submission(1))]);
    assert_eq!(only(&bench).body.send_at, None);
    bench.now = evening + 2 * HOUR;
    let (none, _) = bench.beat(vec![up(9)]);
    assert_eq!((none.len(), waiting(&bench)), (0, (1, 1)));
    let going = go_to(&mut bench, morning);
    assert_eq!(going.len(), 1);
    // Refused for now at 01:59 of the next night: the next try would be within the hours.
    bench.now = evening + 25 * HOUR;
    bench.now = Time(bench.now.0 - 500);
    let later = Answered { answer: Answer::Later, command_status: Some(0x14), ..Answered::NOT_SENT };
    bench.beat(vec![Happening::Link(LINK, Report::Answered(going[0], later))]);
    let next_morning = morning + 24 * HOUR;
    assert_eq!(go_to(&mut bench, Time(next_morning.0 - 1)), []);
    assert_eq!(go_to(&mut bench, next_morning).len(), 1);
}

#[test]
fn a_message_that_has_begun_to_leave_is_not_torn_by_the_night() {
    let mut bench = with_quiet_hours("02:00-08:00");
    let mut two = submission(1);
    two.recipients[0].parts = 2;
    two.recipients[0].text = "x".repeat(200).into();
    let (first, _) = bench.beat(vec![up(1), submit(two)]);
    assert_eq!(first.len(), 1);
    bench.now = bench.now + 2 * HOUR;
    let (second, _) = bench.beat(vec![answered(first[0], false)]);
    assert_eq!(second.len(), 1, "its other half follows");
}

#[test]
fn a_message_whose_validity_ends_in_the_night_expires() {
    let mut bench = with_quiet_hours("22:00-08:00");
    let end = bench.now + HOUR;
    bench.beat(vec![up(9), submit(Submission { validity: HOUR, ..submission(1) })]);
    assert_eq!(go_to(&mut bench, end + HOUR), []);
    let part = &only(&bench).parts[0];
    assert_eq!((part.phase(), part.reason, waiting(&bench)), (Phase::Expired, Some(Reason::Expired), (0, 0)));
    assert!(end <= part.done_at && part.done_at <= end + LATE, "{:?}", part.done_at);
}
