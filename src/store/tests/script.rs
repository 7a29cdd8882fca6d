//! Random lives of random messages, from a seed: what a gateway would commit, and more of what is rare.

use crate::carrier::id::{Learned, Relation};
use crate::carrier::mo::{Fingerprint, Mo, PartRef, ReferenceKind};
use crate::dice::SplitMix64;
use crate::message::attempt::{Answer, Attempt, CarrierMessageId, Cause};
use crate::message::body::Body;
use crate::message::callback::Callback;
use crate::message::class::Class;
use crate::message::extras::{Dlt, Extras, Parameter};
use crate::message::id::{AccountId, CarrierId, EndpointId, LaneId, LinkId, MessageId, OrderId, PartKey, RouteId, Seq};
use crate::message::money::Money;
use crate::message::part::{Moved, Part};
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::message::receipt::{DoneDate, Receipt};
use crate::message::source::Source;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::action::{Action, Deed, Target};
use crate::record::batch::{Batch, Idempotency, Order};
use crate::record::entry::PastAttempt;
use crate::record::event::{Event, EventKind};
use crate::record::mo::{MoPart, MoSeen};
use crate::record::money::{LedgerLine, QuotaSlot, QuotaUse, Why};
use crate::record::parked::Parked;
use crate::record::suppression::{Origin, Suppression};
use crate::route::opt_out::Key;
use crate::smpp::tlv::Tlvs;
use crate::store::tests::model::Model;
use crate::text::content::{Binary, Form, Indication, MessageClass, Requested};
use crate::text::udh::Ports;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A source of batches, and of chances.
pub(super) struct Script {
    dice: SplitMix64,
    pub(super) now: Time,
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        Self { dice: SplitMix64::new(seed), now: Time(1_700_000_000_000) }
    }

    pub(super) fn chance(&mut self) -> u64 {
        self.dice.roll()
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        (self.chance() >> 11) % end
    }

    pub(super) fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    /// The next batch over what `model` holds: some orders, and some steps in the life of what is there.
    pub(super) fn batch(&mut self, model: &Model) -> Batch {
        self.now = Time(self.now.0 + 1 + self.below(90_000));
        let mut batch = Batch { marks: model.marks.clone(), ..Batch::default() };
        for _ in 0..self.below(4) {
            self.accept(&mut batch);
        }
        let mut changed = BTreeMap::new();
        let keys: Vec<PartKey> = model.parts().map(|it| it.key).collect();
        for _ in 0..self.below(12).min(keys.len() as u64) {
            // Mostly what is young, as in life.
            let back =
                if self.one_in(3) { self.below(keys.len() as u64) } else { self.below(keys.len().min(12) as u64) };
            let key = keys[keys.len() - 1 - usize::try_from(back).expect("an index is small")];
            let entry = &model.entries[&key.seq()];
            let part = entry.parts.iter().find(|it| it.key == key).expect("the key is of a part");
            let mut part = changed.remove(&key).unwrap_or_else(|| part.clone());
            self.live(&mut part, &mut batch.past);
            changed.insert(key, part);
            if let Some(past) = entry.past.first().filter(|_| self.one_in(4)) {
                let mut past = past.clone();
                past.attempt.receipt = Some(Box::new(self.receipt()));
                batch.past.retain(|it| (it.key, it.attempt.number) != (past.key, past.attempt.number));
                batch.past.push(past);
            }
        }
        if let Some(entry) = model.entries.values().next_back().filter(|_| self.one_in(3)) {
            batch.erased.extend(entry.body.erased().map(Arc::new));
        }
        batch.parts = changed.into_values().collect();
        self.rest(model, &mut batch);
        self.verify(model, &mut batch);
        batch.marks.time = self.now;
        batch.marks.awaiting = vec![(CarrierId(1), self.below(1 << 40)), (CarrierId(65_535), self.below(10))];
        batch
    }

    fn accept(&mut self, batch: &mut Batch) {
        let order = OrderId::from_record(batch.marks.next_order);
        batch.marks.next_order += 1;
        let count = if self.one_in(3) { 2 + self.below(4) } else { 1 };
        let (account, route) = (AccountId(self.below(3) as u16 + 1), RouteId(self.below(2) as u32 + 1));
        let class = Class::ALL[self.below(3) as usize];
        let first = Seq(batch.marks.next_seq);
        for _ in 0..count {
            let seq = Seq(batch.marks.next_seq);
            batch.marks.next_seq += 1;
            let parts = if self.one_in(4) { 1 + self.below(10) as u8 } else { 1 };
            batch.bodies.push(Arc::new(self.body(seq, (order, account, route), class, parts)));
            for index in 0..parts {
                let lane = LaneId::new(route, account, class.number(), 0);
                let mut part = Part::new(PartKey::new(seq, index), lane, Time(self.now.0 + 1 + self.below(2_000_000)));
                match self.below(4) {
                    0 => part.due = Time(self.now.0 + 1 + self.below(500_000)),
                    1 => drop(part.step(Move::Intend).map(|_| self.attempt(&mut part, Cause::First))),
                    _ => {}
                }
                batch.new_parts.push(part);
            }
        }
        if 1 < count {
            batch.orders.push(Order {
                id: order,
                account,
                first,
                count: count as u32,
                created: self.now,
                arriving: self.one_in(5),
            });
        }
    }

    fn body(&mut self, seq: Seq, of: (OrderId, AccountId, RouteId), class: Class, parts: u8) -> Body {
        Body {
            id: MessageId { seq, token: self.chance() },
            order: of.0,
            account: of.1,
            route: of.2,
            class,
            source: match self.below(4) {
                0 => Source::Unset,
                1 => Source::International("31612345678".into()),
                2 => Source::Short("12345".into()),
                _ => Source::Alphanumeric("+Café".into()),
            },
            destination: E164(31_600_000_000 + self.below(20)),
            text: "Your code is 1234, λ\0 \u{1F512}"
                .chars()
                .cycle()
                .take(self.below(60) as usize)
                .collect::<String>()
                .into(),
            requested: [Requested::Auto, Requested::Gsm7, Requested::Ucs2, Requested::Latin1][self.below(4) as usize],
            extras: self.one_in(3).then(|| Arc::new(extras(seq))),
            parts,
            client_ref: self.one_in(3).then(|| format!("ref-{}", seq.0 % 5).into()),
            created: self.now,
            send_at: self.one_in(4).then(|| Time(self.now.0 + 1 + self.below(500_000))),
            expires: Time(self.now.0 + 300_000),
            price: self.one_in(2).then_some(Money(87_000)),
            charged: self.one_in(3),
        }
    }

    fn attempt(&mut self, part: &mut Part, cause: Cause) {
        let number = part.attempt.as_ref().map_or(1, |it| it.number.saturating_add(1));
        let link = LinkId { carrier: CarrierId(self.below(2) as u16 + 1), bind: self.below(3) as u8 };
        part.attempt = Some(Attempt::new(number, link, cause, self.now));
    }

    /// One step that the phase of the part allows.
    fn live(&mut self, part: &mut Part, past: &mut Vec<PastAttempt>) {
        let ends = [End::Delivered, End::Failed, End::Expired, End::Unknown, End::Cancelled];
        let step = match self.below(12) {
            0..=3 => Move::Intend,
            4..=6 => Move::Take,
            7 => Move::Return,
            8 => Move::Doubt,
            _ => Move::End(ends[self.below(5) as usize]),
        };
        let before = part.phase();
        if part.step(step).is_err() {
            return;
        }
        match step {
            Move::Intend => {
                if let Some(attempt) = part.attempt.clone() {
                    past.retain(|it| (it.key, it.attempt.number) != (part.key, attempt.number));
                    past.push(PastAttempt { key: part.key, attempt });
                }
                part.due = Time::NEVER;
                self.attempt(part, Cause::Retry);
            }
            Move::Take => self.take(part),
            Move::Return => {
                part.spent = part.spent.saturating_add(1);
                part.throttled += u32::from(self.one_in(2));
                part.due = if self.one_in(2) { Time(self.now.0 + 1 + self.below(300_000)) } else { Time::NEVER };
                // To another carrier, as a failover does.
                let cause = Cause::ALL[self.below(Cause::ALL.len() as u64) as usize];
                part.moved = self.one_in(2).then_some(Moved { from: CarrierId(65_535), cause });
                part.lane = part.lane.at(CarrierId(self.below(3) as u16));
            }
            Move::Doubt => {}
            Move::End(_) => {
                part.done_at = self.now;
                part.reason = self.one_in(2).then(|| Reason::ALL[self.below(Reason::ALL.len() as u64) as usize]);
                let receipt = self.receipt();
                if let Some(attempt) = part.attempt.as_mut().filter(|_| before == Phase::Sent) {
                    attempt.receipt = Some(Box::new(receipt));
                }
            }
        }
    }

    fn take(&mut self, part: &mut Part) {
        let answered_at = self.now;
        let (status, cost, id) = (self.chance() as u32, self.one_in(2).then_some(Money(-5)), self.carrier_id());
        if let Some(attempt) = part.attempt.as_mut() {
            attempt.ends(answered_at, (attempt.number % 3 != 0).then_some(std::time::Duration::from_millis(7)));
            attempt.answer = Some(Answer::Taken);
            attempt.command_status = Some(status);
            attempt.cost = cost;
            attempt.carrier_message_id = id;
        }
        part.ends = Time(self.now.0 + self.below(400_000));
        part.due = if self.one_in(2) { Time(self.now.0 + self.below(400_000)) } else { Time::NEVER };
        part.taken_at = self.now;
    }

    /// Ids that sometimes come again, padded differently, and sometimes do not come at all.
    fn carrier_id(&mut self) -> Option<CarrierMessageId> {
        let text = match self.below(8) {
            0 => return None,
            1 => format!("{:08}", self.below(6)),
            2 => format!("{}", self.below(6)),
            _ => format!("{:016X}", self.chance()),
        };
        CarrierMessageId::new(&text)
    }

    fn receipt(&mut self) -> Receipt {
        Receipt {
            status: Status::ALL[self.below(7) as usize],
            raw_status: "DELIVRD".into(),
            error_code: self.one_in(2).then(|| "000".into()),
            received_at: self.now,
            done_at: self.one_in(2).then_some(Time(self.now.0 - 1_000)),
            done_date: Some(Box::new(DoneDate { raw: "26-01-01 λ".into(), offset: Some(-19_800) })),
            tlvs: self.parameters(),
            later: (0..self.below(3)).map(|_| self.later()).collect(),
        }
    }

    fn later(&mut self) -> Receipt {
        Receipt {
            status: Status::ALL[self.below(7) as usize],
            raw_status: "UNDELIV \"λ\"".into(),
            error_code: self.one_in(2).then(|| "034".into()),
            received_at: self.now,
            done_at: self.one_in(2).then_some(Time(self.now.0 - 500)),
            done_date: Some(Box::new(DoneDate { raw: "null".into(), offset: None })),
            tlvs: self.parameters(),
            later: Vec::new(),
        }
    }

    fn parameters(&mut self) -> Vec<Parameter> {
        let count = self.below(3) as u16;
        (0..count).map(|it| Parameter { tag: 0x1400 + it, value: self.chance().to_be_bytes().into() }).collect()
    }

    fn rest(&mut self, model: &Model, batch: &mut Batch) {
        if self.one_in(3) {
            let number = batch.marks.next_parked;
            batch.marks.next_parked += 1;
            batch.parked.push(Parked {
                number,
                carrier: CarrierId(2),
                carrier_message_id: CarrierMessageId::new("0A1b").expect("it is an id"),
                also: if self.one_in(2) { CarrierMessageId::new("0A1b@smsc") } else { None },
                handset: self.one_in(2).then_some(E164(31_612_345_678)),
                address: self.one_in(2).then(|| "31612***678".into()),
                sender: "12345".into(),
                receipt: self.receipt(),
            });
        }
        if let Some(number) = model.parked.keys().next().copied().filter(|_| self.one_in(4)) {
            batch.unparked.push(number);
        }
        self.handsets(model, batch);
        self.opt_outs(model, batch);
        self.operators(batch);
        self.money(model, batch);
        if self.one_in(3) {
            let relation = Relation::ALL[self.below(3) as usize];
            let learned = Learned { relation, matches: 1 + self.below(10) as u8 };
            batch.learned.push((CarrierId(self.below(3) as u16), learned));
        }
        if self.one_in(2) {
            let key = format!("key-{}", self.below(9)).into();
            let hash = std::array::from_fn(|_| self.chance() as u8);
            let (account, order) = (AccountId(self.below(2) as u16), OrderId::from_record(batch.marks.next_order));
            batch.idempotency.push(Idempotency { account, key, hash, order, at: self.now });
        }
    }
}

