//! `to_forget`: whom the gateway is to forget, until nothing of him is left. The key is the number; rows
//! are numbered beside it, for keys of rows outlive them in the inner pages of a table.

use crate::message::id::Seq;
use crate::number::e164::E164;
use crate::record::to_forget::ToForget;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "to_forget", columns: "number, below, at, seal", key: "number", steps: &[(10, CREATE)] };

const CREATE: &str = "
CREATE TABLE to_forget (
    n INTEGER PRIMARY KEY, number INTEGER NOT NULL, below INTEGER NOT NULL, at INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
";

pub(in crate::store::sqlite) fn write(it: &ToForget) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(it.number.0);
    row.bits(it.below.0);
    row.time(it.at);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<ToForget, Trouble> {
    let mut row = RowReader::new(row);
    let it = ToForget { number: E164(row.bits()), below: Seq(row.bits()), at: row.time() };
    row.sealed(TABLE.name, it.number.0, it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_whom_to_forget_is_kept() {
        let it = ToForget { number: E164(31_612_345_678), below: Seq(3), at: Time(4) };
        let row = "n=1 number=31612345678 below=3 at=4 seal=471374285";
        assert_eq!(kept(&TABLE, &write(&it), read), (row.to_owned(), it));
    }
}
