//! The whole simulated carrier, without input or output, clock or chance of its own.
//!
//! ```text
//!   connect · hear · eof · tick … (now)
//!        │
//!   ┌────▼────────────────────────────────────────────────────────┐
//!   │ line ─► session ─► submit ─► intake ─► answer, at once or due │──► poll: Send | Close | Wait
//!   │                               └─► receipt due ─► post         │
//!   │ account ◄── ready receipts ◄──────────┘  until confirmed      │
//!   └───────────────────────────────────────────────────────────────┘
//! ```
//!
//! **Guarantees.** What waits for an account outlives its lines: a receipt is sent until it is confirmed, unless the
//! behaviour is never to send again. Every input is also a tick; a deadline is never in the past. The behaviour, the
//! seed and the inputs decide everything. No input costs more than the logarithm of what is due, and the number of
//! lines of one account; but a cancel that names no message looks at all that are remembered.

use crate::session::Session;
use crate::session::conversation::DriverAction;
use crate::session::input::Input;
use crate::session::options::Options;
use crate::session::output::{CloseReason, Output, SessionEvent};
use crate::simulator::account::Account;
use crate::simulator::agenda::Agenda;
use crate::simulator::behaviour::Behaviour;
use crate::simulator::dice::Dice;
use crate::simulator::intake::Answer;
use crate::simulator::ledger::{Keep, Ledger};
use crate::simulator::line::AccountId;
use crate::simulator::line::{Line, LineId};
use crate::simulator::outbox::Posted;
use crate::simulator::register::Register;
use crate::simulator::stats::Stats;
use crate::smpp::bind::Outbind;
use crate::smpp::command::CommandId;
use crate::smpp::cstring::CString;
use crate::smpp::pdu::Pdu;
use crate::smpp::status::CommandStatus;
use foldhash::fast::FixedState;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// 2026-01-01, when the calendar of a carrier begins that is not told the time.
const CALENDAR_BEGINS: Duration = Duration::from_secs(1_767_225_600);

/// A simulated carrier.
#[derive(Debug)]
pub struct Smsc {
    pub(super) behaviour: Behaviour,
    pub(super) seed: u64,
    pub(super) dice: Dice,
    pub(super) ledger: Ledger,
    pub(super) stats: Stats,
    pub(super) now: Instant,
    /// A moment of both clocks.
    wall: (Instant, Duration),
    pub(super) lines: HashMap<LineId, Line, FixedState>,
    next_line: u64,
    pub(super) next_number: u64,
    pub(super) accounts: Vec<Account>,
    pub(super) account_ids: HashMap<CString, AccountId, FixedState>,
    /// What is not confirmed yet, by its ticket.
    pub(super) letters: HashMap<u64, Posted, FixedState>,
    pub(super) next_letter: u64,
    /// What was taken, for those who ask.
    pub(super) register: Register,
    pub(super) agenda: Agenda<Due>,
    /// Whether the next message of the carrier's own stands in the agenda.
    pub(super) messages_armed: bool,
    /// Lines whose session has something to say.
    pub(super) unsettled: VecDeque<LineId>,
    /// Accounts for which something is ready.
    pub(super) hungry: VecDeque<AccountId>,
    /// Lines that have something to be written.
    speaking: VecDeque<LineId>,
}

/// What is due at some moment.
#[derive(Debug)]
pub(super) enum Due {
    /// The answer to a submit leaves.
    Answer(LineId, Answer),
    /// Something is to be delivered.
    Letter(u64),
    /// A session wants to know the time.
    Session(LineId),
    /// The carrier makes a message of its own.
    Message(Instant),
}

/// What the carrier asks for.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a box would cost an allocation a PDU")]
pub enum Say {
    /// Write this PDU.
    Send {
        /// Where.
        line: LineId,
        /// What.
        pdu: Pdu,
    },
    /// Write what has been sent and close the connection. The line is forgotten.
    Close {
        /// Which.
        line: LineId,
        /// Why.
        reason: CloseReason,
    },
    /// Nothing more until an input, or until this moment.
    Wait(Option<Instant>),
}

/// What the owner does.
impl Smsc {
    /// A carrier with this behaviour, whose dice this seed decides. It begins `now`; it keeps
    /// no ledger.
    pub fn new(now: Instant, behaviour: Behaviour, seed: u64) -> Self {
        Self {
            seed,
            dice: Dice::new(seed),
            ledger: Ledger::default(),
            stats: Stats::default(),
            now,
            wall: (now, CALENDAR_BEGINS),
            lines: HashMap::default(),
            next_line: 0,
            next_number: behaviour.first_id,
            accounts: Vec::new(),
            account_ids: HashMap::default(),
            letters: HashMap::default(),
            next_letter: 0,
            register: Register::default(),
            agenda: Agenda::new(),
            messages_armed: false,
            unsettled: VecDeque::new(),
            hungry: VecDeque::new(),
            speaking: VecDeque::new(),
            behaviour,
        }
    }

