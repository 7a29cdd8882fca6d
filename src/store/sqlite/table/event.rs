//! `event`: what accounts are told. The key is its place in the log; that of an account is read over its index.

use crate::message::id::{AccountId, Seq};
use crate::record::event::{Event, EventKind};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "event",
    columns: "n, token, account, kind, at, data, about, seal",
    key: "n",
    steps: &[(2, CREATE), (6, ABOUT)],
};

const CREATE: &str = "
CREATE TABLE event (
    n INTEGER PRIMARY KEY, token INTEGER NOT NULL, account INTEGER, kind INTEGER NOT NULL, at INTEGER NOT NULL,
    data TEXT NOT NULL, seal INTEGER NOT NULL
) STRICT;
CREATE INDEX event_by_account ON event (account, n);
";

/// The message that it is about; NULL where it is about none, and in rows of before.
const ABOUT: &str = "ALTER TABLE event ADD COLUMN about INTEGER;";

pub(in crate::store::sqlite) fn write(event: &Event) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(event.n);
    row.bits(event.token);
    row.maybe(event.account.map(|it| it.0.into()));
    row.int(event.kind.number().into());
    row.time(event.at);
    row.text(&event.data);
    row.later(event.about.map(|it| it.0));
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Event, Trouble> {
    let mut row = RowReader::new(row);
    let mut event = Event {
        n: row.bits(),
        token: row.bits(),
        account: row.maybe(|it| u16::try_from(it).ok().map(AccountId)),
        kind: row.code(EventKind::MessageReceived, EventKind::from_number),
        at: row.time(),
        data: row.text(),
        about: None,
    };
    event.about = row.later().map(Seq);
    row.sealed(TABLE.name, event.n, event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_an_event_is_kept() {
        let full = Event {
            n: 2,
            token: u64::MAX,
            account: Some(AccountId(3)),
            kind: EventKind::ReceiptUnread,
            at: Time(4),
            data: "{\"a\":\"λ\"}".into(),
            about: Some(Seq(5)),
        };
        let row = "n=2 token=-1 account=3 kind=1 at=4 data='{\"a\":\"λ\"}' seal=2079287364 about=5";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full.clone()));
        let bare = Event { account: None, about: None, ..full };
        assert_eq!(kept(&TABLE, &write(&bare), read).1, bare);
    }
}
