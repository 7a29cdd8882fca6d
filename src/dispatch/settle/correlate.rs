//! A receipt comes, or has waited for what it is about.
//!
//! One that finds its part by name changes it at once. One that finds none is parked until an answer names its id; a
//! part in doubt may also be known by its recipient and sender, if it is the only one.

use crate::carrier::id::IdCandidate;
use crate::carrier::report::ReceiptNews;
use crate::carrier::whom::Whom;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::{Dice, Dispatch};
use crate::message::attempt::{Answer, CarrierMessageId};
use crate::message::id::{CarrierId, PartKey};
use crate::message::phase::Move;
use crate::message::receipt::Receipt;
use crate::number::e164::E164;
use crate::record::parked::Parked;
use std::collections::BTreeSet;

impl Dispatch {
    pub(crate) fn receipt(&mut self, carrier: CarrierId, mut news: ReceiptNews, dice: Dice<'_>) {
        news.receipt.received_at = self.beat.now;
        if news.is_strange {
            self.habits.note_word(&mut self.beat, carrier, &news.receipt.raw_status);
        }
        let forms = self.habits.forms(&self.beat.plan, carrier, &news.ids);
        match self.find(carrier, &forms, news.whom()) {
            Some(found) => {
                if found.exact {
                    self.habits.note_writing(carrier, found.nearness);
                }
                // At a carrier that counts one id in decimal is another in hexadecimal: only together with the
                // recipient is it evidence (decision 0011).
                if found.fits_handset {
                    self.habits.learn(&mut self.beat, carrier, found.relation);
                }
                self.take_in(found.key, found.number, carrier, news.receipt);
            }
            // A name says more than a recipient: a doubt is settled only by what fits no name.
            None => match self.find_doubtful(carrier, &news) {
                Some(key) => {
                    let number = self.taken_after_all(key, &news.ids);
                    self.take_in(key, number, carrier, news.receipt);
                }
                // Parked it would wait for a name that no answer can bring.
                None if news.ids.is_empty() => self.habits.keep_unread(&mut self.beat, carrier, &news, dice),
                None => {
                    self.note_unsure(carrier, &forms, news.whom());
                    self.parked.park(&mut self.beat, carrier, news);
                }
            },
        }
    }

    /// A receipt would fit a part if its id were converted, and does not say whose it is: nothing is learned from such
    /// receipts, however many come, and the operator may state how the ids relate.
    fn note_unsure(&mut self, carrier: CarrierId, forms: &[IdCandidate], whom: Whom<'_>) {
        let unsure = self.candidates(carrier, forms, whom).find(|(_, it)| !it.another).and_then(|(_, it)| it.relation);
        if let Some(relation) = unsure {
            self.habits.note_unsure(&mut self.beat, carrier, relation);
        }
    }

    /// A receipt that has found its attempt.
    fn take_in(&mut self, key: PartKey, number: u8, carrier: CarrierId, receipt: Receipt) {
        let message = self.set.get(key.seq()).map(|it| it.entry.body.id);
        // A receipt may come before its answer: its delay then counts from when the part was given to the link.
        let asked = self.attempt(key, number).map(|it| it.answered_at.known().unwrap_or(it.intended_at));
        let delay = asked.map(|it| self.beat.now.since(it));
        let status = receipt.status;
        let fate = self.apply(key, number, carrier, receipt);
        self.beat.tell(Fact::Receipt { carrier, status, fate, message, delay });
    }

    /// An attempt has been named: receipts under that name are about it.
    pub(super) fn unpark(&mut self, key: PartKey, number: u8, carrier: CarrierId, id: &CarrierMessageId) {
        let waiting = self.parked.for_id(carrier, id);
        for waiting in waiting {
            let Some(parked) = self.parked.get(waiting) else { continue };
            let ids: Vec<CarrierMessageId> =
                [Some(&parked.carrier_message_id), parked.also.as_ref()].into_iter().flatten().cloned().collect();
            let forms = self.habits.forms(&self.beat.plan, carrier, &ids);
            let Some(body) = self.set.get(key.seq()).map(|it| it.entry.body.clone()) else { continue };
            let fits_handset = parked.whom().fits(body.destination);
            // A carrier that counts anew reuses ids: another handset's receipt is not about this part.
            let contradicted = parked.whom().is_another(body.destination, &body.source);
            let fitting = forms.iter().find(|it| it.fits(id) && (!it.converted || fits_handset));
            let Some(fitting) = fitting.filter(|_| !contradicted) else { continue };
            if fits_handset {
                self.habits.learn(&mut self.beat, carrier, fitting.relation);
            }
            if let Some(parked) = self.parked.take(&mut self.beat, waiting) {
                // It was counted when it came.
                self.apply(key, number, carrier, parked.receipt);
            }
        }
    }

