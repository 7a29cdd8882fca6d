//! `DELETE /admin/v1/people/{number}`: forgets somebody.

use crate::api::handler::admitted::Operator;
use crate::api::handler::ask::{ANSWER_TIMEOUT, ask, refusal};
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint};
use crate::api::handler::json;
use crate::api::handler::kinds::{AnyNumber, ForgettingWord};
use crate::api::handler::people::{Kept, NotForgotten, PersonNews, PersonRequest, STATES};
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::query::{self, invalid};
use crate::dispatch::door::happening::{Demand, Ending};
use crate::dispatch::door::reply::Denial;
use crate::message::forget::without;
use crate::number::e164::E164;
use crate::record::action::{Deed, Target};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use tokio::time::timeout;
use utoipa::ToSchema;

/// How long a request waits for everything to be gone through; after that it is answered that it is under way.
const WAIT: Duration = Duration::from_secs(10);
/// Characters of a reason: a sentence or two.
const REASON_MAX: usize = 500;

/// `DELETE /admin/v1/people/{number}?reason=`
pub(crate) async fn forget(
    State(context): State<Arc<Context>>,
    Path(number): Path<String>,
    RawQuery(asked): RawQuery,
    by: Operator,
) -> Result<Response, Problem> {
    let number = E164::parse(&query::number(&number), None).map_err(|why| invalid("number", why.to_string()))?;
    let asked: Vec<_> = query::pairs(asked.as_deref(), &["reason"])?.collect::<Result<_, _>>()?;
    let reason = asked.first().map_or("", |it| it.1.trim());
    if REASON_MAX < reason.chars().count() {
        return Err(invalid("reason", format!("has more than {REASON_MAX} characters")));
    }
    let kept = kept(&context, number).await?;
    if kept.is_new {
        // That somebody was forgotten is remembered, and not who.
        let (deed, target, end) = (Deed::Forget, Target::Store, Ending::Never);
        let reason = without(reason, number).trim().into();
        ask(&context, Box::new(Demand { actor: by.account().id, deed, target, reason, end })).await?;
    }
    match timeout(WAIT, kept.news).await {
        Ok(Ok(news)) if news.under_way == 0 => Ok(json::answer(StatusCode::OK, &View::of(STATES[0], news), 256)),
        Ok(Ok(news)) => Ok(json::answer(StatusCode::ACCEPTED, &View::of(STATES[1], news), 256)),
        Ok(Err(_)) | Err(_) => Ok(json::answer(StatusCode::ACCEPTED, &View::of(STATES[1], PersonNews::default()), 256)),
    }
}

/// Waits until it is durable that somebody is to be forgotten.
async fn kept(context: &Context, number: E164) -> Result<Kept, Problem> {
    let (reply, answer) = oneshot::channel();
    context.wiring.of_people.try_send(PersonRequest { number, reply }).map_err(|error| match error {
        TrySendError::Full(_) => Problem::new(Kind::QueueFull, "Too many people are being forgotten."),
        TrySendError::Closed(_) => refusal(&Denial::Draining),
    })?;
    match timeout(ANSWER_TIMEOUT, answer).await {
        Ok(Ok(Ok(kept))) => Ok(kept),
        Ok(Ok(Err(NotForgotten::TooMany(most)))) => Err(Problem::new(
            Kind::QueueFull,
            format!("{most} people are to be forgotten and have messages under way; try again when some have ended."),
        )),
        Ok(Ok(Err(NotForgotten::Ending))) => Err(refusal(&Denial::Draining)),
        Ok(Err(_)) | Err(_) => Err(Problem::new(Kind::NoAnswer, "It is not known whether it is kept; ask again.")),
    }
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Suppressions", "forgetPerson", "Forget somebody")
        .says(
            "Takes a number out of the store: its messages stay under their ids, with status, times and price, but \
             without number, text and what carriers said beside; events lose it, also those that were not told yet; what \
             came from it says nothing any more; what waited for parts or messages of it goes. What keeps it in peace \
             goes on doing so under a keyed hash. What has not left is cancelled; what has left keeps the number until \
             it has ended, and is forgotten then, over restarts, too: ask again to see how far it is. What comes \
             meanwhile is new. Records of charge, logs and backups that were written before are the operator's to clear.",
        )
        .by::<Operator>()
        .path::<AnyNumber>("number", "%2B31687654321", "The number, with its country code.")
        .query::<String>("reason", "Why, in at most 500 characters; it stands among the actions, without the number.")
        .answers::<View>(200, "Nothing of it is left.")
        .answers::<View>(202, "It is kept that it is to be forgotten, and is not yet.")
        .refuses(&[Kind::Invalid])
        .refuses(&ASKS)
}

/// What of somebody is forgotten since it was asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = ForgottenPerson)]
struct View {
    /// How far it is.
    #[schema(value_type = ForgettingWord)]
    state: &'static str,
    /// Messages to it.
    messages: usize,
    /// Events that named it.
    events: usize,
    /// Receipts that waited for their message.
    receipts: usize,
    /// Parts of messages from it that waited for the others.
    parts: usize,
    /// What keeps it in peace, and goes on doing so.
    suppressions: usize,
    /// Messages that have left and not ended, or whose record of charge is not written yet; 0 also where that is not
    /// known yet.
    under_way: usize,
}

impl View {
    const fn of(state: &'static str, news: PersonNews) -> Self {
        let PersonNews { messages, events, receipts, parts, suppressions, under_way } = news;
        Self { state, messages, events, receipts, parts, suppressions, under_way }
    }
}
