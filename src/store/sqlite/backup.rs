//! A copy of a store in one file, made while a daemon writes, and read whole before it counts; and the way back.
//!
//! ```text
//! backup    nuncio.db + WAL ── one read transaction ──► FILE.part ── integrity, every seal ──► FILE
//! restore   FILE ── the same checks ──► nuncio.db.copying ── counters ahead, all held ──► nuncio.db.restored
//!           nuncio.db, its WAL ──► before-restore-N/          nuncio.db.restored ──► nuncio.db
//! ```
//!
//! While `nuncio.db.restored` is there a store is not opened: its process was killed between the two moves, and
//! restoring again ends it. A `.copying` that was left behind is written over.

use crate::message::id::Seq;
use crate::message::time::Time;
use crate::record::batch::{Batch, Marks};
use crate::store::sqlite::carrier_ids::{self, CarrierIds};
use crate::store::sqlite::fault::{Fault, Trouble};
use crate::store::sqlite::reader::{self, Loader};
use crate::store::sqlite::search::postings;
use crate::store::sqlite::table::{
    Table, attempt, balance, converted, currency, endpoint, event, forgotten, idem, learned, ledger, made, mo, mo_seen,
    name, operate, orders, parked, quota, retry, suppression, to_forget, verification,
};
use crate::store::sqlite::writer;
use crate::store::sqlite::{Durability, connect, guard, journal, money, opt_out, schema, veil, verifications};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, Row};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a copy waits for a lock that another process holds.
const BUSY_MAX: Duration = Duration::from_secs(60);
/// Messages that are read at once when a copy is judged.
const READ_AT_ONCE: usize = 1_000;
/// Stores that stand aside at most: each takes as much of the disk as the store did.
const ASIDE_MAX: u32 = 100;

/// What a copy has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Messages of all ages.
    pub messages: u64,
    /// Parts that wait in queues.
    pub queued: u64,
    /// When its last commit was.
    pub at: Time,
    /// Octets of the file.
    pub octets: u64,
}

/// Copies the store in `directory` into one file, whether a daemon has it open or not.
pub fn back_up(directory: &Path, to: &Path, force: bool) -> Result<Summary, Fault> {
    let file = directory.join("nuncio.db");
    if !file.exists() {
        return Err(Fault::NoStore { file });
    }
    if to.exists() && !force {
        return Err(Fault::Exists { file: to.to_owned() });
    }
    // Where no daemon has done so, for to open a log cuts it where it does not check.
    let lock = guard::lock(&directory.join("nuncio.lock")).ok();
    if lock.is_some() {
        guard::log(&file, Durability::Fsync)?;
    }
    let part = beside(to, ".part");
    remove(&part)?;
    guard::private(&part)?;
    copy(&file, &part)?;
    let summary = judge(&part, &part).inspect_err(|_| drop(fs::remove_file(&part)))?;
    fs::rename(&part, to).map_err(|source| disk(to, source))?;
    guard::sync_directory(to.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    Ok(summary)
}

/// What came of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What was put back.
    pub summary: Summary,
    /// Where the store stands that was there before, if one was.
    pub aside: Option<PathBuf>,
}

/// Puts a copy in the place of the store in `directory`, which no daemon may have open. `now` is told the time of the
/// copy and tells the present.
pub fn restore(from: &Path, directory: &Path, now: impl FnOnce(Time) -> Time) -> Result<Restored, Fault> {
    fs::create_dir_all(directory).map_err(|source| disk(directory, source))?;
    let _lock = guard::lock(&directory.join("nuncio.lock"))?;
    if !from.exists() {
        return Err(Fault::NoStore { file: from.to_owned() });
    }
    guard::refuse_stump(from)?;
    let [copying, restored, file] =
        ["nuncio.db.copying", "nuncio.db.restored", "nuncio.db"].map(|it| directory.join(it));
    remove(&copying)?;
    let mut target = guard::private(&copying)?;
    // Not by fs::copy, which would make it as readable as the copy is.
    let mut source = File::open(from).map_err(|source| disk(from, source))?;
    io::copy(&mut source, &mut target).map_err(|source| disk(&copying, source))?;
    let summary = judge(&copying, from)?;
    hold(&copying, now)?;
    File::open(&copying).and_then(|it| it.sync_all()).map_err(|source| disk(&copying, source))?;
    give_to_owner_of(directory, &copying)?;
    rename(&copying, &restored)?;
    guard::sync_directory(directory)?;
    let aside = set_aside(directory)?;
    rename(&restored, &file)?;
    guard::sync_directory(directory)?;
    give_to_owner_of(directory, &directory.join("nuncio.lock"))?;
    Ok(Restored { summary, aside })
}

