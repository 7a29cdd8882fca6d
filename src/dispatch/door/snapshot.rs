//! How everything stands, for operators who look: one picture of one moment, which owns all that it shows.

use crate::guard::block::PrefixBlock;
use crate::message::attempt::Answer;
use crate::message::class::Class;
use crate::message::id::{AccountId, CarrierId, LinkId, RouteId};
use crate::message::money::Money;
use crate::message::time::Time;
use crate::record::action::Action;
use crate::route::breaker;
use crate::route::score::Judged;
use std::time::Duration;

/// How everything stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// When.
    pub at: Time,
    /// Each carrier of the configuration.
    pub carriers: Vec<AtCarrier>,
    /// Each link that is configured, or was since the start.
    pub links: Vec<AtLink>,
    /// Each queue with something in it.
    pub queues: Vec<InQueue>,
    /// What holds routes.
    pub held_routes: Vec<(RouteId, Action)>,
    /// The guards.
    pub guards: GuardsNow,
}

/// How the guards stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GuardsNow {
    /// Prefixes that they block, and until when.
    pub blocks: Vec<PrefixBlock>,
    /// What is ordered for prefixes.
    pub orders: Vec<Action>,
    /// What codes cost of late, where that is bounded.
    pub spent: Option<Money>,
}

/// A carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct AtCarrier {
    /// Which.
    pub id: CarrierId,
    /// Links that may be given parts.
    pub links_up: usize,
    /// Parts that they may hold.
    pub capacity: usize,
    /// Parts that they hold.
    pub in_use: usize,
    /// Submits a second that we allow ourselves now; `None` is unlimited.
    pub pace: Option<f64>,
    /// Parts in queues that go to it.
    pub queued: u64,
    /// Parts that wait for a receipt.
    pub awaiting: u64,
    /// Parts whose outcome is not known.
    pub doubtful: u64,
    /// What keeps parts from it, where an operator does.
    pub held: Option<Action>,
    /// Why nothing is given to it now, where nothing is.
    pub closed: Option<Closed>,
    /// Its breaker, if it has one.
    pub breaker: Option<AtBreaker>,
    /// What forces its breaker, where an operator does.
    pub forced: Option<Action>,
    /// What it is worth in countries, where routes ask.
    pub scores: Vec<Scored>,
    /// Its answers of the last minute.
    pub minute: Minute,
    /// What it has done since the start.
    pub tally: Tally,
}

/// A breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtBreaker {
    /// What it is, by what it counts.
    pub state: breaker::BreakerState,
    /// When it opens.
    pub options: breaker::Options,
    /// Faults within its window.
    pub faults: u64,
    /// Answers within its window.
    pub answers: u64,
}

/// What a carrier is worth in a country.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// For which route.
    pub route: RouteId,
    /// In which country.
    pub country: Option<&'static str>,
    /// What is known.
    pub judged: Judged,
}

/// A link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtLink {
    /// Which.
    pub id: LinkId,
    /// Parts that it may hold; 0 on a receiver.
    pub capacity: usize,
    /// Of these, how many may be at the carrier.
    pub window: usize,
    /// Parts that it holds.
    pub in_use: usize,
}

closed_set! {
    /// What a link is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum LinkWord: all, word {
        /// Bound.
        Bound "bound",
        /// Bound, and winding up.
        Draining "draining",
        /// Not bound.
        Down "down",
    }
}

/// A queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InQueue {
    /// Of which route.
    pub route: RouteId,
    /// Of which account.
    pub account: AccountId,
    /// Of which class.
    pub class: Class,
    /// To which carrier; `None` for what an older version queued and nobody has looked at since.
    pub carrier: Option<CarrierId>,
    /// Parts, those of the store included.
    pub parts: u64,
    /// Of these, parts that wait for another attempt.
    pub delayed: u64,
    /// Of these, parts that wait because the carrier throttles what goes to their recipients.
    pub throttled: u64,
    /// The age of the one at its head; `None` where all of them wait for another attempt.
    pub oldest: Option<Duration>,
}

closed_set! {
    /// Why nothing is given to a carrier.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Closed: all, word {
        /// An operator has paused it.
        Paused "paused",
        /// An operator lets it run empty.
        Drained "drained",
        /// The configuration has retired it.
        Retired "retired",
        /// The configuration does not name it any more.
        Removed "removed",
        /// No link of it that submits is bound.
        CarrierDown "carrier_down",
        /// It has failed too often, or an operator says that it counts as if.
        BreakerOpen "breaker_open",
    }
}

/// What a carrier has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Parts that were given to it.
    pub submitted: u64,
    /// Answers, by their number.
    pub answers: [u64; Answer::ALL.len()],
    /// Answers that asked for a slower pace.
    pub throttled: u64,
    /// Receipts of a delivery.
    pub delivered: u64,
    /// Receipts in all.
    pub receipts: u64,
}

/// The answers of the last minute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Minute {
    /// How many ended, with an answer or without.
    pub answers: u32,
    /// How many of them refused.
    pub refused: u32,
    /// Half of them took no longer; to an eighth.
    pub p50: Option<Duration>,
    /// 99 of 100 took no longer; to an eighth.
    pub p99: Option<Duration>,
}

impl Minute {
    /// The share that refused; `None` without answers.
    pub fn refusals(&self) -> Option<f64> {
        (self.answers != 0).then(|| f64::from(self.refused) / f64::from(self.answers))
    }
}
