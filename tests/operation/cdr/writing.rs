//! What is written, and that it is written once.

use super::{COST, PATIENCE, PRICED, file, lines, parts, sent, written};
use crate::daemon::crash::{Kills, Moment};
use crate::daemon::raw::{self, Smsc};
use crate::daemon::simulated::sim;
use crate::daemon::{Daemon, account, carrier, route, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const KILLS: usize = 6;
/// A text of three parts.
const LONG: usize = 400;

fn config(port: u16, section: &str) -> String {
    account("[1]") + &carrier(port, COST) + &route(PRICED) + section
}

#[test]
fn a_line_says_of_a_part_what_its_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let (path, section) = file(folder.path());
    let (_sim, port) = sim(&["--id", "upper-hex", "--outcome", "undeliv=1"]);
    let mut daemon = Daemon::start(&config(port, &section));
    let id = sent(&daemon, "+31612345678", &"x".repeat(LONG));
    let found = written(folder.path(), 3);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "numbers are in it");
    let page = daemon.operator().get(&format!("/admin/v1/messages/{id}")).json();
    for (place, line) in found.iter().enumerate() {
        assert_eq!((&line["message_id"], &line["part"], &line["parts"]), (&json!(id), &json!(place + 1), &json!(3)));
        assert_eq!((&line["sms"], &line["country"], &line["corrected"]), (&json!(1), &json!("NL"), &json!(false)));
        assert_eq!((&line["status"], &line["error_code"]), (&json!("FAILED"), &json!("UNDELIVERABLE")));
        assert_eq!((&line["cost"], &line["currency"]), (&json!("0.100001"), &json!("EUR")));
        for key in ["order_id", "account", "to", "from", "route_id", "class", "client_ref", "created_at"] {
            assert_eq!(line[key], page[key], "{key}");
        }
        let attempts: Vec<&Value> =
            page["attempts"].as_array().unwrap().iter().filter(|it| it["part"] == line["part"]).collect();
        let told = line["attempts"].as_array().unwrap();
        assert_eq!(told.len(), attempts.len());
        for (told, shown) in told.iter().zip(attempts) {
            assert_eq!((&told["cost"], &told["currency"]), (&json!("0.0075"), &json!("USD")), "without rounding");
            for key in told.as_object().unwrap().keys().filter(|it| !["cost", "currency", "receipt"].contains(&&***it))
            {
                assert_eq!(told[key], shown[key], "{key}");
            }
            for key in told["receipt"].as_object().unwrap().keys() {
                assert_eq!(told["receipt"][key], shown["receipt"][key], "receipt, {key}");
            }
        }
    }
    let event = daemon.client().get("/v1/events").json()["data"][0]["id"].clone();
    assert_eq!(
        (&found[0]["event_id"], found[0]["id"].as_str()),
        (&event, Some(&*format!("{}-1", event.as_str().unwrap())))
    );
    assert_eq!(found[0]["to"], "+3161****678");

    // With whole numbers, as the account is shown them.
    daemon.configure(&config(port, &format!("{section}mask = false\n")));
    daemon.reload();
    sent(&daemon, "+31612345679", "x");
    assert_eq!(written(folder.path(), 4)[3]["to"], "+31612345679");
    let metrics = daemon.metrics();
    assert_eq!([metrics.value("cdr_lines_total"), metrics.value("cdr_failures_total")], [4.0, 0.0]);

    // What ended while it was off is written when it is on again, and what ended in the last second before the end is.
    daemon.configure(&config(port, ""));
    daemon.reload();
    sent(&daemon, "+31612345670", "x");
    until("it ends", PATIENCE, || (daemon.metrics().sum("messages_total", &["FAILED"]) == 3.0).then_some(()));
    daemon.configure(&config(port, &section));
    daemon.reload();
    sent(&daemon, "+31612345671", "x");
    until("it ends", PATIENCE, || (daemon.metrics().sum("messages_total", &["FAILED"]) == 4.0).then_some(()));
    assert!(daemon.terminate().success());
    assert_eq!(lines(folder.path()).len(), 6);
}

