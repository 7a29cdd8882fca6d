//! `balance`: what the lines of the ledger add up to. The key is the account.

use crate::message::id::AccountId;
use crate::message::money::Money;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "balance", columns: "account, micros, seal", key: "account", steps: &[(3, CREATE)] };

const CREATE: &str =
    "CREATE TABLE balance (account INTEGER PRIMARY KEY, micros INTEGER NOT NULL, seal INTEGER NOT NULL) STRICT;";

pub(in crate::store::sqlite) fn write((account, micros): &(AccountId, Money)) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.int(account.0.into());
    row.int(micros.0);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<(AccountId, Money), Trouble> {
    let mut row = RowReader::new(row);
    let account = AccountId(row.small());
    let micros = Money(row.int());
    row.sealed(TABLE.name, account.0.into(), (account, micros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_balance_is_kept() {
        let it = (AccountId(2), Money(-3));
        let row = "account=2 micros=-3 seal=1990403782";
        assert_eq!(kept(&TABLE, &write(&it), read), (row.to_owned(), it));
    }
}
