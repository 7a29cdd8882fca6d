//! Kill points and damage: what a start finds is a committed prefix, or a refusal that names the file.

use crate::message::id::{AccountId, EndpointId, Seq};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::batch::Batch;
use crate::record::contract::Store;
use crate::record::made_endpoint::MadeEndpoint;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::told::Told;
use crate::store::sqlite::{Durability, Sqlite, backup, repair};
use crate::store::tests::model::Model;
use crate::store::tests::script::Script;
use crate::store::tests::{agree, sqlite};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a crash leaves: the files as they are now, without the shared memory, which dies with the machine.
fn image(from: &Path, to: &Path) {
    for name in ["nuncio.db", "nuncio.db-wal"] {
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).expect("a copy");
        }
    }
}

/// A small store that was never closed, and the model after each of its commits, the empty one first.
fn small(directory: &Path, commits: usize) -> (Sqlite, Vec<Model>) {
    let (mut store, mut models, mut script) = (sqlite(directory), vec![Model::new()], Script::new(77));
    for _ in 0..commits {
        let mut model = models.last().expect("there is the empty one").clone();
        let batch = script.batch(&model);
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
        models.push(model);
    }
    (store, models)
}

/// Which of the models the store is; `None` if it refuses. Anything else fails the test.
fn found(directory: &Path, models: &[Model]) -> Option<usize> {
    found_with(directory, models, Durability::Os)
}

fn found_with(directory: &Path, models: &[Model], durability: Durability) -> Option<usize> {
    let refused = |text: String| {
        assert!(text.contains("nuncio.db"), "the refusal names the file: {text}");
        None
    };
    let mut store = match Sqlite::open(directory, durability) {
        Ok(store) => store,
        Err(fault) => return refused(fault.to_string()),
    };
    store.stop_at_damage();
    let told = store.recover().and_then(|recovered| {
        let at = models.iter().position(|it| it.marks == recovered.marks).expect("the marks are those of a commit");
        let mut model = models[at].clone();
        model.remove_arriving();
        agree(&mut store, &mut model, &mut Script::new(3))?;
        let seqs: Vec<Seq> = (0..models.last().expect("there is one").marks.next_seq + 1).map(Seq).collect();
        assert_eq!(store.load(&seqs)?, model.load(seqs));
        Ok(at)
    });
    told.map_or_else(|it| refused(std::error::Error::source(&it).expect("a cause").to_string()), Some)
}

#[test]
fn killed_after_any_commit_the_store_is_as_after_that_commit() {
    let home = tempfile::tempdir().expect("a directory");
    let (mut store, mut models) = small(home.path(), 0);
    let mut script = Script::new(4);
    for at in 1..=25 {
        let mut model = models.last().expect("there is the empty one").clone();
        let batch = script.batch(&model);
        store.commit(&batch).expect("the commit goes through");
        model.apply(&batch);
        models.push(model);
        let copy = tempfile::tempdir().expect("a directory");
        image(home.path(), copy.path());
        assert_eq!(found(copy.path(), &models), Some(at));
    }
}

#[test]
fn a_commit_that_the_engine_refuses_leaves_the_one_before() {
    for k in 1..=10 {
        let home = tempfile::tempdir().expect("a directory");
        let (mut store, models) = small(home.path(), k);
        store.fail_next_commit();
        let mut script = Script::new(k as u64);
        assert!(store.commit(&script.batch(&models[k])).is_err());
        assert!(store.commit(&script.batch(&models[k])).is_err(), "a poisoned store does nothing more");
        drop(store);
        assert_eq!(found(home.path(), &models), Some(k));
    }
}

#[test]
fn a_wal_cut_off_anywhere_is_a_committed_prefix() {
    let home = tempfile::tempdir().expect("a directory");
    let (_store, models) = small(home.path(), 6);
    let whole = std::fs::read(home.path().join("nuncio.db-wal")).expect("the WAL");
    let mut last = 0;
    for len in (0..=whole.len()).step_by(1_031).chain([whole.len()]) {
        let copy = tempfile::tempdir().expect("a directory");
        image(home.path(), copy.path());
        std::fs::write(copy.path().join("nuncio.db-wal"), &whole[..len]).expect("a cut");
        let at = found(copy.path(), &models).expect("a cut WAL is no reason to refuse");
        assert!(last <= at, "a longer WAL holds no less");
        last = at;
    }
    assert_eq!(last, 6);
}

