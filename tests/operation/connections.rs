//! Connections: how many there may be, and for whom they are.

use crate::daemon::client::Reply;
use crate::daemon::{Daemon, KEY, account, carrier, quiet_port, route, until};
use crate::operation::requests::problem;
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A daemon with these lines of `[http]`, whose account may be used from 192.0.2.0/24 or from `more`.
fn daemon(http: &str, more: &str) -> Daemon {
    let shop = account("[1]") + &format!("allow_from = [\"192.0.2.0/24\", {more}]\n");
    Daemon::start(&(format!("[http]\n{http}\n") + &shop + &carrier(quiet_port(), "") + &route("")))
}

fn connect(at: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    BufReader::new(stream)
}

/// Asks on a connection that is kept.
fn ask(connection: &mut BufReader<TcpStream>, lines: &str) -> Reply {
    connection.get_mut().write_all(request(lines).as_bytes()).unwrap();
    Reply::read(connection).unwrap()
}

fn request(lines: &str) -> String {
    format!("GET /v1/routes HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{lines}\r\n")
}

/// A connection that a proxy opened for this address, which is of IPv4.
fn proxied(at: SocketAddr, address: [u8; 4]) -> BufReader<TcpStream> {
    let mut connection = connect(at);
    connection.get_mut().write_all(&header(0x21, address)).unwrap();
    connection
}

/// A header of the PROXY protocol, version 2.
fn header(version_command: u8, address: [u8; 4]) -> Vec<u8> {
    let ports = [10, 0, 0, 1, 0x12, 0x34, 0, 80];
    [b"\r\n\r\n\0\r\nQUIT\n" as &[u8], &[version_command, 0x11, 0, 12], &address, &ports].concat()
}

fn refused(daemon: &Daemon, reason: &str) -> f64 {
    daemon.metrics().value(&format!("http_connections_refused_total{{reason=\"{reason}\"}}"))
}

#[test]
fn a_connection_over_the_bound_is_answered_and_counted_and_told_of_once() {
    for (bound, reason) in [("max_connections_per_address = 3", "address"), ("max_connections = 3", "all")] {
        let daemon = daemon(bound, "\"127.0.0.1\"");
        let mut held: Vec<_> = (0..3).map(|_| connect(daemon.http())).collect();
        assert!(held.iter_mut().all(|it| ask(it, "").status == 200));
        let mut more: Vec<_> = (0..50).map(|_| connect(daemon.http())).collect();
        for connection in &mut more {
            let answer = ask(connection, "");
            problem(&answer, 503, "too-many-connections");
            assert_eq!((answer.header("retry-after"), answer.header("connection")), (Some("5"), Some("close")));
            assert_eq!(connection.read(&mut [0]).unwrap(), 0, "it is closed, not reset");
        }
        assert_eq!(refused(&daemon, reason), 50.0);
        assert_eq!(daemon.count("connections are refused"), 1, "and each minute from then on");
        drop(held);
        until("places are free again", Duration::from_secs(10), || {
            (ask(&mut connect(daemon.http()), "").status == 200).then_some(())
        });
    }
}

