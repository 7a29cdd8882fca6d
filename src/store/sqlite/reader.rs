//! Loads and bounded, ordered scans: what the loop asks between two commits, and what the
//! readers of the API share with it.
//!
//! Each question is one read transaction, so that a message and its parts are of one moment.

use crate::carrier::id::Learned;
use crate::message::id::{AccountId, CarrierId, LaneId, OrderId, PartKey, Seq};
use crate::message::phase::Phase;
use crate::message::time::Time;
use crate::record::action::Action;
use crate::record::batch::{Idempotency, Marks, Order};
use crate::record::contract::{QueuedLane, Silent};
use crate::record::entry::Entry;
use crate::record::mo::{MoPart, MoSeen};
use crate::record::parked::Parked;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::table::{attempt, body, idem, learned, meta, mo, mo_seen, operate, orders, parked, part};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params};
use std::sync::{Arc, LazyLock};

/// The statements of the scans, which the tests look at for how they are answered.
pub(super) mod words {
    pub(in crate::store::sqlite) const READY: &str =
        "SELECT id FROM part WHERE phase = 0 AND due = 0 AND lane = ?1 AND id > ?2 ORDER BY id";
    pub(in crate::store::sqlite) const DUE: &str =
        "SELECT id FROM part WHERE phase = 0 AND due > 0 AND due <= ?1 ORDER BY due, lane, id";
    pub(in crate::store::sqlite) const NEXT_DUE: &str =
        "SELECT due FROM part WHERE phase = 0 AND due > 0 AND due > ?1 ORDER BY due LIMIT 1";
    pub(in crate::store::sqlite) const DELAYED: &str =
        "SELECT id FROM part WHERE phase = 0 AND due > 0 AND due >= ?1 ORDER BY due, lane, id";
    pub(in crate::store::sqlite) const LATE: &str =
        "SELECT id FROM part WHERE phase = 3 AND due > 0 AND due <= ?1 ORDER BY due, id";
    pub(in crate::store::sqlite) const NEXT_LATE: &str =
        "SELECT due FROM part WHERE phase = 3 AND due > 0 AND due > ?1 ORDER BY due LIMIT 1";
    pub(in crate::store::sqlite) const OVERDUE: &str =
        "SELECT id, phase, ends FROM part WHERE id > ?1 ORDER BY id LIMIT ?2";
    pub(in crate::store::sqlite) const SILENT: &str =
        "SELECT id, phase, carrier, answered_at, rhash IS NOT NULL FROM part WHERE id > ?1 ORDER BY id LIMIT ?2";
    pub(in crate::store::sqlite) const ATTEMPT_BY_RHASH: &str =
        "SELECT id FROM attempt WHERE rhash = ?1 ORDER BY id DESC LIMIT ?2";
    pub(in crate::store::sqlite) const OPEN: &str = "SELECT id FROM part WHERE phase IN (1, 2)";
    pub(in crate::store::sqlite) const READY_LANES: &str =
        "SELECT lane, count(*) FROM part WHERE phase = 0 AND due = 0 GROUP BY lane";
    pub(in crate::store::sqlite) const DELAYED_LANES: &str =
        "SELECT lane, count(*) FROM part WHERE phase = 0 AND due > 0 GROUP BY lane";
    pub(in crate::store::sqlite) const READY_HELD: &str =
        "SELECT count(*) FROM part WHERE phase = 0 AND due = 0 AND id < ?1";
    pub(in crate::store::sqlite) const DELAYED_HELD: &str =
        "SELECT count(*) FROM part WHERE phase = 0 AND due > 0 AND id < ?1";
    pub(in crate::store::sqlite) const ORDER_STEP: &str =
        "SELECT seq, order_id FROM body WHERE seq >= ?1 ORDER BY seq LIMIT 1";
    pub(in crate::store::sqlite) const TIME_STEP: &str =
        "SELECT seq, created FROM body WHERE seq >= ?1 ORDER BY seq LIMIT 1";
}

/// The row of an order.
pub(super) static ORDER: LazyLock<String> = LazyLock::new(|| orders::TABLE.select("WHERE id = ?1"));
static BODY: LazyLock<String> = LazyLock::new(|| body::TABLE.select("WHERE seq = ?1"));
static PARTS: LazyLock<String> = LazyLock::new(|| part::TABLE.select("WHERE id >= ?1 AND id < ?2 ORDER BY id"));
static PAST: LazyLock<String> =
    LazyLock::new(|| attempt::TABLE.select("WHERE id >= ?1 AND id < ?2 ORDER BY id, number"));