/// Who does not want to be written to, and who does again.
impl Script {
    fn opt_outs(&mut self, model: &Model, batch: &mut Batch) {
        for _ in 0..self.below(3) {
            let key = Key {
                account: self.one_in(2).then(|| AccountId(self.below(2) as u16 + 1)),
                sender: self.one_in(2).then(|| ["12345", "shop λ"][self.below(2) as usize].into()),
                number: E164(31_600_000_000 + self.below(9)),
            };
            let origin = if self.one_in(2) { Origin::Handset } else { Origin::Operator };
            batch.suppressed.retain(|it| it.key != key);
            batch.suppressed.push(Suppression { key, at: self.now, origin, reason: format!("{}", self.now.0).into() });
        }
        let lifted = model.suppressed.keys().filter(|key| batch.suppressed.iter().all(|it| it.key != **key));
        batch.lifted = lifted.filter(|_| self.one_in(8)).cloned().collect();
    }
}

/// What accounts have, pay and use: numbers without sense, which no store looks for.
impl Script {
    fn money(&mut self, model: &Model, batch: &mut Batch) {
        for _ in 0..self.below(3) {
            let n = batch.marks.next_ledger;
            batch.marks.next_ledger += 1 + self.below(3);
            let account = AccountId(self.below(3) as u16 + 1);
            let amount = Money(self.below(1 << 40).cast_signed() - (1 << 39));
            let before = model.balances.get(&account).copied().unwrap_or_default();
            batch.balances.retain(|it| it.0 != account);
            batch.balances.push((account, before + amount));
            let order = (!self.one_in(3)).then(|| OrderId::from_record(self.below(batch.marks.next_order)));
            batch.ledger.push(LedgerLine {
                n,
                account,
                amount,
                balance: before + amount,
                why: Why::ALL[self.below(3) as usize],
                order,
                seq: order.filter(|_| self.one_in(2)).map(|_| Seq(n)),
                at: self.now,
                note: self.one_in(2).then(|| "invoice 7, λ".into()),
            });
        }
        if self.one_in(3) {
            let slot = |it: &mut Self| QuotaSlot { first: it.now, last: Time(it.now.0 + 5), count: it.below(1 << 40) };
            let slots = (0..self.below(3)).map(|_| slot(self)).collect();
            batch.quotas.push(QuotaUse { account: AccountId(self.below(3) as u16 + 1), slots });
        }
    }
}

