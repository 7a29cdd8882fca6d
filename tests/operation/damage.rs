//! What a disk and an operator's slip do to a store, as the daemon meets it: nothing of it is silent.

use crate::daemon::raw::{self, Link, Smsc};
use crate::daemon::{Daemon, KEY, account, carrier, quiet_port, route, until};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

fn store(daemon: &Daemon) -> PathBuf {
    daemon.config().with_file_name("store")
}

fn of(port: u16) -> String {
    account("[1]") + &carrier(port, "") + &route("")
}

/// Orders of a hundred, each message with a text of its own; their ids.
fn send(daemon: &Daemon, orders: usize) -> Vec<String> {
    let mut client = daemon.client();
    let order = |nth: usize| {
        let to: Vec<Value> = (0..100)
            .map(|it| json!({ "to": format!("+3161{nth:03}{it:04}"), "text": format!("message {it} of {nth}") }))
            .collect();
        let reply = client.post("/v1/messages", &json!({ "to": to, "from": "YOURAPP" }));
        assert_eq!(reply.status, 202, "{}", reply.text());
        let messages = reply.json()["messages"].clone();
        messages.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    (0..orders).flat_map(order).collect()
}

fn run(daemon: &Daemon, arguments: &[&str]) -> Output {
    daemon.command(arguments).output().expect("it runs")
}

fn refused(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert!(output.status.code() == Some(74) && said.contains(words), "{:?}: {said}", output.status);
}

/// Answers submits until there were so many; their texts.
fn answer(link: &mut Link, count: usize) -> Vec<String> {
    let texts = (0..count).map(|nth| {
        let submit = link.read_command(raw::SUBMIT_SM);
        link.answer(&submit, 0, format!("{nth}\0").as_bytes());
        let text = String::from_utf8_lossy(&submit.body).into_owned();
        text[text.find("message ").expect("a text of ours")..].to_owned()
    });
    texts.collect()
}

#[test]
fn a_bit_in_the_midst_of_the_log_is_put_right_and_more_than_that_is_refused() {
    let mut daemon = Daemon::start(&of(quiet_port()));
    // Few, and few requests later on: all of it is over before what is in the log is moved.
    let ids = send(&daemon, 8);
    daemon.kill();
    let log = store(&daemon).join("nuncio.db-wal");
    let whole = std::fs::read(&log).unwrap();
    let place = 32 + 39 * 4_120 + 2_000;
    assert!(place + 10_000 < whole.len(), "{} octets", whole.len());
    let change = |place: usize, octets: &[u8]| {
        std::fs::File::options().write(true).open(&log).unwrap().write_all_at(octets, place as u64).unwrap();
    };
    change(place, &[whole[place] ^ 1]);
    daemon.restart();
    daemon.said("were put right by their checksums", 1);
    assert_eq!(daemon.metrics().value("queue_messages{route=\"1\"}"), 800.0);
    let mut client = daemon.client();
    assert!(ids.iter().step_by(97).all(|it| client.get(&format!("/v1/messages/{it}")).status == 200));

    daemon.kill();
    let whole = std::fs::read(&log).unwrap();
    assert!(place + 10_000 < whole.len(), "the log was not moved meanwhile: {} octets", whole.len());
    change(place, &[0x55; 300]);
    for _ in 0..2 {
        refused(&run(&daemon, &["serve"]), "nuncio.db-wal: frame 40 is damaged, and");
    }
    refused(&run(&daemon, &["store", "check"]), "frame 40 is damaged");
    refused(&run(&daemon, &["store", "repair"]), "--cut-log");
    change(place, &whole[place..place + 300]);
    let sound = run(&daemon, &["store", "check"]);
    assert!(sound.status.success(), "{}", String::from_utf8_lossy(&sound.stdout));
    assert!(String::from_utf8_lossy(&sound.stdout).contains("messages 800"), "{sound:?}");
    daemon.restart();
    assert_eq!(daemon.metrics().value("queue_messages{route=\"1\"}"), 800.0);
    let online = run(&daemon, &["store", "check"]);
    assert!(online.status.success(), "{}", String::from_utf8_lossy(&online.stdout));
    refused(&run(&daemon, &["store", "repair"]), "another process has this store open");
}

#[test]
fn what_an_index_hides_is_found_and_sent() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&of(smsc.port()));
    let mut link = smsc.bound();
    let open = |state: &str| {
        let order = json!({ "state": state, "for": "10m", "reason": "a test" });
        assert!(daemon.operator().post("/admin/v1/carriers/acme/breaker", &order).status < 300);
    };
    open("open");
    let ids = send(&daemon, 30);
    // It has only the first of them in memory.
    let conn = Connection::open(store(&daemon).join("nuncio.db")).unwrap();
    conn.busy_timeout(PATIENCE).unwrap();
    conn.execute_batch(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' AND id < 3200' WHERE name = 'part_ready'; \
         PRAGMA writable_schema = RESET; REINDEX part_ready; PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = replace(sql, ' AND id < 3200', '') WHERE name = 'part_ready'; \
         PRAGMA writable_schema = RESET",
    )
    .unwrap();
    drop(conn);
    refused(&run(&daemon, &["store", "check"]), "missing from index part_ready");
    let mut daemon = daemon;
    daemon.kill();
    daemon.restart();
    let mut link_again = smsc.bound();
    drop(link.read_to_close());
    daemon.said("made anew from", 1);
    let order = json!({ "state": "auto", "reason": "a test" });
    assert!(daemon.operator().post("/admin/v1/carriers/acme/breaker", &order).status < 300);
    let mut texts = answer(&mut link_again, ids.len());
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), ids.len(), "each once");
}

