//! The promises of a queue, one after the other, and then whatever fails and dies.

use super::*;
use crate::message::id::{AccountId, EndpointId};
use crate::record::event::EventKind;
use proptest::prelude::*;

const NOW: Time = Time(1_795_168_800_000);
const NOT_TAKEN: Verdict = Verdict::NotTaken { asked: None, calm: false };

fn event(n: u64, message: u64) -> Event {
    let about = Some(Seq(message)).filter(|it| it.0 != 0);
    let (kind, data) = (EventKind::MessageDelivered, "{}".into());
    Event { n, token: n, account: Some(AccountId(1)), about, kind, at: NOW, data, callback: None }
}

fn mark(told_to: u64) -> EndpointMark {
    EndpointMark::new(EndpointId(3), AccountId(1), told_to)
}

fn queue(in_flight: usize, batch: usize, events: &[(u64, u64)]) -> Queue {
    let mut queue = Queue::new(EndpointLimits { in_flight, batch }, mark(0), Vec::new());
    let to = events.last().map_or(0, |it| it.0);
    queue.read(events.iter().map(|it| event(it.0, it.1)).collect(), to);
    queue
}

fn numbers(delivery: Option<Delivery>) -> Vec<u64> {
    delivery.into_iter().flat_map(|it| it.events).map(|it| it.0).collect()
}

fn after(seconds: u64) -> Time {
    NOW + Duration::from_secs(seconds)
}

#[test]
fn events_of_one_message_go_one_after_the_other_and_others_beside_them() {
    let mut queue = queue(8, 1, &[(1, 7), (2, 7), (3, 8), (4, 0)]);
    assert_eq!(numbers(queue.next(NOW, Room::ALL)), [1]);
    assert_eq!(numbers(queue.next(NOW, Room::ALL)), [3], "2 waits for 1");
    assert_eq!(numbers(queue.next(NOW, Room::ALL)), [4]);
    assert_eq!(numbers(queue.next(NOW, Room::ALL)), [] as [u64; 0]);
    queue.answered(3, Verdict::Taken, NOW, 0);
    assert_eq!(queue.mark().told_to, 0, "1 is not told yet");
    queue.answered(1, Verdict::Taken, NOW, 0);
    assert_eq!(queue.mark().told_to, 1);
    assert_eq!(numbers(queue.next(NOW, Room::ALL)), [2]);
    queue.answered(2, Verdict::Taken, NOW, 0);
    queue.answered(4, Verdict::Taken, NOW, 0);
    assert_eq!((queue.mark().told_to, queue.rows()), (4, 0));
    assert!(queue.progress().retries.is_empty(), "nothing failed, so nothing has a row");
}

#[test]
fn what_is_not_taken_stands_in_a_row_with_what_waits_for_it_and_the_mark_goes_on() {
    let mut queue = queue(8, 1, &[(1, 7), (2, 7), (3, 8)]);
    queue.next(NOW, Room::ALL);
    assert_eq!(numbers(queue.next(NOW, Room::ALL)), [3]);
    queue.answered(1, NOT_TAKEN, NOW, 0);
    queue.answered(3, Verdict::Taken, NOW, 0);
    let progress = queue.progress();
    let rows: Vec<_> = progress.retries.iter().map(|it| (it.first(), it.tries, it.due)).collect();
    assert_eq!(rows, [(1, 1, after(5)), (2, 0, Time::NEVER)]);
    assert_eq!(progress.marks[0].told_to, 3);
    assert_eq!(queue.next(after(4), Room::ALL), None);
    assert_eq!(queue.next_at(NOW), Some(after(5)));
    assert_eq!(numbers(queue.next(after(5), Room::ALL)), [1]);
    queue.answered(1, Verdict::Taken, after(5), 0);
    assert_eq!(numbers(queue.next(after(5), Room::ALL)), [2]);
    queue.answered(2, Verdict::Taken, after(5), 0);
    assert_eq!(queue.progress().settled, [(EndpointId(3), 1), (EndpointId(3), 2)]);
}

#[test]
fn a_batch_is_formed_once() {
    let mut queue = queue(8, 3, &[(1, 7), (2, 8), (3, 7), (4, 9)]);
    assert_eq!(numbers(queue.next(NOW, Room::ALL)), [1, 2, 3], "in the order of the log, of one message, too");
    queue.answered(1, NOT_TAKEN, NOW, 0);
    queue.read(vec![event(5, 8), event(6, 0)], 6);
    assert_eq!(numbers(queue.next(NOW, Room::ALL)), [4, 6], "5 waits for 2");
    assert_eq!(numbers(queue.next(after(5), Room::ALL)), [1, 2, 3]);
    queue.answered(1, Verdict::Taken, after(5), 0);
    assert_eq!(numbers(queue.next(after(5), Room::ALL)), [5]);
}