/// What comes from handsets: of random content and place, told, waiting and forgotten without regard to each other.
impl Script {
    fn handsets(&mut self, model: &Model, batch: &mut Batch) {
        for _ in 0..self.below(4) {
            let (number, carrier) = (batch.marks.next_event, CarrierId(self.below(2) as u16 + 1));
            batch.marks.next_event += 1;
            let mo = self.mo();
            batch.mo_seen.push(MoSeen { number, carrier, fingerprint: mo.fingerprint, at: self.now });
            if self.one_in(2) {
                batch.mo_parts.push(MoPart { number, carrier, mo, at: self.now });
            } else {
                batch.events.push(self.event(number));
            }
        }
        let (waiting, seen) = (model.mo_parts.keys(), model.mo_seen.keys());
        batch.mo_done = waiting.copied().filter(|_| self.one_in(3)).collect();
        batch.mo_done.extend(batch.mo_parts.first().map(|it| it.number).filter(|_| self.one_in(3)));
        batch.mo_forgotten = seen.copied().take(2).filter(|_| self.one_in(2)).collect();
    }

    fn mo(&mut self) -> Mo {
        let octets = |it: u64| it.to_be_bytes().into();
        Mo {
            source: "+31612345678".into(),
            destination: ["12345", "SHOP", ""][self.below(3) as usize].into(),
            data_coding: self.chance() as u8,
            udhi: self.one_in(2),
            source_ton: self.below(7) as u8,
            tlvs: if self.one_in(2) { Tlvs::default() } else { Tlvs::of_wire(&[0x14, 1, 0, 1, self.chance() as u8]) },
            octets: if self.one_in(9) { Box::default() } else { octets(self.chance()) },
            concat: Some(PartRef {
                kind: [ReferenceKind::Udh8, ReferenceKind::Udh16, ReferenceKind::Sar][self.below(3) as usize],
                reference: self.chance() as u16,
                total: 255,
                index: self.chance() as u8,
            }),
            fingerprint: Fingerprint(std::array::from_fn(|_| self.chance() as u8)),
        }
    }

