//! The metrics of one carrier.

use crate::carrier::id::Relation;
use crate::dispatch::door::fact::{DoubtCause, Fate, QueryResult};
use crate::message::attempt::{Answer, Cause};
use crate::message::class::Class;
use crate::message::status::Status;
use crate::smpp::status::CommandStatus;
use crate::telemetry::labels::OTHER;
use crate::telemetry::meters::late::Late;
use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use metrics::{Counter, Gauge, Histogram};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The metrics of one carrier.
pub struct CarrierMeter {
    exposition: Exposition,
    name: Box<str>,
    /// Those that have a label of their own.
    countries: Arc<BTreeSet<Box<str>>>,
    submits: Late<(&'static str, Answer), Counter>,
    submit_duration: Histogram,
    window_wait: Histogram,
    errors: Late<&'static str, Counter>,
    throttled: Counter,
    retries: [Counter; Cause::ALL.len()],
    receipts: [Counter; Status::ALL.len()],
    receipt_delay: Histogram,
    outcomes: Late<(&'static str, Class, Status), Counter>,
    delivery: [OnceLock<Histogram>; Class::ALL.len()],
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
    scores: Late<&'static str, Gauge>,
}

impl CarrierMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition, name: &str, countries: Arc<BTreeSet<Box<str>>>) -> Self {
        // An attempt that is no first one has one of the other causes; a retry that counts as `first` would be a lie.
        let retry = |it: Cause| match it {
            Cause::First => Counter::noop(),
            _ => exposition.counter(&names::RETRIES, [name, it.word()]),
        };
        let doubt = |it: DoubtCause| exposition.counter(&names::UNKNOWN_OUTCOMES, [name, it.word()]);
        Self {
            exposition: exposition.clone(),
            name: name.into(),
            countries,
            submits: Late::default(),
            submit_duration: exposition.histogram(&names::SUBMIT_DURATION, [name]),
            window_wait: exposition.histogram(&names::WINDOW_WAIT, [name]),
            errors: Late::default(),
            throttled: exposition.counter(&names::THROTTLED, [name]),
            retries: Cause::ALL.map(retry),
            receipts: Status::ALL.map(|it| exposition.counter(&names::RECEIPTS, [name, it.word()])),
            receipt_delay: exposition.histogram(&names::RECEIPT_DELAY, [name]),
            outcomes: Late::default(),
            delivery: Class::ALL.map(|_| OnceLock::new()),
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
            scores: Late::default(),
        }
    }

    /// It called, and so much of what it said is no receipt.
    pub fn unread(&self, count: usize) {
        self.receipts_unread.increment(count as u64);
    }

    /// It was asked about a part.
    pub fn count_query(&self, result: QueryResult) {
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
    pub fn count_attempt(&self, cause: Cause) {
        self.retries[usize::from(cause.number())].increment(1);
    }

    /// An attempt ended so long after it was written, for which it had waited so long. What never left took no time
    /// at the carrier, and what was not answered says nothing of how long the carrier takes.
    pub fn count_answer(
        &self,
        country: Option<&'static str>,
        answer: Answer,
        took: Option<Duration>,
        waited: Option<Duration>,
    ) {
        let country = self.country(country);
        let make = || self.exposition.counter(&names::SUBMITS, [&*self.name, country, answer.word()]);
        self.submits.with((country, answer), make, |it| it.increment(1));
        if let Some(took) = took.filter(|_| answer != Answer::NotSent && answer != Answer::Unknown) {
            self.submit_duration.record(took);
        }
        if let Some(waited) = waited {
            self.window_wait.record(waited);
        }
    }

    /// The answer was an error.
    pub fn count_refusal(&self, command_status: u32) {
        let named = CommandStatus::ALL.iter().find(|it| it.as_u32() == command_status);
        let word = named.map_or(OTHER, |it| it.name());
        let make = || self.exposition.counter(&names::SUBMIT_ERRORS, [&*self.name, word]);
        self.errors.with(word, make, |it| it.increment(1));
    }

    /// The answer asked for a slower pace.
    pub fn count_throttled(&self) {
        self.throttled.increment(1);
    }

    /// A receipt says how a part ended, so long after the answer.
    pub fn outcome(&self, country: Option<&'static str>, class: Class, status: Status, after: Duration) {
        let (name, country) = (&*self.name, self.country(country));
        let labels = [name, country, class.word(), status.word()];
        let make = || self.exposition.counter(&names::DELIVERY_OUTCOMES, labels);
        self.outcomes.with((country, class, status), make, |it| it.increment(1));
        if status == Status::Delivered {
            let make = || self.exposition.histogram(&names::DELIVERY, [name, class.word()]);
            self.delivery[usize::from(class.number())].get_or_init(make).record(after);
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
    pub fn count_unmatched(&self) {
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
    pub fn count_mo_unrouted(&self) {
        self.mo_unrouted.increment(1);
    }

    /// A keyword of a handset was not heeded.
    pub fn count_unheeded(&self) {
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
    pub fn set_score(&self, country: Option<&'static str>, score: Option<f64>) {
        let country = self.country(country);
        let make = || self.exposition.gauge(&names::CARRIER_SCORE, [&*self.name, country]);
        self.scores.with(country, make, |it| it.set(score.unwrap_or(0.0)));
    }

    /// The pace that is in force; `None` is unlimited.
    pub fn pace(&self, limit: Option<f64>) {
        self.pace.set(limit.unwrap_or(0.0));
    }

    /// The label of a country.
    fn country(&self, country: Option<&'static str>) -> &'static str {
        country.filter(|it| self.countries.contains(*it)).unwrap_or(OTHER)
    }
}
