//! One batch as one transaction, one sync.
//!
//! Bodies and new parts are appended; parts that changed are updated in place by their rowid.
//! No index stands over what changes with every part but that of the carriers' ids, which is written in its own order
//! ([`CarrierIds`]).

use crate::message::id::{EndpointId, Seq};
use crate::message::part::Part;
use crate::record::batch::{Batch, Marks};
use crate::record::delivery::Progress;
use crate::store::sqlite::carrier_ids::{self, CarrierIds};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::opt_out;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::search::postings;
use crate::store::sqlite::table::{
    attempt, balance, body, converted, endpoint, event, idem, learned, ledger, meta, mo, mo_seen, operate, orders,
    parked, part, quota, retry, suppression, verification,
};
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
    past: String,
    order: String,
    parked: String,
    idempotency: String,
    event: String,
    event_erased: String,
    endpoint: String,
    retry: String,
    mo: String,
    mo_seen: String,
    suppression: String,
    learned: String,
    action: String,
    ledger: String,
    balance: String,
    quota: String,
    converted: String,
    verification: String,
    marks: String,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    body: body::TABLE.insert("INSERT", 1),
    erased: body::TABLE.insert("INSERT OR REPLACE", 1),
    bodies: body::TABLE.insert("INSERT", ROWS),
    part: part::TABLE.insert("INSERT", 1),
    parts: part::TABLE.insert("INSERT", ROWS),
    change: part::TABLE.update(),
    past: attempt::TABLE.insert("INSERT OR REPLACE", 1),
    order: orders::TABLE.insert("INSERT OR REPLACE", 1),
    parked: parked::TABLE.insert("INSERT OR REPLACE", 1),
    idempotency: idem::TABLE.insert("INSERT OR REPLACE", 1),
    event: event::TABLE.insert("INSERT", 1),
    event_erased: event::TABLE.update(),
    endpoint: endpoint::TABLE.insert("INSERT OR REPLACE", 1),
    retry: retry::TABLE.insert("INSERT OR REPLACE", 1),
    mo: mo::TABLE.insert("INSERT", 1),
    mo_seen: mo_seen::TABLE.insert("INSERT", 1),
    suppression: suppression::TABLE.insert("INSERT OR REPLACE", 1),
    learned: learned::TABLE.insert("INSERT OR REPLACE", 1),
    action: operate::TABLE.insert("INSERT", 1),
    ledger: ledger::TABLE.insert("INSERT", 1),
    balance: balance::TABLE.insert("INSERT OR REPLACE", 1),
    quota: quota::TABLE.insert("INSERT OR REPLACE", 1),
    converted: converted::TABLE.insert("INSERT OR REPLACE", 1),
    verification: verification::TABLE.insert("INSERT OR REPLACE", 1),
    marks: meta::replace(),
});

/// Writes one batch; whole or not at all. Tells how long its end took: the write-ahead log is written and synced
/// there. Messages below `indexed` are too late to be noted behind the commit.
pub(super) fn commit(
    conn: &Connection,
    batch: &Batch,
    marks: Option<&Marks>,
    (indexed, ids): (Seq, &mut CarrierIds),
) -> Result<Duration, Trouble> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    bodies(conn, batch)?;
    postings::add(conn, batch.bodies.iter().map(|it| &**it).filter(|it| it.seq() < indexed))?;
    new_parts(conn, batch, ids)?;
    each(conn, &WORDS.erased, batch.erased.iter().map(|it| body::write(it)))?;
    postings::remove(conn, batch.unfound.iter().map(|it| &**it).filter(|it| it.seq() < indexed))?;
    parts(conn, &batch.parts, ids)?;
    ids.write(conn)?;
    each(conn, &WORDS.past, batch.past.iter().map(attempt::write))?;
    each(conn, &WORDS.order, batch.orders.iter().map(orders::write))?;
    each(conn, &WORDS.parked, batch.parked.iter().map(parked::write))?;
    each(conn, &WORDS.idempotency, batch.idempotency.iter().map(idem::write))?;
    delete(conn, "DELETE FROM parked WHERE number = ?1", &batch.unparked)?;
    each(conn, &WORDS.event, batch.events.iter().map(event::write))?;
    each(conn, &WORDS.event_erased, batch.events_erased.iter().map(event::write))?;
    told(conn, &batch.told)?;
    each(conn, &WORDS.mo, batch.mo_parts.iter().map(mo::write))?;
    delete(conn, "DELETE FROM mo WHERE number = ?1", &batch.mo_done)?;
    each(conn, &WORDS.mo_seen, batch.mo_seen.iter().map(mo_seen::write))?;
    delete(conn, "DELETE FROM mo_seen WHERE number = ?1", &batch.mo_forgotten)?;
    each(conn, &WORDS.suppression, batch.suppressed.iter().map(suppression::write))?;
    opt_out::lift(conn, &batch.lifted)?;
    each(conn, &WORDS.learned, batch.learned.iter().map(learned::write))?;
    each(conn, &WORDS.action, batch.actions.iter().map(operate::write))?;
    money(conn, batch)?;
    each(conn, &WORDS.verification, batch.verifications.iter().map(verification::write))?;
    each(conn, &WORDS.converted, batch.converted.iter().map(converted::write))?;
    if let Some(marks) = marks {
        let (awaiting, eras) = (meta::awaiting_octets(&marks.awaiting), meta::eras_octets(&marks.eras));
        each(conn, &WORDS.marks, std::iter::once(meta::write(marks, (&awaiting, &eras))))?;
    }
    end(conn)
}