#[test]
fn each_part_stands_there_once_over_kills_and_files_that_are_moved_away() {
    let folder = tempfile::tempdir().unwrap();
    let (path, section) = file(folder.path());
    let mix = ["--latency", "1ms..5ms", "--receipts", "0ms..100ms", "--outcome", "delivrd=5,undeliv=2,expired=1"];
    let (_sim, port) = sim(&mix);
    let mut daemon = Daemon::start(&config(port, &section));
    let mut count = 0;
    let kills = Kills::run(&mut daemon, KILLS, |moment| {
        count += 1;
        let moved = format!("{}.{count}", path.display());
        match (moment, count % 4) {
            // Moved away, made anew, and killed before anybody says so.
            (Moment::Before, 1) => {
                until("it is there", PATIENCE, || fs::rename(&path, &moved).ok());
                fs::write(&path, "").unwrap();
            }
            // Moved away and not made anew.
            (Moment::Before, 3) => {
                until("it is there", PATIENCE, || fs::rename(&path, &moved).ok());
            }
            _ => {}
        }
    });
    for round in 0..5 {
        sent_many(&daemon);
        fs::rename(&path, format!("{}-{round}", path.display())).unwrap();
        sent_many(&daemon);
        // The loop goes on while it is told of the new file.
        daemon.signal(rustix::process::Signal::HUP);
        sent_many(&daemon);
        until("it is made anew", PATIENCE, || path.exists().then_some(()));
    }
    let mut client = daemon.client();
    let mut pending = |status: &str| {
        let page = client.get(&format!("/v1/messages?status={status}&limit=1")).json();
        page["data"].as_array().unwrap().len()
    };
    until("all end", PATIENCE, || (pending("QUEUED") + pending("SENT") == 0).then_some(()));
    let expected: BTreeSet<String> = kills.ended.keys().cloned().collect();
    assert!(daemon.terminate().success());
    let found = parts(&lines(folder.path()));
    assert!(found.values().all(|it| *it == 1), "{:?}", found.iter().find(|it| *it.1 != 1));
    let messages: BTreeSet<String> = found.into_keys().map(|it| it.0).collect();
    assert!(expected.is_subset(&messages), "{} of {}", expected.intersection(&messages).count(), expected.len());
    assert_eq!(messages.len(), expected.len() + 5 * 3 * MANY);
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert!(8 <= files, "{files} files");
}

/// Recipients of one request.
const MANY: usize = 40;

fn sent_many(daemon: &Daemon) {
    let to: Vec<Value> = (0..MANY).map(|it| json!({ "to": format!("+3161234{it:04}") })).collect();
    let body = json!({ "to": to, "from": "YOURAPP", "text": "one" });
    assert_eq!(daemon.client().post("/v1/messages", &body).status, 202);
}

#[test]
fn a_line_that_a_crash_has_torn_is_cut_off_and_what_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, section) = file(folder.path());
    let (_sim, port) = sim(&[]);
    let mut daemon = Daemon::start(&config(port, &section));
    sent(&daemon, "+31612345678", "x");
    let whole = written(folder.path(), 1);
    daemon.kill();
    let mut torn = fs::read_to_string(&path).unwrap();
    torn.push_str("{\"id\":\"evt_00-1\",\"event_");
    fs::write(&path, &torn).unwrap();
    daemon.restart();
    until("it is cut off", PATIENCE, || (lines_at(&path) == 1).then_some(()));
    assert_eq!(lines(folder.path()), whole);

    daemon.kill();
    let other = format!("{}and a note", torn.lines().next().unwrap().to_owned() + "\n");
    fs::write(&path, &other).unwrap();
    daemon.restart();
    daemon.said("records of charge cannot be written", 1);
    sent(&daemon, "+31612345679", "x");
    until("it is tried again", PATIENCE, || (daemon.metrics().value("cdr_failures_total") >= 2.0).then_some(()));
    assert_eq!(fs::read_to_string(&path).unwrap(), other);
    fs::write(&path, torn.lines().next().unwrap().to_owned() + "\n").unwrap();
    assert!(parts(&written(folder.path(), 2)).values().all(|it| *it == 1));
}

fn lines_at(path: &Path) -> usize {
    let text = fs::read_to_string(path).unwrap();
    if text.ends_with('\n') { text.lines().count() } else { 0 }
}

