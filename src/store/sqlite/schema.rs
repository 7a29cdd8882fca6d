//! The tables, and how a store of an older version becomes one of this version.
//!
//! ```text
//! body      what was asked for; written once                    part     where each SMS is; small, updated in place
//! attempt   attempts that later ones superseded                 orders   orders of more than one message
//! idem      requests that must not be accepted twice            parked   receipts whose part is not known yet
//! name      numbers of accounts and carriers; the veil          meta     one row of counters
//! event     what accounts are told                              mo       parts of messages from handsets that wait
//! mo_seen   messages from handsets that are known when they come again
//! learned   how carriers write their ids, as their receipts have shown
//! suppression   who does not want to be written to
//! operate   what operators have ordered
//! ledger    what changed balances                               balance  what they add up to
//! currency  in what each balance was paid in
//! quota     what quotas have counted
//! search    which messages have a number or a reference
//! ```
//!
//! Every index of messages but those of the primary keys is partial, so that what has ended costs nothing;
//! only the carrier's ids stay findable as long as their row is there. Times are milliseconds
//! since 1970 of logical time (`eras` of `meta` say how far that is from the wall), 0 is never; the numbers in `phase`, `answer` and their like are those of the
//! message module, and the view `message_parts` spells the most useful ones out.

use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::search::postings;
use crate::store::sqlite::{more, opt_out};
use rusqlite::Connection;
use std::path::Path;

/// The format that this version writes.
pub(super) const FORMAT: i64 = 5;

/// `nunc`: marks the file as a store of nuncio.
const APPLICATION: i64 = 0x6E75_6E63;

/// What turns format `n` into `n + 1`, from 0, the empty file.
const STEPS: [&[&str]; FORMAT as usize] = [
    &[FORMAT_1],
    &[MANNER, EVENTS, LEARNED],
    &[ROUTED, MONEY, CALENDAR, opt_out::TABLE, OPERATE],
    &[WRITTEN, BY, postings::TABLE, HANDSETS, more::COLUMNS, HELD, THROTTLED],
    &[CURRENCY, ERAS],
];

/// The format of a store; refuses one that is newer or not ours.
pub(super) fn format(conn: &Connection, file: &Path) -> Result<i64, Fault> {
    let engine = |source| Fault::Engine { file: file.to_owned(), source };
    let pragma = |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).map_err(engine);
    let found = pragma("user_version")?;
    let tables =
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map_err(engine)?;
    if 0 < tables && pragma("application_id")? != APPLICATION {
        return Err(Fault::Foreign { file: file.to_owned() });
    }
    if !(0..=FORMAT).contains(&found) {
        return Err(Fault::Newer { file: file.to_owned(), found, known: FORMAT });
    }
    Ok(found)
}

/// Brings the store to [`FORMAT`]; refuses one that is newer or not ours.
pub(super) fn migrate(conn: &Connection, file: &Path) -> Result<(), Fault> {
    let engine = |source| Fault::Engine { file: file.to_owned(), source };
    let found = format(conn, file)?;
    let from = usize::try_from(found).expect("a format is between 0 and the latest");
    for (step, format) in STEPS[from..].iter().zip(found + 1..) {
        let step = step.concat();
        let frame = format!(
            "BEGIN IMMEDIATE; {step} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {format}; COMMIT;"
        );
        conn.execute_batch(&frame).map_err(engine)?;
    }
    Ok(())
}

