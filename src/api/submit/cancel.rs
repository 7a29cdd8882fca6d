//! `DELETE /v1/messages/{id}`: takes a message back that has not left.

use crate::api::handler::admitted::Sender;
use crate::api::handler::ask::{ask, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::json::{self, Shown};
use crate::api::handler::problem::Problem;
use crate::api::read::message::{message_of, missing};
use crate::dispatch::door::happening::Ask;
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

#[derive(Serialize)]
struct Cancelled {
    id: Shown<MessageName>,
    status: &'static str,
}
