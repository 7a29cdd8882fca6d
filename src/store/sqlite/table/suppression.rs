//! `suppression`: who does not want to be written to. The key is the number with the account and the sender that it
//! holds for; `account` 0 is every account's, an empty `sender` any. The list is shown in the order of `n`, in which it
//! grew.

use crate::message::id::AccountId;
use crate::number::e164::E164;
use crate::record::suppression::{Origin, Suppression};
use crate::route::opt_out::Key;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "suppression",
    columns: "number, account, sender, at, origin, reason, seal",
    key: "number",
    steps: &[(3, CREATE)],
};

const CREATE: &str = "
CREATE TABLE suppression (
    n INTEGER PRIMARY KEY, number INTEGER NOT NULL, account INTEGER NOT NULL, sender TEXT NOT NULL,
    at INTEGER NOT NULL, origin INTEGER NOT NULL, reason TEXT NOT NULL, seal INTEGER NOT NULL,
    UNIQUE (number, account, sender)
) STRICT;
CREATE INDEX suppression_by_account ON suppression (account);
";

/// Account and sender as cells.
pub(in crate::store::sqlite) fn scope(key: &Key) -> (u16, &str) {
    (key.account.map_or(0, |it| it.0), key.sender.as_deref().unwrap_or_default())
}

pub(in crate::store::sqlite) fn write(it: &Suppression) -> RowWriter<'_> {
    let (account, sender) = scope(&it.key);
    let mut row = RowWriter::new();
    row.bits(it.key.number.0);
    row.int(account.into());
    row.text(sender);
    row.time(it.at);
    row.int(it.origin.number().into());
    row.text(&it.reason);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Suppression, Trouble> {
    let mut row = RowReader::new(row);
    let number = E164(row.bits());
    let account = Some(AccountId(row.small())).filter(|it| it.0 != 0);
    let sender = Some(row.text()).filter(|it| !it.is_empty());
    let it = Suppression {
        key: Key { account, sender, number },
        at: row.time(),
        origin: row.code(Origin::Operator, Origin::from_number),
        reason: row.text(),
    };
    row.sealed(TABLE.name, number.0, it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_suppression_is_kept() {
        let key = Key { account: Some(AccountId(2)), sender: Some("SHOP".into()), number: E164(3) };
        let full = Suppression { key, at: Time(4), origin: Origin::Operator, reason: "λ".into() };
        let row = "n=1 number=3 account=2 sender='SHOP' at=4 origin=1 reason='λ' seal=814233948";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full.clone()));
        let key = Key { account: None, sender: None, ..full.key };
        let bare = Suppression { key, at: Time(4), origin: Origin::Handset, reason: "".into() };
        let row = "n=1 number=3 account=0 sender='' at=4 origin=0 reason='' seal=1502803554";
        assert_eq!(kept(&TABLE, &write(&bare), read), (row.to_owned(), bare));
    }
}
