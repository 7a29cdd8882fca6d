//! A process that stops in order: what is in flight ends before it, where carriers answer.

use crate::simulation::world::{Coming, World};
use nuncio::carrier::esme;
use nuncio::dispatch::door::fact::Fact;
use nuncio::dispatch::door::happening::Happening;
use nuncio::message::id::CarrierId;
use nuncio::message::phase::Phase;
use nuncio::session::conversation::DriverEvent;
use std::time::Duration;

/// How long a link waits for answers before it unbinds.
const UNBINDS_WITHIN: Duration = Duration::from_secs(5);
/// When the process ends, whatever has become of it.
const ENDS_AFTER: u64 = 25_000;

impl World {
    pub(super) fn drain(&mut self) {
        self.draining = true;
        self.drained_from = self.now;
        self.calls.push(Happening::Drain);
        self.wake();
        let unbind = self.now + self.dice.pick(&[10, 300, 8_000]);
        self.post(unbind, Coming::Unbind);
        self.post(self.now + ENDS_AFTER, Coming::Kill);
    }

    pub(super) fn unbind(&mut self) {
        let links: Vec<u64> = self.links.values().filter(|it| it.esme.is_some()).map(|it| it.conn).collect();
        for conn in links {
            self.tell_esme(conn, DriverEvent::Command(esme::Command::Unbind(UNBINDS_WITHIN)));
        }
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
        let smsc = &self.smscs[&carrier];
        let dark = self
            .links
            .iter()
            .any(|(id, it)| id.carrier == carrier && self.conns.get(&it.conn).is_some_and(|it| it.dark));
        smsc.weather.lost_answers == 0 && smsc.half_dead_until < self.drained_from && !dark
    }
}
