//! The answers to `POST /v1/messages` and `POST /v1/estimate`, written straight to JSON.

use crate::api::handler::json::{self, Shown};
use crate::api::handler::rate_limit;
use crate::api::submit::quote::Quote;
use crate::api::submit::recipients::{Duplicate, Line, Rejected};
use crate::dispatch::door::reply::Means;
use crate::message::money::{Currency, Exact, Money};
use crate::message::veil::MessageName;
use crate::number::e164::E164;
use crate::text::Alphabet;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

/// Octets that one message takes in an answer, about; spares the buffer its growing.
const LINE_OCTETS: usize = 200;
/// Duplicates that are named; all are counted.
const DUPLICATES_MAX: usize = 100;

/// 202: an order is durable and queued; it and its messages are called so.
pub(crate) fn accepted(quote: &Quote<'_>, order: u64, ids: &[MessageName], means: &Means) -> Response {
    let messages: Vec<Message<'_>> =
        quote.lines.iter().zip(ids).map(|(line, id)| Message::of(Some(*id), line)).collect();
    let document = Accepted {
        order_id: order,
        route_id: quote.route.id.0,
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
        [only] => format!("/v1/messages/{only}"),
        _ => format!("/v1/orders/{order}"),
    };
    let mut response = json::answer(StatusCode::ACCEPTED, &document, messages.len() * LINE_OCTETS + LINE_OCTETS);
    let location = HeaderValue::from_maybe_shared(Bytes::from(location)).expect("ids are ASCII");
    response.headers_mut().insert(header::LOCATION, location);
    rate_limit::tell(response.headers_mut(), means);
    response
}

/// 200: what a request would become.
pub(crate) fn estimated(quote: &Quote<'_>, carriers: Option<&[&str]>, sufficient_balance: bool) -> Response {
    let messages: Vec<Message<'_>> = quote.lines.iter().map(|line| Message::of(None, line)).collect();
    let first = quote.lines.first().map(|it| it.alphabet);
    let common = first.filter(|it| quote.lines.iter().all(|line| line.alphabet == *it));
    let document = Estimated {
        route_id: quote.route.id.0,
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

#[derive(Serialize)]
struct Accepted<'a> {
    order_id: u64,
    route_id: u32,
    count: usize,
    initial_state: &'static str,
    cost: Option<Shown<Money>>,
    currency: Option<Shown<Currency>>,
    balance_after: Option<Shown<Exact>>,
    messages: &'a [Message<'a>],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Refused<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicates: Option<LeftOut<'a>>,
}

#[derive(Serialize)]
struct Estimated<'a> {
    route_id: u32,
    class: &'static str,
    carriers: Option<&'a [&'a str]>,
    count: usize,
    encoding: Option<&'static str>,
    parts: u32,
    cost: Option<Shown<Money>>,
    currency: Option<Shown<Currency>>,
    sufficient_balance: bool,
    messages: &'a [Message<'a>],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<Refused<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicates: Option<LeftOut<'a>>,
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Shown<MessageName>>,
    to: Shown<E164>,
    client_ref: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    encoding: &'static str,
    parts: u8,
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

#[derive(Serialize)]
struct Refused<'a> {
    to: &'a str,
    pointer: &'a str,
    code: &'static str,
    detail: &'a str,
}

/// Who would have got the same twice.
#[derive(Serialize)]
struct LeftOut<'a> {
    count: usize,
    /// The first of them.
    left_out: Vec<Again<'a>>,
}

#[derive(Serialize)]
struct Again<'a> {
    to: &'a str,
    pointer: &'a str,
}

impl<'a> LeftOut<'a> {
    fn of(list: &'a [Duplicate<'a>]) -> Option<Self> {
        let first = list.iter().take(DUPLICATES_MAX).map(|it| Again { to: it.to, pointer: &it.pointer });
        (!list.is_empty()).then(|| Self { count: list.len(), left_out: first.collect() })
    }
}

fn rejected<'a>(list: &'a [Rejected<'a>]) -> Vec<Refused<'a>> {
    list.iter().map(|it| Refused { to: it.to, pointer: &it.pointer, code: it.code, detail: &it.detail }).collect()
}
