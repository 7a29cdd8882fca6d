//! Files of recipients through the binary: large ones, rude ones, and those that stop half way.

use super::requests::{messages, problem, said};
use crate::daemon::client::Reply;
use crate::daemon::web::{Act, Web};
use crate::daemon::{Daemon, KEY, account, carrier, quiet_port, route, until};
use serde_json::{Value, json};
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const PRICED: &str = "price = { default = \"0.087\", currency = \"EUR\" }\n";
/// More than the file takes itself: what is made of 10,000 lines of it, the store's caches, and the daemon.
const MEMORY_MAX: u64 = 160 << 20;
/// How long others wait while a file is made orders of: it is judged beside them, and enters in slices.
const OTHERS_MAX: Duration = Duration::from_secs(2);

fn daemon(of_account: &str, http: &str) -> Daemon {
    let config = account("[1]") + of_account + &carrier(quiet_port(), "") + &route(PRICED);
    Daemon::start(&format!("[http]\n{http}\n{config}"))
}

fn head(query: &str, more: &str) -> String {
    format!(
        "POST /v1/messages?{query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-type: text/csv\r\n\
         connection: close\r\n{more}\r\n"
    )
}

pub(super) fn send(daemon: &Daemon, query: &str, key: Option<&str>, file: &[u8]) -> Reply {
    teach(daemon, query, file);
    let key = key.map_or(String::new(), |it| format!("idempotency-key: {it}\r\n"));
    let mut stream = TcpStream::connect(daemon.http()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    stream.write_all(head(query, &format!("content-length: {}\r\n{key}", file.len())).as_bytes()).unwrap();
    // It may be refused before all of it has come.
    _ = stream.write_all(file);
    Reply::read(&mut BufReader::new(stream)).unwrap()
}

/// What the daemon is told and must not say.
fn teach(daemon: &Daemon, query: &str, file: &[u8]) {
    daemon.silence().learn_query(&format!("?{query}"));
    daemon.silence().learn_sheet(file);
}

/// So many recipients, each with a number, a name and a reference of its own.
fn file(count: usize) -> Vec<u8> {
    let line = |it: usize| format!("+3161{it:07},Recipient {it},\"order {it}, \"\"a\"\"\"\r\n");
    ("to,name,client_ref\r\n".to_owned() + &(0..count).map(line).collect::<String>()).into_bytes()
}

const PERSONAL: &str = "from=YOURAPP&text=Dear%20%7Bname%7D%2C%20your%20parcel%20is%20on%20its%20way.";

/// How many messages each order has, newest first, over all pages.
fn orders(daemon: &Daemon) -> Vec<u64> {
    let (mut client, mut found, mut path) = (daemon.client(), Vec::new(), "/v1/orders".to_owned());
    loop {
        let page = client.get(&path).json();
        found.extend(page["data"].as_array().unwrap().iter().map(|it| it["total"].as_u64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { return found };
        path = format!("/v1/orders?cursor={cursor}");
    }
}

#[test]
fn a_hundred_thousand_lines_are_ten_orders_within_bounded_memory() {
    let daemon = daemon("", "");
    let one = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "1234" });
    let before = daemon.client().post("/v1/messages", &one).json()["messages"][0]["id"].clone();
    let one_before = format!("/v1/messages/{}", before.as_str().unwrap());
    assert_eq!(daemon.client().call("DELETE", &one_before, None).unwrap().status, 200);
    let (idle, file, began) = (daemon.peak(), file(100_000), Instant::now());
    let (reply, slowest) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| send(&daemon, PERSONAL, None, &file));
        let (mut client, mut slowest) = (daemon.client(), Duration::ZERO);
        while !sender.is_finished() {
            let asked = Instant::now();
            assert_eq!(client.post("/v1/estimate", &one).status, 200);
            // What only the loop can say: it has left, or has been taken back before.
            assert_eq!(client.call("DELETE", &one_before, None).unwrap().status, 409);
            slowest = slowest.max(asked.elapsed());
        }
        (sender.join().unwrap(), slowest)
    });
    let took = began.elapsed();
    assert_eq!(reply.status, 202, "{}", reply.text());
    let told = reply.json();
    assert_eq!((&told["count"], &told["rejected"], &told["stopped"]), (&json!(100_000), &json!([]), &Value::Null));
    assert_eq!(told["orders"].as_array().unwrap().len(), 10);
    let peak = daemon.peak();
    println!(
        "{} octets in {took:?}, others in {slowest:?}; memory {} MiB, before {} MiB",
        file.len(),
        peak >> 20,
        idle >> 20
    );
    assert!(slowest < OTHERS_MAX, "{slowest:?}");
    assert!(peak < MEMORY_MAX, "{} MiB", peak >> 20);
    assert_eq!(orders(&daemon), [&[10_000; 10][..], &[1]].concat());
    let last = &told["orders"][9]["order_id"];
    let lines = daemon.client().get(&format!("/v1/orders/{last}/messages?format=csv")).text();
    assert_eq!(lines.lines().count(), 10_001);
    assert!(lines.contains("+31610099999,\"order 99999, \"\"a\"\"\",QUEUED,"));
}

