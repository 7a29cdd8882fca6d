//! `orders`: orders of more than one message. The key is their number; an order of one message has no row.

use crate::message::id::{AccountId, OrderId, Seq};
use crate::record::batch::Order;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "orders",
    columns: "id, account, first_seq, count, created, arriving, seal",
    key: "id",
    steps: &[(1, CREATE), (3, ARRIVING)],
};

const CREATE: &str = "
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL, first_seq INTEGER NOT NULL, count INTEGER NOT NULL,
    created INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
";

/// Whether it has not arrived whole; NULL for no.
const ARRIVING: &str = "
ALTER TABLE orders ADD COLUMN arriving INTEGER;
CREATE INDEX orders_arriving ON orders (id) WHERE arriving IS NOT NULL;
";

pub(in crate::store::sqlite) fn write(order: &Order) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(order.id.number_in_records());
    row.int(order.account.0.into());
    row.bits(order.first.0);
    row.int(order.count.into());
    row.time(order.created);
    row.later(order.arriving.then_some(1));
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Order, Trouble> {
    let mut row = RowReader::new(row);
    let id = OrderId::from_record(row.bits());
    let account = AccountId(row.small());
    let (first, count, created) = (Seq(row.bits()), row.small(), row.time());
    let order = Order { id, account, first, count, created, arriving: row.later().is_some() };
    row.sealed(TABLE.name, id.number_in_records(), order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_an_order_is_kept() {
        let bare = Order {
            id: OrderId::from_record(2),
            account: AccountId(3),
            first: Seq(4),
            count: 5,
            created: Time(6),
            arriving: false,
        };
        let full = Order { arriving: true, ..bare.clone() };
        let row = "id=2 account=3 first_seq=4 count=5 created=6 seal=1057090274 arriving=1";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full));
        let row = "id=2 account=3 first_seq=4 count=5 created=6 seal=451226409";
        assert_eq!(kept(&TABLE, &write(&bare), read), (row.to_owned(), bare));
    }
}
