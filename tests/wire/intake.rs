//! A link whose loop stands still: what it does not read, how its clocks stand still, what it puts off and when.

use bytes::{Buf, BytesMut};
use nuncio::carrier::esme::{Command, Esme};
use nuncio::carrier::intake;
use nuncio::carrier::report::{Answered, PutOff, Report, Ticket};
use nuncio::carrier::submit::Submit;
use nuncio::link::options::{Credentials, Options};
use nuncio::message::attempt::Answer;
use nuncio::message::body;
use nuncio::message::class::Class;
use nuncio::message::id::{AccountId, MessageId, OrderId, PartKey, RouteId, Seq};
use nuncio::message::source::Source;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::session::version::Version;
use nuncio::smpp::command::CommandId;
use nuncio::smpp::cstring::CString;
use nuncio::smpp::frame::next_frame;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::sm::{Sm, SmResp};
use nuncio::smpp::status::CommandStatus;
use nuncio::text::content::Requested;
use nuncio::wire::driver::{self, Ended};
use nuncio::wire::secret::Secret;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// What the session waits for in vain where time does not stand still.
const IMPATIENT: Duration = Duration::from_secs(2);

/// A bound link, its far end, and what it has reported.
struct Stage {
    far: DuplexStream,
    inbox: BytesMut,
    orders: mpsc::Sender<Command>,
    reports: Rc<RefCell<Vec<Report>>>,
    driving: JoinHandle<Ended>,
}

impl Stage {
    async fn new(buffer: usize) -> Self {
        let credentials = Credentials {
            system_id: "nuncio".into(),
            password: Secret::new("secret".into()),
            system_type: "".into(),
            interface_version: Version::V34,
            address_range: (0, 0, "".into()),
        };
        let mut options = Options::new("acme".into(), Vec::new(), credentials);
        options.session.response_timeout = IMPATIENT;
        options.session.enquire_link = Some(IMPATIENT);
        options.intake = intake::Options { buffer, put_off_after: SECOND * 30, ..intake::Options::default() };
        let (near, far) = duplex(1 << 20);
        let (orders, mut commands) = mpsc::channel(100_000);
        let reports = Rc::<RefCell<Vec<Report>>>::default();
        let told = reports.clone();
        let driving = spawn_local(async move {
            let mut esme = Esme::new(tokio::time::Instant::now().into_std(), 0, options.settings());
            let report = |it| told.borrow_mut().push(it);
            driver::drive(&mut esme, near, &mut commands, report, &driver::Options::default()).await
        });
        let mut stage = Self { far, inbox: BytesMut::new(), orders, reports, driving };
        let bind = stage.hear().await;
        stage.say(vec![Pdu { status: CommandStatus::Ok, sequence: bind.sequence, body: bound(&bind.body) }]).await;
        stage
    }

    /// Says this in one write.
    async fn say(&mut self, pdus: Vec<Pdu>) {
        let mut octets = BytesMut::new();
        pdus.iter().for_each(|it| it.encode(&mut octets).unwrap());
        while octets.has_remaining() {
            self.far.write_buf(&mut octets).await.unwrap();
        }
    }

    /// The next PDU of the link.
    async fn hear(&mut self) -> Pdu {
        loop {
            if let Some(frame) = next_frame(&mut self.inbox, 1 << 16).unwrap() {
                return Pdu::decode(frame).unwrap();
            }
            assert_ne!(self.far.read_buf(&mut self.inbox).await.unwrap(), 0, "it has closed");
        }
    }

    fn count(&self, fits: impl Fn(&Report) -> bool) -> usize {
        self.reports.borrow().iter().filter(|it| fits(it)).count()
    }

    fn taken(&self) -> usize {
        self.count(|it| matches!(it, Report::Inbound { .. }))
    }

