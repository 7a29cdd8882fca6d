//! What the gateway asks of a store. Two keep it: SQLite, and the simulated disk of the tests.

use crate::carrier::id::Learned;
use crate::message::id::{AccountId, AppId, CarrierId, LaneId, OrderId, PartKey, Seq};
use crate::message::money::Money;
use crate::message::status::Totals;
use crate::message::time::Time;
use crate::message::veil::Veil;
use crate::number::e164::E164;
use crate::record::action::Action;
use crate::record::batch::{Batch, Idempotency, Marks};
use crate::record::entry::Entry;
use crate::record::mo::{MoPart, MoSeen};
use crate::record::money::QuotaUse;
use crate::record::parked::Parked;
use crate::record::verification::{Converted, Verification};
use crate::route::opt_out::List;
use crate::verify::app::LIFETIME_MAX;
use std::time::Duration;

/// Messages that one carrier id may find, of parts and of past attempts each: a carrier that gives
/// the same id again and again must not make one receipt load everything. The newest are the likeliest.
pub const SAME_ID_MAX: usize = 16;

/// How long an idempotency key is remembered.
pub const IDEMPOTENCY_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a verification is kept at least: a day after its end, and none lasts for an hour and a half.
pub const VERIFICATION_AGE: Duration = Duration::from_secs(26 * 60 * 60);
const _: () = assert!(IDEMPOTENCY_AGE.as_secs() + LIFETIME_MAX.as_secs() < VERIFICATION_AGE.as_secs());

/// Messages that [`Store::retain`] looks at for each one that it may forget: bounds a step over many
/// that are not over.
pub const RETAIN_LOOKS: usize = 8;

/// The durable side of the gateway. One writer, one thread; calls block on the disk.
pub trait Store {
    /// Makes a batch durable: when this returns, it survives kill -9 and, with `fsync`, power
    /// loss. Whole or not at all. After an error nothing more may be asked of this store.
    fn commit(&mut self, batch: &Batch) -> Result<(), Poisoned>;

    /// The messages of these seqs, those that exist, in any order.
    fn load(&mut self, seqs: &[Seq]) -> Result<Vec<Entry>, Poisoned>;

    /// The messages with an attempt, current or past, whose carrier id has one of these hashes
    /// ([`crate::message::attempt::rhash`]). Several may share one; of parts and of past attempts the
    /// [`SAME_ID_MAX`] with the highest keys are looked at.
    fn by_rhash(&mut self, hashes: &[u64]) -> Result<Vec<Entry>, Poisoned>;

    /// The first `limit` messages with a queued part of `lane` that may go at once and whose key is above
    /// `after`, in the order of their keys. Whole messages: all parts come with them.
    fn ready(&mut self, lane: LaneId, after: PartKey, limit: usize) -> Result<Vec<Entry>, Poisoned>;

    /// The first `limit` messages with a queued part whose due time has come, earliest first;
    /// of one time by lane and key.
    fn due(&mut self, now: Time, limit: usize) -> Result<Vec<Entry>, Poisoned>;

    /// The earliest due time of a delayed part after `now`.
    fn next_due(&mut self, now: Time) -> Result<Option<Time>, Poisoned>;

    /// The first `limit` messages with a queued part that waits for a time at or after `from`, earliest first.
    fn delayed(&mut self, from: Time, limit: usize) -> Result<Vec<Entry>, Poisoned>;

    /// The first `limit` messages with a sent part whose due time has come, earliest first; of one time by key.
    fn late(&mut self, now: Time, limit: usize) -> Result<Vec<Entry>, Poisoned>;

    /// The earliest due time of a sent part after `now`.
    fn next_late(&mut self, now: Time) -> Result<Option<Time>, Poisoned>;

    /// Looks at up to `span` parts with keys above `after`, in their order, for those that are not final and
    /// whose end has come. Returns their messages, and where to go on; `None` at the end.
    fn overdue(&mut self, now: Time, after: PartKey, span: usize) -> Result<(Vec<Entry>, Option<PartKey>), Poisoned>;

    /// Looks at up to `span` parts with keys above `after`, in their order, for those that their carrier took
    /// before `before`, with a name, and has not told the end of. Returns them with that carrier and the time of its
    /// answer, and where to go on; `None` at the end.
    fn silent(&mut self, before: Time, after: PartKey, span: usize)
    -> Result<(Vec<Silent>, Option<PartKey>), Poisoned>;

    /// What was done under an idempotency key.
    fn idempotency(&mut self, account: AccountId, key: &str) -> Result<Option<Idempotency>, Poisoned>;

    /// The messages of an order, of which there may be many thousands; only their ids and recipients are needed
    /// by who asks, so read through views instead where one can. In the order of their seqs.
    fn order(&mut self, order: OrderId) -> Result<Vec<Entry>, Poisoned>;

    /// How many of the next `span` messages of an order, from a seq on, stand where; nothing of an order that has a
    /// single message, or is not there.
    fn count_on(&mut self, order: OrderId, from: Seq, span: u64) -> Result<Option<Counted>, Poisoned>;

    /// The verification of this number in records.
    fn verification(&mut self, n: u64) -> Result<Option<Verification>, Poisoned>;

    /// The newest verification of an account and an app for a number.
    fn latest_verification(&mut self, of: (AccountId, AppId), to: E164) -> Result<Option<Verification>, Poisoned>;

