//! How far the endpoints of accounts have been told their events.
//!
//! An endpoint has one mark in the log of events: all of its account up to there have been told, are not for it, or
//! stand in a row of their own because they could not be told yet. So an endpoint that has been dead for a week costs
//! one mark, and a restart tells again at most what was under way.

use crate::message::id::{AccountId, EndpointId, Seq};
use crate::message::time::Time;

/// How an endpoint stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointMark {
    /// Which.
    pub endpoint: EndpointId,
    /// Whose events it is told.
    pub account: AccountId,
    /// Every event up to this number is told or stands in a [`Undelivered`].
    pub told_to: u64,
    /// Since when nothing has been taken, if what was tried last was not; times are those of the wall.
    pub failing_since: Time,
    /// Since when nothing is told any more; never while it is.
    pub disabled_at: Time,
}

impl EndpointMark {
    /// One that has been told up to there, and does well.
    pub const fn new(endpoint: EndpointId, account: AccountId, told_to: u64) -> Self {
        Self { endpoint, account, told_to, failing_since: Time::NEVER, disabled_at: Time::NEVER }
    }
}

/// Events that an endpoint has not taken: one, or those of one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Which endpoint.
    pub endpoint: EndpointId,
    /// Their numbers, in their order; at least one. The first names them.
    pub events: Vec<u64>,
    /// The messages that they are about: later events of these wait for them.
    pub about: Vec<Seq>,
    /// How often they were tried; 0 of what only waits behind another.
    pub tries: u8,
    /// When they are tried again, by the wall; never once they are given up.
    pub due: Time,
}

impl Undelivered {
    /// The number that names it.
    pub fn first(&self) -> u64 {
        self.events.first().copied().unwrap_or_default()
    }
}

/// What came of telling, to be made durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Marks that moved, each endpoint once, as they stand now.
    pub marks: Vec<EndpointMark>,
    /// Rows that are new or changed.
    pub retries: Vec<Undelivered>,
    /// Rows that are told or forgotten, by endpoint and first event; none of those of `retries`.
    pub settled: Vec<(EndpointId, u64)>,
    /// Endpoints that are told no more from now on, for operators to hear of.
    pub disabled: Vec<Disabled>,
}

/// An endpoint is told no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabled {
    /// Whose it is, by the name.
    pub account: Box<str>,
    /// Where it is, without what may be secret in it.
    pub url: Box<str>,
    /// Since when nothing was taken, by the wall.
    pub failing_since: Time,
    /// What came of the last call, in a word.
    pub result: &'static str,
    /// What it was answered, or why it was not.
    pub detail: Box<str>,
}

impl Progress {
    /// How many records it holds, and what there is to tell.
    pub fn len(&self) -> usize {
        self.marks.len() + self.retries.len() + self.settled.len() + self.disabled.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets what it holds; the vectors keep their room.
    pub fn clear(&mut self) {
        self.marks.clear();
        self.retries.clear();
        self.settled.clear();
        self.disabled.clear();
    }

    /// Takes in what came after it: of one row and one mark the later counts.
    pub fn add(&mut self, later: Self) {
        self.disabled.extend(later.disabled);
        for mark in later.marks {
            self.marks.retain(|it| it.endpoint != mark.endpoint);
            self.marks.push(mark);
        }
        for retry in later.retries {
            let same = |it: &Undelivered| (it.endpoint, it.first()) == (retry.endpoint, retry.first());
            self.retries.retain(|it| !same(it));
            self.retries.push(retry);
        }
        for settled in later.settled {
            self.retries.retain(|it| (it.endpoint, it.first()) != settled);
            self.settled.push(settled);
        }
    }
}
