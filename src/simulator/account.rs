//! One `system_id` at the simulated carrier: its lines, its rate, and what waits for it.

use crate::simulator::line::LineId;
use crate::smpp::cstring::CString;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// One `system_id`. It outlives its lines, and so does what waits for it.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) system_id: CString,
    /// Its bound lines, in the order in which they bound.
    pub(super) lines: Vec<LineId>,
    /// What can be delivered as soon as a line has room.
    pub(super) ready: VecDeque<u64>,
    /// Whether it stands in the queue of accounts to be served.
    pub(super) hungry: bool,
    /// From which line on the next is chosen.
    turn: usize,
    /// When the submits of the rate so far would have been through.
    paced_until: Option<Instant>,
}

impl Account {
    pub(super) const fn new(system_id: CString) -> Self {
        Self { system_id, lines: Vec::new(), ready: VecDeque::new(), hungry: false, turn: 0, paced_until: None }
    }

    /// Whether one more submit is within the rate, of which so much may come at once; it then counts.
    pub(super) fn keeps_pace(&mut self, now: Instant, rate: u32, burst: Duration) -> bool {
        let step = Duration::from_secs(1) / rate.max(1);
        let from = self.paced_until.map_or(now, |until| until.max(now));
        if now + burst.max(step) < from + step {
            return false;
        }
        self.paced_until = Some(from + step);
        true
    }

    /// The lines, each once, beginning with another one each time.
    pub(super) fn take_turn(&mut self) -> impl Iterator<Item = LineId> + '_ {
        self.turn = self.turn.wrapping_add(1);
        let at = if self.lines.is_empty() { 0 } else { self.turn % self.lines.len() };
        self.lines[at..].iter().chain(&self.lines[..at]).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURST: Duration = Duration::from_millis(100);

    #[test]
    fn a_bucket_may_hold_one_submit_alone() {
        let start = Instant::now();
        let mut account = Account::new(CString::default());
        let mut at = |ms: u64| account.keeps_pace(start + Duration::from_millis(ms), 100, Duration::ZERO);
        assert_eq!([at(0), at(9), at(10), at(11), at(100), at(100)], [true, false, true, false, true, false]);
    }

    #[test]
    fn a_rate_is_kept_and_a_little_more_may_come_at_once() {
        let start = Instant::now();
        let mut account = Account::new(CString::default());
        let passed =
            |account: &mut Account, at: Instant| (0..1_000).filter(|_| account.keeps_pace(at, 100, BURST)).count();
        assert_eq!(passed(&mut account, start), 10);
        assert_eq!(passed(&mut account, start + Duration::from_millis(50)), 5);
        assert_eq!(passed(&mut account, start + Duration::from_secs(60)), 10);
        let mut account = Account::new(CString::default());
        assert!(account.keeps_pace(start, 1, BURST) && !account.keeps_pace(start, 1, BURST));
        assert!(account.keeps_pace(start + Duration::from_secs(1), 1, BURST));
    }
}