#[test]
fn a_store_that_is_moved_away_ends_the_daemon_before_it_takes_another_message() {
    let mut daemon = Daemon::start(&of(quiet_port()));
    send(&daemon, 1);
    std::fs::rename(store(&daemon), daemon.config().with_file_name("elsewhere")).unwrap();
    let body = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "one" });
    let reply = daemon.client().call("POST", "/v1/messages", Some(&body));
    assert!(reply.as_ref().map_or(true, |it| it.status != 202), "{reply:?}");
    assert_eq!(daemon.end().code(), Some(74));
    std::fs::rename(daemon.config().with_file_name("elsewhere"), store(&daemon)).unwrap();
    daemon.restart();
    // What was written when it was noticed may stand there, as after a crash; nobody was told that it does.
    assert!((100.0..=101.0).contains(&daemon.metrics().value("queue_messages{route=\"1\"}")));
}

#[test]
fn a_record_that_the_disk_has_changed_is_set_aside_and_all_others_are_served() {
    let mut daemon = Daemon::start(&of(quiet_port()));
    let ids = send(&daemon, 2);
    assert!(daemon.terminate().success());
    let file = store(&daemon).join("nuncio.db");
    let mut octets = std::fs::read(&file).unwrap();
    let text = b"message 50 of 1";
    let at = octets.windows(text.len()).position(|it| it == text).unwrap();
    octets[at] ^= 0x20;
    std::fs::write(&file, &octets).unwrap();
    refused(&run(&daemon, &["store", "check"]), "of table body is damaged");
    let smsc = Smsc::new();
    daemon.configure(&of(smsc.port()));
    daemon.restart();
    let mut link = smsc.bound();
    let line = daemon.said("was set aside in", 1);
    assert!(line["message"].as_str().unwrap().contains(&ids[150]), "{line}");
    until("it is counted", PATIENCE, || {
        (daemon.metrics().value("store_mended_total{what=\"record\"}") == 1.0).then_some(())
    });
    let texts = answer(&mut link, ids.len() - 1);
    assert!(!texts.iter().any(|it| it.starts_with("message 50 of 1")), "it is not sent");
    let aside = std::fs::read_to_string(store(&daemon).join("nuncio.aside.jsonl")).unwrap();
    assert!(aside.contains("essage 50 of 1") && aside.contains(&ids[150]), "{aside}");
    // It is not said that there never was such a message.
    let gone = daemon.client().get(&format!("/v1/messages/{}", ids[150]));
    assert_eq!((gone.status, &gone.json()["type"]), (410, &json!("/problems/message-damaged")));
    let told = daemon.client().post(&format!("/v1/messages/{}/outcome", ids[150]), &json!({ "verified": true }));
    assert_eq!((told.status, &told.json()["type"]), (410, &json!("/problems/message-damaged")));
    let mut why = daemon.command(&["why", &ids[150]]);
    let why = why.env("NUNCIO_KEY", KEY).env("NUNCIO_ADMIN_LISTEN", daemon.admin().to_string()).output().unwrap();
    let said = String::from_utf8_lossy(&why.stderr).into_owned();
    assert!(said.contains("damaged and set aside") && !said.contains("retention"), "{said}");
    assert_eq!(daemon.client().get(&format!("/v1/messages/{}", ids[151])).status, 200);
    until("nothing waits", PATIENCE, || (daemon.metrics().value("queue_messages{route=\"1\"}") == 0.0).then_some(()));
}

#[test]
fn by_option_a_damaged_record_ends_the_daemon_and_repair_sets_it_aside() {
    let mut daemon = Daemon::start(&of(quiet_port()));
    let ids = send(&daemon, 1);
    assert!(daemon.terminate().success());
    let file = store(&daemon).join("nuncio.db");
    let mut octets = std::fs::read(&file).unwrap();
    let text = b"message 50 of 0";
    let at = octets.windows(text.len()).position(|it| it == text).unwrap();
    octets[at] ^= 0x20;
    std::fs::write(&file, &octets).unwrap();
    daemon.configure(&(of(quiet_port()) + "[store]\non_damage = \"stop\"\n"));
    let stopped = run(&daemon, &["serve"]);
    assert_eq!(stopped.status.code(), Some(74), "{}", String::from_utf8_lossy(&stopped.stderr));
    let mended = run(&daemon, &["store", "repair"]);
    let said = String::from_utf8_lossy(&mended.stdout).into_owned();
    assert!(mended.status.success() && said.contains(&ids[50]) && said.contains("sound now"), "{said}");
    assert!(run(&daemon, &["store", "check"]).status.success());
    daemon.restart();
    assert_eq!(daemon.metrics().value("queue_messages{route=\"1\"}"), 99.0);
}
