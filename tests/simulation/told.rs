//! What telemetry was told in a run, beside what the store and the carriers' receipts say at its end.

use crate::simulation::world::World;
use nuncio::carrier::report::{News, Report};
use nuncio::dispatch::door::fact::Fact;
use nuncio::dispatch::door::happening::Happening;
use nuncio::message::status::Status;
use nuncio::record::money::Why;
use std::collections::BTreeMap;

/// What was told, counted.
#[derive(Default)]
pub(crate) struct Told {
    accepted: u64,
    /// Messages that ended for the first time.
    ended: u64,
    /// Where messages stand by the last that was told.
    stand: BTreeMap<u64, Status>,
    /// Receipts that came, and those that were told.
    receipts: (u64, u64),
    paid_back: i64,
}

impl World {
    /// A beat is durable: what came in it, and what it told.
    pub(super) fn count_told(&mut self, happenings: &[Happening], facts: &[Fact]) {
        let told = &mut self.told;
        let is_receipt =
            |it: &&Happening| matches!(it, Happening::Link(_, Report::Inbound { news: News::Receipt(_), .. }));
        told.receipts.0 += happenings.iter().filter(is_receipt).count() as u64;
        for fact in facts {
            match fact {
                Fact::Accepted { count, .. } => told.accepted += *count as u64,
                Fact::Status { message, status, corrected, .. } => {
                    told.ended += u64::from(status.is_final() && !corrected);
                    told.stand.insert(message.seq.0, *status);
                }
                Fact::Receipt { .. } => told.receipts.1 += 1,
                Fact::Refunded { amount, .. } => told.paid_back += amount.0,
                _ => (),
            }
        }
    }

    /// Figures are the sums of what is told: where no commit failed, which takes what it told with it, they are what
    /// there is.
    pub(super) fn check_told(&mut self) {
        if self.tally.of("failed commits") != 0 {
            return;
        }
        let told = &self.told;
        let messages = self.store.bodies.len() as u64;
        assert_eq!((told.accepted, told.ended), (messages, messages), "told: accepted and ended of {messages}");
        for seq in self.store.bodies.keys() {
            assert_eq!(told.stand.get(&seq.0).copied(), self.store.status(*seq), "told: how {seq:?} ended");
        }
        assert_eq!(told.receipts.0, told.receipts.1, "told: receipts");
        let lines = self.store.memory.ledger().filter(|it| it.why == Why::Refund);
        let back: Vec<i64> = lines.map(|it| it.amount.0).collect();
        assert_eq!(told.paid_back, back.iter().sum::<i64>(), "told: what was paid back");
        let compared =
            [("ends told", messages), ("receipts told", told.receipts.0), ("refunds told", back.len() as u64)];
        compared.into_iter().for_each(|(what, count)| self.tally.add(what, count));
    }
}
