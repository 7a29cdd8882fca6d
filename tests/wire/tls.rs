//! TLS against ourselves; `tests/peers/openssl.rs` has it against OpenSSL.

use super::driver::Agreeable;
use crate::identity::{identity, target, why};
use nuncio::session::output::CloseReason;
use nuncio::wire::driver::{Ended, drive};
use nuncio::wire::stream::Stream;
use nuncio::wire::tls::{ClientOptions, MinVersion, ServerOptions, TlsClient, TlsError, TlsServer, alert};
use nuncio::wire::transport::connect;
use rustls::AlertDescription;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_tls_peer_may_leave_without_farewell() {
    let identity = identity();
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
    let identity = identity();
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
    let identity = identity();
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
    let error = TlsClient::new(&options).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/ca.pem: "), "{error}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = ClientOptions { ca_file: Some(file.path().into()), ..ClientOptions::default() };
    let error = TlsClient::new(&options).unwrap_err().to_string();
    assert!(error.ends_with("there is no certificate in it"), "{error}");
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_takes_the_right_one_only() {
    let (identity, ours, stranger) = (identity(), crate::identity::identity(), self::identity());
    let options = ServerOptions { client_ca: Some(ours.certificate.clone()), ..identity.serving() };
    let server = TlsServer::new(&options, &[]).unwrap();
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
        let target = target(port, Some(TlsClient::new(&options).unwrap()));
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
    let (identity, stranger) = (identity(), crate::identity::identity());
    let options = ClientOptions {
        client_certificate: Some(identity.certificate.clone()),
        client_key: Some(stranger.key.clone()),
        ..identity.trusting()
    };
    let error = TlsClient::new(&options).unwrap_err();
    let (key, certificate) = (stranger.key.display(), identity.certificate.display());
    assert_eq!(error.to_string(), format!("{key} is not the key of the certificate in {certificate}"));
}

#[test]
fn clients_are_equal_when_options_and_contents_of_files_are() {
    let (identity, ours) = (identity(), crate::identity::identity());
    let options = ClientOptions {
        client_certificate: Some(ours.certificate.clone()),
        client_key: Some(ours.key.clone()),
        ..identity.trusting()
    };
    let (client, same) = (TlsClient::new(&options).unwrap(), TlsClient::new(&options).unwrap());
    assert!(client == same);
    let others = [
        ClientOptions { min_version: MinVersion::Tls13, ..options.clone() },
        ClientOptions { server_name: Some("example.net".to_owned()), ..options.clone() },
        ClientOptions { client_certificate: None, client_key: None, ..options.clone() },
        ClientOptions { pins: vec![identity.pin()], ..options.clone() },
    ];
    assert!(others.iter().all(|it| TlsClient::new(it).unwrap() != client));
    for changed in [&identity, &ours] {
        let before = TlsClient::new(&options).unwrap();
        changed.renew();
        assert!(TlsClient::new(&options).unwrap() != before, "what is in {} counts", changed.certificate.display());
    }
    assert!(!format!("{client:?}").contains("key"), "{client:?}");
}

#[tokio::test]
async fn a_peer_that_resets_the_handshake_is_taken_for_one_without_tls() {
    let identity = identity();
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
