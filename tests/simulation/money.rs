//! Orders in slices, balances, quotas and rates, on the deciding floor with a store that can lose power.

use nuncio::carrier::report::{Answered, Report, Ticket};
use nuncio::dispatch::Dispatch;
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::happening::{
    Ask, Cancellation, Credit, Happening, Keyed, Recipient, RequestId, Submission,
};
use nuncio::dispatch::door::plan::{Account, Carrier, Plan, Quota, Scopes, Terms};
use nuncio::dispatch::door::reply::{Credited, Denial, Grant, Limit, Reply, Submitted};
use nuncio::message::attempt::{Answer, CarrierMessageId};
use nuncio::message::class::Class;
use nuncio::message::id::{AccountId, CarrierId, LinkId, MessageId, OrderId, PartKey, RouteId, Seq};
use nuncio::message::money::Money;
use nuncio::message::source::Source;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::record::contract::{Forget, Store};
use nuncio::record::money::Why;
use nuncio::route::plan::{Destinations, Retry, Route};
use nuncio::store::memory::Memory;
use nuncio::text::content::Requested;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const LINK: LinkId = LinkId { carrier: CarrierId(1), bind: 0 };
const BULK: RouteId = RouteId(1);
const CODES: RouteId = RouteId(2);
pub(super) const SHOP: AccountId = AccountId(1);
pub(super) const BANK: AccountId = AccountId(2);
const HOUR: Duration = Duration::from_secs(3_600);
/// What every message costs.
pub(super) const PRICE: Money = Money(87_001);

pub(super) struct Bench {
    plan: Arc<Plan>,
    dispatch: Dispatch,
    store: Memory,
    pub(super) now: Time,
    requests: u64,
    chance: u64,
}

/// What a beat ordered.
pub(super) struct Done {
    pub(super) replies: BTreeMap<u64, Reply>,
    pub(super) submits: Vec<Ticket>,
    pub(super) next: Option<Time>,
}

impl Bench {
    fn new(shop: Terms) -> Self {
        let mut plan = Plan::default();
        plan.carriers.insert(LINK.carrier, Carrier::new(LINK.carrier, "acme"));
        for (route, class) in [(BULK, Class::Marketing), (CODES, Class::Otp)] {
            let retry = Retry { attempts: 1, ..Retry::default() };
            let route = Route { validity: HOUR, retry, ..Route::new(route, class, vec![LINK.carrier]) };
            plan.routes.insert(route.id, route);
        }
        for (id, terms) in [(SHOP, shop), (BANK, Terms::default())] {
            plan.accounts.insert(id, account(id, terms));
        }
        let (mut store, now, plan) = (Memory::new(), Time(1_767_225_600_000), Arc::new(plan));
        let dispatch = Dispatch::new(plan.clone(), store.recover().unwrap(), now);
        Self { plan, dispatch, store, now, requests: 0, chance: 0 }
    }

    pub(super) fn managed() -> Self {
        Self::new(Terms { managed: true, ..Terms::default() })
    }

    pub(super) fn beat(&mut self, happenings: Vec<Happening>) -> Done {
        let chance = &mut self.chance;
        let mut dice = || {
            *chance += 1;
            *chance
        };
        let outcome = self.dispatch.beat(self.now, &mut dice, happenings, &mut self.store).unwrap();
        let mut done = Done { replies: BTreeMap::new(), submits: Vec::new(), next: outcome.next };
        for command in outcome.commands {
            match command {
                Command::Reply(request, reply) => drop(done.replies.insert(request.0, reply)),
                Command::Submit(_, submit) => done.submits.push(submit.ticket),
                _ => (),
            }
        }
        self.adds_up();
        done
    }

    /// Beats without anything new until a request is answered; its answer, and how many beats it took.
    pub(super) fn until(&mut self, request: u64, first: Done) -> (Reply, usize) {
        let (mut done, mut beats) = (first, 1);
        loop {
            if let Some(reply) = done.replies.remove(&request) {
                return (reply, beats);
            }
            assert_eq!(done.next, Some(self.now), "what is arriving does not wait");
            assert!(beats < 100, "it never arrives");
            done = self.beat(Vec::new());
            beats += 1;
        }
    }

