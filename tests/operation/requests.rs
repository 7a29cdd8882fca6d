//! What HTTP says of a request besides what it asks for: its head, its codings, its octets.

use crate::daemon::client::Reply;
use crate::daemon::{Daemon, KEY, account, carrier, quiet_port, route};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

pub(super) const BODY: &str = r#"{"to":"+31612345678","from":"YOURAPP","text":"hi"}"#;

fn daemon() -> Daemon {
    Daemon::start(&(account("[1]") + "balance = \"managed\"\n" + &carrier(quiet_port(), "") + &route(PRICED)))
}

const PRICED: &str = "price = { default = \"0.087\", currency = \"EUR\" }";

/// What is said to these octets until the connection closes.
pub(super) fn said(at: SocketAddr, octets: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    // It may be refused before all of it has come.
    _ = stream.write_all(octets);
    let mut said = Vec::new();
    let ended = stream.read_to_end(&mut said);
    assert!(ended.is_ok() || !said.is_empty(), "{ended:?}");
    said
}

/// The only answer to a request, after which its connection is closed.
fn answer(at: SocketAddr, octets: &[u8]) -> Reply {
    let said = said(at, octets);
    let mut rest = said.as_slice();
    let reply = Reply::read(&mut rest).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&said)));
    assert!(rest.is_empty(), "more than one answer: {}", String::from_utf8_lossy(&said));
    reply
}

