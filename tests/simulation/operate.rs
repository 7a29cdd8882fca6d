//! What operators order, on the deciding floor with its store alone.

use crate::simulation::lanes::{Bench, LINK, ROUTE, answered, order, up};
use crate::simulation::money::account;
use nuncio::carrier::report::{Answered, Report, Ticket};
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::fact::{Fact, Figure};
use nuncio::dispatch::door::happening::{Ask, Demand, Ending, Happening, Inspect, RequestId};
use nuncio::dispatch::door::plan::{Account, Terms};
use nuncio::dispatch::door::reply::{Denial, Grant, Reply, STANDS_MAX, TRACE_MAX, Unfit};
use nuncio::dispatch::door::snapshot::{Closed, Snapshot};
use nuncio::message::attempt::{Answer, Cause};
use nuncio::message::id::{AccountId, CarrierId, LinkId, RouteId};
use nuncio::record::action::{Action, Deed, Target};
use std::sync::Arc;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// Another carrier of the route.
const OTHER: LinkId = LinkId { carrier: CarrierId(2), bind: 0 };
const CARRIER: Target = Target::Carrier(LINK.carrier);

fn demand(deed: Deed, target: Target, end: Ending) -> Happening {
    let demand = Demand { actor: AccountId(7), deed, target, reason: "it sulks".into(), end };
    Happening::Ask(RequestId(9), Ask::Operate(Box::new(demand)))
}

fn replies(commands: &[Command]) -> Vec<Reply> {
    let reply = |it: &Command| match it {
        Command::Reply(RequestId(9), reply) => Some(reply.clone()),
        _ => None,
    };
    commands.iter().filter_map(reply).collect()
}

/// Orders something that is possible.
fn ordered(bench: &mut Bench, deed: Deed, target: Target, end: Ending) -> Action {
    let commands = bench.beat(vec![demand(deed, target, end)]).1.commands;
    match &replies(&commands)[..] {
        [Ok(Grant::Ordered(action))] => (**action).clone(),
        other => panic!("{other:?}"),
    }
}

