//! TLS against OpenSSL.

use crate::identity::{Identity, identity, target, why};
use crate::peers::need::trials;
use nuncio::wire::pin::Pin;
use nuncio::wire::stream::Security;
use nuncio::wire::stream::Stream;
use nuncio::wire::tls::{ClientOptions, MinVersion, TlsClient, TlsError};
use nuncio::wire::transport::connect;
use rustls::AlertDescription;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

/// A line to OpenSSL and back, so that what it sends after the handshake is read too.
async fn exchange(stream: &mut Stream) {
    stream.write_all(b"tired\n").await.unwrap();
    stream.flush().await.unwrap();
    let mut back = [0; 6];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"derit\n");
}

trials! {
    [OpenSsl]:
        openssl_is_understood,
        a_certificate_of_another_name_or_of_nobody_is_not_accepted,
        a_pinned_certificate_and_no_other_is_accepted,
        a_certificate_that_stands_in_the_file_itself_is_accepted_under_its_name,
        a_session_is_resumed_when_the_same_client_comes_back,
        a_version_below_the_least_is_not_spoken;
}

#[tokio::main(flavor = "current_thread")]
async fn openssl_is_understood() {
    let identity = identity();
    let openssl = OpenSsl::serve(&identity);
    let (mut stream, _) = connect(&target(openssl.port, Some(identity.client()))).await.unwrap();
    stream.write_all(b"tired\n").await.unwrap();
    stream.flush().await.unwrap();
    let mut back = [0; 6];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"derit\n");
}

#[tokio::main(flavor = "current_thread")]
async fn a_certificate_of_another_name_or_of_nobody_is_not_accepted() {
    let (identity, stranger) = (identity(), crate::identity::identity());
    let openssl = OpenSsl::serve(&identity);
    let elsewhere = ClientOptions { server_name: Some("example.net".to_owned()), ..identity.trusting() };
    for client in [TlsClient::new(&elsewhere).unwrap(), stranger.client()] {
        let error = connect(&target(openssl.port, Some(client))).await.unwrap_err();
        let why = why(error);
        assert!(matches!(why, TlsError::Untrusted(_)), "{why}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn a_pinned_certificate_and_no_other_is_accepted() {
    let (identity, stranger) = (identity(), crate::identity::identity());
    let openssl = OpenSsl::serve(&identity);
    let next = self::identity();
    let pinned =
        |pins: &[Pin]| TlsClient::new(&ClientOptions { pins: pins.to_vec(), ..ClientOptions::default() }).unwrap();
    let key = Pin::of_key(&identity.der()).unwrap();
    for pins in [&[identity.pin()][..], &[next.pin(), identity.pin()], &[key]] {
        connect(&target(openssl.port, Some(pinned(pins)))).await.unwrap();
    }
    let error = connect(&target(openssl.port, Some(pinned(&[stranger.pin(), next.pin()])))).await.unwrap_err();
    assert!(matches!(why(error), TlsError::NotPinned(found) if found == identity.pin()));
    // Beside a CA both have to hold.
    let beside = |ca: &Identity, pin: Pin| TlsClient::new(&ClientOptions { pins: vec![pin], ..ca.trusting() }).unwrap();
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

#[tokio::main(flavor = "current_thread")]
async fn a_certificate_that_stands_in_the_file_itself_is_accepted_under_its_name() {
    let (identity, other) = (identity(), crate::identity::identity());
    identity.renew_as_authority();
    let openssl = OpenSsl::serve(&identity);
    connect(&target(openssl.port, Some(identity.client()))).await.unwrap();
    let elsewhere = ClientOptions { server_name: Some("example.net".to_owned()), ..identity.trusting() };
    for client in [TlsClient::new(&elsewhere).unwrap(), other.client()] {
        let why = why(connect(&target(openssl.port, Some(client))).await.unwrap_err());
        assert!(matches!(why, TlsError::Untrusted(_)), "{why}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn a_session_is_resumed_when_the_same_client_comes_back() {
    let identity = identity();
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

#[tokio::main(flavor = "current_thread")]
async fn a_version_below_the_least_is_not_spoken() {
    let identity = identity();
    let openssl = OpenSsl::serve_with(&identity, &["-tls1_2"]);
    let options = ClientOptions { min_version: MinVersion::Tls13, ..identity.trusting() };
    let error = connect(&target(openssl.port, Some(TlsClient::new(&options).unwrap()))).await.unwrap_err();
    assert!(matches!(why(error), TlsError::Refused(AlertDescription::ProtocolVersion)));
}
