//! `forgotten`: the last event of each account that was forgotten for its age. The key is the account, 0 for those that
//! no account was given.

use crate::message::id::AccountId;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "forgotten", columns: "account, n, seal", key: "account", steps: &[(6, CREATE)] };

const CREATE: &str =
    "CREATE TABLE forgotten (account INTEGER PRIMARY KEY, n INTEGER NOT NULL, seal INTEGER NOT NULL) STRICT;";

/// The key of an account.
pub(in crate::store::sqlite) fn key(account: Option<AccountId>) -> i64 {
    account.map_or(0, |it| it.0.into())
}

pub(in crate::store::sqlite) fn write<'a>((account, n): (i64, u64)) -> RowWriter<'a> {
    let mut row = RowWriter::new();
    row.int(account);
    row.bits(n);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<(i64, u64), Trouble> {
    let mut row = RowReader::new(row);
    let (account, n) = (row.int(), row.bits());
    row.sealed(TABLE.name, account.cast_unsigned(), (account, n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn the_last_of_an_account_is_kept() {
        let (cells, read) = kept(&TABLE, &write((key(Some(AccountId(2))), 3)), read);
        assert_eq!(cells, "account=2 n=3 seal=914450180");
        assert_eq!((read, key(None)), ((2, 3), 0));
    }
}
