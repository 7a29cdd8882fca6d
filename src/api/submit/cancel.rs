//! Takes back what has not left: `DELETE /v1/messages/{id}` and `DELETE /v1/orders/{id}`.

use crate::api::handler::admitted::Sender;
use crate::api::handler::ask::{ask, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::problem::Problem;
use crate::api::read::message::{message_of, missing};
use crate::api::read::order::own_range;
use crate::dispatch::door::happening::{Ask, Withdrawal};
use crate::dispatch::door::reply::Reply;
use crate::message::status::Status;
use crate::message::veil::MessageName;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

/// `DELETE /v1/messages/{id}`
pub(crate) async fn cancel(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Sender,
) -> Result<Response, Problem> {
    let (veil, id) = message_of(&context, &id)?;
    match ask(&context, Ask::Cancel(by.account().id, id)).await? {
        Reply::Cancelled => {
            let document = Cancelled { id: Shown(veil.message(id)), status: Status::Cancelled.word() };
            Ok(json::answer(StatusCode::OK, &document, 100))
        }
        Reply::NotFound => Err(missing(&context, id).await?),
        other => Err(refusal(&other)),
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
    match ask(&context, Ask::Withdraw(Withdrawal { account, order, from, to })).await? {
        Reply::Withdrawn { cancelled, left } => {
            let document = Withdrawn { order_id: context.veil().order(order), cancelled, left };
            Ok(json::answer(StatusCode::OK, &document, 100))
        }
        other => Err(refusal(&other)),
    }
}

#[derive(Serialize)]
struct Withdrawn {
    order_id: u64,
    /// So many of its messages will not be sent, those included that were taken back before.
    cancelled: u64,
    /// So many had left or ended.
    left: u64,
}

#[derive(Serialize)]
struct Cancelled {
    id: Shown<MessageName>,
    status: &'static str,
}
