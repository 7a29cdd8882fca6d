//! Forgetting: whole messages, from the oldest, in bounded steps.
//!
//! ```text
//!   seq ──► │ gone and held │ looked at, out of the index │ not looked at │ too young
//!           0              from                           to            end
//! ```
//!
//! A message that is not over, or ended too lately, is stepped over and met again when a round begins anew: one held
//! message does not keep all the younger ones. The index of messages is first freed of many messages at once, for
//! it has to be written whole for one as for thousands; only then the messages go, few at a time. So nothing is left of
//! a number when its message is gone, also when the process ends between the two.

use crate::message::id::{OrderId, PartKey, Seq};
use crate::message::phase::Phase;
use crate::message::time::Time;
use crate::record::contract::{Forget, Forgotten, IDEMPOTENCY_AGE, RETAIN_LOOKS, VERIFICATION_AGE};
use crate::store::sqlite::carrier_ids::CarrierIds;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::search::postings;
use crate::store::sqlite::table::event;
use crate::store::sqlite::{reader, telling, writer};
use rusqlite::Connection;
use std::time::Duration;

/// Messages that are taken out of the index at once: each row of it is read and written for them together.
const UNPOSTED: usize = 2_048;
/// Buckets of the index that one step reads and writes: a millisecond.
const BUCKETS: u16 = 32;

/// Where forgetting is.
#[derive(Default)]
pub(super) struct Retaining {
    /// The next message to go or to be stepped over.
    from: Seq,
    /// Messages below this were looked at.
    to: Seq,
    /// What is over since then is looked for between the two.
    before: Time,
    /// Nothing that is old enough stands behind `to`.
    last: bool,
    /// What was found to be over, and is still in the index.
    found: Vec<Seq>,
    /// The next bucket of the index to take it out of; 0 before the first.
    bucket: u16,
}

/// What one step did.
pub(super) struct Done {
    /// These messages are out of the index.
    pub(super) unposted: Vec<Seq>,
    /// The oldest message that is left.
    pub(super) oldest: Option<Seq>,
    /// What who asked is told.
    pub(super) said: Forgotten,
    /// How long the disk took to keep it.
    pub(super) sync: Duration,
}

impl Done {
    const fn of(said: Forgotten) -> Self {
        Self { unposted: Vec::new(), oldest: None, said, sync: Duration::ZERO }
    }
}

/// Messages that are over.
struct Ended {
    found: Vec<(Seq, OrderId)>,
    next: Seq,
    /// There may be more behind `next`.
    more: bool,
}

impl Retaining {
    /// One step, one transaction.
    pub(super) fn step(
        &mut self,
        (conn, ids): (&Connection, &mut CarrierIds),
        forget: &Forget,
        now: Time,
    ) -> Result<Done, Trouble> {
        // What is out of the index goes first.
        if forget.anew && self.from == self.to {
            *self = Self::default();
        }
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let done = match self.found.len() {
            0 if self.from < self.to => self.go((conn, ids), forget, now)?,
            1.. if self.last || 0 < self.bucket || UNPOSTED <= self.found.len() => self.unpost(conn)?,
            _ => self.look(conn, forget, now)?,
        };
        // Synced as every commit is, although what a loss of power brings back is forgotten again: a transaction with
        // others behind it must be whole in the log, or a start takes what is torn for damage.
        // What was changed goes to the log before that, for it is work: more of it where more is forgotten.
        conn.cache_flush()?;
        Ok(Done { sync: writer::end(conn)?, ..done })
    }

    /// Looks for messages that are over.
    fn look(&mut self, conn: &Connection, forget: &Forget, now: Time) -> Result<Done, Trouble> {
        if self.found.is_empty() {
            self.before = forget.before;
        }
        let most = forget.limit.saturating_mul(RETAIN_LOOKS);
        let ended = ended(conn, self.before, (self.to, Seq(Seq::END)), (UNPOSTED, most))?;
        self.found.extend(ended.found.iter().map(|it| it.0));
        (self.to, self.last) = (ended.next, !ended.more);
        if !self.found.is_empty() {
            return Ok(Done::of(Forgotten { more: true, ..Forgotten::default() }));
        }
        // Nothing is over there: nothing is gone back for.
        self.from = self.to;
        let (count, more) = others(conn, forget, now)?;
        Ok(Done::of(Forgotten { count, more: more || ended.more, ..Forgotten::default() }))
    }

