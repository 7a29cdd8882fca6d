//! The answers to `POST /v1/messages` and `POST /v1/estimate`, written straight to JSON.

use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{
    AlphabetWord, Amount, CurrencyCode, MessageKey, MessageStatus, OrderKey, PhoneNumber, RouteKey, TrafficClass,
    described, words,
};
use crate::api::handler::rate_limit;
use crate::api::submit::quote::Quote;
use crate::api::submit::recipients::{Duplicate, Line, Rejected};
use crate::api::submit::rejection::Rejection;
use crate::dispatch::door::reply::Means;
use crate::message::money::{Currency, Exact, Money};
use crate::message::veil::MessageName;
use crate::number::e164::E164;
use crate::text::Alphabet;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Octets that one message takes in an answer, about; spares the buffer its growing.
const LINE_OCTETS: usize = 200;
/// Duplicates that are named; all are counted.
pub(crate) const DUPLICATES_MAX: usize = 100;

/// 202: an order is durable and queued; it and its messages are called so. It may be what was left of another.
pub(crate) fn accepted(
    quote: &Quote<'_>,
    (order, of): (u64, Option<u64>),
    ids: &[MessageName],
    means: &Means,
) -> Response {
    let messages: Vec<Message<'_>> =
        quote.lines.iter().zip(ids).map(|(line, id)| Message::of(Some(*id), line)).collect();
    let document = Accepted {
        order_id: order,
        retry_of: of,
        route_id: quote.route.id.shown(),
        count: messages.len(),
        initial_state: "QUEUED",
        cost: quote.cost().map(Shown),
        currency: quote.currency.map(Shown),
        balance_after: means.balance.map(|it| Shown(it.exact())),
        messages: &messages,
        rejected: rejected(&quote.rejected),
        duplicates: LeftOut::of(&quote.duplicates),
    };
    let location = match ids {
        [only] if of.is_none() => format!("/v1/messages/{only}"),
        _ => format!("/v1/orders/{order}"),
    };
    let response = json::answer(StatusCode::ACCEPTED, &document, messages.len() * LINE_OCTETS + LINE_OCTETS);
    let mut response = json::located(response, location);
    rate_limit::tell(response.headers_mut(), means);
    response
}

/// 200: what a request would become.
pub(crate) fn estimated(quote: &Quote<'_>, carriers: Option<&[&str]>, sufficient_balance: bool) -> Response {
    let messages: Vec<Message<'_>> = quote.lines.iter().map(|line| Message::of(None, line)).collect();
    let first = quote.lines.first().map(|it| it.alphabet);
    let common = first.filter(|it| quote.lines.iter().all(|line| line.alphabet == *it));
    let document = Estimated {
        route_id: quote.route.id.shown(),
        class: quote.route.class.word(),
        carriers,
        count: messages.len(),
        encoding: common.map(Alphabet::word),
        parts: quote.lines.iter().map(|it| u32::from(it.parts)).sum(),
        cost: quote.cost().map(Shown),
        currency: quote.currency.map(Shown),
        sufficient_balance,
        messages: &messages,
        rejected: rejected(&quote.rejected),
        duplicates: LeftOut::of(&quote.duplicates),
    };
    json::answer(StatusCode::OK, &document, messages.len() * LINE_OCTETS + LINE_OCTETS)
}

/// What was accepted: it is durable and queued, and not yet sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accepted<'a> {
    /// The order that all messages of the request are.
    #[schema(value_type = OrderKey)]
    order_id: u64,
    /// The order of which this is what did not arrive; left away where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = OrderKey, required = false)]
    retry_of: Option<u64>,
    /// By which route it goes.
    #[schema(value_type = RouteKey)]
    route_id: u32,
    /// How many messages were accepted.
    count: usize,
    /// What they are now: queued.
    #[schema(value_type = MessageStatus)]
    initial_state: &'static str,
    /// What all of them cost; null where the route has no prices.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
    /// What is paid in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// What the account has left, where it pays in advance.
    #[schema(value_type = Option<Amount>)]
    balance_after: Option<Shown<Exact>>,
    /// Each message, in the order of the request.
    messages: &'a [Message<'a>],
    /// Recipients that were not accepted while others were; left away where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Refused<'a>>,
    /// Recipients that stand twice and are sent one message; left away where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    duplicates: Option<LeftOut<'a>>,
}

