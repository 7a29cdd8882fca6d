//! `GET /v1/messages/{id}` and `GET /v1/orders/{id}`.

use crate::api::handler::ask::no_message;
use crate::api::handler::auth::{Scope, peer};
use crate::api::handler::context::Context;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::read::balance;
use crate::api::read::message_view::MessageView;
use crate::api::read::message_view::currency;
use crate::dispatch::admit::arrive::SLICE;
use crate::message::id::MessageId;
use crate::message::money::{Currency, Money};
use crate::message::status::Status;
use crate::message::veil::Veil;
use crate::record::entry::Entry;
use crate::record::views::OrderView;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

/// `GET /v1/messages/{id}`
pub(crate) async fn message(State(context): State<Arc<Context>>, Path(id): Path<String>, request: Request) -> Response {
    let head = request.into_parts().0;
    own_message(&context, &id, &head).await.unwrap_or_else(|problem| problem.into_response(head.uri.path()))
}

/// `GET /v1/orders/{id}`
pub(crate) async fn order(State(context): State<Arc<Context>>, Path(id): Path<String>, request: Request) -> Response {
    let head = request.into_parts().0;
    let found = async {
        let directory = context.directory();
        let account = directory.admit(&head.headers, peer(&head.extensions), Scope::Read)?;
        let view = find_order(&context, &id).await?.filter(|it| it.account == account.id).ok_or_else(no_order)?;
        let currency = currency(&directory.plan, view.route, account.currency);
        Ok(json::answer(StatusCode::OK, &Order::of(&view, &context.veil(), currency), 512))
    };
    found.await.unwrap_or_else(|problem: Problem| problem.into_response(head.uri.path()))
}

async fn own_message(context: &Context, id: &str, head: &Parts) -> Result<Response, Problem> {
    let directory = context.directory();
    let account = directory.admit(&head.headers, peer(&head.extensions), Scope::Read)?;
    let found = find_message(context, id).await?;
    let entry = Some(found).filter(|it| it.body.account == account.id).ok_or_else(no_message)?;
    let currency = currency(&directory.plan, entry.body.route, account.currency);
    let refund = balance::refunds(context, std::slice::from_ref(&entry)).await?.get(&entry.body.seq()).copied();
    let view =
        MessageView::of(&entry, &context.veil(), &directory.plan, currency).paid_back(refund).for_customer(account);
    Ok(json::answer(StatusCode::OK, &view, 2_048))
}

/// A message of any account, by its id as a path has it.
pub(crate) async fn find_message(context: &Context, written: &str) -> Result<Entry, Problem> {
    let (_, id) = named(context, written)?;
    let found = blocking(context, move |readers| match readers.message(id)? {
        Some(entry) => Ok(Ok(entry)),
        None => Ok(Err(readers.was_set_aside(id)?)),
    });
    found.await?.map_err(|was_set_aside| match was_set_aside {
        true => Problem::new(Kind::MessageDamaged, "What was stored of this message was damaged and set aside."),
        false => no_message(),
    })
}

/// The message that a path names, and under what it is named so.
pub(crate) fn named(context: &Context, id: &str) -> Result<(Veil, MessageId), Problem> {
    let veil = context.veil();
    Ok((veil, veil.read_message(id).map_err(|_| no_message())?))
}

/// The aggregate of an order, by its id as a path has it.
pub(crate) async fn find_order(context: &Context, id: &str) -> Result<Option<OrderView>, Problem> {
    let id = id.parse().ok().and_then(|it| context.veil().read_order(it)).ok_or_else(no_order)?;
    blocking(context, move |readers| readers.order(id)).await
}

/// The refusal for an order that does not exist, or is another account's.
pub(crate) fn no_order() -> Problem {
    Problem::new(Kind::NotFound, "There is no order with this id.")
}

#[derive(Serialize)]
struct Order {
    order_id: u64,
    route_id: u32,
    status: &'static str,
    total: u64,
    queued: u64,
    sent: u64,
    delivered: u64,
    failed: u64,
    expired: u64,
    unknown: u64,
    cancelled: u64,
    pending: u64,
    progress_pct: f64,
    completed_pct: f64,
    cost: Option<Shown<Money>>,
    currency: Option<Shown<Currency>>,
    slices: u64,
    created_at: crate::api::handler::time::Moment,
}

impl Order {
    fn of(view: &OrderView, veil: &Veil, currency: Option<Currency>) -> Self {
        let totals = &view.totals;
        let (total, delivered) = (totals.total(), totals.of(Status::Delivered));
        Self {
            order_id: veil.order(view.id),
            route_id: view.route.0,
            status: totals.word(),
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
            created_at: crate::api::handler::time::Moment(view.created),
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
