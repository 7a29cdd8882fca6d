//! One page of a list of messages, newest first.
//!
//! ```text
//! carrier's id    index of carriers' ids ──────────────────────────┐
//! to, client_ref  postings ∩ chart, a segment at a time ───────────┼─► load ─► fits? ─► page
//! everything else chart ─► the parts of the blocks that may fit ───┘
//! order, since, until, before         narrow the range of seqs first
//! ```
//!
//! A walk goes on until its page is full or nothing is left. It may end before that once it has found something
//! and `PAGE_TIME` is over; one that has found nothing goes on, in transactions of at most `STRETCH`, so that a page is
//! empty only where there is no other.

use crate::carrier::id::{self, IdCandidate};
use crate::message::attempt::Attempt;
use crate::message::body::Body;
use crate::message::id::{CarrierId, LaneId, OrderId, PartKey, Seq};
use crate::message::status::Status;
use crate::record::entry::Entry;
use crate::record::views::MessageFilter;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::reader::{self, Loader, words};
use crate::store::sqlite::search::Shared;
use crate::store::sqlite::search::chart::BLOCK;
use crate::store::sqlite::search::postings::{self, Key, SEGMENT};
use crate::store::sqlite::search::sweep::standing;
use crate::store::sqlite::{arriving, carrier_ids};
use rusqlite::{Connection, Row};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// One page of a list, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The messages.
    pub entries: Vec<Entry>,
    /// Where the next page begins ([`MessageFilter::before`]); `None` at the end. A page may be short and still have a
    /// next one; one that is empty has none.
    pub next: Option<Seq>,
}

/// After this a page with something on it is not filled any further: half of what people take for at once.
const PAGE_TIME: Duration = Duration::from_millis(50);

/// The longest read transaction of a walk: the WAL cannot begin anew under one.
const STRETCH: Duration = Duration::from_millis(250);

/// Entries of a page at most, whatever was asked for.
pub const ENTRIES_MAX: usize = 1_000;

/// Messages of one carrier id that are looked for at once.
const SAME_ID_AT_ONCE: usize = 1_024;

/// The questions of a walk.
pub(super) mod find {
    pub(in crate::store::sqlite) const BODIES: &str =
        "SELECT seq, destination, client_ref FROM body WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
    pub(in crate::store::sqlite) const ATTEMPT_OF_ID: &str =
        "SELECT id FROM attempt WHERE rhash = ?1 AND id >= ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4";
}

/// A walk over what a query may mean, newest first.
pub(super) struct Walk<'q> {
    query: &'q MessageFilter,
    /// What the messages are found by, if by their numbers or references.
    keys: Vec<Key>,
    /// As answers of carriers may have written the id that is asked for.
    forms: Vec<IdCandidate>,
    entries: Vec<Entry>,
    /// Everything from here on has been looked at.
    reached: Seq,
    began: Instant,
    /// The longest of its transactions.
    stretch: Duration,
    ended: bool,
}

/// Whether a walk goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    On,
    /// The transaction has lasted long enough, or the page has.
    Stop,
}

impl<'q> Walk<'q> {
    pub(super) fn new(query: &'q MessageFilter) -> Self {
        let number = query.to.map(Key::number);
        Self {
            query,
            keys: number.into_iter().chain(query.client_ref.as_deref().map(Key::reference)).collect(),
            forms: query.carrier_message_id.as_ref().map_or_else(Vec::new, id::forms),
            entries: Vec::new(),
            reached: query.before.unwrap_or(Seq(Seq::END)),
            began: Instant::now(),
            stretch: STRETCH,
            ended: false,
        }
    }

    /// Whether the page is what it will be.
    pub(super) const fn is_over(&self) -> bool {
        self.ended || !self.entries.is_empty()
    }

    pub(super) fn page(mut self) -> Page {
        let limit = limit(self.query);
        let more = limit < self.entries.len();
        self.entries.truncate(limit);
        let last = self.entries.last().map(|it| it.body.seq());
        let next = if more { last } else { Some(self.reached).filter(|_| !self.ended) };
        Page { entries: self.entries, next }
    }

