//! What is on a simulated disk, with the indexes that a database would have.

use crate::carrier::id::Learned;
use crate::message::attempt::Attempt;
use crate::message::body::Body;
use crate::message::id::{AccountId, AppId, CarrierId, LaneId, OrderId, PartKey, Seq};
use crate::message::money::Money;
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::message::time::Time;
use crate::record::action::{Action, Aspect, Target};
use crate::record::batch::{Batch, Idempotency, Marks, Order};
use crate::record::entry::{Entry, PastAttempt};
use crate::record::event::Event;
use crate::record::mo::{MoPart, MoSeen};
use crate::record::money::{LedgerLine, QuotaUse};
use crate::record::parked::Parked;
use crate::record::suppression::Suppression;
use crate::record::verification::Verification;
use crate::route::opt_out::Key;
use crate::store::memory::MemoryFault;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is on the disk, with the indexes that a database would have.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    pub(super) bodies: BTreeMap<Seq, Arc<Body>>,
    pub(super) by_order: BTreeSet<(OrderId, Seq)>,
    pub(super) parts: BTreeMap<PartKey, Part>,
    pub(super) past: BTreeMap<(PartKey, u8), Attempt>,
    pub(super) ready: BTreeSet<(LaneId, PartKey)>,
    pub(super) delayed: BTreeSet<(Time, LaneId, PartKey)>,
    pub(super) late: BTreeSet<(Time, PartKey)>,
    pub(super) open: BTreeSet<PartKey>,
    pub(super) named: BTreeSet<(u64, PartKey, u8)>,
    pub(super) named_before: BTreeSet<(u64, PartKey, u8)>,
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) idempotency: BTreeMap<(AccountId, Box<str>), Idempotency>,
    pub(super) parked: BTreeMap<u64, Parked>,
    pub(super) events: BTreeMap<u64, Event>,
    pub(super) mo_parts: BTreeMap<u64, MoPart>,
    pub(super) mo_seen: BTreeMap<u64, MoSeen>,
    pub(super) suppressed: BTreeMap<Key, Suppression>,
    pub(super) learned: BTreeMap<CarrierId, Learned>,
    pub(super) actions: BTreeMap<u64, Action>,
    pub(super) ledger: BTreeMap<u64, LedgerLine>,
    pub(super) balances: BTreeMap<AccountId, Money>,
    pub(super) quotas: BTreeMap<AccountId, QuotaUse>,
    pub(super) verifications: BTreeMap<u64, Verification>,
    pub(super) converted: BTreeMap<(AppId, [u8; 2]), u32>,
    pub(super) marks: Option<Marks>,
    pub(super) accounts: Vec<Box<str>>,
    pub(super) carriers: Vec<Box<str>>,
    pub(super) endpoints: Vec<Box<str>>,
    pub(super) apps: Vec<Box<str>>,
}

impl Image {
    /// Why a batch cannot be written, if it cannot.
    pub(super) fn refuses(&self, batch: &Batch) -> Option<MemoryFault> {
        let double = batch.bodies.iter().map(|it| it.seq()).find(|it| self.bodies.contains_key(it));
        let double = double
            .or_else(|| batch.new_parts.iter().find(|it| self.parts.contains_key(&it.key)).map(|it| it.key.seq()));
        let added: BTreeSet<PartKey> = batch.new_parts.iter().map(|it| it.key).collect();
        let missing =
            batch.parts.iter().map(|it| it.key).find(|it| !self.parts.contains_key(it) && !added.contains(it));
        double.map(MemoryFault::Double).or(missing.map(MemoryFault::Missing))
    }

    pub(super) fn write(&mut self, batch: &Batch) {
        for body in &batch.bodies {
            self.by_order.insert((body.order, body.seq()));
            self.bodies.insert(body.seq(), body.clone());
        }
        for body in &batch.erased {
            self.bodies.insert(body.seq(), body.clone());
        }
        batch.new_parts.iter().chain(&batch.parts).for_each(|it| self.put(it.clone()));
        for past in &batch.past {
            if let Some(hash) = past.attempt.rhash() {
                self.named_before.insert((hash, past.key, past.attempt.number));
            }
            let before = self.past.insert((past.key, past.attempt.number), past.attempt.clone());
            if let Some(hash) = before.and_then(|it| it.rhash()).filter(|it| Some(*it) != past.attempt.rhash()) {
                self.named_before.remove(&(hash, past.key, past.attempt.number));
            }
        }
        self.orders.extend(batch.orders.iter().map(|it| (it.id, it.clone())));
        self.idempotency.extend(batch.idempotency.iter().map(|it| ((it.account, it.key.clone()), it.clone())));
        self.parked.extend(batch.parked.iter().map(|it| (it.number, it.clone())));
        for number in &batch.unparked {
            self.parked.remove(number);
        }
        self.events.extend(batch.events.iter().map(|it| (it.n, it.clone())));
        for event in &batch.events_erased {
            self.events.entry(event.n).and_modify(|it| it.clone_from(event));
        }
        self.mo_parts.extend(batch.mo_parts.iter().map(|it| (it.number, it.clone())));
        self.mo_parts.retain(|number, _| !batch.mo_done.contains(number));
        self.mo_seen.extend(batch.mo_seen.iter().map(|it| (it.number, *it)));
        self.mo_seen.retain(|number, _| !batch.mo_forgotten.contains(number));
        self.suppressed.extend(batch.suppressed.iter().map(|it| (it.key.clone(), it.clone())));
        self.suppressed.retain(|key, _| !batch.lifted.contains(key));
        self.learned.extend(batch.learned.iter().copied());
        self.actions.extend(batch.actions.iter().map(|it| (it.n, it.clone())));
        self.ledger.extend(batch.ledger.iter().map(|it| (it.n, it.clone())));
        self.balances.extend(batch.balances.iter().copied());
        self.quotas.extend(batch.quotas.iter().map(|it| (it.account, it.clone())));
        self.converted.extend(batch.converted.iter().map(|it| ((it.app, it.country), it.count)));
        self.verifications.extend(batch.verifications.iter().map(|it| (it.id.n, it.clone())));
        let marks = self.marks.clone().unwrap_or_else(Marks::first);
        self.marks = Some(marks.after(&batch.marks));
    }

