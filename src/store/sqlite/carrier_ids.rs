//! By which ids of carriers receipts find parts: an index that is written in its own order, behind the commit.
//!
//! ```text
//!           hash of an id, key of the part
//! a commit ──► log: a row of the names that it made ─────────── read at the start, up to where the index is
//!          └─► waiting: in memory, in the order of hashes
//!                 │ the next ones, as many as the commit brought, once there are ROOM of them
//!                 ▼
//!              index, from its first hash to its last, and then from the first again: a turn
//! ```
//!
//! Hashes lie anywhere in an index: written as they come, each dirties a page of its own. Those that wait are written
//! in the order of the index, so that a page takes many of them at once. A name is in the log from the commit that
//! made it until it is in the index, and a row of the log says how far the index was then: that tells after a start
//! exactly what waited. All of it is derived from the parts, and is made anew from them where it is damaged.
//!
//! The index may lead to a part that has another name by now, or is gone: who asks looks at the part itself.

use crate::message::attempt::Attempt;
use crate::message::id::{PartKey, Seq};
use crate::message::part::Part;
use crate::record::contract::SAME_ID_MAX;
use crate::record::entry::Entry;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use crate::store::sqlite::told::Told;
use crate::store::sqlite::{is_small, reader};
use rusqlite::{Connection, Row};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The names that wait, a row for each commit that made some, and how far the index was written then.
pub(super) const LOG: Table =
    Table { name: "carrier_id_log", columns: "n, turn, rhash, id, names, seal", key: "n", steps: &[(8, CREATE_LOG)] };

/// Which parts have which names; what is in the log as well may be missing.
pub(super) const INDEX: Table =
    Table { name: "carrier_id", columns: "rhash, id", key: "rhash", steps: &[(8, CREATE_INDEX)] };

const CREATE_LOG: &str = "
CREATE TABLE carrier_id_log (
    n INTEGER PRIMARY KEY, turn INTEGER NOT NULL, rhash INTEGER NOT NULL, id INTEGER NOT NULL, names BLOB NOT NULL,
    seal INTEGER NOT NULL
) STRICT;
";

/// In the order of the index that it takes the place of.
const CREATE_INDEX: &str = "
CREATE TABLE carrier_id (rhash INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (rhash, id)) STRICT, WITHOUT ROWID;
INSERT INTO carrier_id SELECT rhash, id FROM part WHERE rhash IS NOT NULL ORDER BY rhash, id;
DROP INDEX part_by_carrier_id;
";

/// Names that wait in memory at most: two megabytes. So many, twice over, are written in a turn, two to a page
/// of the index of ten million messages.
const ROOM: usize = 1 << 16;

/// Rows of the log that one commit removes at most.
const REMOVED_AT_ONCE: u64 = 1_024;
/// Rows of the log from which on a turn is gone on with, however much room there is: a start reads all of them.
const LOG_ROWS: u64 = 16_384;
/// Names that are then written for each that comes.
const TURN_ON: usize = 4;

/// The statements, which the tests look at for how they are answered.
pub(super) mod words {
    pub(in crate::store::sqlite) const FIND: &str =
        "SELECT id FROM carrier_id WHERE rhash = ?1 ORDER BY id DESC LIMIT ?2";
    pub(in crate::store::sqlite) const FIND_BETWEEN: &str =
        "SELECT id FROM carrier_id WHERE rhash = ?1 AND id >= ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4";
    pub(in crate::store::sqlite) const WRITE: &str = "INSERT OR IGNORE INTO carrier_id (rhash, id) VALUES (?1, ?2)";
    pub(in crate::store::sqlite) const REMOVE: &str = "DELETE FROM carrier_id WHERE rhash = ?1 AND id = ?2";
    pub(in crate::store::sqlite) const REMOVE_LOG: &str = "DELETE FROM carrier_id_log WHERE n < ?1";
    pub(in crate::store::sqlite) const NAMES: &str = "SELECT rhash, id FROM part WHERE id >= ?1 AND id < ?2 \
        AND rhash IS NOT NULL UNION ALL SELECT rhash, id FROM attempt WHERE id >= ?1 AND id < ?2 AND rhash IS NOT NULL";
    pub(in crate::store::sqlite) const HIDDEN: &str = "SELECT rhash, id FROM part NOT INDEXED WHERE id >= ?1 AND id < ?2 \
        AND rhash IS NOT NULL AND NOT EXISTS \
        (SELECT 1 FROM carrier_id WHERE carrier_id.rhash = part.rhash AND carrier_id.id = part.id)";
    pub(super) const RENEW: &str = "DELETE FROM carrier_id; \
        INSERT INTO carrier_id SELECT rhash, id FROM part WHERE rhash IS NOT NULL ORDER BY rhash, id;";
}