#[test]
fn an_open_breaker_spends_nothing_and_probes_now_and_then() {
    let events: Vec<_> = (1..=40).map(|it| (it, it)).collect();
    let mut queue = queue(8, 1, &events);
    let mut tried = 0;
    while let Some(delivery) = queue.next(NOW, Room::ALL) {
        queue.answered(delivery.first(), NOT_TAKEN, NOW, 0);
        tried += 1;
    }
    assert_eq!(tried, 10, "ten failures open it");
    assert_eq!(queue.next(after(29), Room::ALL), None);
    for minute in 1..60 {
        let probe = queue.next(after(60 * minute), Room::ALL).expect("one goes");
        assert_eq!(queue.next(after(60 * minute), Room::ALL), None, "and no other");
        assert!(probe.tries <= 1, "nothing is spent");
        queue.answered(probe.first(), NOT_TAKEN, after(60 * minute), 0);
    }
    let mut taken = Vec::new();
    while let Some(delivery) = queue.next(after(7_200), Room::ALL) {
        taken.push(delivery.first());
        queue.answered(delivery.first(), Verdict::Taken, after(7_200), 0);
    }
    taken.sort_unstable();
    assert_eq!(taken, (1..=40).collect::<Vec<_>>());
}

#[test]
fn the_schedule_ends_and_what_was_given_up_is_told_again_on_demand() {
    let mut queue = queue(1, 1, &[(1, 7), (2, 7)]);
    let mut now = NOW;
    for tries in 0..10 {
        let delivery = loop {
            match queue.next(now, Room::ALL) {
                Some(delivery) => break delivery,
                None => now = queue.next_at(now).expect("something is next").max(now),
            }
        };
        assert_eq!((delivery.first(), delivery.tries), (1, tries));
        queue.answered(1, NOT_TAKEN, now, 0);
        // Others are taken meanwhile, so that the endpoint is not dead.
        queue.failures = 0;
        queue.mark.failing_since = Time::NEVER;
    }
    let rows = queue.progress().retries;
    assert_eq!(rows.iter().find(|it| it.first() == 1).map(|it| it.due), Some(Time::NEVER), "given up");
    assert_eq!(numbers(queue.next(now, Room::ALL)), [2], "what waited behind it goes");
    queue.answered(2, Verdict::Taken, now, 0);
    queue.recover(rows, now);
    assert_eq!(numbers(queue.next(now, Room::ALL)), [1]);
}

#[test]
fn whoever_takes_nothing_for_five_days_or_says_gone_is_told_no_more() {
    let mut queue = queue(1, 1, &[(1, 1), (2, 2)]);
    queue.next(NOW, Room::ALL);
    queue.answered(1, NOT_TAKEN, NOW, 0);
    let late = NOW + DISABLED_AFTER;
    let first = queue.next(late, Room::ALL).expect("it is due").first();
    queue.answered(first, NOT_TAKEN, late, 0);
    assert_eq!((queue.mark().disabled_at, queue.next(late + DISABLED_AFTER, Room::ALL)), (late, None));
    assert_eq!(queue.wants(), None);
    let mut other = super::tests::queue(1, 1, &[(1, 1)]);
    other.next(NOW, Room::ALL);
    other.answered(1, Verdict::Gone, NOW, 0);
    assert_eq!(other.mark().disabled_at, NOW);
    assert_eq!(other.progress().retries.len(), 1, "it is not lost");
    other.recover(Vec::new(), NOW);
    assert_eq!(numbers(other.next(after(60), Room::ALL)), [1]);
}

/// An endpoint that takes each event with some chance, and a process that dies now and then.
#[derive(Default)]
struct World {
    told: Vec<u64>,
    rows: BTreeMap<u64, Undelivered>,
    mark: u64,
}

impl World {
    fn save(&mut self, queue: &mut Queue) {
        let progress = queue.progress();
        for (_, first) in progress.settled {
            self.rows.remove(&first);
        }
        self.rows.extend(progress.retries.into_iter().map(|it| (it.first(), it)));
        if let Some(mark) = progress.marks.first() {
            self.mark = mark.told_to;
        }
    }

    fn restart(&self, limits: EndpointLimits, log: &[Event]) -> Queue {
        let find = |n: u64| log.iter().find(|it| it.n == n).cloned();
        let waits = |it: &Undelivered| (it.tries == 0).then(|| find(it.first())).flatten();
        let rows = self.rows.values().map(|it| (it.clone(), waits(it))).collect();
        Queue::new(limits, mark(self.mark), rows)
    }
}

