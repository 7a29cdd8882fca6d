//! A store that looks at every commit: what a record may become, and what must go with it.

use crate::simulation::forgotten::Archive;
use crate::simulation::scenario::label;
use nuncio::message::attempt::Attempt;
use nuncio::message::body::Body;
use nuncio::message::id::{AccountId, AppId, LaneId, OrderId, PartKey, Seq};
use nuncio::message::money::Money;
use nuncio::message::part::Part;
use nuncio::message::phase::Phase;
use nuncio::message::status::{Status, Totals};
use nuncio::message::time::Time;
use nuncio::message::veil::Veil;
use nuncio::number::e164::E164;
use nuncio::record::batch::{Batch, Idempotency, Marks, Order};
use nuncio::record::contract::{Counted, Forget, Forgotten, NameKind, Poisoned, Recovered, Silent, Store};
use nuncio::record::entry::Entry;
use nuncio::record::event::{Event, EventKind};
use nuncio::record::parked::Parked;
use nuncio::record::verification::Verification;
use nuncio::store::memory::{Leaves, Memory};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The durable state by a model of our own, beside the store that is tested with it.
#[derive(Default)]
pub(crate) struct Watched {
    pub(crate) memory: Memory,
    pub(crate) bodies: BTreeMap<Seq, Arc<Body>>,
    /// Messages by the label in their text.
    pub(crate) labels: BTreeMap<u64, Seq>,
    pub(crate) parts: BTreeMap<PartKey, Part>,
    pub(crate) past: BTreeMap<(PartKey, u8), Attempt>,
    pub(crate) parked: BTreeMap<u64, Parked>,
    pub(crate) archive: Archive,
    pub(crate) marks: Marks,
    /// Orders of which some slices are not there yet.
    pub(super) arriving: BTreeMap<OrderId, Order>,
    /// Orders that never became whole.
    pub(crate) dropped: u64,
    pub(crate) commits: u64,
    /// Messages of the last commit.
    pub(crate) touched: Vec<Seq>,
    /// Parts of the last commit as they were before.
    pub(crate) changed: BTreeMap<PartKey, Option<Part>>,
    /// What receipts had said of attempts of the last commit before.
    pub(crate) changed_attempts: BTreeMap<(PartKey, u8), Option<Status>>,
}

impl Watched {
    pub(crate) fn new() -> Self {
        Self { marks: Marks::first(), ..Self::default() }
    }

    /// Power is lost: what is left is what was committed, and nothing else.
    pub(crate) fn crash(&mut self, certain: bool) {
        self.memory = self.memory.crash();
        let after = Self::of(&mut self.memory);
        self.dropped += self.drop_arriving();
        if certain {
            assert!(self.bodies == after.bodies, "restart-loads-last-commit: bodies differ");
            assert!(self.parts == after.parts, "restart-loads-last-commit: parts differ");
            assert!(self.past == after.past, "restart-loads-last-commit: past attempts differ");
            assert!(self.parked == after.parked, "restart-loads-last-commit: parked receipts differ");
            assert!(self.marks == after.marks, "restart-loads-last-commit: marks {:?} {:?}", self.marks, after.marks);
        }
        (self.bodies, self.parts, self.past) = (after.bodies, after.parts, after.past);
        (self.parked, self.marks, self.labels) = (after.parked, after.marks, after.labels);
    }

    fn of(memory: &mut Memory) -> Self {
        let mut found = Self::new();
        // First, for it removes what had not arrived.
        let recovered = memory.recover().expect("a store that was just opened is sound");
        for entry in memory.all() {
            found.parts.extend(entry.parts.into_iter().map(|it| (it.key, it)));
            found.past.extend(entry.past.into_iter().map(|it| ((it.key, it.attempt.number), it.attempt)));
            found.labels.extend(label(entry.body.text.as_bytes()).map(|it| (it, entry.body.seq())));
            found.bodies.insert(entry.body.seq(), entry.body);
        }
        found.parked = recovered.parked.into_iter().map(|it| (it.number, it)).collect();
        found.marks = recovered.marks;
        found
    }

    /// What accounts have.
    pub(crate) fn balances(&mut self) -> Vec<(AccountId, Money)> {
        self.memory.recover().expect("the store is sound").balances
    }

    pub(crate) fn fail_at(&mut self, k: u64, leaves: Leaves) {
        self.memory.fail_at(k, leaves);
    }

    /// What the customer is told of a message.
    pub(crate) fn status(&self, seq: Seq) -> Option<Status> {
        self.bodies.contains_key(&seq).then(|| Status::of_parts(self.parts_of(seq).map(Part::status)))
    }

    pub(crate) fn parts_of(&self, seq: Seq) -> impl Iterator<Item = &Part> {
        self.parts.range(PartKey::new(seq, 0)..PartKey::new(Seq(seq.0 + 1), 0)).map(|(_, it)| it)
    }

