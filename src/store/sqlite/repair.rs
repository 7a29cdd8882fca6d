//! A store read whole for an operator, and mended: what is derived is made anew, what is damaged is set aside.

use crate::message::id::Seq;
use crate::message::time::Time;
use crate::store::sqlite::fault::{Fault, Trouble};
use crate::store::sqlite::reader::{self, Loader};
use crate::store::sqlite::told::Told;
use crate::store::sqlite::{Durability, Sqlite, backup, carrier_ids, connect, guard, schema, scrub, wal};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Findings of the engine that are told; more of them say nothing more.
const FINDINGS: usize = 100;
/// Messages of one step.
const AT_ONCE: usize = 1_000;
/// Damaged logs that are kept.
const KEPT: usize = 100;

/// What reading a store has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Messages that are sound; `None` where they were not read.
    pub messages: Option<u64>,
    /// Octets of database and log.
    pub octets: u64,
    /// What is wrong, a sentence each.
    pub found: Vec<String>,
}

/// Reads everything: the structure, every index against its rows, the seal of every record.
pub fn check(directory: &Path) -> Result<Report, Fault> {
    let file = directory.join("nuncio.db");
    if !file.exists() {
        return Err(Fault::NoStore { file });
    }
    guard::refuse_stump(&file)?;
    let octets = super::space::size_bytes(directory)?;
    let mut report = Report { octets, ..Report::default() };
    // A daemon writes the log meanwhile, and has looked at it when it started.
    let lock = guard::lock(&directory.join("nuncio.lock")).ok();
    if lock.is_some()
        && let Some(log) = wal::read(&file)?
    {
        if !log.flipped.is_empty() {
            let path = wal::beside(&file);
            report.found.push(format!(
                "{}: bits that the next start puts right: {}",
                path.display(),
                log.flipped.len()
            ));
        }
        if let Some(damage) = log.damage {
            let fault = Fault::LogBroken { file: wal::beside(&file), frame: damage.frame, commits: damage.commits };
            report.found.push(fault.to_string());
        }
        if !report.found.is_empty() {
            // To open it would cut it where it does not check, and write over what stands behind.
            return Ok(report);
        }
    }
    let engine = |source| Fault::Engine { file: file.clone(), source };
    let conn = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE, 16).map_err(engine)?;
    if schema::format(&conn, &file)? != schema::FORMAT {
        report.found.push(format!(
            "{}: the store is of an older format, which the next start of the daemon changes; check it then",
            file.display()
        ));
        return Ok(report);
    }
    report.found.extend(integrity(&conn, FINDINGS).map_err(engine)?);
    seals(&conn, &mut report).map_err(|it| it.of(&file))?;
    Ok(report)
}

/// What the engine finds, up to so many sentences; nothing in a sound file.
pub(super) fn integrity(conn: &Connection, most: usize) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = conn.prepare(&format!("PRAGMA integrity_check({most})"))?;
    let found: Result<Vec<String>, _> = statement.query_map([], |row| row.get(0))?.collect();
    Ok(found?.into_iter().filter(|it| it != "ok").collect())
}

fn seals(conn: &Connection, report: &mut Report) -> Result<(), Trouble> {
    let (mut from, mut messages) = (Seq(0), 0);
    loop {
        let seqs = reader::seqs_between(conn, from, Seq(Seq::END), AT_ONCE)?;
        let Some(last) = seqs.last() else { break };
        from = Seq(last.0 + 1);
        let mut loader = Loader::new(conn)?;
        for seq in &seqs {
            match loader.entry(*seq) {
                Ok(found) => messages += u64::from(found.is_some()),
                Err(Trouble::Damaged(table, id)) => report.found.push(damaged(table, id)),
                Err(other) => return Err(other),
            }
        }
    }
    report.messages = Some(messages);
    for (_, read) in backup::REST {
        match read(conn) {
            Err(Trouble::Damaged(table, id)) => report.found.push(damaged(table, id)),
            done => done?,
        }
    }
    Ok(())
}

fn damaged(table: &str, id: i64) -> String {
    format!("record {id} of table {table} is damaged")
}

/// Mends a store that no process has open. `cut_log` gives up what stands behind a damaged frame of the log.
pub fn repair(directory: &Path, cut_log: bool) -> Result<Vec<Told>, Fault> {
    let file = directory.join("nuncio.db");
    if !file.exists() {
        return Err(Fault::NoStore { file });
    }
    let mut told = Vec::new();
    if cut_log {
        let _lock = guard::lock(&directory.join("nuncio.lock"))?;
        told.extend(cut(&file)?);
    }
    let mut store = Sqlite::open(directory, Durability::Fsync)?;
    let engine = |source| Fault::Engine { file: file.clone(), source };
    for name in scrub::INDEXES.iter().map(|it| it.name).chain([carrier_ids::INDEX.name]) {
        scrub::renew(&store.writer, name).map_err(|it| it.of(&file))?;
    }
    while store.scrub(Duration::MAX).map_err(unpoisoned)? {}
    for (_, read) in backup::REST {
        store.asked("reading the store through", read).map_err(unpoisoned)?;
    }
    if let Some(report) = integrity(&store.writer, 1).map_err(engine)?.pop() {
        return Err(Fault::Broken { file, report });
    }
    told.extend(store.told());
    Ok(told)
}

