//! Orders that are not over: when the last message of one ends, its account is told how all of them did.
//!
//! ```text
//!   accepted ──► counted in memory ──► each change of a status ──► nothing is pending: the event, in the same batch
//!                       ▲
//!   the store ──────────┘ of an order of before the start, when a message of it ends, to the next that is pending
//! ```
//!
//! A message that has ended never waits again, so that an order comes to its end once, whatever is corrected after
//! that. An order of one message is not counted: what is told of its message says all.
//!
//! **What it costs.** An order of before the start is read in the order of its messages, [`COUNTED_AT_ONCE`] at a time,
//! and no further than to one that is pending; that one has to end before more is read. So a process reads each message
//! once, and a beat that much of each order with an end in it. An order of which all that was read and the one that
//! ends now are over is read on at once, for the event belongs into this batch: all of it, at most once; of 10,000
//! messages that took 9.6 ms in a debug build. Each end of a message that is an order of its own, and of before the
//! start, is one look for a row that is not there. Of more than [`OPEN_MAX`] orders those of which the fewest messages
//! are counted are forgotten, and read anew at their next end: as about as many stay that are no smaller, of N messages
//! in the store an end reads hardly more than N / [`OPEN_MAX`].
//!
//! **What is lost.** A message that is set aside for damage never ends. Until the next start its order waits for it,
//! and if it was the last one that was pending, nobody is told of the end of the order; nor of that of an order whose
//! own record was set aside. The page of the order shows what there is.

use crate::dispatch::beat::StatusChange;
use crate::message::id::{OrderId, Seq};
use crate::message::status::Totals;
use crate::record::contract::{Counted, Poisoned};
use std::collections::BTreeMap;

/// Messages of an order that are read at once: some tens of microseconds.
pub(super) const COUNTED_AT_ONCE: u64 = 64;

/// Orders that are counted in memory, of about a hundred octets each.
const OPEN_MAX: usize = 100_000;

/// So many are forgotten together, so that who looks for the smallest seldom has to.
const FORGOTTEN_AT_ONCE: usize = OPEN_MAX / 10;

/// The orders of several messages that are not over, as far as they are counted.
#[derive(Debug)]
pub(super) struct OpenOrders {
    open: BTreeMap<OrderId, OpenOrder>,
    /// From this on, who is not counted has one message, or is over.
    known_from: u64,
}

/// An order of several messages: between two beats one of those that are counted is pending.
#[derive(Debug)]
struct OpenOrder {
    /// Where its messages below `next` stand.
    totals: Totals,
    next: Seq,
    end: Seq,
}

/// An order that is over by the end of a message.
#[derive(Debug)]
pub(super) struct Over {
    /// How its messages did.
    pub(super) totals: Totals,
    /// The message that ended last.
    pub(super) last: Seq,
}

/// What a beat changed of an order.
#[derive(Default)]
struct Changed {
    /// The message that ended last, if any did.
    last: Option<Seq>,
    /// What became of messages that are not counted yet.
    unread: Vec<StatusChange>,
}

impl OpenOrders {
    /// Of a process that makes orders from this number on.
    pub(super) const fn new(next_order: u64) -> Self {
        Self { open: BTreeMap::new(), known_from: next_order }
    }

    /// An order has become whole: all of it is queued.
    pub(super) fn begin(&mut self, order: OrderId, first: Seq, count: u32) {
        let end = Seq(first.0 + u64::from(count));
        self.open.insert(order, OpenOrder { totals: Totals::queued(count.into()), next: end, end });
        self.forget();
    }

    /// Counts what changed in a beat, in the order in which it did; which orders are over by it. Those that are not
    /// counted whole are read from where they are, as the store has them before the beat.
    pub(super) fn count(
        &mut self,
        changes: &[StatusChange],
        mut read: impl FnMut(OrderId, Seq) -> Result<Option<Counted>, Poisoned>,
    ) -> Result<Vec<Over>, Poisoned> {
        let mut over = Vec::new();
        for (order, changed) in self.note(changes) {
            let Some(last) = changed.last else { continue };
            let Some(open) = self.open.get_mut(&order) else { continue };
            if !open.count_on(&changed.unread, |from| read(order, from))? {
                self.open.remove(&order);
            } else if open.totals.pending() == 0 {
                over.push(Over { totals: open.totals, last });
                self.open.remove(&order);
            }
        }
        self.forget();
        Ok(over)
    }

