//! Ids and cursors as the accounts of the real binary see them: they tell none of them how much the others send.

use crate::daemon::client::Client;
use crate::daemon::raw::{self, Smsc};
use crate::daemon::{Daemon, KEY, account, carrier, digest, quiet_port, route};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

const OTHER_KEY: &str = "the key of another";

fn configuration(port: u16) -> String {
    let digest = digest(OTHER_KEY);
    let other = format!("[[account]]\nid = \"other\"\nkey_sha256 = [\"{digest}\"]\nroutes = [1]\nsenders = [\"*\"]\n");
    let inbound =
        "[[inbound]]\nto = [\"12345\"]\naccount = \"shop\"\n[[inbound]]\nto = [\"99999\"]\naccount = \"other\"\n";
    account("[1]") + &other + &carrier(port, "") + &route("validity = \"1h\"") + inbound
}

fn store(daemon: &Daemon) -> PathBuf {
    daemon.config().with_file_name("store")
}

fn other(daemon: &Daemon) -> Client {
    daemon.client_with(OTHER_KEY)
}

/// What an order and its messages are called.
#[derive(Clone, Debug, PartialEq)]
struct Sent {
    order: u64,
    messages: Vec<String>,
}

fn send(client: &mut Client, count: usize) -> Sent {
    let to: Vec<String> = (0..count).map(|it| format!("+3161234{it:04}")).collect();
    let reply = client.post("/v1/messages", &json!({ "to": to, "from": "YOURAPP", "text": "hello" }));
    assert_eq!(reply.status, 202, "{}", reply.text());
    let answer = reply.json();
    let id = |it: &Value| it["id"].as_str().unwrap().to_owned();
    let messages = answer["messages"].as_array().unwrap().iter().map(id).collect();
    Sent { order: answer["order_id"].as_u64().unwrap(), messages }
}

fn get(daemon: &Daemon, path: &str) -> (u16, Value) {
    let reply = daemon.client().get(path);
    (reply.status, reply.json())
}

/// All that an account is shown of what it sent is called as it was when it was sent, and so it is in the log.
fn named(daemon: &Daemon, sent: &[Sent]) {
    for it in sent {
        let (status, order) = get(daemon, &format!("/v1/orders/{}", it.order));
        assert_eq!((status, &order["order_id"], &order["total"]), (200, &json!(it.order), &json!(it.messages.len())));
        let (_, listed) = get(daemon, &format!("/v1/messages?order_id={}", it.order));
        let listed: Vec<&str> =
            listed["data"].as_array().unwrap().iter().rev().filter_map(|it| it["id"].as_str()).collect();
        assert_eq!(listed, it.messages);
        for id in &it.messages {
            let (status, message) = get(daemon, &format!("/v1/messages/{id}"));
            assert_eq!((status, &message["id"], &message["order_id"]), (200, &json!(id), &json!(it.order)));
        }
    }
}

/// Whether anything in what is shown grows with what it counts, or stays.
fn tells<T: ToString>(shown: &[T]) -> bool {
    let shown: Vec<String> = shown.iter().map(ToString::to_string).collect();
    let up = shown.windows(2).filter(|it| it[0] < it[1]).count();
    let stays = |at: usize| {
        let found: BTreeSet<&str> = shown.iter().map(|it| &it[at - 6..at]).collect();
        found.len() < shown.len() * 3 / 4
    };
    // As seldom as chance has it.
    up < shown.len() / 5 || shown.len() * 4 / 5 < up || (6..=shown[0].len()).step_by(6).any(stays)
}

/// What the pages of a list end with, of a message each.
fn cursors(daemon: &Daemon, path: &str, pages: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    while found.len() < pages {
        let from = found.last().map_or_else(String::new, |it| format!("&cursor={it}"));
        let (status, page) = get(daemon, &format!("{path}?limit=1{from}"));
        assert_eq!((status, page["data"].as_array().unwrap().len()), (200, 1), "{path} {page}");
        found.push(page["next_cursor"].as_str().unwrap().to_owned());
    }
    found
}

