//! Reads and rows of the log of events and of those who are told of it.

use crate::message::id::{AccountId, EndpointId};
use crate::message::time::Time;
use crate::record::contract::Poisoned;
use crate::record::delivery::{EndpointMark, Undelivered};
use crate::record::event::{Audience, Event};
use crate::record::shown::Shown;
use crate::record::views::{EventPage, EventQuery};
use crate::store::sqlite::fault::{Fault, Trouble};
use crate::store::sqlite::readers::Readers;
use crate::store::sqlite::table::{endpoint, event, forgotten, retry};
use crate::store::sqlite::{Sqlite, reader, writer};
use rusqlite::Connection;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// A page of events ends behind the one with which it has so many octets.
const OCTETS_MAX: usize = 1 << 20;
/// Rows of the log that one read looks through for events of the kinds that are wanted: some milliseconds.
const LOOKED_AT: usize = 5_000;

/// After this a page with nothing on it is given as it is, with how far it looked.
const EVENTS_TIME: Duration = Duration::from_millis(100);

/// `IS` finds rows without an account, too, and by the same index.
const OF_ACCOUNT: &str = "WHERE account IS ?1 AND n > ?2 ORDER BY n LIMIT ?3";
/// Those that are told besides at one host.
const OF_CALLBACK: &str = "WHERE endpoint = ?1 AND n > ?2 ORDER BY n LIMIT ?3";

/// The questions for events of either kind, and for how many there are and which is the first.
pub(super) static EVENTS: LazyLock<[[String; 2]; 2]> = LazyLock::new(|| {
    [OF_ACCOUNT, OF_CALLBACK].map(|which| {
        [
            event::TABLE.select(which),
            format!("SELECT count(*), min(n) FROM (SELECT n FROM {} {which})", event::TABLE.name),
        ]
    })
});

/// The number that stands for an audience in its index, and the questions for its events.
fn asked(of: Audience) -> (Option<u16>, &'static [String; 2]) {
    match of {
        Audience::Account(account) => (Some(account.0), &EVENTS[0]),
        Audience::Operators => (None, &EVENTS[0]),
        Audience::Callback(endpoint) => (Some(endpoint.0), &EVENTS[1]),
    }
}

/// The last event of each account up to a number. The sign keeps the engine from reading the whole index of accounts
/// for the sake of its order: the rows up to a number are few, and the loop waits.
pub(super) static LAST_OF_ACCOUNTS: &str =
    "SELECT ifnull(account, 0), max(n) FROM event WHERE n <= ?1 GROUP BY +account";

