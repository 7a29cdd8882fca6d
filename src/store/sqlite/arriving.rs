//! Orders of which some slices are durable and the last is not: hidden from readers, and removed at start.

use crate::message::id::{OrderId, PartKey, Seq};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::reader;
use crate::store::sqlite::search::postings;
use rusqlite::Connection;
use std::collections::BTreeSet;

/// The orders that are arriving, over the index that has no other.
pub(super) const ARRIVING: &str = "SELECT id FROM orders WHERE arriving IS NOT NULL";

/// The orders that are arriving: mostly none.
pub(super) fn orders(conn: &Connection) -> Result<BTreeSet<OrderId>, Trouble> {
    let id = |row: &rusqlite::Row<'_>| Ok(OrderId::from_record(row.get::<_, i64>(0)?.cast_unsigned()));
    Ok(reader::all(&mut conn.prepare_cached(ARRIVING)?, [], id)?.into_iter().collect())
}

/// Removes every order that is arriving, each in a transaction of its own, and says which messages are gone. None of
/// their parts has ever left.
pub(super) fn remove(conn: &Connection) -> Result<Vec<Seq>, Trouble> {
    let mut removed = Vec::new();
    for id in orders(conn)? {
        let Some(order) = reader::order_row(conn, id)? else { continue };
        let end = Seq(order.first.0 + u64::from(order.count));
        let parts = (PartKey::new(order.first, 0).0.cast_signed(), PartKey::new(end, 0).0.cast_signed());
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        conn.prepare_cached("DELETE FROM part WHERE id >= ?1 AND id < ?2")?.execute(parts)?;
        let bodies = (order.first.0.cast_signed(), end.0.cast_signed());
        conn.prepare_cached("DELETE FROM body WHERE seq >= ?1 AND seq < ?2")?.execute(bodies)?;
        conn.prepare_cached("DELETE FROM orders WHERE id = ?1")?.execute([id.number_in_records().cast_signed()])?;
        let gone: Vec<Seq> = (order.first.0..end.0).map(Seq).collect();
        postings::forget(conn, &gone, (0, 256))?;
        conn.prepare_cached("COMMIT")?.execute([])?;
        removed.extend(gone);
    }
    Ok(removed)
}
