//! What chance seldom brings about: a lane that outgrows memory in one beat, and a carrier that
//! throttles one part hundreds of times.

use nuncio::carrier::report::{Answered, Report, Ticket};
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::happening::{Ask, Happening, Recipient, RequestId, Submission};
use nuncio::dispatch::door::plan::{Carrier, Limits, Plan};
use nuncio::dispatch::{Dispatch, Effects};
use nuncio::message::attempt::{Answer, CarrierMessageId};
use nuncio::message::class::Class;
use nuncio::message::id::{AccountId, CarrierId, LinkId, RouteId};
use nuncio::message::phase::Phase;
use nuncio::message::source::Source;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::record::contract::Store;
use nuncio::route::plan::Route;
use nuncio::store::memory::Memory;
use nuncio::text::content::Requested;
use std::sync::Arc;
use std::time::Duration;

pub(super) const LINK: LinkId = LinkId { carrier: CarrierId(1), bind: 0 };
pub(super) const ROUTE: RouteId = RouteId(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// The deciding floor and its store, without anything around.
pub(super) struct Bench {
    pub(super) dispatch: Dispatch,
    pub(super) store: Memory,
    pub(super) now: Time,
    plan: Arc<Plan>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::of(Self::plan())
    }

    /// One carrier with one link, and a route for marketing over it.
    pub(super) fn plan() -> Plan {
        Self::plan_over(&[LINK.carrier])
    }

    /// A route for marketing over carriers of one link each.
    pub(super) fn plan_over(carriers: &[CarrierId]) -> Plan {
        let mut plan = Plan { limits: Limits { ready_per_lane: 64, ..Limits::default() }, ..Plan::default() };
        plan.carriers.extend(carriers.iter().map(|it| (*it, Carrier::new(*it, "c"))));
        let route = Route {
            validity: 48 * HOUR,
            receipt_timeout: HOUR,
            ..Route::new(ROUTE, Class::Marketing, carriers.to_vec())
        };
        plan.routes.insert(ROUTE, route);
        plan
    }

    pub(super) fn of(plan: Plan) -> Self {
        let (mut store, now) = (Memory::new(), Time(1_767_225_600_000));
        let plan = Arc::new(plan);
        let dispatch = Dispatch::new(plan.clone(), store.recover().unwrap(), now);
        Self { dispatch, store, now, plan }
    }

    /// Begins anew with what is durable.
    pub(super) fn crash(&mut self) {
        self.store = self.store.crash();
        self.dispatch = Dispatch::new(self.plan.clone(), self.store.recover().unwrap(), self.now);
    }

    pub(super) fn beat(&mut self, happenings: Vec<Happening>) -> (Vec<Ticket>, Effects) {
        let mut chance = 0;
        let mut dice = || {
            chance += 1;
            chance
        };
        let outcome = self.dispatch.beat(self.now, &mut dice, happenings, &mut self.store).unwrap();
        let submits = outcome.commands.iter().filter_map(|it| match it {
            Command::Submit(_, submit) => Some(submit.ticket),
            _ => None,
        });
        (submits.collect(), outcome)
    }
}

pub(super) fn order(recipients: u64) -> Happening {
    Happening::Ask(RequestId(1), Ask::Submit(Box::new(submission(recipients))))
}

pub(super) fn submission(recipients: u64) -> Submission {
    let recipient = |it: u64| Recipient {
        destination: E164(31_600_000_000 + it),
        source: None,
        text: "hello".into(),
        requested: Requested::Auto,
        extras: None,
        parts: 1,
        client_ref: None,
        price: None,
    };
    Submission {
        account: AccountId(1),
        route: ROUTE,
        class: Class::Marketing,
        source: Source::Unset,
        send_at: None,
        validity: 48 * HOUR,
        idempotency: None,
        recipients: (0..recipients).map(recipient).collect(),
    }
}

pub(super) fn up(capacity: usize) -> Happening {
    Happening::Link(LINK, Report::Up { capacity, window: capacity })
}

pub(super) fn answered(ticket: Ticket, throttled: bool) -> Happening {
    let answered = Answered {
        answer: if throttled { Answer::Later } else { Answer::Taken },
        command_status: Some(if throttled { 0x58 } else { 0 }),
        carrier_message_id: (!throttled).then(|| CarrierMessageId::new(&format!("x{}", ticket.0)).unwrap()),
        reason: None,
        throttled,
        took: None,
    };
    Happening::Link(LINK, Report::Answered(ticket, answered))
}

#[test]
fn no_part_is_left_behind_the_horizon() {
    let mut bench = Bench::new();
    let (mut going, _) = bench.beat(vec![up(40), order(100)]);
    assert_eq!(going.len(), 40);
    let mut submitted = going.len();
    let mut more = Some(order(10));
    for _ in 0..100 {
        // Links free what they hold while, in the same beat, the lane grows and is read on.
        let happenings = going.iter().map(|it| answered(*it, false)).chain(more.take()).collect();
        going = bench.beat(happenings).0;
        submitted += going.len();
    }
    assert_eq!(submitted, 110);
}

#[test]
fn a_part_that_is_throttled_for_hours_goes_in_the_end() {
    let mut bench = Bench::new();
    let (mut going, _) = bench.beat(vec![up(1), order(1)]);
    for _ in 0..400 {
        assert_eq!(going.len(), 1);
        let (none, _) = bench.beat(vec![answered(going[0], true)]);
        assert!(none.is_empty(), "a carrier that throttles is given a rest");
        bench.now = bench.now + Duration::from_secs(31);
        going = bench.beat(Vec::new()).0;
    }
    bench.beat(vec![answered(going[0], false)]);
    let entry = bench.store.all().next().unwrap();
    assert_eq!(entry.parts[0].phase(), Phase::Sent);
    assert!(entry.past.len() < 2, "{} records of nothing", entry.past.len());
}
