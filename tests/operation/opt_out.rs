//! Who does not want to be written to: by handsets, by operators and by a list, through the real binary.

use crate::daemon::raw::{self, Link, Smsc};
use crate::daemon::{Daemon, account, carrier, quiet_port, until};
use nuncio::message::time::Time;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PATIENCE: Duration = Duration::from_secs(20);
/// The handset of the deliver_sm.
const HANDSET: &str = "+31612345678";

/// Route 1 is for marketing, 2 for all else; what comes to 12345 is the shop's.
fn configuration(port: u16, more: &str) -> String {
    let routes =
        "[[route]]\nid = 1\nclass = \"marketing\"\ncarriers = [\"acme\"]\n\n[[route]]\nid = 2\ncarriers = [\"acme\"]\n";
    let inbound = "[[inbound]]\nto = [\"12345\"]\naccount = \"shop\"\n";
    account("[1, 2]") + &carrier(port, "") + routes + inbound + more
}

/// The handset writes to 12345.
fn say(link: &mut Link, sequence: u32, text: &str) {
    write(link, sequence, 0, text.as_bytes());
}

/// The handset writes to 12345, in an alphabet of its own.
fn write(link: &mut Link, sequence: u32, data_coding: u8, octets: &[u8]) {
    let mut body = b"\0\x01\x0131612345678\0\0\x0012345\0".to_vec();
    body.extend([0, 0, 0, 0, 0, 0, 0, data_coding, 0, u8::try_from(octets.len()).expect("short")]);
    body.extend_from_slice(octets);
    link.send_pdu(raw::DELIVER_SM, sequence, &body);
    assert_eq!(link.read_command(raw::DELIVER_SM | raw::RESPONSE).status, 0);
}

fn message(route: u32, from: &str) -> Value {
    json!({ "to": HANDSET, "from": from, "text": "Sale!", "route_id": route })
}

/// The status code, and the slug of the problem if it is one.
fn send(daemon: &Daemon, body: &Value) -> (u16, String) {
    let reply = daemon.client().post("/v1/messages", body);
    (reply.status, reply.json()["type"].as_str().unwrap_or_default().to_owned())
}

fn refused() -> (u16, String) {
    (403, "/problems/suppressed".to_owned())
}

fn accepted() -> (u16, String) {
    (202, String::new())
}

#[expect(clippy::disallowed_methods, reason = "what is asked of the daemon goes by the clock on the wall")]
#[test]
fn a_handset_that_says_stop_gets_no_more_of_that_sender_until_it_says_start() {
    let smsc = Smsc::new();
    let mut daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970") + Duration::from_secs(2);
    let mut later = message(1, "12345");
    later["send_at"] = json!(Time(u64::try_from(since.as_millis()).expect("a time")).to_string());
    let reply = daemon.client().post("/v1/messages", &later);
    assert_eq!(reply.status, 202, "{}", reply.text());
    let page = format!("/v1/messages/{}", reply.json()["messages"][0]["id"].as_str().expect("an id"));
    say(&mut link, 5, "Stop. I have enough");
    assert_eq!(send(&daemon, &message(1, "12345")), refused());
    assert_eq!(send(&daemon, &message(2, "12345")), accepted(), "what is no marketing is not stopped");
    assert_eq!(send(&daemon, &message(1, "54321")), accepted(), "nor another sender");
    let both = json!({ "to": [HANDSET, "+31612345679"], "from": "12345", "text": "Sale!", "route_id": 1 });
    let reply = daemon.client().post("/v1/messages", &both);
    assert_eq!((reply.status, &reply.json()["count"]), (202, &json!(1)));
    assert_eq!(reply.json()["rejected"][0]["code"], "suppressed");
    let events = daemon.client().get("/v1/events?types=message.received").json();
    assert_eq!(events["data"][0]["data"]["opt_out"], true, "{events}");
    assert_eq!(daemon.metrics().value("opt_outs_total{account=\"shop\"}"), 1.0);
    let shown = until("what was asked for before ends", PATIENCE, || {
        let shown = daemon.client().get(&page).json();
        (shown["status"] == "FAILED").then_some(shown)
    });
    assert_eq!((&shown["error"]["code"], &shown["attempts"]), (&json!("BLOCKED"), &json!([])));
    daemon.kill();
    daemon.restart();
    let mut link = smsc.bound();
    assert_eq!(send(&daemon, &message(1, "12345")), refused(), "the list survives a kill");
    say(&mut link, 6, "START");
    assert_eq!(send(&daemon, &message(1, "12345")), accepted());
    let events = daemon.client().get("/v1/events?types=message.received").json();
    assert_eq!(events["data"][1]["data"]["opt_out"], false, "{events}");
    say(&mut link, 7, "stop it? No, I like it");
    say(&mut link, 8, "I said stop");
    assert_eq!(send(&daemon, &message(1, "12345")), refused(), "the first word alone counts");
}

