//! One suite over both stores: whatever a store answers must be what the plain model answers.

mod model;
pub(super) mod script;
mod damage;
mod durability;
mod format;
mod events;
mod views;
mod verifications;
mod retain;
mod codes;

use crate::message::id::{AccountId, LaneId, OrderId, PartKey, Seq};
use crate::message::status::Totals;
use crate::message::time::Time;
use crate::record::batch::{Batch, Order};
use crate::record::contract::{Forget, NameKind, Poisoned, Silent, Store};
use crate::record::entry::Entry;
use crate::route::opt_out::List;
use crate::store::memory::{Leaves, Memory};
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::tests::model::Model;
use crate::store::tests::script::Script;
use std::path::Path;

fn sqlite(directory: &Path) -> Sqlite {
    let mut store = Sqlite::open(directory, Durability::Os).expect("the store opens");
    store.keep_ids(2);
    store
}

/// The entries in the order of their seqs.
fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|it| it.body.seq());
    entries
}

/// Every question of the contract, to the store and to the model.
fn agree(store: &mut impl Store, model: &mut Model, script: &mut Script) -> Result<(), Poisoned> {
    let last = model.marks.next_seq;
    let mut seqs: Vec<Seq> = (0..5).map(|_| Seq(script.below(last + 2))).collect();
    assert_eq!(sorted(store.load(&seqs)?), sorted(model.load(seqs.clone())));
    seqs = model.entries.keys().copied().collect();
    assert_eq!(sorted(store.load(&seqs)?), model.load(seqs));

    let attempts = model.entries.values().flat_map(|it| {
        it.parts.iter().filter_map(|it| it.attempt.as_ref()).chain(it.past.iter().map(|it| &it.attempt))
    });
    let mut hashes: Vec<u64> = attempts.filter_map(|it| it.rhash()).collect();
    hashes.truncate(7);
    hashes.push(1);
    assert_eq!(sorted(store.by_rhash(&hashes)?), model.by_rhash(&hashes));

    let (now, limit) = (Time(script.now.0 + script.below(600_000)), 1 + script.below(5) as usize);
    for lane in model.lanes().iter().map(|it| it.lane).chain([LaneId(0)]) {
        let after = PartKey(script.below(last * 16));
        assert_eq!(store.ready(lane, after, limit)?, model.ready(lane, after, limit));
        assert_eq!(store.ready(lane, PartKey(0), 1_000)?, model.ready(lane, PartKey(0), 1_000));
    }
    assert_eq!(store.due(now, limit)?, model.due(now, limit));
    assert_eq!(store.due(now, 1_000)?, model.due(now, 1_000));
    assert_eq!(store.next_due(now)?, model.next_due(now));
    assert_eq!(store.next_due(Time(0))?, model.next_due(Time(0)));
    for limit in [limit, 1_000] {
        assert_eq!(store.late(now, limit)?, model.late(now, limit));
    }
    assert_eq!(store.next_late(now)?, model.next_late(now));
    assert_eq!(store.next_late(Time(0))?, model.next_late(Time(0)));
    assert_eq!(all_overdue(store, now, 1 + script.below(30) as usize)?, model.overdue(now));

    assert_eq!(all_silent(store, now, 1 + script.below(30) as usize)?, model.silent(now));

    for account in 0..2 {
        for key in 0..9 {
            let key = format!("key-{key}");
            let told = model.idempotency.iter().find(|it| it.account == AccountId(account) && *it.key == *key);
            assert_eq!(store.idempotency(AccountId(account), &key)?.as_ref(), told);
        }
    }
    let span = 1 + script.below(4);
    for order in (0..3).map(|_| OrderId::from_record(script.below(model.marks.next_order + 1))) {
        assert_eq!(store.order(order)?, model.order(order));
        assert_eq!(totals(store, order, span)?, model.totals(order));
    }
    let recovered = store.recover()?;
    model.remove_arriving();
    assert!(sorted(store.load(&(0..last).map(Seq).collect::<Vec<_>>())?).iter().eq(model.entries.values()));
    assert_eq!(recovered.marks, model.marks);
    assert_eq!(recovered.doubtful, model.doubtful());
    assert_eq!(recovered.lanes, model.lanes());
    assert_eq!(recovered.parked, model.parked.values().cloned().collect::<Vec<_>>());
    assert_eq!(recovered.mo_parts, model.mo_parts.values().cloned().collect::<Vec<_>>());
    assert_eq!(recovered.learned, model.learned.iter().map(|(id, it)| (*id, *it)).collect::<Vec<_>>());
    assert_eq!(recovered.opted_out, model.suppressed.keys().collect::<List>());
    assert_eq!(recovered.actions, model.standing());
    assert_eq!(recovered.balances, model.balances.iter().map(|(id, it)| (*id, *it)).collect::<Vec<_>>());
    assert_eq!(recovered.quotas, model.quotas.values().cloned().collect::<Vec<_>>());
    assert_eq!(recovered.mo_seen, model.mo_seen.values().copied().collect::<Vec<_>>());
    let converted = recovered.converted.iter().map(|it| ((it.app, it.country), it.count));
    assert_eq!(converted.collect::<std::collections::BTreeMap<_, _>>(), model.converted);
    verifications::agree(store, model, script)?;
    Ok(())
}