/// Runs `ask` as one read transaction.
pub(super) fn at_once<T>(conn: &Connection, ask: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
    conn.prepare_cached("BEGIN")?.execute([])?;
    let answer = ask();
    conn.prepare_cached("COMMIT")?.execute([])?;
    answer
}

/// Reads whole messages.
pub(super) struct Loader<'c> {
    body: CachedStatement<'c>,
    parts: CachedStatement<'c>,
    past: CachedStatement<'c>,
}

impl<'c> Loader<'c> {
    pub(super) fn new(conn: &'c Connection) -> Result<Self, Trouble> {
        Ok(Self {
            body: conn.prepare_cached(&BODY)?,
            parts: conn.prepare_cached(&PARTS)?,
            past: conn.prepare_cached(&PAST)?,
        })
    }

    /// The message of a seq, if there is one.
    pub(super) fn entry(&mut self, seq: Seq) -> Result<Option<Entry>, Trouble> {
        let Some(body) = first(&mut self.body, [seq.0.cast_signed()], body::read)? else { return Ok(None) };
        let range = (PartKey::new(seq, 0).0.cast_signed(), PartKey::new(Seq(seq.0 + 1), 0).0.cast_signed());
        let parts = all(&mut self.parts, range, part::read)?;
        if parts.is_empty() {
            return Err(Trouble::Damaged("body", seq.0.cast_signed()));
        }
        // A part has past attempts only when its attempt is not the first.
        let repeated = parts.iter().filter_map(|it| it.attempt.as_ref()).any(|it| 1 < it.number);
        let past = if repeated { all(&mut self.past, range, attempt::read)? } else { Vec::new() };
        Ok(Some(Entry { body: Arc::new(body), parts, past }))
    }

    /// The messages of these seqs, those that exist.
    pub(super) fn entries(&mut self, seqs: &[Seq]) -> Result<Vec<Entry>, Trouble> {
        seqs.iter().filter_map(|seq| self.entry(*seq).transpose()).collect()
    }
}

/// The messages of these seqs, which are in order and each there once.
pub(super) fn load(conn: &Connection, seqs: &[Seq]) -> Result<Vec<Entry>, Trouble> {
    if seqs.is_empty() { Ok(Vec::new()) } else { Loader::new(conn)?.entries(seqs) }
}

/// The seqs of the first `limit` messages with a part of `lane` that may go, after a key.
pub(super) fn ready(conn: &Connection, lane: LaneId, after: PartKey, limit: usize) -> Result<Vec<Seq>, Trouble> {
    first_messages(&mut *conn.prepare_cached(words::READY)?, (lane.0.cast_signed(), after.0.cast_signed()), limit)
}

/// The seqs of the first `limit` messages with a part that is due.
pub(super) fn due(conn: &Connection, now: Time, limit: usize) -> Result<Vec<Seq>, Trouble> {
    first_messages(&mut *conn.prepare_cached(words::DUE)?, [now.0.cast_signed()], limit)
}

/// The seqs of the first `limit` messages with a part that waits for a time from then on.
pub(super) fn delayed(conn: &Connection, from: Time, limit: usize) -> Result<Vec<Seq>, Trouble> {
    first_messages(&mut *conn.prepare_cached(words::DELAYED)?, [from.0.cast_signed()], limit)
}

/// The seqs of the first `limit` messages with a part whose receipt is late.
pub(super) fn late(conn: &Connection, now: Time, limit: usize) -> Result<Vec<Seq>, Trouble> {
    first_messages(&mut *conn.prepare_cached(words::LATE)?, [now.0.cast_signed()], limit)
}

/// The earliest due time after `now`: of [`words::NEXT_DUE`] or of [`words::NEXT_LATE`].
pub(super) fn next_due(conn: &Connection, words: &str, now: Time) -> Result<Option<Time>, Trouble> {
    let due = conn.prepare_cached(words)?.query_row([now.0.cast_signed()], |row| row.get::<_, i64>(0)).optional()?;
    Ok(due.map(|it| Time(it.cast_unsigned())))
}

/// The seqs of those of the next `span` parts whose end has come, and where to go on.
pub(super) fn overdue(
    conn: &Connection,
    now: Time,
    after: PartKey,
    span: usize,
) -> Result<(Vec<Seq>, Option<PartKey>), Trouble> {
    let mut statement = conn.prepare_cached(words::OVERDUE)?;
    let mut rows = statement.query((after.0.cast_signed(), span.cast_signed()))?;
    let (mut seqs, mut seen, mut last) = (Vec::new(), 0, after);
    while let Some(row) = rows.next()? {
        last = key(row)?;
        seen += 1;
        let (phase, ends): (u8, i64) = (row.get(1)?, row.get(2)?);
        let open = phase <= crate::message::phase::Phase::Sent.number();
        if open && 0 < ends && ends <= now.0.cast_signed() && seqs.last() != Some(&last.seq()) {
            seqs.push(last.seq());
        }
    }
    Ok((seqs, (seen == span).then_some(last)))
}

