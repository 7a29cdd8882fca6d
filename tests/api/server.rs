//! Real sockets: what slow, greedy and broken clients get.

use super::world::{KEY, World};
use nuncio::api::server::connection_limit::Counts;
use nuncio::api::server::listener::Listener;
use nuncio::api::server::options::{Http, Listen, Subnets};
use nuncio::api::server::{HttpServer, PROTOCOLS};
use nuncio::dispatch::door::happening::Ask;
use nuncio::dispatch::door::plan::Subnet;
use nuncio::dispatch::door::reply::Denial;
use nuncio::wire::tls;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Longer than anything here takes, so that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(10);

struct Served {
    address: SocketAddr,
    counts: Arc<Counts>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    world: World,
}

fn options() -> Http {
    Http::at(Listen::parse("127.0.0.1:0").unwrap())
}

fn serve(options: &Http) -> Served {
    serve_world(World::new(), options)
}

fn serve_world(world: World, options: &Http) -> Served {
    serve_with(world, options, None)
}

fn serve_with(world: World, options: &Http, tls: Option<tls::TlsServer>) -> Served {
    let listener = Listener::bind(&options.listen).unwrap();
    let address = listener.address().unwrap_or_else(|| SocketAddr::from(([0; 4], 0)));
    let server = HttpServer::new(listener, world.application.clone(), options, tls);
    let answers = Arc::clone(&world.answers);
    let server = server.telling(Arc::new(move |endpoint, code, _| answers.lock().unwrap().push((endpoint, code))));
    let (stop, stopped) = watch::channel(false);
    let counts = server.counts();
    Served { address, counts, stop, running: tokio::spawn(server.run(stopped)), world }
}

fn post(body: &str) -> String {
    format!("POST /v1/messages HTTP/1.1\r\nHost: x\r\nX-API-KEY: {KEY}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

const BODY: &str = r#"{"to":"+31612345678","text":"hi"}"#;

/// Reads until the other side closes.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut octets = Vec::new();
    // A reset is a close too.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut octets)).await.expect("the server closes");
    String::from_utf8_lossy(&octets).into_owned()
}

/// Reads one answer with a Content-Length, and gives its status line.
async fn answer(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut octets = Vec::new();
    tokio::time::timeout(PATIENCE, async {
        loop {
            let text = String::from_utf8_lossy(&octets).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|it| it.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
                if length.is_some_and(|it| it <= body.len()) {
                    return text;
                }
            }
            assert_ne!(stream.read_buf(&mut octets).await.unwrap(), 0, "the server closed early: {text}");
        }
    })
    .await
    .expect("the server answers")
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn requests_are_answered_on_one_connection_and_over_a_unix_socket() {
    let served = serve(&options());
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(post(BODY).as_bytes()).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 202"));
    }
    assert_eq!(served.counts.open.load(Ordering::Relaxed), 1);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    // What a process before us left behind is in nobody's way.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let served = serve(&Http::at(Listen::Unix(path.clone())));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(post(BODY).as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 202"));
    assert!(Listener::bind(&Listen::Unix(path.clone())).is_err(), "a socket that is in use is left alone");
    served.stop.send_replace(true);
    served.running.await.unwrap();
    assert!(!path.exists());
    std::fs::write(&path, "mine").unwrap();
    assert!(Listener::bind(&Listen::Unix(path.clone())).is_err() && path.exists(), "a file is left alone");
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let short = Http { header_timeout: Duration::from_millis(100), ..options() };
    for start in ["", "POST /v1/mess", "PRI * HTTP/2.0\r\n\r\n"] {
        let served = serve(&short);
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let began = Instant::now();
        rest(&mut stream).await;
        assert!(Duration::from_millis(90) <= began.elapsed(), "{start:?} was cut at once");
        until("its place is free", || served.counts.open.load(Ordering::Relaxed) == 0).await;
    }
}