#[test]
fn a_flipped_bit_in_the_wal_is_put_right_or_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let (_store, models) = small(home.path(), 6);
    let whole = std::fs::read(home.path().join("nuncio.db-wal")).expect("the WAL");
    let (mut right, mut refused) = (0, 0);
    for at in (0..whole.len()).step_by(1_021) {
        let copy = tempfile::tempdir().expect("a directory");
        image(home.path(), copy.path());
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(copy.path().join("nuncio.db-wal"), flipped).expect("a flip");
        match found_with(copy.path(), &models, Durability::Fsync) {
            Some(6) => right += 1,
            Some(earlier) => panic!("a flip at {at} made the store {earlier} commits old in silence"),
            None => refused += 1,
        }
    }
    assert!(refused < right, "{refused} refused, {right} put right");
}

#[test]
fn a_bit_of_the_log_is_left_to_the_start_by_a_check_and_put_right_by_a_backup() {
    let home = tempfile::tempdir().expect("a directory");
    let (_store, models) = small(home.path(), 6);
    let whole = std::fs::read(home.path().join("nuncio.db-wal")).expect("the WAL");
    for at in [10, 32 + 4_120 * 3 + 9, 32 + 4_120 * 3 + 18, whole.len() - 100] {
        let copy = tempfile::tempdir().expect("a directory");
        image(home.path(), copy.path());
        let mut flipped = whole.clone();
        flipped[at] ^= 2;
        std::fs::write(copy.path().join("nuncio.db-wal"), &flipped).expect("a flip");
        for _ in 0..2 {
            let report = repair::check(copy.path()).expect("it is read");
            assert!(report.messages.is_none() && report.found[0].contains("puts right"), "{at}: {report:?}");
            assert_eq!(std::fs::read(copy.path().join("nuncio.db-wal")).expect("it is there"), flipped, "{at}");
        }
        let summary = backup::back_up(copy.path(), &copy.path().join("copy"), false).expect("it is put right");
        assert!(0 < summary.messages);
        assert_eq!(found_with(copy.path(), &models, Durability::Fsync), Some(6), "{at}");
    }
}