/// What a request would become; nothing is stored.
#[derive(Serialize, ToSchema)]
pub(crate) struct Estimated<'a> {
    /// By which route it would go.
    #[schema(value_type = RouteKey)]
    route_id: u32,
    /// What it would be for.
    #[schema(value_type = TrafficClass)]
    class: &'static str,
    /// The carriers that the first recipient would be tried at, in their order; null where the account is not shown
    /// them.
    carriers: Option<&'a [&'a str]>,
    /// How many messages would be accepted.
    count: usize,
    /// The alphabet of all of them; null where they differ.
    #[schema(value_type = Option<AlphabetWord>)]
    encoding: Option<&'static str>,
    /// SMS of all of them together.
    parts: u32,
    /// What all of them cost; null where the route has no prices.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
    /// What is paid in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// Whether the account could pay for it now.
    sufficient_balance: bool,
    /// Each message, in the order of the request.
    messages: &'a [Message<'a>],
    /// Recipients that would not be accepted while others are; left away where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Refused<'a>>,
    /// Recipients that stand twice and would be sent one message; left away where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    duplicates: Option<LeftOut<'a>>,
}

/// One message of a request.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedMessage)]
struct Message<'a> {
    /// What names it; left away in an estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MessageKey>, nullable = false)]
    id: Option<Shown<MessageName>>,
    /// To whom.
    #[schema(value_type = PhoneNumber)]
    to: Shown<E164>,
    /// Your reference.
    client_ref: Option<&'a str>,
    /// What it is now; left away in an estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MessageStatus>, nullable = false)]
    status: Option<&'static str>,
    /// In which alphabet it goes.
    #[schema(value_type = AlphabetWord)]
    encoding: &'static str,
    /// In how many SMS it goes.
    parts: u8,
    /// What it costs; null where the route has no prices.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
}

impl<'a> Message<'a> {
    fn of(id: Option<MessageName>, line: &Line<'a>) -> Self {
        Self {
            status: id.map(|_| "QUEUED"),
            id: id.map(Shown),
            to: Shown(line.to),
            client_ref: line.client_ref,
            encoding: line.alphabet.word(),
            parts: line.parts,
            cost: line.price.map(Shown),
        }
    }
}

/// A recipient that is not accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = RejectedRecipient)]
struct Refused<'a> {
    /// The number as it was written.
    to: &'a str,
    /// Where the fault stands in the request: a JSON pointer (RFC 6901).
    pointer: &'a str,
    /// What is wrong, from a closed list.
    #[schema(value_type = RejectionWord)]
    code: &'static str,
    /// What is wrong, in words.
    detail: &'a str,
}

/// Why a recipient is not accepted, as the reference has it.
pub(crate) enum RejectionWord {}

impl PartialSchema for RejectionWord {
    fn schema() -> RefOr<Schema> {
        let each: Vec<String> = Rejection::ALL.iter().map(|it| format!("`{}`: {}", it.word(), it.says())).collect();
        described(&each.join(" "), words(Rejection::ALL.iter().map(|it| it.word())))
    }
}

impl ToSchema for RejectionWord {}

/// Who would have got the same twice.
#[derive(Serialize, ToSchema)]
#[schema(as = Duplicates)]
struct LeftOut<'a> {
    /// How many.
    count: usize,
    /// The first 100 of them.
    left_out: Vec<Again<'a>>,
}

/// A recipient that stands in the request a second time.
#[derive(Serialize, ToSchema)]
#[schema(as = DuplicateRecipient)]
struct Again<'a> {
    /// The number as it was written.
    to: &'a str,
    /// Where it stands in the request: a JSON pointer (RFC 6901).
    pointer: &'a str,
}

impl<'a> LeftOut<'a> {
    fn of(list: &'a [Duplicate<'a>]) -> Option<Self> {
        let first = list.iter().take(DUPLICATES_MAX).map(|it| Again { to: it.to, pointer: &it.pointer });
        (!list.is_empty()).then(|| Self { count: list.len(), left_out: first.collect() })
    }
}

fn rejected<'a>(list: &'a [Rejected<'a>]) -> Vec<Refused<'a>> {
    list.iter()
        .map(|it| Refused { to: it.to, pointer: &it.pointer, code: it.code.word(), detail: &it.detail })
        .collect()
}
