//! TLS against OpenSSL and against ourselves.

use super::driver::Agreeable;
use crate::identity::{Identity, identity};
use nuncio::session::output::CloseReason;
use nuncio::wire::driver::{Ended, drive};
use nuncio::wire::pin::Pin;
use nuncio::wire::tls::{Client, ClientOptions, MinVersion, Security, Server, ServerOptions, TlsError, alert};
use nuncio::wire::transport::{ConnectError, Refusal, Stream, Target, connect};
use rustls::AlertDescription;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// OpenSSL as a server that sends each line back reversed.
struct OpenSsl {
    child: Child,
    port: u16,
}

impl OpenSsl {
    fn serve(identity: &Identity) -> Self {
        Self::serve_with(identity, &[])
    }

    fn serve_with(identity: &Identity, more: &[&str]) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_server", "-rev", "-accept", "127.0.0.1:0"])
            .args(more)
            .arg("-cert")
            .arg(&identity.certificate)
            .arg("-key")
            .arg(&identity.key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix("ACCEPT")?.rsplit_once(':')?.1.parse().ok());
        std::thread::spawn(move || lines.count());
        Self { child, port: port.expect("openssl says where it listens") }
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn target(port: u16, tls: Option<Client>) -> Target {
    Target {
        addresses: vec![format!("localhost:{port}")],
        local_address: Some([127, 0, 0, 1].into()),
        connect_timeout: Duration::from_secs(5),
        tls,
    }
}

/// The one reason for which TLS was not agreed upon.
fn why(error: ConnectError) -> TlsError {
    let [only] = <[_; 1]>::try_from(error.tries).unwrap();
    match only.why {
        Refusal::Tls(why) => why,
        other => panic!("not TLS: {other}"),
    }
}

#[tokio::test]
async fn openssl_is_understood() {
    let Some(identity) = identity() else { return };
    let openssl = OpenSsl::serve(&identity);
    let (mut stream, _) = connect(&target(openssl.port, Some(identity.client()))).await.unwrap();
    stream.write_all(b"tired\n").await.unwrap();
    stream.flush().await.unwrap();
    let mut back = [0; 6];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"derit\n");
}

#[tokio::test]
async fn a_certificate_of_another_name_or_of_nobody_is_not_accepted() {
    let (Some(identity), Some(stranger)) = (identity(), crate::identity::identity()) else {
        return;
    };
    let openssl = OpenSsl::serve(&identity);
    let elsewhere = ClientOptions { server_name: Some("example.net".to_owned()), ..identity.trusting() };
    for client in [Client::new(&elsewhere).unwrap(), stranger.client()] {
        let error = connect(&target(openssl.port, Some(client))).await.unwrap_err();
        let why = why(error);
        assert!(matches!(why, TlsError::Untrusted(_)), "{why}");
    }
}

#[tokio::test]
async fn a_pinned_certificate_and_no_other_is_accepted() {
    let (Some(identity), Some(stranger)) = (identity(), crate::identity::identity()) else {
        return;
    };
    let openssl = OpenSsl::serve(&identity);
    let next = self::identity().unwrap();
    let pinned =
        |pins: &[Pin]| Client::new(&ClientOptions { pins: pins.to_vec(), ..ClientOptions::default() }).unwrap();
    let key = Pin::of_key(&identity.der()).unwrap();
    for pins in [&[identity.pin()][..], &[next.pin(), identity.pin()], &[key]] {
        connect(&target(openssl.port, Some(pinned(pins)))).await.unwrap();
    }
    let error = connect(&target(openssl.port, Some(pinned(&[stranger.pin(), next.pin()])))).await.unwrap_err();
    assert!(matches!(why(error), TlsError::NotPinned(found) if found == identity.pin()));
    // Beside a CA both have to hold.
    let beside = |ca: &Identity, pin: Pin| Client::new(&ClientOptions { pins: vec![pin], ..ca.trusting() }).unwrap();
    connect(&target(openssl.port, Some(beside(&identity, key)))).await.unwrap();
    let error = connect(&target(openssl.port, Some(beside(&identity, next.pin())))).await.unwrap_err();
    assert!(matches!(why(error), TlsError::NotPinned(_)));
    let error = connect(&target(openssl.port, Some(beside(&stranger, key)))).await.unwrap_err();
    assert!(matches!(why(error), TlsError::Untrusted(_)));
    // A renewal that keeps the key changes the pin of the certificate, and not that of the key.
    let before = identity.pin();
    identity.renew();
    assert!(before != identity.pin() && Some(key) == Pin::of_key(&identity.der()));
}

