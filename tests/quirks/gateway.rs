//! The deciding floor over a store in memory, with one carrier: what receipts do to messages.

use bytes::{Bytes, BytesMut};
use nuncio::carrier::dialect::Dialect;
use nuncio::carrier::inbound;
use nuncio::carrier::report::{Answered, News, ReceiptNews, Report, Ticket};
use nuncio::dispatch::door::command::Command;
use nuncio::dispatch::door::fact::{Fact, Fate};
use nuncio::dispatch::door::happening::{Ask, Happening, Recipient, RequestId, Submission};
use nuncio::dispatch::door::plan::{Carrier, Limits, Plan};
use nuncio::dispatch::{Dispatch, Effects};
use nuncio::message::attempt::{Answer, CarrierMessageId};
use nuncio::message::class::Class;
use nuncio::message::id::{AccountId, CarrierId, LinkId, PartKey, RouteId};
use nuncio::message::part::Part;
use nuncio::message::phase::Phase;
use nuncio::message::source::Source;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use nuncio::record::contract::Store;
use nuncio::route::plan::{Route, UnknownPolicy};
use nuncio::smpp::address::Address;
use nuncio::smpp::pdu::{Pdu, PduBody};
use nuncio::smpp::sm::Sm;
use nuncio::smpp::tlv::{Tag, Tlvs};
use nuncio::store::memory::Memory;
use nuncio::text::content::Requested;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const CARRIER: CarrierId = CarrierId(1);
pub(crate) const LINK: LinkId = LinkId { carrier: CARRIER, bind: 0 };
const ROUTE: RouteId = RouteId(1);
/// The handset that most tests are about.
pub(crate) const HANDSET: u64 = 31_612_345_678;

/// A gateway with one carrier.
pub(crate) struct Gateway {
    pub(crate) dispatch: Dispatch,
    pub(crate) store: Memory,
    pub(crate) plan: Plan,
    pub(crate) now: Time,
    requests: u64,
}

impl Gateway {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let carrier = Carrier {
            parked_for: Duration::from_secs(60),
            dialect: Arc::new(dialect),
            ..Carrier::new(CARRIER, "acme")
        };
        let route = Route {
            unknown: UnknownPolicy::Hold,
            validity: Duration::from_secs(3_600),
            receipt_timeout: Duration::from_secs(4 * 86_400),
            ..Route::new(ROUTE, Class::Transactional, vec![CARRIER])
        };
        let plan = Plan {
            carriers: BTreeMap::from([(CARRIER, carrier)]),
            routes: BTreeMap::from([(ROUTE, route)]),
            limits: Limits::default(),
            ..Plan::default()
        };
        let now = Time(1_800_000_000_000);
        let mut store = Memory::new();
        let recovered = store.recover().expect("a store");
        let dispatch = Dispatch::new(Arc::new(plan.clone()), recovered, now);
        let mut gateway = Self { dispatch, store, plan, now, requests: 0 };
        gateway.hear(Report::Up { capacity: 100, window: 50 });
        gateway
    }

    /// The same gateway after its process was killed, with its link up again.
    pub(crate) fn restart(&mut self) -> Effects {
        self.store = self.store.crash();
        let recovered = self.store.recover().expect("a store");
        self.dispatch = Dispatch::new(Arc::new(self.plan.clone()), recovered, self.now);
        self.hear(Report::Up { capacity: 100, window: 50 })
    }

    pub(crate) fn beat(&mut self, happenings: Vec<Happening>) -> Effects {
        let mut dice = || 4;
        self.dispatch.beat(self.now, &mut dice, happenings, &mut self.store).expect("a beat")
    }

    pub(crate) fn hear(&mut self, report: Report) -> Effects {
        self.beat(vec![Happening::Link(LINK, report)])
    }

    pub(crate) fn later(&mut self, by: Duration) -> Effects {
        self.now = self.now + by;
        self.beat(Vec::new())
    }

    /// Sends a text to a handset; the tickets of its parts on the link.
    pub(crate) fn send(&mut self, to: u64, parts: u8) -> Vec<Ticket> {
        self.requests += 1;
        let recipient = Recipient {
            destination: E164(to),
            source: None,
            text: "a".repeat(if parts == 1 { 9 } else { 153 * usize::from(parts) }).into(),
            requested: Requested::Auto,
            extras: None,
            parts,
            client_ref: None,
            price: None,
        };
        let submission = Submission {
            account: AccountId(1),
            route: ROUTE,
            class: Class::Transactional,
            source: Source::parse("shop").expect("a sender"),
            send_at: None,
            validity: Duration::from_secs(3_600),
            idempotency: None,
            recipients: vec![recipient],
        };
        let outcome = self.beat(vec![Happening::Ask(RequestId(self.requests), Ask::Submit(Box::new(submission)))]);
        let submits = outcome.commands.into_iter().filter_map(|it| match it {
            Command::Submit(_, submit) => Some(submit.ticket),
            _ => None,
        });
        submits.collect()
    }

    /// The carrier takes a part, and calls it so.
    pub(crate) fn taken(&mut self, ticket: Ticket, id: &str) -> Effects {
        self.hear(took(ticket, id))
    }

    /// Nobody answers for a part.
    pub(crate) fn doubt(&mut self, ticket: Ticket) -> Effects {
        self.hear(Report::Answered(ticket, Answered::UNKNOWN))
    }

    /// A message to a handset that the carrier has taken and named.
    pub(crate) fn sent(&mut self, to: u64, id: &str) -> PartKey {
        let ticket = self.send(to, 1)[0];
        self.taken(ticket, id);
        assert_eq!(self.part(ticket.key()).phase(), Phase::Sent);
        ticket.key()
    }

    /// A receipt comes as this request of the carrier; what it was good for.
    pub(crate) fn receive(&mut self, body: &PduBody) -> Fate {
        let news = self.read(body);
        let outcome = self.hear(Report::Inbound { tag: 7, news: News::Receipt(news) });
        assert!(outcome.commands.iter().any(|it| matches!(it, Command::Confirm(LINK, 7))), "it is confirmed");
        fates(&outcome)[0]
    }

    /// A receipt comes with this text, about the handset of most tests.
    pub(crate) fn receipt(&mut self, text: &str) -> Fate {
        self.receive(&PduBody::DeliverSm(about(HANDSET, text)))
    }

    fn read(&self, body: &PduBody) -> ReceiptNews {
        receipt(body, &self.plan.carriers[&CARRIER].dialect)
    }

    pub(crate) fn part(&self, key: PartKey) -> Part {
        let parts = self.store.all().flat_map(|it| it.parts);
        parts.into_iter().find(|it| it.key == key).expect("it was accepted")
    }

    pub(crate) fn phase(&self, key: PartKey) -> Phase {
        self.part(key).phase()
    }
}

