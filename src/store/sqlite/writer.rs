//! One batch as one transaction, one sync.
//!
//! Bodies and new parts are appended; parts that changed are updated in place by their rowid.
//! The index of carrier ids is the dear one: its entries lie anywhere, so that each change
//! dirties a page of its own. An update therefore only names that column when the hash really
//! changed, which [`Known`] remembers.

use crate::message::attempt::Attempt;
use crate::message::id::{PartKey, Seq};
use crate::message::part::Part;
use crate::record::batch::{Batch, Marks};
use crate::store::sqlite::cells::{self, Cells};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::opt_out;
use crate::store::sqlite::search::postings;
use rusqlite::{CachedStatement, Connection};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Rows of one INSERT: fewer statements for the same rows.
const ROWS: usize = 16;

/// Every statement of a commit.
struct Words {
    body: String,
    erased: String,
    bodies: String,
    part: String,
    parts: String,
    change: String,
    change_and_name: String,
    past: String,
    order: String,
    parked: String,
    idempotency: String,
    event: String,
    mo: String,
    mo_seen: String,
    suppression: String,
    learned: String,
    action: String,
    ledger: String,
    balance: String,
    quota: String,
    marks: String,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    body: insert("INSERT", "body", cells::BODY, 1),
    erased: insert("INSERT OR REPLACE", "body", cells::BODY, 1),
    bodies: insert("INSERT", "body", cells::BODY, ROWS),
    part: insert("INSERT", "part", cells::PART, 1),
    parts: insert("INSERT", "part", cells::PART, ROWS),
    change: update("part", cells::PART, Some("rhash")),
    change_and_name: update("part", cells::PART, None),
    past: insert("INSERT OR REPLACE", "attempt", cells::ATTEMPT, 1),
    order: insert("INSERT OR REPLACE", "orders", cells::ORDER, 1),
    parked: insert("INSERT OR REPLACE", "parked", cells::PARKED, 1),
    idempotency: insert("INSERT OR REPLACE", "idem", cells::IDEM, 1),
    event: insert("INSERT", "event", cells::EVENT, 1),
    mo: insert("INSERT", "mo", cells::MO, 1),
    mo_seen: insert("INSERT", "mo_seen", cells::MO_SEEN, 1),
    suppression: insert("INSERT OR REPLACE", "suppression", opt_out::SUPPRESSION, 1),
    learned: insert("INSERT OR REPLACE", "learned", cells::LEARNED, 1),
    action: insert("INSERT", "operate", cells::OPERATE, 1),
    ledger: insert("INSERT", "ledger", cells::LEDGER, 1),
    balance: insert("INSERT OR REPLACE", "balance", cells::BALANCE, 1),
    quota: insert("INSERT OR REPLACE", "quota", cells::QUOTA, 1),
    marks: format!(
        "INSERT OR REPLACE INTO meta (one, {}) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        cells::META
    ),
});

/// Writes one batch; whole or not at all. Tells how long its end took: the write-ahead log is written and synced
/// there. Messages below `indexed` are too late to be noted behind the commit.
pub(super) fn commit(
    conn: &Connection,
    batch: &Batch,
    marks: Option<&Marks>,
    (indexed, known): (Seq, &mut Known),
) -> Result<Duration, Trouble> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    bodies(conn, batch)?;
    postings::add(conn, batch.bodies.iter().map(|it| &**it).filter(|it| it.seq() < indexed))?;
    new_parts(conn, batch, known)?;
    each(conn, &WORDS.erased, batch.erased.iter().map(|it| Cells::body(it)))?;
    parts(conn, &batch.parts, known)?;
    each(conn, &WORDS.past, batch.past.iter().map(Cells::past))?;
    each(conn, &WORDS.order, batch.orders.iter().map(Cells::order))?;
    each(conn, &WORDS.parked, batch.parked.iter().map(Cells::parked))?;
    each(conn, &WORDS.idempotency, batch.idempotency.iter().map(Cells::idempotency))?;
    delete(conn, "DELETE FROM parked WHERE number = ?1", &batch.unparked)?;
    each(conn, &WORDS.event, batch.events.iter().map(Cells::event))?;
    each(conn, &WORDS.mo, batch.mo_parts.iter().map(Cells::mo))?;
    delete(conn, "DELETE FROM mo WHERE number = ?1", &batch.mo_done)?;
    each(conn, &WORDS.mo_seen, batch.mo_seen.iter().map(Cells::mo_seen))?;
    delete(conn, "DELETE FROM mo_seen WHERE number = ?1", &batch.mo_forgotten)?;
    each(conn, &WORDS.suppression, batch.suppressed.iter().map(Cells::suppression))?;
    opt_out::lift(conn, &batch.lifted)?;
    each(conn, &WORDS.learned, batch.learned.iter().map(Cells::learned))?;
    each(conn, &WORDS.action, batch.actions.iter().map(Cells::action))?;
    money(conn, batch)?;
    if let Some(marks) = marks {
        let (awaiting, eras) = (cells::awaiting_octets(&marks.awaiting), cells::eras_octets(&marks.eras));
        each(conn, &WORDS.marks, std::iter::once(Cells::marks(marks, (&awaiting, &eras))))?;
    }
    let began = Instant::now();
    conn.prepare_cached("COMMIT")?.execute([])?;
    Ok(began.elapsed())
}

/// What accounts have, pay and use.
fn money(conn: &Connection, batch: &Batch) -> Result<(), Trouble> {
    each(conn, &WORDS.ledger, batch.ledger.iter().map(Cells::ledger))?;
    each(conn, &WORDS.balance, batch.balances.iter().map(Cells::balance))?;
    let used: Vec<_> = batch.quotas.iter().map(|it| (it.account, cells::quota_octets(it))).collect();
    each(conn, &WORDS.quota, used.iter().map(|(account, octets)| Cells::quota(*account, octets)))
}

