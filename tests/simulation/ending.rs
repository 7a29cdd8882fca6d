//! What must hold when everything has ended, and what must hold of a receipt when it is confirmed.

use crate::simulation::large;
use crate::simulation::scenario::label;
use crate::simulation::smsc::Name;
use crate::simulation::tally::Tally;
use crate::simulation::world::World;
use nuncio::message::attempt::{Attempt, Cause};
use nuncio::message::id::{CarrierId, OrderId, PartKey, Seq};
use nuncio::message::phase::Phase;
use nuncio::message::reason::Reason;
use nuncio::message::status::Totals;
use nuncio::message::veil::Veil;
use nuncio::record::event::EventKind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// A carrier has been told that its receipt is safe: the store must have it.
    pub(crate) fn confirmed(&mut self, carrier: CarrierId, notice: usize) {
        let smsc = self.smscs.get_mut(&carrier).unwrap();
        smsc.notices[notice].confirmed = true;
        if let Some(sm) = smsc.notices[notice].mo.clone() {
            self.confirmed_mo(&sm);
            return;
        }
        let notice = &smsc.notices[notice];
        let (called, word) = (smsc.taken[notice.taken].called(carrier), notice.word);
        self.confirmed_receipt(called, word);
    }

    pub(crate) fn check_ending(mut self) -> Tally {
        self.store.crash(true);
        self.store.remember();
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
        self.check_money();
        self.check_quota();
        self.check_told();
        self.check_figures();
        if self.scenario.fair {
            self.check_order_of_first_submits(&keys);
        }
        self.tally.add("submits beyond the first", duplicates);
        self.tally_up();
        self.tally
    }

    /// What became of everything.
    fn tally_up(&mut self) {
        let tally = &mut self.tally;
        tally.add("beats", self.beats);
        tally.add("messages", self.store.bodies.len() as u64);
        tally.add("submits", self.smscs.values().flat_map(|it| it.received.values()).sum());
        tally.add("refusals", self.smscs.values().flat_map(|it| it.refused.values()).sum());
        tally.add("orders dropped while they arrived", self.store.dropped);
        let large = |it: &&u64| large::LABELS <= **it;
        tally.add("messages of large orders", self.store.labels.keys().filter(large).count() as u64);
        tally.add("ids given anew", self.smscs.values().map(|it| it.given_anew.len() as u64).sum());
        for part in self.store.parts.values() {
            let carriers: BTreeSet<CarrierId> = self.store.attempts_of(part.key).map(|it| it.link.carrier).collect();
            tally.add("parts at several carriers", u64::from(1 < carriers.len()));
            tally.note(match (part.phase(), part.reason) {
                (Phase::Delivered, _) => "delivered",
                (Phase::Failed, Some(Reason::Undeliverable)) => "undeliverable",
                (Phase::Failed, Some(Reason::Blocked)) => "blocked",
                (Phase::Failed, _) => "failed",
                (Phase::Expired, _) => "expired",
                (Phase::Unknown, Some(Reason::NoReceipt)) => "without receipt",
                (Phase::Unknown, _) => "unknown",
                _ => "cancelled",
            });
        }
        for notice in self.smscs.values().flat_map(|it| &it.notices) {
            tally.note(if notice.word.is_empty() { "said by handsets" } else { notice.word });
            tally.add("receipts lost", u64::from(notice.lost));
        }
    }

    /// What accounts were told of a message is how it ended, once, and each correction after that.
    fn check_events(&self) {
        let mut told = BTreeMap::<Seq, Vec<(EventKind, Value)>>::new();
        for event in self.store.events() {
            let Some(seq) = event.about else { continue };
            let data = serde_json::from_str(&event.data).expect("it is JSON");
            told.entry(seq).or_default().push((event.kind, data));
        }
        for seq in self.store.bodies.keys() {
            let status = self.store.status(*seq).expect("it has a body");
            let events = told.remove(seq).unwrap_or_default();
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
        for event in self.store.events().filter(|it| it.kind == EventKind::OrderCompleted) {
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
        let (counted, told) = (self.ledger.doubts.values().sum::<u64>(), self.ledger.doubtful_facts);
        assert!(told <= counted, "doubts: {told} were told, and there were {counted}");
        let reported = self.ledger.doubtful_facts + self.ledger.lost_facts;
        assert!(surplus <= reported, "duplicates: {surplus} on the wire, {reported} reported doubtful");
        surplus
    }

    /// Without faults, what a customer sends to one handset leaves in the order in which it was accepted, but for what
    /// has changed its carrier.
    fn check_order_of_first_submits(&self, keys: &BTreeMap<u64, Seq>) {
        for (carrier, smsc) in &self.smscs {
            let mut last = BTreeMap::new();
            for (handset, name) in &smsc.first {
                let key = PartKey::new(keys[&name.0], name.1);
                if self.store.bodies[&key.seq()].send_at.is_some() {
                    continue;
                }
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
