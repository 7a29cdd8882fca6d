//! One session with a carrier, spoken in messages.
//!
//! ```text
//!   Command::Submit ──► ahead (bounded by capacity) ──► window of the session ──► submit_sm
//!   Report::Answered ◄── what the answer means here ◄── submit_sm_resp, time-out, loss
//!   Report::Inbound ◄── receipt or message ◄── deliver_sm, data_sm, within the room of the intake
//!   Command::Confirm ──────────────────────────────► deliver_sm_resp
//! ```
//!
//! While the intake has no room nothing is read, and the clocks of the session stand still. What comes before the
//! bind is answered waits for that, and is taken then.
//!
//! **Guarantee.** Every [`Command::Submit`] ends in exactly one [`Report::Answered`], and those
//! that never left say so; [`Report::Down`] comes after the last of them.

use crate::carrier::answer;
use crate::carrier::dialect::Dialect;
use crate::carrier::inbound;
use crate::carrier::intake::{self, Intake, Unanswered};
use crate::carrier::pause::Pause;
use crate::carrier::query::{self, Query};
use crate::carrier::reason;
use crate::carrier::report::Queried;
use crate::carrier::report::{Answered, Aside, PutOff, Report, Ticket};
use crate::carrier::submit::{Submit, Unsayable, request};
use crate::message::attempt::{Answer, CarrierMessageId};
use crate::message::reason::Reason;
use crate::number::e164::E164;
use crate::session::Session;
use crate::session::conversation::{Conversation, DriverAction, DriverEvent};
use crate::session::input::Input;
use crate::session::options::Options;
use crate::session::output::{Output, SessionEvent};
use crate::session::state::SessionState;
use crate::session::version::Version;
use crate::smpp::bind::{Bind, BindKind, Outbind};
use crate::smpp::pdu::PduBody;
use crate::smpp::status::CommandStatus;
use crate::text::profile::{Profile, Split};
use foldhash::fast::FixedState;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a link is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Submit a part; always within the capacity that [`Report::Up`] gave.
    Submit(Submit),
    /// Ask what has become of a part; not done where there is no room for it at once.
    Query(Query),
    /// What came under this tag is durable.
    Confirm(u64),
    /// These are the habits of the carrier from now on.
    Adopt(Arc<Dialect>),
    /// Take nothing more, wait at most so long for what is in flight, end the session.
    Unbind(Duration),
}

/// One session with a carrier.
#[derive(Debug)]
pub struct Esme {
    session: Session,
    dialect: Arc<Dialect>,
    capacity: usize,
    window: usize,
    /// Parts that run ahead of the window.
    ahead: VecDeque<Submit>,
    /// When what the session has not told the end of was handed to it. Bounded by its window.
    written: HashMap<u64, Instant, FixedState>,
    /// What the carrier has sent and is not confirmed.
    intake: Intake,
    /// Of that, what came before the bind was answered.
    early: Vec<Report>,
    reports: VecDeque<Report>,
    up: bool,
    /// The time of the session and of all that it waits for.
    now: Instant,
    /// The time outside, which goes on while nothing is read.
    outside: Instant,
    pause: Pause,
    /// It is to end: by then at the latest.
    unbind_by: Option<Instant>,
    unbound: bool,
    /// It has been told that nothing more may be given.
    closed: bool,
    /// Which session of its link this is: what an earlier one left is not confirmed here.
    epoch: u32,
}

/// How a session with a carrier is held.
#[derive(Clone, Debug)]
pub struct EsmeSettings {
    /// What we are there.
    pub kind: BindKind,
    /// What the bind says.
    pub bind: Bind,
    /// The `outbind` that the bind waits for; without one it is sent at once.
    pub inviter: Option<Outbind>,
    /// Window and timers.
    pub session: Options,
    /// How many parts may wait for the window.
    pub ahead: usize,
    /// How much of the carrier may wait for the commit.
    pub intake: intake::Options,
    /// The carrier's habits.
    pub dialect: Arc<Dialect>,
}

impl Esme {
    /// How long answers are waited for after the carrier has said that we are not bound.
    const REBIND_WITHIN: Duration = Duration::from_secs(2);

