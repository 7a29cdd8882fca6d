//! What must hold when everything has ended, and what must hold of a receipt when it is confirmed.

use crate::simulation::Tally;
use crate::simulation::scenario::label;
use crate::simulation::smsc::Name;
use crate::simulation::world::World;
use nuncio::carrier::dialect::ReceiptsAsked;
use nuncio::carrier::id::forms;
use nuncio::message::attempt::{Attempt, CarrierMessageId, Cause};
use nuncio::message::id::{CarrierId, OrderId, PartKey, Seq};
use nuncio::message::phase::Phase;
use nuncio::message::reason::Reason;
use nuncio::message::status::Totals;
use nuncio::message::veil::Veil;
use nuncio::record::event::EventKind;
use serde_json::Value;
use std::collections::BTreeMap;

impl World {
    /// A carrier has been told that its receipt is safe: the store must have it.
    pub(crate) fn confirmed(&mut self, carrier: CarrierId, notice: usize) {
        let smsc = self.smscs.get_mut(&carrier).unwrap();
        smsc.notices[notice].confirmed = true;
        if let Some(sm) = smsc.notices[notice].mo.clone() {
            self.confirmed_mo(&sm);
            return;
        }
        let taken = &smsc.taken[smsc.notices[notice].taken];
        let (name, receipt_id) = (taken.name, taken.receipt_id.clone());
        let parked =
            self.store.parked.values().any(|it| it.carrier == carrier && it.carrier_message_id.as_str() == receipt_id);
        if parked {
            return;
        }
        let Some(key) = self.key_of(name) else { panic!("confirmed-is-durable: nothing is known of {name:?}") };
        let recorded = self.store.attempts_of(key).any(|it| it.receipt.is_some());
        let ended = self.store.parts[&key].phase().is_final();
        let guessed = 0 < self.crashes
            && self
                .store
                .parts
                .values()
                .filter_map(|it| it.attempt.as_ref()?.carrier_message_id.as_ref())
                .any(|it| it.as_str() == receipt_id);
        assert!(recorded || ended || guessed, "confirmed-is-durable: receipt {receipt_id} of {key:?} is nowhere");
    }

    fn key_of(&self, name: Name) -> Option<PartKey> {
        Some(PartKey::new(*self.store.labels.get(&name.0)?, name.1))
    }

    pub(crate) fn check_ending(mut self) -> Tally {
        self.store.crash(true);
        let mut keys = BTreeMap::<u64, Seq>::new();
        for body in self.store.bodies.values() {
            let label = label(body.text.as_bytes()).unwrap();
            let before = keys.insert(label, body.seq());
            assert!(before.is_none(), "idempotency: message {label} is stored twice");
        }
        for (message, _) in &self.known {
            assert!(self.store.bodies.contains_key(&message.seq), "accepted-is-kept: {message:?} is gone");
        }
        for part in self.store.parts.values() {
            assert!(part.phase().is_final(), "everything-ends: {part:?}");
            assert_eq!(part.reason.is_none(), part.phase() == Phase::Delivered, "reason: {part:?}");
        }
        self.check_orders();
        self.check_events();
        let duplicates = self.check_wire(&keys);
        self.check_receipts(&keys);
        if self.scenario.fair {
            self.check_order_of_first_submits(&keys);
        }
        Tally {
            messages: self.store.bodies.len(),
            submits: self.smscs.values().flat_map(|it| it.received.values()).sum(),
            duplicates,
            doubts: self.ledger.doubtful_facts,
            crashes: self.crashes,
            beats: self.beats,
            receipts: self.smscs.values().map(|it| it.notices.len()).sum(),
        }
    }

