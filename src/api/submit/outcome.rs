//! `POST /v1/messages/{id}/outcome`: whether the code in a message came back, from applications that make their own.
//!
//! It says more of a carrier than its receipts do, and ends the wait for them.

use crate::api::handler::admitted::Verifier;
use crate::api::handler::ask::{ask_whether, refusal};
use crate::api::handler::body;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint, READS};
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::MessageKey;
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::read::message::{message_of, missing};
use crate::dispatch::door::happening::Feedback;
use crate::dispatch::door::reply::{self, Denial};
use crate::message::veil::MessageName;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// `POST /v1/messages/{id}/outcome`
pub(crate) async fn outcome(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Verifier,
    request: Request,
) -> Result<Response, Problem> {
    let account = by.account().id;
    let (veil, id) = message_of(&context, &id)?;
    let (body, _held) = body::read(&context, Holder::Account(account), request.into_body()).await?;
    let Outcome { verified } =
        json::read(&body, |_| Problem::at(Kind::Invalid, "/verified", "the body is {\"verified\": true} or false"))?;
    match ask_whether(&context, Feedback { account, message: id, verified }).await? {
        Ok(reply::Noted) => Ok(json::answer(StatusCode::OK, &Noted { id: Shown(veil.message(id)), verified }, 100)),
        Err(Denial::NotFound) => Err(missing(&context, id).await?),
        Err(other) => Err(refusal(&other)),
    }
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Messages", "tellOutcome", "Tell whether the code came back")
        .says(
            "For applications that make their own codes: whether the code in the message came back. It counts for the score of \
             the carrier, and ends the wait for a receipt.",
        )
        .by::<Verifier>()
        .path::<MessageKey>("id", "$ID", "The id of the message.")
        .body::<Outcome>("Whether it came back.", json!({ "verified": true }))
        .answers::<Noted>(200, "It is noted.")
        .refuses(&[Kind::NotFound, Kind::MessageDamaged, Kind::Cancelled])
        .refuses(&READS)
        .refuses(&ASKS)
}

/// Whether a code came back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Outcome {
    /// Whether it did.
    verified: bool,
}

/// What was noted.
#[derive(Serialize, ToSchema)]
#[schema(as = NotedOutcome)]
struct Noted {
    /// Of which message.
    #[schema(value_type = MessageKey)]
    id: Shown<MessageName>,
    /// Whether its code came back.
    verified: bool,
}