static LOG_ROW: LazyLock<String> = LazyLock::new(|| LOG.insert("INSERT", 1));
static LOG_ALL: LazyLock<String> = LazyLock::new(|| LOG.select("ORDER BY n"));
static LOG_LAST: LazyLock<String> = LazyLock::new(|| LOG.select("ORDER BY n DESC LIMIT 1"));

/// The hash of a carrier's id, and the part that has it.
pub(super) type Name = (u64, PartKey);

/// The writer's side of the index.
pub(super) struct CarrierIds {
    known: Known,
    /// What is in no index yet.
    waiting: BTreeSet<Name>,
    /// What the commit that is being made has brought.
    fresh: Vec<Name>,
    /// Which turn it is.
    turn: u64,
    /// Where it goes on: what waits from here on is written in this turn, all before it in the next.
    next: Name,
    rows: Rows,
    /// Names that may wait.
    room: usize,
}

/// Numbers of rows of the log.
#[derive(Clone, Copy, Default)]
struct Rows {
    first: u64,
    /// The first of this turn.
    of_turn: u64,
    /// The one after the last.
    end: u64,
    /// Of those below this all names are in the index.
    over: u64,
}

/// A row of the log.
#[derive(Debug, PartialEq, Eq)]
struct Logged {
    n: u64,
    turn: u64,
    next: Name,
    names: Vec<Name>,
}

impl Logged {
    /// Whether one of its names is not in the index yet, given the last row of the log. What stood before the place of
    /// its commit was left to the turn after that.
    fn waits(&self, name: Name, last: &Self) -> bool {
        (last.turn, last.next) <= (self.turn + u64::from(name < self.next), name)
    }
}

impl Default for CarrierIds {
    fn default() -> Self {
        Self {
            known: Known::new(),
            waiting: BTreeSet::new(),
            fresh: Vec::new(),
            turn: 0,
            next: START,
            rows: Rows::default(),
            room: ROOM,
        }
    }
}

/// Before every name.
const START: Name = (0, PartKey(0));

