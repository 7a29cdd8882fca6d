//! A simulated disk for the tests: it holds exactly what was committed.
//!
//! ```text
//! commit ──► image (durable) ──► crash() ──► a store as the next start finds it
//!    ▲
//!    └ fail_at(k, torn): the k-th commit from now fails; nothing of it is durable, or all of it,
//!      as a power loss during a sync may leave it
//! ```

mod retain;

use crate::carrier::id::Learned;
use crate::message::attempt::Attempt;
use crate::message::body::Body;
use crate::message::id::{AccountId, CarrierId, LaneId, OrderId, PartKey, Seq};
use crate::message::money::Money;
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::message::status::Totals;
use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::record::action::{Action, Aspect, Target};
use crate::record::batch::{Batch, Idempotency, Marks, Order};
use crate::record::contract::{
    Counted, Forget, Forgotten, IDEMPOTENCY_AGE, NameKind, Poisoned, QueuedLane, Recovered, SAME_ID_MAX, Silent, Store,
};
use crate::record::entry::{Entry, PastAttempt};
use crate::record::event::Event;
use crate::record::mo::{MoPart, MoSeen};
use crate::record::money::{LedgerLine, QuotaUse};
use crate::record::parked::Parked;
use crate::record::suppression::Suppression;
use crate::route::opt_out::Key;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A store in memory that can lose power.
#[derive(Debug, Default)]
pub struct Memory {
    image: Image,
    fault: Option<Planned>,
    retain_from: u64,
    poisoned: bool,
}

/// What a failed commit leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing of the batch.
    Nothing,
    /// The whole batch: the disk had it, and the word that it had was lost.
    Everything,
}

#[derive(Clone, Copy, Debug)]
struct Planned {
    after: u64,
    leaves: Leaves,
}

/// Why a simulated store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryFault {
    /// The commit that was to fail.
    #[error("the disk failed, as planned")]
    Planned,
    /// It failed before; nothing more is asked of it.
    #[error("the store failed before")]
    Poisoned,
    /// A record is to be written twice.
    #[error("message {} or a part of it is there already", .0.0)]
    Double(Seq),
    /// A part is to be changed that was never accepted.
    #[error("part {} is to be changed and does not exist", .0.0)]
    Missing(PartKey),
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The store as the next start finds it after power was lost now: what was committed, and no fault planned.
    #[must_use]
    pub fn crash(&self) -> Self {
        Self { image: self.image.clone(), ..Self::default() }
    }

    /// Makes the `k`-th commit from now fail, counted from 1.
    pub const fn fail_at(&mut self, k: u64, leaves: Leaves) {
        self.fault = Some(Planned { after: k, leaves });
    }

    /// Every message that is durable, in the order of their seqs.
    pub fn all(&self) -> impl Iterator<Item = Entry> {
        self.image.bodies.keys().filter_map(|seq| self.image.entry(*seq))
    }

    /// Every event that is durable, in the order of their numbers.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.image.events.values()
    }

    /// Every part of a message from a handset that waits and is durable, in the order of their numbers.
    pub fn mo_parts(&self) -> impl Iterator<Item = &MoPart> {
        self.image.mo_parts.values()
    }

    /// Every action that is durable, in the order of their numbers.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.image.actions.values()
    }

    /// Every line of the ledger that is durable, in the order of their numbers.
    pub fn ledger(&self) -> impl Iterator<Item = &LedgerLine> {
        self.image.ledger.values()
    }

    /// The marks that are durable.
    pub fn marks(&self) -> Marks {
        self.image.marks.clone().unwrap_or_else(Marks::first)
    }

    fn sound(&self, doing: &'static str) -> Result<&Image, Poisoned> {
        if self.poisoned { Err(poison(doing, MemoryFault::Poisoned)) } else { Ok(&self.image) }
    }

    /// Whether this is the commit that was to fail.
    fn fails(&mut self) -> Option<Leaves> {
        let planned = self.fault.as_mut()?;
        planned.after = planned.after.saturating_sub(1);
        (planned.after == 0).then_some(planned.leaves)
    }
}

fn poison(doing: &'static str, fault: MemoryFault) -> Poisoned {
    Poisoned { doing, cause: Box::new(fault) }
}

impl Store for Memory {
    fn commit(&mut self, batch: &Batch) -> Result<(), Poisoned> {
        let doing = "committing";
        self.sound(doing)?;
        if let Some(leaves) = self.fails() {
            self.poisoned = true;
            if leaves == Leaves::Everything && self.image.refuses(batch).is_none() {
                self.image.write(batch);
            }
            return Err(poison(doing, MemoryFault::Planned));
        }
        if let Some(fault) = self.image.refuses(batch) {
            self.poisoned = true;
            return Err(poison(doing, fault));
        }
        self.image.write(batch);
        Ok(())
    }

