//! What is due when; of the same moment, what was put in first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Things and the moments at which they are due.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    entries: BinaryHeap<Reverse<Entry<T>>>,
    stamp: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: Instant,
    stamp: u64,
    what: T,
}

impl<T> Agenda<T> {
    pub(super) const fn new() -> Self {
        Self { entries: BinaryHeap::new(), stamp: 0 }
    }

    /// Puts something in.
    pub(super) fn add(&mut self, at: Instant, what: T) {
        self.stamp += 1;
        self.entries.push(Reverse(Entry { at, stamp: self.stamp, what }));
    }

    /// When the first is due.
    pub(super) fn first_at(&self) -> Option<Instant> {
        self.entries.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the first out if it is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<T> {
        if now < self.first_at()? {
            return None;
        }
        self.entries.pop().map(|Reverse(entry)| entry.what)
    }
}

impl<T> Entry<T> {
    const fn key(&self) -> (Instant, u64) {
        (self.at, self.stamp)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn in_order_of_time_and_then_of_entry() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let mut agenda = Agenda::new();
        for (at, what) in [(later, 3), (start, 1), (later, 4), (start, 2)] {
            agenda.add(at, what);
        }
        assert_eq!(agenda.first_at(), Some(start));
        assert_eq!([agenda.take_due(start), agenda.take_due(start), agenda.take_due(start)], [Some(1), Some(2), None]);
        assert_eq!([agenda.take_due(later), agenda.take_due(later)], [Some(3), Some(4)]);
    }
}
