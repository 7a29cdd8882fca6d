//! What the simulated carrier delivers, until it is confirmed.
//!
//! ```text
//!  due ─► ready ─► sent ─► confirmed: forgotten
//!   ▲       ▲       │
//!   │       └───────┤ the line was lost: at once, on whatever line there is
//!   └───────────────┘ refused, or no answer in time: after a while that doubles
//! ```
//!
//! With [`Behaviour::never_again`](crate::simulator::behaviour::Behaviour::never_again) each of these three is the
//! end of it, and is counted.

use crate::session::input::Input;
use crate::session::version::Version;
use crate::simulator::ledger::Receipt;
use crate::simulator::line::AccountId;
use crate::simulator::line::{Line, LineId};
use crate::simulator::outcome::MessageState;
use crate::simulator::receipt::{Letter, Original};
use crate::simulator::smsc::{Due, Smsc};
use crate::smpp::address::{Address, npi, ton};
use crate::smpp::alert::AlertNotification;
use crate::smpp::pdu::PduBody;
use crate::smpp::sm::SHORT_MESSAGE_MAX;
use crate::smpp::status::CommandStatus;
use crate::smpp::tlv::{Tag, Tlvs};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// The longest wait before something is sent again.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// The shortest, so that a retry of no wait does not spin.
const RETRY_MIN: Duration = Duration::from_millis(1);

/// How far the carrier's own messages may fall behind their rate before they are given up.
const BEHIND_MAX: Duration = Duration::from_secs(1);

/// `ms_availability_status`: the handset can be reached.
const AVAILABLE: u8 = 0;

/// Something on its way to an account.
#[derive(Debug)]
pub(super) struct Posted {
    account: AccountId,
    /// The line that it is an answer to, in a way.
    origin: Option<LineId>,
    /// Whether it leaves on another line if there is one.
    sibling: bool,
    pub(super) letter: Letter,
    pub(super) tries: u32,
    /// Where it stands in the ledger.
    pub(super) entry: Option<usize>,
}

impl Smsc {
    /// Sends a message to whoever is bound under this name, or will be. Says whether it can:
    /// the name was bound before, and there is room.
    pub fn send_message(
        &mut self,
        now: Instant,
        system_id: &str,
        (source, destination): (&str, &str),
        text: &[u8],
    ) -> bool {
        self.advance(now);
        let Some(account) = self.account(system_id) else { return false };
        let sent = self.post_message(account, source, destination, text);
        self.work();
        sent
    }

    /// Sends a request to whoever is bound under this name, or will be. Says whether it can.
    pub fn send_body(&mut self, now: Instant, system_id: &str, body: PduBody) -> bool {
        self.advance(now);
        let Some(account) = self.account(system_id) else { return false };
        let sent = self.post_of_its_own(account, Letter::Whole(Box::new(body)));
        self.work();
        sent
    }

    /// Tells whoever is bound under this name that a handset can be reached again. Says whether
    /// somebody is bound who can be told: as a receiver, in 3.4 or later.
    pub fn alert(&mut self, now: Instant, system_id: &str, handset: &str, esme: &str) -> bool {
        self.advance(now);
        let Some(account) = self.account(system_id) else { return false };
        let can = |line: &LineId| {
            self.lines.get(line).is_some_and(|it| it.receives() && it.session.version() != Version::V33)
        };
        let Some(line) = self.accounts[account].lines.iter().copied().find(can) else { return false };
        let alert = AlertNotification {
            source: Address::new(ton::INTERNATIONAL, npi::ISDN, handset),
            esme: Address::new(ton::UNKNOWN, npi::UNKNOWN, esme),
            tlvs: Tlvs::build().push(Tag::MS_AVAILABILITY_STATUS, &[AVAILABLE]).build(),
        };
        self.give(line, Input::Notify(PduBody::AlertNotification(alert)));
        self.work();
        true
    }