/// All messages of an order, counted in spans.
fn totals(store: &mut impl Store, order: OrderId, span: u64) -> Result<Option<Totals>, Poisoned> {
    let (mut from, mut totals) = (Seq(0), Totals::default());
    while let Some(it) = store.count_on(order, from, span)? {
        totals.add_all(&it.totals);
        if it.next == it.end {
            return Ok(Some(totals));
        }
        from = it.next;
    }
    Ok(None)
}

/// The whole search, in spans.
fn all_silent(store: &mut impl Store, before: Time, span: usize) -> Result<Vec<Silent>, Poisoned> {
    let (mut after, mut found) = (PartKey(0), Vec::new());
    loop {
        let (some, next) = store.silent(before, after, span)?;
        found.extend(some);
        let Some(next) = next else { return Ok(found) };
        after = next;
    }
}

/// A whole sweep, in spans; a message is met once for each span that its parts stand in.
fn all_overdue(store: &mut impl Store, now: Time, span: usize) -> Result<Vec<Entry>, Poisoned> {
    let (mut after, mut found) = (PartKey(0), Vec::new());
    loop {
        let (entries, next) = store.overdue(now, after, span)?;
        found.extend(entries);
        match next {
            Some(next) => after = next,
            None => break,
        }
    }
    found.dedup_by_key(|it| it.body.seq());
    Ok(found)
}

/// Forgets everything from before a time, so many at once; how much it was.
fn forget(store: &mut impl Store, before: Time, limit: usize) -> usize {
    let (mut count, mut anew) = (0, true);
    loop {
        let done = store.retain(&Forget { before, parked_before: before, limit, anew }).expect("the store forgets");
        count += done.count;
        if !done.more {
            return count;
        }
        anew = false;
    }
}

/// A life of `batches` batches; what was forgotten in between is forgotten in both.
fn live(store: &mut impl Store, seed: u64, batches: usize) -> (Model, Script) {
    let (mut model, mut script) = (Model::new(), Script::new(seed));
    for at in 0..batches {
        let batch = script.batch(&model);
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
        if at % 7 == 3 {
            agree(store, &mut model, &mut script).expect("the store answers");
        }
        if at % 25 == 24 {
            let horizon = Time(script.now.0 - 400_000);
            assert_eq!(forget(store, horizon, 3), model.retain(horizon, horizon));
            agree(store, &mut model, &mut script).expect("the store answers");
        }
    }
    agree(store, &mut model, &mut script).expect("the store answers");
    (model, script)
}

#[test]
fn the_memory_store_is_as_the_model() {
    for seed in 1..=20 {
        live(&mut Memory::new(), seed, 60);
    }
}

#[test]
fn the_sqlite_store_is_as_the_model_and_so_it_is_after_a_reopen() {
    for seed in 1..=4 {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = sqlite(directory.path());
        let (mut model, mut script) = live(&mut store, seed, 60);
        drop(store);
        agree(&mut sqlite(directory.path()), &mut model, &mut script).expect("the reopened store answers");
    }
}

