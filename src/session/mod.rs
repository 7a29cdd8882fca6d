//! One SMPP session, without input or output of its own, for both sides of it.
//!
//! ```text
//!   handle(now, Pdu | Request | Respond | Unbind | Tick | Eof …)
//!        │
//!   ┌────▼─────┐   poll() until Wait or Close
//!   │ Session  ├──────────────────────► Send | Event | Wait(deadline) | Close
//!   └──────────┘
//! ```
//!
//! **Invariants.** Every [`Session::handle`] is followed by [`Session::poll`] until it says [`Output::Wait`] or
//! [`Output::Close`]. The session never reads a clock. Nothing is given up for want of time but by [`Input::Tick`]:
//! whoever tells the time has first told all that the peer had said by then, and a deadline that has passed asks for a
//! tick. Every ticket ends exactly once. Whoever is to part, by our unbind or the peer's, first hears what was on its
//! way, within `unbind_timeout`.
//!
//! The session knows requests, answers and time; it never looks into a message.

pub mod conversation;
pub mod input;
mod keepalive;
pub mod options;
pub mod output;
mod peer;
mod sequence;
pub mod state;
pub mod version;
pub mod window;

use crate::session::input::Input;
use crate::session::keepalive::{Due, Keepalive};
use crate::session::options::Options;
use crate::session::output::{CloseReason, Oddity, Output, SessionEvent};
use crate::session::sequence::{Sequencer, Serial};
use crate::session::state::{Role, SessionState, Step, is_answered, legal};
use crate::session::version::Version;
use crate::session::window::{Settled, Window};
use crate::smpp::bind::{Bind, BindKind, Outbind};
use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::status::CommandStatus;
use std::collections::VecDeque;
use std::time::Instant;

/// Names one request to whoever handed it over.
pub type Ticket = u64;

/// The bind that an `outbind` calls forth.
#[derive(Debug)]
struct Awaited {
    kind: BindKind,
    bind: Bind,
    /// What the `outbind` must bear; `None` takes any.
    expected: Option<Outbind>,
}

/// One side of one session, from the connection to its close.
#[derive(Debug)]
pub struct Session {
    role: Role,
    options: Options,
    state: SessionState,
    /// Why the session is over, once it is; and why it will be, once an unbind is sent.
    reason: CloseReason,
    /// What the binding peer says of itself, or what the version is by our own bind.
    version: Version,
    system_id: CString,
    window: Window,
    keepalive: Keepalive,
    sequencer: Sequencer,
    /// When the present state must have been left, unless it is `Bound`.
    leave_by: Instant,
    /// While `Leaving`: the number of the peer's unbind.
    left_with: u32,
    /// While `Unbinding`: the peer has answered our unbind, or sent its own.
    parted: bool,
    /// Requests of the peer that the owner has not answered.
    unanswered: usize,
    length_complaints: u8,
    /// The load that the peer last told of, in per cent.
    congestion: u8,
    /// ESME: what to do once an `outbind` comes.
    awaited: Option<Awaited>,
    now: Instant,
    outputs: VecDeque<Output>,
}

impl Session {
    /// Begins a session as an ESME on a connection just made: the bind goes first.
    pub fn esme(now: Instant, kind: BindKind, bind: Bind, options: Options) -> Self {
        let leave_by = now + options.bind_timeout;
        let version = Version::of(bind.interface_version);
        let mut session = Self::new(now, Role::Esme, leave_by, options);
        session.version = version;
        session.step(Step::Bind(kind));
        session.send_request(PduBody::Bind(kind, bind));
        session
    }

    /// Begins a session as an ESME on a connection that an SMSC has made: its `outbind` comes
    /// first, within `session_init`, and the bind follows on it. The kind is receiver or
    /// transceiver; an `outbind` that is not as `expected` ends the session.
    pub fn esme_outbound(
        now: Instant,
        kind: BindKind,
        bind: Bind,
        expected: Option<Outbind>,
        options: Options,
    ) -> Self {
        let leave_by = now + options.session_init;
        let version = Version::of(bind.interface_version);
        let mut session = Self::new(now, Role::Esme, leave_by, options);
        session.version = version;
        session.awaited = Some(Awaited { kind, bind, expected });
        session
    }