    fn event(&mut self, n: u64) -> Event {
        Event {
            n,
            token: self.chance(),
            account: (!self.one_in(3)).then(|| AccountId(self.below(3) as u16 + 1)),
            about: None,
            callback: None,
            kind: EventKind::MessageReceived,
            at: self.now,
            data: format!("{{\"text\":\"λ {}\"}}", self.below(9)).into(),
        }
    }
}

/// What operators order: of random kind, whatever stands.
impl Script {
    fn operators(&mut self, batch: &mut Batch) {
        for _ in 0..self.below(3) {
            let (carrier, route) = (CarrierId(self.below(2) as u16 + 1), RouteId(self.below(2) as u32 + 1));
            let deed = match Deed::ALL[self.below(9) as usize] {
                Deed::Move { .. } => {
                    Deed::Move { to: self.one_in(2).then_some(carrier), route: self.one_in(2).then_some(route) }
                }
                Deed::Trace { .. } => Deed::Trace { pdus: self.chance() as u16 },
                deed => deed,
            };
            let target = match self.below(4) {
                0 => Target::Carrier(carrier),
                2 => Target::Store,
                1 => Target::Route(route),
                _ => Target::Link(LinkId { carrier, bind: self.below(256) as u8 }),
            };
            let until = if self.one_in(3) { Time::NEVER } else { Time(self.now.0 + self.below(900_000)) };
            let (n, actor) = (batch.marks.next_event, AccountId(self.below(3) as u16 + 1));
            batch.marks.next_event += 1;
            let reason = format!("λ {}", self.below(9)).into();
            let by = format!("ops-{}", actor.0).into();
            batch.actions.push(Action { n, at: self.now, actor, by, deed, target, reason, until });
        }
    }
}

