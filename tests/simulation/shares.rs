//! How a carrier that is full is shared between the classes of messages.

use crate::simulation::lanes::{Bench, ROUTE, answered, submission, up};
use nuncio::carrier::report::Ticket;
use nuncio::dispatch::door::fact::Fact;
use nuncio::dispatch::door::happening::{Ask, Happening, RequestId, Submission};
use nuncio::message::class::Class;
use nuncio::message::id::RouteId;
use nuncio::route::plan::Route;
use std::collections::BTreeMap;

/// Each class, its share of twenty, and how many messages of it wait: more than go.
const CLASSES: [(Class, usize, u64); 3] =
    [(Class::Otp, 15, 1_600), (Class::Transactional, 4, 500), (Class::Marketing, 1, 200)];
/// What the carrier takes at once, and how often.
const ROOM: usize = 10;
const ROUNDS: usize = 200;

fn route(class: Class) -> RouteId {
    RouteId(ROUTE.0 + u32::from(class.number()))
}

#[test]
fn a_carrier_that_is_full_is_shared_by_class_over_a_start_too() {
    let mut plan = Bench::plan();
    for (class, ..) in CLASSES {
        let first = plan.routes[&ROUTE].clone();
        plan.routes.insert(route(class), Route { id: route(class), class, ..first });
    }
    let mut bench = Bench::of(plan);
    let ask = |(class, _, waits): (Class, usize, u64)| {
        let all = (0..waits / 100).map(move |_| Submission { class, route: route(class), ..submission(100) });
        all.map(|it| Happening::Ask(RequestId(1), Ask::Submit(Box::new(it))))
    };
    bench.beat(CLASSES.into_iter().flat_map(ask).collect());
    let (mut going, mut given): (Vec<Ticket>, _) = (Vec::new(), BTreeMap::<u8, usize>::new());
    for round in 0..ROUNDS {
        let mut happenings: Vec<Happening> = going.iter().map(|it| answered(*it, false)).collect();
        if round == ROUNDS / 2 {
            bench.beat(vec![up(0)].into_iter().chain(happenings.drain(..)).collect());
            bench.crash();
        }
        happenings.push(up(ROOM));
        let (next, outcome) = bench.beat(happenings);
        going = next;
        for fact in &outcome.facts {
            if let Fact::Submitted { class, .. } = fact {
                *given.entry(class.number()).or_default() += 1;
            }
        }
    }
    for (class, share, _) in CLASSES {
        let (given, due) = (given[&class.number()], ROOM * ROUNDS * share / 20);
        assert!(given.abs_diff(due) <= 20, "{class:?} had {given} of {}, and not {due}", ROOM * ROUNDS);
    }
}
