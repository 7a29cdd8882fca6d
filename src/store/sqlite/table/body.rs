//! `body`: what was asked for one recipient; a row is written once, and again only when its text is erased or its time
//! moves. The key is the seq of the message, its place in the order of acceptance.

use crate::message::body::Body;
use crate::message::class::Class;
use crate::message::id::{AccountId, MessageId, OrderId, RouteId, Seq};
use crate::message::money::Money;
use crate::message::source::{Source, SourceKind};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::{Table, manner};
use crate::text::content::Requested;
use rusqlite::Row;
use std::sync::Arc;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "body",
    columns: "seq, token, order_id, account, route, class, source_kind, source, destination, text, requested, parts, \
        client_ref, created, expires, price, manner, charged, send_at, seal",
    key: "seq",
    steps: &[(1, CREATE), (2, MANNER), (3, CALENDAR)],
};

const CREATE: &str = "
CREATE TABLE body (
    seq INTEGER PRIMARY KEY, token INTEGER NOT NULL, order_id INTEGER NOT NULL, account INTEGER NOT NULL,
    route INTEGER NOT NULL, class INTEGER NOT NULL, source_kind INTEGER NOT NULL, source TEXT NOT NULL,
    destination INTEGER NOT NULL, text TEXT NOT NULL, requested INTEGER NOT NULL, parts INTEGER NOT NULL,
    client_ref TEXT, created INTEGER NOT NULL, expires INTEGER NOT NULL, price INTEGER, seal INTEGER NOT NULL
) STRICT;
";

/// How a message goes that is more than a plain text, as JSON; NULL for most.
const MANNER: &str = "ALTER TABLE body ADD COLUMN manner TEXT;";

/// Whether the price was taken from a balance, and when the message is to go; NULL for no and for at once.
const CALENDAR: &str = "ALTER TABLE body ADD COLUMN charged INTEGER; ALTER TABLE body ADD COLUMN send_at INTEGER;";

pub(in crate::store::sqlite) fn write(body: &Body) -> RowWriter<'_> {
    let mut row = RowWriter::new();
    row.bits(body.id.seq.0);
    row.bits(body.id.token);
    row.bits(body.order.number_in_records());
    row.int(body.account.0.into());
    row.int(body.route.0.into());
    row.int(body.class.number().into());
    row.int(body.source.kind().number().into());
    row.text(body.source.octets());
    row.bits(body.destination.0);
    row.text(&body.text);
    row.int(body.requested.number().into());
    row.int(body.parts.into());
    row.maybe_text(body.client_ref.as_deref());
    row.time(body.created);
    row.time(body.expires);
    row.maybe(body.price.map(|it| it.0));
    row.later_made(body.extras.as_deref().map(manner::to_cell));
    row.later(body.charged.then_some(1));
    row.later(body.send_at.map(|it| it.0));
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<Body, Trouble> {
    let mut row = RowReader::new(row);
    let seq = Seq(row.bits());
    let mut body = Body {
        id: MessageId { seq, token: row.bits() },
        order: OrderId::from_record(row.bits()),
        account: AccountId(row.small()),
        route: RouteId(row.small()),
        class: row.code(Class::Otp, Class::from_number),
        source: Source::of(row.code(SourceKind::Unset, SourceKind::from_number), row.text()),
        destination: E164(row.bits()),
        text: row.text(),
        requested: row.code(Requested::Auto, Requested::from_number),
        parts: row.small(),
        client_ref: row.maybe_text().map(Into::into),
        created: row.time(),
        send_at: None,
        expires: row.time(),
        price: row.maybe(|it| Some(Money(it))),
        extras: None,
        charged: false,
    };
    if let Some(cell) = row.later_text() {
        body.extras = manner::of_cell(cell).map(Arc::new);
        row.must(body.extras.is_some());
    }
    body.charged = row.later().is_some();
    body.send_at = row.later().map(Time);
    row.sealed(TABLE.name, seq.0, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::extras::Extras;
    use crate::store::sqlite::table::tests::kept;

    fn bare() -> Body {
        Body {
            id: MessageId { seq: Seq(2), token: 0 },
            order: OrderId::from_record(3),
            account: AccountId(4),
            route: RouteId(5),
            class: Class::Otp,
            source: Source::Unset,
            destination: E164(6),
            text: "".into(),
            requested: Requested::Auto,
            extras: None,
            parts: 1,
            client_ref: None,
            created: Time(7),
            send_at: None,
            expires: Time(8),
            price: None,
            charged: false,
        }
    }

    #[test]
    fn every_field_of_a_body_is_kept() {
        let full = Body {
            id: MessageId { seq: Seq(2), token: u64::MAX },
            class: Class::Marketing,
            source: Source::Alphanumeric("SHOP".into()),
            text: "λ \0".into(),
            requested: Requested::Transliterated,
            extras: Some(Arc::new(Extras { payload: true, ..Extras::default() })),
            parts: 9,
            client_ref: Some("ref".into()),
            send_at: Some(Time(10)),
            price: Some(Money(-11)),
            charged: true,
            ..bare()
        };
        let row = "seq=2 token=-1 order_id=3 account=4 route=5 class=2 source_kind=3 source='SHOP' destination=6 \
            text='λ \0' requested=4 parts=9 client_ref='ref' created=7 expires=8 price=-11 seal=1450705836 \
            manner='{\"v\":1,\"payload\":true}' charged=1 send_at=10";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full));
        let row = "seq=2 token=0 order_id=3 account=4 route=5 class=0 source_kind=0 source='' destination=6 text='' \
            requested=0 parts=1 created=7 expires=8 seal=-1244453050";
        assert_eq!(kept(&TABLE, &write(&bare()), read), (row.to_owned(), bare()));
    }

    #[test]
    fn a_sender_of_every_kind_is_kept() {
        for text in ["31612345678", "12345", "SHOP"] {
            let body = Body { source: Source::parse(text).expect("a sender"), ..bare() };
            assert_eq!(kept(&TABLE, &write(&body), read).1, body);
        }
    }
}
