//! What keeps a message from going on, or makes it go on, where a carrier is in doubt, slow, under trial or short of
//! room.

use super::failover::{ACME, BETA, WINDOW, answered, bench, entry, given, only, order, receipt, unheard, up};
use super::lanes::{Bench, ROUTE, submission};
use nuncio::carrier::dialect::{Dialect, ReceiptsAsked};
use nuncio::carrier::report::{Answered, News, Queried, Report, Ticket};
use nuncio::dispatch::Effects;
use nuncio::dispatch::door::fact::Fact;
use nuncio::dispatch::door::happening::{Ask, Happening, RequestId};
use nuncio::dispatch::door::plan::Plan;
use nuncio::message::attempt::{Answer, CarrierMessageId};
use nuncio::message::id::LinkId;
use nuncio::message::part::Part;
use nuncio::message::phase::Phase;
use nuncio::message::status::Status;
use nuncio::message::time::Time;
use nuncio::route::plan::UnknownPolicy;
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn with_policy(plan: &mut Plan, policy: UnknownPolicy) {
    plan.routes.get_mut(&ROUTE).unwrap().unknown = policy;
}

fn with_max_wait(plan: &mut Plan) {
    plan.routes.get_mut(&ROUTE).unwrap().max_wait = Some(5 * SECOND);
}

/// The answer to a part whose outcome was in doubt.
fn late_taken(link: LinkId, ticket: Ticket) -> Happening {
    let id = CarrierMessageId::new(&format!("{}-{}", link.carrier.0, ticket.0));
    let answered = Answered {
        answer: Answer::Taken,
        command_status: Some(0),
        carrier_message_id: id,
        reason: None,
        throttled: false,
        took: None,
    };
    Happening::Link(link, Report::Late(ticket, answered))
}

fn many(count: u64) -> Happening {
    Happening::Ask(RequestId(1), Ask::Submit(Box::new(submission(count))))
}

/// How many messages a beat gave to a link.
fn count(outcome: &Effects, link: LinkId) -> usize {
    given(outcome).iter().filter(|it| it.0 == link).count()
}

fn tickets(outcome: &Effects) -> Vec<(LinkId, Ticket)> {
    given(outcome).iter().map(|(link, it)| (*link, it.ticket)).collect()
}

#[test]
fn what_was_written_is_kept_with_the_answer_and_a_late_answer_is_the_answer() {
    let mut bench = bench(|it| with_policy(it, UnknownPolicy::Hold));
    let intended = bench.now;
    let first = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    let attempt = |bench: &Bench| entry(bench).parts[0].attempt.clone().expect("it was tried");
    assert_eq!((attempt(&bench).written_at, attempt(&bench).heard_at()), (Time::NEVER, Time::NEVER), "in flight");
    bench.now = bench.now + 9 * SECOND;
    let unknown = Happening::Link(ACME, Report::Answered(first, Answered::UNKNOWN.after(Some(6 * SECOND))));
    let facts = bench.beat(vec![unknown]).1.facts;
    let told = |it: &Fact| matches!(it, Fact::Answered { took, waited, .. } if (*took, *waited) == (Some(6 * SECOND), Some(3 * SECOND)));
    assert!(facts.iter().any(told), "{facts:?}");
    let written = intended + 3 * SECOND;
    assert_eq!((attempt(&bench).written_at, attempt(&bench).heard_at()), (written, Time::NEVER), "not answered");
    bench.now = bench.now + SECOND;
    bench.beat(vec![late_taken(ACME, first)]);
    assert_eq!((attempt(&bench).written_at, attempt(&bench).heard_at()), (written, bench.now));
    bench.crash();
    assert_eq!(attempt(&bench).written_at, written, "it is durable");
}

#[test]
fn a_clock_of_a_link_that_is_ahead_writes_nothing_before_it_was_intended() {
    let mut bench = bench(|_| ());
    let intended = bench.now;
    let first = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    bench.now = bench.now + SECOND;
    let taken =
        Answered { answer: Answer::Taken, command_status: Some(0), ..Answered::UNKNOWN.after(Some(2 * SECOND)) };
    bench.beat(vec![Happening::Link(ACME, Report::Answered(first, taken))]);
    assert_eq!(entry(&bench).parts[0].attempt.as_ref().expect("it was tried").written_at, intended);
}

