//! Stores that an older version wrote.

use crate::message::body::Body;
use crate::message::era::Eras;
use crate::message::extras::Extras;
use crate::message::id::{AccountId, CarrierId};
use crate::message::money::Currency;
use crate::message::receipt::Receipt;
use crate::message::time::Time;
use crate::record::batch::{Batch, Marks};
use crate::record::contract::Store;
use crate::record::entry::Entry;
use crate::record::views::MessageFilter;
use crate::smpp::tlv::Tlvs;
use crate::store::sqlite::seal;
use crate::store::tests::model::Model;
use crate::store::tests::script::Script;
use crate::store::tests::views::listed;
use crate::store::tests::{agree, sqlite};
use rusqlite::Connection;
use std::sync::Arc;

/// The cells of format 1, in the order of its seals, in the tables that have more of them now.
const CELLS: [(&str, &str); 2] = [
    (
        "body",
        "seq, token, order_id, account, route, class, source_kind, source, destination, text, requested, parts, \
         client_ref, created, expires, price",
    ),
    ("meta", "next_seq, next_order, next_parked, time, awaiting"),
];

/// Makes a store one of format 10, which verified nothing.
fn as_format_10(conn: &Connection) {
    conn.execute_batch("DROP TABLE verification; DROP TABLE converted; PRAGMA user_version = 10;")
        .expect("the newer goes");
}

/// Makes a store one of format 9, which forgot nobody.
fn as_format_9(conn: &Connection) {
    as_format_10(conn);
    conn.execute_batch("DROP TABLE to_forget; PRAGMA user_version = 9;").expect("the newer goes");
}

/// Makes a store one of format 8, which did not keep dates of receipts as carriers write them.
fn as_format_8(conn: &Connection) {
    as_format_9(conn);
    for table in ["part", "attempt", "parked"] {
        let drop = ["receipt_done_date", "receipt_offset"].map(|it| format!("ALTER TABLE {table} DROP COLUMN {it};"));
        conn.execute_batch(&drop.concat()).expect("the newer goes");
    }
    conn.execute_batch("PRAGMA user_version = 8;").expect("the newer goes");
}

/// What a version of format 10 would have committed.
fn of_format_10(mut batch: Batch) -> Batch {
    batch.verifications.clear();
    batch.converted.clear();
    let bare = |it: &Extras| Extras { code: None, verification: None, ..it.clone() };
    for body in batch.bodies.iter_mut().chain(&mut batch.erased) {
        *body = Arc::new(Body { extras: body.extras.as_deref().map(|it| Arc::new(bare(it))), ..(**body).clone() });
    }
    batch
}

/// What a version of format 9 would have committed; no order is arriving, for what arrives is gone at the next start.
fn of_format_9(batch: Batch) -> Batch {
    let mut batch = of_format_10(batch);
    batch.orders.iter_mut().for_each(|it| it.arriving = false);
    batch
}

/// What a version of format 8 would have committed.
fn of_format_8(batch: Batch) -> Batch {
    let mut batch = of_format_9(batch);
    let bare = |it: &mut Receipt| {
        it.done_date = None;
        it.later.iter_mut().for_each(|it| it.done_date = None);
    };
    let attempts = batch.parts.iter_mut().chain(&mut batch.new_parts).filter_map(|it| it.attempt.as_mut());
    let attempts = attempts.chain(batch.past.iter_mut().map(|it| &mut it.attempt));
    attempts.filter_map(|it| it.receipt.as_deref_mut()).for_each(bare);
    batch.parked.iter_mut().for_each(|it| bare(&mut it.receipt));
    batch
}

/// Makes a store one of format 7, whose carriers' ids had an index over the parts.
fn as_format_7(conn: &Connection) {
    as_format_8(conn);
    let steps = "CREATE INDEX part_by_carrier_id ON part (rhash) WHERE rhash IS NOT NULL;
        DROP TABLE carrier_id; DROP TABLE carrier_id_log; PRAGMA user_version = 7;";
    conn.execute_batch(steps).expect("the newer goes");
}