    /// What accounts were told of a message is how it ended, once, and each correction after that.
    fn check_events(&self) {
        let mut told = BTreeMap::<Seq, Vec<(EventKind, Value)>>::new();
        for event in self.store.memory.events() {
            let Some(seq) = event.about else { continue };
            let data = serde_json::from_str(&event.data).expect("it is JSON");
            told.entry(seq).or_default().push((event.kind, data));
        }
        for entry in self.store.memory.all() {
            let (seq, status) = (entry.body.seq(), entry.status());
            let events = told.remove(&seq).unwrap_or_default();
            assert_eq!(events.is_empty(), !status.is_final(), "event: {seq:?} is {status:?} and was told {events:?}");
            let mut before = Value::Null;
            for (at, (kind, data)) in events.iter().enumerate() {
                assert_eq!(*kind == EventKind::MessageCorrected, 0 < at, "event: {seq:?} was told {events:?}");
                assert_eq!(data["previous_status"], before, "event: {seq:?} was told {events:?}");
                assert_ne!(data["status"], before, "event: {seq:?} was told {events:?}");
                before = data["status"].clone();
            }
            if status.is_final() {
                assert_eq!(before, status.word(), "event: {seq:?} was told {events:?}");
            }
        }
        assert!(told.is_empty(), "event: of nothing that there is: {told:?}");
    }

    /// An order is whole, without gaps, and its totals add up.
    fn check_orders(&self) {
        let mut orders = BTreeMap::<OrderId, Vec<Seq>>::new();
        for body in self.store.bodies.values() {
            orders.entry(body.order).or_default().push(body.seq());
        }
        let mut told = BTreeMap::<u64, usize>::new();
        for event in self.store.memory.events().filter(|it| it.kind == EventKind::OrderCompleted) {
            let data: Value = serde_json::from_str(&event.data).expect("it is JSON");
            *told.entry(data["order_id"].as_u64().unwrap()).or_default() += 1;
        }
        for (order, seqs) in orders {
            let times = told.remove(&Veil::known().order(order)).unwrap_or(0);
            assert_eq!(times, usize::from(1 < seqs.len()), "order-event: of {order:?} with {} messages", seqs.len());
            assert!(seqs.windows(2).all(|it| it[1].0 == it[0].0 + 1), "orders: {order:?} has gaps");
            let mut totals = Totals::default();
            seqs.iter().filter_map(|it| self.store.status(*it)).for_each(|it| totals.add(it));
            assert_eq!(totals.total(), seqs.len() as u64, "orders: the totals of {order:?}");
            assert_eq!(totals.pending(), 0, "orders: {order:?} is not over");
        }
        assert!(told.is_empty(), "order-event: of nothing that there is: {told:?}");
        for body in self.store.bodies.values() {
            let parts = self.store.parts_of(body.seq()).count();
            assert_eq!(parts, usize::from(body.parts), "parts of {:?}", body.seq());
        }
    }

    /// No part came more often than refusals, reported doubts and missing receipts explain. Returns the surplus.
    fn check_wire(&self, keys: &BTreeMap<u64, Seq>) -> u64 {
        let mut all = BTreeMap::<Name, (u64, u64)>::new();
        for smsc in self.smscs.values() {
            for (name, received) in &smsc.received {
                let refused = smsc.refused.get(name).copied().unwrap_or(0);
                let sums = all.entry(*name).or_default();
                *sums = (sums.0 + received, sums.1 + refused);
            }
        }
        let mut surplus = 0;
        for (name, (received, refused)) in all {
            let seq =
                keys.get(&name.0).unwrap_or_else(|| panic!("commit-before-act: {name:?} was sent and is not stored"));
            let key = PartKey::new(*seq, name.1);
            assert!(!self.ledger.cancelled.contains(seq), "cancelled: {name:?} was sent all the same");
            let doubts = self.ledger.doubts.get(&key).copied().unwrap_or(0);
            let unheard = self.ledger.unheard.get(&key).copied().unwrap_or(0);
            assert!(
                received <= 1 + refused + doubts + unheard,
                "duplicates: {key:?} came {received} times, was refused {refused} times, in doubt {doubts} times, and \
                 {unheard} times there was no receipt"
            );
            surplus += received.saturating_sub(1 + refused + unheard);
        }
        let reported = self.ledger.doubtful_facts + self.ledger.lost_facts;
        assert!(surplus <= reported, "duplicates: {surplus} on the wire, {reported} reported doubtful");
        surplus
    }