    /// The same with a ledger; what was kept before is forgotten.
    #[must_use]
    pub fn keeping(mut self, keep: Keep) -> Self {
        self.ledger = Ledger::new(keep);
        self
    }

    /// The same, told that it is now so long since 1970; receipts bear dates.
    #[must_use]
    pub fn at_wall(mut self, unix: Duration) -> Self {
        self.wall = (self.now, unix);
        self
    }

    /// How it behaves from now on. Lines that are there keep their timers and their window.
    pub const fn behaviour_mut(&mut self) -> &mut Behaviour {
        &mut self.behaviour
    }

    /// What it was given and what it decided.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The same, to take from it.
    pub const fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// How often what happened.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How many receipts and messages wait to be confirmed.
    pub fn pending(&self) -> usize {
        self.letters.len()
    }

    /// A connection was made.
    pub fn connect(&mut self, now: Instant) -> LineId {
        self.begin(now, None)
    }

    /// The carrier has made a connection, on which it asks the other side to bind.
    pub fn connect_outbound(&mut self, now: Instant, outbind: Outbind) -> LineId {
        self.begin(now, Some(outbind))
    }

    fn begin(&mut self, now: Instant, outbind: Option<Outbind>) -> LineId {
        self.advance(now);
        let behaviour = &self.behaviour;
        let options = Options {
            window: behaviour.deliver_window,
            response_timeout: behaviour.response_timeout,
            enquire_link: behaviour.enquire_link,
            ..Options::default()
        };
        let line = LineId(self.next_line);
        self.next_line += 1;
        let session = match outbind {
            Some(outbind) => Session::smsc_outbound(self.now, outbind, options),
            None => Session::smsc(self.now, options),
        };
        self.lines.insert(line, Line::new(session));
        self.stats.connections += 1;
        self.stats.connected += 1;
        self.unsettled.push_back(line);
        self.work();
        line
    }

    /// A PDU came.
    pub fn hear(&mut self, now: Instant, line: LineId, pdu: Pdu) {
        self.input(now, line, Input::Pdu(pdu));
    }

    /// A PDU came whose body could not be read.
    pub fn hear_undecodable(
        &mut self,
        now: Instant,
        line: LineId,
        (command, sequence): (CommandId, u32),
        status: CommandStatus,
    ) {
        self.input(now, line, Input::Undecodable { command, sequence, status });
    }

    /// A request that was to be sent was not written.
    pub fn take_unsent(&mut self, now: Instant, line: LineId, sequence: u32) {
        self.input(now, line, Input::Unsent { sequence });
    }

    /// The connection ended.
    pub fn eof(&mut self, now: Instant, line: LineId) {
        self.input(now, line, Input::Eof);
    }

    /// The carrier ends the session of a line, with an unbind if it is bound.
    pub fn unbind(&mut self, now: Instant, line: LineId) {
        self.input(now, line, Input::Unbind);
    }

    /// The carrier cuts a line without a word.
    pub fn cut(&mut self, now: Instant, line: LineId) {
        self.stats.cut += u64::from(self.lines.contains_key(&line));
        self.input(now, line, Input::Eof);
    }

    /// Every line that is there.
    pub fn lines(&self) -> Vec<LineId> {
        let mut lines: Vec<_> = self.lines.keys().copied().collect();
        lines.sort_unstable();
        lines
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Instant) {
        self.advance(now);
        self.work();
    }

    /// The next thing to do, for whoever runs all lines.
    pub fn poll(&mut self) -> Say {
        while let Some(&line) = self.speaking.front() {
            if let Some(pdu) = self.lines.get_mut(&line).and_then(|it| it.outbox.pop_front()) {
                return Say::Send { line, pdu };
            }
            self.speaking.pop_front();
            if let Some(reason) = self.quiet(line) {
                return Say::Close { line, reason };
            }
        }
        Say::Wait(self.deadline())
    }

    /// All that one line is to do, for whoever runs it alone. After a close it is forgotten.
    pub fn take(&mut self, line: LineId, said: &mut VecDeque<DriverAction<()>>) {
        let Some(it) = self.lines.get_mut(&line) else { return };
        said.extend(it.outbox.drain(..).map(DriverAction::Send));
        if let Some(reason) = it.closed {
            self.lines.remove(&line);
            said.push_back(DriverAction::Close(reason));
        }
    }

    /// The next line for which [`Smsc::take`] has something, each once.
    pub fn next_speaking(&mut self) -> Option<LineId> {
        while let Some(line) = self.speaking.pop_front() {
            let Some(it) = self.lines.get_mut(&line) else { continue };
            it.speaks = false;
            if !it.outbox.is_empty() || it.closed.is_some() {
                return Some(line);
            }
        }
        None
    }

