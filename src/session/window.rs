//! The window: requests sent and not yet answered, and the tombs of those given up.
//!
//! ```text
//!            open            settle
//!   Free ───────────► Waiting ──────► Free      the answer came, and is the response of the operation
//!                        │
//!                 expire │ response_timeout
//!                        ▼      settle
//!               Free + a tomb ──────► gone      the answer came late, its ticket is still known
//! ```
//!
//! A tomb takes no room in the window. As many tombs as the window is wide mean that the
//! peer loses answers; the session then closes rather than go on guessing. What is expendable,
//! a `query_sm`, gets no tomb, and says nothing of the peer's health when it is not answered.
//!
//! Requests wait in the order of their serials, which is also the order of their
//! deadlines. An answer is found by binary search, and answers mostly come in order, so
//! that taking one out moves next to nothing. Up to [`ALLOCATED_MAX`] requests nothing is allocated after `new`.

use crate::session::Ticket;
use crate::session::options::Options;
use crate::session::sequence::Serial;
use crate::smpp::command::CommandId;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// As many places are made beforehand: no carrier grants a wider window.
pub const ALLOCATED_MAX: usize = 10_000;

/// Requests in flight, never more than the limit, and tombs, never more either.
#[derive(Debug)]
pub(crate) struct Window {
    waiting: VecDeque<Slot>,
    /// How many of those that wait are expendable.
    expendable: usize,
    tombs: VecDeque<Tomb>,
    limit: usize,
    response_timeout: Duration,
    tomb_for: Duration,
    /// When an answer last came, or when the window stopped being empty.
    progress_at: Instant,
}

#[derive(Debug)]
struct Slot {
    serial: Serial,
    ticket: Ticket,
    deadline: Instant,
    operation: CommandId,
}

impl Slot {
    /// A question costs nothing when it is lost.
    fn is_expendable(&self) -> bool {
        self.operation == CommandId::QUERY_SM
    }
}

#[derive(Debug)]
struct Tomb {
    serial: Serial,
    ticket: Ticket,
    forget_at: Instant,
    operation: CommandId,
}

/// Whom an answer was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// A request that waited for it.
    InTime(Ticket),
    /// A request that had been given up.
    Late(Ticket),
    /// None: the request of this number is of another operation, and waits on.
    Mismatched,
}

/// Whether this is the response of the operation; `generic_nack` is that of every one (3.4 section 4.3).
fn answers(response: CommandId, operation: CommandId) -> bool {
    response == operation.response() || response == CommandId::GENERIC_NACK
}

impl Window {
    pub(crate) fn new(now: Instant, options: &Options) -> Self {
        let limit = options.window.max(1);
        Self {
            waiting: VecDeque::with_capacity(limit.min(ALLOCATED_MAX)),
            expendable: 0,
            tombs: VecDeque::with_capacity(limit.min(ALLOCATED_MAX)),
            limit,
            response_timeout: options.response_timeout,
            tomb_for: options.tomb_for,
            progress_at: now,
        }
    }

    /// Takes a slot. The caller has looked at [`Window::free`].
    pub(crate) fn open(&mut self, now: Instant, serial: Serial, ticket: Ticket, operation: CommandId) {
        debug_assert!(self.waiting.len() < self.limit, "a full window was opened further");
        // While nothing waited no answer could come: the time since the last one says nothing of the peer.
        if !self.is_in_earnest() {
            self.progress_at = now;
        }
        let slot = Slot { serial, ticket, deadline: now + self.response_timeout, operation };
        self.expendable += usize::from(slot.is_expendable());
        self.waiting.push_back(slot);
    }

    /// Whether anything waits that is not expendable.
    fn is_in_earnest(&self) -> bool {
        self.expendable < self.waiting.len()
    }

    /// A response came: frees its slot or its tomb; `None` if nothing waits for it.
    pub(crate) fn settle(&mut self, now: Instant, serial: Serial, response: CommandId) -> Option<Settled> {
        let settled = match self.position(serial) {
            Some(at) if answers(response, self.waiting[at].operation) => Settled::InTime(self.take(at)?),
            Some(_) => Settled::Mismatched,
            None => self.settle_tomb(serial, response)?,
        };
        // What answers nothing is no progress, or a peer that is confused would never be found stalled.
        if settled != Settled::Mismatched {
            self.progress_at = now;
        }
        Some(settled)
    }

    /// Gives up one request that was never written.
    pub(crate) fn withdraw(&mut self, serial: Serial) -> Option<Ticket> {
        let at = self.position(serial)?;
        self.take(at)
    }