#[test]
fn rude_files_are_refused_with_their_line_and_nothing_is_stored_of_them() {
    let daemon = daemon("", "body_timeout = \"1s\"");
    let at = daemon.http();
    let good: String = (0..9_999).map(|it| format!("+3161{it:07},a\n")).collect();
    let with = |end: &str| format!("to,text\n{good}{end}").into_bytes();
    for (file, status, code, pointer) in [
        (with("\""), 400, "malformed-csv", "/lines/10001"),
        (with("+31,\"never closed"), 400, "malformed-csv", "/lines/10001"),
        (with("+31612345678,a,b\n"), 400, "malformed-csv", "/lines/10001"),
        (with("+31612345678,a\0\n"), 400, "malformed-csv", "/lines/10001"),
        (with("+31612345678,a\rb\n"), 400, "malformed-csv", "/lines/10001"),
        (b"to,text\n+31612345678,\xE9\n".to_vec(), 400, "malformed-csv", "/lines/2"),
        (b"to,text,to\n+31612345678,a,b\n".to_vec(), 422, "invalid-request", "/lines/1"),
        (vec![b'"'; (1 << 20) + 1], 400, "malformed-csv", "/lines/1"),
        (vec![b','; 1 << 20], 400, "malformed-csv", "/lines/1"),
        (vec![b'\n'; 1 << 20], 400, "malformed-csv", "/lines/1"),
        (vec![0; 1 << 20], 400, "malformed-csv", "/lines/1"),
    ] {
        let refused = send(&daemon, "from=YOURAPP", None, &file);
        assert_eq!(problem(&refused, status, code)["errors"][0]["pointer"], pointer, "{}", refused.text());
    }
    let many = send(&daemon, "from=YOURAPP&text=a", None, &file(100_001));
    assert!(problem(&many, 413, "body-too-large")["detail"].as_str().unwrap().contains("100000"));
    // One that says that it has 10 GB, one that has and does not say it, one that never ends, one that breaks off.
    let said_so = said(at, head("from=YOURAPP", "content-length: 10000000000\r\n").as_bytes());
    problem(&Reply::read(&mut &*said_so).unwrap(), 413, "body-too-large");
    problem(&endless(at, &[b'x'; 64 << 10], Duration::ZERO), 413, "body-too-large");
    problem(&endless(at, b"+31612345678,a\n", Duration::from_millis(100)), 408, "body-too-slow");
    drop(TcpStream::connect(at).unwrap().write_all((head("", "content-length: 100\r\n") + "to,text\n+31").as_bytes()));
    assert!(daemon.peak() < MEMORY_MAX, "{} MiB", daemon.peak() >> 20);
    assert_eq!((messages(&daemon), orders(&daemon)), (0, vec![]));
    let fine = send(&daemon, "from=YOURAPP", None, &[&b"\xEF\xBB\xBF"[..], &with("")].concat());
    assert_eq!((fine.status, &fine.json()["count"]), (202, &json!(9_999)), "{}", fine.text());
}

/// A file that goes on until it is refused, in chunks.
fn endless(at: SocketAddr, chunk: &[u8], pause: Duration) -> Reply {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(head("from=YOURAPP", "transfer-encoding: chunked\r\n").as_bytes()).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let writer = std::thread::spawn({
        let chunk = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
        move || {
            while stream.write_all(&chunk).is_ok() {
                std::thread::sleep(pause);
            }
        }
    });
    let reply = Reply::read(&mut reader).unwrap();
    drop(reader);
    writer.join().unwrap();
    reply
}

#[test]
fn a_file_that_costs_more_than_there_is_is_refused_before_its_first_order() {
    let daemon = daemon("balance = \"managed\"\n", "");
    let credit = json!({ "amount": "1000", "note": "a" });
    assert_eq!(daemon.operator().post("/admin/v1/accounts/shop/credit", &credit).status, 201);
    let refused = send(&daemon, "from=YOURAPP&text=a", None, &file(12_000));
    problem(&refused, 402, "insufficient-balance");
    assert!(orders(&daemon).is_empty());
    let fits = send(&daemon, "from=YOURAPP&text=a", Some("k"), &file(11_000)).json();
    assert_eq!((&fits["cost"], &fits["balance_after"]), (&json!("957.000"), &json!("43.000")));
    assert_eq!(send(&daemon, "from=YOURAPP&text=b", None, &file(1)).json()["balance_after"], "42.913");
    let again = send(&daemon, "from=YOURAPP&text=a", Some("k"), &file(11_000));
    assert_eq!((again.header("idempotent-replayed"), again.json()), (Some("true"), fits), "what it had left then");
}

