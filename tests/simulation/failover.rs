//! What becomes of one message between two carriers, step by step.

use super::lanes::{Bench, ROUTE};
use nuncio::carrier::dialect::Dialect;
use nuncio::carrier::report::{Answered, News, ReceiptNews, Report, Ticket};
use nuncio::carrier::submit::Submit;
use nuncio::dispatch::Effects;
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::fact::{Fact, Fate};
use nuncio::dispatch::door::happening::{Ask, Feedback, Happening, Recipient, RequestId, Submission};
use nuncio::dispatch::door::plan::Plan;
use nuncio::dispatch::door::reply::{Denial, Grant};
use nuncio::message::attempt::{Answer, CarrierMessageId, Cause};
use nuncio::message::class::Class;
use nuncio::message::extras::Extras;
use nuncio::message::id::{AccountId, CarrierId, LinkId};
use nuncio::message::reason::Reason;
use nuncio::message::receipt::Receipt;
use nuncio::message::source::Source;
use nuncio::message::status::Status;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::record::entry::Entry;
use nuncio::route::plan::{Partial, UnknownPolicy};
use nuncio::text::content::Requested;
use nuncio::text::profile::{Profile, Split};
use std::sync::Arc;
use std::time::Duration;

pub(super) const ACME: LinkId = LinkId { carrier: CarrierId(1), bind: 0 };
pub(super) const BETA: LinkId = LinkId { carrier: CarrierId(2), bind: 0 };
const ANNA: E164 = E164(31_612_345_678);
pub(super) const WINDOW: Duration = Duration::from_secs(30);

/// Two carriers in order behind one route with a receipt window.
pub(super) fn bench(change: impl FnOnce(&mut Plan)) -> Bench {
    let mut plan = Bench::plan_over(&[ACME.carrier, BETA.carrier]);
    plan.routes.get_mut(&ROUTE).unwrap().receipt_window = Some(WINDOW);
    change(&mut plan);
    let mut bench = Bench::of(plan);
    bench.beat(vec![up(ACME, 10), up(BETA, 10)]);
    bench
}

pub(super) fn up(link: LinkId, capacity: usize) -> Happening {
    Happening::Link(link, Report::Up { capacity, window: capacity })
}

pub(super) fn order(text: &str, parts: u8) -> Happening {
    cut(text, parts, false)
}

/// A message as it was cut for the first carrier: `payload` if that does it itself.
fn cut(text: &str, parts: u8, payload: bool) -> Happening {
    let recipient = Recipient {
        destination: ANNA,
        source: None,
        text: text.into(),
        requested: Requested::Auto,
        extras: payload.then(|| Arc::new(Extras { payload, ..Extras::default() })),
        parts,
        client_ref: None,
        price: None,
    };
    let submission = Submission {
        account: AccountId(1),
        route: ROUTE,
        class: Class::Marketing,
        source: Source::Alphanumeric("SHOP".into()),
        validity: Duration::from_secs(600),
        send_at: None,
        idempotency: None,
        recipients: vec![recipient],
    };
    Happening::Ask(RequestId(1), Ask::Submit(Box::new(submission)))
}

pub(super) fn answered(link: LinkId, ticket: Ticket, answer: Answer) -> Happening {
    let (command_status, id) = match answer {
        Answer::Taken => (Some(0), CarrierMessageId::new(&format!("{}-{}", link.carrier.0, ticket.0))),
        Answer::Elsewhere => (Some(0x45), None),
        _ => (None, None),
    };
    let answered =
        Answered { answer, command_status, carrier_message_id: id, reason: None, throttled: false, took: None };
    Happening::Link(link, Report::Answered(ticket, answered))
}

pub(super) fn receipt(link: LinkId, ticket: Ticket, status: Status) -> Happening {
    let receipt = Receipt {
        status,
        raw_status: status.word().into(),
        error_code: None,
        received_at: Time::NEVER,
        done_at: None,
        done_date: None,
        tlvs: Vec::new(),
        later: Vec::new(),
    };
    let ids = CarrierMessageId::new(&format!("{}-{}", link.carrier.0, ticket.0)).into_iter().collect();
    let news = News::Receipt(ReceiptNews {
        ids,
        handset: Some(ANNA),
        address: None,
        sender: "SHOP".into(),
        is_strange: false,
        announced: None,
        receipt,
    });
    Happening::Link(link, Report::Inbound { tag: 1, news })
}

