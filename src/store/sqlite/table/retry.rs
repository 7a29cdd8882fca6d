//! `retry`: events that endpoints have not taken. The key is the endpoint and the first of the events.

use crate::message::id::{EndpointId, Seq};
use crate::record::delivery::Undelivered;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "retry", columns: "id, events, about, tries, due, seal", key: "id", steps: &[(6, CREATE)] };

const CREATE: &str = "
CREATE TABLE retry (
    id INTEGER PRIMARY KEY, events BLOB NOT NULL, about BLOB NOT NULL, tries INTEGER NOT NULL, due INTEGER NOT NULL,
    seal INTEGER NOT NULL
) STRICT;
";

/// Bits of a key that are the number of an event: more than any store comes to.
const EVENT_BITS: u32 = 47;

/// The key of a row: the endpoint above the event.
pub(in crate::store::sqlite) const fn key(endpoint: EndpointId, first: u64) -> u64 {
    (endpoint.0 as u64) << EVENT_BITS | first
}

/// Above every key of an endpoint.
pub(in crate::store::sqlite) const fn end(endpoint: EndpointId) -> u64 {
    (endpoint.0 as u64 + 1) << EVENT_BITS
}

/// Events and messages of a row: 8 octets each.
pub(in crate::store::sqlite) fn octets(retry: &Undelivered) -> (Vec<u8>, Vec<u8>) {
    let octets = |numbers: &mut dyn Iterator<Item = u64>| numbers.flat_map(u64::to_be_bytes).collect();
    (octets(&mut retry.events.iter().copied()), octets(&mut retry.about.iter().map(|it| it.0)))
}

/// The octets are [`octets`] of it.
pub(in crate::store::sqlite) fn write<'a>(
    retry: &Undelivered,
    (events, about): &'a (Vec<u8>, Vec<u8>),
) -> RowWriter<'a> {
    let mut row = RowWriter::new();
    row.bits(key(retry.endpoint, retry.first()));
    row.blob(events);
    row.blob(about);
    row.int(retry.tries.into());
    row.time(retry.due);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Undelivered, Trouble> {
    let mut row = RowReader::new(row);
    let key = row.bits();
    let events: Vec<u64> = numbers(&mut row);
    let about = numbers(&mut row).into_iter().map(Seq).collect();
    let endpoint = EndpointId(u16::try_from(key >> EVENT_BITS).unwrap_or_default());
    row.must(!events.is_empty() && key < end(EndpointId(u16::MAX)));
    let retry = Undelivered { endpoint, events, about, tries: row.small(), due: row.time() };
    row.sealed(TABLE.name, key, retry)
}

fn numbers(row: &mut RowReader<'_>) -> Vec<u64> {
    let (numbers, rest) = row.blob().as_chunks::<8>();
    row.must(rest.is_empty());
    numbers.iter().map(|it| u64::from_be_bytes(*it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_row_is_kept() {
        let full = Undelivered {
            endpoint: EndpointId(2),
            events: vec![3, 900],
            about: vec![Seq(4), Seq(5), Seq(6)],
            tries: 7,
            due: Time(8),
        };
        let octets = octets(&full);
        let (cells, read_back) = kept(&TABLE, &write(&full, &octets), read);
        let events = "events=x00000000000000030000000000000384";
        let about = "about=x000000000000000400000000000000050000000000000006";
        assert_eq!(cells, format!("id={} {events} {about} tries=7 due=8 seal=909666375", (2_u64 << 47) + 3));
        assert_eq!(read_back, full);
        let bare = Undelivered { about: Vec::new(), events: vec![3], tries: 0, due: Time::NEVER, ..full };
        assert_eq!(kept(&TABLE, &write(&bare, &super::octets(&bare)), read).1, bare);
    }
}