    /// Begins the session number `epoch` of its link, on a connection just made.
    pub fn new(now: Instant, epoch: u32, settings: EsmeSettings) -> Self {
        let EsmeSettings { kind, bind, inviter, session, ahead, intake, dialect } = settings;
        let window = if kind == BindKind::Receiver { 0 } else { session.window };
        let capacity = if kind == BindKind::Receiver { 0 } else { window + ahead };
        let session = match inviter {
            None => Session::esme(now, kind, bind, session),
            Some(outbind) => Session::esme_outbound(now, kind, bind, Some(outbind), session),
        };
        Self {
            session,
            dialect,
            capacity,
            window,
            ahead: VecDeque::new(),
            written: HashMap::default(),
            intake: Intake::new(now, intake),
            early: Vec::new(),
            reports: VecDeque::new(),
            up: false,
            now,
            outside: now,
            pause: Pause::default(),
            unbind_by: None,
            unbound: false,
            closed: false,
            epoch,
        }
    }

    /// The number of the session on which something came under this tag.
    pub const fn session(tag: u64) -> u32 {
        (tag >> 32) as u32
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
            // It was given while the session wound up. It never left, so that it may go on elsewhere at once.
            Command::Submit(submit) => self.end(submit.ticket, Answered::NOT_SENT),
            // A question does not wait for room: parts come first, and it is asked again.
            Command::Query(query) if self.is_open() && 0 < self.session.credit() => {
                let body = PduBody::QuerySm(query::query_sm(&query, &self.dialect));
                self.session.handle(now, Input::Request(Ticket::query(query.key).0, body));
            }
            Command::Query(query) => self.report_query(Ticket::query(query.key), Queried::Unanswered),
            Command::Confirm(tag) => self.confirm(now, tag),
            Command::Adopt(dialect) => {
                self.dialect = dialect;
                self.speak(self.session.version());
            }
            Command::Unbind(within) => self.drain(now, within),
        }
    }

    /// Parts may be given to it.
    const fn is_open(&self) -> bool {
        matches!(self.session.state(), SessionState::Bound(_)) && self.unbind_by.is_none()
    }

    /// Takes nothing more; unbinds once what is in flight has ended, or has had its time.
    fn drain(&mut self, now: Instant, within: Duration) {
        self.return_ahead();
        let by = now + within;
        // A second order may hasten the end and not put it off: whoever gave the first waits for it.
        self.unbind_by = Some(self.unbind_by.map_or(by, |it| it.min(by)));
        self.unbind_when_drained(now);
    }

    /// Says once that nothing more may be given, while the session winds up for whatever reason.
    fn close_when_winding_up(&mut self) -> bool {
        let tell = self.up && !self.closed && !self.is_open();
        if tell {
            self.closed = true;
            self.reports.push_back(Report::Closing);
        }
        tell
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
        // In another session the same number is another message, which is not durable for that.
        if tag >> 32 != u64::from(self.epoch) {
            return;
        }
        if let Some(request) = self.intake.confirm(self.outside, tag as u32) {
            self.respond(now, request, CommandStatus::Ok);
        }
    }

    fn respond(&mut self, now: Instant, request: Unanswered, status: CommandStatus) {
        let (sequence, body) = (request.sequence, request.response());
        self.session.handle(now, Input::Respond { sequence, status, body });
    }

    fn put_off(&mut self, now: Instant, request: Unanswered, why: PutOff) {
        self.respond(now, request, self.intake.put_off_status());
        self.reports.push_back(Report::PutOff(why));
    }

    /// Puts off what has waited for too long. True if there was any.
    fn put_off_overdue(&mut self, now: Instant) -> bool {
        let mut any = false;
        while let Some(request) = self.intake.overdue(self.outside) {
            self.put_off(now, request, PutOff::Stalled);
            any = true;
        }
        any
    }

    /// Moves what runs ahead into the window while there is room. True if anything moved.
    fn pump(&mut self, now: Instant) -> bool {
        let mut moved = false;
        while 0 < self.session.credit() {
            let Some(submit) = self.ahead.pop_front() else { break };
            match request(&submit, &self.dialect) {
                Ok(body) if self.session.speaks(&body) => {
                    self.written.insert(submit.ticket.0, now);
                    self.session.handle(now, Input::Request(submit.ticket.0, body));
                }
                // Another carrier may be able to say it.
                Err(Unsayable::Sender) => {
                    self.end(submit.ticket, refusal(Answer::Elsewhere, None, Reason::SenderRefused));
                }
                _ => self.end(submit.ticket, refusal(Answer::Elsewhere, None, Reason::ContentRefused)),
            }
            moved = true;
        }
        moved
    }

    /// How long ago a part was written that has ended.
    fn took(&mut self, ticket: u64) -> Option<Duration> {
        self.written.remove(&ticket).map(|it| self.now.saturating_duration_since(it))
    }

    fn end(&mut self, ticket: Ticket, answered: Answered) {
        self.reports.push_back(Report::Answered(ticket, answered));
    }

    /// 3.3 has no parameters to join parts by; a header has room for as much.
    fn speak(&mut self, version: Version) {
        if version == Version::V33 && self.dialect.text.split == Split::Sar {
            let text = Profile { split: Split::Udh8, ..self.dialect.text };
            self.dialect = Arc::new(Dialect { text, ..(*self.dialect).clone() });
        }
    }

    fn report_query(&mut self, ticket: Ticket, queried: Queried) {
        self.reports.push_back(Report::Queried(ticket.key(), queried));
    }

    fn aside(&mut self, aside: Aside) {
        self.reports.push_back(Report::Aside(aside));
    }

    /// What never entered the window goes back.
    fn return_ahead(&mut self) {
        let waiting: Vec<Ticket> = self.ahead.drain(..).map(|it| it.ticket).collect();
        for ticket in waiting {
            self.end(ticket, Answered::NOT_SENT);
        }
    }

    fn hear(&mut self, now: Instant, event: SessionEvent) {
        match event {
            SessionEvent::Answered { ticket, status, body } | SessionEvent::LateAnswer { ticket, status, body }
                if Ticket(ticket).is_query() =>
            {
                self.report_query(Ticket(ticket), query::read_answer(status, &body, &self.dialect));
            }
            SessionEvent::TimedOut(ticket) if Ticket(ticket).is_query() => {
                self.report_query(Ticket(ticket), Queried::Ignored);
            }
            SessionEvent::Lost(ticket) | SessionEvent::NeverSent(ticket) if Ticket(ticket).is_query() => {
                self.report_query(Ticket(ticket), Queried::Unanswered);
            }
            SessionEvent::Bound { version, .. } => {
                self.speak(version);
                self.up = true;
                self.reports.push_back(Report::Up { capacity: self.capacity, window: self.window });
                self.reports.extend(std::mem::take(&mut self.early));
            }
            SessionEvent::Answered { ticket, status, body } => {
                let took = self.took(ticket);
                let answered = self.meaning(status, &body).after(took);
                self.end(Ticket(ticket), answered);
                if answer::is_bind_error(status) {
                    // The carrier does not think that we are bound: bind anew.
                    self.drain(now, Self::REBIND_WITHIN);
                }
            }
            SessionEvent::LateAnswer { ticket, status, body } => {
                let answered = self.meaning(status, &body);
                self.reports.push_back(Report::Late(Ticket(ticket), answered));
            }
            SessionEvent::TimedOut(ticket) | SessionEvent::Lost(ticket) => {
                let took = self.took(ticket);
                self.end(Ticket(ticket), Answered::UNKNOWN.after(took));
            }
            SessionEvent::NeverSent(ticket) => {
                self.written.remove(&ticket);
                self.end(Ticket(ticket), Answered::NOT_SENT);
            }
            SessionEvent::Requested { sequence, body } => self.take_request(now, sequence, &body),
            SessionEvent::Odd(oddity) => self.reports.push_back(Report::Odd(oddity)),
            // What never left can go elsewhere at once.
            SessionEvent::Unbinding => self.return_ahead(),
            SessionEvent::BindRefused(_) | SessionEvent::BindRequested { .. } => (),
            SessionEvent::Invited { system_id } => self.aside(Aside::Invited(system_id.to_string_lossy().into())),
            SessionEvent::Alerted(alert) => {
                let source = alert.source;
                self.aside(Aside::Alerted(E164::from_wire(source.ton, &source.digits.to_string_lossy())));
            }
            SessionEvent::Congestion(percent) => self.aside(Aside::Congestion(percent)),
        }
    }

    fn take_request(&mut self, now: Instant, sequence: u32, body: &PduBody) {
        let Some(news) = inbound::news(body, &self.dialect) else {
            let status = CommandStatus::InvalidCommandId;
            self.session.handle(now, Input::Respond { sequence, status, body: PduBody::GenericNack });
            return;
        };
        let request = Unanswered { sequence, is_data: matches!(body, PduBody::DataSm(_)) };
        if !self.intake.has_room() {
            return self.put_off(now, request, if self.up { PutOff::Full } else { PutOff::Early });
        }
        let number = self.intake.take(self.outside, request, news.octets());
        let tag = (u64::from(self.epoch) << 32) | u64::from(number);
        let report = Report::Inbound { tag, news };
        if self.up {
            self.reports.push_back(report);
        } else {
            self.early.push(report);
        }
    }

    fn meaning(&self, status: CommandStatus, body: &PduBody) -> Answered {
        let answer = answer::of(&self.dialect, status);
        let named = match body {
            PduBody::SubmitSmResp(resp) | PduBody::DataSmResp(resp) => {
                CarrierMessageId::new(&resp.message_id.to_string_lossy())
            }
            _ => None,
        };
        // A generic_nack of status 0 took nothing.
        let answer =
            if matches!((answer, body), (Answer::Taken, PduBody::GenericNack)) { Answer::Never } else { answer };
        Answered {
            answer,
            command_status: Some(status.as_u32()),
            carrier_message_id: named.filter(|_| answer == Answer::Taken),
            reason: (answer != Answer::Taken).then(|| reason::of_status(status)),
            throttled: answer::throttles(&self.dialect, status),
            took: None,
        }
    }
}

