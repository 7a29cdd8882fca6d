//! `part`: where each SMS of a message is; small, and updated in place at each step of its life. The key is that of the
//! part, which has the seq of its message in it: parts of one message stand side by side.
//!
//! Every index is partial, so that a part that has ended costs nothing; the carriers' ids, which stay findable for as
//! long as the row is there, have an index of their own (`carrier_id`).

use crate::message::id::{LaneId, PartKey};
use crate::message::part::{Moved, Part};
use crate::message::phase::Phase;
use crate::message::reason::Reason;
use crate::message::time::Time;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::{Table, attempt, receipt};
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "part",
    columns: "id, lane, phase, due, ends, spent, reason, done_at, number, carrier, bind, cause, intended_at, \
        answered_at, answer, command_status, carrier_message_id, rhash, cost, receipt_status, receipt_raw, \
        receipt_error, receipt_received_at, receipt_done_at, moved, taken_at, written_at, receipt_more, throttled, \
        receipt_done_date, receipt_offset, seal",
    key: "id",
    steps: &[(1, CREATE), (3, ROUTED), (4, WRITTEN), (9, DATED)],
};

const CREATE: &str = "
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
";

/// Where it waits now and why, and when a carrier first took it.
const ROUTED: &str = "
ALTER TABLE part ADD COLUMN moved INTEGER; ALTER TABLE part ADD COLUMN taken_at INTEGER;
CREATE INDEX part_late ON part (due, id) WHERE phase = 3 AND due > 0;
";

/// When its attempt was written, NULL while nobody knows; what its receipt says beyond its columns; how often it was
/// throttled. What the index of rare phases was for is found without it.
const WRITTEN: &str = "
ALTER TABLE part ADD COLUMN written_at INTEGER; ALTER TABLE part ADD COLUMN receipt_more TEXT;
ALTER TABLE part ADD COLUMN throttled INTEGER;
DROP INDEX part_rare;
";

/// When the carrier says that it happened, in its own words, and by which offset that was read.
const DATED: &str = "
ALTER TABLE part ADD COLUMN receipt_done_date TEXT; ALTER TABLE part ADD COLUMN receipt_offset INTEGER;
";

/// `rhash` is that of its attempt, which the caller needs as well.
pub(in crate::store::sqlite) fn write(part: &Part, rhash: Option<u64>) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(part.key.0);
    row.bits(part.lane.0);
    row.int(part.phase().number().into());
    row.time(part.due);
    row.time(part.ends);
    row.int(part.spent.into());
    row.maybe(part.reason.map(|it| it.number().into()));
    row.time(part.done_at);
    match &part.attempt {
        Some(it) => attempt::write_cells(&mut row, it, rhash),
        None => (0..attempt::CELLS).for_each(|_| row.null()),
    }
    row.later(part.moved.map(|it| it.number().into()));
    row.later(part.taken_at.known().map(|it| it.0));
    row.later(part.attempt.as_ref().and_then(|it| it.written_at.known()).map(|it| it.0));
    row.later_made(part.attempt.as_ref().and_then(|it| it.receipt.as_deref()).and_then(receipt::to_more));
    row.later((part.throttled != 0).then(|| part.throttled.into()));
    receipt::write_date(&mut row, part.attempt.as_ref().and_then(|it| it.receipt.as_deref()));
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Part, Trouble> {
    let mut row = RowReader::new(row);
    let mut part = Part::new(PartKey(row.bits()), LaneId(row.bits()), Time::NEVER);
    let phase = row.code(Phase::Queued, Phase::from_number);
    part.due = row.time();
    part.ends = row.time();
    part.spent = row.small();
    part.reason = row.maybe_code(Reason::from_number);
    part.done_at = row.time();
    part.attempt = attempt::read_cells(&mut row);
    if let Some(number) = row.later() {
        part.moved = u32::try_from(number).ok().and_then(Moved::from_number);
        row.must(part.moved.is_some());
    }
    part.taken_at = row.later().map_or(Time::NEVER, Time);
    let written_at = row.later().map(Time);
    row.must(written_at.is_none() || part.attempt.is_some());
    if let (Some(attempt), Some(at)) = (&mut part.attempt, written_at) {
        attempt.written_at = at;
    }
    receipt::read_more(&mut row, part.attempt.as_mut().and_then(|it| it.receipt.as_deref_mut()));
    part.throttled = row.later().map_or(0, |it| u32::try_from(it).unwrap_or(u32::MAX));
    receipt::read_date(&mut row, part.attempt.as_mut().and_then(|it| it.receipt.as_deref_mut()));
    let key = part.key;
    row.sealed(TABLE.name, key.0, part.with_phase(phase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::attempt::Cause;
    use crate::message::id::{CarrierId, Seq};
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_part_is_kept() {
        let mut full = Part::new(PartKey::new(Seq(2), 3), LaneId(u64::MAX), Time(4)).with_phase(Phase::Failed);
        full.due = Time(5);
        full.spent = 6;
        full.throttled = 7;
        full.reason = Some(Reason::Cancelled);
        full.done_at = Time(8);
        full.moved = Some(Moved { from: CarrierId(65_535), cause: Cause::Probe });
        full.taken_at = Time(9);
        full.attempt = Some(attempt::tests::full());
        let rhash = full.attempt.as_ref().and_then(|it| it.rhash());
        let row = "id=35 lane=-1 phase=5 due=5 ends=4 spent=6 reason=18 done_at=8 number=12 carrier=13 bind=14 cause=9 \
            intended_at=15 answered_at=17 answer=2 command_status=4294967295 carrier_message_id='0A1b' \
            rhash=-7123447056868543402 cost=-18 receipt_status=3 receipt_raw='UNDELIV' receipt_error='034' \
            receipt_received_at=22 receipt_done_at=23 seal=-1466735195 moved=16776969 taken_at=9 written_at=16 \
            receipt_more='{\"v\":1,\"tlvs\":[[\"1401\",\"0007\"]],\"later\":[{\"status\":3,\"raw\":\"UNDELIV\",\
            \"error\":\"034\",\"at\":22,\"done\":23,\"date\":\"2601010000\",\"offset\":-3600,\"tlvs\":[[\"1401\",\"0007\"]]},{\"status\":1,\"raw\":\"ENROUTE\",\"at\":21}]}' \
            throttled=7 receipt_done_date='2601010000' receipt_offset=-3600";
        assert_eq!(kept(&TABLE, &write(&full, rhash), read), (row.to_owned(), full));
        let bare = Part::new(PartKey::new(Seq(2), 0), LaneId(3), Time(4));
        let row = "id=32 lane=3 phase=0 due=0 ends=4 spent=0 done_at=0 seal=1798808736";
        assert_eq!(kept(&TABLE, &write(&bare, None), read), (row.to_owned(), bare));
    }
}