const FORMAT_1: &str = "
CREATE TABLE body (
    seq INTEGER PRIMARY KEY, token INTEGER NOT NULL, order_id INTEGER NOT NULL, account INTEGER NOT NULL,
    route INTEGER NOT NULL, class INTEGER NOT NULL, source_kind INTEGER NOT NULL, source TEXT NOT NULL,
    destination INTEGER NOT NULL, text TEXT NOT NULL, requested INTEGER NOT NULL, parts INTEGER NOT NULL,
    client_ref TEXT, created INTEGER NOT NULL, expires INTEGER NOT NULL, price INTEGER, seal INTEGER NOT NULL
) STRICT;
CREATE TABLE part (
    id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, phase INTEGER NOT NULL, due INTEGER NOT NULL,
    ends INTEGER NOT NULL, spent INTEGER NOT NULL, reason INTEGER, done_at INTEGER NOT NULL,
    number INTEGER, carrier INTEGER, bind INTEGER, cause INTEGER, intended_at INTEGER, answered_at INTEGER,
    answer INTEGER, command_status INTEGER, carrier_message_id TEXT, rhash INTEGER, cost INTEGER,
    receipt_status INTEGER, receipt_raw TEXT, receipt_error TEXT, receipt_received_at INTEGER,
    receipt_done_at INTEGER, seal INTEGER NOT NULL
) STRICT;
CREATE INDEX part_ready ON part (lane, id) WHERE phase = 0 AND due = 0;
CREATE INDEX part_delayed ON part (due, lane, id) WHERE phase = 0 AND due > 0;
CREATE INDEX part_open ON part (phase, id) WHERE phase IN (1, 2);
CREATE INDEX part_rare ON part (phase, id) WHERE phase >= 5;
CREATE INDEX part_by_carrier_id ON part (rhash) WHERE rhash IS NOT NULL;
CREATE TABLE attempt (
    id INTEGER NOT NULL, number INTEGER NOT NULL, carrier INTEGER NOT NULL, bind INTEGER NOT NULL,
    cause INTEGER NOT NULL, intended_at INTEGER NOT NULL, answered_at INTEGER NOT NULL, answer INTEGER,
    command_status INTEGER, carrier_message_id TEXT, rhash INTEGER, cost INTEGER, receipt_status INTEGER,
    receipt_raw TEXT, receipt_error TEXT, receipt_received_at INTEGER, receipt_done_at INTEGER,
    seal INTEGER NOT NULL, PRIMARY KEY (id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_by_carrier_id ON attempt (rhash) WHERE rhash IS NOT NULL;
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL, first_seq INTEGER NOT NULL, count INTEGER NOT NULL,
    created INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
CREATE TABLE idem (
    n INTEGER PRIMARY KEY, account INTEGER NOT NULL, key TEXT NOT NULL, hash BLOB NOT NULL,
    order_id INTEGER NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL, UNIQUE (account, key)
) STRICT;
CREATE TABLE parked (
    number INTEGER PRIMARY KEY, carrier INTEGER NOT NULL, carrier_message_id TEXT NOT NULL, handset INTEGER,
    sender TEXT NOT NULL, receipt_status INTEGER NOT NULL, receipt_raw TEXT NOT NULL, receipt_error TEXT,
    receipt_received_at INTEGER NOT NULL, receipt_done_at INTEGER, seal INTEGER NOT NULL
) STRICT;
CREATE TABLE name (
    kind TEXT NOT NULL, id INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (kind, id), UNIQUE (kind, text)
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1), next_seq INTEGER NOT NULL, next_order INTEGER NOT NULL,
    next_parked INTEGER NOT NULL, time INTEGER NOT NULL, awaiting BLOB NOT NULL, seal INTEGER NOT NULL
) STRICT;
CREATE VIEW message_parts AS
    SELECT p.id / 16 AS seq, p.id % 16 AS part_index, b.order_id,
        (SELECT text FROM name WHERE kind = 'account' AND name.id = b.account) AS account, b.route,
        b.source, b.destination, b.client_ref,
        CASE p.phase WHEN 0 THEN 'queued' WHEN 1 THEN 'intended' WHEN 2 THEN 'doubtful' WHEN 3 THEN 'sent'
            WHEN 4 THEN 'delivered' WHEN 5 THEN 'failed' WHEN 6 THEN 'expired' WHEN 7 THEN 'unknown'
            ELSE 'cancelled' END AS phase,
        p.number AS attempt,
        (SELECT text FROM name WHERE kind = 'carrier' AND name.id = p.carrier) AS carrier, p.bind,
        p.carrier_message_id, p.command_status, p.receipt_raw, p.receipt_error,
        datetime(b.created / 1000, 'unixepoch') AS created,
        CASE WHEN p.due > 0 THEN datetime(p.due / 1000, 'unixepoch') END AS due,
        datetime(p.intended_at / 1000, 'unixepoch') AS intended_at,
        CASE WHEN p.answered_at > 0 THEN datetime(p.answered_at / 1000, 'unixepoch') END AS answered_at,
        CASE WHEN p.done_at > 0 THEN datetime(p.done_at / 1000, 'unixepoch') END AS done_at
    FROM part p JOIN body b ON b.seq = p.id / 16;
";

/// Format 2: how a message goes that is more than a plain text, as JSON; NULL for most. The seal of a row
/// counts it only where it is there, so that rows of format 1 keep theirs. So it is with a receipt's other id.
const MANNER: &str = "ALTER TABLE body ADD COLUMN manner TEXT; ALTER TABLE parked ADD COLUMN also TEXT;";

/// Format 2: events, and what comes from handsets.
const EVENTS: &str = "
CREATE TABLE event (
    n INTEGER PRIMARY KEY, token INTEGER NOT NULL, account INTEGER, kind INTEGER NOT NULL, at INTEGER NOT NULL,
    data TEXT NOT NULL, seal INTEGER NOT NULL
) STRICT;
CREATE INDEX event_by_account ON event (account, n);
CREATE TABLE mo (
    number INTEGER PRIMARY KEY, carrier INTEGER NOT NULL, source TEXT NOT NULL, destination TEXT NOT NULL,
    data_coding INTEGER NOT NULL, udhi INTEGER NOT NULL, octets BLOB NOT NULL, kind INTEGER NOT NULL,
    reference INTEGER NOT NULL, total INTEGER NOT NULL, part INTEGER NOT NULL, fingerprint BLOB NOT NULL,
    at INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
CREATE TABLE mo_seen (
    number INTEGER PRIMARY KEY, carrier INTEGER NOT NULL, fingerprint BLOB NOT NULL, at INTEGER NOT NULL,
    seal INTEGER NOT NULL
) STRICT;
ALTER TABLE meta ADD COLUMN next_event INTEGER;
";

/// Format 2: how carriers write their ids.
const LEARNED: &str = "
CREATE TABLE learned (
    carrier INTEGER PRIMARY KEY, relation INTEGER NOT NULL, matches INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
";

/// Format 3: where a part waits now and why, and when a carrier first took it; NULL in rows of before.
const ROUTED: &str = "
ALTER TABLE part ADD COLUMN moved INTEGER; ALTER TABLE part ADD COLUMN taken_at INTEGER;
CREATE INDEX part_late ON part (due, id) WHERE phase = 3 AND due > 0;
";

/// Format 3: what accounts have, pay and use; which orders have not arrived whole; of which messages the price
/// was taken from a balance.
const MONEY: &str = "
ALTER TABLE body ADD COLUMN charged INTEGER;
ALTER TABLE orders ADD COLUMN arriving INTEGER;
CREATE INDEX orders_arriving ON orders (id) WHERE arriving IS NOT NULL;
ALTER TABLE meta ADD COLUMN next_ledger INTEGER;
CREATE TABLE ledger (
    n INTEGER PRIMARY KEY, account INTEGER NOT NULL, amount INTEGER NOT NULL, balance INTEGER NOT NULL,
    why INTEGER NOT NULL, order_id INTEGER, seq INTEGER, at INTEGER NOT NULL, note TEXT, seal INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_by_account ON ledger (account, n);
CREATE INDEX ledger_by_order ON ledger (order_id, seq) WHERE order_id IS NOT NULL;
CREATE TABLE balance (account INTEGER PRIMARY KEY, micros INTEGER NOT NULL, seal INTEGER NOT NULL) STRICT;
CREATE TABLE quota (account INTEGER PRIMARY KEY, used BLOB NOT NULL, seal INTEGER NOT NULL) STRICT;
";

/// Format 3: when messages are to go; NULL for at once, and in rows of before.
const CALENDAR: &str = "ALTER TABLE body ADD COLUMN send_at INTEGER;";

/// Format 3: what operators have ordered.
const OPERATE: &str = "
CREATE TABLE operate (
    n INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor INTEGER NOT NULL, deed INTEGER NOT NULL,
    detail INTEGER NOT NULL, target INTEGER NOT NULL, aspect INTEGER NOT NULL, reason TEXT NOT NULL,
    until INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
CREATE INDEX operate_newest ON operate (target, aspect, n);
";

/// Format 4: what the accounts of those who ordered were called; NULL in rows of before.
const BY: &str = "ALTER TABLE operate ADD COLUMN by_name TEXT;";

/// Format 4: when attempts were written; NULL in rows of before, and while nobody knows.
const WRITTEN: &str = "
ALTER TABLE part ADD COLUMN written_at INTEGER; ALTER TABLE attempt ADD COLUMN written_at INTEGER;
DROP VIEW message_parts;
CREATE VIEW message_parts AS
    SELECT p.id / 16 AS seq, p.id % 16 AS part_index, b.order_id,
        (SELECT text FROM name WHERE kind = 'account' AND name.id = b.account) AS account, b.route,
        b.source, b.destination, b.client_ref,
        CASE p.phase WHEN 0 THEN 'queued' WHEN 1 THEN 'intended' WHEN 2 THEN 'doubtful' WHEN 3 THEN 'sent'
            WHEN 4 THEN 'delivered' WHEN 5 THEN 'failed' WHEN 6 THEN 'expired' WHEN 7 THEN 'unknown'
            ELSE 'cancelled' END AS phase,
        p.number AS attempt,
        (SELECT text FROM name WHERE kind = 'carrier' AND name.id = p.carrier) AS carrier, p.bind,
        p.carrier_message_id, p.command_status, p.receipt_raw, p.receipt_error,
        datetime(b.created / 1000, 'unixepoch') AS created,
        CASE WHEN p.due > 0 THEN datetime(p.due / 1000, 'unixepoch') END AS due,
        datetime(p.intended_at / 1000, 'unixepoch') AS intended_at,
        CASE WHEN p.written_at > 0 THEN datetime(p.written_at / 1000, 'unixepoch') END AS written_at,
        CASE WHEN p.answered_at > 0 THEN datetime(p.answered_at / 1000, 'unixepoch') END AS answered_at,
        CASE WHEN p.done_at > 0 THEN datetime(p.done_at / 1000, 'unixepoch') END AS done_at
    FROM part p JOIN body b ON b.seq = p.id / 16;
";

/// Format 4: of what type the sender of a part is, and what came with it; NULL in rows of before.
const HANDSETS: &str = "ALTER TABLE mo ADD COLUMN source_ton INTEGER; ALTER TABLE mo ADD COLUMN tlvs BLOB;";

/// Format 4: what a store that was restored holds; NULL for nothing.
const HELD: &str = "ALTER TABLE meta ADD COLUMN held_below INTEGER;";

/// Format 5: how far logical time was ahead of the wall, from when on: of each era both in eight octets; NULL for never.
const ERAS: &str = "ALTER TABLE meta ADD COLUMN eras BLOB;";

/// Format 4: how often a part was throttled; NULL for never, and in rows of before.
const THROTTLED: &str = "ALTER TABLE part ADD COLUMN throttled INTEGER;";

/// Format 5: in what currency each account has its balance; no row for a balance of before, until the next start.
const CURRENCY: &str =
    "CREATE TABLE currency (account INTEGER PRIMARY KEY, text TEXT NOT NULL, seal INTEGER NOT NULL) STRICT;";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::id::OrderId;
    use crate::message::time::Time;
    use crate::record::contract::Store;
    use crate::store::sqlite::{Durability, Sqlite, seal};
    use rusqlite::types::ValueRef;

    #[test]
    fn the_counters_of_a_store_of_format_1_are_read_under_the_seal_that_they_had() {
        let directory = tempfile::tempdir().expect("a directory");
        let conn = Connection::open(directory.path().join("nuncio.db")).expect("a file");
        let frame = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 1;");
        conn.execute_batch(&format!("{FORMAT_1}{frame}")).expect("a store of format 1");
        let cells = [7, 5, 3, 1_700_000_000_000].map(ValueRef::Integer).into_iter().chain([ValueRef::Blob(&[])]);
        let seal = seal::fold(cells.fold(seal::START, seal::mix));
        let row = "INSERT INTO meta VALUES (1, 7, 5, 3, 1700000000000, x'', ?1)";
        conn.execute(row, [seal]).expect("its counters");
        drop(conn);
        for _ in 0..2 {
            let mut store = Sqlite::open(directory.path(), Durability::Os).expect("it opens");
            let orders = [4, 5].map(|it| store.veil().read_order(it));
            assert_eq!(orders, [Some(OrderId::from_record(4)), None], "what was given out keeps its number");
            let marks = store.recover().expect("it is sound").marks;
            assert_eq!((marks.next_seq, marks.next_order, marks.next_parked, marks.next_event), (7, 5, 3, 1));
            assert_eq!(marks.time, Time(1_700_000_000_000));
        }
    }
}