    /// One transaction's worth of it.
    pub(super) fn stretch(&mut self, conn: &Connection, shared: &Shared) -> Result<(), Trouble> {
        let mut stretch = Stretch {
            conn,
            shared,
            loader: Loader::new(conn)?,
            arriving: arriving::orders(conn)?,
            written: postings::mark(conn)?.unwrap_or(0),
            began: Instant::now(),
        };
        let (from, to) = range(conn, self.query)?;
        self.reached = self.reached.min(to);
        let by_id = !self.forms.is_empty();
        while from < self.reached {
            let step = if by_id { stretch.same_id(self, from)? } else { stretch.segment(self, from)? };
            if step == Step::Stop {
                return Ok(());
            }
        }
        self.ended = true;
        Ok(())
    }

    /// Whether it stops here, everything from `reached` on looked at. One message more than fits on the page is
    /// the proof that there is a next one.
    fn step(&mut self, reached: Seq, stretch: Duration) -> Step {
        self.reached = reached;
        let full = limit(self.query) < self.entries.len();
        let late = !self.entries.is_empty() && PAGE_TIME < self.began.elapsed();
        if full || late || self.stretch < stretch { Step::Stop } else { Step::On }
    }

    fn fits(&self, entry: &Entry) -> bool {
        self.query.status.is_none_or(|it| it == entry.status())
            && fits(self.query, &entry.body)
            && (self.forms.is_empty() || attempts(entry).any(|it| has_id(&self.forms, it)))
    }
}

/// What a walk needs for one transaction.
struct Stretch<'s, 'c> {
    conn: &'c Connection,
    shared: &'s Shared,
    loader: Loader<'c>,
    /// Orders that nobody is told of yet.
    arriving: BTreeSet<OrderId>,
    /// The first segment that is not on the disk.
    written: u64,
    began: Instant,
}

impl Stretch<'_, '_> {
    /// Along the messages below `reached` of one segment.
    fn segment(&mut self, walk: &mut Walk<'_>, from: Seq) -> Result<Step, Trouble> {
        let to = walk.reached;
        let number = (to.0 - 1) / SEGMENT;
        let low = from.max(Seq(number * SEGMENT));
        let blocks = self.blocks(walk.query, (low, to));
        let known = if blocks.is_empty() { None } else { self.named(walk, number)? };
        for block in blocks.into_iter().rev() {
            let range = (low.max(Seq(block * BLOCK)), to.min(Seq((block + 1) * BLOCK)));
            let seqs = match &known {
                Some((seqs, noted)) if range.1 <= *noted => between(seqs, range).to_vec(),
                Some(_) => self.bodies(walk, range)?,
                None => self.parts(walk.query, range)?,
            };
            if self.look(walk, &seqs)? == Step::Stop || walk.step(range.0, self.began.elapsed()) == Step::Stop {
                return Ok(Step::Stop);
            }
        }
        Ok(walk.step(low, self.began.elapsed()))
    }

    /// The blocks of a range that may have what is asked for, in their order.
    fn blocks(&self, query: &MessageFilter, (low, to): (Seq, Seq)) -> Vec<u64> {
        let state = self.shared.read();
        (low.0 / BLOCK..to.0.div_ceil(BLOCK)).filter(|it| state.chart.may_have(*it, query)).collect()
    }

    /// The messages of a segment that may have all that they are found by, in their order, and up to where that is
    /// known; nothing where it does not matter.
    fn named(&self, walk: &Walk<'_>, number: u64) -> Result<Option<(Vec<Seq>, Seq)>, Trouble> {
        let Some((first, rest)) = walk.keys.split_first() else { return Ok(None) };
        let offsets = |key: Key| -> Result<(Vec<u16>, Seq), Trouble> {
            if number < self.written {
                return Ok((postings::offsets(self.conn, number, key)?, Seq(Seq::END)));
            }
            let state = self.shared.read();
            // It went to the disk after this transaction began, which therefore does not see it there.
            let noted = if number < state.mark { Seq(0) } else { state.noted };
            Ok((state.pending.get(&number).map_or_else(Vec::new, |it| it.find(key)), noted))
        };
        let (mut found, mut noted) = offsets(*first)?;
        for key in rest {
            let (others, other_noted) = offsets(*key)?;
            found.retain(|it| others.binary_search(it).is_ok());
            noted = noted.min(other_noted);
        }
        let seqs = found.into_iter().map(|it| Seq(number * SEGMENT + u64::from(it))).collect();
        Ok(Some((seqs, noted)))
    }