    /// Begins a session as an SMSC on a connection just made to an ESME: the `outbind` goes first,
    /// and the peer binds on it, within `session_init`.
    pub fn smsc_outbound(now: Instant, outbind: Outbind, options: Options) -> Self {
        let mut session = Self::smsc(now, options);
        session.send_request(PduBody::Outbind(outbind));
        session
    }

    /// Begins a session as an SMSC on a connection just accepted: the peer binds first.
    pub fn smsc(now: Instant, options: Options) -> Self {
        let leave_by = now + options.session_init;
        Self::new(now, Role::Smsc, leave_by, options)
    }

    fn new(now: Instant, role: Role, leave_by: Instant, options: Options) -> Self {
        Self {
            role,
            state: SessionState::Open,
            reason: CloseReason::PeerClosed,
            version: options.assumed_version,
            system_id: CString::default(),
            window: Window::new(now, &options),
            keepalive: Keepalive::new(now, &options),
            sequencer: Sequencer::default(),
            leave_by,
            left_with: 0,
            parted: false,
            unanswered: 0,
            length_complaints: 0,
            congestion: 0,
            awaited: None,
            now,
            outputs: VecDeque::new(),
            options,
        }
    }

    /// Takes one input. Time never runs backwards.
    pub fn handle(&mut self, now: Instant, input: Input) {
        debug_assert!(self.now <= now, "time ran backwards");
        self.now = now;
        if self.state == SessionState::Closed {
            // Whoever handed it over cannot know yet that the session is closed, and every ticket has an end.
            if let Input::Request(ticket, _) = input {
                self.tell(SessionEvent::NeverSent(ticket));
            }
            return;
        }
        match input {
            Input::Pdu(pdu) => self.hear(pdu),
            Input::Undecodable { command, sequence, status } => self.hear_undecodable(command, sequence, status),
            Input::Notify(body) => self.notify(body),
            Input::Request(ticket, body) => self.request(ticket, body),
            Input::Unsent { sequence } => self.take_unsent(sequence),
            Input::Respond { sequence, status, body } => self.respond(sequence, status, body),
            Input::Unbind => self.unbind(CloseReason::Unbound),
            Input::Tick => {
                self.answer_unbind();
                self.tick();
            }
            Input::Eof => self.hang_up(),
        }
        self.part();
    }

    /// The next thing to do; [`Output::Wait`] when there is none. After the end it is
    /// [`Output::Close`], again and again.
    pub fn poll(&mut self) -> Output {
        match self.outputs.pop_front() {
            Some(output) => output,
            None if self.state == SessionState::Closed => Output::Close(self.reason),
            None => Output::Wait(self.deadline()),
        }
    }

    /// How many requests may be handed over now.
    pub fn credit(&self) -> usize {
        match self.state {
            SessionState::Bound(_) => self.window.free(),
            _ => 0,
        }
    }

    /// How many requests wait for their answer.
    pub fn in_flight(&self) -> usize {
        self.window.occupied()
    }

    /// How many requests timed out and may still be answered.
    pub fn tombs(&self) -> usize {
        self.window.tombs()
    }

    /// How many requests of the peer wait for the owner.
    pub const fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Where the session stands.
    pub const fn state(&self) -> SessionState {
        self.state
    }

    /// Whether this version can say it: 3.3 has no optional parameters.
    pub fn speaks(&self, body: &PduBody) -> bool {
        self.version != Version::V33 || !body.needs_tlvs()
    }

    /// What is spoken; certain once bound.
    pub const fn version(&self) -> Version {
        self.version
    }
}

/// What the owner wants.
impl Session {
    fn request(&mut self, ticket: Ticket, body: PduBody) {
        let command = body.command_id();
        let is_message = !matches!(body, PduBody::Bind(..) | PduBody::Unbind | PduBody::EnquireLink);
        let is_legal = is_answered(command) && legal(self.role, self.state, self.version, command);
        let may = is_message && is_legal && self.speaks(&body);
        if !may || self.credit() == 0 {
            return self.tell(SessionEvent::NeverSent(ticket));
        }
        self.keepalive.message(self.now);
        let serial = self.send_request(body);
        self.window.open(self.now, serial, ticket, command);
    }