    pub(crate) fn attempts_of(&self, key: PartKey) -> impl Iterator<Item = &Attempt> {
        let past = self.past.range((key, 0)..=(key, u8::MAX)).map(|(_, it)| it);
        past.chain(self.parts.get(&key).and_then(|it| it.attempt.as_ref()))
    }

    fn look(&self, batch: &Batch) {
        for body in &batch.erased {
            let before = self.bodies.get(&body.seq()).or_else(|| batch.bodies.iter().find(|it| it.id == body.id));
            let before = before.expect("what changes is there");
            let same = Body { expires: before.expires, ..Body::clone(body) } == **before;
            assert!(same && body.send_at.is_some(), "what-was-asked-for: {before:?} became {body:?}");
        }
        for part in &batch.parts {
            let before = self.parts.get(&part.key);
            let before = before.unwrap_or_else(|| panic!("forgotten: {part:?} changes and is not there"));
            let (was, is) = (before.phase(), part.phase());
            let corrected = matches!(was, Phase::Unknown | Phase::Expired)
                && matches!(is, Phase::Delivered | Phase::Failed | Phase::Expired);
            assert!(
                !was.is_final() || was == is || corrected,
                "terminal-never-changes: {was:?} became {is:?}: {part:?}"
            );
            let by_carrier = before.attempt.as_ref().and_then(|it| it.receipt.as_ref()).map(|it| it.status);
            let ended_by_carrier = was == Phase::Expired && by_carrier == Some(Status::Expired);
            assert!(
                !ended_by_carrier || matches!(is, Phase::Expired | Phase::Delivered),
                "terminal-never-changes: what the carrier let expire became {is:?}"
            );
            assert!(is.is_final() == (part.done_at != Time::NEVER), "done-at: {part:?}");
            assert!(
                part.due == Time::NEVER || matches!(is, Phase::Queued | Phase::Sent),
                "only what is queued or awaited is due: {part:?}"
            );
            self.look_at_attempts(batch, before, part);
        }
    }

    /// What is told of an order is what its page says once that is durable, and that it is over.
    fn look_at_order(&self, event: &Event) {
        if event.kind != EventKind::OrderCompleted {
            return;
        }
        let data: Value = serde_json::from_str(&event.data).expect("it is JSON");
        let order = Veil::known().read_order(data["order_id"].as_u64().unwrap()).expect("it names an order");
        let mut totals = Totals::default();
        let messages = self.bodies.values().filter(|it| it.order == order);
        messages.filter_map(|it| self.status(it.seq())).for_each(|it| totals.add(it));
        if self.archive.has_some_of(order) {
            // Of those that are forgotten a process knows what it has counted itself.
            return assert_eq!(totals.pending(), 0, "order-event: {order:?} is not over: {data}");
        }
        assert_eq!(totals.pending(), 0, "order-event: {order:?} is not over: {data}");
        assert_eq!((&data["total"], &data["status"]), (&totals.total().into(), &totals.status().word().into()));
        for status in Status::ALL.into_iter().filter(|it| it.is_final()) {
            let told = &data[status.word().to_lowercase()];
            assert_eq!(*told, totals.of(status), "order-event: {status:?} of {order:?}: {data}");
        }
    }

    /// Notes what receipts had said of the attempts that change.
    fn note_before(&mut self, batch: &Batch) {
        let current = batch.parts.iter().filter_map(|it| Some((it.key, it.attempt.as_ref()?.number)));
        let all: Vec<_> = current.chain(batch.past.iter().map(|it| (it.key, it.attempt.number))).collect();
        for (key, number) in all {
            let before = self.attempts_of(key).find(|it| it.number == number).and_then(|it| it.receipt.as_ref());
            let before = before.map(|it| it.status);
            self.changed_attempts.entry((key, number)).or_insert(before);
        }
    }

    /// A beat begins.
    pub(crate) fn begin(&mut self) {
        self.touched.clear();
        self.changed.clear();
        self.changed_attempts.clear();
    }

    /// Every attempt that spent something stays on record.
    fn look_at_attempts(&self, batch: &Batch, before: &Part, part: &Part) {
        let (Some(old), Some(new)) = (&before.attempt, &part.attempt) else {
            assert!(before.attempt.is_none(), "attempts-on-record: the attempt of {:?} is gone", part.key);
            return;
        };
        if old.number == new.number {
            return;
        }
        let kept = |number| {
            self.past.contains_key(&(part.key, number))
                || batch.past.iter().any(|it| it.key == part.key && it.attempt.number == number)
        };
        assert!(old.number < new.number, "attempts-on-record: number {} after {}", new.number, old.number);
        assert!(
            (old.number..new.number).all(kept),
            "attempts-on-record: attempts {}..{} of {:?} have no record",
            old.number,
            new.number,
            part.key
        );
    }
}

