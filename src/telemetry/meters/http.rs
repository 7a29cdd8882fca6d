//! The metrics of the HTTP listeners.

use crate::telemetry::labels::OTHER;
use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use foldhash::HashMap;
use metrics::{Counter, Histogram};
use std::sync::OnceLock;
use std::time::Duration;

/// The codes that the API answers; any other counts as [`OTHER`].
const CODES: [u16; 22] =
    [200, 201, 202, 204, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 431, 500, 501, 503, 507];

/// The stages at which a request may be refused.
const STAGES: [&str; 6] = ["auth", "validation", "authorization", "pricing", "quota", "queue"];

closed_set! {
    /// What came of asking about a number.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Looked: all, word {
        /// It was remembered.
        Cached "cached",
        /// It was answered.
        Answered "answered",
        /// It was not answered, or not in time, or the answer says nothing.
        Unanswered "unanswered",
    }
}

closed_set! {
    /// Why a connection is not served.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum TurnedAway: all, word {
        /// Its address has as many as it may.
        Address "address",
        /// There are as many as there may be.
        All "all",
        /// A proxy did not say for whom it is, as a proxy has to.
        Proxy "proxy",
    }
}

/// The metrics of the HTTP listeners.
pub struct HttpMeter {
    exposition: Exposition,
    endpoints: HashMap<&'static str, OnceLock<Endpoint>>,
    other: OnceLock<Endpoint>,
    rejected: HashMap<&'static str, Codes>,
    rejected_elsewhere: Codes,
    lookups: [Counter; Looked::ALL.len()],
    turned_away: [Counter; TurnedAway::ALL.len()],
}

impl HttpMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition, endpoints: &[&'static str]) -> Self {
        let rejected =
            |stage: &str| Codes::new(400, |code| exposition.counter(&names::MESSAGES_REJECTED, [stage, code]));
        Self {
            exposition: exposition.clone(),
            endpoints: endpoints.iter().map(|it| (*it, OnceLock::new())).collect(),
            other: OnceLock::new(),
            rejected: STAGES.into_iter().map(|it| (it, rejected(it))).collect(),
            rejected_elsewhere: rejected(OTHER),
            lookups: Looked::ALL.map(|it| exposition.counter(&names::LOOKUPS, [it.word()])),
            turned_away: TurnedAway::ALL.map(|it| exposition.counter(&names::HTTP_CONNECTIONS_REFUSED, [it.word()])),
        }
    }

    /// A connection was refused.
    pub fn turned_away(&self, why: TurnedAway) {
        self.turned_away[why as usize].increment(1);
    }

    /// A request was answered. The first of its endpoint brings all codes of it, at 0.
    pub fn count_answer(&self, endpoint: &str, code: u16, took: Duration) {
        let (name, endpoint) = self.endpoints.get_key_value(endpoint).map_or((OTHER, &self.other), |(k, v)| (k, v));
        let endpoint = endpoint.get_or_init(|| Endpoint::new(&self.exposition, name));
        endpoint.requests.of(code).increment(1);
        endpoint.duration.record(took);
    }

    /// A number was asked about.
    pub fn looked_up(&self, looked: Looked) {
        self.lookups[looked as usize].increment(1);
    }

    /// A request to send was refused, and nothing was stored.
    pub fn count_rejection(&self, stage: &str, code: u16) {
        self.rejected.get(stage).unwrap_or(&self.rejected_elsewhere).of(code).increment(1);
    }
}

struct Endpoint {
    requests: Codes,
    duration: Histogram,
}

impl Endpoint {
    fn new(exposition: &Exposition, name: &str) -> Self {
        Self {
            requests: Codes::new(0, |code| exposition.counter(&names::HTTP_REQUESTS, [name, code])),
            duration: exposition.histogram(&names::HTTP_REQUEST_DURATION, [name]),
        }
    }
}

/// A counter for each code from a lowest one on.
struct Codes {
    known: Vec<(u16, Counter)>,
    other: Counter,
}

impl Codes {
    fn new(from: u16, counter: impl Fn(&str) -> Counter) -> Self {
        let known = CODES.into_iter().filter(|it| from <= *it);
        Self { known: known.map(|it| (it, counter(&it.to_string()))).collect(), other: counter(OTHER) }
    }

    fn of(&self, code: u16) -> &Counter {
        self.known.iter().find(|(it, _)| *it == code).map_or(&self.other, |(_, counter)| counter)
    }
}