impl CarrierIds {
    /// What waited when the store was closed, or its process died.
    pub(super) fn of(conn: &Connection) -> Result<Self, Trouble> {
        let mut ids = Self::default();
        let first = |row: &Row<'_>| Ok(row.get::<_, Option<i64>>(0)?.map(|it| PartKey(it.cast_unsigned())));
        let oldest = reader::first(&mut conn.prepare_cached("SELECT min(id) FROM part")?, [], first)?.flatten();
        let last = reader::first(&mut conn.prepare_cached(&LOG_LAST)?, [], read)?;
        let Some(last) = last else { return Ok(ids) };
        let oldest = oldest.unwrap_or(PartKey(u64::MAX));
        (ids.turn, ids.next) = (last.turn, last.next);
        ids.rows.end = last.n + 1;
        let (mut begun, mut statement) = (None, conn.prepare(&LOG_ALL)?);
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let row = read(row)?;
            if begun.is_none() {
                ids.rows = Rows { first: row.n, over: row.n, ..ids.rows };
            }
            if begun != Some(row.turn) {
                (begun, ids.rows.of_turn) = (Some(row.turn), row.n);
            }
            ids.waiting.extend(row.names.iter().filter(|it| row.waits(**it, &last) && oldest <= it.1));
        }
        Ok(ids)
    }

    /// The same of a store that was just opened. A small one is looked at whole, and what is damaged is made anew.
    pub(super) fn open(conn: &Connection) -> Result<(Self, Option<Told>), Trouble> {
        let found = match Self::of(conn) {
            Err(Trouble::Damaged(..)) => {
                conn.execute_batch("DELETE FROM carrier_id_log")?;
                None
            }
            other => Some(other?),
        };
        let sound = found.is_some();
        let ids = found.unwrap_or_default();
        let rows = if sound && !is_small(conn)? { 0 } else { ids.hidden(&missing(conn, (0, i64::MAX))?) };
        if rows != 0 {
            renew(conn)?;
        }
        Ok((ids, (rows != 0).then_some(Told::Index { name: INDEX.name, rows })))
    }

    /// Keeps so few waiting that tests see all of it.
    #[cfg(test)]
    pub(super) const fn keep(&mut self, room: usize) {
        self.room = room;
    }

    /// The store holds this of a part: a later change of it need not name it again.
    pub(super) fn learn(&mut self, part: &Part) {
        self.known.learn(part.key, rhash(part));
    }

    /// A part is written with this hash of its name.
    pub(super) fn note(&mut self, key: PartKey, rhash: Option<u64>) {
        if !self.known.holds(key, rhash) {
            self.fresh.extend(rhash.map(|it| (it, key)));
            self.known.learn(key, rhash);
        }
    }

    /// Within the transaction of a commit: puts what was noted into the log, and as many of those that wait into the
    /// index if there is no room for them. When it fails, nothing more may be asked.
    pub(super) fn write(&mut self, conn: &Connection) -> Result<(), Trouble> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        self.waiting.extend(&self.fresh);
        let mut most = self.waiting.len().saturating_sub(self.room);
        if LOG_ROWS < self.rows.end - self.rows.first {
            // Where little is sent a turn would never end, and the log never lose a row.
            most = most.max(TURN_ON * self.fresh.len());
        }
        if 0 < most {
            self.write_index(conn, most)?;
            self.fresh.retain(|it| self.waiting.contains(it));
        }
        let row = Logged { n: self.rows.end, turn: self.turn, next: self.next, names: std::mem::take(&mut self.fresh) };
        let octets = octets(&row.names);
        let mut statement = conn.prepare_cached(&LOG_ROW)?;
        write(&row, &octets).bind(&mut statement, 0)?;
        statement.raw_execute()?;
        self.rows.end += 1;
        self.fresh = row.names;
        self.fresh.clear();
        if self.rows.first < self.rows.over {
            self.rows.first = self.rows.over.min(self.rows.first + REMOVED_AT_ONCE);
            conn.prepare_cached(words::REMOVE_LOG)?.execute([self.rows.first.cast_signed()])?;
        }
        Ok(())
    }

    /// Writes the next so many of those that wait, in the order of the index.
    fn write_index(&mut self, conn: &Connection, most: usize) -> Result<(), Trouble> {
        let mut statement = conn.prepare_cached(words::WRITE)?;
        for _ in 0..most {
            let Some((rhash, key)) = self.waiting.range(self.next..).next().copied() else {
                // The turn is over: what was logged before it has all been written.
                self.turn += 1;
                self.next = START;
                self.rows.over = self.rows.of_turn;
                self.rows.of_turn = self.rows.end;
                continue;
            };
            statement.execute((rhash.cast_signed(), key.0.cast_signed()))?;
            self.waiting.remove(&(rhash, key));
            self.next = (rhash, PartKey(key.0 + 1));
        }
        Ok(())
    }

    /// Those of some names that wait, the newest of each, as many as are looked at.
    pub(super) fn waiting(&self, hashes: &[u64]) -> Vec<Name> {
        let of = |hash: u64| self.waiting.range((hash, PartKey(0))..=(hash, PartKey(u64::MAX))).rev().take(SAME_ID_MAX);
        hashes.iter().flat_map(|it| of(*it)).copied().collect()
    }

    /// Within the transaction that forgets messages: their names go, too. The parts are still there.
    pub(super) fn forget(&mut self, conn: &Connection, keys: (i64, i64)) -> Result<(), Trouble> {
        let mut remove = conn.prepare_cached(words::REMOVE)?;
        for (rhash, key) in reader::all(&mut conn.prepare_cached(words::NAMES)?, keys, name)? {
            remove.execute((rhash.cast_signed(), key.0.cast_signed()))?;
            self.waiting.remove(&(rhash, key));
        }
        Ok(())
    }

    /// How many of some parts the index should show and does not; they neither wait.
    pub(super) fn hidden(&self, parts: &[Name]) -> u64 {
        parts.iter().filter(|it| !self.waiting.contains(it)).count() as u64
    }
}

/// The parts between two keys that are not in the index: they wait, or are hidden.
pub(super) fn missing(conn: &Connection, keys: (i64, i64)) -> Result<Vec<Name>, Trouble> {
    reader::all(&mut conn.prepare_cached(words::HIDDEN)?, keys, name)
}

