//! The embedded store: SQLite, one writer, a WAL.
//!
//! ```text
//! loop's thread ── commit, load, scans ──► writer connection ─┐
//! checkpoint thread ── pages from the WAL ──► own connection ─┼─► nuncio.db, nuncio.db-wal
//! API ── GET, lists ──► readers, read-only connections ───────┘   nuncio.lock: one process at a time
//! ```
//!
//! What is promised. A commit that returned survives kill -9, and with [`Durability::Fsync`] a
//! crash of the system and power loss. A commit that failed poisons the store: it may or may not be on
//! disk, and nothing more is done here until the next start. The end of the WAL that a crash has torn is cut off
//! at the last whole commit before it; other damage to it is put right or refused (`wal`). A damaged record is never
//! served: each carries a seal over its cells, and one that does not fit is set aside (`aside`). Indexes are derived:
//! one that does not show what it should is made anew, when a store of up to [`CHECKED_WHOLE`] octets is opened, and
//! while any other is read through (`scrub`). Damage to the structure is refused when the engine meets it. A file that
//! is moved or replaced while it is open ends all (`guard`).

pub mod backup;
pub mod fault;
pub mod readers;
pub mod space;
pub mod ended;
mod telling;
pub mod told;
mod aside;
mod guard;
mod veil;
mod scrub;
mod wal;
mod schema;
mod table;
mod row_writer;
mod row_reader;
pub(in crate::store) mod seal;
mod writer;
mod carrier_ids;
mod reader;
mod retain;
mod arriving;
mod asking;
mod order;
pub mod made;
pub mod people;
mod money;
pub mod history;
mod verifications;
pub mod list;
mod search;
mod upkeep;
pub mod repair;
mod opt_out;
mod checkpoint;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod trial;

use crate::message::id::{AccountId, AppId, LaneId, OrderId, PartKey, Seq};
use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::number::e164::E164;
use crate::record::batch::{Batch, Idempotency, Marks};
use crate::record::contract::{Counted, Forget, Forgotten, NameKind, Poisoned, Recovered, Silent, Store};
use crate::record::entry::Entry;
use crate::record::verification::Verification;
use crate::store::sqlite::carrier_ids::CarrierIds;
use crate::store::sqlite::checkpoint::{Checkpointer, Limits};
use crate::store::sqlite::fault::{Fault, Trouble};
use crate::store::sqlite::guard::Guard;
use crate::store::sqlite::readers::Readers;
use crate::store::sqlite::retain::Retaining;
use crate::store::sqlite::search::sweep::Sweep;
use crate::store::sqlite::table::name;
use crate::store::sqlite::told::Told;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A database of up to this many octets is checked whole when it is opened: some tens of milliseconds.
pub const CHECKED_WHOLE: u64 = 8 << 20;

/// How long a connection waits for another that writes.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// The cache of the writer, in MiB. A commit walks all of it where a page was renumbered, so more costs each commit
/// more.
const CACHE: u32 = 4;

/// Octets of the write-ahead log that its pages take where no other process holds it.
pub const LOG_USUAL: u64 = Limits::USUAL.octets();

/// What a commit that returned has survived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The disk has it: power loss.
    #[default]
    Fsync,
    /// The operating system has it: kill -9, but not a crash of the system.
    Os,
}

/// How long a commit took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Took {
    /// All of it.
    pub whole: Duration,
    /// Its end, where its pages go to the write-ahead log and the disk is told to keep them; with durability os it is
    /// told nothing.
    pub sync: Option<Duration>,
}

