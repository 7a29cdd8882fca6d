//! Takes back what has not left: `DELETE /v1/messages/{id}` and `DELETE /v1/orders/{id}`.

use crate::api::handler::admitted::Sender;
use crate::api::handler::ask::{ask, ask_whether, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint, READS};
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{MessageKey, MessageStatus, OrderKey};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::read::message::{message_of, missing};
use crate::api::read::order::own_range;
use crate::dispatch::door::happening::{Cancellation, Withdrawal};
use crate::dispatch::door::reply::{self, Denial};
use crate::message::status::Status;
use crate::message::veil::MessageName;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// `DELETE /v1/messages/{id}`
pub(crate) async fn cancel(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Sender,
) -> Result<Response, Problem> {
    let (veil, id) = message_of(&context, &id)?;
    match ask_whether(&context, Cancellation(by.account().id, id)).await? {
        Ok(reply::Cancelled) => {
            let document = Cancelled { id: Shown(veil.message(id)), status: Status::Cancelled.word() };
            Ok(json::answer(StatusCode::OK, &document, 100))
        }
        Err(Denial::NotFound) => Err(missing(&context, id).await?),
        Err(other) => Err(refusal(&other)),
    }
}

/// `DELETE /v1/orders/{id}`: whoever asks again is told the same, and what a process took back that died meanwhile.
pub(crate) async fn cancel_order(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Sender,
) -> Result<Response, Problem> {
    let account = by.account().id;
    let (order, (from, to)) = own_range(&context, &id, account).await?;
    let reply::Withdrawn { cancelled, left } = ask(&context, Withdrawal { account, order, from, to }).await?;
    let document = Withdrawn { order_id: context.veil().order(order), cancelled, left };
    Ok(json::answer(StatusCode::OK, &document, 100))
}

/// What the reference says of it.
pub(crate) fn about_order() -> Endpoint {
    Endpoint::new("Orders", "cancelOrder", "Take an order back")
        .says(
            "Cancels every message of an order of which nothing has left for a carrier. Whoever asks again is told the same, \
             and also what is cancelled by then.",
        )
        .by::<Sender>()
        .path::<OrderKey>("id", "$ORDER", "The id of the order.")
        .answers::<Withdrawn>(200, "What could be taken back was.")
        .refuses(&[Kind::NotFound])
        .refuses(&READS)
        .refuses(&ASKS)
}

/// An order that was taken back.
#[derive(Serialize, ToSchema)]
#[schema(as = CancelledOrder)]
struct Withdrawn {
    /// What names it.
    #[schema(value_type = OrderKey)]
    order_id: u64,
    /// So many of its messages will not be sent, those included that were taken back before.
    cancelled: u64,
    /// So many had left or ended.
    left: u64,
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Messages", "cancelMessage", "Take a message back")
        .says(
            "Cancels a message of which nothing has left for a carrier; what was charged for it is paid back. It stays and is \
             looked at as before, with the status `CANCELLED`. One that has left or has ended, by being taken back too, is refused.",
        )
        .by::<Sender>()
        .path::<MessageKey>("id", "$ID", "The id of the message.")
        .answers::<Cancelled>(200, "It was taken back.")
        .refuses(&[Kind::NotFound, Kind::MessageDamaged, Kind::TooLate])
        .refuses(&READS)
        .refuses(&ASKS)
}

/// A message that was taken back.
#[derive(Serialize, ToSchema)]
#[schema(as = CancelledMessage)]
struct Cancelled {
    /// What names it.
    #[schema(value_type = MessageKey)]
    id: Shown<MessageName>,
    /// What it is now.
    #[schema(value_type = MessageStatus)]
    status: &'static str,
}