    fn notify(&mut self, body: PduBody) {
        let command = body.command_id();
        if !is_answered(command) && legal(self.role, self.state, self.version, command) && self.speaks(&body) {
            self.send_request(body);
        }
    }

    fn take_unsent(&mut self, sequence: u32) {
        if let Some(ticket) = self.sequencer.latest(sequence).and_then(|it| self.window.withdraw(it)) {
            self.tell(SessionEvent::NeverSent(ticket));
        }
    }

    fn respond(&mut self, sequence: u32, status: CommandStatus, body: PduBody) {
        let answers_bind = matches!(body, PduBody::BindResp(..));
        // The bind has timed out or its peer has left while the owner decided: there is nothing to answer any more.
        if answers_bind && !(self.role == Role::Smsc && matches!(self.state, SessionState::Binding(_))) {
            return;
        }
        if let PduBody::BindResp(_, resp) = &body {
            let own = Version::of_resp(resp).unwrap_or(self.version);
            self.version = self.version.min(own);
        }
        self.send(Pdu { status, sequence, body });
        if !answers_bind {
            self.keepalive.message(self.now);
            self.unanswered = self.unanswered.saturating_sub(1);
        } else if status == CommandStatus::Ok {
            self.bound();
        } else {
            self.step(Step::Refuse);
        }
    }

    fn unbind(&mut self, reason: CloseReason) {
        match self.state {
            SessionState::Bound(_) => {
                self.reason = reason;
                self.leave_by = self.now + self.options.unbind_timeout;
                self.step(Step::Unbind);
                self.send_request(PduBody::Unbind);
            }
            // Nothing is bound that could be unbound, and a peer would refuse an unbind.
            SessionState::Open | SessionState::Binding(_) => self.close(reason),
            SessionState::Unbinding(_) | SessionState::Leaving(_) | SessionState::Closed => (),
        }
    }

    /// The peer has sent an unbind. Its answers may be behind it, even in the same write.
    fn leave(&mut self, sequence: u32) {
        if matches!(self.state, SessionState::Bound(_)) {
            self.left_with = sequence;
            self.leave_by = self.now + self.options.unbind_timeout;
            self.step(Step::Leave);
        } else {
            // It crossed ours, or came twice.
            self.parted = true;
            self.send(Pdu { status: CommandStatus::Ok, sequence, body: PduBody::UnbindResp });
        }
        self.tell(SessionEvent::Unbinding);
    }

    /// Answers the peer's unbind once nothing is on its way any more. Only a tick of its own leads here, so that
    /// all that came with the unbind is heard before.
    fn answer_unbind(&mut self) {
        if matches!(self.state, SessionState::Leaving(_)) && (self.is_done() || self.leave_by <= self.now) {
            self.send(Pdu { status: CommandStatus::Ok, sequence: self.left_with, body: PduBody::UnbindResp });
            self.close(CloseReason::PeerUnbound);
        }
    }

    /// Ends a session that is unbound on both sides, once nothing is on its way any more.
    fn part(&mut self) {
        if matches!(self.state, SessionState::Unbinding(_)) && self.parted && self.is_done() {
            self.close(self.reason);
        }
    }

    /// Whether everything that was asked has been answered. An SMSC does not wait for its own answers: an ESME
    /// that unbinds has waited for those that it wants.
    fn is_done(&self) -> bool {
        self.window.occupied() == 0 && (self.role == Role::Smsc || self.unanswered == 0)
    }
}

/// What time does.
impl Session {
    fn tick(&mut self) {
        match self.state {
            SessionState::Closed => (),
            SessionState::Bound(_) => self.tick_bound(),
            SessionState::Unbinding(_) if self.leave_by <= self.now => self.close(self.reason),
            SessionState::Open | SessionState::Binding(_) if self.leave_by <= self.now => {
                self.close(match (self.role, self.state) {
                    (Role::Esme, SessionState::Open) => CloseReason::NoOutbind,
                    (Role::Esme, _) => CloseReason::BindTimeout,
                    (Role::Smsc, _) => CloseReason::NoBind,
                });
            }
            SessionState::Open | SessionState::Binding(_) | SessionState::Unbinding(_) | SessionState::Leaving(_) => (),
        }
    }

