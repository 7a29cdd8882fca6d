//! Receipts that came before their part was known.

use crate::carrier::id;
use crate::carrier::report::ReceiptNews;
use crate::dispatch::Dispatch;
use crate::dispatch::fact::{Fact, Fate};
use crate::message::attempt::CarrierMessageId;
use crate::message::id::{CarrierId, PartKey};
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

    pub(crate) fn take(&mut self, number: u64) -> Option<Parked> {
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

impl Dispatch {
    pub(super) fn park(&mut self, carrier: CarrierId, news: ReceiptNews) {
        let (status, fate) = (news.receipt.status, Fate::Parked);
        let mut ids = news.ids.into_iter();
        let Some(id) = ids.next() else { return };
        self.beat.tell(Fact::Receipt { carrier, status, fate, message: None, delay: None });
        // A carrier that floods us takes no place of another's.
        if self.beat.plan.limits.parked_max <= self.parked.len()
            && let Some((number, carrier)) = self.parked.oldest_of_most()
        {
            self.give_up(number, carrier);
        }
        let number = self.beat.out.marks.next_parked;
        self.beat.out.marks.next_parked += 1;
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
        self.beat.out.batch.parked.push(parked.clone());
        self.parked.put(parked);
    }

    /// The oldest parked receipt is about nothing that we know.
    pub(super) fn give_up_oldest(&mut self) {
        if let Some((number, carrier, _)) = self.parked.oldest() {
            self.give_up(number, carrier);
        }
    }

    fn give_up(&mut self, number: u64, carrier: CarrierId) {
        self.parked.take(number);
        self.forget_parked(number);
        self.beat.tell(Fact::Unmatched { carrier });
    }

    pub(super) fn forget_parked(&mut self, number: u64) {
        // One that was parked in this very beat needs no record at all.
        let parked = &mut self.beat.out.batch.parked;
        match parked.iter().position(|it| it.number == number) {
            Some(at) => drop(parked.remove(at)),
            None => self.beat.out.batch.unparked.push(number),
        }
    }

    /// An attempt has been named: receipts under that name are about it.
    pub(super) fn unpark(&mut self, key: PartKey, number: u8, carrier: CarrierId, id: &CarrierMessageId) {
        let waiting = self.parked.for_id(carrier, id);
        for waiting in waiting {
            let Some(parked) = self.parked.get(waiting) else { continue };
            let ids: Vec<CarrierMessageId> =
                [Some(&parked.carrier_message_id), parked.also.as_ref()].into_iter().flatten().cloned().collect();
            let forms = self.forms(carrier, &ids);
            let Some(body) = self.set.get(key.seq()).map(|it| it.entry.body.clone()) else { continue };
            let fits_handset = parked.whom().fits(body.destination);
            // A carrier that counts anew reuses ids: another handset's receipt is not about this part.
            let contradicted = parked.whom().is_another(body.destination, &body.source);
            let fitting = forms.iter().find(|it| it.fits(id) && (!it.converted || fits_handset));
            let Some(fitting) = fitting.filter(|_| !contradicted) else { continue };
            if fits_handset {
                self.learn(carrier, fitting.relation);
            }
            if let Some(parked) = self.parked.take(waiting) {
                self.forget_parked(waiting);
                // It was counted when it came.
                self.apply(key, number, carrier, parked.receipt);
            }
        }
    }
}
