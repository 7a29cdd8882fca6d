//! Read-only views for the API, on connections of their own.
//!
//! Calls block on the disk: async callers wrap them. Each is one read transaction, or several
//! short ones where an answer is long, and each does a bounded amount of work: a list that has found something
//! and would need long to fill its page returns a short one and where to go on, never an empty one. Times are those of
//! the wall.

use crate::message::era::Eras;
use crate::message::id::{AccountId, AppId, MessageId, OrderId, Seq, VerificationId};
use crate::message::money::Money;
use crate::message::status::Status;
use crate::message::veil::Veil;
use crate::number::e164::E164;
use crate::record::action::Action;
use crate::record::batch::Idempotency;
use crate::record::entry::Entry;
use crate::record::money::LedgerLine;
use crate::record::shown::Shown;
use crate::record::suppression::Suppression;
use crate::record::verification::Verification;
use crate::record::views::{MessageFilter, OrderFilter, OrderView, SuppressionQuery};
use crate::store::sqlite::fault::{Fault, Trouble};
use crate::store::sqlite::list::{Page, Walk};
use crate::store::sqlite::reader::{self, Loader};
use crate::store::sqlite::search::Shared;
use crate::store::sqlite::{aside, connect, money, opt_out, order, verifications};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Connections at most: reads are short, and each has a cache of its own.
pub const CONNECTIONS_MAX: usize = 7;
/// Those of them that are left to the senders of events: requests take the others.
pub const SENDERS_MAX: usize = 2;
/// Those of them that are left to the writer of records of charge.
pub const WRITERS_MAX: usize = 1;

/// The cache of each connection, in MiB.
const CACHE: u32 = 2;

/// After this a page of orders with something on it is not filled any further.
const ORDERS_TIME: Duration = Duration::from_millis(100);

/// Shared access to the messages of a store, to read. Cloning is cheap.
#[derive(Clone)]
pub struct Readers(Arc<Pool>);

struct Pool {
    file: PathBuf,
    search: Shared,
    veil: Veil,
    idle: Mutex<Idle>,
    returned: Condvar,
}

#[derive(Default)]
struct Idle {
    connections: Vec<Connection>,
    opened: usize,
}

impl Readers {
    /// Readers of a database that a [`super::Sqlite`] has open.
    pub(super) fn new(file: PathBuf, search: Shared, veil: Veil) -> Self {
        Self(Arc::new(Pool { file, search, veil, idle: Mutex::default(), returned: Condvar::new() }))
    }

    /// Under what the numbers of the store are shown.
    pub fn veil(&self) -> Veil {
        self.0.veil
    }

    /// A record in times of the wall.
    pub fn shown<T: Shown>(&self, it: T) -> T {
        it.shown(&self.eras())
    }

    /// The message of this id; the random bits must fit, too.
    pub fn message(&self, id: MessageId) -> Result<Option<Entry>, Fault> {
        let entry = self.ask(|conn| reader::at_once(conn, || Loader::new(conn)?.entry(id.seq)))?;
        Ok(entry.filter(|it| it.body.id == id).shown(&self.eras()))
    }

    /// Whether the message of this id was set aside because it was damaged.
    pub fn was_set_aside(&self, id: MessageId) -> Result<bool, Fault> {
        aside::holds(&self.0.file, self.veil().message(id))
    }

    /// The messages that a query asks for, newest first.
    pub fn list(&self, query: &MessageFilter) -> Result<Page, Fault> {
        let eras = self.eras();
        let query = query.clone().shown(&eras);
        let mut walk = Walk::new(&query);
        while !walk.is_over() {
            self.ask(|conn| reader::at_once(conn, || walk.stretch(conn, &self.0.search)))?;
        }
        let page = walk.page();
        Ok(Page { entries: page.entries.shown(&eras), ..page })
    }