    /// The messages of a range with the number and the reference, read from their bodies.
    fn bodies(&self, walk: &Walk<'_>, (low, to): (Seq, Seq)) -> Result<Vec<Seq>, Trouble> {
        let query = walk.query;
        let reference =
            |row: &Row<'_>, it: &str| row.get_ref(2).is_ok_and(|told| told.as_str_or_null() == Ok(Some(it)));
        let may = |row: &Row<'_>| -> Result<Option<Seq>, Trouble> {
            let fits = query.to.is_none_or(|it| row.get(1).is_ok_and(|told: i64| told == it.0.cast_signed()))
                && query.client_ref.as_deref().is_none_or(|it| reference(row, it));
            Ok(fits.then_some(Seq(row.get::<_, i64>(0)?.cast_unsigned())))
        };
        let range = (low.0.cast_signed(), to.0.cast_signed());
        Ok(reader::all(&mut self.conn.prepare_cached(find::BODIES)?, range, may)?.into_iter().flatten().collect())
    }

    /// The messages of a range with the account, the route and the status, read from their parts.
    fn parts(&self, query: &MessageFilter, (low, to): (Seq, Seq)) -> Result<Vec<Seq>, Trouble> {
        let parts = standing(self.conn, (low, to))?;
        let wanted = |parts: &&[(PartKey, LaneId, Status)]| {
            let lane = parts[0].1;
            query.account.is_none_or(|it| it == lane.account())
                && query.route.is_none_or(|it| it.is_shown_as(lane.route()))
                && query.status.is_none_or(|it| it == Status::of_parts(parts.iter().map(|it| it.2)))
        };
        Ok(parts.chunk_by(|a, b| a.0.seq() == b.0.seq()).filter(wanted).map(|it| it[0].0.seq()).collect())
    }

    /// Along the messages below `reached` that a carrier gave this id, some at once.
    fn same_id(&mut self, walk: &mut Walk<'_>, from: Seq) -> Result<Step, Trouble> {
        let keys = [from, walk.reached].map(|it| PartKey::new(it, 0).0.cast_signed());
        let hashes = self.hashes(&walk.forms)?;
        // Below the floor there may be others.
        let (mut found, mut floor) = (BTreeSet::new(), from);
        let mut add = |seqs: Vec<Seq>| {
            if let Some(last) = seqs.get(SAME_ID_AT_ONCE - 1) {
                floor = floor.max(*last);
            }
            found.extend(seqs);
        };
        add(carrier_ids::logged(self.conn, &hashes, keys, SAME_ID_AT_ONCE)?);
        for hash in hashes {
            for words in [carrier_ids::words::FIND_BETWEEN, find::ATTEMPT_OF_ID] {
                let mut statement = self.conn.prepare_cached(words)?;
                let params = (hash.cast_signed(), keys[0], keys[1], SAME_ID_AT_ONCE.cast_signed());
                let seq = |row: &Row<'_>| Ok(PartKey(row.get::<_, i64>(0)?.cast_unsigned()).seq());
                add(reader::all(&mut statement, params, seq)?);
            }
        }
        let seqs: Vec<Seq> = {
            let state = self.shared.read();
            let may = |it: &Seq| state.chart.may_have(it.0 / BLOCK, walk.query);
            found.range(floor..).copied().filter(may).collect()
        };
        if self.look(walk, &seqs)? == Step::Stop {
            return Ok(Step::Stop);
        }
        Ok(walk.step(floor, self.began.elapsed()))
    }

    /// The keys of an id at every carrier, in every form.
    fn hashes(&self, forms: &[IdCandidate]) -> Result<BTreeSet<u64>, Trouble> {
        let words = "SELECT id FROM name WHERE kind = 'carrier'";
        let carriers = reader::all(&mut self.conn.prepare_cached(words)?, [], |row| Ok(CarrierId(row.get(0)?)))?;
        Ok(carriers.iter().flat_map(|carrier| forms.iter().map(|it| it.rhash(*carrier))).collect())
    }

    /// Loads candidates, which are in order, newest first, and keeps those that are wanted.
    fn look(&mut self, walk: &mut Walk<'_>, seqs: &[Seq]) -> Result<Step, Trouble> {
        for seq in seqs.iter().rev() {
            if let Some(entry) = self.loader.entry(*seq)?
                && walk.fits(&entry)
                && !self.arriving.contains(&entry.body.order)
            {
                walk.entries.push(entry);
            }
            if walk.step(*seq, self.began.elapsed()) == Step::Stop {
                return Ok(Step::Stop);
            }
        }
        Ok(Step::On)
    }
}