/// Events up to this number are about to be forgotten: remembers the last of each account, and lets rows go of which
/// nothing is left to tell.
pub(super) fn forget(conn: &Connection, last: i64) -> Result<(), Trouble> {
    static WORDS: LazyLock<String> = LazyLock::new(|| forgotten::TABLE.insert("INSERT OR REPLACE", 1));
    let mut statement = conn.prepare_cached(LAST_OF_ACCOUNTS)?;
    let of_accounts: Vec<(i64, i64)> =
        statement.query_map([last], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let rows = of_accounts.into_iter().map(|(account, n)| forgotten::write((account, n.cast_unsigned())));
    writer::each(conn, &WORDS, rows)?;
    let endpoints = reader::all(&mut conn.prepare_cached(&endpoint::TABLE.select(""))?, [], endpoint::read)?;
    for mark in endpoints {
        let up_to = retry::key(mark.endpoint, last.cast_unsigned() + 1);
        let gone = |it: &Undelivered| it.events.last().is_none_or(|it| it.cast_signed() <= last);
        let rows = retries(conn, mark.endpoint, up_to)?.into_iter().filter(gone);
        writer::settle(conn, &rows.map(|it| (it.endpoint, it.first())).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// The next events of an audience, oldest first. Where it found none before it had looked long enough, the
/// page is empty and says how far that was.
pub(super) fn events(conn: &Connection, query: &EventQuery) -> Result<EventPage, Trouble> {
    let (whose, [words, _]) = asked(query.of);
    let mut statement = conn.prepare_cached(words)?;
    let most = i64::try_from(LOOKED_AT).unwrap_or(i64::MAX);
    let mut rows = statement.query((whose, query.after.cast_signed(), most))?;
    let (mut page, mut octets, mut looked_at) = (EventPage::default(), 0, 0);
    while octets < OCTETS_MAX && page.events.len() < query.limit {
        let Some(row) = rows.next()? else {
            page.is_end = looked_at < LOOKED_AT;
            break;
        };
        let event = event::read(row)?;
        looked_at += 1;
        page.looked_to = Some(event.n);
        if query.kinds.has(event.kind) {
            octets += event.data.len();
            page.events.push(event);
        }
    }
    let account = match query.of {
        Audience::Account(account) => Some(account),
        Audience::Operators => None,
        // Of the account that they are of others may be forgotten: which of them these are is not known any more.
        Audience::Callback(_) => return Ok(page),
    };
    let words = forgotten::TABLE.select("WHERE account = ?1");
    let last = reader::first(&mut conn.prepare_cached(&words)?, [forgotten::key(account)], forgotten::read)?;
    page.forgotten = last.map_or(0, |it| it.1);
    page.is_gone = 0 < query.after && query.after < page.forgotten;
    Ok(page)
}

/// The rows of an endpoint below a key, in the order of their events.
fn retries(conn: &Connection, endpoint: EndpointId, below: u64) -> Result<Vec<Undelivered>, Trouble> {
    let words = retry::TABLE.select("WHERE id >= ?1 AND id < ?2 ORDER BY id");
    let bounds = [retry::key(endpoint, 0), below].map(u64::cast_signed);
    reader::all(&mut conn.prepare_cached(&words)?, bounds, retry::read)
}

fn event_of(conn: &Connection, n: u64) -> Result<Option<Event>, Trouble> {
    let words = event::TABLE.select("WHERE n = ?1");
    reader::first(&mut conn.prepare_cached(&words)?, [n.cast_signed()], event::read)
}

/// A row, and of one that only waits its event.
type Row = (Undelivered, Option<Event>);

impl Readers {
    /// The events that a query asks for, oldest first; in several short reads where there are few of the kinds that it
    /// wants, and none where these take too long.
    pub fn events(&self, query: &EventQuery) -> Result<EventPage, Fault> {
        let (mut query, began) = (*query, Instant::now());
        let mut looked_to = None;
        loop {
            let page = self.ask(|conn| reader::at_once(conn, || events(conn, &query)))?;
            let found = !page.events.is_empty();
            let end = page.is_end || page.looked_to.is_none();
            looked_to = page.looked_to.or(looked_to);
            let is_cut = !found && !end && EVENTS_TIME < began.elapsed();
            if found || end || page.is_gone || is_cut {
                return Ok(EventPage { events: page.events.shown(&self.eras()), looked_to, is_cut, ..page });
            }
            query.after = looked_to.unwrap_or(query.after);
        }
    }

    /// The events of these numbers that are still kept, in this order.
    pub fn events_of(&self, numbers: &[u64]) -> Result<Vec<Event>, Fault> {
        let ask = |conn: &Connection| numbers.iter().map(|n| event_of(conn, *n)).collect::<Result<Vec<_>, Trouble>>();
        let found = self.ask(|conn| reader::at_once(conn, || ask(conn)))?;
        Ok(found.into_iter().flatten().collect::<Vec<_>>().shown(&self.eras()))
    }

    /// How an endpoint stands, and its rows, those that only wait each with its event.
    pub fn endpoint(&self, id: EndpointId, account: AccountId) -> Result<(EndpointMark, Vec<Row>), Fault> {
        let eras = self.eras();
        self.ask(|conn| {
            reader::at_once(conn, || {
                let words = endpoint::TABLE.select("WHERE id = ?1");
                let mark = reader::first(&mut conn.prepare_cached(&words)?, [id.0], endpoint::read)?;
                let mark = mark.unwrap_or_else(|| EndpointMark::new(id, account, 0));
                // Of what was given up those alone that the log behind the mark has once more.
                let lives = |it: &Undelivered| it.tries == 0 || it.due.known().is_some();
                let told_to = mark.told_to;
                let again = |it: &Undelivered| it.events.last().is_some_and(|it| told_to < *it);
                let rows = retries(conn, id, retry::end(id))?.into_iter().filter(|it| lives(it) || again(it));
                let with_event = |it: Undelivered| {
                    let waits = it.tries == 0;
                    let event = if waits { event_of(conn, it.first())?.shown(&eras) } else { None };
                    Ok((it, event))
                };
                Ok((mark, rows.map(with_event).collect::<Result<_, Trouble>>()?))
            })
        })
    }

    /// The rows of an endpoint that were given up and whose first event is of this time, by the wall.
    pub fn given_up(&self, id: EndpointId, since: Time, until: Time) -> Result<Vec<Undelivered>, Fault> {
        let eras = self.eras();
        self.ask(|conn| {
            reader::at_once(conn, || {
                let mut found = Vec::new();
                let given_up = |it: &Undelivered| it.tries != 0 && it.due.known().is_none();
                for row in retries(conn, id, retry::end(id))?.into_iter().filter(given_up) {
                    let at = event_of(conn, row.first())?.map(|it| it.shown(&eras).at);
                    if at.is_some_and(|it| since <= it && it <= until) {
                        found.push(row);
                    }
                }
                Ok(found)
            })
        })
    }

    /// How many events of an audience stand behind a number in the log, counted up to `most`, and since when the first.
    pub fn events_behind(&self, of: Audience, after: u64, most: usize) -> Result<(u64, Option<Time>), Fault> {
        let eras = self.eras();
        self.ask(|conn| {
            reader::at_once(conn, || {
                let (whose, [_, words]) = asked(of);
                let most = i64::try_from(most).unwrap_or(i64::MAX);
                let (count, first): (i64, Option<i64>) = conn
                    .prepare_cached(words)?
                    .query_row((whose, after.cast_signed(), most), |row| Ok((row.get(0)?, row.get(1)?)))?;
                let first = first.map(|it| event_of(conn, it.cast_unsigned())).transpose()?.flatten();
                Ok((count.cast_unsigned(), first.map(|it| it.shown(&eras).at)))
            })
        })
    }
}

impl Sqlite {
    /// Endpoints that are new begin at the end of the log: what was before them is not told.
    pub fn open_endpoints(&mut self, all: &[(EndpointId, AccountId)]) -> Result<(), Poisoned> {
        if all.is_empty() {
            return Ok(());
        }
        self.guarded("beginning to tell endpoints", |it| {
            let frame = it.writer.unchecked_transaction()?;
            let end = reader::marks(&frame)?.next_event.saturating_sub(1);
            let marks: Vec<_> = all.iter().map(|(id, account)| EndpointMark::new(*id, *account, end)).collect();
            let words = endpoint::TABLE.insert("INSERT OR IGNORE", 1);
            writer::each(&frame, &words, marks.iter().map(endpoint::write))?;
            Ok(frame.commit()?)
        })
    }
}