/// Makes the index anew from the parts; a store of an older format has none.
pub(super) fn renew(conn: &Connection) -> rusqlite::Result<()> {
    if !conn.table_exists(None, INDEX.name)? {
        return Ok(());
    }
    conn.execute_batch(&format!("BEGIN IMMEDIATE; {} COMMIT;", words::RENEW))
}

/// Reads all of it; the error is that something is damaged.
pub(super) fn read_all(conn: &Connection) -> Result<(), Trouble> {
    let ids = CarrierIds::of(conn)?;
    let hidden = missing(conn, (0, i64::MAX))?;
    let first = hidden.iter().find(|it| !ids.waiting.contains(it));
    first.map_or(Ok(()), |it| Err(Trouble::Damaged(INDEX.name, it.1.0.cast_signed())))
}

/// The seqs of the messages whose current or past names have these hashes, with those that wait.
pub(super) fn find(conn: &Connection, hashes: &[u64], waiting: &[Name]) -> Result<Vec<Seq>, Trouble> {
    let mut current = conn.prepare_cached(words::FIND)?;
    let mut past = conn.prepare_cached(reader::words::ATTEMPT_BY_RHASH)?;
    let key = |row: &Row<'_>| Ok(PartKey(row.get::<_, i64>(0)?.cast_unsigned()));
    let mut keys = Vec::new();
    for hash in hashes {
        let of_hash = (hash.cast_signed(), SAME_ID_MAX.cast_signed());
        let mut same = reader::all(&mut current, of_hash, key)?;
        same.extend(waiting.iter().filter(|it| it.0 == *hash).map(|it| it.1));
        same.sort_unstable();
        same.dedup();
        keys.extend_from_slice(&same[same.len().saturating_sub(SAME_ID_MAX)..]);
        keys.extend(reader::all(&mut past, of_hash, key)?);
    }
    let mut seqs: Vec<Seq> = keys.into_iter().map(PartKey::seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    Ok(seqs)
}

/// The messages in a range of keys that wait under one of these hashes, newest first, so many at most.
pub(super) fn logged(
    conn: &Connection,
    hashes: &BTreeSet<u64>,
    keys: [i64; 2],
    most: usize,
) -> Result<Vec<Seq>, Trouble> {
    let keys = keys.map(|it| PartKey(it.cast_unsigned()));
    let Some(last) = reader::first(&mut conn.prepare_cached(&LOG_LAST)?, [], read)? else { return Ok(Vec::new()) };
    let (mut found, mut statement) = (Vec::new(), conn.prepare_cached(&LOG_ALL)?);
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let row = read(row)?;
        let fits = |it: &&Name| hashes.contains(&it.0) && keys[0] <= it.1 && it.1 < keys[1] && row.waits(**it, &last);
        found.extend(row.names.iter().filter(fits).map(|it| it.1.seq()));
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.dedup();
    found.truncate(most);
    Ok(found)
}

/// Whether an attempt of a message has a name with one of these hashes, which are in order.
pub(super) fn has_name(entry: &Entry, hashes: &[u64]) -> bool {
    let current = entry.parts.iter().filter_map(|it| it.attempt.as_ref());
    let all = current.chain(entry.past.iter().map(|it| &it.attempt));
    all.filter_map(Attempt::rhash).any(|it| hashes.binary_search(&it).is_ok())
}

/// The hash of the carrier's id of a part's attempt.
pub(super) fn rhash(part: &Part) -> Option<u64> {
    part.attempt.as_ref().and_then(Attempt::rhash)
}

fn name(row: &Row<'_>) -> Result<Name, Trouble> {
    Ok((row.get::<_, i64>(0)?.cast_unsigned(), PartKey(row.get::<_, i64>(1)?.cast_unsigned())))
}

/// Sixteen octets for each name.
fn octets(names: &[Name]) -> Vec<u8> {
    names.iter().flat_map(|(rhash, key)| [*rhash, key.0]).flat_map(u64::to_be_bytes).collect()
}

/// The names in [`octets`].
fn names(octets: &[u8]) -> impl Iterator<Item = Name> {
    let (words, _) = octets.as_chunks::<8>();
    let (pairs, _) = words.as_chunks::<2>();
    pairs.iter().map(|[rhash, key]| (u64::from_be_bytes(*rhash), PartKey(u64::from_be_bytes(*key))))
}

/// The octets are [`octets`] of its names.
fn write<'a>(row: &Logged, octets: &'a [u8]) -> RowWriter<'a> {
    let mut cells = RowWriter::new();
    cells.bits(row.n);
    cells.bits(row.turn);
    cells.bits(row.next.0);
    cells.bits(row.next.1.0);
    cells.blob(octets);
    cells.sealed()
}

