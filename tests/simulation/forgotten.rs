//! What the store forgets in a run: at any time, in steps of any size; and what must hold of it.

use crate::simulation::dice::{Dice, Seed};
use crate::simulation::failover::{ACME, answered, bench, only, order, receipt};
use crate::simulation::scenario::Scenario;
use crate::simulation::watch::Watched;
use crate::simulation::world::World;
use nuncio::dispatch::door::fact::{Fact, Fate};
use nuncio::message::attempt::{Answer, Attempt};
use nuncio::message::body::Body;
use nuncio::message::id::{OrderId, PartKey, Seq};
use nuncio::message::part::Part;
use nuncio::message::status::Status;
use nuncio::message::time::Time;
use nuncio::record::contract::{Forget, Forgotten, Poisoned, Store};
use nuncio::record::event::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What was stepped over is looked at again so often, in milliseconds.
const ANEW_EVERY: u64 = 60_000;
/// Longer than any receipt is parked: what is taken from the store is not waited for in memory any more.
const PARKED_FOR_MAX: Duration = Duration::from_secs(3_700);

/// What was forgotten, as it was then.
#[derive(Default)]
pub(crate) struct Archive {
    bodies: BTreeMap<Seq, Arc<Body>>,
    parts: BTreeMap<PartKey, Part>,
    past: BTreeMap<(PartKey, u8), Attempt>,
    labels: BTreeMap<u64, Seq>,
    events: Vec<Event>,
}

impl Archive {
    pub(crate) fn has(&self, label: u64) -> bool {
        self.labels.contains_key(&label)
    }

    pub(crate) fn has_some_of(&self, order: OrderId) -> bool {
        self.bodies.values().any(|it| it.order == order)
    }
}

/// When a run forgets.
pub(crate) struct Forgetting {
    dice: Dice,
    retention: Duration,
    anew_at: u64,
    more: bool,
}

impl Forgetting {
    pub(crate) fn of(seed: Seed, scenario: &Scenario) -> Option<Self> {
        let retention = scenario.retention?;
        Some(Self { dice: seed.dice("forgetting"), retention, anew_at: 0, more: false })
    }
}

impl World {
    /// Forgets some of what is old, as the loop does between its beats. Returns when it goes on.
    pub(super) fn forget_some(&mut self) -> Option<u64> {
        let mut it = self.forgetting.take()?;
        // The loop has carried out what it decided, and nobody counts what an order has.
        if self.dispatch.is_some() && !self.is_busy() {
            let before = self.time() - it.retention;
            let anew = !it.more && (it.anew_at <= self.now || it.dice.percent(10));
            let parked_before = self.time() - it.retention.max(PARKED_FOR_MAX);
            let limit = it.dice.pick(&[1, 16, 400]);
            let done = self.store.retain(&Forget { before, parked_before, limit, anew }).expect("the store is sound");
            self.tally.add("forgotten", done.count as u64);
            it.more = done.more;
            if anew {
                it.anew_at = self.now + ANEW_EVERY;
            }
        }
        let next = if it.more { it.dice.range(1, 50) } else { it.dice.range(500, 20_000) };
        self.forgetting = Some(it);
        Some(self.now + next)
    }
}

impl Watched {
    /// Forgets, and looks at what is gone: it was over, and since before the time that was said.
    pub(crate) fn forget(&mut self, forget: &Forget) -> Result<Forgotten, Poisoned> {
        // They go in their order, so many at once.
        let old = self.memory.events().take(forget.limit).filter(|it| it.at < forget.before);
        let old: Vec<Event> = old.cloned().collect();
        let events = self.memory.events().count();
        let done = self.memory.retain(forget)?;
        let parked = self.parked.values().take(forget.limit);
        let parked: Vec<u64> =
            parked.take_while(|it| it.receipt.received_at < forget.parked_before).map(|it| it.number).collect();
        parked.iter().for_each(|it| drop(self.parked.remove(it)));
        if done.count == 0 {
            return Ok(done);
        }
        let left: BTreeSet<u64> = self.memory.events().map(|it| it.n).collect();
        let gone: Vec<Event> = old.into_iter().filter(|it| !left.contains(&it.n)).collect();
        assert_eq!(events - left.len(), gone.len(), "forgotten: an event that is younger than {:?}", forget.before);
        self.archive.events.extend(gone);
        let gone: Vec<Seq> = self.bodies.keys().copied().filter(|it| !self.memory.holds(*it)).collect();
        gone.into_iter().for_each(|it| self.archive(it, forget));
        Ok(done)
    }

    fn archive(&mut self, seq: Seq, forget: &Forget) {
        let keys: Vec<PartKey> = self.parts_of(seq).map(|it| it.key).collect();
        for key in keys {
            let part = self.parts.remove(&key).expect("it was found");
            assert!(part.phase().is_final(), "forgotten: {part:?} is not over");
            assert!(part.done_at < forget.before, "forgotten: {part:?} is younger than {:?}", forget.before);
            let past: Vec<u8> = self.past.range((key, 0)..=(key, u8::MAX)).map(|it| it.0.1).collect();
            let past = past.into_iter().filter_map(|it| self.past.remove_entry(&(key, it)));
            self.archive.past.extend(past);
            self.archive.parts.insert(key, part);
        }
        self.archive.bodies.extend(self.bodies.remove_entry(&seq));
        let labels: Vec<u64> = self.labels.iter().filter(|it| *it.1 == seq).map(|it| *it.0).collect();
        labels.iter().for_each(|it| _ = self.labels.remove(it));
        self.archive.labels.extend(labels.into_iter().map(|it| (it, seq)));
    }

    /// The run is over: what was forgotten is judged with all else.
    pub(crate) fn remember(&mut self) {
        let archive = &mut self.archive;
        for seq in archive.bodies.keys() {
            assert!(!self.bodies.contains_key(seq), "forgotten: {seq:?} is there again");
        }
        self.bodies.append(&mut archive.bodies);
        self.parts.append(&mut archive.parts);
        self.past.append(&mut archive.past);
        self.labels.append(&mut archive.labels);
    }

    /// Every event that was ever written, in its order.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        let mut all: Vec<&Event> = self.archive.events.iter().chain(self.memory.events()).collect();
        all.sort_by_key(|it| it.n);
        all.into_iter()
    }
}

#[test]
fn what_was_forgotten_does_not_come_back_by_a_receipt_that_comes_after_that() {
    let mut bench = bench(|_| ());
    let ticket = only(&bench.beat(vec![order("hello", 1)]).1, ACME);
    bench.beat(vec![answered(ACME, ticket, Answer::Taken)]);
    bench.beat(vec![receipt(ACME, ticket, Status::Delivered)]);
    // What is said again has it read from the store.
    bench.beat(vec![receipt(ACME, ticket, Status::Delivered)]);
    bench.now = bench.now + Duration::from_secs(3_600);
    let forget = Forget { before: bench.now, parked_before: Time(0), limit: 10, anew: true };
    bench.store.retain(&forget).unwrap();
    assert_eq!(bench.store.all().count(), 0);
    let facts = bench.beat(vec![receipt(ACME, ticket, Status::Failed)]).1.facts;
    assert!(facts.iter().any(|it| matches!(it, Fact::Receipt { fate: Fate::Parked, .. })), "{facts:?}");
    assert_eq!((bench.store.all().count(), bench.store.recover().unwrap().parked.len()), (0, 1));
}