#[test]
fn a_disk_that_is_full_keeps_nothing_else_waiting_and_loses_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let (path, section) = file(folder.path());
    symlink("/dev/full", &path).unwrap();
    let (_sim, port) = sim(&[]);
    let mut daemon = Daemon::start(&config(port, &section));
    let ids: BTreeSet<String> = (0..20).map(|it| sent(&daemon, &format!("+316123456{it:02}"), "x")).collect();
    until("they arrive", PATIENCE, || (daemon.metrics().sum("messages_total", &["DELIVERED"]) == 20.0).then_some(()));
    let told = daemon.said("records of charge cannot be written", 2);
    assert!(told["error"].as_str().unwrap().contains("No space left"), "{told}");
    let late = |daemon: &Daemon| daemon.metrics().value("cdr_oldest_age_seconds");
    until("it is late", PATIENCE, || (late(&daemon) > 1.0).then_some(()));
    daemon.kill();
    daemon.restart();
    daemon.said("records of charge cannot be written", 1);
    fs::remove_file(&path).unwrap();
    daemon.reload();
    let found = parts(&written(folder.path(), 20));
    assert_eq!(found.keys().map(|it| it.0.clone()).collect::<BTreeSet<_>>(), ids);
    assert_eq!(found.values().sum::<usize>(), 20);
    until("it is late no more", PATIENCE, || (late(&daemon) == 0.0).then_some(()));

    // A folder that is not there any more is a fault of the configuration: all of it stays as it was.
    daemon.configure(&config(port, &section.replace("cdr.jsonl", "none/cdr.jsonl")));
    daemon.reload();
    daemon.said("the configuration is not changed", 1);
    sent(&daemon, "+31612345699", "x");
    written(folder.path(), 21);
}

#[test]
fn what_becomes_too_old_before_it_is_written_is_said_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (path, section) = file(folder.path());
    symlink("/dev/full", &path).unwrap();
    let (_sim, port) = sim(&[]);
    let daemon = Daemon::start_with(&config(port, &section), &[("NUNCIO_STORE_RETENTION", "2s")]);
    sent(&daemon, "+31612345678", "x");
    until("it is gone", PATIENCE, || {
        daemon.client().get("/v1/messages").json()["data"].as_array().unwrap().is_empty().then_some(())
    });
    fs::remove_file(&path).unwrap();
    daemon.reload();
    daemon.said("older than [store] retention", 1);
    until("it is counted", PATIENCE, || (0.0 < daemon.metrics().value("cdr_lost_total")).then_some(()));
    sent(&daemon, "+31612345679", "x");
    assert_eq!(written(folder.path(), 1)[0]["to"], "+3161****679");
}

#[test]
fn a_message_is_written_when_the_last_of_its_parts_has_ended_over_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (_, section) = file(folder.path());
    let smsc = Smsc::new();
    let mut daemon = Daemon::start(&config(smsc.port(), &section));
    let mut link = smsc.bound();
    let id = sent(&daemon, "+31612345678", &"x".repeat(LONG / 2));
    for name in [&b"a1\0"[..], b"a2\0"] {
        let submit = link.read_command(raw::SUBMIT_SM);
        link.answer(&submit, 0, name);
    }
    link.send_pdu(raw::DELIVER_SM, 7, &raw::deliver(4, b"id:a1 stat:UNDELIV err:027"));
    link.read_command(raw::DELIVER_SM | raw::RESPONSE);
    sent(&daemon, "+31612345679", "x");
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"b\0");
    link.send_pdu(raw::DELIVER_SM, 8, &raw::deliver(4, b"id:b stat:DELIVRD err:000"));
    // What ended after it is there, and it is not.
    let found = written(folder.path(), 1);
    assert!(found.len() == 1 && found[0]["message_id"] != json!(id), "{found:?}");
    daemon.kill();
    daemon.restart();
    let mut link = smsc.bound();
    link.send_pdu(raw::DELIVER_SM, 9, &raw::deliver(4, b"id:a2 stat:DELIVRD err:000"));
    let found = written(folder.path(), 3);
    let of: Vec<_> = found.iter().filter(|it| it["message_id"] == json!(id)).collect();
    let said: Vec<_> =
        of.iter().map(|it| (it["part"].clone(), it["status"].clone(), it["message_status"].clone())).collect();
    assert_eq!(said, [(json!(1), json!("FAILED"), json!("FAILED")), (json!(2), json!("DELIVERED"), json!("FAILED"))]);
    daemon.kill();
    daemon.restart();
    sent(&daemon, "+31612345670", "x");
    let mut link = smsc.bound();
    let submit = link.read_command(raw::SUBMIT_SM);
    link.answer(&submit, 0, b"c\0");
    link.send_pdu(raw::DELIVER_SM, 8, &raw::deliver(4, b"id:c stat:DELIVRD err:000"));
    assert!(parts(&written(folder.path(), 4)).values().all(|it| *it == 1));
}