/// Refuses a store whose restore was cut off between its two moves.
pub(super) fn refuse_unfinished(directory: &Path) -> Result<(), Fault> {
    let file = directory.join("nuncio.db.restored");
    if file.exists() { Err(Fault::Unfinished { file }) } else { Ok(()) }
}

/// All pages, of one moment. In small steps a store that is written to would never be whole: each commit of another
/// process begins the copy anew. A reader does not hold up the writer; the WAL grows meanwhile.
fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    let source = connect(from, OpenFlags::SQLITE_OPEN_READ_WRITE, 1).map_err(|it| engine(from, it))?;
    let mut target = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE, 1).map_err(|it| engine(to, it))?;
    let backup = Backup::new(&source, &mut target).map_err(|it| engine(to, it))?;
    let began = Instant::now();
    loop {
        match backup.step(-1).map_err(|it| engine(to, it))? {
            StepResult::Done => break,
            _ if BUSY_MAX < began.elapsed() => return Err(Fault::Locked { file: from.to_owned() }),
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    drop(backup);
    // One file, without a WAL beside it.
    journal(&target, to, "delete")?;
    drop(target);
    File::open(to).and_then(|it| it.sync_all()).map_err(|source| disk(to, source))
}

/// Reads a copy whole: its structure, its indexes, and the seal of every record. What is wrong is told of `named`.
fn judge(file: &Path, named: &Path) -> Result<Summary, Fault> {
    let octets = fs::metadata(file).map_err(|source| disk(named, source))?.len();
    let conn = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE, 16).map_err(|it| engine(named, it))?;
    schema::migrate(&conn, named)?;
    let report: String =
        conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(|it| engine(named, it))?;
    if report != "ok" {
        return Err(Fault::Broken { file: named.to_owned(), report });
    }
    let marks = reader::marks(&conn).map_err(|it| it.of(named))?;
    let messages = read_messages(&conn)
        .and_then(|it| REST.iter().try_for_each(|it| it.1(&conn)).map(|()| it))
        .map_err(|it| it.of(named))?;
    let lanes = reader::lanes(&conn).map_err(|it| it.of(named))?;
    Ok(Summary { messages, queued: lanes.iter().map(|it| it.count).sum(), at: marks.time, octets })
}

fn read_messages(conn: &Connection) -> Result<u64, Trouble> {
    let (mut from, mut count) = (Seq(0), 0);
    loop {
        let seqs = reader::seqs_between(conn, from, Seq(u64::MAX >> 1), READ_AT_ONCE)?;
        let Some(last) = seqs.last() else { return Ok(count) };
        from = Seq(last.0 + 1);
        count += Loader::new(conn)?.entries(&seqs)?.len() as u64;
    }
}

/// Reads a table whole.
type Read = fn(&Connection) -> Result<(), Trouble>;

