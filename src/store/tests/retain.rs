//! Forgetting: how much of a store it takes, what it walks over, and how fast it is.

use super::{forget, sqlite};
use crate::message::attempt::{Answer, Attempt, CarrierMessageId, Cause};
use crate::message::body::Body;
use crate::message::class::Class;
use crate::message::id::{AccountId, CarrierId, EndpointId, LaneId, LinkId, MessageId, OrderId, PartKey, RouteId, Seq};
use crate::message::part::Part;
use crate::message::phase::{End, Move};
use crate::message::source::Source;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::batch::{Batch, Marks};
use crate::record::contract::{Forget, Forgotten, Store};
use crate::record::delivery::{EndpointMark, Progress, Undelivered};
use crate::record::event::{Event, EventKind};
use crate::store::memory::Memory;
use crate::text::content::Requested;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LINK: LinkId = LinkId { carrier: CarrierId(1), bind: 0 };

fn body(seq: u64, at: Time) -> Body {
    Body {
        id: MessageId { seq: Seq(seq), token: seq },
        order: OrderId::from_record(seq),
        account: AccountId(1),
        route: RouteId(1),
        class: Class::Transactional,
        source: Source::Unset,
        destination: E164(31_600_000_000 + seq),
        text: "a text of some sixty letters, as most of those that are sent".into(),
        requested: Requested::Auto,
        extras: None,
        parts: 1,
        client_ref: None,
        created: at,
        send_at: None,
        expires: at,
        price: None,
        charged: false,
    }
}

/// Messages that were accepted and, if they are over, delivered at a time.
fn messages(from: u64, count: u64, at: Time, over: bool) -> Batch {
    let part = |seq: u64| {
        let mut part = Part::new(PartKey::new(Seq(seq), 0), LaneId::new(RouteId(1), AccountId(1), 0, 0), at);
        if over {
            let mut attempt = Attempt::new(1, LINK, Cause::First, at);
            attempt.answer = Some(Answer::Taken);
            // As carriers give them: no two lie beside each other in the index.
            attempt.carrier_message_id =
                CarrierMessageId::new(&format!("{:016x}", seq.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
            part.attempt = Some(attempt);
            for it in [Move::Intend, Move::Take, Move::End(End::Delivered)] {
                part.step(it).expect("a way of parts");
            }
            part.done_at = at;
        }
        part
    };
    let event = |n| Event {
        n,
        token: n,
        account: None,
        about: None,
        kind: EventKind::MessageReceived,
        at,
        data: "{}".into(),
        callback: None,
    };
    Batch {
        bodies: (from..from + count).map(|it| Arc::new(body(it, at))).collect(),
        new_parts: (from..from + count).map(part).collect(),
        events: vec![event(from)],
        marks: Marks { next_seq: from + count, next_event: from + 1, time: at, ..Marks::first() },
        ..Batch::default()
    }
}

fn step(store: &mut impl Store, before: Time, limit: usize, anew: bool) -> Forgotten {
    store.retain(&Forget { before, parked_before: before, limit, anew }).expect("the store forgets")
}

#[test]
fn a_store_under_steady_load_stays_as_large_as_what_it_keeps() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let pages = || -> i64 {
        let conn = rusqlite::Connection::open(directory.path().join("nuncio.db")).expect("the file opens");
        conn.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("a number")
    };
    let (mut seq, mut early) = (1, 0);
    for hour in 1..=60_u64 {
        let at = Time(hour * 3_600_000);
        store.commit(&messages(seq, 1_000, at, true)).expect("the commit goes through");
        seq += 1_000;
        // Four hours are kept.
        forget(&mut store, Time(at.0.saturating_sub(4 * 3_600_000)), 300);
        if hour == 10 {
            early = pages();
        }
    }
    let late = pages();
    assert!(0 < early && late <= early * 5 / 4, "{early} pages after ten hours, {late} after sixty");
}

#[test]
fn what_was_not_taken_goes_with_the_last_of_its_events() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    for n in 1..=4 {
        store.commit(&messages(n, 1, Time(n * 1_000), true)).expect("the commit goes through");
    }
    let row = |events: &[u64]| Undelivered {
        endpoint: EndpointId(2),
        events: events.to_vec(),
        about: Vec::new(),
        tries: 10,
        due: Time::NEVER,
    };
    let marks = vec![EndpointMark::new(EndpointId(2), AccountId(1), 4)];
    let told = Progress { marks, retries: vec![row(&[1]), row(&[2, 4]), row(&[3])], ..Progress::default() };
    let marks = Marks { next_seq: 5, next_event: 5, time: Time(4_000), ..Marks::first() };
    store.commit(&Batch { told, marks, ..Batch::default() }).expect("the commit goes through");
    let rows = || -> Vec<i64> {
        let conn = rusqlite::Connection::open(directory.path().join("nuncio.db")).expect("the file opens");
        let mut words = conn.prepare("SELECT id - (2 << 47) FROM retry ORDER BY id").expect("a question");
        words.query_map([], |row| row.get(0)).expect("an answer").collect::<Result<_, _>>().expect("numbers")
    };
    assert_eq!(rows(), [1, 2, 3]);
    forget(&mut store, Time(3_500), 10);
    assert_eq!(rows(), [2], "one of its events is still there");
    forget(&mut store, Time(9_000), 10);
    assert_eq!(rows(), [] as [i64; 0]);
}