impl Store for Watched {
    fn commit(&mut self, batch: &Batch) -> Result<(), Poisoned> {
        self.look(batch);
        self.memory.commit(batch)?;
        self.commits += 1;
        self.bodies.extend(batch.bodies.iter().chain(&batch.erased).map(|it| (it.seq(), it.clone())));
        self.labels.extend(batch.bodies.iter().filter_map(|it| Some((label(it.text.as_bytes())?, it.seq()))));
        self.note_before(batch);
        self.note_orders(batch);
        for it in batch.new_parts.iter().chain(&batch.parts) {
            let before = self.parts.insert(it.key, it.clone());
            self.changed.insert(it.key, before);
        }
        self.past.extend(batch.past.iter().map(|it| ((it.key, it.attempt.number), it.attempt.clone())));
        self.parked.extend(batch.parked.iter().map(|it| (it.number, it.clone())));
        batch.unparked.iter().for_each(|it| drop(self.parked.remove(it)));
        assert!(self.marks.time <= batch.marks.time, "logical time went back");
        assert!(self.marks.next_seq <= batch.marks.next_seq, "a seq is minted twice");
        self.marks = batch.marks.clone();
        self.touched =
            batch.bodies.iter().map(|it| it.seq()).chain(batch.parts.iter().map(|it| it.key.seq())).collect();
        self.touched.dedup();
        batch.events.iter().for_each(|it| self.look_at_order(it));
        Ok(())
    }

    fn load(&mut self, seqs: &[Seq]) -> Result<Vec<Entry>, Poisoned> {
        self.memory.load(seqs)
    }

    fn by_rhash(&mut self, hashes: &[u64]) -> Result<Vec<Entry>, Poisoned> {
        self.memory.by_rhash(hashes)
    }

    fn ready(&mut self, lane: LaneId, after: PartKey, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        self.memory.ready(lane, after, limit)
    }

    fn due(&mut self, now: Time, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        self.memory.due(now, limit)
    }

    fn delayed(&mut self, from: Time, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        self.memory.delayed(from, limit)
    }

    fn late(&mut self, now: Time, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        self.memory.late(now, limit)
    }

    fn next_late(&mut self, now: Time) -> Result<Option<Time>, Poisoned> {
        self.memory.next_late(now)
    }

    fn next_due(&mut self, now: Time) -> Result<Option<Time>, Poisoned> {
        self.memory.next_due(now)
    }

    fn overdue(&mut self, now: Time, after: PartKey, span: usize) -> Result<(Vec<Entry>, Option<PartKey>), Poisoned> {
        self.memory.overdue(now, after, span)
    }

    fn silent(
        &mut self,
        before: Time,
        after: PartKey,
        span: usize,
    ) -> Result<(Vec<Silent>, Option<PartKey>), Poisoned> {
        self.memory.silent(before, after, span)
    }

    fn idempotency(&mut self, account: AccountId, key: &str) -> Result<Option<Idempotency>, Poisoned> {
        self.memory.idempotency(account, key)
    }

    fn verification(&mut self, n: u64) -> Result<Option<Verification>, Poisoned> {
        self.memory.verification(n)
    }

    fn latest_verification(&mut self, of: (AccountId, AppId), to: E164) -> Result<Option<Verification>, Poisoned> {
        self.memory.latest_verification(of, to)
    }

    fn verifications_of(&mut self, to: E164, until: Time, limit: usize) -> Result<Vec<Verification>, Poisoned> {
        self.memory.verifications_of(to, until, limit)
    }

    fn verifications_before(&mut self, n: u64, limit: usize) -> Result<Vec<Verification>, Poisoned> {
        self.memory.verifications_before(n, limit)
    }

    fn was_verified(&mut self, to: E164, since: Time) -> Result<bool, Poisoned> {
        self.memory.was_verified(to, since)
    }

    fn verifications_over(&mut self, now: Time, limit: usize) -> Result<Vec<Verification>, Poisoned> {
        self.memory.verifications_over(now, limit)
    }

    fn next_verification_over(&mut self, now: Time) -> Result<Option<Time>, Poisoned> {
        self.memory.next_verification_over(now)
    }

    fn order(&mut self, order: OrderId) -> Result<Vec<Entry>, Poisoned> {
        self.memory.order(order)
    }

    fn count_on(&mut self, order: OrderId, from: Seq, span: u64) -> Result<Option<Counted>, Poisoned> {
        self.memory.count_on(order, from, span)
    }

    fn recover(&mut self) -> Result<Recovered, Poisoned> {
        self.memory.recover()
    }

    fn retain(&mut self, forget: &Forget) -> Result<Forgotten, Poisoned> {
        self.forget(forget)
    }

    fn intern(&mut self, kind: NameKind, name: &str) -> Result<u16, Poisoned> {
        self.memory.intern(kind, name)
    }
}
