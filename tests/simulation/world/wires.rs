//! Wires in the simulation: they connect, are late, cut and go dark; and the ESMEs at their near ends.

use crate::simulation::world::{Coming, Conn, World};
use bytes::{Bytes, BytesMut};
use nuncio::carrier::esme::{self, Esme};
use nuncio::message::id::LinkId;
use nuncio::session::Session;
use nuncio::session::conversation::{Conversation, DriverAction, DriverEvent};
use nuncio::session::options::Options;
use nuncio::session::output::CloseReason;
use nuncio::smpp::pdu::Pdu;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

impl World {
    pub(super) fn connect(&mut self, id: LinkId) {
        if self.dispatch.is_none() || self.draining || self.links[&id].esme.is_some() {
            return;
        }
        if self.now < self.smscs[&id.carrier].dead_until {
            let after = self.dice.range(200, 1_000);
            self.post(self.now + after, Coming::Connect(id));
            return;
        }
        let conn = self.stamp + 1;
        self.stamp += 1;
        let (now, settings) = (self.instant(), self.scenario.links[&id].clone());
        let response_timeout = Duration::from_millis(4_000);
        let window = if self.smscs[&id.carrier].weather.repeats == 0 { usize::MAX } else { 10 };
        let options = Options { window, response_timeout, ..Options::default() };
        let session = Some(Session::smsc(now, options));
        let arrivals = [self.now; 2];
        let (kind, unread) = (None, VecDeque::new());
        self.conns.insert(conn, Conn { link: id, session, kind, tick: None, dark: false, arrivals, unread });
        let link = self.links.get_mut(&id).unwrap();
        link.epoch += 1;
        link.conn = conn;
        link.esme = Some(Esme::new(now, link.epoch, settings));
        self.poll_esme(conn);
        self.poll_smsc(conn);
    }

    /// Octets under way arrive in their order, a while later.
    pub(super) fn arrival(&mut self, conn: u64, way: usize) -> u64 {
        let carrier = self.conns[&conn].link.carrier;
        let latency = self.dice.range(1, self.smscs[&carrier].weather.latency);
        let arrivals = &mut self.conns.get_mut(&conn).unwrap().arrivals[way];
        *arrivals = (*arrivals).max(self.now + latency);
        *arrivals
    }

    pub(super) fn cut(&mut self, conn: u64) {
        if !self.conns.contains_key(&conn) {
            return;
        }
        self.conns.get_mut(&conn).unwrap().dark = true;
        let (here, there) = (self.now + self.dice.below(50), self.now + self.dice.below(50));
        self.post(here, Coming::EsmeEof(conn));
        self.post(there, Coming::SmscEof(conn));
    }

    pub(super) fn esme_hears(&mut self, conn: u64, frame: Bytes) {
        if let Some(it) = self.conns.get_mut(&conn).filter(|it| !it.dark) {
            it.unread.push_back(frame);
            self.read(conn);
        }
    }

    /// Hands the ESME what has arrived, as long as it takes any.
    pub(super) fn read(&mut self, conn: u64) {
        loop {
            let Some(it) = self.conns.get_mut(&conn) else { return };
            let link = &self.links[&it.link];
            if link.conn != conn || !link.esme.as_ref().is_some_and(Conversation::takes) {
                return;
            }
            let Some(frame) = it.unread.pop_front() else { return };
            let pdu = Pdu::decode(frame).expect("what was encoded can be decoded");
            self.hand_over(conn, DriverEvent::Pdu(pdu));
        }
    }

    /// The end of a connection is seen behind all that was said on it, but where it breaks.
    pub(super) fn esme_ends(&mut self, conn: u64) {
        let Some(it) = self.conns.get(&conn) else { return };
        if it.dark || it.unread.is_empty() {
            return self.hand_over(conn, DriverEvent::Eof);
        }
        self.post(self.now + 1, Coming::EsmeEof(conn));
    }

    /// Tells the ESME something that may make room for what is not read yet.
    pub(super) fn tell_esme(&mut self, conn: u64, spoken: DriverEvent<esme::Command>) {
        self.hand_over(conn, spoken);
        self.read(conn);
    }

    pub(super) fn hand_over(&mut self, conn: u64, spoken: DriverEvent<esme::Command>) {
        let Some(id) = self.conns.get(&conn).map(|it| it.link) else { return };
        let now = self.instant();
        let link = self.links.get_mut(&id).unwrap();
        if link.conn != conn {
            return;
        }
        if let Some(esme) = &mut link.esme {
            esme.handle(now, spoken);
            self.poll_esme(conn);
        }
    }

    pub(super) fn poll_esme(&mut self, conn: u64) {
        let id = self.conns[&conn].link;
        let now = self.instant();
        let window = self.scenario.links[&id].session.window;
        loop {
            let Some(esme) = &mut self.links.get_mut(&id).unwrap().esme else { return };
            let said = esme.poll();
            assert!(esme.in_flight() <= window, "window: {id:?} has {} of {window} unanswered", esme.in_flight());
            match said {
                DriverAction::Send(pdu) => {
                    let mut octets = BytesMut::new();
                    pdu.encode(&mut octets).expect("a part that was cut can be written");
                    let at = self.arrival(conn, 0);
                    self.post(at, Coming::ToSmsc(conn, octets.freeze()));
                }
                DriverAction::Report(report) => self.report(id, report),
                DriverAction::Wait(deadline) => {
                    let Some(deadline) = deadline else { return };
                    assert!(now <= deadline, "deadline: the ESME of {id:?} waits for the past");
                    let at = self.millis(deadline);
                    let link = self.links.get_mut(&id).unwrap();
                    if link.tick.is_none_or(|it| at < it) {
                        link.tick = Some(at);
                        self.post(at, Coming::EsmeTick(conn));
                    }
                    return;
                }
                DriverAction::Close(reason) => return self.closed(conn, reason),
            }
        }
    }

    pub(super) fn millis(&self, deadline: Instant) -> u64 {
        (deadline - self.base).as_nanos().div_ceil(1_000_000) as u64
    }

    pub(super) fn closed(&mut self, conn: u64, reason: CloseReason) {
        let id = self.conns[&conn].link;
        let link = self.links.get_mut(&id).unwrap();
        (link.esme, link.tick) = (None, None);
        let at = self.arrival(conn, 0);
        self.post(at, Coming::SmscEof(conn));
        let wait = if matches!(reason, CloseReason::BindRefused(_)) { 3_000 } else { 500 };
        let after = self.dice.range(wait, 3 * wait);
        self.post(self.now + after, Coming::Connect(id));
    }
}
