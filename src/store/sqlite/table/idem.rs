//! `idem`: requests that must not be accepted twice. The key is the account with the key that it chose; a fault names a
//! row by the order that the request made.

use crate::message::id::{AccountId, OrderId};
use crate::record::batch::Idempotency;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "idem", columns: "account, key, hash, order_id, at, seal", key: "order_id", steps: &[(1, CREATE)] };

const CREATE: &str = "
CREATE TABLE idem (
    n INTEGER PRIMARY KEY, account INTEGER NOT NULL, key TEXT NOT NULL, hash BLOB NOT NULL,
    order_id INTEGER NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL, UNIQUE (account, key)
) STRICT;
";

pub(in crate::store::sqlite) fn write(it: &Idempotency) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.int(it.account.0.into());
    row.text(&it.key);
    row.blob(&it.hash);
    row.bits(it.order.number_in_records());
    row.time(it.at);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Idempotency, Trouble> {
    let mut row = RowReader::new(row);
    let (account, key, hash) = (AccountId(row.small()), row.text(), row.octets());
    let order = OrderId::from_record(row.bits());
    let it = Idempotency { account, key, hash, order, at: row.time() };
    row.sealed(TABLE.name, order.number_in_records(), it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_an_idempotency_key_is_kept() {
        let hash = std::array::from_fn(|it| it as u8);
        let it =
            Idempotency { account: AccountId(2), key: "λ".into(), hash, order: OrderId::from_record(3), at: Time(4) };
        let row = "n=1 account=2 key='λ' hash=x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f \
            order_id=3 at=4 seal=-235974567";
        assert_eq!(kept(&TABLE, &write(&it), read), (row.to_owned(), it));
    }
}