/// A request with these lines of its head, closed after its answer.
fn asked(daemon: &Daemon, first: &str, lines: &[&str], body: &[u8]) -> Reply {
    let lines: String = lines.iter().map(|it| format!("{it}\r\n")).collect();
    let head = format!("{first}\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n{lines}");
    serde_json::from_slice(body).iter().for_each(|it: &Value| daemon.silence().learn_body(it));
    answer(daemon.http(), &[format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat())
}

pub(super) fn sent(daemon: &Daemon, lines: &[&str], body: &[u8]) -> Reply {
    asked(daemon, "POST /v1/messages HTTP/1.1", &[&["host: x"], lines].concat(), body)
}

#[track_caller]
pub(super) fn problem(reply: &Reply, status: u16, code: &str) -> Value {
    let text = reply.text();
    assert_eq!((reply.status, reply.header("content-type")), (status, Some("application/problem+json")), "{text}");
    assert_eq!(reply.json()["type"], format!("/problems/{code}"), "{text}");
    reply.json()
}

/// Messages that there are.
pub(super) fn messages(daemon: &Daemon) -> usize {
    daemon.client().get("/v1/messages").json()["data"].as_array().unwrap().len()
}

pub(super) fn funded() -> Daemon {
    let daemon = daemon();
    let credit = json!({ "amount": "100", "note": "a" });
    assert_eq!(daemon.operator().post("/admin/v1/accounts/shop/credit", &credit).status, 201);
    daemon
}

#[test]
fn a_request_has_one_host_or_is_refused_and_its_connection_closed() {
    let daemon = daemon();
    let key = format!("authorization: Bearer {KEY}");
    let ask = |version: &str, hosts: &[&str]| {
        let hosts: String = hosts.iter().map(|it| format!("{it}\r\n")).collect();
        let one = format!("GET /v1/routes {version}\r\n{key}\r\n{hosts}\r\n");
        // The second is what somebody else may have smuggled in.
        answer(daemon.http(), one.repeat(2).as_bytes())
    };
    for hosts in
        [&[][..], &["host: a", "Host: b"], &["host: a", "host: a"], &["host: a b"], &["host: a@b"], &["host: a/b"]]
    {
        let refused = ask("HTTP/1.1", hosts);
        problem(&refused, 400, "invalid-header");
        assert_eq!(refused.header("connection"), Some("close"), "{hosts:?}");
    }
    problem(&ask("HTTP/1.0", &["host: a", "host: b"]), 400, "invalid-header");
    assert_eq!(ask("HTTP/1.0", &[]).status, 200, "HTTP/1.0 knows no Host");
    for host in ["host: sms.example:8080", "host: [::1]:80", "host:"] {
        assert_eq!(asked(&daemon, "GET /v1/routes HTTP/1.1", &[host], b"").status, 200, "{host}");
    }
    let operators = answer(daemon.admin(), b"GET /admin/v1/links HTTP/1.1\r\n\r\n");
    problem(&operators, 400, "invalid-header");
    let hook = answer(daemon.http(), b"POST /hooks/acme/secret HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(problem(&hook, 400, "invalid-header")["instance"], "/hooks", "no secret is repeated");
}

#[test]
fn a_transfer_coding_but_chunked_is_refused_and_its_connection_closed() {
    let daemon = funded();
    let ask = |version: &str, lines: &str| {
        let chunks = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
        let head = format!("POST /v1/messages {version}\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{lines}\r\n\r\n");
        answer(daemon.http(), (head + &chunks).as_bytes())
    };
    let refused = ask("HTTP/1.1", "transfer-encoding: gzip, chunked");
    problem(&refused, 501, "transfer-coding-unknown");
    assert_eq!(refused.header("connection"), Some("close"));
    problem(&ask("HTTP/1.1", "transfer-encoding: gzip\r\ntransfer-encoding: chunked"), 501, "transfer-coding-unknown");
    problem(&ask("HTTP/1.1", "transfer-encoding: gzip"), 400, "malformed-request");
    problem(&ask("HTTP/1.0", "transfer-encoding: chunked"), 400, "malformed-request");
    assert_eq!(messages(&daemon), 0);
    let both = ask("HTTP/1.1", "content-length: 3\r\ntransfer-encoding: chunked");
    assert_eq!(both.status, 202, "the chunks count, and it is closed: {}", both.text());
    let page = daemon.metrics();
    assert_eq!(page.value("http_requests_total{endpoint=\"POST /v1/messages\",code=\"501\"}"), 2.0);
    assert_eq!(page.value("messages_rejected_total{stage=\"validation\",code=\"501\"}"), 2.0);
    assert_eq!(page.value("http_requests_total{endpoint=\"other\",code=\"400\"}"), 2.0);
}

#[test]
fn what_is_no_request_is_answered_with_a_problem_too() {
    let daemon = daemon();
    let at = daemon.http();
    for garbage in ["GET / HTTP/9.9\r\n\r\n", "no\r\n\r\n", "GET / HTTP/1.1\r\nhost: x\r\na b: c\r\n\r\n"] {
        let refused = answer(at, garbage.as_bytes());
        problem(&refused, 400, "malformed-request");
        assert_eq!((refused.header("connection"), refused.header("cache-control")), (Some("close"), Some("no-store")));
    }
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(128 << 10));
    problem(&answer(at, long.as_bytes()), 431, "head-too-large");
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(100));
    problem(&answer(at, many.as_bytes()), 431, "head-too-large");
    let uri = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(65_535));
    problem(&answer(at, uri.as_bytes()), 431, "head-too-large");
    // After a request that was one, on the same connection.
    let both = format!("GET /v1/routes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\nno\r\n\r\n");
    let said = said(at, both.as_bytes());
    let mut rest = said.as_slice();
    assert_eq!(Reply::read(&mut rest).unwrap().status, 200);
    problem(&Reply::read(&mut rest).unwrap(), 400, "malformed-request");
    assert!(rest.is_empty());
    let page = daemon.metrics();
    assert_eq!(page.value("http_requests_total{endpoint=\"other\",code=\"400\"}"), 4.0);
    assert_eq!(page.value("http_requests_total{endpoint=\"other\",code=\"431\"}"), 3.0);
}

#[test]
fn a_line_of_a_head_ends_with_both_octets_and_of_a_body_every_octet_is_taken() {
    let daemon = daemon();
    let head = format!("POST /v1/estimate HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n");
    let body = BODY.replace(',', ",\n\n");
    let whole = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    let chunks = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let last = format!("{head}connection: close\r\n\r\n");
    let answers = |text: &str| {
        let said = said(daemon.http(), text.as_bytes());
        let (mut rest, mut answers) = (said.as_slice(), Vec::new());
        while !rest.is_empty() {
            answers.push(Reply::read(&mut rest).unwrap());
        }
        answers
    };
    let good = answers(&[&*whole, &chunks, &whole, &last].concat());
    assert_eq!(good.iter().map(|it| it.status).collect::<Vec<_>>(), [200, 200, 200, 400]);
    for (at, _) in last.match_indices("\r\n") {
        // What a proxy may take for a part of a line is smuggled in behind two requests.
        let spoilt = format!("{whole}{chunks}{}{}", &last[..at], &last[at + 1..]);
        let answers = answers(&spoilt);
        assert_eq!(answers.iter().map(|it| it.status).collect::<Vec<_>>(), [200, 200, 400], "{at}");
        problem(&answers[2], 400, "malformed-request");
        // At once, also where nothing comes behind it and where it is the first.
        let alone = format!("{}{}", &last[..at], &last[at + 1..]);
        problem(&answer(daemon.http(), alone.as_bytes()), 400, "malformed-request");
        let dribbled = said_in_steps(daemon.http(), alone.as_bytes());
        problem(&Reply::read(&mut dribbled.as_slice()).unwrap(), 400, "malformed-request");
    }
    // What begins a chunk is refused as well, and nothing behind it is read.
    for size in [";a\nb", ";\n", "\n"] {
        let spoilt = chunks.replacen(&format!("{:x}\r\n", body.len()), &format!("{:x}{size}\r\n", body.len()), 1);
        let answers = answers(&format!("{spoilt}{}", last.replace("\r\n", "\n").repeat(2)));
        assert_eq!(answers.iter().map(|it| it.status).collect::<Vec<_>>(), [400], "{size:?}");
    }
}