fn bodies(conn: &Connection, batch: &Batch) -> Result<(), Trouble> {
    let (many, rest) = batch.bodies.as_chunks::<ROWS>();
    if !many.is_empty() {
        let mut statement = conn.prepare_cached(&WORDS.bodies)?;
        for rows in many {
            insert_rows(&mut statement, rows.iter().map(|it| Cells::body(it)))?;
        }
    }
    each(conn, &WORDS.body, rest.iter().map(|it| Cells::body(it)))
}

fn new_parts(conn: &Connection, batch: &Batch, known: &mut Known) -> Result<(), Trouble> {
    let mut cells = |part| {
        let rhash = rhash(part);
        known.learn(part.key, rhash);
        Cells::part(part, rhash)
    };
    let (many, rest) = batch.new_parts.as_chunks::<ROWS>();
    if !many.is_empty() {
        let mut statement = conn.prepare_cached(&WORDS.parts)?;
        for rows in many {
            insert_rows(&mut statement, rows.iter().map(&mut cells))?;
        }
    }
    each(conn, &WORDS.part, rest.iter().map(cells))
}

fn parts(conn: &Connection, parts: &[Part], known: &mut Known) -> Result<(), Trouble> {
    if parts.is_empty() {
        return Ok(());
    }
    let mut change = conn.prepare_cached(&WORDS.change)?;
    let mut change_and_name = conn.prepare_cached(&WORDS.change_and_name)?;
    for part in parts {
        let rhash = rhash(part);
        let statement = if known.holds(part.key, rhash) { &mut change } else { &mut change_and_name };
        Cells::part(part, rhash).bind(statement, 0)?;
        if statement.raw_execute()? != 1 {
            return Err(Trouble::Missing(part.key.0));
        }
        known.learn(part.key, rhash);
    }
    Ok(())
}

fn each<'a>(conn: &Connection, words: &str, rows: impl Iterator<Item = Cells<'a>>) -> Result<(), Trouble> {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let mut statement = conn.prepare_cached(words)?;
    for cells in rows {
        insert_rows(&mut statement, std::iter::once(cells))?;
    }
    Ok(())
}

fn delete(conn: &Connection, words: &str, numbers: &[u64]) -> Result<(), Trouble> {
    if numbers.is_empty() {
        return Ok(());
    }
    let mut statement = conn.prepare_cached(words)?;
    for number in numbers {
        statement.execute([number.cast_signed()])?;
    }
    Ok(())
}

fn insert_rows<'a>(statement: &mut CachedStatement<'_>, rows: impl Iterator<Item = Cells<'a>>) -> rusqlite::Result<()> {
    let mut first = 0;
    for cells in rows {
        cells.bind(statement, first)?;
        first += cells.len();
    }
    statement.raw_execute().map(drop)
}

/// The hash of the carrier's id of a part's attempt.
pub(super) fn rhash(part: &Part) -> Option<u64> {
    part.attempt.as_ref().and_then(Attempt::rhash)
}

fn insert(verb: &str, table: &str, columns: &str, rows: usize) -> String {
    let width = columns.split(", ").count();
    let rows: Vec<String> = (0..rows)
        .map(|row| {
            let cells: Vec<String> = (1..=width).map(|at| format!("?{}", row * width + at)).collect();
            format!("({})", cells.join(", "))
        })
        .collect();
    format!("{verb} INTO {table} ({columns}) VALUES {}", rows.join(", "))
}

/// Sets every column but the first, the key, and but `without`.
fn update(table: &str, columns: &str, without: Option<&str>) -> String {
    let set: Vec<String> = (1..)
        .zip(columns.split(", "))
        .skip(1)
        .filter(|(_, column)| Some(*column) != without)
        .map(|(at, column)| format!("{column} = ?{at}"))
        .collect();
    format!("UPDATE {table} SET {} WHERE id = ?1", set.join(", "))
}

/// What the store holds as `rhash` of parts that were lately written or read: a table of fixed
/// size in which the newer of two that meet stays. What it does not know is written in full, so that
/// forgetting costs time and never truth.
pub(super) struct Known(Box<[(u64, u64)]>);

impl Known {
    /// Enough for several beats of parts; a megabyte.
    const SLOTS: usize = 1 << 16;
    /// Stands for "no hash": one real hash in 2^64 is taken for it, and is then not remembered.
    const NONE: u64 = u64::MAX;
    /// No part has this key.
    const EMPTY: u64 = u64::MAX;

    pub(super) fn new() -> Self {
        Self(vec![(Self::EMPTY, 0); Self::SLOTS].into())
    }

    fn slot(key: PartKey) -> usize {
        let spread = key.seq().0 ^ (u64::from(key.index()) << 12);
        usize::try_from(spread & (Self::SLOTS as u64 - 1)).expect("a slot is below the number of slots")
    }

    pub(super) fn learn(&mut self, key: PartKey, rhash: Option<u64>) {
        let slot = &mut self.0[Self::slot(key)];
        *slot = match rhash {
            Some(Self::NONE) => (Self::EMPTY, 0),
            other => (key.0, other.unwrap_or(Self::NONE)),
        };
    }

    fn holds(&self, key: PartKey, rhash: Option<u64>) -> bool {
        rhash != Some(Self::NONE) && self.0[Self::slot(key)] == (key.0, rhash.unwrap_or(Self::NONE))
    }
}
