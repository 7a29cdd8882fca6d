//! One session with a carrier, spoken in messages.
//!
//! ```text
//!   Command::Submit ──► ahead (bounded by capacity) ──► window of the session ──► submit_sm
//!   Report::Answered ◄── what the answer means here ◄── submit_sm_resp, time-out, loss
//!   Report::Inbound ◄── receipt or message ◄── deliver_sm, data_sm
//!   Command::Confirm ──────────────────────────────► deliver_sm_resp
//! ```
//!
//! **Guarantee.** Every [`Command::Submit`] ends in exactly one [`Report::Answered`], and those
//! that never left say so; [`Report::Down`] comes after the last of them.

use crate::carrier::answer;
use crate::carrier::dialect::Dialect;
use crate::carrier::inbound;
use crate::carrier::reason;
use crate::carrier::report::{Answered, Report, Ticket};
use crate::carrier::submit::{Submit, submit_sm};
use crate::message::attempt::{Answer, CarrierMessageId};
use crate::message::reason::Reason;
use crate::session::Session;
use crate::session::conversation::{Conversation, Said, Spoken};
use crate::session::input::Input;
use crate::session::options::Options;
use crate::session::output::{Event, Output};
use crate::session::state::State;
use crate::smpp::bind::{Bind, BindKind};
use crate::smpp::pdu::Body;
use crate::smpp::sm::SmResp;
use crate::smpp::status::CommandStatus;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a link is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Submit a part; always within the capacity that [`Report::Up`] gave.
    Submit(Submit),
    /// What came under this tag is durable.
    Confirm(u64),
    /// Take nothing more, finish what is in flight, end the session.
    Unbind,
}

/// One session with a carrier.
#[derive(Debug)]
pub struct Talk {
    session: Session,
    dialect: Arc<Dialect>,
    capacity: usize,
    /// Parts that run ahead of the window.
    ahead: VecDeque<Submit>,
    /// Which response each unconfirmed request of the carrier wants; bounded by `inbound_window`.
    unconfirmed: HashMap<u32, Confirmation>,
    reports: VecDeque<Report>,
    up: bool,
    now: Instant,
    /// It is to end: by then at the latest.
    unbind_by: Option<Instant>,
    unbound: bool,
    drain_for: Duration,
    /// Which session of its link this is: what an earlier one left is not confirmed here.
    epoch: u32,
}

#[derive(Clone, Copy, Debug)]
enum Confirmation {
    DeliverSm,
    DataSm,
}

/// How a session with a carrier is held.
#[derive(Clone, Debug)]
pub struct Manner {
    /// What we are there.
    pub kind: BindKind,
    /// What the bind says.
    pub bind: Bind,
    /// Window and timers.
    pub session: Options,
    /// How many parts may wait for the window.
    pub ahead: usize,
    /// The carrier's habits.
    pub dialect: Arc<Dialect>,
}

impl Talk {
    /// Begins the session number `epoch` of its link, on a connection just made.
    pub fn new(now: Instant, epoch: u32, manner: Manner) -> Self {
        let Manner { kind, bind, session, ahead, dialect } = manner;
        let capacity = if kind == BindKind::Receiver { 0 } else { session.window + ahead };
        let drain_for = session.response_timeout;
        Self {
            session: Session::esme(now, kind, bind, session),
            dialect,
            capacity,
            ahead: VecDeque::new(),
            unconfirmed: HashMap::new(),
            reports: VecDeque::new(),
            up: false,
            now,
            unbind_by: None,
            unbound: false,
            drain_for,
            epoch,
        }
    }

    /// Requests that were written and not answered.
    pub fn in_flight(&self) -> usize {
        self.session.in_flight()
    }

    fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Submit(submit) if self.is_open() => {
                self.ahead.push_back(submit);
                self.session.handle(now, Input::Tick);
                self.pump(now);
            }
            Command::Submit(submit) => self.end(submit.ticket, not_sent()),
            Command::Confirm(tag) => self.confirm(now, tag),
            Command::Unbind => self.drain(now),
        }
    }

    /// Parts may be given to it.
    const fn is_open(&self) -> bool {
        matches!(self.session.state(), State::Bound(_)) && self.unbind_by.is_none()
    }

    /// Takes nothing more; unbinds once what is in flight has ended, or has had its time.
    fn drain(&mut self, now: Instant) {
        if self.unbind_by.is_some() {
            return;
        }
        self.return_ahead();
        self.unbind_by = Some(now + self.drain_for);
        if self.up {
            self.reports.push_back(Report::Up { capacity: 0 });
        }
        self.unbind_when_drained(now);
    }

    fn unbind_when_drained(&mut self, now: Instant) -> bool {
        let Some(by) = self.unbind_by else { return false };
        let ready = self.session.in_flight() == 0 || by <= now;
        if ready && !self.unbound {
            self.unbound = true;
            self.session.handle(now, Input::Unbind);
            return true;
        }
        false
    }

    fn confirm(&mut self, now: Instant, tag: u64) {
        if tag >> 32 != u64::from(self.epoch) {
            return;
        }
        let sequence = tag as u32;
        let Some(confirmation) = self.unconfirmed.remove(&sequence) else { return };
        let body = match confirmation {
            Confirmation::DeliverSm => Body::DeliverSmResp(SmResp::default()),
            Confirmation::DataSm => Body::DataSmResp(SmResp::default()),
        };
        self.session.handle(now, Input::Respond { sequence, status: CommandStatus::Ok, body });
    }

    /// Moves what runs ahead into the window while there is room. True if anything moved.
    fn pump(&mut self, now: Instant) -> bool {
        let mut moved = false;
        while 0 < self.session.credit() {
            let Some(submit) = self.ahead.pop_front() else { break };
            match submit_sm(&submit, &self.dialect) {
                Ok(sm) => self.session.handle(now, Input::Request(submit.ticket.0, Body::SubmitSm(sm))),
                Err(_) => self.end(submit.ticket, refused(Answer::Never, None, Reason::ContentRefused)),
            }
            moved = true;
        }
        moved
    }

    fn end(&mut self, ticket: Ticket, answered: Answered) {
        self.reports.push_back(Report::Answered(ticket, answered));
    }

    /// What never entered the window goes back.
    fn return_ahead(&mut self) {
        let waiting: Vec<Ticket> = self.ahead.drain(..).map(|it| it.ticket).collect();
        for ticket in waiting {
            self.end(ticket, not_sent());
        }
    }

    fn hear(&mut self, now: Instant, event: Event) {
        match event {
            Event::Bound { .. } => {
                self.up = true;
                self.reports.push_back(Report::Up { capacity: self.capacity });
            }
            Event::Answered { ticket, status, body } => {
                let answered = self.meaning(status, &body);
                self.end(Ticket(ticket), answered);
                if answer::is_bind_error(status) {
                    // The carrier does not think that we are bound: bind anew.
                    self.command(now, Command::Unbind);
                }
            }
            Event::LateAnswer { ticket, status, body } => {
                let answered = self.meaning(status, &body);
                self.reports.push_back(Report::Late(Ticket(ticket), answered));
            }
            Event::TimedOut(ticket) | Event::Lost(ticket) => self.end(Ticket(ticket), unknown()),
            Event::NeverSent(ticket) => self.end(Ticket(ticket), not_sent()),
            Event::Requested { sequence, body } => self.requested(now, sequence, &body),
            Event::Odd(oddity) => self.reports.push_back(Report::Odd(oddity)),
            Event::BindRefused(_) | Event::BindRequested { .. } | Event::Unbinding => (),
        }
    }

    fn requested(&mut self, now: Instant, sequence: u32, body: &Body) {
        let Some(news) = inbound::news(body, &self.dialect) else {
            let status = CommandStatus::InvalidCommandId;
            self.session.handle(now, Input::Respond { sequence, status, body: Body::GenericNack });
            return;
        };
        let confirmation = if matches!(body, Body::DataSm(_)) { Confirmation::DataSm } else { Confirmation::DeliverSm };
        self.unconfirmed.insert(sequence, confirmation);
        let tag = (u64::from(self.epoch) << 32) | u64::from(sequence);
        self.reports.push_back(Report::Inbound { tag, news });
    }

    fn meaning(&self, status: CommandStatus, body: &Body) -> Answered {
        let answer = answer::of(&self.dialect, status);
        let named = match body {
            Body::SubmitSmResp(resp) => CarrierMessageId::new(&resp.message_id.to_string_lossy()),
            _ => None,
        };
        // A generic_nack of status 0 took nothing.
        let answer = if matches!((answer, body), (Answer::Taken, Body::GenericNack)) { Answer::Never } else { answer };
        Answered {
            answer,
            command_status: Some(status.as_u32()),
            carrier_message_id: named.filter(|_| answer == Answer::Taken),
            reason: (answer != Answer::Taken).then(|| reason::of_status(status)),
            throttled: answer::is_throttling(status),
        }
    }
}

impl Conversation for Talk {
    type Command = Command;
    type Report = Report;

    fn handle(&mut self, now: Instant, input: Spoken<Command>) {
        self.now = now;
        match input {
            Spoken::Pdu(pdu) => self.session.handle(now, Input::Pdu(pdu)),
            Spoken::Undecodable { command, sequence, status } => {
                self.session.handle(now, Input::Undecodable { command, sequence, status });
            }
            Spoken::Command(command) => self.command(now, command),
            Spoken::Unsent { sequence } => self.session.handle(now, Input::Unsent { sequence }),
            Spoken::Tick => self.session.handle(now, Input::Tick),
            Spoken::Eof => self.session.handle(now, Input::Eof),
        }
    }

    fn poll(&mut self) -> Said<Report> {
        loop {
            if let Some(report) = self.reports.pop_front() {
                return Said::Report(report);
            }
            match self.session.poll() {
                Output::Send(pdu) => return Said::Send(pdu),
                Output::Event(event) => self.hear(self.now, event),
                Output::Wait(deadline) => {
                    if self.pump(self.now) || self.unbind_when_drained(self.now) {
                        continue;
                    }
                    let unbind = self.unbind_by.filter(|_| !self.unbound);
                    return Said::Wait([deadline, unbind].into_iter().flatten().min());
                }
                Output::Close(reason) => {
                    if !self.ahead.is_empty() {
                        self.return_ahead();
                    } else if std::mem::take(&mut self.up) {
                        self.reports.push_back(Report::Down);
                    } else {
                        return Said::Close(reason);
                    }
                }
            }
        }
    }
}

const fn not_sent() -> Answered {
    Answered { answer: Answer::NotSent, command_status: None, carrier_message_id: None, reason: None, throttled: false }
}

const fn unknown() -> Answered {
    Answered { answer: Answer::Unknown, command_status: None, carrier_message_id: None, reason: None, throttled: false }
}

const fn refused(answer: Answer, command_status: Option<u32>, reason: Reason) -> Answered {
    Answered { answer, command_status, carrier_message_id: None, reason: Some(reason), throttled: false }
}
