//! Deaths at every place of a step, over a store of its own: each line is there once.

use super::*;
use crate::message::body::{self, Body};
use crate::message::id::{EndpointId, LaneId, MessageId, PartKey};
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::record::batch::{Batch, Marks};
use crate::record::contract::Store;
use crate::store::sqlite::{Durability, Sqlite};
use crate::telemetry::labels::Labels;
use crate::telemetry::recorder::Exposition;
use std::fs;
use std::sync::Mutex;
use tempfile::TempDir;

const MARK: EndpointId = EndpointId(7);

/// A store, and a file beside it.
struct World {
    folder: TempDir,
    store: Arc<Mutex<Sqlite>>,
    next: u64,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Sqlite::open(&folder.path().join("store"), Durability::Os).unwrap();
        store.open_endpoints(&[(MARK, AccountId(0))]).unwrap();
        Self { folder, store: Arc::new(Mutex::new(store)), next: 1 }
    }

    fn options(&self) -> CdrOptions {
        CdrOptions { mark: MARK, path: self.folder.path().join("cdr.jsonl"), mask: true }
    }

    /// A process that writes. What it tells the loop is durable at once, or never where the loop is dead.
    fn writer(&self, loop_lives: bool) -> CdrWriter {
        let (readers, store) = (self.store.lock().unwrap().readers(), self.store.clone());
        let report = move |told: Progress| {
            if loop_lives {
                store.lock().unwrap().commit(&Batch { told, ..Batch::default() }).unwrap();
            }
        };
        let exposition = Exposition::new();
        let meters = Arc::new(Meters::new(&exposition, &Labels::default()));
        let sources = CdrSources {
            readers,
            plan: watch::channel(Arc::default()).1,
            meters: watch::channel(meters).1,
            report: Box::new(report),
        };
        CdrWriter::new(sources, self.options())
    }

    /// So many messages of so many parts end, the last part of each as is said.
    fn end(&mut self, count: u64, parts: u8, last: Phase) {
        let mut batch = Batch::default();
        for n in self.next..self.next + count {
            let seq = Seq(n);
            let body = Body { id: MessageId { seq, token: n }, parts, ..body::tests::body("", None) };
            batch.bodies.push(Arc::new(body));
            for index in 0..parts {
                let phase = if index + 1 == parts { last } else { Phase::Delivered };
                let part = Part::new(PartKey::new(seq, index), LaneId(1), Time::NEVER);
                batch.new_parts.push(part.with_phase(phase));
            }
            let (account, about) = (Some(AccountId(1)), Some(seq));
            let kind = EventKind::MessageFailed;
            batch.events.push(Event {
                n,
                token: n,
                account,
                about,
                kind,
                at: Time(9),
                data: "{}".into(),
                callback: None,
            });
        }
        self.next += count;
        batch.marks = Marks { next_seq: self.next, next_event: self.next, ..Marks::first() };
        self.store.lock().unwrap().commit(&batch).unwrap();
    }

    /// The last part of a message ends, too.
    fn complete(&self, n: u64, parts: u8) {
        let part = Part::new(PartKey::new(Seq(n), parts - 1), LaneId(1), Time::NEVER);
        let parts = vec![part.with_phase(Phase::Delivered)];
        self.store.lock().unwrap().commit(&Batch { parts, ..Batch::default() }).unwrap();
    }

    /// The ids of all lines, over all files, in their order.
    fn ids(&self) -> Vec<String> {
        let mut paths: Vec<_> = fs::read_dir(self.folder.path()).unwrap().map(|it| it.unwrap().path()).collect();
        paths.retain(|it| it.is_file());
        paths.sort_by_key(|it| std::cmp::Reverse(it.clone()));
        let texts = paths.iter().map(|it| fs::read_to_string(it).unwrap()).collect::<String>();
        let id = |it: &str| serde_json::from_str::<serde_json::Value>(it).unwrap()["id"].as_str().unwrap().to_owned();
        texts.lines().map(id).collect()
    }

    /// That so many lines are there, each once.
    fn judge(&self, count: usize) {
        let ids = self.ids();
        assert_eq!(ids.len(), count);
        assert_eq!(ids.into_iter().collect::<HashSet<_>>().len(), count);
    }
}

/// Goes on until nothing more is to be done.
fn settle(writer: &mut CdrWriter) {
    for _ in 0..1_000 {
        if EVERY <= writer.go_on(true) {
            return;
        }
    }
    panic!("it does not come to rest");
}

#[test]
fn what_is_in_the_file_and_not_in_the_store_is_known_again() {
    let mut world = World::new();
    world.end(300, 2, Phase::Failed);
    let mut dies = world.writer(false);
    dies.go_on(true);
    world.judge(EVENTS * 2);
    assert_eq!(dies.go_on(true), LOOK_AGAIN, "no step is made ahead of one that is not durable");
    world.judge(EVENTS * 2);
    drop(dies);
    settle(&mut world.writer(true));
    world.judge(600);
    settle(&mut world.writer(true));
    world.judge(600);
}

#[test]
fn it_is_known_again_where_it_was_moved_away_and_where_its_end_is_torn() {
    for torn in [0, 1, 400, 2_000] {
        let mut world = World::new();
        world.end(20, 1, Phase::Failed);
        world.writer(false).go_on(true);
        let path = world.options().path;
        let length = fs::metadata(&path).unwrap().len();
        fs::File::options().write(true).open(&path).unwrap().set_len(length - torn).unwrap();
        if torn == 0 {
            fs::rename(&path, path.with_file_name("cdr.jsonl-20261127")).unwrap();
            fs::write(&path, "").unwrap();
        }
        settle(&mut world.writer(true));
        world.judge(20);
    }
}

#[test]
fn a_message_with_a_part_under_way_waits_over_deaths_and_holds_nothing_up() {
    let mut world = World::new();
    world.end(3, 2, Phase::Sent);
    world.end(1, 1, Phase::Failed);
    settle(&mut world.writer(true));
    world.judge(1);
    world.complete(2, 2);
    let mut dies = world.writer(false);
    dies.go_on(true);
    world.judge(3);
    drop(dies);
    let mut writer = world.writer(true);
    settle(&mut writer);
    world.judge(3);
    world.complete(1, 2);
    world.complete(3, 2);
    settle(&mut writer);
    world.judge(7);
    drop(writer);
    settle(&mut world.writer(true));
    world.judge(7);
}

#[test]
fn a_file_is_of_one_process_and_a_removed_one_is_made_anew() {
    let mut world = World::new();
    let mut writer = world.writer(true);
    settle(&mut writer);
    assert_eq!(world.writer(true).go_on(true), FAILED[0], "another has it");
    fs::remove_file(world.options().path).unwrap();
    world.end(1, 1, Phase::Failed);
    settle(&mut writer);
    world.judge(1);
    fs::rename(world.options().path, world.folder.path().join("cdr.jsonl.1")).unwrap();
    world.end(1, 1, Phase::Failed);
    settle(&mut writer);
    assert!(!world.options().path.exists(), "whoever moved it away says so");
    writer.take_up(world.options());
    world.end(1, 1, Phase::Failed);
    settle(&mut writer);
    world.judge(3);
    assert_eq!(fs::read_to_string(world.options().path).unwrap().lines().count(), 1);
}

#[test]
fn the_more_it_fails_the_longer_it_rests() {
    let world = World::new();
    fs::create_dir(world.options().path).unwrap();
    let mut writer = world.writer(true);
    let rests: Vec<u64> = (0..7).map(|_| writer.go_on(true).as_secs()).collect();
    assert_eq!(rests, [1, 2, 4, 8, 16, 30, 30]);
}
