//! Receipts that came before their part was known.

use crate::carrier::id;
use crate::message::attempt::CarrierMessageId;
use crate::message::id::CarrierId;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::parked::Parked;
use std::collections::{BTreeMap, BTreeSet};

/// The receipts that wait, all in memory: their number is bounded.
#[derive(Debug, Default)]
pub(crate) struct ParkedSet {
    by_number: BTreeMap<u64, Parked>,
    /// By the hash of every form that the id may have in an answer.
    by_rhash: BTreeSet<(u64, u64)>,
    by_handset: BTreeSet<(CarrierId, E164, u64)>,
}

impl ParkedSet {
    pub(crate) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(crate) fn put(&mut self, parked: Parked) {
        let number = parked.number;
        self.by_rhash.extend(Self::hashes(&parked).map(|it| (it, number)));
        self.by_handset.extend(parked.handset.map(|it| (parked.carrier, it, number)));
        self.by_number.insert(number, parked);
    }

    pub(crate) fn take(&mut self, number: u64) -> Option<Parked> {
        let parked = self.by_number.remove(&number)?;
        for hash in Self::hashes(&parked) {
            self.by_rhash.remove(&(hash, number));
        }
        if let Some(handset) = parked.handset {
            self.by_handset.remove(&(parked.carrier, handset, number));
        }
        Some(parked)
    }

    /// The receipts that may be about a part that its carrier named so, oldest first.
    pub(crate) fn for_id(&self, carrier: CarrierId, name: &CarrierMessageId) -> Vec<u64> {
        let hash = name.rhash(carrier);
        self.by_rhash.range((hash, 0)..=(hash, u64::MAX)).map(|(_, number)| *number).collect()
    }

    /// The receipts of a carrier about a handset, oldest first.
    pub(crate) fn for_handset(&self, carrier: CarrierId, handset: E164) -> Vec<u64> {
        let range = (carrier, handset, 0)..=(carrier, handset, u64::MAX);
        self.by_handset.range(range).map(|(_, _, number)| *number).collect()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Parked> {
        self.by_number.get(&number)
    }

    /// The oldest one: its number, its carrier, and when it came.
    pub(crate) fn oldest(&self) -> Option<(u64, CarrierId, Time)> {
        self.by_number.values().next().map(|it| (it.number, it.carrier, it.receipt.received_at))
    }

    fn hashes(parked: &Parked) -> impl Iterator<Item = u64> {
        let carrier = parked.carrier;
        let ids = [Some(&parked.carrier_message_id), parked.also.as_ref()].into_iter().flatten();
        let forms: Vec<_> = ids.flat_map(id::forms).collect();
        forms.into_iter().map(move |it| it.rhash(carrier))
    }
}
