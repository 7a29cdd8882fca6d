//! Lists: `GET /v1/messages` and `GET /v1/orders/{id}/messages`.

use crate::api::handler::admitted::Reader;
use crate::api::handler::context::Context;
use crate::api::handler::json;
use crate::api::handler::problem::{Kind, Problem, unknown_name};
use crate::api::handler::reads::blocking;
use crate::api::handler::time::Moment;
use crate::api::read::balance::refunds;
use crate::api::read::message_view::{MessageView, currency};
use crate::api::read::order::own_order;
use crate::dispatch::door::plan::{Account, Plan};
use crate::message::attempt::CarrierMessageId;
use crate::message::id::{OrderId, RouteId, Seq};
use crate::message::money::Money;
use crate::message::status::Status;
use crate::message::veil::{Pages, Veil};
use crate::number::e164::E164;
use crate::record::entry::Entry;
use crate::record::views::Query;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a list may be asked for.
const PARAMETERS: [&str; 10] =
    ["status", "to", "order_id", "route_id", "client_ref", "carrier_message_id", "since", "until", "cursor", "limit"];
/// What the list of an order may be asked for.
pub(crate) const PAGE_PARAMETERS: [&str; 2] = ["cursor", "limit"];
/// Messages on a page unless the request says otherwise.
pub(crate) const LIMIT: usize = 100;
/// Messages on a page at most: what is still a small answer.
pub(crate) const LIMIT_MAX: usize = 1_000;

/// `GET /v1/messages`
pub(crate) async fn messages(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Reader,
) -> Result<Response, Problem> {
    let (account, veil) = (by.account(), context.veil());
    let query = query(account, (veil, Pages::Messages), asked.as_deref().unwrap_or(""), &PARAMETERS)?;
    if query.carrier_message_id.is_some() && !account.shows_carriers {
        let detail = "is not shown to this account, and cannot be searched for";
        return Err(Problem::at(Kind::Invalid, "/carrier_message_id", detail));
    }
    let page = blocking(&context, move |readers| readers.list(&query)).await?;
    let refunds = refunds(&context, &page.entries).await?;
    Ok(shown((&page.entries, &refunds), (&veil, page.next), account, by.plan()))
}

/// `GET /v1/orders/{id}/messages`, in the order of the recipients.
pub(crate) async fn order_messages(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    RawQuery(asked): RawQuery,
    by: Reader,
) -> Result<Response, Problem> {
    let (account, veil) = (by.account(), context.veil());
    let query = query(account, (veil, Pages::Messages), asked.as_deref().unwrap_or(""), &PAGE_PARAMETERS)?;
    let order = own_order(&context, &id, account).await?;
    let (after, limit) = (query.before, query.limit);
    let mut entries = blocking(&context, move |readers| readers.order_messages(order.id, after, limit + 1)).await?;
    let more = limit < entries.len();
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|it| it.body.seq());
    let refunds = refunds(&context, &entries).await?;
    Ok(shown((&entries, &refunds), (&veil, next), account, by.plan()))
}

fn shown(
    (entries, refunds): (&[Entry], &BTreeMap<Seq, Money>),
    (veil, next): (&Veil, Option<Seq>),
    account: &Account,
    plan: &Plan,
) -> Response {
    let views = entries.iter().map(|it| {
        let view = MessageView::of(it, veil, plan, currency(plan, it.body.route, account.currency));
        view.paid_back(refunds.get(&it.body.seq()).copied()).for_customer(account)
    });
    page(views.collect(), veil, next)
}

/// A page of messages, and where the next begins.
pub(crate) fn page(data: Vec<MessageView<'_>>, veil: &Veil, next: Option<Seq>) -> Response {
    let octets = data.len() * 1_024 + 64;
    json::answer(StatusCode::OK, &List { data, next_cursor: next.map(|it| veil.cursor(Pages::Messages, it.0)) }, octets)
}

#[derive(Serialize)]
struct List<'a> {
    data: Vec<MessageView<'a>>,
    next_cursor: Option<String>,
}

/// How a query is to be read.
pub(crate) struct Asking<'a> {
    /// National numbers are those of this region.
    pub(crate) region: Option<&'a str>,
    /// Ids and cursors are as this shows them.
    pub(crate) veil: Veil,
    /// Cursors are of these.
    pub(crate) pages: Pages,
}

/// What a query string asks for of an account's messages.
pub(crate) fn query(
    account: &Account,
    (veil, pages): (Veil, Pages),
    text: &str,
    known: &[&str],
) -> Result<Query, Problem> {
    let start = Query { account: Some(account.id), limit: LIMIT, ..Query::default() };
    let asking = Asking { region: account.region.as_deref(), veil, pages };
    read(start, text, known, |query, name, value| set(query, &asking, name, value))
}

/// What a query string adds to a query, one pair after the other.
pub(crate) fn read(
    start: Query,
    text: &str,
    known: &[&str],
    mut set: impl FnMut(&mut Query, &str, &str) -> Result<(), &'static str>,
) -> Result<Query, Problem> {
    let invalid = |name: &str, detail: String| Problem::at(Kind::Invalid, format!("/{name}"), detail);
    let uri = format!("/?{text}").parse().map_err(|_| invalid("", "is not a query".to_owned()))?;
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri)
        .map_err(|_| invalid("", "is not a query".to_owned()))?;
    let mut query = start;
    for (name, value) in &pairs.0 {
        if !known.contains(&name.as_str()) {
            return Err(invalid(name, unknown_name(name, known)));
        }
        set(&mut query, name, value).map_err(|detail| invalid(name, detail.to_owned()))?;
    }
    Ok(query)
}

/// What one parameter asks for.
pub(crate) fn set(query: &mut Query, asking: &Asking<'_>, name: &str, value: &str) -> Result<(), &'static str> {
    let moment = || Moment::parse(value).ok_or("must be a time of RFC 3339");
    let number = || value.parse::<u64>().map_err(|_| "must be a whole number");
    match name {
        "status" => query.status = Some(Status::from_word(value).ok_or("must be one of the seven statuses")?),
        "to" => {
            // A plus sign that was not escaped reads as a blank.
            let text = value.strip_prefix(' ').map_or_else(|| value.to_owned(), |it| format!("+{it}"));
            let number = E164::parse(&text, asking.region);
            query.to = Some(number.map_err(|_| "must be a number with its country code")?);
        }
        "order_id" => query.order = Some(asking.veil.read_order(number()?).unwrap_or(OrderId::NONE)),
        "route_id" => query.route = Some(RouteId(u32::try_from(number()?).map_err(|_| "must be a route's number")?)),
        "client_ref" => query.client_ref = Some(value.into()),
        "carrier_message_id" => {
            let id = CarrierMessageId::new(value);
            query.carrier_message_id = Some(id.ok_or("must be an id that a carrier gave")?);
        }
        "since" => query.since = Some(moment()?),
        "until" => query.until = Some(moment()?),
        "cursor" => {
            let before = asking.veil.read_cursor(asking.pages, value);
            query.before = Some(Seq(before.ok_or("must be a next_cursor of the page before")?));
        }
        _ => {
            let limit = number().ok().and_then(|it| usize::try_from(it).ok()).filter(|it| (1..=LIMIT_MAX).contains(it));
            query.limit = limit.ok_or("must be from 1 to 1000")?;
        }
    }
    Ok(())
}
