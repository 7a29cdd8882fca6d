//! The driver over a pipe in memory, in paused time.

use bytes::{Bytes, BytesMut};
use nuncio::session::conversation::{Conversation, DriverAction, DriverEvent};
use nuncio::session::input::Input;
use nuncio::session::options::Options;
use nuncio::session::output::{CloseReason, Output, SessionEvent};
use nuncio::session::{Session, Ticket};
use nuncio::smpp::bind::{Bind, BindKind, BindResp};
use nuncio::smpp::command::CommandId;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::sm::{Sm, SmResp};
use nuncio::smpp::status::CommandStatus;
use nuncio::wire::codec::{Codec, Heard};
use nuncio::wire::driver::{self, Ended, drive};
use nuncio::wire::stream::Arrivals;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// A session that says yes to everything by itself.
pub(super) struct Agreeable {
    session: Session,
    yes: Vec<Input>,
}

#[expect(clippy::large_enum_variant, reason = "a box would not make it clearer")]
pub(super) enum Order {
    Request(Ticket, PduBody),
    Unbind,
}

impl Conversation for Agreeable {
    type Command = Order;
    type Report = SessionEvent;

    fn handle(&mut self, now: std::time::Instant, input: DriverEvent<Order>) {
        let input = match input {
            DriverEvent::Pdu(pdu) => Input::Pdu(pdu),
            DriverEvent::Undecodable { command, sequence, status } => Input::Undecodable { command, sequence, status },
            DriverEvent::Command(Order::Request(ticket, body)) => Input::Request(ticket, body),
            DriverEvent::Command(Order::Unbind) => Input::Unbind,
            DriverEvent::Unsent { sequence } => Input::Unsent { sequence },
            DriverEvent::Tick => Input::Tick,
            DriverEvent::Eof => Input::Eof,
        };
        self.session.handle(now, input);
    }

    fn poll(&mut self) -> DriverAction<SessionEvent> {
        loop {
            match self.session.poll() {
                Output::Send(pdu) => return DriverAction::Send(pdu),
                Output::Event(event) => {
                    self.agree(&event);
                    return DriverAction::Report(event);
                }
                Output::Wait(deadline) => match self.yes.pop() {
                    Some(yes) => self.session.handle(Instant::now().into_std(), yes),
                    None => return DriverAction::Wait(deadline),
                },
                Output::Close(reason) => return DriverAction::Close(reason),
            }
        }
    }
}

impl Agreeable {
    pub(super) fn esme(options: Options) -> Self {
        let now = Instant::now().into_std();
        Self { session: Session::esme(now, BindKind::Transceiver, Bind::default(), options), yes: Vec::new() }
    }

    fn smsc(options: Options) -> Self {
        Self { session: Session::smsc(Instant::now().into_std(), options), yes: Vec::new() }
    }

    fn agree(&mut self, event: &SessionEvent) {
        let (sequence, body) = match event {
            SessionEvent::BindRequested { sequence, kind, .. } => {
                (*sequence, PduBody::BindResp(*kind, BindResp::default()))
            }
            SessionEvent::Requested { sequence, body: PduBody::SubmitSm(_) } => {
                (*sequence, PduBody::SubmitSmResp(SmResp::default()))
            }
            SessionEvent::Requested { sequence, .. } => (*sequence, PduBody::DeliverSmResp(SmResp::default())),
            _ => return,
        };
        self.yes.insert(0, Input::Respond { sequence, status: CommandStatus::Ok, body });
    }
}

fn sm(octets: usize) -> Sm {
    Sm { short_message: Bytes::from(vec![b'a'; octets]), ..Sm::default() }
}

/// Runs one side that has `requests` to make and then unbinds; the number of answers.
async fn busy(mut side: Agreeable, stream: DuplexStream, requests: u64, body: fn(Sm) -> PduBody) -> (u64, Ended) {
    let (orders, mut commands) = mpsc::channel(requests as usize + 1);
    let (mut sent, mut answered) = (0, 0);
    let options = driver::Options::default();
    let ended = drive(
        &mut side,
        stream,
        &mut commands,
        |event| {
            let credit = match event {
                SessionEvent::Bound { .. } => 50,
                SessionEvent::Answered { status, .. } => {
                    assert_eq!(status, CommandStatus::Ok);
                    answered += 1;
                    1
                }
                SessionEvent::Requested { .. } | SessionEvent::BindRequested { .. } => 0,
                SessionEvent::Unbinding | SessionEvent::Lost(_) | SessionEvent::NeverSent(_) => 0,
                other => panic!("unexpected {other:?}"),
            };
            for _ in 0..credit.min(requests - sent) {
                sent += 1;
                orders.try_send(Order::Request(sent, body(sm(140)))).unwrap();
            }
            if answered == requests && matches!(event, SessionEvent::Answered { .. }) {
                orders.try_send(Order::Unbind).unwrap();
            }
        },
        &options,
    )
    .await;
    (answered, ended)
}