/// A store in a directory of its own.
pub struct Sqlite {
    writer: Connection,
    checkpointer: Checkpointer,
    file: PathBuf,
    ids: CarrierIds,
    marks: Marks,
    veil: Veil,
    search: Sweep,
    retaining: Retaining,
    poisoned: bool,
    syncs: bool,
    last_commit: Took,
    guard: Guard,
    told: Vec<Told>,
    /// Whether one damaged record is set aside, rather than that it stops everything.
    sets_aside: bool,
    /// Records that were set aside.
    aside: usize,
    /// Where reading the store through goes on.
    scrubbed: Seq,
    /// Something was mended that changes what is queued.
    recount: bool,
    // Last, so that the directory is free only when the connections are closed.
    _lock: File,
}

impl Sqlite {
    /// Opens the store in `directory`, which is made if it is not there. One process at a time.
    pub fn open(directory: &Path, durability: Durability) -> Result<Self, Fault> {
        let mut store = Self::open_unswept(directory, durability)?;
        // A small store is known from the start.
        store.search.step(&store.writer).map_err(|it| it.of(&store.file))?;
        Ok(store)
    }

    /// A store of which nothing is known in memory.
    pub(in crate::store) fn open_unswept(directory: &Path, durability: Durability) -> Result<Self, Fault> {
        guard::folder(directory)?;
        let lock = guard::lock(&directory.join("nuncio.lock"))?;
        let file = directory.join("nuncio.db");
        let engine = |source| Fault::Engine { file: file.clone(), source };
        backup::refuse_unfinished(directory)?;
        guard::refuse_stump(&file)?;
        let mut told = guard::log(&file, durability)?;
        guard::files(&file)?;
        let mut writer =
            connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, CACHE).map_err(engine)?;
        repair::weigh(&writer, &file, &told)?;
        let synchronous = match durability {
            Durability::Fsync => "FULL",
            Durability::Os => "NORMAL",
        };
        told.extend(check(&writer, &file)?);
        logged(&writer, &file, synchronous)?;
        schema::migrate(&writer, &file)?;
        guard::sync_directory(directory)?;
        let own = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE, 1).map_err(engine)?;
        logged(&own, &file, synchronous)?;
        let checkpointer = Checkpointer::start(&mut writer, own, Limits::USUAL).map_err(engine)?;
        let marks = reader::marks(&writer).map_err(|it| it.of(&file))?;
        let veil = veil::of(&writer, &marks).map_err(|it| it.of(&file))?;
        let search = Sweep::of(&writer).map_err(|it| it.of(&file))?;
        let (ids, found) = CarrierIds::open(&writer).map_err(|it| it.of(&file))?;
        told.extend(found);
        let (retaining, guard) = (Retaining::default(), Guard::of(&file)?);
        Ok(Self {
            writer,
            checkpointer,
            file,
            ids,
            marks,
            veil,
            search,
            retaining,
            poisoned: false,
            syncs: durability == Durability::Fsync,
            last_commit: Took::default(),
            guard,
            told,
            sets_aside: true,
            aside: 0,
            scrubbed: Seq(0),
            recount: false,
            _lock: lock,
        })
    }

    /// How long the last commit took.
    pub const fn last_commit(&self) -> Took {
        self.last_commit
    }

    /// The file of the database; its WAL stands beside it.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Under what its numbers are shown.
    pub const fn veil(&self) -> Veil {
        self.veil
    }

    /// Readers of this store for the API; they may outlive it.
    pub fn readers(&self) -> Readers {
        Readers::new(self.file.clone(), self.search.shared().clone(), self.veil)
    }

    /// Does something that poisons the store when it fails.
    fn guarded<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&mut Self) -> Result<T, Trouble>,
    ) -> Result<T, Poisoned> {
        let done = if self.poisoned {
            Err(Fault::Poisoned { file: self.file.clone() })
        } else {
            work(self).map_err(|it| it.of(&self.file))
        };
        done.map_err(|fault| {
            self.poisoned = true;
            Poisoned { doing, cause: Box::new(fault) }
        })
    }

    /// Notes what a commit wrote for those who search, and writes what is whole.
    fn noted(&mut self, batch: &Batch) -> Result<(), Trouble> {
        self.search.shared().note(batch);
        if let Some(last) = batch.bodies.last() {
            self.search.reaches(Seq(last.seq().0 + 1));
            self.search.write(&self.writer)?;
        }
        Ok(())
    }
}