pub(super) fn given(outcome: &Effects) -> Vec<(LinkId, Submit)> {
    let submits = outcome.commands.iter().filter_map(|it| match it {
        Command::Submit(link, submit) => Some((*link, submit.clone())),
        _ => None,
    });
    submits.collect()
}

pub(super) fn only(outcome: &Effects, link: LinkId) -> Ticket {
    let given = given(outcome);
    assert_eq!(given.iter().map(|it| it.0).collect::<Vec<_>>(), [link], "{:?}", outcome.commands);
    given[0].1.ticket
}

pub(super) fn entry(bench: &Bench) -> Entry {
    bench.store.all().next().expect("there is a message")
}

/// A message that ACME took and said nothing of, and that is at BETA now.
pub(super) fn unheard(bench: &mut Bench) -> (Ticket, Ticket) {
    let first = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    assert_eq!(given(&bench.beat(vec![answered(ACME, first, Answer::Taken)]).1), []);
    bench.now = bench.now + (WINDOW - Duration::from_millis(1));
    assert_eq!(given(&bench.beat(Vec::new()).1), [], "the window is not over");
    bench.now = bench.now + Duration::from_millis(1);
    let second = only(&bench.beat(Vec::new()).1, BETA);
    assert_eq!(entry(bench).status(), Status::Sent, "what was sent once is not queued again");
    (first, second)
}

#[test]
fn no_receipt_in_the_window_leads_to_the_next_carrier_once_and_a_second_delivery_is_counted() {
    let mut bench = bench(|_| ());
    let (first, second) = unheard(&mut bench);
    bench.beat(vec![answered(BETA, second, Answer::Taken)]);
    assert_eq!(entry(&bench).parts[0].attempt.as_ref().unwrap().cause, Cause::NoReceipt);
    bench.now = bench.now + 10 * WINDOW;
    assert_eq!(given(&bench.beat(Vec::new()).1), [], "each carrier has one try");
    bench.beat(vec![receipt(BETA, second, Status::Delivered)]);
    assert_eq!(entry(&bench).status(), Status::Delivered);
    let outcome = bench.beat(vec![receipt(ACME, first, Status::Delivered)]).1;
    let fates: Vec<Fate> = outcome.facts.iter().filter_map(fate).collect();
    assert_eq!(fates, [Fate::Double]);
    let past = &entry(&bench).past[0].attempt;
    assert_eq!(past.receipt.as_ref().map(|it| it.status), Some(Status::Delivered), "and shown");
}

fn fate(fact: &Fact) -> Option<Fate> {
    if let Fact::Receipt { fate, .. } = fact { Some(*fate) } else { None }
}

#[test]
fn a_message_does_not_fail_while_a_carrier_that_took_it_may_still_deliver() {
    let mut bench = bench(|_| ());
    let (first, second) = unheard(&mut bench);
    bench.beat(vec![answered(BETA, second, Answer::Elsewhere)]);
    assert_eq!(entry(&bench).status(), Status::Sent, "the list is at its end, but ACME has it");
    bench.beat(vec![receipt(ACME, first, Status::Delivered)]);
    assert_eq!(entry(&bench).status(), Status::Delivered);
}

#[test]
fn a_message_fails_once_every_carrier_that_took_it_has_given_it_up() {
    for late_first in [true, false] {
        let mut bench = bench(|_| ());
        let (first, second) = unheard(&mut bench);
        bench.beat(vec![answered(BETA, second, Answer::Taken)]);
        let mut news = [receipt(ACME, first, Status::Failed), receipt(BETA, second, Status::Failed)];
        if late_first {
            news.reverse();
        }
        let [one, other] = news;
        bench.beat(vec![one]);
        assert_eq!(entry(&bench).status(), Status::Sent);
        bench.beat(vec![other]);
        assert_eq!(entry(&bench).status(), Status::Failed);
    }
}

#[test]
fn what_waits_for_another_carrier_when_its_validity_ends_still_waits_for_the_first_one_s_receipt() {
    let mut bench = bench(|_| ());
    let first = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    bench.beat(vec![answered(ACME, first, Answer::Taken), up(BETA, 0)]);
    bench.now = bench.now + WINDOW;
    assert_eq!(given(&bench.beat(Vec::new()).1), [], "BETA is down");
    bench.now = bench.now + Duration::from_secs(600);
    (0..3).for_each(|_| drop(bench.beat(Vec::new())));
    assert_eq!(entry(&bench).status(), Status::Sent);
    bench.beat(vec![receipt(ACME, first, Status::Delivered)]);
    assert_eq!(entry(&bench).status(), Status::Delivered);
}

