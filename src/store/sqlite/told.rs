//! What a store has found and mended, for the log of the daemon: damage is never silent.

use crate::message::veil::MessageName;
use std::fmt;
use std::path::PathBuf;

/// Something that a disk or a slip has done to a store, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Bits of the write-ahead log were not what was written, and were put right by its checksums.
    Bits {
        /// The log.
        file: PathBuf,
        /// How many.
        count: usize,
    },
    /// Commits behind a damaged frame were cut off.
    LogCut {
        /// The log.
        file: PathBuf,
        /// The first damaged frame, from 1.
        frame: u64,
        /// How many.
        commits: u64,
    },
    /// An index disagreed with the rows, and was made anew from them.
    Index {
        /// Its name.
        name: &'static str,
        /// Rows that it did not show.
        rows: u64,
    },
    /// Indexes of a small store disagreed with the rows when it was opened, and were made anew from them.
    Indexes {
        /// The first finding of the engine.
        report: String,
    },
    /// A record that its seal rejects was taken out of the store.
    Aside {
        /// Its table.
        table: &'static str,
        /// Its row.
        id: i64,
        /// The message that it was part of, all of which was taken out.
        message: Option<MessageName>,
        /// Where it stands now.
        file: PathBuf,
    },
}

impl Told {
    /// What was damaged, in a word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Bits { .. } | Self::LogCut { .. } => "log",
            Self::Index { .. } | Self::Indexes { .. } => "index",
            Self::Aside { .. } => "record",
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bits { file, count } => {
                write!(f, "{}: bits changed by the disk were put right by their checksums: {count}", file.display())
            }
            Self::LogCut { file, frame, commits } => {
                let file = file.display();
                write!(f, "{file}: frame {frame} is damaged, and {commits} commits in it and behind it are lost")
            }
            Self::Index { name, rows } => {
                write!(f, "index {name} did not show {rows} rows and was made anew from them; check the disk")
            }
            Self::Indexes { report } => write!(f, "{report}; the indexes were made anew from the rows; check the disk"),
            Self::Aside { table, id, message: None, file } => {
                let file = file.display();
                write!(f, "record {id} of table {table} is damaged and was set aside in {file}; check the disk")
            }
            Self::Aside { table, id, message: Some(message), file } => {
                let file = file.display();
                write!(
                    f,
                    "record {id} of table {table} is damaged: message {message} was set aside in {file} and is sent no further; \
                     check the disk"
                )
            }
        }
    }
}