#[test]
fn a_doubt_keeps_a_message_from_failing_at_the_end_of_the_list() {
    let mut bench = bench(|it| with_policy(it, UnknownPolicy::Resend));
    let first = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    let second = only(&bench.beat(vec![answered(ACME, first, Answer::Unknown)]).1, BETA);
    bench.beat(vec![answered(BETA, second, Answer::Elsewhere)]);
    assert_ne!(entry(&bench).status(), Status::Failed, "ACME may have it");
    bench.beat(vec![late_taken(ACME, first)]);
    bench.beat(vec![receipt(ACME, first, Status::Delivered)]);
    assert_eq!(entry(&bench).status(), Status::Delivered);
}

#[test]
fn where_doubts_fail_a_receipt_that_is_still_out_comes_first() {
    let mut bench = bench(|it| with_policy(it, UnknownPolicy::Fail));
    let (first, second) = unheard(&mut bench);
    bench.beat(vec![answered(BETA, second, Answer::Unknown)]);
    assert_ne!(entry(&bench).status(), Status::Failed, "ACME took it");
    bench.beat(vec![receipt(ACME, first, Status::Delivered)]);
    assert_eq!(entry(&bench).status(), Status::Delivered);
}

#[test]
fn the_pace_of_a_bind_makes_a_carrier_slow_as_well() {
    let mut bench = bench(|it| {
        with_max_wait(it);
        it.carriers.get_mut(&ACME.carrier).unwrap().pace_per_link = Some(1.0);
    });
    let mut at_beta = count(&bench.beat(vec![many(10)]).1, BETA);
    for _ in 0..9 {
        bench.now = bench.now + SECOND / 2;
        at_beta += count(&bench.beat(Vec::new()).1, BETA);
    }
    assert_eq!(at_beta, 0, "nothing has waited for too long");
    for _ in 0..4 {
        bench.now = bench.now + SECOND / 2;
        at_beta += count(&bench.beat(Vec::new()).1, BETA);
    }
    assert!(2 < at_beta, "{at_beta} went to the carrier that is idle");
}

#[test]
fn no_more_goes_to_a_carrier_than_it_has_room_for() {
    let mut bench = bench(with_max_wait);
    bench.beat(vec![up(ACME, 1), up(BETA, 1), many(40)]);
    bench.now = bench.now + 6 * SECOND;
    let outcome = bench.beat(Vec::new()).1;
    let moves = outcome.facts.iter().filter(|it| matches!(it, Fact::Failover { .. })).count();
    assert_eq!((moves, count(&outcome, BETA)), (1, 1));
}

#[test]
fn one_message_finds_out_whether_a_carrier_works_again_and_the_others_follow() {
    let mut bench = bench(|it| it.carriers.get_mut(&ACME.carrier).unwrap().breaker = None);
    bench.beat(vec![up(ACME, 30), up(BETA, 30)]);
    let mut going = tickets(&bench.beat(vec![many(30)]).1);
    while !going.is_empty() {
        let answers = going.iter().map(|(link, it)| answered(*link, *it, Answer::Elsewhere));
        going = tickets(&bench.beat(answers.collect()).1);
    }
    bench.now = bench.now + 31 * SECOND;
    let first = tickets(&bench.beat(vec![up(ACME, 1), many(3)]).1);
    assert_eq!(first.len(), 1, "ACME has room for one");
    let down = vec![answered(ACME, first[0].1, Answer::NotSent), up(ACME, 0)];
    let probe = only(&bench.beat(down).1, BETA);
    let others = bench.beat(vec![answered(BETA, probe, Answer::Taken)]).1;
    assert_eq!(count(&others, BETA), 2);
}

#[test]
fn a_late_answer_brings_a_part_home_and_the_next_carrier_keeps_its_turn() {
    let mut bench = bench(|it| with_policy(it, UnknownPolicy::Resend));
    bench.beat(vec![up(BETA, 1)]);
    // BETA is busy with another message.
    let other = only(&bench.beat(vec![order("other", 1)]).1, ACME);
    let other = only(&bench.beat(vec![answered(ACME, other, Answer::Elsewhere)]).1, BETA);
    let first = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    assert_eq!(given(&bench.beat(vec![answered(ACME, first, Answer::Unknown)]).1), []);
    bench.beat(vec![late_taken(ACME, first)]);
    let free = bench.beat(vec![answered(BETA, other, Answer::Taken), receipt(BETA, other, Status::Delivered)]).1;
    assert_eq!(given(&free), [], "ACME has it");
    bench.now = bench.now + WINDOW;
    only(&bench.beat(Vec::new()).1, BETA);
}

