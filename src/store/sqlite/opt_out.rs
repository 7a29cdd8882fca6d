//! Who does not want to be written to: the questions about it.

use crate::record::suppression::Suppression;
use crate::record::views::SuppressionQuery;
use crate::route::opt_out::{Key, List};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::table::suppression;
use rusqlite::Connection;
use std::sync::LazyLock;

/// The questions of a list, by what it is asked for, which the tests look at for how they are answered.
pub(super) static ALL: LazyLock<String> = LazyLock::new(|| question("n > ?1 ORDER BY n LIMIT ?2"));
pub(super) static OF_ACCOUNT: LazyLock<String> =
    LazyLock::new(|| question("account = ?3 AND n > ?1 ORDER BY n LIMIT ?2"));
pub(super) static OF_NUMBER: LazyLock<String> = LazyLock::new(|| question("number = ?3 ORDER BY account, sender"));

/// A question for suppressions, each with its place.
fn question(which: &str) -> String {
    format!("SELECT {}, n FROM suppression WHERE {which}", suppression::TABLE.columns)
}

/// Takes keys off the list.
pub(super) fn lift(conn: &Connection, keys: &[Key]) -> Result<(), Trouble> {
    if keys.is_empty() {
        return Ok(());
    }
    let words = "DELETE FROM suppression WHERE number = ?1 AND account = ?2 AND sender = ?3";
    let mut statement = conn.prepare_cached(words)?;
    for key in keys {
        let (account, sender) = suppression::scope(key);
        statement.execute((key.number.0.cast_signed(), account, sender))?;
    }
    Ok(())
}

/// The whole list, as it is in memory.
pub(super) fn list(conn: &Connection) -> Result<List, Trouble> {
    let mut statement = conn.prepare(&suppression::TABLE.select(""))?;
    let (mut rows, mut list) = (statement.query([])?, List::default());
    while let Some(row) = rows.next()? {
        list.put(&suppression::read(row)?.key);
    }
    Ok(list)
}

/// A page of the list, in the order in which it grew, each with its place; of one number all that there is.
pub(super) fn page(conn: &Connection, query: &SuppressionQuery) -> Result<Vec<(u64, Suppression)>, Trouble> {
    let (after, limit) = (query.after.cast_signed(), i64::try_from(query.limit).unwrap_or(i64::MAX));
    let mut statement = match query {
        SuppressionQuery { number: Some(_), .. } => conn.prepare_cached(&OF_NUMBER)?,
        SuppressionQuery { account: Some(_), .. } => conn.prepare_cached(&OF_ACCOUNT)?,
        _ => conn.prepare_cached(&ALL)?,
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
        found.push((row.get::<_, i64>("n")?.cast_unsigned(), suppression::read(row)?));
    }
    // Few keys are of one number: those of other accounts are left out here, and those that hold for all accounts are
    // not.
    found.retain(|(_, it)| query.account.is_none() || it.key.account.is_none() || query.account == it.key.account);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::id::AccountId;
    use crate::message::time::Time;
    use crate::number::e164::E164;
    use crate::record::batch::Batch;
    use crate::record::contract::Store;
    use crate::record::suppression::Origin;
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
