//! One page of a list of messages, newest first.
//!
//! ```text
//! FAILED EXPIRED UNKNOWN CANCELLED    index of rare phases, backwards ─┐
//! every other status, or none         rowids, backwards ───────────────┼─► filter ─► load ─► page
//! order, since, until, before         narrow the range of seqs first ──┘
//! ```
//!
//! Orders and times grow with the seq, so that a binary search turns them into a range. All other
//! filters are looked at row by row, at most [`LOOKED_AT_MAX`] rows a page and no longer than
//! [`PAGE_TIME_MAX`]; what is left is for the next page.

use crate::message::body::Body;
use crate::message::id::{OrderId, PartKey, Seq};
use crate::message::phase::Phase;
use crate::message::status::Status;
use crate::record::views::Query;
use crate::store::sqlite::arriving;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::reader::{self, Loader, words};
use crate::store::sqlite::readers::Page;
use rusqlite::{Connection, Row};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Messages that one page may look at: some hundred milliseconds from memory.
const LOOKED_AT_MAX: usize = 50_000;

/// What a page may take from a slow disk: the WAL cannot begin anew under a read transaction.
const PAGE_TIME_MAX: Duration = Duration::from_millis(500);

/// Entries of a page at most, whatever was asked for.
const ENTRIES_MAX: usize = 1_000;

pub(super) const NEWEST: &str = "SELECT seq, account, destination, route, client_ref FROM body \
    WHERE seq >= ?1 AND seq < ?2 ORDER BY seq DESC";
pub(super) const NEWEST_RARE: &str = "SELECT id / 16 FROM part WHERE phase >= 5 AND phase = ?3 AND id >= ?1 AND id < ?2 \
    ORDER BY id DESC";

/// The messages of a page, and where the next begins.
pub(super) fn page(conn: &Connection, query: &Query) -> Result<Page, Trouble> {
    let (from, to) = range(conn, query)?;
    let rare = query.status.and_then(rare_phase);
    let page = Page { entries: Vec::new(), next: None };
    let mut walk = Walk {
        query,
        loader: Loader::new(conn)?,
        arriving: arriving::orders(conn)?,
        page,
        last: None,
        looked_at: 0,
        began: Instant::now(),
    };
    match rare {
        Some(phase) => walk.rare(conn, (from, to), phase)?,
        None => walk.all(conn, (from, to))?,
    }
    Ok(walk.page)
}

/// A walk over candidates, newest first; its steps say whether it may go on.
struct Walk<'q, 'c> {
    query: &'q Query,
    loader: Loader<'c>,
    /// Orders that nobody is told of yet.
    arriving: BTreeSet<OrderId>,
    page: Page,
    last: Option<Seq>,
    looked_at: usize,
    began: Instant,
}

impl Walk<'_, '_> {
    /// Along the messages that have a part of a rare phase.
    fn rare(&mut self, conn: &Connection, (from, to): (Seq, Seq), phase: Phase) -> Result<(), Trouble> {
        let keys = (PartKey::new(from, 0).0.cast_signed(), PartKey::new(to, 0).0.cast_signed());
        let mut statement = conn.prepare_cached(NEWEST_RARE)?;
        let mut rows = statement.query((keys.0, keys.1, phase.number()))?;
        while let Some(row) = rows.next()? {
            let seq = Seq(row.get::<_, i64>(0)?.cast_unsigned());
            // The parts of a message follow each other.
            if self.last != Some(seq) && !self.look(seq)? {
                break;
            }
        }
        Ok(())
    }

    /// Along all messages; those that the row already rules out are not loaded.
    fn all(&mut self, conn: &Connection, (from, to): (Seq, Seq)) -> Result<(), Trouble> {
        let mut statement = conn.prepare_cached(NEWEST)?;
        let mut rows = statement.query((from.0.cast_signed(), to.0.cast_signed()))?;
        while let Some(row) = rows.next()? {
            let seq = Seq(row.get::<_, i64>(0)?.cast_unsigned());
            let go_on = if may_fit(self.query, row) { self.look(seq)? } else { self.pass(seq) };
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    /// Loads a candidate and keeps it if it is wanted.
    fn look(&mut self, seq: Seq) -> Result<bool, Trouble> {
        if self.page.entries.len() == self.query.limit.clamp(1, ENTRIES_MAX) {
            // This one is the proof that there is a next page.
            self.page.next = self.last;
            return Ok(false);
        }
        if let Some(entry) = self.loader.entry(seq)?
            && fits(self.query, &entry.body)
            && !self.arriving.contains(&entry.body.order)
            && self.query.status.is_none_or(|it| it == entry.status())
        {
            self.page.entries.push(entry);
        }
        Ok(self.pass(seq))
    }

    /// Counts a message that was looked at.
    fn pass(&mut self, seq: Seq) -> bool {
        self.last = Some(seq);
        self.looked_at += 1;
        // The clock is read now and then only: it costs as much as a look.
        let late = self.looked_at.is_multiple_of(256) && PAGE_TIME_MAX < self.began.elapsed();
        if late || self.looked_at == LOOKED_AT_MAX {
            self.page.next = self.last;
        }
        self.page.next.is_none()
    }
}

/// What [`NEWEST`] tells of a message, against the filters.
fn may_fit(query: &Query, row: &Row<'_>) -> bool {
    let reference = |it: &str| row.get_ref(4).is_ok_and(|told| told.as_str_or_null() == Ok(Some(it)));
    query.account.is_none_or(|it| row.get(1).is_ok_and(|told: u16| told == it.0))
        && query.to.is_none_or(|it| row.get(2).is_ok_and(|told: i64| told == it.0.cast_signed()))
        && query.route.is_none_or(|it| row.get(3).is_ok_and(|told: u32| told == it.0))
        && query.client_ref.as_deref().is_none_or(reference)
}

fn fits(query: &Query, body: &Body) -> bool {
    query.account.is_none_or(|it| it == body.account)
        && query.to.is_none_or(|it| it == body.destination)
        && query.order.is_none_or(|it| it == body.order)
        && query.route.is_none_or(|it| it == body.route)
        && query.client_ref.as_ref().is_none_or(|it| Some(it) == body.client_ref.as_ref())
        && query.since.is_none_or(|it| it <= body.created)
        && query.until.is_none_or(|it| body.created < it)
}

/// The seqs that can be meant: from, and up to but without.
fn range(conn: &Connection, query: &Query) -> Result<(Seq, Seq), Trouble> {
    let (mut from, mut to) = (Seq(0), Seq(Seq::END));
    if let Some(order) = query.order {
        (from, to) = reader::order_range(conn, order)?;
    }
    if let Some(since) = query.since {
        from = from.max(reader::first_where(conn, words::TIME_STEP, since.0)?);
    }
    if let Some(until) = query.until {
        to = to.min(reader::first_where(conn, words::TIME_STEP, until.0)?);
    }
    Ok((from, query.before.map_or(to, |it| to.min(it))))
}

/// The phase that a message of a rare status has a part in, found by its index.
const fn rare_phase(status: Status) -> Option<Phase> {
    match status {
        Status::Queued | Status::Sent | Status::Delivered => None,
        Status::Failed => Some(Phase::Failed),
        Status::Expired => Some(Phase::Expired),
        Status::Unknown => Some(Phase::Unknown),
        Status::Cancelled => Some(Phase::Cancelled),
    }
}