fn inspected(bench: &mut Bench) -> Snapshot {
    let commands = bench.beat(vec![Happening::Ask(RequestId(9), Ask::Inspect(Inspect))]).1.commands;
    match &replies(&commands)[..] {
        [Ok(Grant::Inspected(snapshot))] => (**snapshot).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_paused_carrier_is_given_nothing_until_the_pause_ends_by_itself_after_a_crash_too() {
    let mut bench = Bench::new();
    assert_eq!(bench.beat(vec![up(10), order(3)]).0.len(), 3);
    let action = ordered(&mut bench, Deed::Pause, CARRIER, Ending::After(10 * MINUTE));
    assert_eq!((action.at, action.until, action.actor), (bench.now, bench.now + 10 * MINUTE, AccountId(7)));
    let (none, outcome) = bench.beat(vec![order(5)]);
    assert_eq!((none.len(), bench.store.actions().count()), (0, 1));
    assert!(outcome.next.is_some_and(|it| it <= action.until), "the end of the pause is not slept through");

    bench.crash();
    bench.now = bench.now + 9 * MINUTE;
    assert!(bench.beat(vec![up(10)]).0.is_empty(), "it is paused after the crash, too");
    assert_eq!(inspected(&mut bench).carriers[0].held, Some(action.clone()));
    bench.now = action.until;
    let (going, outcome) = bench.beat(Vec::new());
    // Three were in doubt at the crash and are held.
    assert_eq!(going.len(), 5);
    assert!(outcome.facts.contains(&Fact::OperatedEnded(Box::new(action))));
    assert_eq!(inspected(&mut bench).carriers[0].held, None);
}

#[test]
fn a_resume_ends_a_pause_and_stays_one_after_a_crash() {
    let mut bench = Bench::new();
    ordered(&mut bench, Deed::Pause, CARRIER, Ending::After(MINUTE));
    assert!(bench.beat(vec![up(10), order(2)]).0.is_empty());
    let (going, _) = bench.beat(vec![demand(Deed::Resume, CARRIER, Ending::Never)]);
    assert_eq!(going.len(), 2);
    bench.crash();
    assert_eq!(bench.beat(vec![up(10), order(2)]).0.len(), 2);
}

#[test]
fn a_paused_route_gives_nothing_and_is_shown_with_its_age() {
    let mut bench = Bench::new();
    let end = Ending::At(bench.now + MINUTE);
    ordered(&mut bench, Deed::Pause, Target::Route(ROUTE), end);
    assert!(bench.beat(vec![up(10), order(4)]).0.is_empty());
    bench.crash();
    bench.now = bench.now + Duration::from_secs(30);
    assert!(bench.beat(vec![up(10)]).0.is_empty());
    let snapshot = inspected(&mut bench);
    let [queue] = &snapshot.queues[..] else { panic!("{snapshot:?}") };
    assert_eq!((queue.parts, queue.oldest, queue.carrier), (4, Some(Duration::from_secs(30)), Some(LINK.carrier)));
    assert_eq!(snapshot.held_routes.len(), 1);
    bench.now = bench.now + Duration::from_secs(30);
    assert_eq!(bench.beat(Vec::new()).0.len(), 4);
}

#[test]
fn a_breaker_that_is_forced_open_lets_nothing_through() {
    let mut bench = Bench::new();
    ordered(&mut bench, Deed::OpenBreaker, CARRIER, Ending::After(MINUTE));
    assert!(bench.beat(vec![up(10), order(2)]).0.is_empty());
    assert!(inspected(&mut bench).carriers[0].forced.is_some());
    let (going, _) = bench.beat(vec![demand(Deed::FreeBreaker, CARRIER, Ending::Never)]);
    assert_eq!(going.len(), 2);
}

#[test]
fn what_cannot_be_done_is_refused_and_leaves_no_record() {
    let mut bench = Bench::new();
    let (now, second) = (bench.now, Duration::from_secs(1));
    let link = Target::Link(LINK);
    for (deed, target, end, unfit) in [
        (Deed::Pause, Target::Carrier(CarrierId(2)), Ending::After(MINUTE), Unfit::NoTarget),
        (Deed::Pause, Target::Route(RouteId(2)), Ending::After(MINUTE), Unfit::NoTarget),
        (Deed::Pause, CARRIER, Ending::After(Duration::ZERO), Unfit::Over),
        (Deed::Pause, CARRIER, Ending::At(now), Unfit::Over),
        (Deed::Pause, CARRIER, Ending::After(STANDS_MAX + second), Unfit::TooLong),
        (Deed::Trace { pdus: 9 }, link, Ending::After(TRACE_MAX + second), Unfit::TraceTooLong),
    ] {
        let commands = bench.beat(vec![demand(deed, target, end)]).1.commands;
        assert_eq!(replies(&commands), [Err(Denial::Unfit(unfit))]);
    }
    assert_eq!(bench.store.actions().count(), 0);
    ordered(&mut bench, Deed::Pause, CARRIER, Ending::After(STANDS_MAX));
}

#[test]
fn a_link_is_bound_anew_and_traced_once_the_order_is_durable() {
    let mut bench = Bench::new();
    let link = Target::Link(LINK);
    let (_, outcome) = bench.beat(vec![demand(Deed::Rebind, link, Ending::Never)]);
    assert!(outcome.commands.iter().any(|it| matches!(it, Command::Rebind(LINK))), "{outcome:?}");
    let (_, outcome) = bench.beat(vec![demand(Deed::Trace { pdus: 9 }, link, Ending::After(MINUTE))]);
    let traced = outcome.commands.iter().find_map(|it| match it {
        Command::Trace(LINK, tracing) => Some(*tracing),
        _ => None,
    });
    assert!(traced.is_some_and(|it| (it.lasts, it.pdus, it.at) == (MINUTE, 9, bench.now)), "{outcome:?}");
    assert_eq!(bench.store.actions().count(), 2);
    // Neither of them holds anything.
    assert_eq!(bench.beat(vec![up(10), order(2)]).0.len(), 2);
}

#[test]
fn the_picture_shows_links_and_what_a_carrier_has_done() {
    let mut bench = Bench::new();
    let link = inspected(&mut bench).links[0];
    assert_eq!((link.id, link.capacity, link.window), (LINK, 0, 0));
    let (going, _) = bench.beat(vec![up(10), order(3)]);
    bench.beat(vec![answered(going[0], false), answered(going[1], true)]);
    let snapshot = inspected(&mut bench);
    let (carrier, link) = (&snapshot.carriers[0], &snapshot.links[0]);
    assert_eq!((carrier.links_up, carrier.capacity, carrier.in_use, carrier.awaiting), (1, 10, 1, 1));
    assert_eq!((link.id, link.capacity, link.in_use), (LINK, 10, 1));
    let answers = |it: Answer| carrier.tally.answers[usize::from(it.number())];
    assert_eq!((answers(Answer::Taken), answers(Answer::Later), answers(Answer::Never)), (1, 1, 0));
    assert_eq!((carrier.tally.submitted, carrier.tally.throttled), (3, 1));
    bench.beat(vec![Happening::Gone(LINK)]);
    assert_eq!(inspected(&mut bench).links[0].capacity, 0);
}

/// Nobody answered.
fn unknown(ticket: Ticket) -> Happening {
    Happening::Link(LINK, Report::Answered(ticket, Answered::UNKNOWN))
}

fn other_up(capacity: usize) -> Happening {
    Happening::Link(OTHER, Report::Up { capacity, window: capacity })
}

/// What was submitted, and where.
fn submitted(commands: &[Command]) -> Vec<LinkId> {
    let link = |it: &Command| match it {
        Command::Submit(link, _) => Some(*link),
        _ => None,
    };
    commands.iter().filter_map(link).collect()
}

#[test]
fn what_waits_for_a_carrier_that_is_paused_or_drained_goes_to_the_next_and_says_why() {
    for deed in [Deed::Pause, Deed::Drain, Deed::OpenBreaker] {
        let mut bench = Bench::of(Bench::plan_over(&[LINK.carrier, OTHER.carrier]));
        let (_, outcome) = bench.beat(vec![up(1), other_up(9), order(3)]);
        assert_eq!(submitted(&outcome.commands), [LINK], "{deed:?}");
        let (_, outcome) = bench.beat(vec![demand(deed, CARRIER, Ending::After(MINUTE)), order(1)]);
        assert_eq!(submitted(&outcome.commands), [OTHER; 3], "{deed:?}");
        let expected = if deed == Deed::OpenBreaker { Cause::BreakerOpen } else { Cause::Moved };
        let causes: Vec<Cause> = outcome
            .facts
            .iter()
            .filter_map(|it| match it {
                Fact::Submitted { cause, .. } => Some(*cause),
                _ => None,
            })
            .collect();
        assert_eq!(causes, [expected; 3], "the new message, too, would have gone to the first");
        let word = match deed {
            Deed::Pause => Closed::Paused,
            Deed::Drain => Closed::Drained,
            _ => Closed::BreakerOpen,
        };
        assert_eq!(inspected(&mut bench).carriers[0].closed, Some(word));
        bench.now = bench.now + MINUTE;
        let (going, outcome) = bench.beat(vec![order(1)]);
        assert_eq!((going.len(), inspected(&mut bench).carriers[0].closed), (0, None), "{outcome:?}");
    }
}

#[test]
fn a_breaker_that_is_forced_closed_is_not_asked() {
    let mut bench = Bench::of(Bench::plan_over(&[LINK.carrier, OTHER.carrier]));
    let (going, _) = bench.beat(vec![up(40), other_up(100), order(40)]);
    bench.beat(going.iter().map(|it| unknown(*it)).collect());
    let snapshot = inspected(&mut bench);
    let breaker = snapshot.carriers[0].breaker.expect("it has one");
    assert_eq!((snapshot.carriers[0].closed, breaker.state.word()), (Some(Closed::BreakerOpen), "open"));
    ordered(&mut bench, Deed::CloseBreaker, CARRIER, Ending::After(MINUTE));
    assert_eq!(inspected(&mut bench).carriers[0].closed, None);
    assert_eq!(submitted(&bench.beat(vec![order(1)]).1.commands), [LINK]);
}

/// Beats until nothing more is to be done at once; how many parts were submitted.
fn settled(bench: &mut Bench, happenings: Vec<Happening>) -> usize {
    let (going, mut outcome) = bench.beat(happenings);
    let mut count = going.len();
    while outcome.next.is_some_and(|it| it <= bench.now) {
        let (going, next) = bench.beat(Vec::new());
        (count, outcome) = (count + going.len(), next);
    }
    count
}

#[test]
fn a_move_takes_all_that_waits_and_nothing_that_comes_after_it() {
    for to in [None, Some(OTHER.carrier)] {
        let mut bench = Bench::of(Bench::plan_over(&[LINK.carrier, OTHER.carrier]));
        // The first carrier is waited for; far more waits than a lane holds in memory.
        settled(&mut bench, vec![other_up(2_000), order(1_200)]);
        assert_eq!(inspected(&mut bench).carriers[0].queued, 1_200);
        let deed = Deed::Move { to, route: Some(ROUTE) };
        let count = settled(&mut bench, vec![demand(deed, CARRIER, Ending::Never), order(5)]);
        assert_eq!((count, inspected(&mut bench).carriers[0].queued), (1_200, 5));
    }
}

#[test]
fn a_move_to_where_nothing_can_go_moves_nothing_and_ends() {
    let mut bench = Bench::of(Bench::plan_over(&[LINK.carrier, OTHER.carrier]));
    bench.beat(vec![other_up(9), order(3)]);
    for deed in [Deed::Move { to: Some(LINK.carrier), route: None }, Deed::Move { to: None, route: Some(RouteId(99)) }]
    {
        for _ in 0..20 {
            ordered(&mut bench, deed, CARRIER, Ending::Never);
        }
    }
    assert_eq!(inspected(&mut bench).carriers[0].queued, 3);
}

#[test]
fn the_picture_says_why_nothing_is_given_to_a_carrier() {
    let mut plan = Bench::plan_over(&[LINK.carrier, OTHER.carrier]);
    plan.carriers.get_mut(&OTHER.carrier).unwrap().retired = true;
    let mut bench = Bench::of(plan);
    bench.now = bench.now + MINUTE;
    bench.beat(vec![other_up(9)]);
    let closed = |bench: &mut Bench| inspected(bench).carriers.iter().map(|it| it.closed).collect::<Vec<_>>();
    assert_eq!(closed(&mut bench), [Some(Closed::CarrierDown), Some(Closed::Retired)]);
    // What somebody has ordered comes first: it does not end when the link is back.
    ordered(&mut bench, Deed::Pause, CARRIER, Ending::After(MINUTE));
    assert_eq!(closed(&mut bench)[0], Some(Closed::Paused));
}

#[test]
fn an_order_bears_the_name_of_who_gave_it_after_the_name_is_gone() {
    let mut plan = Bench::plan();
    let who = Account { name: "night-shift".into(), ..account(AccountId(7), Terms::default()) };
    plan.accounts.insert(who.id, who);
    let mut bench = Bench::of(plan);
    assert_eq!(&*ordered(&mut bench, Deed::Pause, CARRIER, Ending::After(MINUTE)).by, "night-shift");
    bench.beat(vec![Happening::Reconfigure(Arc::new(Bench::plan()))]);
    bench.crash();
    let held = inspected(&mut bench).carriers[0].held.clone().expect("it stands");
    assert_eq!((held.actor, &*held.by), (AccountId(7), "night-shift"));
}

#[test]
fn parts_that_wait_for_a_time_are_counted_after_a_start_too() {
    let mut bench = Bench::new();
    let (going, _) = bench.beat(vec![up(10), order(3)]);
    let later = |it: &Ticket| {
        let answered = Answered { answer: Answer::Later, command_status: Some(0x64), ..Answered::NOT_SENT };
        Happening::Link(LINK, Report::Answered(*it, answered))
    };
    bench.beat(going.iter().take(2).map(later).collect());
    let queue = |bench: &mut Bench| {
        let (parts, delayed) = inspected(bench).queues.first().map_or((0, 0), |it| (it.parts, it.delayed));
        (parts, delayed, bench.dispatch.gauges().queues[&ROUTE].delayed)
    };
    assert_eq!(queue(&mut bench), (2, 2, 2));
    bench.crash();
    assert_eq!(queue(&mut bench), (2, 2, 2), "what the store holds");
    bench.now = bench.now + 60 * MINUTE;
    bench.beat(vec![up(10)]);
    assert_eq!(queue(&mut bench), (0, 0, 0), "they went, and nothing is counted twice");
}

#[test]
fn a_carrier_that_slows_down_is_told_of() {
    let mut bench = Bench::new();
    let mut turns = Vec::new();
    for second in 0..1_500 {
        let (going, _) = bench.beat(vec![up(10), order(1)]);
        bench.now = bench.now + Duration::from_secs(1);
        let took = Duration::from_millis(if second < 1_200 { 40 } else { 3_000 });
        let taken = |it: &Ticket| {
            let answered = Answered { answer: Answer::Taken, command_status: Some(0), ..Answered::NOT_SENT };
            Happening::Link(LINK, Report::Answered(*it, answered.after(Some(took))))
        };
        let facts = bench.beat(going.iter().map(taken).collect()).1.facts;
        turns.extend(facts.into_iter().filter_map(|it| match it {
            Fact::Turned { carrier, turn } => Some((second, carrier, turn.figure, turn.left)),
            _ => None,
        }));
    }
    assert!(matches!(turns[..], [(1_205..1_230, CarrierId(1), Figure::P99, true)]), "{turns:?}");
    let minute = inspected(&mut bench).carriers[0].minute;
    assert!((50..=60).contains(&minute.answers) && minute.refused == 0, "{minute:?}");
    assert!(minute.p50.is_some_and(|it| (2_600..3_400).contains(&it.as_millis())), "{minute:?}");
}