fn wide() -> Options {
    Options { window: 50, ..Options::default() }
}

#[tokio::test(start_paused = true)]
async fn everything_is_answered_and_both_sides_part_in_peace() {
    let (ours, theirs) = duplex(4_096);
    let (esme, smsc) = tokio::join!(
        busy(Agreeable::esme(wide()), ours, 2_000, PduBody::SubmitSm),
        busy(Agreeable::smsc(wide()), theirs, 0, PduBody::DeliverSm),
    );
    assert_eq!(esme.0, 2_000);
    assert!(matches!(esme.1, Ended::Closed(CloseReason::Unbound)), "{:?}", esme.1);
    assert!(matches!(smsc.1, Ended::Closed(CloseReason::PeerUnbound)), "{:?}", smsc.1);
}

#[tokio::test(start_paused = true)]
async fn two_peers_who_both_have_much_to_say_do_not_wait_for_each_other() {
    // A pipe narrower than one PDU: both sides are always in the middle of writing.
    let (ours, theirs) = duplex(64);
    let began = Instant::now();
    let run = async {
        tokio::join!(
            busy(Agreeable::esme(wide()), ours, 500, PduBody::SubmitSm),
            busy(Agreeable::smsc(wide()), theirs, 500, PduBody::DeliverSm),
        )
    };
    let (esme, smsc) = run.await;
    assert!(began.elapsed() < SECOND * 10, "they waited for each other");
    // Whoever is ready first unbinds; the other may have been in the middle.
    assert!(esme.0 == 500 || smsc.0 == 500, "{} and {}", esme.0, smsc.0);
}

/// What a peer made of code, not of a session, says and hears.
struct Hand {
    stream: DuplexStream,
    inbox: BytesMut,
}

impl Hand {
    async fn say(&mut self, status: CommandStatus, sequence: u32, body: PduBody) {
        let mut octets = BytesMut::new();
        Pdu { status, sequence, body }.encode(&mut octets).unwrap();
        self.stream.write_all(&octets).await.unwrap();
    }

    async fn hear(&mut self) -> Pdu {
        loop {
            match (Codec { max_pdu: 9_999 }).next(&mut self.inbox).unwrap() {
                Some(Heard::Pdu(pdu)) => return pdu,
                Some(other) => panic!("{other:?}"),
                None => assert_ne!(self.stream.read_buf(&mut self.inbox).await.unwrap(), 0, "closed"),
            }
        }
    }

    /// Accepts the bind of an ESME.
    async fn bind(&mut self) {
        let bind = self.hear().await;
        assert!(matches!(bind.body, PduBody::Bind(..)));
        let body = PduBody::BindResp(BindKind::Transceiver, BindResp::default());
        self.say(CommandStatus::Ok, bind.sequence, body).await;
    }
}

/// An ESME on one end and a hand on the other.
fn esme_and_hand(width: usize) -> (Agreeable, DuplexStream, Hand) {
    let (ours, theirs) = duplex(width);
    (Agreeable::esme(wide()), ours, Hand { stream: theirs, inbox: BytesMut::new() })
}

