//! The metrics of one link, counted by the link's own task.

use crate::carrier::report::PutOff;
use crate::smpp::command::CommandId;
use crate::telemetry::labels::{OTHER, bind_name};
use crate::telemetry::names;
use crate::telemetry::often::Often;
use crate::telemetry::recorder::Exposition;
use metrics::{Counter, Gauge, Histogram};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

closed_set! {
    /// What a link may be.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum LinkState: all, word {
        /// Waits until it may connect again.
        Down "down",
        /// Connects and binds.
        Connecting "connecting",
        /// Messages may flow.
        Bound "bound",
        /// Finishes what is in flight, and ends.
        Draining "draining",
    }
}

closed_set! {
    /// Which way a PDU goes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Direction: word {
        /// From the carrier.
        In "in",
        /// To the carrier.
        Out "out",
    }
}

/// What is wrong with a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformation {
    /// Its length is none that a PDU may have; the link closes.
    Length,
    /// Its body cannot be read; it is refused.
    Body,
    /// Its operation is not known.
    Command,
    /// Its operation is not legal in this state of the session.
    State,
    /// It answers nothing that was asked.
    Sequence,
}

const REASONS: [&str; 5] = ["length", "body", "command", "state", "sequence"];

/// The requests that are counted by name, and their responses too.
const REQUESTS: [CommandId; 8] = [
    CommandId::BIND_RECEIVER,
    CommandId::BIND_TRANSMITTER,
    CommandId::BIND_TRANSCEIVER,
    CommandId::SUBMIT_SM,
    CommandId::DELIVER_SM,
    CommandId::DATA_SM,
    CommandId::ENQUIRE_LINK,
    CommandId::UNBIND,
];

/// The metrics of one link. Clones share their values.
#[derive(Clone)]
pub struct LinkMeter {
    up: Gauge,
    transitions: [Counter; LinkState::ALL.len()],
    window_in_use: Gauge,
    window_size: Gauge,
    enquire_link_rtt: Histogram,
    congestion: Gauge,
    pdus: Arc<[Pdus; 2]>,
    malformed: [Counter; REASONS.len()],
    answers_unread: Counter,
    put_off: [Counter; PutOff::ALL.len()],
    /// For what comes with its first event; the expiry of a certificate would cry wolf at 0.
    exposition: Exposition,
    carrier: Box<str>,
}

impl LinkMeter {
    pub(in crate::telemetry) fn new(exposition: &Exposition, carrier: &str, bind: u8) -> Self {
        let name = bind_name(carrier, bind);
        let transition = |it: LinkState| exposition.counter(&names::LINK_TRANSITIONS, [carrier, &name, it.word()]);
        Self {
            up: exposition.gauge(&names::LINK_UP, [carrier, &name]),
            transitions: LinkState::ALL.map(transition),
            window_in_use: exposition.gauge(&names::WINDOW_IN_USE, [carrier, &name]),
            window_size: exposition.gauge(&names::WINDOW_SIZE, [carrier, &name]),
            enquire_link_rtt: exposition.histogram(&names::ENQUIRE_LINK_RTT, [carrier]),
            congestion: exposition.gauge(&names::CONGESTION, [carrier, &name]),
            pdus: Arc::default(),
            answers_unread: exposition.counter(&names::ANSWERS_UNREAD, [carrier]),
            malformed: REASONS.map(|it| exposition.counter(&names::MALFORMED_PDUS, [carrier, it])),
            put_off: PutOff::ALL.map(|it| exposition.counter(&names::DELIVERIES_PUT_OFF, [carrier, it.word()])),
            exposition: exposition.clone(),
            carrier: carrier.into(),
        }
    }

    /// How often lines are logged that the carrier can repeat.
    pub fn often(&self) -> &Often {
        self.exposition.often()
    }

    /// The link is in another state now.
    pub fn set_state(&self, to: LinkState) {
        self.transitions[to as usize].increment(1);
        self.up.set(if to == LinkState::Bound { 1.0 } else { 0.0 });
    }

    /// So many requests are sent and not answered, of so many that may be.
    pub fn window(&self, in_use: usize, size: usize) {
        self.window_in_use.set(in_use as f64);
        self.window_size.set(size as f64);
    }

    /// The carrier tells of its load, in per cent.
    pub fn set_congestion(&self, percent: u8) {
        self.congestion.set(f64::from(percent) / 100.0);
    }

    /// An `enquire_link` was answered after so long.
    pub fn count_enquiry(&self, rtt: Duration) {
        self.enquire_link_rtt.record(rtt);
    }

    /// So many seconds are left until the carrier's certificate expires.
    pub fn certificate_expires_in(&self, seconds: f64) {
        self.exposition.gauge(&names::TLS_EXPIRY, [&*self.carrier]).set(seconds);
    }

    /// A PDU was read or written.
    pub fn pdu(&self, direction: Direction, command: CommandId) {
        let make = |command: &str| self.exposition.counter(&names::PDUS, [&*self.carrier, direction.word(), command]);
        self.pdus[direction as usize].of(command, make).increment(1);
    }

    /// An answer over HTTP has not what it should have.
    pub fn unread(&self) {
        self.answers_unread.increment(1);
    }

    /// The carrier was told to send something again.
    pub fn put_off(&self, why: PutOff) {
        self.put_off[why as usize].increment(1);
    }

    /// A PDU could not be read, or was not legal.
    pub fn count_malformed(&self, reason: Malformation) {
        self.malformed[reason as usize].increment(1);
    }
}

/// PDUs of one direction.
#[derive(Default)]
struct Pdus {
    requests: [OnceLock<Counter>; REQUESTS.len()],
    responses: [OnceLock<Counter>; REQUESTS.len()],
    generic_nack: OnceLock<Counter>,
    other: OnceLock<Counter>,
}

impl Pdus {
    fn of(&self, command: CommandId, make: impl FnOnce(&str) -> Counter) -> &Counter {
        let side = if command.is_response() { &self.responses } else { &self.requests };
        let place = REQUESTS.iter().position(|it| *it == command || it.response() == command);
        let (counter, word) = match place {
            _ if command == CommandId::GENERIC_NACK => (&self.generic_nack, command.name()),
            Some(place) => (&side[place], command.name()),
            None => (&self.other, OTHER),
        };
        counter.get_or_init(|| make(word))
    }
}