fn find(daemon: &Daemon, arguments: &[&str]) -> String {
    let mut command: Command = daemon.command(arguments);
    command.env("NUNCIO_ADMIN_LISTEN", daemon.admin().to_string()).env("NUNCIO_KEY", KEY);
    String::from_utf8(command.output().expect("it runs").stdout).expect("it is a text")
}

#[test]
fn ids_and_cursors_of_one_account_do_not_tell_how_much_others_send() {
    let config = configuration(quiet_port());
    let mut daemon = Daemon::start_with(&config, &[("NUNCIO_LOG_LEVEL", "debug")]);
    let (mut shop, mut others) = (daemon.client(), other(&daemon));
    let sent: Vec<Sent> = (0..40)
        .map(|nth| {
            send(&mut others, nth % 3 + 1);
            send(&mut shop, 2)
        })
        .collect();
    let orders: Vec<u64> = sent.iter().map(|it| it.order).collect();
    let ids: Vec<&str> = sent.iter().map(|it| &*it.messages[0]).collect();
    assert!(!tells(&orders), "{orders:?}");
    assert!(!tells(&ids), "{ids:?}");
    let pages = cursors(&daemon, "/v1/messages", 40);
    assert!(!tells(&pages), "{pages:?}");
    let all: BTreeSet<&String> = sent.iter().flat_map(|it| &it.messages).collect();
    assert_eq!((all.len(), orders.iter().collect::<BTreeSet<_>>().len()), (80, 40));
    assert!(orders.iter().all(|it| (1 << 52..1 << 53).contains(it)), "JSON holds them exactly: {orders:?}");
    // What is hidden is not to be tried out: numbers name nothing, nor do cursors that were made up.
    for number in 1..=90 {
        assert_eq!(get(&daemon, &format!("/v1/orders/{number}")).0, 404, "{number}");
        assert_eq!(get(&daemon, &format!("/v1/messages?order_id={number}")).1["data"], json!([]), "{number}");
        assert_eq!(get(&daemon, &format!("/v1/messages?cursor=c1.{number:x}")).0, 422, "{number}");
        let plain = format!("00000000-{:04x}-8{:02x}{}", number >> 8, number & 0xFF, &sent[0].messages[0][17..]);
        assert_eq!(get(&daemon, &format!("/v1/messages/{plain}")).0, 404, "{plain}");
    }

    named(&daemon, &sent);
    let line = daemon.said("accepted", 2);
    assert_eq!((&line["order_id"], &line["message_ids"]), (&json!(sent[0].order), &json!(sent[0].messages.join(" "))));
    let found = find(&daemon, &["find", "--order", &sent[0].order.to_string()]);
    assert!(sent[0].messages.iter().all(|it| found.contains(&**it)), "{found}");
    let why = find(&daemon, &["why", &sent[0].messages[1]]);
    assert!(why.contains(&sent[0].order.to_string()), "{why}");
    assert_eq!(other(&daemon).get(&format!("/v1/orders/{}", sent[0].order)).status, 404);

    // They are the same after a start, and in a copy that is put back.
    let copy = store(&daemon).with_file_name("copy.db");
    daemon.kill();
    daemon.restart();
    named(&daemon, &sent);
    assert!(daemon.command(&["backup", copy.to_str().unwrap()]).output().expect("it runs").status.success());
    daemon.terminate();
    std::fs::remove_dir_all(store(&daemon)).expect("the store goes");
    assert!(daemon.command(&["restore", copy.to_str().unwrap()]).output().expect("it runs").status.success());
    daemon.restart();
    named(&daemon, &sent);
    assert_eq!(cursors(&daemon, "/v1/messages", 40), pages);
    let later = send(&mut daemon.client(), 1);
    assert!(!orders.contains(&later.order));
    named(&daemon, &[later]);
}