    /// The first `limit` verifications of a number that were begun until then.
    fn verifications_of(&mut self, to: E164, until: Time, limit: usize) -> Result<Vec<Verification>, Poisoned>;

    /// Up to `limit` verifications with numbers in records below `n`, newest first.
    fn verifications_before(&mut self, n: u64, limit: usize) -> Result<Vec<Verification>, Poisoned>;

    /// Whether a number was verified since then, by whichever app.
    fn was_verified(&mut self, to: E164, since: Time) -> Result<bool, Poisoned>;

    /// The first `limit` pending verifications whose end has come, earliest first.
    fn verifications_over(&mut self, now: Time, limit: usize) -> Result<Vec<Verification>, Poisoned>;

    /// The earliest end of a pending verification after `now`.
    fn next_verification_over(&mut self, now: Time) -> Result<Option<Time>, Poisoned>;

    /// What stood in the store when it was opened. Orders that were still arriving then are removed first, whole:
    /// nobody was told of them.
    fn recover(&mut self) -> Result<Recovered, Poisoned>;

    /// Forgets up to [`Forget::limit`] messages that are too old, the ids of attempts of them, idempotency keys older
    /// than [`IDEMPOTENCY_AGE`] before the latest of the marks' times, and as many parked receipts, events and actions
    /// that are too old, verifications older than [`VERIFICATION_AGE`], but never the newest action of a target and
    /// aspect. Messages that are not over are stepped over, [`RETAIN_LOOKS`] times the limit a call; the next call goes
    /// on behind them. It need not be durable: what is forgotten and comes back by a loss of power is forgotten again.
    fn retain(&mut self, forget: &Forget) -> Result<Forgotten, Poisoned>;

    /// The number that stands for a name for ever; minted and durable at once when it is new.
    fn intern(&mut self, kind: NameKind, name: &str) -> Result<u16, Poisoned>;
}

/// What is too old to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forget {
    /// Messages that ended, and events and actions, before this.
    pub before: Time,
    /// Parked receipts from before this.
    pub parked_before: Time,
    /// At most so many of each.
    pub limit: usize,
    /// Begin with the oldest: what was stepped over may have ended. Else what was looked at before is not again.
    pub anew: bool,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// So many messages and events are gone.
    pub count: usize,
    /// There may be more; else everything was looked at.
    pub more: bool,
    /// How long of it was waited for the disk to keep it; nothing where it is not told to.
    pub waited: Duration,
}

/// A part whose carrier took it and says nothing more: which, who, since when.
pub type Silent = (PartKey, CarrierId, Time);

closed_set! {
    /// What a name is of.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum NameKind: word {
        /// An account.
        Account "account",
        /// A carrier.
        Carrier "carrier",
        /// An endpoint of an account.
        Endpoint "endpoint",
        /// An app, which verifies numbers.
        App "app",
    }
}

/// The store failed, and with it what memory thinks to be durable. Nothing more is
/// acknowledged or submitted; the process ends and recovers at its next start.
#[derive(Debug, thiserror::Error)]
#[error("the store failed at {doing}")]
pub struct Poisoned {
    /// What was being done.
    pub doing: &'static str,
    /// What the engine says.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

/// Some messages of an order, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How many stand where.
    pub totals: Totals,
    /// Where those after them begin: `end` where there are none.
    pub next: Seq,
    /// Behind the last message of the order.
    pub end: Seq,
}

/// What a store remembers from before.
#[derive(Debug)]
pub struct Recovered {
    /// Counters and marks of the last commit.
    pub marks: Marks,
    /// Under what its numbers are shown.
    pub veil: Veil,
    /// Messages with a part that was intended or doubtful: the only ones whose outcome may be unknown.
    pub doubtful: Vec<Entry>,
    /// Lanes with queued parts: how many, and the key and creation time of the first.
    pub lanes: Vec<QueuedLane>,
    /// Receipts that wait.
    pub parked: Vec<Parked>,
    /// Parts of messages from handsets that wait for the others, in the order of their numbers.
    pub mo_parts: Vec<MoPart>,
    /// What is known again when a carrier sends it again, in the order of its numbers.
    pub mo_seen: Vec<MoSeen>,
    /// Who does not want to be written to.
    pub opted_out: List,
    /// What receipts have shown of how carriers write their ids, by carrier.
    pub learned: Vec<(CarrierId, Learned)>,
    /// The newest action of each target and aspect, in the order of their numbers.
    pub actions: Vec<Action>,
    /// What accounts have, by account; only those that ever had something.
    pub balances: Vec<(AccountId, Money)>,
    /// What quotas have counted, by account.
    pub quotas: Vec<QuotaUse>,
    /// How many verifications of apps ended well in countries, by app and country.
    pub converted: Vec<Converted>,
    /// Queued parts that [`Marks::held_below`] holds.
    pub held: u64,
}

/// A lane that has queued parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuedLane {
    /// The lane.
    pub lane: LaneId,
    /// How many queued parts it has, delayed ones included.
    pub count: u64,
    /// Of these, how many wait for a time.
    pub delayed: u64,
}

impl QueuedLane {
    /// A lane of which so many parts may go, and so many wait for a time.
    pub const fn of((lane, [ready, delayed]): (LaneId, [u64; 2])) -> Self {
        Self { lane, count: ready + delayed, delayed }
    }
}
