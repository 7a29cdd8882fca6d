//! The whole carrier in virtual time, spoken to PDU by PDU.

mod chaos;
mod operations;
mod receipts;
mod server;
mod submits;

use crate::session::output::CloseReason;
use crate::simulator::behaviour::{Behaviour, Receipts};
use crate::simulator::ledger::Keep;
use crate::simulator::line::LineId;
use crate::simulator::smsc::{Say, Smsc};
use crate::smpp::address::Address;
use crate::smpp::bind::{Bind, BindKind};
use crate::smpp::cstring::CString;
use crate::smpp::data::DataSm;
use crate::smpp::pdu::{Pdu, PduBody};
use crate::smpp::sm::{Sm, SmResp, registered_delivery};
use crate::smpp::status::CommandStatus;
use std::time::{Duration, Instant};

pub(super) const OK: CommandStatus = CommandStatus::Ok;
pub(super) const MS: Duration = Duration::from_millis(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);

/// A carrier and all that it said since it was last asked.
pub(super) struct World {
    pub(super) smsc: Smsc,
    start: Instant,
    now: Instant,
    pub(super) closed: Vec<(LineId, CloseReason)>,
    sequence: u32,
}

impl World {
    pub(super) fn new(behaviour: Behaviour) -> Self {
        let start = Instant::now();
        let smsc = Smsc::new(start, behaviour, 1).keeping(Keep::All);
        Self { smsc, start, now: start, closed: Vec::new(), sequence: 100 }
    }

    pub(super) fn with_receipts(receipts: Receipts) -> Self {
        Self::new(Behaviour { receipts, ..Behaviour::default() })
    }

    /// A line that is bound under this name.
    pub(super) fn bound(&mut self, system_id: &str, kind: BindKind) -> LineId {
        let (line, status) = self.bind(system_id, "", kind);
        assert_eq!(status, OK);
        line
    }

    pub(super) fn bind(&mut self, system_id: &str, password: &str, kind: BindKind) -> (LineId, CommandStatus) {
        let line = self.smsc.connect(self.now);
        let (system_id, password) = (CString::from(system_id), CString::from(password));
        let bind = Bind { system_id, password, interface_version: 0x34, ..Bind::default() };
        // What waits for the account may come with the answer: it is looked at later.
        self.smsc.hear(self.now, line, Pdu::request(1, PduBody::Bind(kind, bind)));
        match self.smsc.poll() {
            Say::Send { line: on, pdu: Pdu { status, body: PduBody::BindResp(..), .. } } if on == line => {
                (line, status)
            }
            other => panic!("the bind was answered with {other:?}"),
        }
    }

    pub(super) fn submit_sm(destination: &str, text: &str) -> Sm {
        Sm {
            source: Address::new(5, 0, "Shop"),
            destination: Address::new(1, 1, destination),
            registered_delivery: registered_delivery::RECEIPT,
            short_message: text.as_bytes().to_vec().into(),
            ..Sm::default()
        }
    }

    /// Submits; the number of the request.
    pub(super) fn submit(&mut self, line: LineId, destination: &str, text: &str) -> u32 {
        self.sequence += 1;
        let body = PduBody::SubmitSm(Self::submit_sm(destination, text));
        self.smsc.hear(self.now, line, Pdu::request(self.sequence, body));
        self.sequence
    }

    /// Answers a request of the carrier.
    pub(super) fn confirm(&mut self, line: LineId, sequence: u32, status: CommandStatus) {
        let body = PduBody::DeliverSmResp(SmResp::default());
        self.smsc.hear(self.now, line, Pdu::response(sequence, status, body));
    }

    /// All that is said at this moment.
    pub(super) fn said(&mut self) -> Vec<(LineId, Said)> {
        let mut said = Vec::new();
        loop {
            match self.smsc.poll() {
                Say::Send { line, pdu } => said.push((line, Said::of(pdu))),
                Say::Close { line, reason } => self.closed.push((line, reason)),
                Say::Wait(deadline) => {
                    assert!(deadline.is_none_or(|at| self.now < at), "a deadline is in the past");
                    return said;
                }
            }
        }
    }

