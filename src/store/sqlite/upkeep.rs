//! What is done behind the commits: pages are moved, searches are made quick, and damage is looked for and mended.

use crate::message::id::Seq;
use crate::record::contract::{Poisoned, QueuedLane};
use crate::store::sqlite::aside::{self, Aside};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::search::sweep::Progress;
use crate::store::sqlite::told::Told;
use crate::store::sqlite::{Sqlite, carrier_ids, reader, scrub};
use std::time::{Duration, Instant};

impl Sqlite {
    /// Does what is due besides commits; about once a second.
    pub fn tend(&mut self) -> Result<(), Poisoned> {
        self.guarded("tending the store", |it| {
            it.guard.holds()?;
            it.checkpointer.tend(&it.writer)
        })
    }

    /// What was found and mended since this was asked before.
    pub fn told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// Goes on with the index of messages for about so long, behind the commit: what is older than the process is read,
    /// and what is whole is written.
    pub fn sweep(&mut self, lasts: Duration) -> Result<Progress, Poisoned> {
        let began = Instant::now();
        self.guarded("indexing messages", |it| {
            loop {
                let progress = it.search.step(&it.writer)?;
                if !progress.more || lasts <= began.elapsed() {
                    it.checkpointer.after_commit(&it.writer)?;
                    return Ok(progress);
                }
            }
        })
    }

    pub(super) fn set_aside(&mut self, table: &'static str, id: i64) -> Result<(), Trouble> {
        let may = self.sets_aside && self.aside < aside::MOST;
        let done = if may { aside::set(&self.writer, (&self.file, &self.veil), table, id)? } else { None };
        let Some(Aside { file, message }) = done else { return Err(Trouble::Damaged(table, id)) };
        self.aside += 1;
        self.recount |= message.is_some();
        self.told.push(Told::Aside { table, id, message, file });
        Ok(())
    }

    /// Reads the store through for about so long, going on where it stopped; says whether there is more. Indexes that
    /// do not show what they should are made anew.
    pub fn scrub(&mut self, lasts: Duration) -> Result<bool, Poisoned> {
        let began = Instant::now();
        loop {
            let from = self.scrubbed;
            let step = self.asked("reading the store through", |conn| scrub::step(conn, from))?;
            let unnamed = Some((carrier_ids::INDEX.name, self.ids.hidden(&step.unnamed)));
            for (name, rows) in step.hidden.into_iter().chain(unnamed.filter(|it| 0 < it.1)) {
                self.guarded("making an index anew", |it| scrub::renew(&it.writer, name))?;
                self.told.push(Told::Index { name, rows });
                self.recount = true;
            }
            self.scrubbed = step.next.unwrap_or(Seq(0));
            if step.next.is_none() || lasts <= began.elapsed() {
                return Ok(step.next.is_some());
            }
        }
    }

    /// What lanes have queued, if that is not what was told before.
    pub fn recounted(&mut self) -> Result<Option<Vec<QueuedLane>>, Poisoned> {
        if !std::mem::take(&mut self.recount) {
            return Ok(None);
        }
        self.asked("counting what is queued", reader::lanes).map(Some)
    }

    /// Lets one damaged record stop everything, rather than that it is set aside.
    pub const fn stop_at_damage(&mut self) {
        self.sets_aside = false;
    }

    /// Records that were set aside since the store was opened.
    pub const fn aside(&self) -> usize {
        self.aside
    }
}