#[tokio::test]
async fn a_second_head_has_its_time_too_though_waiting_is_free() {
    let served = serve(&Http { header_timeout: Duration::from_millis(200), ..options() });
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(post(BODY).as_bytes()).await.unwrap();
    answer(&mut stream).await;
    // Longer than a head may take, and much less than the connection may be idle.
    tokio::time::sleep(Duration::from_millis(500)).await;
    stream.write_all(post(BODY).as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 202"));
    stream.write_all(b"POST /v1").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let served = serve(&Http {
        idle_timeout: Duration::from_millis(150),
        header_timeout: Duration::from_millis(100),
        ..options()
    });
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(post(BODY).as_bytes()).await.unwrap();
    answer(&mut stream).await;
    let began = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert!(Duration::from_millis(100) <= began.elapsed());
}

#[tokio::test]
async fn bodies_have_a_size_and_a_time() {
    let served = serve(&options());
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = format!("POST /v1/messages HTTP/1.1\r\nHost: x\r\nX-API-KEY: {KEY}\r\n");
    stream.write_all(format!("{head}Content-Length: 1048577\r\n\r\n").as_bytes()).await.unwrap();
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 413") && text.contains("/problems/body-too-large"), "{text}");

    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..20 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 413"));

    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(format!("{head}Content-Length: 10\r\n\r\n{{").as_bytes()).await.unwrap();
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("/problems/body-too-slow"), "{text}");
    assert_eq!(served.world.stored(), 0);
}

#[tokio::test]
async fn garbage_is_answered_and_forgotten() {
    let served = serve(&options());
    for garbage in ["\u{0}\u{1}\u{2}garbage\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n\r\nno\r\n\r\n"] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(garbage.as_bytes()).await.unwrap();
        let text = rest(&mut stream).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 400"), "{text}");
    }
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let huge = format!("GET / HTTP/1.1\r\nX-Long: {}", "x".repeat(128 * 1024));
    let _ = stream.write_all(huge.as_bytes()).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 431"));
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(post(BODY).as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 202"));
}

#[tokio::test]
async fn there_are_only_so_many_connections() {
    for (options, by_address) in [
        (Http { max_connections_per_address: 2, ..options() }, true),
        (Http { max_connections: 2, ..options() }, false),
    ] {
        let served = serve(&options);
        let held =
            [TcpStream::connect(served.address).await.unwrap(), TcpStream::connect(served.address).await.unwrap()];
        until("both are taken", || served.counts.open.load(Ordering::Relaxed) == 2).await;
        let mut third = TcpStream::connect(served.address).await.unwrap();
        third.write_all(post(BODY).as_bytes()).await.unwrap();
        let refused = rest(&mut third).await;
        assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("/problems/too-many-connections"), "{refused}");
        assert!(refused.contains("retry-after: 5\r\n") && refused.contains("connection: close\r\n"), "{refused}");
        let counts =
            (served.counts.refused.load(Ordering::Relaxed), served.counts.refused_by_address.load(Ordering::Relaxed));
        assert_eq!(counts, if by_address { (0, 1) } else { (1, 0) });
        drop(held);
        until("they are given back", || served.counts.open.load(Ordering::Relaxed) == 0).await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(post(BODY).as_bytes()).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 202"));
    }
}