    /// All that is said until so long after the start, moment by moment. Enquiries are left out
    /// and answered, so that lines last.
    pub(super) fn until(&mut self, time: Duration) -> Vec<(Duration, LineId, Said)> {
        let end = self.start + time;
        let mut all = Vec::new();
        loop {
            for (line, said) in self.said() {
                match said {
                    Said::Enquiry(sequence) => {
                        self.smsc.hear(self.now, line, Pdu::response(sequence, OK, PduBody::EnquireLinkResp));
                    }
                    said => all.push((self.now - self.start, line, said)),
                }
            }
            match self.smsc.deadline().filter(|at| *at <= end) {
                Some(at) => self.now = at,
                None => {
                    self.now = end;
                    return all;
                }
            }
            self.smsc.tick(self.now);
        }
    }

    /// The same, while every receipt is confirmed as it comes.
    pub(super) fn confirming_until(&mut self, time: Duration) -> Vec<(Duration, LineId, Said)> {
        let end = self.start + time;
        let mut all = Vec::new();
        loop {
            let from = all.len();
            let moment = self.now - self.start;
            all.extend(self.until(moment));
            let heard: Vec<_> = all[from..].iter().map(|(_, line, said)| (*line, said.clone())).collect();
            for (line, said) in &heard {
                if said.is_request() {
                    self.confirm(*line, said.sequence(), OK);
                }
            }
            if !heard.is_empty() {
                continue;
            }
            match self.smsc.deadline().filter(|at| *at <= end) {
                Some(at) => self.now = at,
                None => return all,
            }
            self.smsc.tick(self.now);
        }
    }

    pub(super) fn eof(&mut self, line: LineId) {
        self.smsc.eof(self.now, line);
        assert_eq!(self.smsc.poll(), Say::Close { line, reason: CloseReason::PeerClosed });
    }
}

/// What a PDU of the carrier says, as far as tests look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// An answer to a submit: its number, its status, the id.
    Answer(u32, CommandStatus, String),
    /// A request.
    Request {
        sequence: u32,
        body: PduBody,
    },
    Enquiry(u32),
    Other(PduBody),
}

impl Said {
    fn of(pdu: Pdu) -> Self {
        match pdu.body {
            PduBody::SubmitSmResp(resp) => Self::Answer(pdu.sequence, pdu.status, resp.message_id.to_string()),
            PduBody::EnquireLink => Self::Enquiry(pdu.sequence),
            body @ (PduBody::DeliverSm(_) | PduBody::DataSm(_)) => Self::Request { sequence: pdu.sequence, body },
            body => Self::Other(body),
        }
    }

    /// The text of a request.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Request { body: PduBody::DeliverSm(sm), .. } => String::from_utf8_lossy(&sm.text()).into_owned(),
            Self::Request { body: PduBody::DataSm(DataSm { tlvs, .. }), .. } => {
                String::from_utf8_lossy(&tlvs.get(crate::smpp::tlv::Tag::MESSAGE_PAYLOAD).unwrap_or_default())
                    .into_owned()
            }
            other => panic!("{other:?} has no text"),
        }
    }

    /// The `stat:` of a receipt.
    pub(super) fn stat(&self) -> String {
        let text = self.text();
        let at = text.find("stat:").expect("it is a receipt") + 5;
        text[at..].split(' ').next().unwrap_or_default().to_owned()
    }

    pub(super) fn sequence(&self) -> u32 {
        match self {
            Self::Request { sequence, .. } => *sequence,
            other => panic!("{other:?} is no request"),
        }
    }

    pub(super) const fn is_request(&self) -> bool {
        matches!(self, Self::Request { .. })
    }
}

#[test]
fn only_who_is_known_is_let_in_and_only_so_often() {
    let accounts = vec![("shop".to_owned(), "secret".to_owned())];
    let mut world = World::new(Behaviour { accounts, binds_max: 1, ..Behaviour::default() });
    let bind = |world: &mut World, system_id, password| world.bind(system_id, password, BindKind::Transceiver).1;
    assert_eq!(bind(&mut world, "bank", "secret"), CommandStatus::InvalidSystemId);
    assert_eq!(bind(&mut world, "shop", "wrong"), CommandStatus::InvalidPassword);
    assert_eq!(bind(&mut world, "shop", "secret"), OK);
    assert_eq!(bind(&mut world, "shop", "secret"), CommandStatus::AlreadyBound);
    world.smsc.behaviour_mut().refuse_bind = Some(CommandStatus::BindFailed);
    assert_eq!(bind(&mut world, "shop", "secret"), CommandStatus::BindFailed);
    assert_eq!((world.smsc.stats().binds, world.smsc.stats().binds_refused), (1, 4));
}
