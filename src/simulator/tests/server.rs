//! The carrier among threads and behind a listener, with an ESME made of frames.

use super::{MS, OK, World};
use crate::simulator::behaviour::{Behaviour, Receipts};
use crate::simulator::carrier::SimulatedCarrier;
use crate::simulator::dice::Span;
use crate::simulator::ledger::Keep;
use crate::simulator::options::Options;
use crate::simulator::server::SmscServer;
use crate::simulator::stats::Stats;
use crate::smpp::bind::{Bind, BindKind};
use crate::smpp::cstring::CString;
use crate::smpp::frame::{PDU_MAX_DEFAULT, next_frame};
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::sm::SmResp;
use bytes::BytesMut;
use clap::{Args, FromArgMatches};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Longer than anything takes here that does not fail.
const PATIENCE: Duration = Duration::from_secs(20);

struct Esme<S> {
    stream: S,
    inbox: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Esme<S> {
    async fn bind(stream: S) -> Self {
        let mut esme = Self { stream, inbox: BytesMut::new() };
        let bind = Bind { system_id: CString::from("shop"), interface_version: 0x34, ..Bind::default() };
        esme.say(&[Pdu::request(1, PduBody::Bind(BindKind::Transceiver, bind))]).await;
        assert!(matches!(esme.hear().await, Some(Pdu { status: OK, body: PduBody::BindResp(..), .. })));
        esme
    }

    async fn say(&mut self, pdus: &[Pdu]) {
        let mut octets = BytesMut::new();
        for pdu in pdus {
            pdu.encode(&mut octets).unwrap();
        }
        self.stream.write_all(&octets).await.unwrap();
    }

    async fn submit(&mut self, sequence: u32) {
        let sm = World::submit_sm("491511234567", &format!("Hello {sequence}"));
        self.say(&[Pdu::request(sequence, PduBody::SubmitSm(sm))]).await;
    }

    /// The next PDU; `None` at the end.
    async fn hear(&mut self) -> Option<Pdu> {
        loop {
            if let Some(frame) = next_frame(&mut self.inbox, PDU_MAX_DEFAULT).unwrap() {
                return Some(Pdu::decode(frame).unwrap());
            }
            let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.inbox)).await;
            if read.expect("it says something in time").unwrap() == 0 {
                return None;
            }
        }
    }

    async fn confirm(&mut self, sequence: u32) {
        self.say(&[Pdu::response(sequence, OK, PduBody::DeliverSmResp(SmResp::default()))]).await;
    }
}

fn options(line: &str) -> Options {
    let command = Options::augment_args(clap::Command::new("sim").no_binary_name(true));
    let matches = command.try_get_matches_from(line.split_whitespace()).unwrap();
    Options::from_arg_matches(&matches).unwrap()
}

#[tokio::test(start_paused = true)]
async fn time_passes_for_lines_that_say_nothing() {
    let receipts = Receipts { delay: Span::of(MS * 700), ..Receipts::default() };
    let behaviour = Behaviour { latency: Span::of(MS * 300), receipts, ..Behaviour::default() };
    let carrier = SimulatedCarrier::new(behaviour, 1, Keep::All);
    let time = tokio::spawn({
        let carrier = carrier.clone();
        async move { carrier.keep_time().await }
    });
    let (ours, theirs) = tokio::io::duplex(4_096);
    let serving = tokio::spawn({
        let carrier = carrier.clone();
        async move { carrier.serve(theirs).await }
    });
    let mut esme = Esme::bind(ours).await;
    let start = tokio::time::Instant::now();
    esme.submit(2).await;
    assert!(matches!(esme.hear().await, Some(Pdu { sequence: 2, body: PduBody::SubmitSmResp(_), .. })));
    let answered = start.elapsed();
    let receipt = esme.hear().await.unwrap();
    assert!(matches!(receipt.body, PduBody::DeliverSm(_)));
    let told = start.elapsed();
    // Tokio's timers are exact to a millisecond.
    assert!(
        (MS * 300..MS * 303).contains(&answered) && (MS * 1_000..MS * 1_004).contains(&told),
        "{answered:?} {told:?}"
    );
    // Nobody knows whether the confirmation was read when the connection goes.
    drop(esme);
    serving.await.unwrap();
    assert_eq!((carrier.stats().connected, carrier.with(|smsc, _| smsc.pending())), (0, 1));
    time.abort();
}

#[tokio::test]
async fn a_dropped_connection_is_an_ended_one() {
    let carrier = SimulatedCarrier::new(Behaviour::default(), 1, Keep::Nothing);
    let (ours, theirs) = tokio::io::duplex(4_096);
    let serving = tokio::spawn({
        let carrier = carrier.clone();
        async move { carrier.serve(theirs).await }
    });
    let _esme = Esme::bind(ours).await;
    assert_eq!(carrier.stats().connected, 1);
    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    assert_eq!((carrier.stats().connected, carrier.with(|smsc, _| smsc.lines().len())), (0, 0));
}

#[tokio::test]
async fn over_tcp_receipts_outlive_connections_and_the_ledger_has_every_submit() {
    const COUNT: u32 = 300;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let line = format!("--listen 127.0.0.1:0 --latency 1ms..3ms --receipts 5ms --id hex --ledger {}", path.display());
    let server = SmscServer::bind(&options(&line)).await.unwrap();
    let (address, carrier) = (server.address().unwrap(), server.carrier());
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { _ = stopped.await }));

    let mut esme = Esme::bind(TcpStream::connect(address).await.unwrap()).await;
    for sequence in 0..COUNT {
        esme.submit(sequence + 2).await;
    }
    let mut answers = 0;
    while answers < COUNT {
        // Receipts are left unconfirmed.
        match esme.hear().await.expect("it goes on").body {
            PduBody::SubmitSmResp(_) => answers += 1,
            body => assert!(matches!(body, PduBody::DeliverSm(_)), "{body:?}"),
        }
    }
    drop(esme);
    let mut esme = Esme::bind(TcpStream::connect(address).await.unwrap()).await;
    for _ in 0..COUNT {
        let receipt = esme.hear().await.expect("it goes on");
        assert!(matches!(receipt.body, PduBody::DeliverSm(_)), "{receipt:?}");
        esme.confirm(receipt.sequence).await;
    }
    // The answer to an enquiry tells that all before it was heard.
    esme.say(&[Pdu::request(9_999, PduBody::EnquireLink)]).await;
    assert!(matches!(esme.hear().await, Some(Pdu { body: PduBody::EnquireLinkResp, .. })));
    assert_eq!(carrier.stats().receipts_pending(), 0);

    stop.send(()).unwrap();
    let Some(Pdu { sequence, body: PduBody::Unbind, .. }) = esme.hear().await else { panic!("it does not unbind") };
    esme.say(&[Pdu::response(sequence, OK, PduBody::UnbindResp)]).await;
    assert_eq!(esme.hear().await, None);
    let Stats { submits, taken, receipts_confirmed, connected, .. } = running.await.unwrap().unwrap();
    assert_eq!([submits, taken, receipts_confirmed, connected], [300, 300, 300, 0]);

    let ledger = std::fs::read_to_string(path).unwrap();
    let read: Vec<serde_json::Value> = ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read.len(), 300);
    assert_eq!((read[0]["text"].as_str(), read[0]["id"].as_str()), (Some("Hello 2"), Some("f4240")));
    let text = carrier.stats().to_string();
    assert!(text.contains("\nsubmits 300\n") && text.ends_with("answers ESME_ROK 300\n"), "{text}");
}
