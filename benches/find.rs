//! The first page of searches in a store of many messages: cold, with nothing of it in memory, and warm.
//!
//! Arguments: how many messages (default 10,000,000), `in=FOLDER` for a store that is kept and used again, `restarted`
//! to ask again just after a start. Of 64 messages one is of a first account, 63 of a second, and the oldest hundred
//! are of a third; every twentieth of the second failed, one of the first, one in ten thousand of the oldest million is
//! still SENT, everything else is delivered.

use nuncio::message::attempt::{Answer, Attempt, CarrierMessageId, Cause};
use nuncio::message::body::Body;
use nuncio::message::class::Class;
use nuncio::message::id::{AccountId, CarrierId, LaneId, LinkId, MessageId, OrderId, PartKey, RouteId, Seq};
use nuncio::message::part::Part;
use nuncio::message::phase::Phase;
use nuncio::message::source::Source;
use nuncio::message::status::Status;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::record::batch::{Batch, Marks};
use nuncio::record::contract::{NameKind, Store};
use nuncio::record::views::MessageFilter;
use nuncio::store::sqlite::{Durability, Sqlite};
use nuncio::text::content::Requested;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Messages of one commit.
const BATCH: u64 = 4_096;
/// How often each question is asked warm.
const ROUNDS: usize = 5;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let count = words.iter().find_map(|it| it.parse().ok()).unwrap_or(10_000_000);
    let kept = words.iter().find_map(|it| it.strip_prefix("in=")).map(PathBuf::from);
    let folder = tempfile::tempdir_in(".").expect("a directory on the disk that is measured");
    let directory = kept.unwrap_or_else(|| folder.path().join("store"));
    if !directory.join("nuncio.db").exists() {
        fill(&directory, count);
    }
    let began = Instant::now();
    let mut store = Sqlite::open(&directory, Durability::Os).expect("the store opens");
    println!("open: {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    let began = Instant::now();
    while store.sweep(Duration::from_millis(2)).expect("it sweeps").more {}
    println!("read in the background: {:.1} s of the loop", began.elapsed().as_secs_f64());
    ask(&store, &directory, count, "once it is read");
    if words.iter().any(|it| it == "restarted") {
        drop(store);
        let store = Sqlite::open(&directory, Durability::Os).expect("the store opens again");
        ask(&store, &directory, count, "just after a start");
    }
}

/// Makes the store.
fn fill(directory: &Path, count: u64) {
    let began = Instant::now();
    let mut store = Sqlite::open(directory, Durability::Os).expect("the store opens");
    store.intern(NameKind::Carrier, "acme").expect("a number");
    let mut seq = 1;
    while seq <= count {
        let end = (seq + BATCH).min(count + 1);
        let mut batch = Batch::default();
        for seq in (seq..end).map(Seq) {
            let (body, part) = message(seq);
            batch.bodies.push(Arc::new(body));
            batch.new_parts.push(part);
        }
        batch.marks = Marks { next_seq: end, next_order: end, time: Time(1_700_000_000_000 + end), ..Marks::first() };
        store.commit(&batch).expect("the commit goes through");
        seq = end;
    }
    println!("{count} messages stored in {:.0} s", began.elapsed().as_secs_f64());
}

fn account(seq: Seq) -> AccountId {
    match seq.0 {
        0..=100 => AccountId(3),
        seq if seq % 64 == 7 => AccountId(1),
        _ => AccountId(2),
    }
}

fn number(seq: Seq) -> E164 {
    E164(31_600_000_000 + seq.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 100_000_000)
}

fn carrier_id(seq: Seq) -> CarrierMessageId {
    CarrierMessageId::new(&format!("{:016x}", seq.0.wrapping_mul(0xD6E8_FEB8_6659_FD93))).expect("it is an id")
}