#[tokio::test]
async fn a_stop_lets_running_requests_end_and_takes_no_more() {
    let mut world = World::stuck(super::world::plan(), 8);
    let mut lane = world.lane.take().unwrap();
    let served = serve_world(world, &options());
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    let mut busy = TcpStream::connect(served.address).await.unwrap();
    busy.write_all(post(BODY).as_bytes()).await.unwrap();
    let call = lane.recv().await.expect("the request reaches the loop");
    served.stop.send_replace(true);
    assert_eq!(rest(&mut idle).await, "", "who asks nothing is sent away");
    until("nobody listens", || std::net::TcpStream::connect(served.address).is_err()).await;
    assert!(!served.running.is_finished(), "a request is still running");
    let nuncio::api::handler::context::LoopRequest::Ask(Ask::Submit(_), to) = call else { panic!("a submission") };
    to.send(Err(Denial::Draining)).unwrap();
    assert!(rest(&mut busy).await.starts_with("HTTP/1.1 503"));
    tokio::time::timeout(PATIENCE, served.running).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_connection_lives() {
    let served = serve(&options());
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    served.world.broken.store(true, Ordering::Relaxed);
    stream.write_all(post(BODY).as_bytes()).await.unwrap();
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 500") && text.contains("/problems/internal"), "{text}");
    assert!(text.contains("\"instance\":\"/v1/messages\""), "{text}");
    assert_eq!(*served.world.refusals.lock().unwrap(), [("queue", 500)], "a panic refuses, too");
    served.world.broken.store(false, Ordering::Relaxed);
    stream.write_all(post(BODY).as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 202"));
    assert_eq!(*served.world.answers.lock().unwrap(), [("POST /v1/messages", 500), ("POST /v1/messages", 202)]);
}

#[tokio::test]
async fn http2_runs_many_requests_on_one_connection() {
    use http_body_util::{BodyExt, Full};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let served = serve(&options());
    let stream = TcpStream::connect(served.address).await.unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let driver = tokio::spawn(connection);
    let ask = || {
        let request = axum::http::Request::post("http://x/v1/messages").header("x-api-key", KEY);
        let mut sender = sender.clone();
        let request = request.body(Full::new(axum::body::Bytes::from_static(BODY.as_bytes()))).unwrap();
        async move {
            let response = sender.send_request(request).await.unwrap();
            let status = response.status();
            (status.as_u16(), response.into_body().collect().await.unwrap().to_bytes().len())
        }
    };
    let asked: Vec<_> = (0..50).map(|_| tokio::spawn(ask())).collect();
    for answer in asked {
        let (status, length) = answer.await.unwrap();
        assert!(status == 202 && 0 < length);
    }
    assert_eq!((served.counts.open.load(Ordering::Relaxed), served.world.stored()), (1, 50));
    served.stop.send_replace(true);
    tokio::time::timeout(PATIENCE, served.running).await.expect("the server ends").unwrap();
    driver.await.unwrap().unwrap();
}

#[tokio::test]
async fn tls_is_spoken_where_it_is_given_and_plain_text_is_cut() {
    let identity = crate::identity::identity();
    let ours = tls::TlsServer::new(&identity.serving(), &PROTOCOLS).unwrap();
    let options = Http { header_timeout: Duration::from_millis(300), ..options() };
    let served = serve_with(World::new(), &options, Some(ours));
    let client = identity.client();
    let tcp = TcpStream::connect(served.address).await.unwrap();
    let mut stream = client.connect("localhost", tcp).await.unwrap();
    stream.write_all(post(BODY).as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 202"));
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(rest(&mut silent).await, "", "a handshake has its time");
    let mut plain = TcpStream::connect(served.address).await.unwrap();
    plain.write_all(post(BODY).as_bytes()).await.unwrap();
    assert!(!rest(&mut plain).await.contains("HTTP/1.1 202"));
}

#[tokio::test]
async fn a_proxy_speaks_before_tls_and_who_finds_no_place_is_told_so_in_it() {
    let identity = crate::identity::identity();
    let ours = tls::TlsServer::new(&identity.serving(), &PROTOCOLS).unwrap();
    let local = Subnet { address: std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped().to_bits(), bits: 128 };
    let options = Http { max_connections_per_address: 1, proxy_from: Subnets(vec![local]), ..options() };
    let served = serve_with(World::new(), &options, Some(ours));
    let client = identity.client();
    let secured = async |address: &str| {
        let mut tcp = TcpStream::connect(served.address).await.unwrap();
        tcp.write_all(format!("PROXY TCP4 {address} 10.0.0.1 4711 443\r\n").as_bytes()).await.unwrap();
        let mut stream = client.connect("localhost", tcp).await.unwrap();
        stream.write_all(post(BODY).as_bytes()).await.unwrap();
        let said = answer(&mut stream).await;
        (stream, said)
    };
    let held = secured("192.0.2.1").await;
    assert!(held.1.starts_with("HTTP/1.1 202"), "{}", held.1);
    let refused = secured("192.0.2.1").await.1;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("/problems/too-many-connections"), "{refused}");
    assert!(secured("192.0.2.2").await.1.starts_with("HTTP/1.1 202"));
    assert_eq!(served.counts.refused_by_address.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection() {
    let served = serve(&Http { idle_timeout: Duration::from_millis(300), ..options() });
    let numbers: Vec<String> = (0..1_000).map(|it| format!("+{}", 31_600_000_000_u64 + it)).collect();
    let answer = served.world.send(serde_json::json!({ "to": numbers, "text": "hi" })).await;
    assert_eq!(answer.status, 202);
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let list = format!("GET /v1/messages?limit=1000 HTTP/1.1\r\nHost: x\r\nX-API-KEY: {KEY}\r\n\r\n");
    // More answers than the sockets between us can hold.
    stream.write_all(list.repeat(60).as_bytes()).await.unwrap();
    until("it is taken", || served.counts.open.load(Ordering::Relaxed) == 1).await;
    until("it is cut", || served.counts.open.load(Ordering::Relaxed) == 0).await;
    assert!(served.world.answers.lock().unwrap().len() < 60, "the answers were not read, and were all written");
}
