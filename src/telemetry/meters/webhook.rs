//! The metrics of endpoints, by the account that they belong to.

use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use metrics::{Counter, Gauge, Histogram};
use std::time::Duration;

closed_set! {
    /// What came of a call of an endpoint.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum CallResult: all, word {
        /// It was taken.
        Ok "ok",
        /// An answer that is neither 2xx nor 5xx.
        Status4xx "status_4xx",
        /// 5xx.
        Status5xx "status_5xx",
        /// No answer in time.
        Timeout "timeout",
        /// No connection.
        Connect "connect",
        /// The name has no address.
        Dns "dns",
        /// TLS was not agreed upon.
        Tls "tls",
        /// The address is not to be dialled.
        Blocked "blocked",
        /// 410: nobody is to come again.
        Gone "gone",
    }
}

closed_set! {
    /// How an endpoint stands.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum EndpointState: all, word {
        /// It is told.
        Told "ok",
        /// Its breaker is open: it is probed now and then.
        Open "open",
        /// It is told no more.
        Disabled "disabled",
    }
}

/// The metrics of the endpoints of one account.
pub struct WebhookMeter {
    results: [Counter; CallResult::ALL.len()],
    seconds: Histogram,
    outbox: Gauge,
    oldest_age: Gauge,
    states: [Gauge; EndpointState::ALL.len()],
}

impl WebhookMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition, account: &str) -> Self {
        let result = |it: CallResult| exposition.counter(&names::WEBHOOK_DELIVERIES, [account, it.word()]);
        let state = |it: EndpointState| exposition.gauge(&names::WEBHOOK_STATE, [account, it.word()]);
        Self {
            results: CallResult::ALL.map(result),
            seconds: exposition.histogram(&names::WEBHOOK_DURATION, [account]),
            outbox: exposition.gauge(&names::WEBHOOK_OUTBOX, [account]),
            oldest_age: exposition.gauge(&names::WEBHOOK_OLDEST_AGE, [account]),
            states: EndpointState::ALL.map(state),
        }
    }

    /// An endpoint was called.
    pub fn called(&self, result: CallResult, took: Duration) {
        self.results[result as usize].increment(1);
        self.seconds.record(took);
    }

    /// So many events have yet to be told, the oldest of them for so long; so many endpoints stand so.
    pub fn stands(&self, outbox: u64, oldest: Duration, states: [u64; EndpointState::ALL.len()]) {
        self.outbox.set(outbox as f64);
        self.oldest_age.set(oldest.as_secs_f64());
        self.states.iter().zip(states).for_each(|(gauge, count)| gauge.set(count as f64));
    }
}