#[tokio::test]
async fn a_certificate_that_stands_in_the_file_itself_is_accepted_under_its_name() {
    let (Some(identity), Some(other)) = (identity(), crate::identity::identity()) else {
        return;
    };
    identity.renew_as_authority();
    let openssl = OpenSsl::serve(&identity);
    connect(&target(openssl.port, Some(identity.client()))).await.unwrap();
    let elsewhere = ClientOptions { server_name: Some("example.net".to_owned()), ..identity.trusting() };
    for client in [Client::new(&elsewhere).unwrap(), other.client()] {
        let why = why(connect(&target(openssl.port, Some(client))).await.unwrap_err());
        assert!(matches!(why, TlsError::Untrusted(_)), "{why}");
    }
}

#[tokio::test]
async fn a_tls_peer_may_leave_without_farewell() {
    let Some(identity) = identity() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let rude = async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = identity.server().accept(tcp).await.unwrap();
        let mut bind = [0; 64];
        assert_ne!(stream.read(&mut bind).await.unwrap(), 0);
    };
    let esme = async {
        let (stream, _) = connect(&target(port, Some(identity.client()))).await.unwrap();
        let mut esme = Agreeable::esme(Default::default());
        let (_orders, mut commands) = tokio::sync::mpsc::channel(1);
        drive(&mut esme, stream, &mut commands, |_| (), &Default::default()).await
    };
    let ((), ended) = tokio::join!(rude, esme);
    assert!(matches!(ended, Ended::Closed(CloseReason::PeerClosed)), "{ended:?}");
}

#[tokio::test]
async fn a_peer_that_speaks_plain_text_is_named_so() {
    let Some(identity) = identity() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = async {
        let (mut tcp, _) = listener.accept().await.unwrap();
        // generic_nack, invalid command length: what an SMSC thinks of a TLS greeting.
        tcp.write_all(&[0, 0, 0, 16, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]).await.unwrap();
        tcp
    };
    let target = target(port, Some(identity.client()));
    let (_tcp, connected) = tokio::join!(plain, connect(&target));
    let error = connected.unwrap_err();
    assert!(error.to_string().contains("does not speak TLS here: it sent plain text"), "{error}");
    assert!(matches!(why(error), TlsError::PlainText));
}

#[tokio::test]
async fn our_server_and_our_client() {
    let Some(identity) = identity() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = identity.server().accept(tcp).await.unwrap();
        stream.write_all(b"good day").await.unwrap();
        stream.shutdown().await.unwrap();
    };
    let target = target(port, Some(identity.client()));
    let ((), connected) = tokio::join!(server, connect(&target));
    let (mut stream, peer) = connected.unwrap();
    assert!(matches!(stream, Stream::Tls(_)));
    assert_eq!(peer.port(), port);
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "good day");
}

#[tokio::test]
async fn addresses_are_tried_in_their_order() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let open = listener.local_addr().unwrap();
    let mut target = target(0, None);
    target.addresses = vec![closed.to_string(), open.to_string()];
    let (_, peer) = connect(&target).await.unwrap();
    assert_eq!(peer, open);
    target.addresses.pop();
    let error = connect(&target).await.unwrap_err();
    assert_eq!(error.tries.len(), 1, "{error}");
    target.addresses.clear();
    assert_eq!(connect(&target).await.unwrap_err().to_string(), "there is no address to connect to");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let options = ClientOptions { ca_file: Some("/nowhere/ca.pem".into()), ..ClientOptions::default() };
    let error = Client::new(&options).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/ca.pem: "), "{error}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = ClientOptions { ca_file: Some(file.path().into()), ..ClientOptions::default() };
    let error = Client::new(&options).unwrap_err().to_string();
    assert!(error.ends_with("there is no certificate in it"), "{error}");
}

/// A line to OpenSSL and back, so that what it sends after the handshake is read too.
async fn exchange(stream: &mut Stream) {
    stream.write_all(b"tired\n").await.unwrap();
    stream.flush().await.unwrap();
    let mut back = [0; 6];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"derit\n");
}

#[tokio::test]
async fn a_session_is_resumed_when_the_same_client_comes_back() {
    let Some(identity) = identity() else { return };
    for (option, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let openssl = OpenSsl::serve_with(&identity, &[option]);
        let client = identity.client();
        for resumed in [false, true, true] {
            let (mut stream, _) = connect(&target(openssl.port, Some(client.clone()))).await.unwrap();
            exchange(&mut stream).await;
            let security = stream.security().unwrap();
            assert_eq!(security, Security { version, resumed, expires: security.expires });
            let left = security.expires.unwrap() - OffsetDateTime::now_utc();
            assert!((47..=48).contains(&left.whole_hours()), "{left}");
        }
        let (stream, _) = connect(&target(openssl.port, Some(identity.client()))).await.unwrap();
        assert!(!stream.security().unwrap().resumed, "another client knows nothing of it");
    }
}

