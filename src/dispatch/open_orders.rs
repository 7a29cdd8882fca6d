//! Orders that are not over: when the last message of one ends, its account is told how all of them did.
//!
//! ```text
//!   accepted ──► counted in memory ──► each change of a status ──► nothing is pending: the event, in the same batch
//!                       ▲
//!   the store ──────────┘ once, when a message of an order of before the start ends
//! ```
//!
//! A message that has ended never waits again, so that an order comes to its end once, whatever is corrected after
//! that. An order of one message is not counted: what is told of its message says all.

use crate::dispatch::beat::StatusChange;
use crate::message::id::{OrderId, Seq};
use crate::message::status::Totals;
use crate::record::contract::Poisoned;
use std::collections::BTreeMap;

/// Orders that are counted in memory; others are read again when a message of theirs ends.
const OPEN_MAX: usize = 100_000;

/// The orders of several messages that are not over, as far as they are counted.
#[derive(Debug)]
pub(super) struct OpenOrders {
    open: BTreeMap<OrderId, Totals>,
    /// From this on, who is not counted has one message, or is over.
    known_from: u64,
}

/// An order that is over by the end of a message.
#[derive(Debug)]
pub(super) struct Over {
    /// How its messages did.
    pub(super) totals: Totals,
    /// The message that ended last.
    pub(super) last: Seq,
}

impl OpenOrders {
    /// Of a process that makes orders from this number on.
    pub(super) const fn new(next_order: u64) -> Self {
        Self { open: BTreeMap::new(), known_from: next_order }
    }

    /// An order has become whole: all of it is queued.
    pub(super) fn begin(&mut self, order: OrderId, count: u32) {
        self.open.insert(order, Totals::queued(count.into()));
        self.forget();
    }

    /// Counts what changed in a beat, in the order in which it did; which orders are over by it. Those that are not
    /// counted yet are read as they were before the beat.
    pub(super) fn count(
        &mut self,
        changes: &[(OrderId, StatusChange)],
        mut read: impl FnMut(OrderId) -> Result<Option<Totals>, Poisoned>,
    ) -> Result<BTreeMap<OrderId, Over>, Poisoned> {
        let ends = |it: &StatusChange| it.after.is_final() && !it.before.is_final();
        for (order, _) in changes.iter().filter(|it| ends(&it.1)) {
            if order.number_in_records() < self.known_from
                && !self.open.contains_key(order)
                && let Some(totals) = read(*order)?
            {
                self.open.insert(*order, totals);
            }
        }
        let mut over = BTreeMap::new();
        for (order, change) in changes {
            let Some(totals) = self.open.get_mut(order) else { continue };
            totals.change(change.before, change.after);
            if ends(change) && totals.pending() == 0 {
                over.insert(*order, Over { totals: *totals, last: change.seq });
            }
        }
        // What is corrected in the same beat is told as it is at the end of it.
        for (order, it) in &mut over {
            it.totals = self.open.remove(order).unwrap_or(it.totals);
        }
        self.forget();
        Ok(over)
    }

    fn forget(&mut self) {
        while OPEN_MAX < self.open.len() {
            let Some((order, _)) = self.open.pop_first() else { return };
            self.known_from = self.known_from.max(order.number_in_records() + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::status::Status;

    fn change(order: u64, seq: u64, (before, after): (Status, Status)) -> (OrderId, StatusChange) {
        (OrderId::from_record(order), StatusChange { seq: Seq(seq), before, after })
    }

    /// Orders that are over, with the message that was last and how they ended; the store has order 3, of two messages.
    fn count(orders: &mut OpenOrders, changes: &[(OrderId, StatusChange)]) -> Vec<(u64, u64, &'static str)> {
        let read = |it: OrderId| Ok((it.number_in_records() == 3).then(|| Totals::queued(2)));
        let over = orders.count(changes, read).unwrap();
        over.into_iter().map(|(id, it)| (id.number_in_records(), it.last.0, it.totals.status().word())).collect()
    }

    #[test]
    fn an_order_is_over_with_the_last_of_its_messages_and_once() {
        use Status::{Delivered, Failed, Queued, Sent, Unknown};
        let mut orders = OpenOrders::new(7);
        orders.begin(OrderId::from_record(7), 2);
        assert!(count(&mut orders, &[change(7, 1, (Queued, Sent)), change(7, 2, (Queued, Unknown))]).is_empty());
        // The last ends, and then the other is corrected, in one beat.
        let end = [change(7, 1, (Sent, Delivered)), change(7, 2, (Unknown, Delivered))];
        assert_eq!(count(&mut orders, &end), [(7, 1, "COMPLETED")]);
        assert!(count(&mut orders, &[change(7, 1, (Unknown, Failed))]).is_empty());
        assert!(orders.open.is_empty());
        assert!(count(&mut orders, &[change(8, 3, (Queued, Failed))]).is_empty(), "of one message");
    }

    #[test]
    fn an_order_of_before_is_read_once_one_of_its_messages_ends() {
        use Status::{Cancelled, Delivered, Failed, Queued, Unknown};
        let mut orders = OpenOrders::new(7);
        assert!(count(&mut orders, &[change(3, 4, (Unknown, Delivered)), change(2, 1, (Queued, Failed))]).is_empty());
        assert!(orders.open.is_empty(), "what is corrected is over");
        assert!(count(&mut orders, &[change(3, 4, (Queued, Cancelled))]).is_empty());
        assert_eq!(count(&mut orders, &[change(3, 5, (Queued, Delivered))]), [(3, 5, "PARTIAL")]);
    }

    #[test]
    fn so_many_are_counted_in_memory_and_the_oldest_are_read_again() {
        let mut orders = OpenOrders::new(1);
        (1..=OPEN_MAX as u64 + 3).for_each(|it| orders.begin(OrderId::from_record(it), 2));
        assert_eq!((orders.open.len(), orders.known_from), (OPEN_MAX, 4));
        assert!(count(&mut orders, &[change(3, 6, (Status::Queued, Status::Failed))]).is_empty());
        let mut stored = Totals::queued(2);
        stored.change(Status::Queued, Status::Failed);
        let last = [change(3, 7, (Status::Queued, Status::Failed))];
        assert_eq!(orders.count(&last, |_| Ok(Some(stored))).unwrap().len(), 1);
    }
}
