//! `endpoint`: how far endpoints of accounts have been told their events. The key is the endpoint.

use crate::message::id::{AccountId, EndpointId};
use crate::record::delivery::EndpointMark;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "endpoint",
    columns: "id, account, told_to, failing_since, disabled_at, seal",
    key: "id",
    steps: &[(6, CREATE)],
};

const CREATE: &str = "
CREATE TABLE endpoint (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL, told_to INTEGER NOT NULL, failing_since INTEGER NOT NULL,
    disabled_at INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
";

pub(in crate::store::sqlite) fn write(mark: &EndpointMark) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.int(mark.endpoint.0.into());
    row.int(mark.account.0.into());
    row.bits(mark.told_to);
    row.time(mark.failing_since);
    row.time(mark.disabled_at);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<EndpointMark, Trouble> {
    let mut row = RowReader::new(row);
    let mark = EndpointMark {
        endpoint: EndpointId(row.small()),
        account: AccountId(row.small()),
        told_to: row.bits(),
        failing_since: row.time(),
        disabled_at: row.time(),
    };
    row.sealed(TABLE.name, mark.endpoint.0.into(), mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_mark_is_kept() {
        let (failing_since, disabled_at) = (Time(5), Time(6));
        let mark =
            EndpointMark { endpoint: EndpointId(2), account: AccountId(3), told_to: 4, failing_since, disabled_at };
        let (cells, read) = kept(&TABLE, &write(&mark), read);
        assert_eq!(cells, "id=2 account=3 told_to=4 failing_since=5 disabled_at=6 seal=451226409");
        assert_eq!(read, mark);
    }
}
