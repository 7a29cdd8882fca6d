//! Reads of verifications.

use crate::message::id::{AccountId, AppId};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::verification::{Converted, Verification};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::reader;
use crate::store::sqlite::table::{converted, verification};
use crate::verify::progress::VerificationStatus;
use rusqlite::Connection;
use std::sync::LazyLock;

/// The statements, which the tests look at for how they are answered.
pub(super) static ONE: LazyLock<String> = LazyLock::new(|| verification::TABLE.select("WHERE n = ?1"));
pub(super) static LATEST: LazyLock<String> = LazyLock::new(|| {
    verification::TABLE.select("WHERE destination = ?1 AND app = ?2 AND account = ?3 ORDER BY n DESC LIMIT 1")
});
pub(super) static OF_NUMBER: LazyLock<String> =
    LazyLock::new(|| verification::TABLE.select("WHERE destination = ?1 AND created <= ?2 ORDER BY n LIMIT ?3"));
pub(super) static OF_ACCOUNT: LazyLock<String> = LazyLock::new(|| {
    let which =
        "WHERE destination = ?1 AND n < ?2 AND account = ?3 AND (?4 IS NULL OR app = ?4) ORDER BY n DESC LIMIT ?5";
    verification::TABLE.select(which)
});
pub(super) static BEFORE: LazyLock<String> =
    LazyLock::new(|| verification::TABLE.select("WHERE n < ?1 ORDER BY n DESC LIMIT ?2"));
pub(super) const VERIFIED: &str = "SELECT 1 FROM verification WHERE destination = ?1 AND status = ?2 AND ended BETWEEN ?3 AND ?4 AND manner = 0 LIMIT 1";
pub(super) static OVER: LazyLock<String> =
    LazyLock::new(|| verification::TABLE.select("WHERE status = 0 AND expires <= ?1 ORDER BY expires LIMIT ?2"));
pub(super) const NEXT_OVER: &str =
    "SELECT expires FROM verification WHERE status = 0 AND expires > ?1 ORDER BY expires LIMIT 1";

/// The verification of this number in records.
pub(super) fn one(conn: &Connection, n: u64) -> Result<Option<Verification>, Trouble> {
    reader::first(&mut conn.prepare_cached(&ONE)?, [n.cast_signed()], verification::read)
}

/// The newest verification of an app and an account for a number.
pub(super) fn latest(
    conn: &Connection,
    (account, app): (AccountId, AppId),
    to: E164,
) -> Result<Option<Verification>, Trouble> {
    let of = (to.0.cast_signed(), app.0, account.0);
    reader::first(&mut conn.prepare_cached(&LATEST)?, of, verification::read)
}

/// The first `limit` verifications of a number that were begun until then.
pub(super) fn of_number(conn: &Connection, to: E164, until: Time, limit: usize) -> Result<Vec<Verification>, Trouble> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    reader::all(
        &mut conn.prepare_cached(&OF_NUMBER)?,
        (to.0.cast_signed(), until.0.cast_signed(), limit),
        verification::read,
    )
}

/// Up to `limit` of a number that an account began, of an app if one is named, with places below `before`, newest
/// first.
pub(super) fn of_account(
    conn: &Connection,
    to: E164,
    (account, app): (AccountId, Option<AppId>),
    (before, limit): (u64, usize),
) -> Result<Vec<Verification>, Trouble> {
    let (before, limit) = (i64::try_from(before).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
    let asked = (to.0.cast_signed(), before, account.0, app.map(|it| it.0), limit);
    reader::all(&mut conn.prepare_cached(&OF_ACCOUNT)?, asked, verification::read)
}

/// Up to `limit` with places below `n`, newest first.
pub(super) fn before(conn: &Connection, n: u64, limit: usize) -> Result<Vec<Verification>, Trouble> {
    let (n, limit) = (i64::try_from(n).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
    reader::all(&mut conn.prepare_cached(&BEFORE)?, (n, limit), verification::read)
}

/// Whether one of a number ended well between two times.
pub(super) fn was_verified(conn: &Connection, to: E164, (since, until): (Time, Time)) -> Result<bool, Trouble> {
    let approved = VerificationStatus::Approved.number();
    let asked = (to.0.cast_signed(), approved, since.0.cast_signed(), i64::try_from(until.0).unwrap_or(i64::MAX));
    Ok(conn.prepare_cached(VERIFIED)?.exists(asked)?)
}

/// How many ended well, by app and country.
pub(super) fn converted(conn: &Connection) -> Result<Vec<Converted>, Trouble> {
    reader::all(&mut conn.prepare_cached(&converted::TABLE.select("ORDER BY place"))?, [], converted::read)
}

/// The first `limit` pending ones whose end has come, earliest first.
pub(super) fn over(conn: &Connection, now: Time, limit: usize) -> Result<Vec<Verification>, Trouble> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    reader::all(&mut conn.prepare_cached(&OVER)?, (now.0.cast_signed(), limit), verification::read)
}
