//! Kill points and damage: what a start finds is a committed prefix, or a refusal that names the file.

use crate::message::id::Seq;
use crate::record::contract::Store;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::tests::model::Model;
use crate::store::tests::script::Script;
use crate::store::tests::{agree, sqlite};
use std::path::Path;

/// What a crash leaves: the files as they are now, without the shared memory, which dies with the machine.
fn image(from: &Path, to: &Path) {
    for name in ["nuncio.db", "nuncio.db-wal"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).expect("a copy");
        }
    }
}

/// A small store that was never closed, and the model after each of its commits, the empty one first.
fn small(directory: &Path, commits: usize) -> (Sqlite, Vec<Model>) {
    let (mut store, mut models, mut script) = (sqlite(directory), vec![Model::new()], Script::new(77));
    for _ in 0..commits {
        let mut model = models.last().expect("there is the empty one").clone();
        let batch = script.batch(&model);
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
        models.push(model);
    }
    (store, models)
}

/// Which of the models the store is; `None` if it refuses. Anything else fails the test.
fn found(directory: &Path, models: &[Model]) -> Option<usize> {
    let refused = |text: String| {
        assert!(text.contains("nuncio.db"), "the refusal names the file: {text}");
        None
    };
    let mut store = match Sqlite::open(directory, Durability::Os) {
        Ok(store) => store,
        Err(fault) => return refused(fault.to_string()),
    };
    let told = store.recover().and_then(|recovered| {
        let at = models.iter().position(|it| it.marks == recovered.marks).expect("the marks are those of a commit");
        let mut model = models[at].clone();
        model.remove_arriving();
        agree(&mut store, &mut model, &mut Script::new(3))?;
        let seqs: Vec<Seq> = (0..models.last().expect("there is one").marks.next_seq + 1).map(Seq).collect();
        assert_eq!(store.load(&seqs)?, model.load(seqs));
        Ok(at)
    });
    told.map_or_else(|it| refused(std::error::Error::source(&it).expect("a cause").to_string()), Some)
}

#[test]
fn killed_after_any_commit_the_store_is_as_after_that_commit() {
    let home = tempfile::tempdir().expect("a directory");
    let (mut store, mut models) = small(home.path(), 0);
    let mut script = Script::new(4);
    for at in 1..=25 {
        let mut model = models.last().expect("there is the empty one").clone();
        let batch = script.batch(&model);
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
        models.push(model);
        let copy = tempfile::tempdir().expect("a directory");
        image(home.path(), copy.path());
        assert_eq!(found(copy.path(), &models), Some(at));
    }
}

#[test]
fn a_commit_that_fails_at_any_point_leaves_the_one_before() {
    for k in 1..=10 {
        let home = tempfile::tempdir().expect("a directory");
        let (mut store, models) = small(home.path(), k);
        store.fail_next_commit();
        let mut script = Script::new(k as u64);
        assert!(store.commit(&script.batch(&models[k])).is_err());
        assert!(store.commit(&script.batch(&models[k])).is_err(), "a poisoned store does nothing more");
        drop(store);
        assert_eq!(found(home.path(), &models), Some(k));
    }
}

#[test]
fn a_wal_cut_off_anywhere_is_a_committed_prefix() {
    let home = tempfile::tempdir().expect("a directory");
    let (_store, models) = small(home.path(), 6);
    let whole = std::fs::read(home.path().join("nuncio.db-wal")).expect("the WAL");
    let mut last = 0;
    for len in (0..=whole.len()).step_by(1_031).chain([whole.len()]) {
        let copy = tempfile::tempdir().expect("a directory");
        image(home.path(), copy.path());
        std::fs::write(copy.path().join("nuncio.db-wal"), &whole[..len]).expect("a cut");
        let at = found(copy.path(), &models).expect("a cut WAL is no reason to refuse");
        assert!(last <= at, "a longer WAL holds no less");
        last = at;
    }
    assert_eq!(last, 6);
}

#[test]
fn a_flipped_bit_in_the_wal_is_a_committed_prefix() {
    let home = tempfile::tempdir().expect("a directory");
    let (_store, models) = small(home.path(), 6);
    let whole = std::fs::read(home.path().join("nuncio.db-wal")).expect("the WAL");
    for at in (0..whole.len()).step_by(509) {
        let copy = tempfile::tempdir().expect("a directory");
        image(home.path(), copy.path());
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(copy.path().join("nuncio.db-wal"), flipped).expect("a flip");
        found(copy.path(), &models);
    }
}

#[test]
fn a_flipped_bit_in_the_database_is_harmless_or_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let (store, models) = small(home.path(), 6);
    drop(store);
    let whole = std::fs::read(home.path().join("nuncio.db")).expect("the database");
    let (mut refused, mut harmless) = (0, 0);
    // Every octet of the header, then with a stride that shares no factor with the page.
    for at in (0..100).chain((100..whole.len()).step_by(61)) {
        let copy = tempfile::tempdir().expect("a directory");
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(copy.path().join("nuncio.db"), flipped).expect("a flip");
        match found(copy.path(), &models) {
            Some(6) => harmless += 1,
            Some(earlier) => panic!("a flip at {at} made the store {earlier} commits old"),
            None => refused += 1,
        }
    }
    assert!(0 < refused && 0 < harmless, "{refused} refused, {harmless} harmless");
}

#[test]
fn a_database_cut_off_is_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let (store, models) = small(home.path(), 6);
    drop(store);
    let whole = std::fs::read(home.path().join("nuncio.db")).expect("the database");
    for len in (1..whole.len()).step_by(4_096).chain((4_096..whole.len()).step_by(4_096)) {
        let copy = tempfile::tempdir().expect("a directory");
        std::fs::write(copy.path().join("nuncio.db"), &whole[..len]).expect("a cut");
        assert_eq!(found(copy.path(), &models), None, "{len} octets");
    }
}

#[test]
fn what_is_not_ours_is_refused_in_one_sentence() {
    let newer = tempfile::tempdir().expect("a directory");
    drop(sqlite(newer.path()));
    let conn = rusqlite::Connection::open(newer.path().join("nuncio.db")).expect("the file");
    conn.execute_batch("PRAGMA user_version = 99").expect("a later version");
    drop(conn);
    assert!(matches!(Sqlite::open(newer.path(), Durability::Os).err(), Some(Fault::Newer { found: 99, .. })));

    let foreign = tempfile::tempdir().expect("a directory");
    let conn = rusqlite::Connection::open(foreign.path().join("nuncio.db")).expect("the file");
    conn.execute_batch("CREATE TABLE other (a)").expect("a table");
    drop(conn);
    assert!(matches!(Sqlite::open(foreign.path(), Durability::Os).err(), Some(Fault::Foreign { .. })));

    let open = tempfile::tempdir().expect("a directory");
    let _first = sqlite(open.path());
    assert!(matches!(Sqlite::open(open.path(), Durability::Os).err(), Some(Fault::Locked { .. })));
}