#[test]
fn a_code_that_came_back_ends_the_wait_for_a_receipt() {
    let mut bench = bench(|_| ());
    let first = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    bench.beat(vec![answered(ACME, first, Answer::Taken)]);
    let id = entry(&bench).body.id;
    let outcome = bench
        .beat(vec![Happening::Ask(
            RequestId(2),
            Ask::Feedback(Feedback { account: AccountId(1), message: id, verified: true }),
        )])
        .1;
    assert!(matches!(outcome.commands[..], [Command::Reply(RequestId(2), Ok(Grant::Noted(_)))]));
    let outcome = bench
        .beat(vec![Happening::Ask(
            RequestId(3),
            Ask::Feedback(Feedback { account: AccountId(2), message: id, verified: true }),
        )])
        .1;
    assert!(matches!(outcome.commands[..], [Command::Reply(RequestId(3), Err(Denial::NotFound))]), "not another's");
    bench.now = bench.now + 10 * WINDOW;
    assert_eq!(given(&bench.beat(Vec::new()).1), []);
}

/// ACME cuts texts into parts, BETA does it itself; or the reverse.
fn cut_otherwise(plan: &mut Plan, whole: LinkId) {
    let text = Profile { split: Split::Payload, ..Profile::default() };
    let carrier = plan.carriers.get_mut(&whole.carrier).unwrap();
    carrier.dialect = Arc::new(Dialect { text, ..Dialect::default() });
}

#[test]
fn a_message_goes_over_whole_in_fewer_parts_where_the_next_carrier_cuts_it_itself() {
    let mut bench = bench(|it| {
        cut_otherwise(it, BETA);
        it.routes.get_mut(&ROUTE).unwrap().partial = Partial::Whole;
    });
    let outcome = bench.beat(vec![order(&"a".repeat(300), 2)]).1;
    let parts: Vec<(LinkId, u8, u8)> = given(&outcome).iter().map(|(link, it)| (*link, it.index, it.parts)).collect();
    assert_eq!(parts, [(ACME, 0, 2), (ACME, 1, 2)]);
    let tickets: Vec<Ticket> = given(&outcome).iter().map(|(_, it)| it.ticket).collect();
    let none = bench.beat(vec![answered(ACME, tickets[0], Answer::Elsewhere)]).1;
    assert_eq!(given(&none), [], "the other part is still on its link");
    let outcome = bench.beat(vec![answered(ACME, tickets[1], Answer::Taken)]).1;
    let second = only(&outcome, BETA);
    let submit = &given(&outcome)[0].1;
    assert_eq!((submit.index, submit.parts), (0, 1));
    bench.beat(vec![answered(BETA, second, Answer::Taken)]);
    assert_eq!(entry(&bench).status(), Status::Sent);
    bench.beat(vec![receipt(BETA, second, Status::Delivered)]);
    assert_eq!(entry(&bench).status(), Status::Delivered, "the part that BETA does not need decides nothing");
}

#[test]
fn of_a_message_that_one_carrier_took_in_part_the_rest_goes_to_the_next() {
    let mut bench = bench(|_| ());
    let tickets = |outcome: &Effects| given(outcome).iter().map(|(_, it)| it.ticket).collect::<Vec<Ticket>>();
    let [first, second, third] = tickets(&bench.beat(vec![order(&"a".repeat(400), 3)]).1)[..] else { panic!("three") };
    // Taken before and after the refusal, and while the rest is at the next carrier.
    assert_eq!(given(&bench.beat(vec![answered(ACME, first, Answer::Taken)]).1), []);
    let outcome = bench.beat(vec![answered(ACME, second, Answer::Elsewhere)]).1;
    let rest: Vec<(LinkId, u8)> = given(&outcome).iter().map(|(link, it)| (*link, it.index)).collect();
    assert_eq!(rest, [(BETA, 1)]);
    let again = tickets(&outcome)[0];
    assert_eq!(given(&bench.beat(vec![answered(BETA, again, Answer::Taken)]).1), []);
    assert_eq!(given(&bench.beat(vec![answered(ACME, third, Answer::Taken)]).1), [], "it is not sent twice");
    bench.beat(vec![receipt(ACME, first, Status::Delivered), receipt(ACME, third, Status::Delivered)]);
    assert_eq!(entry(&bench).status(), Status::Sent);
    bench.beat(vec![receipt(BETA, again, Status::Delivered)]);
    assert_eq!(entry(&bench).status(), Status::Delivered);
}

