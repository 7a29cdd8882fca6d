//! What the simulated carrier remembers of the messages that it took: for those who ask, cancel or
//! replace.

use crate::simulator::line::AccountId;
use crate::simulator::outcome::MessageState;
use crate::simulator::receipt::Original;
use crate::smpp::cstring::CString;
use bytes::Bytes;
use foldhash::fast::FixedState;
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// Messages that are remembered; for one more the oldest is forgotten. Each has some 500 octets,
/// so that all take 33 MB.
const REMEMBERED_MAX: usize = 65_536;

/// A message that was taken.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) account: AccountId,
    pub(super) original: Original,
    /// What becomes of it, and when; before that it is on its way.
    pub(super) end: (Instant, MessageState),
    /// When it is delivered, if `end` is not an end.
    pub(super) settled: Option<Instant>,
    /// When somebody cancelled it.
    pub(super) cancelled: Option<Instant>,
    /// Its receipts.
    pub(super) letters: Vec<u64>,
    /// Where it goes, if it is a broadcast.
    pub(super) areas: Vec<Bytes>,
}

impl Remembered {
    pub(super) const fn new(account: AccountId, original: Original, end: (Instant, MessageState)) -> Self {
        Self { account, original, end, settled: None, cancelled: None, letters: Vec::new(), areas: Vec::new() }
    }

    /// How it stands. One whose receipt is never sent is delivered all the same.
    pub(super) fn stands(&self, now: Instant) -> MessageState {
        match (self.cancelled, self.settled, self.end) {
            (Some(_), ..) => MessageState::Deleted,
            (_, Some(at), _) if at <= now => MessageState::Delivered,
            (_, _, (at, MessageState::None)) if at <= now => MessageState::Delivered,
            (_, _, (at, outcome)) if at <= now => outcome,
            _ => MessageState::Enroute,
        }
    }

    /// When it came to its end, if it has.
    pub(super) fn ended_at(&self, now: Instant) -> Option<Instant> {
        let at = self.cancelled.or(self.settled).unwrap_or(self.end.0);
        (!self.stands(now).is_passing()).then_some(at)
    }
}

/// The messages that are remembered, by their ids.
#[derive(Debug, Default)]
pub(super) struct Register {
    by_id: HashMap<CString, Remembered, FixedState>,
    /// Their ids, the oldest first.
    order: VecDeque<CString>,
}

impl Register {
    /// Remembers a message, and forgets the oldest if there are too many.
    pub(super) fn add(&mut self, id: CString, message: Remembered) {
        if self.by_id.insert(id.clone(), message).is_some() {
            // Short ids come round again.
            return;
        }
        self.order.push_back(id);
        if REMEMBERED_MAX < self.order.len()
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
    }

    /// A message of this account and sender.
    pub(super) fn find(&mut self, account: AccountId, id: &CString, source: &CString) -> Option<&mut Remembered> {
        self.by_id.get_mut(id).filter(|it| it.account == account && it.original.source.digits == *source)
    }

    /// The ids of all messages of this account that fit. It looks at everything that is remembered.
    pub(super) fn ids(&self, account: AccountId, fits: impl Fn(&Remembered) -> bool) -> Vec<CString> {
        let all = self.order.iter().filter_map(|id| Some((id, self.by_id.get(id)?)));
        all.filter(|(_, it)| it.account == account && fits(it)).map(|(id, _)| id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::address::Address;
    use std::time::Duration;

    #[test]
    fn the_oldest_message_is_forgotten_for_one_more_than_fit() {
        let now = Instant::now();
        let mut register = Register::default();
        let source = Address::new(5, 0, "Shop");
        let id = |number: usize| CString::from(number.to_string());
        for number in 0..=REMEMBERED_MAX {
            let original = Original::copy(number as u64, &source, &Address::default(), b"", 0);
            register.add(id(number), Remembered::new(0, original, (now, MessageState::Delivered)));
        }
        let mut is_there = |number| register.find(0, &id(number), &source.digits).is_some();
        assert_eq!([0, 1, REMEMBERED_MAX].map(&mut is_there), [false, true, true]);
        assert!(register.find(1, &id(1), &source.digits).is_none());
        assert!(register.find(0, &id(1), &CString::from("Other")).is_none());
        assert_eq!((register.by_id.len(), register.order.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
    }

    #[test]
    fn a_message_stands_as_the_time_says() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let original = Original::copy(1, &Address::default(), &Address::default(), b"", 0);
        let mut message = Remembered::new(0, original, (now + second, MessageState::Accepted));
        message.settled = Some(now + second * 2);
        let stands: Vec<_> = (0..3).map(|it| message.stands(now + second * it)).collect();
        assert_eq!(stands, [MessageState::Enroute, MessageState::Accepted, MessageState::Delivered]);
        assert_eq!(
            (message.ended_at(now + second), message.ended_at(now + second * 2)),
            (None, Some(now + second * 2))
        );
        message.cancelled = Some(now);
        assert_eq!((message.stands(now), message.ended_at(now)), (MessageState::Deleted, Some(now)));
    }
}
