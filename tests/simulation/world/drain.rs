//! A process that stops in order: what is in flight ends before it, where carriers answer.

use crate::simulation::dice::Dice;
use crate::simulation::scenario::{Fault, Scenario};
use crate::simulation::world::{Coming, World};
use nuncio::carrier::esme;
use nuncio::dispatch::door::fact::Fact;
use nuncio::dispatch::door::happening::{Happening, Submission};
use nuncio::message::id::{CarrierId, LinkId};
use nuncio::message::phase::Phase;
use nuncio::session::conversation::DriverEvent;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a link waits for answers before it unbinds.
const UNBINDS_WITHIN: Duration = Duration::from_secs(5);
/// When the process ends, whatever has become of it.
const ENDS_AFTER: u64 = 25_000;
/// The longest that a link waits for one answer: what was not answered before comes out by then.
const ANSWER_WAIT_MAX: u64 = 10_000;

/// What stood when the process began to drain.
#[derive(Default)]
pub(super) struct Drained {
    /// The links that were up.
    up: BTreeSet<LinkId>,
    /// The carriers that leave submits unanswered.
    silent: BTreeSet<CarrierId>,
}

impl Scenario {
    /// Drains soon after something was asked for, when much is in flight.
    pub(crate) fn drains(dice: &mut Dice, requests: &[(u64, Submission)], calm: u64) -> Vec<(u64, Fault)> {
        let count = dice.pick(&[0, 0, 1, 2]);
        let at = |dice: &mut Dice| requests[dice.below(requests.len() as u64) as usize].0 + dice.below(200);
        (0..count).map(|_| (at(dice).min(calm), Fault::Restart)).collect()
    }
}

impl World {
    pub(super) fn drain(&mut self) {
        self.draining = true;
        let up = self.links.iter().filter(|(_, it)| it.esme.is_some()).map(|it| *it.0).collect();
        self.drained = Drained { up, silent: BTreeSet::new() };
        for (id, smsc) in &self.smscs {
            let half_dead = self.now <= smsc.half_dead_until + ANSWER_WAIT_MAX;
            if half_dead || self.scenario.weather[id].lost_answers != 0 || smsc.inquiry.is_mute() {
                self.drained.silent.insert(*id);
            }
        }
        self.calls.push(Happening::Drain);
        self.wake();
        let unbind = self.now + self.dice.pick(&[10, 300, 8_000]);
        self.post(unbind, Coming::Unbind);
        self.post(self.now + ENDS_AFTER, Coming::Kill);
    }

    pub(super) fn unbind(&mut self) {
        let up = self.links.values().filter_map(|it| Some((it.conn, it.esme.as_ref()?.in_flight())));
        let links: Vec<(u64, usize)> = up.collect();
        for (conn, in_flight) in links {
            self.tally.add("links drained in flight", u64::from(0 < in_flight));
            self.tell_esme(conn, DriverEvent::Command(esme::Command::Unbind(UNBINDS_WITHIN)));
        }
    }

    /// A carrier leaves submits unanswered from now on.
    pub(super) fn falls_silent(&mut self, carrier: CarrierId) {
        self.drained.silent.insert(carrier);
    }

    /// The process has had its time.
    pub(super) fn end_drained(&mut self) {
        for part in self.store.parts.values().filter(|it| it.phase() == Phase::Intended) {
            let carrier = part.attempt.as_ref().expect("it is on a link").link.carrier;
            assert!(!self.answers_all(carrier), "drain: {part:?} is left on a link");
        }
        self.crash();
    }

    /// What the gateway tells while it drains.
    pub(super) fn check_drain(&self, facts: &[Fact]) {
        for fact in facts.iter().filter(|_| self.draining) {
            let Fact::Doubtful { carrier, message, .. } = fact else { continue };
            assert!(!self.answers_all(*carrier), "drain: {message:?} is in doubt at {carrier:?}, which answers all");
        }
    }

    /// Whether nothing kept a carrier from answering since the drain began.
    fn answers_all(&self, carrier: CarrierId) -> bool {
        let own = self.drained.up.iter().filter(|it| it.carrier == carrier);
        let dark = own.filter_map(|it| self.conns.get(&self.links[it].conn)).any(|it| it.dark);
        !dark && !self.drained.silent.contains(&carrier)
    }
}
