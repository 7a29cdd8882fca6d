//! `GET /v1/messages/{id}` and `GET /v1/orders/{id}`.

use crate::api::handler::auth::Scope;
use crate::api::handler::context::Context;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::read::balance;
use crate::api::read::message_view::MessageView;
use crate::api::submit::answer::{self, Shown};
use crate::api::submit::messages::{no_message, peer};
use crate::dispatch::admit::arrive::SLICE;
use crate::dispatch::door::plan::Plan;
use crate::message::body::Body;
use crate::message::id::{MessageId, RouteId};
use crate::message::money::{Currency, Money};
use crate::message::status::Status;
use crate::message::veil::Veil;
use crate::record::entry::Entry;
use crate::record::views::OrderView;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::readers::Readers;
use crate::text::Alphabet;
use crate::text::content::Requested;
use crate::text::cut::Cut;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// How long a read waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

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
        Ok(answer::json(StatusCode::OK, &Order::of(&view, &context.veil(), currency), 512))
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
    Ok(answer::json(StatusCode::OK, &view, 2_048))
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

/// Asks the store, on a thread that may block, a bounded number at once.
pub(crate) async fn blocking<T, F>(context: &Context, ask: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&Readers) -> Result<T, Fault> + Send + 'static,
{
    let turn = tokio::time::timeout(TURN_TIMEOUT, Arc::clone(&context.reads).acquire_owned()).await;
    let Ok(Ok(turn)) = turn else {
        return Err(Problem::new(Kind::ReadsBusy, "Too many requests read at once."));
    };
    let readers = context.wiring.readers.clone();
    let answer = tokio::task::spawn_blocking(move || {
        // The turn ends with the read, even where its request is given up before.
        let _turn = turn;
        ask(&readers)
    });
    match answer.await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a read of the store failed");
            Err(Problem::new(Kind::StoreFailed, "The store could not be read."))
        }
        Err(_) => Err(Problem::new(Kind::Internal, "The read met a fault of ours; it is logged.")),
    }
}

/// The alphabet of a message; `None` where its text was erased and the alphabet was left to us.
pub(crate) fn alphabet(body: &Body, plan: &Plan) -> Option<Alphabet> {
    match body.requested {
        Requested::Binary => Some(Alphabet::Binary),
        _ if !body.text.is_empty() => {
            Cut::of(body.content(), &plan.quoted(body.route)).ok().map(|it| it.estimate().alphabet)
        }
        Requested::Auto => None,
        Requested::Gsm7 | Requested::Transliterated => Some(Alphabet::Gsm7),
        Requested::Ucs2 => Some(Alphabet::Ucs2),
        Requested::Latin1 => Some(Alphabet::Latin1),
    }
}

/// What a route's prices are in; else what the account pays in.
pub(crate) fn currency(plan: &Plan, route: RouteId, account: Option<Currency>) -> Option<Currency> {
    plan.routes.get(&route).and_then(|it| it.price.as_ref()).map(|it| it.currency).or(account)
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