impl Conversation for Esme {
    type Command = Command;
    type Report = Report;

    fn handle(&mut self, outside: Instant, input: DriverEvent<Command>) {
        let now = self.pause.inside(outside);
        (self.now, self.outside) = (now, outside);
        match input {
            DriverEvent::Pdu(pdu) => self.session.handle(now, Input::Pdu(pdu)),
            DriverEvent::Undecodable { command, sequence, status } => {
                self.session.handle(now, Input::Undecodable { command, sequence, status });
            }
            DriverEvent::Command(command) => self.command(now, command),
            DriverEvent::Unsent { sequence } => self.session.handle(now, Input::Unsent { sequence }),
            DriverEvent::Tick => self.session.handle(now, Input::Tick),
            DriverEvent::Eof => self.session.handle(now, Input::Eof),
        }
    }

    fn poll(&mut self) -> DriverAction<Report> {
        loop {
            if let Some(report) = self.reports.pop_front() {
                return DriverAction::Report(report);
            }
            match self.session.poll() {
                Output::Send(pdu) => return DriverAction::Send(pdu),
                Output::Event(event) => self.hear(self.now, event),
                Output::Wait(deadline) => {
                    let now = self.now;
                    let moved = self.pump(now) || self.unbind_when_drained(now) || self.put_off_overdue(now);
                    if moved || self.close_when_winding_up() {
                        continue;
                    }
                    self.pause.set(self.outside, !self.takes());
                    let unbind = self.unbind_by.filter(|_| !self.unbound);
                    let inside = [deadline, unbind].into_iter().flatten().filter_map(|it| self.pause.outside(it));
                    return DriverAction::Wait(inside.chain(self.intake.next_deadline(self.outside)).min());
                }
                Output::Close(reason) => {
                    if !self.ahead.is_empty() {
                        self.return_ahead();
                    } else if std::mem::take(&mut self.up) {
                        self.reports.push_back(Report::Down);
                    } else {
                        return DriverAction::Close(reason);
                    }
                }
            }
        }
    }

    fn takes(&self) -> bool {
        // The answer to the bind is behind what came before it.
        !self.up || self.intake.has_room() || self.intake.is_stalled(self.outside)
    }
}

const fn refusal(answer: Answer, command_status: Option<u32>, reason: Reason) -> Answered {
    Answered { answer, command_status, carrier_message_id: None, reason: Some(reason), throttled: false, took: None }
}