    /// What a carrier said and we confirmed is what the customer sees.
    fn check_receipts(&self, keys: &BTreeMap<u64, Seq>) {
        let mut delivered = BTreeMap::<PartKey, bool>::new();
        for smsc in self.smscs.values() {
            for taken in &smsc.taken {
                let key = PartKey::new(keys[&taken.name.0], taken.name.1);
                *delivered.entry(key).or_default() |= taken.finals.contains(&"DELIVRD");
            }
        }
        for (key, part) in &self.store.parts {
            // Where only one part is asked about, its receipt speaks for the others.
            let carrier = part.attempt.as_ref().and_then(|it| self.scenario.plans[0].carriers.get(&it.link.carrier));
            let shared = carrier.is_some_and(|it| it.dialect.receipts != ReceiptsAsked::All);
            let said = |key: &PartKey| delivered.get(key).copied().unwrap_or(false);
            let said = said(key) || (shared && self.store.parts.keys().any(|it| it.seq() == key.seq() && said(it)));
            // What an earlier process never learnt is not remembered: a part in doubt may then take its receipt.
            let guessed = 1 < self.life
                && self
                    .store
                    .attempts_of(*key)
                    .any(|it| it.carrier_message_id.is_some() && it.command_status.is_none());
            assert!(part.phase() != Phase::Delivered || said || guessed, "never-fake-delivery: {part:?}");
        }
        for smsc in self.smscs.values() {
            for taken in &smsc.taken {
                let key = PartKey::new(keys[&taken.name.0], taken.name.1);
                let part = &self.store.parts[&key];
                // Where the answer has come, and there was one attempt and one word, there is no doubt.
                let id = CarrierMessageId::new(&taken.answer_id).unwrap();
                let named = part.attempt.as_ref().is_some_and(|it| it.carrier_message_id.as_ref() == Some(&id));
                let clean = !taken.lost && !taken.finals.is_empty() && taken.finals.iter().all(|it| *it == "DELIVRD");
                // Delivered by any attempt wins, unless another has failed before.
                let known = self.store.attempts_of(key).any(|it| it.carrier_message_id.as_ref() == Some(&id));
                assert!(
                    !known || !clean || matches!(part.phase(), Phase::Delivered | Phase::Failed),
                    "delivered-by-any-attempt: {} said DELIVRD, {part:?}",
                    taken.receipt_id
                );
                // What the route gave up is not taken back.
                let given_up = part.reason == Some(Reason::OutcomeUnknown) && part.phase() == Phase::Failed;
                if named && clean && !given_up && part.attempt.as_ref().is_some_and(|it| it.number == 1) {
                    let receipt = CarrierMessageId::new(&taken.receipt_id).unwrap();
                    assert!(
                        part.phase() == Phase::Delivered,
                        "confirmed-receipt-counts: {} said DELIVRD, forms {:?}, {part:?}",
                        taken.receipt_id,
                        forms(&receipt)
                    );
                }
            }
        }
    }

    /// Without faults, what a customer sends to one handset leaves in the order in which it was accepted, but for what
    /// has changed its carrier.
    fn check_order_of_first_submits(&self, keys: &BTreeMap<u64, Seq>) {
        for (carrier, smsc) in &self.smscs {
            let mut last = BTreeMap::new();
            for (handset, name) in &smsc.first {
                let key = PartKey::new(keys[&name.0], name.1);
                let stayed =
                    |it: &Attempt| it.link.carrier == *carrier && matches!(it.cause, Cause::First | Cause::Retry);
                if !self.store.attempts_of(key).all(stayed) {
                    continue;
                }
                let lane = self.store.parts[&key].lane;
                if let Some(before) = last.insert((handset, lane), key) {
                    assert!(before < key, "order: {key:?} left after {before:?} for {handset}");
                }
            }
        }
    }
}
