//! `learned`: how carriers write their ids, as their receipts have shown. The key is the carrier.

use crate::carrier::id::{Learned, Relation};
use crate::message::id::CarrierId;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "learned", columns: "carrier, relation, matches, seal", key: "carrier", steps: &[(2, CREATE)] };

const CREATE: &str = "
CREATE TABLE learned (
    carrier INTEGER PRIMARY KEY, relation INTEGER NOT NULL, matches INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
";

pub(in crate::store::sqlite) fn write((carrier, learned): &(CarrierId, Learned)) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.int(carrier.0.into());
    row.int(learned.relation.number().into());
    row.int(learned.matches.into());
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<(CarrierId, Learned), Trouble> {
    let mut row = RowReader::new(row);
    let carrier = CarrierId(row.small());
    let relation = row.code(Relation::Same, Relation::from_number);
    let learned = Learned { relation, matches: row.small() };
    row.sealed(TABLE.name, carrier.0.into(), (carrier, learned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_what_was_learned_is_kept() {
        let it = (CarrierId(2), Learned { relation: Relation::ReceiptHex, matches: 3 });
        let row = "carrier=2 relation=2 matches=3 seal=-636019439";
        assert_eq!(kept(&TABLE, &write(&it), read), (row.to_owned(), it));
    }
}
