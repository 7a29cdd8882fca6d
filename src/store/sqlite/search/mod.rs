//! Finding messages by what they are: an index that stands behind the commit.
//!
//! ```text
//! number, client_ref   postings: a hash and a place, by segments of 65,536 messages   written behind the commit
//! account, route,      chart: which of them blocks of 256 messages have               in memory, made anew
//! status                                                                              behind the start
//! order, times         seqs: both grow with them                                      nothing to write
//! carrier's id         the index by which receipts find their part                    there already
//! ```
//!
//! A commit notes what it wrote in memory, and a segment that is full goes to the disk at once, in the order of
//! its buckets: random places of one large tree are never written. What is not noted yet, because the process has just
//! started or the store is older than the index, is read by [`sweep`] in small steps; until then it is searched row by
//! row. Either may lead to a message that does not fit: who asks looks at the message itself.

pub(super) mod postings;
pub(super) mod chart;
pub(super) mod sweep;

use crate::message::era::Eras;
use crate::message::id::Seq;
use crate::record::batch::Batch;
use crate::store::sqlite::search::chart::Chart;
use crate::store::sqlite::search::postings::{SEGMENT, Segment};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What writer and readers share. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Shared(Arc<RwLock<State>>);

/// What is known in memory.
pub(super) struct State {
    /// Which accounts, routes and statuses blocks have.
    pub(super) chart: Chart,
    /// The first segment that is not on the disk.
    pub(super) mark: u64,
    /// Segments from `mark` on, as far as messages of them are noted.
    pub(super) pending: BTreeMap<u64, Segment>,
    /// Messages below this are in `pending` or on the disk; those above are read row by row.
    pub(super) noted: Seq,
    /// How far logical time was ahead of the wall, from when on: readers show times by it.
    pub(super) eras: Eras,
}

impl Shared {
    fn new(state: State) -> Self {
        Self(Arc::new(RwLock::new(state)))
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a commit has made durable.
    pub(super) fn note(&self, batch: &Batch) {
        let mut state = self.write();
        for body in &batch.bodies {
            state.post(body.seq(), postings::keys(body));
        }
        for body in &batch.unfound {
            let (segment, offset) = postings::place(body.seq());
            if let Some(segment) = state.pending.get_mut(&segment) {
                postings::keys(body).for_each(|it| segment.take(it, offset));
            }
        }
        for part in batch.new_parts.iter().chain(&batch.parts) {
            state.chart.note(part.key, part.lane, part.status());
        }
    }

    /// Tells readers of the eras that a commit has made durable, if they are others than before.
    pub(super) fn tell(&self, eras: &Eras, before: &Eras) {
        if eras != before {
            self.write().eras = eras.clone();
        }
    }

    /// Forgets messages that are gone, of which `first` is now the oldest that is not.
    pub(super) fn forget(&self, gone: &[Seq], first: Option<Seq>) {
        let mut state = self.write();
        for (segment, seqs) in postings::by_segment(gone) {
            if let Some(segment) = state.pending.get_mut(&segment) {
                segment.forget(&seqs);
            }
        }
        if let Some(first) = first {
            state.chart.begin_at(first);
        }
    }
}

impl State {
    /// Notes the keys of a message, unless they are on the disk or a sweep will come to them.
    fn post(&mut self, seq: Seq, keys: impl Iterator<Item = postings::Key>) {
        let (segment, offset) = postings::place(seq);
        if seq < self.noted && self.mark <= segment {
            let segment = self.pending.entry(segment).or_default();
            keys.for_each(|it| segment.put(it, offset));
        }
    }

    /// Whether the segment at the mark is noted whole, given the seq after the last.
    fn is_full(&self, end: Seq) -> bool {
        (self.mark + 1) * SEGMENT <= self.noted.0.min(end.0)
    }
}
