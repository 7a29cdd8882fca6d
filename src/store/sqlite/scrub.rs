//! Reads the store through in small steps, behind the commits, so that damage is found before it is met.
//!
//! Every seal of every message is looked at, and whether the indexes by which the loop finds its work show each row
//! that they should: a bit of an index can hide thousands of messages from a scan, and a scan cannot know it. Indexes
//! are derived, and one that disagrees with the rows is made anew from them.

use crate::message::id::{PartKey, Seq};
use crate::store::sqlite::carrier_ids::{self, Name};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::reader::{self, Loader};
use rusqlite::Connection;

/// Messages of one step: some three hundred microseconds.
const AT_ONCE: usize = 64;

/// An index, and how many parts between two keys it does not show.
pub(super) struct Index {
    pub(super) name: &'static str,
    pub(super) hidden: &'static str,
}

macro_rules! indexes {
    ($($name:literal $of:literal $key:literal;)+) => {
        /// The indexes over parts.
        pub(super) const INDEXES: &[Index] = &[$(Index {
            name: $name,
            hidden: concat!(
                "SELECT count(*) FROM part NOT INDEXED WHERE part.id >= ?1 AND part.id < ?2 AND ", $of, " AND NOT EXISTS \
                 (SELECT 1 FROM part AS it INDEXED BY ", $name, " WHERE it.", $of, " AND ", $key, " AND it.id = part.id)"
            ),
        }),+];
    };
}

indexes! {
    "part_ready" "phase = 0 AND due = 0" "it.lane = part.lane";
    "part_delayed" "phase = 0 AND due > 0" "it.due = part.due AND it.lane = part.lane";
    "part_open" "phase IN (1, 2)" "it.phase = part.phase";
    "part_late" "phase = 3 AND due > 0" "it.due = part.due";
}

/// What one step has found.
pub(super) struct Step {
    /// Where the next one begins; `None` at the end of the store.
    pub(super) next: Option<Seq>,
    /// The indexes that do not show some parts, and how many.
    pub(super) hidden: Vec<(&'static str, u64)>,
    /// The carriers' ids that are in no index, unless they wait.
    pub(super) unnamed: Vec<Name>,
}

/// Reads some messages from `from` on. The error is that of a damaged record.
pub(super) fn step(conn: &Connection, from: Seq) -> Result<Step, Trouble> {
    let seqs = reader::seqs_between(conn, from, Seq(Seq::END), AT_ONCE)?;
    let mut hidden = Vec::new();
    let mut loader = Loader::new(conn)?;
    for seq in &seqs {
        loader.entry(*seq)?;
    }
    // Also the parts of messages that have no body.
    let next = seqs.last().filter(|_| seqs.len() == AT_ONCE).map(|it| Seq(it.0 + 1));
    let keys = [from, next.unwrap_or(Seq(Seq::END))].map(|it| PartKey::new(it, 0).0.cast_signed());
    for index in INDEXES {
        let count: i64 = conn.prepare_cached(index.hidden)?.query_row(keys, |row| row.get(0))?;
        if count != 0 {
            hidden.push((index.name, count.cast_unsigned()));
        }
    }
    let unnamed = carrier_ids::missing(conn, keys.into())?;
    Ok(Step { next, hidden, unnamed })
}

/// Makes an index anew from the rows.
pub(super) fn renew(conn: &Connection, name: &'static str) -> Result<(), Trouble> {
    if name == carrier_ids::INDEX.name {
        return Ok(carrier_ids::renew(conn)?);
    }
    Ok(conn.execute_batch(&format!("REINDEX {name}"))?)
}
