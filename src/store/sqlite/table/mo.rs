//! `mo`: parts of messages from handsets that wait for the others. The key is a number of their own, in the order of
//! arrival.

use crate::carrier::mo::{Fingerprint, Mo, PartRef, ReferenceKind};
use crate::message::id::CarrierId;
use crate::record::mo::MoPart;
use crate::smpp::tlv::Tlvs;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "mo",
    columns: "number, carrier, source, destination, data_coding, udhi, octets, kind, reference, total, part, fingerprint, at, \
        source_ton, tlvs, seal",
    key: "number",
    steps: &[(2, CREATE), (4, CAME_WITH)],
};

const CREATE: &str = "
CREATE TABLE mo (
    number INTEGER PRIMARY KEY, carrier INTEGER NOT NULL, source TEXT NOT NULL, destination TEXT NOT NULL,
    data_coding INTEGER NOT NULL, udhi INTEGER NOT NULL, octets BLOB NOT NULL, kind INTEGER NOT NULL,
    reference INTEGER NOT NULL, total INTEGER NOT NULL, part INTEGER NOT NULL, fingerprint BLOB NOT NULL,
    at INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
";

/// Of what type the sender of a part is, and what came with it.
const CAME_WITH: &str = "ALTER TABLE mo ADD COLUMN source_ton INTEGER; ALTER TABLE mo ADD COLUMN tlvs BLOB;";

/// The part has a place.
pub(in crate::store::sqlite) fn write(part: &MoPart) -> RowWriter<'_> {
    let (mo, mut row) = (&part.mo, RowWriter::new());
    row.bits(part.number);
    row.int(part.carrier.0.into());
    row.text(&mo.source);
    row.text(&mo.destination);
    row.int(mo.data_coding.into());
    row.int(mo.udhi.into());
    row.blob(&mo.octets);
    row.maybe(mo.concat.map(|it| it.kind.number().into()));
    row.maybe(mo.concat.map(|it| it.reference.into()));
    row.maybe(mo.concat.map(|it| it.total.into()));
    row.maybe(mo.concat.map(|it| it.index.into()));
    row.blob(&mo.fingerprint.0);
    row.time(part.at);
    row.later(Some(mo.source_ton.into()).filter(|it| *it != 0));
    row.later_blob(mo.tlvs.wire());
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<MoPart, Trouble> {
    let mut row = RowReader::new(row);
    let (number, carrier) = (row.bits(), CarrierId(row.small()));
    let mut mo = Mo {
        source: row.text(),
        destination: row.text(),
        data_coding: row.small(),
        udhi: row.small::<u8>() != 0,
        octets: row.blob().into(),
        concat: Some(PartRef {
            kind: row.code(ReferenceKind::Udh8, ReferenceKind::from_number),
            reference: row.small(),
            total: row.small(),
            index: row.small(),
        }),
        fingerprint: Fingerprint(row.octets()),
        ..Mo::default()
    };
    let at = row.time();
    mo.source_ton = row.later().and_then(|it| u8::try_from(it).ok()).unwrap_or_default();
    mo.tlvs = if row.is_of_before() { Tlvs::default() } else { Tlvs::of_wire(row.blob()) };
    row.sealed(TABLE.name, number, MoPart { number, carrier, mo, at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_part_from_a_handset_is_kept() {
        let mo = Mo {
            source: "+31612345678".into(),
            source_ton: 2,
            destination: "SHOP".into(),
            data_coding: 3,
            udhi: true,
            octets: b"\x00\xFF"[..].into(),
            tlvs: Tlvs::of_wire(&[0x14, 1, 0, 1, 4]),
            concat: Some(PartRef { kind: ReferenceKind::Sar, reference: 5, total: 6, index: 7 }),
            fingerprint: Fingerprint(std::array::from_fn(|it| it as u8)),
        };
        let full = MoPart { number: 8, carrier: CarrierId(9), mo, at: Time(10) };
        let row = "number=8 carrier=9 source='+31612345678' destination='SHOP' data_coding=3 udhi=1 octets=x00ff \
            kind=2 reference=5 total=6 part=7 fingerprint=x000102030405060708090a0b0c0d0e0f at=10 \
            seal=777511665 source_ton=2 tlvs=x1401000104";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full.clone()));
        let mo = Mo { source_ton: 0, udhi: false, tlvs: Tlvs::default(), ..full.mo };
        let bare = MoPart { mo, ..full };
        let row = "number=8 carrier=9 source='+31612345678' destination='SHOP' data_coding=3 udhi=0 octets=x00ff \
            kind=2 reference=5 total=6 part=7 fingerprint=x000102030405060708090a0b0c0d0e0f at=10 \
            seal=1017538016";
        assert_eq!(kept(&TABLE, &write(&bare), read), (row.to_owned(), bare));
    }
}