    /// Counts what changed of what is counted, and takes up orders of before of which a message ends; what is left to
    /// look at.
    fn note(&mut self, changes: &[StatusChange]) -> BTreeMap<OrderId, Changed> {
        let ends = |it: &StatusChange| it.after.is_final() && !it.before.is_final();
        for change in changes.iter().filter(|it| it.order.number_in_records() < self.known_from && ends(it)) {
            self.open.entry(change.order).or_insert_with(OpenOrder::unread);
        }
        let mut changed = BTreeMap::<OrderId, Changed>::new();
        for change in changes {
            let Some(open) = self.open.get_mut(&change.order) else { continue };
            if change.seq < open.next {
                open.totals.change(change.before, change.after);
            } else {
                changed.entry(change.order).or_default().unread.push(*change);
            }
            if ends(change) {
                changed.entry(change.order).or_default().last = Some(change.seq);
            }
        }
        changed
    }

    fn forget(&mut self) {
        if self.open.len() <= OPEN_MAX {
            return;
        }
        let mut sizes: Vec<(u64, OrderId)> = self.open.iter().map(|(order, it)| (it.totals.total(), *order)).collect();
        let (smallest, ..) = sizes.select_nth_unstable(FORGOTTEN_AT_ONCE);
        for (_, order) in smallest {
            self.open.remove(order);
            self.known_from = self.known_from.max(order.number_in_records() + 1);
        }
    }
}

impl OpenOrder {
    /// Of which nothing is known yet.
    fn unread() -> Self {
        Self { totals: Totals::default(), next: Seq(0), end: Seq(Seq::END) }
    }

