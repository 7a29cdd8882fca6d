//! A carrier that is asked over HTTP, and calls us: the real binary against a scripted web service.

use crate::daemon::web::{Act, Asked, Web};
use crate::daemon::{Daemon, account, quiet_port, route, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const SECRET: &str = "a-secret-of-the-hook";

/// A carrier `acme` over HTTP at this port; `request` are further lines of its table of that name.
fn carrier(port: u16, more: &str, request: &str) -> String {
    format!(
        "[[carrier]]\nid = \"acme\"\nkind = \"http\"\nurl = \"http://127.0.0.1:{port}/send?from={{from}}\"\n\
         system_id = \"me\"\npassword = \"token\"\nreconnect = {{ base = \"50ms\", max = \"200ms\" }}\n{more}\n\
         [carrier.request]\nformat = \"json\"\nheaders = {{ Authorization = \"Bearer {{password}}\" }}\n{request}\n\
         [carrier.answer]\nid = \"/id\"\ncode = \"/code\"\ncodes = {{ \"7\" = \"never\" }}\n\
         [carrier.receipt]\nsecret = \"{SECRET}\"\nid = \"/id\"\nstatus = \"/status\"\nerror = \"/error\"\n"
    )
}

const BODY: &str = r#"body = '{"to":"{to}","text":"{text}","parts":{parts},"ref":"{client_ref}"}'"#;

pub(crate) fn config(port: u16, more: &str) -> String {
    account("[1]")
        + &carrier(port, more, BODY)
        + &route("class = \"otp\"\nretry = { base = \"50ms\", max = \"100ms\" }")
}

fn taken(nth: usize, _: &Asked) -> Act {
    Act::Reply(202, "", format!("{{\"id\":\"web-{nth}\"}}"))
}

/// Sends a message and gives the path under which it is read.
fn send(daemon: &Daemon, text: &str) -> String {
    let body = json!({ "to": "+31612345678", "from": "Shop & Co", "text": text, "client_ref": "r-1" });
    let reply = daemon.client().post("/v1/messages", &body);
    assert_eq!(reply.status, 202, "{}", reply.text());
    format!("/v1/messages/{}", reply.json()["messages"][0]["id"].as_str().unwrap())
}

/// Waits until a message has this status.
fn reaches(daemon: &Daemon, path: &str, status: &str) -> Value {
    until(&format!("{path} is {status}: {}", daemon.client().get(path).text()), PATIENCE, || {
        Some(daemon.client().get(path).json()).filter(|it| it["status"] == status)
    })
}

/// The carrier's call.
fn tell(daemon: &Daemon, secret: &str, body: &Value) -> u16 {
    daemon.client().post(&format!("/hooks/acme/{secret}"), body).status
}

#[test]
fn a_message_goes_over_http_and_its_receipt_comes_by_the_hook() {
    let web = Web::start(taken);
    let daemon = Daemon::start(&config(web.port(), ""));
    let path = send(&daemon, "say \"hi\" & bye");
    reaches(&daemon, &path, "SENT");
    let asked = web.hears(1).remove(0);
    assert_eq!(asked.first, "POST /send?from=Shop%20%26%20Co HTTP/1.1");
    assert_eq!(asked.json(), json!({ "to": "+31612345678", "text": "say \"hi\" & bye", "parts": 1, "ref": "r-1" }));
    assert_eq!((asked.header("authorization"), asked.header("content-type")), ("Bearer token", "application/json"));
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(asked.header("idempotency-key"), format!("{id}-0-1"));
    let receipt = json!({ "id": "web-0", "status": "delivered" });
    assert_eq!(tell(&daemon, "another-secret-of-it", &receipt), 404);
    assert_eq!(daemon.client().post(&format!("/hooks/beta/{SECRET}"), &receipt).status, 404);
    assert_eq!(daemon.client().get(&path).json()["status"], "SENT");
    assert_eq!(tell(&daemon, SECRET, &receipt), 200);
    reaches(&daemon, &path, "DELIVERED");
    // What is about nothing that we know is kept, and what says nothing is ignored.
    assert_eq!(tell(&daemon, SECRET, &json!({ "id": "unheard", "status": "failed" })), 200);
    assert_eq!(tell(&daemon, SECRET, &json!({ "messages": [] })), 200);
}

#[test]
fn a_long_text_goes_whole_in_one_request() {
    let web = Web::start(taken);
    let daemon = Daemon::start(&config(web.port(), ""));
    let text = "a".repeat(400);
    let path = send(&daemon, &text);
    reaches(&daemon, &path, "SENT");
    let asked = web.hears(1);
    assert_eq!((asked[0].json()["text"].as_str(), &asked[0].json()["parts"]), (Some(&*text), &json!(3)));
    assert_eq!(tell(&daemon, SECRET, &json!({ "id": "web-0", "status": "read" })), 200);
    reaches(&daemon, &path, "DELIVERED");
    assert_eq!(web.asked().len(), 1);
}

#[test]
fn answers_mean_what_the_table_says() {
    // Throttled twice, then out of order, then hung up upon, then taken: five requests for one message.
    let web = Web::start(|nth, asked| match nth {
        0 => Act::Reply(429, "", String::new()),
        1 => Act::Reply(503, "retry-after: 1\r\n", String::new()),
        2 => Act::Reply(500, "", "x".repeat(100_000)),
        3 => Act::Hangup,
        4 => taken(nth, asked),
        5 => Act::Reply(400, "", String::new()),
        _ => Act::Reply(200, "", "{\"code\":7}".to_owned()),
    });
    let daemon = Daemon::start(&config(web.port(), ""));
    let path = send(&daemon, "hello");
    reaches(&daemon, &path, "SENT");
    let keys: Vec<String> = web.asked().iter().map(|it| it.header("idempotency-key").to_owned()).collect();
    let id = path.rsplit('/').next().unwrap();
    let key = |attempt: u8| format!("{id}-0-{attempt}");
    let again = "an attempt that used nothing up keeps its key, and one that was not answered hands it on";
    assert_eq!(keys, [key(1), key(1), key(1), key(2), key(2)], "{again}");
    for _ in 0..2 {
        let refused = send(&daemon, "hello");
        reaches(&daemon, &refused, "FAILED");
    }
    assert_eq!(web.asked().len(), 7, "what is refused is not tried again");
}

#[test]
fn a_200_that_is_no_answer_is_not_believed_and_is_told_of_once() {
    let page = "<html><body>Please log in, +31612345678</body></html>";
    let bodies = [page, "", "{\"id\":\"SM1\"", "{\"id\":null}", "{\"error\":{\"message\":\"quota\"}}"];
    let web = Web::start(move |nth, asked| match bodies.get(nth) {
        Some(body) => Act::Reply(200, "", (*body).to_owned()),
        None => taken(nth, asked),
    });
    let daemon = Daemon::start(&config(web.port(), ""));
    let path = send(&daemon, "hello");
    reaches(&daemon, &path, "SENT");
    let shown = daemon.client().get(&path).json();
    let ids: Vec<_> = shown["attempts"].as_array().unwrap().iter().map(|it| &it["carrier_message_id"]).collect();
    assert_eq!((web.asked().len(), ids.len(), ids[5].as_str()), (6, 6, Some("web-5")), "{shown}");
    let words = "an answer that says yes has not what it should have";
    let lacks = [1, 2].map(|nth| daemon.said(words, nth)["lacks"].clone());
    assert_eq!(lacks, ["JSON", "an id where answer.id or answer.id_after says"]);
    assert_eq!((daemon.count(words), daemon.count("Please log in"), daemon.count("quota")), (2, 0, 0));
    assert_eq!(daemon.metrics().value("answers_unread_total{carrier=\"acme\"}"), 5.0);
}

#[test]
fn what_is_no_yes_of_the_carrier_goes_to_the_next_one() {
    let refuses = Web::start(|_, _| Act::Reply(200, "", "{\"messages\":[]}".to_owned()));
    let takes = Web::start(taken);
    let answer = "id = \"own\"\ncode = \"/messages/0/status\"\ncodes = { \"0\" = \"taken\", \"*\" = \"elsewhere\" }";
    let first = carrier(refuses.port(), "", BODY)
        .replace("id = \"/id\"\ncode = \"/code\"\ncodes = { \"7\" = \"never\" }", answer);
    let second = carrier(takes.port(), "", BODY).replace("\"acme\"", "\"beta\"");
    let route = route("class = \"otp\"\nreceipt_window = \"off\"").replace("[\"acme\"]", "[\"acme\", \"beta\"]");
    let daemon = Daemon::start(&(account("[1]") + &first + &second + &route));
    let path = send(&daemon, "hello");
    reaches(&daemon, &path, "SENT");
    assert_eq!((refuses.asked().len(), takes.hears(1).len()), (1, 1));
}

#[test]
fn an_answer_that_does_not_come_leaves_a_doubt() {
    let web = Web::start(|nth, asked| if nth == 0 { Act::Silence } else { taken(nth, asked) });
    let daemon = Daemon::start(&config(web.port(), "response_timeout = \"200ms\""));
    let path = send(&daemon, "hello");
    reaches(&daemon, &path, "SENT");
    let asked = web.hears(2);
    let keys = [0, 1].map(|it: usize| asked[it].header("idempotency-key"));
    assert_eq!(keys[0], keys[1], "a service that knows the key sends one text");
    assert_eq!(daemon.said("a request was not answered", 1)["why"], "no answer in time");
}

#[test]
fn a_service_that_is_away_is_awaited() {
    let port = quiet_port();
    let daemon = Daemon::start(&config(port, ""));
    let path = send(&daemon, "hello");
    daemon.said("cannot connect", 2);
    let web = Web::start_on(port, taken);
    reaches(&daemon, &path, "SENT");
    assert_eq!(web.asked().len(), 1);
}

#[test]
fn several_recipients_go_in_one_request_and_each_has_its_answer() {
    let web = Web::start(|_, asked| {
        let to: Vec<Value> = asked.json()["to"].as_array().unwrap().clone();
        let answers: Vec<Value> =
            to.iter().map(|it| json!({ "id": format!("id-{}", it.as_str().unwrap()), "code": 0 })).collect();
        Act::Reply(200, "", json!({ "answers": answers }).to_string())
    });
    let request = "batch = 50\nelement = '\"{to}\"'\nbody = '{\"text\":\"{text}\",\"to\":[{elements}]}'";
    let carrier = carrier(web.port(), "window = 1", request)
        .replace("[carrier.answer]", "[carrier.answer]\nelements = \"/answers\"");
    let daemon = Daemon::start(&(account("[1]") + &carrier + &route("")));
    let numbers: Vec<String> = (0..400).map(|it| format!("+3161234{it:04}")).collect();
    let body = json!({ "to": numbers, "from": "SHOP", "text": "one" });
    let reply = daemon.client().post("/v1/messages", &body);
    let order = reply.json()["order_id"].as_u64().unwrap();
    until("all are sent", PATIENCE, || {
        (daemon.client().get(&format!("/v1/orders/{order}")).json()["sent"] == 400).then_some(())
    });
    let asked = web.asked();
    let sizes: Vec<usize> = asked.iter().map(|it| it.json()["to"].as_array().unwrap().len()).collect();
    // What waits goes together; how much that is depends on how fast the answers come.
    assert!(asked.len() < 200 && sizes.iter().all(|it| (1..=50).contains(it)), "{sizes:?}");
    assert!(sizes.contains(&50), "{sizes:?}");
    let all: Vec<String> = asked
        .iter()
        .flat_map(|it| it.json()["to"].as_array().unwrap().clone())
        .map(|it| it.as_str().unwrap().to_owned())
        .collect();
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (400, 400));
    let path = format!("/v1/messages/{}", reply.json()["messages"][7]["id"].as_str().unwrap());
    assert_eq!(tell(&daemon, SECRET, &json!({ "id": "id-+31612340007", "status": "delivered" })), 200);
    reaches(&daemon, &path, "DELIVERED");
}

