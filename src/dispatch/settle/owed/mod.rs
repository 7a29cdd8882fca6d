//! What carriers owe us: answers to what is on their links, receipts for what they took, and the outcome of what is in
//! doubt.

mod unresolved;

use crate::dispatch::settle::owed::unresolved::{AttemptKey, Unresolved};
use crate::message::id::{CarrierId, PartKey};
use crate::message::phase::Phase;
use crate::number::e164::E164;
use std::collections::{BTreeMap, BTreeSet};

/// What they owe.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    /// Parts on a link now.
    in_flight: usize,
    /// Parts that wait for a receipt, by carrier.
    awaiting: BTreeMap<CarrierId, u64>,
    /// Parts whose outcome is not known, by who might send a receipt about them.
    doubtful: BTreeSet<(CarrierId, E164, PartKey)>,
    /// Parts with an attempt whose outcome was never learnt, wherever they are now.
    unresolved: Unresolved,
}

impl Owed {
    /// As it stood at the last commit; doubts are noted one by one.
    pub(crate) fn recover(awaiting: &[(CarrierId, u64)]) -> Self {
        Self { awaiting: awaiting.iter().copied().collect(), ..Self::default() }
    }

    /// Nothing is on a link.
    pub(crate) const fn is_quiet(&self) -> bool {
        self.in_flight == 0
    }

    /// Whether anything is awaited or in doubt.
    pub(crate) fn is_any(&self) -> bool {
        self.awaiting.values().any(|it| *it != 0) || !self.doubtful.is_empty()
    }

    /// A part goes onto a link.
    pub(crate) const fn goes(&mut self) {
        self.in_flight += 1;
    }

    /// A part has left a link.
    pub(super) const fn is_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// A part with an attempt at a carrier has moved.
    pub(crate) fn note_move(&mut self, of: (CarrierId, E164, PartKey), before: Phase, after: Phase) {
        let awaiting = self.awaiting.entry(of.0).or_default();
        match (before == Phase::Sent, after == Phase::Sent) {
            (true, false) => *awaiting = awaiting.saturating_sub(1),
            (false, true) => *awaiting += 1,
            _ => (),
        }
        if before == Phase::Doubtful && after != Phase::Doubtful {
            self.doubtful.remove(&of);
        }
    }

    /// Nobody knows what became of an attempt of a part.
    pub(crate) fn doubt(&mut self, of: (CarrierId, E164, PartKey), number: u8) {
        self.doubtful.insert(of);
        self.unresolved.put((of.0, of.1, of.2, number));
    }

    /// Of this attempt of a part the outcome is not learnt: it has no name that a receipt could find it by.
    pub(crate) fn note_unresolved(&mut self, of: AttemptKey) {
        self.unresolved.put(of);
    }

    /// What became of this attempt of a part has been learnt.
    pub(crate) fn note_resolved(&mut self, of: AttemptKey) {
        self.unresolved.take(of);
    }

    /// Parts that wait for a receipt, by carrier.
    pub(crate) fn awaiting(&self) -> impl Iterator<Item = (CarrierId, u64)> + '_ {
        self.awaiting.iter().map(|(carrier, count)| (*carrier, *count))
    }

    /// The carrier of each part in doubt.
    pub(crate) fn carriers_in_doubt(&self) -> impl Iterator<Item = CarrierId> + '_ {
        self.doubtful.iter().map(|it| it.0)
    }

    /// The parts in doubt at a carrier for a handset.
    pub(crate) fn doubtful_for(&self, carrier: CarrierId, handset: E164) -> impl Iterator<Item = PartKey> + '_ {
        let range = (carrier, handset, PartKey(0))..=(carrier, handset, PartKey(u64::MAX));
        self.doubtful.range(range).map(|(_, _, key)| *key)
    }

    /// Whether a carrier may have taken a part for a handset, wherever that is now, and has not said so by a name that
    /// we know.
    pub(super) fn is_unnamed(&self, carrier: CarrierId, handset: E164) -> bool {
        self.doubtful_for(carrier, handset).next().is_some() || self.unresolved.is_any(carrier, handset)
    }

    /// The one part in doubt at a carrier for a handset, if no other attempt there was ever left without an outcome.
    pub(super) fn only_doubt(&self, carrier: CarrierId, handset: E164) -> Option<PartKey> {
        let mut doubtful = self.doubtful_for(carrier, handset);
        let only = doubtful.next()?;
        let alone = doubtful.next().is_none() && self.unresolved.is_only(carrier, handset, only);
        alone.then_some(only)
    }
}