#[test]
fn a_file_that_a_quota_stops_says_where_and_goes_on_there_under_its_key() {
    let mut daemon = daemon("quota = \"15000/1d\"\n", "");
    let (file, key) = (file(25_000), Some("spring"));
    let reply = send(&daemon, PERSONAL, key, &file);
    assert_eq!(reply.status, 202, "{}", reply.text());
    let told = reply.json();
    assert_eq!((&told["count"], &told["stopped"]["line"]), (&json!(10_000), &json!(10_002)));
    assert_eq!(
        (&told["stopped"]["type"], &told["stopped"]["status"]),
        (&json!("/problems/quota-exceeded"), &json!(429))
    );
    let first = told["orders"][0]["order_id"].clone();
    daemon.configure(&(account("[1]") + "quota = \"100000/1d\"\n" + &carrier(quiet_port(), "") + &route(PRICED)));
    daemon.kill();
    daemon.restart();
    let again = send(&daemon, PERSONAL, key, &file);
    let told = again.json();
    assert_eq!(
        (&told["count"], &told["stopped"], &told["orders"][0]["order_id"]),
        (&json!(25_000), &Value::Null, &first)
    );
    assert_eq!((again.header("idempotent-replayed"), told["orders"].as_array().unwrap().len()), (None, 3));
    let third = send(&daemon, PERSONAL, key, &file);
    assert_eq!(
        (third.header("idempotent-replayed"), third.json()["orders"].clone()),
        (Some("true"), told["orders"].clone())
    );
    problem(&send(&daemon, "from=YOURAPP&text=b", key, &file), 422, "idempotency-key-reused");
    assert_eq!(orders(&daemon), [5_000, 10_000, 10_000]);
}

#[test]
fn a_kill_in_the_middle_of_a_file_leaves_whole_orders_and_its_key_finishes_it() {
    let mut daemon = daemon("", "");
    let file = file(60_000);
    let (http, sent) = (daemon.http(), file.clone());
    teach(&daemon, PERSONAL, &file);
    let sender = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(http).unwrap();
        let more = format!("content-length: {}\r\nidempotency-key: k\r\n", sent.len());
        _ = stream.write_all(head(PERSONAL, &more).as_bytes()).and_then(|()| stream.write_all(&sent));
        _ = Reply::read(&mut BufReader::new(stream));
    });
    until("the first orders", Duration::from_secs(60), || (2 <= orders(&daemon).len()).then_some(()));
    daemon.kill();
    sender.join().unwrap();
    daemon.restart();
    let left = orders(&daemon);
    assert!(left.iter().all(|it| *it == 10_000), "{left:?}");
    let again = send(&daemon, PERSONAL, Some("k"), &file).json();
    assert_eq!((&again["count"], again["orders"].as_array().unwrap().len()), (&json!(60_000), 6));
    let mut client = daemon.client();
    let all =
        again["orders"].as_array().unwrap().iter().map(|it| client.get(&format!("/v1/orders/{}", it["order_id"])));
    assert!(all.into_iter().all(|it| it.json()["total"] == 10_000));
}

#[test]
fn each_order_of_a_file_waits_for_the_rate_of_its_account() {
    let daemon = daemon("rate = \"2/s\"\n", "");
    let began = Instant::now();
    let told = send(&daemon, PERSONAL, None, &file(40_000)).json();
    assert_eq!((&told["count"], &told["stopped"]), (&json!(40_000), &Value::Null));
    assert!(Duration::from_millis(900) < began.elapsed(), "{:?}", began.elapsed());
}

#[test]
fn a_number_that_is_looked_up_and_refused_is_refused_in_each_order_and_nobody_else_is() {
    let web = Web::start(|_, asked| {
        let kind = if asked.first.contains("/v1/3120") { "landline" } else { "mobile" };
        Act::Reply(200, "", json!({ "line": { "type": kind } }).to_string())
    });
    let lookup =
        format!("[lookup]\nurl = \"http://127.0.0.1:{}/v1/{{to_digits}}\"\nline_type = \"/line/type\"\n", web.port());
    let config = lookup + &account("[1]") + &carrier(quiet_port(), "") + &route("class = \"otp\"");
    let daemon = Daemon::start(&config);
    let lines = "06\n".repeat(9_997);
    let csv =
        format!("to\n{lines}+31201234567\n+31612345671\n+31612345672\n+31201234567\n+31612345671\n+31612345673\n");
    let told = send(&daemon, "from=YOURAPP&text=1234", None, csv.as_bytes()).json();
    let refused: Vec<u64> = told["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["code"] == "number_invalid")
        .map(|it| it["line"].as_u64().unwrap())
        .collect();
    assert_eq!(refused, [9_999, 10_002]);
    assert_eq!(told["duplicates"], json!({ "count": 1, "left_out": [{ "line": 10_003, "to": "+31612345671" }] }));
    assert_eq!((&told["count"], told["rejected"].as_array().unwrap().len()), (&json!(3), 9_999));
    assert_eq!(web.asked().len(), 4, "each number once");
}