/// One batch of `count` messages, from seq 1, that their carrier gave one and the same id.
pub(in crate::store) fn same_id(count: u64) -> Batch {
    let mut script = Script::new(1);
    let mut batch = Batch::default();
    for seq in (1..=count).map(Seq) {
        let (account, route) = (AccountId(1), RouteId(1));
        batch.bodies.push(Arc::new(script.body(seq, (OrderId::from_record(seq.0), account, route), Class::Otp, 1)));
        let mut part =
            Part::new(PartKey::new(seq, 0), LaneId::new(route, account, 0, 0), Time::NEVER).with_phase(Phase::Sent);
        let link = LinkId { carrier: CarrierId(1), bind: 0 };
        let mut attempt = Attempt::new(1, link, Cause::First, script.now);
        attempt.carrier_message_id = CarrierMessageId::new("0");
        part.attempt = Some(attempt);
        batch.new_parts.push(part);
    }
    batch
}

/// More than a plain text, of several kinds.
fn extras(seq: Seq) -> Extras {
    let number = seq.0 as u8;
    let binary = (number.is_multiple_of(2)).then(|| Binary { data: [number, 0, 255].into(), elements: [].into() });
    let ports = (number.is_multiple_of(3)).then_some(Ports { destination: 2948, source: seq.0 as u16 });
    let entity_id = (number.is_multiple_of(5)).then(|| format!("entity {number}").into());
    Extras {
        form: Form { binary, ports, indication: MessageClass::new(number).map(Indication::Class) },
        tlvs: vec![Parameter { tag: 0x1400, value: [number].into() }],
        dlt: Some(Box::new(Dlt { entity_id, ..Dlt::default() })),
        payload: number.is_multiple_of(7),
        callback: (number.is_multiple_of(11)).then(|| Callback { endpoint: EndpointId(1), target: "/told?a".into() }),
        code: None,
        verification: (number.is_multiple_of(13)).then_some(seq.0),
    }
}
