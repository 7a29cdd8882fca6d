//! `parked`: receipts whose part is not known yet. The key is a number of their own.

use crate::message::attempt::CarrierMessageId;
use crate::message::id::CarrierId;
use crate::number::e164::E164;
use crate::record::parked::Parked;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::{Table, receipt};
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "parked",
    columns: "number, carrier, carrier_message_id, handset, sender, receipt_status, receipt_raw, \
        receipt_error, receipt_received_at, receipt_done_at, also, address, receipt_more, receipt_done_date, receipt_offset, seal",
    key: "number",
    steps: &[(1, CREATE), (2, ALSO), (4, ADDRESS), (9, DATED)],
};

const CREATE: &str = "
CREATE TABLE parked (
    number INTEGER PRIMARY KEY, carrier INTEGER NOT NULL, carrier_message_id TEXT NOT NULL, handset INTEGER,
    sender TEXT NOT NULL, receipt_status INTEGER NOT NULL, receipt_raw TEXT NOT NULL, receipt_error TEXT,
    receipt_received_at INTEGER NOT NULL, receipt_done_at INTEGER, seal INTEGER NOT NULL
) STRICT;
";

/// The other id that a receipt names; NULL for most.
const ALSO: &str = "ALTER TABLE parked ADD COLUMN also TEXT;";

/// What stands in the handset's place where it is no number, and what the receipt says beyond its columns.
const ADDRESS: &str = "ALTER TABLE parked ADD COLUMN address TEXT; ALTER TABLE parked ADD COLUMN receipt_more TEXT;";

/// When the carrier says that it happened, in its own words, and by which offset that was read.
const DATED: &str = "
ALTER TABLE parked ADD COLUMN receipt_done_date TEXT; ALTER TABLE parked ADD COLUMN receipt_offset INTEGER;
";

pub(in crate::store::sqlite) fn write(parked: &Parked) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(parked.number);
    row.int(parked.carrier.0.into());
    row.text(parked.carrier_message_id.as_str());
    row.maybe_bits(parked.handset.map(|it| it.0));
    row.text(&parked.sender);
    receipt::write_cells(&mut row, Some(&parked.receipt));
    row.later_text(parked.also.as_ref().map(CarrierMessageId::as_str));
    row.later_text(parked.address.as_deref());
    row.later_made(receipt::to_more(&parked.receipt));
    receipt::write_date(&mut row, Some(&parked.receipt));
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Parked, Trouble> {
    let mut row = RowReader::new(row);
    let number = row.bits();
    let damaged = || Trouble::Damaged(TABLE.name, number.cast_signed());
    let mut parked = Parked {
        number,
        carrier: CarrierId(row.small()),
        carrier_message_id: row.maybe_text().and_then(CarrierMessageId::new).ok_or_else(damaged)?,
        handset: row.maybe_bits().map(E164),
        sender: row.text(),
        receipt: receipt::read_cells(&mut row).ok_or_else(damaged)?,
        also: row.later_text().and_then(CarrierMessageId::new),
        address: row.later_text().map(Into::into),
    };
    receipt::read_more(&mut row, Some(&mut parked.receipt));
    receipt::read_date(&mut row, Some(&mut parked.receipt));
    row.sealed(TABLE.name, number, parked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_parked_receipt_is_kept() {
        let full = Parked {
            number: 2,
            carrier: CarrierId(3),
            carrier_message_id: CarrierMessageId::new("0A1b").expect("an id"),
            also: CarrierMessageId::new("0A1b@smsc"),
            handset: Some(E164(4)),
            address: Some("31612***678".into()),
            sender: "SHOP".into(),
            receipt: receipt::tests::full(),
        };
        let row = "number=2 carrier=3 carrier_message_id='0A1b' handset=4 sender='SHOP' receipt_status=3 \
            receipt_raw='UNDELIV' receipt_error='034' receipt_received_at=22 receipt_done_at=23 \
            seal=1822616649 also='0A1b@smsc' address='31612***678' \
            receipt_more='{\"v\":1,\"tlvs\":[[\"1401\",\"0007\"]],\"later\":[{\"status\":3,\"raw\":\"UNDELIV\",\
            \"error\":\"034\",\"at\":22,\"done\":23,\"date\":\"2601010000\",\"offset\":-3600,\"tlvs\":[[\"1401\",\"0007\"]]},{\"status\":1,\"raw\":\"ENROUTE\",\"at\":21}]}' \
            receipt_done_date='2601010000' receipt_offset=-3600";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full.clone()));
        let bare = Parked { also: None, handset: None, address: None, receipt: receipt::tests::bare(), ..full };
        let row = "number=2 carrier=3 carrier_message_id='0A1b' sender='SHOP' receipt_status=1 receipt_raw='ENROUTE' \
            receipt_received_at=21 seal=-396559980";
        assert_eq!(kept(&TABLE, &write(&bare), read), (row.to_owned(), bare));
    }
}
