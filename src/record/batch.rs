//! What one beat makes durable.

use crate::carrier::id::Learned;
use crate::message::body::Body;
use crate::message::era::Eras;
use crate::message::id::{AccountId, CarrierId, OrderId, Seq};
use crate::message::money::Money;
use crate::message::part::Part;
use crate::message::time::Time;
use crate::record::action::Action;
use crate::record::delivery::Progress;
use crate::record::entry::PastAttempt;
use crate::record::event::Event;
use crate::record::mo::{MoPart, MoSeen};
use crate::record::money::{LedgerLine, QuotaUse};
use crate::record::parked::Parked;
use crate::record::suppression::Suppression;
use crate::record::verification::{Converted, Verification};
use crate::route::opt_out::Key;
use std::sync::Arc;
use std::time::Duration;

/// Everything that one beat changed; durable whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Messages accepted in this beat, in the order of their seq.
    pub bodies: Vec<Arc<Body>>,
    /// Messages whose body is another from now on: the text is forgotten, or they wait longer for their time.
    pub erased: Vec<Arc<Body>>,
    /// Messages as they were, whose recipient is forgotten: nobody finds them by that number any more, nor by that
    /// reference.
    pub unfound: Vec<Arc<Body>>,
    /// Parts of messages accepted in this beat.
    pub new_parts: Vec<Part>,
    /// Parts that changed, each once, in the order of their keys.
    pub parts: Vec<Part>,
    /// Attempts that were superseded, or whose record changed afterwards; replaced by key and number.
    pub past: Vec<PastAttempt>,
    /// Orders of more than one message.
    pub orders: Vec<Order>,
    /// Receipts that wait.
    pub parked: Vec<Parked>,
    /// Numbers of receipts that wait no more.
    pub unparked: Vec<u64>,
    /// Idempotency keys that were used.
    pub idempotency: Vec<Idempotency>,
    /// What accounts are told, in the order of their numbers.
    pub events: Vec<Event>,
    /// Events of before that name somebody who is forgotten, without him; those of them that are still kept.
    pub events_erased: Vec<Event>,
    /// What endpoints were told of them.
    pub told: Progress,
    /// Parts of messages from handsets that wait for the others.
    pub mo_parts: Vec<MoPart>,
    /// Numbers of such parts that wait no more; of those of this batch, too.
    pub mo_done: Vec<u64>,
    /// What is known again when a carrier sends it again.
    pub mo_seen: Vec<MoSeen>,
    /// Numbers of what is known no more; of this batch, too.
    pub mo_forgotten: Vec<u64>,
    /// Numbers that are left in peace from now on; of one key, in the place of what was.
    pub suppressed: Vec<Suppression>,
    /// Keys of numbers that are written to again; none of those of `suppressed`.
    pub lifted: Vec<Key>,
    /// What receipts have shown of how carriers write their ids, as it stands now.
    pub learned: Vec<(CarrierId, Learned)>,
    /// What operators have ordered, in the order of their numbers.
    pub actions: Vec<Action>,
    /// What changed balances, in the order of their numbers.
    pub ledger: Vec<LedgerLine>,
    /// Balances that changed, as they stand now, each account once.
    pub balances: Vec<(AccountId, Money)>,
    /// Quotas that were used, as they stand now, each account once.
    pub quotas: Vec<QuotaUse>,
    /// Verifications that began or changed, as they stand now, each once.
    pub verifications: Vec<Verification>,
    /// How many came back in a country, as it stands now, each once.
    pub converted: Vec<Converted>,
    /// Counters and marks, as they stand after the beat.
    pub marks: Marks,
}

