//! TLS against OpenSSL and against ourselves.

use super::driver::Agreeable;
use nuncio::session::output::CloseReason;
use nuncio::wire::driver::{Ended, drive};
use nuncio::wire::pin::Pin;
use nuncio::wire::tls::{Client, ClientOptions, Server, ServerOptions, TlsError};
use nuncio::wire::transport::{ConnectError, Refusal, Stream, Target, connect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A certificate for `localhost`, its key, and the folder of both.
struct Identity {
    _folder: TempDir,
    certificate: PathBuf,
    key: PathBuf,
}

/// Makes a certificate; `None`, and a line that says so, where there is no OpenSSL. In
/// continuous integration there has to be one.
fn identity() -> Option<Identity> {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    match made {
        Ok(status) => assert!(status.success(), "openssl made no certificate"),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "no openssl: {error}");
            println!("skipped: there is no openssl here ({error})");
            return None;
        }
    }
    Some(Identity { _folder: folder, certificate, key })
}

impl Identity {
    fn client(&self, server_name: Option<&str>) -> Client {
        let options = ClientOptions {
            ca_file: Some(self.certificate.clone()),
            server_name: server_name.map(str::to_owned),
            ..ClientOptions::default()
        };
        Client::new(&options).unwrap()
    }

    fn server(&self) -> Server {
        let options = ServerOptions { certificate: self.certificate.clone(), key: self.key.clone() };
        Server::new(&options, &[]).unwrap()
    }
}

/// OpenSSL as a server that sends each line back reversed.
struct OpenSsl {
    child: Child,
    port: u16,
}

impl OpenSsl {
    fn serve(identity: &Identity) -> Self {
        let mut child = Command::new("openssl")
            .args(["s_server", "-rev", "-accept", "127.0.0.1:0", "-cert"])
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
    let (mut stream, _) = connect(&target(openssl.port, Some(identity.client(None)))).await.unwrap();
    stream.write_all(b"tired\n").await.unwrap();
    stream.flush().await.unwrap();
    let mut back = [0; 6];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"derit\n");
}

#[tokio::test]
async fn a_certificate_of_another_name_or_of_nobody_is_not_accepted() {
    let (Some(identity), Some(stranger)) = (identity(), self::identity()) else {
        return;
    };
    let openssl = OpenSsl::serve(&identity);
    for client in [identity.client(Some("example.net")), stranger.client(None)] {
        let error = connect(&target(openssl.port, Some(client))).await.unwrap_err();
        let why = why(error);
        assert!(matches!(why, TlsError::Untrusted(_)), "{why}");
    }
}

#[tokio::test]
async fn a_pinned_certificate_and_no_other_is_accepted() {
    let (Some(identity), Some(stranger)) = (identity(), self::identity()) else {
        return;
    };
    let openssl = OpenSsl::serve(&identity);
    let pinned = |identity: &Identity| {
        let pin = Some(Pin::of(&CertificateDer::from_pem_file(&identity.certificate).unwrap()));
        Client::new(&ClientOptions { pin, ..ClientOptions::default() }).unwrap()
    };
    connect(&target(openssl.port, Some(pinned(&identity)))).await.unwrap();
    let why = why(connect(&target(openssl.port, Some(pinned(&stranger)))).await.unwrap_err());
    assert!(matches!(why, TlsError::Untrusted(_)), "{why}");
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
        let (stream, _) = connect(&target(port, Some(identity.client(None)))).await.unwrap();
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
    let target = target(port, Some(identity.client(None)));
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
    let target = target(port, Some(identity.client(None)));
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