fn unpoisoned(poisoned: crate::record::contract::Poisoned) -> Fault {
    match poisoned.cause.downcast::<Fault>() {
        Ok(fault) => *fault,
        Err(other) => Fault::Other { cause: other },
    }
}

/// Cuts the log before its first damaged frame, or gives it up whole where the database is further without it: it may
/// have pages of behind the cut already, over which older ones of the log would be laid. Both files are kept as they
/// were.
fn cut(file: &Path) -> Result<Option<Told>, Fault> {
    let Some(log) = wal::read(file)? else { return Ok(None) };
    let Some(damage) = log.damage else { return Ok(None) };
    let path = wal::beside(file);
    let disk = |source| Fault::Disk { file: path.clone(), source };
    let kept = free_names(file).ok_or_else(|| disk(io::Error::other("there are too many damaged stores beside it")))?;
    for (from, to) in [(file, &kept[0]), (&*path, &kept[1])] {
        copy(from, to)?;
    }
    let put_back = |log_octets: Option<u64>| {
        for name in [&path, &file.with_extension("db-shm")] {
            backup::remove(name)?;
        }
        overwrite(&kept[0], file)?;
        let Some(octets) = log_octets else { return Ok(()) };
        copy(&kept[1], &path)?;
        OpenOptions::new().write(true).open(&path).and_then(|it| it.set_len(octets)).map_err(disk)
    };
    put_back(Some(log.taken))?;
    let with = progress(file);
    put_back(None)?;
    let without = progress(file);
    if with.is_none() && without.is_none() {
        let whole = fs::metadata(&kept[1]).map_err(disk)?.len();
        put_back(Some(whole))?;
        let report = "neither what stands before the frame nor the database alone is whole".to_owned();
        return Err(Fault::Broken { file: file.to_owned(), report });
    }
    if without <= with {
        put_back(Some(log.taken))?;
    }
    Ok(Some(Told::LogCut { file: kept[1].clone(), frame: damage.frame, commits: damage.commits }))
}

/// Refuses to go on behind a cut of the log where the database is further without it, as [`cut`] would find.
pub(super) fn weigh(writer: &Connection, file: &Path, told: &[Told]) -> Result<(), Fault> {
    let Some(Told::LogCut { file: log, frame, commits }) = told.first() else { return Ok(()) };
    let alone = of_itself(file).and_then(|it| reader::marks(&it).ok()).map(|it| (it.time, it.next_seq));
    let cut = reader::marks(writer).ok().map(|it| (it.time, it.next_seq));
    if alone <= cut {
        return Ok(());
    }
    // Else the end of the connection lays what is left of the log over the database.
    writer
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(|source| Fault::Engine { file: file.to_owned(), source })?;
    Err(Fault::LogBroken { file: log.clone(), frame: *frame, commits: *commits })
}

/// A database as it is without its log, which stays where it is.
fn of_itself(file: &Path) -> Option<Connection> {
    let path = file.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{path}?immutable=1"), flags).ok()
}

/// How far a database is, with what its log has; `None` where its structure is not whole.
fn progress(file: &Path) -> Option<(Time, Seq)> {
    let conn = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE, 16).ok()?;
    let whole = integrity(&conn, 1).is_ok_and(|it| it.is_empty());
    let marks = reader::marks(&conn).ok().filter(|_| whole)?;
    Some((marks.time, Seq(marks.next_seq)))
}

/// A copy that nobody else reads, of a name that is not there yet.
fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    guard::private(to)?;
    overwrite(from, to)
}

fn overwrite(from: &Path, to: &Path) -> Result<(), Fault> {
    let copied = || {
        let mut into = OpenOptions::new().write(true).truncate(true).open(to)?;
        io::copy(&mut File::open(from)?, &mut into)?;
        into.sync_all()
    };
    copied().map_err(|source| Fault::Disk { file: to.to_owned(), source })
}

/// Names for a database and its log.
fn free_names(file: &Path) -> Option<[PathBuf; 2]> {
    let names = |n| ["db", "db-wal"].map(|it| file.with_extension(format!("{it}.damaged-{n}")));
    (1..=KEPT).map(names).find(|it| it.iter().all(|it| !it.exists()))
}
