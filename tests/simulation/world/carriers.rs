//! Carriers in the simulation: what they hear, and what they do about it.

use crate::simulation::smsc::{Smsc, Verdict};
use crate::simulation::world::{Coming, World};
use bytes::{Bytes, BytesMut};
use nuncio::message::id::CarrierId;
use nuncio::session::input::Input;
use nuncio::session::output::{Output, SessionEvent};
use nuncio::smpp::bind::{BindKind, BindResp};
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::status::CommandStatus;

impl World {
    pub(super) fn smsc_hears(&mut self, conn: u64, frame: Bytes) {
        if self.conns.get(&conn).is_some_and(|it| !it.dark) {
            let pdu = Pdu::decode(frame).expect("what was encoded can be decoded");
            self.tell_smsc(conn, Input::Pdu(pdu));
        }
    }

    pub(super) fn tell_smsc(&mut self, conn: u64, input: Input) {
        let now = self.instant();
        if let Some(session) = self.conns.get_mut(&conn).and_then(|it| it.session.as_mut()) {
            session.handle(now, input);
            self.poll_smsc(conn);
        }
    }

    pub(super) fn poll_smsc(&mut self, conn: u64) {
        let now = self.instant();
        loop {
            let Some(session) = &mut self.conns.get_mut(&conn).unwrap().session else { return };
            match session.poll() {
                Output::Send(pdu) => {
                    let mut octets = BytesMut::new();
                    pdu.encode(&mut octets).expect("the carrier writes what can be written");
                    let at = self.arrival(conn, 1);
                    self.post(at, Coming::ToEsme(conn, octets.freeze()));
                }
                Output::Event(event) => self.heard(conn, event),
                Output::Wait(deadline) => {
                    let Some(deadline) = deadline else { return };
                    assert!(now <= deadline, "deadline: the session of a carrier waits for the past");
                    let at = self.millis(deadline);
                    let conn_state = self.conns.get_mut(&conn).unwrap();
                    if conn_state.tick.is_none_or(|it| at < it) {
                        conn_state.tick = Some(at);
                        self.post(at, Coming::SmscTick(conn));
                    }
                    return;
                }
                Output::Close(_) => {
                    self.conns.get_mut(&conn).unwrap().session = None;
                    let at = self.arrival(conn, 1);
                    self.post(at, Coming::EsmeEof(conn));
                    return;
                }
            }
        }
    }

    pub(super) fn heard(&mut self, conn: u64, event: SessionEvent) {
        let carrier = self.conns[&conn].link.carrier;
        let smsc = self.smscs.get_mut(&carrier).unwrap();
        match event {
            SessionEvent::BindRequested { sequence, kind, .. } => {
                let refuse = self.now < smsc.refusing_until;
                let status = if !refuse {
                    self.conns.get_mut(&conn).unwrap().kind = Some(kind);
                    CommandStatus::Ok
                } else if self.dice.percent(20) {
                    return;
                } else {
                    self.dice.pick(&[
                        CommandStatus::BindFailed,
                        CommandStatus::AlreadyBound,
                        CommandStatus::InvalidPassword,
                    ])
                };
                let body = PduBody::BindResp(kind, BindResp::default());
                self.post(self.now, Coming::Respond(conn, sequence, status, body));
            }
            SessionEvent::Bound { .. } => self.deliver(carrier),
            SessionEvent::Requested { sequence, body: PduBody::SubmitSm(sm) } => {
                self.check_content(&sm);
                let smsc = self.smscs.get_mut(&carrier).unwrap();
                let (_, verdict, script) = smsc.submitted(self.now, &mut self.dice, &sm);
                if let Verdict::Answer(after, status, id) = verdict {
                    self.misanswer((conn, sequence), after, &id);
                    self.post(self.now + after, Coming::Respond(conn, sequence, status, Smsc::answer(&id)));
                }
                for (after, notice) in script {
                    self.post(self.now + after, Coming::Receipt(carrier, notice));
                }
            }
            SessionEvent::Requested { sequence, body: PduBody::QuerySm(query) } => {
                self.inquired((conn, sequence), &query);
            }
            SessionEvent::Answered { ticket, status: CommandStatus::Ok, .. }
            | SessionEvent::LateAnswer { ticket, status: CommandStatus::Ok, .. } => {
                self.confirmed(carrier, ticket as usize);
                self.deliver(carrier);
            }
            SessionEvent::Answered { status, .. } => panic!("refused while all is well: {status}"),
            SessionEvent::TimedOut(ticket) => {
                self.check_unanswered(conn);
                self.not_confirmed(carrier, ticket as usize);
            }
            SessionEvent::Lost(ticket) => self.not_confirmed(carrier, ticket as usize),
            SessionEvent::NeverSent(ticket) => {
                self.smscs.get_mut(&carrier).unwrap().notices[ticket as usize].sent -= 1;
                self.say_again(carrier, ticket as usize);
            }
            SessionEvent::Odd(oddity) => panic!("the gateway does what it should not: {oddity}"),
            _ => (),
        }
    }

