//! `ledger`: what changed balances. The key is the place of the line, over all accounts; the lines of an account and
//! those of an order are found over an index each.

use crate::message::id::{AccountId, OrderId, Seq};
use crate::message::money::Money;
use crate::record::money::{LedgerLine, Why};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "ledger",
    columns: "n, account, amount, balance, why, order_id, seq, at, note, seal",
    key: "n",
    steps: &[(3, CREATE)],
};

const CREATE: &str = "
CREATE TABLE ledger (
    n INTEGER PRIMARY KEY, account INTEGER NOT NULL, amount INTEGER NOT NULL, balance INTEGER NOT NULL,
    why INTEGER NOT NULL, order_id INTEGER, seq INTEGER, at INTEGER NOT NULL, note TEXT, seal INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_by_account ON ledger (account, n);
CREATE INDEX ledger_by_order ON ledger (order_id, seq) WHERE order_id IS NOT NULL;
";

pub(in crate::store::sqlite) fn write(line: &LedgerLine) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(line.n);
    row.int(line.account.0.into());
    row.int(line.amount.0);
    row.int(line.balance.0);
    row.int(line.why.number().into());
    row.maybe_bits(line.order.map(OrderId::number_in_records));
    row.maybe_bits(line.seq.map(|it| it.0));
    row.time(line.at);
    row.maybe_text(line.note.as_deref());
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<LedgerLine, Trouble> {
    let mut row = RowReader::new(row);
    let line = LedgerLine {
        n: row.bits(),
        account: AccountId(row.small()),
        amount: Money(row.int()),
        balance: Money(row.int()),
        why: row.code(Why::Credit, Why::from_number),
        order: row.maybe_bits().map(OrderId::from_record),
        seq: row.maybe_bits().map(Seq),
        at: row.time(),
        note: row.maybe_text().map(Into::into),
    };
    row.sealed(TABLE.name, line.n, line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_line_is_kept() {
        let full = LedgerLine {
            n: 2,
            account: AccountId(3),
            amount: Money(-4),
            balance: Money(5),
            why: Why::Refund,
            order: Some(OrderId::from_record(6)),
            seq: Some(Seq(7)),
            at: Time(8),
            note: Some("λ".into()),
        };
        let row = "n=2 account=3 amount=-4 balance=5 why=2 order_id=6 seq=7 at=8 note='λ' seal=-621705342";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full.clone()));
        let bare = LedgerLine { why: Why::Credit, order: None, seq: None, note: None, ..full };
        let row = "n=2 account=3 amount=-4 balance=5 why=0 at=8 seal=1587857372";
        assert_eq!(kept(&TABLE, &write(&bare), read), (row.to_owned(), bare));
    }
}
