//! A session and its clock, for tests that go word by word.

use nuncio::session::Session;
use nuncio::session::input::Input;
use nuncio::session::options::Options;
use nuncio::session::output::{Output, SessionEvent};
use nuncio::smpp::bind::{Bind, BindKind, BindResp};
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::sm::{Sm, SmResp};
use nuncio::smpp::status::CommandStatus;
use std::time::{Duration, Instant};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const OK: CommandStatus = CommandStatus::Ok;

pub(super) fn pdu(status: CommandStatus, sequence: u32, body: PduBody) -> Pdu {
    Pdu { status, sequence, body }
}

/// A session and its clock, which goes by whole seconds.
pub(super) struct Solo {
    pub(super) session: Session,
    pub(super) start: Instant,
}

impl Solo {
    /// An ESME whose bind, number 1, has just been accepted.
    pub(super) fn esme(kind: BindKind, options: Options) -> Self {
        let mut solo = Self::binding(kind, options);
        let told = solo.hear(0, OK, 1, PduBody::BindResp(kind, BindResp::default()));
        assert!(matches!(told[..], [Output::Event(SessionEvent::Bound { .. })]), "{told:?}");
        solo
    }

    pub(super) fn binding(kind: BindKind, options: Options) -> Self {
        let start = Instant::now();
        let bind = Bind { interface_version: 0x34, ..Bind::default() };
        let mut solo = Self { session: Session::esme(start, kind, bind.clone(), options), start };
        assert_eq!(solo.drain(), [Output::Send(pdu(OK, 1, PduBody::Bind(kind, bind)))]);
        solo
    }

    /// An SMSC to which a peer has just bound.
    pub(super) fn smsc(kind: BindKind, options: Options) -> Self {
        let mut solo = Self::accepting(options);
        let told = solo.hear(0, OK, 9, PduBody::Bind(kind, Bind::default()));
        assert!(matches!(told[..], [Output::Event(SessionEvent::BindRequested { sequence: 9, .. })]), "{told:?}");
        let told = solo.respond(0, 9, OK, PduBody::BindResp(kind, BindResp::default()));
        assert!(matches!(told[..], [Output::Send(_), Output::Event(SessionEvent::Bound { .. })]), "{told:?}");
        solo
    }

    pub(super) fn accepting(options: Options) -> Self {
        let start = Instant::now();
        Self { session: Session::smsc(start, options), start }
    }

    pub(super) fn at(&mut self, second: u32, input: Input) -> Vec<Output> {
        self.session.handle(self.start + SECOND * second, input);
        self.drain()
    }

    pub(super) fn hear(&mut self, second: u32, status: CommandStatus, sequence: u32, body: PduBody) -> Vec<Output> {
        self.at(second, Input::Pdu(pdu(status, sequence, body)))
    }

    pub(super) fn respond(&mut self, second: u32, sequence: u32, status: CommandStatus, body: PduBody) -> Vec<Output> {
        self.at(second, Input::Respond { sequence, status, body })
    }

    pub(super) fn submit(&mut self, second: u32, ticket: u64) -> Vec<Output> {
        self.at(second, Input::Request(ticket, PduBody::SubmitSm(Sm::default())))
    }

    /// All that is said, without the waiting; the last word of a closed session is Close.
    pub(super) fn drain(&mut self) -> Vec<Output> {
        let mut said = Vec::new();
        loop {
            match self.session.poll() {
                Output::Wait(_) => return said,
                close @ Output::Close(_) => {
                    said.push(close);
                    return said;
                }
                output => said.push(output),
            }
        }
    }

    pub(super) fn waits_until(&mut self) -> u64 {
        match self.session.poll() {
            Output::Wait(Some(at)) => (at - self.start).as_secs(),
            other => panic!("it does not wait: {other:?}"),
        }
    }
}

pub(super) fn submit_sm_resp() -> PduBody {
    PduBody::SubmitSmResp(SmResp::default())
}

pub(super) fn refused(status: CommandStatus, sequence: u32, body: PduBody) -> Output {
    Output::Send(pdu(status, sequence, body))
}