    /// Says besides what it should not: an answer once more, another one after it, one to nothing that was asked.
    fn misanswer(&mut self, (conn, sequence): (u64, u32), after: u64, id: &str) {
        let carrier = self.conns[&conn].link.carrier;
        if !self.dice.percent(self.smscs[&carrier].weather.odd_answers) {
            return;
        }
        self.tally.note("answers beside");
        let (sequence, status, id) = match self.dice.below(4) {
            0 => (sequence, CommandStatus::Ok, id),
            1 => (sequence, CommandStatus::Ok, "7777"),
            2 => (sequence, CommandStatus::InvalidDestinationAddress, ""),
            _ => (sequence + 1_000_000, CommandStatus::Ok, id),
        };
        let mut octets = BytesMut::new();
        let pdu = Pdu::response(sequence, status, Smsc::answer(id));
        pdu.encode(&mut octets).expect("the carrier writes what can be written");
        // Behind the right one, which the wire may hold up.
        let at = self.now + after + self.dice.range(200, 2_000);
        self.post(at, Coming::ToEsme(conn, octets.freeze()));
    }

    /// What comes while the process lives and the link does is answered: nobody else would see that it is not.
    fn check_unanswered(&self, conn: u64) {
        let (it, link) = (&self.conns[&conn], &self.links[&self.conns[&conn].link]);
        let lives = self.dispatch.is_some() && link.conn == conn && link.esme.is_some();
        assert!(it.dark || !lives, "answered-in-time: what came on {:?} was not answered", it.link);
    }

    /// A carrier does not know whether what it sent has arrived, and says it again as often as it does.
    fn not_confirmed(&mut self, carrier: CarrierId, notice: usize) {
        assert!(!self.scenario.fair, "lost while all is well");
        let smsc = self.smscs.get_mut(&carrier).unwrap();
        if smsc.weather.repeats < smsc.notices[notice].sent {
            smsc.notices[notice].lost = true;
        } else {
            self.say_again(carrier, notice);
        }
    }

    fn say_again(&mut self, carrier: CarrierId, notice: usize) {
        let after = self.dice.range(500, 5_000);
        self.post(self.now + after, Coming::Receipt(carrier, notice));
    }

    /// Sends what waits, on any bind that receives.
    pub(super) fn deliver(&mut self, carrier: CarrierId) {
        let now = self.instant();
        loop {
            let smsc = &self.smscs[&carrier];
            let Some(notice) = smsc.waiting.last().copied() else { return };
            let able = self.conns.iter().filter(|(_, it)| {
                it.link.carrier == carrier
                    && it.kind.is_some_and(BindKind::receives)
                    && it.session.as_ref().is_some_and(|it| 0 < it.credit())
            });
            let able: Vec<u64> = able.map(|(id, _)| *id).collect();
            if able.is_empty() {
                return;
            }
            let conn = self.dice.pick(&able);
            let body = self.smscs[&carrier].deliver(notice);
            let smsc = self.smscs.get_mut(&carrier).unwrap();
            smsc.waiting.pop();
            smsc.notices[notice].sent += 1;
            let session = self.conns.get_mut(&conn).unwrap().session.as_mut().unwrap();
            session.handle(now, Input::Request(notice as u64, body));
            self.poll_smsc(conn);
        }
    }
}
