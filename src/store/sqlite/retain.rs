//! Forgetting: whole messages, from the oldest, in bounded steps.
//!
//! A message that is not over, or ended too lately, is stepped over and met again on the next
//! round: one held message does not keep all the younger ones.

use crate::message::id::{OrderId, PartKey, Seq};
use crate::message::phase::Phase;
use crate::message::time::Time;
use crate::record::contract::{IDEMPOTENCY_AGE, RETAIN_LOOKS};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::reader;
use crate::store::sqlite::search::postings;
use rusqlite::Connection;

/// What is too old.
pub(super) struct Horizon {
    /// Messages that ended, and events that were decided, before this.
    pub(super) messages: Time,
    /// Parked receipts that came before this.
    pub(super) parked: Time,
    /// The latest logical time, from which the age of idempotency keys counts.
    pub(super) now: Time,
}

/// What one step forgot.
pub(super) struct Forgotten {
    /// These messages.
    pub(super) gone: Vec<Seq>,
    /// So many events.
    pub(super) events: usize,
    /// The oldest message that is left.
    pub(super) oldest: Option<Seq>,
    /// Where the next step goes on.
    pub(super) next: Seq,
}

/// One step, one transaction: forgets up to `limit` of each kind.
pub(super) fn step(conn: &Connection, horizon: &Horizon, from: Seq, limit: usize) -> Result<Forgotten, Trouble> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let (ended, next) = ended(conn, horizon.messages, from, limit)?;
    forget(conn, &ended)?;
    let gone: Vec<Seq> = ended.iter().map(|it| it.0).collect();
    postings::forget(conn, &gone)?;
    let keys_before = horizon.now.0.saturating_sub(u64::try_from(IDEMPOTENCY_AGE.as_millis()).unwrap_or(u64::MAX));
    oldest(conn, "idem", "n", "at", (keys_before, limit))?;
    oldest(conn, "parked", "number", "receipt_received_at", (horizon.parked.0, limit))?;
    let events = oldest(conn, "event", "n", "at", (horizon.messages.0, limit))?;
    actions(conn, horizon.messages, limit)?;
    let first = |row: &rusqlite::Row<'_>| Ok(row.get::<_, Option<i64>>(0)?.map(|it| Seq(it.cast_unsigned())));
    let oldest = reader::first(&mut conn.prepare_cached("SELECT min(seq) FROM body")?, [], first)?.flatten();
    conn.prepare_cached("COMMIT")?.execute([])?;
    Ok(Forgotten { gone, events, oldest, next })
}

/// Forgets old actions of operators; the newest of a target and aspect says what stands, and stays.
fn actions(conn: &Connection, before: Time, limit: usize) -> Result<(), Trouble> {
    let words = "DELETE FROM operate WHERE n IN (SELECT n FROM operate AS old WHERE at < ?1 AND EXISTS \
        (SELECT 1 FROM operate WHERE target = old.target AND aspect = old.aspect AND n > old.n) ORDER BY n LIMIT ?2)";
    conn.prepare_cached(words)?.execute((before.0.cast_signed(), i64::try_from(limit).unwrap_or(i64::MAX)))?;
    Ok(())
}

/// The messages from `from` on that are over since before `before`, with their orders.
fn ended(conn: &Connection, before: Time, from: Seq, limit: usize) -> Result<(Vec<(Seq, OrderId)>, Seq), Trouble> {
    let mut bodies =
        conn.prepare_cached("SELECT seq, order_id, created FROM body WHERE seq >= ?1 ORDER BY seq LIMIT ?2")?;
    let mut parts = conn.prepare_cached("SELECT phase, done_at FROM part WHERE id >= ?1 AND id < ?2")?;
    let looks = limit.saturating_mul(RETAIN_LOOKS);
    let mut rows = bodies.query((from.0.cast_signed(), i64::try_from(looks).unwrap_or(i64::MAX)))?;
    let (mut found, mut looked) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let (seq, order, created): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let seq = Seq(seq.cast_unsigned());
        if found.len() == limit {
            return Ok((found, seq));
        }
        if before.0.cast_signed() <= created {
            return Ok((found, Seq(0)));
        }
        let over = reader::all(&mut parts, range(seq), |row| {
            let (phase, done_at): (u8, i64) = (row.get(0)?, row.get(1)?);
            let ended = Phase::from_number(phase).is_some_and(Phase::is_final);
            Ok(ended && done_at < before.0.cast_signed())
        })?;
        if over.into_iter().all(|it| it) {
            found.push((seq, OrderId(order.cast_unsigned())));
        }
        looked += 1;
        if looked == looks {
            return Ok((found, Seq(seq.0 + 1)));
        }
    }
    Ok((found, Seq(0)))
}

fn forget(conn: &Connection, ended: &[(Seq, OrderId)]) -> Result<(), Trouble> {
    let mut body = conn.prepare_cached("DELETE FROM body WHERE seq = ?1")?;
    let mut parts = conn.prepare_cached("DELETE FROM part WHERE id >= ?1 AND id < ?2")?;
    let mut attempts = conn.prepare_cached("DELETE FROM attempt WHERE id >= ?1 AND id < ?2")?;
    let mut order = conn.prepare_cached(
        "DELETE FROM orders WHERE id = ?1 AND NOT EXISTS
            (SELECT 1 FROM body WHERE seq >= orders.first_seq AND seq < orders.first_seq + orders.count)",
    )?;
    for (seq, _) in ended {
        body.execute([seq.0.cast_signed()])?;
        parts.execute(range(*seq))?;
        attempts.execute(range(*seq))?;
    }
    for orders in ended.chunk_by(|a, b| a.1 == b.1) {
        order.execute([orders[0].1.0.cast_signed()])?;
    }
    Ok(())
}

/// Deletes, oldest row first, up to `limit` rows from before a time; stops at the first that is younger.
fn oldest(
    conn: &Connection,
    table: &str,
    key: &str,
    time: &str,
    (before, limit): (u64, usize),
) -> Result<usize, Trouble> {
    let words = format!("SELECT {key}, {time} FROM {table} ORDER BY {key} LIMIT ?1");
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let rows = reader::all(&mut conn.prepare_cached(&words)?, [i64::try_from(limit).unwrap_or(i64::MAX)], read)?;
    let mut delete = conn.prepare_cached(&format!("DELETE FROM {table} WHERE {key} = ?1"))?;
    let mut deleted = 0;
    for (row, _) in rows.into_iter().take_while(|(_, at)| *at < before.cast_signed()) {
        deleted += delete.execute([row])?;
    }
    Ok(deleted)
}

fn range(seq: Seq) -> (i64, i64) {
    (PartKey::new(seq, 0).0.cast_signed(), PartKey::new(Seq(seq.0 + 1), 0).0.cast_signed())
}