#[test]
fn a_frame_that_is_lost_in_the_midst_is_refused_with_syncs_and_told_without() {
    let home = tempfile::tempdir().expect("a directory");
    let (_store, models) = small(home.path(), 6);
    let mut wal = std::fs::read(home.path().join("nuncio.db-wal")).expect("the WAL");
    let middle = wal.len() / 2;
    wal[middle..middle + 512].iter_mut().for_each(|it| *it ^= 0x5A);
    let copy = tempfile::tempdir().expect("a directory");
    image(home.path(), copy.path());
    std::fs::write(copy.path().join("nuncio.db-wal"), &wal).expect("a hole");
    for _ in 0..2 {
        let refused = Sqlite::open(copy.path(), Durability::Fsync).err();
        assert!(matches!(&refused, Some(Fault::LogBroken { commits: 1.., .. })), "{refused:?}");
    }
    let report = repair::check(copy.path()).expect("it is read").found;
    assert!(report[0].contains("is damaged, and"), "{report:?}");
    let refused = backup::back_up(copy.path(), &copy.path().join("copy"), false).err();
    assert!(matches!(refused, Some(Fault::LogBroken { .. })), "{refused:?}");
    assert_eq!(std::fs::read(copy.path().join("nuncio.db-wal")).expect("it is left alone"), wal);
    let refused = repair::repair(copy.path(), false).err();
    assert!(matches!(refused, Some(Fault::LogBroken { .. })), "{refused:?}");
    let told = repair::repair(copy.path(), true).expect("it is cut");
    let [Told::LogCut { file, .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(std::fs::read(file).expect("a copy"), wal);
    assert!(found(copy.path(), &models).is_some_and(|it| it < 6));

    let copy = tempfile::tempdir().expect("a directory");
    image(home.path(), copy.path());
    std::fs::write(copy.path().join("nuncio.db-wal"), &wal).expect("a hole");
    let mut store = Sqlite::open(copy.path(), Durability::Os).expect("what was not synced was not promised");
    assert!(matches!(store.told()[..], [Told::LogCut { .. }]));
}

#[test]
fn a_cut_lays_no_old_page_of_the_log_over_a_newer_one_of_the_database() {
    let home = tempfile::tempdir().expect("a directory");
    let (_store, models) = small(home.path(), 12);
    let moved = tempfile::tempdir().expect("a directory");
    image(home.path(), moved.path());
    behind(moved.path(), "PRAGMA wal_checkpoint(PASSIVE)");
    let mut wal = std::fs::read(home.path().join("nuncio.db-wal")).expect("the WAL");
    for part in [2, 3, 5] {
        let place = wal.len() / part;
        wal[place..place + 512].iter_mut().for_each(|it| *it ^= 0x5A);
        let copy = tempfile::tempdir().expect("a directory");
        std::fs::copy(moved.path().join("nuncio.db"), copy.path().join("nuncio.db")).expect("a copy");
        std::fs::write(copy.path().join("nuncio.db-wal"), &wal).expect("a hole");
        for _ in 0..2 {
            let refused = Sqlite::open(copy.path(), Durability::Os).err();
            assert!(matches!(refused, Some(Fault::LogBroken { .. })), "{refused:?}");
        }
        let told = repair::repair(copy.path(), true).expect("it is given up");
        assert!(matches!(told[..], [Told::LogCut { .. }]), "{told:?}");
        assert_eq!(found(copy.path(), &models), Some(12), "all of it had been moved");
    }
}

#[test]
fn where_neither_the_log_before_the_damage_nor_the_database_is_whole_both_stay_as_they_are() {
    let home = tempfile::tempdir().expect("a directory");
    let (_store, _) = small(home.path(), 12);
    let copy = tempfile::tempdir().expect("a directory");
    image(home.path(), copy.path());
    behind(copy.path(), "PRAGMA wal_checkpoint(PASSIVE)");
    std::fs::copy(home.path().join("nuncio.db-wal"), copy.path().join("nuncio.db-wal")).expect("a copy");
    let spoil = |name: &str, place: usize| {
        let file = copy.path().join(name);
        let mut octets = std::fs::read(&file).expect("it is there");
        let place = place.min(octets.len() - 512);
        octets[place..place + 512].iter_mut().for_each(|it| *it ^= 0x5A);
        std::fs::write(&file, &octets).expect("a hole");
        octets
    };
    // The schema is on the first page, which the first frames of the log have, too.
    let (database, log) = (spoil("nuncio.db", 100), spoil("nuncio.db-wal", 600));
    let refused = repair::repair(copy.path(), true).err();
    assert!(refused.as_ref().is_some_and(|it| it.to_string().contains("neither what stands before")), "{refused:?}");
    assert_eq!(std::fs::read(copy.path().join("nuncio.db")).expect("it is there"), database);
    assert_eq!(std::fs::read(copy.path().join("nuncio.db-wal")).expect("it is there"), log);
}

#[test]
fn a_log_without_its_database_is_refused_and_left_as_it_is() {
    let home = tempfile::tempdir().expect("a directory");
    let (_store, _) = small(home.path(), 3);
    let copy = tempfile::tempdir().expect("a directory");
    image(home.path(), copy.path());
    std::fs::remove_file(copy.path().join("nuncio.db")).expect("it is there");
    let refused = Sqlite::open(copy.path(), Durability::Os).err();
    assert!(matches!(refused, Some(Fault::LogAlone { .. })), "{refused:?}");
    image(home.path(), copy.path());
    assert!(Sqlite::open(copy.path(), Durability::Os).is_ok());
}

#[test]
fn a_store_whose_files_are_gone_or_others_takes_nothing_more() {
    for slip in ["removed", "moved", "replaced"] {
        let home = tempfile::tempdir().expect("a directory");
        let folder = home.path().join("store");
        let (mut store, models) = small(&folder, 2);
        let (file, copy) = (folder.join("nuncio.db"), folder.join("copy"));
        match slip {
            "removed" => std::fs::remove_dir_all(&folder).expect("it is there"),
            "moved" => std::fs::rename(&folder, home.path().join("elsewhere")).expect("it is there"),
            _ => {
                std::fs::copy(&file, &copy).expect("a copy");
                std::fs::rename(&copy, &file).expect("it is there");
            }
        }
        let poisoned = store.commit(&Script::new(5).batch(&models[2])).expect_err(slip);
        let cause = std::error::Error::source(&poisoned).expect("a cause").to_string();
        assert!(cause.contains("it was removed, moved or replaced"), "{slip}: {cause}");
    }
}

/// Changes a store behind its back.
fn behind(directory: &Path, words: &str) {
    let conn = rusqlite::Connection::open(directory.join("nuncio.db")).expect("the file");
    conn.execute_batch(words).expect("it is changed");
}

#[test]
fn an_index_that_hides_rows_is_found_while_the_store_is_open_and_made_anew() {
    let home = tempfile::tempdir().expect("a directory");
    let (mut store, models) = small(home.path(), 12);
    let mut model = models[12].clone();
    let expected = store.recover().expect("it is sound").lanes;
    model.remove_arriving();
    while store.scrub(Duration::MAX).expect("it is read") {}
    assert_eq!((store.told(), store.recounted().expect("it counts")), (Vec::new(), None));
    for index in ["part_ready", "part_delayed", "part_open", "part_late"] {
        behind(
            home.path(),
            &format!(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' AND id % 3 = 0' WHERE name = '{index}'; \
                 PRAGMA writable_schema = RESET; REINDEX {index}; PRAGMA writable_schema = ON; \
                 UPDATE sqlite_schema SET sql = replace(sql, ' AND id % 3 = 0', '') WHERE name = '{index}'; PRAGMA writable_schema = RESET"
            ),
        );
        while store.scrub(Duration::MAX).expect("it is read") {}
        let told = store.told();
        assert!(matches!(&told[..], [Told::Index { name, rows: 1.. }] if *name == index), "{index}: {told:?}");
        let lanes = store.recounted().expect("it counts").expect("it is to be counted anew");
        assert_eq!(lanes, expected, "{index}");
    }
    behind(home.path(), "DELETE FROM carrier_id WHERE id % 3 <> 0");
    while store.scrub(Duration::MAX).expect("it is read") {}
    let told = store.told();
    assert!(matches!(told[..], [Told::Index { name: "carrier_id", rows: 1.. }]), "{told:?}");
    agree(&mut store, &mut model, &mut Script::new(3)).expect("all is there");
}

#[test]
fn a_record_that_is_damaged_is_set_aside_and_the_others_are_read() {
    let home = tempfile::tempdir().expect("a directory");
    let (mut store, models) = small(home.path(), 12);
    let seqs: Vec<Seq> = (0..models[12].marks.next_seq).map(Seq).collect();
    let all = store.load(&seqs).expect("it is sound");
    let odd = all[all.len() / 2].body.seq();
    behind(home.path(), &format!("UPDATE body SET source = source || 'x' WHERE seq = {}", odd.0));
    let rest = store.load(&seqs).expect("the others are sound");
    assert_eq!(rest.len(), all.len() - 1);
    assert!(rest.iter().all(|it| it.body.seq() != odd));
    let told = store.told();
    let [Told::Aside { table: "body", id, message: Some(message), file }] = &told[..] else { panic!("{told:?}") };
    let of_odd = |it: &&crate::record::entry::Entry| it.body.seq() == odd;
    let named = store.veil().message(all.iter().find(of_odd).expect("it was there").body.id);
    assert_eq!((*id, *message), (odd.0.cast_signed(), named));
    let lines = std::fs::read_to_string(file).expect("the file");
    let parts = all.iter().find(of_odd).expect("it was there").parts.len();
    assert!(lines.lines().count() > parts && lines.contains(&format!("\"message_id\":\"{message}\"")), "{lines}");
    assert!(store.recounted().expect("it counts").is_some());

    behind(home.path(), &format!("UPDATE body SET source = source || 'x' WHERE seq = {}", rest[0].body.seq().0));
    store.stop_at_damage();
    assert!(store.load(&seqs).is_err());
}

#[test]
fn what_is_kept_outside_of_the_beats_is_set_aside_as_well() {
    let home = tempfile::tempdir().expect("a directory");
    let (mut store, _) = small(home.path(), 3);
    let (account, url, terms) = (AccountId(1), "https://a.example:443".into(), None);
    let made = MadeEndpoint { id: EndpointId(0), account, key: 1, url, terms, at: Time(1), gone_at: Time::NEVER };
    store.make_endpoint(made).expect("it is kept");
    store.keep_to_forget(E164(31_612_345_678)).expect("it is kept");
    behind(home.path(), "UPDATE made SET key = key + 1; UPDATE to_forget SET below = below + 1");
    assert_eq!(store.made_endpoints().expect("it goes on"), []);
    assert_eq!(store.to_forget().expect("it goes on"), []);
    let told = store.told();
    assert!(
        matches!(told[..], [Told::Aside { table: "made", .. }, Told::Aside { table: "to_forget", .. }]),
        "{told:?}"
    );
}

#[test]
fn what_is_erased_is_soon_in_no_file_and_what_rests_is_not_in_the_log() {
    let home = tempfile::tempdir().expect("a directory");
    let (mut store, models) = small(home.path(), 12);
    let secret = b"the code is 7203955148";
    let seqs: Vec<Seq> = (0..models[12].marks.next_seq).map(Seq).collect();
    let mut body = (*store.load(&seqs).expect("it is sound")[0].body).clone();
    let erased = body.clone();
    body.text = std::str::from_utf8(secret).expect("a text").repeat(40).into();
    let holds = || {
        let files = std::fs::read_dir(home.path()).expect("the folder").map(|it| it.expect("a file").path());
        files.filter(|it| std::fs::read(it).is_ok_and(|it| it.windows(secret.len()).any(|it| it == secret))).count()
    };
    store.commit(&Batch { erased: vec![body.into()], ..Batch::default() }).expect("it is written");
    assert_eq!(holds(), 1, "in the log");
    store.hurry();
    let moved = Instant::now();
    while moved.elapsed() < Duration::from_secs(20) && holds() < 1 {
        store.tend().expect("it is tended");
    }
    store.commit(&Batch { erased: vec![erased.into()], ..Batch::default() }).expect("it is written");
    while moved.elapsed() < Duration::from_secs(20) && holds() != 0 {
        store.hurry();
        store.tend().expect("it is tended");
    }
    assert_eq!(holds(), 0);
    let log = std::fs::metadata(home.path().join("nuncio.db-wal")).map_or(0, |it| it.len());
    assert_eq!(log, 0, "the log is cut");
}

#[test]
fn nobody_else_reads_a_store() {
    let home = tempfile::tempdir().expect("a directory");
    let folder = home.path().join("store");
    let mode = |it: &Path| std::fs::metadata(it).expect("it is there").permissions().mode() & 0o777;
    for _ in 0..2 {
        let _store = sqlite(&folder);
        assert_eq!(mode(&folder), 0o700);
        for name in ["nuncio.db", "nuncio.db-wal", "nuncio.db-shm", "nuncio.lock"] {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
            std::fs::set_permissions(folder.join(name), Permissions::from_mode(0o644)).expect("it is ours");
        }
        std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("it is ours");
    }
}

#[test]
fn a_flipped_bit_in_the_database_is_harmless_or_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let (store, models) = small(home.path(), 6);
    drop(store);
    let whole = std::fs::read(home.path().join("nuncio.db")).expect("the database");
    let (mut refused, mut harmless) = (0, 0);
    // Every octet of the header, then with a stride that shares no factor with the page.
    for at in (0..100).chain((100..whole.len()).step_by(61)) {
        let copy = tempfile::tempdir().expect("a directory");
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(copy.path().join("nuncio.db"), flipped).expect("a flip");
        match found(copy.path(), &models) {
            Some(6) => harmless += 1,
            Some(earlier) => panic!("a flip at {at} made the store {earlier} commits old"),
            None => refused += 1,
        }
    }
    assert!(0 < refused && 0 < harmless, "{refused} refused, {harmless} harmless");
}

#[test]
fn a_database_cut_off_is_refused_or_has_lost_what_is_made_anew() {
    let home = tempfile::tempdir().expect("a directory");
    let (store, models) = small(home.path(), 6);
    drop(store);
    let whole = std::fs::read(home.path().join("nuncio.db")).expect("the database");
    let mut refused = 0;
    for len in (1..whole.len()).step_by(4_096).chain((4_096..whole.len()).step_by(4_096)) {
        let copy = tempfile::tempdir().expect("a directory");
        std::fs::write(copy.path().join("nuncio.db"), &whole[..len]).expect("a cut");
        match found(copy.path(), &models) {
            None => refused += 1,
            at => assert_eq!((at, whole.len() - len < 4_096), (Some(6), true), "{len} octets"),
        }
    }
    assert!(2 * whole.len() / 4_096 < refused + 3, "{refused} refused");
}

#[test]
fn what_is_not_ours_is_refused_in_one_sentence() {
    let newer = tempfile::tempdir().expect("a directory");
    drop(sqlite(newer.path()));
    let conn = rusqlite::Connection::open(newer.path().join("nuncio.db")).expect("the file");
    conn.execute_batch("PRAGMA user_version = 99").expect("a later version");
    drop(conn);
    assert!(matches!(Sqlite::open(newer.path(), Durability::Os).err(), Some(Fault::Newer { found: 99, .. })));

    let foreign = tempfile::tempdir().expect("a directory");
    let conn = rusqlite::Connection::open(foreign.path().join("nuncio.db")).expect("the file");
    conn.execute_batch("CREATE TABLE other (a)").expect("a table");
    drop(conn);
    assert!(matches!(Sqlite::open(foreign.path(), Durability::Os).err(), Some(Fault::Foreign { .. })));

    let open = tempfile::tempdir().expect("a directory");
    let _first = sqlite(open.path());
    assert!(matches!(Sqlite::open(open.path(), Durability::Os).err(), Some(Fault::Locked { .. })));
}
