//! Each client estimates a text, sends it and follows it to its end, and asks again as it is told.

use crate::daemon::web::{Act, Asked, Web};
use crate::daemon::{Daemon, KEY, account, carrier, route};
use crate::peers::clients::{go, interpreted, python, rust};
use crate::peers::need::trials;
use crate::peers::sim::Sim;
use nuncio::simulator::behaviour::Behaviour;
use serde_json::json;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

trials! {
    [Curl]: a_client_of_curl_sends_and_follows;
    [Python]: a_client_in_python_sends_and_follows;
    [Php]: a_client_in_php_sends_and_follows;
    [Node]: a_client_in_javascript_sends_and_follows;
    [Go]: a_client_in_go_sends_and_follows;
    []: a_client_in_rust_sends_and_follows;
}

fn a_client_of_curl_sends_and_follows() {
    judge(|| interpreted("sh", "curl/client.sh"));
}

fn a_client_in_python_sends_and_follows() {
    judge(|| python("python/client.py"));
}

fn a_client_in_php_sends_and_follows() {
    judge(|| interpreted("php", "php/client.php"));
}

fn a_client_in_javascript_sends_and_follows() {
    judge(|| interpreted("node", "javascript/client.mjs"));
}

fn a_client_in_go_sends_and_follows() {
    let folder = tempfile::tempdir().unwrap();
    let program = go("go/client.go", folder.path()).get_program().to_owned();
    judge(|| Command::new(&program));
}

fn a_client_in_rust_sends_and_follows() {
    let program = rust("client").get_program().to_owned();
    judge(|| Command::new(&program));
}

fn judge(client: impl Fn() -> Command) {
    what_it_sends_arrives(&client);
    what_may_be_asked_again_is_asked_again_under_one_key(&client);
    what_is_refused_is_told_and_not_asked_again(&client);
    what_leads_elsewhere_is_not_followed(&client);
    nobody_is_asked_for_ever(&client);
}

/// What a client says of one text to one number.
fn run(mut client: Command, url: &str, more: &[&str]) -> Output {
    let client = client.args(["+31612345678", "It's on its way: 5 € \"more\""]).args(more);
    client.env("NUNCIO_URL", url).env("NUNCIO_KEY", KEY).env("NUNCIO_FROM", "shop");
    client.output().expect("the client starts")
}

fn texts(output: &Output) -> [String; 2] {
    [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it).into_owned())
}

fn what_it_sends_arrives(client: &impl Fn() -> Command) {
    let sim = Sim::start(Behaviour::default());
    let daemon = Daemon::start(&(account("[1]") + &carrier(sim.port(), "") + &route("")));
    let output = run(client(), &format!("http://{}", daemon.http()), &["parcel-77"]);
    let [said, errors] = texts(&output);
    assert!(output.status.success(), "{said}{errors}");
    let lines: Vec<&str> = said.lines().collect();
    let order = lines[1].strip_prefix("order ").unwrap();
    assert!(lines[0].starts_with("estimate 1 parts, cost ") && lines[2] == "status COMPLETED", "{said}");
    let sent = daemon.client().get(&format!("/v1/orders/{order}/messages")).json();
    let text = &sent["data"][0];
    assert_eq!((&text["to"], &text["from"], &text["parts"]), (&json!("+31612345678"), &json!("shop"), &json!(1)));
    // The same once more, as after a crash: it is not sent again.
    let [again, errors] = texts(&run(client(), &format!("http://{}", daemon.http()), &["parcel-77"]));
    assert!(again.contains(&format!("order {order}\n")), "{again}{errors}");
    assert_eq!(daemon.client().get("/v1/messages").json()["data"].as_array().unwrap().len(), 1);
}

/// A problem, with header lines beside it.
fn problem(status: u16, retryable: bool, headers: &'static str) -> Act {
    let document = json!({ "type": "/problems/x", "detail": "Such is life.", "retryable": retryable });
    Act::Reply(status, headers, document.to_string())
}

const TYPE: &str = "content-type: application/problem+json\r\n";
const SOON: &str = "content-type: application/problem+json\r\nretry-after: 2\r\n";
const LATER: &str = "content-type: text/html\r\nretry-after: Fri, 27 Nov 2026 09:00:00 GMT\r\n";
const AT_ONCE: &str = "content-type: application/problem+json\r\nretry-after: 0\r\n";
const TOMORROW: &str = "content-type: application/problem+json\r\nretry-after: 86400\r\n";