/// What a version of format 7 would have committed.
fn of_format_7(batch: Batch) -> Batch {
    of_format_8(batch)
}

/// Makes a store one of format 6, which knew no endpoints but those of its configuration.
fn as_format_6(conn: &Connection) {
    as_format_7(conn);
    let steps = "DROP TABLE made; DROP INDEX event_by_endpoint; ALTER TABLE event DROP COLUMN endpoint;
        ALTER TABLE event DROP COLUMN target; PRAGMA user_version = 6;";
    conn.execute_batch(steps).expect("the newer goes");
}

/// What a version of format 6 would have committed.
fn of_format_6(batch: Batch) -> Batch {
    let mut batch = of_format_7(batch);
    batch.events.iter_mut().for_each(|it| it.callback = None);
    batch
}

/// Makes a store one of format 5, which told nobody of events, nor what each was about.
fn as_format_5(conn: &Connection) {
    as_format_6(conn);
    let steps = "DROP TABLE endpoint; DROP TABLE retry; DROP TABLE forgotten; ALTER TABLE event DROP COLUMN about;
        PRAGMA user_version = 5;";
    conn.execute_batch(steps).expect("the newer goes");
}

/// What a version of format 5 would have committed.
fn of_format_5(batch: Batch) -> Batch {
    let mut batch = of_format_6(batch);
    batch.events.iter_mut().for_each(|it| it.about = None);
    batch.told.clear();
    batch
}

/// Makes a store one of format 4, which did not remember the currency of a balance, nor how far its clock was off.
fn as_format_4(conn: &Connection) {
    as_format_5(conn);
    conn.execute_batch("DROP TABLE currency; ALTER TABLE meta DROP COLUMN eras; PRAGMA user_version = 4;")
        .expect("the newer goes");
}

/// Makes a store one of format 3, which did not know when attempts were written, nor what is
/// throttled, could not be searched, did not keep
/// what came with a part of a message from a handset, and whose receipts had no more than their columns.
fn as_format_3(conn: &Connection) {
    as_format_4(conn);
    let steps = "DROP VIEW message_parts; CREATE VIEW message_parts AS SELECT 1;
        ALTER TABLE part DROP COLUMN written_at; ALTER TABLE attempt DROP COLUMN written_at;
        ALTER TABLE part DROP COLUMN receipt_more; ALTER TABLE attempt DROP COLUMN receipt_more;
        ALTER TABLE parked DROP COLUMN receipt_more; ALTER TABLE parked DROP COLUMN address;
        DROP TABLE search; DROP TABLE search_mark; CREATE INDEX part_rare ON part (phase, id) WHERE phase >= 5;
        ALTER TABLE part DROP COLUMN throttled; ALTER TABLE mo DROP COLUMN source_ton; ALTER TABLE mo DROP COLUMN tlvs;
        ALTER TABLE meta DROP COLUMN held_below; ALTER TABLE operate DROP COLUMN by_name; PRAGMA user_version = 3;";
    conn.execute_batch(steps).expect("the newer goes");
}

/// What a version of format 4 would have committed.
fn of_format_4(batch: Batch) -> Batch {
    let mut batch = of_format_5(batch);
    batch.marks.eras = Eras::default();
    batch
}

/// What a version of format 3 would have committed.
fn of_format_3(batch: Batch) -> Batch {
    let mut batch = of_format_4(batch);
    let bare = |it: &mut Receipt| (it.tlvs, it.later) = (Vec::new(), Vec::new());
    let attempts = batch.parts.iter_mut().chain(&mut batch.new_parts).filter_map(|it| it.attempt.as_mut());
    for attempt in attempts.chain(batch.past.iter_mut().map(|it| &mut it.attempt)) {
        attempt.written_at = Time::NEVER;
        attempt.receipt.iter_mut().for_each(|it| bare(it));
    }
    for parked in &mut batch.parked {
        parked.address = None;
        bare(&mut parked.receipt);
    }
    for part in &mut batch.mo_parts {
        (part.mo.source_ton, part.mo.tlvs) = (0, Tlvs::default());
    }
    batch.parts.iter_mut().chain(&mut batch.new_parts).for_each(|it| it.throttled = 0);
    batch.marks.held_below = crate::message::id::Seq(0);
    batch.actions.iter_mut().for_each(|it| it.by = "".into());
    batch
}