    /// A page of who does not want to be written to, each with its place.
    pub fn suppressions(&self, query: &SuppressionQuery) -> Result<Vec<(u64, Suppression)>, Fault> {
        // Somebody may be kept in peace who is forgotten.
        let veiled = query.number.map(|it| SuppressionQuery { number: Some(self.veil().person(it)), ..*query });
        let page = self.ask(|conn| {
            reader::at_once(conn, || {
                let mut page = opt_out::page(conn, query)?;
                if let Some(veiled) = &veiled {
                    page.extend(opt_out::page(conn, veiled)?);
                }
                Ok(page)
            })
        })?;
        let eras = self.eras();
        Ok(page.into_iter().map(|(place, it)| (place, it.shown(&eras))).collect())
    }

    /// Up to `limit` actions of operators with numbers below `before`, newest first.
    pub fn actions(&self, before: u64, limit: usize) -> Result<Vec<Action>, Fault> {
        self.ask(|conn| reader::at_once(conn, || reader::actions(conn, before, limit))).map(|it| it.shown(&self.eras()))
    }

    /// Where the messages of an order stand: from, and up to but without; `None` while it is arriving.
    pub fn order_range(&self, order: OrderId) -> Result<Option<(Seq, Seq)>, Fault> {
        self.ask(|conn| reader::at_once(conn, || order::shown_range(conn, order)))
    }

    /// What became of an order, counted from its messages; `None` if none of them is there.
    pub fn order(&self, order: OrderId) -> Result<Option<OrderView>, Fault> {
        let Some((mut from, to)) = self.order_range(order)? else { return Ok(None) };
        let mut view = None;
        while from < to {
            let next = self.ask(|conn| reader::at_once(conn, || order::count(conn, order, (from, to), &mut view)))?;
            from = next.unwrap_or(to);
        }
        Ok(view.shown(&self.eras()))
    }

    /// The orders that a filter asks for, newest first, and where the next page begins; one may be short and still have
    /// a next one.
    pub fn orders(&self, filter: &OrderFilter) -> Result<(Vec<OrderView>, Option<Seq>), Fault> {
        let began = Instant::now();
        let OrderFilter { account, route, since, until, mut before, limit } = *filter;
        let mut found = Vec::new();
        loop {
            // An order is found by the newest of its messages, as lists of messages find that.
            let newest =
                MessageFilter { account: Some(account), route, since, until, before, limit: 1, ..Default::default() };
            let Some(entry) = self.list(&newest)?.entries.pop() else { return Ok((found, None)) };
            if limit <= found.len() || (!found.is_empty() && ORDERS_TIME < began.elapsed()) {
                return Ok((found, before));
            }
            let (order, seq) = (entry.body.order, entry.body.seq());
            before = Some(self.order_range(order)?.map_or(seq, |it| it.0.min(seq)));
            found.extend(self.order(order)?);
        }
    }

    /// Up to `limit` messages of an order after `after`, oldest first; of these statuses, where any are named.
    pub fn order_messages(
        &self,
        order: OrderId,
        statuses: &[Status],
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        let Some((from, to)) = self.order_range(order)? else { return Ok(Vec::new()) };
        self.messages_between((from, to), statuses, after, limit)
    }

    /// The same of an order of which it is known where its messages stand.
    pub fn messages_between(
        &self,
        (from, to): (Seq, Seq),
        statuses: &[Status],
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        let (mut from, mut found) = (after.map_or(from, |it| from.max(Seq(it.0.saturating_add(1)))), Vec::new());
        while from < to && found.len() < limit {
            let (range, room) = ((from, to), limit - found.len());
            let (entries, next) =
                self.ask(|conn| reader::at_once(conn, || order::messages(conn, range, statuses, room)))?;
            found.extend(entries);
            from = next.unwrap_or(to);
        }
        Ok(found.shown(&self.eras()))
    }

    /// What an account did under an idempotency key.
    pub fn idempotency(&self, account: AccountId, key: &str) -> Result<Option<Idempotency>, Fault> {
        self.ask(|conn| reader::idempotency(conn, account, key))
    }

    /// The verification of this id; the random bits must fit, too.
    pub fn verification(&self, id: VerificationId) -> Result<Option<Verification>, Fault> {
        let found = self.ask(|conn| verifications::one(conn, id.n))?;
        Ok(found.filter(|it| it.id == id).shown(&self.eras()))
    }