#[test]
fn a_proxy_that_is_believed_says_for_whom_a_connection_is() {
    let daemon = daemon("proxy_from = [\"127.0.0.0/8\"]\nmax_connections_per_address = 2", "");
    let at = daemon.http();
    let mut held = [proxied(at, [192, 0, 2, 1]), proxied(at, [192, 0, 2, 1])];
    assert!(held.iter_mut().all(|it| ask(it, "").status == 200));
    problem(&ask(&mut proxied(at, [192, 0, 2, 1]), ""), 503, "too-many-connections");
    assert_eq!(daemon.said("connections are refused", 1)["latest"], "192.0.2.1");
    assert_eq!(ask(&mut proxied(at, [192, 0, 2, 2]), "").status, 200, "another address has places of its own");
    problem(&ask(&mut proxied(at, [203, 0, 113, 1]), ""), 403, "network-refused");
    let forged = ask(&mut proxied(at, [203, 0, 113, 1]), "x-forwarded-for: 192.0.2.2\r\n");
    problem(&forged, 403, "network-refused");
    // A check of the proxy's own: LOCAL.
    let mut own = connect(at);
    own.get_mut().write_all(&header(0x20, [192, 0, 2, 2])).unwrap();
    problem(&ask(&mut own, ""), 403, "network-refused");
    // In pieces, as TCP may bring it; and as text.
    let mut slow = connect(at);
    for octet in header(0x21, [192, 0, 2, 3]) {
        slow.get_mut().write_all(&[octet]).unwrap();
    }
    assert_eq!(ask(&mut slow, "").status, 200);
    let mut text = connect(at);
    text.get_mut().write_all(b"PROXY TCP4 192.0.2.4 10.0.0.1 4711 80\r\n").unwrap();
    assert_eq!(ask(&mut text, "").status, 200);
    for malformed in [header(0x11, [192, 0, 2, 5]), b"PROXY TCP4 nonsense\r\n".to_vec()] {
        let mut connection = connect(at);
        connection.get_mut().write_all(&malformed).unwrap();
        assert_eq!(connection.read(&mut [0]).unwrap_or(0), 0, "it is closed");
    }
    // A look whether anybody listens is no fault.
    drop(connect(at));
    assert_eq!((refused(&daemon, "proxy"), refused(&daemon, "address")), (2.0, 1.0));
}

#[test]
fn a_proxy_that_is_believed_says_for_whom_a_request_is() {
    let daemon = daemon("proxy_from = [\"127.0.0.1\"]\nmax_connections_per_address = 2", "");
    let at = daemon.http();
    let mut connection = connect(at);
    let mut asked = |lines: &str| ask(&mut connection, lines);
    assert_eq!(asked("x-forwarded-for: 203.0.113.1, 192.0.2.1\r\n").status, 200);
    assert_eq!(asked("forwarded: for=\"192.0.2.1:4711\";proto=https\r\n").status, 200);
    problem(&asked("x-forwarded-for: 192.0.2.1, 203.0.113.1\r\n"), 403, "network-refused");
    problem(&asked("forwarded: for=192.0.2.1, for=203.0.113.1\r\n"), 403, "network-refused");
    problem(&asked(""), 403, "network-refused");
    let both = asked("forwarded: for=192.0.2.1\r\nx-forwarded-for: 203.0.113.1\r\n");
    problem(&both, 400, "invalid-header");
    assert_eq!(both.header("cache-control"), Some("no-store"));
    // Requests that run count as connections do, each for whom it is.
    let head = format!("POST /v1/estimate HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n");
    let slow = |address: &str| {
        let mut slow = connect(at);
        let head = format!("{head}x-forwarded-for: {address}\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n");
        slow.get_mut().write_all(head.as_bytes()).unwrap();
        assert_eq!(Reply::read(&mut slow).unwrap().status, 100, "it runs");
        slow
    };
    let _running = [slow("192.0.2.1"), slow("192.0.2.1")];
    let mut other = connect(at);
    problem(&ask(&mut other, "x-forwarded-for: 192.0.2.1\r\n"), 503, "too-many-connections");
    assert_eq!(ask(&mut other, "x-forwarded-for: 192.0.2.2\r\n").status, 200);
}

#[test]
fn from_anybody_else_the_words_of_a_proxy_mean_nothing() {
    let daemon = daemon("proxy_from = [\"10.0.0.0/8\"]", "");
    let mut connection = connect(daemon.http());
    for line in ["x-forwarded-for: 192.0.2.1\r\n", "forwarded: for=192.0.2.1\r\n"] {
        problem(&ask(&mut connection, line), 403, "network-refused");
    }
    // In one write: what is refused is closed, at once.
    let mut proxied = connect(daemon.http());
    proxied.get_mut().write_all(&[&header(0x21, [192, 0, 2, 1]) as &[u8], request("").as_bytes()].concat()).unwrap();
    problem(&Reply::read(&mut proxied).unwrap(), 400, "malformed-request");
}