    /// A part has come into doubt: a parked receipt may know better. True if one did.
    pub(super) fn settle_by_handset(&mut self, key: PartKey) -> bool {
        let Some(held) = self.set.get(key.seq()) else { return false };
        let destination = held.entry.body.destination;
        let Some(attempt) = held.entry.parts[usize::from(key.index())].attempt.as_ref() else { return false };
        let (carrier, intended_at) = (attempt.link.carrier, attempt.intended_at);
        let sender = self.sender_at(carrier, &held.entry.body.source);
        // Where any other part might be meant, none is settled: the wrong one would be lost without a word (decision
        // 0009).
        if self.only_doubt(carrier, destination) != Some(key) {
            return false;
        }
        // A receipt that came before the intent is about something else.
        let about = |it: &Parked| {
            it.whom().pair().is_some_and(|(_, it)| *it == *sender) && intended_at <= it.receipt.received_at
        };
        let waiting = self.parked.for_handset(carrier, destination);
        let fitting: Vec<u64> = waiting.into_iter().filter(|it| self.parked.get(*it).is_some_and(about)).collect();
        if fitting.is_empty() {
            return false;
        }
        let ids: BTreeSet<String> =
            fitting.iter().filter_map(|it| self.parked.get(*it)).map(|it| it.carrier_message_id.canonical()).collect();
        // Two names are two messages, and nobody can say which of them is this one.
        if 1 < ids.len() {
            return false;
        }
        let mut taken = None;
        for number in fitting {
            let Some(parked) = self.parked.take(&mut self.beat, number) else { continue };
            let attempt = *taken.get_or_insert_with(|| self.taken_after_all(key, &[parked.carrier_message_id]));
            self.apply(key, attempt, carrier, parked.receipt);
        }
        true
    }

    /// Nothing is on a link for a handset any more, perhaps: a doubt may now be settled.
    pub(super) fn settle_waiting(&mut self, carrier: CarrierId, handset: E164) {
        if let Some(key) = self.only_doubt(carrier, handset) {
            self.settle_by_handset(key);
        }
    }

    /// The carrier took a part in doubt, as its receipt shows. Returns the number of the attempt.
    fn taken_after_all(&mut self, key: PartKey, ids: &[CarrierMessageId]) -> u8 {
        let carrier = self.set.part(key).and_then(|it| it.attempt.as_ref()).map(|it| it.link.carrier);
        // As its answer would have named it: the next receipt is looked for under that.
        let name = carrier.and_then(|it| self.habits.forms(&self.beat.plan, it, ids).first().and_then(IdCandidate::id));
        self.step(key, Move::Take, None);
        let (timeout, window) = (self.receipt_timeout(key), self.receipt_window(key));
        let now = self.beat.now;
        let Some(held) = self.set.get(key.seq()) else { return 0 };
        let class = held.entry.body.class;
        let cost = carrier.and_then(|it| self.beat.plan.cost_at(&held.entry.body, it));
        let Some(held) = self.set.change(key) else { return 0 };
        let part = &mut held.entry.parts[usize::from(key.index())];
        part.ends = part.ends.max(now) + timeout;
        part.taken_at = part.taken_at.known().unwrap_or(now);
        if let Some(window) = window {
            part.due = now + window;
            self.sweep.late_at(part.due);
        }
        let Some(attempt) = part.attempt.as_mut() else { return 0 };
        attempt.answer = Some(Answer::Taken);
        attempt.carrier_message_id = name;
        attempt.cost = cost;
        let (number, rhash, carrier) = (attempt.number, attempt.rhash(), attempt.link.carrier);
        self.owed.note_resolved((carrier, held.entry.body.destination, key, number));
        self.beat.out.facts.extend(cost.map(|amount| Fact::Cost { carrier, class, amount }));
        if let Some(rhash) = rhash {
            self.set.note_name(rhash, key);
        }
        number
    }
}
