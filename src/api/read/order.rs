//! How far orders are: `GET /v1/orders` and `GET /v1/orders/{id}`.

use crate::api::handler::admitted::Reader;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::filters::parameters;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{Amount, CurrencyCode, Moment, OrderCursor, OrderKey, OrderWord, RouteKey};
use crate::api::handler::memory::Share;
use crate::api::handler::page::{Asked, Page};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::query;
use crate::api::handler::reads::blocking;
use crate::api::handler::time::Timestamp;
use crate::dispatch::admit::arrive::SLICE;
use crate::dispatch::door::plan::Account;
use crate::message::body::Body;
use crate::message::id::{AccountId, OrderId, Seq};
use crate::message::money::{Currency, Money};
use crate::message::status::Status;
use crate::message::veil::{Pages, Veil};
use crate::record::entry::Entry;
use crate::record::views::{OrderFilter, OrderView};
use crate::store::sqlite::readers::Readers;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// `GET /v1/orders/{id}`
pub(crate) async fn order(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Reader,
) -> Result<Response, Problem> {
    let view = own_order(&context, &id, by.account()).await?;
    let currency = by.plan().currency(view.route, by.account().currency);
    Ok(json::answer(StatusCode::OK, &Order::of(&view, &context.veil(), currency), 512))
}

/// Messages of an order that are read from the store at once.
pub(crate) const AT_ONCE: usize = 1_000;

/// What the list may be asked for.
const PARAMETERS: [&str; 5] = ["route_id", "since", "until", "cursor", "limit"];

/// `GET /v1/orders`: those of the account, newest first, the orders of one message among them.
pub(crate) async fn orders(
    State(context): State<Arc<Context>>,
    RawQuery(asked): RawQuery,
    by: Reader,
) -> Result<Response, Problem> {
    let (account, veil) = (by.account(), context.veil());
    let mut page = Asked::first(veil, Pages::Orders);
    let mut filter = OrderFilter { account: account.id, route: None, since: None, until: None, before: None, limit: 0 };
    for pair in query::pairs(asked.as_deref(), &PARAMETERS)? {
        let (name, value) = pair?;
        let moment = || Timestamp::parse(&value).ok_or("must be a time of RFC 3339").map(Some);
        let number = || value.parse().map_err(|_| "must be a route's number");
        let set = match name.as_str() {
            "route_id" => number().map(|it| filter.route = Some(account.route(it))),
            "since" => moment().map(|it| filter.since = it),
            "until" => moment().map(|it| filter.until = it),
            _ => page.set(&name, &value),
        };
        set.map_err(|detail| query::invalid(&name, detail))?;
    }
    (filter.before, filter.limit) = (page.place.map(Seq), page.limit);
    let (found, next) = blocking(&context, move |readers| readers.orders(&filter)).await?;
    let shown = found.iter().map(|it| Order::of(it, &veil, by.plan().currency(it.route, account.currency))).collect();
    Ok(json::answer(StatusCode::OK, &page.page(shown, next.map(|it| it.0)), found.len() * 512 + 64))
}

/// The aggregate of an order of an account, by its id as a path has it. Of one that does not exist, or is another
/// account's, it is not said which of the two it is.
pub(crate) async fn own_order(context: &Context, id: &str, account: &Account) -> Result<OrderView, Problem> {
    let id = order_of(context, id)?;
    let found = blocking(context, move |readers| readers.order(id)).await?;
    found.filter(|it| it.account == account.id).ok_or_else(no_order)
}

/// Which order of an account it is, and where its messages stand: from, and up to but without.
pub(crate) async fn own_range(
    context: &Context,
    id: &str,
    account: AccountId,
) -> Result<(OrderId, (Seq, Seq)), Problem> {
    let id = order_of(context, id)?;
    let found = blocking(context, move |readers| {
        let Some(range) = readers.order_range(id)? else { return Ok(None) };
        let first = readers.messages_between(range, &[], None, 1)?.pop();
        Ok(first.filter(|it| it.body.account == account && it.body.order == id).map(|_| range))
    });
    found.await?.map(|it| (id, it)).ok_or_else(no_order)
}

/// The messages of an order that stand in a range, of these statuses, where any are named; within what their account
/// may hold of the memory.
pub(crate) async fn messages_of(
    context: &Context,
    range: (Seq, Seq),
    statuses: &[Status],
    held: &mut Share<'_>,
) -> Result<Vec<Entry>, Problem> {
    let (mut found, mut size) = (Vec::<Entry>::new(), 0);
    loop {
        let (after, statuses) = (found.last().map(|it| it.body.seq()), statuses.to_vec());
        let read = move |readers: &Readers| readers.messages_between(range, &statuses, after, AT_ONCE);
        let page = blocking(context, read).await?;
        size += page.iter().map(octets).sum::<usize>();
        held.grow_to(size)?;
        let ends = page.len() < AT_ONCE;
        found.extend(page);
        if ends {
            return Ok(found);
        }
    }
}