/// Everything but messages, table by table; [`schema`] says that none is left out.
pub(super) const REST: [(&str, Read); 24] = [
    (name::TABLE.name, |conn| veil::read(conn).map(drop)),
    (parked::TABLE.name, |conn| reader::parked(conn).map(drop)),
    (mo::TABLE.name, |conn| reader::mo_parts(conn).map(drop)),
    (mo_seen::TABLE.name, |conn| reader::mo_seen(conn).map(drop)),
    (learned::TABLE.name, |conn| reader::learned(conn).map(drop)),
    (suppression::TABLE.name, |conn| opt_out::list(conn).map(drop)),
    (balance::TABLE.name, |conn| money::balances(conn).map(drop)),
    (quota::TABLE.name, |conn| money::quotas(conn).map(drop)),
    (converted::TABLE.name, |conn| verifications::converted(conn).map(drop)),
    (currency::TABLE.name, |conn| money::currencies(conn).map(drop)),
    (attempt::TABLE.name, |conn| every(conn, &attempt::TABLE, |row| attempt::read(row).map(drop))),
    (orders::TABLE.name, |conn| every(conn, &orders::TABLE, |row| orders::read(row).map(drop))),
    (idem::TABLE.name, |conn| every(conn, &idem::TABLE, |row| idem::read(row).map(drop))),
    (event::TABLE.name, |conn| every(conn, &event::TABLE, |row| event::read(row).map(drop))),
    (endpoint::TABLE.name, |conn| every(conn, &endpoint::TABLE, |row| endpoint::read(row).map(drop))),
    (retry::TABLE.name, |conn| every(conn, &retry::TABLE, |row| retry::read(row).map(drop))),
    (forgotten::TABLE.name, |conn| every(conn, &forgotten::TABLE, |row| forgotten::read(row).map(drop))),
    (ledger::TABLE.name, |conn| every(conn, &ledger::TABLE, |row| ledger::read(row).map(drop))),
    (operate::TABLE.name, |conn| every(conn, &operate::TABLE, |row| operate::read(row).map(drop))),
    (made::TABLE.name, |conn| every(conn, &made::TABLE, |row| made::read(row).map(drop))),
    (to_forget::TABLE.name, |conn| every(conn, &to_forget::TABLE, |row| to_forget::read(row).map(drop))),
    (verification::TABLE.name, |conn| every(conn, &verification::TABLE, |row| verification::read(row).map(drop))),
    (postings::TABLE.name, postings::read_all),
    (carrier_ids::INDEX.name, carrier_ids::read_all),
];

/// Reads every row of a table, one at a time.
fn every(conn: &Connection, table: &Table, read: impl Fn(&Row<'_>) -> Result<(), Trouble>) -> Result<(), Trouble> {
    let mut statement = conn.prepare(&table.select(""))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        read(row)?;
    }
    Ok(())
}

/// Moves the counters of a copy beyond what may have been given out since, and holds all that it has.
fn hold(file: &Path, now: impl FnOnce(Time) -> Time) -> Result<(), Fault> {
    let conn = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE, 1).map_err(|it| engine(file, it))?;
    let marks: Marks = reader::marks(&conn).map_err(|it| it.of(file))?;
    let marks = marks.restored(now(marks.time));
    writer::commit(&conn, &Batch::default(), Some(&marks), (Seq(0), &mut CarrierIds::default()))
        .map_err(|it| it.of(file))?;
    Ok(())
}

/// Moves the store that is there into a folder of its own.
fn set_aside(directory: &Path) -> Result<Option<PathBuf>, Fault> {
    let names = ["nuncio.db", "nuncio.db-wal", "nuncio.db-shm"];
    if !names.iter().any(|it| directory.join(it).exists()) {
        return Ok(None);
    }
    let free = |n: &u32| !directory.join(format!("before-restore-{n}")).exists();
    let Some(n) = (1..=ASIDE_MAX).find(free) else {
        let why = io::Error::other(format!("{ASIDE_MAX} stores stand aside here; remove some of before-restore-…"));
        return Err(disk(directory, why));
    };
    let folder = directory.join(format!("before-restore-{n}"));
    DirBuilder::new().mode(0o700).create(&folder).map_err(|source| disk(&folder, source))?;
    give_to_owner_of(directory, &folder)?;
    for name in names.iter().filter(|it| directory.join(it).exists()) {
        rename(&directory.join(name), &folder.join(name))?;
    }
    guard::sync_directory(&folder)?;
    Ok(Some(folder))
}

/// Restored by root, a store belongs to whom its folder belongs to.
fn give_to_owner_of(directory: &Path, file: &Path) -> Result<(), Fault> {
    let owner = fs::metadata(directory).map_err(|source| disk(directory, source))?;
    let own = fs::metadata(file).map_err(|source| disk(file, source))?;
    if (own.uid(), own.gid()) == (owner.uid(), owner.gid()) {
        return Ok(());
    }
    chown(file, Some(owner.uid()), Some(owner.gid())).map_err(|source| disk(file, source))
}

/// Removes a file if it is there.
pub(super) fn remove(file: &Path) -> Result<(), Fault> {
    match fs::remove_file(file) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(disk(file, source)),
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Fault> {
    fs::rename(from, to).map_err(|source| disk(from, source))
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn disk(file: &Path, source: io::Error) -> Fault {
    Fault::Disk { file: file.to_owned(), source }
}

fn engine(file: &Path, source: rusqlite::Error) -> Fault {
    Fault::Engine { file: file.to_owned(), source }
}