fn message(seq: Seq) -> (Body, Part) {
    let (now, account) = (Time(1_700_000_000_000 + seq.0), account(seq));
    let body = Body {
        id: MessageId { seq, token: seq.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) },
        order: OrderId::from_record(seq.0),
        account,
        route: RouteId(1),
        class: Class::Otp,
        source: Source::Alphanumeric("YOURAPP".into()),
        destination: number(seq),
        text: "Your code is 123456. It is good for five minutes; tell it to nobody.".into(),
        requested: Requested::Auto,
        extras: None,
        parts: 1,
        client_ref: Some(format!("login-{}", seq.0).into()),
        created: now,
        send_at: None,
        expires: Time(now.0 + 300_000),
        price: None,
        charged: false,
    };
    let phase = match seq.0 {
        2_567 => Phase::Failed,
        seq if seq % 10_000 == 1 && seq < 1_000_000 => Phase::Sent,
        seq if seq % 20 == 0 && account == AccountId(2) => Phase::Failed,
        _ => Phase::Delivered,
    };
    let lane = LaneId::new(RouteId(1), account, 0, 0);
    let mut part = Part::new(PartKey::new(seq, 0), lane, Time(now.0 + 300_000)).with_phase(phase);
    let mut attempt = Attempt::new(1, LinkId { carrier: CarrierId(1), bind: 0 }, Cause::First, now);
    (attempt.answered_at, attempt.answer) = (now, Some(Answer::Taken));
    attempt.carrier_message_id = Some(carrier_id(seq));
    part.attempt = Some(attempt);
    (part.taken_at, part.done_at) = (now, now);
    (body, part)
}

/// What is asked, and how many messages the first page is to have at least.
fn questions(count: u64) -> Vec<(&'static str, MessageFilter, usize)> {
    let any = || MessageFilter { limit: 20, ..MessageFilter::default() };
    let of = |account: u16| MessageFilter { account: Some(AccountId(account)), ..any() };
    let (first, middle) = (Seq(200), Seq(count / 2));
    let status = |query: MessageFilter, status| MessageFilter { status: Some(status), ..query };
    let time = |at: u64| Some(Time(1_700_000_000_000 + at));
    vec![
        ("to, among the oldest", MessageFilter { to: Some(number(first)), ..any() }, 1),
        ("to, of its account", MessageFilter { to: Some(number(first)), ..of(2) }, 1),
        ("to, never written to", MessageFilter { to: Some(E164(4_915_112_345)), ..any() }, 0),
        (
            "to, with a status that it has not",
            status(MessageFilter { to: Some(number(first)), ..any() }, Status::Unknown),
            0,
        ),
        ("client_ref", MessageFilter { client_ref: Some("login-200".into()), ..any() }, 1),
        ("order_id", MessageFilter { order: Some(OrderId::from_record(middle.0)), ..any() }, 1),
        ("carrier_message_id", MessageFilter { carrier_message_id: Some(carrier_id(first)), ..any() }, 1),
        ("account whose hundred are the oldest", of(3), 20),
        ("FAILED, of an account with one", status(of(1), Status::Failed), 1),
        ("FAILED, of an account with many", status(of(2), Status::Failed), 20),
        ("SENT, a hundred of the oldest million", status(of(2), Status::Sent), 20),
        ("CANCELLED, of all accounts: none", status(any(), Status::Cancelled), 0),
        (
            "FAILED, of one account in an hour",
            MessageFilter { since: time(0), until: time(3_600), ..status(of(1), Status::Failed) },
            1,
        ),
    ]
}

fn ask(store: &Sqlite, directory: &Path, count: u64, when: &str) {
    println!("\n{when}, {count} messages: first page with something on it, or the end\n");
    println!("| question | cold | warm | pages |\n|---|---|---|---|");
    for (name, query, least) in questions(count) {
        forget(directory);
        let readers = store.readers();
        let took = |query: &MessageFilter| {
            let (began, mut query, mut pages) = (Instant::now(), query.clone(), 0);
            loop {
                let page = readers.list(&query).expect("a page");
                pages += 1;
                match page.next {
                    Some(next) if page.entries.is_empty() => query.before = Some(next),
                    _ => break assert!(least.min(1) <= page.entries.len(), "{name}"),
                }
            }
            (began.elapsed(), pages)
        };
        let (cold, pages) = took(&query);
        let mut warm: Vec<Duration> = (0..ROUNDS).map(|_| took(&query).0).collect();
        warm.sort();
        let millis = |it: Duration| format!("{:.1} ms", it.as_secs_f64() * 1e3);
        println!("| {name} | {} | {} | {pages} |", millis(cold), millis(warm[ROUNDS / 2]));
    }
}

/// Has the system forget what it holds of the store's files.
fn forget(directory: &Path) {
    for name in ["nuncio.db", "nuncio.db-wal"] {
        let Ok(file) = File::open(directory.join(name)) else { continue };
        file.sync_all().expect("it is on the disk");
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).expect("the system forgets");
    }
}