fn limit(query: &MessageFilter) -> usize {
    query.limit.clamp(1, ENTRIES_MAX)
}

/// Those of some seqs, which are in order, that stand in a range.
fn between(seqs: &[Seq], (low, to): (Seq, Seq)) -> &[Seq] {
    let start = seqs.partition_point(|it| *it < low);
    &seqs[start..seqs.partition_point(|it| *it < to).max(start)]
}

fn attempts(entry: &Entry) -> impl Iterator<Item = &Attempt> {
    entry.parts.iter().filter_map(|it| it.attempt.as_ref()).chain(entry.past.iter().map(|it| &it.attempt))
}

fn has_id(forms: &[IdCandidate], attempt: &Attempt) -> bool {
    attempt.carrier_message_id.as_ref().is_some_and(|id| forms.iter().any(|it| it.fits(id)))
}

fn fits(query: &MessageFilter, body: &Body) -> bool {
    query.account.is_none_or(|it| it == body.account)
        && query.to.is_none_or(|it| it == body.destination)
        && query.order.is_none_or(|it| it == body.order)
        && query.route.is_none_or(|it| it.is_shown_as(body.route))
        && query.client_ref.as_ref().is_none_or(|it| Some(it) == body.client_ref.as_ref())
        && query.since.is_none_or(|it| it <= body.created)
        && query.until.is_none_or(|it| body.created < it)
}

/// The seqs that can be meant: from, and up to but without.
fn range(conn: &Connection, query: &MessageFilter) -> Result<(Seq, Seq), Trouble> {
    let end: Option<i64> = conn.prepare_cached("SELECT max(seq) FROM body")?.query_row([], |row| row.get(0))?;
    let (mut from, mut to) = (Seq(0), Seq(end.map_or(0, |it| it.cast_unsigned() + 1)));
    if let Some(order) = query.order {
        let of_order = reader::order_range(conn, order)?;
        (from, to) = (of_order.0, to.min(of_order.1));
    }
    if let Some(since) = query.since {
        from = from.max(reader::first_where(conn, words::TIME_STEP, since.0)?);
    }
    if let Some(until) = query.until {
        to = to.min(reader::first_where(conn, words::TIME_STEP, until.0)?);
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::batch::Batch;
    use crate::record::contract::Store;
    use crate::store::sqlite::{Durability, Sqlite};
    use crate::store::tests::script::same_id;
    use std::sync::Arc;

    #[test]
    fn a_walk_that_has_found_nothing_goes_on_in_another_transaction() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = Sqlite::open(directory.path(), Durability::Os).expect("the store opens");
        let mut batch: Batch = same_id(2_000);
        let wanted = crate::number::e164::E164(4_915_112_345);
        batch.bodies[2] = Arc::new(Body { destination: wanted, ..(*batch.bodies[2]).clone() });
        store.commit(&batch).expect("the commit goes through");
        drop(store);
        // Nothing is known of it, so that each block is read.
        let store = Sqlite::open_unswept(directory.path(), Durability::Os).expect("the store opens again");
        let query = MessageFilter { to: Some(wanted), limit: 5, ..MessageFilter::default() };
        let (mut walk, mut transactions) = (Walk::new(&query), 0);
        walk.stretch = Duration::ZERO;
        while !walk.is_over() {
            walk.stretch(&store.writer, store.search.shared()).expect("it walks");
            transactions += 1;
        }
        let page = walk.page();
        assert_eq!(page.entries.iter().map(|it| it.body.seq()).collect::<Vec<_>>(), [Seq(3)]);
        assert_eq!(transactions, 8, "one for each block");
    }
}