    /// The lines of every account add up, each of them, to what is durable as its balance.
    fn adds_up(&self) {
        let mut sums = BTreeMap::<AccountId, Money>::new();
        for line in self.store.ledger() {
            let sum = sums.entry(line.account).or_default();
            *sum = *sum + line.amount;
            assert_eq!(*sum, line.balance, "line {}", line.n);
        }
        assert_eq!(self.balances(), sums);
    }

    fn balances(&self) -> BTreeMap<AccountId, Money> {
        self.store.crash().recover().unwrap().balances.into_iter().collect()
    }

    pub(super) fn balance(&self) -> Money {
        self.balances().get(&SHOP).copied().unwrap_or_default()
    }

    /// The process dies and starts anew.
    pub(super) fn crash(&mut self) {
        self.store = self.store.crash();
        self.dispatch = Dispatch::new(self.plan.clone(), self.store.recover().unwrap(), self.now);
    }

    fn order(&mut self, account: AccountId, route: RouteId, recipients: u64) -> (u64, Happening) {
        self.keyed(account, route, recipients, None)
    }

    fn keyed(&mut self, account: AccountId, route: RouteId, count: u64, key: Option<&str>) -> (u64, Happening) {
        self.requests += 1;
        let recipient = |it: u64| Recipient {
            destination: E164(31_600_000_000 + it),
            source: None,
            text: "hello".into(),
            requested: Requested::Auto,
            extras: None,
            parts: 1,
            client_ref: None,
            price: Some(PRICE),
        };
        let submission = Submission {
            account,
            route,
            class: self.plan.routes[&route].class,
            source: Source::Unset,
            validity: HOUR,
            send_at: None,
            idempotency: key.map(|it| Keyed::new(it, [count as u8; 32])),
            recipients: (0..count).map(recipient).collect(),
        };
        (self.requests, Happening::Ask(RequestId(self.requests), Ask::Submit(Box::new(submission))))
    }

    pub(super) fn credit(&mut self, amount: Money, key: Option<&str>) -> Reply {
        self.requests += 1;
        let idempotency = key.map(|it| Keyed::new(it, [7; 32]));
        let credit = Credit { by: BANK, account: SHOP, amount, note: Some("invoice 7".into()), idempotency };
        let request = RequestId(self.requests);
        self.beat(vec![Happening::Ask(request, Ask::Credit(Box::new(credit)))]).replies.remove(&request.0).unwrap()
    }

    pub(super) fn send(&mut self, recipients: u64) -> Reply {
        let (request, order) = self.order(SHOP, BULK, recipients);
        let first = self.beat(vec![order]);
        self.until(request, first).0
    }
}

pub(super) fn account(id: AccountId, terms: Terms) -> Account {
    Account {
        id,
        name: format!("{}", id.0).into(),
        active: true,
        keys: vec![],
        scopes: Scopes::default(),
        allow_from: vec![],
        routes: vec![BULK, CODES],
        is_sandbox: false,
        prices: BTreeMap::new(),
        senders: vec![],
        region: None,
        destinations: Destinations::default(),
        currency: None,
        terms,
        hears_of_sent: false,
        shows_carriers: false,
        weight: 1,
    }
}

pub(super) fn up(capacity: usize) -> Happening {
    Happening::Link(LINK, Report::Up { capacity, window: capacity })
}

fn answered(ticket: Ticket, answer: Answer) -> Happening {
    let taken = answer == Answer::Taken;
    let answered = Answered {
        answer,
        command_status: Some(if taken { 0 } else { 8 }),
        carrier_message_id: taken.then(|| CarrierMessageId::new(&format!("x{}", ticket.0)).unwrap()),
        reason: None,
        throttled: false,
        took: None,
    };
    Happening::Link(LINK, Report::Answered(ticket, answered))
}

pub(super) fn ids(reply: &Reply) -> (OrderId, &[MessageId]) {
    match reply {
        Ok(Grant::Submitted(Submitted::Accepted { order, messages, .. })) => (*order, messages),
        other => panic!("not accepted: {other:?}"),
    }
}

fn left(reply: &Reply) -> Option<Money> {
    match reply {
        Ok(Grant::Submitted(Submitted::Accepted { means, .. })) => means.balance,
        other => panic!("not accepted: {other:?}"),
    }
}