#[test]
fn events_of_one_account_do_not_tell_how_many_others_have() {
    let smsc = Smsc::new();
    let daemon = Daemon::start_with(&configuration(smsc.port()), &[("NUNCIO_LOG_LEVEL", "debug")]);
    let mut link = smsc.bound();
    let mut sequence = 0;
    let mut deliver = |to: &str, text: String| {
        sequence += 1;
        let head = [b"\0\x01\x0131612345678\0\0\x00", to.as_bytes(), &[0; 9], &[text.len() as u8]].concat();
        link.send_pdu(raw::DELIVER_SM, sequence, &[&head, text.as_bytes()].concat());
        assert_eq!(link.read_command(raw::DELIVER_SM | raw::RESPONSE).status, 0, "it is confirmed");
    };
    for nth in 0..40 {
        (0..=nth % 3).for_each(|it| deliver("99999", format!("other {nth} {it}")));
        deliver("12345", format!("shop {nth}"));
    }
    let (_, log) = get(&daemon, "/v1/events");
    let events = log["data"].as_array().unwrap();
    let ids: Vec<&str> = events.iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (40, 40), "{ids:?}");
    let bare: Vec<&str> = ids.iter().map(|it| &it["evt_8".len()..]).collect();
    assert!(!tells(&bare), "{ids:?}");
    let pages = cursors(&daemon, "/v1/events", 40);
    assert!(!tells(&pages), "{pages:?}");
    for event in events {
        assert_eq!(event["data"]["id"], event["id"].as_str().unwrap().replace("evt_", "mo_"), "{event}");
    }
    let logged: Vec<Value> = daemon.lines().into_iter().filter(|it| it["account"] == "shop").collect();
    let logged: Vec<&str> = logged.iter().filter_map(|it| it["event_id"].as_str()).collect();
    assert_eq!(logged, ids, "the log calls them so, too");
    assert_eq!(get(&daemon, "/v1/events?cursor=c1.5").0, 422, "a number is no cursor");
}

/// A store of a version that showed the numbers has no key.
#[test]
fn what_was_given_out_before_the_upgrade_keeps_its_ids_and_cursors() {
    let mut daemon = Daemon::start(&configuration(quiet_port()));
    (0..3).for_each(|_| _ = send(&mut daemon.client(), 2));
    daemon.terminate();
    let conn = Connection::open(store(&daemon).join("nuncio.db")).expect("the store");
    assert_eq!(conn.execute("DELETE FROM name WHERE kind = 'veil'", []).expect("the key goes"), 1);
    let token = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0).map(i64::cast_unsigned);
    let mut question = conn.prepare("SELECT token FROM body ORDER BY seq").expect("a question");
    let tokens: Vec<u64> = question.query_map([], token).expect("rows").map(Result::unwrap).collect();
    drop(question);
    drop(conn);
    // As they were written then: the seq in 14 digits, and 64 bits of chance.
    let id = |(seq, token): (u64, &u64)| {
        let (high, low) = (token >> 60, token & ((1 << 60) - 1));
        let variant = 0x8000_0000_0000_0000 | low;
        format!("00000000-0000-8{seq:02x}{high:x}-{:04x}-{:012x}", variant >> 48, variant & 0xFFFF_FFFF_FFFF)
    };
    let ids: Vec<String> = (1..).zip(&tokens).map(id).collect();
    let old: Vec<Sent> = (1..).zip(ids.chunks(2)).map(|(order, it)| Sent { order, messages: it.to_vec() }).collect();
    for _ in 0..2 {
        daemon.restart();
        named(&daemon, &old);
        let (status, page) = get(&daemon, "/v1/messages?cursor=c1.3&limit=1");
        assert_eq!(
            (status, &page["data"][0]["id"]),
            (200, &json!(ids[1])),
            "the second stands before the third: {page}"
        );
        assert_eq!(get(&daemon, "/v1/messages?cursor=c1.7").0, 422, "it was not given out");
        let new = send(&mut daemon.client(), 2);
        assert!(1 << 52 <= new.order && new.messages.iter().all(|it| '8' <= it.chars().next().unwrap()), "{new:?}");
        assert_eq!(get(&daemon, "/v1/orders/4").0, 404, "the number of a younger order is not its name");
        named(&daemon, &[new]);
        daemon.terminate();
    }
}