    fn tick_bound(&mut self) {
        // Before anything may close: what a close finds in the window is told as lost, which a time-out is not.
        while let Some(ticket) = self.window.expire(self.now) {
            self.tell(SessionEvent::TimedOut(ticket));
        }
        if self.window.is_graveyard() {
            return self.close(CloseReason::MissingAnswers);
        }
        if self.window.is_stalled(self.now) {
            return self.close(CloseReason::NoProgress);
        }
        // An enquiry and the end of an unused session may be due at once.
        while let Some(due) = self.keepalive.due(self.now) {
            match due {
                Due::Enquire => _ = self.send_request(PduBody::EnquireLink),
                Due::Silent => return self.close(CloseReason::Silent),
                Due::Inactive => return self.unbind(CloseReason::Inactive),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            SessionState::Closed => None,
            SessionState::Bound(_) => {
                [self.window.next_deadline(), self.keepalive.next_deadline()].into_iter().flatten().min()
            }
            SessionState::Leaving(_) if self.is_done() => Some(self.now),
            SessionState::Open | SessionState::Binding(_) | SessionState::Unbinding(_) | SessionState::Leaving(_) => {
                Some(self.leave_by)
            }
        }
    }
}

/// What becomes of it.
impl Session {
    fn is_binding_as_esme(&self) -> bool {
        self.role == Role::Esme && matches!(self.state, SessionState::Binding(_))
    }

    fn bound(&mut self) {
        self.step(Step::Accept);
        // How long the bind took is no silence of a session that is bound.
        self.keepalive = Keepalive::new(self.now, &self.options);
        self.tell(SessionEvent::Bound { version: self.version, system_id: self.system_id.clone() });
    }

    fn refuse_bind(&mut self, status: CommandStatus) {
        self.tell(SessionEvent::BindRefused(status));
        self.close(CloseReason::BindRefused(status));
    }

    fn settle(&mut self, sequence: u32, status: CommandStatus, body: PduBody) {
        let command = body.command_id();
        match self.take_slot(sequence, command) {
            Some(settled) => {
                self.keepalive.message(self.now);
                self.tell_settled(settled, sequence, status, body);
            }
            None => self.odd(Oddity::Unmatched { command, sequence }),
        }
    }

    fn take_slot(&mut self, sequence: u32, response: CommandId) -> Option<Settled> {
        let serial = self.sequencer.latest(sequence)?;
        self.window.settle(self.now, serial, response)
    }

    fn tell_settled(&mut self, settled: Settled, sequence: u32, status: CommandStatus, body: PduBody) {
        self.tell(match settled {
            Settled::InTime(ticket) => SessionEvent::Answered { ticket, status, body },
            Settled::Late(ticket) => SessionEvent::LateAnswer { ticket, status, body },
            Settled::Mismatched => SessionEvent::Odd(Oddity::Mismatched { command: body.command_id(), sequence }),
        });
    }

    /// A response that settles nothing by itself bears the number of a request that waits for another.
    fn is_mismatched(&self, sequence: u32) -> bool {
        self.sequencer.latest(sequence).is_some_and(|it| self.window.waits(it))
    }

    /// Ends the session: what was written and not answered is lost.
    fn close(&mut self, reason: CloseReason) {
        self.reason = reason;
        self.step(Step::Close);
        self.outputs.extend(self.window.drain().map(|ticket| Output::Event(SessionEvent::Lost(ticket))));
    }

    fn step(&mut self, step: Step) {
        self.state = self.state.after(step).expect("a step is only taken from where it leads on");
    }

    fn send_request(&mut self, body: PduBody) -> Serial {
        let serial = self.sequencer.issue();
        self.send(Pdu { status: CommandStatus::Ok, sequence: serial.number(), body });
        serial
    }

    /// Towards a peer of 3.3 nothing optional leaves.
    fn send(&mut self, mut pdu: Pdu) {
        if self.version == Version::V33 {
            pdu.body.strip_tlvs();
        }
        self.outputs.push_back(Output::Send(pdu));
    }

    fn tell(&mut self, event: SessionEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn odd(&mut self, oddity: Oddity) {
        self.tell(SessionEvent::Odd(oddity));
    }
}
