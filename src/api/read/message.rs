//! `GET /v1/messages/{id}`: the whole truth about one message.

use crate::api::handler::admitted::Reader;
use crate::api::handler::ask::no_message;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{Endpoint, READS};
use crate::api::handler::json;
use crate::api::handler::kinds::MessageKey;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::read::balance;
use crate::api::read::message_view::MessageView;
use crate::message::id::MessageId;
use crate::message::veil::Veil;
use crate::record::entry::Entry;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// `GET /v1/messages/{id}`
pub(crate) async fn message(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Reader,
) -> Result<Response, Problem> {
    let (account, plan) = (by.account(), by.plan());
    let found = find_message(&context, &id).await?;
    let entry = Some(found).filter(|it| it.body.account == account.id).ok_or_else(no_message)?;
    let currency = plan.currency(entry.body.route, account.currency);
    let refund = balance::refunds(&context, std::slice::from_ref(&entry)).await?.get(&entry.body.seq()).copied();
    let view = MessageView::of(&entry, &context.veil(), plan, currency).paid_back(refund).for_customer(account);
    Ok(json::answer(StatusCode::OK, &view, 2_048))
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Messages", "getMessage", "Get a message")
        .says(
            "All that is known of one message: what it is, how far it is known to have come, what it cost, and each attempt \
             with the carrier's answer and receipts.",
        )
        .by::<Reader>()
        .path::<MessageKey>("id", "$ID", "The id of the message.")
        .answers::<MessageView<'_>>(200, "The message.")
        .refuses(&[Kind::NotFound, Kind::MessageDamaged])
        .refuses(&READS)
}

/// A message of any account, by its id as a path has it.
pub(crate) async fn find_message(context: &Context, written: &str) -> Result<Entry, Problem> {
    let (_, id) = message_of(context, written)?;
    match blocking(context, move |readers| readers.message(id)).await? {
        Some(entry) => Ok(entry),
        None => Err(missing(context, id).await?),
    }
}

/// The refusal for a message that is not there: whether it was damaged and set aside.
pub(crate) async fn missing(context: &Context, id: MessageId) -> Result<Problem, Problem> {
    Ok(match blocking(context, move |readers| readers.was_set_aside(id)).await? {
        true => Problem::new(Kind::MessageDamaged, "What was stored of this message was damaged and set aside."),
        false => no_message(),
    })
}

/// The message that a path names, and under what it is named so.
pub(crate) fn message_of(context: &Context, id: &str) -> Result<(Veil, MessageId), Problem> {
    let veil = context.veil();
    Ok((veil, veil.read_message(id).map_err(|_| no_message())?))
}