    pub(super) fn put(&mut self, part: Part) {
        self.take(part.key);
        match (part.phase(), part.due.known()) {
            (Phase::Queued, None) => drop(self.ready.insert((part.lane, part.key))),
            (Phase::Queued, Some(due)) => drop(self.delayed.insert((due, part.lane, part.key))),
            (Phase::Sent, Some(due)) => drop(self.late.insert((due, part.key))),
            (Phase::Intended | Phase::Doubtful, _) => drop(self.open.insert(part.key)),
            _ => {}
        }
        if let Some(hash) = part.attempt.as_ref().and_then(Attempt::rhash) {
            self.named.insert((hash, part.key, 0));
        }
        self.parts.insert(part.key, part);
    }

    pub(super) fn take(&mut self, key: PartKey) {
        let Some(part) = self.parts.remove(&key) else { return };
        self.ready.remove(&(part.lane, key));
        self.delayed.remove(&(part.due, part.lane, key));
        self.late.remove(&(part.due, key));
        self.open.remove(&key);
        if let Some(hash) = part.attempt.as_ref().and_then(Attempt::rhash) {
            self.named.remove(&(hash, key, 0));
        }
    }

    pub(super) fn entry(&self, seq: Seq) -> Option<Entry> {
        let body = self.bodies.get(&seq)?.clone();
        let keys = PartKey::new(seq, 0)..PartKey::new(Seq(seq.0 + 1), 0);
        let past = self.past.range((keys.start, 0)..(keys.end, 0));
        let past = past.map(|((key, _), attempt)| PastAttempt { key: *key, attempt: attempt.clone() }).collect();
        let parts = self.parts.range(keys).map(|(_, part)| part.clone()).collect();
        Some(Entry { body, parts, past })
    }

    pub(super) fn entries(&self, seqs: impl IntoIterator<Item = Seq>) -> Vec<Entry> {
        seqs.into_iter().filter_map(|it| self.entry(it)).collect()
    }

    pub(super) fn first_messages(&self, keys: impl Iterator<Item = PartKey>, limit: usize) -> Vec<Entry> {
        let mut seen = BTreeSet::new();
        self.entries(keys.map(PartKey::seq).filter(|it| seen.insert(*it)).take(limit))
    }

    pub(super) fn forget(&mut self, seq: Seq) {
        let Some(entry) = self.entry(seq) else { return };
        for part in &entry.parts {
            self.take(part.key);
        }
        for past in &entry.past {
            self.past.remove(&(past.key, past.attempt.number));
            if let Some(hash) = past.attempt.rhash() {
                self.named_before.remove(&(hash, past.key, past.attempt.number));
            }
        }
        self.bodies.remove(&seq);
        let order = entry.body.order;
        self.by_order.remove(&(order, seq));
        if self.by_order.range((order, Seq(0))..=(order, Seq(u64::MAX))).next().is_none() {
            self.orders.remove(&order);
        }
    }

    /// The newest action of each target and aspect, by their numbers.
    pub(super) fn newest(&self) -> BTreeMap<u64, &Action> {
        let newest: BTreeMap<(Target, Aspect), &Action> =
            self.actions.values().map(|it| ((it.target, it.deed.aspect()), it)).collect();
        newest.into_values().map(|it| (it.n, it)).collect()
    }

    pub(super) fn remove_arriving(&mut self) {
        let arriving: Vec<Order> = self.orders.values().filter(|it| it.arriving).cloned().collect();
        for order in arriving {
            (order.first.0..order.first.0 + u64::from(order.count)).for_each(|seq| self.forget(Seq(seq)));
            self.orders.remove(&order.id);
        }
    }
}