fn read(row: &Row<'_>) -> Result<Logged, Trouble> {
    let mut row = RowReader::new(row);
    let (n, turn, next) = (row.bits(), row.bits(), (row.bits(), PartKey(row.bits())));
    let octets = row.blob();
    row.must(octets.len().is_multiple_of(16));
    let names = names(octets).collect();
    row.sealed(LOG.name, n, Logged { n, turn, next, names })
}

/// What the store holds as the hash of parts that were lately written or read: a table of fixed
/// size in which the newer of two that meet stays. What it does not know is named again, so that
/// forgetting costs time and never truth.
struct Known(Box<[(u64, u64)]>);

impl Known {
    /// Enough for several beats of parts; a megabyte.
    const SLOTS: usize = 1 << 16;
    /// Stands for "no hash": one real hash in 2^64 is taken for it, and is then not remembered.
    const NONE: u64 = u64::MAX;
    /// No part has this key.
    const EMPTY: u64 = u64::MAX;

    fn new() -> Self {
        Self(vec![(Self::EMPTY, 0); Self::SLOTS].into())
    }

    fn slot(key: PartKey) -> usize {
        let spread = key.seq().0 ^ (u64::from(key.index()) << 12);
        usize::try_from(spread & (Self::SLOTS as u64 - 1)).expect("a slot is below the number of slots")
    }

    fn learn(&mut self, key: PartKey, rhash: Option<u64>) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::SplitMix64;
    use crate::store::sqlite::schema;
    use crate::store::sqlite::table::tests::kept;
    use std::path::Path;

    /// A store with the parts of these numbers, all of which have names.
    fn database(parts: std::ops::Range<u64>) -> (Connection, Vec<Name>) {
        let conn = Connection::open_in_memory().expect("a database in memory");
        schema::migrate(&conn, Path::new("memory")).expect("the tables");
        let mut dice = SplitMix64::new(11);
        let names: Vec<Name> = parts.map(|it| (dice.roll(), PartKey(it))).collect();
        let words = "INSERT INTO part (id, rhash, lane, phase, due, ends, spent, done_at, seal) VALUES (?1, ?2, 0, 9, 0, 0, 0, 0, 0)";
        for (rhash, key) in &names {
            conn.execute(words, [key.0.cast_signed(), rhash.cast_signed()]).expect("a part");
        }
        (conn, names)
    }

    fn index(conn: &Connection) -> BTreeSet<Name> {
        let mut all = conn.prepare_cached("SELECT rhash, id FROM carrier_id").expect("a question");
        reader::all(&mut all, [], name).expect("an answer").into_iter().collect()
    }

    fn commit(conn: &Connection, ids: &mut CarrierIds, names: &[Name]) {
        names.iter().for_each(|it| ids.note(it.1, Some(it.0)));
        ids.write(conn).expect("it is written");
    }

    #[test]
    fn every_field_of_a_row_of_the_log_is_kept() {
        let names = vec![(1 << 63, PartKey(5)), (6, PartKey(7))];
        let full = Logged { n: 2, turn: 3, next: (u64::MAX, PartKey(4)), names };
        let octets = octets(&full.names);
        let shown = octets.iter().map(|it| format!("{it:02x}")).collect::<String>();
        let row = format!("n=2 turn=3 rhash=-1 id=4 names=x{shown} seal=-1312602221");
        assert_eq!(kept(&LOG, &write(&full, &octets), read), (row, full));
    }

    #[test]
    fn where_little_is_sent_and_forgotten_again_the_log_does_not_grow_for_ever() {
        let (conn, names) = database(1..40_000);
        conn.execute_batch("BEGIN").expect("one transaction");
        let (mut ids, mut most) = (CarrierIds::default(), 0);
        for (at, name) in names.iter().enumerate() {
            commit(&conn, &mut ids, std::slice::from_ref(name));
            if let Some(old) = at.checked_sub(1_000).map(|it| names[it].1.0.cast_signed()) {
                ids.forget(&conn, (old, old + 1)).expect("it is forgotten");
            }
            most = most.max(ids.rows.end - ids.rows.first);
        }
        assert!(LOG_ROWS < most && most < LOG_ROWS + 2_000, "{most} rows");
        let again = CarrierIds::of(&conn).expect("the log is sound");
        assert!(again.waiting.is_superset(&ids.waiting));
        let found: BTreeSet<Name> = index(&conn).union(&ids.waiting).copied().collect();
        assert!(names[names.len() - 1_000..].iter().all(|it| found.contains(it)));
    }

