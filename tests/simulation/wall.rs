//! What people state in times of the wall while the wall jumps, in virtual time.

use crate::simulation::lanes::{Bench, ROUTE, submission, up};
use nuncio::carrier::report::Ticket;
use nuncio::dispatch::door::happening::{Ask, Happening, RequestId, Submission};
use nuncio::message::era::{Ahead, Wall};
use nuncio::message::phase::Phase;
use nuncio::message::time::Time;
use nuncio::route::hours::Hours;
use std::collections::BTreeSet;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);
/// The sweep goes on several times a second: too many beats for hours.
const LATE: Duration = Duration::from_secs(10);

/// Logical time is so many hours ahead of the wall from now on.
fn hours_ahead(hours: i64) -> Happening {
    let ahead = Ahead(hours * 3_600_000);
    Happening::Wall(Wall { ahead, exact: ahead, doubted: false })
}

fn submit(submission: Submission) -> Happening {
    Happening::Ask(RequestId(1), Ask::Submit(Box::new(submission)))
}

/// Goes on to a moment in beats as they are due, and gives what was submitted.
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

/// Lets the beats go on that are due at once.
fn settle(bench: &mut Bench) -> Vec<Ticket> {
    let mut going = Vec::new();
    for _ in 0..50 {
        going.extend(bench.beat(Vec::new()).0);
    }
    going
}

/// A bench with so many messages in orders of 400 that are to go at a time.
fn asked_for(count: u64, send_at: Time) -> Bench {
    let mut bench = Bench::of(Bench::plan());
    bench.beat(vec![up(5_000)]);
    for _ in 0..count.div_ceil(400) {
        let wanted = Submission { send_at: Some(send_at), validity: HOUR, ..submission(count.min(400)) };
        assert_eq!(bench.beat(vec![submit(wanted)]).0, []);
    }
    bench
}

#[test]
fn a_wall_that_jumps_forward_sends_what_is_asked_for_by_it_within_the_minute_and_once() {
    let begins = Bench::new().now + 5 * HOUR;
    let mut bench = asked_for(1_200, begins);
    let (none, _) = bench.beat(vec![hours_ahead(-2)]);
    assert_eq!((none, settle(&mut bench)), (vec![], vec![]));
    // The wall shows it two hours earlier than was thought.
    let (on_the_wall, now) = (Time(begins.0 - 2 * 3_600_000), bench.now);
    assert!(now < on_the_wall);
    assert_eq!(go_to(&mut bench, Time(on_the_wall.0 - 1)), []);
    let mut going = go_to(&mut bench, on_the_wall);
    going.extend(settle(&mut bench));
    assert_eq!(going.iter().map(|it| it.0).collect::<BTreeSet<_>>().len(), 1_200);
    assert_eq!(going.len(), 1_200, "none goes twice");
    assert!(bench.store.all().all(|it| it.body.send_at == Some(begins)), "what was asked for stays as it was");
}

#[test]
fn a_wall_that_jumps_back_sends_nothing_early_and_nothing_expires_by_it() {
    let begins = Bench::new().now + HOUR;
    let mut bench = asked_for(3, begins);
    bench.beat(vec![hours_ahead(3)]);
    let on_the_wall = begins + 3 * HOUR;
    // The hour that they are worth sending began with the time that was asked for, not with what was thought to be it.
    assert_eq!(go_to(&mut bench, Time(on_the_wall.0 - 1)), []);
    assert_eq!(go_to(&mut bench, on_the_wall).len(), 3);
    let mut bench = asked_for(3, begins);
    bench.beat(vec![hours_ahead(3)]);
    bench.beat(vec![Happening::Gone(crate::simulation::lanes::LINK)]);
    go_to(&mut bench, on_the_wall + 2 * HOUR);
    assert!(bench.store.all().all(|it| it.parts[0].phase() == Phase::Expired), "and an hour after it they are over");
}