    /// Makes a receipt, and names it; without a time it is ready at once.
    pub(super) fn post_receipt(
        &mut self,
        line: LineId,
        (original, outcome): (Original, MessageState),
        after: Option<Duration>,
        sibling: bool,
    ) -> Option<u64> {
        let (account, _) = self.lines.get(&line)?.bound?;
        let due = self.now + after.unwrap_or_default();
        let id = self.id(line, original.number);
        let entry = self.ledger.open(|| Receipt { id, outcome, due, sent: None, times: 0, confirmed: None });
        let done = self.unix(due).as_secs().cast_signed();
        let letter = Letter::Receipt { original, outcome, done };
        self.stats.receipts += 1;
        let ticket = self.post(Posted { account, origin: Some(line), sibling, letter, tries: 0, entry });
        match after {
            Some(_) => self.agenda.add(due, Due::Letter(ticket)),
            None => self.ready(ticket),
        }
        Some(ticket)
    }

    fn post_message(&mut self, account: AccountId, source: &str, destination: &str, text: &[u8]) -> bool {
        let letter = Letter::Message {
            source: Address::new(ton::INTERNATIONAL, npi::ISDN, source),
            destination: Address::new(ton::UNKNOWN, npi::UNKNOWN, destination),
            text: Bytes::copy_from_slice(&text[..text.len().min(SHORT_MESSAGE_MAX)]),
        };
        self.post_of_its_own(account, letter)
    }

    /// False where there is no room.
    fn post_of_its_own(&mut self, account: AccountId, letter: Letter) -> bool {
        if self.behaviour.pending_max <= self.letters.len() {
            return false;
        }
        self.stats.messages += 1;
        let ticket = self.post(Posted { account, origin: None, sibling: false, letter, tries: 0, entry: None });
        self.ready(ticket);
        true
    }

    fn post(&mut self, posted: Posted) -> u64 {
        let ticket = self.next_letter;
        self.next_letter += 1;
        self.letters.insert(ticket, posted);
        ticket
    }

    /// It may leave as soon as a line has room.
    pub(super) fn ready(&mut self, ticket: u64) {
        if let Some(posted) = self.letters.get(&ticket) {
            let account = posted.account;
            self.accounts[account].ready.push_back(ticket);
            self.feed(account);
        }
    }

    /// Has the account served when there is nothing else to do.
    pub(super) fn feed(&mut self, account: AccountId) {
        let it = &mut self.accounts[account];
        if !it.hungry && !it.ready.is_empty() {
            it.hungry = true;
            self.hungry.push_back(account);
        }
    }

    /// Sends what is ready, as far as there is room.
    pub(super) fn serve(&mut self, account: AccountId) {
        self.accounts[account].hungry = false;
        while let Some(&ticket) = self.accounts[account].ready.front() {
            if let Some(posted) = self.letters.get(&ticket) {
                let (origin, sibling) = (posted.origin, posted.sibling);
                let Some(line) = self.choose(account, origin, sibling) else { return };
                self.deliver(line, ticket);
            }
            self.accounts[account].ready.pop_front();
        }
    }

    fn choose(&mut self, account: AccountId, origin: Option<LineId>, sibling: bool) -> Option<LineId> {
        let (lines, account) = (&self.lines, &mut self.accounts[account]);
        let has_room = |line: &LineId| lines.get(line).is_some_and(Line::has_room);
        let is_other = |line: &LineId| Some(*line) != origin;
        let receives = |line: &LineId| lines.get(line).is_some_and(Line::receives);
        if sibling && account.lines.iter().any(|line| is_other(line) && receives(line)) {
            return account.take_turn().find(|line| is_other(line) && has_room(line));
        }
        origin.filter(has_room).or_else(|| account.take_turn().find(has_room))
    }

    fn deliver(&mut self, line: LineId, ticket: u64) {
        let (Some(posted), Some(it)) = (self.letters.get_mut(&ticket), self.lines.get(&line)) else { return };
        posted.tries += 1;
        let body = posted.letter.body(it.session.version(), &self.behaviour.receipts, self.behaviour.id);
        if let Letter::Receipt { .. } = posted.letter {
            self.stats.receipts_sent += 1;
        }
        let (now, entry) = (self.now, posted.entry);
        if let Some(receipt) = self.ledger.receipt(entry) {
            receipt.sent = Some(now);
            receipt.times += 1;
        }
        self.give(line, Input::Request(ticket, body));
    }

