//! A simulated disk for the tests: it holds exactly what was committed.
//!
//! ```text
//! commit ──► image (durable) ──► crash() ──► a store as the next start finds it
//!    ▲
//!    └ fail_at(k, torn): the k-th commit from now fails; nothing of it is durable, or all of it,
//!      as a power loss during a sync may leave it
//! ```

mod image;
mod retain;
mod verifications;

use crate::message::id::{AccountId, AppId, LaneId, OrderId, PartKey, Seq};
use crate::message::phase::Phase;
use crate::message::status::Totals;
use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::number::e164::E164;
use crate::record::action::Action;
use crate::record::batch::{Batch, Idempotency, Marks};
use crate::record::contract::{
    Counted, Forget, Forgotten, IDEMPOTENCY_AGE, NameKind, Poisoned, QueuedLane, Recovered, SAME_ID_MAX, Silent, Store,
    VERIFICATION_AGE,
};
use crate::record::entry::Entry;
use crate::record::event::Event;
use crate::record::mo::MoPart;
use crate::record::money::LedgerLine;
use crate::record::verification::Verification;
use crate::store::memory::image::Image;
use std::collections::{BTreeMap, BTreeSet};

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

    /// Whether a message is durable, and was not forgotten since.
    pub fn holds(&self, seq: Seq) -> bool {
        self.image.bodies.contains_key(&seq)
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

    fn verification(&mut self, n: u64) -> Result<Option<Verification>, Poisoned> {
        Ok(self.sound("reading a verification")?.verifications.get(&n).cloned())
    }

    fn latest_verification(&mut self, of: (AccountId, AppId), to: E164) -> Result<Option<Verification>, Poisoned> {
        Ok(self.sound("finding a verification")?.latest_verification(of, to))
    }

    fn verifications_of(&mut self, to: E164, until: Time, limit: usize) -> Result<Vec<Verification>, Poisoned> {
        Ok(self.sound("finding verifications")?.verifications_of(to, until, limit))
    }

    fn verifications_before(&mut self, n: u64, limit: usize) -> Result<Vec<Verification>, Poisoned> {
        Ok(self.sound("reading verifications")?.verifications_before(n, limit))
    }

    fn was_verified(&mut self, to: E164, since: Time) -> Result<bool, Poisoned> {
        Ok(self.sound("finding a verification that ended well")?.was_verified(to, since))
    }

    fn verifications_over(&mut self, now: Time, limit: usize) -> Result<Vec<Verification>, Poisoned> {
        Ok(self.sound("finding verifications that are over")?.verifications_over(now, limit))
    }

    fn next_verification_over(&mut self, now: Time) -> Result<Option<Time>, Poisoned> {
        Ok(self.sound("finding the next end of a verification")?.next_verification_over(now))
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
            converted: image.converted(),
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
        let least = Time(now.0.saturating_sub(u64::try_from(VERIFICATION_AGE.as_millis()).unwrap_or(u64::MAX)));
        self.image.forget_verifications(before.min(least), limit);
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
            NameKind::App => &mut self.image.apps,
        };
        let at = names.iter().position(|it| **it == *name).unwrap_or_else(|| {
            names.push(name.into());
            names.len() - 1
        });
        Ok(u16::try_from(at + 1).expect("a simulation has few names"))
    }
}