    #[test]
    fn whenever_the_process_dies_each_name_is_in_the_index_or_waits_again() {
        let (conn, names) = database(1..3_000);
        let (mut ids, mut dice, mut made, mut written) =
            (CarrierIds::default(), SplitMix64::new(5), 0, BTreeSet::new());
        let (mut last, mut backwards) = (START, 0);
        while made < names.len() {
            ids.keep(64);
            let to = names.len().min(made + (dice.roll() % 9) as usize);
            commit(&conn, &mut ids, &names[made..to]);
            made = to;
            let before = std::mem::replace(&mut written, index(&conn));
            for name in written.difference(&before) {
                backwards += u32::from(*name < last);
                last = *name;
            }
            let again = CarrierIds::of(&conn).expect("the log is sound");
            assert!(
                again.waiting.is_superset(&ids.waiting) && again.waiting.len() <= 64 + 8,
                "{}",
                again.waiting.len()
            );
            assert_eq!((again.turn, again.next), (ids.turn, ids.next));
            let all: BTreeSet<Name> = written.union(&again.waiting).copied().collect();
            assert!(all.iter().eq(BTreeSet::from_iter(&names[..made])), "at {made}");
            let logged: i64 = conn
                .query_row("SELECT coalesce(sum(length(names)), 0) FROM carrier_id_log", [], |row| row.get(0))
                .expect("a sum");
            assert!(logged < 16 * 6 * 64, "{logged} octets");
            if dice.roll().is_multiple_of(7) {
                ids = again;
            }
        }
        assert!((20..60).contains(&ids.turn), "{} turns", ids.turn);
        // A commit in which a turn ends counts twice.
        assert!(u64::from(backwards) <= 2 * ids.turn, "{backwards} names were written before the one before");
    }

    #[test]
    fn a_name_that_is_known_is_not_logged_again() {
        let (conn, names) = database(1..10);
        let mut ids = CarrierIds::default();
        (0..3).for_each(|_| commit(&conn, &mut ids, &names));
        let rows: i64 = conn.query_row("SELECT count(*) FROM carrier_id_log", [], |row| row.get(0)).expect("a count");
        assert_eq!(rows, 1);
    }

    #[test]
    fn what_is_forgotten_is_gone_from_the_index_and_does_not_come_back() {
        let (conn, names) = database(1..200);
        let mut ids = CarrierIds::default();
        ids.keep(50);
        names.chunks(10).for_each(|it| commit(&conn, &mut ids, it));
        assert!(ids.waiting.iter().any(|it| it.1.0 < 180) && index(&conn).iter().any(|it| it.1.0 < 180));
        ids.forget(&conn, (1, 180)).expect("it forgets");
        conn.execute("DELETE FROM part WHERE id < 180", []).expect("the parts go");
        let again = CarrierIds::of(&conn).expect("the log is sound");
        let left: BTreeSet<Name> = index(&conn).union(&ids.waiting).chain(&again.waiting).copied().collect();
        assert!(left.iter().eq(BTreeSet::from_iter(&names[179..])));
    }

    #[test]
    fn a_damaged_log_costs_nothing_but_the_making_of_the_index() {
        let (conn, names) = database(1..200);
        commit(&conn, &mut CarrierIds::default(), &names);
        assert_eq!(index(&conn).len(), 0);
        assert!(CarrierIds::open(&conn).expect("it opens").1.is_none());
        read_all(&conn).expect("it is sound");
        conn.execute("UPDATE carrier_id_log SET names = x''", []).expect("a slip");
        assert!(read_all(&conn).is_err());
        let told = CarrierIds::open(&conn).expect("it opens").1;
        assert_eq!(told, Some(Told::Index { name: "carrier_id", rows: 199 }));
        assert!(index(&conn).iter().eq(BTreeSet::from_iter(&names)));
        conn.execute("DELETE FROM carrier_id WHERE id = 7", []).expect("a slip");
        assert!(matches!(read_all(&conn), Err(Trouble::Damaged("carrier_id", 7))));
        let told = CarrierIds::open(&conn).expect("it opens").1;
        assert_eq!(told, Some(Told::Index { name: "carrier_id", rows: 1 }));
    }
}
