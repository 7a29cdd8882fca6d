//! How a question is asked: guarded, and again where a damaged record in its way has been set aside.

use crate::record::contract::Poisoned;
use crate::record::entry::Entry;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::{Sqlite, reader};
use rusqlite::Connection;

impl Sqlite {
    /// Asks something in one read transaction; again when a damaged record in its way has been set aside.
    pub(super) fn asked<T>(
        &mut self,
        doing: &'static str,
        mut ask: impl FnMut(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, Poisoned> {
        self.answered(doing, |conn| reader::at_once(conn, || ask(conn)))
    }

    /// The same without a transaction: of what only this thread changes.
    pub(super) fn answered<T>(
        &mut self,
        doing: &'static str,
        mut ask: impl FnMut(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, Poisoned> {
        self.guarded(doing, |it| {
            loop {
                match ask(&it.writer) {
                    Err(Trouble::Damaged(table, id)) => it.set_aside(table, id)?,
                    done => return done,
                }
            }
        })
    }

    /// Asks for messages, and remembers what an update of them need not name.
    pub(super) fn asked_entries(
        &mut self,
        doing: &'static str,
        ask: impl FnMut(&Connection) -> Result<Vec<Entry>, Trouble>,
    ) -> Result<Vec<Entry>, Poisoned> {
        let entries = self.asked(doing, ask)?;
        for part in entries.iter().flat_map(|it| &it.parts) {
            self.ids.learn(part);
        }
        Ok(entries)
    }
}