#[test]
fn an_order_of_3304_enters_in_7_slices_and_is_acknowledged_once_it_is_whole() {
    let mut bench = Bench::new(Terms::default());
    let (request, order) = bench.order(SHOP, BULK, 3_304);
    let first = bench.beat(vec![order]);
    assert_eq!(bench.store.all().count(), 500);
    let (reply, beats) = bench.until(request, first);
    assert_eq!(beats, 7);
    let (order, messages) = ids(&reply);
    let seqs: Vec<u64> = messages.iter().map(|it| it.seq.0).collect();
    assert_eq!(seqs, (1..=3_304).collect::<Vec<_>>(), "without a gap");
    let stored: Vec<_> = bench.store.all().collect();
    assert!(stored.iter().map(|it| it.body.id).eq(messages.iter().copied()));
    assert!(stored.iter().all(|it| it.body.order == order && it.body.created == stored[0].body.created));
}

#[test]
fn while_an_order_arrives_a_code_is_answered_and_submitted_in_its_own_beat() {
    let mut bench = Bench::new(Terms::default());
    bench.beat(vec![up(10)]);
    let (large, order) = bench.order(SHOP, BULK, 5_000);
    let first = bench.beat(vec![order]);
    assert!(first.submits.is_empty() && first.replies.is_empty());
    let (code, single) = bench.order(BANK, CODES, 1);
    let done = bench.beat(vec![single]);
    let (_, messages) = ids(&done.replies[&code]);
    assert_eq!(messages[0].seq, Seq(5_001), "behind what is reserved");
    assert_eq!(done.submits.iter().map(|it| it.key()).collect::<Vec<_>>(), [PartKey::new(Seq(5_001), 0)]);
    let (_, beats) = bench.until(large, done);
    assert_eq!(beats, 9);
    let going = bench.beat(Vec::new()).submits.len() + bench.beat(Vec::new()).submits.len();
    assert!(0 < going, "once it is whole it goes");
}

#[test]
fn nothing_overtakes_an_order_that_arrives_in_its_own_lane() {
    let mut bench = Bench::new(Terms::default());
    bench.beat(vec![up(5_000)]);
    let (_, earlier) = bench.order(SHOP, BULK, 3);
    let (large, order) = bench.order(SHOP, BULK, 1_200);
    let (_, later) = bench.order(SHOP, BULK, 1);
    let first = bench.beat(vec![earlier, order, later]);
    let mut seqs: Vec<u64> = first.submits.iter().map(|it| it.key().seq().0).collect();
    assert_eq!(seqs, [1, 2, 3], "what came before goes");
    let mut done = first;
    while !done.replies.contains_key(&large) {
        done = bench.beat(Vec::new());
        seqs.extend(done.submits.iter().map(|it| it.key().seq().0));
    }
    for _ in 0..8 {
        seqs.extend(bench.beat(Vec::new()).submits.iter().map(|it| it.key().seq().0));
    }
    assert_eq!(seqs, (1..=1_204).collect::<Vec<_>>());
}

#[test]
fn orders_that_arrive_together_take_turns() {
    let mut bench = Bench::new(Terms::default());
    let orders: Vec<_> = (0..3).map(|_| bench.order(SHOP, BULK, 1_000)).collect();
    let (requests, happenings): (Vec<u64>, Vec<_>) = orders.into_iter().unzip();
    let mut done = bench.beat(happenings);
    let mut answered = Vec::new();
    for beat in 1..=6 {
        answered.extend(done.replies.keys().map(|it| (beat, *it)));
        done = bench.beat(Vec::new());
    }
    assert_eq!(answered, [(4, requests[0]), (5, requests[1]), (6, requests[2])]);
}

#[test]
fn an_order_that_had_not_arrived_when_the_process_died_is_gone_whole() {
    for beats in 1..7 {
        let mut bench = Bench::managed();
        bench.credit(Money(1_000_000_000), None).unwrap();
        let (_, order) = bench.keyed(SHOP, BULK, 3_304, Some("k"));
        bench.beat(vec![order]);
        for _ in 1..beats {
            assert!(bench.beat(Vec::new()).replies.is_empty());
        }
        bench.crash();
        assert_eq!((bench.store.all().count(), bench.balance()), (0, Money(1_000_000_000)), "after {beats} beats");
        let (request, again) = bench.keyed(SHOP, BULK, 3_304, Some("k"));
        let first = bench.beat(vec![again]);
        let (reply, _) = bench.until(request, first);
        assert_eq!(ids(&reply).1.len(), 3_304);
        bench.crash();
        assert_eq!(bench.store.all().count(), 3_304, "what is whole stays");
        assert_eq!(bench.balance(), Money(1_000_000_000 - 3_304 * PRICE.0));
    }
}