#[test]
fn a_receipt_that_was_not_asked_for_is_not_missed() {
    let mut bench = bench(|it| {
        let carrier = it.carriers.get_mut(&ACME.carrier).unwrap();
        carrier.dialect = Arc::new(Dialect { receipts: ReceiptsAsked::None, ..Dialect::default() });
    });
    let first = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    bench.beat(vec![answered(ACME, first, Answer::Taken)]);
    bench.now = bench.now + 10 * WINDOW;
    assert_eq!(given(&bench.beat(Vec::new()).1), []);
}

#[test]
fn a_receipt_of_a_carrier_that_a_message_has_left_ends_no_other_part_of_it() {
    let mut bench = bench(|it| {
        let carrier = it.carriers.get_mut(&BETA.carrier).unwrap();
        carrier.dialect = Arc::new(Dialect { receipts: ReceiptsAsked::Last, ..Dialect::default() });
    });
    let taken =
        |going: &[(LinkId, Ticket)]| going.iter().map(|(link, it)| answered(*link, *it, Answer::Taken)).collect();
    let first = tickets(&bench.beat(vec![order(&"a".repeat(161), 2)]).1);
    bench.beat(taken(&first));
    bench.now = bench.now + WINDOW;
    let second = tickets(&bench.beat(Vec::new()).1);
    assert_eq!(second.iter().map(|it| it.0).collect::<Vec<_>>(), [BETA, BETA]);
    bench.beat(taken(&second));
    bench.beat(vec![receipt(BETA, second[1].1, Status::Failed), receipt(ACME, first[0].1, Status::Delivered)]);
    let phases: Vec<Phase> = entry(&bench).parts.iter().map(Part::phase).collect();
    assert_eq!(phases, [Phase::Delivered, Phase::Sent], "ACME says nothing of the second, and BETA that it failed");
}

#[test]
fn what_a_carrier_answers_about_one_part_ends_none_for_which_a_receipt_is_asked() {
    let mut bench = bench(|it| {
        let carrier = it.carriers.get_mut(&ACME.carrier).unwrap();
        carrier.dialect = Arc::new(Dialect { receipts: ReceiptsAsked::Last, ..Dialect::default() });
    });
    let going = tickets(&bench.beat(vec![order(&"a".repeat(320), 3)]).1);
    bench.beat(going.iter().map(|(link, it)| answered(*link, *it, Answer::Taken)).collect());
    let Happening::Link(_, Report::Inbound { news: News::Receipt(said), .. }) =
        receipt(ACME, going[0].1, Status::Failed)
    else {
        panic!("it is a receipt");
    };
    let answer = Report::Queried(going[0].1.key(), Queried::State(said.receipt));
    bench.beat(vec![Happening::Link(ACME, answer)]);
    let phases = |bench: &Bench| entry(bench).parts.iter().map(Part::phase).collect::<Vec<_>>();
    assert_eq!(phases(&bench), [Phase::Failed, Phase::Sent, Phase::Sent]);
    bench.beat(vec![receipt(ACME, going[2].1, Status::Delivered)]);
    assert_eq!(phases(&bench), [Phase::Failed, Phase::Delivered, Phase::Delivered]);
}

#[test]
fn what_a_late_answer_says_was_taken_is_not_sent_there_again_when_its_second_attempt_is_in_doubt() {
    let mut bench = bench(|it| {
        with_policy(it, UnknownPolicy::Resend);
        it.routes.get_mut(&ROUTE).unwrap().carriers = vec![ACME.carrier];
    });
    let first = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    let second = only(&bench.beat(vec![answered(ACME, first, Answer::Unknown)]).1, ACME);
    assert_eq!(given(&bench.beat(vec![late_taken(ACME, first)]).1), []);
    assert_eq!(given(&bench.beat(vec![answered(ACME, second, Answer::Unknown)]).1), [], "ACME has it");
    assert_eq!(entry(&bench).status(), Status::Sent);
    bench.beat(vec![receipt(ACME, first, Status::Delivered)]);
    assert_eq!(entry(&bench).status(), Status::Delivered);
}

