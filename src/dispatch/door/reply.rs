//! The answers to requests.

use crate::dispatch::door::happening::{
    Ask, CancelVerification, Cancellation, Check, Credit, Demand, Feedback, Forgetting, Inspect, Lift, MayAsk, Predict,
    Submission, Suppress, Verify, Withdrawal,
};
use crate::dispatch::door::snapshot::Snapshot;
use crate::guard::guards::Objection;
use crate::guard::policy::GuardKind;
use crate::message::channel::Channel;
use crate::message::id::{MessageId, OrderId};
use crate::message::money::Money;
use crate::message::time::Time;
use crate::record::action::Action;
use crate::record::money::LedgerLine;
use crate::record::verification::Verification;
use crate::verify::progress::CheckResult;
use std::time::Duration;

/// The longest that something may stand: what is to stand longer belongs into the configuration.
pub const STANDS_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The longest that a link is traced: what is kept shows whom people write to.
pub const TRACE_MAX: Duration = Duration::from_secs(10 * 60);
/// Moves that may be under way at once.
pub const MOVES_MAX: usize = 16;

/// The answer to a question.
pub type Reply = Result<Grant, Denial>;

/// A question, and what it is answered with when it is not denied.
pub trait Question: Into<Ask> {
    /// What it is answered with.
    type Answer: Into<Grant> + TryFrom<Grant>;
}

/// Declares what questions are answered with, and which questions.
macro_rules! grants {
    ($($(#[$doc:meta])* $name:ident($answer:ty) to $($question:ty),+;)+) => {
        /// What a question is answered with.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Grant {
            $($(#[$doc])* $name($answer),)+
        }
        $(
            impl From<$answer> for Grant {
                fn from(answer: $answer) -> Self {
                    Self::$name(answer)
                }
            }
            impl TryFrom<Grant> for $answer {
                type Error = Grant;
                fn try_from(grant: Grant) -> Result<Self, Grant> {
                    if let Grant::$name(answer) = grant { Ok(answer) } else { Err(grant) }
                }
            }
            $(impl Question for $question {
                type Answer = $answer;
            })+
        )+
    };
}

grants! {
    /// A request to send is stored, now or before.
    Submitted(Submitted) to Box<Submission>;
    /// A message will not be sent.
    Cancelled(Cancelled) to Cancellation;
    /// Of an order nothing more will be sent.
    Withdrawn(Withdrawn) to Withdrawal;
    /// It is noted, or may come.
    Noted(Noted) to Feedback, MayAsk;
    /// An account has its credit.
    Credited(Credited) to Box<Credit>;
    /// A number is left in peace.
    Suppressed(Suppressed) to Suppress;
    /// A number is written to again.
    Lifted(Lifted) to Lift;
    /// What an operator wanted stands, or is done.
    Ordered(Box<Action>) to Box<Demand>;
    /// What was named of somebody is forgotten.
    ForgottenSome(ForgottenSome) to Box<Forgetting>;
    /// A number is being verified, or was.
    Verifying(Verifying) to Box<Verify>, CancelVerification;
    /// What the guards would say.
    Predicted(Predicted) to Predict;
    /// What came of a guess.
    Checked(Checked) to Check;
    /// How everything stands.
    Inspected(Box<Snapshot>) to Inspect;
}

/// What became of a request to send.
#[derive(Clone, Debug, PartialEq)]
pub enum Submitted {
    /// It is durable and queued.
    Accepted {
        /// The order that it made.
        order: OrderId,
        /// Its messages, in the order of the recipients.
        messages: Vec<MessageId>,
        /// When.
        at: Time,
        /// How its account stands now.
        means: Box<Means>,
    },
    /// The same request came before, under the same key.
    Repeated(OrderId),
}

/// The message will not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

/// Of an order these messages will not be sent, and these had left or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// So many will not be, those included that were taken back before.
    pub cancelled: u64,
    /// So many had.
    pub left: u64,
}

/// What of somebody is forgotten now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgottenSome {
    /// Messages to him.
    pub messages: usize,
    /// Of those that were named these keep his number until they have ended and are in the records of charge; with the
    /// orders that are arriving and may have some of his.
    pub under_way: usize,
    /// Receipts that waited for their message.
    pub receipts: usize,
    /// Parts of messages from him that waited for the others.
    pub parts: usize,
}

/// What was said is noted, or what was asked for may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted;

/// What became of credit.
#[derive(Clone, Debug, PartialEq)]
pub enum Credited {
    /// It was given: the line of the ledger that says so.
    Now(Box<LedgerLine>),
    /// The same was given before, under the same key; by the line of this number.
    Before(u64),
}

/// The number is left in peace since then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppressed(pub Time);

/// The number is written to again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifted;

/// A verification, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifying {
    /// What was done.
    pub started: Started,
    /// It.
    pub verification: Box<Verification>,
}

