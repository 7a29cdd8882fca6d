//! What the deciding floor tells telemetry: one fact, one log line, some metrics.

use crate::carrier::id::Relation;
use crate::guard::guards::Notice;
use crate::guard::policy::{GuardKind, GuardMode};
use crate::message::attempt::{Answer, Cause};
use crate::message::class::Class;
use crate::message::id::{AccountId, AppId, CarrierId, EventId, LinkId, MessageId, OrderId, RouteId};
use crate::message::money::Money;
use crate::message::reason::Reason;
use crate::message::status::Status;
use crate::number::e164::E164;
use crate::record::action::Action;
use crate::record::suppression::Origin;
use crate::verify::progress::VerificationStatus;
use std::time::Duration;

/// Messages of an order that are told by their ids: what a line of a log has room for. The others have the number of
/// the order.
pub const TOLD_MAX: usize = 8;

/// Something that telemetry counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// An order was accepted.
    Accepted {
        /// Which.
        order: OrderId,
        /// Whose.
        account: AccountId,
        /// By which route.
        route: RouteId,
        /// What for.
        class: Class,
        /// How many messages.
        count: usize,
        /// The first of them, [`TOLD_MAX`] at most.
        messages: Box<[MessageId]>,
    },
    /// A message has a new status.
    Status {
        /// Which message.
        message: MessageId,
        /// By which route.
        route: RouteId,
        /// What it is now.
        status: Status,
        /// Why it ended, if badly.
        reason: Option<Reason>,
        /// Whether a late receipt corrected a final status.
        corrected: bool,
    },
    /// A part was given to a link.
    Submitted {
        /// Which message.
        message: MessageId,
        /// On which link.
        link: LinkId,
        /// What for.
        class: Class,
        /// Why.
        cause: Cause,
        /// How long after its acceptance.
        waited: Duration,
    },
    /// An attempt ended.
    Answered {
        /// Which message.
        message: MessageId,
        /// On which link.
        link: LinkId,
        /// ISO letters of the recipient's country.
        country: Option<&'static str>,
        /// What the answer means.
        answer: Answer,
        /// What the carrier said.
        command_status: Option<u32>,
        /// How long after it was written; `None` if it was not, or nobody knows.
        took: Option<Duration>,
        /// How long after the intent it was written.
        waited: Option<Duration>,
        /// Whether the carrier asked for a slower pace.
        throttled: bool,
    },
    /// A message goes from one carrier to the next of its route.
    Failover {
        /// Which message.
        message: MessageId,
        /// Whence.
        from: CarrierId,
        /// Whither.
        to: CarrierId,
        /// Why.
        cause: Cause,
    },
    /// A receipt says how a part ended at a carrier.
    Outcome {
        /// At whom.
        carrier: CarrierId,
        /// ISO letters of the recipient's country.
        country: Option<&'static str>,
        /// What for.
        class: Class,
        /// How.
        status: Status,
        /// How long after the carrier's answer.
        after: Duration,
    },
    /// A verification ended.
    Verified {
        /// Of which app.
        app: AppId,
        /// Who carried its code, as far as one can tell.
        carrier: Option<CarrierId>,
        /// ISO letters of the country of the number.
        country: Option<&'static str>,
        /// How.
        status: VerificationStatus,
        /// How long after it began.
        took: Duration,
    },
    /// A guard refused a code, or a guess, or in its shadow would have.
    Guarded {
        /// Which.
        guard: GuardKind,
        /// What it does.
        mode: GuardMode,
    },
    /// A guard saw what somebody should know.
    Noticed(Notice),
    /// A receipt came, of whatever use it was.
    Receipt {
        /// From whom.
        carrier: CarrierId,
        /// The normalised word.
        status: Status,
        /// What it was good for.
        fate: Fate,
        /// Which message it was about.
        message: Option<MessageId>,
        /// How long after the submit.
        delay: Option<Duration>,
    },
    /// A carrier's word of state has no meaning that anybody knows; told once for each.
    StrangeWord {
        /// Whose.
        carrier: CarrierId,
        /// As it is written.
        word: Box<str>,
        /// The key of the carrier that says what it means.
        key: &'static str,
    },
    /// Receipts of a carrier would fit if its ids related so, and do not say whose they are.
    UnsureIds {
        /// Whose.
        carrier: CarrierId,
        /// How.
        relation: Relation,
        /// How many, since it was last told.
        count: u32,
    },
    /// A receipt came that names no message.
    Unread {
        /// From whom.
        carrier: CarrierId,
        /// As which event it is kept; `None` if so many were kept today that it is counted alone.
        event: Option<EventId>,
    },
    /// A message from a handset came, or a part of one.
    Mo {
        /// From whom.
        carrier: CarrierId,
    },
    /// The same came again.
    MoAgain {
        /// From whom.
        carrier: CarrierId,
    },
    /// A message from a handset is told, whole or as far as it came.
    Received {
        /// From whom.
        carrier: CarrierId,
        /// As which event.
        event: EventId,
        /// To whom; `None` if no rule fits it.
        account: Option<AccountId>,
        /// How many parts it was sent in.
        parts: u8,
        /// How many of them never came.
        missing: usize,
    },
    /// A handset wants no more messages, or messages again, and nobody knows whose number it is.
    Unheeded {
        /// From whom it came.
        carrier: CarrierId,
        /// As which event.
        event: EventId,
    },
    /// A number is left in peace from now on.
    OptedOut {
        /// By whom; `None` is everybody.
        account: Option<AccountId>,
        /// Which.
        number: E164,
        /// Who wanted it.
        origin: Origin,
        /// Whether there was room on the list.
        kept: bool,
    },
    /// A number is written to again.
    OptedIn {
        /// By whom; `None` is everybody.
        account: Option<AccountId>,
        /// Which.
        number: E164,
        /// Who wanted it.
        origin: Origin,
        /// Why.
        reason: Box<str>,
    },
    /// A carrier was asked about a part.
    Queried {
        /// At whom.
        carrier: CarrierId,
        /// About which message, if it is still known.
        message: Option<MessageId>,
        /// What came of it.
        result: QueryResult,
    },
    /// How a carrier's ids relate is believed to be another now; `None` is that nothing is believed any more.
    Learned {
        /// Whose.
        carrier: CarrierId,
        /// How.
        relation: Option<Relation>,
        /// Whether it was known before the start.
        before: bool,
    },
    /// An operator ordered something.
    Operated(Box<Action>),
    /// What an operator ordered has had its time.
    OperatedEnded(Box<Action>),
    /// A parked receipt was given up.
    Unmatched {
        /// From whom.
        carrier: CarrierId,
    },
    /// An order was paid for from a balance.
    Charged {
        /// Whose.
        account: AccountId,
        /// How much.
        amount: Money,
    },
    /// What no carrier took was paid back to a balance.
    Refunded {
        /// Whose.
        account: AccountId,
        /// How much.
        amount: Money,
    },
    /// A carrier took a part, and charges for it.
    Cost {
        /// Who charges.
        carrier: CarrierId,
        /// What for.
        class: Class,
        /// How much.
        amount: Money,
    },
    /// A figure of a carrier has left what is usual, or is back.
    Turned {
        /// Whose.
        carrier: CarrierId,
        /// Which, and how far.
        turn: Turn,
    },
    /// A part's outcome is not known.
    Doubtful {
        /// Which message.
        message: MessageId,
        /// At whom.
        carrier: CarrierId,
        /// Why.
        cause: DoubtCause,
    },
}

closed_set! {
    /// What came of a question about a part.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum QueryResult: all, word {
        /// The part has ended by it.
        Final "final",
        /// The carrier still tries.
        Pending "pending",
        /// The carrier does not tell.
        Refused "refused",
        /// No answer came.
        Unanswered "unanswered",
    }
}

/// What a receipt was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It changed a part.
    Matched,
    /// Its part is not known yet.
    Parked,
    /// It came after the end, and is history or a correction.
    Late,
    /// It said what was known.
    Duplicate,
    /// Another carrier had delivered the same before.
    Double,
    /// It names no message, and is for people to read.
    Unread,
}

closed_set! {
    /// Why an outcome is not known.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum DoubtCause: word {
        /// No answer came in time, or the link was lost before it came.
        NoAnswer "no_answer",
        /// The daemon stopped in between.
        Crash "crash",
    }
}

/// What of a carrier's answers can be out of the usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// How long the slowest hundredth takes, in seconds.
    P99,
    /// The share of answers that refuse.
    Refusals,
}

/// What has become of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn {
    /// Which.
    pub figure: Figure,
    /// Where it stands now.
    pub now: f64,
    /// What is usual.
    pub usual: f64,
    /// Whether it has left the usual, or is back.
    pub left: bool,
}
