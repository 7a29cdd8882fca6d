//! The metrics of one carrier.

use crate::carrier::id::Relation;
use crate::dispatch::fact::{DoubtCause, Fate, QueryResult};
use crate::message::attempt::{Answer, Cause};
use crate::message::class::Class;
use crate::message::status::Status;
use crate::smpp::status::CommandStatus;
use crate::telemetry::labels::{Labels, OTHER};
use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use foldhash::HashMap;
use metrics::{Counter, Gauge, Histogram};
use std::time::Duration;

/// By class and status.
type Outcomes = [[Counter; Status::ALL.len()]; Class::ALL.len()];

/// The metrics of one carrier.
#[derive(Clone)]
pub struct CarrierMeter {
    name: Box<str>,
    submits: HashMap<Box<str>, [Counter; Answer::ALL.len()]>,
    submits_elsewhere: [Counter; Answer::ALL.len()],
    submit_duration: Histogram,
    window_wait: Histogram,
    errors: HashMap<u32, Counter>,
    other_error: Counter,
    throttled: Counter,
    retries: [Counter; Cause::ALL.len()],
    receipts: [Counter; Status::ALL.len()],
    receipt_delay: Histogram,
    outcomes: HashMap<Box<str>, Outcomes>,
    outcomes_elsewhere: Outcomes,
    delivery: [Histogram; Class::ALL.len()],
    receipts_late: Counter,
    receipts_duplicate: Counter,
    deliveries_double: Counter,
    receipts_unmatched: Counter,
    receipts_unread: Counter,
    unknown_outcomes: [Counter; 2],
    mo: Counter,
    mo_redelivered: Counter,
    mo_unrouted: Counter,
    unheeded: Counter,
    queries: [Counter; QueryResult::ALL.len()],
    id_forms: [Gauge; Relation::ALL.len()],
    awaiting: Gauge,
    doubtful: Gauge,
    pace: Gauge,
    breaker: Gauge,
    scores: HashMap<Box<str>, Gauge>,
    scores_elsewhere: Gauge,
}