/// The carrier takes a part, and calls it so.
pub(crate) fn took(ticket: Ticket, id: &str) -> Report {
    let answered = Answered {
        answer: Answer::Taken,
        command_status: Some(0),
        carrier_message_id: CarrierMessageId::new(id),
        reason: None,
        throttled: false,
        took: None,
    };
    Report::Answered(ticket, answered)
}

/// What receipts were good for.
pub(crate) fn fates(outcome: &Effects) -> Vec<Fate> {
    let fate = |it: &Fact| match it {
        Fact::Receipt { fate, .. } => Some(*fate),
        _ => None,
    };
    outcome.facts.iter().filter_map(fate).collect()
}

/// A deliver_sm of the SMSC about a handset.
pub(crate) fn about(handset: u64, text: &str) -> Sm {
    Sm {
        source: Address::new(1, 1, handset.to_string().as_str()),
        destination: Address::new(5, 0, "shop"),
        esm_class: 0x04,
        short_message: Bytes::copy_from_slice(text.as_bytes()),
        ..Sm::default()
    }
}

/// With these parameters.
pub(crate) fn with(sm: Sm, tlvs: &[(Tag, &[u8])]) -> PduBody {
    let tlvs = tlvs.iter().fold(Tlvs::build(), |stream, (tag, value)| stream.push(*tag, value)).build();
    PduBody::DeliverSm(Sm { tlvs, ..sm })
}

/// What a request says once it has been on the wire.
pub(crate) fn news(body: &PduBody, dialect: &Dialect) -> News {
    let mut octets = BytesMut::new();
    Pdu::request(9, body.clone()).encode(&mut octets).expect("it can be said");
    let pdu = Pdu::decode(octets.freeze()).expect("it can be read");
    inbound::news(&pdu.body, dialect).expect("it carries a message")
}

/// The receipt that a request is.
pub(crate) fn receipt(body: &PduBody, dialect: &Dialect) -> ReceiptNews {
    match news(body, dialect) {
        News::Receipt(receipt) => receipt,
        News::Mo(mo) => panic!("{mo:?}"),
    }
}
