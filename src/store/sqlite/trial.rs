//! What tests do with a store that nobody else does.

use crate::store::sqlite::Sqlite;

impl Sqlite {
    /// What is due in a while is due now.
    pub(in crate::store) fn hurry(&mut self) {
        self.checkpointer.hurry();
    }

    /// Lets so few carriers' ids wait that they are written.
    pub(in crate::store) const fn keep_ids(&mut self, room: usize) {
        self.ids.keep(room);
    }

    /// How the engine writes: the mode of its log, when it syncs, and after how many pages it moves them itself.
    pub(in crate::store) fn pragmas(&self) -> Vec<String> {
        let read = |name| {
            let value = self.writer.pragma_query_value(None, name, |row| row.get(0));
            match value.expect("the engine says how it writes") {
                rusqlite::types::Value::Text(word) => word,
                rusqlite::types::Value::Integer(number) => number.to_string(),
                other => panic!("{name} is {other:?}"),
            }
        };
        ["journal_mode", "synchronous", "wal_autocheckpoint"].map(read).to_vec()
    }

    /// Makes the engine refuse the next COMMIT.
    pub(crate) fn fail_next_commit(&mut self) {
        self.writer.commit_hook(Some(|| true)).expect("a hook is taken");
    }
}
