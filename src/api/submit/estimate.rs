//! `POST /v1/estimate`: what a request would become and cost; nothing is stored.

use crate::api::handler::admitted::Sender;
use crate::api::handler::body;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::read::balance;
use crate::api::submit::answer::Estimated;
use crate::api::submit::quote::{JUDGED, Judge, Quote};
use crate::api::submit::request::Asked;
use crate::api::submit::{answer, diagnose, ranking};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;

/// `POST /v1/estimate`
pub(crate) async fn estimate(
    State(context): State<Arc<Context>>,
    by: Sender,
    request: Request,
) -> Result<Response, Problem> {
    let account = by.account();
    let (body, _held) = body::read(&context, Holder::Account(account.id), request.into_body()).await?;
    let asked = diagnose::read(&body)?;
    let judge = Judge { plan: by.plan(), opted_out: &context.wiring.opted_out, account };
    let (quote, submission) = Quote::of(judge, &asked)?;
    quote.some()?;
    let first = submission.recipients.first();
    let names = first.map_or_else(Vec::new, |it| {
        let from = it.source.as_ref().unwrap_or(&submission.source);
        ranking::rank(by.plan(), quote.route, it.destination, from)
    });
    let balance = balance::of_account(&context, account).await?;
    let sufficient = balance.is_none_or(|it| quote.cost().is_some_and(|cost| cost <= it));
    let names = account.shows_carriers.then_some(&names[..]);
    Ok(answer::estimated(&quote, names, sufficient))
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    let example = json!({ "to": "+31612345678", "from": "YOURAPP", "text": "Your parcel is on its way" });
    Endpoint::new("Messages", "estimate", "Estimate a message")
        .says(
            "Takes the body of `POST /v1/messages` and says what it would become: alphabet, parts, route, carriers and price. \
             That is what would be sent; nothing is stored or charged.",
        )
        .by::<Sender>()
        .body::<Asked<'_>>("What would be sent, and to whom.", example)
        .answers::<Estimated<'_>>(200, "What it would become.")
        .refuses(&JUDGED)
        .refuses(&[Kind::ClassMismatch])
        .refuses(&READS)
}
