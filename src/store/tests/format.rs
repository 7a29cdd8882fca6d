//! Stores that an older version wrote.

use crate::message::body::Body;
use crate::record::contract::Store;
use crate::store::tests::model::Model;
use crate::store::tests::script::Script;
use crate::store::tests::{agree, sqlite};
use rusqlite::Connection;
use std::sync::Arc;

/// Makes the store of a folder one of format 1, which had no column `manner`.
fn as_format_1(file: &std::path::Path) {
    let conn = Connection::open(file).expect("the database opens");
    conn.execute_batch("ALTER TABLE body DROP COLUMN manner; PRAGMA user_version = 1;").expect("the column goes");
}

#[test]
fn a_store_of_format_1_with_a_backlog_is_opened_and_served() {
    let home = tempfile::tempdir().expect("a directory");
    let (mut model, mut script) = (Model::new(), Script::new(11));
    let mut store = sqlite(home.path());
    for _ in 0..20 {
        let mut batch = script.batch(&model);
        for body in batch.bodies.iter_mut().chain(&mut batch.erased) {
            *body = Arc::new(Body { manner: None, ..(**body).clone() });
        }
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
    }
    drop(store);
    assert!(!model.lanes().is_empty(), "something is queued");
    as_format_1(&home.path().join("nuncio.db"));
    let mut store = sqlite(home.path());
    store.recover().expect("it recovers");
    agree(&mut store, &model, &mut Script::new(3)).expect("every row has the seal that it had");
    for _ in 0..10 {
        let batch = script.batch(&model);
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
        agree(&mut store, &model, &mut script).expect("old rows and new");
    }
    assert!(model.entries.values().any(|it| it.body.manner.is_some()), "the new rows have what the old lacked");
}