impl CarrierMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition, name: &str, labels: &Labels) -> Self {
        let submits =
            |country: &str| Answer::ALL.map(|it| exposition.counter(&names::SUBMITS, [name, country, it.word()]));
        let error = |word: &str| exposition.counter(&names::SUBMIT_ERRORS, [name, word]);
        // An attempt that is no first one has one of the other causes; a retry that counts as `first` would be a lie.
        let retry = |it: Cause| match it {
            Cause::First => Counter::noop(),
            _ => exposition.counter(&names::RETRIES, [name, it.word()]),
        };
        let outcome = |country: &str, class: Class, it: Status| match it {
            Status::Delivered | Status::Failed | Status::Expired | Status::Unknown => {
                exposition.counter(&names::DELIVERY_OUTCOMES, [name, country, class.word(), it.word()])
            }
            // No receipt ends a part so.
            Status::Queued | Status::Sent | Status::Cancelled => Counter::noop(),
        };
        let outcomes =
            |country: &str| Class::ALL.map(|class| Status::ALL.map(|status| outcome(country, class, status)));
        let score = |country: &str| exposition.gauge(&names::CARRIER_SCORE, [name, country]);
        let doubt = |it: DoubtCause| exposition.counter(&names::UNKNOWN_OUTCOMES, [name, it.word()]);
        Self {
            name: name.into(),
            submits: labels.countries.iter().map(|it| (it.clone(), submits(it))).collect(),
            submits_elsewhere: submits(OTHER),
            submit_duration: exposition.histogram(&names::SUBMIT_DURATION, [name]),
            window_wait: exposition.histogram(&names::WINDOW_WAIT, [name]),
            errors: named_errors().map(|it| (it.as_u32(), error(it.name()))).collect(),
            other_error: error(OTHER),
            throttled: exposition.counter(&names::THROTTLED, [name]),
            retries: Cause::ALL.map(retry),
            receipts: Status::ALL.map(|it| exposition.counter(&names::RECEIPTS, [name, it.word()])),
            receipt_delay: exposition.histogram(&names::RECEIPT_DELAY, [name]),
            outcomes: labels.countries.iter().map(|it| (it.clone(), outcomes(it))).collect(),
            outcomes_elsewhere: outcomes(OTHER),
            delivery: Class::ALL.map(|it| exposition.histogram(&names::DELIVERY, [name, it.word()])),
            receipts_late: exposition.counter(&names::RECEIPTS_LATE, [name]),
            deliveries_double: exposition.counter(&names::DELIVERIES_DOUBLE, [name]),
            receipts_duplicate: exposition.counter(&names::RECEIPTS_DUPLICATE, [name]),
            receipts_unmatched: exposition.counter(&names::RECEIPTS_UNMATCHED, [name]),
            receipts_unread: exposition.counter(&names::RECEIPTS_UNREAD, [name]),
            unknown_outcomes: [DoubtCause::NoAnswer, DoubtCause::Crash].map(doubt),
            mo: exposition.counter(&names::MO, [name]),
            mo_redelivered: exposition.counter(&names::MO_REDELIVERED, [name]),
            mo_unrouted: exposition.counter(&names::MO_UNROUTED, [name]),
            unheeded: exposition.counter(&names::OPT_OUTS_UNHEEDED, [name]),
            queries: QueryResult::ALL.map(|it| exposition.counter(&names::QUERIES, [name, it.word()])),
            id_forms: Relation::ALL.map(|it| exposition.gauge(&names::MESSAGE_ID_FORM, [name, it.word()])),
            awaiting: exposition.gauge(&names::MESSAGES_AWAITING_RECEIPT, [name]),
            doubtful: exposition.gauge(&names::MESSAGES_DOUBTFUL, [name]),
            pace: exposition.gauge(&names::PACE_LIMIT, [name]),
            breaker: exposition.gauge(&names::BREAKER_STATE, [name]),
            scores: labels.countries.iter().map(|it| (it.clone(), score(it))).collect(),
            scores_elsewhere: score(OTHER),
        }
    }

    /// It called, and so much of what it said is no receipt.
    pub fn unread(&self, count: usize) {
        self.receipts_unread.increment(count as u64);
    }

    /// It was asked about a part.
    pub fn queried(&self, result: QueryResult) {
        self.queries[result as usize].increment(1);
    }

    /// How its ids relate is believed to be so; `None` believes nothing.
    pub fn believes(&self, relation: Option<Relation>) {
        for it in Relation::ALL {
            self.id_forms[usize::from(it.number())].set(f64::from(u8::from(relation == Some(it))));
        }
    }

    /// What the operator calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An attempt is made.
    pub fn tried(&self, cause: Cause) {
        self.retries[usize::from(cause.number())].increment(1);
    }

    /// An attempt ended so long after it was written, for which it had waited so long. What never left took no time
    /// at the carrier, and what was not answered says nothing of how long the carrier takes.
    pub fn answered(&self, country: Option<&str>, answer: Answer, took: Option<Duration>, waited: Option<Duration>) {
        let submits = country.and_then(|it| self.submits.get(it)).unwrap_or(&self.submits_elsewhere);
        submits[usize::from(answer.number())].increment(1);
        if let Some(took) = took.filter(|_| answer != Answer::NotSent && answer != Answer::Unknown) {
            self.submit_duration.record(took);
        }
        if let Some(waited) = waited {
            self.window_wait.record(waited);
        }
    }

    /// The answer was an error.
    pub fn refused(&self, command_status: u32) {
        self.errors.get(&command_status).unwrap_or(&self.other_error).increment(1);
    }

    /// The answer asked for a slower pace.
    pub fn throttled(&self) {
        self.throttled.increment(1);
    }

    /// A receipt says how a part ended, so long after the answer.
    pub fn outcome(&self, country: Option<&str>, class: Class, status: Status, after: Duration) {
        let outcomes = country.and_then(|it| self.outcomes.get(it)).unwrap_or(&self.outcomes_elsewhere);
        outcomes[usize::from(class.number())][usize::from(status.number())].increment(1);
        if status == Status::Delivered {
            self.delivery[usize::from(class.number())].record(after);
        }
    }

    /// A receipt came.
    pub fn receipt(&self, status: Status, fate: Fate, delay: Option<Duration>) {
        self.receipts[usize::from(status.number())].increment(1);
        match fate {
            Fate::Matched | Fate::Parked | Fate::Unread => {}
            Fate::Late => self.receipts_late.increment(1),
            Fate::Double => self.deliveries_double.increment(1),
            Fate::Duplicate => self.receipts_duplicate.increment(1),
        }
        if let Some(delay) = delay {
            self.receipt_delay.record(delay);
        }
    }

    /// A parked receipt was given up.
    pub fn unmatched(&self) {
        self.receipts_unmatched.increment(1);
    }

    /// A part became doubtful.
    pub fn unknown_outcome(&self, cause: DoubtCause) {
        self.unknown_outcomes[usize::from(cause == DoubtCause::Crash)].increment(1);
    }

    /// A message from a handset came, or a part of one.
    pub fn mo(&self) {
        self.mo.increment(1);
    }

    /// The same came again.
    pub fn mo_again(&self) {
        self.mo_redelivered.increment(1);
    }

    /// No account was given a message from a handset.
    pub fn mo_unrouted(&self) {
        self.mo_unrouted.increment(1);
    }

    /// A keyword of a handset was not heeded.
    pub fn unheeded(&self) {
        self.unheeded.increment(1);
    }

    /// So many parts wait for a receipt, and so many for any news at all.
    pub fn waiting(&self, awaiting: u64, doubtful: u64) {
        self.awaiting.set(awaiting as f64);
        self.doubtful.set(doubtful as f64);
    }

    /// Its breaker: 0 closed, 1 half-open, 2 open.
    pub fn breaker(&self, state: u8) {
        self.breaker.set(f64::from(state));
    }

    /// What it is worth in a country; `None` while too little is known.
    pub fn scored(&self, country: Option<&str>, score: Option<f64>) {
        let gauge = country.and_then(|it| self.scores.get(it)).unwrap_or(&self.scores_elsewhere);
        gauge.set(score.unwrap_or(0.0));
    }

    /// The pace that is in force; `None` is unlimited.
    pub fn pace(&self, limit: Option<f64>) {
        self.pace.set(limit.unwrap_or(0.0));
    }
}

/// Every status of the specification but success; a vendor's own counts as [`OTHER`].
fn named_errors() -> impl Iterator<Item = CommandStatus> {
    CommandStatus::ALL.iter().copied().filter(|it| *it != CommandStatus::Ok)
}
