//! What comes into the deciding floor.

use crate::carrier::report::Report;
use crate::dispatch::door::plan::Plan;
use crate::guard::guards::Asker;
use crate::message::channel::Channel;
use crate::message::class::Class;
use crate::message::era::Wall;
use crate::message::extras::Extras;
use crate::message::hidden::CodeForm;
use crate::message::id::{AccountId, AppId, LinkId, MessageId, OrderId, RouteId, Seq, VerificationId};
use crate::message::money::Money;
use crate::message::source::Source;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::action::{Deed, Target};
use crate::record::delivery::Progress;
use crate::record::event::Event;
use crate::record::suppression::Suppression;
use crate::record::to_forget::ToForget;
use crate::route::opt_out::Key;
use crate::text::content::Requested;
use crate::verify::code::Code;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Names a waiting request to whoever answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(pub u64);

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Happening {
    /// Somebody asks for something, and waits for the answer.
    Ask(RequestId, Ask),
    /// A link has something to say.
    Link(LinkId, Report),
    /// A link has ended for good: whatever it was given and has not told of is in doubt.
    Gone(LinkId),
    /// The configuration changed.
    Reconfigure(Arc<Plan>),
    /// The wall shows another time than logical time has it, or is doubted, or is not.
    Wall(Wall),
    /// The loop stood still for so long, which is longer than carriers wait: what came meanwhile is answered late.
    StoodStill(Duration),
    /// Endpoints were told events.
    Told(Box<Progress>),
    /// Endpoints that these accounts made are told that messages were sent, whatever the configuration says of it.
    HearOfSent(BTreeSet<AccountId>),
    /// Nothing more is accepted or submitted; what is in flight is awaited.
    Drain,
}

/// Declares what may be asked for.
macro_rules! asks {
    ($($(#[$doc:meta])* $name:ident($question:ty),)+) => {
        /// What is asked for.
        #[derive(Clone, Debug)]
        pub enum Ask {
            $($(#[$doc])* $name($question),)+
        }
        $(impl From<$question> for Ask {
            fn from(question: $question) -> Self {
                Self::$name(question)
            }
        })+
    };
}

asks! {
    /// A checked request to send.
    Submit(Box<Submission>),
    /// A request to take back what has not left.
    Cancel(Cancellation),
    /// A request to take back all of an order that has not left.
    Withdraw(Withdrawal),
    /// An operator has a number left in peace.
    Suppress(Suppress),
    /// An operator has a number written to again.
    Lift(Lift),
    /// An operator wants something done.
    Operate(Box<Demand>),
    /// A request is about to be judged.
    MayAsk(MayAsk),
    /// An operator wants to see how everything stands.
    Inspect(Inspect),
    /// An operator gives an account credit.
    Credit(Box<Credit>),
    /// An application says what came of a message.
    Feedback(Feedback),
    /// Somebody is to be forgotten.
    Forget(Box<Forgetting>),
    /// A number is to be verified, or its code to be sent again.
    Verify(Box<Verify>),
    /// What would the guards say to a code?
    Predict(Predict),
    /// A code came back, or something like it.
    Check(Check),
    /// A number is not to be verified any more.
    CancelVerification(CancelVerification),
}

/// A message that is to be taken back, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancellation(pub AccountId, pub MessageId);

/// A request of this account is about to be judged, which costs something: would its rate let it in?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MayAsk(pub AccountId);

/// How does everything stand?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspect;

/// An application says whether the code in a message of its account came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub message: MessageId,
    /// Whether it came back.
    pub verified: bool,
}

/// Some of what names somebody who is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgetting {
    /// Who, and until when what names him is to go.
    pub asked: ToForget,
    /// Messages to him.
    pub messages: Vec<Seq>,
    /// What ended until then is in the records of charge.
    pub recorded: Recorded,
    /// Events that named him, without him.
    pub events: Vec<Event>,
    /// What keeps him in peace, as it is stored; it goes on doing so.
    pub suppressions: Vec<Suppression>,
    /// Nothing of him is under way: what waits for parts or messages of his is to be forgotten, too.
    pub rest: bool,
}

/// Until when records of charge are written of what has ended; for ever where none are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Of messages of one part.
    pub one: Time,
    /// Of messages of several.
    pub several: Time,
}

impl Recorded {
    /// There is nothing to wait for.
    pub const ALL: Self = Self { one: Time(u64::MAX), several: Time(u64::MAX) };
}

/// A number that is to be left in peace, for this reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppress(pub Key, pub Box<str>);

/// A number that is to be written to again, for this reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift(pub Key, pub Box<str>);

/// A number that is to be verified, or whose code is to be sent again.
#[derive(Clone, Debug, PartialEq)]
pub struct Verify {
    /// Whose customer has it.
    pub account: AccountId,
    /// By which app.
    pub app: AppId,
    /// Which.
    pub to: E164,
    /// The verification whose code is to be sent again; without, the one that lives, else a new one.
    pub again: Option<VerificationId>,
    /// What its code looks like: the text has room for that.
    pub form: CodeForm,
    /// A code that the application chose, or that of a number for tests.
    pub code: Option<Code>,
    /// The application's own reference.
    pub client_ref: Option<Box<str>>,
    /// In which language it is said.
    pub language: Box<str>,
    /// The words of the application in its text.
    pub words: BTreeMap<Box<str>, Box<str>>,
    /// By what it goes.
    pub channel: Channel,
    /// Nobody asks for it: it goes only as long as that channel is offered.
    pub by_itself: bool,
    /// Who asks for it.
    pub by: Asker,
    /// One message, with zeros in the place of the code, and where these begin; none to a number for tests.
    pub send: Option<(Box<Submission>, Box<[u16]>)>,
    /// The key against doing it twice.
    pub idempotency: Option<Keyed>,
}

/// A code that might be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predict {
    /// By which app.
    pub app: AppId,
    /// By what.
    pub channel: Channel,
    /// To whom.
    pub to: E164,
    /// Who asks.
    pub by: Asker,
    /// Nothing of it would leave the house, so that no guard is asked.
    pub is_free: bool,
}