    /// Takes what was found out of some rows of the index.
    fn unpost(&mut self, conn: &Connection) -> Result<Done, Trouble> {
        let end = self.bucket + BUCKETS;
        postings::forget(conn, &self.found, (self.bucket, end))?;
        let all = postings::BUCKETS <= usize::from(end);
        self.bucket = if all { 0 } else { end };
        let unposted = if all { std::mem::take(&mut self.found) } else { Vec::new() };
        Ok(Done { unposted, ..Done::of(Forgotten { more: true, ..Forgotten::default() }) })
    }

    /// Forgets the next messages.
    fn go(&mut self, (conn, ids): (&Connection, &mut CarrierIds), forget: &Forget, now: Time) -> Result<Done, Trouble> {
        let most = forget.limit.saturating_mul(RETAIN_LOOKS);
        let ended = ended(conn, self.before, (self.from, self.to), (forget.limit, most))?;
        delete((conn, ids), &ended.found)?;
        self.from = if ended.more { ended.next } else { self.to };
        let (events, more) = others(conn, forget, now)?;
        let first = |row: &rusqlite::Row<'_>| Ok(row.get::<_, Option<i64>>(0)?.map(|it| Seq(it.cast_unsigned())));
        let oldest = reader::first(&mut conn.prepare_cached("SELECT min(seq) FROM body")?, [], first)?.flatten();
        let more = more || self.from < self.to || !self.last;
        let said = Forgotten { count: ended.found.len() + events, more, ..Forgotten::default() };
        Ok(Done { oldest, ..Done::of(said) })
    }
}

/// Forgets what is not a message: how many events, and whether there may be more of anything.
fn others(conn: &Connection, forget: &Forget, now: Time) -> Result<(usize, bool), Trouble> {
    let keys_before = now.0.saturating_sub(u64::try_from(IDEMPOTENCY_AGE.as_millis()).unwrap_or(u64::MAX));
    let keys = oldest(conn, "idem", "n", "at", (keys_before, forget.limit))?;
    let parked = oldest(conn, "parked", "number", "receipt_received_at", (forget.parked_before.0, forget.limit))?;
    let events = oldest(conn, "event", "n", "at", (forget.before.0, forget.limit))?;
    let least = now.0.saturating_sub(u64::try_from(VERIFICATION_AGE.as_millis()).unwrap_or(u64::MAX));
    let verified = oldest(conn, "verification", "n", "created", (forget.before.0.min(least), forget.limit))?;
    actions(conn, forget.before, forget.limit)?;
    Ok((events, [keys, parked, events, verified].contains(&forget.limit)))
}

/// Forgets old actions of operators; the newest of a target and aspect says what stands, and stays.
fn actions(conn: &Connection, before: Time, limit: usize) -> Result<(), Trouble> {
    let words = "DELETE FROM operate WHERE n IN (SELECT n FROM operate AS old WHERE at < ?1 AND EXISTS \
        (SELECT 1 FROM operate WHERE target = old.target AND aspect = old.aspect AND n > old.n) ORDER BY n LIMIT ?2)";
    conn.prepare_cached(words)?.execute((before.0.cast_signed(), i64::try_from(limit).unwrap_or(i64::MAX)))?;
    Ok(())
}