/// Makes a store one of format 2, which knew nothing of failover, money, opt-outs and orders of operators. Rows
/// that have nothing of it have the seals that they had.
fn as_format_2(conn: &Connection) {
    as_format_3(conn);
    let steps = "DROP INDEX part_late; ALTER TABLE part DROP COLUMN moved; ALTER TABLE part DROP COLUMN taken_at;
        ALTER TABLE body DROP COLUMN charged; ALTER TABLE body DROP COLUMN send_at; DROP TABLE suppression;
        DROP INDEX orders_arriving; ALTER TABLE orders DROP COLUMN arriving;
        ALTER TABLE meta DROP COLUMN next_ledger; DROP TABLE ledger; DROP TABLE balance; DROP TABLE quota;
        DROP TABLE operate; PRAGMA user_version = 2;";
    conn.execute_batch(steps).expect("the newer goes");
    seal_anew(conn, "meta", "next_seq, next_order, next_parked, time, awaiting, next_event");
}

/// What a version of format 2 would have committed.
fn of_format_2(batch: Batch) -> Batch {
    let mut batch = of_format_3(batch);
    for part in batch.parts.iter_mut().chain(&mut batch.new_parts) {
        (part.moved, part.taken_at, part.lane) = (None, Time::NEVER, part.lane.at(CarrierId(0)));
    }
    for body in batch.bodies.iter_mut().chain(&mut batch.erased) {
        *body = Arc::new(Body { charged: false, send_at: None, ..(**body).clone() });
    }
    let marks = Marks { next_ledger: 1, ..batch.marks };
    Batch {
        ledger: vec![],
        balances: vec![],
        quotas: vec![],
        suppressed: vec![],
        lifted: vec![],
        actions: vec![],
        marks,
        ..batch
    }
}

/// Makes a store one of format 1, whose bodies had no column `manner`, whose counters
/// had none for events, and which knew nothing of handsets. What it sealed, it sealed without them.
fn as_format_1(conn: &Connection) {
    as_format_2(conn);
    let steps = "ALTER TABLE body DROP COLUMN manner; ALTER TABLE parked DROP COLUMN also; ALTER TABLE meta DROP COLUMN next_event;
        DROP TABLE event; DROP TABLE mo; DROP TABLE mo_seen; DROP TABLE learned; PRAGMA user_version = 1;";
    conn.execute_batch(steps).expect("the newer goes");
    for (table, cells) in CELLS {
        seal_anew(conn, table, cells);
    }
}

/// Seals every row of a table over these cells.
fn seal_anew(conn: &Connection, table: &str, cells: &str) {
    let mut rows = conn.prepare(&format!("SELECT rowid, {cells} FROM {table}")).expect("the cells are there");
    let count = rows.column_count();
    let sealed = rows.query_map([], |row| {
        let mut seal = seal::START;
        for at in 1..count {
            seal = seal::mix(seal, row.get_ref(at)?);
        }
        Ok((row.get::<_, i64>(0)?, seal::fold(seal)))
    });
    let sealed: Vec<(i64, i64)> = sealed.and_then(Iterator::collect).expect("every row is read");
    assert!(!sealed.is_empty(), "{table} has rows");
    for (row, seal) in sealed {
        conn.execute(&format!("UPDATE {table} SET seal = ?2 WHERE rowid = ?1"), [row, seal]).expect("a new seal");
    }
}