/// Ends a transaction, and tells how long that took: what of it is not in the write-ahead log yet is written, and all
/// of it synced where the durability says so.
pub(super) fn end(conn: &Connection) -> Result<Duration, Trouble> {
    let began = Instant::now();
    conn.prepare_cached("COMMIT")?.execute([])?;
    Ok(began.elapsed())
}

/// What endpoints were told.
fn told(conn: &Connection, progress: &Progress) -> Result<(), Trouble> {
    each(conn, &WORDS.endpoint, progress.marks.iter().map(endpoint::write))?;
    let octets: Vec<_> = progress.retries.iter().map(retry::octets).collect();
    each(conn, &WORDS.retry, progress.retries.iter().zip(&octets).map(|(it, octets)| retry::write(it, octets)))?;
    settle(conn, &progress.settled)
}

/// Removes rows of endpoints, by the first of their events.
pub(super) fn settle(conn: &Connection, rows: &[(EndpointId, u64)]) -> Result<(), Trouble> {
    let keys: Vec<u64> = rows.iter().map(|(endpoint, first)| retry::key(*endpoint, *first)).collect();
    delete(conn, "DELETE FROM retry WHERE id = ?1", &keys)
}

/// What accounts have, pay and use.
fn money(conn: &Connection, batch: &Batch) -> Result<(), Trouble> {
    each(conn, &WORDS.ledger, batch.ledger.iter().map(ledger::write))?;
    each(conn, &WORDS.balance, batch.balances.iter().map(balance::write))?;
    let used: Vec<_> = batch.quotas.iter().map(|it| (it.account, quota::octets(it))).collect();
    each(conn, &WORDS.quota, used.iter().map(|(account, octets)| quota::write(*account, octets)))
}

fn bodies(conn: &Connection, batch: &Batch) -> Result<(), Trouble> {
    let (many, rest) = batch.bodies.as_chunks::<ROWS>();
    if !many.is_empty() {
        let mut statement = conn.prepare_cached(&WORDS.bodies)?;
        for rows in many {
            insert_rows(&mut statement, rows.iter().map(|it| body::write(it)))?;
        }
    }
    each(conn, &WORDS.body, rest.iter().map(|it| body::write(it)))
}

fn new_parts(conn: &Connection, batch: &Batch, ids: &mut CarrierIds) -> Result<(), Trouble> {
    let mut cells = |part| {
        let rhash = carrier_ids::rhash(part);
        ids.note(part.key, rhash);
        part::write(part, rhash)
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

fn parts(conn: &Connection, parts: &[Part], ids: &mut CarrierIds) -> Result<(), Trouble> {
    if parts.is_empty() {
        return Ok(());
    }
    let mut statement = conn.prepare_cached(&WORDS.change)?;
    for part in parts {
        let rhash = carrier_ids::rhash(part);
        part::write(part, rhash).bind(&mut statement, 0)?;
        if statement.raw_execute()? != 1 {
            return Err(Trouble::Missing(part.key.0));
        }
        ids.note(part.key, rhash);
    }
    Ok(())
}

/// Writes records by the words of their table.
pub(super) fn each<'a>(
    conn: &Connection,
    words: &str,
    rows: impl Iterator<Item = RowWriter<'a>>,
) -> Result<(), Trouble> {
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

fn insert_rows<'a>(
    statement: &mut CachedStatement<'_>,
    rows: impl Iterator<Item = RowWriter<'a>>,
) -> rusqlite::Result<()> {
    let mut first = 0;
    for cells in rows {
        cells.bind(statement, first)?;
        first += cells.len();
    }
    statement.raw_execute().map(drop)
}