impl Store for Sqlite {
    fn commit(&mut self, batch: &Batch) -> Result<(), Poisoned> {
        let began = Instant::now();
        self.last_commit = Took::default();
        let committed = self.guarded("committing", |it| {
            let marks = it.marks.after(&batch.marks);
            let moved = marks != it.marks;
            if batch.is_empty() && !moved {
                return Ok(());
            }
            let indexes = (it.search.written(), &mut it.ids);
            let sync = writer::commit(&it.writer, batch, moved.then_some(&marks), indexes)?;
            it.last_commit.sync = it.syncs.then_some(sync);
            it.guard.holds()?;
            if !batch.erased.is_empty() || !batch.events_erased.is_empty() || !batch.unfound.is_empty() {
                it.checkpointer.erased();
            }
            it.search.shared().tell(&marks.eras, &it.marks.eras);
            it.marks = marks;
            it.noted(batch)?;
            it.checkpointer.after_commit(&it.writer)
        });
        self.last_commit.whole = began.elapsed();
        committed
    }

    fn load(&mut self, seqs: &[Seq]) -> Result<Vec<Entry>, Poisoned> {
        let mut seqs = seqs.to_vec();
        seqs.sort_unstable();
        seqs.dedup();
        self.asked_entries("loading messages", |conn| reader::load(conn, &seqs))
    }

    fn by_rhash(&mut self, hashes: &[u64]) -> Result<Vec<Entry>, Poisoned> {
        let mut hashes = hashes.to_vec();
        hashes.sort_unstable();
        hashes.dedup();
        let waiting = self.ids.waiting(&hashes);
        let mut found = self.asked_entries("finding receipts' messages", |conn| {
            reader::load(conn, &carrier_ids::find(conn, &hashes, &waiting)?)
        })?;
        found.retain(|it| carrier_ids::has_name(it, &hashes));
        Ok(found)
    }

    fn ready(&mut self, lane: LaneId, after: PartKey, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        self.asked_entries("filling a lane", |conn| reader::load(conn, &reader::ready(conn, lane, after, limit)?))
    }

    fn due(&mut self, now: Time, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        self.asked_entries("finding what is due", |conn| reader::load(conn, &reader::due(conn, now, limit)?))
    }

    fn next_due(&mut self, now: Time) -> Result<Option<Time>, Poisoned> {
        self.asked("finding what is due next", |conn| reader::next_due(conn, reader::words::NEXT_DUE, now))
    }

    fn delayed(&mut self, from: Time, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        self.asked_entries("finding what waits for a time", |conn| {
            reader::load(conn, &reader::delayed(conn, from, limit)?)
        })
    }

    fn late(&mut self, now: Time, limit: usize) -> Result<Vec<Entry>, Poisoned> {
        self.asked_entries("finding late receipts", |conn| reader::load(conn, &reader::late(conn, now, limit)?))
    }

    fn next_late(&mut self, now: Time) -> Result<Option<Time>, Poisoned> {
        self.asked("finding the next late receipt", |conn| reader::next_due(conn, reader::words::NEXT_LATE, now))
    }

    fn overdue(&mut self, now: Time, after: PartKey, span: usize) -> Result<(Vec<Entry>, Option<PartKey>), Poisoned> {
        let mut next = None;
        let entries = self.asked_entries("finding what has ended", |conn| {
            let (seqs, go_on) = reader::overdue(conn, now, after, span)?;
            next = go_on;
            reader::load(conn, &seqs)
        })?;
        Ok((entries, next))
    }

    fn silent(
        &mut self,
        before: Time,
        after: PartKey,
        span: usize,
    ) -> Result<(Vec<Silent>, Option<PartKey>), Poisoned> {
        self.asked("finding what carriers say nothing of", |conn| reader::silent(conn, before, after, span))
    }

