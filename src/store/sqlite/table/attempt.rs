//! `attempt`: tries of parts that later ones superseded. The key is that of the part with the number of the try; the
//! latest try has the same columns in the row of its part.

use crate::message::attempt::{Answer, Attempt, CarrierMessageId, Cause};
use crate::message::id::{CarrierId, LinkId, PartKey};
use crate::message::money::Money;
use crate::message::time::Time;
use crate::record::entry::PastAttempt;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::{Table, receipt};
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "attempt",
    columns: "id, number, carrier, bind, cause, intended_at, answered_at, answer, \
        command_status, carrier_message_id, rhash, cost, receipt_status, receipt_raw, receipt_error, \
        receipt_received_at, receipt_done_at, written_at, receipt_more, receipt_done_date, receipt_offset, seal",
    key: "id",
    steps: &[(1, CREATE), (4, WRITTEN), (9, DATED)],
};

const CREATE: &str = "
CREATE TABLE attempt (
    id INTEGER NOT NULL, number INTEGER NOT NULL, carrier INTEGER NOT NULL, bind INTEGER NOT NULL,
    cause INTEGER NOT NULL, intended_at INTEGER NOT NULL, answered_at INTEGER NOT NULL, answer INTEGER,
    command_status INTEGER, carrier_message_id TEXT, rhash INTEGER, cost INTEGER, receipt_status INTEGER,
    receipt_raw TEXT, receipt_error TEXT, receipt_received_at INTEGER, receipt_done_at INTEGER,
    seal INTEGER NOT NULL, PRIMARY KEY (id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_by_carrier_id ON attempt (rhash) WHERE rhash IS NOT NULL;
";

/// When it was written, NULL while nobody knows; what its receipt says beyond its columns.
const WRITTEN: &str = "
ALTER TABLE attempt ADD COLUMN written_at INTEGER; ALTER TABLE attempt ADD COLUMN receipt_more TEXT;
";

/// When the carrier says that it happened, in its own words, and by which offset that was read.
const DATED: &str = "
ALTER TABLE attempt ADD COLUMN receipt_done_date TEXT; ALTER TABLE attempt ADD COLUMN receipt_offset INTEGER;
";

/// How many cells an attempt has, from its number to its receipt.
pub(super) const CELLS: usize = 16;

pub(in crate::store::sqlite) fn write(past: &PastAttempt) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(past.key.0);
    write_cells(&mut row, &past.attempt, past.attempt.rhash());
    row.later(past.attempt.written_at.known().map(|it| it.0));
    row.later_made(past.attempt.receipt.as_deref().and_then(receipt::to_more));
    receipt::write_date(&mut row, past.attempt.receipt.as_deref());
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<PastAttempt, Trouble> {
    let mut row = RowReader::new(row);
    let key = PartKey(row.bits());
    let mut attempt = read_cells(&mut row).ok_or(Trouble::Damaged(TABLE.name, key.0.cast_signed()))?;
    attempt.written_at = row.later().map_or(Time::NEVER, Time);
    receipt::read_more(&mut row, attempt.receipt.as_deref_mut());
    receipt::read_date(&mut row, attempt.receipt.as_deref_mut());
    row.sealed(TABLE.name, key.0, PastAttempt { key, attempt })
}

/// An attempt, from its number to its receipt; when it was written stands behind the columns of format 1.
pub(super) fn write_cells<'a>(row: &mut RowWriter<'a>, attempt: &'a Attempt, rhash: Option<u64>) {
    row.int(attempt.number.into());
    row.int(attempt.link.carrier.0.into());
    row.int(attempt.link.bind.into());
    row.int(attempt.cause.number().into());
    row.time(attempt.intended_at);
    row.time(attempt.answered_at);
    row.maybe(attempt.answer.map(|it| it.number().into()));
    row.maybe(attempt.command_status.map(i64::from));
    row.maybe_text(attempt.carrier_message_id.as_ref().map(CarrierMessageId::as_str));
    row.maybe_bits(rhash);
    row.maybe(attempt.cost.map(|it| it.0));
    receipt::write_cells(row, attempt.receipt.as_deref());
}

/// What [`write_cells`] has written; `None` where a part has none.
pub(super) fn read_cells(row: &mut RowReader<'_>) -> Option<Attempt> {
    let Some(number) = row.maybe(|it| u8::try_from(it).ok()) else {
        (1..CELLS).for_each(|_| row.pass());
        return None;
    };
    let carrier = CarrierId(row.small());
    let bind = row.small();
    Some(Attempt {
        number,
        link: LinkId { carrier, bind },
        cause: row.code(Cause::First, Cause::from_number),
        intended_at: row.time(),
        written_at: Time::NEVER,
        answered_at: row.time(),
        answer: row.maybe_code(Answer::from_number),
        command_status: row.maybe(|it| u32::try_from(it).ok()),
        carrier_message_id: {
            let id = row.maybe_text().and_then(CarrierMessageId::new);
            // The hash follows from the id.
            row.pass();
            id
        },
        cost: row.maybe(|it| Some(Money(it))),
        receipt: receipt::read_cells(row).map(Box::new),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::message::id::Seq;
    use crate::store::sqlite::table::tests::kept;

    pub(in crate::store::sqlite::table) fn full() -> Attempt {
        Attempt {
            number: 12,
            link: LinkId { carrier: CarrierId(13), bind: 14 },
            cause: Cause::Probe,
            intended_at: Time(15),
            written_at: Time(16),
            answered_at: Time(17),
            answer: Some(Answer::Elsewhere),
            command_status: Some(u32::MAX),
            carrier_message_id: CarrierMessageId::new("0A1b"),
            cost: Some(Money(-18)),
            receipt: Some(Box::new(receipt::tests::full())),
        }
    }

    #[test]
    fn every_field_of_an_attempt_is_kept() {
        let key = PartKey::new(Seq(2), 3);
        let past = PastAttempt { key, attempt: full() };
        let row = "id=35 number=12 carrier=13 bind=14 cause=9 intended_at=15 answered_at=17 answer=2 \
            command_status=4294967295 carrier_message_id='0A1b' rhash=-7123447056868543402 cost=-18 \
            receipt_status=3 receipt_raw='UNDELIV' receipt_error='034' receipt_received_at=22 \
            receipt_done_at=23 seal=1119426020 written_at=16 \
            receipt_more='{\"v\":1,\"tlvs\":[[\"1401\",\"0007\"]],\"later\":[{\"status\":3,\"raw\":\"UNDELIV\",\
            \"error\":\"034\",\"at\":22,\"done\":23,\"date\":\"2601010000\",\"offset\":-3600,\"tlvs\":[[\"1401\",\"0007\"]]},{\"status\":1,\"raw\":\"ENROUTE\",\"at\":21}]}' \
            receipt_done_date='2601010000' receipt_offset=-3600";
        assert_eq!(kept(&TABLE, &write(&past), read), (row.to_owned(), past));
        let link = LinkId { carrier: CarrierId(4), bind: 5 };
        let past = PastAttempt { key, attempt: Attempt::new(1, link, Cause::First, Time(6)) };
        let row = "id=35 number=1 carrier=4 bind=5 cause=0 intended_at=6 answered_at=0 seal=-1743032767";
        assert_eq!(kept(&TABLE, &write(&past), read), (row.to_owned(), past));
    }
}
