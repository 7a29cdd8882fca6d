//! Who does not want to be written to: its rows, and the questions about them.

use crate::message::id::AccountId;
use crate::number::e164::E164;
use crate::record::suppression::{Origin, Suppression};
use crate::record::views::SuppressionQuery;
use crate::route::opt_out::{Key, List};
use crate::store::sqlite::cells::Cells;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::line::Line;
use rusqlite::{Connection, Row};

/// The table: `account` 0 is every account's, an empty `sender` any.
pub(super) const TABLE: &str = "
CREATE TABLE suppression (
    n INTEGER PRIMARY KEY, number INTEGER NOT NULL, account INTEGER NOT NULL, sender TEXT NOT NULL,
    at INTEGER NOT NULL, origin INTEGER NOT NULL, reason TEXT NOT NULL, seal INTEGER NOT NULL,
    UNIQUE (number, account, sender)
) STRICT;
CREATE INDEX suppression_by_account ON suppression (account);
";

/// The columns that are told, in the order of its cells.
pub(super) const SUPPRESSION: &str = "number, account, sender, at, origin, reason, seal";

/// The questions of a list, by what it is asked for.
pub(super) mod words {
    pub(in crate::store::sqlite) const ALL: &str =
        "SELECT number, account, sender, at, origin, reason, seal, n FROM suppression WHERE n > ?1 ORDER BY n LIMIT ?2";
    pub(in crate::store::sqlite) const OF_ACCOUNT: &str = "SELECT number, account, sender, at, origin, reason, seal, n \
        FROM suppression WHERE account = ?3 AND n > ?1 ORDER BY n LIMIT ?2";
    pub(in crate::store::sqlite) const OF_NUMBER: &str = "SELECT number, account, sender, at, origin, reason, seal, n \
        FROM suppression WHERE number = ?3 ORDER BY account, sender";
}

/// Account and sender as cells.
fn cells_of(key: &Key) -> (u16, &str) {
    (key.account.map_or(0, |it| it.0), key.sender.as_deref().unwrap_or_default())
}

impl<'a> Cells<'a> {
    /// The cells of a number that is left in peace.
    pub(super) fn suppression(it: &'a Suppression) -> Self {
        let (account, sender) = cells_of(&it.key);
        let mut cells = Self::new();
        cells.bits(it.key.number.0);
        cells.int(account.into());
        cells.text(Some(sender));
        cells.bits(it.at.0);
        cells.int(it.origin.number().into());
        cells.text(Some(&it.reason));
        cells.sealed()
    }
}

/// The number that is left in peace in a row of [`SUPPRESSION`].
fn suppression(row: &Row<'_>) -> Result<Suppression, Trouble> {
    let mut line = Line::new(row);
    let number = E164(line.bits());
    let account = Some(AccountId(line.small())).filter(|it| it.0 != 0);
    let sender = Some(line.words()).filter(|it| !it.is_empty());
    let it = Suppression {
        key: Key { account, sender, number },
        at: line.time(),
        origin: line.get(Origin::Operator, |it| Origin::from_number(u8::try_from(it).ok()?)),
        reason: line.words(),
    };
    line.sealed("suppression", number.0, it)
}

/// Takes keys off the list.
pub(super) fn lift(conn: &Connection, keys: &[Key]) -> Result<(), Trouble> {
    if keys.is_empty() {
        return Ok(());
    }
    let words = "DELETE FROM suppression WHERE number = ?1 AND account = ?2 AND sender = ?3";
    let mut statement = conn.prepare_cached(words)?;
    for key in keys {
        let (account, sender) = cells_of(key);
        statement.execute((key.number.0.cast_signed(), account, sender))?;
    }
    Ok(())
}

/// The whole list, as it is in memory.
pub(super) fn list(conn: &Connection) -> Result<List, Trouble> {
    let mut statement = conn.prepare(&format!("SELECT {SUPPRESSION} FROM suppression"))?;
    let (mut rows, mut list) = (statement.query([])?, List::default());
    while let Some(row) = rows.next()? {
        list.put(&suppression(row)?.key);
    }
    Ok(list)
}