#[test]
fn the_rest_of_a_message_does_not_go_where_it_would_be_cut_otherwise_and_is_tried_where_it_was() {
    for refused_first in [true, false] {
        let mut bench = bench(|it| cut_otherwise(it, BETA));
        let outcome = bench.beat(vec![order(&"a".repeat(300), 2)]).1;
        let tickets: Vec<Ticket> = given(&outcome).iter().map(|(_, it)| it.ticket).collect();
        let mut answers = [answered(ACME, tickets[0], Answer::Elsewhere), answered(ACME, tickets[1], Answer::Taken)];
        if !refused_first {
            answers.reverse();
        }
        for answer in answers {
            assert_eq!(given(&bench.beat(vec![answer]).1), []);
        }
        bench.now = bench.now + Duration::from_secs(60);
        let outcome = bench.beat(Vec::new()).1;
        let again = only(&outcome, ACME);
        assert_eq!(given(&outcome)[0].1.index, 0);
        bench.beat(vec![answered(ACME, again, Answer::Taken)]);
        bench.beat(vec![receipt(ACME, again, Status::Delivered), receipt(ACME, tickets[1], Status::Delivered)]);
        assert_eq!(entry(&bench).status(), Status::Delivered);
    }
}

#[test]
fn a_message_goes_over_whole_in_more_parts_where_the_next_carrier_wants_it_cut() {
    let mut bench = bench(|it| cut_otherwise(it, ACME));
    let first = only(&bench.beat(vec![cut(&"a".repeat(300), 2, true)]).1, ACME);
    let outcome = bench.beat(vec![answered(ACME, first, Answer::Elsewhere)]).1;
    let parts: Vec<(LinkId, u8, u8)> = given(&outcome).iter().map(|(link, it)| (*link, it.index, it.parts)).collect();
    assert_eq!(parts, [(BETA, 0, 2), (BETA, 1, 2)]);
    bench.crash();
    assert_eq!(entry(&bench).parts.len(), 2, "the part that was added is durable");
}

#[test]
fn a_list_of_carriers_at_its_end_says_so_and_a_carrier_without_links_is_left_at_once() {
    let mut bench = bench(|_| ());
    let outcome = bench.beat(vec![up(ACME, 0), order("hello", 1)]).1;
    let second = only(&outcome, BETA);
    assert_eq!(entry(&bench).parts[0].attempt.as_ref().unwrap().cause, Cause::CarrierDown);
    let outcome = bench.beat(vec![up(ACME, 10), answered(BETA, second, Answer::Elsewhere)]).1;
    let third = only(&outcome, ACME);
    bench.beat(vec![answered(ACME, third, Answer::Elsewhere)]);
    let entry = entry(&bench);
    assert_eq!((entry.status(), entry.parts[0].reason), (Status::Failed, Some(Reason::AllCarriersFailed)));
}

#[test]
fn in_strict_order_one_message_at_a_time_goes_to_a_recipient() {
    let mut bench = bench(|it| it.routes.get_mut(&ROUTE).unwrap().strict_order = true);
    let first = only(&bench.beat(vec![order("one", 1), order("two", 1), order("three", 1)]).1, ACME);
    // Refused, and tried at the next carrier: still its turn.
    let first = only(&bench.beat(vec![answered(ACME, first, Answer::Elsewhere)]).1, BETA);
    let second = only(&bench.beat(vec![answered(BETA, first, Answer::Taken)]).1, ACME);
    assert!(first.key() < second.key());
    let third = only(&bench.beat(vec![answered(ACME, second, Answer::Taken)]).1, ACME);
    assert!(second.key() < third.key());
}

#[test]
fn the_first_carrier_s_delivery_of_the_whole_ends_the_parts_that_only_the_next_one_wanted() {
    let mut bench = bench(|it| cut_otherwise(it, ACME));
    let first = only(&bench.beat(vec![cut(&"a".repeat(300), 2, true)]).1, ACME);
    bench.beat(vec![answered(ACME, first, Answer::Taken)]);
    bench.now = bench.now + WINDOW;
    let outcome = bench.beat(Vec::new()).1;
    assert_eq!(given(&outcome).len(), 2, "{:?}", outcome.commands);
    bench.beat(vec![receipt(ACME, first, Status::Delivered)]);
    assert_eq!(entry(&bench).status(), Status::Delivered);
}

