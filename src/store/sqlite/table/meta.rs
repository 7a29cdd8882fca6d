//! `meta`: the counters and marks, in its only row.

use crate::message::era::{Ahead, Eras};
use crate::message::id::{CarrierId, Seq};
use crate::message::time::Time;
use crate::record::batch::Marks;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "meta",
    columns: "next_seq, next_order, next_parked, time, awaiting, next_event, next_ledger, held_below, eras, seal",
    key: "one",
    steps: &[(1, CREATE), (2, EVENTS), (3, LEDGER), (4, HELD), (5, ERAS)],
};

const CREATE: &str = "
CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1), next_seq INTEGER NOT NULL, next_order INTEGER NOT NULL,
    next_parked INTEGER NOT NULL, time INTEGER NOT NULL, awaiting BLOB NOT NULL, seal INTEGER NOT NULL
) STRICT;
";

const EVENTS: &str = "ALTER TABLE meta ADD COLUMN next_event INTEGER;";
const LEDGER: &str = "ALTER TABLE meta ADD COLUMN next_ledger INTEGER;";
/// What a store that was restored holds; NULL for nothing.
const HELD: &str = "ALTER TABLE meta ADD COLUMN held_below INTEGER;";
/// How far logical time was ahead of the wall, from when on; NULL for never.
const ERAS: &str = "ALTER TABLE meta ADD COLUMN eras BLOB;";

/// What writes the row, whether it is there or not.
pub(in crate::store::sqlite) fn replace() -> String {
    format!("INSERT OR REPLACE INTO meta (one, {}) VALUES (1, {})", TABLE.columns, TABLE.places(0))
}

/// `awaiting` and `eras` are [`awaiting_octets`] and [`eras_octets`] of the marks.
pub(in crate::store::sqlite) fn write<'a>(marks: &Marks, (awaiting, eras): (&'a [u8], &'a [u8])) -> RowWriter<'a> {
    let mut row = RowWriter::new();
    row.bits(marks.next_seq);
    row.bits(marks.next_order);
    row.bits(marks.next_parked);
    row.time(marks.time);
    row.blob(awaiting);
    row.bits(marks.next_event);
    row.bits(marks.next_ledger);
    row.later((marks.held_below != Seq(0)).then_some(marks.held_below.0));
    row.later_blob(eras);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Marks, Trouble> {
    let mut row = RowReader::new(row);
    let (next_seq, next_order, next_parked) = (row.bits(), row.bits(), row.bits());
    let time = row.time();
    let (pairs, rest) = row.blob().as_chunks::<10>();
    row.must(rest.is_empty());
    let awaiting = pairs
        .iter()
        .map(|[high, low, count @ ..]| (CarrierId(u16::from_be_bytes([*high, *low])), u64::from_be_bytes(*count)))
        .collect();
    let next_event = row.later().unwrap_or(1);
    let next_ledger = row.later().unwrap_or(1);
    let held_below = Seq(row.later().unwrap_or(0));
    let (pairs, rest) = row.later_blob().as_chunks::<16>();
    row.must(rest.is_empty());
    let word = |octets: &[u8]| octets.iter().fold(0, |sum: u64, it| (sum << 8) | u64::from(*it));
    let eras = pairs.iter().map(|it| (Time(word(&it[..8])), Ahead(word(&it[8..]).cast_signed()))).collect();
    let eras = Eras::of(eras);
    let marks = Marks { next_seq, next_order, next_parked, next_event, next_ledger, time, awaiting, held_below, eras };
    row.sealed(TABLE.name, 1, marks)
}

/// The waiting parts of the carriers: 2 octets of carrier and 8 of count each.
pub(in crate::store::sqlite) fn awaiting_octets(awaiting: &[(CarrierId, u64)]) -> Vec<u8> {
    awaiting
        .iter()
        .flat_map(|(carrier, count)| carrier.0.to_be_bytes().into_iter().chain(count.to_be_bytes()))
        .collect()
}

/// Eras: each as the time when it began and how far ahead it is, in eight octets, the highest first.
pub(in crate::store::sqlite) fn eras_octets(eras: &Eras) -> Vec<u8> {
    eras.all().iter().flat_map(|(from, ahead)| from.0.to_be_bytes().into_iter().chain(ahead.0.to_be_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::table::tests::kept_by;

    fn kept(marks: &Marks) -> (String, Marks) {
        let octets = (awaiting_octets(&marks.awaiting), eras_octets(&marks.eras));
        kept_by(&replace(), &TABLE, &write(marks, (&octets.0, &octets.1)), read)
    }

    #[test]
    fn every_mark_is_kept() {
        let full = Marks {
            next_seq: 2,
            next_order: 3,
            next_parked: 4,
            next_event: 5,
            next_ledger: 6,
            time: Time(7),
            awaiting: vec![(CarrierId(8), 9), (CarrierId(65_535), u64::MAX)],
            held_below: Seq(10),
            eras: Eras::of(vec![(Time(11), Ahead(-12)), (Time(13), Ahead(14))]),
        };
        let row = "one=1 next_seq=2 next_order=3 next_parked=4 time=7 \
            awaiting=x00080000000000000009ffffffffffffffffffff seal=2023504621 next_event=5 next_ledger=6 \
            held_below=10 eras=x000000000000000bfffffffffffffff4000000000000000d000000000000000e";
        assert_eq!(kept(&full), (row.to_owned(), full));
        let row = "one=1 next_seq=1 next_order=1 next_parked=1 time=0 awaiting=x seal=267430422 next_event=1 \
            next_ledger=1";
        assert_eq!(kept(&Marks::first()), (row.to_owned(), Marks::first()));
    }
}
