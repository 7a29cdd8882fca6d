//! Somebody is forgotten, through the real binary: nothing of the number is left in any file of the store.

use crate::daemon::raw::{self, Link, Smsc};
use crate::daemon::{Daemon, account, carrier, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
/// What was erased is cut from the log within a minute.
const CUT_WITHIN: Duration = Duration::from_secs(70);
const NUMBER: &str = "+31612345678";
const OTHER: &str = "+31612345679";
const PERSON: &str = "/admin/v1/people/+31612345678?reason=31612345678%20asked%20by%20letter";

fn configuration(port: u16, more: &str) -> String {
    let route = "[[route]]\nid = 1\nclass = \"marketing\"\ncarriers = [\"acme\"]\n";
    let inbound = "[[inbound]]\nto = [\"12345\"]\naccount = \"shop\"\n";
    account("[1]") + &carrier(port, "region = \"NL\"") + route + inbound + more
}

struct Stage {
    _smsc: Smsc,
    daemon: Daemon,
    link: Link,
    sequence: u32,
}

impl Stage {
    fn new() -> Self {
        Self::with("")
    }

    /// With more of its configuration.
    fn with(more: &str) -> Self {
        let smsc = Smsc::new();
        let daemon = Daemon::start(&configuration(smsc.port(), more));
        let link = smsc.bound();
        Self { _smsc: smsc, daemon, link, sequence: 100 }
    }

    fn again(&mut self) {
        self.daemon.kill();
        self.daemon.restart();
        self.link = self._smsc.bound();
    }

    fn post(&self, body: &Value) -> Vec<String> {
        let reply = self.daemon.client().post("/v1/messages", body);
        assert_eq!(reply.status, 202, "{}", reply.text());
        let all = reply.json()["messages"].as_array().unwrap().clone();
        all.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The carrier takes the next message under a name.
    fn take(&mut self, name: &str) {
        let submit = self.link.read_command(raw::SUBMIT_SM);
        self.link.answer(&submit, 0, format!("{name}\0").as_bytes());
    }

    fn deliver(&mut self, body: &[u8]) {
        self.sequence += 1;
        self.link.send_pdu(raw::DELIVER_SM, self.sequence, body);
        assert_eq!(self.link.read_command(raw::DELIVER_SM | raw::RESPONSE).status, 0);
    }

    fn receipt(&mut self, name: &str) {
        let text = format!(
            "id:{name} sub:001 dlvrd:001 submit date:2611270900 done date:2611270901 stat:DELIVRD err:000 text:"
        );
        self.deliver(&raw::deliver(4, text.as_bytes()));
    }

    /// A carrier that names the handset in a parameter of its own.
    fn receipt_of(&mut self, text: &str) {
        let mut body = raw::deliver(4, text.as_bytes());
        body.extend([&[0x14, 1, 0, 11], &NUMBER.as_bytes()[1..]].concat());
        self.deliver(&body);
    }

    /// A handset writes to 12345.
    fn say(&mut self, from: &str, esm_class: u8, text: &[u8]) {
        let mut body = [b"\0\x01\x01", from.trim_start_matches('+').as_bytes(), b"\0\0\x0012345\0"].concat();
        body.extend([esm_class, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(text.len()).expect("short")]);
        body.extend_from_slice(text);
        self.deliver(&body);
    }

    fn page(&self, id: &str) -> Value {
        self.daemon.client().get(&format!("/v1/messages/{id}")).json()
    }

    fn is(&self, id: &str, status: &str) {
        until(status, PATIENCE, || (self.page(id)["status"] == status).then_some(()));
    }

    fn forget(&self) -> (u16, Value) {
        let reply = self.daemon.operator().call("DELETE", PERSON, None).expect("an answer");
        (reply.status, reply.json())
    }

    fn events(&self) -> Vec<Value> {
        self.daemon.client().get("/v1/events?limit=100").json()["data"].as_array().unwrap().clone()
    }

    /// Which files of the store name the person, and how.
    fn traces(&self) -> Vec<String> {
        let number: u64 = NUMBER[1..].parse().unwrap();
        // As records of SQLite have it, and as memory does.
        let (big, little) = (number.to_be_bytes(), number.to_le_bytes());
        let wide: Vec<u8> = NUMBER[1..].encode_utf16().flat_map(u16::to_be_bytes).collect();
        let hex: String = NUMBER[1..].bytes().map(|it| format!("{it:02x}")).collect();
        // The key of a table, seven bits an octet.
        let key: Vec<u8> =
            (0..5).rev().map(|it| ((number >> (7 * it)) & 0x7F) as u8 | u8::from(it != 0) << 7).collect();
        let forms: [(&str, &[u8]); 6] = [
            ("text", &NUMBER.as_bytes()[1..]),
            ("number", &big[3..]),
            ("number, turned round", &little[..5]),
            ("key", &key),
            ("UCS-2", &wide),
            ("hexadecimal", hex.as_bytes()),
        ];
        let folder = self.daemon.config().with_file_name("store");
        let mut found = Vec::new();
        for file in std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()) {
            let octets = std::fs::read(&file).unwrap_or_default();
            for (name, form) in forms {
                let place = octets.windows(form.len()).position(|it| it == form);
                let around =
                    |at: usize| String::from_utf8_lossy(&octets[at.saturating_sub(60)..octets.len().min(at + 40)]);
                found.extend(place.map(|it| format!("{} as {name}: {:?}", file.display(), around(it))));
            }
        }
        found
    }

    /// What the log of events has left.
    fn tells_nobody_of_whom(&self) {
        let events = self.events();
        let delivered = events.iter().filter(|it| it["type"] == "message.delivered");
        assert_eq!(delivered.filter(|it| it["data"]["to"] == "").count(), 2, "{events:?}");
        let received = events.iter().filter(|it| it["type"] == "message.received").map(|it| &it["data"]);
        let received: Vec<_> = received.map(|it| (&it["from"], &it["text"])).collect();
        let (nobody, other, said) = (json!(""), json!(OTHER), json!("call me on  or +31612345679"));
        assert_eq!(received, [(&nobody, &nobody), (&nobody, &nobody), (&other, &said), (&nobody, &nobody)]);
    }

    fn leaves_no_trace(&self) {
        let deadline = Instant::now() + CUT_WITHIN;
        loop {
            match &self.traces()[..] {
                [] => return,
                left => assert!(Instant::now() < deadline, "{left:?}"),
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// The person's messages: of an order, on the way, and for later.
struct Messages {
    order: Vec<String>,
    sent: String,
    queued: String,
}

/// Everything that can name the person.
fn named(stage: &mut Stage) -> Messages {
    let to = [OTHER, NUMBER, "+31612345670"];
    let order = stage.post(&json!({ "to": to, "from": "12345", "text": "hello, your secret is 4711" }));
    ["a", "b", "c"].iter().for_each(|it| stage.take(it));
    stage.receipt("a");
    stage.receipt("c");
    stage.receipt_of("id:b stat:DELIVRD err:000 text:");
    stage.receipt_of("it arrived");
    order.iter().for_each(|it| stage.is(it, "DELIVERED"));
    let own = |text: &str| json!({ "to": NUMBER, "from": "12345", "text": text, "client_ref": "ref-31612345678" });
    let sent = stage.post(&own("under way")).remove(0);
    stage.take("d");
    stage.is(&sent, "SENT");
    let mut later = own("has not left");
    later["send_at"] = soon().into();
    let queued = stage.post(&later).remove(0);
    stage.say(NUMBER, 0, b"my name is Ada");
    stage.say("0612345678", 0, b"and I dial like this");
    stage.say(OTHER, 0, b"call me on 31612345678 or +31612345679");
    stage.say(NUMBER, 0x40, b"\x05\0\x03\x07\x02\x01the first half of something");
    stage.receipt("nobody-s");
    stage.say(NUMBER, 0, b"STOP");
    until("all of it is in the database", PATIENCE, || {
        let traces = stage.traces();
        let has = |form| traces.iter().any(|it| it.contains(&format!("nuncio.db as {form}")));
        ["text", "number", "hexadecimal"].iter().all(has).then_some(())
    });
    Messages { order, sent, queued }
}

#[test]
fn nothing_is_left_of_a_number_and_everything_of_what_became_of_its_messages() {
    let mut stage = Stage::new();
    let Messages { order, sent, queued } = named(&mut stage);
    let of_order = format!("/v1/orders/{}", stage.page(&order[1])["order_id"]);
    let before = stage.daemon.client().get(&of_order).json();

    let (status, said) = stage.forget();
    let expected = json!({ "state": "under_way", "messages": 2, "events": said["events"], "receipts": 0, "parts": 0,
        "suppressions": 1, "under_way": 1 });
    assert_eq!((status, &said), (202, &expected));
    assert_eq!(stage.daemon.metrics().value("people_to_forget"), 1.0);
    assert_eq!(stage.page(&queued)["status"], "CANCELLED", "what has not left is not sent");
    assert_eq!(stage.page(&sent)["to"], NUMBER, "what has left keeps the number");
    // It goes on over a kill, and the receipt that comes then finds its message.
    stage.again();
    stage.receipt("d");
    stage.is(&sent, "DELIVERED");
    until("what was under way is forgotten", PATIENCE, || (stage.page(&sent)["to"] == "").then_some(()));
    let waiting = || stage.daemon.metrics().value("people_to_forget");
    until("nothing is left to forget", PATIENCE, || (waiting() == 0.0).then_some(()));
    let (status, said) = stage.forget();
    assert_eq!((status, &said["state"], &said["messages"]), (200, &json!("forgotten"), &json!(0)));

    for (id, status) in [(&order[1], "DELIVERED"), (&sent, "DELIVERED"), (&queued, "CANCELLED")] {
        let page = stage.page(id);
        let shown = (&page["to"], &page["status"], &page["client_ref"]);
        assert_eq!(shown, (&json!(""), &json!(status), &Value::Null), "{page}");
    }
    assert_eq!(stage.page(&order[0])["to"], OTHER, "others keep theirs");
    assert_eq!(stage.daemon.client().get(&of_order).json(), before, "the order counts as before");
    let list = |to: &str| stage.daemon.client().get(&format!("/v1/messages?to=%2B{}", &to[1..])).json();
    let found = |to: &str| list(to)["data"].as_array().map(Vec::len);
    assert_eq!((found(NUMBER), found(OTHER)), (Some(0), Some(1)));
    stage.tells_nobody_of_whom();
    let actions = stage.daemon.operator().get("/admin/v1/actions").json();
    let newest = (&actions["data"][0]["action"], &actions["data"][0]["reason"]);
    assert_eq!(newest, (&json!("forget"), &json!("asked by letter")));
    // A carrier that says something once more brings nobody back.
    stage.receipt_of("id:d stat:UNDELIV err:001 text:");
    let shown = until("it is on its page", PATIENCE, || {
        Some(stage.page(&sent)["attempts"][0].clone()).filter(|it| it["later_receipts"][0]["raw_status"] == "UNDELIV")
    });
    assert_eq!((&shown["receipt"]["tlvs"], &shown["later_receipts"][0]["tlvs"]), (&json!({}), &json!({})), "{shown}");
    stage.leaves_no_trace();
}

#[test]
fn what_carriers_only_ever_refused_is_not_tried_again() {
    let mut stage = Stage::new();
    let message = stage.post(&json!({ "to": NUMBER, "from": "12345", "text": "hello" })).remove(0);
    let submit = stage.link.read_command(raw::SUBMIT_SM);
    // ESME_RTHROTTLED
    stage.link.answer(&submit, 0x58, b"");
    until("it was throttled", PATIENCE, || (stage.page(&message)["throttled"] != 0).then_some(()));
    let (status, said) = stage.forget();
    if status == 202 {
        // It was on its way again.
        let submit = stage.link.read_command(raw::SUBMIT_SM);
        stage.link.answer(&submit, 0x58, b"");
    }
    let page = until("it is taken back", PATIENCE, || Some(stage.page(&message)).filter(|it| it["to"] == ""));
    assert_eq!(page["status"], "CANCELLED", "{said}");
}

#[test]
fn what_comes_while_somebody_is_forgotten_is_new() {
    let mut stage = Stage::new();
    let message = |text: &str| json!({ "to": NUMBER, "from": "12345", "text": text });
    let old = stage.post(&message("the old one")).remove(0);
    stage.take("old");
    stage.is(&old, "SENT");
    stage.say(NUMBER, 0, b"old words");
    assert_eq!(stage.forget().0, 202);
    let new = stage.post(&message("the new one")).remove(0);
    stage.take("new");
    stage.is(&new, "SENT");
    stage.say(NUMBER, 0, b"new words");
    stage.say(NUMBER, 0x40, b"\x05\0\x03\x07\x02\x01a new half ");
    // Whoever asks again asks how far it is.
    assert_eq!(stage.forget().1["under_way"], 1);
    stage.receipt("old");
    until("the old one is forgotten", PATIENCE, || (stage.page(&old)["to"] == "").then_some(()));
    until("nothing is left to forget", PATIENCE, || {
        (stage.daemon.metrics().value("people_to_forget") == 0.0).then_some(())
    });
    stage.say(NUMBER, 0x40, b"\x05\0\x03\x07\x02\x02and the other");
    let words = |stage: &Stage| -> Vec<String> {
        let events = stage.events();
        let received = events.iter().filter(|it| it["type"] == "message.received");
        received.map(|it| it["data"]["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(words(&stage), ["", "new words", "a new half and the other"]);
    stage.receipt("new");
    stage.is(&new, "DELIVERED");
    assert_eq!(stage.page(&new)["to"], NUMBER);
    let actions = stage.daemon.operator().get("/admin/v1/actions").json();
    assert_eq!(actions["data"].as_array().unwrap().len(), 1, "it was ordered once");
    assert_eq!(stage.forget().0, 200);
    assert_eq!(words(&stage), [""; 3]);
    assert_eq!(stage.page(&new)["to"], "");
}

#[test]
fn records_of_charge_are_written_before_somebody_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("cdr.jsonl");
    let mut stage = Stage::with(&format!("[cdr]\npath = {records:?}\n"));
    let message = json!({ "to": NUMBER, "from": "12345", "text": "hello" });
    let (sent, queued) = (stage.post(&message).remove(0), {
        let mut later = message.clone();
        later["send_at"] = soon().into();
        stage.post(&later).remove(0)
    });
    stage.take("a");
    stage.receipt("a");
    stage.is(&sent, "DELIVERED");
    let (_, said) = stage.forget();
    assert_eq!(stage.page(&queued)["status"], "CANCELLED", "{said}");
    for id in [&sent, &queued] {
        until("it is forgotten", PATIENCE, || (stage.page(id)["to"] == "").then_some(()));
    }
    let lines = std::fs::read_to_string(&records).unwrap();
    let of = |id: &str| lines.lines().filter(|it| it.contains(id) && it.contains("\"country\":\"NL\"")).count();
    assert_eq!((of(&sent), of(&queued), lines.lines().count()), (1, 1, 2), "{lines}");
}

/// In an hour.
#[expect(clippy::disallowed_methods, reason = "what is asked of the daemon goes by the clock on the wall")]
fn soon() -> String {
    use std::time::{SystemTime, UNIX_EPOCH};
    let at = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970") + Duration::from_secs(3_600);
    nuncio::message::time::Time(u64::try_from(at.as_millis()).expect("a time")).to_string()
}

#[test]
fn who_wanted_to_be_left_in_peace_still_is_and_may_think_better_of_it() {
    let mut stage = Stage::new();
    let sale = json!({ "to": NUMBER, "from": "12345", "text": "Sale!" });
    let refused = |stage: &Stage| stage.daemon.client().post("/v1/messages", &sale).status == 403;
    stage.say(NUMBER, 0, b"STOP");
    let by_operator = json!({ "to": NUMBER, "sender": "54321", "reason": "31612345678 asked by letter" });
    assert_eq!(stage.daemon.operator().post("/admin/v1/suppressions", &by_operator).status, 200);
    assert!(refused(&stage));
    let (status, said) = stage.forget();
    assert_eq!((status, &said["suppressions"]), (200, &json!(2)), "{said}");
    assert!(refused(&stage), "forgotten, and not written to");
    let listed = |stage: &Stage, to: &str| {
        stage.daemon.operator().get(&format!("/admin/v1/suppressions{to}")).json()["data"].as_array().unwrap().clone()
    };
    let all = listed(&stage, "");
    assert_eq!(all.iter().map(|it| &it["to"]).collect::<Vec<_>>(), ["", ""], "{all:?}");
    let reasons: BTreeSet<&str> = all.iter().filter_map(|it| it["reason"].as_str()).collect();
    assert_eq!(reasons, BTreeSet::from(["stop", " asked by letter"]));
    assert_eq!(listed(&stage, "?to=%2B31612345678").len(), 2, "whoever has the number finds it");
    assert!(listed(&stage, "?to=%2B31612345679").is_empty());
    stage.again();
    assert!(refused(&stage), "over a kill, too");
    let lift = "/admin/v1/suppressions?to=%2B31612345678&sender=54321&reason=again";
    assert_eq!(stage.daemon.operator().call("DELETE", lift, None).expect("an answer").status, 200);
    stage.say(NUMBER, 0, b"START");
    assert!(!refused(&stage), "who asks to be written to is");
    assert!(listed(&stage, "").is_empty());
}
