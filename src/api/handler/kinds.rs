//! The kinds of texts, and the closed sets of words, that requests and answers are made of, as the reference has them.
//!
//! A field names its kind by `#[schema(value_type = …)]`. The types have no values and run nowhere. `ORDERS`,
//! `DUPLICATES` and `LIMIT_MAX` are also what requests are read with: one place says what is taken, and what is told.

use crate::api::handler::people::STATES;
use crate::dispatch::door::snapshot::{Closed, LinkWord};
use crate::guard::policy::{GuardKind, GuardMode, GuardReason};
use crate::message::attempt::{Answer, Cause};
use crate::message::channel::Channel;
use crate::message::class::Class;
use crate::message::reason::Reason;
use crate::message::status::{OrderStatus, Status};
use crate::message::time::Time;
use crate::record::action::Deed;
use crate::record::event::EventKind;
use crate::record::money::Why;
use crate::record::suppression::Origin;
use crate::route::breaker::BreakerState;
use crate::route::choose::RankReason;
use crate::route::plan::CarrierOrder;
use crate::store::sqlite::list::ENTRIES_MAX;
use crate::telemetry::endpoint_status::EndpointMaker;
use crate::telemetry::meters::webhook::{CallResult, EndpointState};
use crate::text::Alphabet;
use crate::text::content::{Requested, WaitingKind};
use crate::verify::progress::{CheckResult, VerificationStatus};
use std::ops::RangeInclusive;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// Makes a type without values for each kind: what is described by it is written by others.
macro_rules! kinds {
    ($($(#[doc = $says:literal])+ $name:ident = $schema:expr;)+) => {$(
        $(#[doc = $says])+
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                described(concat!($($says),+).trim(), $schema)
            }
        }

        impl ToSchema for $name {}
    )+};
}