/// The messages of a range that are over since before `before`, with their orders: bodies and parts are read side by
/// side, each in its order.
fn ended(
    conn: &Connection,
    before: Time,
    (from, to): (Seq, Seq),
    (limit, looks): (usize, usize),
) -> Result<Ended, Trouble> {
    let mut bodies = conn
        .prepare_cached("SELECT seq, order_id, created FROM body WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3")?;
    let mut parts = conn.prepare_cached("SELECT id, phase, done_at FROM part WHERE id >= ?1 ORDER BY id")?;
    let bounds = (from.0.cast_signed(), to.0.cast_signed(), i64::try_from(looks).unwrap_or(i64::MAX));
    let mut bodies = bodies.query(bounds)?;
    let mut parts = parts.query([PartKey::new(from, 0).0.cast_signed()])?;
    let mut part = next_part(&mut parts, before)?;
    let mut ended = Ended { found: Vec::new(), next: from, more: false };
    let mut looked = 0;
    while let Some(row) = bodies.next()? {
        let (seq, order, created): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let seq = Seq(seq.cast_unsigned());
        if ended.found.len() == limit {
            return Ok(Ended { next: seq, more: true, ..ended });
        }
        if before.0.cast_signed() <= created {
            return Ok(Ended { next: seq, ..ended });
        }
        let mut over = true;
        while let Some((key, is_over)) = part.filter(|it| it.0.seq() <= seq) {
            over &= is_over || key.seq() < seq;
            part = next_part(&mut parts, before)?;
        }
        if over {
            ended.found.push((seq, OrderId::from_record(order.cast_unsigned())));
        }
        looked += 1;
        ended.next = Seq(seq.0 + 1);
    }
    ended.more = looked == looks;
    Ok(ended)
}

/// The next part, and whether it is over since before `before`.
fn next_part(rows: &mut rusqlite::Rows<'_>, before: Time) -> Result<Option<(PartKey, bool)>, Trouble> {
    let Some(row) = rows.next()? else { return Ok(None) };
    let (id, phase, done_at): (i64, u8, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let ended = Phase::from_number(phase).is_some_and(Phase::is_final);
    Ok(Some((PartKey(id.cast_unsigned()), ended && done_at < before.0.cast_signed())))
}

/// Deletes messages, those that follow each other without a gap at once, and orders of which none is left.
fn delete((conn, ids): (&Connection, &mut CarrierIds), ended: &[(Seq, OrderId)]) -> Result<(), Trouble> {
    let mut body = conn.prepare_cached("DELETE FROM body WHERE seq >= ?1 AND seq <= ?2")?;
    let mut parts = conn.prepare_cached("DELETE FROM part WHERE id >= ?1 AND id < ?2")?;
    let mut attempts = conn.prepare_cached("DELETE FROM attempt WHERE id >= ?1 AND id < ?2")?;
    let mut order = conn.prepare_cached(
        "DELETE FROM orders WHERE id = ?1 AND NOT EXISTS
            (SELECT 1 FROM body WHERE seq >= orders.first_seq AND seq < orders.first_seq + orders.count)",
    )?;
    for run in ended.chunk_by(|a, b| a.0.0 + 1 == b.0.0) {
        let (first, last) = (run[0].0, run[run.len() - 1].0);
        ids.forget(conn, range(first, last))?;
        body.execute((first.0.cast_signed(), last.0.cast_signed()))?;
        parts.execute(range(first, last))?;
        attempts.execute(range(first, last))?;
    }
    for orders in ended.chunk_by(|a, b| a.1 == b.1) {
        order.execute([orders[0].1.number_in_records().cast_signed()])?;
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
    let mut statement = conn.prepare_cached(&words)?;
    let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let (mut last, mut count) = (None, 0);
    while let Some(row) = rows.next()? {
        if before.cast_signed() <= row.get::<_, i64>(1)? {
            break;
        }
        (last, count) = (Some(row.get::<_, i64>(0)?), count + 1);
    }
    drop(rows);
    if let Some(last) = last {
        if table == event::TABLE.name {
            telling::forget(conn, last)?;
        }
        conn.prepare_cached(&format!("DELETE FROM {table} WHERE {key} <= ?1"))?.execute([last])?;
    }
    Ok(count)
}

/// The keys of the parts of messages from the first to the last.
fn range(first: Seq, last: Seq) -> (i64, i64) {
    (PartKey::new(first, 0).0.cast_signed(), PartKey::new(Seq(last.0 + 1), 0).0.cast_signed())
}
