//! Moving pages from the WAL into the database, beside the commits.
//!
//! ```text
//! WAL pages   0 ───────── wake ─────────────────────────── cap
//!                          │ the thread moves what is there │ the writer moves everything itself,
//!                          │ while commits go on            │ however long it takes
//!                          └► little is left: the writer moves that little, and
//!                             the next commit begins the WAL anew
//! ```
//!
//! A thread alone never gets done under load, because commits add pages while it works; only
//! the writer can move the last ones, and it does when they are few.
//!
//! What is acknowledged rests in the database and not in the WAL: once in [`REST`] the thread moves what is there,
//! however little. And what was erased is in no file any more soon: then, and behind a start, the WAL is cut to nothing
//! once all of it is moved, so that no old page stands behind the new ones.

use crate::store::sqlite::BUSY_MAX;
use crate::store::sqlite::fault::Trouble;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// When pages are moved, in pages of the WAL.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Wakes the thread.
    wake: i32,
    /// So few are left that the writer moves them itself to come to an end.
    few: i32,
    /// The writer stops committing and moves everything.
    cap: i32,
}

impl Limits {
    /// 64 MiB, as measured best; 8 MiB, some milliseconds of work; 256 MiB.
    pub(super) const USUAL: Self = Self { wake: 16_384, few: 2_048, cap: 65_536 };

    /// Octets of a log at its cap, where nobody holds it.
    pub(super) const fn octets(self) -> u64 {
        self.cap.unsigned_abs() as u64 * 4_096
    }
}

const _: () = assert!(Limits::USUAL.few < Limits::USUAL.wake && Limits::USUAL.wake < Limits::USUAL.cap);

/// How long a page stays in the WAL of a store that nothing is written to.
const REST: Duration = Duration::from_secs(3);
/// How long what was erased may stand in the WAL before it is cut: less than a minute with all that follows.
const CUT_AFTER: Duration = Duration::from_secs(20);

/// The thread that moves pages, and what the writer knows of it.
pub(super) struct Checkpointer {
    limits: Limits,
    /// When pages were last moved because they rested.
    rested: Instant,
    /// Since when the WAL is to be cut.
    to_cut: Option<Instant>,
    shared: Arc<Shared>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Pages in the WAL after the last commit.
    pages: AtomicI32,
    work: Mutex<Work>,
    done: Condvar,
}

#[derive(Default)]
struct Work {
    /// Whether the thread is at work.
    busy: bool,
    /// Pages of the WAL that the thread has moved since the WAL began; 0 before.
    moved: i32,
}

impl Shared {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkpointer {
    /// Starts the thread over a connection of its own, and counts the pages of `writer`.
    pub(super) fn start(writer: &mut Connection, own: Connection, limits: Limits) -> Result<Self, rusqlite::Error> {
        let shared = Arc::new(Shared::default());
        let counted = Arc::clone(&shared);
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            counted.pages.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        let (wake, woken) = sync_channel(1);
        let theirs = Arc::clone(&shared);
        let work = move || {
            while woken.recv().is_ok() {
                // A pass that fails moved nothing; the writer meets the same disk at the cap.
                let moved = own.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE).map_or(0, |(_, moved)| moved);
                *theirs.work() = Work { busy: false, moved };
                theirs.done.notify_all();
            }
        };
        // Without the thread the writer still moves everything at the cap.
        let thread = std::thread::Builder::new().name("checkpoint".into()).spawn(work).ok();
        let (wake, now) = (thread.is_some().then_some(wake), Instant::now());
        // What a crash has left behind its torn end is not to be met again.
        Ok(Self { limits, rested: now, to_cut: Some(now), shared, wake, thread })
    }

    /// What is due in a while is due now.
    #[cfg(test)]
    pub(super) fn hurry(&mut self) {
        let long_ago = Instant::now().checked_sub(Duration::from_secs(120));
        self.to_cut = self.to_cut.and(long_ago);
        self.rested = long_ago.unwrap_or(self.rested);
    }

    /// Something was erased, which the WAL may hold still.
    pub(super) fn erased(&mut self) {
        self.to_cut.get_or_insert_with(Instant::now);
    }

    /// What is to be done about once a second, whether there was a commit or not.
    pub(super) fn tend(&mut self, writer: &Connection) -> Result<(), Trouble> {
        let pages = self.shared.pages.load(Ordering::Relaxed);
        let mut work = self.shared.work();
        if pages == 0 || work.busy {
            return Ok(());
        }
        let few = pages - work.moved <= self.limits.few;
        if few && is_due(self.to_cut) {
            finish(&self.shared, work, &mut self.to_cut, writer)?;
        } else if work.moved < pages && REST <= self.rested.elapsed() {
            self.rested = Instant::now();
            work.busy = self.wake.as_ref().is_some_and(|it| it.try_send(()).is_ok());
        }
        Ok(())
    }

