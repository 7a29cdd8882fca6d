//! The format of a store, and how one of an older version becomes one of this version.
//!
//! Each table says in its own file what makes it and what each format has added to it. Here stands which tables there
//! are, in which order their steps are taken, and that every format is one transaction.

use crate::store::sqlite::carrier_ids;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::search::postings;
use crate::store::sqlite::table::{
    Steps, Table, attempt, balance, body, converted, currency, endpoint, event, forgotten, idem, learned, ledger, made,
    message_parts, meta, mo, mo_seen, name, operate, orders, parked, part, quota, retry, suppression, to_forget,
    verification,
};
use rusqlite::Connection;
use std::path::Path;

/// The format that this version writes.
pub(super) const FORMAT: i64 = 11;

/// `nunc`: marks the file as a store of nuncio.
const APPLICATION: i64 = 0x6E75_6E63;

/// The tables.
const TABLES: [&Table; 28] = [
    &body::TABLE,
    &part::TABLE,
    &attempt::TABLE,
    &orders::TABLE,
    &idem::TABLE,
    &parked::TABLE,
    &name::TABLE,
    &meta::TABLE,
    &event::TABLE,
    &mo::TABLE,
    &mo_seen::TABLE,
    &learned::TABLE,
    &suppression::TABLE,
    &operate::TABLE,
    &ledger::TABLE,
    &balance::TABLE,
    &currency::TABLE,
    &quota::TABLE,
    &converted::TABLE,
    &endpoint::TABLE,
    &retry::TABLE,
    &forgotten::TABLE,
    &made::TABLE,
    &to_forget::TABLE,
    &verification::TABLE,
    &postings::TABLE,
    &carrier_ids::LOG,
    &carrier_ids::INDEX,
];

/// What makes each table, and then the view over them.
fn steps() -> impl Iterator<Item = Steps> {
    TABLES.iter().map(|it| it.steps).chain([message_parts::STEPS])
}

/// The format of a store; refuses one that is newer or not ours.
pub(super) fn format(conn: &Connection, file: &Path) -> Result<i64, Fault> {
    let engine = |source| Fault::Engine { file: file.to_owned(), source };
    let pragma = |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).map_err(engine);
    let found = pragma("user_version")?;
    let tables =
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map_err(engine)?;
    if 0 < tables && pragma("application_id")? != APPLICATION {
        return Err(Fault::Foreign { file: file.to_owned() });
    }
    if !(0..=FORMAT).contains(&found) {
        return Err(Fault::Newer { file: file.to_owned(), found, known: FORMAT });
    }
    Ok(found)
}

/// Brings the store to [`FORMAT`]; refuses one that is newer or not ours.
pub(super) fn migrate(conn: &Connection, file: &Path) -> Result<(), Fault> {
    let engine = |source| Fault::Engine { file: file.to_owned(), source };
    let found = format(conn, file)?;
    for format in found + 1..=FORMAT {
        let step = step(format);
        let frame = format!(
            "BEGIN IMMEDIATE; {step} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {format}; COMMIT;"
        );
        conn.execute_batch(&frame).map_err(engine)?;
    }
    Ok(())
}

/// What turns the format before into this one; the first makes the tables.
fn step(format: i64) -> String {
    steps().flatten().filter(|it| it.0 == format).map(|it| it.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::id::OrderId;
    use crate::message::time::Time;
    use crate::record::contract::Store;
    use crate::store::sqlite::{Durability, Sqlite, backup, seal};
    use rusqlite::types::ValueRef;
    use std::collections::BTreeSet;

    #[test]
    fn the_counters_of_a_store_of_format_1_are_read_under_the_seal_that_they_had() {
        let directory = tempfile::tempdir().expect("a directory");
        let conn = Connection::open(directory.path().join("nuncio.db")).expect("a file");
        let frame = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 1;");
        conn.execute_batch(&format!("{}{frame}", step(1))).expect("a store of format 1");
        let cells = [7, 5, 3, 1_700_000_000_000].map(ValueRef::Integer).into_iter().chain([ValueRef::Blob(&[])]);
        let seal = seal::fold(cells.fold(seal::START, seal::mix));
        let row = "INSERT INTO meta VALUES (1, 7, 5, 3, 1700000000000, x'', ?1)";
        conn.execute(row, [seal]).expect("its counters");
        drop(conn);
        for _ in 0..2 {
            let mut store = Sqlite::open(directory.path(), Durability::Os).expect("it opens");
            let orders = [4, 5].map(|it| store.veil().read_order(it));
            assert_eq!(orders, [Some(OrderId::from_record(4)), None], "what was given out keeps its number");
            let marks = store.recover().expect("it is sound").marks;
            assert_eq!((marks.next_seq, marks.next_order, marks.next_parked, marks.next_event), (7, 5, 3, 1));
            assert_eq!(marks.time, Time(1_700_000_000_000));
        }
    }

    #[test]
    fn a_record_fills_every_column_of_its_table_but_the_number_of_the_row() {
        let conn = Connection::open_in_memory().expect("a database in memory");
        migrate(&conn, Path::new("memory")).expect("the tables");
        let mut seen = 0;
        for table in TABLES {
            let mut words = conn.prepare(&format!("PRAGMA table_info({})", table.name)).expect("a question");
            let columns: Result<Vec<String>, _> = words.query_map([], |row| row.get(1)).expect("an answer").collect();
            let columns: Vec<String> = columns.expect("the names of columns");
            let mut filled: Vec<&str> = table.columns.split(", ").collect();
            filled.sort_unstable();
            let mut own: Vec<&str> =
                columns.iter().map(String::as_str).filter(|it| !ROW_NUMBERS.contains(&(table.name, it))).collect();
            own.sort_unstable();
            assert_eq!(filled, own, "{}", table.name);
            assert!(columns.iter().any(|it| it == table.key), "{} has no {}", table.name, table.key);
            seen += 1;
        }
        let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name <> 'search_mark'";
        assert_eq!(conn.query_row(tables, [], |row| row.get::<_, i64>(0)).expect("a count"), seen);
    }

    /// What is read with the messages and with what was given out, and what the index of carriers' ids is read with.
    const READ_OTHERWISE: [&str; 4] = ["body", "part", "meta", "carrier_id_log"];

    #[test]
    fn whoever_reads_all_of_a_store_leaves_no_table_out() {
        let rest = backup::REST.iter().map(|it| it.0);
        let read: BTreeSet<&str> = rest.chain(READ_OTHERWISE).collect();
        assert_eq!(read, TABLES.iter().map(|it| it.name).collect());
    }

    #[test]
    fn every_step_is_of_a_format_that_there_is_and_each_format_has_one() {
        let mut formats: Vec<i64> = steps().flatten().map(|it| it.0).collect();
        formats.sort_unstable();
        formats.dedup();
        assert_eq!(formats, (1..=FORMAT).collect::<Vec<_>>());
        for steps in steps() {
            assert!(steps.is_sorted_by_key(|it| it.0), "{steps:?}");
        }
    }

    /// Columns that number rows of a table whose key is another.
    const ROW_NUMBERS: [(&str, &str); 4] = [("idem", "n"), ("suppression", "n"), ("meta", "one"), ("to_forget", "n")];
}
