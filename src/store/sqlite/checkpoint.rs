//! Moving pages from the WAL into the database, beside the commits.
//!
//! ```text
//! WAL pages   0 ───────── WAKE ─────────────────────────── CAP
//!                          │ the thread moves what is there │ the writer moves everything itself,
//!                          │ while commits go on            │ however long it takes
//!                          └► little is left: the writer moves that little, and
//!                             the next commit begins the WAL anew
//! ```
//!
//! A thread alone never gets done under load, because commits add pages while it works; only
//! the writer can move the last ones, and it does when they are few.

use crate::store::sqlite::fault::Trouble;
use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Pages in the WAL that wake the thread: 64 MiB, as measured best.
const WAKE: i32 = 16_384;

/// Pages that the writer moves itself to come to an end: some milliseconds of work.
const FEW: i32 = 2_048;

/// Pages at which the writer stops committing and moves everything: 256 MiB.
const CAP: i32 = 65_536;

/// The thread that moves pages, and what the writer knows of it.
pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Pages in the WAL after the last commit.
    pages: AtomicI32,
    /// Pages of them that the thread has moved since it was last woken; 0 before.
    moved: AtomicI32,
    /// Whether the thread is at work.
    busy: AtomicBool,
}

impl Checkpointer {
    /// Starts the thread over a connection of its own, and counts the pages of `writer`.
    pub(super) fn start(writer: &mut Connection, own: Connection) -> Result<Self, rusqlite::Error> {
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
                theirs.moved.store(moved, Ordering::Relaxed);
                theirs.busy.store(false, Ordering::Release);
            }
        };
        let thread = std::thread::Builder::new().name("checkpoint".into()).spawn(work);
        let thread = thread.map_err(|_| rusqlite::Error::InvalidQuery)?;
        Ok(Self { shared, wake: Some(wake), thread: Some(thread) })
    }

    /// What is to be done after a commit.
    pub(super) fn after_commit(&self, writer: &Connection) -> Result<(), Trouble> {
        let pages = self.shared.pages.load(Ordering::Relaxed);
        if pages < WAKE {
            return Ok(());
        }
        if CAP <= pages {
            return self.finish(writer);
        }
        if self.shared.busy.load(Ordering::Acquire) {
            return Ok(());
        }
        let moved = self.shared.moved.load(Ordering::Relaxed);
        if 0 < moved && pages - moved <= FEW {
            return self.finish(writer);
        }
        self.shared.busy.store(true, Ordering::Relaxed);
        match self.wake.as_ref().map(|it| it.try_send(())) {
            Some(Ok(()) | Err(TrySendError::Full(()))) => Ok(()),
            // The thread is gone: the cap is what is left.
            Some(Err(TrySendError::Disconnected(()))) | None => Ok(()),
        }
    }

    fn finish(&self, writer: &Connection) -> Result<(), Trouble> {
        writer.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE)?;
        self.shared.moved.store(0, Ordering::Relaxed);
        Ok(())
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
