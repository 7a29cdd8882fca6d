//! Orders that are taken back, on the deciding floor with a store that can lose power.

use super::money::{BANK, Bench, PRICE, SHOP, ids, up};
use nuncio::dispatch::door::happening::{Ask, Happening, RequestId, Withdrawal};
use nuncio::dispatch::door::reply::{Denial, Grant, Reply, Withdrawn};
use nuncio::message::id::Seq;
use nuncio::message::money::Money;

/// All of an accepted order, to be taken back.
fn withdrawal(reply: &Reply) -> Withdrawal {
    let (order, messages) = ids(reply);
    let from = messages[0].seq;
    Withdrawal { account: SHOP, order, from, to: Seq(from.0 + messages.len() as u64) }
}

#[test]
fn a_large_order_is_taken_back_a_slice_a_beat_but_for_what_has_left_and_is_paid_back() {
    let mut bench = Bench::managed();
    bench.credit(Money(5_000 * PRICE.0), None).unwrap();
    let reply = bench.send(3_304);
    let all = withdrawal(&reply);
    let left = bench.beat(vec![up(300)]).submits.len();
    assert_eq!(left, 300);
    let first = bench.beat(vec![Happening::Ask(RequestId(9_000), Ask::Withdraw(all))]);
    assert!(first.replies.is_empty() && first.next == Some(bench.now), "it goes on at once");
    let (told, beats) = bench.until(9_000, first);
    assert_eq!((told, beats), (Ok(Grant::Withdrawn(Withdrawn { cancelled: 3_004, left: 300 })), 7));
    assert_eq!(bench.balance(), Money((5_000 - 300) * PRICE.0), "what has left is paid for, and all else paid back");
    // Whoever asks again is told the same and paid back nothing more.
    let first = bench.beat(vec![Happening::Ask(RequestId(9_001), Ask::Withdraw(all))]);
    assert_eq!(bench.until(9_001, first).0, Ok(Grant::Withdrawn(Withdrawn { cancelled: 3_004, left: 300 })));
    assert_eq!(bench.balance(), Money((5_000 - 300) * PRICE.0));
    assert!(bench.beat(vec![up(4_000)]).submits.is_empty(), "nothing of it goes any more");
}

#[test]
fn an_order_that_was_half_taken_back_when_the_process_died_is_taken_back_by_asking_again() {
    let mut bench = Bench::managed();
    bench.credit(Money(2_000 * PRICE.0), None).unwrap();
    let reply = bench.send(1_600);
    let all = withdrawal(&reply);
    let first = bench.beat(vec![Happening::Ask(RequestId(9_000), Ask::Withdraw(all))]);
    assert!(first.replies.is_empty());
    bench.crash();
    assert_eq!(bench.balance(), Money((2_000 - 1_600 + 500) * PRICE.0), "a slice of it is durable");
    let first = bench.beat(vec![Happening::Ask(RequestId(9_001), Ask::Withdraw(all))]);
    assert_eq!(bench.until(9_001, first).0, Ok(Grant::Withdrawn(Withdrawn { cancelled: 1_600, left: 0 })));
    assert_eq!(bench.balance(), Money(2_000 * PRICE.0));
}

#[test]
fn orders_are_taken_back_by_turns_and_not_more_than_some_at_once_and_never_those_of_others() {
    let mut bench = Bench::managed();
    bench.credit(Money(4_000 * PRICE.0), None).unwrap();
    let (large, small) = (bench.send(1_500), bench.send(2));
    let ask = |request, it| Happening::Ask(RequestId(request), Ask::Withdraw(it));
    let first = bench.beat(vec![ask(9_000, withdrawal(&large)), ask(9_001, withdrawal(&small))]);
    assert!(first.replies.is_empty());
    let done = bench.beat(Vec::new());
    assert_eq!(
        done.replies.get(&9_001),
        Some(&Ok(Grant::Withdrawn(Withdrawn { cancelled: 2, left: 0 }))),
        "it waits for one slice"
    );
    assert_eq!(bench.until(9_000, done).0, Ok(Grant::Withdrawn(Withdrawn { cancelled: 1_500, left: 0 })));
    let third = bench.send(3);
    let foreign = Withdrawal { account: BANK, ..withdrawal(&third) };
    let first = bench.beat(vec![ask(9_002, foreign)]);
    assert_eq!(bench.until(9_002, first).0, Ok(Grant::Withdrawn(Withdrawn { cancelled: 0, left: 0 })));
    let many = bench.beat((0..20).map(|it| ask(9_100 + it, withdrawal(&third))).collect());
    let refused = many.replies.values().filter(|it| matches!(it, Err(Denial::QueueFull(_)))).count();
    assert_eq!(refused, 4);
    assert_eq!(bench.until(9_115, many).0, Ok(Grant::Withdrawn(Withdrawn { cancelled: 3, left: 0 })));
}
