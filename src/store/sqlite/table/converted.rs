//! `converted`: how many verifications of an app ended well in a country. The key is the app above the 16 bits of the
//! letters.

use crate::message::id::AppId;
use crate::record::verification::Converted;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table =
    Table { name: "converted", columns: "place, count, seal", key: "place", steps: &[(11, CREATE)] };

const CREATE: &str =
    "CREATE TABLE converted (place INTEGER PRIMARY KEY, count INTEGER NOT NULL, seal INTEGER NOT NULL) STRICT;";

pub(in crate::store::sqlite) fn write(it: &Converted) -> RowWriter<'static> {
    let mut row = RowWriter::new();
    row.int(i64::from(it.app.0) << 16 | i64::from(u16::from_be_bytes(it.country)));
    row.int(it.count.into());
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Converted, Trouble> {
    let mut row = RowReader::new(row);
    let place = row.bits();
    let app = u16::try_from(place >> 16).ok();
    row.must(app.is_some());
    let (app, country) = (AppId(app.unwrap_or_default()), (place as u16).to_be_bytes());
    let it = Converted { app, country, count: row.small() };
    row.sealed(TABLE.name, place, it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_conversion_is_kept() {
        let full = Converted { app: AppId(3), country: *b"NL", count: 4 };
        assert_eq!(kept(&TABLE, &write(&full), read), ("place=216652 count=4 seal=-81123858".to_owned(), full));
        let bare = Converted { app: AppId(u16::MAX), country: [0; 2], count: u32::MAX };
        assert_eq!(kept(&TABLE, &write(&bare), read).1, bare);
    }
}