/// Runs the ESME with some submissions waiting for the bind; how it ended and what it told.
async fn run(mut esme: Agreeable, stream: impl Arrivals, submissions: u64) -> (Ended, Vec<SessionEvent>) {
    let (orders, mut commands) = mpsc::channel(64);
    let mut told = Vec::new();
    let options = driver::Options::default();
    let ended = drive(
        &mut esme,
        stream,
        &mut commands,
        |event| {
            if matches!(event, SessionEvent::Bound { .. }) {
                for ticket in 0..submissions {
                    orders.try_send(Order::Request(ticket, PduBody::SubmitSm(sm(140)))).unwrap();
                }
            }
            told.push(event);
        },
        &options,
    )
    .await;
    (ended, told)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_left_and_what_never_left_is_known() {
    let (esme, ours, mut hand) = esme_and_hand(1_000);
    let began = Instant::now();
    let ((), (ended, told)) = tokio::join!(hand.bind(), run(esme, ours, 40));
    assert!(matches!(ended, Ended::Stuck), "{ended:?}");
    assert_eq!(began.elapsed().as_secs(), 10);
    // What has arrived, a whole request or a part of one, may have been taken.
    let mut octets = std::mem::take(&mut hand.inbox).to_vec();
    hand.stream.read_to_end(&mut octets).await.unwrap();
    let length = u32::from_be_bytes(*octets.first_chunk().unwrap()) as usize;
    let arrived = octets.len().div_ceil(length) as u64;
    assert_eq!(octets.len(), 1_000);
    let lost: Vec<_> = (0..arrived).map(SessionEvent::Lost).collect();
    let never: Vec<_> = (arrived..40).map(SessionEvent::NeverSent).collect();
    assert_eq!(told[1..], never.into_iter().chain(lost).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn commands_wait_in_their_channel_while_the_peer_does_not_read() {
    let (ours, theirs) = duplex(1_000);
    let options = Options { window: 2_000, ..Options::default() };
    let mut esme = Agreeable::esme(options);
    let mut hand = Hand { stream: theirs, inbox: BytesMut::new() };
    let (orders, mut commands) = mpsc::channel(2_000);
    let limits = driver::Options::default();
    let fill = |event| {
        if matches!(event, SessionEvent::Bound { .. }) {
            for ticket in 0..2_000 {
                orders.try_send(Order::Request(ticket, PduBody::SubmitSm(sm(140)))).unwrap();
            }
        }
    };
    let ((), ended) = tokio::join!(hand.bind(), drive(&mut esme, ours, &mut commands, fill, &limits));
    assert!(matches!(ended, Ended::Stuck), "{ended:?}");
    // 64 KiB are some 380 of them, and one turn may take 256 more.
    assert!(2_000 - 700 < commands.len() && commands.len() < 2_000 - 300, "{} left", commands.len());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_asks_and_never_reads_is_itself_not_read_in_the_end() {
    let (esme, ours, mut hand) = esme_and_hand(1_000);
    let flood = async {
        hand.bind().await;
        for said in 0_u32.. {
            assert!(said * 16 < 2 * 1_024 * 1_024, "what it asks is kept without end");
            hand.say(CommandStatus::Ok, said, PduBody::EnquireLink).await;
        }
    };
    let (ended, _) = tokio::select! {
        () = flood => unreachable!(),
        ended = run(esme, ours, 0) => ended,
    };
    assert!(matches!(ended, Ended::Stuck), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_left_in_time() {
    let (esme, ours, mut hand) = esme_and_hand(1_000);
    let peer = async {
        hand.bind().await;
        assert_eq!(hand.hear().await.body, PduBody::EnquireLink);
        std::future::pending::<()>().await;
    };
    let began = Instant::now();
    let (ended, _) = tokio::select! {
        () = peer => unreachable!(),
        ended = run(esme, ours, 0) => ended,
    };
    assert!(matches!(ended, Ended::Closed(CloseReason::Silent)), "{ended:?}");
    assert_eq!(began.elapsed().as_secs(), 90);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_smpp_is_answered_once_and_left() {
    let (esme, ours, mut hand) = esme_and_hand(1_000);
    let peer = async {
        hand.bind().await;
        hand.stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let nack = hand.hear().await;
        let mut rest = Vec::new();
        hand.stream.read_to_end(&mut rest).await.unwrap();
        (nack, rest)
    };
    let ((nack, rest), (ended, _)) = tokio::join!(peer, run(esme, ours, 0));
    assert!(matches!(ended, Ended::Garbled(_)), "{ended:?}");
    let status = CommandStatus::InvalidCommandLength;
    assert_eq!((nack, rest.len()), (Pdu { status, sequence: 0, body: PduBody::GenericNack }, 0));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_answered_and_the_next_is_heard() {
    let (esme, ours, mut hand) = esme_and_hand(1_000);
    let peer = async {
        hand.bind().await;
        // A submit_sm of three octets, in two pieces, to an ESME.
        let octets = [0, 0, 0, 19, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 77, b'a', b'b', b'c'];
        hand.stream.write_all(&octets[..9]).await.unwrap();
        tokio::task::yield_now().await;
        hand.stream.write_all(&octets[9..]).await.unwrap();
        let refusal = hand.hear().await;
        assert_eq!((refusal.sequence, refusal.body.command_id()), (77, CommandId::SUBMIT_SM.response()));
        assert_ne!(refusal.status, CommandStatus::Ok);
        hand.say(CommandStatus::Ok, 78, PduBody::EnquireLink).await;
        assert_eq!(hand.hear().await.body, PduBody::EnquireLinkResp);
        drop(hand);
    };
    let ((), (ended, _)) = tokio::join!(peer, run(esme, ours, 0));
    assert!(matches!(ended, Ended::Closed(CloseReason::PeerClosed)), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn answers_that_came_before_the_end_count() {
    let (esme, ours, mut hand) = esme_and_hand(100_000);
    let peer = async {
        hand.bind().await;
        let sequences: Vec<u32> = [hand.hear().await, hand.hear().await].map(|pdu| pdu.sequence).into();
        hand.say(CommandStatus::Ok, sequences[1], PduBody::SubmitSmResp(SmResp::default())).await;
        drop(hand);
    };
    let ((), (ended, told)) = tokio::join!(peer, run(esme, ours, 2));
    assert!(matches!(ended, Ended::Closed(CloseReason::PeerClosed)), "{ended:?}");
    assert!(matches!(told[1..], [SessionEvent::Answered { ticket: 1, .. }, SessionEvent::Lost(0)]), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_encoded_never_left() {
    let (mut esme, ours, mut hand) = esme_and_hand(100_000);
    let (orders, mut commands) = mpsc::channel(2);
    orders.try_send(Order::Unbind).unwrap();
    let peer = async move {
        hand.bind().await;
        assert_eq!(hand.hear().await.body, PduBody::Unbind);
    };
    let mut told = Vec::new();
    let (orders, mut late) = mpsc::channel(2);
    let options = driver::Options::default();
    let drive = drive(
        &mut esme,
        ours,
        &mut late,
        |event| {
            if matches!(event, SessionEvent::Bound { .. }) {
                orders.try_send(Order::Request(5, PduBody::SubmitSm(sm(300)))).unwrap();
                orders.try_send(commands.try_recv().unwrap()).unwrap();
            }
            told.push(event);
        },
        &options,
    );
    let ((), _) = tokio::join!(peer, drive);
    assert!(told.contains(&SessionEvent::NeverSent(5)), "{told:?}");
}

/// A stream that counts what it is asked to do.
struct Counting {
    stream: DuplexStream,
    writes: std::rc::Rc<std::cell::Cell<usize>>,
}

impl Arrivals for Counting {
    fn has_arrived(&self) -> bool {
        false
    }
}

impl AsyncRead for Counting {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<std::io::Result<usize>> {
        self.writes.set(self.writes.get() + 1);
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn many_commands_are_one_write() {
    let (esme, ours, mut hand) = esme_and_hand(100_000);
    let writes = std::rc::Rc::new(std::cell::Cell::new(0));
    let stream = Counting { stream: ours, writes: writes.clone() };
    let peer = async {
        hand.bind().await;
        for _ in 0..50 {
            hand.hear().await;
        }
        drop(hand);
    };
    let ((), (_, told)) = tokio::join!(peer, run(esme, stream, 50));
    assert_eq!(told.iter().filter(|it| matches!(it, SessionEvent::Lost(_))).count(), 50);
    assert_eq!(writes.get(), 2, "one for the bind, one for all submissions");
}

/// A stream of which the runtime knows nothing for a while: what has arrived is not found by the first reads.
struct Unseen {
    stream: DuplexStream,
    /// Something has arrived at this time, which so many further reads do not find.
    hidden: std::rc::Rc<std::cell::Cell<Option<(Instant, usize)>>>,
}

impl Arrivals for Unseen {
    fn has_arrived(&self) -> bool {
        self.hidden.get().is_some()
    }
}

impl AsyncRead for Unseen {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        if let Some((until, reads)) = self.hidden.get() {
            let left = if Instant::now() < until { reads } else { reads - 1 };
            self.hidden.set((left != 0).then_some((until, left)));
            if left != 0 {
                return Poll::Pending;
            }
        }
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Unseen {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn no_time_is_told_before_what_the_socket_holds_was_read() {
    let (esme, ours, mut hand) = esme_and_hand(100_000);
    let hidden = std::rc::Rc::new(std::cell::Cell::new(None));
    let stream = Unseen { stream: ours, hidden: hidden.clone() };
    let peer = async {
        hand.bind().await;
        let mut requests = Vec::new();
        for _ in 0..2 {
            requests.push(hand.hear().await.sequence);
        }
        hidden.set(Some((Instant::now() + SECOND * 60, 5)));
        for sequence in requests {
            hand.say(CommandStatus::Ok, sequence, PduBody::SubmitSmResp(SmResp::default())).await;
        }
        tokio::time::sleep(SECOND * 61).await;
        drop(hand);
    };
    let ((), (_, told)) = tokio::join!(peer, run(esme, stream, 2));
    assert!(
        matches!(told[1..], [SessionEvent::Answered { ticket: 0, .. }, SessionEvent::Answered { ticket: 1, .. }]),
        "{told:?}"
    );
}
