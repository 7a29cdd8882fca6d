//! `POST /v1/verifications/{id}/resend`, and the same where nobody asks: an app may take another channel by itself.

use crate::api::handler::admitted::Prover;
use crate::api::handler::ask::refusal;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint, READS};
use crate::api::handler::kinds::{ChannelWord, VerificationKey};
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::handler::reads::blocking;
use crate::api::handler::{body, json};
use crate::api::submit::messages::{KEPT, refuse_when_closed};
use crate::api::submit::quote::JUDGED;
use crate::api::verify::begin::{GUARDED, answered, message, way_of};
use crate::api::verify::look::{no_verification, own, shown, verification_of};
use crate::api::verify::view::VerificationView;
use crate::dispatch::door::happening::Verify;
use crate::dispatch::door::plan::{Account, Plan};
use crate::dispatch::door::reply::{Denial, Verifying};
use crate::guard::guards::Asker;
use crate::message::channel::Channel;
use crate::message::id::VerificationId;
use crate::number::line::LineType;
use crate::record::verification::Verification;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use tracing::{debug, info};
use utoipa::ToSchema;

/// Channels that are taken at once without anybody asking.
const AT_ONCE: usize = 64;

/// `POST /v1/verifications/{id}/resend`
pub(crate) async fn resend(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    refuse_when_closed(&context)?;
    let id: VerificationId = verification_of(&context.veil(), &id)?;
    let (body, _held) = body::read(&context, Holder::Account(by.account().id), request.into_body()).await?;
    let invalid = |error| Problem::at(Kind::Invalid, "", format!("The body is not valid: {error}."));
    let asked = if body.is_empty() { Again::default() } else { json::read(&body, invalid)? };
    let before = own(&context, &by, id).await?;
    let channel = asked.channel.as_deref().unwrap_or(before.channel.word());
    let Verifying { started, verification } =
        send_again(&context, (by.account(), by.plan()), before, (channel, false)).await?;
    let it = context.shown(*verification);
    shown(&context, &by, (&it, Some(started.word())), StatusCode::ACCEPTED).await
}

/// Sends the code of a verification again, by a channel.
pub(in crate::api) async fn send_again(
    context: &Context,
    (account, plan): (&Account, &Plan),
    before: Verification,
    (channel, by_itself): (&str, bool),
) -> Result<Verifying, Problem> {
    if !before.progress.is_pending() {
        return Err(refusal(&Denial::Over));
    }
    let Some(app) = plan.apps.get(&before.app) else {
        return Err(Problem::new(Kind::VerificationOver, "The app of the verification is not configured any more."));
    };
    let way = way_of(account, app, Some(channel))?;
    // The configuration may have another language by now.
    let language = app.language(Some(&before.language));
    let send = match before.is_test {
        true => None,
        false => Some(message(context, (account, plan), (app, way, before.to, true), (language, &before.words)).await?),
    };
    let verify = Verify {
        account: before.account,
        app: before.app,
        to: before.to,
        again: Some(before.id),
        form: app.form,
        code: None,
        client_ref: None,
        language: language.into(),
        words: before.words,
        channel: way.channel,
        by_itself,
        by: Asker { address: before.sends.last().and_then(|it| it.address), line: LineType::of(before.to) },
        send,
        idempotency: None,
    };
    answered(context, verify, no_verification).await
}

/// Takes the channels that are offered where an app does not wait for somebody to ask: some at once, for many fail
/// together where a carrier does.
pub async fn take_channels(context: Arc<Context>, mut offered: mpsc::Receiver<(VerificationId, Channel)>) {
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    while let Some((id, channel)) = offered.recv().await {
        let Ok(turn) = Arc::clone(&at_once).acquire_owned().await else { return };
        let context = Arc::clone(&context);
        tokio::spawn(async move {
            let name = context.veil().verification(id);
            match take_channel(&context, id, channel).await {
                Ok(()) => debug!(verification_id = %name, channel = channel.word(), "another channel is taken"),
                Err(problem) => {
                    let (kind, detail) = (problem.kind.title(), problem.detail);
                    info!(verification_id = %name, channel = channel.word(), kind, %detail, "no other channel is taken");
                }
            }
            drop(turn);
        });
    }
}

async fn take_channel(context: &Context, id: VerificationId, channel: Channel) -> Result<(), Problem> {
    let found = blocking(context, move |readers| readers.verification(id)).await?;
    let before = found.ok_or_else(no_verification)?;
    let plan = context.wiring.plan.borrow().clone();
    let Some(account) = plan.accounts.get(&before.account) else { return Err(no_verification()) };
    send_again(context, (account, &plan), before, (channel.word(), true)).await.map(drop)
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Verifications", "resendVerification", "Send a code again")
        .says(
            "The code goes out again: the same, unless the app has `resend = \"new\"`. Before `resend_after` is over it is refused, \
             and `Retry-After` says when it is; but by the channel in `next_channel`, which is offered, it goes at once. What goes by \
             another channel takes back what has not left by the one before.",
        )
        .by::<Prover>()
        .path::<VerificationKey>("id", "$VERIFICATION", "The id of the verification.")
        .body::<Again>("By what it goes; else as before.", json!({ "channel": "sms" }))
        .spares_body()
        .answers::<VerificationView<'_>>(202, "It is sent again.")
        .refuses(&JUDGED)
        .refuses(&KEPT)
        .refuses(&[Kind::NotFound, Kind::VerificationOver, Kind::ResendTooSoon, Kind::KeyMissing])
        .refuses(&GUARDED)
        .refuses(&READS)
        .refuses(&ASKS)
}

/// By what a code goes again.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = ResendVerification)]
#[serde(deny_unknown_fields)]
struct Again {
    /// By what, of what the app has.
    #[serde(default)]
    #[schema(value_type = Option<ChannelWord>)]
    channel: Option<String>,
}
