//! Endpoints that stand in no configuration: made, given up, and read at the start.

use crate::message::id::EndpointId;
use crate::message::time::Time;
use crate::record::contract::{NameKind, Poisoned};
use crate::record::delivery::EndpointMark;
use crate::record::made_endpoint::MadeEndpoint;
use crate::store::sqlite::fault::Trouble;
use crate::store::sqlite::table::{endpoint, made, name, retry};
use crate::store::sqlite::{Sqlite, reader, writer};
use rusqlite::{Connection, OptionalExtension};
use std::time::Duration;

/// How long the number of an endpoint that has gone is nobody's: what calls of it that were under way say last comes
/// within that.
pub const NUMBER_RESTS: Duration = Duration::from_secs(60);

impl Sqlite {
    /// All of them, those included that have gone and whose numbers rest.
    pub fn made_endpoints(&mut self) -> Result<Vec<MadeEndpoint>, Poisoned> {
        self.asked("reading the endpoints that accounts made", |conn| {
            reader::all(&mut conn.prepare_cached(&made::TABLE.select("ORDER BY id"))?, [], made::read)
        })
    }

    /// Keeps a new one, whose number is given here. It is told from the end of the log on.
    pub fn make_endpoint(&mut self, mut new: MadeEndpoint) -> Result<MadeEndpoint, Poisoned> {
        self.guarded("keeping an endpoint", |it| {
            let frame = it.writer.unchecked_transaction()?;
            let rested = Time(new.at.0.saturating_sub(NUMBER_RESTS.as_millis() as u64));
            new.id = match rested_number(&frame, rested)? {
                Some(number) => number,
                None => EndpointId(name::intern(&frame, NameKind::Endpoint, &format!("made {}", new.name()))?),
            };
            // Nothing is left of who had the number before.
            frame.execute(
                "DELETE FROM retry WHERE id >= ?1 AND id < ?2",
                [retry::key(new.id, 0).cast_signed(), retry::end(new.id).cast_signed()],
            )?;
            let end = reader::marks(&frame)?.next_event.saturating_sub(1);
            let mark = EndpointMark::new(new.id, new.account, end);
            writer::each(
                &frame,
                &endpoint::TABLE.insert("INSERT OR REPLACE", 1),
                [endpoint::write(&mark)].into_iter(),
            )?;
            writer::each(&frame, &made::TABLE.insert("INSERT OR REPLACE", 1), [made::write(&new)].into_iter())?;
            frame.commit()?;
            Ok(new)
        })
    }

    /// Keeps that one has gone, which says since when.
    pub fn give_up_endpoint(&mut self, gone: &MadeEndpoint) -> Result<(), Poisoned> {
        self.guarded("giving up an endpoint", |it| {
            let frame = it.writer.unchecked_transaction()?;
            writer::each(&frame, &made::TABLE.insert("INSERT OR REPLACE", 1), [made::write(gone)].into_iter())?;
            Ok(frame.commit()?)
        })
    }
}

/// The number of one that went before this.
fn rested_number(conn: &Connection, before: Time) -> Result<Option<EndpointId>, Trouble> {
    let words = "SELECT id FROM made WHERE gone_at > 0 AND gone_at <= ?1 ORDER BY gone_at LIMIT 1";
    let found = conn.query_row(words, [before.0.cast_signed()], |row| row.get(0)).optional()?;
    Ok(found.map(EndpointId))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::id::{AccountId, Seq};
    use crate::record::batch::Batch;
    use crate::record::contract::Store;
    use crate::record::delivery::{Progress, Undelivered};
    use crate::store::sqlite::Durability;

    fn endpoint(key: u64, at: u64) -> MadeEndpoint {
        let url = "https://a.example:443".into();
        let (account, gone_at) = (AccountId(1), Time::NEVER);
        MadeEndpoint { id: EndpointId(0), account, key, url, terms: None, at: Time(at), gone_at }
    }

    #[test]
    fn a_number_rests_before_it_is_given_again_and_nothing_is_left_of_who_had_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = Sqlite::open(directory.path(), Durability::Os).expect("it opens");
        store.intern(NameKind::Endpoint, "shop https://configured.example").expect("a number");
        let first = store.make_endpoint(endpoint(1, 1_000)).expect("it is kept");
        assert_eq!(first.id, EndpointId(2), "beside those of the configuration");
        let row = Undelivered { endpoint: first.id, events: vec![7], about: vec![Seq(1)], tries: 1, due: Time(9) };
        let marks = vec![EndpointMark { failing_since: Time(5), ..EndpointMark::new(first.id, AccountId(1), 7) }];
        let told = Progress { marks, retries: vec![row], ..Progress::default() };
        store.commit(&Batch { told, ..Batch::default() }).expect("it is written");
        store.give_up_endpoint(&MadeEndpoint { gone_at: Time(2_000), ..first.clone() }).expect("it is kept");
        let second = store.make_endpoint(endpoint(2, 61_999)).expect("it is kept");
        assert_eq!(second.id, EndpointId(3));
        let third = store.make_endpoint(endpoint(3, 62_000)).expect("it is kept");
        assert_eq!(third.id, first.id);
        let (mark, rows) = store.readers().endpoint(third.id, AccountId(1)).expect("an answer");
        assert_eq!((mark.told_to, mark.failing_since, rows), (0, Time::NEVER, Vec::new()));
        drop(store);
        let mut store = Sqlite::open(directory.path(), Durability::Os).expect("it opens");
        assert_eq!(store.made_endpoints().expect("an answer"), [third, second]);
    }
}