/// Those of the next `span` parts that a carrier took before `before` and has not told the end of, and where to go on.
pub(super) fn silent(
    conn: &Connection,
    before: Time,
    after: PartKey,
    span: usize,
) -> Result<(Vec<Silent>, Option<PartKey>), Trouble> {
    let mut statement = conn.prepare_cached(words::SILENT)?;
    let mut rows = statement.query((after.0.cast_signed(), span.cast_signed()))?;
    let (mut found, mut seen, mut last) = (Vec::new(), 0, after);
    while let Some(row) = rows.next()? {
        last = key(row)?;
        seen += 1;
        let (phase, carrier, answered_at): (u8, Option<u16>, Option<i64>) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let answered_at = Time(answered_at.unwrap_or_default().cast_unsigned());
        let named: bool = row.get(4)?;
        if let Some(carrier) = carrier
            && named
            && phase == Phase::Sent.number()
            && answered_at.known().is_some_and(|it| it < before)
        {
            found.push((last, CarrierId(carrier), answered_at));
        }
    }
    Ok((found, (seen == span).then_some(last)))
}

/// What receipts have shown of each carrier's ids.
pub(super) fn learned(conn: &Connection) -> Result<Vec<(CarrierId, Learned)>, Trouble> {
    let words = learned::TABLE.select("ORDER BY carrier");
    all(&mut conn.prepare_cached(&words)?, [], learned::read)
}

/// The newest action of each target and aspect.
pub(super) fn standing(conn: &Connection) -> Result<Vec<Action>, Trouble> {
    let words = operate::TABLE.select("WHERE n IN (SELECT max(n) FROM operate GROUP BY target, aspect) ORDER BY n");
    all(&mut conn.prepare_cached(&words)?, [], operate::read)
}

/// Up to `limit` actions with numbers below `before`, newest first.
pub(super) fn actions(conn: &Connection, before: u64, limit: usize) -> Result<Vec<Action>, Trouble> {
    let words = operate::TABLE.select("WHERE n < ?1 ORDER BY n DESC LIMIT ?2");
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    all(&mut conn.prepare_cached(&words)?, (before, limit.cast_signed()), operate::read)
}

/// The seqs of messages with a part that was intended or doubtful.
pub(super) fn open(conn: &Connection) -> Result<Vec<Seq>, Trouble> {
    let mut seqs = first_messages(&mut *conn.prepare_cached(words::OPEN)?, [], usize::MAX)?;
    seqs.sort_unstable();
    seqs.dedup();
    Ok(seqs)
}

/// How many queued parts each lane has.
pub(super) fn lanes(conn: &Connection) -> Result<Vec<QueuedLane>, Trouble> {
    let mut counts = std::collections::BTreeMap::<LaneId, [u64; 2]>::new();
    for (place, words) in [words::READY_LANES, words::DELAYED_LANES].into_iter().enumerate() {
        let mut statement = conn.prepare_cached(words)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (lane, count): (i64, i64) = (row.get(0)?, row.get(1)?);
            counts.entry(LaneId(lane.cast_unsigned())).or_default()[place] += count.cast_unsigned();
        }
    }
    Ok(counts.into_iter().map(QueuedLane::of).collect())
}

/// How many queued parts there are of messages below a seq.
pub(super) fn held(conn: &Connection, below: Seq) -> Result<u64, Trouble> {
    let mut count = 0;
    if below != Seq(0) {
        for words in [words::READY_HELD, words::DELAYED_HELD] {
            let below = PartKey::new(below, 0).0.cast_signed();
            count += conn.prepare_cached(words)?.query_row([below], |row| row.get::<_, i64>(0))?.cast_unsigned();
        }
    }
    Ok(count)
}

/// Every receipt that waits.
pub(super) fn parked(conn: &Connection) -> Result<Vec<Parked>, Trouble> {
    let words = parked::TABLE.select("ORDER BY number");
    all(&mut conn.prepare_cached(&words)?, [], parked::read)
}

/// Every part of a message from a handset that waits.
pub(super) fn mo_parts(conn: &Connection) -> Result<Vec<MoPart>, Trouble> {
    let words = mo::TABLE.select("ORDER BY number");
    all(&mut conn.prepare_cached(&words)?, [], mo::read)
}