/// What is said to these octets, each in a packet of its own.
fn said_in_steps(at: SocketAddr, octets: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    // It may be refused before all of it has come.
    _ = octets.chunks(1).try_for_each(|it| stream.write_all(it));
    let mut said = Vec::new();
    _ = stream.read_to_end(&mut said);
    said
}

#[test]
fn half_of_a_character_is_pointed_at() {
    let daemon = funded();
    let half = |body: &str, pointer: &str| {
        let refused = sent(&daemon, &[], body.as_bytes());
        let fault = problem(&refused, 422, "invalid-request")["errors"][0].clone();
        assert_eq!(fault, json!({ "detail": "has half of a character (U+D83D)", "pointer": pointer }));
    };
    half(r#"{"to":"+31612345678","text":"a\ud83d b"}"#, "/text");
    half(r#"{"to":["+31612345678",{"to":"+31612345679","text":"\ud83d"}],"text":"b"}"#, "/to/1/text");
    problem(&sent(&daemon, &[], br#"{"to":"+31612345678","text":"a\ud83d b""#), 400, "malformed-json");
    let whole = sent(&daemon, &[], br#"{"to":"+31612345678","from":"YOURAPP","text":"a\ud83d\ude00 b"}"#);
    assert_eq!(whole.status, 202, "{}", whole.text());
    let credit = r#"{"amount":"1","note":"\ud83d"}"#;
    let head = format!(
        "POST /admin/v1/accounts/shop/credit HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {KEY}"
    );
    let refused =
        answer(daemon.admin(), format!("{head}\r\ncontent-length: {}\r\n\r\n{credit}", credit.len()).as_bytes());
    assert_eq!(problem(&refused, 422, "invalid-request")["errors"][0]["pointer"], "/note");
    let twice = sent(&daemon, &[], br#"{"to":[{"to":"+31612345678","text":"a","text":"b"}]}"#);
    assert!(problem(&twice, 422, "invalid-request")["detail"].as_str().unwrap().contains("twice"));
}

#[test]
fn a_body_is_taken_as_it_is_or_refused_and_a_mark_of_byte_order_is_passed_over() {
    let daemon = funded();
    for coding in ["gzip", "br", "identity, gzip", "x-unheard"] {
        let refused = sent(&daemon, &[&format!("content-encoding: {coding}")], BODY.as_bytes());
        problem(&refused, 415, "content-encoding-refused");
        assert_eq!(refused.header("accept-encoding"), Some("identity"));
    }
    let hook = asked(&daemon, "POST /hooks/acme/s HTTP/1.1", &["host: x", "content-encoding: gzip"], b"{}");
    assert_eq!(problem(&hook, 415, "content-encoding-refused")["instance"], "/hooks");
    for path in ["/hooks/acme/secret", "/hooks/secret"] {
        let hook = asked(&daemon, &format!("GET {path} HTTP/1.1"), &["host: x"], b"");
        assert_eq!(problem(&hook, 404, "not-found")["instance"], "/hooks", "{path}");
    }
    assert_eq!(sent(&daemon, &["content-encoding: Identity"], BODY.as_bytes()).status, 202);
    let marked = ["\u{feff}", BODY].concat();
    assert_eq!(sent(&daemon, &["idempotency-key: k"], marked.as_bytes()).status, 202);
    let again = sent(&daemon, &["idempotency-key: k"], BODY.as_bytes());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(messages(&daemon), 2);
}

#[test]
fn every_problem_has_a_page() {
    let daemon = daemon();
    let mut client = daemon.client();
    let kind = client.get("/v1/nothing").json()["type"].as_str().unwrap().to_owned();
    for at in [daemon.http(), daemon.admin()] {
        let open =
            |path: &str| answer(at, format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes());
        let page = open(&kind);
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/plain; charset=utf-8")));
        assert!(
            page.text().starts_with("There is no such thing\n") && page.text().contains("status 404"),
            "{}",
            page.text()
        );
        assert_eq!(page.header("cache-control"), None, "it is nobody's");
        let list = open("/problems").text();
        assert!(list.lines().count() > 30);
        for code in list.lines().map(|it| it.split(' ').next().unwrap()) {
            assert_eq!(open(&format!("/problems/{code}")).status, 200, "{code}");
        }
        problem(&open("/problems/nonsense"), 404, "not-found");
    }
}

#[test]
fn options_are_told_heads_have_no_body_and_nothing_of_anybody_is_kept() {
    let daemon = daemon();
    let ask = |first: &str| asked(&daemon, first, &["host: x"], b"");
    let options = ask("OPTIONS /v1/messages HTTP/1.1");
    assert_eq!((options.status, options.body.len()), (204, 0));
    let allow = options.header("allow").unwrap();
    assert!(["GET", "HEAD", "POST"].iter().all(|it| allow.contains(it)), "{allow}");
    assert!(options.headers.iter().all(|it| !it.0.starts_with("access-control")), "{options:?}");
    assert_eq!(ask("OPTIONS * HTTP/1.1").status, 204);
    problem(&ask("OPTIONS /nothing HTTP/1.1"), 404, "not-found");
    problem(&ask("DELETE /v1/messages HTTP/1.1"), 405, "method-not-allowed");
    let get = ask("GET /v1/routes HTTP/1.1");
    let head = said(
        daemon.http(),
        format!("HEAD /v1/routes HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\n\r\n")
            .as_bytes(),
    );
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(head.contains(&format!("content-length: {}\r\n", get.body.len())), "{head}");
    let no_store = Some("no-store");
    for first in [
        "GET /v1/messages",
        "GET /v1/messages/x",
        "POST /v1/messages",
        "GET /v1/nothing",
        "PUT /v1/messages",
        "OPTIONS /v1/messages",
    ] {
        assert_eq!(ask(&format!("{first} HTTP/1.1")).header("cache-control"), no_store, "{first}");
    }
    let mut operator = daemon.operator();
    for path in ["/admin/v1/links", "/admin/v1/nothing"] {
        assert_eq!(operator.get(path).header("cache-control"), no_store, "{path}");
    }
    for path in ["/metrics", "/livez", "/readyz", "/statusz"] {
        assert_eq!(operator.get(path).header("cache-control"), None, "{path}");
    }
    let page = daemon.metrics();
    assert_eq!(
        page.value("http_requests_total{endpoint=\"GET /v1/routes\",code=\"200\"}"),
        2.0,
        "a head counts as a get"
    );
}

#[test]
fn nothing_comes_of_a_message_that_was_cancelled() {
    let daemon = funded();
    let mut client = daemon.client();
    let sent = sent(&daemon, &[], BODY.as_bytes()).json();
    let message = format!("/v1/messages/{}", sent["messages"][0]["id"].as_str().unwrap());
    let outcome = format!("{message}/outcome");
    assert_eq!(client.post(&outcome, &json!({ "verified": false })).status, 200, "it waits, and may yet be sent");
    assert_eq!(client.call("DELETE", &message, None).unwrap().status, 200);
    for verified in [true, false] {
        problem(&client.post(&outcome, &json!({ "verified": verified })), 409, "message-cancelled");
    }
}

#[test]
fn a_number_that_is_too_short_for_its_country_is_refused() {
    let daemon = funded();
    let mut client = daemon.client();
    for number in ["+316123", "+31 6 12", "+1212555010", "+1 (212) 555 01", "+44", "+337123456", "+4915"] {
        let refused = client.post("/v1/messages", &json!({ "to": number, "from": "YOURAPP", "text": "hi" }));
        assert_eq!(problem(&refused, 422, "invalid-request")["errors"][0]["pointer"], "/to", "{number}");
    }
    assert_eq!(messages(&daemon), 0);
}
