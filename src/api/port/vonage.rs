//! Vonage Verify, version 2, as far as its SDKs start, check, move on and cancel verifications. The app is that of the
//! port; the API secret is a key of ours.

use crate::api::handler::admitted::Prover;
use crate::api::handler::body;
use crate::api::handler::context::Context;
use crate::api::handler::json;
use crate::api::handler::memory::Holder;
use crate::api::handler::problem::{Fault, Kind, Problem};
use crate::api::port::kind::PortRole;
use crate::api::port::name;
use crate::api::verify::begin::{Wanted, start};
use crate::api::verify::check::{compare, give_up};
use crate::api::verify::look::{no_verification, own};
use crate::api::verify::resend::send_again;
use crate::dispatch::door::reply::{Checked, Started};
use crate::message::channel::Channel;
use crate::record::verification::Verification;
use crate::verify::progress::CheckResult;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Steps of a workflow, as they have them.
const STEPS_MAX: usize = 3;

/// A start.
#[derive(Deserialize)]
struct Start {
    /// It is the app's brand that is said.
    #[serde(default, rename = "brand")]
    _brand: Option<String>,
    workflow: Vec<Step>,
    #[serde(default)]
    locale: Option<String>,
    #[serde(default)]
    client_ref: Option<String>,
    #[serde(default)]
    code: Option<Value>,
    #[serde(default)]
    code_length: Option<u8>,
}

#[derive(Deserialize)]
struct Step {
    channel: String,
    to: String,
}

#[derive(Deserialize)]
struct Guess {
    code: String,
}

/// `POST /v2/verify`
pub(in crate::api) async fn begin(
    State(context): State<Arc<Context>>,
    Extension(role): Extension<PortRole>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    let asked: Start = read(&context, &by, request).await?;
    let name = role.app.as_deref().unwrap_or_default();
    let ways = by.plan().app_named(name).map_or(&[][..], |it| &it.ways);
    let form = by.plan().app_named(name).map(|it| it.form.size());
    let [first, ..] = &asked.workflow[..] else { return Err(Problem::at(Kind::Invalid, "/workflow", "has no step")) };
    let mut faults = Vec::new();
    let mut fault =
        |pointer: String, detail: String| faults.push(Fault { detail: detail.into(), pointer: pointer.into() });
    let known: Vec<&str> = ways.iter().map(|it| it.channel.word()).collect();
    let begins = known.iter().position(|it| *it == first.channel).unwrap_or(known.len());
    for (at, step) in asked.workflow.iter().enumerate() {
        if known.get(begins + at).is_none_or(|it| *it != step.channel) {
            fault(
                format!("/workflow/{at}/channel"),
                format!("the app behind this port goes through {}, in this order", known.join(", ")),
            );
        }
        if step.to != first.to {
            fault(format!("/workflow/{at}/to"), "is another number than the first".into());
        }
    }
    if STEPS_MAX < asked.workflow.len() {
        fault("/workflow".into(), format!("has more than {STEPS_MAX} steps"));
    }
    if asked.code_length.is_some_and(|it| Some(usize::from(it)) != form) {
        fault("/code_length".into(), "codes of the app behind this port have another length".into());
    }
    if !faults.is_empty() {
        return Err(Problem::of_faults(Kind::Invalid, faults));
    }
    let wanted = Wanted {
        to: format!("+{}", first.to.trim_start_matches('+')),
        channel: Some(first.channel.clone()),
        locale: asked.locale,
        client_ref: asked.client_ref,
        custom_code: asked.code,
        ..Wanted::of_app(name)
    };
    let (it, started) = start(&context, &by, wanted, None).await?;
    let id = request_id(&context, &it);
    if started == Started::Running {
        let detail = "Concurrent verifications to the same number are not allowed";
        let document = json!({ "title": "Conflict", "detail": detail, "request_id": id });
        return Ok(json::answer(StatusCode::CONFLICT, &document, 256));
    }
    Ok(json::answer(StatusCode::ACCEPTED, &json!({ "request_id": id }), 128))
}

