//! How the engine is told to write: what each durability asks of it, and that nothing loosens it later on.

use crate::message::time::Time;
use crate::record::contract::{Forget, Store};
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::tests::{forget, live};
use std::fs;
use std::time::Duration;

#[test]
fn the_engine_syncs_as_the_durability_says_also_behind_forgetting() {
    // FULL syncs the log behind each commit, NORMAL before its pages are moved.
    for (durability, synchronous) in [(Durability::Fsync, "2"), (Durability::Os, "1")] {
        let directory = tempfile::tempdir().expect("a directory");
        let wanted = [("journal_mode", "wal"), ("synchronous", synchronous), ("wal_autocheckpoint", "0")];
        for _ in 0..2 {
            let store = Sqlite::open(directory.path(), durability).expect("the store opens");
            assert_eq!(store.pragmas(), wanted.map(|it| it.1), "{durability:?}");
        }
        let mut store = Sqlite::open(directory.path(), durability).expect("the store opens");
        let (_, script) = live(&mut store, 1, 30);
        assert!(0 < forget(&mut store, Time(script.now.0), 3));
        assert_eq!(store.pragmas(), wanted.map(|it| it.1), "{durability:?}");
    }
}

/// A step that forgets one of what is over by then.
const fn one(now: Time) -> Forget {
    Forget { before: now, parked_before: now, limit: 1, anew: false }
}

#[test]
fn forgetting_waits_for_the_disk_only_where_it_has_to_keep_it() {
    for (durability, waits) in [(Durability::Fsync, true), (Durability::Os, false)] {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = Sqlite::open(directory.path(), durability).expect("the store opens");
        let (_, script) = live(&mut store, 1, 30);
        let done = store.retain(&one(Time(script.now.0))).expect("it forgets");
        assert_eq!(done.waited != Duration::ZERO, waits, "{durability:?}");
    }
}

#[test]
fn what_forgetting_changed_is_in_the_log_before_the_disk_is_waited_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = Sqlite::open(directory.path(), Durability::Fsync).expect("the store opens");
    let (_, script) = live(&mut store, 1, 90);
    let step = one(Time(script.now.0));
    let mut forgets = || store.retain(&step).expect("it forgets").count != 0;
    assert!((0..100).any(|_| forgets() && forgets()), "what is over is looked for first, and then goes one by one");
    let log = || fs::read(directory.path().join("nuncio.db-wal")).expect("there is a log");
    let before = log();
    store.fail_next_commit();
    store.retain(&step).expect_err("its end is refused");
    assert!(before != log(), "nothing was written before the end");
}
