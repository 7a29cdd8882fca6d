//! Whom the gateway is to forget, and where he is still named.

use crate::carrier::whom::{CODE_MAX, NATIONAL_MIN};
use crate::message::id::Seq;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::contract::Poisoned;
use crate::record::event::Event;
use crate::record::event_forget::hex_digits;
use crate::record::suppression::Suppression;
use crate::record::to_forget::ToForget;
use crate::record::views::SuppressionQuery;
use crate::store::sqlite::fault::{Fault, Trouble};
use crate::store::sqlite::readers::Readers;
use crate::store::sqlite::table::{event, to_forget};
use crate::store::sqlite::{Sqlite, opt_out, reader, writer};
use rusqlite::Connection;

/// Events that are looked at in one read transaction: some milliseconds.
const LOOKED_AT: usize = 5_000;

impl Sqlite {
    /// All of them, longest asked first.
    pub fn to_forget(&mut self) -> Result<Vec<ToForget>, Poisoned> {
        self.asked("reading whom to forget", |conn| {
            reader::all(&mut conn.prepare_cached(&to_forget::TABLE.select("ORDER BY n"))?, [], to_forget::read)
        })
    }

    /// Keeps whom to forget, with all that was accepted until now; he is not kept yet.
    pub fn keep_to_forget(&mut self, number: E164) -> Result<ToForget, Poisoned> {
        self.guarded("keeping whom to forget", |it| {
            let asked = ToForget { number, below: Seq(it.marks.next_seq), at: it.marks.time.max(Time(1)) };
            let words = to_forget::TABLE.insert("INSERT", 1);
            writer::each(&it.writer, &words, std::iter::once(to_forget::write(&asked)))?;
            Ok(asked)
        })
    }

    /// Nothing is left of somebody, and nor is that he was to be forgotten.
    pub fn has_forgotten(&mut self, number: E164) -> Result<(), Poisoned> {
        self.guarded("forgetting that somebody was to be forgotten", |it| {
            let words = "DELETE FROM to_forget WHERE number = ?1";
            it.writer.prepare_cached(words)?.execute([number.0.cast_signed()])?;
            it.checkpointer.erased();
            Ok(())
        })
    }
}

/// Events after a number in the log that name somebody, and up to where they were looked at.
#[derive(Debug, Default)]
pub struct NamingEvents {
    /// Them, as they are stored.
    pub events: Vec<Event>,
    /// They were looked at up to here.
    pub looked_to: u64,
    /// Whether there are more behind it.
    pub more: bool,
}

impl Readers {
    /// The next events that name somebody and are of what is to be forgotten of him, each without him.
    pub fn events_naming(&self, asked: &ToForget, after: u64) -> Result<NamingEvents, Fault> {
        self.ask(|conn| reader::at_once(conn, || naming(conn, asked, after)))
    }

    /// The last event of the log, and the time of the last commit.
    pub fn log_end(&self) -> Result<(u64, Time), Fault> {
        let marks = self.ask(reader::marks)?;
        Ok((marks.next_event.saturating_sub(1), marks.time))
    }

    /// What keeps a number in peace, as it is stored.
    pub fn suppressions_of(&self, number: E164) -> Result<Vec<Suppression>, Fault> {
        let query = SuppressionQuery { account: None, number: Some(number), after: 0, limit: 0 };
        let page = self.ask(|conn| reader::at_once(conn, || opt_out::page(conn, &query)))?;
        Ok(page.into_iter().map(|it| it.1).collect())
    }
}