    fn load(&mut self, seqs: &[Seq]) -> Result<Vec<Entry>, Poisoned> {
        let image = self.sound("loading messages")?;
        let seqs: BTreeSet<Seq> = seqs.iter().copied().collect();
        Ok(image.entries(seqs))
    }

    fn by_rhash(&mut self, hashes: &[u64]) -> Result<Vec<Entry>, Poisoned> {
        let image = self.sound("finding receipts' messages")?;
        let mut seqs = BTreeSet::new();
        for hash in hashes {
            for named in [&image.named, &image.named_before] {
                let same = named.range((*hash, PartKey(0), 0)..=(*hash, PartKey(u64::MAX), u8::MAX));
                seqs.extend(same.rev().take(SAME_ID_MAX).map(|(_, key, _)| key.seq()));
            }
        }
        Ok(image.entries(seqs))
    }

    fn ready(&mut self, lane: LaneId, after: PartKey, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        let image = self.sound("filling a lane")?;
        let above = PartKey(after.0.saturating_add(1));
        let keys = image.ready.range((lane, above)..=(lane, PartKey(u64::MAX))).map(|(_, key)| *key);
        Ok(image.first_messages(keys, limit))
    }

    fn due(&mut self, now: Time, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        let image = self.sound("finding what is due")?;
        let keys = image.delayed.iter().take_while(|(due, ..)| *due <= now).map(|(.., key)| *key);
        Ok(image.first_messages(keys, limit))
    }

    fn next_due(&mut self, now: Time) -> Result<Option<Time>, Poisoned> {
        let image = self.sound("finding what is due next")?;
        let later = (Time(now.0.saturating_add(1)), LaneId(0), PartKey(0));
        Ok(image.delayed.range(later..).next().map(|(due, ..)| *due))
    }

    fn delayed(&mut self, from: Time, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        let image = self.sound("finding what waits for a time")?;
        let keys = image.delayed.range((from, LaneId(0), PartKey(0))..).map(|(.., key)| *key);
        Ok(image.first_messages(keys, limit))
    }

    fn late(&mut self, now: Time, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        let image = self.sound("finding late receipts")?;
        let keys = image.late.iter().take_while(|(due, _)| *due <= now).map(|(_, key)| *key);
        Ok(image.first_messages(keys, limit))
    }

    fn next_late(&mut self, now: Time) -> Result<Option<Time>, Poisoned> {
        let image = self.sound("finding the next late receipt")?;
        Ok(image.late.range((Time(now.0.saturating_add(1)), PartKey(0))..).next().map(|(due, _)| *due))
    }

    fn overdue(&mut self, now: Time, after: PartKey, span: usize) -> Result<(Vec<Entry>, Option<PartKey>), Poisoned> {
        let image = self.sound("finding what has ended")?;
        let (mut seqs, mut last, mut seen) = (BTreeSet::new(), after, 0);
        for (key, part) in image.parts.range(PartKey(after.0.saturating_add(1))..).take(span) {
            (last, seen) = (*key, seen + 1);
            if !part.phase().is_final() && part.ends.known().is_some_and(|it| it <= now) {
                seqs.insert(key.seq());
            }
        }
        Ok((image.entries(seqs), (seen == span).then_some(last)))
    }

    fn silent(
        &mut self,
        before: Time,
        after: PartKey,
        span: usize,
    ) -> Result<(Vec<Silent>, Option<PartKey>), Poisoned> {
        let image = self.sound("finding what carriers say nothing of")?;
        let (mut found, mut last, mut seen) = (Vec::new(), after, 0);
        for (key, part) in image.parts.range(PartKey(after.0.saturating_add(1))..).take(span) {
            (last, seen) = (*key, seen + 1);
            let attempt = part.attempt.as_ref().filter(|it| it.rhash().is_some() && part.phase() == Phase::Sent);
            let took = attempt.filter(|it| it.answered_at.known().is_some_and(|it| it < before));
            found.extend(took.map(|it| (*key, it.link.carrier, it.answered_at)));
        }
        Ok((found, (seen == span).then_some(last)))
    }

    fn idempotency(&mut self, account: AccountId, key: &str) -> Result<Option<Idempotency>, Poisoned> {
        let image = self.sound("looking up an idempotency key")?;
        Ok(image.idempotency.get(&(account, key.into())).cloned())
    }

