//! What all running requests together may hold in memory.
//!
//! One body is bounded, and so are connections; their product is not small enough. A request
//! of 10,000 recipients also grows: each message has a copy of the text. So each request takes
//! from one budget as its octets come, and again before it is handed to the loop, and gives
//! all back with its answer. What a request announces and does not send costs nothing.
//!
//! Nobody may hold more than is then left for all others: one caller alone has half of the budget at most, two have
//! a third each, and so on. Where little is left, those who hold much are told to come again, and those who hold little
//! still get in.

use crate::api::handler::problem::{Kind, Problem};
use crate::message::id::{AccountId, CarrierId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Octets of bodies and texts at once: some 20 of the largest bulk requests, or 100,000 small ones.
pub(crate) const OCTETS_MAX: usize = 256 << 20;

/// When a refused request should come again: requests that run end within milliseconds, but for those that trickle.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// For whom memory is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// An application, or an operator.
    Account(AccountId),
    /// A carrier that calls a hook.
    Carrier(CarrierId),
}

/// A budget of octets.
pub(crate) struct Memory {
    octets: usize,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    all: usize,
    of: HashMap<Holder, usize, foldhash::fast::RandomState>,
}

impl Memory {
    pub(crate) fn new(octets: usize) -> Self {
        Self { octets, used: Mutex::default() }
    }

    /// A share with nothing in it yet.
    pub(crate) const fn share(&self, holder: Holder) -> Share<'_> {
        Share { memory: self, holder, octets: 0 }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request holds, until it is dropped.
pub(crate) struct Share<'m> {
    memory: &'m Memory,
    holder: Holder,
    octets: usize,
}

impl Share<'_> {
    /// Has at least so many octets; refused where its holder would have more than is left.
    pub(crate) fn grow_to(&mut self, octets: usize) -> Result<(), Problem> {
        let more = octets.saturating_sub(self.octets);
        if more == 0 {
            return Ok(());
        }
        let mut used = self.memory.used();
        let own = used.of.get(&self.holder).copied().unwrap_or(0);
        let (own, all) = (own.saturating_add(more), used.all.saturating_add(more));
        if self.memory.octets.checked_sub(all).is_none_or(|left| left < own) {
            let detail = "Requests that are running fill the memory set aside for them.";
            return Err(Problem::new(Kind::QueueFull, detail).after(COME_AGAIN));
        }
        used.all = all;
        used.of.insert(self.holder, own);
        self.octets = octets;
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if self.octets == 0 {
            return;
        }
        let mut used = self.memory.used();
        used.all -= self.octets;
        if let Some(own) = used.of.get_mut(&self.holder) {
            *own -= self.octets;
            // Only those who hold something are remembered.
            if *own == 0 {
                used.of.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(memory: &Memory, account: u16, octets: usize) -> Option<Share<'_>> {
        let mut share = memory.share(Holder::Account(AccountId(account)));
        share.grow_to(octets).ok().map(|()| share)
    }

    #[test]
    fn a_share_is_given_back_and_never_more_than_is_left() {
        let memory = Memory::new(4_096);
        let mut share = held(&memory, 1, 1_024).expect("a quarter");
        share.grow_to(2_048).expect("half");
        let refused = share.grow_to(2_049).expect_err("more than is left");
        assert_eq!((refused.kind, refused.retry_after), (Kind::QueueFull, Some(COME_AGAIN)));
        share.grow_to(10).expect("it has as much");
        drop(share);
        assert!(memory.used().all == 0 && memory.used().of.is_empty());
        assert!(held(&memory, 1, 2_048).is_some());
    }

    #[test]
    fn whoever_holds_most_is_refused_first_and_others_get_in() {
        let memory = Memory::new(4_096);
        let greedy: Vec<_> = (0..300).map_while(|_| held(&memory, 1, 8)).collect();
        assert_eq!(greedy.len(), 256, "half of it");
        let second: Vec<_> = (0..300).map_while(|_| held(&memory, 2, 8)).collect();
        assert_eq!(second.len(), 128, "half of what is left");
        assert!(held(&memory, 1, 8).is_none() && held(&memory, 2, 8).is_none());
        assert!(held(&memory, 3, 8).is_some(), "who has nothing gets in");
        let mut carrier = memory.share(Holder::Carrier(CarrierId(1)));
        assert!(carrier.grow_to(8).is_ok(), "a carrier is no account of the same number");
    }
}