/// `POST /v2/verify/{id}`
pub(in crate::api) async fn check(
    State(context): State<Arc<Context>>,
    Extension(role): Extension<PortRole>,
    Path(id): Path<String>,
    by: Prover,
    request: Request,
) -> Result<Response, Problem> {
    let it = found(&context, &by, &role, &id).await?;
    let (body, _held) = body::read(&context, Holder::Account(by.account().id), request.into_body()).await?;
    // What was guessed is not said again.
    let Guess { code } = json::read(&body, |_| Problem::at(Kind::Invalid, "/code", "must be a text"))?;
    let code = Zeroizing::new(code);
    let Checked { result, verification } = compare(&context, by.account().id, it.id, &code).await?;
    let (status, title, detail) = match result {
        CheckResult::Ok => {
            let document = json!({ "request_id": request_id(&context, &verification), "status": "completed" });
            return Ok(json::answer(StatusCode::OK, &document, 128));
        }
        CheckResult::Incorrect => {
            (StatusCode::BAD_REQUEST, "Invalid Code", "The code you provided does not match the expected value.")
        }
        CheckResult::Exhausted => (
            StatusCode::GONE,
            "Invalid Code",
            "An incorrect code has been provided too many times. Workflow terminated.",
        ),
        CheckResult::Expired | CheckResult::AlreadyVerified => {
            (StatusCode::NOT_FOUND, "Not Found", "The request has ended, or there is none with this id.")
        }
    };
    Ok(json::answer(status, &json!({ "title": title, "detail": detail }), 256))
}

/// `DELETE /v2/verify/{id}`
pub(in crate::api) async fn cancel(
    State(context): State<Arc<Context>>,
    Extension(role): Extension<PortRole>,
    Path(id): Path<String>,
    by: Prover,
) -> Result<Response, Problem> {
    let it = found(&context, &by, &role, &id).await?;
    if !it.progress.is_pending() {
        return Err(no_verification());
    }
    give_up(&context, by.account().id, it.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /v2/verify/{id}/next_workflow`
pub(in crate::api) async fn next(
    State(context): State<Arc<Context>>,
    Extension(role): Extension<PortRole>,
    Path(id): Path<String>,
    by: Prover,
) -> Result<Response, Problem> {
    let (account, plan) = (by.account(), by.plan());
    let before = found(&context, &by, &role, &id).await?;
    let behind = || Some(plan.apps.get(&before.app)?.behind(before.channel).next()?.channel);
    let next = before.offered.or_else(behind).map(Channel::word);
    let Some(next) = next else {
        let detail = "This Verify request has no remaining workflow actions";
        return Ok(json::answer(StatusCode::CONFLICT, &json!({ "title": "Conflict", "detail": detail }), 128));
    };
    let id = request_id(&context, &before);
    send_again(&context, (account, plan), before, (next, false)).await?;
    Ok(json::answer(StatusCode::OK, &json!({ "request_id": id }), 128))
}

/// The verification of an id, if it is of the app of the port.
async fn found(context: &Context, by: &Prover, role: &PortRole, id: &str) -> Result<Verification, Problem> {
    let it = own(context, by, name::verification(&context.veil(), id)?).await?;
    let app = by.plan().app_name(it.app).map(str::to_owned);
    Some(it).filter(|_| app.as_deref() == role.app.as_deref()).ok_or_else(no_verification)
}

async fn read<T: serde::de::DeserializeOwned>(context: &Context, by: &Prover, request: Request) -> Result<T, Problem> {
    let (body, _held) = body::read(context, Holder::Account(by.account().id), request.into_body()).await?;
    json::read(&body, |error| Problem::at(Kind::Invalid, "", format!("The body is not valid: {error}.")))
}

fn request_id(context: &Context, it: &Verification) -> String {
    name::uuid(&name::digits(&context.veil(), it.id))
}

/// A refusal in their words: https://developer.vonage.com/api-errors
pub(super) fn error(problem: &Problem, path: &str) -> (u16, Value) {
    let status = match problem.kind {
        // What has ended is not there any more.
        Kind::VerificationOver => 404,
        Kind::ChallengeRequired => 403,
        Kind::ResendTooSoon => 429,
        other => other.status(),
    };
    let faults = problem.errors.iter();
    let faults = faults.map(|it| json!({ "name": it.pointer.trim_start_matches('/'), "reason": it.detail }));
    let mut document = json!({
        "title": problem.kind.title(), "detail": problem.detail, "instance": path,
        "type": format!("https://developer.vonage.com/api-errors#{}", problem.kind.slug()),
    });
    let faults: Vec<Value> = faults.collect();
    if !faults.is_empty() {
        document["invalid_parameters"] = faults.into();
    }
    (status, document)
}
