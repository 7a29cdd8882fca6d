//! What a carrier has sent of its own accord and is not durable yet, bounded in octets.
//!
//! ```text
//!  deliver_sm ──► room? ── yes ──► waits for the commit ──► deliver_sm_resp
//!                   │
//!                   └── no ──► nothing is read: the socket holds the carrier back
//!                               └── nothing was confirmed for `put_off_after` ──► read on, put off
//! ```
//!
//! A carrier may drop what is refused, so that nothing is put off while anything moves. Once nothing has
//! moved for longer than carriers wait, each of them hears so in time to send again, and the session lives
//! on. What was put off is still made durable: the carrier's repetition is then known as one.

use crate::smpp::pdu::PduBody;
use crate::smpp::sm::SmResp;
use crate::smpp::status::CommandStatus;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How much is taken in, and when it is put off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Octets of memory that wait for the commit; beyond them nothing is read. Default 4 MiB, some 10,000 receipts.
    pub buffer: usize,
    /// How long nothing at all may have been confirmed before what has waited for so long is put off. Default 30 s:
    /// carriers give up after that or later.
    pub put_off_after: Duration,
    /// With which status: one that carriers answer by sending again. Default ESME_RMSGQFUL.
    pub put_off_status: CommandStatus,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            buffer: 4 * 1_024 * 1_024,
            put_off_after: Duration::from_secs(30),
            put_off_status: CommandStatus::MessageQueueFull,
        }
    }
}

/// A request that is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unanswered {
    /// Its number.
    pub(super) sequence: u32,
    /// Whether it came as `data_sm`.
    pub(super) is_data: bool,
}

impl Unanswered {
    /// The response that belongs to it.
    pub(super) fn response(self) -> PduBody {
        if self.is_data { PduBody::DataSmResp(SmResp::default()) } else { PduBody::DeliverSmResp(SmResp::default()) }
    }
}

#[derive(Debug)]
struct Waiting {
    request: Unanswered,
    octets: usize,
    since: Instant,
}

/// What is taken in and not confirmed, by numbers of our own: peers use a sequence_number twice.
#[derive(Debug)]
pub(super) struct Intake {
    options: Options,
    /// From the number `first` on; a hole is what was confirmed before those in front of it.
    waiting: VecDeque<Option<Waiting>>,
    first: u32,
    /// How many in front have been put off.
    put_off: usize,
    /// Octets of all that wait.
    held: usize,
    /// When something was last confirmed, or when there began to be something to confirm.
    progress_at: Instant,
}

impl Intake {
    /// What an entry costs beside what it stands for.
    pub(super) const ENTRY: usize = size_of::<Option<Waiting>>();

    pub(super) const fn new(now: Instant, options: Options) -> Self {
        Self { options, waiting: VecDeque::new(), first: 0, put_off: 0, held: 0, progress_at: now }
    }

    /// Whether one more may be taken in.
    pub(super) const fn has_room(&self) -> bool {
        self.held < self.options.buffer
    }

    /// Whether nothing has moved for longer than carriers wait.
    pub(super) fn is_stalled(&self, now: Instant) -> bool {
        !self.waiting.is_empty() && self.stalls_at() <= now
    }

    fn stalls_at(&self) -> Instant {
        self.progress_at + self.options.put_off_after
    }

    /// With which status it is put off.
    pub(super) const fn put_off_status(&self) -> CommandStatus {
        self.options.put_off_status
    }

    /// Takes a request in that holds so many octets; its number.
    pub(super) fn take(&mut self, now: Instant, request: Unanswered, octets: usize) -> u32 {
        if self.waiting.is_empty() {
            self.progress_at = now;
        }
        let octets = octets + Self::ENTRY;
        self.held += octets;
        self.waiting.push_back(Some(Waiting { request, octets, since: now }));
        self.first.wrapping_add(self.waiting.len() as u32 - 1)
    }

    /// What has this number is durable; the request, if it has not been put off.
    pub(super) fn confirm(&mut self, now: Instant, number: u32) -> Option<Unanswered> {
        let place = number.wrapping_sub(self.first) as usize;
        let waiting = self.waiting.get_mut(place)?.take()?;
        let was_put_off = place < self.put_off;
        self.held -= waiting.octets;
        self.progress_at = now;
        while self.waiting.front().is_some_and(Option::is_none) {
            self.waiting.pop_front();
            self.first = self.first.wrapping_add(1);
            self.put_off = self.put_off.saturating_sub(1);
        }
        (!was_put_off).then_some(waiting.request)
    }