/// What a version of format 1 would have committed.
fn of_format_1(batch: Batch) -> Batch {
    let mut batch = of_format_2(batch);
    for body in batch.bodies.iter_mut().chain(&mut batch.erased) {
        *body = Arc::new(Body { extras: None, ..(**body).clone() });
    }
    batch.parked.iter_mut().for_each(|it| it.also = None);
    let marks = Marks { next_event: 1, ..batch.marks };
    Batch {
        events: vec![],
        mo_parts: vec![],
        mo_done: vec![],
        mo_seen: vec![],
        mo_forgotten: vec![],
        learned: vec![],
        marks,
        ..batch
    }
}

#[test]
fn a_store_of_format_1_with_a_backlog_is_opened_and_served() {
    opened_and_served(of_format_1, as_format_1);
}

#[test]
fn a_store_of_format_2_with_a_backlog_is_opened_and_served() {
    opened_and_served(of_format_2, as_format_2);
}

#[test]
fn a_store_of_format_3_with_a_backlog_is_opened_and_served() {
    opened_and_served(of_format_3, as_format_3);
}

#[test]
fn a_store_of_format_4_with_a_backlog_is_opened_and_served() {
    opened_and_served(of_format_4, as_format_4);
}

#[test]
fn a_store_of_format_5_with_a_backlog_is_opened_and_served() {
    opened_and_served(of_format_5, as_format_5);
}

#[test]
fn a_store_of_format_6_with_a_backlog_is_opened_and_served() {
    opened_and_served(of_format_6, as_format_6);
}

#[test]
fn a_store_of_format_7_with_a_backlog_is_opened_and_served() {
    opened_and_served(of_format_7, as_format_7);
}

#[test]
fn a_store_of_format_8_with_a_backlog_is_opened_and_served() {
    opened_and_served(of_format_8, as_format_8);
}

#[test]
fn a_store_of_format_9_with_a_backlog_is_opened_and_served() {
    opened_and_served(of_format_9, as_format_9);
}

#[test]
fn a_store_of_format_4_remembers_the_currencies_that_it_is_told() {
    let home = tempfile::tempdir().expect("a directory");
    drop(sqlite(home.path()));
    as_format_4(&Connection::open(home.path().join("nuncio.db")).expect("the database opens"));
    let told =
        [(AccountId(3), Currency::parse("EUR").expect("one")), (AccountId(4), Currency::parse("JPY").expect("one"))];
    let mut store = sqlite(home.path());
    assert!(store.currencies().expect("they are read").is_empty());
    store.remember_currencies(&told).expect("they are written");
    drop(store);
    assert_eq!(sqlite(home.path()).currencies().expect("they are read"), told.into());
}

fn opened_and_served(of_before: fn(Batch) -> Batch, as_before: fn(&Connection)) {
    let home = tempfile::tempdir().expect("a directory");
    let (mut model, mut script) = (Model::new(), Script::new(11));
    let mut store = sqlite(home.path());
    for _ in 0..20 {
        let batch = of_before(script.batch(&model));
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
    }
    drop(store);
    assert!(!model.lanes().is_empty(), "something is queued");
    as_before(&Connection::open(home.path().join("nuncio.db")).expect("the database opens"));
    let mut store = sqlite(home.path());
    store.recover().expect("it recovers");
    agree(&mut store, &mut model, &mut Script::new(3)).expect("every row has the seal that it had");
    for _ in 0..30 {
        let batch = script.batch(&model);
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
        agree(&mut store, &mut model, &mut script).expect("old rows and new");
    }
    let written = |it: &Entry| it.parts.iter().filter_map(|it| it.attempt.as_ref()).any(|it| it.queue_time().is_some());
    assert!(model.entries.values().any(written), "new attempts have what the old lacked");
    assert!(model.entries.values().any(|it| it.body.extras.is_some()), "the new rows have what the old lacked");
    let readers = store.readers();
    for entry in model.entries.values() {
        let query = MessageFilter { to: Some(entry.body.destination), limit: 1_000, ..MessageFilter::default() };
        assert!(listed(&readers, query).contains(entry), "old messages are found, too");
    }
}