/// About what a message takes in memory.
fn octets(Entry { body, parts, past }: &Entry) -> usize {
    let own = body.text.len() + body.client_ref.as_ref().map_or(0, |it| it.len());
    size_of::<Entry>() + size_of::<Body>() + size_of_val(&**parts) + size_of_val(&**past) + own
}

/// The order that a path names.
fn order_of(context: &Context, id: &str) -> Result<OrderId, Problem> {
    // An order has one name: no sign, no zero before it.
    let number = id.parse().ok().filter(|it: &u64| it.to_string() == id);
    number.and_then(|it| context.veil().read_order(it)).ok_or_else(no_order)
}

fn no_order() -> Problem {
    Problem::new(Kind::NotFound, "There is no order with this id.")
}

/// What the reference says of it.
pub(crate) fn about_orders() -> Endpoint {
    let list = Endpoint::new("Orders", "listOrders", "List orders")
        .says("The orders of the account, newest first, those of one message among them.")
        .by::<Reader>();
    parameters::<OrderCursor>(list, &PARAMETERS)
        .answers::<Page<Order>>(200, "Orders, newest first.")
        .leads(200, "listOrders", ("cursor", "$response.body#/next_cursor", "Those that are older."))
        .refuses(&[Kind::Invalid])
        .refuses(&READS)
        .asks("?limit=10")
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Orders", "getOrder", "Get an order")
        .says(
            "How far an order is. `pending` is what is queued and sent; with what ended in one way or another it always adds \
             up to `total`.",
        )
        .by::<Reader>()
        .path::<OrderKey>("id", "$ORDER", "The id of the order.")
        .answers::<Order>(200, "The order.")
        .leads(200, "listMessagesOfOrder", ("id", "$response.body#/order_id", "Its messages."))
        .leads(200, "cancelOrder", ("id", "$response.body#/order_id", "Takes it back."))
        .refuses(&[Kind::NotFound])
        .refuses(&READS)
}

/// All that one request sent.
#[derive(Serialize, ToSchema)]
struct Order {
    /// What names it.
    #[schema(value_type = OrderKey)]
    order_id: u64,
    /// By which route it goes.
    #[schema(value_type = RouteKey)]
    route_id: u32,
    /// How it stands.
    #[schema(value_type = OrderWord)]
    status: &'static str,
    /// How many messages it has.
    total: u64,
    /// How many wait for their carrier.
    queued: u64,
    /// How many were taken, or perhaps taken.
    sent: u64,
    /// How many arrived.
    delivered: u64,
    /// How many will not arrive.
    failed: u64,
    /// How many ended before they arrived.
    expired: u64,
    /// Of how many the carrier never said.
    unknown: u64,
    /// How many were taken back.
    cancelled: u64,
    /// How many may still change: queued and sent.
    pending: u64,
    /// Per cent that arrived, with two decimals.
    progress_pct: f64,
    /// Per cent that ended, with two decimals.
    completed_pct: f64,
    /// What all of them cost; null where the route has no prices.
    #[schema(value_type = Option<Amount>)]
    cost: Option<Shown<Money>>,
    /// What is paid in.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<Shown<Currency>>,
    /// In how many slices it was stored.
    slices: u64,
    /// When it was accepted.
    #[schema(value_type = Moment)]
    created_at: Timestamp,
}

impl Order {
    fn of(view: &OrderView, veil: &Veil, currency: Option<Currency>) -> Self {
        let totals = &view.totals;
        let (total, delivered) = (totals.total(), totals.of(Status::Delivered));
        Self {
            order_id: veil.order(view.id),
            route_id: view.route.shown(),
            status: totals.status().word(),
            total,
            queued: totals.of(Status::Queued),
            sent: totals.of(Status::Sent),
            delivered,
            failed: totals.of(Status::Failed),
            expired: totals.of(Status::Expired),
            unknown: totals.of(Status::Unknown),
            cancelled: totals.of(Status::Cancelled),
            pending: totals.pending(),
            progress_pct: percent(delivered, total),
            completed_pct: percent(total - totals.pending(), total),
            cost: view.price.map(Shown),
            currency: currency.map(Shown),
            slices: total.div_ceil(SLICE as u64),
            created_at: Timestamp(view.created),
        }
    }
}

/// Per cent with two decimals.
fn percent(part: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { (part as f64 / total as f64 * 10_000.0).round() / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_what_was_delivered() {
        assert_eq!(percent(1_200, 3_304).to_string(), "36.32");
        assert_eq!(percent(1_220, 3_304).to_string(), "36.92");
        assert_eq!((percent(0, 0), percent(7, 7)), (0.0, 100.0));
        assert_eq!(3_304_u64.div_ceil(SLICE as u64), 7);
    }
}
