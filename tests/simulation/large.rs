//! Orders of several slices: whole or not at all, whatever dies meanwhile.

use crate::simulation::dice::Dice;
use crate::simulation::scenario::{Fault, Scenario, text};
use crate::simulation::watch::Watched;
use nuncio::message::id::Seq;
use nuncio::message::money::Money;
use nuncio::record::batch::Batch;
use std::collections::BTreeSet;

/// In so many of a hundred runs somebody asks for one.
const PERCENT: u64 = 5;
/// How many recipients it has: slices have 500.
const RECIPIENTS: (u64, u64) = (501, 650);
/// Milliseconds in which it mostly arrives.
const WHILE_IT_ARRIVES: u64 = 8;
/// Behind the labels of all other requests.
pub(super) const LABELS: u64 = 900_000;

impl Scenario {
    /// Another request as one that there is, of many more recipients; where the queue has room for it.
    pub(crate) fn large(&mut self, dice: &mut Dice) {
        let (some, recipients) = (dice.percent(PERCENT), dice.range(RECIPIENTS.0, RECIPIENTS.1));
        if !some || self.plans[0].limits.queued_max < recipients * 10 {
            return;
        }
        let (at, like) = &self.requests[dice.below(self.requests.len() as u64) as usize];
        let (mut large, at) = (like.clone(), *at);
        if let Some(keyed) = &mut large.idempotency {
            keyed.key = "large".into();
        }
        let first = like.recipients[0].clone();
        let price = first.price.map(|it| Money(it.0 / i64::from(first.parts)));
        large.recipients.clear();
        for n in 0..recipients {
            let to = &like.recipients[n as usize % like.recipients.len()];
            let mut it = to.clone();
            (it.text, it.parts, it.price) = (text(LABELS + n, 1).into(), 1, price);
            large.recipients.push(it);
        }
        self.requests.push((at, large));
        if !self.fair && self.healthy.is_none() && dice.percent(60) {
            self.faults.push((at + dice.below(WHILE_IT_ARRIVES), Fault::Crash));
        }
    }
}

impl Watched {
    /// Whether a message is of an order that is not whole yet.
    pub(crate) fn is_arriving(&self, seq: Seq) -> bool {
        self.arriving.values().any(|it| (it.first.0..it.first.0 + u64::from(it.count)).contains(&seq.0))
    }

    /// Which orders arrive, after a commit.
    pub(super) fn note_orders(&mut self, batch: &Batch) {
        for order in &batch.orders {
            if order.arriving {
                self.arriving.insert(order.id, order.clone());
            } else {
                self.arriving.remove(&order.id);
            }
        }
    }

    /// What had not arrived when a process ended is gone, whole. Returns how many orders that was.
    pub(super) fn drop_arriving(&mut self) -> u64 {
        let gone: BTreeSet<Seq> = self.bodies.keys().copied().filter(|it| self.is_arriving(*it)).collect();
        self.bodies.retain(|it, _| !gone.contains(it));
        self.parts.retain(|it, _| !gone.contains(&it.seq()));
        self.labels.retain(|_, it| !gone.contains(it));
        std::mem::take(&mut self.arriving).len() as u64
    }
}
