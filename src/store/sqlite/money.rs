//! Reads of the ledger, the balances and what quotas have counted.

use crate::message::id::{AccountId, OrderId, Seq};
use crate::message::money::Money;
use crate::record::money::{LedgerLine, QuotaUse};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::{cells, line, reader};
use rusqlite::Connection;
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
    reader::first(&mut conn.prepare_cached(&OF_ORDER)?, (order.0.cast_signed(), seq), line::ledger)
}
