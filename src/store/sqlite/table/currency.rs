//! `currency`: in what each balance was paid in. The key is the account; a balance of before has no row until the next
//! start.

use crate::message::id::AccountId;
use crate::message::money::Currency;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "currency", columns: "account, text, seal", key: "account", steps: &[(5, CREATE)] };

const CREATE: &str =
    "CREATE TABLE currency (account INTEGER PRIMARY KEY, text TEXT NOT NULL, seal INTEGER NOT NULL) STRICT;";

pub(in crate::store::sqlite) fn write((account, currency): &(AccountId, Currency)) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.int(account.0.into());
    row.text(currency.as_str());
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<(AccountId, Currency), Trouble> {
    let mut row = RowReader::new(row);
    let account = AccountId(row.small());
    let currency = Currency::parse(&row.text()).map_err(|_| Trouble::Damaged(TABLE.name, account.0.into()))?;
    row.sealed(TABLE.name, account.0.into(), (account, currency))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_currency_is_kept() {
        let it = (AccountId(2), Currency::parse("EUR").expect("a currency"));
        let row = "account=2 text='EUR' seal=-864376871";
        assert_eq!(kept(&TABLE, &write(&it), read), (row.to_owned(), it));
    }
}