#[test]
fn stop_is_heeded_however_it_is_spelled_and_what_only_begins_like_it_is_not() {
    let smsc = Smsc::new();
    let daemon = Daemon::start(&configuration(smsc.port(), ""));
    let mut link = smsc.bound();
    let stops = [
        "STOP\u{200B}",
        "\u{200E}STOP",
        "STOP🙏",
        "ＳＴＯＰ",
        "*STOP*",
        "-STOP",
        "stop-all",
        "END",
        "opt out!",
        "Cancel",
    ];
    for (sequence, text) in (10..).step_by(2).zip(stops) {
        let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        write(&mut link, sequence, 8, &octets);
        assert_eq!(send(&daemon, &message(1, "12345")), refused(), "{text:?}");
        say(&mut link, sequence + 1, &format!("START {sequence}"));
        assert_eq!(send(&daemon, &message(1, "12345")), accepted(), "{text:?}");
    }
    for (sequence, text) in (100..).zip(["STOPP", "End of May is better", "cancel the order", "I quit", "👍"]) {
        let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        write(&mut link, sequence, 8, &octets);
        assert_eq!(send(&daemon, &message(1, "12345")), accepted(), "{text:?}");
    }
}

#[test]
fn operators_see_the_list_add_to_it_and_lift_from_it() {
    let mut daemon = Daemon::start(&configuration(quiet_port(), "[opt_out]\nscope = \"all\"\n"));
    let list = "/admin/v1/suppressions";
    let added = daemon.operator().post(list, &json!({ "account": "shop", "to": HANDSET, "reason": "by letter" }));
    assert_eq!(added.status, 200, "{}", added.text());
    let added = added.json();
    let expected = json!({
        "scope": "all", "account": "shop", "sender": null, "to": HANDSET, "since": added["since"], "origin": "operator", "reason": "by letter",
    });
    assert_eq!(added, expected);
    let more = json!({ "sender": "+31600000000", "to": "+31612345679", "reason": "court order" });
    assert_eq!(daemon.operator().post(list, &more).status, 200);
    for (route, from) in [(1, "12345"), (2, "SHOP")] {
        assert_eq!(send(&daemon, &message(route, from)), refused(), "every sender of the account, every class");
    }
    daemon.kill();
    daemon.restart();
    let page = |query: &str| daemon.operator().get(&format!("{list}?{query}")).json();
    let all = page("limit=1");
    assert_eq!(all["data"], json!([expected]));
    let rest = page(&format!("limit=1&cursor={}", all["next_cursor"].as_str().expect("there is more")));
    assert_eq!((&rest["data"][0]["to"], &rest["data"][0]["account"]), (&json!("+31612345679"), &Value::Null));
    assert_eq!(rest["data"][0]["sender"], "31600000000");
    assert_eq!(page("account=shop")["data"], json!([expected]));
    assert_eq!(page("to=%2B31612345678")["data"], json!([expected]));
    let end = page(&format!("cursor={}", rest["next_cursor"].as_str().unwrap_or("c1.ffff")));
    assert_eq!((&end["data"], &end["next_cursor"]), (&json!([]), &Value::Null));
    let call = |method: &str, query: &str| {
        daemon.operator().call(method, &format!("{list}?{query}"), None).expect("an answer")
    };
    for (query, pointer) in
        [("account=shop&reason=x", "/to"), ("to=%2B31612345678", "/reason"), ("to=x&reason=x", "/to")]
    {
        let reply = call("DELETE", query);
        assert_eq!((reply.status, &reply.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{query}");
    }
    assert_eq!(call("DELETE", "to=%2B31612345678&reason=x").status, 404, "that key is not on it");
    assert_eq!(call("DELETE", "to=%2B31612345678&account=shop&reason=asked+for").status, 200);
    assert_eq!(send(&daemon, &message(2, "SHOP")), accepted());
    assert_eq!(page("account=shop")["data"], json!([]));
    assert!(daemon.said("a number is written to again", 1)["to"].as_str().is_some_and(|it| it.contains("****")));
    let stranger = daemon.operator().post(list, &json!({ "account": "nobody", "to": HANDSET, "reason": "x" }));
    assert_eq!((stranger.status, &stranger.json()["errors"][0]["pointer"]), (422, &json!("/account")));
    assert_eq!(daemon.client().get(list).status, 404, "applications do not see it");
}

#[test]
fn a_list_of_numbers_holds_for_everybody_and_is_read_again_at_a_reload() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dnd.csv");
    std::fs::write(&file, "number,sender\n31612345678,12345\n# a comment\n\n+31612345670\n").expect("a file");
    let more = format!("[opt_out]\nsuppressions_file = \"{}\"\n", file.display());
    let daemon = Daemon::start(&configuration(quiet_port(), &more));
    assert_eq!((send(&daemon, &message(1, "12345")), send(&daemon, &message(2, "12345"))), (refused(), accepted()));
    assert_eq!(send(&daemon, &message(1, "SHOP")), accepted());
    std::fs::write(&file, "31612345679\n").expect("a file");
    daemon.reload();
    assert_eq!(send(&daemon, &message(1, "12345")), accepted());
    std::fs::write(&file, "31612345678\nhello 5\n").expect("a file");
    daemon.reload();
    assert_eq!(send(&daemon, &message(1, "12345")), accepted(), "a bad list changes nothing");
    assert!(0 < daemon.count(&format!("{}:2: ", file.display())), "the line is named");
}