    /// Confirms all that was taken, as often as something new is.
    async fn confirm_all(&mut self, count: usize) {
        let mut done = 0;
        while done < count {
            let tags: Vec<u64> = self.reports.borrow().iter().filter_map(tag).skip(done).collect();
            done += tags.len();
            for tag in tags {
                // Whoever has closed is confirmed nothing.
                _ = self.orders.send(Command::Confirm(tag)).await;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }
}

fn tag(report: &Report) -> Option<u64> {
    if let Report::Inbound { tag, .. } = report { Some(*tag) } else { None }
}

fn bound(bind: &PduBody) -> PduBody {
    let PduBody::Bind(kind, _) = bind else { panic!("{bind:?}") };
    PduBody::BindResp(*kind, nuncio::smpp::bind::BindResp::default())
}

fn delivery(sequence: u32) -> Pdu {
    let text = format!("message {sequence}");
    let body = PduBody::DeliverSm(Sm { short_message: text.into_bytes().into(), ..Sm::default() });
    Pdu { status: CommandStatus::Ok, sequence, body }
}

fn submit() -> Submit {
    let body = body::Body {
        id: MessageId { seq: Seq(1), token: 0 },
        order: OrderId::from_record(1),
        account: AccountId(1),
        route: RouteId(1),
        class: Class::Otp,
        source: Source::Alphanumeric("SHOP".into()),
        destination: E164(31_612_345_678),
        text: "hello".into(),
        requested: Requested::Auto,
        extras: None,
        parts: 1,
        client_ref: None,
        created: Time(1),
        send_at: None,
        expires: Time(2),
        price: None,
        charged: false,
    };
    let ticket = Ticket(PartKey::new(Seq(1), 0).0);
    Submit { ticket, body: Arc::new(body), index: 0, parts: 1, reference: 1, since: 1, validity: SECOND * 90 }
}

fn is_answered(report: &Report) -> bool {
    matches!(report, Report::Answered(_, Answered { answer: Answer::Taken, .. }))
}

#[tokio::test(start_paused = true)]
async fn while_the_loop_stands_still_nothing_is_read_and_no_answer_is_late() {
    LocalSet::new()
        .run_until(async {
            const COUNT: usize = 2_000;
            let mut stage = Stage::new(64 * 1_024).await;
            stage.orders.send(Command::Submit(submit())).await.unwrap();
            let submit = stage.hear().await;
            assert_eq!(submit.body.command_id(), CommandId::SUBMIT_SM);
            // The answer stands behind more than there is room for, and behind that the end.
            let answer = PduBody::SubmitSmResp(SmResp { message_id: CString::from("7"), ..SmResp::default() });
            let mut said: Vec<Pdu> = (0..COUNT as u32).map(delivery).collect();
            said.push(Pdu { status: CommandStatus::Ok, sequence: submit.sequence, body: answer });
            stage.say(said).await;
            stage.far.shutdown().await.unwrap();
            // Longer than any answer may take, and shorter than carriers wait.
            sleep(SECOND * 25).await;
            let taken = stage.taken();
            assert!((50..1_000).contains(&taken), "{taken} taken");
            let odd = |it: &Report| !matches!(it, Report::Inbound { .. } | Report::Up { .. });
            assert_eq!(stage.count(odd), 0, "{:?}", stage.reports.borrow());
            stage.confirm_all(COUNT).await;
            assert!(matches!(stage.driving.await.unwrap(), Ended::Closed(_)));
            let reports = stage.reports.borrow();
            assert_eq!(
                (reports.iter().filter_map(tag).count(), reports.iter().filter(|it| is_answered(it)).count()),
                (COUNT, 1)
            );
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_longer_in_coming_than_carriers_wait_is_put_off_and_the_link_lives() {
    LocalSet::new()
        .run_until(async {
            let mut stage = Stage::new(64 * 1_024).await;
            stage.say((0..1_000).map(delivery).collect()).await;
            sleep(SECOND * 29).await;
            let taken = stage.taken();
            assert_eq!(stage.count(|it| matches!(it, Report::PutOff(_))), 0);
            sleep(SECOND * 2).await;
            let put_off = |why| move |it: &Report| *it == Report::PutOff(why);
            assert_eq!(stage.count(put_off(PutOff::Stalled)), taken);
            assert_eq!(stage.count(put_off(PutOff::Full)), 1_000 - taken);
            for _ in 0..1_000 {
                let answer = stage.hear().await;
                assert_eq!(
                    (answer.body.command_id(), answer.status),
                    (CommandId::DELIVER_SM_RESP, CommandStatus::MessageQueueFull)
                );
            }
            // It reads on: the carrier sees that it lives.
            let enquiry = Pdu { status: CommandStatus::Ok, sequence: 5_000, body: PduBody::EnquireLink };
            stage.say(vec![enquiry]).await;
            assert_eq!(stage.hear().await.body, PduBody::EnquireLinkResp);
            // What was put off is durable in the end, and is not answered again; what comes then is taken.
            stage.confirm_all(taken).await;
            stage.say(vec![delivery(6_000)]).await;
            stage.confirm_all(taken + 1).await;
            let answer = stage.hear().await;
            assert_eq!((answer.sequence, answer.status), (6_000, CommandStatus::Ok));
            stage.driving.abort();
        })
        .await;
}