/// A guess at a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Who asks.
    pub account: AccountId,
    /// Of which verification.
    pub id: VerificationId,
    /// What was entered.
    pub guess: Code,
}

/// A verification that is canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelVerification {
    /// Who cancels it.
    pub account: AccountId,
    /// Which.
    pub id: VerificationId,
}

/// A request to send, checked, routed, cut and priced.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// Whose.
    pub account: AccountId,
    /// By which route.
    pub route: RouteId,
    /// What for.
    pub class: Class,
    /// From whom.
    pub source: Source,
    /// Not before this; `None` is at once.
    pub send_at: Option<Time>,
    /// How long it is worth sending, from then on.
    pub validity: Duration,
    /// The customer's key against doing it twice.
    pub idempotency: Option<Keyed>,
    /// To whom and what: 1 to 10,000.
    pub recipients: Vec<Recipient>,
}

/// An order that is to be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Whose it is.
    pub account: AccountId,
    /// Which; it is whole.
    pub order: OrderId,
    /// The first of its messages.
    pub from: Seq,
    /// Behind the last of them.
    pub to: Seq,
}

/// Credit for an account; below zero it is taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Credit {
    /// The operator's own account, whose idempotency key it is.
    pub by: AccountId,
    /// Who gets it.
    pub account: AccountId,
    /// How much: above zero.
    pub amount: Money,
    /// What the operator says of it.
    pub note: Option<Box<str>>,
    /// The key against doing it twice.
    pub idempotency: Option<Keyed>,
}

/// The idempotency key of a request, and what was asked for under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The key, as the customer chose it.
    pub key: Box<str>,
    /// SHA-256 of the values that were asked for; this is stored.
    pub hash: [u8; 32],
    /// SHA-256 of path and body as they came, which versions stored that took the octets for the request. Their keys
    /// are in a store for a day after such a version has run: this may go once no upgrade comes from one.
    pub former: [u8; 32],
    /// Whether it is remembered for another day when it comes again: that of a file which is gone on with.
    pub renews: bool,
}

impl Keyed {
    /// A key for a request that is known by this hash alone.
    pub fn new(key: impl Into<Box<str>>, hash: [u8; 32]) -> Self {
        Self { key: key.into(), hash, former: hash, renews: false }
    }

    /// Whether a request with this hash, of values or of octets, asked for the same.
    pub fn is(&self, hash: &[u8; 32]) -> bool {
        self.hash == *hash || self.former == *hash
    }
}

/// One message of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipient {
    /// Who gets it.
    pub destination: E164,
    /// Whom it is from, where the destination has a sender of its own.
    pub source: Option<Source>,
    /// What it says; empty where octets are sent.
    pub text: Box<str>,
    /// In which alphabet.
    pub requested: Requested,
    /// How it goes, where it is more than a plain text.
    pub extras: Option<Arc<Extras>>,
    /// In how many SMS: 1 to 10.
    pub parts: u8,
    /// The customer's own reference.
    pub client_ref: Option<Box<str>>,
    /// What the customer pays for all parts.
    pub price: Option<Money>,
}

/// What an operator wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Whose key it was.
    pub actor: AccountId,
    /// What is to be done.
    pub deed: Deed,
    /// With what.
    pub target: Target,
    /// Why.
    pub reason: Box<str>,
    /// When it is to end.
    pub end: Ending,
}

/// When something is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is done at once, or undone by another action.
    Never,
    /// So long after it was made durable.
    After(Duration),
    /// At this time.
    At(Time),
}
