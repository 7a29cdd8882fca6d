//! `made`: endpoints that stand in no configuration. The key is the endpoint; a row whose endpoint has gone waits for
//! another that takes its number.

use crate::message::id::{AccountId, EndpointId};
use crate::record::event::EventKinds;
use crate::record::made_endpoint::{EndpointTerms, MadeEndpoint};
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::row_reader::RowReader;
use crate::store::sqlite::row_writer::RowWriter;
use crate::store::sqlite::table::Table;
use rusqlite::Row;

pub(in crate::store::sqlite) const TABLE: Table = Table {
    name: "made",
    columns: "id, account, key, url, secret, kinds, thin, batch, in_flight, at, gone_at, seal",
    key: "id",
    steps: &[(7, CREATE)],
};

/// Of a callback `secret` is NULL, and what follows it 0.
const CREATE: &str = "
CREATE TABLE made (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL, key INTEGER NOT NULL, url TEXT NOT NULL, secret TEXT,
    kinds INTEGER NOT NULL, thin INTEGER NOT NULL, batch INTEGER NOT NULL, in_flight INTEGER NOT NULL,
    at INTEGER NOT NULL, gone_at INTEGER NOT NULL, seal INTEGER NOT NULL
) STRICT;
";

pub(in crate::store::sqlite) fn write(it: &MadeEndpoint) -> RowWriter<'_> {
    let terms = it.terms.as_ref();
    let number = |of: fn(&EndpointTerms) -> u32| terms.map_or(0, |it| i64::from(of(it)));
    let mut row = RowWriter::new();
    row.int(it.id.0.into());
    row.int(it.account.0.into());
    row.bits(it.key);
    row.text(&it.url);
    row.maybe_text(terms.map(|it| &*it.secret));
    row.int(number(|it| it.kinds.bits()));
    row.int(number(|it| it.is_thin.into()));
    row.int(number(|it| it.batch.into()));
    row.int(number(|it| it.in_flight.into()));
    row.time(it.at);
    row.time(it.gone_at);
    row.sealed()
}

pub(in crate::store::sqlite) fn read(row: &Row<'_>) -> Result<MadeEndpoint, Trouble> {
    let mut row = RowReader::new(row);
    let id = EndpointId(row.small());
    let (account, key, url) = (AccountId(row.small()), row.bits(), row.text());
    let secret = row.maybe_text();
    let (kinds, is_thin) = (EventKinds::from_bits(row.small()), row.int() != 0);
    let (batch, in_flight) = (row.small(), row.small());
    let terms = secret.map(|it| EndpointTerms { secret: it.into(), kinds, is_thin, batch, in_flight });
    let it = MadeEndpoint { id, account, key, url, terms, at: row.time(), gone_at: row.time() };
    row.sealed(TABLE.name, id.0.into(), it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::time::Time;
    use crate::record::event::EventKind;
    use crate::store::sqlite::table::tests::kept;

    #[test]
    fn every_field_of_a_made_endpoint_is_kept() {
        let kinds = EventKinds::default().with(EventKind::MessageDelivered);
        let terms = EndpointTerms { secret: "whsec_λ".into(), kinds, is_thin: true, batch: 5, in_flight: 6 };
        let full = MadeEndpoint {
            id: EndpointId(2),
            account: AccountId(3),
            key: u64::MAX,
            url: "https://a.example/b".into(),
            terms: Some(terms),
            at: Time(7),
            gone_at: Time(8),
        };
        let row = "id=2 account=3 key=-1 url='https://a.example/b' secret='whsec_λ' kinds=8 thin=1 batch=5 in_flight=6 \
            at=7 gone_at=8 seal=1183531212";
        assert_eq!(kept(&TABLE, &write(&full), read), (row.to_owned(), full.clone()));
        let callback = MadeEndpoint { terms: None, gone_at: Time::NEVER, ..full };
        assert_eq!(kept(&TABLE, &write(&callback), read).1, callback);
    }
}
