//! Reads of the ledger, the balances and what quotas have counted.

use crate::message::id::{AccountId, OrderId, Seq};
use crate::message::money::{Currency, Money};
use crate::record::contract::{NameKind, Poisoned};
use crate::record::money::{LedgerLine, QuotaUse};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::table::{balance, currency, ledger, name, quota};
use crate::store::sqlite::{Sqlite, reader, writer};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The statements, which the tests look at for how they are answered.
pub(super) static OF_ACCOUNT: LazyLock<String> =
    LazyLock::new(|| ledger::TABLE.select("WHERE account = ?1 AND n < ?2 ORDER BY n DESC LIMIT ?3"));
pub(super) static OF_ORDER: LazyLock<String> =
    LazyLock::new(|| ledger::TABLE.select("WHERE order_id = ?1 AND seq IS ?2"));

/// What every account has that ever had something.
pub(super) fn balances(conn: &Connection) -> Result<Vec<(AccountId, Money)>, Trouble> {
    let words = balance::TABLE.select("ORDER BY account");
    reader::all(&mut conn.prepare_cached(&words)?, [], balance::read)
}

/// What an account has; nothing if it never had something.
pub(super) fn balance(conn: &Connection, account: AccountId) -> Result<Money, Trouble> {
    let words = balance::TABLE.select("WHERE account = ?1");
    let found = reader::first(&mut conn.prepare_cached(&words)?, [account.0], balance::read)?;
    Ok(found.map_or(Money(0), |(_, it)| it))
}

/// In what currency every account has its balance that was ever remembered.
pub(super) fn currencies(conn: &Connection) -> Result<BTreeMap<AccountId, Currency>, Trouble> {
    let words = currency::TABLE.select("ORDER BY account");
    Ok(reader::all(&mut conn.prepare_cached(&words)?, [], currency::read)?.into_iter().collect())
}

impl Sqlite {
    /// In what currency every account has its balance, as far as it was remembered.
    pub fn currencies(&mut self) -> Result<BTreeMap<AccountId, Currency>, Poisoned> {
        self.guarded("reading the currencies of balances", |it| currencies(&it.writer))
    }

    /// What an account is or was called in the configuration.
    pub fn account_name(&mut self, account: AccountId) -> Result<Option<String>, Poisoned> {
        self.guarded("reading the name of an account", |it| name::of(&it.writer, NameKind::Account, account.0))
    }

    /// Remembers in what currencies these accounts have their balances.
    pub fn remember_currencies(&mut self, all: &[(AccountId, Currency)]) -> Result<(), Poisoned> {
        if all.is_empty() {
            return Ok(());
        }
        self.guarded("remembering the currencies of balances", |it| {
            let frame = it.writer.unchecked_transaction()?;
            let words = currency::TABLE.insert("INSERT OR REPLACE", 1);
            writer::each(&frame, &words, all.iter().map(currency::write))?;
            Ok(frame.commit()?)
        })
    }
}

/// What every quota has counted.
pub(super) fn quotas(conn: &Connection) -> Result<Vec<QuotaUse>, Trouble> {
    let words = quota::TABLE.select("ORDER BY account");
    reader::all(&mut conn.prepare_cached(&words)?, [], quota::read)
}

/// Up to `limit` lines of an account with a number below `before`, newest first.
pub(super) fn ledger(
    conn: &Connection,
    account: AccountId,
    before: u64,
    limit: usize,
) -> Result<Vec<LedgerLine>, Trouble> {
    let (before, limit) = (i64::try_from(before).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
    reader::all(&mut conn.prepare_cached(&OF_ACCOUNT)?, (account.0, before, limit), ledger::read)
}

/// The line by which an order was charged, or by which a message of it was paid back.
pub(super) fn line_of(conn: &Connection, order: OrderId, seq: Option<Seq>) -> Result<Option<LedgerLine>, Trouble> {
    let seq = seq.map(|it| it.0.cast_signed());
    reader::first(&mut conn.prepare_cached(&OF_ORDER)?, (order.number_in_records().cast_signed(), seq), ledger::read)
}
