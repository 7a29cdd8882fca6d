//! What a link has to say, in words of messages.

use crate::carrier::mo::Mo;
use crate::carrier::whom::Whom;
use crate::message::attempt::{Answer, CarrierMessageId};
use crate::message::id::{PartKey, Seq};
use crate::message::reason::Reason;
use crate::message::receipt::Receipt;
use crate::number::e164::E164;
use crate::session::output::Oddity;
use std::time::Duration;

/// What a carrier said when it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Queried {
    /// Where the part stands. `received_at` is set by who takes it in.
    State(Receipt),
    /// It knows no such message, or does not tell.
    Refused,
    /// It does not know the operation, or does not offer it.
    Unserved,
    /// Nothing came of it: it did not leave, or its link was lost, or the carrier would not answer now.
    Unanswered,
    /// It had all the time to answer, and did not.
    Ignored,
}

/// Names one attempt of one part on a link: the part's key and the attempt's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

// Every part and every attempt of it fit, and no attempt is taken for a question.
const _: () = assert!(Seq::END.ilog2() + PartKey::PARTS_MAX.ilog2() + Ticket::NUMBER <= u64::BITS);
const _: () = assert!(Ticket::ATTEMPTS_MAX < Ticket::QUERY && (Ticket::QUERY as u32) < 1 << Ticket::NUMBER);

impl Ticket {
    /// More attempts than any part may have.
    pub const ATTEMPTS_MAX: u8 = 100;

    /// In place of an attempt's number: a question about the part.
    const QUERY: u8 = 127;

    /// Bits of a ticket that hold the number of an attempt.
    const NUMBER: u32 = 7;

    /// A question about the part `key`.
    pub const fn query(key: PartKey) -> Self {
        Self::new(key, Self::QUERY)
    }

    /// Whether it is a question, not an attempt.
    pub const fn is_query(self) -> bool {
        self.number() == Self::QUERY
    }

    /// The attempt `number` of the part `key`.
    pub const fn new(key: PartKey, number: u8) -> Self {
        Self((key.0 << Self::NUMBER) | (number & 0x7F) as u64)
    }

    /// The part.
    pub const fn key(self) -> PartKey {
        PartKey(self.0 >> Self::NUMBER)
    }

    /// The number of the attempt.
    pub const fn number(self) -> u8 {
        (self.0 & 0x7F) as u8
    }
}

/// What a link has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// It is bound; so many parts may be given to it before one of them ends (0 on a receiver).
    Up {
        /// Window and what may run ahead of it.
        capacity: usize,
        /// Of these, how many may be at the carrier unanswered.
        window: usize,
    },
    /// It winds up: nothing more may be given to it.
    Closing,
    /// The carrier has gone: nothing more may be given to it, and what it has ends as it may before it is down.
    Lost,
    /// It is not bound any more; every part that it was given has ended by a report before this one.
    Down,
    /// A part that it was given ended. Frees one place of its capacity.
    Answered(Ticket, Answered),
    /// The answer to a part that had ended as [`Answer::Unknown`]; frees nothing.
    Late(Ticket, Answered),
    /// The carrier sent what it should not have; it was dealt with.
    Odd(Oddity),
    /// What came of a [`crate::carrier::query::Query`] about this part.
    Queried(PartKey, Queried),
    /// The carrier said something of which no part depends.
    Aside(Aside),
    /// The carrier was told to send something again, because it could not be made durable in time.
    PutOff(PutOff),
    /// The carrier sent something that must be durable before it is confirmed.
    Inbound {
        /// What the confirmation must name.
        tag: u64,
        /// What it says.
        news: News,
    },
}

closed_set! {
    /// Why a carrier is told to send something again.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum PutOff: all, word {
        /// It has waited for so long, and nothing is made durable.
        Stalled "stalled",
        /// Nothing is made durable, and what waits for that fills the buffer.
        Full "full",
        /// It came before the bind was answered, and what came before it fills the buffer.
        Early "early",
    }
}

/// What a carrier says by the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aside {
    /// An `outbind` came, from an SMSC of this name, and the bind has been sent.
    Invited(Box<str>),
    /// An `alert_notification` came: this handset can be reached again.
    Alerted(Option<E164>),
    /// `congestion_state` is now another, in per cent (5.0 section 4.8.4.18).
    Congestion(u8),
}

/// How the submission of a part ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What it means.
    pub answer: Answer,
    /// What the carrier said; `None` if it said nothing.
    pub command_status: Option<u32>,
    /// What the carrier calls the part.
    pub carrier_message_id: Option<CarrierMessageId>,
    /// Why it will not arrive, where the answer says so.
    pub reason: Option<Reason>,
    /// The carrier asks for a slower pace: `ESME_RTHROTTLED` or `ESME_RMSGQFUL`.
    pub throttled: bool,
    /// How long after it was written it ended; `None` if it was not written, or nobody knows when.
    pub took: Option<Duration>,
}

impl Answered {
    /// It never left.
    pub const NOT_SENT: Self = Self::without(Answer::NotSent);
    /// It was perhaps written, and nobody answered.
    pub const UNKNOWN: Self = Self::without(Answer::Unknown);

    const fn without(answer: Answer) -> Self {
        Self { answer, command_status: None, carrier_message_id: None, reason: None, throttled: false, took: None }
    }

    /// The same, which ended so long after it was written.
    #[must_use]
    pub fn after(self, took: Option<Duration>) -> Self {
        Self { took, ..self }
    }
}

/// What a carrier sends of its own accord.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// What became of a part.
    Receipt(ReceiptNews),
    /// A message from a handset.
    Mo(Mo),
}

/// What the allocator keeps for itself of each piece of memory.
const ALLOCATION: usize = 16;

impl News {
    /// What the smallest holds: the report that tells of it.
    pub const OCTETS_MIN: usize = size_of::<Report>();

    /// The memory that it holds until it is durable.
    pub fn octets(&self) -> usize {
        let texts = match self {
            Self::Receipt(it) => {
                let ids = it.ids.iter().map(|id| size_of::<CarrierMessageId>() + id.as_str().len() + ALLOCATION);
                let code = it.receipt.error_code.as_ref().map_or(0, |code| code.len() + ALLOCATION);
                ids.sum::<usize>() + it.sender.len() + it.receipt.raw_status.len() + code + 3 * ALLOCATION
            }
            Self::Mo(it) => it.source.len() + it.destination.len() + it.octets.len() + 3 * ALLOCATION,
        };
        Self::OCTETS_MIN + texts
    }
}

/// A receipt as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptNews {
    /// The ids that it names, most trusted first: TLV, then text. Empty when it names none.
    pub ids: Vec<CarrierMessageId>,
    /// The handset that it is about.
    pub handset: Option<E164>,
    /// What stands in the handset's place, where it is no number with its country code.
    pub address: Option<Box<str>>,
    /// The sender that it is about, as the PDU has it.
    pub sender: Box<str>,
    /// Nobody knows its word of state: the operator may say what it means.
    pub is_strange: bool,
    /// What it says. `received_at` is set by who takes it in.
    pub receipt: Receipt,
    /// As it came, where it names no message and only people can make something of it.
    pub announced: Option<Box<Announced>>,
}

/// What is announced as a receipt and names no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// How it was announced.
    pub esm_class: u8,
    /// How the octets are to be read.
    pub data_coding: u8,
    /// Its text, a header included.
    pub octets: Box<[u8]>,
}

impl ReceiptNews {
    /// Whom it is about.
    pub fn whom(&self) -> Whom<'_> {
        Whom { handset: self.handset, address: self.address.as_deref(), sender: &self.sender }
    }
}