/// What the guards would say to a code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Predicted {
    /// That it is not sent, and until when, as the wall has it.
    pub refused: Option<Objection>,
    /// Those that would refuse it if they did more than count.
    pub shadowed: Vec<GuardKind>,
    /// By what it would be sent now.
    pub channels: Vec<Channel>,
}

closed_set! {
    /// What came of it that a number is to be verified.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Started: all, word, says {
        /// A verification began, and its code is sent.
        Created "created",
        /// One is running whose code was sent a moment ago: nothing was done.
        Running "running",
        /// The code of the one that is running is sent again.
        Resent "resent",
        /// The same request came before, under the same key: nothing was done.
        Repeated "repeated",
    }
}

/// What came of a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// In a word.
    pub result: CheckResult,
    /// How the verification stands then.
    pub verification: Box<Verification>,
}

/// Why a question is not answered with what it asks for. Nothing was done.
#[derive(Clone, Debug, PartialEq)]
pub enum Denial {
    /// The same request came before, under the same key, and its order is still arriving.
    Running,
    /// Another request came before under the same key.
    KeyReused,
    /// The account asks too often, or for too many messages.
    TooMany {
        /// What it went over.
        limit: Limit,
        /// When the same may be asked again; `None` is never.
        wait: Option<Duration>,
        /// How it stands now.
        means: Box<Means>,
    },
    /// The account has not enough to pay for it.
    Insufficient {
        /// What it has and is not promised to orders that are arriving.
        balance: Money,
    },
    /// The account pays from a balance, and something has no price.
    Unpriced,
    /// The account has no balance to give credit to.
    NotManaged,
    /// The balance would be larger than any may be.
    TooMuch,
    /// The message has left, or has ended.
    TooLate,
    /// The message was taken back before it left, so that nothing can have come of it.
    NeverLeft,
    /// There is no such message of this account, no such route any more, or no such key on a list.
    NotFound,
    /// The list of those who do not want to be written to is full.
    ListFull,
    /// The queue is full; try again after this.
    QueueFull(Duration),
    /// The daemon is stopping.
    Draining,
    /// The verification is over.
    Over,
    /// The code was sent a moment ago, or often enough; try again after this.
    Soon(Duration),
    /// A guard refuses it.
    Guarded {
        /// Which.
        guard: GuardKind,
        /// Until when, as the wall has it; [`Time::NEVER`] of what does not end by itself.
        until: Time,
        /// How long that is.
        wait: Option<Duration>,
        /// By what the app could send it that the guard has no say in.
        channels: Vec<Channel>,
    },
    /// The key that a code was made with is not there.
    NoKeys,
    /// What an operator wanted is not done.
    Unfit(Unfit),
}

/// How an account stands, as far as its configuration limits it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// What is left of its balance, once the request is paid for.
    pub balance: Option<Money>,
    /// What is left of its rate of requests.
    pub rate: Option<Allowance>,
    /// What is left of its quota of messages.
    pub quota: Option<Allowance>,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many may come in a window.
    pub limit: u64,
    /// How long a window is.
    pub window: Duration,
    /// How many may come now.
    pub remaining: u64,
    /// When there will be more.
    pub reset: Duration,
}

/// A limit of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Requests a second.
    Rate,
    /// Messages in a period.
    Quota,
}

/// Why something is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The configuration names no such carrier or route.
    #[error("there is no such carrier, route or link")]
    NoTarget,
    /// It would have ended before it began.
    #[error("the end is not in the future")]
    Over,
    /// It would stand too long.
    #[error("it may last {} hours at most", STANDS_MAX.as_secs() / 3_600)]
    TooLong,
    /// It would trace too long.
    #[error("a trace may last {} minutes at most", TRACE_MAX.as_secs() / 60)]
    TraceTooLong,
    /// Enough is under way.
    #[error("{MOVES_MAX} moves are under way; wait until one has ended")]
    TooMany,
    /// There is nothing to let go.
    #[error("nothing is held: the store was not restored from a backup, or what it held was let go before")]
    NothingHeld,
    /// There is no doubt to end.
    #[error("the clock is not doubted: it stood near where the store last was, or was believed since")]
    NothingDoubted,
}
