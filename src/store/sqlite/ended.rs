//! Reads the log of all accounts for how messages ended, each with the message as it stands.

use crate::message::id::{EndpointId, Seq};
use crate::record::entry::Entry;
use crate::record::event::{Event, EventKinds};
use crate::record::shown::Shown;
use crate::store::sqlite::fault::{Fault, Trouble};
use crate::store::sqlite::reader::{self, Loader};
use crate::store::sqlite::readers::Readers;
use crate::store::sqlite::table::{endpoint, event, retry};
use rusqlite::Connection;
use std::sync::LazyLock;

/// Rows of the log that one read looks through: some milliseconds.
const LOOKED_AT: i64 = 5_000;

pub(super) static LOG: LazyLock<String> = LazyLock::new(|| event::TABLE.select("WHERE n > ?1 ORDER BY n LIMIT ?2"));

/// Events about messages, of all accounts, in the order of the log.
#[derive(Debug, Default)]
pub struct EndedPage {
    /// Each with its message, if that is still there.
    pub found: Vec<(Event, Option<Entry>)>,
    /// Everything up to this number was looked at.
    pub looked_to: u64,
    /// There may be more behind it.
    pub more: bool,
    /// Events behind where the reading began are forgotten.
    pub is_gone: bool,
}

fn page(conn: &Connection, after: u64, kinds: EventKinds, limit: usize) -> Result<EndedPage, Trouble> {
    let mut page = EndedPage { looked_to: after, ..EndedPage::default() };
    let mut loader = Loader::new(conn)?;
    let mut statement = conn.prepare_cached(&LOG)?;
    let mut rows = statement.query((after.cast_signed(), LOOKED_AT))?;
    let mut looked_at = 0;
    while page.found.len() < limit
        && let Some(row) = rows.next()?
    {
        let event = event::read(row)?;
        looked_at += 1;
        page.looked_to = event.n;
        if kinds.has(event.kind)
            && let Some(seq) = event.about
        {
            page.found.push((event, loader.entry(seq)?));
        }
    }
    page.more = page.found.len() == limit || looked_at == LOOKED_AT;
    let words = "SELECT max(n) FROM forgotten";
    let forgotten: Option<i64> = conn.prepare_cached(words)?.query_row([], |row| row.get(0))?;
    let forgotten = forgotten.unwrap_or_default().cast_unsigned();
    page.is_gone = after < forgotten;
    // What is gone is not met: it is told once.
    page.looked_to = page.looked_to.max(forgotten);
    Ok(page)
}

impl Readers {
    /// The next events of these kinds behind a number, of all accounts, each with its message.
    pub fn ended(&self, after: u64, kinds: EventKinds, limit: usize) -> Result<EndedPage, Fault> {
        let eras = self.eras();
        let mut page = self.ask(|conn| reader::at_once(conn, || page(conn, after, kinds, limit)))?;
        for (event, entry) in &mut page.found {
            (*event, *entry) = (event.clone().shown(&eras), entry.take().shown(&eras));
        }
        Ok(page)
    }

    /// How far a reader of the log has come, and how many rows it has besides, as far as that is durable.
    pub fn written_to(&self, id: EndpointId) -> Result<(u64, u64), Fault> {
        self.ask(|conn| {
            reader::at_once(conn, || {
                let words = endpoint::TABLE.select("WHERE id = ?1");
                let mark = reader::first(&mut conn.prepare_cached(&words)?, [id.0], endpoint::read)?;
                let rows = "SELECT count(*) FROM retry WHERE id >= ?1 AND id < ?2";
                let bounds = [retry::key(id, 0), retry::end(id)].map(u64::cast_signed);
                let rows: i64 = conn.prepare_cached(rows)?.query_row(bounds, |row| row.get(0))?;
                Ok((mark.map_or(0, |it| it.told_to), rows.cast_unsigned()))
            })
        })
    }

    /// The messages of these places; those that are not there any more are missing.
    pub fn messages_at(&self, seqs: &[Seq]) -> Result<Vec<Entry>, Fault> {
        let found = self.ask(|conn| reader::at_once(conn, || reader::load(conn, seqs)))?;
        Ok(found.shown(&self.eras()))
    }
}
