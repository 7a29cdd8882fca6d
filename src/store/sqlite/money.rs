//! Reads of the ledger, the balances and what quotas have counted.

use crate::message::id::{AccountId, OrderId, Seq};
use crate::message::money::{Currency, Money};
use crate::record::contract::Poisoned;
use crate::record::money::{LedgerLine, QuotaUse};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::{Sqlite, cells, line, reader, seal};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The statements, which the tests look at for how they are answered.
pub(super) static OF_ACCOUNT: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {} FROM ledger WHERE account = ?1 AND n < ?2 ORDER BY n DESC LIMIT ?3", cells::LEDGER)
});
pub(super) static OF_ORDER: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {} FROM ledger WHERE order_id = ?1 AND seq IS ?2", cells::LEDGER));

/// What every account has that ever had something.
pub(super) fn balances(conn: &Connection) -> Result<Vec<(AccountId, Money)>, Trouble> {
    let words = format!("SELECT {} FROM balance ORDER BY account", cells::BALANCE);
    reader::all(&mut conn.prepare_cached(&words)?, [], line::balance)
}

/// What an account has; nothing if it never had something.
pub(super) fn balance(conn: &Connection, account: AccountId) -> Result<Money, Trouble> {
    let words = format!("SELECT {} FROM balance WHERE account = ?1", cells::BALANCE);
    let found = reader::first(&mut conn.prepare_cached(&words)?, [account.0], line::balance)?;
    Ok(found.map_or(Money(0), |(_, it)| it))
}

/// In what currency every account has its balance that was ever remembered.
pub(super) fn currencies(conn: &Connection) -> Result<BTreeMap<AccountId, Currency>, Trouble> {
    let mut statement = conn.prepare_cached("SELECT account, text, seal FROM currency ORDER BY account")?;
    let mut rows = statement.query([])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (account, text, seal): (u16, Box<str>, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let currency = Currency::parse(&text).ok().filter(|_| seal == sealed(account, &text));
        let damaged = Trouble::Damaged("currency", account.into());
        found.insert(AccountId(account), currency.ok_or(damaged)?);
    }
    Ok(found)
}

fn sealed(account: u16, text: &str) -> i64 {
    let cells = [ValueRef::Integer(account.into()), ValueRef::Text(text.as_bytes())];
    seal::fold(cells.into_iter().fold(seal::START, seal::mix))
}

impl Sqlite {
    /// In what currency every account has its balance, as far as it was remembered.
    pub fn currencies(&mut self) -> Result<BTreeMap<AccountId, Currency>, Poisoned> {
        self.guarded("reading the currencies of balances", |it| currencies(&it.writer))
    }

    /// What an account is or was called in the configuration.
    pub fn account_name(&mut self, account: AccountId) -> Result<Option<String>, Poisoned> {
        self.guarded("reading the name of an account", |it| {
            let words = "SELECT text FROM name WHERE kind = 'account' AND id = ?1";
            Ok(it.writer.query_row(words, [account.0], |row| row.get(0)).optional()?)
        })
    }

    /// Remembers in what currencies these accounts have their balances.
    pub fn remember_currencies(&mut self, all: &[(AccountId, Currency)]) -> Result<(), Poisoned> {
        if all.is_empty() {
            return Ok(());
        }
        self.guarded("remembering the currencies of balances", |it| {
            let frame = it.writer.unchecked_transaction()?;
            for (account, currency) in all {
                let text = currency.as_str();
                let words = "INSERT OR REPLACE INTO currency (account, text, seal) VALUES (?1, ?2, ?3)";
                frame.execute(words, (account.0, text, sealed(account.0, text)))?;
            }
            Ok(frame.commit()?)
        })
    }
}

/// What every quota has counted.
pub(super) fn quotas(conn: &Connection) -> Result<Vec<QuotaUse>, Trouble> {
    let words = format!("SELECT {} FROM quota ORDER BY account", cells::QUOTA);
    reader::all(&mut conn.prepare_cached(&words)?, [], line::quota)
}

/// Up to `limit` lines of an account with a number below `before`, newest first.
pub(super) fn ledger(
    conn: &Connection,
    account: AccountId,
    before: u64,
    limit: usize,
) -> Result<Vec<LedgerLine>, Trouble> {
    let (before, limit) = (i64::try_from(before).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
    reader::all(&mut conn.prepare_cached(&OF_ACCOUNT)?, (account.0, before, limit), line::ledger)
}

/// The line by which an order was charged, or by which a message of it was paid back.
pub(super) fn line_of(conn: &Connection, order: OrderId, seq: Option<Seq>) -> Result<Option<LedgerLine>, Trouble> {
    let seq = seq.map(|it| it.0.cast_signed());
    reader::first(&mut conn.prepare_cached(&OF_ORDER)?, (order.number_in_records().cast_signed(), seq), line::ledger)
}
