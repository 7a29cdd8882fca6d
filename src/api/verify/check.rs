//! `POST /v1/verifications/{id}/check` and `…/cancel`.

use crate::api::handler::admitted::Prover;
use crate::api::handler::ask::{ask_whether, refusal};
use crate::api::handler::body;
use crate::api::handler::context::Context;
use crate::api::handler::endpoint::{ASKS, Endpoint, READS};
use crate::api::handler::json;
use crate::api::handler::kinds::{CheckWord, VerificationKey, VerificationWord};
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Kind, Problem};
use crate::api::verify::look::{no_verification, shown, verification_of};
use crate::api::verify::view::VerificationView;
use crate::dispatch::door::happening::{CancelVerification, Check};
use crate::dispatch::door::reply::{Checked, Denial, Verifying};
use crate::message::id::{AccountId, VerificationId};
use crate::record::verification::Verification;
use crate::verify::code::Code;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Characters of a guess: what is longer is none.
const GUESS_MAX: usize = 64;

/// `POST /v1/verifications/{id}/check`
pub(crate) async fn check(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    let account = by.account().id;
    let id = verification_of(&context.veil(), &id)?;
    let (body, _held) = body::read(&context, Holder::Account(account), request.into_body()).await?;
    let Guess { code } = json::read(&body, |_| {
        Problem::at(
            Kind::Invalid,
            "/code",
            "the body is {\"code\": \"482911\"}, and a code is a text, for it may begin with 0",
        )
    })?;
    let Checked { result, verification } = compare(&context, account, id, &Zeroizing::new(code)).await?;
    let (status, left) = (verification.progress.status().word(), verification.progress.checks_left());
    let document = CheckView { result: result.word(), status, checks_left: left };
    Ok(json::answer(StatusCode::OK, &document, 100))
}

/// Compares a guess.
pub(in crate::api) async fn compare(
    context: &Context,
    account: AccountId,
    id: VerificationId,
    code: &str,
) -> Result<Checked, Problem> {
    if GUESS_MAX < code.len() {
        return Err(Problem::at(Kind::Invalid, "/code", "is longer than any code"));
    }
    match ask_whether(context, Check { account, id, guess: Code::written(code) }).await? {
        Ok(it) => Ok(it),
        Err(Denial::NotFound) => Err(no_verification()),
        Err(other) => Err(refusal(&other)),
    }
}

/// `POST /v1/verifications/{id}/cancel`
pub(crate) async fn cancel(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    by: Prover,
) -> Result<Response, Problem> {
    let it = give_up(&context, by.account().id, verification_of(&context.veil(), &id)?).await?;
    shown(&context, &by, (&it, None), StatusCode::OK).await
}

/// Gives a verification up.
pub(in crate::api) async fn give_up(
    context: &Context,
    account: AccountId,
    id: VerificationId,
) -> Result<Verification, Problem> {
    match ask_whether(context, CancelVerification { account, id }).await? {
        Ok(Verifying { verification, .. }) => Ok(context.shown(*verification)),
        Err(Denial::NotFound) => Err(no_verification()),
        Err(other) => Err(refusal(&other)),
    }
}

/// What the reference says of it.
pub(crate) fn about() -> Endpoint {
    Endpoint::new("Verifications", "checkVerification", "Check a code")
        .says(
            "Whether a code is the one that was sent. Each wrong one is counted before it is answered; behind the last that may \
             be wrong no code is looked at any more. Blanks and hyphens in a code are nothing, and a right code is right once.",
        )
        .by::<Prover>()
        .path::<VerificationKey>("id", "$VERIFICATION", "The id of the verification.")
        .body::<Guess>("What was entered.", json!({ "code": "482911" }))
        .answers::<CheckView>(200, "What came of it.")
        .refuses(&[Kind::NotFound, Kind::Invalid, Kind::KeyMissing, Kind::VerificationLimited])
        .refuses(&ASKS)
}

/// What the reference says of it.
pub(crate) fn about_cancel() -> Endpoint {
    Endpoint::new("Verifications", "cancelVerification", "Give a verification up")
        .says("Its code is dead at once, and what has not left does not leave. One that has ended stays as it is.")
        .by::<Prover>()
        .path::<VerificationKey>("id", "$VERIFICATION", "The id of the verification.")
        .answers::<VerificationView<'_>>(200, "The verification, which has ended.")
        .refuses(&[Kind::NotFound])
        .refuses(&READS)
        .refuses(&ASKS)
}

/// A guess at a code.
#[derive(Deserialize, ToSchema)]
#[schema(as = CodeGuess)]
#[serde(deny_unknown_fields)]
pub(super) struct Guess {
    /// What was entered: a text, for a code may begin with 0.
    #[schema(max_length = 64, examples("482911"))]
    code: String,
}

/// What came of a guess.
#[derive(Serialize, ToSchema)]
#[schema(as = CodeCheck)]
struct CheckView {
    /// In a word.
    #[schema(value_type = CheckWord)]
    result: &'static str,
    /// Where the verification is now.
    #[schema(value_type = VerificationWord)]
    status: &'static str,
    /// How many guesses may yet be wrong.
    checks_left: u8,
}