    fn idempotency(&mut self, account: AccountId, key: &str) -> Result<Option<Idempotency>, Poisoned> {
        self.asked("looking up an idempotency key", |conn| reader::idempotency(conn, account, key))
    }

    fn order(&mut self, order: OrderId) -> Result<Vec<Entry>, Poisoned> {
        self.asked_entries("loading an order", |conn| {
            let (from, to) = reader::order_range(conn, order)?;
            reader::load(conn, &reader::seqs_between(conn, from, to, usize::MAX)?)
        })
    }

    fn count_on(&mut self, order: OrderId, from: Seq, span: u64) -> Result<Option<Counted>, Poisoned> {
        self.answered("counting an order", |conn| order::count_on(conn, order, from, span))
    }

    fn verification(&mut self, n: u64) -> Result<Option<Verification>, Poisoned> {
        self.answered("reading a verification", |conn| verifications::one(conn, n))
    }

    fn latest_verification(&mut self, of: (AccountId, AppId), to: E164) -> Result<Option<Verification>, Poisoned> {
        self.answered("finding a verification", |conn| verifications::latest(conn, of, to))
    }

    fn verifications_of(&mut self, to: E164, until: Time, limit: usize) -> Result<Vec<Verification>, Poisoned> {
        self.answered("finding verifications", |conn| verifications::of_number(conn, to, until, limit))
    }

    fn verifications_before(&mut self, n: u64, limit: usize) -> Result<Vec<Verification>, Poisoned> {
        self.answered("reading verifications", |conn| verifications::before(conn, n, limit))
    }

    fn was_verified(&mut self, to: E164, since: Time) -> Result<bool, Poisoned> {
        self.answered("finding a verification that ended well", |conn| {
            verifications::was_verified(conn, to, (since, Time(u64::MAX)))
        })
    }

    fn verifications_over(&mut self, now: Time, limit: usize) -> Result<Vec<Verification>, Poisoned> {
        self.answered("finding verifications that are over", |conn| verifications::over(conn, now, limit))
    }

    fn next_verification_over(&mut self, now: Time) -> Result<Option<Time>, Poisoned> {
        self.answered("finding the next end of a verification", |conn| {
            reader::next_due(conn, verifications::NEXT_OVER, now)
        })
    }

    fn recover(&mut self) -> Result<Recovered, Poisoned> {
        self.guarded("removing what had not arrived", |it| {
            let gone = arriving::remove(&it.writer)?;
            it.search.shared().forget(&gone, None);
            Ok(())
        })?;
        let doubtful = self.asked_entries("finding what was open", |conn| reader::load(conn, &reader::open(conn)?))?;
        let (marks, veil) = (self.marks.clone(), self.veil);
        let recovered = self.asked("recovering", |conn| {
            let held = reader::held(conn, marks.held_below)?;
            Ok(Recovered {
                marks: marks.clone(),
                veil,
                doubtful: Vec::new(),
                lanes: reader::lanes(conn)?,
                parked: reader::parked(conn)?,
                mo_parts: reader::mo_parts(conn)?,
                mo_seen: reader::mo_seen(conn)?,
                opted_out: opt_out::list(conn)?,
                learned: reader::learned(conn)?,
                actions: reader::standing(conn)?,
                balances: money::balances(conn)?,
                quotas: money::quotas(conn)?,
                converted: verifications::converted(conn)?,
                held,
            })
        })?;
        Ok(Recovered { doubtful, ..recovered })
    }

    fn retain(&mut self, forget: &Forget) -> Result<Forgotten, Poisoned> {
        self.guarded("forgetting", |it| {
            let done = it.retaining.step((&it.writer, &mut it.ids), forget, it.marks.time)?;
            if done.said.count != 0 {
                it.checkpointer.erased();
            }
            it.search.shared().forget(&done.unposted, done.oldest);
            it.checkpointer.after_commit(&it.writer)?;
            Ok(Forgotten { waited: if it.syncs { done.sync } else { Duration::ZERO }, ..done.said })
        })
    }