    fn order(&mut self, order: OrderId) -> Result<Vec<Entry>, Poisoned> {
        let image = self.sound("loading an order")?;
        let seqs = image.by_order.range((order, Seq(0))..=(order, Seq(u64::MAX))).map(|(_, seq)| *seq);
        Ok(image.entries(seqs))
    }

    fn count_on(&mut self, order: OrderId, from: Seq, span: u64) -> Result<Option<Counted>, Poisoned> {
        let image = self.sound("counting an order")?;
        let Some(row) = image.orders.get(&order) else { return Ok(None) };
        let (from, end) = (from.max(row.first), Seq(row.first.0 + u64::from(row.count)));
        let (next, mut totals) = (Seq(from.0 + span).min(end), Totals::default());
        image.entries((from.0..next.0).map(Seq)).iter().for_each(|it| totals.add(it.status()));
        Ok(Some(Counted { totals, next, end }))
    }

    fn recover(&mut self) -> Result<Recovered, Poisoned> {
        self.sound("removing what had not arrived")?;
        self.image.remove_arriving();
        let marks = self.marks();
        let image = self.sound("recovering")?;
        let mut lanes = BTreeMap::<LaneId, [u64; 2]>::new();
        image.ready.iter().for_each(|(lane, _)| lanes.entry(*lane).or_default()[0] += 1);
        image.delayed.iter().for_each(|(_, lane, _)| lanes.entry(*lane).or_default()[1] += 1);
        let waiting = image.ready.iter().map(|(_, key)| key).chain(image.delayed.iter().map(|(.., key)| key));
        let held = waiting.filter(|it| it.seq() < marks.held_below).count() as u64;
        let doubtful: BTreeSet<Seq> = image.open.iter().map(|it| it.seq()).collect();
        Ok(Recovered {
            marks,
            // A simulation is the same whenever it is run again.
            veil: Veil::known(),
            doubtful: image.entries(doubtful),
            lanes: lanes.into_iter().map(QueuedLane::of).collect(),
            parked: image.parked.values().cloned().collect(),
            mo_parts: image.mo_parts.values().cloned().collect(),
            mo_seen: image.mo_seen.values().copied().collect(),
            opted_out: image.suppressed.keys().collect(),
            learned: image.learned.iter().map(|(carrier, it)| (*carrier, *it)).collect(),
            actions: image.newest().into_values().cloned().collect(),
            balances: image.balances.iter().map(|(account, it)| (*account, *it)).collect(),
            quotas: image.quotas.values().cloned().collect(),
            held,
        })
    }

    fn retain(&mut self, forget: &Forget) -> Result<Forgotten, Poisoned> {
        let Forget { before, parked_before, limit, anew } = *forget;
        let now = self.sound("forgetting").map(|_| self.marks().time)?;
        let from = if anew { 0 } else { self.retain_from };
        let (gone, next, more) = self.image.ended(before, Seq(from), limit);
        gone.iter().for_each(|seq| self.image.forget(*seq));
        self.retain_from = next.0;
        let keys_before = Time(now.0.saturating_sub(u64::try_from(IDEMPOTENCY_AGE.as_millis()).unwrap_or(u64::MAX)));
        self.image.forget_keys(keys_before, limit);
        let parked = self.image.parked.values().take(limit).take_while(|it| it.receipt.received_at < parked_before);
        for number in parked.map(|it| it.number).collect::<Vec<_>>() {
            self.image.parked.remove(&number);
        }
        let events = self.image.events.values().take(limit).take_while(|it| it.at < before);
        let events: Vec<u64> = events.map(|it| it.n).collect();
        self.image.events.retain(|n, _| !events.contains(n));
        self.image.forget_actions(before, limit);
        let (count, more) = (gone.len() + events.len(), more || events.len() == limit);
        Ok(Forgotten { count, more, ..Forgotten::default() })
    }

    fn intern(&mut self, kind: NameKind, name: &str) -> Result<u16, Poisoned> {
        self.sound("giving a number to a name")?;
        let names = match kind {
            NameKind::Account => &mut self.image.accounts,
            NameKind::Carrier => &mut self.image.carriers,
            NameKind::Endpoint => &mut self.image.endpoints,
        };
        let at = names.iter().position(|it| **it == *name).unwrap_or_else(|| {
            names.push(name.into());
            names.len() - 1
        });
        Ok(u16::try_from(at + 1).expect("a simulation has few names"))
    }
}

