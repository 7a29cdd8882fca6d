//! Receipts for nothing, of one carrier, beside those of others.

use crate::simulation::failover::receipt;
use crate::simulation::lanes::Bench;
use nuncio::carrier::report::Ticket;
use nuncio::dispatch::door::fact::Fact;
use nuncio::dispatch::door::happening::Happening;
use nuncio::dispatch::door::plan::Plan;
use nuncio::message::id::{CarrierId, LinkId};
use nuncio::message::status::Status;
use nuncio::record::contract::Store;

const QUIET: LinkId = LinkId { carrier: CarrierId(1), bind: 0 };
const LOUD: LinkId = LinkId { carrier: CarrierId(2), bind: 0 };
const ROOM: usize = 10;

fn receipts(link: LinkId, tickets: std::ops::Range<u64>) -> Vec<Happening> {
    tickets.map(|it| receipt(link, Ticket(it), Status::Delivered)).collect()
}

#[test]
fn a_carrier_that_floods_us_with_receipts_for_nothing_pushes_out_its_own() {
    let mut plan: Plan = Bench::plan_over(&[QUIET.carrier, LOUD.carrier]);
    plan.limits.parked_max = ROOM;
    let mut bench = Bench::of(plan);
    bench.beat(receipts(QUIET, 0..3));
    let mut given_up = Vec::new();
    for from in [0, 20, 40] {
        let (_, outcome) = bench.beat(receipts(LOUD, from..from + 20));
        given_up.extend(outcome.facts.into_iter().filter_map(|it| match it {
            Fact::Unmatched { carrier } => Some(carrier),
            _ => None,
        }));
    }
    assert_eq!(given_up, [LOUD.carrier; 60 - (ROOM - 3)]);
    let parked = bench.store.recover().unwrap().parked;
    let of = |link: LinkId| parked.iter().filter(|it| it.carrier == link.carrier).count();
    assert_eq!((of(QUIET), of(LOUD)), (3, ROOM - 3));
    // The newest of the loud one are those that wait.
    assert_eq!(parked.last().unwrap().carrier_message_id.as_str(), "2-59");
}
