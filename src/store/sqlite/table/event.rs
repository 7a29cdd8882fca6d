//! `event`: what accounts are told. The key is its place in the log; that of an account is read over its index.

use crate::message::callback::Callback;
use crate::message::id::{AccountId, EndpointId, Seq};
use crate::record::event::{Event, EventKind};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "event",
    columns: "n, token, account, kind, at, data, about, endpoint, target, seal",
    key: "n",
    steps: &[(2, CREATE), (6, ABOUT), (7, CALLBACK)],
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

/// Where it is told besides; NULL where it is not, and in rows of before.
const CALLBACK: &str = "
ALTER TABLE event ADD COLUMN endpoint INTEGER; ALTER TABLE event ADD COLUMN target TEXT;
CREATE INDEX event_by_endpoint ON event (endpoint, n) WHERE endpoint IS NOT NULL;
";

pub(in crate::store::sqlite) fn write(event: &Event) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(event.n);
    row.bits(event.token);
    row.maybe(event.account.map(|it| it.0.into()));
    row.int(event.kind.number().into());
    row.time(event.at);
    row.text(&event.data);
    row.later(event.about.map(|it| it.0));
    row.later(event.callback.as_ref().map(|it| it.endpoint.0.into()));
    row.later_text(event.callback.as_ref().map(|it| &*it.target));
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
        callback: None,
    };
    event.about = row.later().map(Seq);
    let endpoint = row.later().map(|it| u16::try_from(it).map(EndpointId));
    let target = row.later_text();
    row.must(endpoint.is_some() == target.is_some() && !matches!(endpoint, Some(Err(_))));
    event.callback =
        endpoint.and_then(Result::ok).zip(target).map(|(endpoint, it)| Callback { endpoint, target: it.into() });
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
            callback: None,
        };
        let row = "n=2 token=-1 account=3 kind=1 at=4 data='{\"a\":\"λ\"}' seal=2079287364 about=5";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full.clone()));
        let callback = Some(Callback { endpoint: EndpointId(6), target: "/λ?7".into() });
        let called = Event { callback, ..full.clone() };
        let row =
            "n=2 token=-1 account=3 kind=1 at=4 data='{\"a\":\"λ\"}' seal=-759944223 about=5 endpoint=6 target='/λ?7'";
        assert_eq!(kept(&TABLE, &write(&called), read), (row.to_owned(), called));
        let bare = Event { account: None, about: None, ..full };
        assert_eq!(kept(&TABLE, &write(&bare), read).1, bare);
    }
}