#[test]
fn what_is_late_while_no_other_carrier_is_open_goes_to_the_next_once_one_is() {
    let mut bench = bench(|_| ());
    let first = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    bench.beat(vec![answered(ACME, first, Answer::Taken), up(BETA, 0)]);
    bench.now = bench.now + WINDOW;
    assert_eq!(given(&bench.beat(Vec::new()).1), [], "BETA is down");
    bench.beat(vec![up(BETA, 1)]);
    bench.now = bench.now + WINDOW;
    only(&bench.beat(Vec::new()).1, BETA);
}

#[test]
fn what_was_taken_after_its_message_had_gone_on_goes_after_it_where_no_receipt_comes() {
    let mut bench = bench(|_| ());
    let first = tickets(&bench.beat(vec![order(&"a".repeat(161), 2)]).1);
    let second = only(&bench.beat(vec![answered(ACME, first[1].1, Answer::Elsewhere)]).1, BETA);
    bench.beat(vec![answered(ACME, first[0].1, Answer::Taken), answered(BETA, second, Answer::Taken)]);
    bench.beat(vec![receipt(BETA, second, Status::Delivered)]);
    bench.now = bench.now + WINDOW;
    let again = only(&bench.beat(Vec::new()).1, BETA);
    assert_eq!(again.key(), first[0].1.key(), "ACME says nothing, and BETA has not been asked");
}

#[test]
fn a_receipt_that_speaks_for_all_parts_fails_none_that_another_carrier_took_before() {
    let mut bench = bench(|it| {
        let carrier = it.carriers.get_mut(&BETA.carrier).unwrap();
        carrier.dialect = Arc::new(Dialect { receipts: ReceiptsAsked::Last, ..Dialect::default() });
    });
    let first = tickets(&bench.beat(vec![order(&"a".repeat(161), 2)]).1);
    let refused = vec![answered(ACME, first[0].1, Answer::Taken), answered(ACME, first[1].1, Answer::Elsewhere)];
    let mut second = tickets(&bench.beat(refused).1);
    bench.now = bench.now + WINDOW;
    second.extend(tickets(&bench.beat(Vec::new()).1));
    assert_eq!(second.iter().map(|it| it.0).collect::<Vec<_>>(), [BETA, BETA]);
    bench.beat(second.iter().map(|it| answered(BETA, it.1, Answer::Taken)).collect());
    let last = second.iter().map(|it| it.1).max_by_key(|it| it.key()).unwrap();
    bench.beat(vec![receipt(BETA, last, Status::Failed)]);
    let phases = |bench: &Bench| entry(bench).parts.iter().map(Part::phase).collect::<Vec<_>>();
    assert_eq!(phases(&bench), [Phase::Sent, Phase::Failed], "ACME may still deliver the first");
    bench.beat(vec![receipt(ACME, first[0].1, Status::Delivered)]);
    assert_eq!(phases(&bench), [Phase::Delivered, Phase::Failed]);
}

#[test]
fn what_comes_late_does_not_fill_memory() {
    const MANY: u64 = 2_000;
    let mut plan = Bench::plan_over(&[ACME.carrier, BETA.carrier]);
    plan.limits.awaited = 8;
    plan.routes.get_mut(&ROUTE).unwrap().receipt_window = Some(WINDOW);
    let mut bench = Bench::of(plan);
    bench.beat(vec![up(ACME, 100), up(BETA, 0)]);
    let mut going = tickets(&bench.beat(vec![many(MANY / 4)]).1);
    let mut orders = 3;
    let mut taken = 0;
    while !going.is_empty() {
        taken += going.len() as u64;
        let mut news: Vec<Happening> = going.iter().map(|(link, it)| answered(*link, *it, Answer::Taken)).collect();
        if 0 < orders {
            orders -= 1;
            news.push(many(MANY / 4));
        }
        going = tickets(&bench.beat(news).1);
    }
    assert_eq!(taken, MANY);
    bench.beat(vec![up(BETA, 1)]);
    bench.now = bench.now + WINDOW;
    for _ in 0..100 {
        bench.beat(Vec::new());
    }
    assert!(
        bench.dispatch.messages_in_memory() < 500,
        "{} messages are in memory",
        bench.dispatch.messages_in_memory()
    );
}