    /// The next request that is to be put off now.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<Unanswered> {
        if !self.is_stalled(now) {
            return None;
        }
        while let Some(place) = self.waiting.get(self.put_off) {
            match place {
                Some(it) if now < it.since + self.options.put_off_after => return None,
                Some(it) => {
                    let request = it.request;
                    self.put_off += 1;
                    return Some(request);
                }
                None => self.put_off += 1,
            }
        }
        None
    }

    /// When something may have to be put off.
    pub(super) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        if self.waiting.is_empty() {
            return None;
        }
        let stalls_at = self.stalls_at();
        if now < stalls_at {
            return Some(stalls_at);
        }
        let next = self.waiting.iter().skip(self.put_off).flatten().next()?;
        Some(next.since + self.options.put_off_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn request(sequence: u32) -> Unanswered {
        Unanswered { sequence, is_data: false }
    }

    /// An intake with room for two messages of 100 octets.
    fn intake(now: Instant) -> Intake {
        let buffer = 2 * (100 + Intake::ENTRY);
        Intake::new(now, Options { buffer, put_off_after: SECOND * 30, ..Options::default() })
    }

    #[test]
    fn what_waits_is_bounded_in_octets_and_confirmed_in_any_order() {
        let now = Instant::now();
        let mut intake = intake(now);
        // One number twice, as peers do it.
        let numbers = [7, 7].map(|it| {
            assert!(intake.has_room());
            intake.take(now, request(it), 100)
        });
        assert!(!intake.has_room() && numbers[0] != numbers[1]);
        assert_eq!(intake.confirm(now, numbers[1]), Some(request(7)));
        assert_eq!(intake.confirm(now, numbers[1]), None, "confirmed twice");
        assert!(intake.has_room());
        let next = intake.take(now, request(8), 100);
        assert_eq!(intake.confirm(now, numbers[0]), Some(request(7)));
        assert_eq!(intake.confirm(now, next), Some(request(8)));
        assert_eq!((intake.held, intake.waiting.len(), intake.next_deadline(now)), (0, 0, None));
        assert_eq!(intake.confirm(now, next), None);
        assert_eq!(intake.confirm(now, next.wrapping_add(1)), None, "not yet taken");
    }

    #[test]
    fn numbers_wrap() {
        let now = Instant::now();
        let mut intake = intake(now);
        intake.first = u32::MAX;
        let numbers = [1, 2, 3].map(|it| intake.take(now, request(it), 1));
        assert_eq!(numbers, [u32::MAX, 0, 1]);
        assert_eq!(numbers.map(|it| intake.confirm(now, it)), [1, 2, 3].map(|it| Some(request(it))));
    }

    #[test]
    fn nothing_is_put_off_while_anything_moves() {
        let start = Instant::now();
        let at = |seconds: u32| start + SECOND * seconds;
        let mut intake = intake(start);
        let first = intake.take(start, request(1), 50);
        for second in 1..200 {
            intake.take(at(second), request(second), 1);
        }
        assert_eq!(intake.next_deadline(at(1)), Some(at(30)));
        for second in 0..150 {
            assert_eq!(intake.confirm(at(29 + second), first + second).map(|it| it.sequence), Some(1.max(second)));
            assert_eq!(intake.overdue(at(29 + second)), None);
        }
        assert!(!intake.is_stalled(at(207)) && intake.is_stalled(at(208)));
    }

    #[test]
    fn once_nothing_moves_each_is_put_off_when_it_has_waited_for_so_long() {
        let start = Instant::now();
        let at = |seconds: u32| start + SECOND * seconds;
        let mut intake = intake(start);
        let first = intake.take(at(0), request(1), 100);
        let second = intake.take(at(10), request(2), 100);
        assert_eq!(intake.overdue(at(29)), None);
        assert_eq!((intake.overdue(at(30)), intake.overdue(at(30))), (Some(request(1)), None));
        assert_eq!(intake.next_deadline(at(30)), Some(at(40)));
        assert_eq!((intake.overdue(at(40)), intake.overdue(at(40))), (Some(request(2)), None));
        assert_eq!(intake.next_deadline(at(40)), None);
        // They hold their octets until they are durable, and are not answered again.
        assert!(!intake.has_room() && intake.is_stalled(at(41)));
        assert_eq!(intake.confirm(at(50), first), None);
        assert!(intake.has_room() && !intake.is_stalled(at(50)));
        let third = intake.take(at(50), request(3), 1);
        assert_eq!((intake.confirm(at(51), second), intake.confirm(at(51), third)), (None, Some(request(3))));
        // What was confirmed before it was due leaves a hole, not a second answer.
        let [fourth, fifth] = [4, 5].map(|it| intake.take(at(60), request(it), 1));
        assert_eq!(intake.confirm(at(60), fifth), Some(request(5)));
        assert_eq!((intake.overdue(at(90)), intake.overdue(at(90))), (Some(request(4)), None));
        assert_eq!(intake.confirm(at(91), fourth), None);
        assert!(intake.waiting.is_empty());
    }
}
