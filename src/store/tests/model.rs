//! The plainest store that could be right: a map of messages, every question a look at all of them.

use crate::carrier::id::Learned;
use crate::message::id::{AccountId, AppId, CarrierId, LaneId, OrderId, PartKey, Seq};
use crate::message::money::Money;
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::message::status::Totals;
use crate::message::time::Time;
use crate::record::action::Action;
use crate::record::batch::{Batch, Idempotency, Marks, Order};
use crate::record::contract::{QueuedLane, Silent};
use crate::record::entry::Entry;
use crate::record::event::Event;
use crate::record::mo::{MoPart, MoSeen};
use crate::record::money::{LedgerLine, QuotaUse};
use crate::record::parked::Parked;
use crate::record::suppression::Suppression;
use crate::record::verification::Verification;
use crate::route::opt_out::Key;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) entries: BTreeMap<Seq, Entry>,
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) idempotency: Vec<Idempotency>,
    pub(super) parked: BTreeMap<u64, Parked>,
    pub(super) events: BTreeMap<u64, Event>,
    pub(super) mo_parts: BTreeMap<u64, MoPart>,
    pub(super) mo_seen: BTreeMap<u64, MoSeen>,
    pub(super) suppressed: BTreeMap<Key, Suppression>,
    pub(super) learned: BTreeMap<CarrierId, Learned>,
    pub(super) actions: BTreeMap<u64, Action>,
    pub(super) ledger: Vec<LedgerLine>,
    pub(super) balances: BTreeMap<AccountId, Money>,
    pub(super) quotas: BTreeMap<AccountId, QuotaUse>,
    pub(super) verifications: BTreeMap<u64, Verification>,
    pub(super) converted: BTreeMap<(AppId, [u8; 2]), u32>,
    pub(super) marks: Marks,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            orders: BTreeMap::new(),
            idempotency: Vec::new(),
            parked: BTreeMap::new(),
            events: BTreeMap::new(),
            mo_parts: BTreeMap::new(),
            mo_seen: BTreeMap::new(),
            suppressed: BTreeMap::new(),
            learned: BTreeMap::new(),
            actions: BTreeMap::new(),
            ledger: Vec::new(),
            balances: BTreeMap::new(),
            quotas: BTreeMap::new(),
            verifications: BTreeMap::new(),
            converted: BTreeMap::new(),
            marks: Marks::first(),
        }
    }

    pub(super) fn apply(&mut self, batch: &Batch) {
        for body in &batch.bodies {
            let entry = Entry { body: body.clone(), parts: Vec::new(), past: Vec::new() };
            self.entries.insert(body.seq(), entry);
        }
        for body in &batch.erased {
            self.entries.get_mut(&body.seq()).expect("the message is there").body = body.clone();
        }
        for part in batch.new_parts.iter().chain(&batch.parts) {
            let entry = self.entries.get_mut(&part.key.seq()).expect("the message is there");
            entry.parts.retain(|it| it.key != part.key);
            entry.parts.push(part.clone());
            entry.parts.sort_by_key(|it| it.key);
        }
        for past in &batch.past {
            let entry = self.entries.get_mut(&past.key.seq()).expect("the message is there");
            entry.past.retain(|it| (it.key, it.attempt.number) != (past.key, past.attempt.number));
            entry.past.push(past.clone());
            entry.past.sort_by_key(|it| (it.key, it.attempt.number));
        }
        self.orders.extend(batch.orders.iter().map(|it| (it.id, it.clone())));
        for it in &batch.idempotency {
            self.idempotency.retain(|old| (old.account, &old.key) != (it.account, &it.key));
            self.idempotency.push(it.clone());
        }
        self.parked.extend(batch.parked.iter().map(|it| (it.number, it.clone())));
        self.parked.retain(|number, _| !batch.unparked.contains(number));
        self.events.extend(batch.events.iter().map(|it| (it.n, it.clone())));
        self.mo_parts.extend(batch.mo_parts.iter().map(|it| (it.number, it.clone())));
        self.mo_parts.retain(|number, _| !batch.mo_done.contains(number));
        self.mo_seen.extend(batch.mo_seen.iter().map(|it| (it.number, *it)));
        self.mo_seen.retain(|number, _| !batch.mo_forgotten.contains(number));
        self.suppressed.retain(|key, _| !batch.lifted.contains(key));
        self.suppressed.extend(batch.suppressed.iter().map(|it| (it.key.clone(), it.clone())));
        self.learned.extend(batch.learned.iter().copied());
        self.actions.extend(batch.actions.iter().map(|it| (it.n, it.clone())));
        self.ledger.extend(batch.ledger.iter().cloned());
        self.balances.extend(batch.balances.iter().copied());
        self.quotas.extend(batch.quotas.iter().map(|it| (it.account, it.clone())));
        self.converted.extend(batch.converted.iter().map(|it| ((it.app, it.country), it.count)));
        self.verifications.extend(batch.verifications.iter().map(|it| (it.id.n, it.clone())));
        self.marks = self.marks.after(&batch.marks);
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.entries.values().flat_map(|it| &it.parts)
    }

    pub(super) fn load(&self, seqs: impl IntoIterator<Item = Seq>) -> Vec<Entry> {
        let mut seen = Vec::new();
        for seq in seqs {
            if !seen.contains(&seq) {
                seen.push(seq);
            }
        }
        seen.into_iter().filter_map(|it| self.entries.get(&it).cloned()).collect()
    }

    pub(super) fn by_rhash(&self, hashes: &[u64]) -> Vec<Entry> {
        let named = |it: &Entry| {
            let current = it.parts.iter().filter_map(|it| it.attempt.as_ref());
            current
                .chain(it.past.iter().map(|it| &it.attempt))
                .filter_map(|it| it.rhash())
                .any(|it| hashes.contains(&it))
        };
        self.entries.values().filter(|it| named(it)).cloned().collect()
    }

    pub(super) fn ready(&self, lane: LaneId, after: PartKey, limit: usize) -> Vec<Entry> {
        let may =
            |it: &&Part| it.phase() == Phase::Queued && it.due == Time::NEVER && it.lane == lane && after < it.key;
        let mut found = self.load(self.parts().filter(may).map(|it| it.key.seq()));
        found.truncate(limit);
        found
    }

    pub(super) fn due(&self, now: Time, limit: usize) -> Vec<Entry> {
        let mut due: Vec<&Part> = self.delayed().filter(|it| it.due <= now).collect();
        due.sort_by_key(|it| (it.due, it.lane, it.key));
        let mut found = self.load(due.into_iter().map(|it| it.key.seq()));
        found.truncate(limit);
        found
    }

    pub(super) fn next_due(&self, now: Time) -> Option<Time> {
        self.delayed().map(|it| it.due).filter(|it| now < *it).min()
    }

    pub(super) fn late(&self, now: Time, limit: usize) -> Vec<Entry> {
        let mut late: Vec<&Part> = self.awaited().filter(|it| it.due <= now).collect();
        late.sort_by_key(|it| (it.due, it.key));
        let mut found = self.load(late.into_iter().map(|it| it.key.seq()));
        found.truncate(limit);
        found
    }

    pub(super) fn next_late(&self, now: Time) -> Option<Time> {
        self.awaited().map(|it| it.due).filter(|it| now < *it).min()
    }

    fn awaited(&self) -> impl Iterator<Item = &Part> {
        self.parts().filter(|it| it.phase() == Phase::Sent && it.due != Time::NEVER)
    }

    fn delayed(&self) -> impl Iterator<Item = &Part> {
        self.parts().filter(|it| it.phase() == Phase::Queued && it.due != Time::NEVER)
    }

    pub(super) fn overdue(&self, now: Time) -> Vec<Entry> {
        let over = |it: &&Part| !it.phase().is_final() && it.ends.known().is_some_and(|it| it <= now);
        self.load(self.parts().filter(over).map(|it| it.key.seq()))
    }

    pub(super) fn silent(&self, before: Time) -> Vec<Silent> {
        let silent = |it: &Part| {
            let attempt = it.attempt.as_ref().filter(|_| it.phase() == Phase::Sent)?;
            let took =
                attempt.carrier_message_id.is_some() && attempt.answered_at.known().is_some_and(|it| it < before);
            took.then_some((it.key, attempt.link.carrier, attempt.answered_at))
        };
        self.parts().filter_map(silent).collect()
    }

    pub(super) fn order(&self, order: OrderId) -> Vec<Entry> {
        self.entries.values().filter(|it| it.body.order == order).cloned().collect()
    }

    pub(super) fn totals(&self, order: OrderId) -> Option<Totals> {
        let mut totals = Totals::default();
        self.order(order).iter().for_each(|it| totals.add(it.status()));
        self.orders.contains_key(&order).then_some(totals)
    }

    pub(super) fn doubtful(&self) -> Vec<Entry> {
        let open = |it: &&Part| matches!(it.phase(), Phase::Intended | Phase::Doubtful);
        self.load(self.parts().filter(open).map(|it| it.key.seq()))
    }

    pub(super) fn lanes(&self) -> Vec<QueuedLane> {
        let mut lanes = BTreeMap::<LaneId, QueuedLane>::new();
        for part in self.parts().filter(|it| it.phase() == Phase::Queued) {
            let lane = lanes.entry(part.lane).or_insert(QueuedLane { lane: part.lane, count: 0, delayed: 0 });
            lane.count += 1;
            lane.delayed += u64::from(part.due.known().is_some());
        }
        lanes.into_values().collect()
    }

    /// The actions that nothing newer of the same target and aspect came after.
    pub(super) fn standing(&self) -> Vec<Action> {
        let all = self.actions.values();
        all.clone().filter(|it| !all.clone().any(|new| replaces(new, it))).cloned().collect()
    }

    /// What a start does with orders that have not arrived whole.
    pub(super) fn remove_arriving(&mut self) {
        let gone: Vec<OrderId> = self.orders.values().filter(|it| it.arriving).map(|it| it.id).collect();
        self.entries.retain(|_, it| !gone.contains(&it.body.order));
        self.orders.retain(|id, _| !gone.contains(id));
    }

    /// Everything that ended before, and what came with it, forgotten.
    pub(super) fn retain(&mut self, before: Time, parked_before: Time) -> usize {
        let held = self.entries.len() + self.events.len();
        self.events.retain(|_, it| before <= it.at);
        self.entries.retain(|_, it| !it.parts.iter().all(|it| it.phase().is_final() && it.done_at < before));
        let left: Vec<OrderId> = self.entries.values().map(|it| it.body.order).collect();
        self.orders.retain(|id, _| left.contains(id));
        let day_ago = Time(self.marks.time.0.saturating_sub(24 * 3_600_000));
        self.idempotency.retain(|it| day_ago <= it.at);
        self.parked.retain(|_, it| parked_before <= it.receipt.received_at);
        let standing = self.standing();
        self.actions.retain(|_, it| before <= it.at || standing.contains(it));
        held - self.entries.len() - self.events.len()
    }
}

fn replaces(new: &Action, old: &Action) -> bool {
    old.n < new.n && (new.target, new.deed.aspect()) == (old.target, old.deed.aspect())
}