kinds! {
    /// An amount of money: a decimal number in a text, so that nothing of it is rounded.
    Amount = text("0.087").pattern(Some("^-?[0-9]+(\\.[0-9]+)?$"));
    /// A currency, as ISO 4217 calls it.
    CurrencyCode = text("EUR").pattern(Some("^[A-Z]{3}$"));
    /// A number with its country code, as E.164 has it; empty where it was forgotten.
    PhoneNumber = text("+31612345678").pattern(Some("^(\\+[0-9]{3,15})?$"));
    /// What names a message for ever: a UUID.
    MessageKey = text("895611ac-9894-8319-9d59-3b7d1b6b5b2e").format(format("uuid"));
    /// What names an order for ever: a whole number below 2^53.
    OrderKey = integer(5_621_750_823_529_557_u64).minimum(Some(*ORDERS.start())).maximum(Some(*ORDERS.end()));
    /// What names an event for ever, however often it is told.
    EventKey = text("evt_5d2c8b1e40a97f3360c1d8e2b4a59f").pattern(Some("^evt_"));
    /// What names an endpoint that an account made.
    EndpointKey = text("ep_5d2c8b1e40a97f33").pattern(Some("^ep_[0-9a-f]{16}$"));
    /// How much of an event is told: `thin` is what it is about alone, no number and no text.
    PayloadWord = words(["full", "thin"]);
    /// Who made an endpoint: an operator in the configuration, the account by `POST /v1/webhooks`, or a request with
    /// `callback_url`.
    MakerWord = words(EndpointMaker::ALL.map(EndpointMaker::word));
    /// The number of a route in the configuration.
    RouteKey = integer(8).minimum(Some(0)).maximum(Some(u32::MAX));
    /// What names a verification for ever.
    VerificationKey = text("ver_9c2c8b1e40a97f3360c1d8e2b4a59f").pattern(Some("^ver_[0-9a-f]{30}$"));
    /// A `next_cursor` of the page before, as it was given out.
    Cursor = ObjectBuilder::new().schema_type(Type::String);
    /// A `next_cursor` of a list of messages, as it was given out.
    MessageCursor = ObjectBuilder::new().schema_type(Type::String).format(format("message-cursor"));
    /// A `next_cursor` of the list of orders, as it was given out.
    OrderCursor = ObjectBuilder::new().schema_type(Type::String).format(format("order-cursor"));
    /// A `next_cursor` of the log of events, as it was given out.
    EventCursor = ObjectBuilder::new().schema_type(Type::String).format(format("event-cursor"));
    /// A time of RFC 3339; answers have them in UTC with milliseconds.
    Moment = text("2026-11-20T10:00:00.123Z").format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    /// The id that a carrier gave a message.
    CarrierKey = text("1d305b4c").format(format("carrier-message-id"));
    /// How long: a whole number and `s`, `m`, `h` or `d`.
    Span = text("10m").pattern(Some("^[0-9]+[smhd]$"));
    /// How long a request waits: a whole number and `s` or `m`, of a minute at most.
    EventWait = text("30s").pattern(Some("^(0*([0-9]|[1-5][0-9]|60)s|0*[01]m|0+[hd])$"));
    /// What came of a call of an endpoint.
    CallWord = words(CallResult::ALL.map(CallResult::word));
    /// Whether an endpoint is told.
    EndpointWord = words(EndpointState::ALL.map(EndpointState::word));
    /// Octets in base64.
    Base64 = text("AAECAw==").format(format("byte"));

    /// A key that names one request: 1 to 255 characters of ASCII, in quotes (RFC 8941, 3.3.3) or without where it has
    /// no comma, semicolon or quote.
    IdempotencyKey = text("parcel-77").pattern(Some(
        "^([!#-+\\--:<-~]([ !#-+\\--:<-~]{0,253}[!#-+\\--:<-~])?|\"([ !#-\\[\\]-~]|\\\\[\"\\\\]){1,127}\")$",
    ));
    /// A number as people write it: with `+` and its country code, with blanks, dashes or brackets; without a country
    /// code where the account has a region.
    AnyNumber = text("+31612345678").format(format("phone-number"));
    /// What handsets show as the sender: a number, a short code, or a name of letters and digits.
    SenderName = text("YOURAPP").format(format("sender"));
    /// How long a message is worth sending: from `1s` to `7d`.
    Validity = text("10m").pattern(Some(VALIDITY));
    /// Where a service is called: `https://` or `http://`, a public host, port 80, 443 or one from 1024 on.
    CallbackUrl = text("https://shop.example/told?order=77").format(format("callback-url"));
    /// A time of RFC 3339 within 30 days, or one that has passed.
    SendTime = text("2026-11-20T10:00:00Z").format(format("date-time"));
    /// An id of a registration: 1 to 255 characters of ASCII.
    RegistrationKey = text("1101234567890123456").pattern(Some("^[ -~]{1,255}$"));
    /// The configuration by its sections, as docs and `config/nuncio.toml` have them.
    ConfigDocument = ObjectBuilder::new().schema_type(Type::Object);
    /// A document of OpenAPI 3.1.
    ReferenceDocument = ObjectBuilder::new().schema_type(Type::Object);
    /// Whether a recipient that stands twice gets the same twice.
    DuplicatesWord = words(DUPLICATES.map(|it| it.0));
    /// Lines of a page.
    PageSize = integer(100).minimum(Some(1)).maximum(Some(LIMIT_MAX));

    /// What became of a message: `QUEUED` waits for its carrier, `SENT` was taken or perhaps taken, `DELIVERED`
    /// arrived, `FAILED` will not arrive, `EXPIRED` ended before it arrived, of `UNKNOWN` the carrier never said,
    /// `CANCELLED` was taken back.
    MessageStatus = words(Status::ALL.map(Status::word));
    /// Statuses of messages, with commas between them.
    StatusList = text("QUEUED,SENT").pattern(Some(status_list()));
    /// How an order stands: `QUEUED` as nothing has left, `IN_PROGRESS` while something may change, then `COMPLETED`
    /// where all arrived, `PARTIAL` where some did, `FAILED` where none did, `CANCELLED` where all was taken back.
    OrderWord = words(OrderStatus::ALL.map(OrderStatus::word));
    /// What a message is for: it decides who goes first, and what a doubt means.
    TrafficClass = words(Class::ALL.map(Class::word));
    /// Why a message did not arrive, in our words.
    FailureCode = words(Reason::ALL.iter().map(|it| it.word())).examples([Reason::AbsentSubscriber.word()]);
    /// How far a request or a message had come when it was refused or failed.
    StageWord = words(STAGES);
    /// The alphabet of a text.
    AlphabetWord = words(Alphabet::ALL.map(Alphabet::word));
    /// The alphabet that is asked for: `auto` takes GSM-7 where it has every character, else UCS-2;
    /// `gsm7-transliterate` writes the rest as well as it can; `binary` goes with `data`.
    EncodingWord = words(Requested::ALL.map(Requested::word));
    /// Of what kind the messages are that wait.
    WaitingWord = words(WaitingKind::ALL.map(WaitingKind::word));
    /// Why an attempt was made.
    CauseWord = words(Cause::ALL.map(Cause::word));
    /// What the carrier's answer means.
    AnswerWord = words(Answer::ALL.map(Answer::word));
    /// What an event tells.
    EventType = words(EventKind::ALL.map(EventKind::word));
    /// Types of events, with commas between them.
    EventTypes = text("message.delivered,message.failed").pattern(Some(event_types()));
    /// Why a carrier takes nothing now.
    ClosedWord = words(Closed::ALL.map(Closed::word));
    /// Whether a link is bound.
    LinkState = words(LinkWord::ALL.map(LinkWord::word));
    /// Whether a breaker lets parts through.
    BreakerWord = words(BREAKER_STATES.map(BreakerState::word));
    /// What operators can order.
    ActionWord = words(Deed::ALL.map(Deed::word));
    /// How far forgetting somebody is.
    ForgettingWord = words(STATES);
    /// Where a verification is: `pending` until a code came back (`approved`), the application canceled it
    /// (`canceled`), its time was over (`expired`), too many guesses were wrong (`max_attempts_reached`), or nobody
    /// could be given a code (`failed`).
    VerificationWord = words(VerificationStatus::ALL.map(VerificationStatus::word));
    /// Why a guard refuses a code or a guess: the number stands on a list (`block_listed`) or is of a kind to which no
    /// codes go (`line_unsuitable`); too many guesses for it were wrong (`wrong_guesses`); it was sent to often enough
    /// (`repeated`), the address or its network asked often enough (`network_limit`), the app sent often enough
    /// (`app_limit`); numbers beside it were asked for one behind the other (`sequence`), or too few codes to numbers
    /// that begin so come back (`prefix_blocked`); nobody of its country was verified yet (`country_limit`); too much
    /// was spent, or it costs too much (`spend`).
    GuardReasonWord = words(GuardReason::ALL.map(GuardReason::word));
    /// What a guard does: it refuses (`enforce`), counts what it would refuse (`shadow`), or is not asked (`off`).
    GuardModeWord = words(GuardMode::ALL.map(GuardMode::word));
    /// By what a code goes: a text (`sms`), a call in which it is read out (`voice`), a message of WhatsApp, a mail.
    ChannelWord = words(Channel::ALL.map(Channel::word));
    /// A guard.
    GuardWord = words(GuardKind::ALL.map(GuardKind::word));
    /// What came of a guess: `ok` is right, `incorrect` is not; `exhausted` too many were not, `expired` the code is
    /// dead, `already_verified` it came back before.
    CheckWord = words(CheckResult::ALL.map(CheckResult::word));
    /// What became of a try to bring a code there.
    SendWord = words(SendResult::ALL.map(SendResult::word));
    /// Why a balance changed.
    LedgerWord = words(Why::ALL.map(Why::word));
    /// Who put a number on the list.
    OriginWord = words(Origin::ALL.map(Origin::word));
    /// Why a carrier stands in its place.
    RankWord = words(RankReason::ALL.map(RankReason::word));
    /// What puts the carriers of a route into order.
    OrderOfCarriers = words(CarrierOrder::ALL.map(CarrierOrder::word));
}

