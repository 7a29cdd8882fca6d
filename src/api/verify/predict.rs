//! `POST /v1/verifications/predict`: what a begin would meet, without sending or counting anything.

use crate::api::handler::admitted::Prover;
use crate::api::handler::ask::ask;
use crate::api::handler::body;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint};
use crate::api::handler::json::{self, Shown};
use crate::api::handler::kinds::{Amount, ChannelWord, CurrencyCode, GuardReasonWord, GuardWord, Moment};
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::time::Timestamp;
use crate::api::submit::quote::JUDGED;
use crate::api::verify::begin::{Wanted, wanted};
use crate::dispatch::door::happening::{Predict, Verify};
use crate::dispatch::door::reply::Predicted;
use crate::message::channel::Channel;
use crate::message::money::Exact;
use crate::message::time::Time;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// `POST /v1/verifications/predict`
pub(crate) async fn predict(
    State(context): State<Arc<Context>>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    let (account, plan) = (by.account(), by.plan());
    let (body, _held) = body::read(&context, Holder::Account(account.id), request.into_body()).await?;
    let asked: Wanted =
        json::read(&body, |error| Problem::at(Kind::Invalid, "", format!("The body is not valid: {error}.")))?;
    let Verify { app, channel, to, by: asker, send, .. } = wanted(&context, &by, (asked, false)).await?;
    let is_free = send.is_none() || account.is_sandbox;
    let predict = Predict { app, channel, to, by: asker, is_free };
    let Predicted { refused, shadowed, channels } = ask(&context, predict).await?;
    let route = plan.apps.get(&app).and_then(|it| plan.routes.get(&it.way(channel)?.route));
    let table = route.and_then(|it| account.price(it)).filter(|_| !is_free);
    let price = table.and_then(|it| it.price(to, plan.country(to)));
    let view = PredictView {
        decision: if refused.is_some() { "refuse" } else { "allow" },
        guard: refused.map(|it| it.guard.word()),
        reason: refused.map(|it| it.guard.reason().word()),
        until: Timestamp(refused.map_or(Time::NEVER, |it| it.until)),
        shadows: shadowed.iter().map(|it| it.word()).collect(),
        price: price.map(|it| Shown(it.exact())),
        currency: price.and(table).map(|it| it.currency.as_str().to_owned()),
        channels: channels.into_iter().map(Channel::word).collect(),
    };
    Ok(json::answer(StatusCode::OK, &view, 256))
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    let example = json!({ "to": "+31612345678", "app": "login", "ip": "192.0.2.7" });
    Endpoint::new("Verifications", "predictVerification", "Ask what a begin would meet")
        .says(
            "What the guards would say to a begin, and what it would cost. Nothing is sent, and nothing counts. What is wrong with \
             the request is refused as a begin refuses it.",
        )
        .by::<Prover>()
        .body::<Wanted>("Whose number, and by which app.", example)
        .answers::<PredictView>(200, "What it would meet now.")
        .refuses(&JUDGED)
        .refuses(&ASKS)
}

/// What a begin would meet.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationPrediction)]
struct PredictView {
    /// `allow`: a code would be sent; `refuse`: a guard would refuse it.
    decision: &'static str,
    /// Which guard; null where it would be sent.
    #[schema(value_type = Option<GuardWord>)]
    guard: Option<&'static str>,
    /// Why; null where it would be sent.
    #[schema(value_type = Option<GuardReasonWord>)]
    reason: Option<&'static str>,
    /// Until when; null where it would be sent, or it does not end by itself.
    #[schema(value_type = Option<Moment>)]
    until: Timestamp,
    /// Guards in shadow mode that would refuse it if they did.
    #[schema(value_type = Vec<GuardWord>)]
    shadows: Vec<&'static str>,
    /// What it costs the account; null where there is no price.
    #[schema(value_type = Option<Amount>)]
    price: Option<Shown<Exact>>,
    /// In which currency.
    #[schema(value_type = Option<CurrencyCode>)]
    currency: Option<String>,
    /// By which channels a code would go there now.
    #[schema(value_type = Vec<ChannelWord>)]
    channels: Vec<&'static str>,
}
