//! Takes a record that its seal rejects out of the store and keeps it in a file beside it, as it is.
//!
//! Where the record is part of a message the whole message goes: half of it is worth nothing to who sends it. What is
//! left is sound, and a daemon that has lost one record serves all others.

use crate::message::id::{MessageId, PartKey, Seq};
use crate::message::veil::{MessageName, Veil};
use crate::store::sqlite::fault::{Fault, Trouble};
use crate::store::sqlite::search::postings;
use crate::store::sqlite::table::{
    Table, converted, endpoint, event, forgotten, idem, learned, ledger, made, mo, mo_seen, operate, orders, parked,
    quota, retry, to_forget, verification,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file, beside the database.
const NAME: &str = "nuncio.aside.jsonl";
/// Records that one process sets aside: a disk that damages more is not one to go on with.
pub(super) const MOST: usize = 1_000;

/// What was set aside.
pub(super) struct Aside {
    pub(super) file: PathBuf,
    pub(super) message: Option<MessageName>,
}

/// The tables whose records can be missed. Without its counters, balances, opt-outs and the key of its ids a store is
/// not to be used.
const TABLES: [&Table; 18] = [
    &idem::TABLE,
    &orders::TABLE,
    &parked::TABLE,
    &event::TABLE,
    &mo::TABLE,
    &mo_seen::TABLE,
    &learned::TABLE,
    &operate::TABLE,
    &ledger::TABLE,
    &quota::TABLE,
    &converted::TABLE,
    &endpoint::TABLE,
    &retry::TABLE,
    &forgotten::TABLE,
    &made::TABLE,
    &to_forget::TABLE,
    &verification::TABLE,
    &postings::TABLE,
];

/// Sets a record aside; `None` for one that cannot be missed.
pub(super) fn set(
    conn: &Connection,
    (store, veil): (&Path, &Veil),
    table: &'static str,
    id: i64,
) -> Result<Option<Aside>, Trouble> {
    let seq = match table {
        "body" => Some(Seq(id.cast_unsigned())),
        "part" | "attempt" => Some(PartKey(id.cast_unsigned()).seq()),
        _ => None,
    };
    let of_message = |seq: Seq| {
        let keys = [seq, Seq(seq.0 + 1)].map(|it| PartKey::new(it, 0).0);
        let parts = format!("id >= {} AND id < {}", keys[0], keys[1]);
        vec![("body", format!("seq = {}", seq.0)), ("part", parts.clone()), ("attempt", parts)]
    };
    let known = TABLES.iter().find(|it| it.name == table);
    let Some(rows) = seq.map(of_message).or_else(|| known.map(|it| vec![(table, format!("{} = {id}", it.key))])) else {
        return Ok(None);
    };
    let name = |seq: Seq| {
        let found = conn.query_row("SELECT token FROM body WHERE seq = ?1", [seq.0.cast_signed()], |row| row.get(0));
        found.ok().map(|it: i64| veil.message(MessageId { seq, token: it.cast_unsigned() }))
    };
    let message = seq.and_then(name);
    let mut lines = String::new();
    for (table, which) in &rows {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table} WHERE {which}"))?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let line = json!({
                "table": table, "record": cells(row, &names)?, "message_id": message.map(|it| it.to_string()),
                "reason": format!("the seal of record {id} of table {} does not fit", rows[0].0),
            });
            writeln!(lines, "{line}").expect("a string takes all");
        }
    }
    let file = store.with_file_name(NAME);
    append(&file, &lines).map_err(|source| Trouble::Elsewhere(Fault::Disk { file: file.clone(), source }))?;
    conn.execute_batch("BEGIN IMMEDIATE")?;
    for (table, which) in &rows {
        conn.execute(&format!("DELETE FROM {table} WHERE {which}"), [])?;
    }
    conn.execute_batch("COMMIT")?;
    Ok(Some(Aside { file, message }))
}

/// Whether a message is among what was set aside of this store. Nearly always there is no such file.
pub(super) fn holds(store: &Path, message: MessageName) -> Result<bool, Fault> {
    let file = store.with_file_name(NAME);
    let told = format!("\"message_id\":\"{message}\"");
    let fault = |source| Fault::Disk { file: file.clone(), source };
    let open = match File::open(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        open => open.map_err(fault)?,
    };
    // In a text of a message the quotes are escaped.
    for line in BufReader::new(open).lines() {
        if line.map_err(fault)?.contains(&told) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn append(file: &Path, lines: &str) -> std::io::Result<()> {
    let mut it = OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
    it.write_all(lines.as_bytes())?;
    it.sync_all()
}

fn cells(row: &Row<'_>, names: &[String]) -> Result<Value, Trouble> {
    let mut record = Map::new();
    for (at, name) in names.iter().enumerate() {
        let value = match row.get_ref(at)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(it) => it.into(),
            ValueRef::Real(it) => it.into(),
            // What is no UTF-8 any more is kept as it is.
            ValueRef::Text(it) => std::str::from_utf8(it)
                .map_or_else(|_| json!({ "hex": hex::encode(it) }), |it| Value::String(it.to_owned())),
            ValueRef::Blob(it) => json!({ "hex": hex::encode(it) }),
        };
        record.insert(name.clone(), value);
    }
    Ok(Value::Object(record))
}