    fn intern(&mut self, kind: NameKind, name: &str) -> Result<u16, Poisoned> {
        self.guarded("giving a number to a name", |it| name::intern(&it.writer, kind, name))
    }
}

/// A connection with what all of them share; `cache` in MiB.
fn connect(file: &Path, flags: OpenFlags, cache: u32) -> Result<Connection, rusqlite::Error> {
    let conn = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.busy_timeout(BUSY_MAX)?;
    // The plans are pinned by the words of the statements: a value that is bound must not make a new one.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let cache = cache * 1024;
    conn.execute_batch(&format!(
        "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
         PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -{cache};"
    ))?;
    Ok(conn)
}

/// Has the engine write to a log, and sync it in this way.
fn logged(conn: &Connection, file: &Path, synchronous: &str) -> Result<(), Fault> {
    journal(conn, file, "wal")?;
    let words = format!("PRAGMA synchronous = {synchronous}; PRAGMA wal_autocheckpoint = 0;");
    conn.execute_batch(&words).map_err(|source| Fault::Engine { file: file.to_owned(), source })
}

/// Has the engine keep its journal in this way; it says which it keeps then, and keeps its old one where it cannot.
fn journal(conn: &Connection, file: &Path, wanted: &'static str) -> Result<(), Fault> {
    let said = || -> rusqlite::Result<String> {
        let mut change = conn.prepare(&format!("PRAGMA journal_mode = {wanted}"))?;
        let (mut rows, mut found) = (change.query([])?, String::new());
        // It answers before it has written its header: whether that went well is said by the step behind the last row.
        while let Some(row) = rows.next()? {
            found = row.get(0)?;
        }
        Ok(found)
    };
    let found = said().map_err(|source| Fault::Engine { file: file.to_owned(), source })?;
    if found == wanted { Ok(()) } else { Err(Fault::Journal { file: file.to_owned(), wanted, found }) }
}

/// Checks a small database whole, and makes indexes anew that disagree with the rows.
fn check(conn: &Connection, file: &Path) -> Result<Option<Told>, Fault> {
    let engine = |source| Fault::Engine { file: file.to_owned(), source };
    if !is_small(conn).map_err(engine)? {
        return Ok(None);
    }
    let Some(report) = repair::integrity(conn, 1).map_err(engine)?.pop() else { return Ok(None) };
    // Indexes are derived from the rows. Where these are damaged too it fails, or the check does again.
    let renewed = conn.execute_batch("REINDEX").and_then(|()| carrier_ids::renew(conn));
    let sound = renewed.and_then(|()| repair::integrity(conn, 1)).is_ok_and(|it| it.is_empty());
    if sound { Ok(Some(Told::Indexes { report })) } else { Err(Fault::Broken { file: file.to_owned(), report }) }
}

/// Whether it is checked whole when it is opened.
fn is_small(conn: &Connection) -> rusqlite::Result<bool> {
    let pragma = |words| conn.query_row(words, [], |row| row.get::<_, i64>(0));
    Ok((pragma("PRAGMA page_count")? * pragma("PRAGMA page_size")?).cast_unsigned() <= CHECKED_WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_is_kept_in_another_way_than_asked_is_a_fault() {
        // Of a database in memory it can only be in memory.
        let conn = Connection::open_in_memory().expect("a database");
        let fault = journal(&conn, Path::new("nuncio.db"), "wal").expect_err("it is in memory");
        let said = "nuncio.db: the database keeps its journal as \"memory\" and not as \"wal\"";
        assert!(fault.to_string().starts_with(said), "{fault}");
        journal(&conn, Path::new("nuncio.db"), "memory").expect("so it is");
    }
}