/// What is on the disk, with the indexes that a database would have.
#[derive(Clone, Debug, Default)]
struct Image {
    bodies: BTreeMap<Seq, Arc<Body>>,
    by_order: BTreeSet<(OrderId, Seq)>,
    parts: BTreeMap<PartKey, Part>,
    past: BTreeMap<(PartKey, u8), Attempt>,
    ready: BTreeSet<(LaneId, PartKey)>,
    delayed: BTreeSet<(Time, LaneId, PartKey)>,
    late: BTreeSet<(Time, PartKey)>,
    open: BTreeSet<PartKey>,
    named: BTreeSet<(u64, PartKey, u8)>,
    named_before: BTreeSet<(u64, PartKey, u8)>,
    orders: BTreeMap<OrderId, Order>,
    idempotency: BTreeMap<(AccountId, Box<str>), Idempotency>,
    parked: BTreeMap<u64, Parked>,
    events: BTreeMap<u64, Event>,
    mo_parts: BTreeMap<u64, MoPart>,
    mo_seen: BTreeMap<u64, MoSeen>,
    suppressed: BTreeMap<Key, Suppression>,
    learned: BTreeMap<CarrierId, Learned>,
    actions: BTreeMap<u64, Action>,
    ledger: BTreeMap<u64, LedgerLine>,
    balances: BTreeMap<AccountId, Money>,
    quotas: BTreeMap<AccountId, QuotaUse>,
    marks: Option<Marks>,
    accounts: Vec<Box<str>>,
    carriers: Vec<Box<str>>,
    endpoints: Vec<Box<str>>,
}

impl Image {
    /// Why a batch cannot be written, if it cannot.
    fn refuses(&self, batch: &Batch) -> Option<MemoryFault> {
        let double = batch.bodies.iter().map(|it| it.seq()).find(|it| self.bodies.contains_key(it));
        let double = double
            .or_else(|| batch.new_parts.iter().find(|it| self.parts.contains_key(&it.key)).map(|it| it.key.seq()));
        let added: BTreeSet<PartKey> = batch.new_parts.iter().map(|it| it.key).collect();
        let missing =
            batch.parts.iter().map(|it| it.key).find(|it| !self.parts.contains_key(it) && !added.contains(it));
        double.map(MemoryFault::Double).or(missing.map(MemoryFault::Missing))
    }

    fn write(&mut self, batch: &Batch) {
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
        let marks = self.marks.clone().unwrap_or_else(Marks::first);
        self.marks = Some(marks.after(&batch.marks));
    }

    fn put(&mut self, part: Part) {
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

    fn take(&mut self, key: PartKey) {
        let Some(part) = self.parts.remove(&key) else { return };
        self.ready.remove(&(part.lane, key));
        self.delayed.remove(&(part.due, part.lane, key));
        self.late.remove(&(part.due, key));
        self.open.remove(&key);
        if let Some(hash) = part.attempt.as_ref().and_then(Attempt::rhash) {
            self.named.remove(&(hash, key, 0));
        }
    }

    fn entry(&self, seq: Seq) -> Option<Entry> {
        let body = self.bodies.get(&seq)?.clone();
        let keys = PartKey::new(seq, 0)..PartKey::new(Seq(seq.0 + 1), 0);
        let past = self.past.range((keys.start, 0)..(keys.end, 0));
        let past = past.map(|((key, _), attempt)| PastAttempt { key: *key, attempt: attempt.clone() }).collect();
        let parts = self.parts.range(keys).map(|(_, part)| part.clone()).collect();
        Some(Entry { body, parts, past })
    }

    fn entries(&self, seqs: impl IntoIterator<Item = Seq>) -> Vec<Entry> {
        seqs.into_iter().filter_map(|it| self.entry(it)).collect()
    }

    fn first_messages(&self, keys: impl Iterator<Item = PartKey>, limit: usize) -> Vec<Entry> {
        let mut seen = BTreeSet::new();
        self.entries(keys.map(PartKey::seq).filter(|it| seen.insert(*it)).take(limit))
    }

    fn forget(&mut self, seq: Seq) {
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
    fn newest(&self) -> BTreeMap<u64, &Action> {
        let newest: BTreeMap<(Target, Aspect), &Action> =
            self.actions.values().map(|it| ((it.target, it.deed.aspect()), it)).collect();
        newest.into_values().map(|it| (it.n, it)).collect()
    }

    fn remove_arriving(&mut self) {
        let arriving: Vec<Order> = self.orders.values().filter(|it| it.arriving).cloned().collect();
        for order in arriving {
            (order.first.0..order.first.0 + u64::from(order.count)).for_each(|seq| self.forget(Seq(seq)));
            self.orders.remove(&order.id);
        }
    }
}