impl Batch {
    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.bodies.len()
            + self.erased.len()
            + self.unfound.len()
            + self.new_parts.len()
            + self.parts.len()
            + self.past.len()
            + self.orders.len()
            + self.parked.len()
            + self.unparked.len()
            + self.idempotency.len()
            + self.events.len()
            + self.events_erased.len()
            + self.told.len()
            + self.mo_parts.len()
            + self.mo_done.len()
            + self.mo_seen.len()
            + self.mo_forgotten.len()
            + self.suppressed.len()
            + self.lifted.len()
            + self.learned.len()
            + self.actions.len()
            + self.ledger.len()
            + self.balances.len()
            + self.quotas.len()
            + self.verifications.len()
            + self.converted.len()
    }

    /// Forgets what it holds; the vectors keep their room, and the marks stay.
    pub fn clear(&mut self) {
        self.bodies.clear();
        self.erased.clear();
        self.unfound.clear();
        self.new_parts.clear();
        self.parts.clear();
        self.past.clear();
        self.orders.clear();
        self.parked.clear();
        self.unparked.clear();
        self.idempotency.clear();
        self.events.clear();
        self.events_erased.clear();
        self.told.clear();
        self.mo_parts.clear();
        self.mo_done.clear();
        self.mo_seen.clear();
        self.mo_forgotten.clear();
        self.suppressed.clear();
        self.lifted.clear();
        self.learned.clear();
        self.actions.clear();
        self.ledger.clear();
        self.balances.clear();
        self.quotas.clear();
        self.verifications.clear();
        self.converted.clear();
    }

    /// Whether there is nothing to make durable but marks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An order of more than one message; an order of one needs no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Whose it is.
    pub account: AccountId,
    /// The seq of its first message; the others follow without a gap.
    pub first: Seq,
    /// How many messages it has.
    pub count: u32,
    /// When it was accepted.
    pub created: Time,
    /// Some of its messages are not there yet: nobody is told of it, and it is removed whole if it never gets them.
    pub arriving: bool,
}

/// A request that must not be accepted twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Whose key it is.
    pub account: AccountId,
    /// The key, as the customer chose it.
    pub key: Box<str>,
    /// SHA-256 of what was asked for.
    pub hash: [u8; 32],
    /// The order that it made; of a request for credit, the number of its line in the ledger; of one that verifies a
    /// number, that of the verification.
    pub order: OrderId,
    /// When it was used, or came again and is gone on with; it is forgotten a day later.
    pub at: Time,
}

/// Counters that are minted from, and gauges that are cheaper to keep than to count. A batch
/// has them as they stand after its beat; counters and the time never go back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The next seq.
    pub next_seq: u64,
    /// The next order.
    pub next_order: u64,
    /// The next parked receipt.
    pub next_parked: u64,
    /// The next event; what comes from handsets, what operators order and verifications are numbered by it as well.
    pub next_event: u64,
    /// The next line of the ledger.
    pub next_ledger: u64,
    /// The latest logical time.
    pub time: Time,
    /// How many parts wait for a receipt, by carrier.
    pub awaiting: Vec<(CarrierId, u64)>,
    /// Messages below this seq are held: the store was restored from a backup, and they may have been sent after it was
    /// made. 0 where nothing is held.
    pub held_below: Seq,
    /// How far logical time was ahead of the wall, from when on.
    pub eras: Eras,
}

/// Orders, events or lines of a ledger that a gateway gives a number to in a second at most: more than it has ever been
/// seen to.
const NUMBERS_A_SECOND: u64 = 100_000;
/// A backup is taken to be at least so old: the clock may have been wrong when it was made.
const AGE_MIN: Duration = Duration::from_secs(3_600);

impl Marks {
    /// What an empty store holds. Counters begin at 1, because scans ask for what is above a key.
    pub fn first() -> Self {
        Self { next_seq: 1, next_order: 1, next_parked: 1, next_event: 1, next_ledger: 1, ..Self::default() }
    }

    /// What a store holds after a batch with `later`: the larger of each counter and of the
    /// times, and what waits as `later` says.
    #[must_use]
    pub fn after(&self, later: &Self) -> Self {
        Self {
            next_seq: self.next_seq.max(later.next_seq),
            next_order: self.next_order.max(later.next_order),
            next_parked: self.next_parked.max(later.next_parked),
            next_event: self.next_event.max(later.next_event),
            next_ledger: self.next_ledger.max(later.next_ledger),
            time: self.time.max(later.time),
            awaiting: later.awaiting.clone(),
            held_below: later.held_below,
            eras: later.eras.clone(),
        }
    }

    /// The marks of a backup that is put back when the wall shows `now`: a number that was given out after it was made
    /// is not given out again, and what it holds is held. Seqs go on where they were: an id has chance in it beside its
    /// seq.
    #[must_use]
    pub fn restored(&self, now: Time) -> Self {
        let now = self.eras.now().logical(now);
        let age = now.since(self.time).max(AGE_MIN).as_secs();
        let given = age.saturating_mul(NUMBERS_A_SECOND);
        Self {
            next_order: self.next_order.saturating_add(given),
            next_event: self.next_event.saturating_add(given),
            next_ledger: self.next_ledger.saturating_add(given),
            time: self.time.max(now),
            held_below: Seq(self.next_seq),
            ..self.clone()
        }
    }
}
