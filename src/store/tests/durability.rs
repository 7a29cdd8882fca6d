//! How the engine is told to write: what each durability asks of it, and that nothing loosens it later on.

use crate::message::time::Time;
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::tests::{forget, live};

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