#[test]
fn what_was_answered_to_a_call_survives_a_kill_and_what_was_asked_is_in_doubt() {
    let web = Web::start(|nth, asked| if nth == 1 { Act::Silence } else { taken(nth, asked) });
    let mut daemon = Daemon::start(&config(web.port(), ""));
    let first = send(&daemon, "one");
    reaches(&daemon, &first, "SENT");
    assert_eq!(tell(&daemon, SECRET, &json!({ "id": "web-0", "status": "delivered" })), 200);
    let second = send(&daemon, "two");
    web.hears(2);
    daemon.kill();
    daemon.restart();
    assert_eq!(daemon.client().get(&first).json()["status"], "DELIVERED");
    reaches(&daemon, &second, "SENT");
    let asked = web.hears(3);
    assert_eq!(asked[2].json()["text"], "two");
    assert_eq!(asked[1].header("idempotency-key"), asked[2].header("idempotency-key"));
    assert_eq!(asked.len(), 3);
}

#[test]
fn a_link_over_http_is_shown_and_begins_anew_and_has_no_pdus_to_trace() {
    let web = Web::start(taken);
    let daemon = Daemon::start(&config(web.port(), ""));
    let state = || daemon.operator().get("/admin/v1/links").json()["data"][0]["state"].clone();
    until("it is bound", PATIENCE, || (state() == "bound").then_some(()));
    let order = |what: &str, more: Value| {
        let mut body = json!({ "reason": "a test" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        daemon.operator().post(&format!("/admin/v1/links/acme-1/{what}"), &body)
    };
    let refused = order("trace", json!({ "for": "5m", "pdus": 50 }));
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert_eq!(refused.json()["detail"], "The carrier is asked over HTTP; there are no PDUs to trace.");
    assert_eq!(order("rebind", json!({})).status, 200);
    daemon.said("link is down, next try follows", 1);
    until("it is bound again", PATIENCE, || (state() == "bound").then_some(()));
    let path = send(&daemon, "hello");
    reaches(&daemon, &path, "SENT");
}

#[test]
fn calls_that_are_not_understood_are_counted_and_told_of_once() {
    let web = Web::start(taken);
    let daemon = Daemon::start(&config(web.port(), ""));
    for _ in 0..3 {
        assert_eq!(tell(&daemon, SECRET, &json!({ "message": { "id": "web-0" } })), 200);
    }
    let line = daemon.said("a carrier called, and no receipt was found in what it said", 1);
    assert_eq!(line["carrier"], "acme");
    assert_eq!(daemon.metrics().value("receipts_unread_total{carrier=\"acme\"}"), 3.0);
}
