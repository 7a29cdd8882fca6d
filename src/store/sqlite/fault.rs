//! What can be wrong with a store on disk. Every fault names the file.

use std::path::PathBuf;

/// Why the store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The engine says no: the disk, the file or the statement.
    #[error("{file}: the database failed")]
    Engine {
        /// The file of the store.
        file: PathBuf,
        /// What the engine says.
        source: rusqlite::Error,
    },
    /// The engine keeps its journal in another way than it was told to.
    #[error(
        "{file}: the database keeps its journal as {found:?} and not as {wanted:?}: its file system may lack what that needs, such as shared memory"
    )]
    Journal {
        /// The file of the store.
        file: PathBuf,
        /// The mode that it was told.
        wanted: &'static str,
        /// The mode that it has.
        found: String,
    },
    /// A file or directory cannot be made, locked or looked at.
    #[error("{file}: the file system refused")]
    Disk {
        /// The file or directory.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another process has this store open.
    #[error("{file}: another process has this store open")]
    Locked {
        /// The file that is locked.
        file: PathBuf,
    },
    /// It was written by a later version.
    #[error("{file}: the store has format {found}, this version reads formats up to {known}; use the newer version")]
    Newer {
        /// The file of the store.
        file: PathBuf,
        /// The format of the file.
        found: i64,
        /// The latest format that this version reads.
        known: i64,
    },
    /// It was written by an earlier version.
    #[error("{file}: the store is of an older format, which the next start of the daemon changes")]
    Older {
        /// The file of the store.
        file: PathBuf,
    },
    /// It is a database, but of something else.
    #[error("{file}: this is not a store of nuncio")]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The engine's own check of the whole file found damage.
    #[error("{file}: the file is damaged: {report}")]
    Broken {
        /// The file of the store.
        file: PathBuf,
        /// The first finding of the check.
        report: String,
    },
    /// A record is not what was written.
    #[error("{file}: record {id} of table {table} is damaged")]
    Damaged {
        /// The file of the store.
        file: PathBuf,
        /// The table.
        table: &'static str,
        /// The row.
        id: i64,
    },
    /// Commits stand behind a frame of the write-ahead log that does not check.
    #[error(
        "{file}: frame {frame} is damaged, and {commits} commits in it and behind it would be lost; restore a backup, or give them up by `nuncio store repair --cut-log`, which keeps copies of both files"
    )]
    LogBroken {
        /// The log.
        file: PathBuf,
        /// The frame, from 1; 0 is the head of the log.
        frame: u64,
        /// Commits that end in it or stand behind it.
        commits: u64,
    },
    /// A write-ahead log with commits stands alone.
    #[error("{file}: its database nuncio.db is gone or empty; put it back beside it, or restore a backup")]
    LogAlone {
        /// The log.
        file: PathBuf,
    },
    /// A file is not where it was opened.
    #[error("{file}: it was removed, moved or replaced while it was open")]
    Gone {
        /// The file.
        file: PathBuf,
    },
    /// A part is to be changed that was never accepted.
    #[error("{file}: part {id} is to be changed and does not exist")]
    Missing {
        /// The file of the store.
        file: PathBuf,
        /// The part.
        id: u64,
    },
    /// No name is left: 65,535 of a kind were given out.
    #[error("{file}: every number for names is taken")]
    NamesSpent {
        /// The file of the store.
        file: PathBuf,
    },
    /// There is no store where one is to be copied from.
    #[error("{file}: there is no store")]
    NoStore {
        /// The file that is missing.
        file: PathBuf,
    },
    /// A file stands where a copy is to be written.
    #[error("{file}: the file is there already; --force writes over it")]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// A restore was cut off.
    #[error(
        "{file}: a restore did not come to its end; run `nuncio restore` again, the store of before is in before-restore-…"
    )]
    Unfinished {
        /// What was to become the store.
        file: PathBuf,
    },
    /// Something that is not known in detail.
    #[error("{cause}")]
    Other {
        /// What failed.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It failed before; nothing more is asked of it.
    #[error("{file}: the store failed before")]
    Poisoned {
        /// The file of the store.
        file: PathBuf,
    },
}

/// A fault that does not know yet in which file it happened.
#[derive(Debug)]
pub(super) enum Trouble {
    /// What the engine says.
    Engine(rusqlite::Error),
    /// A record whose seal or words do not fit.
    Damaged(&'static str, i64),
    /// A part that is to be changed and does not exist.
    Missing(u64),
    /// A file that is not where it was opened.
    Gone(PathBuf),
    /// It happened in a file of its own.
    Elsewhere(Fault),
    /// No number is left for a name.
    NamesSpent,
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl Trouble {
    /// The fault, now that the file is known.
    pub(super) fn of(self, file: &std::path::Path) -> Fault {
        let file = file.to_owned();
        match self {
            Self::Engine(source) => Fault::Engine { file, source },
            Self::Damaged(table, id) => Fault::Damaged { file, table, id },
            Self::Missing(id) => Fault::Missing { file, id },
            Self::Gone(file) => Fault::Gone { file },
            Self::Elsewhere(fault) => fault,
            Self::NamesSpent => Fault::NamesSpent { file },
        }
    }
}