    /// Whether this request waits for its answer.
    pub(crate) fn waits(&self, serial: Serial) -> bool {
        self.position(serial).is_some()
    }

    /// Gives up one request whose answer is overdue, and puts up its tomb.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Ticket> {
        while self.tombs.front().is_some_and(|tomb| tomb.forget_at <= now) {
            self.tombs.pop_front();
        }
        self.waiting.front().filter(|slot| slot.deadline <= now)?;
        let slot = self.waiting.pop_front()?;
        let Slot { serial, ticket, operation, .. } = slot;
        if slot.is_expendable() {
            self.expendable -= 1;
            return Some(ticket);
        }
        // The oldest goes: its answer is the least likely to come.
        if self.tombs.len() == self.limit {
            self.tombs.pop_front();
        }
        self.tombs.push_back(Tomb { serial, ticket, forget_at: now + self.tomb_for, operation });
        Some(ticket)
    }

    /// Empties the window, oldest first: the session is over.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Ticket> + '_ {
        self.expendable = 0;
        self.waiting.drain(..).map(|slot| slot.ticket)
    }

    /// How many more requests may wait.
    pub(crate) fn free(&self) -> usize {
        self.limit - self.waiting.len()
    }

    /// How many requests wait.
    pub(crate) fn occupied(&self) -> usize {
        self.waiting.len()
    }

    /// How many requests were given up and may still be answered.
    pub(crate) fn tombs(&self) -> usize {
        self.tombs.len()
    }

    /// Whether there are as many tombs as the window is wide.
    pub(crate) fn is_graveyard(&self) -> bool {
        self.limit <= self.tombs.len()
    }

    /// Whether requests wait and no answer at all has come for a whole response time.
    pub(crate) fn is_stalled(&self, now: Instant) -> bool {
        self.is_in_earnest() && self.progress_at + self.response_timeout <= now
    }

    /// When the window next changes by itself.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let oldest = self.waiting.front()?;
        let stalled_at = self.is_in_earnest().then_some(self.progress_at + self.response_timeout);
        Some(stalled_at.map_or(oldest.deadline, |it| it.min(oldest.deadline)))
    }

    /// Where a request waits.
    fn position(&self, serial: Serial) -> Option<usize> {
        // Most answers are for the oldest request.
        match self.waiting.front() {
            Some(slot) if slot.serial == serial => Some(0),
            _ => self.waiting.binary_search_by_key(&serial, |slot| slot.serial).ok(),
        }
    }

    fn take(&mut self, at: usize) -> Option<Ticket> {
        let slot = self.waiting.remove(at)?;
        self.expendable -= usize::from(slot.is_expendable());
        Some(slot.ticket)
    }

    fn settle_tomb(&mut self, serial: Serial, response: CommandId) -> Option<Settled> {
        let at = self.tombs.binary_search_by_key(&serial, |tomb| tomb.serial).ok()?;
        if !answers(response, self.tombs[at].operation) {
            return Some(Settled::Mismatched);
        }
        self.tombs.remove(at).map(|tomb| Settled::Late(tomb.ticket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::sequence::Sequencer;

    const SECOND: Duration = Duration::from_secs(1);
    const SUBMIT: CommandId = CommandId::SUBMIT_SM;
    const TAKEN: CommandId = CommandId::SUBMIT_SM_RESP;

    fn window(now: Instant, limit: usize) -> Window {
        let options = Options { window: limit, response_timeout: SECOND * 60, ..Options::default() };
        Window::new(now, &options)
    }

    #[test]
    fn answers_are_found_in_any_order() {
        let now = Instant::now();
        let (mut window, mut sequencer) = (window(now, 5), Sequencer::default());
        let serials: Vec<_> = (0..5).map(|_| sequencer.issue()).collect();
        for (ticket, serial) in (10..).zip(&serials) {
            window.open(now, *serial, ticket, SUBMIT);
        }
        assert_eq!(window.free(), 0);
        for at in [3, 0, 4, 2, 1] {
            let ticket = 10 + at as Ticket;
            assert_eq!(window.settle(now, serials[at], TAKEN), Some(Settled::InTime(ticket)));
            assert_eq!(window.settle(now, serials[at], TAKEN), None, "answered twice");
        }
        assert_eq!(window.free(), 5);
    }

    #[test]
    fn a_tomb_frees_its_slot_and_keeps_its_ticket() {
        let now = Instant::now();
        let (mut window, mut sequencer) = (window(now, 2), Sequencer::default());
        let serial = sequencer.issue();
        window.open(now, serial, 7, SUBMIT);
        assert_eq!(window.expire(now + SECOND * 59), None);
        assert_eq!(window.expire(now + SECOND * 60), Some(7));
        assert_eq!((window.free(), window.tombs()), (2, 1));
        assert_eq!(window.settle(now + SECOND * 61, serial, TAKEN), Some(Settled::Late(7)));
        assert_eq!(window.tombs(), 0);
    }

    #[test]
    fn a_tomb_is_forgotten_in_the_end() {
        let now = Instant::now();
        let (mut window, mut sequencer) = (window(now, 2), Sequencer::default());
        let serial = sequencer.issue();
        window.open(now, serial, 7, SUBMIT);
        assert_eq!(window.expire(now + SECOND * 60), Some(7));
        let later = now + SECOND * 60 + Options::default().tomb_for;
        assert_eq!(window.expire(later), None);
        assert_eq!(window.tombs(), 0);
    }

    #[test]
    fn what_is_expendable_leaves_no_tomb_and_stalls_nothing() {
        let now = Instant::now();
        let (mut window, mut sequencer) = (window(now, 2), Sequencer::default());
        for round in 0..5 {
            let asked_at = now + SECOND * 60 * round;
            window.open(asked_at, sequencer.issue(), 7, CommandId::QUERY_SM);
            assert!(!window.is_stalled(asked_at + SECOND * 60));
            assert_eq!(window.next_deadline(), Some(asked_at + SECOND * 60));
            assert_eq!(window.expire(asked_at + SECOND * 60), Some(7));
            assert_eq!((window.tombs(), window.free()), (0, 2));
        }
        // A request beside it counts from when it was made.
        let later = now + SECOND * 600;
        window.open(later, sequencer.issue(), 8, CommandId::QUERY_SM);
        window.open(later + SECOND * 30, sequencer.issue(), 9, SUBMIT);
        assert!(!window.is_stalled(later + SECOND * 89) && window.is_stalled(later + SECOND * 90));
    }

    #[test]
    fn progress_is_any_answer() {
        let now = Instant::now();
        let (mut window, mut sequencer) = (window(now, 3), Sequencer::default());
        let (first, second) = (sequencer.issue(), sequencer.issue());
        window.open(now, first, 1, SUBMIT);
        window.open(now + SECOND * 30, second, 2, SUBMIT);
        assert!(window.is_stalled(now + SECOND * 60));
        assert_eq!(window.settle(now + SECOND * 50, first, TAKEN), Some(Settled::InTime(1)));
        assert!(!window.is_stalled(now + SECOND * 109));
        assert!(window.is_stalled(now + SECOND * 110));
        assert_eq!(window.next_deadline(), Some(now + SECOND * 90));
    }

    #[test]
    fn only_the_response_of_the_operation_settles_a_slot_or_a_tomb() {
        let now = Instant::now();
        let responses = [
            CommandId::SUBMIT_SM_RESP,
            CommandId::DELIVER_SM_RESP,
            CommandId::DATA_SM_RESP,
            CommandId::QUERY_SM_RESP,
            CommandId::ENQUIRE_LINK_RESP,
            CommandId::UNBIND_RESP,
        ];
        for operation in [CommandId::SUBMIT_SM, CommandId::DELIVER_SM, CommandId::DATA_SM, CommandId::QUERY_SM] {
            let (mut window, mut sequencer) = (window(now, 3), Sequencer::default());
            let [first, second, third] = [7, 8, 9].map(|ticket| {
                let serial = sequencer.issue();
                window.open(now, serial, ticket, operation);
                serial
            });
            let pass = |window: &mut Window, serial| {
                for other in responses.into_iter().filter(|it| *it != operation.response()) {
                    let settled = window.settle(now + SECOND, serial, other);
                    assert_eq!(settled, Some(Settled::Mismatched), "{other} for {operation}");
                }
            };
            pass(&mut window, second);
            assert_eq!(window.progress_at, now, "what is passed by is no progress");
            assert_eq!(window.settle(now, second, operation.response()), Some(Settled::InTime(8)));
            assert_eq!(window.settle(now, third, CommandId::GENERIC_NACK), Some(Settled::InTime(9)));
            assert_eq!(window.expire(now + SECOND * 60), Some(7));
            if operation != CommandId::QUERY_SM {
                pass(&mut window, first);
                assert_eq!(window.settle(now, first, operation.response()), Some(Settled::Late(7)));
            }
        }
    }
}