#[test]
fn a_repeat_of_what_is_arriving_waits_for_it_a_second_at_most() {
    let mut bench = Bench::new(Terms::default());
    let (request, order) = bench.keyed(SHOP, BULK, 2_000, Some("k"));
    bench.beat(vec![order]);
    let (repeat, again) = bench.keyed(SHOP, BULK, 2_000, Some("k"));
    let (other, reused) = bench.keyed(SHOP, BULK, 1_999, Some("k"));
    let done = bench.beat(vec![again, reused]);
    assert_eq!(done.replies.get(&other), Some(&Err(Denial::KeyReused)));
    assert!(!done.replies.contains_key(&repeat));
    bench.now = bench.now + Duration::from_millis(1_000);
    assert_eq!(bench.beat(Vec::new()).replies.get(&repeat), Some(&Err(Denial::Running)));
    let (patient, again) = bench.keyed(SHOP, BULK, 2_000, Some("k"));
    let done = bench.beat(vec![again]);
    let (order, _) = ids(&done.replies[&request]);
    assert_eq!(done.replies.get(&patient), Some(&Ok(Grant::Submitted(Submitted::Repeated(order)))));
}

#[test]
fn a_key_that_is_gone_on_with_is_remembered_for_another_day_and_others_are_not() {
    for renews in [true, false] {
        let mut bench = Bench::new(Terms::default());
        let ask = |bench: &mut Bench| {
            let (request, mut order) = bench.keyed(SHOP, BULK, 3, Some("k"));
            let Happening::Ask(_, Ask::Submit(submission)) = &mut order else { panic!("a request") };
            submission.idempotency.as_mut().unwrap().renews = renews;
            let first = bench.beat(vec![order]);
            bench.until(request, first).0
        };
        let mut last = ask(&mut bench);
        let (order, _) = ids(&last);
        for _ in 0..2 {
            bench.now = bench.now + 20 * HOUR;
            // Whatever is written moves the time on by which the store forgets.
            bench.send(1).unwrap();
            let forget = Forget { before: Time(0), parked_before: Time(0), limit: 100, anew: true };
            bench.store.retain(&forget).unwrap();
            last = ask(&mut bench);
        }
        assert_eq!(last == Ok(Grant::Submitted(Submitted::Repeated(order))), renews);
    }
}

#[test]
fn an_order_is_charged_once_and_refused_where_the_balance_is_not_enough() {
    let mut bench = Bench::managed();
    assert_eq!(bench.send(1), Err(Denial::Insufficient { balance: Money(0) }));
    assert_eq!(bench.store.all().count(), 0, "nothing is queued");
    let Ok(Grant::Credited(Credited::Now(line))) = bench.credit(Money(3 * PRICE.0), None) else { panic!("no credit") };
    assert_eq!((line.n, line.amount, line.why), (1, Money(3 * PRICE.0), Why::Credit));
    assert_eq!(left(&bench.send(2)), Some(PRICE));
    assert_eq!(bench.send(2), Err(Denial::Insufficient { balance: PRICE }));
    assert_eq!(left(&bench.send(1)), Some(Money(0)));
    let lines: Vec<_> =
        bench.store.ledger().map(|it| (it.why, it.order.map(|it| it.number_in_records()), it.amount.0)).collect();
    let each = PRICE.0;
    assert_eq!(
        lines,
        [(Why::Credit, None, 3 * each), (Why::Charge, Some(1), -2 * each), (Why::Charge, Some(2), -each)]
    );
}

#[test]
fn orders_that_arrive_are_not_promised_the_same_money() {
    let mut bench = Bench::managed();
    bench.credit(Money(1_500 * PRICE.0), None).unwrap();
    let (one, first) = bench.order(SHOP, BULK, 1_000);
    let (two, second) = bench.order(SHOP, BULK, 1_000);
    let done = bench.beat(vec![first, second]);
    assert_eq!(done.replies.get(&two), Some(&Err(Denial::Insufficient { balance: Money(500 * PRICE.0) })));
    let (reply, _) = bench.until(one, done);
    assert_eq!(left(&reply), Some(Money(500 * PRICE.0)));
}