    /// When [`Smsc::tick`] is next needed.
    pub fn deadline(&self) -> Option<Instant> {
        self.agenda.first_at()
    }

    /// A moment on the calendar, since 1970.
    pub(super) fn unix(&self, at: Instant) -> Duration {
        let (base, unix) = self.wall;
        match at.checked_duration_since(base) {
            Some(since) => unix + since,
            None => unix.saturating_sub(base - at),
        }
    }
}

/// How the work is done.
impl Smsc {
    fn input(&mut self, now: Instant, line: LineId, input: Input) {
        self.advance(now);
        self.give(line, input);
        self.work();
    }

    /// Hands something to a line's session; what it says to that is heard in [`Smsc::work`].
    pub(super) fn give(&mut self, line: LineId, input: Input) {
        if let Some(it) = self.lines.get_mut(&line) {
            it.session.handle(self.now, input);
            self.unsettled.push_back(line);
        }
    }

    /// Several threads may each bring a moment of their own: time stands still rather than
    /// run backwards.
    pub(super) fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// Does all that can be done now.
    pub(super) fn work(&mut self) {
        self.arm_messages();
        self.work_off();
        while let Some(due) = self.agenda.take_due(self.now) {
            match due {
                Due::Answer(line, answer) => self.answer(line, answer),
                Due::Letter(ticket) => self.ready(ticket),
                Due::Session(line) => self.tick_session(line),
                Due::Message(at) => self.make_message(at),
            }
            self.work_off();
        }
    }

    fn work_off(&mut self) {
        loop {
            if let Some(line) = self.unsettled.pop_front() {
                self.settle(line);
            } else if let Some(account) = self.hungry.pop_front() {
                self.serve(account);
            } else {
                return;
            }
        }
    }

    fn settle(&mut self, line: LineId) {
        while let Some(it) = self.lines.get_mut(&line).filter(|it| it.closed.is_none()) {
            match it.session.poll() {
                Output::Send(pdu) => {
                    it.outbox.push_back(pdu);
                    self.speak(line);
                }
                Output::Event(event) => self.hear_event(line, event),
                Output::Wait(deadline) => {
                    if let Some(at) = deadline.filter(|at| it.armed.is_none_or(|armed| *at < armed)) {
                        it.armed = Some(at);
                        self.agenda.add(at, Due::Session(line));
                    }
                    return;
                }
                Output::Close(reason) => {
                    it.closed = Some(reason);
                    self.stats.connected -= 1;
                    if let Some((account, _)) = it.bound {
                        self.accounts[account].lines.retain(|other| *other != line);
                        self.feed(account);
                    }
                    self.speak(line);
                }
            }
        }
    }

    fn speak(&mut self, line: LineId) {
        if let Some(it) = self.lines.get_mut(&line).filter(|it| !it.speaks) {
            it.speaks = true;
            self.speaking.push_back(line);
        }
    }

    /// A line has said all; forgets it if it is over.
    fn quiet(&mut self, line: LineId) -> Option<CloseReason> {
        let it = self.lines.get_mut(&line)?;
        it.speaks = false;
        let reason = it.closed?;
        self.lines.remove(&line);
        Some(reason)
    }

    fn tick_session(&mut self, line: LineId) {
        let now = self.now;
        if let Some(it) = self.lines.get_mut(&line) {
            it.armed = it.armed.filter(|armed| now < *armed);
        }
        self.give(line, Input::Tick);
    }

    fn hear_event(&mut self, line: LineId, event: SessionEvent) {
        match event {
            SessionEvent::BindRequested { sequence, kind, bind } => self.hear_bind(line, sequence, kind, &bind),
            SessionEvent::Requested { sequence, body } => self.hear_request(line, sequence, body),
            SessionEvent::Answered { ticket, status, .. } => {
                self.hear_answer(ticket, status);
                self.feed_line(line);
            }
            SessionEvent::LateAnswer { ticket, status, .. } => {
                // It waits to be sent again; a confirmation makes that needless.
                if status == CommandStatus::Ok {
                    self.confirm(ticket);
                }
            }
            SessionEvent::TimedOut(ticket) => {
                self.hear_nothing(ticket);
                self.feed_line(line);
            }
            SessionEvent::NeverSent(ticket) => {
                self.put_off(ticket);
                self.feed_line(line);
            }
            SessionEvent::Lost(ticket) => self.bring_back(ticket),
            SessionEvent::Odd(_) => self.stats.oddities += 1,
            SessionEvent::Bound { .. } | SessionEvent::BindRefused(_) | SessionEvent::Unbinding => (),
            SessionEvent::Invited { .. } | SessionEvent::Alerted(_) | SessionEvent::Congestion(_) => (),
        }
    }

    fn feed_line(&mut self, line: LineId) {
        if let Some((account, _)) = self.lines.get(&line).and_then(|it| it.bound) {
            self.feed(account);
        }
    }
}
