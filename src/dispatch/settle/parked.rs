//! Receipts that came before their part was known.

use crate::carrier::dialect::Dialect;
use crate::carrier::id;
use crate::carrier::report::ReceiptNews;
use crate::dispatch::beat::Beat;
use crate::dispatch::door::fact::{Fact, Fate};
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
    /// Numbers by carrier: who floods us pushes out its own.
    by_carrier: BTreeMap<CarrierId, BTreeSet<u64>>,
}

impl ParkedSet {
    pub(crate) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(crate) fn put(&mut self, parked: Parked) {
        let number = parked.number;
        self.by_rhash.extend(Self::hashes(&parked).map(|it| (it, number)));
        self.by_handset.extend(parked.whom().pair().map(|(handset, _)| (parked.carrier, handset, number)));
        self.by_carrier.entry(parked.carrier).or_default().insert(number);
        self.by_number.insert(number, parked);
    }

    fn remove(&mut self, number: u64) -> Option<Parked> {
        let parked = self.by_number.remove(&number)?;
        for hash in Self::hashes(&parked) {
            self.by_rhash.remove(&(hash, number));
        }
        if let Some((handset, _)) = parked.whom().pair() {
            self.by_handset.remove(&(parked.carrier, handset, number));
        }
        if let Some(numbers) = self.by_carrier.get_mut(&parked.carrier) {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.by_carrier.remove(&parked.carrier);
            }
        }
        Some(parked)
    }

    /// The receipts that may be about a part that its carrier named so, oldest first.
    pub(super) fn for_id(&self, carrier: CarrierId, name: &CarrierMessageId) -> Vec<u64> {
        let hash = name.rhash(carrier);
        self.by_rhash.range((hash, 0)..=(hash, u64::MAX)).map(|(_, number)| *number).collect()
    }

    /// The receipts of a carrier about a handset, oldest first.
    pub(super) fn for_handset(&self, carrier: CarrierId, handset: E164) -> Vec<u64> {
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

    /// The oldest one of the carrier of which most wait.
    fn oldest_of_most(&self) -> Option<(u64, CarrierId)> {
        let (carrier, numbers) = self.by_carrier.iter().max_by_key(|(_, numbers)| numbers.len())?;
        numbers.first().map(|number| (*number, *carrier))
    }

    fn hashes(parked: &Parked) -> impl Iterator<Item = u64> {
        let carrier = parked.carrier;
        let ids = [Some(&parked.carrier_message_id), parked.also.as_ref()].into_iter().flatten();
        let forms: Vec<_> = ids.flat_map(id::forms).collect();
        forms.into_iter().map(move |it| it.rhash(carrier))
    }
}

impl ParkedSet {
    /// A receipt waits for its part.
    pub(super) fn park(&mut self, beat: &mut Beat, carrier: CarrierId, news: ReceiptNews) {
        let (status, fate) = (news.receipt.status, Fate::Parked);
        let mut ids = news.ids.into_iter();
        let Some(id) = ids.next() else { return };
        beat.tell(Fact::Receipt { carrier, status, fate, message: None, delay: None });
        // A carrier that floods us takes no place of another's.
        if beat.plan.limits.parked_max <= self.len()
            && let Some((number, carrier)) = self.oldest_of_most()
        {
            self.give_up(beat, number, carrier);
        }
        let number = beat.out.marks.next_parked;
        beat.out.marks.next_parked += 1;
        let parked = Parked {
            number,
            carrier,
            carrier_message_id: id,
            also: ids.next(),
            handset: news.handset,
            address: news.address,
            sender: news.sender,
            receipt: news.receipt,
        };
        beat.out.batch.parked.push(parked.clone());
        self.put(parked);
    }

    /// What has waited as long as its carrier's are kept is about nothing that we know.
    pub(crate) fn give_up_overdue(&mut self, beat: &mut Beat) {
        while let Some((number, carrier, at)) = self.oldest() {
            let kept = beat.plan.carriers.get(&carrier).map_or(Dialect::PARKED_FOR, |it| it.parked_for);
            if beat.now.since(at) < kept {
                return;
            }
            self.give_up(beat, number, carrier);
        }
    }

    fn give_up(&mut self, beat: &mut Beat, number: u64, carrier: CarrierId) {
        self.take(beat, number);
        beat.tell(Fact::Unmatched { carrier });
    }

    /// Forgets what waits about a number since then or before; how many receipts that is.
    pub(crate) fn forget_person(&mut self, beat: &mut Beat, (number, until): (E164, Time)) -> usize {
        let carriers: Vec<CarrierId> = self.by_carrier.keys().copied().collect();
        let all: Vec<u64> = carriers.into_iter().flat_map(|it| self.for_handset(it, number)).collect();
        let old = |it: &&u64| self.get(**it).is_some_and(|it| it.receipt.received_at <= until);
        let gone: Vec<u64> = all.iter().filter(old).copied().collect();
        gone.iter().filter_map(|it| self.take(beat, *it)).count()
    }

    /// A receipt waits no more.
    pub(crate) fn take(&mut self, beat: &mut Beat, number: u64) -> Option<Parked> {
        let taken = self.remove(number)?;
        // One that was parked in this very beat needs no record at all.
        let parked = &mut beat.out.batch.parked;
        match parked.iter().position(|it| it.number == number) {
            Some(at) => drop(parked.remove(at)),
            None => beat.out.batch.unparked.push(number),
        }
        Some(taken)
    }
}