#[test]
fn credit_is_given_once_for_each_key() {
    let mut bench = Bench::managed();
    let Ok(Grant::Credited(Credited::Now(line))) = bench.credit(Money(5), Some("k")) else { panic!("no credit") };
    assert_eq!(bench.credit(Money(5), Some("k")), Ok(Grant::Credited(Credited::Before(line.n))));
    bench.crash();
    assert_eq!(bench.credit(Money(5), Some("k")), Ok(Grant::Credited(Credited::Before(line.n))));
    assert_eq!(bench.balance(), Money(5));
    assert!(matches!(bench.credit(Money(i64::MAX), None), Err(Denial::TooMuch)));
    assert!(matches!(Bench::new(Terms::default()).credit(Money(5), None), Err(Denial::NotManaged)));
}

#[test]
fn what_no_carrier_took_is_paid_back_when_it_ends_and_what_was_taken_is_not() {
    let mut bench = Bench::managed();
    bench.credit(Money(100 * PRICE.0), None).unwrap();
    bench.send(4).unwrap();
    let going = bench.beat(vec![up(4)]).submits;
    assert_eq!((going.len(), bench.balance()), (4, Money(96 * PRICE.0)));
    let said = [Answer::Never, Answer::Taken, Answer::Unknown, Answer::Elsewhere];
    bench.beat(going.iter().zip(said).map(|(ticket, answer)| answered(*ticket, answer)).collect());
    assert_eq!(bench.balance(), Money(98 * PRICE.0), "of what was refused, and of that alone");
    bench.now = bench.now + 48 * HOUR;
    bench.beat(Vec::new());
    assert_eq!(bench.balance(), Money(98 * PRICE.0), "what ends without news may have arrived");
}

#[test]
fn what_is_cancelled_or_expires_in_the_queue_is_paid_back_once_and_whole() {
    let mut bench = Bench::managed();
    bench.credit(Money(100 * PRICE.0), None).unwrap();
    let reply = bench.send(3);
    let message = ids(&reply).1[0];
    for _ in 0..2 {
        bench.beat(vec![Happening::Ask(RequestId(9_999), Ask::Cancel(Cancellation(SHOP, message)))]);
        assert_eq!(bench.balance(), Money(98 * PRICE.0));
    }
    bench.now = bench.now + 2 * HOUR;
    bench.beat(Vec::new());
    assert_eq!(bench.balance(), Money(100 * PRICE.0));
    bench.crash();
    bench.now = bench.now + 48 * HOUR;
    bench.beat(Vec::new());
    assert_eq!(bench.balance(), Money(100 * PRICE.0));
}

#[test]
fn a_quota_is_kept_over_a_restart_and_says_exactly_when_to_come_again() {
    let quota = Quota { messages: 5, period: 24 * HOUR };
    let mut bench = Bench::new(Terms { quota: Some(quota), ..Terms::default() });
    bench.send(3).unwrap();
    bench.now = bench.now + HOUR;
    let Ok(Grant::Submitted(Submitted::Accepted { means, .. })) = bench.send(1) else { panic!("refused") };
    assert_eq!(means.quota.map(|it| (it.limit, it.remaining, it.reset)), Some((5, 1, 23 * HOUR)));
    bench.crash();
    let Err(Denial::TooMany { limit, wait, .. }) = bench.send(2) else { panic!("accepted") };
    assert_eq!((limit, wait), (Limit::Quota, Some(23 * HOUR)));
    bench.now = bench.now + 23 * HOUR;
    ids(&bench.send(2));
    let Err(Denial::TooMany { wait, .. }) = bench.send(6) else { panic!("accepted") };
    assert_eq!(wait, None, "it is more than any period has");
}

#[test]
fn a_rate_lets_a_second_s_worth_go_and_others_are_not_its_concern() {
    let mut bench = Bench::new(Terms { rate: Some(2.0), ..Terms::default() });
    ids(&bench.send(1));
    ids(&bench.send(1));
    let Err(Denial::TooMany { limit, wait, means }) = bench.send(1) else { panic!("accepted") };
    assert_eq!((limit, wait), (Limit::Rate, Some(Duration::from_millis(500))));
    assert_eq!(means.rate.map(|it| (it.limit, it.remaining)), Some((2, 0)));
    let (request, order) = bench.order(BANK, BULK, 1);
    ids(&bench.beat(vec![order]).replies[&request]);
    bench.now = bench.now + Duration::from_millis(500);
    ids(&bench.send(1));
}