#[test]
fn after_a_failed_commit_nothing_more_is_done_and_the_disk_has_all_or_nothing_of_it() {
    for k in 1..=12 {
        for leaves in [Leaves::Nothing, Leaves::Everything] {
            let (mut store, mut model, mut script) = (Memory::new(), Model::new(), Script::new(k));
            store.fail_at(k, leaves);
            let failed = loop {
                let batch = script.batch(&model);
                if store.commit(&batch).is_err() {
                    break batch;
                }
                model.apply(&batch);
            };
            assert!(store.commit(&Batch::default()).is_err() && store.load(&[]).is_err() && store.recover().is_err());
            if leaves == Leaves::Everything {
                model.apply(&failed);
            }
            let mut next = store.crash();
            assert!(next.all().eq(model.entries.values().cloned()));
            assert!(next.events().eq(model.events.values()));
            assert!(next.actions().eq(model.actions.values()));
            agree(&mut next, &mut model, &mut script).expect("the crashed store answers");
        }
    }
}

#[test]
fn names_keep_their_numbers() {
    fn told(store: &mut impl Store) -> [u16; 4] {
        [
            (NameKind::Carrier, "red"),
            (NameKind::Carrier, "blue"),
            (NameKind::Account, "blue"),
            (NameKind::Carrier, "red"),
        ]
        .map(|(kind, name)| store.intern(kind, name).expect("a number"))
    }
    let directory = tempfile::tempdir().expect("a directory");
    for _ in 0..2 {
        assert_eq!(told(&mut sqlite(directory.path())), [1, 2, 1, 1]);
    }
    let mut memory = Memory::new();
    assert_eq!(told(&mut memory), [1, 2, 1, 1]);
    assert_eq!(told(&mut memory.crash()), [1, 2, 1, 1]);
}

#[test]
fn what_cannot_be_written_poisons() {
    fn poisons(mut store: impl Store, batch: &Batch) {
        assert!(store.commit(batch).is_err());
        assert!(store.recover().is_err());
    }
    let (model, mut script) = (Model::new(), Script::new(5));
    let good = loop {
        let batch = script.batch(&model);
        if !batch.bodies.is_empty() {
            break batch;
        }
    };
    let missing = Batch { parts: good.new_parts.clone(), ..Batch::default() };
    let twice = |mut store: Box<dyn Store>| {
        store.commit(&good).expect("the first time");
        assert!(store.commit(&good).is_err());
        assert!(store.load(&[]).is_err());
    };
    let directories = [tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory")];
    poisons(sqlite(directories[0].path()), &missing);
    poisons(Memory::new(), &missing);
    twice(Box::new(sqlite(directories[1].path())));
    twice(Box::new(Memory::new()));
}

#[test]
fn an_order_without_a_row_is_found_among_others_and_gaps() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let (mut model, mut script) = (Model::new(), Script::new(9));
    for _ in 0..40 {
        let mut batch = script.batch(&model);
        batch.orders = Vec::<Order>::new();
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
    }
    let horizon = Time(script.now.0 - 900_000);
    assert!(0 < forget(&mut store, horizon, 10));
    assert!(0 < model.retain(horizon, horizon));
    for order in 0..model.marks.next_order + 1 {
        assert_eq!(
            store.order(OrderId::from_record(order)).expect("an answer"),
            model.order(OrderId::from_record(order))
        );
    }
}

#[test]
fn a_carrier_that_repeats_one_id_costs_no_more_than_sixteen_messages() {
    let directory = tempfile::tempdir().expect("a directory");
    let stores: [Box<dyn Store>; 2] = [Box::new(sqlite(directory.path())), Box::new(Memory::new())];
    for mut store in stores {
        let batch = script::same_id(40);
        store.commit(&batch).expect("the commit goes through");
        let hash = batch.new_parts[0].attempt.as_ref().and_then(|it| it.rhash()).expect("it has a name");
        let found: Vec<Seq> = store.by_rhash(&[hash]).expect("an answer").iter().map(|it| it.body.seq()).collect();
        assert_eq!(found, (25..=40).map(Seq).collect::<Vec<_>>());
    }
}