    /// The verification that was begun under a key, whose row names its number where it names that of an order else.
    pub fn verification_kept_under(&self, key: &Idempotency) -> Result<Option<Verification>, Fault> {
        let n = key.order.number_in_records();
        self.ask(|conn| verifications::one(conn, n)).map(|it| it.shown(&self.eras()))
    }

    /// The messages of these ids that are kept, in the order of acceptance.
    pub fn messages(&self, ids: &[MessageId]) -> Result<Vec<Entry>, Fault> {
        let mut seqs: Vec<Seq> = ids.iter().map(|it| it.seq).collect();
        seqs.sort_unstable();
        seqs.dedup();
        let mut entries = self.ask(|conn| reader::at_once(conn, || reader::load(conn, &seqs)))?;
        entries.retain(|it| ids.contains(&it.body.id));
        Ok(entries.shown(&self.eras()))
    }

    /// Up to `limit` verifications of a number that an account began, of an app if one is named, with places below
    /// `before`, newest first.
    pub fn verifications_of(
        &self,
        to: E164,
        of: (AccountId, Option<AppId>),
        page: (u64, usize),
    ) -> Result<Vec<Verification>, Fault> {
        self.ask(|conn| verifications::of_account(conn, to, of, page)).map(|it| it.shown(&self.eras()))
    }

    /// Up to `limit` verifications with places below `n`, newest first.
    pub fn verifications_before(&self, n: u64, limit: usize) -> Result<Vec<Verification>, Fault> {
        self.ask(|conn| verifications::before(conn, n, limit)).map(|it| it.shown(&self.eras()))
    }

    /// What an account has; nothing if it never had something.
    pub fn balance(&self, account: AccountId) -> Result<Money, Fault> {
        self.ask(|conn| money::balance(conn, account))
    }

    /// Up to `limit` lines of an account's ledger with a number below `before`, newest first.
    pub fn ledger(&self, account: AccountId, before: u64, limit: usize) -> Result<Vec<LedgerLine>, Fault> {
        self.ask(|conn| money::ledger(conn, account, before, limit)).map(|it| it.shown(&self.eras()))
    }

    /// The line by which an order was charged, or, with a seq, by which that message of it was paid back.
    pub fn ledger_line(&self, order: OrderId, seq: Option<Seq>) -> Result<Option<LedgerLine>, Fault> {
        self.ask(|conn| money::line_of(conn, order, seq)).map(|it| it.shown(&self.eras()))
    }

    /// What of these messages was paid back; those of which nothing was are missing.
    pub fn refunds(&self, messages: &[(OrderId, Seq)]) -> Result<BTreeMap<Seq, Money>, Fault> {
        self.ask(|conn| {
            let mut found = BTreeMap::new();
            for (order, seq) in messages {
                found.extend(money::line_of(conn, *order, Some(*seq))?.map(|it| (*seq, it.amount)));
            }
            Ok(found)
        })
    }

    pub(super) fn eras(&self) -> Eras {
        self.0.search.read().eras.clone()
    }

    pub(super) fn ask<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, Fault> {
        let fault = |it: Trouble| it.of(&self.0.file);
        let conn = self.0.take().map_err(fault)?;
        let answer = ask(&conn).map_err(fault);
        // A connection that failed may stand in the middle of something: it is closed.
        self.0.give(answer.is_ok().then_some(conn));
        answer
    }
}

impl Pool {
    fn take(&self) -> Result<Connection, Trouble> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(conn) = idle.connections.pop() {
                return Ok(conn);
            }
            if idle.opened < CONNECTIONS_MAX {
                idle.opened += 1;
                break;
            }
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
        drop(idle);
        connect(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY, CACHE).map_err(|error| {
            self.give(None);
            error.into()
        })
    }

    fn give(&self, conn: Option<Connection>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        match conn {
            Some(conn) => idle.connections.push(conn),
            None => idle.opened -= 1,
        }
        self.returned.notify_one();
    }
}