    pub(super) fn hear_answer(&mut self, ticket: u64, status: CommandStatus) {
        if status == CommandStatus::Ok {
            self.confirm(ticket);
        } else if !self.gives_up(ticket, true) {
            self.put_off(ticket);
        }
    }

    /// No answer came in time.
    pub(super) fn hear_nothing(&mut self, ticket: u64) {
        if !self.gives_up(ticket, false) {
            self.put_off(ticket);
        }
    }

    /// Whether it is not sent again; it is counted then, as refused or as lost.
    fn gives_up(&mut self, ticket: u64, refused: bool) -> bool {
        if !self.behaviour.never_again {
            return false;
        }
        if let Some(posted) = self.letters.remove(&ticket) {
            let stats = &mut self.stats;
            let count = match (posted.letter, refused) {
                (Letter::Receipt { .. }, true) => &mut stats.receipts_refused,
                (Letter::Receipt { .. }, false) => &mut stats.receipts_lost,
                (Letter::Message { .. } | Letter::Whole(_), true) => &mut stats.messages_refused,
                (Letter::Message { .. } | Letter::Whole(_), false) => &mut stats.messages_lost,
            };
            *count += 1;
        }
        true
    }

    pub(super) fn confirm(&mut self, ticket: u64) {
        let Some(posted) = self.letters.remove(&ticket) else { return };
        match posted.letter {
            Letter::Receipt { .. } => self.stats.receipts_confirmed += 1,
            Letter::Message { .. } | Letter::Whole(_) => self.stats.messages_confirmed += 1,
        }
        let now = self.now;
        if let Some(receipt) = self.ledger.receipt(posted.entry) {
            receipt.confirmed = Some(now);
        }
    }

    /// Sends it again after a while.
    pub(super) fn put_off(&mut self, ticket: u64) {
        let Some(tries) = self.failed(ticket) else { return };
        let doublings = tries.saturating_sub(1).min(16);
        let wait = self.behaviour.retry_after.saturating_mul(1 << doublings).clamp(RETRY_MIN, RETRY_MAX);
        self.agenda.add(self.now + wait, Due::Letter(ticket));
    }

    /// Its line is lost: sends it again on whatever line there is.
    pub(super) fn bring_back(&mut self, ticket: u64) {
        if !self.gives_up(ticket, false) && self.failed(ticket).is_some() {
            self.ready(ticket);
        }
    }

    fn failed(&mut self, ticket: u64) -> Option<u32> {
        let posted = self.letters.get(&ticket)?;
        if let Letter::Receipt { .. } = posted.letter {
            self.stats.receipts_failed += 1;
        }
        Some(posted.tries)
    }

    /// Sees to it that messages of the carrier's own are made while they are wanted.
    pub(super) fn arm_messages(&mut self) {
        if !self.messages_armed && self.behaviour.mo_per_second > 0.0 {
            self.messages_armed = true;
            let at = self.now + self.message_interval();
            self.agenda.add(at, Due::Message(at));
        }
    }

    pub(super) fn make_message(&mut self, at: Instant) {
        if self.behaviour.mo_per_second <= 0.0 {
            self.messages_armed = false;
            return;
        }
        let number = self.stats.messages;
        let receives = |line: &LineId| self.lines.get(line).is_some_and(Line::receives);
        let bound: Vec<_> =
            (0..self.accounts.len()).filter(|account| self.accounts[*account].lines.iter().any(receives)).collect();
        if !bound.is_empty() {
            let account = bound[number as usize % bound.len()];
            let source = format!("4917{:08}", self.dice.below(100_000_000));
            let destination = self.behaviour.mo_destination.clone();
            self.post_message(account, &source, &destination, format!("message {number}").as_bytes());
        }
        let next = (at + self.message_interval()).max(self.now.checked_sub(BEHIND_MAX).unwrap_or(at));
        self.agenda.add(next, Due::Message(next));
    }

    fn message_interval(&self) -> Duration {
        // A microsecond at least, so that a moment does not hold endlessly many.
        Duration::from_secs_f64((1.0 / self.behaviour.mo_per_second).clamp(1e-6, 1e6))
    }
}
