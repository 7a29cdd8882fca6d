//! No question of the loop or of the API reads a whole table: the engine's own plans say so.

use crate::store::sqlite::reader::words;
use crate::store::sqlite::search::{postings, sweep};
use crate::store::sqlite::{
    Durability, Sqlite, arriving, carrier_ids, ended, list, money, opt_out, reader, telling, verifications,
};

fn plan(store: &Sqlite, words: &str) -> String {
    let mut statement = store.writer.prepare(&format!("EXPLAIN QUERY PLAN {words}")).expect("a statement");
    let mut rows = statement.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().expect("a plan") {
        lines.push(row.get::<_, String>(3).expect("a line"));
    }
    lines.join("; ")
}

#[test]
fn every_hot_question_is_answered_by_the_index_that_is_meant_for_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Sqlite::open(directory.path(), Durability::Os).expect("the store opens");
    for (question, index) in [
        (words::READY, "COVERING INDEX part_ready (lane=? AND id>?)"),
        (words::DUE, "COVERING INDEX part_delayed (due>? AND due<?)"),
        (words::NEXT_DUE, "COVERING INDEX part_delayed (due>?)"),
        (words::DELAYED, "COVERING INDEX part_delayed (due>?)"),
        (words::LATE, "COVERING INDEX part_late (due>? AND due<?)"),
        (words::NEXT_LATE, "COVERING INDEX part_late (due>?)"),
        (words::OVERDUE, "INTEGER PRIMARY KEY (rowid>?)"),
        (words::SILENT, "INTEGER PRIMARY KEY (rowid>?)"),
        (carrier_ids::words::FIND, "PRIMARY KEY (rhash=?)"),
        (words::ATTEMPT_BY_RHASH, "COVERING INDEX attempt_by_carrier_id (rhash=?)"),
        (words::OPEN, "COVERING INDEX part_open (phase=?)"),
        (&**reader::ORDER, "INTEGER PRIMARY KEY (rowid=?)"),
        (words::ORDER_STEP, "INTEGER PRIMARY KEY (rowid>?)"),
        (words::TIME_STEP, "INTEGER PRIMARY KEY (rowid>?)"),
        (list::find::BODIES, "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (carrier_ids::words::FIND_BETWEEN, "PRIMARY KEY (rhash=? AND id>? AND id<?)"),
        (carrier_ids::words::HIDDEN, "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (carrier_ids::words::HIDDEN, "PRIMARY KEY (rhash=? AND id=?)"),
        (carrier_ids::words::REMOVE, "PRIMARY KEY (rhash=? AND id=?)"),
        (list::find::ATTEMPT_OF_ID, "COVERING INDEX attempt_by_carrier_id (rhash=? AND id>? AND id<?)"),
        (postings::words::ENTRIES, "INTEGER PRIMARY KEY (rowid=?)"),
        (postings::words::OF_SEGMENT, "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (sweep::words::BODIES, "INTEGER PRIMARY KEY (rowid>?)"),
        (sweep::words::PARTS, "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (&telling::EVENTS[0][0], "event_by_account (account=? AND n>?)"),
        (&telling::EVENTS[1][0], "event_by_endpoint (endpoint=? AND n>?)"),
        (&**ended::LOG, "INTEGER PRIMARY KEY (rowid>?)"),
        (&**opt_out::ALL, "INTEGER PRIMARY KEY (rowid>?)"),
        (&**opt_out::OF_ACCOUNT, "suppression_by_account (account=? AND rowid>?)"),
        (&**opt_out::OF_NUMBER, "suppression_1 (number=?)"),
        (&**money::OF_ACCOUNT, "ledger_by_account (account=? AND n<?)"),
        (&**money::OF_ORDER, "ledger_by_order (order_id=? AND seq=?)"),
        (&**verifications::ONE, "INTEGER PRIMARY KEY (rowid=?)"),
        (&**verifications::LATEST, "verification_by_number (destination=?)"),
        (&**verifications::OF_NUMBER, "verification_by_number (destination=?)"),
        (&**verifications::BEFORE, "INTEGER PRIMARY KEY (rowid<?)"),
        (verifications::VERIFIED, "verification_by_number (destination=?)"),
        (&**verifications::OF_ACCOUNT, "verification_by_number (destination=? AND n<?)"),
        (&**verifications::OVER, "verification_by_end (expires<?)"),
        (verifications::NEXT_OVER, "verification_by_end (expires>?)"),
        ("SELECT n FROM idem WHERE account = ?1 AND key = ?2", "idem_1 (account=? AND key=?)"),
        ("UPDATE part SET phase = ?2 WHERE id = ?1", "INTEGER PRIMARY KEY (rowid=?)"),
    ] {
        let plan = plan(&store, question);
        assert!(plan.starts_with("SEARCH") && plan.contains(index), "{question}\n{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{question}\n{plan}");
    }
}

#[test]
fn what_is_counted_is_counted_over_few_rows() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Sqlite::open(directory.path(), Durability::Os).expect("the store opens");
    assert_eq!(plan(&store, words::READY_LANES), "SCAN part USING COVERING INDEX part_ready");
    assert_eq!(plan(&store, arriving::ARRIVING), "SCAN orders USING INDEX orders_arriving");
    assert!(plan(&store, words::DELAYED_LANES).contains("part_delayed"));
    let few = plan(&store, telling::LAST_OF_ACCOUNTS);
    assert_eq!(few, "SEARCH event USING INTEGER PRIMARY KEY (rowid<?); USE TEMP B-TREE FOR GROUP BY");
}

#[test]
fn operators_read_a_view_that_spells_things_out() {
    use crate::record::contract::{NameKind, Store};
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = Sqlite::open(directory.path(), Durability::Os).expect("the store opens");
    assert_eq!(store.intern(NameKind::Carrier, "red").expect("a number"), 1);
    store.commit(&crate::store::tests::script::same_id(3)).expect("the commit goes through");
    let words =
        "SELECT group_concat(seq || ' ' || phase || ' ' || carrier || ' ' || carrier_message_id) FROM message_parts";
    let told: String = store.writer.query_row(words, [], |row| row.get(0)).expect("the view");
    assert_eq!(told, "1 sent red 0,2 sent red 0,3 sent red 0");
}