    /// Reads on until a message is pending, or all are counted; `false` for an order of a single message.
    fn count_on(
        &mut self,
        unread: &[StatusChange],
        mut read: impl FnMut(Seq) -> Result<Option<Counted>, Poisoned>,
    ) -> Result<bool, Poisoned> {
        while self.totals.pending() == 0 && self.next < self.end {
            let Some(more) = read(self.next)? else { return Ok(false) };
            self.totals.add_all(&more.totals);
            for it in unread.iter().filter(|it| self.next <= it.seq && it.seq < more.next) {
                self.totals.change(it.before, it.after);
            }
            (self.next, self.end) = (more.next, more.end);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::status::Status::{self, Cancelled, Delivered, Failed, Queued, Sent, Unknown};

    fn change(order: u64, seq: u64, (before, after): (Status, Status)) -> StatusChange {
        StatusChange { seq: Seq(seq), order: OrderId::from_record(order), before, after }
    }

    /// The messages of one order of a store, from seq 1000 on.
    struct Stored {
        order: u64,
        messages: Vec<Status>,
        reads: usize,
    }

    impl Stored {
        fn of(order: u64, messages: Vec<Status>) -> Self {
            Self { order, messages, reads: 0 }
        }

        /// Orders that are over, with the message that was last and how they ended; then the store has the changes.
        fn count(&mut self, orders: &mut OpenOrders, changes: &[StatusChange]) -> Vec<(u64, String)> {
            let over = orders.count(changes, |order, from| {
                self.reads += 1;
                let end = Seq(1_000 + self.messages.len() as u64);
                let from = from.max(Seq(1_000));
                let (next, mut totals) = (Seq(from.0 + COUNTED_AT_ONCE).min(end), Totals::default());
                (from.0..next.0).for_each(|it| totals.add(self.messages[it as usize - 1_000]));
                Ok((order.number_in_records() == self.order).then_some(Counted { totals, next, end }))
            });
            for it in changes.iter().filter(|it| it.order.number_in_records() == self.order) {
                self.messages[it.seq.0 as usize - 1_000] = it.after;
            }
            let told = |it: Over| {
                format!("{} {} of {}", it.totals.status().word(), it.totals.of(Delivered), it.totals.total())
            };
            over.unwrap().into_iter().map(|it| (it.last.0, told(it))).collect()
        }
    }

    #[test]
    fn an_order_is_over_with_the_last_of_its_messages_and_once() {
        let (mut orders, mut none) = (OpenOrders::new(7), Stored::of(0, Vec::new()));
        orders.begin(OrderId::from_record(7), Seq(1), 2);
        assert!(none.count(&mut orders, &[change(7, 1, (Queued, Sent)), change(7, 2, (Queued, Unknown))]).is_empty());
        // The last ends, and then the other is corrected, in one beat.
        let end = [change(7, 1, (Sent, Delivered)), change(7, 2, (Unknown, Delivered))];
        assert_eq!(none.count(&mut orders, &end), [(1, "COMPLETED 2 of 2".into())]);
        assert!(none.count(&mut orders, &[change(7, 1, (Unknown, Failed))]).is_empty());
        assert!(none.count(&mut orders, &[change(8, 3, (Queued, Failed))]).is_empty(), "of one message");
        assert_eq!((orders.open.len(), none.reads), (0, 0));
    }

    #[test]
    fn an_order_of_before_is_read_once_and_no_further_than_to_a_message_that_is_pending() {
        let (mut orders, mut stored) = (OpenOrders::new(7), Stored::of(3, vec![Sent; 1_000]));
        let mut over = Vec::new();
        assert!(
            stored.count(&mut orders, &[change(3, 1_999, (Unknown, Delivered)), change(2, 1, (Sent, Sent))]).is_empty()
        );
        assert_eq!(stored.reads, 0, "what is corrected is over, and what goes on is not");
        // What is last ends first, then the others from the first on, three in a beat, one of them from queue to end.
        assert!(stored.count(&mut orders, &[change(3, 1_999, (Sent, Failed))]).is_empty());
        for seq in (1_000..1_999).step_by(3) {
            let ends = [change(3, seq + 1, (Sent, Queued)), change(3, seq, (Sent, Delivered))];
            let more = [change(3, seq + 2, (Sent, Delivered)), change(3, seq + 1, (Queued, Unknown))];
            over.extend(stored.count(&mut orders, &[ends, more].concat()));
        }
        assert_eq!(over, [(1_997, "PARTIAL 666 of 1000".to_owned())]);
        assert_eq!((stored.reads, orders.open.len()), (1_000_usize.div_ceil(64), 0));
        assert!(stored.count(&mut orders, &[change(3, 1_001, (Unknown, Delivered))]).is_empty());
    }

    #[test]
    fn an_order_of_before_whose_last_message_ends_first_is_read_whole_at_once() {
        for last in [1_000, 1_063, 1_064, 1_150, 1_199] {
            let (mut orders, mut stored) = (OpenOrders::new(7), Stored::of(3, vec![Failed; 200]));
            stored.messages[last as usize - 1_000] = Queued;
            let told =
                stored.count(&mut orders, &[change(3, last, (Queued, Sent)), change(3, last, (Sent, Delivered))]);
            assert_eq!((told, stored.reads), (vec![(last, "PARTIAL 1 of 200".into())], 4));
            assert!(orders.open.is_empty());
        }
        let (mut orders, mut stored) = (OpenOrders::new(7), Stored::of(3, vec![Queued; 200]));
        assert!(stored.count(&mut orders, &[change(2, 1, (Queued, Failed))]).is_empty(), "of one message");
        let all: Vec<StatusChange> = (1_000..1_200).map(|it| change(3, it, (Queued, Cancelled))).collect();
        assert_eq!(stored.count(&mut orders, &all), [(1_199, "CANCELLED 0 of 200".into())]);
        assert_eq!((stored.reads, orders.open.len()), (1 + 4, 0));
    }

    #[test]
    fn so_many_are_counted_in_memory_and_the_smallest_are_read_again() {
        let (mut orders, mut stored) = (OpenOrders::new(1), Stored::of(OPEN_MAX as u64 + 1, vec![Sent; 2]));
        let begin =
            |orders: &mut OpenOrders, order: u64, count| orders.begin(OrderId::from_record(order), Seq(1_000), count);
        begin(&mut orders, 1, 2);
        (2..=OPEN_MAX as u64).for_each(|it| begin(&mut orders, it, 3));
        assert_eq!((orders.open.len(), orders.known_from), (OPEN_MAX, 1));
        begin(&mut orders, OPEN_MAX as u64 + 1, 2);
        assert_eq!(orders.open.len(), OPEN_MAX + 1 - FORGOTTEN_AT_ONCE);
        let is_counted = |orders: &OpenOrders, it: u64| orders.open.contains_key(&OrderId::from_record(it));
        assert!(!is_counted(&orders, 1) && !is_counted(&orders, stored.order) && is_counted(&orders, OPEN_MAX as u64));
        assert!(stored.count(&mut orders, &[change(stored.order, 1_000, (Sent, Failed))]).is_empty());
        // It is among what is counted again, however small it is.
        assert!(is_counted(&orders, stored.order));
        let last = [change(stored.order, 1_001, (Sent, Failed))];
        assert_eq!(stored.count(&mut orders, &last), [(1_001, "FAILED 0 of 2".into())]);
        assert_eq!(stored.reads, 1);
    }
}