#[test]
fn a_fallback_that_is_down_swallows_nothing() {
    let mut bench = bench(|it| it.routes.get_mut(&ROUTE).unwrap().max_wait = Some(Duration::from_secs(5)));
    let first = only(&bench.beat(vec![up(BETA, 0), order("hello", 1)]).1, ACME);
    assert_eq!(given(&bench.beat(vec![answered(ACME, first, Answer::Elsewhere)]).1), [], "after a wait");
    bench.now = bench.now + Duration::from_secs(5);
    let again = only(&bench.beat(Vec::new()).1, ACME);
    assert_eq!(given(&bench.beat(vec![answered(ACME, again, Answer::Later)]).1), []);
    // Once the fallback is up, it has its turn.
    let outcome = bench.beat(vec![up(BETA, 10)]).1;
    assert_eq!(given(&outcome), []);
    bench.now = bench.now + Duration::from_secs(9);
    only(&bench.beat(Vec::new()).1, BETA);
}

#[test]
fn what_waits_at_a_fallback_that_goes_down_comes_back_to_the_carrier_that_refused_it() {
    let mut bench = bench(|_| ());
    let first = only(&bench.beat(vec![up(BETA, 1), order("hello", 1)]).1, ACME);
    let second = only(&bench.beat(vec![answered(ACME, first, Answer::Elsewhere)]).1, BETA);
    let back = bench.beat(vec![answered(BETA, second, Answer::NotSent), up(BETA, 0)]).1;
    only(&back, ACME);
}

#[test]
fn two_parts_in_doubt_go_to_one_carrier_and_what_that_took_is_not_sent_again() {
    let gamma = LinkId { carrier: CarrierId(3), bind: 0 };
    let mut plan = Bench::plan_over(&[ACME.carrier, BETA.carrier, gamma.carrier]);
    plan.routes.get_mut(&ROUTE).unwrap().unknown = UnknownPolicy::Resend;
    let mut bench = Bench::of(plan);
    let outcome = bench.beat(vec![up(ACME, 10), up(BETA, 10), up(gamma, 10), order(&"a".repeat(300), 2)]).1;
    let tickets: Vec<Ticket> = given(&outcome).iter().map(|(_, it)| it.ticket).collect();
    let first = only(&bench.beat(vec![answered(ACME, tickets[0], Answer::Unknown)]).1, BETA);
    bench.beat(vec![answered(BETA, first, Answer::Taken)]);
    only(&bench.beat(vec![answered(ACME, tickets[1], Answer::Unknown)]).1, BETA);
}

#[test]
fn one_message_that_can_go_nowhere_else_does_not_hold_up_those_behind_it() {
    let mut bench = bench(|it| it.routes.get_mut(&ROUTE).unwrap().max_wait = Some(Duration::from_secs(5)));
    let refused = only(&bench.beat(vec![up(ACME, 1), up(BETA, 0), order("one", 1)]).1, ACME);
    // It has been at BETA, which is not asked twice; ACME does not answer any more.
    bench.beat(vec![answered(ACME, refused, Answer::NotSent), up(ACME, 0), up(BETA, 1)]);
    let at_beta = bench.store.all().next().unwrap().parts[0].key;
    let outcome = bench.beat(vec![up(ACME, 1), answered(BETA, Ticket::new(at_beta, 2), Answer::Elsewhere)]).1;
    only(&outcome, ACME);
    bench.beat(vec![order("two", 1), order("three", 1)]);
    bench.now = bench.now + Duration::from_secs(6);
    let moved = given(&bench.beat(Vec::new()).1);
    assert_eq!(moved.iter().map(|it| it.0).collect::<Vec<_>>(), [BETA], "one at a time, as there is room");
}

#[test]
fn a_carrier_that_is_always_busy_leaves_the_last_try_to_another() {
    let mut bench = bench(|it| it.routes.get_mut(&ROUTE).unwrap().retry.attempts = 3);
    let mut going = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    assert_eq!(given(&bench.beat(vec![answered(ACME, going, Answer::Later)]).1), []);
    bench.now = bench.now + WINDOW;
    going = only(&bench.beat(Vec::new()).1, ACME);
    only(&bench.beat(vec![answered(ACME, going, Answer::Later)]).1, BETA);
}
