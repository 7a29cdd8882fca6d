//! `quota`: what quotas have counted, all slots of an account in one cell. The key is the account.

use crate::message::id::AccountId;
use crate::message::time::Time;
use crate::record::money::{QuotaSlot, QuotaUse};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "quota", columns: "account, used, seal", key: "account", steps: &[(3, CREATE)] };

const CREATE: &str =
    "CREATE TABLE quota (account INTEGER PRIMARY KEY, used BLOB NOT NULL, seal INTEGER NOT NULL) STRICT;";

/// The slots: 8 octets each of the first time, the last time and the count.
pub(in crate::store::sqlite) fn octets(used: &QuotaUse) -> Vec<u8> {
    used.slots.iter().flat_map(|it| [it.first.0, it.last.0, it.count]).flat_map(u64::to_be_bytes).collect()
}

/// `octets` is [`octets`] of what it has counted.
pub(in crate::store::sqlite) fn write(account: AccountId, octets: &[u8]) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.int(account.0.into());
    row.blob(octets);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<QuotaUse, Trouble> {
    let mut row = RowReader::new(row);
    let account = AccountId(row.small());
    let (slots, rest) = row.blob().as_chunks::<24>();
    row.must(rest.is_empty());
    let word = |slot: &[u8; 24], at: usize| slot[at..at + 8].iter().fold(0, |sum, it| sum << 8 | u64::from(*it));
    let slot = |it| QuotaSlot { first: Time(word(it, 0)), last: Time(word(it, 8)), count: word(it, 16) };
    let used = QuotaUse { account, slots: slots.iter().map(slot).collect() };
    row.sealed(TABLE.name, account.0.into(), used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_quota_is_kept() {
        let slots = vec![
            QuotaSlot { first: Time(2), last: Time(3), count: 4 },
            QuotaSlot { first: Time(5), last: Time(u64::MAX), count: 6 },
        ];
        let full = QuotaUse { account: AccountId(7), slots };
        let row = "account=7 \
            used=x0000000000000002000000000000000300000000000000040000000000000005ffffffffffffffff0000000000000006 \
            seal=-1910680523";
        assert_eq!(kept(&TABLE, &write(full.account, &octets(&full)), read), (row.to_owned(), full));
        let bare = QuotaUse { account: AccountId(7), slots: Vec::new() };
        assert_eq!(kept(&TABLE, &write(bare.account, &octets(&bare)), read).1, bare);
    }
}