/// A page of the list, in the order in which it grew, each with its place; of one number all that there is.
pub(super) fn page(conn: &Connection, query: &SuppressionQuery) -> Result<Vec<(u64, Suppression)>, Trouble> {
    let (after, limit) = (query.after.cast_signed(), i64::try_from(query.limit).unwrap_or(i64::MAX));
    let mut statement = match query {
        SuppressionQuery { number: Some(_), .. } => conn.prepare_cached(words::OF_NUMBER)?,
        SuppressionQuery { account: Some(_), .. } => conn.prepare_cached(words::OF_ACCOUNT)?,
        _ => conn.prepare_cached(words::ALL)?,
    };
    let mut rows = match (query.number, query.account) {
        (Some(number), _) => {
            statement.raw_bind_parameter(3, number.0.cast_signed())?;
            statement.raw_query()
        }
        (None, Some(account)) => statement.query((after, limit, account.0))?,
        (None, None) => statement.query((after, limit))?,
    };
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get::<_, i64>(7)?.cast_unsigned(), suppression(row)?));
    }
    // Few keys are of one number: those of other accounts are left out here, and those that hold for all accounts are not.
    found.retain(|(_, it)| query.account.is_none() || it.key.account.is_none() || query.account == it.key.account);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::record::batch::Batch;
    use crate::record::contract::Store;
    use crate::store::sqlite::{Durability, Sqlite};

    fn one(account: u16, sender: &str, number: u64) -> Suppression {
        let key = Key {
            account: Some(AccountId(account)).filter(|it| it.0 != 0),
            sender: Some(sender).filter(|it| !it.is_empty()).map(Into::into),
            number: E164(number),
        };
        Suppression { key, at: Time(7), origin: Origin::Handset, reason: "stop".into() }
    }

    #[test]
    fn the_list_is_shown_in_pages_by_account_and_by_number() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = Sqlite::open(directory.path(), Durability::Os).expect("the store opens");
        let all = [one(1, "12345", 31), one(2, "", 31), one(0, "", 32), one(1, "shop", 33)];
        store.commit(&Batch { suppressed: all.to_vec(), ..Batch::default() }).expect("the commit goes through");
        let readers = store.readers();
        let page = |account: Option<u16>, number: Option<u64>, after, limit| {
            let query = SuppressionQuery { account: account.map(AccountId), number: number.map(E164), after, limit };
            readers.suppressions(&query).expect("a page")
        };
        let keys = |found: Vec<(u64, Suppression)>| found.into_iter().map(|(_, it)| it).collect::<Vec<_>>();
        let first = page(None, None, 0, 3);
        let next = first[2].0;
        assert_eq!(keys(first), all[..3]);
        assert_eq!(keys(page(None, None, next, 3)), all[3..]);
        let of_account = page(Some(1), None, 0, 1);
        let next = of_account[0].0;
        assert_eq!(
            (keys(of_account), keys(page(Some(1), None, next, 9))),
            (vec![all[0].clone()], vec![all[3].clone()])
        );
        assert_eq!(keys(page(None, Some(31), 0, 9)), all[..2]);
        assert_eq!(keys(page(Some(2), Some(31), 0, 9)), all[1..2]);
        assert_eq!(keys(page(Some(2), Some(32), 0, 9)), all[2..3], "what holds for everybody holds for this account");
        store.commit(&Batch { lifted: vec![all[1].key.clone()], ..Batch::default() }).expect("the commit goes through");
        assert_eq!(keys(page(None, Some(31), 0, 9)), all[..1]);
        let again = Suppression { reason: "asked by letter".into(), ..all[0].clone() };
        store.commit(&Batch { suppressed: vec![again.clone()], ..Batch::default() }).expect("the commit goes through");
        assert_eq!(keys(page(None, Some(31), 0, 9)), [again]);
        assert_eq!(store.recover().expect("it recovers").opted_out.len(), 3);
    }
}
