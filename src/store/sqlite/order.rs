//! What readers are told of one order: where its messages stand, how many are how far, and the messages themselves.

use crate::message::id::{LaneId, OrderId, PartKey, Seq};
use crate::message::money::Money;
use crate::message::part;
use crate::message::phase::Phase;
use crate::message::status::{Status, Totals};
use crate::record::contract::Counted;
use crate::record::entry::Entry;
use crate::record::views::OrderView;
use crate::store::sqlite::arriving;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::reader;
use crate::store::sqlite::search::sweep::standing;
use crate::store::sqlite::table::body;
use rusqlite::Connection;

/// Messages of an order that are counted in one read transaction: some tens of milliseconds.
const COUNTED_AT_ONCE: usize = 10_000;

/// Messages of an order that are looked at for their statuses, and loaded, in one read transaction.
const LOOKED_AT_ONCE: u64 = 1_000;

/// Where the messages of an order stand; `None` while it is arriving, which nobody is told.
pub(super) fn shown_range(conn: &Connection, order: OrderId) -> Result<Option<(Seq, Seq)>, Trouble> {
    if arriving::orders(conn)?.contains(&order) { Ok(None) } else { reader::order_range(conn, order).map(Some) }
}

/// Adds the next messages of an order to its view; says where to go on, if there are more.
pub(super) fn count(
    conn: &Connection,
    order: OrderId,
    (from, to): (Seq, Seq),
    view: &mut Option<OrderView>,
) -> Result<Option<Seq>, Trouble> {
    let words = body::TABLE.select("WHERE seq >= ?1 AND seq < ?2 ORDER BY seq LIMIT ?3");
    let mut bodies = conn.prepare_cached(&words)?;
    let mut phases = conn.prepare_cached("SELECT phase, taken_at FROM part WHERE id >= ?1 AND id < ?2")?;
    let mut rows = bodies.query((from.0.cast_signed(), to.0.cast_signed(), COUNTED_AT_ONCE.cast_signed()))?;
    let (mut counted, mut last) = (0, from);
    while let Some(row) = rows.next()? {
        let body = body::read(row)?;
        (counted, last) = (counted + 1, body.seq());
        if body.order != order {
            continue;
        }
        let range = (PartKey::new(last, 0).0.cast_signed(), PartKey::new(Seq(last.0 + 1), 0).0.cast_signed());
        let damaged = || Trouble::Damaged("part", range.0);
        let statuses = reader::all(&mut phases, range, |row| {
            let phase = Phase::from_number(row.get(0)?).ok_or_else(damaged)?;
            let taken: Option<i64> = row.get(1)?;
            Ok(part::status(phase, taken.is_some()))
        })?;
        let view = view.get_or_insert_with(|| OrderView {
            id: order,
            account: body.account,
            route: body.route,
            totals: Totals::default(),
            price: Some(Money(0)),
            created: body.created,
        });
        view.totals.add(Status::of_parts(statuses.into_iter()));
        view.price = view.price.zip(body.price).map(|(sum, it)| sum + it);
    }
    Ok((counted == COUNTED_AT_ONCE).then_some(Seq(last.0 + 1)))
}

/// How many of the next messages of an order stand where, without a look at what they say; nothing of an order of a
/// single message.
pub(super) fn count_on(conn: &Connection, order: OrderId, from: Seq, span: u64) -> Result<Option<Counted>, Trouble> {
    let Some(row) = reader::order_row(conn, order)? else { return Ok(None) };
    let (from, end) = (from.max(row.first), Seq(row.first.0 + u64::from(row.count)));
    let (next, mut totals) = (Seq(from.0 + span).min(end), Totals::default());
    let parts = standing(conn, (from, next))?;
    parts.chunk_by(|a, b| a.0.seq() == b.0.seq()).for_each(|it| totals.add(status_of(it)));
    Ok(Some(Counted { totals, next, end }))
}

/// Up to `limit` messages of a range, oldest first, of these statuses, where any are named; says where to go on, if
/// there are more.
pub(super) fn messages(
    conn: &Connection,
    (from, to): (Seq, Seq),
    statuses: &[Status],
    limit: usize,
) -> Result<(Vec<Entry>, Option<Seq>), Trouble> {
    let end = Seq(from.0 + LOOKED_AT_ONCE).min(to);
    let mut seqs = if statuses.is_empty() {
        reader::seqs_between(conn, from, end, limit.saturating_add(1))?
    } else {
        let parts = standing(conn, (from, end))?;
        let messages = parts.chunk_by(|a, b| a.0.seq() == b.0.seq());
        let wanted = |it: &&[_]| statuses.contains(&status_of(it));
        messages.filter(wanted).map(|it| it[0].0.seq()).take(limit.saturating_add(1)).collect()
    };
    // What does not fit on the page any more is where the next begins.
    let next = seqs.get(limit).copied().or((end < to).then_some(end));
    seqs.truncate(limit);
    Ok((reader::load(conn, &seqs)?, next))
}

/// The status of a message from its parts.
fn status_of(parts: &[(PartKey, LaneId, Status)]) -> Status {
    Status::of_parts(parts.iter().map(|it| it.2))
}