/// Every message from a handset that is known when it comes again.
pub(super) fn mo_seen(conn: &Connection) -> Result<Vec<MoSeen>, Trouble> {
    let words = mo_seen::TABLE.select("ORDER BY number");
    all(&mut conn.prepare_cached(&words)?, [], mo_seen::read)
}

/// The marks of the last commit; those of an empty store if there was none.
pub(super) fn marks(conn: &Connection) -> Result<Marks, Trouble> {
    let words = meta::TABLE.select("WHERE one = 1");
    Ok(first(&mut conn.prepare_cached(&words)?, [], meta::read)?.unwrap_or_else(Marks::first))
}

/// What was done under an idempotency key.
pub(super) fn idempotency(conn: &Connection, account: AccountId, key: &str) -> Result<Option<Idempotency>, Trouble> {
    let words = idem::TABLE.select("WHERE account = ?1 AND key = ?2");
    first(&mut conn.prepare_cached(&words)?, (account.0, key), idem::read)
}

/// The row of an order of more than one message.
pub(super) fn order_row(conn: &Connection, order: OrderId) -> Result<Option<Order>, Trouble> {
    first(&mut conn.prepare_cached(&ORDER)?, [order.number_in_records().cast_signed()], orders::read)
}

/// Where the messages of an order stand: from, and up to but without. Ids of orders grow with the
/// seq, so that a binary search finds those of an order that has no row.
pub(super) fn order_range(conn: &Connection, order: OrderId) -> Result<(Seq, Seq), Trouble> {
    match order_row(conn, order)? {
        Some(row) => Ok((row.first, Seq(row.first.0 + u64::from(row.count)))),
        None => Ok((
            first_where(conn, words::ORDER_STEP, order.number_in_records())?,
            first_where(conn, words::ORDER_STEP, order.number_in_records().saturating_add(1))?,
        )),
    }
}

/// The first seq whose second column of `step`, which grows with the seq, is at least `least`; a seq
/// above all others if there is none.
pub(super) fn first_where(conn: &Connection, step: &str, least: u64) -> Result<Seq, Trouble> {
    let end: Option<i64> = conn.prepare_cached("SELECT max(seq) FROM body")?.query_row([], |row| row.get(0))?;
    let start: Option<i64> = conn.prepare_cached("SELECT min(seq) FROM body")?.query_row([], |row| row.get(0))?;
    let (Some(mut low), Some(mut high)) = (start, end.map(|it| it + 1)) else { return Ok(Seq(0)) };
    let mut statement = conn.prepare_cached(step)?;
    while low < high {
        let middle = low + (high - low) / 2;
        let (seq, value): (i64, i64) = statement.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if value.cast_unsigned() < least {
            low = seq + 1;
        } else {
            high = middle;
        }
    }
    Ok(Seq(low.cast_unsigned()))
}

/// The seqs of the messages in `[from, to)` that exist, at most `limit`, oldest first.
pub(super) fn seqs_between(conn: &Connection, from: Seq, to: Seq, limit: usize) -> Result<Vec<Seq>, Trouble> {
    let words = "SELECT seq FROM body WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let seq = |row: &rusqlite::Row<'_>| Ok(Seq(row.get::<_, i64>(0)?.cast_unsigned()));
    all(&mut conn.prepare_cached(words)?, (from.0.cast_signed(), to.0.cast_signed(), limit), seq)
}

/// The one row of a question, read.
pub(super) fn first<T>(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
    read: impl Fn(&rusqlite::Row<'_>) -> Result<T, Trouble>,
) -> Result<Option<T>, Trouble> {
    statement.query(params)?.next()?.map(read).transpose()
}

/// Every row of a question, read.
pub(super) fn all<T>(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
    read: impl Fn(&rusqlite::Row<'_>) -> Result<T, Trouble>,
) -> Result<Vec<T>, Trouble> {
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn first_messages(
    statement: &mut rusqlite::Statement<'_>,
    params: impl Params,
    limit: usize,
) -> Result<Vec<Seq>, Trouble> {
    let (mut seqs, mut seen) = (Vec::new(), std::collections::HashSet::new());
    let mut rows = statement.query(params)?;
    while seqs.len() < limit
        && let Some(row) = rows.next()?
    {
        let seq = key(row)?.seq();
        if seen.insert(seq) {
            seqs.push(seq);
        }
    }
    Ok(seqs)
}

fn key(row: &rusqlite::Row<'_>) -> Result<PartKey, Trouble> {
    Ok(PartKey(row.get::<_, i64>(0)?.cast_unsigned()))
}
