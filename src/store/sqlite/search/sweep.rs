//! The step behind the commit: full segments go to the disk, and what is older than the process is read.
//!
//! All of it is on the thread of the writer, between two commits, so that nothing changes meanwhile.

use crate::message::id::{LaneId, PartKey, Seq};
use crate::message::part;
use crate::message::phase::Phase;
use crate::message::status::Status;
use crate::number::e164::E164;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::reader;
use crate::store::sqlite::search::chart::{BLOCK, Chart};
use crate::store::sqlite::search::postings::{self, SEGMENT};
use crate::store::sqlite::search::{Shared, State};
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;

/// Messages whose keys one step reads: less than a millisecond.
const READ_AT_ONCE: usize = 512;

/// The questions, which the tests look at for how they are answered.
pub(in crate::store::sqlite) mod words {
    pub(in crate::store::sqlite) const BODIES: &str =
        "SELECT seq, destination, client_ref FROM body WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
    pub(in crate::store::sqlite) const PARTS: &str =
        "SELECT id, lane, phase, taken_at FROM part WHERE id >= ?1 AND id < ?2 ORDER BY id";
}

/// The writer's side of the index.
pub(in crate::store::sqlite) struct Sweep {
    shared: Shared,
    /// The seq after the last message.
    end: Seq,
    /// The block up to which the chart may not be known.
    unread: Option<u64>,
}

/// How far the index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Messages below this are found by number and reference without reading them.
    pub indexed: Seq,
    /// The seq after the last message.
    pub end: Seq,
    /// From here on accounts, routes and statuses are found without reading what has others.
    pub charted: Seq,
    /// Whether there is more to do.
    pub more: bool,
}

impl Sweep {
    /// The index of a store as it was opened: of it is known what is on the disk.
    pub(in crate::store::sqlite) fn of(conn: &Connection) -> Result<Self, Trouble> {
        let seq = |row: &Row<'_>| Ok(row.get::<_, Option<i64>>(0)?.map(|it| Seq(it.cast_unsigned())));
        let ask = |words| reader::first(&mut conn.prepare_cached(words)?, [], seq).map(Option::flatten);
        let first = ask("SELECT min(seq) FROM body")?;
        let end = ask("SELECT max(seq) FROM body")?.map_or(Seq(0), |it| Seq(it.0 + 1));
        let chart = first.map_or_else(Chart::default, |it| Chart::unknown(it, end));
        let mark = postings::mark(conn)?.unwrap_or(0).max(first.map_or(0, |it| it.0 / SEGMENT));
        let eras = reader::marks(conn)?.eras;
        let state = State { chart, mark, pending: BTreeMap::new(), noted: Seq(mark * SEGMENT), eras };
        Ok(Self { shared: Shared::new(state), end, unread: end.0.checked_sub(1).map(|it| it / BLOCK) })
    }

    pub(in crate::store::sqlite) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Messages below this are on the disk: what comes to them late is written with its commit.
    pub(in crate::store::sqlite) fn written(&self) -> Seq {
        Seq(self.shared.read().mark * SEGMENT)
    }

    /// The seq after the last message is at least this.
    pub(in crate::store::sqlite) fn reaches(&mut self, end: Seq) {
        self.end = self.end.max(end);
    }

    /// Writes the segment at the mark if it is full; says whether it was.
    pub(in crate::store::sqlite) fn write(&mut self, conn: &Connection) -> Result<bool, Trouble> {
        let state = self.shared.read();
        if !state.is_full(self.end) {
            return Ok(false);
        }
        let mark = state.mark;
        postings::write(conn, mark, state.pending.get(&mark).unwrap_or(&postings::Segment::default()))?;
        drop(state);
        let mut state = self.shared.write();
        state.pending.remove(&mark);
        state.mark += 1;
        Ok(true)
    }

    /// One step: a full segment, or some messages and a block that are older than the process.
    pub(in crate::store::sqlite) fn step(&mut self, conn: &Connection) -> Result<Progress, Trouble> {
        if !self.write(conn)? {
            self.read_bodies(conn)?;
            self.read_block(conn)?;
        }
        let state = self.shared.read();
        let more = self.unread.is_some() || state.noted != Seq(Seq::END) || state.is_full(self.end);
        let charted = Seq(self.unread.map_or(0, |it| (it + 1) * BLOCK));
        Ok(Progress { indexed: state.noted.min(self.end), end: self.end, charted, more })
    }

    fn read_bodies(&self, conn: &Connection) -> Result<(), Trouble> {
        let noted = self.shared.read().noted;
        if noted == Seq(Seq::END) {
            return Ok(());
        }
        let read = |row: &Row<'_>| {
            let (seq, number): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok((Seq(seq.cast_unsigned()), E164(number.cast_unsigned()), row.get::<_, Option<String>>(2)?))
        };
        let bounds = (noted.0.cast_signed(), READ_AT_ONCE.cast_signed());
        let rows = reader::all(&mut conn.prepare_cached(words::BODIES)?, bounds, read)?;
        let mut state = self.shared.write();
        // After the last row nothing is left but what commits bring, each of which notes itself.
        let all = rows.len() < READ_AT_ONCE;
        state.noted = rows.last().filter(|_| !all).map_or(Seq(Seq::END), |it| Seq(it.0.0 + 1));
        for (seq, number, reference) in &rows {
            state.post(*seq, postings::keys_of(*number, reference.as_deref()));
        }
        Ok(())
    }

    fn read_block(&mut self, conn: &Connection) -> Result<(), Trouble> {
        self.unread = self.unread.and_then(|it| self.shared.read().chart.unread(it));
        let Some(block) = self.unread else { return Ok(()) };
        let parts = standing(conn, (Seq(block * BLOCK), Seq((block + 1) * BLOCK)))?;
        self.shared.write().chart.read(block, parts.into_iter());
        self.unread = block.checked_sub(1);
        Ok(())
    }
}

/// Where the parts of a range of messages stand, and in which lanes, in the order of their keys.
pub(in crate::store::sqlite) fn standing(
    conn: &Connection,
    (from, to): (Seq, Seq),
) -> Result<Vec<(PartKey, LaneId, Status)>, Trouble> {
    let read = |row: &Row<'_>| {
        let (id, lane): (i64, i64) = (row.get(0)?, row.get(1)?);
        let phase = Phase::from_number(row.get(2)?).ok_or(Trouble::Damaged("part", id))?;
        let status = part::status(phase, row.get::<_, Option<i64>>(3)?.is_some());
        Ok((PartKey(id.cast_unsigned()), LaneId(lane.cast_unsigned()), status))
    };
    let keys = [from, to].map(|it| PartKey::new(it, 0).0.cast_signed());
    reader::all(&mut conn.prepare_cached(words::PARTS)?, keys, read)
}
