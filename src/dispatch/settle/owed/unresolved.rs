//! Parts with an attempt whose outcome was never learnt, by who might still send a receipt about
//! it. Such a part may have been sent again, given up or expired since: a receipt under a name that
//! nobody knows may be about it all the same, and must not be taken for another's.

use crate::message::id::{CarrierId, PartKey};
use crate::number::e164::E164;
use std::collections::{BTreeSet, VecDeque};

/// Carrier, handset, part, and the number of the attempt.
pub(crate) type AttemptKey = (CarrierId, E164, PartKey, u8);

/// The parts, as many as are remembered.
#[derive(Debug, Default)]
pub(crate) struct Unresolved {
    places: BTreeSet<AttemptKey>,
    /// In the order in which they came; some have been resolved since.
    order: VecDeque<AttemptKey>,
}

impl Unresolved {
    /// Some megabytes at most; the oldest are forgotten first, whose receipts are the least likely.
    const MAX: usize = 50_000;

    pub(crate) fn put(&mut self, place: AttemptKey) {
        if !self.places.insert(place) {
            return;
        }
        self.order.push_back(place);
        while Self::MAX < self.order.len() {
            if let Some(oldest) = self.order.pop_front() {
                self.places.remove(&oldest);
            }
        }
    }

    pub(crate) fn take(&mut self, place: AttemptKey) {
        self.places.remove(&place);
    }

    /// Whether any part is unresolved for the handset at the carrier.
    pub(super) fn is_any(&self, carrier: CarrierId, handset: E164) -> bool {
        self.of(carrier, handset).next().is_some()
    }

    /// Whether no other part than this one is unresolved for the handset at the carrier.
    pub(super) fn is_only(&self, carrier: CarrierId, handset: E164, key: PartKey) -> bool {
        self.of(carrier, handset).all(|it| it.2 == key)
    }

    fn of(&self, carrier: CarrierId, handset: E164) -> impl Iterator<Item = &AttemptKey> {
        self.places.range((carrier, handset, PartKey(0), 0)..=(carrier, handset, PartKey(u64::MAX), u8::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut unresolved = Unresolved::default();
        let handset = E164(31_612_345_678);
        let count = Unresolved::MAX as u64 + 1;
        (0..count).for_each(|it| unresolved.put((CarrierId(1), handset, PartKey(it), 1)));
        assert_eq!((unresolved.places.len(), unresolved.order.len()), (Unresolved::MAX, Unresolved::MAX));
        (2..count).for_each(|it| unresolved.take((CarrierId(1), handset, PartKey(it), 1)));
        assert!(unresolved.is_only(CarrierId(1), handset, PartKey(1)));
        assert!(!unresolved.is_only(CarrierId(1), handset, PartKey(2)));
    }
}
