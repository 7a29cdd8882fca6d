//! `mo_seen`: messages from handsets that are known when they come again. The key is the number that each had when it
//! came.

use crate::carrier::mo::Fingerprint;
use crate::message::id::CarrierId;
use crate::record::mo::MoSeen;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "mo_seen", columns: "number, carrier, fingerprint, at, seal", key: "number", steps: &[(2, CREATE)] };

const CREATE: &str = "
CREATE TABLE mo_seen (
    number INTEGER PRIMARY KEY, carrier INTEGER NOT NULL, fingerprint BLOB NOT NULL, at INTEGER NOT NULL,
    seal INTEGER NOT NULL
) STRICT;
";

pub(in crate::store::sqlite) fn write(seen: &MoSeen) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(seen.number);
    row.int(seen.carrier.0.into());
    row.blob(&seen.fingerprint.0);
    row.time(seen.at);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<MoSeen, Trouble> {
    let mut row = RowReader::new(row);
    let (number, carrier) = (row.bits(), CarrierId(row.small()));
    let seen = MoSeen { number, carrier, fingerprint: Fingerprint(row.octets()), at: row.time() };
    row.sealed(TABLE.name, number, seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_what_was_seen_is_kept() {
        let fingerprint = Fingerprint(std::array::from_fn(|it| it as u8));
        let seen = MoSeen { number: 2, carrier: CarrierId(3), fingerprint, at: Time(4) };
        let row = "number=2 carrier=3 fingerprint=x000102030405060708090a0b0c0d0e0f at=4 seal=-561343382";
        assert_eq!(kept(&TABLE, &write(&seen), read), (row.to_owned(), seen));
    }
}