fn naming(conn: &Connection, asked: &ToForget, after: u64) -> Result<NamingEvents, Trouble> {
    // Most events name others, and are not read. A number may stand there as it is dialled in its country.
    let words = "SELECT n, instr(data, ?3) > 0 OR instr(target, ?3) > 0 OR instr(data, ?4) > 0
        FROM event WHERE n > ?1 ORDER BY n LIMIT ?2";
    let mut statement = conn.prepare_cached(words)?;
    let digits = asked.number.digits();
    let national = &digits[digits.len().saturating_sub(NATIONAL_MIN).min(CODE_MAX)..];
    let mut rows =
        statement.query((after.cast_signed(), LOOKED_AT.cast_signed(), national, hex_digits(asked.number)))?;
    let (mut found, mut looked_to, mut looked) = (Vec::new(), after, 0);
    while let Some(row) = rows.next()? {
        let n: i64 = row.get(0)?;
        (looked_to, looked) = (n.cast_unsigned(), looked + 1);
        if row.get::<_, Option<bool>>(1)?.unwrap_or(false) {
            found.push(n);
        }
    }
    let mut whole = conn.prepare_cached(&event::TABLE.select("WHERE n = ?1"))?;
    let mut page = NamingEvents { events: Vec::new(), looked_to, more: looked == LOOKED_AT };
    // What is about a message is as old as that.
    let is_of_before = |it: &Event| it.about.map_or(it.at <= asked.at, |seq| seq < asked.below);
    for n in found {
        match reader::first(&mut whole, [n], event::read) {
            Ok(event) => page.events.extend(event.filter(is_of_before).and_then(|it| it.without(asked.number))),
            // What is damaged is nobody's to read; it goes when it is set aside, or too old.
            Err(Trouble::Damaged(..)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::id::AccountId;
    use crate::record::batch::Batch;
    use crate::record::contract::Store;
    use crate::record::event::EventKind;
    use crate::record::event_sample::sample;
    use crate::store::sqlite::Durability;

    fn event(n: u64, to: &str) -> Event {
        let data = format!("{{\"id\":\"{n}\",\"to\":\"{to}\"}}").into();
        Event { n, data, ..sample(EventKind::MessageDelivered, AccountId(1), Time(n), n) }
    }

    #[test]
    fn events_that_name_a_number_are_found_in_all_of_the_log_and_kept_without_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut store = Sqlite::open(directory.path(), Durability::Os).expect("it opens");
        let asked = ToForget { number: E164(31_612_345_678), below: Seq(1), at: Time(1_000_000) };
        let names = |n: &u64| [1, 2 * LOOKED_AT as u64 - 1].contains(n);
        let to = |n: u64| if names(&n) { "+31612345678" } else { "+316123456789" };
        let events: Vec<Event> = (1..2 * LOOKED_AT as u64 + 10).map(|n| event(n, to(n))).collect();
        store.commit(&Batch { events, ..Batch::default() }).expect("they are written");
        let all = |store: &Sqlite| {
            let (mut found, mut after) = (Vec::new(), 0);
            loop {
                let page = store.readers().events_naming(&asked, after).expect("an answer");
                found.extend(page.events);
                after = page.looked_to;
                if !page.more {
                    return (found, after);
                }
            }
        };
        let (mut erased, looked_to) = all(&store);
        assert_eq!(erased, [event(1, ""), event(2 * LOOKED_AT as u64 - 1, "")]);
        assert_eq!(looked_to, 2 * LOOKED_AT as u64 + 9);
        // One that went meanwhile does not come back.
        erased.push(event(2 * LOOKED_AT as u64 + 50, ""));
        store.commit(&Batch { events_erased: erased, ..Batch::default() }).expect("they are written");
        assert_eq!(all(&store).0, []);
        let old = ToForget { at: Time(1), ..asked };
        let before =
            Batch { events: vec![event(20_001, "+31612345678"), event(20_002, "0612345678")], ..Batch::default() };
        store.commit(&before).expect("they are written");
        assert_eq!(
            store.readers().events_naming(&old, 20_000).expect("an answer").events,
            [],
            "what comes later is new"
        );
        let found = store.readers().events_naming(&asked, 20_000).expect("an answer").events;
        assert_eq!(found, [event(20_001, "")], "to whom a message went stands with its country code");
        let kept = store.readers().events_of(&[1, 2, 2 * LOOKED_AT as u64 + 50]).expect("an answer");
        assert_eq!(kept, [event(1, ""), event(2, "+316123456789")]);
    }

    #[test]
    fn who_is_to_be_forgotten_is_remembered_until_it_is_done() {
        let directory = tempfile::tempdir().expect("a directory");
        let open = || Sqlite::open(directory.path(), Durability::Os).expect("it opens");
        let mut store = open();
        let [first, second] =
            [31_612_345_678, 31_612_345_679].map(|it| store.keep_to_forget(E164(it)).expect("it is kept"));
        drop(store);
        let mut store = open();
        assert_eq!(store.to_forget().expect("they are read"), [first, second]);
        store.has_forgotten(first.number).expect("it is written");
        assert_eq!(store.to_forget().expect("they are read"), [second]);
    }
}