#[tokio::test]
async fn a_version_below_the_least_is_not_spoken() {
    let Some(identity) = identity() else { return };
    let openssl = OpenSsl::serve_with(&identity, &["-tls1_2"]);
    let options = ClientOptions { min_version: MinVersion::Tls13, ..identity.trusting() };
    let error = connect(&target(openssl.port, Some(Client::new(&options).unwrap()))).await.unwrap_err();
    assert!(matches!(why(error), TlsError::Refused(AlertDescription::ProtocolVersion)));
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_takes_the_right_one_only() {
    let (Some(identity), Some(ours), Some(stranger)) = (identity(), crate::identity::identity(), self::identity())
    else {
        return;
    };
    let options = ServerOptions { client_ca: Some(ours.certificate.clone()), ..identity.serving() };
    let server = Server::new(&options, &[]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for (own, expected) in [
        (Some(&ours), Ok(())),
        (Some(&stranger), Err(AlertDescription::DecryptError)),
        (None, Err(AlertDescription::CertificateRequired)),
    ] {
        let options = ClientOptions {
            client_certificate: own.map(|it| it.certificate.clone()),
            client_key: own.map(|it| it.key.clone()),
            ..identity.trusting()
        };
        let target = target(port, Some(Client::new(&options).unwrap()));
        let serve = async {
            let (tcp, _) = listener.accept().await.unwrap();
            let accepted = server.accept(tcp).await;
            if let Ok(mut stream) = accepted {
                stream.write_all(b"!").await.unwrap();
                stream.shutdown().await.unwrap();
            }
        };
        let ((), connected) = tokio::join!(serve, connect(&target));
        // With TLS 1.3 the client is done before the server has looked at its certificate.
        let (mut stream, _) = connected.unwrap();
        let heard = stream.read_u8().await;
        assert_eq!(heard.map(|_| ()).map_err(|error| alert(&error).unwrap_or(AlertDescription::CloseNotify)), expected);
    }
}

#[test]
fn a_key_of_another_certificate_is_named() {
    let (Some(identity), Some(stranger)) = (identity(), crate::identity::identity()) else { return };
    let options = ClientOptions {
        client_certificate: Some(identity.certificate.clone()),
        client_key: Some(stranger.key.clone()),
        ..identity.trusting()
    };
    let error = Client::new(&options).unwrap_err();
    let (key, certificate) = (stranger.key.display(), identity.certificate.display());
    assert_eq!(error.to_string(), format!("{key} is not the key of the certificate in {certificate}"));
}

#[test]
fn clients_are_equal_when_options_and_contents_of_files_are() {
    let (Some(identity), Some(ours)) = (identity(), crate::identity::identity()) else { return };
    let options = ClientOptions {
        client_certificate: Some(ours.certificate.clone()),
        client_key: Some(ours.key.clone()),
        ..identity.trusting()
    };
    let (client, same) = (Client::new(&options).unwrap(), Client::new(&options).unwrap());
    assert!(client == same);
    let others = [
        ClientOptions { min_version: MinVersion::Tls13, ..options.clone() },
        ClientOptions { server_name: Some("example.net".to_owned()), ..options.clone() },
        ClientOptions { client_certificate: None, client_key: None, ..options.clone() },
        ClientOptions { pins: vec![identity.pin()], ..options.clone() },
    ];
    assert!(others.iter().all(|it| Client::new(it).unwrap() != client));
    for changed in [&identity, &ours] {
        let before = Client::new(&options).unwrap();
        changed.renew();
        assert!(Client::new(&options).unwrap() != before, "what is in {} counts", changed.certificate.display());
    }
    assert!(!format!("{client:?}").contains("key"), "{client:?}");
}

#[tokio::test]
async fn a_peer_that_resets_the_handshake_is_taken_for_one_without_tls() {
    let Some(identity) = identity() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let reset = async {
        let (tcp, _) = listener.accept().await.unwrap();
        // The greeting lies unread: closing resets.
        tcp.readable().await.unwrap();
    };
    let target = target(port, Some(identity.client()));
    let ((), connected) = tokio::join!(reset, connect(&target));
    let why = why(connected.unwrap_err());
    assert!(matches!(why, TlsError::Closed), "{why}");
}