proptest! {
    #[test]
    fn everything_is_told_in_order_whatever_fails_and_dies(
        messages in proptest::collection::vec(0_u64..6, 1..60),
        dice in proptest::collection::vec(0_u8..20, 40..400),
        in_flight in 1_usize..6,
        batch in 1_usize..4,
    ) {
        let log: Vec<Event> = (1..).zip(&messages).map(|(n, it)| event(n, *it)).collect();
        let limits = EndpointLimits { in_flight, batch };
        let mut world = World::default();
        let mut queue = world.restart(limits, &log);
        let (mut now, mut flights) = (NOW, VecDeque::new());
        for die in dice.iter().copied().chain(std::iter::repeat_n(4, 3_000)) {
            if let Some((from, room)) = queue.wants() {
                let found: Vec<Event> = log.iter().filter(|it| from < it.n).take(room.min(7)).cloned().collect();
                let to = found.last().map_or(from, |it| it.n);
                queue.read(found, to);
            }
            match die {
                0 => {
                    world.save(&mut queue);
                    queue = world.restart(limits, &log);
                    flights.clear();
                }
                1..=3 => if let Some(first) = flights.pop_front().map(|it: Delivery| it.first()) {
                    queue.answered(first, NOT_TAKEN, now, 0);
                },
                4..=12 => {
                    if let Some(delivery) = flights.pop_front() {
                        world.told.extend(delivery.events.iter().map(|it| it.0));
                        queue.answered(delivery.first(), Verdict::Taken, now, 0);
                    }
                    flights.extend(queue.next(now, Room::ALL));
                }
                _ => flights.extend(queue.next(now, Room::ALL)),
            }
            now = now + Duration::from_secs(40);
            if die % 2 == 0 {
                world.save(&mut queue);
            }
        }
        world.save(&mut queue);
        prop_assert_eq!(world.mark, log.len() as u64, "the mark is at the end of the log");
        prop_assert!(world.rows.is_empty(), "{:?}", world.rows);
        // Each was told, and the first time each of one message after all before it.
        for message in 1..6 {
            let own: Vec<u64> = log.iter().filter(|it| it.about == Some(Seq(message))).map(|it| it.n).collect();
            let mut seen = Vec::new();
            for n in world.told.iter().filter(|it| own.contains(it)) {
                if !seen.contains(n) {
                    seen.push(*n);
                }
            }
            prop_assert_eq!(seen, own);
        }
        prop_assert_eq!(world.told.iter().collect::<BTreeSet<_>>().len(), log.len());
    }
}

#[test]
fn what_stands_in_a_row_is_not_read_again_behind_a_mark_that_hangs_back() {
    let mut first = queue(4, 1, &[(1, 1), (2, 2), (3, 3)]);
    for _ in 0..3 {
        first.next(NOW, Room::ALL);
    }
    // The first is still under way, the second has failed, the third is given up.
    first.answered(2, NOT_TAKEN, NOW, 0);
    let rows = first.progress().retries;
    let given_up = Undelivered { events: vec![3], about: vec![Seq(3)], tries: 10, due: Time::NEVER, ..rows[0].clone() };
    let rows = vec![(rows[0].clone(), None), (given_up, None)];
    let mut again = Queue::new(EndpointLimits { in_flight: 4, batch: 1 }, first.mark().clone(), rows);
    assert_eq!(again.wants(), Some((0, FRESH_MAX)));
    again.read(vec![event(1, 1), event(2, 2), event(3, 3), event(4, 3)], 4);
    assert_eq!(numbers(again.next(after(5), Room::ALL)), [2]);
    assert_eq!(numbers(again.next(after(5), Room::ALL)), [1]);
    assert_eq!(numbers(again.next(after(5), Room::ALL)), [4], "what was given up holds nothing back");
    assert_eq!(again.next(after(5), Room::ALL), None);
}

#[test]
fn what_is_recovered_takes_no_slot_of_what_is_new_and_goes_behind_it() {
    let mut queue = queue(4, 1, &[(11, 11), (12, 12), (13, 13)]);
    let given_up = |n: u64| Undelivered {
        endpoint: EndpointId(3),
        events: vec![n],
        about: vec![Seq(n)],
        tries: 10,
        due: Time::NEVER,
    };
    queue.recover((1..=9).map(given_up).collect(), NOW);
    let without = Room { for_retries: false, ..Room::ALL };
    assert_eq!(numbers(queue.next(NOW, without)), [11], "there is no slot for what comes back");
    let back = [(); 2].map(|()| queue.next(NOW, Room::ALL).expect("there is room for it"));
    assert!(back.iter().all(|it| it.is_replay && it.is_retry()), "{back:?}");
    assert_eq!(numbers(queue.next(NOW, Room::ALL)), [12], "half of the slots are left to what is new");
}
