//! Lifecycles through the store: accepted and intended, sent, delivered.
//!
//! Every commit holds 512 new messages, 512 answers for those of the commit before and 512
//! receipts, each found by the hash of its carrier id, for those of some commits ago; one sync
//! each. Arguments: how many lifecycles (default 500,000), and `os` to leave out the sync.

use nuncio::message::attempt::{Answer, Attempt, CarrierMessageId, Cause};
use nuncio::message::body::Body;
use nuncio::message::class::Class;
use nuncio::message::id::{AccountId, CarrierId, LaneId, LinkId, MessageId, OrderId, PartKey, RouteId, Seq};
use nuncio::message::money::Money;
use nuncio::message::part::Part;
use nuncio::message::phase::{End, Move};
use nuncio::message::receipt::Receipt;
use nuncio::message::source::Source;
use nuncio::message::status::Status;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::record::batch::{Batch, Marks};
use nuncio::record::contract::Store;
use nuncio::record::entry::Entry;
use nuncio::store::sqlite::{Durability, Sqlite, space};
use nuncio::text::content::Requested;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Messages, answers and receipts of one commit.
const BATCH: u64 = 512;
/// Commits between an answer and its receipt.
const RECEIPT_AFTER: usize = 20;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let total = words.iter().find_map(|it| it.parse::<u64>().ok()).unwrap_or(500_000);
    let durability = if words.iter().any(|it| it == "os") { Durability::Os } else { Durability::Fsync };
    let directory = tempfile::tempdir_in(".").expect("a directory on the disk that is measured");
    let mut store = Sqlite::open(directory.path(), durability).expect("the store opens");
    let mut life = Life { seq: 1, dice: 1, answers: Vec::new(), sent: VecDeque::new() };
    let (mut find, mut commit, mut slowest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let began = Instant::now();
    while life.seq <= total {
        let asked = Instant::now();
        let hashes = life.due_receipts();
        let found = store.by_rhash(&hashes).expect("the messages of the receipts");
        assert_eq!(found.len(), hashes.len(), "every receipt finds its message");
        find += asked.elapsed();
        let batch = life.batch(found);
        let asked = Instant::now();
        store.commit(&batch).expect("the commit goes through");
        commit += asked.elapsed();
        slowest = slowest.max(asked.elapsed());
    }
    let took = began.elapsed();
    let done = life.seq - 1;
    println!(
        "{durability:?}: {done} lifecycles in {:.2} s: {:.0}/s; find {:.2} s, commit {:.2} s, slowest commit {:.0} ms, {:.0} octets a message",
        took.as_secs_f64(),
        done as f64 / took.as_secs_f64(),
        find.as_secs_f64(),
        commit.as_secs_f64(),
        slowest.as_secs_f64() * 1e3,
        space::size_bytes(directory.path()).expect("a size") as f64 / done as f64,
    );
    drop(store);
    let began = Instant::now();
    let mut store = Sqlite::open(directory.path(), durability).expect("the store opens again");
    let recovered = store.recover().expect("what was before");
    println!("open and recover: {:.0} ms, {} doubtful", began.elapsed().as_secs_f64() * 1e3, recovered.doubtful.len());
}

struct Life {
    seq: u64,
    dice: u64,
    answers: Vec<Part>,
    sent: VecDeque<Vec<u64>>,
}

impl Life {
    fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.dice ^ (self.dice >> 31)
    }

    fn due_receipts(&mut self) -> Vec<u64> {
        if RECEIPT_AFTER < self.sent.len() { self.sent.pop_front().unwrap_or_default() } else { Vec::new() }
    }

    fn body(&mut self, seq: Seq, now: Time) -> Body {
        Body {
            id: MessageId { seq, token: self.roll() },
            order: OrderId::from_record(seq.0),
            account: AccountId(1),
            route: RouteId(1),
            class: Class::Otp,
            source: Source::Alphanumeric("YOURAPP".into()),
            destination: E164(31_600_000_000 + self.roll() % 100_000_000),
            text: "Your code is 123456. It is good for five minutes; tell it to nobody.".into(),
            requested: Requested::Auto,
            extras: None,
            parts: 1,
            client_ref: None,
            created: now,
            send_at: None,
            expires: Time(now.0 + 300_000),
            price: Some(Money(87_000)),
            charged: false,
        }
    }

    fn batch(&mut self, receipts: Vec<Entry>) -> Batch {
        let now = Time(1_700_000_000_000 + self.seq);
        let mut batch = Batch::default();
        let link = LinkId { carrier: CarrierId(1), bind: 0 };
        for mut entry in receipts {
            let mut part = entry.parts.remove(0);
            part.step(Move::End(End::Delivered)).expect("it was sent");
            part.done_at = now;
            let receipt = Receipt {
                status: Status::Delivered,
                raw_status: "DELIVRD".into(),
                error_code: Some("000".into()),
                received_at: now,
                done_at: Some(now),
                done_date: None,
                tlvs: Vec::new(),
                later: Vec::new(),
            };
            part.attempt.as_mut().expect("it was sent").receipt = Some(Box::new(receipt));
            batch.parts.push(part);
        }
        let mut hashes = Vec::new();
        for mut part in std::mem::take(&mut self.answers) {
            part.step(Move::Take).expect("it was intended");
            let id = CarrierMessageId::new(&format!("{:016x}", self.roll()));
            let attempt = part.attempt.as_mut().expect("it was intended");
            attempt.answered_at = now;
            attempt.answer = Some(Answer::Taken);
            attempt.command_status = Some(0);
            attempt.carrier_message_id = id;
            hashes.extend(attempt.rhash());
            batch.parts.push(part);
        }
        self.sent.push_back(hashes);
        for _ in 0..BATCH {
            let seq = Seq(self.seq);
            self.seq += 1;
            batch.bodies.push(Arc::new(self.body(seq, now)));
            let lane = LaneId::new(RouteId(1), AccountId(1), 0, 0);
            let mut part = Part::new(PartKey::new(seq, 0), lane, Time(now.0 + 300_000));
            part.step(Move::Intend).expect("it was queued");
            part.attempt = Some(Attempt::new(1, link, Cause::First, now));
            self.answers.push(part.clone());
            batch.new_parts.push(part);
        }
        batch.marks = Marks {
            next_seq: self.seq,
            next_order: self.seq,
            time: now,
            awaiting: vec![(CarrierId(1), BATCH)],
            ..Marks::first()
        };
        batch.parts.sort_by_key(|it| it.key);
        batch
    }
}
