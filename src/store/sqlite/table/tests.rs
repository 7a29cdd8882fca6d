//! A record in a store of its own: what stands in its row, and what is read of it.

use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::schema;
use crate::store::sqlite::table::Table;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use std::path::Path;

/// Writes a record: its row, as the engine shows it by the names of its columns, and what is read of it.
pub(in crate::store::sqlite) fn kept<T>(
    table: &Table,
    row: &RowWriter<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, Trouble>,
) -> (String, T) {
    kept_by(&table.insert("INSERT", 1), table, row, read)
}

/// The same, where the table has words of its own.
pub(super) fn kept_by<T>(
    words: &str,
    table: &Table,
    row: &RowWriter<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, Trouble>,
) -> (String, T) {
    let conn = Connection::open_in_memory().expect("a database in memory");
    schema::migrate(&conn, Path::new("memory")).expect("the tables");
    let mut statement = conn.prepare(words).expect("the words are SQL");
    row.bind(&mut statement, 0).expect("there is a place for every cell");
    assert_eq!(statement.raw_execute().expect("it is written"), 1);
    let read = conn.query_row(&table.select(""), [], |row| Ok(read(row))).expect("there is one row");
    (shown(&conn, table), read.expect("its seal fits"))
}

/// The cells of the one row that are not NULL.
fn shown(conn: &Connection, table: &Table) -> String {
    let mut statement = conn.prepare(&format!("SELECT * FROM {}", table.name)).expect("a question");
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.raw_query();
    let row = rows.next().expect("it answers").expect("there is one row");
    let mut cells = Vec::new();
    for (at, name) in names.iter().enumerate() {
        match row.get_ref(at).expect("there is such a cell") {
            ValueRef::Null => {}
            ValueRef::Integer(it) => cells.push(format!("{name}={it}")),
            ValueRef::Real(it) => cells.push(format!("{name}={it}")),
            ValueRef::Text(it) => cells.push(format!("{name}='{}'", std::str::from_utf8(it).expect("a text"))),
            ValueRef::Blob(it) => {
                cells.push(format!("{name}=x{}", it.iter().map(|it| format!("{it:02x}")).collect::<String>()));
            }
        }
    }
    cells.join(" ")
}
