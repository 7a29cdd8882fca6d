//! The metrics of one link, counted by the link's own task.

use crate::telemetry::labels::{OTHER, bind_name};
use crate::telemetry::names;
use crate::telemetry::recorder::Exposition;
use metrics::{Counter, Gauge, Histogram};
use std::time::Duration;

/// What a link may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Waits until it may connect again.
    Down,
    /// Connects and binds.
    Connecting,
    /// Messages may flow.
    Bound,
    /// Finishes what is in flight, and ends.
    Draining,
}

impl LinkState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Down, Self::Connecting, Self::Bound, Self::Draining];

    /// Its word in metrics and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Connecting => "connecting",
            Self::Bound => "bound",
            Self::Draining => "draining",
        }
    }
}

/// Which way a PDU goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the carrier.
    In,
    /// To the carrier.
    Out,
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
}

const REASONS: [&str; 4] = ["length", "body", "command", "state"];

/// The operations that are counted by name, with their numbers; responses have the top bit.
const COMMANDS: [(u32, &str, &str); 8] = [
    (0x01, "bind_receiver", "bind_receiver_resp"),
    (0x02, "bind_transmitter", "bind_transmitter_resp"),
    (0x04, "submit_sm", "submit_sm_resp"),
    (0x05, "deliver_sm", "deliver_sm_resp"),
    (0x06, "unbind", "unbind_resp"),
    (0x09, "bind_transceiver", "bind_transceiver_resp"),
    (0x15, "enquire_link", "enquire_link_resp"),
    (0x103, "data_sm", "data_sm_resp"),
];
const RESPONSE: u32 = 0x8000_0000;

/// The metrics of one link. Clones share their values.
#[derive(Clone)]
pub struct LinkMeter {
    up: Gauge,
    transitions: [Counter; LinkState::ALL.len()],
    window_in_use: Gauge,
    window_size: Gauge,
    enquire_link_rtt: Histogram,
    pdus: [Pdus; 2],
    malformed: [Counter; REASONS.len()],
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
            pdus: ["in", "out"].map(|direction| Pdus::new(exposition, carrier, direction)),
            malformed: REASONS.map(|it| exposition.counter(&names::MALFORMED_PDUS, [carrier, it])),
        }
    }

    /// The link is in another state now.
    pub fn moved(&self, to: LinkState) {
        self.transitions[to as usize].increment(1);
        self.up.set(if to == LinkState::Bound { 1.0 } else { 0.0 });
    }

    /// So many requests are sent and not answered, of so many that may be.
    pub fn window(&self, in_use: usize, size: usize) {
        self.window_in_use.set(in_use as f64);
        self.window_size.set(size as f64);
    }

    /// An `enquire_link` was answered after so long.
    pub fn enquired(&self, rtt: Duration) {
        self.enquire_link_rtt.record(rtt);
    }

    /// A PDU of this `command_id` was read or written.
    pub fn pdu(&self, direction: Direction, command_id: u32) {
        self.pdus[direction as usize].of(command_id).increment(1);
    }

    /// A PDU could not be read, or was not legal.
    pub fn malformed(&self, reason: Malformation) {
        self.malformed[reason as usize].increment(1);
    }
}

/// PDUs of one direction.
#[derive(Clone)]
struct Pdus {
    requests: [Counter; COMMANDS.len()],
    responses: [Counter; COMMANDS.len()],
    generic_nack: Counter,
    other: Counter,
}

impl Pdus {
    fn new(exposition: &Exposition, carrier: &str, direction: &str) -> Self {
        let counter = |command: &str| exposition.counter(&names::PDUS, [carrier, direction, command]);
        Self {
            requests: COMMANDS.map(|(_, request, _)| counter(request)),
            responses: COMMANDS.map(|(_, _, response)| counter(response)),
            generic_nack: counter("generic_nack"),
            other: counter(OTHER),
        }
    }

    fn of(&self, command_id: u32) -> &Counter {
        if command_id == RESPONSE {
            return &self.generic_nack;
        }
        let side = if command_id & RESPONSE == 0 { &self.requests } else { &self.responses };
        let place = COMMANDS.iter().position(|(id, ..)| *id == command_id & !RESPONSE);
        place.map_or(&self.other, |it| &side[it])
    }
}
