//! What one customer costs another.

use crate::daemon::client::Client;
use crate::daemon::{Daemon, account, carrier, digest, quiet_port, route, until};
use crate::operation::requests::BODY;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const GREEDY: &str = "the key of somebody greedy";

fn daemon() -> Daemon {
    let digest = digest(GREEDY);
    let greedy = format!("[[account]]\nid = \"greedy\"\nkey_sha256 = [\"{digest}\"]\nroutes = [1]\n");
    Daemon::start(&(account("[1]") + &greedy + &carrier(quiet_port(), "") + &route("")))
}

/// Sends so many messages, and gives how long half of them took at most.
fn median(client: &mut Client, count: usize) -> Duration {
    let body = serde_json::from_str(BODY).unwrap();
    let mut took: Vec<_> = (0..count)
        .map(|_| {
            let began = Instant::now();
            let reply = client.post("/v1/messages", &body);
            assert_eq!(reply.status, 202, "{}", reply.text());
            began.elapsed()
        })
        .collect();
    took.sort();
    took[count / 2]
}

/// A request of a megabyte that has come to this length.
fn begun(daemon: &Daemon, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(daemon.http()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {GREEDY}\r\ncontent-length: {}\r\n\r\n",
        1 << 20
    );
    // It may be refused while it is sent.
    _ = stream.write_all(&[head.as_bytes(), &vec![b' '; length]].concat());
    stream
}

#[test]
fn bodies_that_are_announced_and_do_not_come_cost_others_nothing() {
    let daemon = daemon();
    let mut client = daemon.client();
    let before = median(&mut client, 200);
    let greedy: Vec<TcpStream> = (0..300).map(|_| begun(&daemon, 1)).collect();
    let meanwhile = median(&mut client, 200);
    assert!(meanwhile <= before * 2 + Duration::from_millis(20), "{before:?} before, {meanwhile:?} meanwhile");
    // Its own requests are not refused either: nothing is held but what has come.
    median(&mut daemon.client_with(GREEDY), 10);
    drop(greedy);
}

#[test]
fn bodies_that_come_and_do_not_end_are_refused_before_those_of_others() {
    let daemon = daemon();
    let almost = (1 << 20) - 1;
    let greedy: Vec<TcpStream> = (0..150).map(|_| begun(&daemon, almost)).collect();
    let refused = |stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        let mut octets = [0; 1_024];
        let count = { stream }.read(&mut octets).unwrap_or(0);
        let text = String::from_utf8_lossy(&octets[..count]).into_owned();
        (!text.is_empty()).then_some(text)
    };
    let answers = until("some are refused", Duration::from_secs(20), || {
        let answers: Vec<String> = greedy.iter().filter_map(refused).collect();
        (!answers.is_empty()).then_some(answers)
    });
    for answer in answers {
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1\r\n"), "{answer}");
    }
    median(&mut daemon.client(), 50);
    assert!(daemon.rss() < 400 << 20, "{}", daemon.rss());
}