    /// What is to be done after a commit.
    pub(super) fn after_commit(&mut self, writer: &Connection) -> Result<(), Trouble> {
        let pages = self.shared.pages.load(Ordering::Relaxed);
        if pages < self.limits.wake {
            return Ok(());
        }
        let mut work = self.shared.work();
        if self.limits.cap <= pages {
            while work.busy {
                work = self.shared.done.wait(work).unwrap_or_else(PoisonError::into_inner);
            }
            return finish(&self.shared, work, &mut self.to_cut, writer);
        }
        if work.busy {
            return Ok(());
        }
        if 0 < work.moved && pages - work.moved <= self.limits.few {
            return finish(&self.shared, work, &mut self.to_cut, writer);
        }
        // The thread is not busy, so that there is room for the word.
        work.busy = self.wake.as_ref().is_some_and(|it| it.try_send(()).is_ok());
        Ok(())
    }
}

/// Whether a WAL that is to be cut since then is to be cut now.
fn is_due(to_cut: Option<Instant>) -> bool {
    to_cut.is_some_and(|it| CUT_AFTER <= it.elapsed())
}

/// Moves what is left, and cuts the WAL where that is due. The thread is not at work, because `work` is held.
fn finish(
    shared: &Shared,
    mut work: MutexGuard<'_, Work>,
    to_cut: &mut Option<Instant>,
    writer: &Connection,
) -> Result<(), Trouble> {
    work.moved = 0;
    if is_due(*to_cut) && cut(writer)? {
        *to_cut = None;
        shared.pages.store(0, Ordering::Relaxed);
        return Ok(());
    }
    match writer.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
        // An operator's tool is at the same work: next time.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
        done => Ok(done.map(drop)?),
    }
}

/// Moves all and cuts the WAL to nothing; false where somebody reads, who is not waited for.
fn cut(writer: &Connection) -> Result<bool, Trouble> {
    writer.busy_timeout(Duration::ZERO)?;
    let cut = writer.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE);
    writer.busy_timeout(BUSY_MAX)?;
    match cut {
        Ok(_) => Ok(true),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told when it happened.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most pages that a WAL has while rows are written, and how often it is cut meanwhile when each row is erased.
    fn wal(limits: Option<Limits>) -> (i32, usize) {
        let directory = tempfile::tempdir().expect("a directory");
        let open = || {
            let conn = Connection::open(directory.path().join("a.db")).expect("a database");
            conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0")
                .expect("a WAL");
            conn
        };
        let mut writer = open();
        writer.execute_batch("CREATE TABLE a (b)").expect("a table");
        let pages = Arc::new(AtomicI32::new(0));
        let mut checkpointer = limits.map(|it| Checkpointer::start(&mut writer, open(), it).expect("a thread"));
        let shared = checkpointer.as_ref().map(|it| Arc::clone(&it.shared));
        if shared.is_none() {
            let counted = Arc::clone(&pages);
            writer
                .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, it| {
                    counted.store(it, Ordering::Relaxed);
                    Ok(())
                }))
                .expect("a hook");
        }
        let (mut most, mut cuts) = (0, 0);
        for _ in 0..500 {
            writer.execute("INSERT INTO a VALUES (zeroblob(9000))", []).expect("a row");
            most = most.max(shared.as_ref().map_or(&*pages, |it| &it.pages).load(Ordering::Relaxed));
            if let Some(it) = &mut checkpointer {
                it.erased();
                it.hurry();
                it.after_commit(&writer).expect("pages are moved");
                let left = std::fs::metadata(directory.path().join("a.db-wal")).expect("a WAL").len();
                cuts += usize::from(left == 0);
            }
        }
        (most, cuts)
    }

    #[test]
    fn the_wal_grows_to_its_cap_and_no_further_and_is_cut_under_load_too() {
        // A commit of this test writes fewer than ten pages.
        for limits in [
            Limits { wake: 40, few: 20, cap: 80 },
            Limits { wake: 40, few: 0, cap: 60 },
            Limits { wake: 1, few: 9, cap: 30 },
        ] {
            let (most, cuts) = wal(Some(limits));
            assert!(most < limits.cap + 10);
            assert!(0 < cuts, "what was erased goes from the WAL by commits alone");
        }
        assert!(1_000 < wal(None).0, "without it the WAL grows on");
    }
}