closed_set! {
    /// What became of a try to bring a code to a handset.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum SendResult: all, word {
        /// It waits for the carrier's answer.
        Pending "pending",
        /// The carrier did not take it.
        Refused "refused",
        /// It was perhaps given to the carrier.
        Unknown "unknown",
        /// The carrier took it.
        Submitted "submitted",
        /// The carrier took it and said no more, and another was tried.
        NoReceipt "no_receipt",
        /// The carrier says that it arrived.
        Delivered "delivered",
        /// The carrier says that it did not.
        Undelivered "undelivered",
    }
}

/// Where on the way something can be refused or fail, in the order of the way.
pub(crate) const STAGES: [&str; 8] =
    ["auth", "validation", "authorization", "pricing", "quota", "queue", "submit", "delivery"];

/// A schema with its sentence.
pub(crate) fn described(says: &str, schema: ObjectBuilder) -> RefOr<Schema> {
    schema.description(Some(says)).into()
}

/// What orders can be called.
pub(crate) const ORDERS: RangeInclusive<u64> = 1..=(1 << 53) - 1;

/// What `duplicates` can be, and whether it sends them.
pub(crate) const DUPLICATES: [(&str, bool); 2] = [("drop", false), ("send", true)];

/// Lines of a page at most: what is still a small answer.
pub(crate) const LIMIT_MAX: usize = ENTRIES_MAX;

/// From a second to seven days, in each unit.
const VALIDITY: &str = "^0*([1-7]d|([1-9]|[1-9][0-9]|1[0-5][0-9]|16[0-8])h|([1-9][0-9]{0,3}|100[0-7][0-9]|10080)m|\
    ([1-9][0-9]{0,4}|[1-5][0-9]{5}|60[0-3][0-9]{3}|604[0-7][0-9]{2}|604800)s)$";

/// A breaker in each of its states.
const BREAKER_STATES: [BreakerState; 3] =
    [BreakerState::Closed, BreakerState::HalfOpen { probing: false }, BreakerState::Open { until: Time::NEVER }];

/// One status or more.
fn status_list() -> String {
    let one = Status::ALL.map(Status::word).join("|");
    format!("^({one})(,({one}))*$")
}

/// One type of event or more.
fn event_types() -> String {
    let one = EventKind::TOLD.map(EventKind::word).join("|").replace('.', "\\.");
    format!("^({one})(,({one}))*$")
}

/// A text such as this.
pub(crate) fn text(example: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).examples([example])
}

/// A text out of a closed set.
pub(crate) fn words<W: Into<serde_json::Value>>(words: impl IntoIterator<Item = W>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}

/// A whole number such as this.
fn integer(example: impl Into<serde_json::Value>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).examples([example])
}

fn format(name: &str) -> Option<SchemaFormat> {
    Some(SchemaFormat::Custom(name.to_owned()))
}