/// A gateway behind a proxy that does not reach it at first, that is full, breaks a connection, and takes its time.
fn moody(nth: usize, asked: &Asked) -> Act {
    let answer = |it: serde_json::Value| Act::Reply(200, "content-type: application/json\r\n", it.to_string());
    match (nth, asked.first.as_str()) {
        (0, "POST /v1/estimate HTTP/1.1") => Act::Reply(502, LATER, "<h1>Bad gateway</h1>".to_owned()),
        (1, "POST /v1/estimate HTTP/1.1") => answer(json!({ "parts": 1, "cost": "0.087", "currency": "EUR" })),
        (2, "POST /v1/messages HTTP/1.1") => problem(503, true, SOON),
        (3, "POST /v1/messages HTTP/1.1") => Act::Hangup,
        (4, "POST /v1/messages HTTP/1.1") => answer(json!({ "order_id": 7 })),
        (5, "GET /v1/orders/7 HTTP/1.1") => answer(json!({ "order_id": 7, "status": "IN_PROGRESS" })),
        (6, "GET /v1/orders/7 HTTP/1.1") => answer(json!({ "order_id": 7, "status": "PARTIAL" })),
        _ => problem(418, false, TYPE),
    }
}

fn what_may_be_asked_again_is_asked_again_under_one_key(client: &impl Fn() -> Command) {
    let times = Arc::new(Mutex::new(Vec::new()));
    let web = Web::start({
        let times = Arc::clone(&times);
        move |nth, asked| {
            times.lock().unwrap().push(Instant::now());
            moody(nth, asked)
        }
    });
    let output = run(client(), &format!("http://127.0.0.1:{}", web.port()), &[]);
    let [said, errors] = texts(&output);
    assert_eq!(said.lines().last(), Some("status PARTIAL"), "{said}{errors}");
    assert_eq!(output.status.code(), Some(1), "not all has arrived");
    let (asked, times) = (web.asked(), times.lock().unwrap().clone());
    assert_eq!(asked.len(), 7, "{asked:?}");
    assert!(Duration::from_secs(2) <= times[3] - times[2], "it waits as it is told");
    let key = asked[2].header("idempotency-key");
    assert!(18 <= key.len() && key.starts_with('"') && key.ends_with('"'), "{key}");
    for again in &asked[3..5] {
        assert_eq!((again.header("idempotency-key"), &again.body), (key, &asked[2].body));
    }
    assert!(asked.iter().all(|it| it.header("authorization") == format!("Bearer {KEY}")));
}

fn what_leads_elsewhere_is_not_followed(client: &impl Fn() -> Command) {
    let elsewhere = Web::start(|_, _| problem(418, false, TYPE));
    let there = format!("location: http://127.0.0.1:{}/\r\n", elsewhere.port());
    let there: &'static str = Box::leak(there.into_boxed_str());
    for status in [303, 307] {
        let web = Web::start(move |_, _| Act::Reply(status, there, String::new()));
        let output = run(client(), &format!("http://127.0.0.1:{}", web.port()), &[]);
        assert_eq!((output.status.code(), web.asked().len()), (Some(1), 1), "{:?}", texts(&output));
    }
    assert!(elsewhere.asked().is_empty(), "the key is for nobody else");
}

fn what_is_refused_is_told_and_not_asked_again(client: &impl Fn() -> Command) {
    for (status, headers) in [(402, TYPE), (429, TOMORROW)] {
        let web = Web::start(move |_, _| problem(status, status == 429, headers));
        let began = Instant::now();
        let output = run(client(), &format!("http://127.0.0.1:{}", web.port()), &[]);
        let [said, errors] = texts(&output);
        assert!(errors.contains("Such is life.") && output.status.code() == Some(1), "{said}{errors}");
        assert_eq!(web.asked().len(), 1, "{status}");
        assert!(began.elapsed() < Duration::from_secs(30), "nobody waits until tomorrow");
    }
}

fn nobody_is_asked_for_ever(client: &impl Fn() -> Command) {
    let web = Web::start(|_, _| problem(503, true, AT_ONCE));
    let output = run(client(), &format!("http://127.0.0.1:{}", web.port()), &[]);
    assert_eq!((output.status.code(), web.asked().len()), (Some(1), 5), "{:?}", texts(&output));
    // Who does not answer is asked again after 35 seconds, and the wait of a first time.
    let web = Web::start(|nth, _| if nth == 0 { Act::Silence } else { problem(402, false, TYPE) });
    let output = run(client(), &format!("http://127.0.0.1:{}", web.port()), &[]);
    let asked = web.asked();
    assert_eq!((output.status.code(), asked.len()), (Some(1), 2), "{:?}", texts(&output));
    let waited = asked[1].at - asked[0].at;
    assert!((34..45).contains(&waited.as_secs()), "{waited:?}");
}