#[test]
fn what_is_forgotten_is_soon_in_no_file_either() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    let log = || std::fs::metadata(directory.path().join("nuncio.db-wal")).map_or(0, |it| it.len());
    let is_cut = |store: &mut crate::store::sqlite::Sqlite| {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(2) && log() != 0 {
            store.hurry();
            store.tend().expect("it is tended");
        }
        log() == 0
    };
    store.commit(&messages(1, 100, Time(1_000), true)).expect("the commit goes through");
    assert!(is_cut(&mut store), "once after a start");
    store.commit(&messages(101, 100, Time(9_000), true)).expect("the commit goes through");
    assert!(!is_cut(&mut store), "nothing was taken away since");
    forget(&mut store, Time(5_000), 300);
    assert!(is_cut(&mut store), "what was forgotten stands in the log");
}

/// Thousands that wait, and as many that ended behind them, one after the other.
fn walked_over(store: &mut impl Store) {
    let (old, now) = (Time(1_000), Time(10_000));
    for from in (1..20_001).step_by(500) {
        store.commit(&messages(from, 500, old, false)).expect("the commit goes through");
    }
    store.commit(&messages(20_001, 3_000, old, true)).expect("the commit goes through");
    store.commit(&messages(23_001, 100, now, true)).expect("the commit goes through");
    let before = Time(9_000);
    let (mut steps, mut count, mut anew) = (0, 0, true);
    loop {
        let done = step(store, before, 100, anew);
        (steps, count, anew) = (steps + 1, count + done.count, false);
        if !done.more {
            break;
        }
    }
    // An event came with each batch.
    assert_eq!(count, 3_000 + 41);
    assert!(steps <= 20_000 / 800 + 3_000 / 100 + 25, "{steps} steps");
    // What is stepped over is not looked at each time; what has ended since is found where one begins anew.
    let done = step(store, before, 1, false);
    assert_eq!((done.count, done.more), (0, false));
    let ended = messages(5, 1, old, true);
    store.commit(&Batch { parts: ended.new_parts, marks: ended.marks, ..Batch::default() }).expect("it ends");
    let done = step(store, before, 3_000, false);
    assert_eq!((done.count, done.more), (0, false));
    assert_eq!(forget(store, before, 3_000), 1);
    assert_eq!(forget(store, Time(now.0 + 1), 3_000), 100 + 1);
}

#[test]
fn what_waits_in_front_of_what_ended_is_walked_over_at_once() {
    walked_over(&mut Memory::new());
    let directory = tempfile::tempdir().expect("a directory");
    walked_over(&mut sqlite(directory.path()));
}

/// Measures with `NUNCIO_FORGET=300000 cargo test --release --lib -- --nocapture how_fast`.
#[test]
fn how_fast_forgetting_is() {
    let count = std::env::var("NUNCIO_FORGET").ok().and_then(|it| it.parse().ok()).unwrap_or(4_000_u64);
    let directory = tempfile::tempdir().expect("a directory");
    let mut store = sqlite(directory.path());
    for from in (1..count).step_by(500) {
        store.commit(&messages(from, 500, Time(from), true)).expect("the commit goes through");
    }
    while store.sweep(Duration::from_millis(50)).expect("it sweeps").more {}
    for (limit, part) in [(100, 4), (500, 3), (2_000, 2), (500, 1)] {
        let (began, mut gone, mut steps, mut anew) = (Instant::now(), 0, Vec::new(), true);
        let before = Time(count - count * (part - 1) / 4 + 1);
        loop {
            let began = Instant::now();
            let done = step(&mut store, before, limit, anew);
            steps.push(began.elapsed());
            (gone, anew) = (gone + done.count, false);
            if !done.more {
                break;
            }
        }
        assert!(count / 5 < gone as u64, "{gone} of {count} are old");
        steps.sort_unstable();
        let each = began.elapsed() / u32::try_from(gone.max(1)).expect("few");
        println!(
            "{limit} a step: {gone} in {:?}, {each:?} each; steps {:?} median, {:?} p99, {:?} longest",
            began.elapsed(),
            steps[steps.len() / 2],
            steps[steps.len() * 99 / 100],
            steps[steps.len() - 1]
        );
    }
}