#[test]
fn a_wall_that_goes_back_and_forth_changes_nothing_in_the_end() {
    let begins = Bench::new().now + 5 * HOUR;
    let mut bench = asked_for(1_200, begins);
    let mut going = Vec::new();
    for step in 0..40 {
        going.extend(bench.beat(vec![hours_ahead(if step % 2 == 0 { -4 } else { 4 })]).0);
        bench.now = bench.now + Duration::from_secs(7);
        if step % 10 == 9 {
            bench.crash();
            bench.beat(vec![up(5_000)]);
        }
    }
    bench.beat(vec![hours_ahead(0)]);
    going.extend(settle(&mut bench));
    assert_eq!(going, []);
    assert_eq!(go_to(&mut bench, Time(begins.0 - 1)), []);
    assert_eq!(go_to(&mut bench, begins).len() + settle(&mut bench).len(), 1_200);
}

#[test]
fn what_a_crash_left_in_the_midst_is_looked_at_again() {
    let begins = Bench::new().now + 5 * HOUR;
    let mut bench = asked_for(1_200, begins);
    // One beat looks at 500 of them.
    bench.beat(vec![hours_ahead(-2)]);
    bench.crash();
    bench.beat(vec![up(5_000), hours_ahead(-2)]);
    let on_the_wall = Time(begins.0 - 2 * 3_600_000);
    assert_eq!(go_to(&mut bench, Time(on_the_wall.0 - 1)), []);
    assert_eq!(go_to(&mut bench, on_the_wall).len() + settle(&mut bench).len(), 1_200);
}

#[test]
fn quiet_hours_go_by_the_wall_as_it_is() {
    let mut plan = Bench::plan();
    plan.routes.get_mut(&ROUTE).unwrap().quiet_hours = Some(Hours::parse("22:00-08:00").unwrap());
    // At 01:00 in Amsterdam, where the recipients are.
    let mut bench = Bench::of(plan);
    assert_eq!(bench.beat(vec![up(9), submit(submission(3))]).0, []);
    bench.beat(vec![hours_ahead(-6)]);
    assert_eq!(settle(&mut bench), [], "it is seven by the wall");
    let morning = bench.now + HOUR;
    assert_eq!(go_to(&mut bench, morning + MINUTE).len(), 3);
    // What is asked for in the evening by the wall waits for its morning, whatever logical time has.
    bench.beat(vec![hours_ahead(3)]);
    assert_eq!(bench.beat(vec![submit(submission(3))]).0, []);
}

#[test]
fn what_waits_for_the_morning_expires_when_it_would_have_wherever_the_wall_jumps() {
    let mut plan = Bench::plan();
    plan.routes.get_mut(&ROUTE).unwrap().quiet_hours = Some(Hours::parse("02:00-08:00").unwrap());
    let mut bench = Bench::of(plan);
    bench.beat(vec![submit(submission(3))]);
    let end = bench.now + 48 * HOUR;
    // Its turn comes at three, without a time that it was asked for.
    bench.now = bench.now + 2 * HOUR;
    assert_eq!(bench.beat(vec![up(9)]).0, []);
    bench.beat(vec![hours_ahead(-1)]);
    assert_eq!(settle(&mut bench), []);
    assert!(bench.store.all().all(|it| (it.body.expires, it.parts[0].ends) == (end, end)));
}

#[test]
fn what_lasts_for_a_while_does_not_look_at_the_wall() {
    let mut bench = Bench::new();
    bench.beat(vec![submit(Submission { validity: 2 * HOUR, ..submission(3) })]);
    bench.beat(vec![hours_ahead(-24 * 40)]);
    let (end, created) = (bench.now + 2 * HOUR, bench.now);
    go_to(&mut bench, Time(end.0 - 1));
    assert!(bench.store.all().all(|it| it.parts[0].phase() == Phase::Queued && it.body.created == created));
    bench.beat(vec![hours_ahead(24 * 40)]);
    go_to(&mut bench, end + MINUTE);
    assert!(bench.store.all().all(|it| it.parts[0].phase() == Phase::Expired));
    assert_eq!(bench.store.marks().eras.all().len(), 2, "how it was shown is remembered");
}
